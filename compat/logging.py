"""tf.logging: messages of the logger named "tensorflow", on stderr."""

from __future__ import annotations

import logging
import sys
from collections import Counter
from typing import Any

DEBUG, INFO, WARN, ERROR, FATAL = logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.FATAL


class _ToStderr(logging.Handler):
    """Writes `LEVEL:tensorflow:message` to stderr, unless the program has set up handlers of its own."""

    def emit(self, record: logging.LogRecord) -> None:
        if not logging.getLogger().handlers:
            print(self.format(record), file=sys.stderr, flush=True)


_logger = logging.getLogger("tensorflow")
_handler = _ToStderr()
_handler.setFormatter(logging.Formatter(logging.BASIC_FORMAT))
_logger.addHandler(_handler)
_calls: Counter[tuple[str, int, Any]] = Counter()


def log(level: int, msg: Any, *args: Any, **kwargs: Any) -> None:
    """Write ``msg % args`` if `level` is at least the verbosity."""
    kwargs["stacklevel"] = kwargs.get("stacklevel", 1) + 1  # the message is the caller's, not this module's
    _logger.log(level, msg, *args, **kwargs)


def debug(msg: Any, *args: Any, **kwargs: Any) -> None:
    log(DEBUG, msg, *args, stacklevel=2, **kwargs)


def info(msg: Any, *args: Any, **kwargs: Any) -> None:
    log(INFO, msg, *args, stacklevel=2, **kwargs)


def warning(msg: Any, *args: Any, **kwargs: Any) -> None:
    log(WARN, msg, *args, stacklevel=2, **kwargs)


warn = warning


def error(msg: Any, *args: Any, **kwargs: Any) -> None:
    log(ERROR, msg, *args, stacklevel=2, **kwargs)


def fatal(msg: Any, *args: Any, **kwargs: Any) -> None:
    log(FATAL, msg, *args, stacklevel=2, **kwargs)


def vlog(level: int, msg: Any, *args: Any, **kwargs: Any) -> None:
    log(level, msg, *args, stacklevel=2, **kwargs)


def log_if(level: int, msg: Any, condition: Any, *args: Any) -> None:
    """Log if `condition` holds."""
    if condition:
        log(level, msg, *args, stacklevel=2)


def log_first_n(level: int, msg: Any, n: int, *args: Any) -> None:
    """Log the first `n` calls from one line of a program."""
    if _calls_before() < n:
        log(level, msg, *args, stacklevel=2)


def log_every_n(level: int, msg: Any, n: int, *args: Any) -> None:
    """Log the first of every `n` calls from one line of a program."""
    if not _calls_before() % n:
        log(level, msg, *args, stacklevel=2)


def _calls_before() -> int:
    """How often the line that called our caller has done so before."""
    frame = sys._getframe(2)
    line = (frame.f_code.co_filename, frame.f_lineno, frame.f_code)
    _calls[line] += 1
    return _calls[line] - 1


def TaskLevelStatusMessage(msg: Any) -> None:
    log(ERROR, msg, stacklevel=2)


def flush() -> None:
    """Write out what handlers hold back."""
    for handler in (*_logger.handlers, *logging.getLogger().handlers):
        handler.flush()


def get_verbosity() -> int:
    """The lowest level that is written."""
    return _logger.getEffectiveLevel()


def set_verbosity(v: int | str) -> None:
    """Write messages of level `v` and above: `DEBUG`, `INFO`, `WARN` (as at first), `ERROR` or `FATAL`."""
    _logger.setLevel(v)


__all__ = [
    "DEBUG", "ERROR", "FATAL", "INFO", "WARN", "TaskLevelStatusMessage", "debug", "error", "fatal", "flush",
    "get_verbosity", "info", "log", "log_every_n", "log_first_n", "log_if", "set_verbosity", "vlog", "warn", "warning",
]  # fmt: skip
