"""`tensorflow.python.util.all_util`: modules that offer the names which their docstring lists (`@@name`)."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from types import ModuleType

_LISTED = re.compile(r"^@@(\w+)$", re.MULTILINE)


def make_all(module_name: str, doc_string_modules: Sequence[ModuleType] | None = None) -> list[str]:
    """The names of a module that the docstrings of some modules (by default its own) list."""
    module = sys.modules[module_name]
    docs = [module] if doc_string_modules is None else doc_string_modules
    return sorted({name for doc in docs for name in _LISTED.findall(doc.__doc__ or "") if hasattr(module, name)})


def remove_undocumented(
    module_name: str,
    allowed_exception_list: Sequence[str] | None = None,
    doc_string_modules: Sequence[ModuleType] | None = None,
) -> None:
    """Delete the public names of a module that no docstring lists, but for the exceptions."""
    module = sys.modules[module_name]
    kept = {*make_all(module_name, doc_string_modules), *(allowed_exception_list or ())}
    for name in [name for name in vars(module) if not name.startswith("_") and name not in kept]:
        delattr(module, name)


__all__ = ["make_all", "remove_undocumented"]
