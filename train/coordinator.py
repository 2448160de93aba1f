"""`tf.train.Coordinator`: threads that stop together, and the first error of any of them."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ..engine.errors import OutOfRangeError

_log = logging.getLogger("scopeflow")
_POLL_SECS = 0.05


class Coordinator:
    """Lets threads ask each other to stop, waits for them, and raises in `join` what ended the first of them.

    An exception of `clean_stop_exception_types` (by default OutOfRangeError: an input has ended) stops the others
    too, but is no error.
    """

    def __init__(self, clean_stop_exception_types: Iterable[type[BaseException]] | None = None) -> None:
        clean = (OutOfRangeError,) if clean_stop_exception_types is None else tuple(clean_stop_exception_types)
        self._clean_stop_exception_types = clean
        self._lock = threading.RLock()
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._joined = False
        self._registered: dict[threading.Thread, None] = {}

    def request_stop(self, ex: Any = None) -> None:
        """Ask all threads to stop; `ex` (an exception, or what `sys.exc_info` gives) is raised by `join`.

        Only the first exception counts. Once the threads are joined, `ex` is raised here. Raises TypeError for what
        is no exception.
        """
        trace = isinstance(ex, tuple)
        if isinstance(ex, tuple):
            ex = ex[1]
        if ex is not None and not isinstance(ex, BaseException):
            raise TypeError(f"request_stop takes an exception, not {ex!r}")
        if isinstance(ex, self._clean_stop_exception_types):
            ex = None
        with self._lock:
            if self._joined:
                if ex is not None:
                    raise ex
                return
            if not self._stop.is_set() and ex is not None:
                _log.info("Error reported to Coordinator: %s", ex, exc_info=ex if trace else None)
                self._error = ex
            self._stop.set()

    def clear_stop(self) -> None:
        """Begin anew: nobody has asked to stop, nothing has gone wrong."""
        with self._lock:
            self._joined, self._error = False, None
            self._stop.clear()

    def should_stop(self) -> bool:
        return self._stop.is_set()

    @contextmanager
    def stop_on_exception(self) -> Iterator[None]:
        """Hand what is raised inside to `request_stop`; it goes no further."""
        try:
            yield
        except Exception:
            self.request_stop(sys.exc_info())

    def wait_for_stop(self, timeout: float | None = None) -> bool:
        """Wait until a stop is asked for, at most `timeout` seconds: whether it was."""
        return self._stop.wait(timeout)

    def register_thread(self, thread: threading.Thread) -> None:
        """Let `join` wait for this thread too."""
        with self._lock:
            self._registered[thread] = None

    def join(
        self,
        threads: Iterable[threading.Thread] | None = None,
        stop_grace_period_secs: float = 120,
        ignore_live_threads: bool = False,
    ) -> None:
        """Wait until all threads have ended: these and the registered ones. Then raise what went wrong in one.

        Once a stop is asked for, the threads have `stop_grace_period_secs` to end; RuntimeError names those that did
        not, unless `ignore_live_threads`.
        """
        with self._lock:
            waiting = list(dict.fromkeys([*(threads or ()), *self._registered]))
        while any(thread.is_alive() for thread in waiting) and not self.wait_for_stop(_POLL_SECS):
            pass
        deadline = time.monotonic() + stop_grace_period_secs
        for thread in waiting:
            thread.join(max(0.0, deadline - time.monotonic()))
        alive = " ".join(thread.name for thread in waiting if thread.is_alive())
        with self._lock:
            self._joined = True
            self._registered.clear()
            self.raise_requested_exception()
            if alive and not ignore_live_threads:
                raise RuntimeError(f"Coordinator stopped with threads still running: {alive}")
        if alive:
            _log.info("Coordinator stopped with threads still running: %s", alive)

    @property
    def joined(self) -> bool:
        return self._joined

    def raise_requested_exception(self) -> None:
        """Raise the exception that a thread has stopped with, if one has."""
        if self._error is not None:
            raise self._error


class LooperThread(threading.Thread):
    """A thread that calls `target` again and again until its coordinator says stop.

    With `timer_interval_secs` it does so at these intervals, at once for the first time; else without a pause.
    """

    def __init__(
        self,
        coord: Coordinator,
        timer_interval_secs: float | None,
        target: Callable[..., Any] | None = None,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        if not isinstance(coord, Coordinator):
            raise ValueError(f"'coord' argument must be a Coordinator: {coord}")
        super().__init__(daemon=True)
        self._coord, self._timer_interval_secs = coord, timer_interval_secs
        self._call, self._call_args, self._call_kwargs = target, tuple(args or ()), dict(kwargs or {})
        coord.register_thread(self)

    @staticmethod
    def loop(
        coord: Coordinator,
        timer_interval_secs: float | None,
        target: Callable[..., Any],
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
    ) -> LooperThread:
        """Make one and start it."""
        looper = LooperThread(coord, timer_interval_secs, target, args, kwargs)
        looper.start()
        return looper

    def run(self) -> None:
        with self._coord.stop_on_exception():
            self.start_loop()
            due = time.monotonic()
            while not self._coord.wait_for_stop(max(0.0, due - time.monotonic())):
                due += self._timer_interval_secs or 0.0
                self.run_loop()
            self.stop_loop()

    def start_loop(self) -> None:
        """Called in the thread before the first round; for subclasses."""

    def stop_loop(self) -> None:
        """Called in the thread after the last round; for subclasses."""

    def run_loop(self) -> None:
        """One round."""
        if self._call is not None:
            self._call(*self._call_args, **self._call_kwargs)
