"""Weights of losses and metrics: what may be broadcast to what, and which dimensions of 1 are dropped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..engine.build import convert_to_tensor, is_tensor_like
from ..engine.graph import Operation, Tensor, control_dependencies, op_scope
from ..engine.ops.basic import expand_dims, no_op, ones_like, rank, shape, squeeze
from ..engine.ops.control_flow import cond
from ..engine.ops.math import multiply
from ..engine.ops.nn import AssertBroadcastable
from ..engine.shapes import TensorShape
from ..engine.static import constant_value


def known(pred: Any) -> bool | None:
    """What a Python value or a constant says; None for a tensor (or variable) that only a run can tell."""
    if isinstance(pred, Tensor):
        value = constant_value(pred)
        return None if value is None else bool(value)
    return None if is_tensor_like(pred) else bool(pred)


def smart_cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any], name: str | None = None) -> Any:
    """`cond`, or the one branch that is known to be taken where `pred` is a Python value or a constant."""
    decided = known(pred)
    if decided is None:
        return cond(convert_to_tensor(pred), true_fn, false_fn, name=name)
    return true_fn() if decided else false_fn()


def assert_broadcastable(weights: Any, values: Tensor) -> Operation | None:
    """An operation that checks in each run that weights are a scalar, or of the rank of values with each dimension
    equal or 1; None where that is known to hold. Raises ValueError where it is known not to.
    """
    with op_scope("assert_broadcastable", None, [weights, values]):
        weights = convert_to_tensor(weights, name="weights")
        of_weights = shape(weights, name="weights/shape")
        rank(weights, name="weights/rank")
        of_values = shape(values, name="values/shape")
        rank(values, name="values/rank")
        if weights.shape.ndims == 0:
            no_op(name="static_scalar_check_success")
            return None
        if _checked(weights, values):
            no_op(name="static_dims_check_success")
            return None
        return AssertBroadcastable(of_weights, of_values)


def _checked(weights: Tensor, values: Tensor) -> bool:
    """Whether the static shapes prove that the weights can be broadcast. Raises ValueError where they disprove it."""
    prefix, given = "weights can not be broadcast to values.", f"Received weights={weights}, values={values}"
    if weights.shape.ndims is None or values.shape.ndims is None:
        return False
    if weights.shape.ndims != values.shape.ndims:
        raise ValueError(
            f"{prefix} values.rank={values.shape.ndims}. weights.rank={weights.shape.ndims}. "
            f"values.shape={values.shape}. weights.shape={weights.shape}. {given}"
        )
    pairs = list(zip(weights.shape.as_list(), values.shape.as_list(), strict=True))
    for i, (w, v) in enumerate(pairs):
        if w not in (None, 1, v) and v is not None:
            shapes = f"values.shape={values.shape}, weights.shape={weights.shape}"
            raise ValueError(f"{prefix} Mismatch at dim {i}. {shapes}. {given}")
    return all(w == 1 or (w == v and w is not None) for w, v in pairs)


def waiting_for(check: Operation | None) -> Any:
    """The context in which operations wait for a check, where there is one to wait for."""
    return control_dependencies([check] if check is not None else [])


def broadcast_weights(weights: Any, values: Tensor) -> Tensor:
    """The weights in the shape of the values."""
    with op_scope("broadcast_weights", None, [weights, values]) as scope:
        weights = convert_to_tensor(weights, values.dtype, name="weights")
        if weights.shape.is_fully_defined() and weights.shape == values.shape:
            return weights
        with waiting_for(assert_broadcastable(weights, values)):
            return multiply(weights, ones_like(values), name=scope)


def _last_may_be_dropped(shape: TensorShape) -> bool:
    return bool(shape.ndims) and shape.as_list()[-1] in (None, 1)


def remove_squeezable_dimensions(
    labels: Any, predictions: Any, weights: Any = None, expected_rank_diff: int = 0
) -> tuple[Tensor, Tensor, Any]:
    """Labels, predictions and weights without a last dimension of 1 that one of them has and the others lack.

    The predictions are expected to have `expected_rank_diff` dimensions more than the labels.
    """
    with op_scope("remove_squeezable_dimensions", None, [labels, predictions]):
        labels, predictions = convert_to_tensor(labels), convert_to_tensor(predictions)
        more = _rank_difference(predictions, labels)
        if more == expected_rank_diff + 1 and _last_may_be_dropped(predictions.shape):
            predictions = squeeze(predictions, [-1])
        elif more == expected_rank_diff - 1 and _last_may_be_dropped(labels.shape):
            labels = squeeze(labels, [-1])
    return labels, predictions, None if weights is None else like_labels(weights, labels)


def like_labels(weights: Any, labels: Tensor) -> Tensor:
    """Weights of the labels' rank, or scalar: a last dimension of 1 dropped or added."""
    weights = convert_to_tensor(weights)
    more = _rank_difference(weights, labels)
    if weights.shape.ndims == 0 or more is None:
        return weights
    if more == 1 and _last_may_be_dropped(weights.shape):
        return squeeze(weights, [-1])
    return expand_dims(weights, [-1]) if more == -1 else weights


def _rank_difference(a: Tensor, b: Tensor) -> int | None:
    return None if a.shape.ndims is None or b.shape.ndims is None else a.shape.ndims - b.shape.ndims
