"""Activations: rectifiers and their smooth relatives, softmax and its logarithm."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...kernels.choosing import choose
from ...kernels.cpu import elementwise
from ..build import convert_to_tensor, is_tensor_like
from ..dtypes import FLOATS, NUMBERS, float32
from ..graph import Operation, Tensor, op_scope
from ..registry import define, get_op, same_shape
from ..shapes import TensorShape
from .arithmetic import in_float32, in_parts
from .basic import cast, zeros_like
from .common import Array
from .math import abs as absolute
from .math import exp, maximum, sigmoid, square, where
from .reduce import reduce_sum

_FLOATS = {"T": FLOATS}
_FEW = 256  # elements, for which one slow function of NumPy is faster than six quick ones
_REAL = {"T": tuple(t for t in NUMBERS if not t.is_complex)}

# Klambauer et al., Self-Normalizing Neural Networks (2017), equation 14: the fixed point of mean 0 and variance 1.
SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946

# -- rectifiers -----------------------------------------------------------------------------------------------------


def _passed_on(gradient_type: str) -> Any:
    """The gradient of an op that lets `gradients` through where its `features` say so: linear in the first alone."""
    return lambda op, g: [get_op(gradient_type)(g, op.inputs[1], **op.attrs), None]


def relu_grad(k: Any, g: Array, x: Array) -> Array:
    """g where x is positive, and g times zero elsewhere."""
    if elementwise.suits(g, x):
        return elementwise.relu_grad(g, x)
    return g * (x > 0)  # a product, as TensorFlow has it, is many times quicker than a choice


ReluGrad = define(
    "ReluGrad",
    "gradients:T, features:T -> backprops:T",
    types=_REAL,
    shape=same_shape,
    kernel=relu_grad,
    grad=_passed_on("ReluGrad"),
)

Relu = define(
    "Relu",
    "features:T -> activations:T",
    types=_REAL,
    shape=same_shape,
    kernel=lambda k, x: k.xp.maximum(x, 0),
    grad=lambda op, g: ReluGrad(g, op.outputs[0]),
)


def relu(features: Any, name: str | None = None) -> Tensor:
    """max(features, 0)."""
    return Relu(features, name=name)


Relu6Grad = define(
    "Relu6Grad",
    "gradients:T, features:T -> backprops:T",
    types=_REAL,
    shape=same_shape,
    kernel=lambda k, g, x: g * ((x > 0) & (x < 6)),
    grad=_passed_on("Relu6Grad"),
)

Relu6 = define(
    "Relu6",
    "features:T -> activations:T",
    types=_REAL,
    shape=same_shape,
    kernel=lambda k, x: k.xp.minimum(k.xp.maximum(x, 0), 6),
    grad=lambda op, g: Relu6Grad(g, op.outputs[0]),
)


def relu6(features: Any, name: str | None = None) -> Tensor:
    """min(max(features, 0), 6). Krizhevsky, Convolutional Deep Belief Networks on CIFAR-10 (2010)."""
    with op_scope(name, "Relu6", [features]) as scope:
        return Relu6(convert_to_tensor(features, name="features"), name=scope)


LeakyReluGrad = define(
    "LeakyReluGrad",
    "gradients:T, features:T -> backprops:T",
    types=_FLOATS,
    shape=same_shape,
    kernel=in_float32(lambda k, g, x, alpha: choose(k.xp, x > 0, g, g * alpha)),
    grad=_passed_on("LeakyReluGrad"),
)


def _leaky_relu(k: Any, x: Array, alpha: float) -> Array:
    scaled = x * alpha
    if 1e-30 < alpha <= 1:  # which is no zero in float32, so that infinity's product is no NaN
        return k.xp.maximum(x, scaled)
    return choose(k.xp, x > 0, x, scaled)


LeakyRelu = define(
    "LeakyRelu",
    "features:T -> activations:T",
    types=_FLOATS,
    shape=same_shape,
    kernel=in_float32(_leaky_relu),
    grad=lambda op, g: LeakyReluGrad(g, op.inputs[0], **op.attrs),
)


def leaky_relu(features: Any, alpha: Any = 0.2, name: str | None = None) -> Tensor:
    """features where positive, else alpha * features; integers become float32. Maas et al. (2013).

    `alpha` is a number, or a tensor, such as a variable that is learnt (He et al., 2015): then as TensorFlow before
    1.12, the greater of features and alpha * features.
    """
    with op_scope(name, "LeakyRelu", [features]) as scope:
        features = convert_to_tensor(features, name="features")
        if features.dtype.is_integer:
            features = cast(features, float32)
        if is_tensor_like(alpha):
            return maximum(alpha * features, features, name=scope)
        return LeakyRelu(features, alpha=float(alpha), name=scope)


# -- smooth ones ----------------------------------------------------------------------------------------------------


def _both_slopes(op: Operation, g: Tensor) -> list[Tensor]:
    """The gradients of an op that gives an exponential activation's, from dy and y: below zero its slope is y + c."""
    dy, y = op.inputs
    return [get_op(op.type)(g, y), where(y < 0.0, g * dy, zeros_like(g))]


EluGrad = define(
    "EluGrad",
    "gradients:T, outputs:T -> backprops:T",
    types=_FLOATS,
    shape=same_shape,
    kernel=in_float32(lambda k, g, y: g * (k.xp.fmin(y, 0) + 1)),  # e^x = y + 1
    grad=_both_slopes,
)

Elu = define(
    "Elu",
    "features:T -> activations:T",
    types=_FLOATS,
    shape=same_shape,
    kernel=in_float32(lambda k, x: choose(k.xp, x < 0, k.xp.expm1(x), x)),
    grad=lambda op, g: EluGrad(g, op.outputs[0]),
)


def elu(features: Any, name: str | None = None) -> Tensor:
    """features where positive, else exp(features) - 1. Clevert et al. (2016)."""
    return Elu(features, name=name)


SeluGrad = define(
    "SeluGrad",
    "gradients:T, outputs:T -> backprops:T",
    types=_FLOATS,
    shape=same_shape,
    kernel=in_float32(lambda k, g, y: g * choose(k.xp, y < 0, y + SELU_SCALE * SELU_ALPHA, y.dtype.type(SELU_SCALE))),
    grad=_both_slopes,
)

Selu = define(
    "Selu",
    "features:T -> activations:T",
    types=_FLOATS,
    shape=same_shape,
    kernel=in_float32(lambda k, x: SELU_SCALE * choose(k.xp, x < 0, SELU_ALPHA * k.xp.expm1(x), x)),
    grad=lambda op, g: SeluGrad(g, op.outputs[0]),
)


def selu(features: Any, name: str | None = None) -> Tensor:
    """scale * features where positive, else scale * alpha * (exp(features) - 1), with the paper's constants."""
    return Selu(features, name=name)


@in_parts
def _softplus_of_many(k: Any, x: np.ndarray) -> np.ndarray:
    y = np.abs(x, dtype=np.float64)  # in which NumPy's exponentials are as exact as they must be
    np.log1p(np.exp(np.negative(y, out=y), out=y), out=y)
    y += np.maximum(x, 0)
    return y.astype(x.dtype, copy=False)


@in_float32
def _softplus(k: Any, x: Array) -> Array:
    return k.xp.logaddexp(x, 0) if x.size < _FEW or k.xp is not np else _softplus_of_many(k, x)


Softplus = define(
    "Softplus",
    "features:T -> activations:T",
    types=_FLOATS,
    shape=same_shape,
    kernel=_softplus,
    grad=lambda op, g: g * sigmoid(op.inputs[0]),
)


def softplus(features: Any, name: str | None = None) -> Tensor:
    """log(exp(features) + 1), without overflow."""
    return Softplus(features, name=name)


Softsign = define(
    "Softsign",
    "features:T -> activations:T",
    types=_FLOATS,
    shape=same_shape,
    kernel=in_float32(lambda k, x: x / (k.xp.abs(x) + 1)),
    grad=lambda op, g: g / square(absolute(op.inputs[0]) + 1.0),
)


def softsign(features: Any, name: str | None = None) -> Tensor:
    """features / (abs(features) + 1)."""
    return Softsign(features, name=name)


# -- softmax over the last dimension --------------------------------------------------------------------------------


def _at_least_a_vector(logits: Tensor) -> TensorShape:
    if logits.shape.ndims == 0:
        raise ValueError("Shape must be at least rank 1 but is rank 0")
    return logits.shape


def shifted(k: Any, logits: Array) -> Array:
    """logits less their greatest along the last dimension, so that no exponential overflows."""
    return logits - logits.max(axis=-1, keepdims=True) if logits.size else logits.copy()


@in_float32
def _softmax(k: Any, logits: Array) -> Array:
    y = k.xp.exp(shifted(k, logits))
    y /= y.sum(axis=-1, keepdims=True)
    return y


@in_float32
def _log_softmax(k: Any, logits: Array) -> Array:
    y = shifted(k, logits)
    y -= k.xp.log(k.xp.sum(k.xp.exp(y), axis=-1, keepdims=True))
    return y


def softmax_gradient(y: Tensor, g: Tensor) -> Tensor:
    """The gradient of the logits of the softmax y, whose own gradient is g."""
    return (g - reduce_sum(g * y, -1, keepdims=True)) * y


Softmax = define(
    "Softmax",
    "logits:T -> softmax:T",
    types=_FLOATS,
    shape=_at_least_a_vector,
    kernel=_softmax,
    grad=lambda op, g: softmax_gradient(op.outputs[0], g),
)

LogSoftmax = define(
    "LogSoftmax",
    "logits:T -> logsoftmax:T",
    types=_FLOATS,
    shape=_at_least_a_vector,
    kernel=_log_softmax,
    grad=lambda op, g: g - reduce_sum(g, -1, keepdims=True) * exp(op.outputs[0]),
)

__all__ = ["elu", "leaky_relu", "relu", "relu6", "selu", "softplus", "softsign"]
