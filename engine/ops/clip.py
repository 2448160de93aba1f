"""Tensors and gradients kept within bounds, or scaled down where they are longer than allowed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import dtypes
from ..build import constant, convert_to_tensor
from ..graph import Tensor, colocate_with, op_scope
from ..indexed_slices import IndexedSlices, convert_to_tensor_or_indexed_slices
from .array import stack
from .basic import cast, identity, ones_like, rank, size
from .math import greater, maximum, minimum, rsqrt, sqrt, where
from .normalize import l2_loss
from .ranges import range as range_
from .reduce import reduce_sum


def _values(t: Any) -> Tensor:
    return t.values if isinstance(t, IndexedSlices) else t


def _like(t: Any, values: Tensor) -> Any:
    """The values in the form of `t`: IndexedSlices of its rows, or a tensor."""
    return IndexedSlices(values, t.indices, t.dense_shape) if isinstance(t, IndexedSlices) else values


def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any, name: str | None = None) -> Any:
    """`t` kept between two bounds, which broadcast to its shape. Raises ValueError where they make it larger.

    Of IndexedSlices the values are clipped, each row by itself also where several belong to one index.
    """
    with op_scope(name, "clip_by_value", [t, clip_value_min, clip_value_max]) as scope:
        t = convert_to_tensor_or_indexed_slices(t, name="t")
        values = _values(t)
        below = minimum(values, clip_value_max)
        values.shape.assert_is_compatible_with(below.shape)
        clipped = maximum(below, clip_value_min, name=scope)
        values.shape.assert_is_compatible_with(clipped.shape)
        return _like(t, clipped)


def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None, name: str | None = None) -> Any:
    """`t`, scaled to the L2 norm `clip_norm` where its own is greater; along `axes`, or over all of it.

    `t` is a tensor or IndexedSlices, and so is the result. The gradient at zero is one, not NaN.
    """
    with op_scope(name, "clip_by_norm", [t, clip_norm]) as scope:
        t = convert_to_tensor_or_indexed_slices(t, name="t")
        values = _values(t)
        square = reduce_sum(values * values, axes, keepdims=True)
        positive = greater(square, 0)
        # The root is taken of 1 in place of 0, where its slope is infinite; the outer `where` puts the 0 back.
        norm = where(positive, sqrt(where(positive, square, ones_like(square))), square)
        clipped = values * clip_norm
        values.shape.assert_is_compatible_with(clipped.shape)
        return _like(t, identity(clipped / maximum(norm, clip_norm), name=scope))


def global_norm(t_list: Sequence[Any], name: str | None = None) -> Tensor:
    """The L2 norm of all the tensors' (or IndexedSlices' values') elements taken together; None is skipped.

    Raises TypeError where `t_list` is one tensor and no sequence.
    """
    t_list = _listed(t_list)
    with op_scope(name, "global_norm", t_list):
        halves = []
        for values in (_values(t) for t in t_list if t is not None):
            with colocate_with(values):
                halves.append(l2_loss(values))
        total = reduce_sum(stack(halves) if halves else constant([], dtypes.float32, name="stack"))
        return sqrt(total * constant(2.0, total.dtype), name="global_norm")


def _listed(t_list: Any) -> list[Any]:
    if not isinstance(t_list, (list, tuple)):
        raise TypeError(f"`t_list` should be a sequence of tensors. Received {type(t_list)}.")
    return [t if t is None else convert_to_tensor_or_indexed_slices(t, name=f"t_{i}") for i, t in enumerate(t_list)]


def clip_by_global_norm(
    t_list: Sequence[Any], clip_norm: Any, use_norm: Tensor | None = None, name: str | None = None
) -> tuple[list[Any], Tensor]:
    """(The tensors, all scaled alike so that their `global_norm` is at most `clip_norm`; the norm they had).

    `use_norm` is that norm where it is known. None stays None, IndexedSlices stay such. An infinite norm makes all
    NaN, so that it is noticed. Pascanu, Mikolov and Bengio, On the difficulty of training recurrent neural networks
    (2012). Raises TypeError where `t_list` is one tensor and no sequence.
    """
    t_list = _listed(t_list)
    if use_norm is None:
        use_norm = global_norm(t_list, name)
    with op_scope(name, "clip_by_global_norm", [*t_list, clip_norm]) as scope:
        one = constant(1.0, use_norm.dtype)
        scale = clip_norm * minimum(1.0 / use_norm, one / clip_norm)
        scale = scale + (use_norm - use_norm)  # NaN where the norm is infinite
        clipped: list[Any] = []
        for i, t in enumerate(t_list):
            if t is None:
                clipped.append(None)
                continue
            values = _values(t)
            with colocate_with(values):
                clipped.append(_like(t, identity(values * cast(scale, values.dtype), name=f"{scope}_{i}")))
    return clipped, use_norm


def clip_by_average_norm(t: Any, clip_norm: Any, name: str | None = None) -> Tensor:
    """`t`, scaled so that its L2 norm divided by its number of elements is at most `clip_norm`."""
    with op_scope(name, "clip_by_average_norm", [t, clip_norm]) as scope:
        t = convert_to_tensor(t, name="t")
        elements = cast(size(t), dtypes.float32)
        inverse = rsqrt(reduce_sum(t * t, range_(rank(t))))
        limit = constant(1.0, t.dtype) / clip_norm
        return identity(t * clip_norm * minimum(inverse * elements, limit), name=scope)


__all__ = ["clip_by_average_norm", "clip_by_global_norm", "clip_by_norm", "clip_by_value", "global_norm"]
