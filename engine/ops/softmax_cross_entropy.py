"""The two fused ops of a classifier's loss: cross entropy of softmax with probabilities, and with class indices."""

from __future__ import annotations

from typing import Any

from ..dtypes import FLOATS, int32, int64
from ..errors import InvalidArgumentError
from ..graph import Operation, Tensor
from ..registry import check_equal, define
from ..shapes import TensorShape
from .activations import LogSoftmax, Softmax, shifted, softmax_gradient
from .arithmetic import merge_shapes
from .basic import expand_dims
from .common import Array, is_zeros, of_rank, pair_in_float32

_FLOATS = {"T": FLOATS}


def _rows(features: Tensor, labels: Tensor) -> list[TensorShape]:
    both = merge_shapes(of_rank(features, 2), of_rank(labels, 2))
    return [both[:1], both]


@pair_in_float32
def _cross_entropy(k: Any, features: Array, labels: Array) -> tuple[Array, Array]:
    xp = k.xp
    if features.shape != labels.shape:
        raise ValueError(
            f"logits and labels must be of one size: logits_size={features.shape} labels_size={labels.shape}"
        )
    logits = shifted(k, features)
    exponentials = xp.exp(logits)
    sums = exponentials.sum(axis=-1, keepdims=True)
    # A label of zero weighs a logit of -inf by nothing, not by NaN.
    terms = xp.where(labels == 0, labels.dtype.type(0), labels * (xp.log(sums) - logits))
    return xp.sum(terms, axis=-1), exponentials / sums - labels


def _of_backprop(features: Tensor, g: Tensor) -> Tensor | None:
    """What the second output (softmax less labels) sends back to the logits; None where nothing reads it."""
    return None if is_zeros(g) else softmax_gradient(Softmax(features), g)


def _cross_entropy_gradient(op: Operation, g: Tensor, g_backprop: Tensor) -> list[Tensor]:
    features = op.inputs[0]
    weight, more = expand_dims(g, -1), _of_backprop(features, g_backprop)
    d_features, d_labels = weight * op.outputs[1], -weight * LogSoftmax(features)
    return [d_features, d_labels] if more is None else [d_features + more, d_labels - g_backprop]


SoftmaxCrossEntropyWithLogits = define(
    "SoftmaxCrossEntropyWithLogits",
    "features:T, labels:T -> loss:T, backprop:T",
    types=_FLOATS,
    shape=_rows,
    kernel=_cross_entropy,
    grad=_cross_entropy_gradient,
)


def _rows_with_indices(features: Tensor, labels: Tensor) -> list[TensorShape]:
    rows, classes = of_rank(features, 2).as_list()
    targets = of_rank(labels, 1).as_list()[0]
    check_equal(rows, targets)
    batch = targets if rows is None else rows
    return [TensorShape([batch]), TensorShape([batch, classes])]


@pair_in_float32
def _sparse_cross_entropy(k: Any, features: Array, labels: Array) -> tuple[Array, Array]:
    xp = k.xp
    classes = features.shape[1]
    if len(features) != len(labels):
        message = "logits and labels must have the same first dimension"
        raise ValueError(f"{message}, got logits shape {features.shape} and labels shape {labels.shape}")
    outside = (labels < 0) | (labels >= classes)
    if bool(outside.any()):
        given = k.to_host(labels)
        raise InvalidArgumentError(
            None,
            None,
            f"Received a label value of {int(k.to_host(labels[outside])[0])} which is outside the valid range of "
            f"[0, {classes}).  Label values: {' '.join(map(str, given[:100].tolist()))}",
        )
    rows = xp.arange(len(labels))
    logits = shifted(k, features)
    backprop = xp.exp(logits)
    sums = backprop.sum(axis=-1)
    loss = xp.log(sums) - logits[rows, labels]
    backprop /= sums[:, None]
    backprop[rows, labels] -= 1
    return loss, backprop


def _sparse_cross_entropy_gradient(op: Operation, g: Tensor, g_backprop: Tensor) -> list[Tensor | None]:
    d_features, more = expand_dims(g, -1) * op.outputs[1], _of_backprop(op.inputs[0], g_backprop)
    return [d_features if more is None else d_features + more, None]


SparseSoftmaxCrossEntropyWithLogits = define(
    "SparseSoftmaxCrossEntropyWithLogits",
    "features:T, labels:Tlabels -> loss:T, backprop:T",
    types={**_FLOATS, "Tlabels": (int32, int64)},
    shape=_rows_with_indices,
    kernel=_sparse_cross_entropy,
    grad=_sparse_cross_entropy_gradient,
)
