"""`tensorflow.python.util.deprecation`: functions and arguments that programs mark as deprecated."""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable
from typing import Any, TypeVar

_log = logging.getLogger("tensorflow")
_F = TypeVar("_F", bound=Callable[..., Any])


def _when(date: str | None) -> str:
    return "in a future version" if date is None else f"after {date}"


def _teller(date: str | None, instructions: str, warn_once: bool) -> Callable[[Any, str, Any], None]:
    """What warns of a function, once for each subject or every time. Raises ValueError without instructions."""
    if not instructions:
        raise ValueError("Don't deprecate things without conversion instructions!")
    told: set[Any] = set()

    def tell(function: Any, what: str, subject: Any) -> None:
        if not (warn_once and subject in told):
            told.add(subject)
            text = "From %s: %s %s is deprecated and will be removed %s.\nInstructions for updating:\n%s"
            name = f"{function.__qualname__} (from {function.__module__})"
            _log.warning(text, function.__code__.co_filename, name, what, _when(date), instructions)

    return tell


def deprecated(date: str | None, instructions: str, warn_once: bool = True) -> Callable[[_F], _F]:
    """A decorator: calling the function warns, the first time or, without `warn_once`, every time."""
    tell = _teller(date, instructions, warn_once)

    def decorate(function: Any) -> Any:
        @functools.wraps(function)
        def called(*args: Any, **kwargs: Any) -> Any:
            tell(function, "", None)
            return function(*args, **kwargs)

        return called

    return decorate


def deprecated_args(
    date: str | None, instructions: str, *deprecated_arg_names_or_tuples: Any, warn_once: bool = True
) -> Callable[[_F], _F]:
    """A decorator: calling the function with one of the arguments warns.

    An argument is named, or a pair of a name and the value with which it says nothing. Raises ValueError for one that
    the function does not have.
    """
    tell = _teller(date, instructions, warn_once)
    names = {one if isinstance(one, str) else one[0]: one for one in deprecated_arg_names_or_tuples}

    def decorate(function: Any) -> Any:
        signature = inspect.signature(function)
        missing = [name for name in names if name not in signature.parameters]
        if missing:
            raise ValueError(f"The following deprecated arguments are not present in the function signature: {missing}")

        @functools.wraps(function)
        def called(*args: Any, **kwargs: Any) -> Any:
            given = signature.bind(*args, **kwargs).arguments
            for name, one in names.items():
                if name in given and (isinstance(one, str) or given[name] is not one[1]):
                    tell(function, f"with argument {name}", name)
            return function(*args, **kwargs)

        return called

    return decorate


def deprecated_arg_values(
    date: str | None, instructions: str, warn_once: bool = True, **deprecated_kwargs: Any
) -> Callable[[_F], _F]:
    """A decorator: calling the function with an argument of the given value warns."""
    tell = _teller(date, instructions, warn_once)

    def decorate(function: Any) -> Any:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def called(*args: Any, **kwargs: Any) -> Any:
            given = signature.bind(*args, **kwargs).arguments
            for name, value in deprecated_kwargs.items():
                if name in given and given[name] == value:
                    tell(function, f"with {name}={value}", name)
            return function(*args, **kwargs)

        return called

    return decorate


def deprecated_argument_lookup(new_name: str, new_value: Any, old_name: str, old_value: Any) -> Any:
    """The value of an argument that has an older name too. Raises ValueError where both are given."""
    if old_value is None:
        return new_value
    if new_value is not None:
        raise ValueError(f"Cannot specify both '{old_name}' and '{new_name}'")
    return old_value


__all__ = ["deprecated", "deprecated_arg_values", "deprecated_args", "deprecated_argument_lookup"]
