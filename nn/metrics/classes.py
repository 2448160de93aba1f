"""Measures class by class, distances, and means of whole tensors."""

from __future__ import annotations

from typing import Any

from ...engine.dtypes import float32, float64, int64
from ...engine.graph import Tensor, control_dependencies
from ...engine.ops.basic import cast, ones, ones_like, reshape, size, zeros_like
from ...engine.ops.diagonals import diag_part
from ...engine.ops.math import abs as absolute
from ...engine.ops.math import (
    div_no_nan,
    divide,
    equal,
    greater,
    maximum,
    multiply,
    not_equal,
    subtract,
    where,
)
from ...engine.ops.reduce import reduce_mean, reduce_sum
from ...engine.ops.state import assign_add, scatter_add
from ...scopes.scope import variable_scope
from ..counting import confusion_matrix
from ..weights import broadcast_weights, like_labels
from .means import Metric, alike, collected, mean, metric_variable


def _flat(labels: Any, predictions: Any, weights: Any) -> tuple[Tensor, Tensor, Any]:
    """Labels, predictions and weights as vectors, the first two int64."""
    labels, predictions = cast(labels, int64), cast(predictions, int64)
    labels, predictions = (x if x.shape.ndims in (None, 0, 1) else reshape(x, [-1]) for x in (labels, predictions))
    if weights is not None and (like_labels(weights, labels).shape.ndims or 0) > 1:
        weights = reshape(weights, [-1])
    return labels, predictions, weights


def mean_iou(
    labels: Any, predictions: Any, num_classes: int, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """The mean, over the classes that occurred, of true positives / (those + false ones + missed ones).

    (value, update_op): the latter gives the confusion matrix [num_classes, num_classes] so far.
    """
    with variable_scope(name, "mean_iou", (predictions, labels, weights)):
        labels, predictions, weights = _flat(labels, predictions, weights)
        total = metric_variable([num_classes, num_classes], float64, name="total_confusion_matrix")
        batch = confusion_matrix(labels, predictions, num_classes, weights=weights, dtype=float64)
        update = assign_add(total, batch)
        rows, columns = cast(reduce_sum(total, 0), float32), cast(reduce_sum(total, 1), float32)
        hits = cast(diag_part(total), float32)
        together = rows + columns - hits
        occurred = reduce_sum(cast(not_equal(together, 0), float32))
        shares = divide(hits, where(greater(together, 0), together, ones_like(together)))
        value = where(greater(occurred, 0), reduce_sum(shares, name="mean_iou") / occurred, 0.0)
        return collected(value, update, metrics_collections, updates_collections)


def mean_per_class_accuracy(
    labels: Any, predictions: Any, num_classes: int, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """The mean over all classes of how often predictions equal labels of the class, 0 for one that did not occur.

    (value, update_op): the latter gives the share of each class.
    """
    with variable_scope(name, "mean_accuracy", (predictions, labels, weights)):
        labels, predictions, weights = _flat(labels, predictions, weights)
        total, count = metric_variable([num_classes], name="total"), metric_variable([num_classes], name="count")
        every = ones([size(labels)], float32)
        right = cast(equal(predictions, labels), float32)
        if weights is not None:
            weights = cast(like_labels(weights, labels), float32)
            every, right = every * weights, right * weights
        update_total, update_count = scatter_add(total, labels, every), scatter_add(count, labels, right)

        value = reduce_mean(div_no_nan(count, maximum(total, 0)), name="mean_accuracy")
        update = div_no_nan(update_count, maximum(update_total, 0), name="update_op")
        return collected(value, update, metrics_collections, updates_collections)


def mean_cosine_distance(
    labels: Any, predictions: Any, dim: int, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """1 less the mean of the products, summed along `dim`, of labels and predictions that have length 1."""
    labels, predictions, weights = alike(labels, predictions, weights)
    products = reduce_sum(multiply(predictions, labels), axis=[dim], keepdims=True)
    value, update = mean(products, weights, None, None, name or "mean_cosine_distance")
    return collected(subtract(1.0, value), subtract(1.0, update), metrics_collections, updates_collections)


def mean_relative_error(
    labels: Any, predictions: Any, normalizer: Any, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """The mean of abs(labels - predictions) / normalizer, 0 where that is 0."""
    labels, predictions, weights = alike(labels, predictions, weights)
    predictions, normalizer, _ = alike(predictions, normalizer, None)
    predictions.shape.assert_is_compatible_with(normalizer.shape)
    errors = where(equal(normalizer, 0.0), zeros_like(labels), divide(absolute(labels - predictions), normalizer))
    return mean(errors, weights, metrics_collections, updates_collections, name or "mean_relative_error")


def mean_tensor(
    values: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
    name: str | None = None,
) -> Metric:  # fmt: skip
    """The (weighed) mean, element by element, of all the tensors seen, which have one known shape."""
    with variable_scope(name, "mean", (values, weights)):
        values = cast(values, float32)
        total = metric_variable(values.shape, name="total_tensor")
        count = metric_variable(values.shape, name="count_tensor")
        seen = ones_like(values)
        if weights is not None:
            weights = broadcast_weights(cast(like_labels(weights, values), float32), values)
            values, seen = multiply(values, weights), multiply(seen, weights)
        update_total = assign_add(total, values)
        with control_dependencies([values]):
            update_count = assign_add(count, seen)
        value = div_no_nan(total, maximum(count, 0), name="value")
        update = div_no_nan(update_total, maximum(update_count, 0), name="update_op")
        return collected(value, update, metrics_collections, updates_collections)


__all__ = ["mean_cosine_distance", "mean_iou", "mean_per_class_accuracy", "mean_relative_error", "mean_tensor"]
