"""Random ops without a state: the same seed tensor gives the same numbers at every run."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...kernels.philox import philox_block
from ..build import convert_to_tensor
from ..dtypes import as_dtype, float32, int32, int64
from ..errors import InvalidArgumentError
from ..graph import Tensor, op_scope
from ..registry import OpDef, Rule, define, not_differentiable
from ..shapes import TensorShape
from ..static import constant_value_as_shape
from .math import add, multiply, subtract
from .random import draws_shape, float_dtype, shape_tensor

_KEY = (np.uint64(0x3EC8F720), np.uint64(0x02461E29))  # with which TensorFlow scrambles a seed


def _scrambled(seed: np.ndarray) -> tuple[int, int]:
    """The pair (graph seed, op seed) of two integers: both halves of Philox's answer to them as a counter."""
    if seed.shape != (2,):
        raise InvalidArgumentError(None, None, f"seed must have shape [2], not [{','.join(map(str, seed.shape))}]")
    c0, c1, c2, c3 = (np.uint64((int(part) >> shift) & 0xFFFFFFFF) for part in seed for shift in (0, 32))
    w0, w1, w2, w3 = (int(word) for word in philox_block(c0, c1, c2, c3, *_KEY))
    return w0 | w1 << 32, w2 | w3 << 32


def _filling(kind: str) -> Rule:
    def kernel(k: Any, shape: np.ndarray, seed: np.ndarray, *bounds: np.ndarray, dtype: Any = None) -> Any:
        out = k.xp.empty(tuple(int(d) for d in shape), bounds[0].dtype if dtype is None else dtype.numpy)
        limits = [int(bound) for bound in bounds]
        if limits and not limits[0] < limits[1]:
            raise InvalidArgumentError(None, None, f"Need minval < maxval, got {limits[0]} >= {limits[1]}")
        getattr(k, kind)(out, _scrambled(seed), *limits)
        return out

    return kernel


def _given_shape(shape: Tensor, seed: Tensor, *_: Tensor, **__: Any) -> TensorShape:
    _check_seed(seed)
    return constant_value_as_shape(shape)


def _check_seed(seed: Tensor) -> None:
    if not seed.shape.is_compatible_with([2]):
        raise ValueError(f"seed must have shape [2], not {seed.shape}")


def _stateless(type: str, kind: str) -> OpDef:
    return define(
        type,
        "shape:I, seed:S -> output:dtype",
        shape=_given_shape,
        kernel=_filling(kind),
        grad=not_differentiable,
        types={"S": (int32, int64)},
        host=["shape", "seed"],
    )


StatelessRandomUniform = _stateless("StatelessRandomUniform", "uniform")
StatelessRandomNormal = _stateless("StatelessRandomNormal", "normal")
StatelessTruncatedNormal = _stateless("StatelessTruncatedNormal", "truncated_normal")
StatelessRandomUniformInt = define(
    "StatelessRandomUniformInt",
    "shape:I, seed:S, minval:dtype, maxval:dtype -> output:dtype",
    shape=_given_shape,
    kernel=_filling("uniform_int"),
    grad=not_differentiable,
    types={"S": (int32, int64), "dtype": (int32, int64)},
    host=["shape", "seed", "minval", "maxval"],
)


def _drawn(logits: Tensor, num_samples: Tensor, seed: Tensor, **_: Any) -> TensorShape:
    _check_seed(seed)
    return draws_shape(logits, num_samples)


StatelessMultinomial = define(
    "StatelessMultinomial",
    "logits:T, num_samples:int32, seed:S -> output:output_dtype",
    shape=_drawn,
    kernel=lambda k, logits, num_samples, seed, output_dtype: k.multinomial(
        logits, int(num_samples), _scrambled(seed), output_dtype.numpy
    ),
    grad=not_differentiable,
    types={"S": (int32, int64)},
    host=["num_samples", "seed"],
)


def stateless_uniform(
    shape: Any, seed: Any, minval: Any = 0, maxval: Any = None, dtype: Any = float32, name: str | None = None
) -> Tensor:
    """Uniform samples of [minval, maxval) that `seed`, two integers, alone decides; `random_uniform`'s dtypes.

    TensorFlow's own values, bit for bit. Raises ValueError for integers without `maxval`, or another dtype.
    """
    dtype = as_dtype(dtype)
    if (dtype.is_integer and dtype not in (int32, int64)) or not (dtype.is_integer or dtype.is_floating):
        raise ValueError(f"Argument `dtype` got invalid value {dtype}.")
    if maxval is None:
        if dtype.is_integer:
            raise ValueError(f"Must specify maxval for integer dtype {dtype!r}")
        maxval = 1
    with op_scope(name, "stateless_random_uniform", [shape, seed, minval, maxval]) as scope:
        sizes = shape_tensor(shape)
        low = convert_to_tensor(minval, dtype, name="min")
        high = convert_to_tensor(maxval, dtype, name="max")
        if dtype.is_integer:
            return StatelessRandomUniformInt(sizes, seed, low, high, name=scope)
        samples = StatelessRandomUniform(sizes, seed, dtype=dtype)
        return add(multiply(samples, subtract(high, low)), low, name=scope)


def _scaled(
    op: OpDef, default: str, shape: Any, seed: Any, mean: Any, stddev: Any, dtype: Any, name: str | None
) -> Tensor:
    dtype = float_dtype(dtype)
    with op_scope(name, default, [shape, seed, mean, stddev]) as scope:
        sizes = shape_tensor(shape)
        center, width = convert_to_tensor(mean, dtype, name="mean"), convert_to_tensor(stddev, dtype, name="stddev")
        return add(multiply(op(sizes, seed, dtype=dtype), width), center, name=scope)


def stateless_normal(
    shape: Any, seed: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = float32, name: str | None = None
) -> Tensor:
    """Normal samples that `seed`, two integers, alone decides: TensorFlow's own, as for `random_normal`."""
    return _scaled(StatelessRandomNormal, "stateless_random_normal", shape, seed, mean, stddev, dtype, name)


def stateless_truncated_normal(
    shape: Any, seed: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = float32, name: str | None = None
) -> Tensor:
    """Normal samples within two `stddev` of the mean that `seed`, two integers, alone decides: TensorFlow's own."""
    return _scaled(StatelessTruncatedNormal, "stateless_truncated_normal", shape, seed, mean, stddev, dtype, name)


def stateless_multinomial(
    logits: Any, num_samples: Any, seed: Any, output_dtype: Any = int64, name: str | None = None
) -> Tensor:
    """`multinomial`, whose draws `seed`, two integers, alone decides: TensorFlow's own."""
    with op_scope(name, "stateless_multinomial", [logits, seed]):
        logits = convert_to_tensor(logits, name="logits")
        return StatelessMultinomial(logits, num_samples, seed, output_dtype=as_dtype(output_dtype))


def stateless_categorical(
    logits: Any, num_samples: Any, seed: Any, dtype: Any = int64, name: str | None = None
) -> Tensor:
    """`stateless_multinomial` under the name that TensorFlow 2 gave it."""
    return stateless_multinomial(logits, num_samples, seed, dtype, name or "stateless_categorical")


__all__ = [
    "stateless_categorical", "stateless_multinomial", "stateless_normal", "stateless_truncated_normal",
    "stateless_uniform",
]  # fmt: skip
