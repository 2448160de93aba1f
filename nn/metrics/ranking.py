"""Measures of the k classes that a prediction ranks highest, against the classes that are right."""

from __future__ import annotations

from typing import Any

from ...engine.build import convert_to_tensor
from ...engine.dtypes import bool_, float64, int32, int64
from ...engine.graph import Tensor, op_scope
from ...engine.ops.basic import cast, expand_dims, ones_like, shape
from ...engine.ops.diagonals import matrix_band_part
from ...engine.ops.indexing import top_k
from ...engine.ops.math import add, div_no_nan, divide, equal, logical_and, logical_not, minimum, multiply
from ...engine.ops.ranges import range as range_of
from ...engine.ops.reduce import cumsum, reduce_any, reduce_sum
from ...engine.ops.state import assign_add
from ...engine.sparse_tensor import SparseTensor
from ...scopes.scope import variable_scope
from ..weights import broadcast_weights, like_labels
from .means import Metric, collected, metric_variable


def _labels_of_rows(labels: Any, predictions: Tensor) -> Tensor:
    """int64 [..., number]: also labels of one class, which may lack the last dimension."""
    if isinstance(labels, SparseTensor):
        raise NotImplementedError("metrics at k take dense labels: make sparse ones dense, with -1 where there is none")
    labels = convert_to_tensor(labels)
    if labels.shape.ndims is not None and labels.shape.ndims == (predictions.shape.ndims or 0) - 1:
        labels = expand_dims(labels, -1)
    return cast(labels, int64)


def _first_of_equals(x: Tensor) -> Tensor:
    """Where, along the last axis, no element before is the same."""
    same = equal(expand_dims(x, -1), expand_dims(x, -2))
    before = cast(matrix_band_part(cast(ones_like(same, int32), int32), -1, 0), bool_)
    diagonal = cast(matrix_band_part(cast(ones_like(same, int32), int32), 0, 0), bool_)
    return logical_not(reduce_any(logical_and(same, logical_and(before, logical_not(diagonal))), -1))


class _Ranked:
    """Labels and ranked predictions, int64 [..., n] and [..., k], and where each is among the others."""

    def __init__(self, labels: Any, predictions: Tensor, class_id: int | None) -> None:
        labels = _labels_of_rows(labels, predictions)
        same = equal(expand_dims(predictions, -1), expand_dims(labels, -2))
        counted = _first_of_equals(predictions), _first_of_equals(labels)
        if class_id is not None:
            counted = (
                logical_and(counted[0], equal(predictions, class_id)),
                logical_and(counted[1], equal(labels, class_id)),
            )
        right, found = reduce_any(same, -1), reduce_any(same, -2)
        self.true_positives = logical_and(counted[0], right)
        self.false_positives = logical_and(counted[0], logical_not(right))
        self.false_negatives = logical_and(counted[1], logical_not(found))


def _streamed(found: Tensor, weights: Any, name: str) -> tuple[Tensor, Tensor]:
    """The (weighed) number of the true ones among all rows so far, float64, and with a batch taken in."""
    rows = reduce_sum(cast(found, float64), -1)
    if weights is not None:
        weights = cast(like_labels(weights, rows), float64)
        rows = multiply(rows, broadcast_weights(weights, rows))
    counted = metric_variable([], float64, name=name)
    return counted.value(), assign_add(counted, reduce_sum(rows))


def _name_at(what: str, k: int | None, class_id: int | None) -> str:
    return what + ("" if k is None else f"_at_{k}") + ("" if class_id is None else f"_class{class_id}")


def _share_at_top(
    kind: str, labels: Any, top: Any, k: int | None, class_id: int | None, weights: Any, into: tuple[Any, Any],
    name: str | None,
) -> Metric:  # fmt: skip
    """The share of the true positives, of all predictions ("precision") or of all labels ("recall")."""
    with op_scope(name, _name_at(kind, k, class_id), [top, weights]) as scope:
        ranked = _Ranked(labels, cast(top, int64), class_id)
        misses = ("false_positive", ranked.false_positives) if kind == "precision" else (
            "false_negative", ranked.false_negatives
        )  # fmt: skip
        with variable_scope(None, scope[:-1] if scope else kind, auxiliary_name_scope=False):
            hit, hit_update = _streamed(ranked.true_positives, weights, _name_at("true_positive", k, class_id))
            missed, missed_update = _streamed(misses[1], weights, _name_at(misses[0], k, class_id))
        value = divide(hit, add(hit, missed), name=scope)
        update = divide(hit_update, add(hit_update, missed_update), name="update")
        return collected(value, update, *into)


def _highest(predictions: Any, k: int) -> Tensor:
    return cast(top_k(convert_to_tensor(predictions), k)[1], int64)


def precision_at_k(
    labels: Any, predictions: Any, k: int, class_id: int | None = None, weights: Any = None,
    metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """The share of the k highest predictions [..., classes] that are among the row's labels [..., n]: float64.

    With `class_id`, of those rows where that class is among the k highest. Labels outside the classes are never found.
    Raises NotImplementedError for sparse labels. (value, update_op).
    """
    into = metrics_collections, updates_collections
    with op_scope(name, _name_at("precision", k, class_id), [predictions, labels, weights]) as scope:
        return _share_at_top("precision", labels, _highest(predictions, k), k, class_id, weights, into, scope)


def precision_at_top_k(
    labels: Any, predictions_idx: Any, k: int | None = None, class_id: int | None = None, weights: Any = None,
    metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """`precision_at_k` of classes [..., k] that are the highest already."""
    into = metrics_collections, updates_collections
    return _share_at_top("precision", labels, predictions_idx, k, class_id, weights, into, name)


def recall_at_k(
    labels: Any, predictions: Any, k: int, class_id: int | None = None, weights: Any = None,
    metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """The share of a row's labels [..., n] that are among the k highest predictions [..., classes]: float64.

    Arguments as for `precision_at_k`.
    """
    into = metrics_collections, updates_collections
    with op_scope(name, _name_at("recall", k, class_id), [predictions, labels, weights]) as scope:
        return _share_at_top("recall", labels, _highest(predictions, k), k, class_id, weights, into, scope)


def recall_at_top_k(
    labels: Any, predictions_idx: Any, k: int | None = None, class_id: int | None = None, weights: Any = None,
    metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """`recall_at_k` of classes [..., k] that are the highest already."""
    into = metrics_collections, updates_collections
    return _share_at_top("recall", labels, predictions_idx, k, class_id, weights, into, name)


def average_precision_at_k(
    labels: Any, predictions: Any, k: int, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """The mean over rows of the precisions at 1, …, k where the last one is right, over how many could be: float64."""
    default = _name_at("average_precision", k, None)
    with op_scope(name, default, [predictions, labels, weights]) as scope:
        top = _highest(predictions, k)
        labels = _labels_of_rows(labels, top)
        right = cast(_Ranked(labels, top, None).true_positives, float64)
        precisions = divide(cumsum(right, -1), cast(range_of(1, k + 1), float64))
        possible = minimum(shape(labels)[-1], k)
        rows = divide(reduce_sum(precisions * right, -1), cast(possible, float64))
        seen = ones_like(rows)
        if weights is not None:
            weights = broadcast_weights(cast(like_labels(weights, rows), float64), rows)
            rows, seen = multiply(rows, weights), weights
        with variable_scope(None, scope[:-1] if scope else default, auxiliary_name_scope=False):
            most, total = metric_variable([], float64, name="max"), metric_variable([], float64, name="total")
        update_most, update_total = assign_add(most, reduce_sum(seen)), assign_add(total, reduce_sum(rows))
        value, update = div_no_nan(total, most, name="mean"), div_no_nan(update_total, update_most, name=scope)
        return collected(value, update, metrics_collections, updates_collections)


def sparse_precision_at_k(
    labels: Any, predictions: Any, k: int, class_id: int | None = None, weights: Any = None,
    metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """`precision_at_k` under its older name."""
    return precision_at_k(labels, predictions, k, class_id, weights, metrics_collections, updates_collections, name)


def sparse_average_precision_at_k(
    labels: Any, predictions: Any, k: int, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """`average_precision_at_k` under its older name."""
    return average_precision_at_k(labels, predictions, k, weights, metrics_collections, updates_collections, name)


__all__ = [
    "average_precision_at_k", "precision_at_k", "precision_at_top_k", "recall_at_k", "recall_at_top_k",
    "sparse_average_precision_at_k", "sparse_precision_at_k",
]  # fmt: skip
