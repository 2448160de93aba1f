"""What remains of the ops of neural networks: biases, a classifier's best guesses, checks of weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..build import convert_to_tensor
from ..dtypes import NUMBERS, int32, int64
from ..errors import InvalidArgumentError
from ..graph import Tensor, op_scope
from ..registry import check_equal, define, get_op, no_outputs, not_differentiable
from ..shapes import TensorShape
from .arithmetic import in_float32
from .basic import sum_leading, zeros_like
from .common import Array, of_rank

_NUMBERS = {"T": NUMBERS}

# -- biases ---------------------------------------------------------------------------------------------------------


def _channel_axis(rank: int, data_format: str) -> int:
    return 1 if data_format == "NCHW" else rank - 1


def _biased(value: Tensor, bias: Tensor, data_format: str) -> TensorShape:
    if value.shape.ndims is not None and value.shape.ndims < 2:
        raise ValueError(f"Shape must be at least rank 2 but is rank {value.shape.ndims}")
    sizes, channels = value.shape.sizes, of_rank(bias, 1).as_list()[0]
    if sizes is None:
        return value.shape
    axis = _channel_axis(len(sizes), data_format)
    check_equal(sizes[axis], channels)
    return TensorShape([*sizes[:axis], channels if sizes[axis] is None else sizes[axis], *sizes[axis + 1 :]])


def _bias_add(k: Any, value: Array, bias: Array, data_format: str) -> Array:
    if value.shape[_channel_axis(value.ndim, data_format)] != len(bias):  # broadcasting would hide it
        raise ValueError(f"Must provide as many biases as channels: {bias.shape} for an input of shape {value.shape}")
    return value + (bias if data_format == "NHWC" else bias.reshape(-1, *[1] * (value.ndim - 2)))


def _channels(g: Tensor, data_format: str) -> TensorShape:
    sizes = g.shape.sizes
    return TensorShape([None if sizes is None else sizes[_channel_axis(len(sizes), data_format)]])


@in_float32
def _bias_sum(k: Any, g: Array, data_format: str) -> Array:
    axis = _channel_axis(g.ndim, data_format)
    if axis == g.ndim - 1:
        return k.cast(sum_leading(k, g, 1), g.dtype)
    return g.sum(axis=tuple([i for i in range(g.ndim) if i != axis]), dtype=g.dtype)


BiasAddGrad = define(
    "BiasAddGrad",
    "out_backprop:T -> output:T",
    types=_NUMBERS,
    shape=_channels,
    kernel=_bias_sum,
    grad=lambda op, g: get_op("BiasAdd")(zeros_like(op.inputs[0]), g, **op.attrs),
)

BiasAdd = define(
    "BiasAdd",
    "value:T, bias:T -> output:T",
    types=_NUMBERS,
    shape=_biased,
    kernel=_bias_add,
    grad=lambda op, g: [g, BiasAddGrad(g, **op.attrs)],
)


def bias_add(value: Any, bias: Any, data_format: str | None = None, name: str | None = None) -> Tensor:
    """value + bias along the channels: the last dimension, or the second one with a `data_format` of "NC...".

    `value` has at least two dimensions, `bias` one. Raises ValueError where their lengths differ.
    """
    layout = data_format or "NHWC"
    if layout.startswith("NC"):
        layout = "NCHW"
    elif layout.startswith("N") and layout.endswith("C"):
        layout = "NHWC"
    else:
        raise ValueError(f"`data_format` must be of the form `N...C` or `NC...`. Received: data_format={data_format}")
    with op_scope(name, "BiasAdd", [value, bias]) as scope:
        value = convert_to_tensor(value, name="input")
        return BiasAdd(value, convert_to_tensor(bias, value.dtype, name="bias"), data_format=layout, name=scope)


# -- best guesses ---------------------------------------------------------------------------------------------------


def _one_answer_a_row(predictions: Tensor, targets: Tensor, k: Tensor) -> TensorShape:
    of_rank(k, 0)
    rows, targeted = of_rank(predictions, 2).as_list()[0], of_rank(targets, 1).as_list()[0]
    check_equal(rows, targeted)
    return TensorShape([targeted if rows is None else rows])


def _in_top_k(k: Any, predictions: Array, targets: Array, count: np.ndarray) -> Array:
    """True where fewer than `count` classes score above the target; False for a target that is none, or not finite."""
    xp, classes = k.xp, predictions.shape[1]
    valid = (targets >= 0) & (targets < classes)
    scores = predictions[xp.arange(len(targets)), xp.where(valid, targets, 0)] if classes else xp.zeros(len(targets))
    better = xp.sum(predictions > scores[:, None], axis=1)
    finite = xp.all(xp.isfinite(predictions) | (predictions <= scores[:, None]), axis=1) & xp.isfinite(scores)
    return valid & finite & (better < int(count))


InTopKV2 = define(
    "InTopKV2",
    "predictions:float32, targets:T, k:T -> precision:bool",
    types={"T": (int32, int64)},
    shape=_one_answer_a_row,
    kernel=_in_top_k,
    grad=not_differentiable,
    host=["k"],
)


def in_top_k(predictions: Any, targets: Any, k: Any, name: str | None = None) -> Tensor:
    """Whether each target is among the k classes of highest score (ties at the edge count), bool [batch].

    `predictions` float32 [batch, classes], `targets` int [batch]. A target that is no class, or a score that is not
    finite, gives False.
    """
    with op_scope(name, "in_top_k", [predictions, targets]):
        return InTopKV2(predictions, targets, k, name=name)


# -- weights --------------------------------------------------------------------------------------------------------


def _assert_broadcastable(k: Any, weights: np.ndarray, values: np.ndarray) -> tuple:
    fits = len(weights) == len(values) and all(w in (1, v) for w, v in zip(weights, values, strict=True))
    if len(weights) and not fits:
        shapes = f"weights.shape={weights.tolist()} values.shape={values.tolist()}"
        raise InvalidArgumentError(None, None, f"weights can not be broadcast to values. {shapes} is_scalar=False")
    return ()


AssertBroadcastable = define(  # no op of TensorFlow's: it composes the same from sets and assertions
    "AssertBroadcastable",
    "weights_shape:int32, values_shape:int32",
    shape=no_outputs,
    kernel=_assert_broadcastable,
    grad=not_differentiable,
    host=["weights_shape", "values_shape"],
    stateful=True,
)

__all__ = ["bias_add", "in_top_k"]
