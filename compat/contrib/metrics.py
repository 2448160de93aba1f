"""slim.metrics: several streaming metrics handled together, beside those of tf.metrics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...nn.metrics import *  # noqa: F403
from ...nn.metrics import __all__ as _streaming


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


__all__ = [*_streaming, "aggregate_metric_map", "aggregate_metrics"]
