"""`python -m scopeflow inspect`: what is in a checkpoint, how two differ, and one renamed by rules."""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.dtypes import DType
from ..engine.errors import InvalidArgumentError, OpError
from ..scopes.tree import Node, labelled, tree_of
from .checkpoint.formats import checkpoint_path, create_checkpoint, format_of
from .checkpoint.reader import CheckpointReader, Entry
from .restoring import load_checkpoint

if TYPE_CHECKING:
    from rich.table import Table

_CHUNK = 1 << 20  # elements that statistics are taken of at once


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("path", help="a checkpoint of any format, or a folder of them, for its newest one")
    parser.add_argument("--stats", action="store_true", help="min, max, mean, std of the finite values; NaNs and infs")
    parser.add_argument("--diff", metavar="OTHER", help="what differs in another checkpoint; exit status 1 if it does")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--map", metavar="FILE", help="rename by the rules in a file; needs --output")
    parser.add_argument("--output", metavar="NEW", help="where --map writes; .npz and .safetensors say the format")
    parser.epilog = (
        "A rule is a line of two words: 'old/scope/ new/scope/' for what is in a scope ('/' is the root), or a regular "
        "expression for the whole name and its replacement, such as '(.*)/w \\1/kernel'; '-' leaves the tensors out. "
        "The first rule that fits counts; what none fits keeps its name."
    )


def run(arguments: argparse.Namespace) -> int:
    """The command's exit status: 0, 1 where --diff finds a difference, 2 for an error."""
    if bool(arguments.map) != bool(arguments.output):
        print("scopeflow inspect: --map and --output go together", file=sys.stderr)
        return 2
    try:
        with load_checkpoint(arguments.path) as reader:
            if arguments.map:
                with open(arguments.map, encoding="utf-8") as file:
                    return _rename(reader, rules_of(file), arguments.output)
            if arguments.diff:
                with load_checkpoint(arguments.diff) as other:
                    return _show_differences(reader, other, arguments.json)
            _show(reader, arguments.stats, arguments.json)
            return 0
    except (OpError, ValueError, OSError) as error:
        print(f"scopeflow inspect: {getattr(error, 'message', error)}", file=sys.stderr)
        return 2


# -- what is there ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Statistics:
    """Of the finite values of a tensor, and how many are not. None where there are no such values."""

    min: float | int | None = None
    max: float | int | None = None
    mean: float | None = None
    std: float | None = None
    nan: int = 0
    inf: int = 0


def statistics(array: np.ndarray) -> Statistics | None:
    """The statistics of numbers or booleans (True is 1), in float64; None for complex numbers and strings.

    Chunks are joined by the formula of Chan, Golub and LeVeque (1979): means and squared deviations by their counts.
    """
    if array.dtype.kind in "cO":
        return None
    flat, exact = array.reshape(-1), array.dtype.kind in "biu"
    count, mean, squares, lows, highs, nans, infs = 0, 0.0, 0.0, [], [], 0, 0
    for start in range(0, flat.size, _CHUNK):
        given = flat[start : start + _CHUNK]
        chunk = given.astype(np.float64)
        nans += int(np.isnan(chunk).sum())
        infs += int(np.isinf(chunk).sum())
        chunk = chunk[np.isfinite(chunk)]
        if not chunk.size:
            continue
        lows.append(int(given.min()) if exact else float(chunk.min()))
        highs.append(int(given.max()) if exact else float(chunk.max()))
        delta, total = float(chunk.mean()) - mean, count + chunk.size
        squares += float(((chunk - chunk.mean()) ** 2).sum()) + delta**2 * count * chunk.size / total
        mean += delta * chunk.size / total
        count = total
    if not count:
        return Statistics(nan=nans, inf=infs)
    return Statistics(min(lows), max(highs), mean, math.sqrt(squares / count), nans, infs)


def _entries(reader: CheckpointReader) -> dict[str, Entry]:
    return {name: reader.entry(name) for name in reader}


def _show(reader: CheckpointReader, with_statistics: bool, as_json: bool) -> None:
    entries = _entries(reader)
    found = {name: statistics(reader.read(name)) for name in entries} if with_statistics else {}
    if as_json:
        _print_json(_described(reader.path, entries, found, with_statistics))
        return
    tree = tree_of((name, (name, entry)) for name, entry in entries.items())
    titles = ("min", "max", "mean", "std", "NaN", "inf") if with_statistics else ()
    table = _table("tensor", "shape", "dtype", "bytes", *titles)
    for label, node in labelled(tree):
        table.add_row(*_cells(label, node, found))
    table.add_section()
    table.add_row("sum", "", "", f"{sum(entry.nbytes for entry in entries.values()):,}")
    print(f"{reader.path}: {_tensors(len(entries))}")
    _print(table)


def _cells(label: str, node: Node, found: Mapping[str, Statistics | None]) -> list[Any]:
    """A row for a tensor, or for a scope with the sum of what is in it."""
    from rich.text import Text

    inside = list(node.items())
    total = f"{sum(entry.nbytes for _, entry in inside):,}"
    if node.item is None:
        return [Text(label), Text(_tensors(len(inside)), style="dim"), "", Text(total, style="dim")]
    name, entry = node.item
    numbers = found.get(name)
    cells = [] if numbers is None else [_short(value) for value in asdict(numbers).values()]
    return [Text(label), str(list(entry.shape)), entry.dtype.name, f"{entry.nbytes:,}", *cells]


def _described(
    path: str, entries: Mapping[str, Entry], found: Mapping[str, Statistics | None], with_statistics: bool
) -> dict[str, Any]:
    """A checkpoint for JSON: its tensors, and the bytes of each scope."""
    tensors, scopes = {}, dict[str, int]()
    for name, entry in entries.items():
        tensors[name] = {"shape": list(entry.shape), "dtype": entry.dtype.name, "bytes": entry.nbytes}
        if with_statistics:
            numbers = found[name]
            tensors[name]["stats"] = None if numbers is None else asdict(numbers)
        parts = name.split("/")
        for depth in range(1, len(parts)):
            scope = "/".join(parts[:depth])
            scopes[scope] = scopes.get(scope, 0) + entry.nbytes
    return {"path": path, "bytes": sum(e.nbytes for e in entries.values()), "tensors": tensors, "scopes": scopes}


# -- how two differ ---------------------------------------------------------------------------------------------------


def differences(reader: CheckpointReader, other: CheckpointReader) -> Iterator[tuple[str, str]]:
    """(Name, how it differs) of the tensors that are not the same, to the bit, in both checkpoints."""
    here, there = _entries(reader), _entries(other)
    for name in sorted(here.keys() | there.keys()):
        if name not in there:
            yield name, f"only in {reader.path}"
        elif name not in here:
            yield name, f"only in {other.path}"
        elif (here[name].shape, here[name].dtype) != (there[name].shape, there[name].dtype):
            kinds = [f"{entry.dtype.name} {list(entry.shape)}" for entry in (here[name], there[name])]
            yield name, " is ".join([kinds[0], kinds[1] + " there"])
        else:
            difference = _difference(reader.read(name), other.read(name), here[name].dtype)
            if difference:
                yield name, difference


def _difference(a: np.ndarray, b: np.ndarray, dtype: DType) -> str:
    """How two arrays of one dtype and shape differ; empty where they do not."""
    if dtype.is_string:
        unlike = np.array(a != b)
    else:
        bits = np.dtype(f"V{dtype.size}")
        unlike = np.ascontiguousarray(a).reshape(-1).view(bits) != np.ascontiguousarray(b).reshape(-1).view(bits)
    count = int(unlike.sum())
    if not count:
        return ""
    text = f"{count:,} of {a.size:,} values differ"
    if dtype.is_string or dtype.is_bool:
        return text
    wide = np.complex128 if dtype.is_complex else np.float64
    with np.errstate(invalid="ignore", over="ignore"):
        largest = np.nanmax(np.abs(a.astype(wide) - b.astype(wide)).reshape(-1)[unlike.reshape(-1)], initial=0)
    return f"{text}, by {_short(float(largest))} at most"


def _show_differences(reader: CheckpointReader, other: CheckpointReader, as_json: bool) -> int:
    found = dict(differences(reader, other))
    same = len({*reader, *other}) - len(found)
    if as_json:
        _print_json({"path": reader.path, "other": other.path, "same": same, "different": found})
    else:
        table = _table("tensor", "difference")
        for name, what in found.items():
            table.add_row(name, what)
        if found:
            _print(table)
        print(f"{_tensors(same)} the same, {len(found)} different")
    return 1 if found else 0


# -- one renamed ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rule:
    """What is renamed: names in a scope (`old` ends in "/"; "/" is the root), or those that a regular expression
    matches as a whole. `new` is a scope or a replacement, or "-" for what is left out."""

    old: str
    new: str

    def applied(self, name: str) -> str | None:
        """The new name, "" for a tensor that is left out, None where the rule does not fit."""
        if not self.old.endswith("/"):
            match = re.fullmatch(self.old, name)
            return None if match is None else "" if self.new == "-" else match.expand(self.new)
        scope = self.old if self.old != "/" else ""
        if not name.startswith(scope):
            return None
        return "" if self.new == "-" else (self.new if self.new != "/" else "") + name[len(scope) :]


def rules_of(lines: Iterable[str]) -> list[Rule]:
    """The rules of a file, one a line; what follows a # is a comment. Raises ValueError for a line that is none."""
    rules = []
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        if len(words) != 2:
            raise ValueError(f"line {number}: a rule has two words, an old name and a new one, not {len(words)}")
        old, new = words
        if old.endswith("/") != new.endswith("/") and new != "-":
            raise ValueError(f"line {number}: {old} and {new}: a scope, which ends in '/', becomes a scope")
        try:
            re.compile(old)
        except re.error as error:
            raise ValueError(f"line {number}: {old} is no regular expression: {error}") from None
        rules.append(Rule(old, new))
    return rules


def renamed(names: Iterable[str], rules: Sequence[Rule]) -> dict[str, str]:
    """{old name: new name} of what is kept. Raises ValueError where two tensors would get one name."""
    kept: dict[str, str] = {}
    taken: dict[str, str] = {}
    for name in names:
        new = next((found for found in (rule.applied(name) for rule in rules) if found is not None), name)
        if new in taken:
            raise ValueError(f"{taken[new]} and {name} would both be called {new}")
        if new:
            taken[new] = name
            kept[name] = new
    return kept


def _rename(reader: CheckpointReader, rules: Sequence[Rule], output: str) -> int:
    """Write the checkpoint again under new names, its partitioned tensors in the same parts."""
    names = renamed(reader.keys(), rules)
    format = format_of(output)
    path = checkpoint_path(output, format)
    if path == reader.path:
        raise InvalidArgumentError(None, None, f"{path} is the checkpoint itself; --output must be another one")
    with create_checkpoint(path, format) as writer:
        for name in sorted(names, key=names.__getitem__):
            entry = reader.entry(name)
            for spec in entry.slices:
                writer.add_slice(names[name], entry.shape, spec, reader.read(name, spec))
            if not entry.slices:
                writer.add(names[name], reader.read(name))
        writer.finish()
    changed = sum(old != new for old, new in names.items())
    left_out = len(reader.keys()) - len(names)
    print(f"wrote {path}: {_tensors(len(names))}, {changed} renamed, {left_out} left out")
    return 0


# -- printing ---------------------------------------------------------------------------------------------------------


def _tensors(count: int) -> str:
    return f"{count} tensor{'' if count == 1 else 's'}"


def _short(value: float | int | None) -> str:
    return "-" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:.6g}"


def _table(*columns: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for column in columns:
        words = column in ("tensor", "shape", "dtype", "difference")
        table.add_column(column, justify="left" if words else "right", overflow="fold", no_wrap=column == "tensor")
    return table


def _print(table: Table) -> None:
    from rich.console import Console

    console = Console(markup=False)
    if not console.is_terminal:
        console.width = max(120, console.measure(table).maximum)  # a file has no width, and folds no names
    console.print(table)


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False))
