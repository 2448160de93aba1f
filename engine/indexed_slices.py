"""Sparse rows of a tensor: the gradient of `gather`, and sums of gradients that may be sparse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from .build import convert_to_tensor, register_tensor_conversion_function
from .dtypes import DType, as_dtype, int32, int64
from .graph import Graph, Operation, Tensor, op_scope
from .ops.basic import cast, expand_dims
from .registry import get_op
from .session import register_fetch_expansion
from .shapes import TensorShape
from .static import constant_value_as_shape


class IndexedSlices:
    """A tensor that is zero but for some rows: ``dense[indices[i]] += values[i]``, so rows named twice are summed.

    `values` is [n, d1, …], `indices` [n] integers, and `dense_shape`, where known, the 1-D shape [d0, d1, …] of the
    tensor meant. Anything that takes a tensor takes it too, made dense.
    """

    def __init__(self, values: Tensor, indices: Tensor, dense_shape: Tensor | None = None) -> None:
        self._values = values
        self._indices = indices
        self._dense_shape = dense_shape

    values = property(lambda self: self._values)
    indices = property(lambda self: self._indices)
    dense_shape = property(lambda self: self._dense_shape)

    @property
    def shape(self) -> TensorShape:
        """The static shape of the dense tensor."""
        if self._dense_shape is None:
            return TensorShape(None)
        return constant_value_as_shape(self._dense_shape)

    def get_shape(self) -> TensorShape:
        return self.shape

    @property
    def name(self) -> str:
        return self._values.name

    @property
    def op(self) -> Operation:
        return self._values.op

    @property
    def device(self) -> str:
        return self._values.device

    @property
    def dtype(self) -> DType:
        return self._values.dtype

    @property
    def graph(self) -> Graph:
        return self._values.graph

    def __neg__(self) -> IndexedSlices:
        return IndexedSlices(get_op("Neg")(self._values), self._indices, self._dense_shape)

    def __str__(self) -> str:
        dense_shape = "" if self._dense_shape is None else f", dense_shape={self._dense_shape}"
        return f"IndexedSlices(indices={self._indices}, values={self._values}{dense_shape})"


class IndexedSlicesValue(NamedTuple):
    """What a run gives for fetched `IndexedSlices`: arrays; `dense_shape` is None where the slices have none."""

    values: Any
    indices: Any
    dense_shape: Any


def _expand_fetch(slices: IndexedSlices) -> tuple[list[Tensor], Any]:
    if slices.dense_shape is None:
        return [slices.values, slices.indices], lambda arrays: IndexedSlicesValue(arrays[0], arrays[1], None)
    return [slices.values, slices.indices, slices.dense_shape], lambda arrays: IndexedSlicesValue(*arrays)


def _dense(value: IndexedSlices, dtype: Any = None, name: str | None = None, as_ref: bool = False) -> Tensor:
    """The dense tensor that slices stand for. Raises ValueError for another dtype and where no shape is known."""
    if dtype is not None and value.dtype is not as_dtype(dtype):
        raise ValueError(
            f"Tensor conversion requested dtype {as_dtype(dtype).name} for IndexedSlices with dtype {value.dtype.name}"
        )
    if value.dense_shape is None:
        asked_for = f"for argument {name or 'value'!r} without dense_shape"
        raise ValueError(f"Tensor conversion requested for IndexedSlices {asked_for}: {value}")
    with op_scope(name, "IndexedSlicesToTensor", [value.values]) as scope:
        indices = expand_dims(value.indices, -1)
        dense_shape = cast(value.dense_shape, indices.dtype)
        return get_op("ScatterNd")(indices, value.values, dense_shape, name=scope)


def convert_to_tensor_or_indexed_slices(
    value: Any, dtype: Any = None, name: str | None = None
) -> Tensor | IndexedSlices:
    """`value` as it is if it is IndexedSlices (ValueError where its dtype is another), else as a tensor."""
    if not isinstance(value, IndexedSlices):
        return convert_to_tensor(value, dtype, name)
    if dtype is not None and value.dtype is not as_dtype(dtype):
        dtypes = f"{as_dtype(dtype).name} for Tensor with dtype {value.dtype.name}"
        raise ValueError(f"Tensor conversion requested dtype {dtypes}: {value}")
    return value


def add_gradients(gradients: Sequence[Any]) -> Any:
    """The sum of gradients of one tensor. IndexedSlices stay sparse together; one dense term makes all dense."""
    if len(gradients) == 1:
        return gradients[0]
    if all(isinstance(g, IndexedSlices) for g in gradients):
        return _concatenated(gradients)
    return get_op("AddN")(*(convert_to_tensor(g) for g in gradients))


def _concatenated(slices: Sequence[IndexedSlices]) -> IndexedSlices:
    index_type = int32 if all(s.indices.dtype is int32 for s in slices) else int64
    indices = [cast(s.indices, index_type) for s in slices]
    concat = get_op("ConcatV2")
    values = concat(*(s.values for s in slices), 0, name="concat")
    known = (s.dense_shape for s in slices if s.dense_shape is not None)
    return IndexedSlices(values, concat(*indices, 0, name="concat"), next(known, None))


register_tensor_conversion_function(IndexedSlices, _dense)
register_fetch_expansion(IndexedSlices, _expand_fetch)
