"""Means, shares and counts over many batches, kept in local variables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...engine.dtypes import bool_, float32
from ...engine.graph import Tensor, add_to_collections, control_dependencies
from ...engine.ops.basic import cast, identity, size, zeros
from ...engine.ops.math import abs as absolute
from ...engine.ops.math import (
    div_no_nan,
    equal,
    greater,
    less,
    logical_and,
    maximum,
    multiply,
    sqrt,
    squared_difference,
    where,
)
from ...engine.ops.reduce import reduce_sum
from ...engine.ops.state import assign_add
from ...scopes.keys import GraphKeys
from ...scopes.scope import variable_scope
from ...scopes.variables import Variable
from ..weights import broadcast_weights, like_labels, remove_squeezable_dimensions

Metric = tuple[Tensor, Tensor]  # the value so far, and the operation that takes a batch in and gives the new value


def metric_variable(shape: Any, dtype: Any = float32, name: str | None = None) -> Variable:
    """A local variable of zeros, in LOCAL_VARIABLES and METRIC_VARIABLES."""
    collections = [GraphKeys.LOCAL_VARIABLES, GraphKeys.METRIC_VARIABLES]
    return Variable(lambda: zeros(shape, dtype), trainable=False, collections=collections, name=name)


def collected(value: Tensor, update: Tensor, metrics_collections: Any, updates_collections: Any) -> Metric:
    if metrics_collections:
        add_to_collections(metrics_collections, value)
    if updates_collections:
        add_to_collections(updates_collections, update)
    return value, update


def mean(
    values: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
    name: str | None = None,
) -> Metric:  # fmt: skip
    """The (weighed) mean of all values seen, in the variables `total` and `count`: (value, update_op).

    The value is zero before the first update. `weights` broadcast to the values.
    """
    with variable_scope(name, "mean", [values, weights]):
        values = cast(values, float32)
        total, count = metric_variable([], name="total"), metric_variable([], name="count")
        if weights is None:
            seen = cast(size(values), float32)
        else:
            weights = broadcast_weights(cast(like_labels(weights, values), float32), values)
            values = multiply(values, weights)
            seen = reduce_sum(weights)
        update_total = assign_add(total, reduce_sum(values))
        with control_dependencies([values]):
            update_count = assign_add(count, seen)
        value = div_no_nan(total, maximum(count, 0), name="value")
        update = div_no_nan(update_total, maximum(update_count, 0), name="update_op")
        return collected(value, update, metrics_collections, updates_collections)


def alike(labels: Any, predictions: Any, weights: Any) -> tuple[Tensor, Tensor, Any]:
    labels, predictions, weights = remove_squeezable_dimensions(labels, predictions, weights)
    predictions.shape.assert_is_compatible_with(labels.shape)
    return labels, predictions, weights


def accuracy(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """How often predictions equal labels: (value, update_op)."""
    labels, predictions, weights = alike(labels, predictions, weights)
    if labels.dtype is not predictions.dtype:
        predictions = cast(predictions, labels.dtype)
    is_correct = cast(equal(predictions, labels), float32)
    return mean(is_correct, weights, metrics_collections, updates_collections, name or "accuracy")


def mean_squared_error(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """The mean of (predictions - labels) ** 2: (value, update_op)."""
    labels, predictions, weights = alike(labels, predictions, weights)
    errors = squared_difference(labels, predictions)
    return mean(errors, weights, metrics_collections, updates_collections, name or "mean_squared_error")


def mean_absolute_error(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """The mean of abs(predictions - labels): (value, update_op)."""
    labels, predictions, weights = alike(labels, predictions, weights)
    errors = absolute(predictions - labels)
    return mean(errors, weights, metrics_collections, updates_collections, name or "mean_absolute_error")


def root_mean_squared_error(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """The square root of the mean of (predictions - labels) ** 2: (value, update_op)."""
    value, update = mean_squared_error(labels, predictions, weights, name=name or "root_mean_squared_error")
    return collected(sqrt(value), sqrt(update), metrics_collections, updates_collections)


def percentage_below(
    values: Any, threshold: float, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """The share of values below the threshold: (value, update_op)."""
    below = cast(less(values, threshold), float32)
    return mean(below, weights, metrics_collections, updates_collections, name or "percentage_below_threshold")


# -- counts of hits and misses --------------------------------------------------------------------------------------


def _count(default_name: str, label: bool, prediction: bool) -> Callable[..., Metric]:
    """The metric that counts where labels and predictions, as booleans, are these two."""

    def count(
        labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None,
        updates_collections: Any = None, name: str | None = None,
    ) -> Metric:  # fmt: skip
        with variable_scope(name, default_name, [predictions, labels, weights]):
            predictions, labels = cast(predictions, bool_), cast(labels, bool_)
            labels, predictions, weights = alike(labels, predictions, weights)
            hits = logical_and(equal(labels, label), equal(predictions, prediction))
            counted = metric_variable([], name="count")
            values = cast(hits, float32)
            if weights is not None:
                values = multiply(values, broadcast_weights(cast(weights, float32), values))
            value = identity(counted)
            update = assign_add(counted, reduce_sum(values))
            return collected(value, update, metrics_collections, updates_collections)

    count.__name__ = count.__qualname__ = default_name
    truth = "non-zero" if label else "zero"
    guess = "non-zero" if prediction else "zero"
    count.__doc__ = f"The (weighed) number of elements with {truth} label and {guess} prediction: (value, update_op)."
    return count


true_positives = _count("true_positives", True, True)
false_positives = _count("false_positives", False, True)
false_negatives = _count("false_negatives", True, False)
true_negatives = _count("true_negatives", False, False)


def _share(
    default_name: str,
    name: str | None,
    misses: Callable[..., Metric],
    labels: Any,
    predictions: Any,
    weights: Any,
    *into: Any,
) -> Metric:
    """true positives / (true positives + misses), zero where there are neither."""
    with variable_scope(name, default_name, [predictions, labels, weights]):
        predictions, labels = cast(predictions, bool_), cast(labels, bool_)
        labels, predictions, weights = alike(labels, predictions, weights)
        hit, hit_update = true_positives(labels, predictions, weights)
        missed, missed_update = misses(labels, predictions, weights)

        def share(hit: Tensor, missed: Tensor, name: str) -> Tensor:
            return where(greater(hit + missed, 0), hit / (hit + missed), 0, name)

        value, update = share(hit, missed, "value"), share(hit_update, missed_update, "update_op")
        return collected(value, update, *into)


def precision(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """The share of the positive predictions that are right: (value, update_op)."""
    into = metrics_collections, updates_collections
    return _share("precision", name, false_positives, labels, predictions, weights, *into)


def recall(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """The share of the positive labels that are found: (value, update_op)."""
    into = metrics_collections, updates_collections
    return _share("recall", name, false_negatives, labels, predictions, weights, *into)


__all__ = [
    "accuracy", "false_negatives", "false_positives", "mean", "mean_absolute_error", "mean_squared_error",
    "percentage_below", "precision", "recall", "root_mean_squared_error", "true_negatives", "true_positives",
]  # fmt: skip
