"""Second derivatives as matrices."""

from __future__ import annotations

from typing import Any

from ..build import convert_to_tensor
from ..gradients import gradients
from ..graph import Tensor, op_scope
from .basic import reshape, shape, size, zeros_like
from .control_flow import map_fn
from .indexing import one_hot
from .joining import concat
from .ranges import range as range_


def hessians(
    ys: Any,
    xs: Any,
    name: str = "hessians",
    colocate_gradients_with_ops: bool = False,
    gate_gradients: bool = False,
    aggregation_method: Any = None,
) -> list[Tensor]:
    """The second derivatives of sum(ys) by each of xs, of shape ``x.shape + x.shape``.

    Row by row: each is the gradient of one element of the gradient. Raises ValueError where ys do not depend on x.
    """
    with op_scope(name, "hessians"):
        return [_hessian(ys, x) for x in (xs if isinstance(xs, (list, tuple)) else [xs])]


def _hessian(ys: Any, x: Any) -> Tensor:
    value = convert_to_tensor(x)
    slope = gradients(ys, x)[0]
    if slope is None:
        raise ValueError(f"hessians: ys do not depend on {value.name}")
    slope = convert_to_tensor(slope)
    count = size(value)

    def row(i: Tensor) -> Tensor:
        weight = reshape(one_hot(i, count, dtype=value.dtype), shape(value))
        second = gradients(slope, x, grad_ys=weight)[0]
        return zeros_like(value) if second is None else convert_to_tensor(second)

    rows = map_fn(row, range_(count), dtype=value.dtype)
    result = reshape(rows, concat([shape(value), shape(value)], 0))
    result.set_shape(value.shape.concatenate(value.shape))
    return result


__all__ = ["hessians"]
