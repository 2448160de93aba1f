"""The threads among which kernels share out their work; they are kept from call to call."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import threading
from collections.abc import Callable

TASKS = 8  # for each thread, at most: one that another program holds up leaves its share to the others


def count() -> int:
    """How many threads work at once: one for each processor that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@functools.cache
def _current_processor() -> Callable[[], int] | None:
    """The function that tells on which processor its caller runs; None where threads cannot be kept off that."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    try:
        return ctypes.PyDLL(None).sched_getcpu
    except (AttributeError, OSError):
        return None


class _Helper:
    """A thread that sleeps until it is given something to do beside its caller.

    Two locks are all that passes between them, as it is the waking that costs: a pool's queue and futures cost twice
    as much. Linux likes to wake a thread on the processor of the one that wakes it, which will be busy, and leaves both
    there for many milliseconds: so a helper is kept off its caller's.
    """

    def __init__(self) -> None:
        self._work: Callable[[], None] = lambda: None
        self._error: BaseException | None = None
        self._given, self._done = threading.Lock(), threading.Lock()
        self._given.acquire()
        self._done.acquire()
        self._thread = threading.Thread(target=self._live, name="scopeflow", daemon=True)
        self._thread.start()
        self._processors: set[int] | None = None

    def _live(self) -> None:
        while True:
            self._given.acquire()
            try:
                self._work()
            except BaseException as error:  # the caller raises it
                self._error = error
            self._done.release()

    def begin(self, work: Callable[[], None], processors: set[int]) -> None:
        """Starts the work, on one of these processors."""
        if processors and processors != self._processors:
            self._processors = processors
            with contextlib.suppress(OSError):  # where the system does not let us, threads stay where it puts them
                os.sched_setaffinity(self._thread.native_id or 0, processors)
        self._work = work
        self._given.release()

    def end(self) -> BaseException | None:
        """Waits until the work is done; what it raised."""
        self._done.acquire()
        error, self._error, self._work = self._error, None, lambda: None
        return error


def _other_processors() -> set[int]:
    """Those of the process but the caller's own; none where that is not known."""
    current = _current_processor()
    return os.sched_getaffinity(0) - {current()} if current else set()


_idle: list[_Helper] = []

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_idle.clear)  # a child has none of its parent's threads


def share(tasks: int, work: Callable[[int], object]) -> None:
    """Calls work(0) to work(tasks - 1), each once, on as many threads as there are; returns when all are done.

    A thread takes the next task when it is done with one. `work` must let go of the interpreter's lock while it works,
    and no result may depend on which thread did what. Raises what `work` raised.
    """
    numbers = iter(range(tasks))  # taken from under the interpreter's lock, so no number twice

    def take() -> None:
        for number in numbers:
            work(number)

    beside = min(count(), tasks) - 1
    if beside < 1:
        take()
        return
    helpers = []
    others = _other_processors()
    for _ in range(beside):
        try:
            helper = _idle.pop()
        except IndexError:
            helper = _Helper()
        helper.begin(take, others)
        helpers.append(helper)
    try:
        take()
    finally:
        errors = [helper.end() for helper in helpers]
        _idle.extend(helpers)
    for error in errors:
        if error:
            raise error
