"""Ops on sparse tensors: made dense, multiplied, summed, filtered, put in order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..build import convert_to_tensor
from ..dtypes import as_dtype, int64
from ..errors import InvalidArgumentError
from ..graph import Operation, Tensor, op_scope
from ..registry import brackets, define, not_differentiable
from ..shapes import TensorShape, as_shape
from ..sparse_tensor import SparseTensor
from ..static import constant_value_as_shape
from .arithmetic import install_operator, multiply, where
from .basic import broadcast_to, cast, expand_dims, placeholder, reshape
from .complex_parts import conj
from .indexing import argsort, gather, gather_nd
from .linalg import matrix_transpose
from .math import truediv
from .reduce import cumprod, reduce_sum
from .segments import unsorted_segment_sum


def _checked(k: Any, indices: Any, dense_shape: Any, ordered: bool) -> Any:
    """`indices` as they are. Raises InvalidArgumentError for one out of bounds, or not after the one before it."""
    sizes = k.xp.asarray(dense_shape)
    outside = k.xp.any((indices < 0) | (indices >= sizes), axis=1)
    if bool(outside.any()):
        raise _wrong(indices, int(outside.argmax()), "out of bounds: need 0 <= index < " + str(dense_shape.tolist()))
    if ordered and len(indices) > 1:
        steps = k.xp.diff(indices, axis=0)
        first = (steps != 0).argmax(axis=1)
        step = steps[k.xp.arange(len(steps)), first]  # where a coordinate first differs from the one before it
        if bool((step <= 0).any()):
            at = int((step <= 0).argmax())
            raise _wrong(indices, at + 1, "repeated" if int(step[at]) == 0 else "out of order")
    return indices


def _wrong(indices: Any, row: int, why: str) -> Exception:
    return InvalidArgumentError(None, None, f"indices[{row}] = {indices[row].tolist()} is {why}".replace(", ", ","))


CheckedIndices = define(  # no op of TensorFlow's: there each op on sparse tensors checks for itself
    "CheckedIndices",
    "indices:int64, dense_shape:int64 -> output:int64",
    shape=lambda indices, dense_shape, ordered: indices.shape,
    kernel=_checked,
    grad=not_differentiable,
    host=["dense_shape"],
    view=True,
)


def sparse_placeholder(dtype: Any, shape: Any = None, name: str | None = None) -> SparseTensor:
    """A sparse tensor that every run must feed, with a `SparseTensorValue` or its three parts.

    A `shape` that is known in full is the tensor's static shape; of another only the rank is kept. It may be a tensor.
    """
    static = constant_value_as_shape(shape) if isinstance(shape, Tensor) else as_shape(shape)
    rank = static.ndims
    part = None if name is None else name + "/{}"
    name_of_shape = None if part is None else part.format("shape")
    if isinstance(shape, Tensor):
        dense_shape = cast(shape, int64)
    elif static.is_fully_defined():
        dense_shape = convert_to_tensor(static.as_list(), int64, name=name_of_shape)
    else:
        dense_shape = placeholder(int64, [rank], name_of_shape)
    values = placeholder(as_dtype(dtype), [None], None if part is None else part.format("values"))
    indices = placeholder(int64, [None, rank], None if part is None else part.format("indices"))
    return SparseTensor(indices, values, dense_shape)


def _matrix_of_indices(k: Any, indices: Any) -> Any:
    """int64 [n, rank] of indices that may be a vector's, [n], or one of them, a scalar."""
    return k.cast(indices if indices.ndim == 2 else indices.reshape(-1, 1), np.int64)


def _put_at(k: Any, indices: Any, sizes: np.ndarray, values: Any, default: Any, validate_indices: bool) -> Any:
    rows = _matrix_of_indices(k, indices)
    if rows.shape[1] != len(sizes):
        found = f"output_shape has incorrect number of elements: {len(sizes)} should be: {rows.shape[1]}"
        raise InvalidArgumentError(None, None, found)
    if values.ndim and values.shape[0] != rows.shape[0]:
        found = f"sparse_values has incorrect shape {brackets(values.shape)}, should be [] or [{rows.shape[0]}]"
        raise InvalidArgumentError(None, None, found)
    dense = k.xp.full(tuple(int(d) for d in sizes), default, values.dtype)
    dense[tuple(_checked(k, rows, sizes, validate_indices).T)] = values
    return dense


def _put_at_gradient(op: Operation, g: Tensor) -> list:
    indices, _, values, _ = op.inputs
    rows = indices if indices.shape.ndims == 2 else reshape(indices, [-1, 1])
    taken = gather_nd(g, rows)
    rest = reduce_sum(g) - reduce_sum(taken)
    return [None, None, taken if values.shape.ndims else reduce_sum(taken), rest]


SparseToDense = define(
    "SparseToDense",
    "sparse_indices:I, output_shape:I, sparse_values:T, default_value:T -> dense:T",
    shape=lambda indices, sizes, *_, **__: constant_value_as_shape(sizes),
    kernel=_put_at,
    grad=_put_at_gradient,
    host=["output_shape"],
)


def sparse_to_dense(
    sparse_indices: Any,
    output_shape: Any,
    sparse_values: Any,
    default_value: Any = 0,
    validate_indices: bool = True,
    name: str | None = None,
) -> Tensor:
    """A tensor of `output_shape` with `sparse_values` at `sparse_indices` and `default_value` elsewhere.

    `sparse_indices` is [n, rank], or [n] or a scalar for a vector; one value may stand for all. Raises
    InvalidArgumentError in a run for indices out of bounds and, if `validate_indices`, out of order or repeated.
    """
    return SparseToDense(
        sparse_indices, output_shape, sparse_values, default_value, validate_indices=validate_indices, name=name
    )


def sparse_tensor_to_dense(
    sp_input: SparseTensor, default_value: Any = None, validate_indices: bool = True, name: str | None = None
) -> Tensor:
    """The dense tensor, with `default_value` (0, False or an empty string) where there is no value."""
    sp_input = as_sparse(sp_input)
    if default_value is None:
        default_value = "" if sp_input.dtype.name == "string" else sp_input.dtype.as_numpy_dtype(0)
    parts = (sp_input.indices, sp_input.dense_shape, sp_input.values)
    return sparse_to_dense(*parts, default_value, validate_indices, name)


def sparse_tensor_dense_matmul(
    sp_a: SparseTensor, b: Any, adjoint_a: bool = False, adjoint_b: bool = False, name: str | None = None
) -> Tensor:
    """The product of a sparse and a dense matrix, either conjugated and transposed before; in any order of indices.

    Its work grows with the number of values: row i of the product is the sum of ``values * b[column]`` over the
    values in row i.
    """
    sp_a = as_sparse(sp_a)
    with op_scope(name, "SparseTensorDenseMatMul", [sp_a.values, b]) as scope:
        b = convert_to_tensor(b, name="b")
        indices = CheckedIndices(sp_a.indices, sp_a.dense_shape, ordered=False)
        row, column = (1, 0) if adjoint_a else (0, 1)
        values = conj(sp_a.values) if adjoint_a else sp_a.values
        b = conj(matrix_transpose(b)) if adjoint_b else b
        terms = expand_dims(values, 1) * gather_nd(b, indices[:, column : column + 1])  # its gradient is dense
        static = sp_a.shape.dims
        rows = sp_a.dense_shape[row] if static is None or static[row].value is None else static[row].value
        product = unsorted_segment_sum(terms, indices[:, row], cast(rows, int64), name=scope)
    return product


def sparse_retain(sp_input: SparseTensor, to_retain: Any) -> SparseTensor:
    """The values where the vector `to_retain` is true, and zero elsewhere."""
    sp_input, to_retain = as_sparse(sp_input), convert_to_tensor(to_retain)
    to_retain.shape.assert_is_compatible_with(TensorShape([sp_input.values.shape[0]]))
    kept = reshape(where(to_retain), [-1])
    return SparseTensor(gather(sp_input.indices, kept), gather(sp_input.values, kept), sp_input.dense_shape)


def sparse_reorder(sp_input: SparseTensor, name: str | None = None) -> SparseTensor:
    """The same tensor with its values in the order of rows."""
    sp_input = as_sparse(sp_input)
    with op_scope(name, "SparseReorder", [sp_input.values]):
        sizes = cumprod(sp_input.dense_shape, exclusive=True, reverse=True)
        order = argsort(reduce_sum(sp_input.indices * sizes, 1), stable=True)
        return SparseTensor(gather(sp_input.indices, order), gather(sp_input.values, order), sp_input.dense_shape)


def sparse_reduce_sum(
    sp_input: SparseTensor,
    axis: Any = None,
    keepdims: bool | None = None,
    reduction_axes: Any = None,
    keep_dims: bool | None = None,
) -> Tensor:
    """The sum over `axis` (all axes if None), dense. `reduction_axes` and `keep_dims` are the older names."""
    axis = reduction_axes if axis is None else axis
    keep = bool(keep_dims if keepdims is None else keepdims)
    dense = sparse_tensor_to_dense(sp_input, validate_indices=False)
    return reduce_sum(dense, axis, keepdims=keep)


def convert_to_tensor_or_sparse_tensor(value: Any, dtype: Any = None, name: str | None = None) -> Any:
    """`value` as it is if it is sparse (RuntimeError where its dtype is another), else as a tensor."""
    if not isinstance(value, SparseTensor):
        return convert_to_tensor(value, dtype, name)
    if dtype is not None and value.dtype is not as_dtype(dtype):
        raise RuntimeError(f"Sparse dtype mismatch. Requested: {as_dtype(dtype).name}, actual: {value.dtype.name}")
    return value


def as_sparse(value: Any) -> SparseTensor:
    """`value` itself. Raises TypeError where it is not sparse."""
    if not isinstance(value, SparseTensor):
        raise TypeError("Input must be a SparseTensor.")
    return value


def _of_values(function: Callable[..., Tensor], name: str) -> Callable[[SparseTensor, Any], SparseTensor]:
    """An operator between a sparse tensor and a dense one, which is broadcast to its shape."""

    def operate(sparse: SparseTensor, dense: Any) -> SparseTensor:
        with op_scope(name, values=[sparse.values, dense]) as scope:
            dense = convert_to_tensor(dense, sparse.dtype, name="y")
            if dense.shape.ndims != 0:
                dense = gather_nd(broadcast_to(dense, sparse.dense_shape), sparse.indices)
            return SparseTensor(sparse.indices, function(sparse.values, dense, name=scope), sparse.dense_shape)

    return operate


_times = _of_values(multiply, "mul")
_dense_times = Tensor.__mul__
install_operator("__mul__", lambda x, y: _times(y, x) if isinstance(y, SparseTensor) else _dense_times(x, y))
SparseTensor.__mul__ = _times  # type: ignore[method-assign]
SparseTensor.__truediv__ = _of_values(truediv, "truediv")  # type: ignore[method-assign]

__all__ = [
    "convert_to_tensor_or_sparse_tensor", "sparse_placeholder", "sparse_reduce_sum", "sparse_reorder",
    "sparse_retain", "sparse_tensor_dense_matmul", "sparse_tensor_to_dense", "sparse_to_dense",
]  # fmt: skip
