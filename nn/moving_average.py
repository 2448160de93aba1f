"""The step of an exponential moving average: of batch moments in layers, of variables and tensors in training."""

from __future__ import annotations

from typing import Any

from ..engine.build import convert_to_tensor
from ..engine.graph import Tensor, colocate_with, op_scope
from ..engine.ops.basic import cast
from ..engine.ops.state import assign_sub


def average_rate(decay: Any, variable: Any) -> Tensor:
    """1 - decay in the dtype of `variable`: the share that a new value has in its average."""
    return cast(convert_to_tensor(1.0 - decay, name="decay"), variable.dtype.base_dtype)


def moved_towards(variable: Any, value: Any, decay: Any, name: str | None = None) -> Tensor:
    """variable ← variable - (variable - value) (1 - decay); the result stands for the variable afterwards."""
    with op_scope(name, "AssignMovingAvg", [variable, value, decay]) as scope, colocate_with(variable):
        rate = average_rate(decay, variable)
        return assign_sub(variable, (variable - value) * rate, name=scope)
