"""Elements computed before they are asked for, by threads: where they take long, as files to decode and readers do.

Threads take turns at Python's lock and cost some ten microseconds an element, so the first few elements decide: only
where these are slow are there threads. What the elements are, and their order, does not depend on it.
"""

from __future__ import annotations

import os
import queue
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import numpy as np

from ..engine.graph import Operation
from ..engine.ops.contexts import Branch
from .functions import Element, Function, Home
from .sources import Source, Step, applied, mapped

_SLOW = 1e-3  # seconds: an element that takes longer is worth a thread
_SLOW_ELEMENTS = 3  # so many of them in a row
AUTOTUNE = -1


class Workers:
    """Threads that run what they are given, in its order. They end when nobody refers to this object any more."""

    def __init__(self, count: int) -> None:
        self._tasks: queue.SimpleQueue = queue.SimpleQueue()
        for _ in range(count):  # daemons, so that a reader that waits for ever does not keep the process
            threading.Thread(target=_work, args=(self._tasks,), name="tf_data", daemon=True).start()
        weakref.finalize(self, _send_home, self._tasks, count).atexit = False

    def start(self, call: Callable[..., Any], *args: Any) -> Future:
        future: Future = Future()
        self._tasks.put((future, call, args))
        return future


def _work(tasks: queue.SimpleQueue) -> None:
    with np.errstate(all="ignore"):  # as in a session's own runs
        while (task := tasks.get()) is not None:
            _do(*task)
            del task  # it refers to the iterator


def _do(future: Future, call: Callable[..., Any], args: tuple) -> None:
    try:
        future.set_result(call(*args))
    except BaseException as error:
        future.set_exception(error)
    finally:
        del future, call, args  # an error refers to this frame, and would so keep itself


def _send_home(tasks: queue.SimpleQueue, count: int) -> None:
    for _ in range(count):
        tasks.put(None)


class _Pace:
    """Whether elements have been slow."""

    def __init__(self) -> None:
        self._slow = 0

    def timed(self, call: Callable[..., Any], *args: Any) -> Any:
        start = time.perf_counter()
        result = call(*args)
        self._slow = self._slow + 1 if time.perf_counter() - start > _SLOW else 0
        return result

    @property
    def is_slow(self) -> bool:
        return self._slow >= _SLOW_ELEMENTS


def prefetched(source: Source, size: int) -> Source:
    """The same elements, up to `size` of them (-1: a few) computed while the one before is worked on."""
    depth = 2 if size == AUTOTUNE else size

    def begin(home: Home) -> Step:
        step, pace = source(home), _Pace()
        workers: Workers | None = None
        waiting: deque[Future] = deque()

        def next_element() -> Element:
            nonlocal workers
            if workers is None:
                if not (depth > 0 and pace.is_slow):
                    return pace.timed(step)
                workers = Workers(1)
            while len(waiting) <= depth:  # one for now
                waiting.append(workers.start(step))
            return waiting.popleft().result()

        return next_element

    return begin


def mapped_in_parallel(source: Source, function: Function, calls: int) -> Source:
    """`function` of each element, of up to `calls` of them (-1: one for each processor) at once.

    One that draws random numbers is called for one element after the other, so that each gets its own draw.
    """
    at_once = (os.cpu_count() or 1) if calls == AUTOTUNE else calls
    if at_once < 2 or draws(function.branch):
        return mapped(source, function)

    def begin(home: Home) -> Step:
        step, call, pace = source(home), applied(function, home), _Pace()
        workers: Workers | None = None
        waiting: deque[Future] = deque()
        ended = False

        def start_next() -> None:
            nonlocal ended
            assert workers is not None
            try:
                waiting.append(workers.start(call, step()))
            except StopIteration:
                ended = True
            except Exception as error:  # to be told in its turn
                waiting.append(Future())
                waiting[-1].set_exception(error)

        def next_element() -> Element:
            nonlocal workers
            if workers is None:
                if not pace.is_slow:
                    return pace.timed(lambda: call(step()))
                workers = Workers(at_once)
            while not ended and len(waiting) < at_once:
                start_next()
            if not waiting:
                raise StopIteration
            return waiting.popleft().result()

        return next_element

    return begin


def draws(branch: Branch) -> bool:
    """Whether a function draws random numbers, in whatever branch or loop inside it."""
    operations: list[Operation] = branch.context.graph.get_operations()
    return any("seed2" in op.attrs and _is_inside(op.context, branch.context) for op in operations)


def _is_inside(context: Any, outer: Any) -> bool:
    while context is not None and context is not outer:
        context = context.outer
    return context is outer
