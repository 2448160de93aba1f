"""Ops that rearrange and repeat the elements of tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes
from ..build import convert_to_tensor
from ..errors import InvalidArgumentError
from ..graph import Operation, Tensor, op_scope
from ..registry import OpDef, check_equal, define, not_differentiable
from ..shapes import TensorShape, as_shape, broadcast_sizes, unknown_shape
from ..static import constant_value, constant_value_as_shape
from .arithmetic import merge_shapes
from .basic import ones, ones_like, rank, reshape, size, sum_to_shape
from .basic import shape as shape_of
from .joining import at_least_rank, stack, times, with_known_rank, with_size
from .ranges import Range

# -- rearranging ----------------------------------------------------------------------------------------------------


def _invert(k: Any, x: Any) -> Any:
    count = x.size
    if bool((wrong := (x < 0) | (x >= count)).any()):
        raise InvalidArgumentError(None, None, f"{x[wrong][0]} is not between 0 and {count}")
    inverse = k.xp.full(count, -1, x.dtype)
    inverse[x] = k.xp.arange(count, dtype=x.dtype)
    if bool((inverse < 0).any()):
        ordered = k.xp.sort(x)
        raise InvalidArgumentError(
            None, None, f"{ordered[:-1][ordered[:-1] == ordered[1:]][0]} is duplicated in the input."
        )
    return inverse


InvertPermutation = define(
    "InvertPermutation",
    "x:I -> y:I",
    shape=lambda x: with_known_rank(x.shape, 1),
    kernel=_invert,
    grad=not_differentiable,
)


def invert_permutation(x: Any, name: str | None = None) -> Tensor:
    """The permutation y with y[x[i]] = i. Raises InvalidArgumentError in a run where `x` is none of 0 … n-1."""
    return InvertPermutation(x, name=name)


def _transposed(x: Tensor, perm: Tensor) -> TensorShape:
    order = constant_value(perm)
    length = perm.shape.with_rank(1).as_list()[0]
    sizes = x.shape.sizes
    if sizes is None or length is None:
        return unknown_shape(x.shape.ndims if length is None else length)
    if len(sizes) != length:
        raise ValueError(f"Dimension must be {len(sizes)} but is {length}")
    if order is None:
        return unknown_shape(length)
    for axis in order:
        if not -length <= axis < length:
            raise ValueError(f"perm dim {axis} is out of range of input rank {length}")
    return TensorShape([sizes[axis] for axis in order])


def _transpose_kernel(k: Any, x: Any, perm: Any) -> Any:
    order = [int(axis) % max(x.ndim, 1) for axis in perm]
    missing = sorted(set(range(x.ndim)) - set(order))
    if missing:
        raise InvalidArgumentError(None, None, f"{missing[0]} is missing from {{{','.join(str(p) for p in perm)}}}.")
    return k.xp.transpose(x, order)


def _inverse_order(perm: Tensor) -> Any:
    order = constant_value(perm)
    return invert_permutation(perm) if order is None else np.argsort(order % max(len(order), 1)).astype(order.dtype)


Transpose: OpDef = define(
    "Transpose",
    "x:T, perm:I -> y:T",
    shape=_transposed,
    kernel=_transpose_kernel,
    grad=lambda op, g: [Transpose(g, _inverse_order(op.inputs[1])), None],
    host=["perm"],
    view=True,
)

ConjugateTranspose: OpDef = define(
    "ConjugateTranspose",
    "x:T, perm:I -> y:T",
    shape=_transposed,
    kernel=lambda k, x, perm: k.xp.conj(_transpose_kernel(k, x, perm)),
    grad=lambda op, g: [ConjugateTranspose(g, _inverse_order(op.inputs[1])), None],
    host=["perm"],
    view=True,
)


def transpose(a: Any, perm: Any = None, name: str = "transpose", conjugate: bool = False) -> Tensor:
    """`a` with its dimensions in another order: dimension i of the result is dimension perm[i] of `a`.

    Without `perm` the order is reversed. `conjugate` also conjugates complex values.
    """
    with op_scope(name, "transpose", [a]) as scope:
        tensor = convert_to_tensor(a, name="a")
        op = ConjugateTranspose if conjugate and tensor.dtype.is_complex else Transpose
        if perm is None:
            if tensor.shape.ndims is None:
                perm = Range(rank(tensor) - 1, -1, -1)
            else:
                perm = np.arange(tensor.shape.ndims, dtype=np.int32)[::-1]
        return op(tensor, perm, name=scope)


def _interleaved(evens: Any, odds: Any) -> Tensor:
    """Two vectors of one length as the vector [even, odd, even, odd, …]."""
    return reshape(stack([evens, odds], axis=1), [-1])


def _tiled(x: Tensor, multiples: Tensor) -> TensorShape:
    counts = constant_value_as_shape(multiples)
    if x.shape.sizes is None or counts.sizes is None:
        return unknown_shape(x.shape.ndims if counts.sizes is None else counts.ndims)
    if len(x.shape.sizes) != len(counts.sizes):
        raise ValueError(f"Shape must be rank {len(x.shape.sizes)} but is rank {len(counts.sizes)}")
    return TensorShape([times(d, n) for d, n in zip(x.shape.sizes, counts.sizes, strict=True)])


def _tile_kernel(k: Any, x: Any, multiples: Any) -> Any:
    for axis, count in enumerate(multiples):
        if count < 0:
            raise InvalidArgumentError(None, None, f"Expected multiples[{axis}] >= 0, but got {count}")
    return k.xp.tile(x, tuple(int(n) for n in multiples))


def _tile_gradient(op: Operation, g: Tensor) -> list[Tensor | None]:
    x, multiples = op.inputs
    sizes = shape_of(x, out_type=multiples.dtype)
    copies = reshape(g, _interleaved(multiples, sizes))
    return [reshape(sum_to_shape(copies, _interleaved(ones_like(sizes), sizes)), sizes), None]


Tile = define(
    "Tile",
    "input:T, multiples:I -> output:T",
    shape=_tiled,
    kernel=_tile_kernel,
    grad=_tile_gradient,
    host=["multiples"],
)


def tile(input: Any, multiples: Any, name: str | None = None) -> Tensor:
    """`input` repeated multiples[i] times along its dimension i."""
    return Tile(input, multiples, name=name)


def _reversed_shape(x: Tensor, axis: Tensor) -> TensorShape:
    with_known_rank(axis.shape, 1)
    axes, rank = constant_value(axis), x.shape.ndims
    if axes is not None and rank is not None:
        for i, at in enumerate(axes):
            if not -rank <= at < rank:
                raise ValueError(f"'axis'[{i}] = {at} is out of valid range [0, {rank - 1}")
        for at in axes:
            if sum(other % rank == at % rank for other in axes) > 1:
                raise ValueError(f"axis {at % rank} specified more than once.")
    return x.shape


ReverseV2: OpDef = define(
    "ReverseV2",
    "tensor:T, axis:I -> output:T",
    shape=_reversed_shape,
    kernel=lambda k, x, axis: k.xp.flip(x, tuple(int(a) for a in axis)),
    grad=lambda op, g: [reverse(g, op.inputs[1]), None],
    host=["axis"],
    view=True,
)


def reverse(tensor: Any, axis: Any, name: str | None = None) -> Tensor:
    """`tensor` with the order along each dimension of the 1-D `axis` reversed."""
    return ReverseV2(tensor, axis, name=name)


def _sequences_shape(x: Tensor, seq_lengths: Tensor, seq_dim: int, batch_dim: int) -> TensorShape:
    count = with_known_rank(seq_lengths.shape, 1).as_list()[0]
    at_least_rank(x.shape, max(seq_dim, batch_dim) + 1)
    if x.shape.sizes is None:
        return x.shape
    batch = x.shape.sizes[batch_dim]
    check_equal(batch, count)
    return with_size(x.shape, batch_dim, count if batch is None else batch)


def _reverse_sequences(k: Any, x: Any, lengths: Any, seq_dim: int, batch_dim: int) -> Any:
    xp = k.xp
    if batch_dim == seq_dim:
        raise InvalidArgumentError(None, None, f"batch_dim == seq_dim == {seq_dim}")
    by_batch = xp.moveaxis(x, (batch_dim, seq_dim), (0, 1))
    batch, longest = by_batch.shape[:2]
    if len(lengths) != batch:
        problem = f"Length of seq_lens != input.dims({batch_dim}), ({len(lengths)} vs. {batch})"
        raise InvalidArgumentError(None, None, problem)
    if bool((wrong := (lengths < 0) | (lengths > longest)).any()):
        at = int(xp.argmax(wrong))
        problem = f"seq_lens({at}) < 0" if int(lengths[at]) < 0 else f"seq_lens({at}) > input.dims({seq_dim})"
        raise InvalidArgumentError(None, None, problem)
    place = xp.arange(longest)
    length = lengths[:, None]
    source = xp.where(place < length, length - 1 - place, place)
    return xp.moveaxis(by_batch[xp.arange(batch)[:, None], source], (0, 1), (batch_dim, seq_dim))


ReverseSequence: OpDef = define(
    "ReverseSequence",
    "input:T, seq_lengths:I -> output:T",
    shape=_sequences_shape,
    kernel=_reverse_sequences,
    grad=lambda op, g: [ReverseSequence(g, op.inputs[1], **op.attrs), None],
)


def reverse_sequence(
    input: Any,
    seq_lengths: Any,
    seq_axis: int | None = None,
    batch_axis: int | None = None,
    name: str | None = None,
    seq_dim: int | None = None,
    batch_dim: int | None = None,
) -> Tensor:
    """For each entry i along `batch_axis`, reverses the first seq_lengths[i] elements along `seq_axis`."""
    seq_dim = seq_axis if seq_dim is None else seq_dim
    batch_dim = batch_axis if batch_dim is None else batch_dim
    return ReverseSequence(input, seq_lengths, seq_dim=seq_dim, batch_dim=batch_dim or 0, name=name)


def _rolled_shape(x: Tensor, shift: Tensor, axis: Tensor) -> TensorShape:
    at_least_rank(x.shape, 1)
    merge_shapes(shift.shape, axis.shape)
    return x.shape


def _roll_kernel(k: Any, x: Any, shift: Any, axis: Any) -> Any:
    for at in axis.ravel():
        if not -x.ndim <= at < x.ndim:
            raise InvalidArgumentError(None, None, f"axis {at} is out of range")
    return k.xp.roll(x, tuple(int(s) for s in shift.ravel()), tuple(int(a) for a in axis.ravel()))


Roll: OpDef = define(
    "Roll",
    "input:T, shift:Tshift, axis:I -> output:T",
    shape=_rolled_shape,
    kernel=_roll_kernel,
    grad=lambda op, g: [roll(g, -op.inputs[1], op.inputs[2]), None, None],
    types={"Tshift": (dtypes.int32, dtypes.int64)},
    host=["shift", "axis"],
)


def roll(input: Any, shift: Any, axis: Any, name: str | None = None) -> Tensor:
    """`input` moved round by `shift` places along `axis`: scalars, or vectors of one length."""
    return Roll(input, shift, axis, name=name)


# -- grids and broadcasting -----------------------------------------------------------------------------------------


def meshgrid(*args: Any, **kwargs: Any) -> list[Tensor]:
    """For each 1-D argument its values spread over the grid of all; `indexing` is "xy" (the default) or "ij"."""
    indexing, name = kwargs.pop("indexing", "xy"), kwargs.pop("name", "meshgrid")
    if kwargs:
        raise TypeError(f"{next(iter(kwargs))!r} is an invalid keyword argument for this function")
    if indexing not in ("xy", "ij"):
        raise ValueError(f"Argument `indexing` parameter must be either 'xy' or 'ij', got '{indexing}'")
    if not args:
        return []
    with op_scope(name, "meshgrid", args):
        single = (1,) * len(args)
        spread = [reshape(stack(x), (*single[:i], -1, *single[i + 1 :])) for i, x in enumerate(args)]
        lengths = [size(x) for x in args]
        dtype = convert_to_tensor(args[0]).dtype
        if indexing == "xy" and len(args) > 1:
            spread[0] = reshape(spread[0], (1, -1, *single[2:]))
            spread[1] = reshape(spread[1], (-1, 1, *single[2:]))
            lengths[0], lengths[1] = lengths[1], lengths[0]
        everywhere = ones(lengths, dtype)
        return [x * everywhere for x in spread]


def _broadcast_args(k: Any, s0: Any, s1: Any) -> np.ndarray:
    try:
        return np.array(np.broadcast_shapes(tuple(s0), tuple(s1)), s0.dtype)
    except ValueError:
        raise InvalidArgumentError(None, None, f"Incompatible shapes: {s0.tolist()} vs. {s1.tolist()}") from None


def _broadcast_args_shape(s0: Tensor, s1: Tensor) -> TensorShape:
    x, y = (with_known_rank(s.shape, 1).as_list()[0] for s in (s0, s1))
    return TensorShape([None if x is None or y is None else max(x, y)])


BroadcastArgs = define(
    "BroadcastArgs",
    "s0:I, s1:I -> r0:I",
    shape=_broadcast_args_shape,
    kernel=_broadcast_args,
    grad=not_differentiable,
    host=["s0", "s1"],
    host_result=True,
)


def broadcast_dynamic_shape(shape_x: Any, shape_y: Any) -> Tensor:
    """The shape, as a tensor, of what tensors of two shapes broadcast to."""
    return BroadcastArgs(shape_x, shape_y)


def broadcast_static_shape(shape_x: Any, shape_y: Any) -> TensorShape:
    """The shape of what tensors of two static shapes broadcast to. Raises ValueError where they do not."""
    x, y = as_shape(shape_x), as_shape(shape_y)
    try:
        return broadcast_sizes(x, y)
    except ValueError:
        raise ValueError(
            "Incompatible shapes for broadcasting. Two shapes are compatible if for each dimension pair they are "
            f"either equal or one of them is 1. Received: {x} and {y}."
        ) from None


reverse_v2 = reverse

__all__ = [
    "broadcast_dynamic_shape", "broadcast_static_shape", "invert_permutation", "meshgrid", "reverse",
    "reverse_sequence", "reverse_v2", "roll", "tile", "transpose",
]  # fmt: skip
