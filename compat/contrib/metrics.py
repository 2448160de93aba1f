"""tf.contrib.metrics and slim.metrics: tf.metrics under old names, predictions first, and several handled together."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from ...engine.build import convert_to_tensor
from ...engine.dtypes import float32
from ...engine.graph import Tensor, op_scope
from ...engine.ops.basic import cast, ones_like
from ...engine.ops.math import div, equal, multiply
from ...engine.ops.reduce import reduce_mean, reduce_sum
from ...nn import metrics as house
from ...nn.metrics import __all__ as _of_house

_NEW_NAMES = {"percentage_below": "percentage_less"}  # of tf.metrics, contrib's


def _streaming(name: str) -> Callable:
    """A metric of tf.metrics under contrib's name, its predictions before its labels."""
    metric = getattr(house, name)
    parameters = list(inspect.signature(metric).parameters.values())
    if [p.name for p in parameters[:2]] != ["labels", "predictions"]:
        return metric
    signature = inspect.Signature([parameters[1], parameters[0], *parameters[2:]])

    def streaming(*args: Any, **kwargs: Any) -> Any:
        return metric(**signature.bind(*args, **kwargs).arguments)

    streaming.__signature__ = signature  # type: ignore[attr-defined]
    streaming.__name__ = streaming.__qualname__ = f"streaming_{_NEW_NAMES.get(name, name)}"
    streaming.__doc__ = f"`tf.metrics.{name}`, with predictions before labels."
    return streaming


_OLD = {f"streaming_{_NEW_NAMES.get(name, name)}": _streaming(name) for name in _of_house if not name.endswith("_at_k")}
vars().update(_OLD)


def accuracy(predictions: Any, labels: Any, weights: Any = None, name: str | None = None) -> Tensor:
    """The share of predictions that are their labels, in this batch alone; weighed where `weights` are given.

    Raises ValueError for other dtypes than integers, booleans and strings, or labels of another dtype.
    """
    predictions, labels = convert_to_tensor(predictions), convert_to_tensor(labels)
    if not (labels.dtype.is_integer or labels.dtype.name in ("bool", "string")):
        raise ValueError(f"Labels should have bool, integer, or string dtype, not {labels.dtype}")
    predictions.shape.assert_is_compatible_with(labels.shape)
    if labels.dtype is not predictions.dtype:
        raise ValueError(f"Dtypes of predictions and labels should match. Given: predictions ({predictions.dtype}) "
                         f"and labels ({labels.dtype})")  # fmt: skip
    with op_scope(name, "accuracy", [predictions, labels]):
        right = cast(equal(predictions, labels), float32)
        if weights is None:
            return reduce_mean(right)
        right = multiply(right, weights)
        return div(reduce_sum(right), reduce_sum(multiply(ones_like(right), weights)))


def aggregate_metrics(*value_update_tuples: Any) -> tuple[list[Any], list[Any]]:
    """(The values, the update operations) of metrics given as (value, update) pairs. Raises ValueError for none."""
    if not value_update_tuples:
        raise ValueError("Expected at least one value_tensor/update_op pair")
    values, updates = zip(*value_update_tuples, strict=True)
    return list(values), list(updates)


def aggregate_metric_map(names_to_tuples: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """(The values by name, the update operations by name) of metrics given as {name: (value, update)}."""
    values = {name: value for name, (value, _) in names_to_tuples.items()}
    return values, {name: update for name, (_, update) in names_to_tuples.items()}


__all__ = [*_OLD, "accuracy", "aggregate_metric_map", "aggregate_metrics"]
