"""Counts of what was said for what is so, and of values by their size."""

from __future__ import annotations

from typing import Any

from ..engine.build import convert_to_tensor
from ..engine.dtypes import int32, int64
from ..engine.graph import Tensor, control_dependencies, op_scope
from ..engine.ops.array import stack
from ..engine.ops.basic import cast, identity, ones_like, reshape, shape
from ..engine.ops.checks import assert_less, assert_non_negative
from ..engine.ops.clip import clip_by_value
from ..engine.ops.effects import Assert
from ..engine.ops.indexing import scatter_nd
from ..engine.ops.math import floor, greater, maximum, multiply, truediv
from ..engine.ops.reduce import reduce_max
from ..engine.ops.segments import bincount
from .weights import remove_squeezable_dimensions


def confusion_matrix(
    labels: Any,
    predictions: Any,
    num_classes: Any = None,
    dtype: Any = int32,
    name: str | None = None,
    weights: Any = None,
) -> Tensor:
    """[num_classes, num_classes]: how often (or with what weight in all) each label, a row, had each prediction.

    Labels and predictions are vectors of classes from 0; `num_classes` is by default one more than the largest. A
    negative or too large class raises InvalidArgumentError in a run.
    """
    with op_scope(name, "confusion_matrix", [predictions, labels, num_classes, weights]):
        labels, predictions, _ = remove_squeezable_dimensions(convert_to_tensor(labels, name="labels"), predictions)
        labels, predictions = cast(labels, int64), cast(predictions, int64)
        labels = _checked(labels, assert_non_negative(labels, message="`labels` contains negative values"))
        predictions = _checked(
            predictions, assert_non_negative(predictions, message="`predictions` contains negative values")
        )
        if num_classes is None:
            num_classes = maximum(reduce_max(predictions), reduce_max(labels)) + 1
        else:
            num_classes = cast(num_classes, int64)
            labels = _checked(labels, assert_less(labels, num_classes, message="`labels` out of bound"))
            predictions = _checked(
                predictions, assert_less(predictions, num_classes, message="`predictions` out of bound")
            )
        if weights is not None:
            weights = convert_to_tensor(weights, name="weights")
            predictions.shape.assert_is_compatible_with(weights.shape)
            weights = cast(weights, dtype)
        sizes = stack([num_classes, num_classes])
        indices = stack([labels, predictions], axis=1)
        values = ones_like(predictions, dtype) if weights is None else weights
        return scatter_nd(indices, values, sizes)


def _checked(values: Tensor, check: Any) -> Tensor:
    """The values, once they are checked in a run; as they are where that was done already."""
    if check is None:
        return values
    with control_dependencies([check]):
        return identity(values, name="control_dependency")


def histogram_fixed_width_bins(
    values: Any, value_range: Any, nbins: Any = 100, dtype: Any = int32, name: str | None = None
) -> Tensor:
    """The bin, of `nbins` alike from value_range[0] to value_range[1], that each value is in, or is nearest to."""
    with op_scope(name, "histogram_fixed_width_bins", [values, value_range, nbins]):
        values = convert_to_tensor(values, name="values")
        value_range = convert_to_tensor(value_range, name="value_range")
        nbins = convert_to_tensor(nbins, int32, name="nbins")
        check = Assert(greater(nbins, 0), [f"nbins {nbins} must > 0"])
        flat = reshape(values, [-1])
        with control_dependencies([check]):
            flat = identity(flat, name="control_dependency")
        low, high = value_range[0], value_range[1]
        scaled = truediv(flat - low, high - low, name="scaled_values")
        found = floor(multiply(cast(nbins, values.dtype), scaled), name="indices")
        found = cast(clip_by_value(found, 0, cast(nbins - 1, values.dtype)), dtype)
        return reshape(found, shape(values))


def histogram_fixed_width(
    values: Any, value_range: Any, nbins: Any = 100, dtype: Any = int32, name: str | None = None
) -> Tensor:
    """[nbins]: how many values are in each bin of `histogram_fixed_width_bins`."""
    with op_scope(name, "histogram_fixed_width", [values, value_range, nbins]):
        nbins = convert_to_tensor(nbins, int32)
        found = histogram_fixed_width_bins(values, value_range, nbins)
        return cast(bincount(found, minlength=nbins, maxlength=nbins), dtype)


__all__ = ["confusion_matrix", "histogram_fixed_width", "histogram_fixed_width_bins"]
