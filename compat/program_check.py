"""`python -m scopeflow check`: the names of TensorFlow that a program uses and scopeflow lacks, without running it."""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from .stand_in import MissingModule, make_module


class Lack(NamedTuple):
    """A name that is not there: the line that uses it, the name in full, and what the error would say."""

    line: int
    name: str
    advice: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Those of `check`."""
    parser.add_argument("paths", metavar="FILE_OR_FOLDER", nargs="+", type=Path, help="programs, or folders of them")


def run(arguments: argparse.Namespace) -> int:
    """Print what every file lacks. 0 if nothing, 1 if something, 2 if a file cannot be read as Python."""
    lacks = unread = files = 0
    readers: dict[Path, _Visitor] = {}
    for path in _files(arguments.paths):
        files += 1
        try:
            readers[path] = _read(path.read_bytes(), str(path))
        except (OSError, SyntaxError, ValueError) as error:
            unread += 1
            print(f"{path}: {error}", file=sys.stderr)
    given = {name for reader in readers.values() for name in reader.given}
    for path, reader in readers.items():
        found = reader.missing(given)
        lacks += len(found)
        for lack in found:
            print(f"{path}:{lack.line}: {lack.name}: {lack.advice}")
    print(f"{files} files: {f'{lacks} names are' if lacks else 'nothing is'} missing")
    return 2 if unread else 1 if lacks else 0


def _files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        yield from sorted(path.rglob("*.py")) if path.is_dir() else [path]


def missing_names(source: str | bytes, filename: str = "<program>") -> list[Lack]:
    """What the source of a program imports from TensorFlow, or reads of it, and is not there, by line.

    Names are followed through imports, and through assignments of a name of TensorFlow's (``flags = tf.app.flags``).
    What the program itself puts into TensorFlow (``tf.GraphKeys.INPUTS = "inputs"``) is there. Raises SyntaxError for
    what is no Python.
    """
    reader = _read(source, filename)
    return reader.missing(reader.given)


def _read(source: str | bytes, filename: str) -> _Visitor:
    visitor = _Visitor()
    visitor.visit(ast.parse(source, filename))
    return visitor


class _Visitor(ast.NodeVisitor):
    """Reads a program from top to bottom, with what each of its names stands for."""

    def __init__(self) -> None:
        self.names: dict[str, tuple[str, Any]] = {}  # a name of the program: (its name in TensorFlow, what it is here)
        self.lacks: list[Lack] = []
        self.given: set[str] = set()  # what it adds to TensorFlow's namespaces and classes

    def missing(self, given: Collection[str]) -> list[Lack]:
        """What it lacks beside what is given."""
        return sorted({lack for lack in self.lacks if lack.name not in given})

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.name.partition(".")[0] == "tensorflow":
                found = self._module(alias.name, node.lineno)
                if alias.asname and found:
                    self.names[alias.asname] = (_short(alias.name), found)
                elif not alias.asname:
                    self.names["tensorflow"] = ("tf", make_module("tensorflow"))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.level or (node.module or "").partition(".")[0] != "tensorflow":
            return
        module = self._module(str(node.module), node.lineno)
        for alias in node.names if module else []:
            name = f"{_short(str(node.module))}.{alias.name}"
            if alias.name == "*":
                public = {key: value for key, value in vars(module).items() if not key.startswith("_")}
                self.names.update({key: (f"tf.{key}", value) for key, value in public.items()})
                continue
            found = self._part(module, name, node.lineno, f"{node.module}.{alias.name}")
            if found is not None:
                self.names[alias.asname or alias.name] = (name, found)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.ctx, ast.Store) and (owner := self._resolve(node.value)):
            self.given.add(f"{owner[0]}.{node.attr}")
        elif self._resolve(node) is None:
            self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.generic_visit(node)
        meant = self._resolve(node.value)
        for target in node.targets:
            if isinstance(target, ast.Name):
                if meant and isinstance(meant[1], (ModuleType, type)):
                    self.names[target.id] = meant
                else:
                    self.names.pop(target.id, None)

    def _resolve(self, node: ast.AST) -> tuple[str, Any] | None:
        """What a dotted name stands for, as far as it is TensorFlow's; None if it is something else."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id)
        if not isinstance(node, ast.Attribute):
            return None
        owner = self._resolve(node.value)
        if owner is None:
            return None
        name = f"{owner[0]}.{node.attr}"
        if not isinstance(owner[1], (ModuleType, type)):
            return name, None  # a value of the program's own: what it has is not known before it runs
        return name, self._part(owner[1], name, node.lineno)

    def _part(self, owner: Any, name: str, line: int, path: str = "") -> Any:
        """A part of a namespace or class, where it is there; else a lack is noted; one read twice counts once."""
        try:
            return getattr(owner, name.rpartition(".")[2])
        except AttributeError as error:
            advice = str(error)
        if path:
            try:
                return make_module(path)
            except MissingModule as error:
                advice = str(error)
        self.lacks.append(Lack(line, name, advice))
        return None

    def _module(self, path: str, line: int) -> ModuleType | None:
        try:
            return make_module(path)
        except MissingModule as error:
            self.lacks.append(Lack(line, path, str(error)))
            return None


def _short(path: str) -> str:
    """A path of TensorFlow's as programs write it."""
    return "tf" if path in ("tensorflow", "tensorflow.compat.v1") else path.replace("tensorflow.", "tf.", 1)
