"""Sparse tensors: a value for each of some coordinates, and zero elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from . import nest
from .build import convert_to_tensor
from .dtypes import DType, int64
from .graph import Graph, Operation, Tensor, default_session_of, op_scope
from .session import register_fetch_expansion
from .shapes import TensorShape
from .static import constant_value_as_shape

_Function = TypeVar("_Function", bound=Callable[..., Any])


class SparseTensor:
    """The tensor of `dense_shape` [d0, …] that has `values[i]` at ``indices[i]``, and zero elsewhere.

    `indices` is [n, rank] int64, by rule in the order of rows and without repetition, `values` [n], `dense_shape`
    [rank] int64. Raises ValueError where the three do not fit together.
    """

    def __init__(self, indices: Any, values: Any, dense_shape: Any) -> None:
        with op_scope(None, "SparseTensor", [indices, values, dense_shape]):
            self._indices = convert_to_tensor(indices, int64, name="indices")
            self._values = convert_to_tensor(values, name="values")
            self._dense_shape = convert_to_tensor(dense_shape, int64, name="dense_shape")
        shapes = self._indices.shape.with_rank(2), self._values.shape.with_rank(1), self._dense_shape.shape.with_rank(1)
        shapes[0][0].assert_is_compatible_with(shapes[1][0])
        shapes[0][1].assert_is_compatible_with(shapes[2][0])

    indices = property(lambda self: self._indices)
    values = property(lambda self: self._values)
    dense_shape = property(lambda self: self._dense_shape)

    @property
    def shape(self) -> TensorShape:
        """The static shape of the dense tensor."""
        return constant_value_as_shape(self._dense_shape)

    def get_shape(self) -> TensorShape:
        return self.shape

    @property
    def dtype(self) -> DType:
        return self._values.dtype

    @property
    def op(self) -> Operation:
        return self._values.op

    @property
    def graph(self) -> Graph:
        return self._values.graph

    def eval(self, feed_dict: dict | None = None, session: Any = None) -> SparseTensorValue:
        """Its three arrays, from a run of the default session or the one given."""
        return default_session_of(self.graph, session, "evaluate tensor", "eval").run(self, feed_dict)

    if TYPE_CHECKING:  # ops/sparse.py adds these

        def __mul__(self, dense: Any) -> SparseTensor: ...
        def __truediv__(self, dense: Any) -> SparseTensor: ...

    def __str__(self) -> str:
        return f"SparseTensor(indices={self._indices}, values={self._values}, dense_shape={self._dense_shape})"

    __repr__ = __str__


class SparseTensorValue(NamedTuple):
    """The arrays of a sparse tensor: what a run gives for one, and what may be fed to one."""

    indices: Any
    values: Any
    dense_shape: Any


class _Opened(NamedTuple):
    """A sparse tensor as a nest of three tensors, as loops and conditions carry it."""

    indices: Any
    values: Any
    dense_shape: Any


def with_parts(structure: Any) -> Any:
    """A nested structure with the three tensors of each sparse tensor in its place."""
    return nest.map_structure(
        lambda leaf: _Opened(*_parts(leaf)) if isinstance(leaf, SparseTensor) else leaf, structure
    )


def without_parts(structure: Any) -> Any:
    """What `with_parts` made, with the sparse tensors again."""
    if isinstance(structure, _Opened):
        return SparseTensor(*structure)
    if not nest.is_nested(structure):
        return structure
    if isinstance(structure, Mapping):
        return nest.with_values(structure, [(key, without_parts(value)) for key, value in structure.items()])
    children = [without_parts(child) for child in structure]
    return type(structure)(*children) if hasattr(structure, "_fields") else type(structure)(children)


def also_of_sparse(function: _Function) -> _Function:
    """A function of one tensor that keeps zero zero, for sparse tensors too: there it changes the values alone."""

    @wraps(function)
    def of(x: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(x, SparseTensor):
            return function(x, *args, **kwargs)
        return SparseTensor(x.indices, function(x.values, *args, **kwargs), x.dense_shape)

    return of  # type: ignore[return-value]


def _parts(sparse: SparseTensor) -> list[Tensor]:
    return [sparse.indices, sparse.values, sparse.dense_shape]


register_fetch_expansion(SparseTensor, lambda sparse: (_parts(sparse), lambda arrays: SparseTensorValue(*arrays)))
