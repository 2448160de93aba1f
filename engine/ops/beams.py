"""gather_tree: the sequences that a beam search has found, followed from their ends to their beginnings."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..build import convert_to_tensor
from ..dtypes import int32
from ..errors import InvalidArgumentError
from ..graph import Tensor
from ..registry import define, not_differentiable
from ..shapes import TensorShape


def _shape(step_ids: Tensor, parent_ids: Tensor, lengths: Tensor, end_token: Tensor) -> TensorShape:
    for t in (step_ids, parent_ids):
        t.shape.assert_has_rank(3)
    lengths.shape.assert_has_rank(1)
    end_token.shape.assert_has_rank(0)
    return step_ids.shape.merge_with(parent_ids.shape)


def _kernel(k: Any, step_ids: np.ndarray, parent_ids: np.ndarray, lengths: np.ndarray, end: np.ndarray) -> np.ndarray:
    if step_ids.shape != parent_ids.shape:
        raise InvalidArgumentError(
            None, None, f"step_ids shape {step_ids.shape} must be parent_ids shape {parent_ids.shape}"
        )
    steps, batch, beams = step_ids.shape
    if lengths.shape != (batch,):
        raise InvalidArgumentError(None, None, f"max_sequence_lengths must have shape [{batch}]: {lengths.shape}")
    found = np.full(step_ids.shape, end, step_ids.dtype)
    ends = np.minimum(lengths, steps)
    rows = np.arange(batch)[:, None]
    place = np.broadcast_to(np.arange(beams), (batch, beams))
    for time in range(steps - 1, -1, -1):  # all sequences at once, those that have begun
        begun = (time < ends)[:, None] & np.ones((1, beams), bool)
        found[time] = np.where(begun, step_ids[time][rows, place], end)
        before = parent_ids[time][rows, place]
        wrong = begun & ((before < 0) | (before >= beams)) & (time > 0)
        if wrong.any():
            entry, beam = (int(i) for i in np.argwhere(wrong)[0])
            raise InvalidArgumentError(
                None, None, f"Saw invalid parent id {int(before[entry, beam])} at (batch, time, beam) == "
                f"({entry}, {time}, {beam})",
            )  # fmt: skip
        place = np.where(begun & (time > 0), before, place)
    after = np.cumsum(found == end, axis=0) > 0
    found[after] = end
    return found


GatherTree = define(
    "GatherTree",
    "step_ids:T, parent_ids:T, max_sequence_lengths:int32, end_token:T -> beams:T",
    shape=_shape,
    kernel=_kernel,
    grad=not_differentiable,
    types={"T": (int32,)},
    host=["step_ids", "parent_ids", "max_sequence_lengths", "end_token"],
    host_result=True,
)


def gather_tree(
    step_ids: Any, parent_ids: Any, max_sequence_lengths: Any, end_token: Any, name: str | None = None
) -> Tensor:
    """The ids [time, batch, beams] along each final beam, by what each step chose and which beam it went on with.

    Follows `parent_ids` back from the step before `max_sequence_lengths` [batch]; from the first `end_token` on all is
    `end_token`. int32. A run raises InvalidArgumentError for parents that are no beams.
    """
    steps, parents = (convert_to_tensor(ids, int32) for ids in (step_ids, parent_ids))
    return GatherTree(steps, parents, convert_to_tensor(max_sequence_lengths, int32), end_token, name=name)


__all__ = ["gather_tree"]
