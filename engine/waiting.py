"""Waiting inside a run: for another thread's doing, at most until the run's own deadline."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from .errors import DeadlineExceededError


class _Run(threading.local):
    """What limits the run that this thread is in."""

    deadline: float | None = None


_run = _Run()


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Let what runs inside wait no longer than this. Raises DeadlineExceededError, also where it ends, but too late."""
    outer = _run.deadline
    _run.deadline = time.monotonic() + seconds if outer is None else min(outer, time.monotonic() + seconds)
    try:
        yield
        if time.monotonic() > _run.deadline:
            raise _too_late()
    finally:
        _run.deadline = outer


def wait_for(event: threading.Event) -> None:
    """Wait until another thread sets `event`. Raises DeadlineExceededError at the run's deadline; Ctrl-C ends it."""
    if _run.deadline is None:
        event.wait()
    elif not event.wait(max(0.0, _run.deadline - time.monotonic())):
        raise _too_late()


def _too_late() -> Exception:
    return DeadlineExceededError(None, None, "Timed out waiting for notification")
