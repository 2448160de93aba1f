"""Products with a matrix of weights, and dropout."""

from __future__ import annotations

from numbers import Real
from typing import Any

from ..engine.build import constant, convert_to_tensor
from ..engine.dtypes import DType
from ..engine.graph import Tensor, op_scope
from ..engine.ops.activations import relu
from ..engine.ops.basic import shape
from ..engine.ops.linalg import matmul
from ..engine.ops.math import multiply, realdiv, subtract, where_v2
from ..engine.ops.nn import bias_add
from ..engine.ops.random import random_uniform
from ..engine.shapes import as_shape


def xw_plus_b(x: Any, weights: Any, biases: Any, name: str | None = None) -> Tensor:
    """matmul(x, weights) + biases, of x [batch, in], weights [in, out] and biases [out]."""
    with op_scope(name, "xw_plus_b", [x, weights, biases]) as scope:
        return bias_add(_product(x, weights), convert_to_tensor(biases, name="biases"), name=scope)


def relu_layer(x: Any, weights: Any, biases: Any, name: str | None = None) -> Tensor:
    """relu(matmul(x, weights) + biases)."""
    with op_scope(name, "relu_layer", [x, weights, biases]) as scope:
        return relu(bias_add(_product(x, weights), convert_to_tensor(biases, name="biases")), name=scope)


def _product(x: Any, weights: Any) -> Tensor:
    return matmul(convert_to_tensor(x, name="x"), convert_to_tensor(weights, name="weights"))


def dropout(
    x: Any,
    keep_prob: Any = None,
    noise_shape: Any = None,
    seed: int | None = None,
    name: str | None = None,
    rate: Any = None,
) -> Tensor:
    """`x` with a share `rate` of its elements set to zero and the others divided by 1 - rate, drawn anew in every run.

    Give `rate` (a number in [0, 1) or a scalar tensor) or `keep_prob` = 1 - rate. `noise_shape` has ones where all
    elements along a dimension share one fate. Raises ValueError for a rate outside its range, and for x of integers.
    Srivastava et al., Dropout (2014).
    """
    if keep_prob is not None:
        if rate is not None:
            raise ValueError("Cannot specify both 'keep_prob' and 'rate'.")
        rate = 1.0 - keep_prob
    if rate is None:
        raise ValueError(f"`rate` must be provided. Received: rate={rate}")
    with op_scope(name, "dropout", [x]):
        x = convert_to_tensor(x, name="x")
        _check_rate(rate, x.dtype)
        if isinstance(rate, Real) and rate == 0:
            return x
        if isinstance(rate, Real):
            scaled = multiply(x, constant(1.0 / (1.0 - float(rate)), x.dtype))
        else:
            rate = convert_to_tensor(rate, x.dtype, name="rate")
            scaled = realdiv(x, subtract(constant(1, x.dtype), rate))
        draw = random_uniform(_noise_shape(x, noise_shape), seed=seed, dtype=x.dtype)
        result = where_v2(draw >= rate, scaled, constant(0, x.dtype))
        result.set_shape(x.shape)
        return result


def _check_rate(rate: Any, dtype: DType) -> None:
    if isinstance(rate, Real) and not 0 <= float(rate) < 1:
        raise ValueError(f"`rate` must be a scalar tensor or a float in the range [0, 1). Received: rate={rate}")
    if not dtype.is_floating:
        raise ValueError(f"`x.dtype` must be a floating point tensor as `x` will be scaled. Received: x_dtype={dtype}")
    if isinstance(rate, Real):
        return
    if not hasattr(rate, "dtype"):
        raise ValueError(f"`rate` must be a scalar or scalar tensor. Received: rate={rate}")
    as_shape(rate.shape).assert_has_rank(0)
    if isinstance(rate, Tensor) and rate.dtype is not dtype:
        message = "`x.dtype` must be compatible with `rate.dtype`."
        raise ValueError(f"{message} Received: x.dtype={dtype} and rate.dtype={rate.dtype}")


def _noise_shape(x: Tensor, noise_shape: Any) -> Any:
    """The shape to draw: that of x, or the given one with its unknown dimensions taken from x where x's are known."""
    if noise_shape is None:
        return shape(x)
    if isinstance(noise_shape, Tensor):
        return noise_shape
    try:
        given = as_shape(noise_shape).as_list()
    except (TypeError, ValueError):
        return noise_shape  # a list with tensors in it
    if x.shape.ndims == len(given):
        given = [own if wanted is None else wanted for own, wanted in zip(x.shape.as_list(), given, strict=True)]
    return as_shape(given)


__all__ = ["dropout", "relu_layer", "xw_plus_b"]
