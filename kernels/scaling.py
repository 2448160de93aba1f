"""Variance scaling: how widely initial weights are drawn, by the fans of their shape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

MODES = ("fan_in", "fan_out", "fan_avg")
DISTRIBUTIONS = ("normal", "uniform", "truncated_normal", "untruncated_normal")

# Cut at two standard deviations, a normal keeps this share of its own (scipy.stats.truncnorm(-2, 2).std()).
TRUNCATED_STDDEV = 0.87962566103423978

FAMILIES = {  # name: scale, mode, distribution, source
    "glorot_uniform": (1.0, "fan_avg", "uniform", "Glorot and Bengio (2010), who is called Xavier"),
    "glorot_normal": (1.0, "fan_avg", "truncated_normal", "Glorot and Bengio (2010), who is called Xavier"),
    "he_uniform": (2.0, "fan_in", "uniform", "He et al. (2015), for relu"),
    "he_normal": (2.0, "fan_in", "truncated_normal", "He et al. (2015), for relu"),
    "lecun_uniform": (1.0, "fan_in", "uniform", "LeCun et al., Efficient BackProp (1998)"),
    "lecun_normal": (1.0, "fan_in", "truncated_normal", "LeCun et al., Efficient BackProp (1998)"),
}


def fans(shape: Sequence[Any]) -> tuple[int, int]:
    """(fan_in, fan_out), the inputs of a unit and the units that an input reaches: shape[-2:] times the field."""
    sizes = [int(d) for d in shape]
    if len(sizes) < 2:
        return (sizes[0], sizes[0]) if sizes else (1, 1)
    field = math.prod(sizes[:-2])
    return field * sizes[-2], field * sizes[-1]


def spread(shape: Sequence[Any], scale: float, mode: str, distribution: str) -> float:
    """What gives weights of `shape` the variance ``scale / fan``.

    For "uniform" the limit of [-limit, limit), whose variance is limit**2 / 3; for the normals the standard deviation
    to draw with: for "truncated_normal" ("normal" is the same) that of the normal before it is cut.
    """
    fan_in, fan_out = fans(shape)
    variance = scale / max(1.0, {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode])
    if distribution == "uniform":
        return math.sqrt(3.0 * variance)
    return math.sqrt(variance) / (1.0 if distribution == "untruncated_normal" else TRUNCATED_STDDEV)
