"""Several ops as one step: a random draw with the scaling and shifting after it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from .graph import Operation, Tensor


class FusedDraw(NamedTuple):
    """A fill that draws, scales and stores in one pass what three ops would in three, with the same roundings."""

    draw: Operation
    bounds: dict[str, Any]  # the fill's own arguments
    absorbed: tuple[Operation, ...]  # ops that need no step of their own


def fused_draws(
    ops: Sequence[Operation], constants: Mapping[Tensor, np.ndarray], kept: Collection[Any]
) -> dict[Operation, FusedDraw]:
    """The additions among `ops` that end ``draw * scale + shift``, as every random initializer is built.

    Scale and shift must be constants, and nobody else (no other op, control dependency, fetch or feed of `kept`) may
    need what lies between.
    """
    readers = Counter(t for op in ops for t in op.inputs)
    needed = {c for op in ops for c in op._control_inputs}
    fused = {}
    for end in ops:
        if end.type != "AddV2" or end.inputs[0].op.type != "Mul":
            continue
        scaled = end.inputs[0].op
        draw = scaled.inputs[0].op
        between = (draw.outputs[0], scaled.outputs[0])
        if draw.type not in _BOUNDS or any(readers[t] != 1 or t in kept for t in between):
            continue
        if needed & {draw, scaled} or len({op.device for op in (draw, scaled, end)}) > 1:
            continue
        bounds = _BOUNDS[draw.type](scaled.inputs[1], end.inputs[1], constants)
        if bounds is not None:
            fused[end] = FusedDraw(draw, bounds, (draw, scaled))
    return fused


def _scalar(tensor: Tensor, constants: Mapping[Tensor, np.ndarray]) -> Any:
    """A finite constant scalar, or None."""
    value = constants.get(tensor)
    return value[()] if value is not None and value.ndim == 0 and np.isfinite(float(value)) else None


def _uniform(scale: Tensor, shift: Tensor, constants: Mapping[Tensor, np.ndarray]) -> dict[str, Any] | None:
    """The fill takes low and high, so the scale must be made as ``high - low`` of this very low."""
    if scale.op.type != "Sub" or scale.op.inputs[1] is not shift:
        return None
    low, high = _scalar(shift, constants), _scalar(scale.op.inputs[0], constants)
    if low is None or high is None or not low < high or _scalar(scale, constants) is None:
        return None
    return {"low": low, "high": high}


def _normal(scale: Tensor, shift: Tensor, constants: Mapping[Tensor, np.ndarray]) -> dict[str, Any] | None:
    stddev, mean = _scalar(scale, constants), _scalar(shift, constants)
    return None if stddev is None or mean is None or stddev < 0 else {"mean": mean, "stddev": stddev}


_BOUNDS = {"RandomUniform": _uniform, "RandomStandardNormal": _normal, "TruncatedNormal": _normal}
