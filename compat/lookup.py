"""Names that load when first asked for, and errors for those that are not there."""

from __future__ import annotations

import difflib
import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import ModuleType
from typing import Any

from .absent import instead_of

PAGE = "docs/coverage.md"
_OFFERED_PARTS = ("rnn_cell",)  # modules of `nn` that are namespaces too


def lookup(root: str, later: Mapping[str, str]) -> Callable[[str], Any]:
    """A ``__getattr__`` for the package's root: names in `later` are modules, imported when first asked for.

    Each namespace (a module that stands for `tf.nn`, `tf.train`, …) gets one too. Python asks it only for what a
    module does not have, so names that are there cost nothing.
    """
    package = sys.modules[root]

    def find(name: str) -> Any:
        if name in later:
            found = importlib.import_module(later[name], package.__name__)
            setattr(package, name, found)
            _answer_for_namespaces(package)
            return found
        return missing(package, "tf", name)

    _answer_for_namespaces(package)
    return find


def _answer_for_namespaces(package: ModuleType) -> None:
    """Let every namespace that is loaded explain what it lacks."""
    for name, module in namespaces(package):
        if not hasattr(module, "__getattr__"):
            vars(module)["__getattr__"] = partial(missing, package, f"tf.{name}", module=module)


def namespaces(package: ModuleType) -> Iterator[tuple[str, ModuleType]]:
    """(Dotted name, module) of the namespaces that are loaded: modules that the root offers, and those in them."""
    floors = ("kernels", "engine", "scopes", "compat")
    seen = {package}
    waiting = [(name, module) for name, module in _modules(package) if name not in floors]
    while waiting:
        name, module = waiting.pop(0)
        if module not in seen:
            seen.add(module)
            yield name, module
            waiting += [(f"{name}.{part}", inner) for part, inner in _modules(module) if part in _offered(module)]


def _modules(module: ModuleType) -> list[tuple[str, ModuleType]]:
    home = __package__.partition(".")[0]
    return [
        (name, value)
        for name, value in vars(module).items()
        if isinstance(value, ModuleType) and value.__name__.partition(".")[0] == home and not name.startswith("_")
    ]


def _offered(module: ModuleType) -> list[str]:
    """The public names of a namespace, without those that only its own code uses."""
    if "__all__" in vars(module):
        return vars(module)["__all__"]
    own = [f"{module.__name__}.{name}" for name in _OFFERED_PARTS] if module.__name__.count(".") else None
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and name != "annotations" and (own is None or _is_offered(value, own))
    ]


def _is_offered(value: Any, parts: list[str]) -> bool:
    """Whether a package's attribute is more than one of the modules that it consists of."""
    return not isinstance(value, ModuleType) or value.__name__ in parts


def missing(package: ModuleType, label: str, name: str, module: ModuleType | None = None) -> Any:
    """Raise AttributeError for a name that a namespace lacks: with the nearest that is there, and the page of all."""
    said = f"scopeflow has no {label}.{name}"
    if name.startswith("__"):
        raise AttributeError(said)  # Python itself asks for these, and expects that they may not be there
    instead = instead_of(f"{label}.{name}".removeprefix("tf."))
    near = nearest(package, label, name, module)
    parts = [said, f"nearest: {near}" if near else "", instead, f"{PAGE} lists what is there"]
    raise AttributeError("; ".join(filter(None, parts)), name=name)


def nearest(package: ModuleType, label: str, name: str, module: ModuleType | None = None) -> str:
    """The full name of what was probably meant: the same name in another namespace, else one spelt much like it."""
    homes = [("tf", package), *((f"tf.{inner}", m) for inner, m in namespaces(package))]
    same = [f"{home}.{name}" for home, where in homes if home != label and name in _offered(where)]
    if same:
        return same[0]
    own = _offered(module or package)
    close = difflib.get_close_matches(name, own, 1, 0.75) or difflib.get_close_matches(name.lower(), own, 1, 0.75)
    if close:
        return f"{label}.{close[0]}"
    ends = [other for other in own if other.partition("_")[2] == name]
    if ends:
        return f"{label}.{ends[0]}"
    elsewhere = [(home, difflib.get_close_matches(name, _offered(where), 1, 0.85)) for home, where in homes]
    return next((f"{home}.{found[0]}" for home, found in elsewhere if found), "")
