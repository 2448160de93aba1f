"""Hits and misses of predictions in [0, 1] at many thresholds, and what follows from them: the area under a curve."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...engine.build import constant
from ...engine.dtypes import bool_, float32
from ...engine.graph import Tensor, control_dependencies
from ...engine.ops.basic import cast, expand_dims, identity, ones_like, reshape
from ...engine.ops.checks import assert_greater_equal, assert_less_equal
from ...engine.ops.indexing import gather
from ...engine.ops.math import abs as absolute
from ...engine.ops.math import (
    div_no_nan,
    divide,
    greater,
    log,
    logical_and,
    logical_not,
    maximum,
    minimum,
    multiply,
    where,
)
from ...engine.ops.reduce import argmax, argmin, reduce_sum
from ...engine.ops.state import assign_add
from ...scopes.scope import variable_scope
from ..weights import broadcast_weights, like_labels
from .means import Metric, alike, collected, metric_variable

_EPSILON = 1e-7  # how far the outermost thresholds are beyond [0, 1], and what keeps a quotient of nothing from NaN
_COUNTS = {  # (what the label is, what the prediction is)
    "true_positives": (True, True),
    "false_negatives": (True, False),
    "true_negatives": (False, False),
    "false_positives": (False, True),
}


def _counts_at(
    labels: Any, predictions: Any, thresholds: Sequence[float], weights: Any, wanted: Sequence[str] = tuple(_COUNTS)
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The counts [thresholds] so far, and with a batch taken in, by name; a prediction above a threshold is positive.

    Predictions outside [0, 1] raise InvalidArgumentError in a run.
    """
    predictions = cast(predictions, float32)
    checks = [
        assert_greater_equal(predictions, 0.0, message="predictions must be in [0, 1]"),
        assert_less_equal(predictions, 1.0, message="predictions must be in [0, 1]"),
    ]
    with control_dependencies([check for check in checks if check is not None]):
        labels, predictions, weights = alike(cast(labels, bool_), predictions, weights)
        positive = greater(reshape(predictions, [1, -1]), expand_dims(constant(list(thresholds), float32), 1))
    if weights is not None:
        weights = reshape(broadcast_weights(cast(like_labels(weights, predictions), float32), predictions), [1, -1])
    is_true = reshape(labels, [1, -1])
    values, updates = {}, {}
    for name in wanted:
        label, prediction = _COUNTS[name]
        counted = metric_variable([len(thresholds)], name=name)
        found = logical_and(
            is_true if label else logical_not(is_true), positive if prediction else logical_not(positive)
        )
        ones = cast(found, float32)
        values[name] = identity(counted)
        updates[name] = assign_add(counted, reduce_sum(ones if weights is None else ones * weights, 1))
    return values, updates


def _evenly(count: int) -> list[float]:
    """So many thresholds over [0, 1], the first and the last just beyond it."""
    inner = [(i + 1) / (count - 1) for i in range(count - 2)]
    return [0.0 - _EPSILON, *inner, 1.0 + _EPSILON]


def auc(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    num_thresholds: int = 200,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    curve: str = "ROC",
    name: str | None = None,
    summation_method: str = "trapezoidal",
    thresholds: Sequence[float] | None = None,
) -> Metric:
    """The area under a curve, from the counts at `num_thresholds` thresholds: (value, update_op).

    Args:
        predictions: in [0, 1].
        curve: "ROC", true positive rate over false positive rate, or "PR", precision over recall.
        summation_method: "trapezoidal"; "minoring" or "majoring", by the lower or the upper end of each step; or
            "careful_interpolation", for "PR": J. Davis and M. Goadrich, The relationship between precision-recall and
            ROC curves (2006).
        thresholds: others than those evenly over [0, 1], without its ends.

    Raises ValueError for another curve or method.
    """
    with variable_scope(name, "auc", (labels, predictions, weights)):
        if curve not in ("ROC", "PR"):
            raise ValueError(f"Curve must be either ROC or PR. Curve {curve} is unknown.")
        if thresholds is None:
            places = _evenly(num_thresholds)
        else:
            places = [0.0 - _EPSILON, *sorted(thresholds), 1.0 + _EPSILON]
        values, updates = _counts_at(labels, predictions, places, weights)

        def area(counts: dict[str, Tensor], name: str) -> Tensor:
            return _area(counts, curve, summation_method, name)

        value, update = area(values, "value"), area(updates, "update_op")
        return collected(value, update, metrics_collections, updates_collections)


def _area(counts: dict[str, Tensor], curve: str, method: str, name: str) -> Tensor:
    tp, fn, tn, fp = counts.values()
    epsilon = 1.0e-6
    recall = divide(tp + epsilon, tp + fn + epsilon)
    if curve == "PR" and method == "careful_interpolation":
        return _interpolated(tp, fp, fn)
    x, y = (
        (divide(fp, fp + tn + epsilon), recall) if curve == "ROC" else (recall, divide(tp + epsilon, tp + fp + epsilon))
    )
    widths, left, right = x[:-1] - x[1:], y[:-1], y[1:]
    if method in ("trapezoidal", "careful_interpolation"):
        return reduce_sum(multiply(widths, (left + right) / 2.0), name=name)
    if method in ("minoring", "majoring"):
        return reduce_sum(multiply(widths, (minimum if method == "minoring" else maximum)(left, right)), name=name)
    raise ValueError(f"Invalid summation_method: {method}")


def _interpolated(tp: Tensor, fp: Tensor, fn: Tensor) -> Tensor:
    """The area where true positives grow in a line with all positives between two thresholds."""
    gained, positives = tp[:-1] - tp[1:], tp + fp
    before, after = positives[:-1], positives[1:]
    slope = div_no_nan(gained, maximum(before - after, 0))
    intercept = tp[1:] - multiply(slope, after)
    both = logical_and(before > 0, after > 0)
    ratio = where(both, div_no_nan(before, maximum(after, 0)), ones_like(after))
    shares = div_no_nan(slope * (gained + intercept * log(ratio)), maximum(tp[1:] + fn[1:], 0))
    return reduce_sum(shares, name="interpolate_pr_auc")


def _at_best(
    default_name: str, by: str, best: Callable[[dict[str, Tensor], float, str], Tensor]
) -> Callable[..., Metric]:
    """The metric that `best` reads off all counts, given the least value of another one."""

    def metric(
        labels: Any, predictions: Any, least: float, weights: Any, num_thresholds: int, into: Sequence[Any],
        name: str | None,
    ) -> Metric:  # fmt: skip
        if not 0 <= least <= 1:
            raise ValueError(f"`{by}` must be in the range [0, 1].")
        with variable_scope(name, default_name, (predictions, labels, weights)):
            values, updates = _counts_at(labels, predictions, _evenly(num_thresholds), weights)
            return collected(best(values, least, "value"), best(updates, least, "update_op"), *into)

    return metric


def _sensitivity(counts: dict[str, Tensor], specificity: float, name: str) -> Tensor:
    tp, fn, tn, fp = counts.values()
    near = argmin(absolute(divide(tn, tn + fp + _EPSILON) - specificity), 0)
    return divide(gather(tp, near), gather(tp, near) + gather(fn, near) + _EPSILON, name=name)


def _specificity(counts: dict[str, Tensor], sensitivity: float, name: str) -> Tensor:
    """At the sensitivity nearest to the one given; of several, at the last threshold."""
    tp, fn, tn, fp = counts.values()
    sensitivities = divide(tp, tp + fn + _EPSILON)
    distances = absolute(sensitivities - sensitivity)
    least = gather(distances, argmin(distances, 0))
    near = argmax(cast(distances <= least, float32)[::-1], 0)
    near = cast(tp.shape[0].value - 1, near.dtype) - near
    return divide(gather(tn, near), gather(tn, near) + gather(fp, near) + _EPSILON, name=name)


_sensitivity_metric = _at_best("sensitivity_at_specificity", "specificity", _sensitivity)
_specificity_metric = _at_best("specificity_at_sensitivity", "sensitivity", _specificity)


def sensitivity_at_specificity(
    labels: Any, predictions: Any, specificity: float, weights: Any = None, num_thresholds: int = 200,
    metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """The share of the positive that is found at the threshold whose specificity is nearest to the one given."""
    into = metrics_collections, updates_collections
    return _sensitivity_metric(labels, predictions, specificity, weights, num_thresholds, into, name)


def specificity_at_sensitivity(
    labels: Any, predictions: Any, sensitivity: float, weights: Any = None, num_thresholds: int = 200,
    metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """The share of the negative that is found at the threshold whose sensitivity is nearest to the one given."""
    into = metrics_collections, updates_collections
    return _specificity_metric(labels, predictions, sensitivity, weights, num_thresholds, into, name)


def _count_metric(count: str) -> Callable[..., Metric]:
    def metric(
        labels: Any, predictions: Any, thresholds: Sequence[float], weights: Any = None,
        metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None,
    ) -> Metric:  # fmt: skip
        with variable_scope(name, count, (predictions, labels, weights)):
            values, updates = _counts_at(labels, predictions, thresholds, weights, [count])
            return collected(values[count], updates[count], metrics_collections, updates_collections)

    metric.__name__ = metric.__qualname__ = f"{count}_at_thresholds"
    metric.__doc__ = f"[thresholds]: the (weighed) number of {count.replace('_', ' ')} at each: (value, update_op)."
    return metric


true_positives_at_thresholds = _count_metric("true_positives")
false_positives_at_thresholds = _count_metric("false_positives")
true_negatives_at_thresholds = _count_metric("true_negatives")
false_negatives_at_thresholds = _count_metric("false_negatives")


def _share_metric(share: str, misses: str, what: str) -> Callable[..., Metric]:
    def metric(
        labels: Any, predictions: Any, thresholds: Sequence[float], weights: Any = None,
        metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None,
    ) -> Metric:  # fmt: skip
        with variable_scope(name, f"{share}_at_thresholds", (predictions, labels, weights)):
            counted = _counts_at(labels, predictions, thresholds, weights, ["true_positives", misses])
            value, update = (
                divide(
                    counts["true_positives"],
                    _EPSILON + counts["true_positives"] + counts[misses],
                    name=f"{share}_{end}",
                )
                for counts, end in zip(counted, ("value", "update_op"), strict=True)
            )
            return collected(value, update, metrics_collections, updates_collections)

    metric.__name__ = metric.__qualname__ = f"{share}_at_thresholds"
    metric.__doc__ = f"[thresholds]: the share of {what} at each: (value, update_op)."
    return metric


precision_at_thresholds = _share_metric("precision", "false_positives", "the positive predictions that are right")
recall_at_thresholds = _share_metric("recall", "false_negatives", "the positive labels that are found")


__all__ = [
    "auc", "false_negatives_at_thresholds", "false_positives_at_thresholds", "precision_at_thresholds",
    "recall_at_thresholds", "sensitivity_at_specificity", "specificity_at_sensitivity",
    "true_negatives_at_thresholds", "true_positives_at_thresholds",
]  # fmt: skip
