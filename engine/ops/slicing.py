"""Slices of tensors, assignment to slices of variables, and padding, which is what slices are differentiated by."""

from __future__ import annotations

import builtins  # the module's own `slice` makes tensors
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import InvalidArgumentError
from ..graph import Operation, Tensor
from ..registry import OpDef, define, not_differentiable
from ..shapes import TensorShape, unknown_shape
from ..state import variable_of
from ..static import constant_value, constant_value_as_shape
from .arithmetic import merge_shapes
from .basic import ones_like, sum_to_shape
from .basic import shape as shape_of
from .joining import stack, with_known_rank

# -- slice ----------------------------------------------------------------------------------------------------------


def _sliced(x: Tensor, begin: Tensor, size: Tensor) -> TensorShape:
    rank = merge_shapes(with_known_rank(begin.shape, 1), with_known_rank(size.shape, 1)).as_list()[0]
    if rank is not None:
        with_known_rank(x.shape, rank)
    sizes, starts, known = constant_value(size), constant_value(begin), x.shape.sizes
    if sizes is None:
        lengths = constant_value_as_shape(size)  # a -1 cannot be told from an unknown there, and means either
        return lengths if lengths.sizes is not None else unknown_shape(x.shape.ndims)
    result: list[int | None] = []
    for axis, length in enumerate(sizes):
        if length < -1:
            raise ValueError(f"Invalid value in tensor used for shape: {length}")
        whole = None if known is None else known[axis]
        if length >= 0:
            result.append(int(length))
        elif starts is None or whole is None:
            result.append(None)
        elif starts[axis] > whole:
            raise ValueError(f"Negative dimension size caused by subtracting {starts[axis]} from {whole}")
        else:
            result.append(whole - int(starts[axis]))
    return TensorShape(result)


def _slice_kernel(k: Any, x: Any, begin: Any, size: Any) -> Any:
    index = []
    for axis, (start, length, whole) in enumerate(zip(begin.tolist(), size.tolist(), x.shape, strict=True)):
        if not 0 <= start <= whole:
            raise InvalidArgumentError(None, None, f"Expected begin[{axis}] in [0, {whole}], but got {start}")
        if not -1 <= length <= whole - start:
            raise InvalidArgumentError(None, None, f"Expected size[{axis}] in [0, {whole - start}], but got {length}")
        index.append(builtins.slice(start, whole if length == -1 else start + length))
    return x[tuple(index)]


def _slice_gradient(op: Operation, g: Tensor) -> list[Tensor | None]:
    x, begin, _ = op.inputs
    after = shape_of(x, out_type=begin.dtype) - begin - shape_of(g, out_type=begin.dtype)
    return [pad(g, stack([begin, after], axis=1)), None, None]


Slice = define(
    "Slice",
    "input:T, begin:I, size:I -> output:T",
    shape=_sliced,
    kernel=_slice_kernel,
    grad=_slice_gradient,
    host=["begin", "size"],
    view=True,
)


def slice(input_: Any, begin: Any, size: Any, name: str | None = None) -> Tensor:
    """The part of `input_` that starts at `begin` and has the shape `size`, where -1 means all that is left."""
    return Slice(input_, begin, size, name=name)


# -- strided slice --------------------------------------------------------------------------------------------------

MASKS = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")


def _bit(mask: int, i: int) -> bool:
    return bool(mask >> i & 1)


def _numpy_index(begin: Any, end: Any, strides: Any, masks: dict[str, int]) -> tuple[Any, ...]:
    """The NumPy index that a strided slice's vectors and masks spell. Raises ValueError for a stride of 0."""
    index: list[Any] = []
    for i, (start, stop, step) in enumerate(zip(begin.tolist(), end.tolist(), strides.tolist(), strict=True)):
        if _bit(masks["ellipsis_mask"], i):
            index.append(Ellipsis)
        elif _bit(masks["new_axis_mask"], i):
            index.append(None)
        elif step == 0:
            raise ValueError(f"strides[{i}] must be non-zero")
        elif _bit(masks["shrink_axis_mask"], i):
            index.append(start)
        else:
            first = None if _bit(masks["begin_mask"], i) else start
            index.append(builtins.slice(first, None if _bit(masks["end_mask"], i) else stop, step))
    return tuple(index)


def _checked_index(shape: Sequence[int], begin: Any, end: Any, strides: Any, masks: dict[str, int]) -> tuple[Any, ...]:
    """`_numpy_index` for an array of a shape. Raises InvalidArgumentError where it does not fit."""
    try:
        index = _numpy_index(begin, end, strides, masks)
        for i, axis in _indexed_axes(index, len(shape)):
            if isinstance(index[i], int):
                _check_inside(index[i], axis, shape[axis])
    except ValueError as error:
        raise InvalidArgumentError(None, None, str(error)) from None
    return index


def _indexed_axes(index: Sequence[Any], rank: int) -> list[tuple[int, int]]:
    """(position in the index, axis) of each entry that takes one axis; an Ellipsis takes those left over."""
    taking = sum(entry is not None and entry is not Ellipsis for entry in index)
    if taking > rank:
        raise ValueError(f"Index out of range using input dim {rank}; input has only {rank} dims")
    pairs, axis = [], 0
    for i, entry in enumerate(index):
        if entry is Ellipsis:
            axis += rank - taking
        elif entry is not None:
            pairs.append((i, axis))
            axis += 1
    return pairs


def _check_inside(place: int, axis: int, length: int) -> None:
    if not -length <= place < length:
        raise ValueError(f"slice index {place} of dimension {axis} out of bounds.")


def _partial_vector(tensor: Tensor, length: int) -> list[int | None]:
    """What is known of the numbers of a vector, be it packed from some tensors."""
    known = constant_value(tensor)
    if known is not None:
        return known.tolist()
    if tensor.op.type == "Pack":
        values = [constant_value(t) for t in tensor.op.inputs]
        return [None if v is None else int(v) for v in values]
    return [None] * length


def _sliced_length(whole: int | None, start: Any, stop: Any, step: int | None) -> int | None:
    """How long a slice of an axis is; `start` and `stop` are None where masked and "?" where unknown."""
    if whole is None or step is None or "?" in (start, stop):
        return None
    return len(range(*builtins.slice(start, stop, step).indices(whole)))


def _entries(steps: Sequence[int | None], masks: dict[str, int]) -> list[Any]:
    """What each part of the spec is: Ellipsis, None for a new axis, else its own position. Raises ValueError."""
    entries: list[Any] = []
    for i, step in enumerate(steps):
        if _bit(masks["ellipsis_mask"], i):
            if Ellipsis in entries:
                raise ValueError("Multiple ellipses in slice spec not allowed")
            entries.append(Ellipsis)
        elif _bit(masks["new_axis_mask"], i):
            entries.append(None)
        else:
            if step == 0:
                raise ValueError(f"strides[{i}] must be non-zero")
            if _bit(masks["shrink_axis_mask"], i) and step not in (1, None):
                raise ValueError("only stride 1 allowed on non-range indexing.")
            entries.append(i)
    return entries


def _strided_shape(x: Tensor, begin: Tensor, end: Tensor, strides: Tensor, **masks: int) -> TensorShape:
    spec = TensorShape(None)
    for vector in (begin, end, strides):
        spec = merge_shapes(spec, with_known_rank(vector.shape, 1))
    length = spec.with_rank(1).as_list()[0]
    if length is None:
        return TensorShape(None)
    starts, stops, steps = (_partial_vector(v, length) for v in (begin, end, strides))
    entries, sizes = _entries(steps, masks), x.shape.sizes
    if sizes is None:
        return TensorShape(None)
    axis_of = dict(_indexed_axes(entries, len(sizes)))
    taken = set(axis_of.values())
    result: list[int | None] = []
    for i, entry in enumerate(entries if Ellipsis in entries else [*entries, Ellipsis]):
        if entry is Ellipsis:
            result += [d for axis, d in enumerate(sizes) if axis not in taken]
        elif entry is None:
            result.append(1)
        elif _bit(masks["shrink_axis_mask"], i):
            place, whole = starts[i], sizes[axis_of[i]]
            if place is not None and whole is not None:
                _check_inside(place, axis_of[i], whole)
        else:
            start = None if _bit(masks["begin_mask"], i) else "?" if starts[i] is None else starts[i]
            stop = None if _bit(masks["end_mask"], i) else "?" if stops[i] is None else stops[i]
            result.append(_sliced_length(sizes[axis_of[i]], start, stop, steps[i]))
    return TensorShape(result)


def _strided_slice_gradient(op: Operation, g: Tensor) -> list[Tensor | None]:
    x, *vectors = op.inputs
    return [StridedSliceGrad(shape_of(x, out_type=vectors[0].dtype), *vectors, g, **op.attrs), None, None, None]


def _into_zeros(k: Any, shape: Any, begin: Any, end: Any, strides: Any, dy: Any, **masks: int) -> Any:
    sizes = tuple(shape.tolist())
    dx = k.xp.zeros(sizes, dy.dtype)
    dx[_checked_index(sizes, begin, end, strides, masks)] = dy
    return dx


def _known_sizes(op: Operation) -> np.ndarray | None:
    """The sizes that a slice of a partly known shape picks, where just these are known: ``tf.shape(x)[1]``."""
    source = op.inputs[0].op
    if source.type != "Shape" or source.inputs[0].shape.sizes is None:
        return None
    begin, end, strides = (constant_value(t) for t in op.inputs[1:])
    if begin is None or end is None or strides is None:
        return None
    picked = np.array(source.inputs[0].shape.sizes, object)[_numpy_index(begin, end, strides, op.attrs)]
    if any(d is None for d in np.ravel(picked)):
        return None
    return np.array(picked, op.outputs[0].dtype.numpy)


StridedSlice = define(
    "StridedSlice",
    "input:T, begin:I, end:I, strides:I -> output:T",
    shape=_strided_shape,
    kernel=lambda k, x, begin, end, strides, **masks: x[_checked_index(x.shape, begin, end, strides, masks)],
    grad=_strided_slice_gradient,
    host=["begin", "end", "strides"],
    view=True,
    fold=_known_sizes,
)

StridedSliceGrad = define(
    "StridedSliceGrad",
    "shape:I, begin:I, end:I, strides:I, dy:T -> output:T",
    shape=lambda shape, *_, **masks: constant_value_as_shape(shape),
    kernel=_into_zeros,
    grad=lambda op, g: [None, None, None, None, StridedSlice(g, *op.inputs[1:4], **op.attrs)],
    host=["shape", "begin", "end", "strides"],
)


def strided_slice(
    input_: Any,
    begin: Any,
    end: Any,
    strides: Any = None,
    begin_mask: int = 0,
    end_mask: int = 0,
    ellipsis_mask: int = 0,
    new_axis_mask: int = 0,
    shrink_axis_mask: int = 0,
    var: Any = None,
    name: str | None = None,
) -> Tensor:
    """What ``input_[begin:end:strides]`` gives, by vectors of numbers with one entry for each part of the index.

    Bit i of a mask says of part i: take all before `end` (begin_mask), all from `begin` on (end_mask), all dimensions
    not spoken of elsewhere (ellipsis_mask), a new dimension of 1 (new_axis_mask), the one element at `begin`, without
    its dimension (shrink_axis_mask). `var` does
    nothing: ``variable[...]`` gives what can be assigned to.
    """
    masks = dict(zip(MASKS, (begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask), strict=True))
    if strides is None:
        strides = ones_like(begin)
    return StridedSlice(input_, begin, end, strides, name=name, **masks)


# -- assignment to a slice of a variable ------------------------------------------------------------------------------


def _bind_slice_assign(op: Operation, k: Any, session: Any, donated: frozenset[int]) -> Callable[..., None]:
    state, masks = session.variable(variable_of(op.inputs[0])), op.attrs

    def assign(begin: Any, end: Any, strides: Any, value: Any) -> None:
        array = state.read()
        index = _checked_index(array.shape, begin, end, strides, masks)
        array[index] = k.xp.broadcast_to(value, array[index].shape)  # raises before anything is written

    return assign


StridedSliceAssign = define(
    "StridedSliceAssign",
    "ref:T, begin:I, end:I, strides:I, value:T -> output_ref:T",
    shape=lambda ref, *_, **masks: ref.shape,
    bind=_bind_slice_assign,
    grad=not_differentiable,
    host=["begin", "end", "strides"],
    writes=True,
    ref=["ref"],
)


# -- padding --------------------------------------------------------------------------------------------------------


def _padded_shape(x: Tensor, paddings: Tensor, *_: Any, **_attrs: Any) -> TensorShape:
    rows = with_known_rank(paddings.shape, 2).as_list()[0]
    if rows is not None:
        with_known_rank(x.shape, rows)
    margins, sizes = _known_margins(paddings), x.shape.sizes
    if margins is None:
        return unknown_shape(x.shape.ndims if rows is None else rows)
    if any(m is not None and m < 0 for pair in margins for m in pair):
        raise ValueError("Paddings must be non-negative")
    if sizes is None:
        return unknown_shape(rows)
    return TensorShape(
        [
            None if d is None or before is None or after is None else d + before + after
            for d, (before, after) in zip(sizes, margins, strict=True)
        ]
    )


def _known_margins(paddings: Tensor) -> list[list[int | None]] | None:
    """(before, after) of each dimension, with None for what only a run knows; None where nothing is known."""
    whole = constant_value(paddings)
    if whole is not None:
        return whole.tolist()
    if paddings.op.type != "Pack" or paddings.op.attrs["axis"] != 0:
        return None
    return [_partial_vector(pair, 2) for pair in paddings.op.inputs]


def _margins(paddings: Any) -> list[tuple[int, int]]:
    if (paddings < 0).any():
        raise InvalidArgumentError(None, None, f"Paddings must be non-negative: {paddings.tolist()}")
    return [(int(before), int(after)) for before, after in paddings]


def _pad_kernel(k: Any, x: Any, paddings: Any, value: Any = 0) -> Any:
    margins = _margins(paddings)
    padded = k.xp.empty([a + n + b for n, (a, b) in zip(x.shape, margins, strict=True)], x.dtype)
    padded[...] = value
    padded[tuple(builtins.slice(a, a + n) for n, (a, _) in zip(x.shape, margins, strict=True))] = x
    return padded


def _inside(op: Operation, g: Tensor) -> Tensor:
    """The part of a padded gradient that belongs to the input of a pad."""
    x, paddings = op.inputs[:2]
    return slice(g, paddings[:, 0], shape_of(x, out_type=paddings.dtype))


def _pad_with_gradient(op: Operation, g: Tensor) -> list[Tensor | None]:
    inside, scalar = _inside(op, g), np.zeros(0, np.int32)
    return [inside, None, sum_to_shape(g, scalar) - sum_to_shape(inside, scalar)]


Pad = define(
    "Pad",
    "input:T, paddings:I -> output:T",
    shape=_padded_shape,
    kernel=_pad_kernel,
    grad=lambda op, g: [_inside(op, g), None],
    host=["paddings"],
)
PadV2 = define(
    "PadV2",
    "input:T, paddings:I, constant_values:T -> output:T",
    shape=_padded_shape,
    kernel=_pad_kernel,
    grad=_pad_with_gradient,
    host=["paddings"],
)


def _mirror_kernel(k: Any, x: Any, paddings: Any, mode: str) -> Any:
    margins = _margins(paddings)
    for n, (before, after) in zip(x.shape, margins, strict=True):
        if mode == "REFLECT" and max(before, after) >= n and (before or after):
            problem = f"paddings must be less than the dimension size: {before}, {after} not less than {n}"
            raise InvalidArgumentError(None, None, problem)
        if mode == "SYMMETRIC" and max(before, after) > n:
            problem = f"paddings must be no greater than the dimension size: {before}, {after} greater than {n}"
            raise InvalidArgumentError(None, None, problem)
    return k.xp.pad(x, margins, mode=mode.lower())


def _mirror_back(k: Any, dy: Any, paddings: Any, mode: str) -> Any:
    """Add what mirrored padding copied back onto where it came from, one axis after another."""
    for axis, (before, after) in enumerate(_margins(paddings)):
        along = k.xp.moveaxis(dy, axis, 0)
        length = along.shape[0] - before - after
        dx = along[before : before + length].copy()
        edge = int(mode == "REFLECT")  # which element the first copy shows: the second, or the outermost itself
        dx[edge : edge + before] += along[:before][::-1]
        dx[length - edge - after : length - edge] += along[before + length :][::-1]
        dy = k.xp.moveaxis(dx, 0, axis)
    return dy if len(paddings) else dy.copy()


def _unpadded_shape(dy: Tensor, paddings: Tensor, mode: str) -> TensorShape:
    margins, sizes = constant_value(paddings), dy.shape.sizes
    if margins is None or sizes is None:
        return unknown_shape(dy.shape.ndims)
    return TensorShape([None if d is None else d - int(m.sum()) for d, m in zip(sizes, margins, strict=True)])


MirrorPad: OpDef = define(
    "MirrorPad",
    "input:T, paddings:I -> output:T",
    shape=_padded_shape,
    kernel=_mirror_kernel,
    grad=lambda op, g: [MirrorPadGrad(g, op.inputs[1], **op.attrs), None],
    host=["paddings"],
)
MirrorPadGrad: OpDef = define(
    "MirrorPadGrad",
    "input:T, paddings:I -> output:T",
    shape=_unpadded_shape,
    kernel=_mirror_back,
    grad=lambda op, g: [MirrorPad(g, op.inputs[1], **op.attrs), None],
    host=["paddings"],
)


def pad(
    tensor: Any, paddings: Any, mode: str = "CONSTANT", name: str | None = None, constant_values: Any = 0
) -> Tensor:
    """`tensor` with paddings[i] = (before, after) elements added along each dimension i.

    They are `constant_values` ("CONSTANT"), or mirror the tensor without ("REFLECT") or with its outermost elements
    ("SYMMETRIC"). Raises ValueError for another mode.
    """
    kind = mode.upper()
    if kind == "CONSTANT":
        if np.isscalar(constant_values) and constant_values == 0:
            return Pad(tensor, paddings, name=name)
        return PadV2(tensor, paddings, constant_values, name=name)
    if kind not in ("REFLECT", "SYMMETRIC"):
        raise ValueError(
            'Value of argument `mode` expected to be one of "CONSTANT", "REFLECT", or "SYMMETRIC". '
            f"Received `mode` = {mode}"
        )
    return MirrorPad(tensor, paddings, mode=kind, name=name)


__all__ = ["pad", "slice", "strided_slice"]
