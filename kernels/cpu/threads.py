"""The threads among which kernels share out their work; they are kept from call to call."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait


def count() -> int:
    """How many threads work at once: one for each processor that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@functools.cache
def _pool() -> ThreadPoolExecutor:
    """The threads that work beside the caller's own."""
    return ThreadPoolExecutor(max(1, count() - 1), "scopeflow")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # a child has none of its parent's threads


def share(tasks: int, work: Callable[[int], object]) -> None:
    """Calls work(0) to work(tasks - 1), each once, on as many threads as there are; returns when all are done.

    A thread takes the next task when it is done with one. `work` must let go of the interpreter's lock while it works,
    and no result may depend on which thread did what. Raises what `work` raised.
    """
    numbers = iter(range(tasks))  # taken from under the interpreter's lock, so no number twice

    def take() -> None:
        for number in numbers:
            work(number)

    if tasks < 2:
        take()
        return
    others = [_pool().submit(take) for _ in range(min(count(), tasks) - 1)]
    try:
        take()
    finally:
        wait(others)
    for other in others:
        other.result()
