"""`tensorflow.python.util.tf_inspect`: Python's `inspect`, as programs use it to look at functions."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from inspect import (
    currentframe,
    getdoc,
    getfile,
    getfullargspec,
    getmembers,
    getmodule,
    getmro,
    getsource,
    getsourcefile,
    getsourcelines,
    isbuiltin,
    isclass,
    isframe,
    isfunction,
    isgenerator,
    isgeneratorfunction,
    ismethod,
    ismodule,
    isroutine,
    stack,
)
from typing import Any, NamedTuple

FullArgSpec = inspect.FullArgSpec


class ArgSpec(NamedTuple):
    """The arguments of a function without keyword-only ones."""

    args: list[str]
    varargs: str | None
    keywords: str | None
    defaults: tuple[Any, ...] | None


def getargspec(obj: Callable[..., Any]) -> ArgSpec:
    """The arguments of a function. Raises ValueError for one with keyword-only arguments."""
    told = getfullargspec(obj)
    if told.kwonlyargs:
        raise ValueError("Function has keyword-only parameters, use getfullargspec() API which can support them")
    return ArgSpec(told.args, told.varargs, told.varkw, told.defaults)


def getcallargs(func: Callable[..., Any], *positional: Any, **named: Any) -> dict[str, Any]:
    """What each argument of a function is in a call."""
    return inspect.getcallargs(func, *positional, **named)


__all__ = [
    "ArgSpec", "FullArgSpec", "currentframe", "getargspec", "getcallargs", "getdoc", "getfile", "getfullargspec",
    "getmembers", "getmodule", "getmro", "getsource", "getsourcefile", "getsourcelines", "isbuiltin", "isclass",
    "isframe", "isfunction", "isgenerator", "isgeneratorfunction", "ismethod", "ismodule", "isroutine", "stack",
]  # fmt: skip
