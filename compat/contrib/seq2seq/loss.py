"""The cross entropy of sequences, weighted step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ....engine.build import convert_to_tensor
from ....engine.graph import Tensor, op_scope
from ....engine.ops.basic import cast, reshape, shape
from ....engine.ops.math import div_no_nan
from ....engine.ops.reduce import count_nonzero, reduce_sum
from ....nn.cross_entropy import sparse_softmax_cross_entropy_with_logits


def sequence_loss(
    logits: Any,
    targets: Any,
    weights: Any,
    average_across_timesteps: bool = True,
    average_across_batch: bool = True,
    sum_over_timesteps: bool = False,
    sum_over_batch: bool = False,
    softmax_loss_function: Callable | None = None,
    name: str | None = None,
) -> Tensor:
    """Cross entropies of logits [batch, time, symbols] and targets [batch, time], times weights [batch, time].

    Over each of time and batch: `average` divides their sum by the sum of the weights, `sum` by the number of weights
    that are not zero, and with neither they stay apart; nothing divided by zero is zero. By default the result is a
    scalar. `softmax_loss_function(labels=, logits=)` takes the cross entropy's place, on [batch * time] targets.
    Raises ValueError for other ranks, and for both ways at once.
    """
    logits, targets, weights = convert_to_tensor(logits), convert_to_tensor(targets), convert_to_tensor(weights)
    for what, given, form in (
        ("Logits", logits, "batch_size x sequence_length x logits"),
        ("Targets", targets, "batch_size x sequence_length"),
        ("Weights", weights, "batch_size x sequence_length"),
    ):
        if given.shape.ndims != form.count(" x ") + 1:
            raise ValueError(f"{what} must be a [{form}] tensor")
    for what, average, total in (
        ("timesteps", average_across_timesteps, sum_over_timesteps),
        ("batch", average_across_batch, sum_over_batch),
    ):
        if average and total:
            raise ValueError(f"average_across_{what} and sum_over_{what} cannot be set to True at same time.")
    with op_scope(name, "sequence_loss", [logits, targets, weights]):
        flat = reshape(logits, [-1, shape(logits)[2]])
        loss = softmax_loss_function or sparse_softmax_cross_entropy_with_logits
        losses = loss(labels=reshape(targets, [-1]), logits=flat) * reshape(weights, [-1])
        losses = reshape(losses, shape(logits)[:2])
        averaged = [axis for axis, wanted in enumerate((average_across_batch, average_across_timesteps)) if wanted]
        if averaged:  # TensorFlow leaves the other axis as it is then, even where its sum is asked for
            return div_no_nan(reduce_sum(losses, averaged), reduce_sum(weights, averaged))
        summed = [axis for axis, wanted in enumerate((sum_over_batch, sum_over_timesteps)) if wanted]
        if not summed:
            return losses
        return div_no_nan(reduce_sum(losses, summed), cast(count_nonzero(weights, summed), losses.dtype))


__all__ = ["sequence_loss"]
