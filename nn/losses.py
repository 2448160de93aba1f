"""tf.losses: losses of a batch, weighed, reduced to a scalar and collected."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..engine.build import constant, convert_to_tensor
from ..engine.dtypes import float32
from ..engine.graph import Tensor, add_to_collection, get_collection, op_scope
from ..engine.ops.activations import relu
from ..engine.ops.basic import cast, ones_like, rank, shape, size, stop_gradient, zeros_like
from ..engine.ops.math import abs as absolute
from ..engine.ops.math import (
    add,
    add_n,
    div_no_nan,
    equal,
    log,
    maximum,
    minimum,
    multiply,
    square,
    squared_difference,
    subtract,
    where,
)
from ..engine.ops.ranges import range as range_
from ..engine.ops.reduce import reduce_sum
from ..scopes.keys import GraphKeys
from .arguments import renamed
from .cross_entropy import (
    sigmoid_cross_entropy_with_logits,
    softmax_cross_entropy_with_logits_v2,
    sparse_softmax_cross_entropy_with_logits,
)
from .weights import assert_broadcastable, broadcast_weights, remove_squeezable_dimensions, waiting_for

_LOSSES = GraphKeys.LOSSES


class Reduction:
    """How a batch of weighed losses becomes one."""

    NONE = "none"  # it does not: one loss an element
    SUM = "weighted_sum"
    MEAN = "weighted_mean"  # divided by the sum of the weights
    SUM_OVER_BATCH_SIZE = "weighted_sum_over_batch_size"  # by the number of elements
    SUM_BY_NONZERO_WEIGHTS = "weighted_sum_by_nonzero_weights"  # by the number of elements that count
    SUM_OVER_NONZERO_WEIGHTS = SUM_BY_NONZERO_WEIGHTS

    @classmethod
    def all(cls) -> tuple[str, ...]:
        return (
            cls.NONE,
            cls.SUM,
            cls.MEAN,
            cls.SUM_OVER_BATCH_SIZE,
            cls.SUM_OVER_NONZERO_WEIGHTS,
            cls.SUM_BY_NONZERO_WEIGHTS,
        )

    @classmethod
    def validate(cls, key: Any) -> None:
        """Raise ValueError for what is no reduction."""
        if key not in cls.all():
            raise ValueError(f"Invalid Reduction Key {key}. Key should be one of {cls.all()}.")


_DEFAULT = Reduction.SUM_BY_NONZERO_WEIGHTS

# -- weighing and reducing ------------------------------------------------------------------------------------------


def compute_weighted_loss(
    losses: Any, weights: Any = 1.0, scope: str | None = None, loss_collection: Any = _LOSSES, reduction: str = _DEFAULT
) -> Tensor:
    """losses * weights, reduced, in `loss_collection` (None: in none).

    `weights` are a scalar, or of the rank of the losses with each dimension equal or 1. Computed in float32 and given
    in the dtype of the losses. Raises ValueError for weights that do not fit and for an unknown reduction.
    """
    Reduction.validate(reduction)
    with op_scope(scope, "weighted_loss", [losses, weights]):
        losses = convert_to_tensor(losses)
        with waiting_for(assert_broadcastable(weights, losses)):
            wide, weights = cast(losses, float32), cast(weights, float32)
            loss = multiply(wide, weights)
            if reduction != Reduction.NONE:
                loss = reduce_sum(loss)
                if reduction == Reduction.MEAN:
                    loss = _safe_mean(loss, reduce_sum(ones_like(wide) * weights))
                elif reduction == Reduction.SUM_BY_NONZERO_WEIGHTS:
                    loss = _safe_mean(loss, _num_present(wide, weights))
                elif reduction == Reduction.SUM_OVER_BATCH_SIZE:
                    loss = _safe_mean(loss, _num_elements(wide))
            loss = cast(loss, losses.dtype)
        return _collected(loss, loss_collection)


def _collected(loss: Tensor, loss_collection: Any) -> Tensor:
    if loss_collection:
        add_to_collection(loss_collection, loss)
    return loss


def _safe_mean(losses: Tensor, num_present: Tensor) -> Tensor:
    """Zero where nothing is present."""
    return div_no_nan(reduce_sum(losses, range_(rank(losses))), num_present, name="value")


def _num_present(losses: Tensor, weights: Tensor, per_batch: bool = False) -> Tensor:
    """How many elements of the losses have a weight other than zero: in all, or for each example of the batch."""
    with op_scope("num_present", None, [losses, weights]) as scope:
        present = where(equal(weights, 0.0), zeros_like(weights), ones_like(weights))
        present = broadcast_weights(present, losses)
        if per_batch:
            return reduce_sum(present, range_(1, rank(present)), keepdims=True, name=scope)
        return reduce_sum(present, name=scope)


def _num_elements(losses: Tensor) -> Tensor:
    with op_scope("num_elements", None, [losses]) as scope:
        return cast(size(losses, name=scope), losses.dtype)


# -- losses of elements ---------------------------------------------------------------------------------------------


def _elementwise(
    name: str, formula: Callable[[Tensor, Tensor], Tensor], argument: str = "predictions"
) -> Callable[..., Tensor]:
    """What the losses of two tensors of one shape have in common: formula(labels, predictions), weighed and reduced."""

    def loss(
        labels: Any, predictions: Any, weights: Any, scope: str | None, loss_collection: Any, reduction: str
    ) -> Tensor:
        _require(labels=labels, **{argument: predictions})
        with op_scope(scope, name, [predictions, labels, weights]) as scope:
            predictions, labels = cast(predictions, float32), cast(labels, float32)
            predictions.shape.assert_is_compatible_with(labels.shape)
            return compute_weighted_loss(formula(labels, predictions), weights, scope, loss_collection, reduction)

    return loss


def _require(**arguments: Any) -> None:
    for name, value in arguments.items():
        if value is None:
            raise ValueError(f"Argument `{name}` must not be None.")


def absolute_difference(
    labels: Any, predictions: Any, weights: Any = 1.0, scope: str | None = None, loss_collection: Any = _LOSSES,
    reduction: str = _DEFAULT,
) -> Tensor:  # fmt: skip
    """abs(predictions - labels), weighed and reduced as `compute_weighted_loss` does."""
    loss = _elementwise("absolute_difference", lambda y, p: absolute(subtract(p, y)))
    return loss(labels, predictions, weights, scope, loss_collection, reduction)


def mean_squared_error(
    labels: Any, predictions: Any, weights: Any = 1.0, scope: str | None = None, loss_collection: Any = _LOSSES,
    reduction: str = _DEFAULT,
) -> Tensor:  # fmt: skip
    """(predictions - labels) ** 2, weighed and reduced as `compute_weighted_loss` does."""
    loss = _elementwise("mean_squared_error", lambda y, p: squared_difference(p, y))
    return loss(labels, predictions, weights, scope, loss_collection, reduction)


def log_loss(
    labels: Any, predictions: Any, weights: Any = 1.0, epsilon: float = 1e-7, scope: str | None = None,
    loss_collection: Any = _LOSSES, reduction: str = _DEFAULT,
) -> Tensor:  # fmt: skip
    """-labels * log(predictions) - (1 - labels) * log(1 - predictions), with `epsilon` added inside the logarithms."""

    def formula(y: Tensor, p: Tensor) -> Tensor:
        return -multiply(y, log(p + epsilon)) - multiply(1 - y, log(1 - p + epsilon))

    return _elementwise("log_loss", formula)(labels, predictions, weights, scope, loss_collection, reduction)


def huber_loss(
    labels: Any, predictions: Any, weights: Any = 1.0, delta: float = 1.0, scope: str | None = None,
    loss_collection: Any = _LOSSES, reduction: str = _DEFAULT,
) -> Tensor:  # fmt: skip
    """error ** 2 / 2 where abs(error) is at most `delta`, beyond that linear with slope delta. Huber (1964)."""

    def formula(y: Tensor, p: Tensor) -> Tensor:
        error = absolute(subtract(p, y))
        quadratic = minimum(error, delta)
        linear = subtract(error, quadratic)
        return add(multiply(constant(0.5, float32), multiply(quadratic, quadratic)), multiply(delta, linear))

    return _elementwise("huber_loss", formula)(labels, predictions, weights, scope, loss_collection, reduction)


def hinge_loss(
    labels: Any, logits: Any, weights: Any = 1.0, scope: str | None = None, loss_collection: Any = _LOSSES,
    reduction: str = _DEFAULT,
) -> Tensor:  # fmt: skip
    """max(0, 1 - y * logits), with y = 2 * labels - 1 for labels of 0 and 1."""

    def formula(y: Tensor, logits: Tensor) -> Tensor:
        ones = ones_like(y)
        return relu(subtract(ones, multiply(subtract(2 * y, ones), logits)))

    return _elementwise("hinge_loss", formula, "logits")(labels, logits, weights, scope, loss_collection, reduction)


def cosine_distance(
    labels: Any, predictions: Any, axis: int | None = None, weights: Any = 1.0, scope: str | None = None,
    loss_collection: Any = _LOSSES, reduction: str = _DEFAULT, dim: int | None = None,
) -> Tensor:  # fmt: skip
    """1 - sum(labels * predictions) along `axis`, of labels and predictions that have length 1 along it."""
    axis = renamed(axis, dim, "axis", "dim")
    if axis is None:
        raise ValueError("You must specify argument `axis`.")
    loss = _elementwise("cosine_distance_loss", lambda y, p: 1 - reduce_sum(multiply(p, y), (axis,), keepdims=True))
    return loss(labels, predictions, weights, scope, loss_collection, reduction)


def mean_pairwise_squared_error(
    labels: Any, predictions: Any, weights: Any = 1.0, scope: str | None = None, loss_collection: Any = _LOSSES
) -> Tensor:
    """The mean over pairs i, j of one example's elements of ((p_i - p_j) - (y_i - y_j)) ** 2, summed over examples.

    `weights` are a scalar, or [batch, 1, ...]. Eigen et al., Depth Map Prediction (2014), equation 1.
    """
    _require(labels=labels, predictions=predictions)
    with op_scope(scope, "mean_pairwise_squared_error", [predictions, labels, weights]):
        weights, labels = cast(weights, float32), cast(labels, float32)
        with waiting_for(assert_broadcastable(weights, labels)):
            predictions = cast(predictions, float32)
            predictions.shape.assert_is_compatible_with(labels.shape)
            errors = subtract(predictions, labels)
            axes = range_(1, rank(errors))
            squares = reduce_sum(square(errors), axes, keepdims=True)
            present = _num_present(errors, weights, per_batch=True)
            spread = 2.0 * div_no_nan(squares, maximum(present - 1, 0), name="value")
            total = reduce_sum(errors, axes, keepdims=True)
            total = square(total)
            pairs = maximum(multiply(present, present - 1), 0)
            common = 2.0 * div_no_nan(total, pairs, name="value")
            loss = reduce_sum(multiply(spread - common, weights))
            loss = where(reduce_sum(present) > 0, loss, zeros_like(loss), name="value")
            return _collected(loss, loss_collection)


# -- losses of classes ----------------------------------------------------------------------------------------------


def sigmoid_cross_entropy(
    multi_class_labels: Any, logits: Any, weights: Any = 1.0, label_smoothing: float = 0, scope: str | None = None,
    loss_collection: Any = _LOSSES, reduction: str = _DEFAULT,
) -> Tensor:  # fmt: skip
    """`nn.sigmoid_cross_entropy_with_logits`, weighed and reduced; smoothing draws the labels towards one half."""
    _require(multi_class_labels=multi_class_labels, logits=logits)
    with op_scope(scope, "sigmoid_cross_entropy_loss", [logits, multi_class_labels, weights]) as scope:
        logits = convert_to_tensor(logits)
        labels = cast(multi_class_labels, logits.dtype)
        logits.shape.assert_is_compatible_with(labels.shape)
        if label_smoothing > 0:
            labels = labels * (1 - label_smoothing) + 0.5 * label_smoothing
        losses = sigmoid_cross_entropy_with_logits(labels=labels, logits=logits, name="xentropy")
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)


def softmax_cross_entropy(
    onehot_labels: Any, logits: Any, weights: Any = 1.0, label_smoothing: float = 0, scope: str | None = None,
    loss_collection: Any = _LOSSES, reduction: str = _DEFAULT,
) -> Tensor:  # fmt: skip
    """`nn.softmax_cross_entropy_with_logits`, weighed and reduced; smoothing draws the labels towards 1 / classes."""
    _require(onehot_labels=onehot_labels, logits=logits)
    with op_scope(scope, "softmax_cross_entropy_loss", [logits, onehot_labels, weights]) as scope:
        logits = convert_to_tensor(logits)
        labels = cast(onehot_labels, logits.dtype)
        logits.shape.assert_is_compatible_with(labels.shape)
        if label_smoothing > 0:
            share = label_smoothing / cast(shape(labels)[-1], logits.dtype)
            labels = labels * (1.0 - label_smoothing) + share
        labels = stop_gradient(labels, name="labels_stop_gradient")
        losses = softmax_cross_entropy_with_logits_v2(labels=labels, logits=logits, name="xentropy")
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)


def sparse_softmax_cross_entropy(
    labels: Any, logits: Any, weights: Any = 1.0, scope: str | None = None, loss_collection: Any = _LOSSES,
    reduction: str = _DEFAULT,
) -> Tensor:  # fmt: skip
    """`nn.sparse_softmax_cross_entropy_with_logits` of class indices, weighed and reduced."""
    _require(labels=labels, logits=logits)
    with op_scope(scope, "sparse_softmax_cross_entropy_loss", [logits, labels, weights]) as scope:
        labels, logits, weights = remove_squeezable_dimensions(labels, logits, weights, expected_rank_diff=1)
        losses = sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits, name="xentropy")
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)


# -- what was collected ---------------------------------------------------------------------------------------------


def add_loss(loss: Any, loss_collection: Any = _LOSSES) -> None:
    """Put a loss of one's own into the collection."""
    _collected(loss, loss_collection)


def get_losses(scope: str | None = None, loss_collection: Any = _LOSSES) -> list:
    """The losses collected so far, whose names match `scope` from their start."""
    return get_collection(loss_collection, scope)


def get_regularization_losses(scope: str | None = None) -> list:
    return get_collection(GraphKeys.REGULARIZATION_LOSSES, scope)


def get_regularization_loss(scope: str | None = None, name: str = "total_regularization_loss") -> Tensor:
    """The sum of the regularization losses, zero where there are none."""
    losses = get_regularization_losses(scope)
    return add_n(losses, name=name) if losses else constant(0.0)


def get_total_loss(
    add_regularization_losses: bool = True, name: str = "total_loss", scope: str | None = None
) -> Tensor:
    """The sum of all losses collected, with or without regularizers'. Raises ValueError where there are none."""
    losses = get_losses(scope=scope)
    if add_regularization_losses:
        losses += get_regularization_losses(scope=scope)
    return add_n(losses, name=name)


__all__ = [
    "Reduction", "absolute_difference", "add_loss", "compute_weighted_loss", "cosine_distance", "get_losses",
    "get_regularization_loss", "get_regularization_losses", "get_total_loss", "hinge_loss", "huber_loss", "log_loss",
    "mean_pairwise_squared_error", "mean_squared_error", "sigmoid_cross_entropy", "softmax_cross_entropy",
    "sparse_softmax_cross_entropy",
]  # fmt: skip
