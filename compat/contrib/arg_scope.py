"""Default arguments of functions, for all calls inside a block: `arg_scope`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any

Scope = Mapping[str, Mapping[str, Any]]  # of a function's key, the arguments it is given

_current: ContextVar[Scope] = ContextVar("arg_scope")
_named: dict[str, tuple[str, ...]] = {}  # of a decorated function's key, its arguments that have defaults


def arg_scope_func_key(op: Any) -> str:
    """The key under which a decorated function's arguments stand in a scope."""
    return getattr(op, "_key_op", str(op))


def current_arg_scope() -> Scope:
    """What is in force here: a scope that `arg_scope` can enter again."""
    return _current.get({})


def has_arg_scope(func: Any) -> bool:
    """Whether a function is decorated with `add_arg_scope`."""
    return arg_scope_func_key(func) in _named


def arg_scoped_arguments(func: Any) -> tuple[str, ...]:
    """The names of the arguments that a scope may set: those with defaults. Raises AssertionError where none may."""
    if not has_arg_scope(func):
        raise AssertionError(f"{func} is not decorated with @add_arg_scope")
    return _named[arg_scope_func_key(func)]


def add_arg_scope(func: Callable) -> Callable:
    """Decorate a function so that `arg_scope` can set arguments of its calls; those given in a call come first."""
    key = arg_scope_func_key(func)

    @wraps(func)
    def with_defaults(*args: Any, **kwargs: Any) -> Any:
        return func(*args, **{**current_arg_scope().get(key, {}), **kwargs})

    with_defaults._key_op = key  # type: ignore[attr-defined]
    parameters = inspect.signature(func).parameters.values()
    _named[key] = tuple(p.name for p in parameters if p.default is not p.empty)
    return with_defaults


def _extended(scope: Scope, ops: Sequence[Any], arguments: Mapping[str, Any]) -> Scope:
    """A scope in which some functions have further arguments. Raises ValueError for one that is not decorated."""
    extended = dict(scope)
    for op in ops:
        if not has_arg_scope(op):
            name = f"{getattr(op, '__module__', '')}.{getattr(op, '__name__', op)}"
            raise ValueError(f"{name} is not decorated with @add_arg_scope")
        key = arg_scope_func_key(op)
        extended[key] = {**extended.get(key, {}), **arguments}
    return extended


@contextmanager
def arg_scope(list_ops_or_scope: Any, **kwargs: Any) -> Iterator[Scope]:
    """Give the calls inside of some decorated functions these arguments, unless a call gives its own.

    Instead of the list of functions, a scope that an earlier `arg_scope` gave takes the place of all that is in force.
    Raises TypeError for anything else, and ValueError for a scope with arguments or a function that is not decorated.
    """
    if isinstance(list_ops_or_scope, dict):
        if kwargs:
            raise ValueError("When attempting to re-use a scope by suppling adictionary, kwargs must be empty.")
        scope: Scope = dict(list_ops_or_scope)
    elif isinstance(list_ops_or_scope, (list, tuple)):
        scope = _extended(current_arg_scope(), list_ops_or_scope, kwargs)
    else:
        raise TypeError("list_ops_or_scope must either be a list/tuple or reused scope (i.e. dict)")
    before = _current.set(scope)
    try:
        yield scope
    finally:
        _current.reset(before)


__all__ = [
    "add_arg_scope", "arg_scope", "arg_scope_func_key", "arg_scoped_arguments", "current_arg_scope", "has_arg_scope",
]  # fmt: skip
