"""Ops that join tensors and that split them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import dtypes
from ..build import convert_to_tensor
from ..errors import InvalidArgumentError
from ..graph import Operation, Tensor, op_scope
from ..registry import OpDef, brackets, define
from ..shapes import Dimension, TensorShape, unknown_shape
from ..static import constant_value, constant_value_as_shape
from .arithmetic import merge_shapes
from .basic import cast, expand_dims, identity
from .basic import shape as shape_of

# -- joining --------------------------------------------------------------------------------------------------------


def with_known_rank(shape: TensorShape, rank: int) -> TensorShape:
    """The shape, known to have `rank` dimensions. Raises ValueError where it has another number."""
    if shape.ndims not in (None, rank):
        raise ValueError(f"Shape must be rank {rank} but is rank {shape.ndims}")
    return shape.with_rank(rank)


def at_least_rank(shape: TensorShape, rank: int) -> None:
    """Raises ValueError where the shape has fewer dimensions."""
    if shape.ndims is not None and shape.ndims < rank:
        raise ValueError(f"Shape must be at least rank {rank} but is rank {shape.ndims}")


def static_int(tensor: Tensor) -> int | None:
    """The value of an integer scalar where the graph alone fixes it, else None."""
    value = constant_value(tensor)
    return None if value is None else int(value)


def known_rank(shapes: Sequence[TensorShape]) -> int | None:
    """The rank that all shapes have, None where none is known. Raises ValueError where two differ."""
    found = None
    for shape in shapes:
        if found is not None:
            with_known_rank(shape, found)
        elif shape.ndims is not None:
            found = shape.ndims
    return found


def with_size(shape: TensorShape, axis: int, length: int | None) -> TensorShape:
    sizes = shape.as_list()
    sizes[axis] = length
    return TensorShape(sizes)


def times(length: int | None, by: int | None) -> int | None:
    """The product of two lengths, None where one is unknown."""
    return None if length is None or by is None else length * by


def _concatenated(*inputs: Tensor) -> TensorShape:
    shapes, axis = [t.shape for t in inputs[:-1]], inputs[-1]
    rank, at = known_rank(shapes), static_int(axis)
    if rank is None or at is None:
        return unknown_shape(rank)
    at_least_rank(unknown_shape(rank), max(at + 1, -at, 1))
    at %= rank
    before, after = unknown_shape(at), unknown_shape(rank - at - 1)
    lengths: list[int | None] = []
    for shape in shapes:
        sizes = shape.with_rank(rank)
        before, after = merge_shapes(before, sizes[:at]), merge_shapes(after, sizes[at + 1 :])
        lengths.append(sizes.as_list()[at])
    total = None if None in lengths else sum(lengths)  # type: ignore[arg-type]
    return TensorShape([*before.as_list(), total, *after.as_list()])


def _concat_gradient(op: Operation, g: Tensor) -> list[Tensor | None]:
    *values, axis = op.inputs
    at = static_int(axis)
    sizes: list[Any] = [None if at is None or v.shape.sizes is None else v.shape.sizes[at] for v in values]
    if None in sizes:
        sizes = [shape_of(v)[axis if at is None else at] for v in values]
    return [*SplitV(g, stack(sizes), cast(axis, dtypes.int32), num_split=len(values)), None]


def _concat_kernel(k: Any, *inputs: Any) -> Any:
    *values, axis = inputs
    try:
        return k.xp.concatenate(values, axis=int(axis))
    except ValueError:
        raise InvalidArgumentError(None, None, _concat_problem(values, int(axis))) from None


def _concat_problem(values: Sequence[Any], axis: int) -> str:
    """What keeps arrays from being concatenated, in TensorFlow's words."""
    first, rank = values[0], values[0].ndim
    if not -rank <= axis < rank:
        return f"ConcatOp : Expected concatenating dimensions in the range [{-rank}, {rank}), but got {axis}"
    for n, value in enumerate(values):
        both = f"shape[0] = {brackets(first.shape)} vs. shape[{n}] = {brackets(value.shape)}"
        if value.ndim != rank:
            return f"ConcatOp : Ranks of all input tensors should match: {both}"
        for at in range(rank):
            if at != axis % rank and value.shape[at] != first.shape[at]:
                return f"ConcatOp : Dimension {at} in both shapes must be equal: {both}"
    return "ConcatOp : the inputs do not fit together"


ConcatV2: OpDef = define(
    "ConcatV2",
    "values:T*, axis:I -> output:T",
    shape=_concatenated,
    kernel=_concat_kernel,
    grad=_concat_gradient,
    host=["axis"],
)


def concat(values: Any, axis: Any, name: str = "concat") -> Tensor:
    """The tensors of `values` joined along `axis`; all their other dimensions must be equal (else ValueError)."""
    if not isinstance(values, (list, tuple)):
        values = [values]
    if len(values) == 1:
        with op_scope(name, values=values):
            axis = convert_to_tensor(axis, dtypes.int32, name="concat_dim")
            with_known_rank(axis.shape, 0)
            return identity(values[0], name=name)
    if not values:
        raise ValueError("List argument 'values' to 'ConcatV2' Op with length 0 shorter than minimum length 2.")
    return ConcatV2(*values, axis, name=name)


def _packed(*values: Tensor, axis: int) -> TensorShape:
    shape = TensorShape(None)
    for value in values:
        shape = merge_shapes(shape, value.shape)
    if shape.sizes is None:
        return shape
    rank = len(shape.sizes) + 1
    if not -rank <= axis < rank:
        raise ValueError(f"Argument `axis` = {axis} not in range [{-rank}, {rank})")
    at = axis % rank
    return TensorShape([*shape.sizes[:at], len(values), *shape.sizes[at:]])


def _pack_kernel(k: Any, *values: Any, axis: int) -> Any:
    for n, value in enumerate(values):
        if value.shape != values[0].shape:
            both = f"values[0].shape = {brackets(values[0].shape)} != values[{n}].shape = {brackets(value.shape)}"
            raise InvalidArgumentError(None, None, f"Shapes of all inputs must match: {both}")
    return k.xp.stack(values, axis)


Pack: OpDef = define(
    "Pack",
    "values:T* -> output:T",
    shape=_packed,
    kernel=_pack_kernel,
    grad=lambda op, g: Unpack(g, num=len(op.inputs), axis=op.attrs["axis"]),
)


def stack(values: Any, axis: int = 0, name: str = "stack") -> Tensor:
    """The tensors of `values`, all of one shape, as the slices of a new dimension before `axis`.

    Raises ValueError for shapes that differ and for an axis outside [-(R+1), R+1).
    """
    if axis == 0:
        try:
            return convert_to_tensor(values, name=name)  # numbers alone become one constant, as in TensorFlow
        except (TypeError, ValueError):
            pass
    rank = convert_to_tensor(values[0], name=name).shape.ndims
    if rank is not None and not -rank - 1 <= axis <= rank:
        raise ValueError(f"Argument `axis` = {axis} not in range [{-rank - 1}, {rank + 1})")
    return Pack(*values, axis=axis, name=name)


def parallel_stack(values: Sequence[Any], name: str = "parallel_stack") -> Tensor:
    """`stack` along axis 0."""
    with op_scope(name, values=values):
        return ConcatV2(*(expand_dims(value, 0) for value in values), 0, name="ParallelConcat")


# -- splitting ------------------------------------------------------------------------------------------------------


def _axis_of_split(x: Tensor, axis: Tensor) -> int | None:
    """The axis of a split as a non-negative number, None where it or the rank is unknown. ValueError out of range."""
    at, rank = static_int(axis), x.shape.ndims
    if at is None or rank is None:
        return None
    if not -rank <= at < rank:
        raise ValueError(f"Dimension size, given by scalar input {at} must be in range [{-rank}, {rank})")
    return at % rank


def _split_evenly(axis: Tensor, x: Tensor, num_split: int) -> list[TensorShape]:
    if num_split < 1:
        raise ValueError(f"Attr 'num_split' of 'Split' Op passed {num_split} less than minimum 1.")
    at = _axis_of_split(x, axis)
    if at is None:
        return [unknown_shape(x.shape.ndims)] * num_split
    length = x.shape.as_list()[at]
    if length is not None and length % num_split:
        raise ValueError(f"Dimension size must be evenly divisible by {num_split} but is {length}")
    return [with_size(x.shape, at, None if length is None else length // num_split)] * num_split


def _pieces(x: Any, sizes: Sequence[int], axis: int) -> list[Any]:
    """Consecutive slices of `x` along `axis`: views."""
    begin, pieces = 0, []
    lead = (slice(None),) * (axis % x.ndim)
    for length in sizes:
        pieces.append(x[(*lead, slice(begin, begin + length))])
        begin += length
    return pieces


def _split_kernel(k: Any, axis: Any, x: Any, num_split: int) -> list[Any]:
    length = x.shape[int(axis)]
    if length % num_split:
        raise InvalidArgumentError(
            None,
            None,
            f"Number of ways to split should evenly divide the split dimension, but got split_dim {axis} "
            f"(size = {length}) and num_split {num_split}",
        )
    return _pieces(x, [length // num_split] * num_split, int(axis))


Split: OpDef = define(
    "Split",
    "split_dim:int32, value:T -> output:T*num_split",
    shape=_split_evenly,
    kernel=_split_kernel,
    grad=lambda op, *grads: [None, ConcatV2(*grads, op.inputs[0])],
    host=["split_dim"],
    view=True,
)


def _complete_sizes(sizes: Sequence[int], length: int) -> list[int]:
    """The sizes of a split with its one -1 filled in. Raises ValueError where they do not add up to the length."""
    if sizes.count(-1) > 1:
        raise ValueError("size_splits can only have one -1")
    rest = length - sum(s for s in sizes if s != -1)
    if rest < 0 or (rest and -1 not in sizes) or min(sizes, default=0) < -1:
        listed = ",".join(map(str, sizes))
        raise ValueError(f"can't split axis of size {length} into pieces of size [{listed}]")
    return [rest if s == -1 else s for s in sizes]


def _split_by_sizes(x: Tensor, size_splits: Tensor, axis: Tensor, num_split: int) -> list[TensorShape]:
    at = _axis_of_split(x, axis)
    if at is None:
        return [unknown_shape(x.shape.ndims)] * num_split
    length, known = x.shape.as_list()[at], constant_value(size_splits)
    if known is not None and length is not None:
        sizes: Sequence[int | None] = _complete_sizes(known.tolist(), length)
    else:
        sizes = constant_value_as_shape(size_splits).with_rank(num_split).as_list()
    return [with_size(x.shape, at, s) for s in sizes]


def _split_by_sizes_kernel(k: Any, x: Any, size_splits: Any, axis: Any, num_split: int) -> list[Any]:
    try:
        sizes = _complete_sizes(size_splits.tolist(), x.shape[int(axis)])
    except ValueError as error:
        raise InvalidArgumentError(None, None, str(error)) from None
    return _pieces(x, sizes, int(axis))


SplitV: OpDef = define(
    "SplitV",
    "value:T, size_splits:I, split_dim:int32 -> output:T*num_split",
    shape=_split_by_sizes,
    kernel=_split_by_sizes_kernel,
    grad=lambda op, *grads: [concat(list(grads), op.inputs[2]), None, None],
    host=["size_splits", "split_dim"],
    view=True,
)


def split(
    value: Any, num_or_size_splits: Any, axis: Any = 0, num: int | None = None, name: str = "split"
) -> list[Tensor]:
    """`value` cut along `axis` into a number of equal pieces, or into pieces of the given sizes (one may be -1).

    `num` is the number of pieces where `num_or_size_splits` is a tensor of unknown length. Raises ValueError where the
    pieces do not add up.
    """
    if isinstance(num_or_size_splits, (int, np.integer, Dimension)):
        return Split(axis, value, num_split=int(num_or_size_splits), name=name)
    sizes = convert_to_tensor(num_or_size_splits)
    if sizes.shape.ndims == 0:
        raise ValueError(f"Cannot infer argument `num` from shape {num_or_size_splits}")
    if num is None:
        num = sizes.shape.with_rank(1).as_list()[0]
        if num is None:
            raise ValueError(f"Cannot infer argument `num` from shape {num_or_size_splits}")
    return SplitV(value, sizes, axis, num_split=num, name=name)


def _unpacked(value: Tensor, num: int, axis: int) -> list[TensorShape]:
    sizes = value.shape.sizes
    if sizes is None:
        return [TensorShape(None)] * num
    if not -len(sizes) <= axis < len(sizes):
        raise ValueError(f"Argument `axis` = {axis} not in range [{-len(sizes)}, {len(sizes)})")
    at = axis % len(sizes)
    if sizes[at] not in (None, num):
        raise ValueError(f"Dimension must be {num} but is {sizes[at]}")
    return [TensorShape(sizes[:at] + sizes[at + 1 :])] * num


def _unpack_kernel(k: Any, x: Any, num: int, axis: int) -> list[Any]:
    if x.shape[axis] != num:
        raise InvalidArgumentError(None, None, f"Input shape axis {axis} must equal {num}, got shape {list(x.shape)}")
    return list(k.xp.moveaxis(x, axis, 0))


Unpack: OpDef = define(
    "Unpack",
    "value:T -> output:T*num",
    shape=_unpacked,
    kernel=_unpack_kernel,
    grad=lambda op, *grads: Pack(*grads, axis=op.attrs["axis"]),
    view=True,
)


def unstack(value: Any, num: int | None = None, axis: int = 0, name: str = "unstack") -> list[Tensor]:
    """The slices of `value` along `axis`, which disappears. Raises ValueError where their number is not known."""
    if num is None:
        value = convert_to_tensor(value)
        rank = value.shape.ndims
        if rank is not None:
            if not -rank <= axis < rank:
                raise ValueError(f"Argument `axis` = {axis} not in range [{-rank}, {rank})")
            num = value.shape.sizes[axis]
    if num is None:
        raise ValueError(f"Cannot infer argument `num` from shape {value.shape}")
    return Unpack(value, num=int(num), axis=axis, name=name)


__all__ = ["concat", "parallel_stack", "split", "stack", "unstack"]
