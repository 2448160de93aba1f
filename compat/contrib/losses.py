"""tf.contrib.losses and slim.losses: the losses of tf.losses as they once were, with predictions before labels."""

from __future__ import annotations

from typing import Any

from ...engine.build import convert_to_tensor
from ...engine.dtypes import float32
from ...engine.graph import Tensor, op_scope
from ...engine.ops.activations import relu
from ...engine.ops.basic import cast, ones_like, reshape, shape, squeeze, zeros_like
from ...engine.ops.joining import concat
from ...engine.ops.math import div_no_nan, multiply, not_equal, square, subtract, where
from ...engine.ops.reduce import reduce_sum
from ...nn import losses as house
from ...nn.arguments import renamed
from ...nn.losses import add_loss, get_losses, get_regularization_losses, get_total_loss
from . import metric_learning


def _fitting(weights: Any, rank: int | None) -> Tensor:
    """Weights of the first dimensions of losses as weights of all: [batch] as [batch, 1, ...]. Scalars stay.

    Raises ValueError for unknown ranks.
    """
    weights = cast(convert_to_tensor(weights), float32)
    if rank is None:
        raise ValueError("losses.get_shape().ndims cannot be None")
    if weights.shape.ndims is None:
        raise ValueError("weights.get_shape().ndims cannot be None")
    if weights.shape.ndims > 1 and weights.shape.as_list()[-1] in (1, None):
        weights = squeeze(weights, [-1])
    missing = rank - weights.shape.ndims
    return (
        reshape(weights, concat([shape(weights), [1] * missing], 0)) if weights.shape.ndims and missing > 0 else weights
    )


def _pair(predictions: Any, labels: Any) -> tuple[Tensor, Tensor]:
    """Both as tensors. Raises ValueError for shapes that do not fit."""
    predictions, labels = convert_to_tensor(predictions), convert_to_tensor(labels)
    predictions.shape.assert_is_compatible_with(labels.shape)
    return predictions, labels


def compute_weighted_loss(losses: Any, weights: Any = 1.0, scope: str | None = None) -> Tensor:
    """The mean of losses * weights over the elements whose weight is not zero, collected in LOSSES.

    `weights` are a scalar, or of the losses' first dimensions. Raises ValueError for unknown ranks.
    """
    losses = convert_to_tensor(losses)
    return house.compute_weighted_loss(losses, _fitting(weights, losses.shape.ndims), scope)


def absolute_difference(predictions: Any, labels: Any = None, weights: Any = 1.0, scope: str | None = None) -> Tensor:
    """abs(predictions - labels), as `compute_weighted_loss` weighs it."""
    predictions, labels = _pair(predictions, labels)
    return house.absolute_difference(labels, predictions, _fitting(weights, predictions.shape.ndims), scope)


def mean_squared_error(predictions: Any, labels: Any = None, weights: Any = 1.0, scope: str | None = None) -> Tensor:
    """(predictions - labels) ** 2, as `compute_weighted_loss` weighs it."""
    predictions, labels = _pair(predictions, labels)
    return house.mean_squared_error(labels, predictions, _fitting(weights, predictions.shape.ndims), scope)


def log_loss(
    predictions: Any, labels: Any = None, weights: Any = 1.0, epsilon: float = 1e-7, scope: str | None = None
) -> Tensor:
    """-labels * log(predictions) - (1 - labels) * log(1 - predictions), as `compute_weighted_loss` weighs it."""
    predictions, labels = _pair(predictions, labels)
    return house.log_loss(labels, predictions, _fitting(weights, predictions.shape.ndims), epsilon, scope)


def sigmoid_cross_entropy(
    logits: Any, multi_class_labels: Any, weights: Any = 1.0, label_smoothing: float = 0, scope: str | None = None
) -> Tensor:
    """`nn.sigmoid_cross_entropy_with_logits`, as `compute_weighted_loss` weighs it."""
    logits, labels = _pair(logits, multi_class_labels)
    return house.sigmoid_cross_entropy(labels, logits, _fitting(weights, logits.shape.ndims), label_smoothing, scope)


def softmax_cross_entropy(
    logits: Any, onehot_labels: Any, weights: Any = 1.0, label_smoothing: float = 0, scope: str | None = None
) -> Tensor:
    """`nn.softmax_cross_entropy_with_logits` [batch], as `compute_weighted_loss` weighs it."""
    logits, labels = _pair(logits, onehot_labels)
    return house.softmax_cross_entropy(labels, logits, _fitting(weights, 1), label_smoothing, scope)


def sparse_softmax_cross_entropy(logits: Any, labels: Any, weights: Any = 1.0, scope: str | None = None) -> Tensor:
    """`nn.sparse_softmax_cross_entropy_with_logits` of labels [batch] or [batch, 1], weighed likewise."""
    labels = convert_to_tensor(labels)
    return house.sparse_softmax_cross_entropy(
        reshape(labels, [shape(labels)[0]]), convert_to_tensor(logits), _fitting(weights, 1), scope
    )


def hinge_loss(logits: Any, labels: Any = None, scope: str | None = None) -> Tensor:
    """max(0, 1 - y * logits) element by element, with y = 2 * labels - 1: neither weighed nor collected."""
    with op_scope(scope, "hinge_loss", [logits, labels]):
        logits, labels = _pair(logits, labels)
        labels = cast(labels, float32)
        ones = ones_like(labels)
        return relu(subtract(ones, multiply(subtract(2 * labels, ones), logits)))


def cosine_distance(
    predictions: Any, labels: Any = None, axis: int | None = None, weights: Any = 1.0, scope: str | None = None,
    dim: int | None = None,
) -> Tensor:  # fmt: skip
    """1 - sum(predictions * labels) along `axis`, of vectors of length 1, as `compute_weighted_loss` weighs it."""
    axis = renamed(axis, dim, "axis", "dim")
    if axis is None:
        raise ValueError("You must specify 'axis'.")
    with op_scope(scope, "cosine_distance_loss", [predictions, labels, weights]) as scope:
        predictions, labels = _pair(predictions, labels)
        products = multiply(cast(predictions, float32), cast(labels, float32))
        return compute_weighted_loss(1 - reduce_sum(products, [axis]), weights, scope)


def mean_pairwise_squared_error(
    predictions: Any, labels: Any = None, weights: Any = 1.0, scope: str | None = None
) -> Tensor:
    """The mean over pairs i, j of one example's elements of ((p_i - p_j) - (y_i - y_j)) ** 2, summed over examples.

    Unlike tf.losses', pairs of an element with itself count. `weights` are a scalar or [batch]. Raises ValueError for
    unknown ranks. Eigen et al., Depth Map Prediction (2014), equation 1.
    """
    with op_scope(scope, "mean_pairwise_squared_error", [predictions, labels, weights]):
        predictions, labels = _pair(predictions, labels)
        errors = subtract(cast(predictions, float32), cast(labels, float32))
        rank = errors.shape.ndims
        weights = _fitting(weights, rank)
        axes = list(range(1, rank or 0))
        present = reduce_sum(ones_like(errors) * cast(not_equal(weights, 0), float32), axes)
        squares, sums = reduce_sum(square(errors), axes), reduce_sum(errors, axes)
        means = div_no_nan(squares, present) - div_no_nan(square(sums), square(present))
        loss = reduce_sum(2.0 * means * (reshape(weights, [-1]) if weights.shape.ndims else weights))
        loss = where(reduce_sum(present) > 0, loss, zeros_like(loss), name="value")
        add_loss(loss)
        return loss


__all__ = [
    "absolute_difference", "add_loss", "compute_weighted_loss", "cosine_distance", "get_losses",
    "get_regularization_losses", "get_total_loss", "hinge_loss", "log_loss", "mean_pairwise_squared_error",
    "mean_squared_error", "metric_learning", "sigmoid_cross_entropy", "softmax_cross_entropy",
    "sparse_softmax_cross_entropy",
]  # fmt: skip
