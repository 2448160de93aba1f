"""Products of matrices and tensors, transposes, norms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import dtypes
from ..build import convert_to_tensor
from ..dtypes import COMPLEX, FLOATS
from ..errors import InvalidArgumentError
from ..graph import Operation, Tensor, op_scope
from ..registry import check_equal, define, get_op
from ..shapes import TensorShape, broadcast_sizes
from .arithmetic import greater_equal, holomorphic, install_operator, where
from .array import concat, stack, transpose
from .basic import expand_dims, rank, reshape, squeeze, sum_like
from .basic import shape as shape_of
from .complex_parts import conj
from .indexing import gather, setdiff1d
from .math import abs, pow, sqrt
from .ranges import range as range_of
from .reduce import reduce_max, reduce_prod, reduce_sum

_MATRIX_TYPES = (
    *FLOATS,
    dtypes.int32,
    dtypes.int64,
    dtypes.uint8,
    dtypes.uint16,
    dtypes.uint32,
    dtypes.uint64,
    *COMPLEX,
)


# -- products of matrices -------------------------------------------------------------------------------------------


def matrix_sizes(shape: TensorShape, transposed: bool = False) -> tuple[int | None, int | None]:
    """The last two lengths of a shape of rank 2 or more, as far as known; swapped if `transposed`."""
    if shape.sizes is None:
        return None, None
    rows, columns = shape.sizes[-2:]
    return (columns, rows) if transposed else (rows, columns)


def _product_shape(a: Tensor, b: Tensor, transpose_a: bool, transpose_b: bool) -> TensorShape:
    for t in (a, b):
        if t.shape.ndims not in (None, 2):
            raise ValueError(f"Shape must be rank 2 but is rank {t.shape.ndims}")
    rows, inner = matrix_sizes(a.shape, transpose_a)
    inner_b, columns = matrix_sizes(b.shape, transpose_b)
    check_equal(inner, inner_b)
    return TensorShape([rows, columns])


def _batch_product_shape(a: Tensor, b: Tensor, adj_x: bool, adj_y: bool) -> TensorShape:
    for t in (a, b):
        if t.shape.ndims is not None and t.shape.ndims < 2:
            raise ValueError(f"Shape must be at least rank 2 but is rank {t.shape.ndims}")
    rows, inner = matrix_sizes(a.shape, adj_x)
    inner_b, columns = matrix_sizes(b.shape, adj_y)
    check_equal(inner, inner_b)
    if a.shape.sizes is None or b.shape.sizes is None:
        return TensorShape(None)
    batch = broadcast_sizes(TensorShape(a.shape.sizes[:-2]), TensorShape(b.shape.sizes[:-2]))
    return batch.concatenate([rows, columns])


def _multiply(
    k: Any, a: Any, b: Any, bias: Any = None, *, transpose_a: bool, transpose_b: bool, activation: str | None = None
) -> Any:
    """The kernel; a plan may have it add a bias [n] and apply an activation (engine/fusion.py).

    Complex matrices, which have neither, are the array library's to multiply.
    """
    try:
        if a.dtype.kind == "c":
            return k.xp.matmul(*(k.xp.swapaxes(x, -1, -2) if t else x for x, t in ((a, transpose_a), (b, transpose_b))))
        return k.matmul(a, b, transpose_a, transpose_b, bias=bias, activation=activation)
    except ValueError:
        shapes = [f"In[{i}]: [{','.join(map(str, x.shape))}]" for i, x in enumerate((a, b))]
        raise InvalidArgumentError(None, None, f"Matrix size-incompatible: {', '.join(shapes)}") from None


def _product_gradient(op: Operation, g: Tensor) -> list[Tensor]:
    """For c = a b: da = dc b', db = a' dc; for a factor that entered transposed, the transpose of that."""
    a, b = op.inputs
    ta, tb = op.attrs.values()
    da = matmul(b, g, tb, True) if ta else matmul(g, b, False, not tb)
    db = matmul(g, a, True, ta) if tb else matmul(a, g, not ta, False)
    return [sum_like(da, a), sum_like(db, b)]


MatMul = define(
    "MatMul",
    "a:T, b:T -> product:T",
    shape=_product_shape,
    kernel=_multiply,
    grad=holomorphic(_product_gradient),
    types={"T": _MATRIX_TYPES},
)

BatchMatMulV2 = define(
    "BatchMatMulV2",
    "x:T, y:T -> output:T",
    shape=_batch_product_shape,
    kernel=lambda k, x, y, *bias, adj_x, adj_y, **rest: _multiply(
        k, x, y, *bias, transpose_a=adj_x, transpose_b=adj_y, **rest
    ),
    grad=holomorphic(_product_gradient),
    types={"T": (*_MATRIX_TYPES, dtypes.int8, dtypes.int16)},
)


def matmul(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    name: str | None = None,
) -> Tensor:
    """[..., m, n]: the product of matrices a [..., m, k] and b [..., k, n], whose batch dimensions broadcast.

    A factor may be given transposed, or by its adjoint, the conjugate of that. float16 and bfloat16
    are added up in float32. The hints about sparseness change nothing. Raises ValueError for shapes that do not fit,
    TypeError for dtypes that differ.
    """
    for which, transposed, adjoint in (("a", transpose_a, adjoint_a), ("b", transpose_b, adjoint_b)):
        if transposed and adjoint:
            raise ValueError(
                f"Only one of `transpose_{which}` and `adjoint_{which}` can be True. "
                f"Received `transpose_{which}`={transposed}, `adjoint_{which}`={adjoint}."
            )
    with op_scope(name, "MatMul", [a, b]) as scope:
        a = convert_to_tensor(a, name="a")
        b = convert_to_tensor(b, preferred_dtype=a.dtype, name="b")
        a, b = conj(a) if adjoint_a else a, conj(b) if adjoint_b else b
        ta, tb = bool(transpose_a or adjoint_a), bool(transpose_b or adjoint_b)
        if all(t.shape.ndims is not None and t.shape.ndims <= 2 for t in (a, b)):
            return MatMul(a, b, transpose_a=ta, transpose_b=tb, name=scope)
        return BatchMatMulV2(a, b, adj_x=ta, adj_y=tb, name=scope)


batch_matmul = matmul


def _reflected_matmul(y: Tensor, x: Any) -> Tensor:
    with op_scope(None, "matmul", [y]) as scope:
        return matmul(convert_to_tensor(x, y.dtype, name="x"), y, name=scope)


install_operator("__matmul__", lambda x, y: matmul(x, y, name="matmul"))
install_operator("__rmatmul__", _reflected_matmul)


def matvec(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    adjoint_a: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    name: str | None = None,
) -> Tensor:
    """[..., m]: the product of matrices a [..., m, k] and vectors b [..., k]. Arguments as for `matmul`."""
    with op_scope(name, "MatVec", [a, b]):
        column = expand_dims(b, -1)
        return squeeze(matmul(a, column, transpose_a, False, adjoint_a, False, a_is_sparse, b_is_sparse), axis=-1)


# -- products of tensors --------------------------------------------------------------------------------------------


class _Unfolded(NamedTuple):
    """A tensor as a matrix of its free by its contracted dimensions (or the other way round)."""

    matrix: Tensor
    free: list[int] | Tensor  # the lengths of the free dimensions
    static_free: list[int | None] | None


def _unfold(t: Tensor, axes: Any, contracted_first: bool) -> _Unfolded:
    if isinstance(axes, (list, tuple)) and t.shape.ndims is not None:
        sizes = t.shape.as_list()
        contracted = [int(a) if a >= 0 else int(a) + len(sizes) for a in axes]
        free = [i for i in range(len(sizes)) if i not in contracted]
        if t.shape.is_fully_defined():
            return _unfold_statically(t, contracted, free, contracted_first)
        static_free: list[int | None] | None = [sizes[i] for i in free]
        contracted_axes = convert_to_tensor(contracted, dtypes.int32, name="axes")
        free_axes = convert_to_tensor(free, dtypes.int32, name="free")
        lengths = shape_of(t)
    else:
        static_free = None
        lengths, ndims = shape_of(t), rank(t)
        contracted_axes = convert_to_tensor(axes, dtypes.int32, name="axes")
        contracted_axes = where(greater_equal(contracted_axes, 0), contracted_axes, contracted_axes + ndims)
        free_axes = setdiff1d(range_of(ndims), contracted_axes)[0]
    free_lengths = gather(lengths, free_axes)
    contracted_lengths = gather(lengths, contracted_axes)
    free_size, contracted_size = reduce_prod(free_lengths), reduce_prod(contracted_lengths)
    pieces, matrix_shape = [free_axes, contracted_axes], [free_size, contracted_size]
    if contracted_first:
        pieces.reverse()
        matrix_shape.reverse()
    order, target = concat(pieces, 0), stack(matrix_shape)
    return _Unfolded(reshape(transpose(t, order), target), free_lengths, static_free)


def _unfold_statically(t: Tensor, contracted: list[int], free: list[int], contracted_first: bool) -> _Unfolded:
    sizes = t.shape.as_list()
    groups = (contracted, free) if contracted_first else (free, contracted)
    order = [*groups[0], *groups[1]]
    target = [math.prod(sizes[i] for i in group) for group in groups]  # type: ignore[misc]
    if order != list(range(len(sizes))):
        t = transpose(t, order)
    if t.shape.as_list() != target:
        t = reshape(t, target)
    lengths = [sizes[i] for i in free]
    return _Unfolded(t, lengths, lengths)  # type: ignore[arg-type]


def _contracted_axes(a: Tensor, axes: Any) -> tuple[Any, Any]:
    """The axes of `a` and of `b` that `tensordot` sums over: lists where known, else tensors."""
    if isinstance(axes, (int, np.integer)):
        if axes < 0:
            raise ValueError(f"`axes` must be at least 0. Received: {axes}.")
        if a.shape.ndims is None:
            ndims = rank(a)
            return range_of(ndims - int(axes), ndims), range_of(int(axes))
        if axes > a.shape.ndims:
            raise ValueError(
                f"`axes` must not be larger than the number of dimensions of tensor {a}.  "
                f"Received {axes}, vs tensor dimensions {a.shape.ndims}."
            )
        return list(range(a.shape.ndims - int(axes), a.shape.ndims)), list(range(int(axes)))
    if not isinstance(axes, (list, tuple, np.ndarray)):
        axes = convert_to_tensor(axes, dtypes.int32, name="axes")
        return axes[0], axes[1]
    if len(axes) != 2:
        raise ValueError(f"`axes` must be an integer or have length 2. Received {axes}.")
    first, second = ([x] if isinstance(x, (int, np.integer)) else list(x) for x in axes)
    if len(first) != len(second):
        raise ValueError(f"Different number of contraction axes `a` and `b`, {len(first)} != {len(second)}.")
    return first, second


def tensordot(a: Any, b: Any, axes: Any, name: str | None = None) -> Tensor:
    """The sum over pairs of axes of the products of all elements: the free axes of a, then those of b, are left.

    `axes` is a number n (the last n of a with the first n of b), a pair of lists of axes (or of two axes), or an
    integer tensor [2, n]. Raises ValueError where the lists do not fit together or the lengths do not.
    """
    with op_scope(name, "Tensordot", [a, b, axes]) as scope:
        a = convert_to_tensor(a, name="a")
        b = convert_to_tensor(b, name="b")
        axes_of_a, axes_of_b = _contracted_axes(a, axes)
        left, right = _unfold(a, axes_of_a, False), _unfold(b, axes_of_b, True)
        product = matmul(left.matrix, right.matrix)
        if isinstance(left.free, list) and isinstance(right.free, list):
            sizes = left.free + right.free
            return product if product.shape == TensorShape(sizes) else reshape(product, sizes, name=scope)
        lengths = [convert_to_tensor(u.free, dtypes.int32) for u in (left, right)]
        result = reshape(product, concat(lengths, 0), name=scope)
        if left.static_free is not None and right.static_free is not None:
            result.set_shape(left.static_free + right.static_free)
        return result


# -- transposes and norms -------------------------------------------------------------------------------------------


def matrix_transpose(a: Any, name: str = "matrix_transpose", conjugate: bool = False) -> Tensor:
    """`a` [..., m, n] with its last two dimensions swapped. Raises ValueError below rank 2."""
    with op_scope(name, "matrix_transpose", [a]):
        a = convert_to_tensor(a, name="a")
        ndims = a.shape.ndims
        if ndims is None:
            count = rank(a)
            order: Any = concat([range_of(count - 2, name="Range"), [count - 1, count - 2]], 0)
        elif ndims < 2:
            raise ValueError(
                f"Argument `a` should be a (batch) matrix with rank >= 2.  Received `a` = {a} with shape: {a.shape}"
            )
        else:
            order = [*range(ndims - 2), ndims - 1, ndims - 2]
        return transpose(a, order, conjugate=conjugate)


def adjoint(matrix: Any, name: str | None = None) -> Tensor:
    """The conjugate transpose: of real matrices, the transpose."""
    with op_scope(name, "adjoint", [matrix]):
        return matrix_transpose(convert_to_tensor(matrix, name="matrix"), conjugate=True)


def norm(
    tensor: Any,
    ord: Any = "euclidean",
    axis: Any = None,
    keepdims: Any = None,
    name: str | None = None,
    keep_dims: Any = None,
) -> Tensor:
    """The norm of vectors along `axis`, of matrices in a pair of axes, or of all elements as one vector.

    `ord` is "euclidean" (for matrices also "fro"), 1, 2, np.inf, or any positive number for vectors; of a matrix, 1 is
    the largest column sum, np.inf the largest row sum and 2 the largest singular value. Raises ValueError for others.
    """
    keep = bool(keepdims if keep_dims is None else keep_dims)
    of_matrices = isinstance(axis, (tuple, list)) and len(axis) == 2
    axes = _norm_axes(axis)
    supported = ["euclidean", "fro", 1, 2, np.inf] if of_matrices else ["euclidean", 1, 2, np.inf]
    positive = not of_matrices and not isinstance(ord, str) and ord > 0
    if ord not in supported and not positive:
        kind = "matrix" if of_matrices else "vector"
        raise ValueError(f"'ord' must be a supported {kind} norm in {supported}, got {ord}")
    with op_scope(name, "norm", [tensor]):
        tensor = convert_to_tensor(tensor)
        if ord in ("fro", "euclidean") or (ord == 2 and not of_matrices):
            result = sqrt(reduce_sum(tensor * conj(tensor), axes, keepdims=True))
        elif of_matrices:
            result = _matrix_norm(tensor, ord, axes)  # type: ignore[arg-type]
        else:
            result = _vector_norm(tensor, ord, None if axes is None else axes[0])
        return result if keep else squeeze(result, axes)


def _norm_axes(axis: Any) -> tuple[int, ...] | None:
    if axis is None:
        return None
    axes = tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)
    if len(axes) > 2 or len(set(axes)) < len(axes) or not all(isinstance(a, (int, np.integer)) for a in axes):
        raise ValueError(f"'axis' must be None, an integer, or a tuple of 2 unique integers, got {axis}")
    return axes


def _vector_norm(tensor: Tensor, ord: float, axis: int | None) -> Tensor:
    size = abs(tensor)
    if ord == 1:
        return reduce_sum(size, axis, keepdims=True)
    if ord == np.inf:
        return reduce_max(size, axis, keepdims=True)
    return pow(reduce_sum(pow(size, ord), axis, keepdims=True), 1.0 / ord)


def _matrix_norm(tensor: Tensor, ord: float, axes: Sequence[int]) -> Tensor:
    """The norm of the matrices in two axes; both axes are kept as dimensions of length 1."""
    rows, columns = axes
    if ord == 1:
        return reduce_max(reduce_sum(abs(tensor), rows, keepdims=True), columns, keepdims=True)
    if ord == np.inf:
        return reduce_max(reduce_sum(abs(tensor), columns, keepdims=True), rows, keepdims=True)
    if tensor.shape.ndims is None:
        raise ValueError("The 2-norm of matrices needs a tensor of known rank")
    ndims = tensor.shape.ndims
    pair = [a % ndims for a in axes]
    others = [i for i in range(ndims) if i not in pair]
    matrices = transpose(tensor, [*others, *pair])
    singular_values = get_op("Svd")(matrices, compute_uv=False, full_matrices=False)[0]
    largest = reduce_max(singular_values, -1)
    for axis in sorted(pair):
        largest = expand_dims(largest, axis)
    return largest


__all__ = ["adjoint", "batch_matmul", "matmul", "matrix_transpose", "matvec", "norm", "tensordot"]
