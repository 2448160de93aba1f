"""Regularizers: losses of a variable, for `get_variable` and layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any

from ..engine.build import constant, convert_to_tensor
from ..engine.graph import Tensor, get_collection, op_scope
from ..engine.ops.math import abs as absolute
from ..engine.ops.math import add_n, multiply
from ..engine.ops.normalize import l2_loss
from ..engine.ops.reduce import reduce_sum
from ..scopes.keys import GraphKeys

Regularizer = Callable[[Any], Tensor | None]


def _checked(scale: Any) -> float:
    """The scale. Raises ValueError for an integer (likely a slip) and for what is negative."""
    if isinstance(scale, Real) and not isinstance(scale, int) and float(scale) >= 0.0:
        return float(scale)
    if isinstance(scale, int):
        raise ValueError(f"scale cannot be an integer: {scale}")
    raise ValueError(f"Setting a scale less than 0 on a regularizer: {scale}")


def _scaled(scale: float, name: str, penalty: Callable[[Tensor], Tensor]) -> Regularizer:
    scale = _checked(scale)

    def regularizer(weights: Any) -> Tensor | None:
        if scale == 0.0:
            return None
        with op_scope(None, name, [weights]) as scope:
            weights = convert_to_tensor(weights)
            return multiply(constant(scale, weights.dtype, name="scale"), penalty(weights), name=scope)

    return regularizer


def l1_regularizer(scale: float, scope: str | None = None) -> Regularizer:
    """scale * sum(abs(weights)); none for a scale of 0.0."""
    return _scaled(scale, scope or "l1_regularizer", lambda w: reduce_sum(absolute(w)))


def l2_regularizer(scale: float, scope: str | None = None) -> Regularizer:
    """scale * sum(weights ** 2) / 2; none for a scale of 0.0."""
    return _scaled(scale, scope or "l2_regularizer", l2_loss)


def sum_regularizer(regularizer_list: Sequence[Regularizer | None], scope: str | None = None) -> Regularizer | None:
    """The sum of what several regularizers give."""
    regularizers = [regularizer for regularizer in regularizer_list if regularizer is not None]
    if not regularizers:
        return None

    def regularizer(weights: Any) -> Tensor | None:
        with op_scope(None, scope or "sum_regularizer", [weights]) as name:
            penalties = [penalty for r in regularizers if (penalty := r(weights)) is not None]
            return add_n(penalties, name=name) if penalties else None

    return regularizer


def l1_l2_regularizer(scale_l1: float = 1.0, scale_l2: float = 1.0, scope: str | None = None) -> Regularizer | None:
    """`l1_regularizer` and `l2_regularizer` together."""
    pair = [l1_regularizer(scale_l1), l2_regularizer(scale_l2)]
    return sum_regularizer(pair, scope or "l1_l2_regularizer")


def apply_regularization(regularizer: Regularizer, weights_list: Sequence[Any] | None = None) -> Tensor:
    """The sum of a regularizer's losses of the weights (by default those of the collection WEIGHTS), also collected."""
    weights_list = weights_list or get_collection(GraphKeys.WEIGHTS)
    if not weights_list:
        raise ValueError("No weights to regularize.")
    with op_scope("get_regularization_penalty", None, list(weights_list)) as scope:
        penalties = [regularizer(w) for w in weights_list]
        total = add_n([constant(0.0) if p is None else p for p in penalties], name=scope)
    total.graph.add_to_collection(GraphKeys.REGULARIZATION_LOSSES, total)
    return total


__all__ = ["apply_regularization", "l1_l2_regularizer", "l1_regularizer", "l2_regularizer", "sum_regularizer"]
