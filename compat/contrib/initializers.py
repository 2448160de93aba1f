"""Initializers of contrib.layers: variance scaling with contrib's own correction, and Xavier's."""

from __future__ import annotations

import math
from typing import Any

from ...engine.dtypes import DType, as_dtype, float32
from ...engine.graph import Tensor
from ...engine.ops.random import random_uniform, truncated_normal
from ...kernels.scaling import fans
from ...scopes.initializers import Initializer
from ...scopes.partitions import PartitionInfo

# contrib's own correction of a normal cut at two standard deviations: the square of 1 / 0.87962…, to one decimal.
_TRUNCATED_VARIANCE = 1.3


def _checked(dtype: DType) -> DType:
    if not dtype.is_floating:
        raise TypeError(f"Cannot create initializer for non-floating point type. It is {dtype!r}")
    return dtype


class VarianceScaling(Initializer):
    """Random values of variance ``factor / n``; see `variance_scaling_initializer`."""

    _name = "contrib.layers.variance_scaling"

    def __init__(self, factor: float, mode: str, uniform: bool, seed: int | None, dtype: Any) -> None:
        if mode not in ("FAN_IN", "FAN_OUT", "FAN_AVG"):
            raise TypeError(f"Unknown mode {mode} [FAN_IN, FAN_OUT, FAN_AVG]")
        if not factor > 0:
            raise ValueError(f"factor must be positive, not {factor}")
        dtype = _checked(as_dtype(dtype))
        self.config = {"factor": factor, "mode": mode, "uniform": uniform, "seed": seed, "dtype": dtype}

    def __call__(self, shape: Any, dtype: Any = None, partition_info: PartitionInfo | None = None) -> Tensor:
        config, dtype = self.config, _checked(self._dtype(dtype))
        fan_in, fan_out = fans(shape)
        n = {"FAN_IN": fan_in, "FAN_OUT": fan_out, "FAN_AVG": (fan_in + fan_out) / 2.0}[config["mode"]]
        if config["uniform"]:
            limit = math.sqrt(3.0 * config["factor"] / n)
            return random_uniform(shape, -limit, limit, dtype, config["seed"])
        stddev = math.sqrt(_TRUNCATED_VARIANCE * config["factor"] / n)
        return truncated_normal(shape, 0.0, stddev, dtype, config["seed"])


def variance_scaling_initializer(
    factor: float = 2.0, mode: str = "FAN_IN", uniform: bool = False, seed: int | None = None, dtype: Any = float32
) -> Initializer:
    """Random values of variance ``factor / n``: uniform, or normal cut at two standard deviations.

    `mode` says what n is: "FAN_IN" (the inputs of a unit), "FAN_OUT" (the units an input reaches) or "FAN_AVG" (the
    mean of both). The defaults are those of He et al., Delving deep into rectifiers (2015). Raises TypeError for
    another mode or a dtype that is not floating.
    """
    return VarianceScaling(factor, mode, uniform, seed, dtype)


def xavier_initializer(uniform: bool = True, seed: int | None = None, dtype: Any = float32) -> Initializer:
    """Variance ``1 / mean(fan_in, fan_out)``: Glorot and Bengio (2010). Uniform, or cut normal."""
    return variance_scaling_initializer(1.0, "FAN_AVG", uniform, seed, dtype)


xavier_initializer_conv2d = xavier_initializer

__all__ = ["variance_scaling_initializer", "xavier_initializer", "xavier_initializer_conv2d"]
