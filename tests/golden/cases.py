"""A golden case: one program as a function of `tf`, how closely it must agree, and a fingerprint of its source."""

import ast
import hashlib
import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

PACKAGE = __package__
PROGRAMS = f"{PACKAGE}.programs"


class Definition(NamedTuple):
    """What one name of a module stands for: its source, where it is imported from, the names that it uses."""

    source: str
    origin: tuple[str, str] | None
    names: frozenset[str]


@dataclass(frozen=True)
class Case:
    """One program, `run(tf)`, and how closely scopeflow's answers must agree with the recorded ones.

    `run` returns a dict: arrays are compared within `atol + rtol * |recorded|`, dtype and shape exactly; strings,
    numbers, and lists of them exactly. `reason` says why a tolerance other than zero is right.
    """

    module: str
    name: str
    row: str
    run: Callable[[Any], dict[str, Any]]
    rtol: float
    atol: float
    reason: str

    @property
    def key(self) -> str:
        """`program` or `program[row]`: unique within the module."""
        return f"{self.name}[{self.row}]" if self.row else self.name


registry: dict[str, list[Case]] = {}


def golden(
    *, rows: Mapping[str, Any] | None = None, rtol: float = 0.0, atol: float = 0.0, reason: str = ""
) -> Callable[[Callable[..., dict[str, Any]]], Callable[..., dict[str, Any]]]:
    """Register a function as a golden case, or, with `rows`, as one case `function(tf, row)` for each row."""
    if (rtol or atol) and not reason:
        raise ValueError("A tolerance needs its reason.")

    def register(function: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
        module = function.__module__.rpartition(".")[2]
        runs = {"": function} if rows is None else {k: partial(function, row=row) for k, row in rows.items()}
        registry.setdefault(module, []).extend(
            Case(module, function.__name__, row, run, rtol, atol, reason) for row, run in runs.items()
        )
        return function

    return register


def load_cases() -> dict[str, list[Case]]:
    """Every case, by the name of the module in `programs/` that defines it."""
    for found in pkgutil.iter_modules([str(Path(__file__).parent / "programs")]):
        importlib.import_module(f"{PROGRAMS}.{found.name}")
    return dict(registry)


def fingerprint(case: Case) -> str:
    """Hash of the source that decides what a program computes: its function, its rows, and all they name here.

    The tolerance is left out: it may change without new data.
    """
    seen: dict[tuple[str, str], str] = {}
    waiting = [(f"{PROGRAMS}.{case.module}", case.name)]
    while waiting:
        module, name = waiting.pop()
        if (module, name) in seen or name not in definitions(module):
            continue
        source, origin, names = definitions(module)[name]
        seen[module, name] = source
        waiting += [origin] if origin else [(module, n) for n in names]
    text = "\n".join(f"{module}.{name}:\n{source}" for (module, name), source in sorted(seen.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@cache
def definitions(module: str) -> dict[str, Definition]:
    """What the module defines, by name."""
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise ImportError(f"No source for {module}.")
    return definitions_in(Path(spec.origin).read_text(encoding="utf-8"), module)


def definitions_in(text: str, module: str) -> dict[str, Definition]:
    """What stands at the top level of a module with this source."""
    lines = text.splitlines()
    found: dict[str, Definition] = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.ImportFrom) and node.level:
            origin = importlib.util.resolve_name("." * node.level + (node.module or ""), module.rpartition(".")[0])
            for alias in node.names:
                found[alias.asname or alias.name] = Definition("", (origin, alias.name), frozenset())
            continue
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            targets = [node.name]
        elif isinstance(node, ast.Assign):
            targets = [t.id for t in node.targets if isinstance(t, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            targets = [node.target.id]
        else:
            continue
        decisive = [node, *_rows(node)]
        source = "\n".join(line.rstrip() for n in decisive for line in lines[n.lineno - 1 : n.end_lineno])
        names = frozenset(n.id for part in decisive for n in _walk(part) if isinstance(n, ast.Name))
        for target in targets:
            found[target] = Definition(source, None, names)
    return found


def _rows(node: ast.stmt) -> list[ast.expr]:
    """The rows that a decorator gives to a program; its other arguments are tolerances."""
    calls = [d for d in getattr(node, "decorator_list", []) if isinstance(d, ast.Call)]
    return [keyword.value for call in calls for keyword in call.keywords if keyword.arg == "rows"]


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """Every node below, but for what stands in decorators."""
    yield node
    decorators = getattr(node, "decorator_list", [])
    for child in ast.iter_child_nodes(node):
        if child not in decorators:
            yield from _walk(child)
