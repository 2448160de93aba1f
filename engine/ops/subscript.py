"""Subscripts of tensors, ``tensor[...]``, boolean masks, and what is made of masks."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes
from ..build import constant, convert_to_tensor, is_tensor_like
from ..graph import Tensor, op_scope
from ..shapes import Dimension
from .basic import broadcast_to, cast, expand_dims, reshape, squeeze
from .basic import shape as shape_of
from .indexing import gather, sequence_mask
from .joining import concat, stack, static_int
from .math import where
from .rearranging import tile
from .reduce import reduce_max, reduce_prod
from .slicing import MASKS, StridedSlice

# -- boolean masks --------------------------------------------------------------------------------------------------


def boolean_mask(tensor: Any, mask: Any, name: str = "boolean_mask", axis: Any = None) -> Tensor:
    """The entries of `tensor` where `mask` is true, in order, as slices of one dimension in place of the mask's.

    `mask` is a boolean tensor of known rank K >= 1 whose shape is that of the tensor's dimensions from `axis` (by
    default 0) on; the result has rank R - K + 1. Raises ValueError for other masks.
    """
    with op_scope(name, "boolean_mask", [tensor, mask]):
        tensor = convert_to_tensor(tensor, name="tensor")
        mask = convert_to_tensor(mask, name="mask")
        depth = mask.shape.ndims
        if depth == 0:
            raise ValueError("mask cannot be scalar.")
        if depth is None:
            raise ValueError(
                "Number of mask dimensions must be specified, even if some dimensions are None.  "
                "E.g. shape=[None] is ok, but shape=None is not."
            )
        at = static_int(axis) if isinstance(axis, Tensor) else int(axis or 0)
        if at is None:
            raise ValueError("The axis of a boolean mask must be known when the graph is built.")
        masked = tensor.shape[at : at + depth]
        masked.assert_is_compatible_with(mask.shape)
        count = reduce_prod(shape_of(tensor)[at : at + depth], [0])
        flat_shape = concat([shape_of(tensor)[:at], [count], shape_of(tensor)[at + depth :]], 0)
        flat = reshape(tensor, flat_shape)
        if tensor.shape.sizes is not None:
            flat.set_shape([*tensor.shape.sizes[:at], masked.num_elements(), *tensor.shape.sizes[at + depth :]])
        places = squeeze(where(reshape(mask, [-1])), axis=[1])
        return gather(flat, places, axis=at)


def repeat(input: Any, repeats: Any, axis: int | None = None, name: str | None = None) -> Tensor:
    """Each entry of `input` along `axis` as often in a row as `repeats` (a scalar, or one number for each) says.

    Without `axis` the input is flattened first.
    """
    with op_scope(name, "Repeat", [input, repeats]):
        tensor = convert_to_tensor(input, name="input")
        counts = cast(convert_to_tensor(repeats, name="repeats"), dtypes.int32)
        if axis is None:
            tensor, axis = reshape(tensor, [-1]), 0
        rank = tensor.shape.ndims
        if rank is None:
            raise ValueError("The rank of what is repeated must be known")
        at = axis % rank
        lengths = broadcast_to(counts, shape_of(tensor)[at : at + 1])
        most = reduce_max(lengths)
        copies = tile(expand_dims(tensor, at + 1), stack([most if i == at + 1 else 1 for i in range(rank + 1)]))
        return boolean_mask(copies, sequence_mask(lengths, most), axis=at)


# -- tensor[...] ----------------------------------------------------------------------------------------------------

_NOT_AN_INDEX = (
    "Only integers, slices (`:`), ellipsis (`...`), tf.newaxis (`None`) and scalar tf.int32/tf.int64 tensors are valid "
    "indices, got {!r}"
)


def _is_scalar_integer(part: Any) -> bool:
    if isinstance(part, (bool, np.bool_)):
        return False
    if is_tensor_like(part):
        return part.dtype in (dtypes.int32, dtypes.int64) and part.shape.ndims in (None, 0)
    if isinstance(part, np.ndarray):
        return part.ndim == 0 and part.dtype.kind in "iu"
    return isinstance(part, (int, np.integer, Dimension))


def _check_part(part: Any) -> None:
    if not _is_scalar_integer(part):
        raise TypeError(_NOT_AN_INDEX.format(part))


def _is_mask(key: Any) -> bool:
    if is_tensor_like(key):
        return key.dtype.is_bool
    return isinstance(key, (bool, np.bool_)) or (isinstance(key, np.ndarray) and key.dtype == np.bool_)


def _number(bound: Any) -> Any:
    """A bound of a slice as an int or a tensor; None for one that is left out."""
    if bound is None or (isinstance(bound, Dimension) and bound.value is None):
        return None
    _check_part(bound)
    return bound if is_tensor_like(bound) else int(bound)


def _bounds(part: slice) -> tuple[list[Any], bool, bool]:
    """[start, stop, step] of a Python slice with what is left out filled in, and whether start and stop were."""
    bounds = [_number(bound) for bound in (part.start, part.stop, part.step)]
    tensors = [b for b in bounds if is_tensor_like(b)]
    defaults: list[Any] = [0, 0, 1]
    if tensors:  # TensorFlow fills in constants of the tensor's dtype there, and plain numbers elsewhere
        defaults = [
            d if b is not None else constant(d, tensors[0].dtype) for d, b in zip(defaults, bounds, strict=True)
        ]
    filled = [d if b is None else b for d, b in zip(defaults, bounds, strict=True)]
    return filled, bounds[0] is None, bounds[1] is None


def _place(part: Any) -> list[Any]:
    """[start, stop, step] that select the one element at `part`."""
    _check_part(part)
    if not is_tensor_like(part):
        return [int(part), int(part) + 1, 1]
    return [part, part + 1, constant(1, dtypes.int64) if part.dtype is dtypes.int64 else 1]


def getitem(tensor: Tensor, key: Any) -> Tensor:
    """``tensor[key]``: integers, slices, Ellipsis, None and scalar integer tensors, or a boolean mask.

    Raises TypeError for any other key, ValueError where the static shape has no such place.
    """
    if _is_mask(key):
        return boolean_mask(tensor, key)
    parts = list(key) if isinstance(key, (tuple, list)) else [key]
    vectors: list[list[Any]] = []
    masks = dict.fromkeys(MASKS, 0)
    for i, part in enumerate(parts):
        bounds: list[Any] = [0, 0, 1]
        marked: list[str] = []
        if isinstance(part, slice):
            bounds, no_start, no_stop = _bounds(part)
            marked = ["begin_mask"] * no_start + ["end_mask"] * no_stop
        elif part is Ellipsis:
            marked = ["ellipsis_mask"]
        elif part is None:
            marked = ["new_axis_mask"]
        else:
            bounds = _place(part)
            marked = ["shrink_axis_mask"]
        vectors.append(bounds)
        for mask in marked:
            masks[mask] |= 1 << i
    with op_scope(None, "strided_slice", [tensor, *(b for bounds in vectors for b in bounds)]) as scope:
        if not parts:
            begin = end = strides = constant([], dtypes.int32)
        else:
            begin, end, strides = (stack(list(column)) for column in zip(*vectors, strict=True))
            widest = dtypes.int64 if dtypes.int64 in (begin.dtype, end.dtype, strides.dtype) else dtypes.int32
            begin, end, strides = (cast(v, widest) for v in (begin, end, strides))
        return StridedSlice(tensor, begin, end, strides, name=scope, **masks)


Tensor.__getitem__ = getitem  # type: ignore[method-assign]

__all__ = ["boolean_mask", "repeat"]
