"""Ops on lookup tables, and what a session keeps for one."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..engine.dtypes import DType
from ..engine.errors import FailedPreconditionError, InvalidArgumentError, OpError
from ..engine.file_errors import as_tensorflow_errors
from ..engine.graph import Operation, Tensor
from ..engine.ops.numerals import number_from
from ..engine.registry import define, no_outputs, not_differentiable, scalar_shape
from ..engine.shapes import TensorShape
from .resources import as_handle, shared_or_own

WHOLE_LINE, LINE_NUMBER = -2, -1  # in place of a column's number


class TableState:
    """The entries of a table in one session. A table that may not change has none (`entries` is None) until it is
    initialized; changes appear all at once."""

    def __init__(self, key_dtype: DType, value_dtype: DType, changes: bool) -> None:
        self.types = key_dtype, value_dtype
        self.changes = changes
        self.entries: dict[Any, Any] | None = {} if changes else None
        self._lock = threading.Lock()

    def initialize(self, pairs: Callable[[], Iterator[tuple[Any, Any]]]) -> None:
        """Have these entries. FailedPreconditionError where there are others already."""
        with self._lock:
            entries = _without_conflicts(pairs())
            if not self.changes and self.entries not in (None, entries):
                raise FailedPreconditionError(None, None, "Table was already initialized with different data.")
            self.entries = entries

    def update(self, pairs: Iterator[tuple[Any, Any]]) -> None:
        with self._lock:
            self.entries = {**(self.entries or {}), **dict(pairs)}

    def remove(self, keys: list[Any]) -> None:
        with self._lock:
            gone = set(keys)
            self.entries = {key: value for key, value in (self.entries or {}).items() if key not in gone}

    def find(self, keys: np.ndarray, default: Any) -> np.ndarray:
        entries = self.entries
        if entries is None:
            raise FailedPreconditionError(None, None, "Table not initialized.")
        found = np.empty(keys.shape, self.types[1].numpy)
        found.ravel()[:] = [entries.get(key, default) for key in keys.ravel().tolist()]
        return found


def _without_conflicts(pairs: Iterator[tuple[Any, Any]]) -> dict[Any, Any]:
    entries: dict[Any, Any] = {}
    for key, value in pairs:
        if entries.setdefault(key, value) != value:
            raise FailedPreconditionError(
                None,
                None,
                f"HashTable has different value for same key. Key {_text(key)} has {_text(entries[key])} and trying to "
                f"add value {_text(value)}",
            )
    return entries


def _text(value: Any) -> str:
    return value.decode(errors="backslashreplace") if isinstance(value, bytes) else str(value)


def _invalid(message: str) -> OpError:
    return InvalidArgumentError(None, None, message)


def _pairs(keys: Any, values: Any) -> Iterator[tuple[Any, Any]]:
    keys, values = (np.asarray(item).ravel().tolist() for item in (keys, values))
    if len(keys) != len(values):
        raise _invalid(f"Keys and values must have the same size {len(keys)} vs {len(values)}")
    return zip(keys, values, strict=True)


def _lines(path: str, types: tuple[DType, DType], attrs: dict[str, Any]) -> Iterator[tuple[Any, Any]]:
    """Key and value of each line of a file."""
    with as_tensorflow_errors(path), open(path, "rb") as file:
        lines = file.read().split(b"\n")
    lines = [line.removesuffix(b"\r") for line in (lines if lines[-1] else lines[:-1])]
    wanted = attrs["vocab_size"]
    if wanted > len(lines):
        raise _invalid(f"Invalid vocab_size in {path}: expected {wanted} but got {len(lines)}")
    columns = attrs["key_index"], attrs["value_index"]
    for number, line in enumerate(lines[:wanted] if wanted > 0 else lines):
        fields = line.split(attrs["delimiter"].encode())
        if max(columns) >= len(fields):
            raise _invalid(
                f"Invalid number of columns in {path} line {number} ({_text(line)}) : expected at least "
                f"{max(columns) + 1} got {len(fields)}"
            )
        key, value = (_field(line, fields, column, number, dtype) for column, dtype in zip(columns, types, strict=True))
        yield key, value


def _field(line: bytes, fields: list[bytes], column: int, number: int, dtype: DType) -> Any:
    if column == LINE_NUMBER:
        return number
    field = line if column == WHOLE_LINE else fields[column]
    if dtype.is_string:
        return field
    try:
        return number_from(field, dtype)
    except ValueError:
        raise _invalid(f"Field {_text(field)} in line {number} is not a valid {dtype.name}.") from None


# -- the ops --------------------------------------------------------------------------------------------------------

Bound = Callable[..., Any]


def _bind_table(changes: bool) -> Callable[..., Bound]:
    def bind(op: Operation, k: Any, session: Any, donated: Any) -> Bound:
        types = op.attrs["key_dtype"], op.attrs["value_dtype"]
        return lambda: as_handle(shared_or_own(op, session, lambda name: TableState(*types, changes)))

    return bind


HashTableV2, MutableHashTableV2 = (
    define(
        type,
        "-> table_handle:resource",
        shape=scalar_shape,
        bind=_bind_table(changes),
        grad=not_differentiable,
        on_host=True,
    )
    for type, changes in (("HashTableV2", False), ("MutableHashTableV2", True))
)


def _vectors(table_handle: Tensor, keys: Tensor, values: Tensor) -> list:
    if keys.shape.ndims is not None and values.shape.ndims is not None:
        keys.shape.assert_is_compatible_with(values.shape)
    return []


def _change(type: str, signature: str, run: Callable[..., None], shape: Callable[..., list] = no_outputs) -> Any:
    """An op that changes a table."""

    def bind(op: Operation, k: Any, session: Any, donated: Any) -> Bound:
        def call(handle: np.ndarray, *inputs: Any) -> tuple:
            run(handle.item(), *inputs, **op.attrs)
            return ()

        return call

    return define(type, signature, shape=shape, bind=bind, grad=not_differentiable, on_host=True)


LookupTableImportV2 = _change(
    "LookupTableImportV2",
    "table_handle:resource, keys:Tin, values:Tout",
    lambda table, keys, values: table.initialize(lambda: _pairs(keys, values)),
    _vectors,
)
LookupTableInsertV2 = _change(
    "LookupTableInsertV2",
    "table_handle:resource, keys:Tin, values:Tout",
    lambda table, keys, values: table.update(_pairs(keys, values)),
    _vectors,
)
LookupTableRemoveV2 = _change(
    "LookupTableRemoveV2",
    "table_handle:resource, keys:Tin",
    lambda table, keys: table.remove(np.asarray(keys).ravel().tolist()),
)
InitializeTableFromTextFileV2 = _change(
    "InitializeTableFromTextFileV2",
    "table_handle:resource, filename:string",
    lambda table, filename, **attrs: table.initialize(
        lambda: _lines(os.fsdecode(np.asarray(filename, object).item()), table.types, attrs)
    ),
)

LookupTableFindV2 = define(
    "LookupTableFindV2",
    "table_handle:resource, keys:Tin, default_value:Tout -> values:Tout",
    shape=lambda table_handle, keys, default_value: keys.shape,
    kernel=lambda k, handle, keys, default: handle.item().find(np.asarray(keys), np.asarray(default).item()),
    grad=not_differentiable,
    on_host=True,
    stateful=True,
)
LookupTableSizeV2 = define(
    "LookupTableSizeV2",
    "table_handle:resource -> size:int64",
    shape=scalar_shape,
    kernel=lambda k, handle: np.int64(len(handle.item().entries or ())),
    grad=not_differentiable,
    on_host=True,
    stateful=True,
)


def _exported(k: Any, handle: np.ndarray, Tkeys: DType, Tvalues: DType) -> list[np.ndarray]:
    entries = handle.item().entries or {}
    arrays = np.empty(len(entries), Tkeys.numpy), np.empty(len(entries), Tvalues.numpy)
    arrays[0][:], arrays[1][:] = list(entries), list(entries.values())
    return list(arrays)


LookupTableExportV2 = define(
    "LookupTableExportV2",
    "table_handle:resource -> keys:Tkeys, values:Tvalues",
    shape=lambda table_handle, **_: [TensorShape([None]), TensorShape([None])],
    kernel=_exported,
    grad=not_differentiable,
    on_host=True,
    stateful=True,
)
