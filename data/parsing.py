"""Examples from their bytes: `parse_example` and its kin, and tensors from and to the bytes of a TensorProto."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ..engine import dtypes
from ..engine.build import constant, convert_to_tensor
from ..engine.dtypes import DType, as_dtype
from ..engine.errors import InvalidArgumentError, OpError
from ..engine.graph import Tensor, op_scope
from ..engine.ops.basic import cast, expand_dims, reshape
from ..engine.ops.joining import concat
from ..engine.ops.sparse import sparse_reorder
from ..engine.protos import TENSOR, decode_dtype, decode_shape, tensor_array, tensor_values
from ..engine.registry import brackets, define, not_differentiable, scalar_shape
from ..engine.shapes import TensorShape, as_shape
from ..engine.sparse_tensor import SparseTensor
from ..engine.wire import FIXED32, LENGTH, VARINT, read_varints, spans_of

_KINDS = {dtypes.string: 1, dtypes.float32: 2, dtypes.int64: 3}  # the number of a Feature's field for each dtype
_NAMES = {1: "string", 2: "float", 3: "int64"}
_UNREAD = "Can't parse serialized Example: "
_VALUES = {1: "bytes", 2: "float", 3: "int64"}


class FixedLenFeature(NamedTuple):
    """A feature with as many values as `shape` has elements; `default_value` where an example lacks it."""

    shape: Any
    dtype: Any
    default_value: Any = None


class FixedLenSequenceFeature(NamedTuple):
    """A feature with any number of entries of `shape`: shorter ones are filled up with `default_value` (0 or "").

    In `parse_example` it needs `allow_missing`; in `parse_single_sequence_example` it is a list of features, which has
    to be there unless `allow_missing`, and there is no default.
    """

    shape: Any
    dtype: Any
    allow_missing: bool = False
    default_value: Any = None


class VarLenFeature(NamedTuple):
    """A feature with any number of values, parsed as a SparseTensor."""

    dtype: Any


class SparseFeature(NamedTuple):
    """A sparse tensor of `size`, of which examples have the coordinates (`index_key`) and the values (`value_key`).

    With several index keys, one for each axis, `size` is a list of as many. Unless `already_sorted`, the values are
    put in the order of their coordinates.
    """

    index_key: Any
    value_key: str
    dtype: Any
    size: Any
    already_sorted: bool = False


# -- reading the messages -------------------------------------------------------------------------------------------

_Span = tuple[int, int]  # where a message's bytes begin and end


def _entries(data: bytes, span: _Span) -> dict[bytes, _Span]:
    """A map's values by key: of a Features or a FeatureLists message."""
    found = {}
    for number, wire_type, start, end in spans_of(data, *span):
        if number == 1 and wire_type == LENGTH:
            key, value = b"", (end, end)
            for part, kind, inner_start, inner_end in spans_of(data, start, end):
                if kind == LENGTH and part == 1:
                    key = data[inner_start:inner_end]
                elif kind == LENGTH and part == 2:
                    value = (inner_start, inner_end)
            found[key] = value
    return found


def _parts(data: bytes, span: _Span, wanted: int) -> Iterator[_Span]:
    """The fields of that number, which are messages themselves."""
    return (
        (start, end)
        for number, wire_type, start, end in spans_of(data, *span)
        if number == wanted and wire_type == LENGTH
    )


def _kind_of(data: bytes, feature: _Span) -> tuple[int, _Span]:
    """Which list a Feature has (0 for none), and where."""
    found = 0, feature
    for number, wire_type, start, end in spans_of(data, *feature):
        if wire_type == LENGTH and number in _NAMES:
            found = number, (start, end)
    return found


def _strings(data: bytes, span: _Span) -> np.ndarray:
    items = [data[start:end] for start, end in _parts(data, span, 1)]
    array = np.empty(len(items), object)
    array[:] = items
    return array


def _floats(data: bytes, span: _Span) -> np.ndarray:
    parts = []
    for number, wire_type, start, end in spans_of(data, *span):
        if number == 1 and wire_type in (LENGTH, FIXED32):
            if (end - start) % 4:
                raise ValueError(f"floats of {end - start} bytes")
            parts.append(np.frombuffer(data, "<f4", (end - start) // 4, start))
    return np.concatenate(parts) if parts else np.empty(0, np.float32)


def _integers(data: bytes, span: _Span) -> np.ndarray:
    parts = []
    for number, wire_type, start, end in spans_of(data, *span):
        if number == 1 and wire_type == VARINT:
            parts.append(np.array([start], np.uint64))
        elif number == 1 and wire_type == LENGTH:
            alone = end - start == 1 and data[start] < 128  # one small number, as labels are
            parts.append(np.array([data[start]], np.uint64) if alone else read_varints(memoryview(data)[start:end]))
    return np.concatenate(parts).view(np.int64) if parts else np.empty(0, np.int64)


_READERS = {1: _strings, 2: _floats, 3: _integers}


class _Where:
    """Of which example (and in a batch: which one) an error tells."""

    def __init__(self, name: bytes | None = None, index: int | None = None) -> None:
        self._name, self.index = name, index

    def wrong(self, key: bytes, what: str) -> OpError:
        label = f"Key: {_text(key)}."
        if self.index is not None:
            label = f"Name: {self._called}, Key: {_text(key)}, Index: {self.index}."
        return _invalid(f"{label}  {what}")

    def missing(self, key: bytes, kind: int) -> OpError:
        label = "" if self.index is None else f"Name: {self._called}, "
        return _invalid(f"{label}Feature: {_text(key)} (data type: {_NAMES[kind]}) is required but could not be found.")

    @property
    def _called(self) -> str:
        return _text(self._name) if self._name else "<unknown>"


class _InContext(_Where):
    """Of the context of a sequence example."""

    def wrong(self, key: bytes, what: str) -> OpError:
        return _invalid(f"Name: {self._called}, Context feature: {_text(key)}.  {what}")

    def missing(self, key: bytes, kind: int) -> OpError:
        return self.wrong(key, f"Data type: {_NAMES[kind]}. It is required but could not be found.")


def _invalid(message: str) -> OpError:
    return InvalidArgumentError(None, None, message)


def _text(octets: bytes) -> str:
    return octets.decode(errors="backslashreplace")


class _Sparse(NamedTuple):
    """A feature of any number of values."""

    key: bytes
    kind: int

    def read(self, data: bytes, entries: Mapping[bytes, _Span], where: _Where) -> np.ndarray:
        kind, span = _kind_of(data, entries[self.key]) if self.key in entries else (0, (0, 0))
        if kind not in (0, self.kind):
            raise where.wrong(
                self.key, f"Data types don't match. Expected type: {_NAMES[self.kind]}, Actual type: {_NAMES[kind]}"
            )
        return _values(self.kind, data, span if kind else (0, 0), self.key, where)


class _Dense(NamedTuple):
    """A feature of a fixed number of values, or (`steps`) of any number of entries of a fixed shape."""

    key: bytes
    kind: int
    shape: tuple[int, ...]  # of all, or of an entry
    steps: bool

    def read(self, data: bytes, entries: Mapping[bytes, _Span], default: np.ndarray, where: _Where) -> np.ndarray:
        kind, span = _kind_of(data, entries[self.key]) if self.key in entries else (0, (0, 0))
        if not kind:
            if self.steps:
                return np.empty((0, *self.shape), default.dtype)
            if default.size != prod(self.shape):
                raise where.missing(self.key, self.kind)
            return default.reshape(self.shape).copy()  # whoever gets it may change it
        if kind != self.kind:
            raise where.wrong(
                self.key, f"Data types don't match. Data type: {_NAMES[kind]} but expected type: {_NAMES[self.kind]}"
            )
        values = _values(self.kind, data, span, self.key, where)
        return self._in_steps(values, where) if self.steps else self._shaped(values, where)

    def _shaped(self, values: np.ndarray, where: _Where) -> np.ndarray:
        if values.size != prod(self.shape):
            unread = where.index is None or values.dtype == object  # as TensorFlow's own error begins then
            raise where.wrong(
                self.key,
                f"{_UNREAD if unread else ''}Number of {_VALUES[self.kind]} values != expected.  "
                f"Values size: {values.size} but output shape: {brackets(self.shape)}",
            )
        return values.reshape(self.shape)

    def _in_steps(self, values: np.ndarray, where: _Where) -> np.ndarray:
        if not prod(self.shape):
            return np.empty((0, *self.shape), values.dtype)
        if values.size % prod(self.shape):
            if where.index is None:
                raise _invalid(
                    f"Error while parsing feature with key {_text(self.key)}: number of elements should be divisible "
                    f"by {prod(self.shape)}, found {values.size} instead"
                )
            raise where.wrong(
                self.key,
                f"Number of {_VALUES[self.kind]} values is not a multiple of stride length. Saw {values.size} values "
                f"but output shape is: {brackets((None, *self.shape))}",
            )
        return values.reshape(-1, *self.shape)


def _values(kind: int, data: bytes, span: _Span, key: bytes, where: _Where) -> np.ndarray:
    try:
        return _READERS[kind](data, span)
    except ValueError as error:
        raise where.wrong(key, f"{_UNREAD}{error}") from None


class _Layout(NamedTuple):
    """What is asked of each example."""

    sparse: tuple[_Sparse, ...]
    dense: tuple[_Dense, ...]

    def read(self, data: bytes, span: _Span, defaults: Sequence[np.ndarray], where: _Where) -> list[np.ndarray]:
        """The values of each feature. Raises ValueError for what is no Features message."""
        entries = _entries(data, span)
        sparse = [feature.read(data, entries, where) for feature in self.sparse]
        pairs = zip(self.dense, defaults, strict=True)
        return sparse + [feature.read(data, entries, default, where) for feature, default in pairs]


@lru_cache(256)
def _layout(
    sparse_keys: tuple[bytes, ...],
    sparse_types: tuple[DType, ...],
    dense_keys: tuple[bytes, ...],
    dense_types: tuple[DType, ...],
    dense_shapes: tuple[TensorShape, ...],
) -> _Layout:
    sparse = [_Sparse(key, _KINDS[dtype]) for key, dtype in zip(sparse_keys, sparse_types, strict=True)]
    dense = []
    for key, dtype, shape in zip(dense_keys, dense_types, dense_shapes, strict=True):
        sizes = shape.sizes or ()
        known = tuple(size for size in sizes if size is not None)
        dense.append(_Dense(key, _KINDS[dtype], known, steps=len(known) < len(sizes)))
    return _Layout(tuple(sparse), tuple(dense))


# -- Example --------------------------------------------------------------------------------------------------------


def _features_of(data: bytes, field: int = 1) -> _Span:
    """Where the Features of an Example lie (or another field of a message). ValueError for no such message."""
    found = [*_parts(data, (0, len(data)), field)]
    if len(found) > 1:  # parts of one message, which are to be merged
        raise ValueError("features in several parts")
    return found[0] if found else (0, 0)


def _read_example(layout: _Layout, data: bytes, defaults: Sequence[np.ndarray], where: _Where) -> list[np.ndarray]:
    try:
        return layout.read(data, _features_of(data), defaults, where)
    except ValueError:
        raise _invalid(f"Could not parse example input, value: '{_text(data)}'") from None


def _sparse_of(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Indices, values and shape of a vector as a sparse tensor."""
    return np.arange(len(values), dtype=np.int64)[:, None], values, np.array([len(values)], np.int64)


def _sparse_rows(rows: Sequence[np.ndarray], dtype: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Indices, values and shape of vectors, each a row."""
    lengths = np.array([len(row) for row in rows], np.int64)
    columns = [np.arange(length, dtype=np.int64) for length in lengths]
    indices = np.stack([np.repeat(np.arange(len(rows)), lengths), np.concatenate([*columns, np.empty(0, np.int64)])], 1)
    shape = np.array([len(rows), lengths.max(initial=0)], np.int64)
    return indices, np.concatenate([*rows, np.empty(0, dtype)]), shape


def _stacked(feature: _Dense, examples: Sequence[np.ndarray], default: np.ndarray) -> np.ndarray:
    if not feature.steps:
        stacked = np.empty((len(examples), *feature.shape), default.dtype)
        for row, values in enumerate(examples):
            stacked[row] = values if feature.shape else values[()]
        return stacked
    longest = max((len(values) for values in examples), default=0)
    stacked = np.full((len(examples), longest, *feature.shape), default[()], default.dtype)
    for row, values in zip(stacked, examples, strict=True):
        row[: len(values)] = values
    return stacked


def _parse_example_kernel(
    k: Any,
    serialized: Any,
    names: np.ndarray,
    sparse_keys: np.ndarray,
    dense_keys: np.ndarray,
    ragged_keys: np.ndarray,
    *defaults: np.ndarray,
    num_sparse: int,
    sparse_types: tuple[DType, ...],
    Tdense: tuple[DType, ...],
    dense_shapes: tuple[TensorShape, ...],
    **_: Any,
) -> list[np.ndarray]:
    serialized = np.asarray(serialized, object)  # a part of a tensor of strings may be one of its elements itself
    keys = tuple(sparse_keys.tolist()), tuple(dense_keys.tolist())
    layout = _layout(keys[0], tuple(sparse_types), keys[1], tuple(Tdense), tuple(dense_shapes))
    if serialized.ndim == 0:
        read = _read_example(layout, serialized[()], defaults, _Where())
        columns = [_sparse_of(values) for values in read[:num_sparse]]
        dense = read[num_sparse:]
    else:
        called = names.ravel().tolist() or [None] * serialized.size
        rows = [
            _read_example(layout, data, defaults, _Where(called[i], i)) for i, data in enumerate(serialized.tolist())
        ]
        features = [*zip(*rows, strict=True)] if rows else [()] * (num_sparse + len(defaults))
        columns = [
            _sparse_rows(vectors, dtype.numpy)
            for vectors, dtype in zip(features[:num_sparse], sparse_types, strict=True)
        ]
        triples = zip(layout.dense, features[num_sparse:], defaults, strict=True)
        dense = [_stacked(feature, examples, default) for feature, examples, default in triples]
    return [part for parts in zip(*columns, strict=True) for part in parts] + dense


def _parse_example_shape(
    serialized: Tensor,
    *inputs: Tensor,
    num_sparse: int,
    dense_shapes: Sequence[TensorShape],
    ragged_value_types: Sequence[DType],
    **_: Any,
) -> list[TensorShape]:
    if ragged_value_types:
        raise NotImplementedError("ParseExampleV2: scopeflow has no ragged tensors")
    rank = serialized.shape.ndims
    if rank is not None and rank > 1:
        raise ValueError(f"Shape must be at most rank 1 but is rank {rank}")
    coordinates = None if rank is None else rank + 1
    return [
        *[TensorShape([None, coordinates])] * num_sparse,
        *[TensorShape([None])] * num_sparse,
        *[TensorShape([coordinates])] * num_sparse,
        *(serialized.shape.concatenate(shape) for shape in dense_shapes),
    ]


ParseExampleV2 = define(
    "ParseExampleV2",
    "serialized:string, names:string, sparse_keys:string, dense_keys:string, ragged_keys:string, dense_defaults:any* "
    "-> sparse_indices:int64*num_sparse, sparse_values:sparse_types*, sparse_shapes:int64*num_sparse, "
    "dense_values:Tdense*, ragged_values:ragged_value_types*, ragged_row_splits:ragged_split_types*",
    shape=_parse_example_shape,
    kernel=_parse_example_kernel,
    grad=not_differentiable,
)


class _Asked:
    """What features ask of an op: its keys, dtypes, defaults, in the order in which the op gives their values."""

    def __init__(self, features: Mapping[str, Any], kinds: Any) -> None:
        self.sparse: dict[str, DType] = {}
        self.dense: dict[str, tuple[DType, TensorShape, Any]] = {}
        for key in sorted(features):
            feature: Any = features[key]
            if not isinstance(feature, kinds):
                raise ValueError(f"Unsupported {type(feature).__name__} {feature} for key {key!r}")
            if not feature.dtype:
                raise ValueError(f"Missing type for feature {key}. Received feature={feature}.")
            if isinstance(feature, SparseFeature):
                for index_key in sorted(_index_keys(feature)):
                    self._add_sparse(index_key, dtypes.int64)
                self._add_sparse(feature.value_key, as_dtype(feature.dtype))
            elif isinstance(feature, VarLenFeature):
                self._add_sparse(key, as_dtype(feature.dtype))
            else:
                self._add_dense(key, feature)

    def _add_sparse(self, key: str, dtype: DType) -> None:
        _check_type("sparse_types", dtype)
        if self.sparse.setdefault(key, dtype) is not dtype:
            raise ValueError(f"Conflicting type {self.sparse[key].name} vs {dtype.name} for feature {key}.")

    def _add_dense(self, key: str, feature: FixedLenFeature | FixedLenSequenceFeature) -> None:
        dtype = as_dtype(feature.dtype)
        _check_type("dense_defaults", dtype)
        if feature.shape is None:
            raise ValueError(f"Missing shape for feature {key}. Received feature={feature}.")
        shape = as_shape(feature.shape)
        if shape.ndims and (shape.sizes or ())[0] is None:
            raise ValueError(
                f"First dimension of shape for feature {key} unknown. Consider using FixedLenSequenceFeature. "
                f"Received feature={feature}."
            )
        if not shape.is_fully_defined():
            raise ValueError(f"All dimensions of shape for feature {key} need to be known but received {shape}.")
        if isinstance(feature, FixedLenSequenceFeature):
            shape = TensorShape([None]).concatenate(shape)
        self.dense[key] = (dtype, shape, feature.default_value)

    def defaults(self) -> list[Tensor]:
        """A tensor for each dense feature: what stands for a missing one, or fills it up; empty if nothing may."""
        return [self._default(key, *self.dense[key]) for key in self.dense]

    def _default(self, key: str, dtype: DType, shape: TensorShape, value: Any) -> Tensor:
        steps = bool(shape.ndims) and shape.sizes[0] is None  # type: ignore[index]
        if value is None:
            return constant(("" if dtype.is_string else 0) if steps else [], dtype)
        label = ("padding_" if steps else "key_") + re.sub(r"[^A-Za-z0-9_.\-/]", "_", key)
        tensor = convert_to_tensor(value, dtype, name=label)
        tensor.graph.uncounted += steps  # TensorFlow tries another dtype for the shape [] first
        return reshape(tensor, np.array([], np.int32) if steps else shape)

    @property
    def attrs(self) -> dict[str, Any]:
        return {
            "num_sparse": len(self.sparse),
            "sparse_types": tuple(self.sparse.values()),
            "Tdense": tuple(dtype for dtype, _, _ in self.dense.values()),
            "dense_shapes": tuple(shape for _, shape, _ in self.dense.values()),
        }

    def tensors(self, outputs: Sequence[Tensor]) -> dict[str, Any]:
        """{key: its tensor, or SparseTensor}."""
        count = len(self.sparse)
        triples = zip(outputs[:count], outputs[count : 2 * count], outputs[2 * count : 3 * count], strict=True)
        found: dict[str, Any] = {key: SparseTensor(*parts) for key, parts in zip(self.sparse, triples, strict=True)}
        return found | dict(zip(self.dense, outputs[3 * count :], strict=True))


def _check_type(argument: str, dtype: DType) -> None:
    if dtype not in _KINDS:
        raise TypeError(
            f"Value passed to parameter {argument!r} has DataType {dtype.name} not in list of allowed values: "
            "float32, int64, string"
        )


def _index_keys(feature: SparseFeature) -> list[str]:
    return [feature.index_key] if isinstance(feature.index_key, str) else list(feature.index_key)


def _merged(feature: SparseFeature, parsed: Mapping[str, SparseTensor]) -> SparseTensor:
    """The sparse tensor that coordinates and values tell, its last axes those of `feature.size`."""
    sizes = np.array(feature.size, np.int64).reshape(-1).tolist()
    keys = _index_keys(feature)
    if len(sizes) != len(keys):
        raise ValueError(f"SparseFeature has {len(keys)} index keys and a size of {len(sizes)} dimensions: {feature}")
    values = parsed[feature.value_key]
    with op_scope(None, "SparseMerge", [values.values]):
        axes = [expand_dims(cast(parsed[key].values, dtypes.int64), 1) for key in keys]
        indices = concat([values.indices[:, :-1], *axes], 1)
        merged = SparseTensor(indices, values.values, concat([values.dense_shape[:-1], sizes], 0))
        return merged if feature.already_sorted else sparse_reorder(merged)


def _with_sparse_features(features: Mapping[str, Any], parsed: Mapping[str, Any]) -> dict[str, Any]:
    found = {key: tensor for key, tensor in parsed.items() if key in features}
    merged = {key: _merged(f, parsed) for key, f in sorted(features.items()) if isinstance(f, SparseFeature)}
    return found | merged


def parse_example(
    serialized: Any, features: Mapping[str, Any], name: str | None = None, example_names: Any = None
) -> dict[str, Any]:
    """{key: its tensor} of serialized `Example` messages, a vector of them (or a single one).

    `features` says by key what is wanted: a `FixedLenFeature` gives a dense tensor [batch, *shape], a
    `FixedLenSequenceFeature` [batch, longest, *shape], a `VarLenFeature` and a `SparseFeature` a SparseTensor
    [batch, longest] and [batch, *size]. Raises ValueError for features that say too little, TypeError for dtypes that
    are not float32, int64 or string; in a run InvalidArgumentError for what is no Example, for values of another kind
    or number, and for a missing feature without default; `example_names` are named then.
    """
    if not features:
        raise ValueError(f"Argument `features` cannot be None or falsy. Got {features}")
    asked = _Asked(features, (VarLenFeature, FixedLenFeature, FixedLenSequenceFeature, SparseFeature))
    for feature in features.values():
        if isinstance(feature, FixedLenSequenceFeature) and not feature.allow_missing:
            raise ValueError("Unsupported: FixedLenSequenceFeature requires allow_missing to be True.")
    with op_scope(name, "ParseExample", [serialized, example_names]):
        serialized = convert_to_tensor(serialized, name="serialized")
        names = np.array([], object) if example_names is None else example_names
        keys = np.array([*asked.sparse], object), np.array([*asked.dense], object), np.array([], object)
        ragged: dict[str, Any] = {"ragged_value_types": (), "ragged_split_types": ()}
        outputs = ParseExampleV2(serialized, names, *keys, *asked.defaults(), **asked.attrs, **ragged, name=name)
    return _with_sparse_features(features, asked.tensors(outputs))


def parse_single_example(
    serialized: Any, features: Mapping[str, Any], name: str | None = None, example_names: Any = None
) -> dict[str, Any]:
    """{key: its tensor} of one serialized `Example`, as `parse_example` but without the batch's axis."""
    if not features:
        raise ValueError("Invalid argument: features cannot be None.")
    with op_scope(name, "ParseSingleExample", [serialized, example_names]):
        serialized = _one("serialized", serialized)
        return parse_example(serialized, features, name, example_names)


def _one(name: str, value: Any) -> Tensor:
    tensor = convert_to_tensor(value, name=name)
    if tensor.shape.ndims not in (None, 0):
        raise ValueError(f"Input {name} must be a scalar")
    tensor.set_shape([])
    return tensor


# -- SequenceExample ------------------------------------------------------------------------------------------------


class _Lists(NamedTuple):
    """What is asked of the feature lists of a sequence example."""

    layout: _Layout
    may_miss: frozenset[bytes]

    def read(self, data: bytes, span: _Span, name: bytes) -> list[Any]:
        entries = _entries(data, span)
        sparse: list[Any] = [
            [
                self._step(data, feature, step, name, i)
                for i, step in enumerate(self._steps(data, entries, feature, name))
            ]
            for feature in self.layout.sparse
        ]
        return sparse + [self._dense(data, entries, feature, name) for feature in self.layout.dense]

    def _steps(self, data: bytes, entries: Mapping[bytes, _Span], feature: Any, name: bytes) -> list[_Span]:
        if feature.key in entries:
            return [*_parts(data, entries[feature.key], 1)]
        if isinstance(feature, _Dense) and feature.key not in self.may_miss:
            raise _invalid(
                f"Name: {_text(name) or '<unknown>'}, Feature list '{_text(feature.key)}' is required but could not be "
                "found.  Did you mean to include it in feature_list_dense_missing_assumed_empty or "
                "feature_list_dense_defaults?"
            )
        return []

    def _step(self, data: bytes, feature: Any, step: _Span, name: bytes, index: int) -> np.ndarray:
        kind, span = _kind_of(data, step)
        where = _OfStep(name, index)
        if kind not in (0, feature.kind):
            raise where.wrong(feature.key, f"Data types don't match. Expected type: {_NAMES[feature.kind]}")
        return _values(feature.kind, data, span if kind else (0, 0), feature.key, where)

    def _dense(self, data: bytes, entries: Mapping[bytes, _Span], feature: _Dense, name: bytes) -> np.ndarray:
        steps = [
            self._step(data, feature, step, name, index)
            for index, step in enumerate(self._steps(data, entries, feature, name))
        ]
        for index, values in enumerate(steps):
            if values.size != prod(feature.shape):
                raise _Where(name, index).wrong(
                    feature.key,
                    f"Number of values != expected.  values size: {values.size} but output shape: "
                    f"{brackets(feature.shape)}",
                )
        dtype = next(dtype for dtype, kind in _KINDS.items() if kind == feature.kind)
        return np.concatenate([*steps, np.empty(0, dtype.numpy)]).reshape(len(steps), *feature.shape)


class _OfStep(_Where):
    def wrong(self, key: bytes, what: str) -> OpError:
        return _invalid(f"Name: {self._called}, Feature list: {_text(key)}, Index: {self.index}.  {what}")


def _parse_sequence_kernel(
    k: Any,
    serialized: Any,
    debug_name: Any,
    context_sparse_keys: np.ndarray,
    context_dense_keys: np.ndarray,
    context_ragged_keys: np.ndarray,
    feature_list_sparse_keys: np.ndarray,
    feature_list_dense_keys: np.ndarray,
    feature_list_ragged_keys: np.ndarray,
    feature_list_dense_missing_assumed_empty: np.ndarray,
    *defaults: np.ndarray,
    Ncontext_sparse: int,
    context_sparse_types: tuple[DType, ...],
    Tcontext_dense: tuple[DType, ...],
    context_dense_shapes: tuple[TensorShape, ...],
    Nfeature_list_sparse: int,
    feature_list_sparse_types: tuple[DType, ...],
    feature_list_dense_types: tuple[DType, ...],
    feature_list_dense_shapes: tuple[TensorShape, ...],
) -> list[np.ndarray]:
    context = _layout(
        tuple(context_sparse_keys.tolist()), tuple(context_sparse_types), tuple(context_dense_keys.tolist()),
        tuple(Tcontext_dense), tuple(context_dense_shapes),
    )  # fmt: skip
    steps = _layout(
        tuple(feature_list_sparse_keys.tolist()), tuple(feature_list_sparse_types),
        tuple(feature_list_dense_keys.tolist()), tuple(feature_list_dense_types),
        tuple(TensorShape([None]).concatenate(shape) for shape in feature_list_dense_shapes),
    )  # fmt: skip
    missing = feature_list_dense_missing_assumed_empty.tolist()
    may_miss = frozenset(key for key, may in zip(feature_list_dense_keys.tolist(), missing, strict=True) if may)
    data, name = np.asarray(serialized, object).item(), np.asarray(debug_name, object).item()
    try:
        read = context.read(data, _features_of(data, 1), defaults, _InContext(name))
        lists = _Lists(steps, may_miss).read(data, _features_of(data, 2), name)
    except ValueError:
        raise _invalid(f"Invalid protocol message input, example id: {_text(name) or '<unknown>'}") from None
    columns = [_sparse_of(values) for values in read[:Ncontext_sparse]]
    rows = [
        _sparse_rows(vectors, dtype.numpy)
        for vectors, dtype in zip(lists[:Nfeature_list_sparse], feature_list_sparse_types, strict=True)
    ]
    return [
        *(part for parts in zip(*columns, strict=True) for part in parts),
        *read[Ncontext_sparse:],
        *(part for parts in zip(*rows, strict=True) for part in parts),
        *lists[Nfeature_list_sparse:],
    ]


def _parse_sequence_shape(
    serialized: Tensor,
    *inputs: Tensor,
    Ncontext_sparse: int,
    context_dense_shapes: Sequence[TensorShape],
    Nfeature_list_sparse: int,
    feature_list_dense_shapes: Sequence[TensorShape],
    **_: Any,
) -> list[TensorShape]:
    def sparse(count: int, rank: int) -> list[TensorShape]:
        parts = TensorShape([None, rank]), TensorShape([None]), TensorShape([rank])
        return [part for part in parts for _ in range(count)]

    return [
        *sparse(Ncontext_sparse, 1),
        *context_dense_shapes,
        *sparse(Nfeature_list_sparse, 2),
        *(TensorShape([None]).concatenate(shape) for shape in feature_list_dense_shapes),
    ]


# Of TensorFlow's op what one example asks for: its results of batches (lengths, raggedness) are not there.
ParseSequenceExampleV2 = define(
    "ParseSequenceExampleV2",
    "serialized:string, debug_name:string, context_sparse_keys:string, context_dense_keys:string, "
    "context_ragged_keys:string, feature_list_sparse_keys:string, feature_list_dense_keys:string, "
    "feature_list_ragged_keys:string, feature_list_dense_missing_assumed_empty:bool, context_dense_defaults:any* -> "
    "context_sparse_indices:int64*Ncontext_sparse, context_sparse_values:context_sparse_types*, "
    "context_sparse_shapes:int64*Ncontext_sparse, context_dense_values:Tcontext_dense*, "
    "feature_list_sparse_indices:int64*Nfeature_list_sparse, feature_list_sparse_values:feature_list_sparse_types*, "
    "feature_list_sparse_shapes:int64*Nfeature_list_sparse, feature_list_dense_values:feature_list_dense_types*",
    shape=_parse_sequence_shape,
    kernel=_parse_sequence_kernel,
    grad=not_differentiable,
)


def parse_single_sequence_example(
    serialized: Any,
    context_features: Mapping[str, Any] | None = None,
    sequence_features: Mapping[str, Any] | None = None,
    example_name: Any = None,
    name: str | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """({key: tensor} of the context, {key: tensor} of the sequence) of one serialized `SequenceExample`.

    The context's features are as in `parse_single_example`. In the sequence a `FixedLenSequenceFeature` gives
    [steps, *shape] and a `VarLenFeature` a SparseTensor [steps, longest]. Raises as `parse_example`.
    """
    if not (context_features or sequence_features):
        raise ValueError("Both context_features and sequence_features are None, but at least one should have values.")
    context = _Asked(context_features or {}, (VarLenFeature, FixedLenFeature))
    sequence = _Asked(sequence_features or {}, (VarLenFeature, FixedLenSequenceFeature))
    for key, (_, _, value) in sequence.dense.items():
        if value is not None:
            raise ValueError(f"Value feature_list.dense_defaults[{key}] must be None")
    may_miss = [bool((sequence_features or {})[key].allow_missing) for key in sequence.dense]
    with op_scope(name, "ParseSingleSequenceExample", [serialized, example_name]):
        with op_scope(name, "ParseSingleExample", [serialized]):
            serialized = _one("serialized", serialized)
        with op_scope(name, "ParseSequenceExample", [serialized]):
            defaults = context.defaults()
            outputs = ParseSequenceExampleV2(
                serialized,
                "" if example_name is None else example_name,
                *(_keys(group) for asked in (context, sequence) for group in (asked.sparse, asked.dense, ())),
                np.array(may_miss, bool),
                *defaults,
                **_prefixed(context.attrs, sequence.attrs),
                name=name,
            )
    first = 3 * len(context.sparse) + len(context.dense)
    return context.tensors(outputs[:first]), sequence.tensors(outputs[first:])


def _keys(keys: Iterable[str]) -> np.ndarray:
    return np.array([*keys], object)


def _prefixed(context: Mapping[str, Any], sequence: Mapping[str, Any]) -> dict[str, Any]:
    """The op's attributes, under the names that they have there."""
    return {
        "Ncontext_sparse": context["num_sparse"],
        "context_sparse_types": context["sparse_types"],
        "Tcontext_dense": context["Tdense"],
        "context_dense_shapes": context["dense_shapes"],
        "Nfeature_list_sparse": sequence["num_sparse"],
        "feature_list_sparse_types": sequence["sparse_types"],
        "feature_list_dense_types": sequence["Tdense"],
        "feature_list_dense_shapes": tuple(shape[1:] for shape in sequence["dense_shapes"]),
    }


# -- TensorProto ----------------------------------------------------------------------------------------------------


def _serialized(k: Any, tensor: np.ndarray) -> np.ndarray:
    result = np.empty((), object)
    result[()] = TENSOR.encode(tensor_values(tensor))
    return result


SerializeTensor = define(
    "SerializeTensor",
    "tensor:T -> serialized:string",
    shape=scalar_shape,
    kernel=_serialized,
    grad=not_differentiable,
    host=["tensor"],
)


def serialize_tensor(tensor: Any, name: str | None = None) -> Tensor:
    """A scalar string: the bytes of a tensor's TensorProto, which `parse_tensor` reads."""
    return SerializeTensor(tensor, name=name)


def _tensor_of(k: Any, serialized: Any, out_type: DType) -> np.ndarray:
    serialized = np.asarray(serialized, object)
    if serialized.ndim:
        raise _invalid(f"Expected `serialized` to be a scalar, got shape: {brackets(serialized.shape)}")
    try:
        values = TENSOR.decode(serialized[()])
    except ValueError:
        encoded = base64.b64encode(serialized[()]).decode()
        raise _invalid(f"Could not parse `serialized` as TensorProto, base64: {encoded}") from None
    try:
        dtype = decode_dtype(values["dtype"])
        if dtype is not out_type:
            names = [_IN_MESSAGES.get(t.name, t.name) for t in (dtype, out_type)]
            raise _invalid(f"Type mismatch between parsed tensor ({names[0]}) and dtype ({names[1]})")
        return k.asarray(tensor_array(values, dtype, decode_shape(values["tensor_shape"])))
    except ValueError as error:
        raise _invalid(f"Cannot parse tensor from proto: {error}") from None


_IN_MESSAGES = {"float32": "float", "float64": "double", "float16": "half"}

ParseTensor = define(
    "ParseTensor",
    "serialized:string -> output:out_type",
    shape=lambda serialized, **_: TensorShape(None),
    kernel=_tensor_of,
    grad=not_differentiable,
)


def parse_tensor(serialized: Any, out_type: Any, name: str | None = None) -> Tensor:
    """The tensor of `out_type` in the bytes of a TensorProto.

    Raises InvalidArgumentError in a run for what is no such message, or holds another dtype.
    """
    return ParseTensor(serialized, out_type=as_dtype(out_type), name=name)


__all__ = [
    "FixedLenFeature", "FixedLenSequenceFeature", "SparseFeature", "VarLenFeature", "parse_example",
    "parse_single_example", "parse_single_sequence_example", "parse_tensor", "serialize_tensor",
]  # fmt: skip
