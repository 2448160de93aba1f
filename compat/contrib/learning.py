"""slim.learning: a training operation that yields the loss, and a loop that runs it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from ...engine.graph import Tensor, control_dependencies, get_collection, get_default_graph
from ...engine.indexed_slices import IndexedSlices
from ...engine.ops import basic, math
from ...engine.ops.clip import clip_by_norm
from ...engine.ops.effects import with_dependencies
from ...scopes.keys import GraphKeys
from ...scopes.variables import trainable_variables
from ...train.optimizer import Optimizer
from ...train.steps import get_or_create_global_step

_log = logging.getLogger("scopeflow")
Pairs = list[tuple[Any, Any]]
_USE_GLOBAL_STEP = 0  # TensorFlow's mark for "the graph's own", as None means "none"


def clip_gradient_norms(gradients_to_variables: Pairs, max_norm: float) -> Pairs:
    """Each gradient on its own scaled down to a norm of `max_norm`."""

    def clipped(gradient: Any) -> Any:
        if isinstance(gradient, IndexedSlices):
            values = clip_by_norm(gradient.values, max_norm)
            return IndexedSlices(values, gradient.indices, gradient.dense_shape)
        return None if gradient is None else clip_by_norm(gradient, max_norm)

    return [(clipped(gradient), variable) for gradient, variable in gradients_to_variables]


def multiply_gradients(grads_and_vars: Pairs, gradient_multipliers: Mapping[Any, Any]) -> Pairs:
    """Gradients times the factor of their variable, or of its name, where it has one.

    Raises ValueError for a variable that has a factor and no gradient, and for something other than pairs and a dict.
    """
    if not isinstance(grads_and_vars, list):
        raise ValueError("`grads_and_vars` must be a list.")
    if not gradient_multipliers:
        raise ValueError("`gradient_multipliers` is empty.")
    if not isinstance(gradient_multipliers, dict):
        raise ValueError("`gradient_multipliers` must be a dict.")

    def multiplied(gradient: Any, variable: Any) -> Any:
        key = variable if variable in gradient_multipliers else variable.op.name
        if key not in gradient_multipliers:
            return gradient
        if gradient is None:
            raise ValueError("Requested multiple of `None` gradient.")
        factor = basic.cast(gradient_multipliers[key], gradient.dtype)
        if isinstance(gradient, IndexedSlices):
            return IndexedSlices(gradient.values * factor, gradient.indices, gradient.dense_shape)
        return gradient * factor

    return [(multiplied(gradient, variable), variable) for gradient, variable in grads_and_vars]


def create_train_op(
    total_loss: Any,
    optimizer: Optimizer,
    global_step: Any = _USE_GLOBAL_STEP,
    update_ops: Sequence[Any] | None = None,
    variables_to_train: Sequence[Any] | None = None,
    clip_gradient_norm: float = 0,
    summarize_gradients: bool = False,
    gate_gradients: int = Optimizer.GATE_OP,
    aggregation_method: Any = None,
    colocate_gradients_with_ops: bool = False,
    gradient_multipliers: Mapping[Any, Any] | None = None,
    check_numerics: bool = True,
) -> Tensor:
    """The loss, whose evaluation runs the updates (by default those in UPDATE_OPS), trains a step and counts it.

    `global_step` is by default the graph's, made where there is none; None counts nothing. Gradients are cut to
    `clip_gradient_norm` each, where it is above 0, after `gradient_multipliers`. `check_numerics` lets the run fail for
    a loss that is infinite or NaN. The result joins TRAIN_OP. Raises NotImplementedError for `summarize_gradients`.
    """
    if summarize_gradients:
        raise NotImplementedError("create_train_op: summarize_gradients is not offered; use tf.summary.histogram")
    step = get_or_create_global_step() if global_step is _USE_GLOBAL_STEP else global_step
    updates = list(dict.fromkeys(get_collection(GraphKeys.UPDATE_OPS) if update_ops is None else update_ops))
    if updates:
        with control_dependencies(updates):
            total_loss = basic.identity(total_loss)
    pairs = optimizer.compute_gradients(
        total_loss,
        trainable_variables() if variables_to_train is None else variables_to_train,
        gate_gradients=gate_gradients,
        aggregation_method=aggregation_method,
        colocate_gradients_with_ops=colocate_gradients_with_ops,
    )
    if gradient_multipliers:
        pairs = multiply_gradients(pairs, gradient_multipliers)
    if clip_gradient_norm > 0:
        pairs = clip_gradient_norms(pairs, clip_gradient_norm)
    trained = optimizer.apply_gradients(pairs, global_step=step)
    graph = get_default_graph()
    with graph.name_scope("train_op"):
        if check_numerics:
            total_loss = math.check_numerics(total_loss, "LossTensor is inf or nan")
        train_op = with_dependencies([trained], total_loss)
    if all(train_op is not known for known in graph.get_collection_ref(GraphKeys.TRAIN_OP)):
        graph.add_to_collection(GraphKeys.TRAIN_OP, train_op)
    return train_op


__all__ = ["clip_gradient_norms", "create_train_op", "multiply_gradients"]
