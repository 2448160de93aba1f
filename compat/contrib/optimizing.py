"""optimize_loss: a training operation from a loss, a rate and an optimizer, in one call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ...engine.build import convert_to_tensor, is_tensor_like
from ...engine.graph import Tensor, get_collection
from ...engine.indexed_slices import IndexedSlices
from ...engine.ops import basic
from ...engine.ops.clip import clip_by_global_norm, global_norm
from ...engine.ops.effects import with_dependencies
from ...engine.ops.random import truncated_normal
from ...scopes.initializers import constant_initializer
from ...scopes.keys import GraphKeys
from ...scopes.scope import get_variable, variable_scope
from ...scopes.variables import trainable_variables
from ...train.optimizer import Optimizer
from ...train.optimizers import (
    AdagradOptimizer,
    AdamOptimizer,
    FtrlOptimizer,
    GradientDescentOptimizer,
    MomentumOptimizer,
    RMSPropOptimizer,
)
from ...train.steps import assert_global_step, get_global_step
from ...train.summary import histogram, scalar

Pairs = list[tuple[Any, Any]]

OPTIMIZER_CLS_NAMES: dict[str, Callable[..., Optimizer]] = {
    "Adagrad": AdagradOptimizer,
    "Adam": AdamOptimizer,
    "Ftrl": FtrlOptimizer,
    "Momentum": lambda learning_rate: MomentumOptimizer(learning_rate, momentum=0.9),
    "RMSProp": RMSPropOptimizer,
    "SGD": GradientDescentOptimizer,
}

OPTIMIZER_SUMMARIES = [
    "learning_rate", "loss", "gradients", "gradient_norm", "global_gradient_norm",
]  # fmt: skip


def optimize_loss(
    loss: Any,
    global_step: Any,
    learning_rate: Any,
    optimizer: Any,
    gradient_noise_scale: float | None = None,
    gradient_multipliers: Mapping[Any, Any] | None = None,
    clip_gradients: Any = None,
    learning_rate_decay_fn: Callable[[Any, Any], Any] | None = None,
    update_ops: Iterable[Any] | None = None,
    variables: Sequence[Any] | None = None,
    name: str | None = None,
    summaries: Sequence[str] | None = None,
    colocate_gradients_with_ops: bool = False,
    increment_global_step: bool = True,
) -> Tensor:
    """The loss, whose evaluation trains one step and, where there is one, counts the global step.

    `optimizer` is a name of OPTIMIZER_CLS_NAMES, a class, an `Optimizer`, or a function of the learning rate that makes
    one. `learning_rate` is a number, which becomes a variable, or a scalar tensor; `learning_rate_decay_fn` is a
    function of it and the step. Gradients are multiplied by `gradient_multipliers` (by variable, or its name "w:0"),
    given noise, and cut to a global norm of `clip_gradients`, or by that function of (gradient, variable) pairs. The
    updates in UPDATE_OPS run first, unless `update_ops` says which. `summaries` (of OPTIMIZER_SUMMARIES) are made where
    asked for, by default those of the loss, a decayed rate and the global norm of the gradients. All stands in `name`
    or "OptimizeLoss". Raises ValueError for arguments that do not fit.
    """
    loss = convert_to_tensor(loss)
    if loss.shape.ndims not in (0, None):
        raise ValueError(f"Expected scalar shape for {loss.name}, saw shape: {loss.shape}.")
    global_step = get_global_step() if global_step is None else _checked(global_step)
    with variable_scope(name, "OptimizeLoss", [loss, global_step] if global_step is not None else [loss]):
        updates = list(get_collection(GraphKeys.UPDATE_OPS) if update_ops is None else update_ops)
        if updates:
            loss = with_dependencies(updates, loss)
        wanted = ["loss", "learning_rate", "global_gradient_norm"] if summaries is None else list(summaries)
        for one in wanted:
            if one not in OPTIMIZER_SUMMARIES:
                raise ValueError(f"Summaries should be one of [{', '.join(OPTIMIZER_SUMMARIES)}], you provided {one}.")
        rate = _rate(learning_rate)
        if rate is not None and learning_rate_decay_fn is not None:
            if global_step is None:
                raise ValueError("global_step is required for learning_rate_decay_fn.")
            rate = learning_rate_decay_fn(rate, global_step)
            if "learning_rate" in wanted:
                scalar("learning_rate", rate)
        made = _optimizer(optimizer, rate)
        pairs = made.compute_gradients(
            loss,
            trainable_variables() if variables is None else variables,
            colocate_gradients_with_ops=colocate_gradients_with_ops,
        )
        if gradient_noise_scale is not None:
            pairs = _with_noise(pairs, gradient_noise_scale)
        if gradient_multipliers is not None:
            pairs = _multiplied(pairs, gradient_multipliers)
        _global_norm_of(pairs, "global_norm/gradient_norm", wanted)
        pairs = _clipped(pairs, clip_gradients)
        if "loss" in wanted:
            scalar("loss", loss)
        _summarize(pairs, wanted)
        if clip_gradients is not None:
            _global_norm_of(pairs, "global_norm/clipped_gradient_norm", wanted)
        step = made.apply_gradients(pairs, global_step if increment_global_step else None, name="train")
        return with_dependencies([step], loss)


def _checked(global_step: Any) -> Any:
    assert_global_step(global_step)
    return global_step


def _rate(learning_rate: Any) -> Any:
    """The rate as a tensor: a number becomes a variable."""
    if learning_rate is None:
        return None
    if is_tensor_like(learning_rate) and learning_rate.shape.ndims == 0:
        return learning_rate
    if not isinstance(learning_rate, float):
        kind = type(learning_rate)
        raise ValueError(f"Learning rate should be 0d Tensor or float. Got {learning_rate} of type {kind}")
    if learning_rate < 0.0:
        raise ValueError(f"Invalid learning_rate {learning_rate}.")
    start = constant_initializer(learning_rate)
    return get_variable("learning_rate", [], trainable=False, initializer=start)


def _optimizer(optimizer: Any, rate: Any) -> Optimizer:
    if isinstance(optimizer, str):
        if optimizer not in OPTIMIZER_CLS_NAMES:
            names = ", ".join(OPTIMIZER_CLS_NAMES)
            raise ValueError(f"Optimizer name should be one of [{names}], you provided {optimizer}.")
        if rate is None:
            raise ValueError(f"Learning rate is None, but should be specified if optimizer is string ({optimizer}).")
        return OPTIMIZER_CLS_NAMES[optimizer](learning_rate=rate)
    if isinstance(optimizer, type) and issubclass(optimizer, Optimizer):
        if rate is None:
            raise ValueError(f"Learning rate is None, but should be specified if optimizer is class ({optimizer}).")
        return optimizer(learning_rate=rate)  # type: ignore[call-arg]
    if isinstance(optimizer, Optimizer):
        return optimizer
    if not callable(optimizer):
        raise ValueError(f"Unrecognized optimizer: should be string, subclass of Optimizer, instance of Optimizer "
                         f"or function with one argument. Got {optimizer}.")  # fmt: skip
    made = optimizer() if rate is None else optimizer(rate)
    if not isinstance(made, Optimizer):
        raise ValueError(f"Function should return Optimizer, instead it returned {made}")
    return made


def _values(gradient: Any) -> Tensor:
    return gradient.values if isinstance(gradient, IndexedSlices) else gradient


def _like(gradient: Any, values: Any) -> Any:
    if isinstance(gradient, IndexedSlices):
        return IndexedSlices(values, gradient.indices, gradient.dense_shape)
    return values


def _with_noise(pairs: Pairs, scale: float) -> Pairs:
    """Gradients with truncated normal noise of a standard deviation of one, times `scale`, added."""

    def noisy(gradient: Any) -> Any:
        if gradient is None:
            return None
        shape = gradient.dense_shape if isinstance(gradient, IndexedSlices) else gradient.shape
        return convert_to_tensor(gradient) + truncated_normal(shape) * scale

    return [(noisy(gradient), variable) for gradient, variable in pairs]


def _multiplied(pairs: Pairs, multipliers: Mapping[Any, Any]) -> Pairs:
    by_name = {getattr(key, "name", key): value for key, value in multipliers.items()}
    if not by_name:
        raise ValueError("gradient_multipliers is empty.")

    def multiplied(gradient: Any, variable: Any) -> Any:
        factor = by_name.get(variable.name)
        if gradient is None or factor is None:
            return gradient
        return _like(gradient, _values(gradient) * basic.cast(factor, gradient.dtype))

    return [(multiplied(gradient, variable), variable) for gradient, variable in pairs]


def _clipped(pairs: Pairs, clip_gradients: Any) -> Pairs:
    if clip_gradients is None:
        return pairs
    if isinstance(clip_gradients, float):
        clipped, _ = clip_by_global_norm([gradient for gradient, _ in pairs], clip_gradients)
        return list(zip(clipped, [variable for _, variable in pairs], strict=True))
    if callable(clip_gradients):
        return clip_gradients(pairs)
    raise ValueError(f"Unknown type {type(clip_gradients)} for clip_gradients")


def _global_norm_of(pairs: Pairs, tag: str, wanted: Sequence[str]) -> None:
    if "global_gradient_norm" in wanted or "gradient_norm" in wanted:
        scalar(tag, global_norm([gradient for gradient, _ in pairs]))


def _summarize(pairs: Pairs, wanted: Sequence[str]) -> None:
    """Histograms and norms of single gradients, where they are asked for."""
    for gradient, variable in pairs:
        if gradient is None:
            continue
        name = variable.name.replace(":", "_")
        if "gradients" in wanted:
            histogram(f"gradients/{name}", _values(gradient))
        if "gradient_norm" in wanted:
            scalar(f"gradient_norm/{name}", global_norm([_values(gradient)]))


__all__ = ["OPTIMIZER_CLS_NAMES", "OPTIMIZER_SUMMARIES", "optimize_loss"]
