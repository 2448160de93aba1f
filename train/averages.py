"""Exponential moving averages of variables and tensors, kept in shadow variables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..engine.build import convert_to_tensor
from ..engine.dtypes import bfloat16, float16, float32, float64
from ..engine.graph import Operation, Tensor, colocate_with, get_default_graph, op_scope
from ..engine.ops.basic import cast
from ..engine.ops.control_flow import group
from ..engine.ops.math import minimum
from ..engine.ops.math import pow as power
from ..engine.ops.state import assign, assign_add, assign_sub
from ..nn.moving_average import average_rate, moved_towards
from ..scopes.initializers import zeros_initializer
from ..scopes.keys import GraphKeys
from ..scopes.scope import get_variable, variable_scope
from ..scopes.variables import Variable, global_variables, moving_average_variables, trainable_variables
from . import slots


def assign_moving_average(variable: Any, value: Any, decay: Any, zero_debias: bool = True, name: Any = None) -> Tensor:
    """variable ← variable - (1 - decay) (variable - value); the result stands for the variable afterwards.

    With `zero_debias` the variable holds the average corrected for its start at zero: two more variables,
    ``VARIABLE/biased`` and ``VARIABLE/local_step``, keep the plain average and the number of steps (Kingma and Ba,
    Adam, 2015, section 3).
    """
    if not zero_debias:
        return moved_towards(variable, value, decay, name)
    with op_scope(name, "AssignMovingAvg", [variable, value, decay]) as scope:
        rate = average_rate(decay, variable)
        biased, local_step = _debiasing_variables(variable)
        with colocate_with(variable):
            moved = assign_sub(biased, (biased - value) * rate)
            steps = assign_add(local_step, 1)
            return assign(variable, moved / (1 - power(1.0 - rate, steps)), name=scope)


def _debiasing_variables(variable: Any) -> tuple[Any, Any]:
    """The plain average and the number of its steps, both zero at first, in a scope of the variable's name."""
    with variable_scope(variable.op.name) as scope, colocate_with(variable):
        dtype = variable.dtype.base_dtype
        shapes = {"biased": variable.get_shape(), "local_step": []}
        made = [
            get_variable(
                _free_name(scope, name), shape=shape, dtype=dtype, initializer=zeros_initializer(), trainable=False
            )
            for name, shape in shapes.items()
        ]
    return made[0], made[1]


def _free_name(scope: Any, name: str) -> str:
    """`name`, or ``name_1``, … where the scope holds a variable of that name that is not to be shared."""
    if scope.reuse:
        return name
    taken = {v.op.name for v in global_variables()}
    candidates = (name if i == 0 else f"{name}_{i}" for i in range(len(taken) + 1))
    return next(c for c in candidates if f"{scope.name}/{c}" not in taken)


_OPS_OF_A_GUARD = 12  # TensorFlow asks once more whether the variable has a value, in a cond, with a Merge after it


class ExponentialMovingAverage:
    """Averages in which each update counts `decay` times the last: shadow ← decay · shadow + (1 - decay) · value.

    A variable's shadow starts as the variable does, a tensor's at zero (with `zero_debias`, corrected for that). With
    `num_updates`, a number or scalar that counts the updates, the decay is at most (1 + n) / (10 + n), so that the
    averages move faster at first. Shadows are called ``VARIABLE/NAME``.
    """

    def __init__(
        self, decay: Any, num_updates: Any = None, zero_debias: bool = False, name: str = "ExponentialMovingAverage"
    ) -> None:
        self._decay = decay
        self._num_updates = num_updates
        self._zero_debias = zero_debias
        self._name = name
        self._averages: dict[Any, Any] = {}

    @property
    def name(self) -> str:
        return self._name

    def apply(self, var_list: Iterable[Any] | None = None) -> Operation:
        """The operation that updates the shadows of `var_list` (by default, of the trainable variables).

        Shadows are made at the first call. Variables, not tensors, join MOVING_AVERAGE_VARIABLES. Raises TypeError
        for what is not of a float type.
        """
        variables = trainable_variables() if var_list is None else list(var_list)
        for var in variables:
            if var.dtype.base_dtype not in (bfloat16, float16, float32, float64):
                raise TypeError(f"The variables must be half, float, or double: {var.name}")
        for var in variables:
            if var not in self._averages:
                self._averages[var] = self._shadow(var)
        with op_scope(self._name) as scope:
            decay = self._current_decay()
            updates = [
                assign_moving_average(
                    self._averages[var], var, decay, zero_debias=self._zero_debias and not isinstance(var, Variable)
                )
                for var in variables
            ]
            return group(*updates, name=scope)

    def _shadow(self, var: Any) -> Any:
        if isinstance(var, Variable):
            graph = get_default_graph()
            graph.add_to_collection(GraphKeys.MOVING_AVERAGE_VARIABLES, var)
            graph.uncounted += _OPS_OF_A_GUARD
            return slots.create_slot(var, var.initialized_value(), self._name)
        return slots.create_zeros_slot(var, self._name, colocate_with_primary=False)

    def _current_decay(self) -> Tensor:
        decay = convert_to_tensor(self._decay, name="decay")
        if self._num_updates is None:
            return decay
        updates = cast(self._num_updates, float32, name="num_updates")
        return minimum(decay, (1.0 + updates) / (10.0 + updates))

    def average(self, var: Any) -> Any:
        """The shadow variable of `var`; None where `apply` has not made one."""
        return self._averages.get(var)

    def average_name(self, var: Any) -> str:
        """The name of the shadow of `var`, or the name that `apply` would give it."""
        if var in self._averages:
            return self._averages[var].op.name
        return get_default_graph().unique_name(f"{var.op.name}/{self._name}", mark_as_used=False)

    def variables_to_restore(self, moving_avg_variables: Iterable[Any] | None = None) -> dict[str, Any]:
        """{name in a checkpoint: variable} that loads averages into the variables they were taken of.

        These are `moving_avg_variables` (by default, the trainable ones and those with averages); all other global
        variables stand under their own names.
        """
        if moving_avg_variables is None:
            moving_avg_variables = trainable_variables() + moving_average_variables()
        averaged = dict.fromkeys(moving_avg_variables)
        restored = {self.average_name(var): var for var in averaged}
        for var in global_variables():
            if var not in averaged:
                restored.setdefault(var.op.name, var)
        return restored
