"""Reductions along axes, and running sums and products."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import dtypes
from ..build import convert_to_tensor, is_tensor_like
from ..dtypes import FLOATS, NUMBERS, DType, as_dtype, summing_dtype
from ..errors import InvalidArgumentError
from ..graph import Operation, Tensor, op_scope
from ..registry import OpDef, Rule, define, get_op, not_differentiable, same_shape
from ..shapes import TensorShape, unknown_shape
from ..static import constant_value, constant_value_as_shape
from .basic import LARGE, PART, Shape, broadcast_to, cast, rank, reshape, shape, size, stop_gradient, sum_leading, zeros
from .complex_parts import conj, real
from .math import (
    REALS,
    SelectV2,
    add,
    div_no_nan,
    equal,
    exp,
    is_finite,
    log,
    maximum,
    not_equal,
    sqrt,
    square,
    subtract,
)

_SHORT = 64  # elements of a row, up to which NumPy takes longer to begin with it than to go through it

Array = Any  # numpy.ndarray or cupy.ndarray


# -- axes and shapes ------------------------------------------------------------------------------------------------


def _axes(indices: np.ndarray, ndim: int) -> tuple[int, ...]:
    """The axes that a reduction's second input names, from 0 on. Raises InvalidArgumentError for one out of range."""
    listed = indices.reshape(-1).tolist()
    for axis in listed:
        if not -ndim <= axis < ndim:
            text = f"Invalid reduction dimension {axis} for input with {ndim} dimensions."
            raise InvalidArgumentError(None, None, text)
    return tuple(axis % ndim for axis in listed)


def _reduced_shape(x: Tensor, axes: Tensor, keep_dims: bool, **_: Any) -> TensorShape:
    sizes, named = x.shape.sizes, constant_value(axes)
    if sizes is None:
        return TensorShape(None)
    if named is None:
        return unknown_shape(len(sizes) if keep_dims else None)
    try:
        gone = _axes(named, len(sizes))
    except InvalidArgumentError as error:
        raise ValueError(error.message) from None
    if keep_dims:
        return TensorShape([1 if i in gone else d for i, d in enumerate(sizes)])
    return TensorShape([d for i, d in enumerate(sizes) if i not in gone])


def _kept_sizes(k: Any, x: Array, indices: np.ndarray) -> np.ndarray:
    axes = _axes(indices, x.ndim)
    return np.array([1 if i in axes else d for i, d in enumerate(x.shape)], np.int32)


def _static_kept_sizes(op: Operation) -> np.ndarray | None:
    x, axes = op.inputs
    sizes = _reduced_shape(x, axes, keep_dims=True)
    return np.array(sizes.as_list(), np.int32) if sizes.is_fully_defined() else None


KeptShape = define(  # no op of TensorFlow's: it composes the same from Shape, Range and DynamicStitch
    "KeptShape",
    "input:T, reduction_indices:I -> shape:int32",
    shape=lambda x, axes: [x.shape.ndims],
    kernel=_kept_sizes,
    grad=not_differentiable,
    host=["reduction_indices"],
    host_result=True,
    fold=_static_kept_sizes,
)


def _kept(op: Operation, reduced: Tensor) -> Tensor:
    """A tensor of the shape of a reduction's result, with the axes that went put back as dimensions of length 1."""
    return reduced if op.attrs["keep_dims"] else reshape(reduced, KeptShape(*op.inputs))


def _spread(op: Operation, reduced: Tensor) -> Tensor:
    """A tensor of the shape of a reduction's result, repeated to the shape of its input."""
    return broadcast_to(_kept(op, reduced), shape(op.inputs[0]))


# -- reductions -----------------------------------------------------------------------------------------------------


def _reduction(type: str, reduce: Callable[..., Array], grad: Rule, types: Sequence[DType] = REALS) -> OpDef:
    """Define the op whose kernel is `reduce(k, x, axes, keep_dims)` for at least one axis; for none, a copy."""

    def kernel(k: Any, x: Array, indices: np.ndarray, keep_dims: bool) -> Array:
        axes = _axes(indices, x.ndim)
        twice = [axis for axis in axes if axes.count(axis) > 1]
        if twice:
            text = f"Invalid reduction arguments: Axes contains duplicate dimension: {twice[0]}"
            raise InvalidArgumentError(None, None, text)
        return reduce(k, x, axes, keep_dims) if axes else x.copy()

    return define(
        type,
        "input:T, reduction_indices:I -> output:T",
        shape=_reduced_shape,
        kernel=kernel,
        grad=grad,
        types={"T": types},
        host=["reduction_indices"],
    )


def _wide_sum(k: Any, x: Array, axes: tuple[int, ...], keep_dims: bool) -> Array:
    """The sum in the dtype to sum in."""
    if x.size >= LARGE and sorted(axes) == list(range(len(axes))) and len(axes) < x.ndim:
        total = sum_leading(k, x, x.ndim - len(axes))
        return total.reshape((1,) * len(axes) + total.shape) if keep_dims else total
    return x.sum(axis=axes, dtype=summing_dtype(x.dtype), keepdims=keep_dims)


def _sum(k: Any, x: Array, axes: tuple[int, ...], keep_dims: bool) -> Array:
    return k.cast(_wide_sum(k, x, axes, keep_dims), x.dtype)


def _prod(k: Any, x: Array, axes: tuple[int, ...], keep_dims: bool) -> Array:
    return k.cast(k.xp.prod(x, axis=axes, dtype=summing_dtype(x.dtype), keepdims=keep_dims), x.dtype)


def _mean(k: Any, x: Array, axes: tuple[int, ...], keep_dims: bool) -> Array:
    count = math.prod(x.shape[a] for a in axes)
    if x.dtype.kind in "iu":  # rounded towards zero, as C divides; of nothing, zero
        total = k.xp.sum(x, axis=axes, dtype=np.uint64 if x.dtype.kind == "u" else np.int64, keepdims=keep_dims)
        return k.cast((total - k.xp.fmod(total, max(count, 1))) // max(count, 1), x.dtype)
    return k.cast(_wide_sum(k, x, axes, keep_dims) / count, x.dtype)


def _euclidean_norm(k: Any, x: Array, axes: tuple[int, ...], keep_dims: bool) -> Array:
    wide = k.cast(x, summing_dtype(x.dtype))
    return k.cast(k.xp.sqrt(k.xp.sum(wide * wide, axis=axes, keepdims=keep_dims)), x.dtype)


def _is_short(x: Array) -> bool:
    """Whether the last axis is one that `_along_short_rows` takes: NumPy has quick extremes of the dtype's pairs."""
    return 1 < x.shape[-1] <= _SHORT and x.dtype.kind in "iuf" and x.dtype.itemsize >= 4


def _along_short_rows(ufunc: Any, x: Array) -> Array:
    """`ufunc`, one of the extremes, along the last axis: of all rows together, as NumPy takes long to begin with each.

    The extreme of 2, 4, 8 ... elements from each on is that of two shorter runs, which may overlap; what is begun
    at the ends of rows is of no use, and left out.
    """
    length = x.shape[-1]
    rows = x.reshape(-1, length)
    out = np.empty(len(rows), x.dtype)
    for some in range(0, len(rows), PART // length):
        part = slice(some, some + PART // length)
        runs, seen = rows[part].reshape(-1), 1
        while seen < length:
            step = min(seen, length - seen)
            runs, seen = ufunc(runs[:-step], runs[step:]), seen + step
        out[part] = runs[::length]
    return out.reshape(x.shape[:-1])


def _extreme(function: str, of_nothing: Callable[[DType], Any]) -> Callable[..., Array]:
    """The kernel of Max or Min, which of nothing at all gives the dtype's far end."""

    def reduce(k: Any, x: Array, axes: tuple[int, ...], keep_dims: bool) -> Array:
        if x.size >= LARGE and k.xp is np and axes == (x.ndim - 1,) and _is_short(x):
            extremes = _along_short_rows(getattr(np, f"{function}imum"), x)
            return extremes[..., None] if keep_dims else extremes
        if x.size:
            return getattr(k.xp, function)(x, axis=axes, keepdims=keep_dims)
        sizes = [(1 if i in axes else d) for i, d in enumerate(x.shape) if keep_dims or i not in axes]
        return k.xp.full(sizes, of_nothing(as_dtype(x.dtype)), x.dtype)

    return reduce


def _mean_gradient(op: Operation, g: Tensor) -> list:
    x, mean = op.inputs[0], op.outputs[0]
    if x.shape.is_fully_defined() and mean.shape.is_fully_defined():
        count: Any = (x.shape.num_elements() or 0) // max(mean.shape.num_elements() or 0, 1)
    else:
        count = cast(size(x) // maximum(size(mean), 1), g.dtype)
    return [_spread(op, g / count), None]


def _extreme_gradient(op: Operation, g: Tensor) -> list:
    """Elements that tie for the extreme share the gradient equally, as in TensorFlow."""
    x, axes = op.inputs
    chosen = cast(equal(x, _spread(op, op.outputs[0])), g.dtype)
    shares = _spread(op, g) * chosen
    return [shares / Sum(chosen, axes, keep_dims=True), None]


def _euclidean_norm_gradient(op: Operation, g: Tensor) -> list:
    return [op.inputs[0] * _spread(op, g / op.outputs[0]), None]


def _prod_gradient(op: Operation, g: Tensor) -> list:
    """The slope of a product is the product of all others: those before times those after, which bears zeros."""
    x, axes = op.inputs
    rows = FlattenAxes(x, axes)
    before = cumprod(rows, axis=-1, exclusive=True)
    after = cumprod(rows, axis=-1, exclusive=True, reverse=True)
    return [_spread(op, g) * UnflattenAxes(before * after, axes, shape(x)), None]


Sum = _reduction("Sum", _sum, lambda op, g: [_spread(op, g), None], NUMBERS)
Mean = _reduction("Mean", _mean, _mean_gradient, NUMBERS)
Prod = _reduction("Prod", _prod, _prod_gradient)
Max = _reduction("Max", _extreme("max", lambda t: -np.inf if t.is_floating else t.min), _extreme_gradient)
Min = _reduction("Min", _extreme("min", lambda t: np.inf if t.is_floating else t.max), _extreme_gradient)
EuclideanNorm = _reduction("EuclideanNorm", _euclidean_norm, _euclidean_norm_gradient, FLOATS)
Any_ = _reduction(
    "Any", lambda k, x, axes, keep: k.xp.any(x, axis=axes, keepdims=keep), not_differentiable, [dtypes.bool_]
)
All_ = _reduction(
    "All", lambda k, x, axes, keep: k.xp.all(x, axis=axes, keepdims=keep), not_differentiable, [dtypes.bool_]
)


def _last_axes(k: Any, x: Array, indices: np.ndarray) -> Array:
    axes = _axes(indices, x.ndim)
    return k.xp.moveaxis(x, axes, range(x.ndim - len(axes), x.ndim))


def _flat_shape(x: Tensor, axes: Tensor) -> TensorShape:
    sizes = _reduced_shape(x, axes, keep_dims=False)
    return unknown_shape(None) if sizes.ndims is None else sizes.concatenate([None])


def _flatten_axes(k: Any, x: Array, indices: np.ndarray) -> Array:
    moved = _last_axes(k, x, indices)
    return moved.reshape((*moved.shape[: x.ndim - indices.size], math.prod(moved.shape[x.ndim - indices.size :])))


def _unflatten_axes(k: Any, rows: Array, indices: np.ndarray, sizes: np.ndarray) -> Array:
    axes = _axes(indices, len(sizes))
    inner = tuple(int(sizes[a]) for a in axes)
    return k.xp.moveaxis(rows.reshape((*rows.shape[:-1], *inner)), range(len(sizes) - len(axes), len(sizes)), axes)


FlattenAxes = define(  # no op of TensorFlow's: it composes the same from Transpose and Reshape
    "FlattenAxes",
    "input:T, axes:I -> output:T",
    shape=_flat_shape,
    kernel=_flatten_axes,
    grad=lambda op, g: [UnflattenAxes(g, op.inputs[1], shape(op.inputs[0])), None],
    host=["axes"],
    view=True,
)

UnflattenAxes: OpDef = define(
    "UnflattenAxes",
    "input:T, axes:I, shape:int32 -> output:T",
    shape=lambda x, axes, shape: constant_value_as_shape(shape),
    kernel=_unflatten_axes,
    grad=lambda op, g: [FlattenAxes(g, op.inputs[1]), None, None],
    host=["axes", "shape"],
    view=True,
)


def _one_of(name: str, value: Any, old_name: str, old_value: Any) -> Any:
    """An argument that has an old name too. Raises ValueError where both are given."""
    if old_value is None:
        return value
    if value is not None:
        raise ValueError(f"Cannot specify both '{old_name}' and '{name}'.")
    return old_value


def _reduce(
    op: OpDef, x: Any, axis: Any, keepdims: Any, name: str | None, reduction_indices: Any, keep_dims: Any
) -> Tensor:
    """Apply a reduction; without an axis, along all of them (in an unknown number, if need be)."""
    axis = _one_of("axis", axis, "reduction_indices", reduction_indices)
    keep = bool(_one_of("keepdims", keepdims, "keep_dims", keep_dims))
    if axis is not None:
        return op(x, axis, keep_dims=keep, name=name)
    result = op(x, _all_axes(x), keep_dims=keep, name=name)
    if not keep:
        result.set_shape([])
    return result


def _all_axes(x: Any) -> Tensor:
    shape = getattr(x, "shape", None)  # a tensor's or a variable's; of other values TensorFlow asks with an op
    if isinstance(shape, TensorShape) and shape.ndims is not None:
        return convert_to_tensor(np.arange(shape.ndims, dtype=np.int32))
    return get_op("Range")(0, rank(x), 1, name="range")


def reduce_sum(
    input_tensor: Any,
    axis: Any = None,
    keepdims: Any = None,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: Any = None,
) -> Tensor:
    """The sum along `axis` (an integer, several, or a tensor of them; None: all), which `keepdims` keeps as length 1.

    float16 and bfloat16 are added up in float32. `reduction_indices` and `keep_dims` are older names.
    """
    return _reduce(Sum, input_tensor, axis, keepdims, name, reduction_indices, keep_dims)


def reduce_mean(
    input_tensor: Any,
    axis: Any = None,
    keepdims: Any = None,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: Any = None,
) -> Tensor:
    """The mean along `axis`; of integers, rounded towards zero. Arguments as for `reduce_sum`."""
    return _reduce(Mean, input_tensor, axis, keepdims, name, reduction_indices, keep_dims)


def reduce_prod(
    input_tensor: Any,
    axis: Any = None,
    keepdims: Any = None,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: Any = None,
) -> Tensor:
    """The product along `axis`. Arguments as for `reduce_sum`."""
    return _reduce(Prod, input_tensor, axis, keepdims, name, reduction_indices, keep_dims)


def reduce_max(
    input_tensor: Any,
    axis: Any = None,
    keepdims: Any = None,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: Any = None,
) -> Tensor:
    """The largest along `axis`; NaN where there is one, -inf of nothing. Arguments as for `reduce_sum`."""
    return _reduce(Max, input_tensor, axis, keepdims, name, reduction_indices, keep_dims)


def reduce_min(
    input_tensor: Any,
    axis: Any = None,
    keepdims: Any = None,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: Any = None,
) -> Tensor:
    """The smallest along `axis`; NaN where there is one, inf of nothing. Arguments as for `reduce_sum`."""
    return _reduce(Min, input_tensor, axis, keepdims, name, reduction_indices, keep_dims)


def reduce_any(
    input_tensor: Any,
    axis: Any = None,
    keepdims: Any = None,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: Any = None,
) -> Tensor:
    """Whether any of the booleans along `axis` is true. Arguments as for `reduce_sum`."""
    return _reduce(Any_, input_tensor, axis, keepdims, name, reduction_indices, keep_dims)


def reduce_all(
    input_tensor: Any,
    axis: Any = None,
    keepdims: Any = None,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: Any = None,
) -> Tensor:
    """Whether all of the booleans along `axis` are true. Arguments as for `reduce_sum`."""
    return _reduce(All_, input_tensor, axis, keepdims, name, reduction_indices, keep_dims)


def reduce_euclidean_norm(
    input_tensor: Any, axis: Any = None, keepdims: Any = False, name: str | None = None
) -> Tensor:
    """The root of the sum of squares along `axis`."""
    return _reduce(EuclideanNorm, input_tensor, axis, keepdims, name, None, None)


def reduce_variance(input_tensor: Any, axis: Any = None, keepdims: Any = False, name: str | None = None) -> Tensor:
    """The mean squared distance from the mean along `axis` (divided by n, not n - 1)."""
    with op_scope(name, "reduce_variance", [input_tensor]):
        x = input_tensor if is_tensor_like(input_tensor) else convert_to_tensor(input_tensor)
        mean = reduce_mean(x, axis, keepdims=True)
        if mean.dtype.is_integer:
            raise TypeError(f"Input must be either real or complex. Received integer type {mean.dtype!r}.")
        far = x - mean
        return reduce_mean(real(far * conj(far)) if mean.dtype.is_complex else square(far), axis, keepdims)


def reduce_std(input_tensor: Any, axis: Any = None, keepdims: Any = False, name: str | None = None) -> Tensor:
    """The root of `reduce_variance`."""
    with op_scope(name, "reduce_std", [input_tensor]):
        return sqrt(reduce_variance(input_tensor, axis, keepdims))


def reduce_logsumexp(
    input_tensor: Any,
    axis: Any = None,
    keepdims: Any = None,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: Any = None,
) -> Tensor:
    """log(sum(exp(x))) along `axis`, taken from the largest element so that nothing overflows."""
    axis = _one_of("axis", axis, "reduction_indices", reduction_indices)
    keep = bool(_one_of("keepdims", keepdims, "keep_dims", keep_dims))
    with op_scope(name, "ReduceLogSumExp", [input_tensor]) as scope:
        largest = reduce_max(input_tensor, axis, keepdims=True)
        largest = stop_gradient(SelectV2(is_finite(largest), largest, 0))
        result = log(reduce_sum(exp(subtract(input_tensor, largest)), axis, keepdims=keep))
        if not keep:
            largest = reshape(largest, Shape(result, out_type=dtypes.int32))
        return add(result, largest, name=scope)


def count_nonzero(
    input_tensor: Any = None,
    axis: Any = None,
    keepdims: Any = None,
    dtype: Any = dtypes.int64,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: Any = None,
    input: Any = None,
) -> Tensor:
    """How many elements along `axis` are not zero (not the empty string, not False), as `dtype`."""
    x = _one_of("input", input, "input_tensor", input_tensor)
    axis = _one_of("axis", axis, "reduction_indices", reduction_indices)
    keepdims = _one_of("keepdims", keepdims, "keep_dims", keep_dims)
    with op_scope(name, "count_nonzero", [x]):
        x = convert_to_tensor(x, name="input")
        found = cast(not_equal(x, zeros([], x.dtype)), dtypes.int64)
        return cast(reduce_sum(found, axis, keepdims), dtype)


# -- where the largest and the smallest are -------------------------------------------------------------------------


def _without_axis(x: Tensor, dimension: Tensor, **_: Any) -> TensorShape:
    sizes, axis = x.shape.sizes, constant_value(dimension)
    if sizes is None or not sizes:
        return TensorShape(None)  # a scalar's lack of axes is told when it runs
    if axis is None:
        return unknown_shape(len(sizes) - 1)
    at, ndim = int(axis), len(sizes)
    if not -ndim <= at < ndim:
        raise ValueError(
            f"Dimension ({at}) must be in the range [{-ndim}, {ndim}), "
            f"where {ndim} is the number of dimensions in the input."
        )
    at %= ndim
    return TensorShape(sizes[:at] + sizes[at + 1 :])


def _position(function: str, worst: float) -> Rule:
    """The kernel of ArgMax or ArgMin: the first of equals; NaN counts as the worst there is."""

    def kernel(k: Any, x: Array, dimension: np.ndarray, output_type: DType) -> Array:
        axis = int(dimension)
        if not -x.ndim <= axis < x.ndim:
            raise InvalidArgumentError(
                None, None, f"Expected dimension in the range [{-x.ndim}, {x.ndim}), but got {axis}"
            )
        if not x.shape[axis]:
            sizes = ",".join(map(str, x.shape))
            raise InvalidArgumentError(None, None, f"Reduction axis {axis} is empty in shape [{sizes}]")
        if x.dtype.kind in "fV":
            x = k.xp.where(k.xp.isnan(x), k.xp.full((), worst, x.dtype), x)
        return k.cast(getattr(k.xp, function)(x, axis=axis), output_type.numpy)

    return kernel


def _arg_op(type: str, kernel: Rule) -> OpDef:
    return define(
        type,
        "input:T, dimension:I -> output:output_type",
        shape=_without_axis,
        kernel=kernel,
        grad=not_differentiable,
        types={"T": (*REALS, dtypes.bool_)},
        host=["dimension"],
    )


ArgMax = _arg_op("ArgMax", _position("argmax", -np.inf))
ArgMin = _arg_op("ArgMin", _position("argmin", np.inf))


def _locate(op: OpDef, x: Any, axis: Any, name: str | None, dimension: Any, output_type: Any) -> Tensor:
    axis = _one_of("axis", axis, "dimension", dimension)
    return op(x, 0 if axis is None else axis, output_type=as_dtype(output_type), name=name)


def argmax(
    input: Any, axis: Any = None, name: str | None = None, dimension: Any = None, output_type: Any = dtypes.int64
) -> Tensor:
    """Where along `axis` (by default 0) the largest element is; the first of equals."""
    return _locate(ArgMax, input, axis, name, dimension, output_type)


def argmin(
    input: Any, axis: Any = None, name: str | None = None, dimension: Any = None, output_type: Any = dtypes.int64
) -> Tensor:
    """Where along `axis` (by default 0) the smallest element is; the first of equals."""
    return _locate(ArgMin, input, axis, name, dimension, output_type)


def arg_max(input: Any, dimension: Any, output_type: Any = dtypes.int64, name: str | None = None) -> Tensor:
    """`argmax` under its older name."""
    return argmax(input, dimension, name, output_type=output_type)


def arg_min(input: Any, dimension: Any, output_type: Any = dtypes.int64, name: str | None = None) -> Tensor:
    """`argmin` under its older name."""
    return argmin(input, dimension, name, output_type=output_type)


# -- running sums and products --------------------------------------------------------------------------------------


def _scan(function: str, start: int) -> Rule:
    """The kernel of Cumsum or Cumprod; `start` is what stands before the first element."""

    def kernel(k: Any, x: Array, axis: np.ndarray, exclusive: bool, reverse: bool) -> Array:
        at = int(axis)
        if not -x.ndim <= at < x.ndim:
            raise InvalidArgumentError(
                None, None, f"ScanOp: Expected scan axis in the range [{-x.ndim}, {x.ndim}), but got {at}"
            )
        if reverse:
            x = k.xp.flip(x, at)
        result = k.cast(getattr(k.xp, function)(x, axis=at, dtype=summing_dtype(x.dtype)), x.dtype)
        if exclusive:
            later = k.xp.full(x.shape, start, x.dtype)
            ahead, behind = [slice(None)] * x.ndim, [slice(None)] * x.ndim
            ahead[at], behind[at] = slice(1, None), slice(None, -1)
            later[tuple(ahead)] = result[tuple(behind)]
            result = later
        return k.xp.flip(result, at) if reverse else result

    return kernel


def _opposite(op: Operation) -> dict[str, Any]:
    return {"exclusive": op.attrs["exclusive"], "reverse": not op.attrs["reverse"]}


Cumsum: OpDef = define(
    "Cumsum",
    "x:T, axis:I -> out:T",
    shape=same_shape,
    kernel=_scan("cumsum", 0),
    grad=lambda op, g: [Cumsum(g, op.inputs[1], **_opposite(op)), None],
    types={"T": NUMBERS},
    host=["axis"],
)

Cumprod = define(
    "Cumprod",
    "x:T, axis:I -> out:T",
    shape=same_shape,
    kernel=_scan("cumprod", 1),
    grad=lambda op, g: [div_no_nan(Cumsum(op.outputs[0] * g, op.inputs[1], **_opposite(op)), op.inputs[0]), None],
    types={"T": REALS},
    host=["axis"],
)


def cumsum(x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None) -> Tensor:
    """The sums of all elements up to each one along `axis`.

    `exclusive` leaves the element itself out, `reverse` adds up from the end.
    """
    with op_scope(name, "Cumsum", [x]) as scope:
        return Cumsum(convert_to_tensor(x, name="x"), axis, exclusive=exclusive, reverse=reverse, name=scope)


def cumprod(x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None) -> Tensor:
    """The products of all elements up to each one along `axis`. Arguments as for `cumsum`.

    The gradient is taken by division, so it is 0 for an element that is 0, as in TensorFlow.
    """
    with op_scope(name, "Cumprod", [x]) as scope:
        return Cumprod(convert_to_tensor(x, name="x"), axis, exclusive=exclusive, reverse=reverse, name=scope)


__all__ = [
    "arg_max", "arg_min", "argmax", "argmin", "count_nonzero", "cumprod", "cumsum", "reduce_all", "reduce_any",
    "reduce_euclidean_norm", "reduce_logsumexp", "reduce_max", "reduce_mean", "reduce_min", "reduce_prod", "reduce_std",
    "reduce_sum", "reduce_variance",
]  # fmt: skip
