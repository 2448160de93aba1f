"""Name scopes: prefixes of the names that operations get."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from typing import Any

from ..engine.graph import op_scope


class name_scope:
    """Prefix the names of what is made inside with `name`, or with `default_name` where `name` is None.

    Entering gives the full prefix ("conv1/"). A name scope entered again becomes "conv1_1/"; a name that ends in "/"
    re-enters exactly; None or "" goes back to the root. The graph is that of `values`, or the default one. Raises
    ValueError where both names are None though `values` are given, or where the name is not a valid one.
    """

    def __init__(self, name: str | None, default_name: str | None = None, values: Iterable[Any] | None = None) -> None:
        if name is None and default_name is None and values is not None:
            raise ValueError(f"At least one of name ({name}) and default_name ({default_name}) must be provided.")
        self._name = default_name if name is None else name
        self._values = tuple(values or ())
        self._entered = ExitStack()

    @property
    def name(self) -> str | None:
        return self._name

    def __enter__(self) -> str:
        with ExitStack() as entering:
            scope = entering.enter_context(op_scope(self._name, values=self._values))
            self._entered = entering.pop_all()
        return scope

    def __exit__(self, *exception: Any) -> bool | None:
        return self._entered.__exit__(*exception)


__all__ = ["name_scope"]
