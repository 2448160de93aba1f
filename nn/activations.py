"""Activations made of several ops, softmax along any axis, and how sparse an activation is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..engine.build import convert_to_tensor
from ..engine.dtypes import float32, int64
from ..engine.errors import InvalidArgumentError
from ..engine.graph import Tensor, op_scope
from ..engine.ops.activations import LogSoftmax, Softmax, elu, relu, relu6, selu, softplus, softsign
from ..engine.ops.array import concat, transpose
from ..engine.ops.basic import cast, identity, rank, size
from ..engine.ops.math import exp, sigmoid, subtract, tanh
from ..engine.ops.ranges import range as range_
from ..engine.ops.reduce import count_nonzero
from ..engine.registry import OpDef
from .arguments import renamed


def crelu(features: Any, name: str | None = None, axis: int = -1) -> Tensor:
    """relu of features and of -features, joined along `axis`. Shang et al., Concatenated Rectifiers (2016)."""
    with op_scope(name, "CRelu", [features]) as scope:
        features = convert_to_tensor(features, name="features")
        return relu(concat([features, -features], axis, name=scope))


def swish(features: Any, beta: Any = 1.0) -> Tensor:
    """features * sigmoid(beta * features). Ramachandran et al., Searching for Activation Functions (2017)."""
    features = convert_to_tensor(features, name="features")
    beta = convert_to_tensor(beta, features.dtype, name="beta")
    return features * sigmoid(beta * features)


silu = swish


def softmax(logits: Any, axis: int | None = None, name: str | None = None, dim: int | None = None) -> Tensor:
    """exp(logits) divided by its sum along `axis` (by default the last one).

    Raises InvalidArgumentError for an axis that is not there.
    """
    return _along(Softmax, logits, renamed(axis, dim, "axis", "dim"), name)


def log_softmax(logits: Any, axis: int | None = None, name: str | None = None, dim: int | None = None) -> Tensor:
    """The logarithm of `softmax`, without its under- and overflows."""
    return _along(LogSoftmax, logits, renamed(axis, dim, "axis", "dim"), name)


def _along(op: OpDef, logits: Any, axis: int | None, name: str | None) -> Tensor:
    """An op over the last dimension, applied along another one by swapping the two."""
    axis = -1 if axis is None else int(axis)
    logits = convert_to_tensor(logits)
    ndims = logits.shape.ndims
    if axis == -1 or (ndims is not None and axis == ndims - 1):
        return op(logits, name=name)
    if ndims is not None and not -ndims <= axis < ndims:
        message = (
            f"`dim` must be in the range [{-ndims}, {ndims}) where {ndims} is the number of dimensions in the input."
        )
        raise InvalidArgumentError(None, None, f"{message} Received: dim={axis}")
    if axis < 0 and ndims is None:
        raise ValueError(f"A negative axis other than -1 needs logits of known rank. Received: axis={axis}")
    of_rank = rank(logits)  # TensorFlow makes it in any case, and seeds that count operations count it
    place: Any = axis if axis >= 0 else axis + of_rank
    last = rank(logits)
    if axis < 0:
        place %= ndims
    swapped = _swap_with_last(logits, place, subtract(last, 1))
    result = _swap_with_last(op(swapped), place, subtract(last, 1), name or "transpose")
    result.set_shape(logits.shape)
    return result


def _swap_with_last(tensor: Tensor, axis: Any, last: Tensor, name: str = "transpose") -> Tensor:
    return transpose(tensor, concat([range_(axis), [last], range_(axis + 1, last), [axis]], 0), name=name)


def zero_fraction(value: Any, name: str | None = None) -> Tensor:
    """The share of zeros among the elements, a float32 scalar (NaN where there are none)."""
    with op_scope(name, "zero_fraction", [value]):
        value = convert_to_tensor(value, name="value")
        total = size(value, out_type=int64)
        value.graph.uncounted += 15 if value.shape.ndims is not None else 18  # a count in int32 too, and a cond of both
        with op_scope("counts_to_fraction"):
            zeros = total - count_nonzero(value, dtype=int64)
            fraction = cast(zeros, float32) / cast(total, float32)
        return identity(fraction, "fraction")


Activation = Callable[[Any], Any] | str

_BY_NAME: dict[str, Callable[[Any], Any]] = {
    "elu": elu, "exponential": exp, "linear": lambda x: x, "relu": relu, "relu6": relu6, "selu": selu,
    "sigmoid": sigmoid, "softmax": softmax, "softplus": softplus, "softsign": softsign, "tanh": tanh,
}  # fmt: skip


def activation_of(given: Activation | None) -> Callable[[Any], Any] | None:
    """The function of an activation's name, or the function given. Raises ValueError for an unknown name."""
    if isinstance(given, str):
        if given not in _BY_NAME:
            raise ValueError(f"Unknown activation function: {given!r}. Known are {', '.join(sorted(_BY_NAME))}.")
        return _BY_NAME[given]
    return given


__all__ = ["crelu", "log_softmax", "silu", "softmax", "swish", "zero_fraction"]
