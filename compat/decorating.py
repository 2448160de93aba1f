"""`tensorflow.python.util.tf_decorator` and `tf_contextlib`: how programs wrap functions of theirs."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any


def make_decorator(
    target: Callable[..., Any],
    decorator_func: Callable[..., Any],
    decorator_name: str | None = None,
    decorator_doc: str = "",
    decorator_argspec: Any = None,
) -> Callable[..., Any]:
    """`decorator_func`, which wraps `target`, with its name and documentation, and those attributes that it lacks."""
    functools.update_wrapper(decorator_func, target, updated=())
    for name, value in getattr(target, "__dict__", {}).items():
        vars(decorator_func).setdefault(name, value)
    return decorator_func


__all__ = ["contextmanager", "make_decorator"]
