"""The optimizers: which slots each keeps, and what it hands to its op (the rules are in engine/ops/training.py)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..engine.build import convert_to_tensor
from ..engine.graph import Operation, colocate_with, get_default_graph
from ..engine.indexed_slices import IndexedSlices
from ..engine.ops import training
from ..engine.ops.basic import identity, shape
from ..engine.ops.control_flow import group
from ..scopes.initializers import constant_initializer, ones_initializer
from .optimizer import Optimizer


class GradientDescentOptimizer(Optimizer):
    """var ← var - learning_rate · gradient."""

    _dense, _sparse = training.ApplyGradientDescent, training.SparseApplyGradientDescent
    _inputs = ("learning_rate", "grad")

    def __init__(self, learning_rate: Any, use_locking: bool = False, name: str = "GradientDescent") -> None:
        super().__init__(use_locking, name, learning_rate=learning_rate)


class MomentumOptimizer(Optimizer):
    """A running sum of gradients, shrunk by `momentum` each step, moves the variable (slot "momentum").

    With `use_nesterov` the gradient is taken as if a step ahead (Sutskever and others, 2013).
    """

    _dense, _sparse = training.ApplyMomentum, training.SparseApplyMomentum
    _slot_names = ("momentum",)
    _inputs = ("learning_rate", "grad", "momentum")

    def __init__(
        self,
        learning_rate: Any,
        momentum: Any,
        use_locking: bool = False,
        name: str = "Momentum",
        use_nesterov: bool = False,
    ) -> None:
        super().__init__(use_locking, name, learning_rate=learning_rate, momentum=momentum)
        self._attrs = {"use_nesterov": use_nesterov}


class AdagradOptimizer(Optimizer):
    """Steps divided by the root of the sum of all squared gradients (slot "accumulator"; Duchi and others, 2011)."""

    _dense, _sparse = training.ApplyAdagrad, training.SparseApplyAdagrad
    _slot_names = ("accumulator",)
    _inputs = ("learning_rate", "grad")

    def __init__(
        self,
        learning_rate: Any,
        initial_accumulator_value: float = 0.1,
        use_locking: bool = False,
        name: str = "Adagrad",
    ) -> None:
        """Raises ValueError where `initial_accumulator_value` is not positive."""
        if initial_accumulator_value <= 0.0:
            raise ValueError(f"initial_accumulator_value must be positive: {initial_accumulator_value}")
        super().__init__(use_locking, name, learning_rate=learning_rate)
        self._initial_accumulator_value = initial_accumulator_value

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        start = constant_initializer(self._initial_accumulator_value)
        for var in var_list:
            self._filled_slot(var, start, "accumulator", self._name)


class AdadeltaOptimizer(Optimizer):
    """Steps in the ratio of past steps' to past gradients' root mean squares (slots "accum", "accum_update").

    Zeiler, 2012.
    """

    _dense, _sparse = training.ApplyAdadelta, training.SparseApplyAdadelta
    _slot_names = ("accum", "accum_update")
    _inputs = ("lr", "rho", "epsilon", "grad")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: Any = 0.95,
        epsilon: Any = 1e-8,
        use_locking: bool = False,
        name: str = "Adadelta",
    ) -> None:
        super().__init__(use_locking, name, lr=learning_rate, rho=rho, epsilon=epsilon)


class RMSPropOptimizer(Optimizer):
    """Steps divided by a running root mean square of the gradients, summed with momentum.

    Slots "rms" (starting at one) and "momentum"; with `centered` also "mg", the running mean of the gradients, whose
    square is taken off: the divisor is then their standard deviation (Tieleman and Hinton, 2012; Graves, 2013).
    """

    _inputs = ("learning_rate", "decay", "momentum", "epsilon", "grad")

    def __init__(
        self,
        learning_rate: Any,
        decay: Any = 0.9,
        momentum: Any = 0.0,
        epsilon: Any = 1e-10,
        use_locking: bool = False,
        centered: bool = False,
        name: str = "RMSProp",
    ) -> None:
        super().__init__(
            use_locking, name, learning_rate=learning_rate, decay=decay, momentum=momentum, epsilon=epsilon
        )
        self._centered = centered
        if centered:
            self._dense, self._sparse = training.ApplyCenteredRMSProp, training.SparseApplyCenteredRMSProp
            self._slot_names = ("mg", "rms", "momentum")
        else:
            self._dense, self._sparse = training.ApplyRMSProp, training.SparseApplyRMSProp
            self._slot_names = ("rms", "momentum")

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for var in var_list:
            self._filled_slot(var, ones_initializer(), "rms", self._name)
            if self._centered:
                self._zeros_slot(var, "mg", self._name)
            self._zeros_slot(var, "momentum", self._name)


class AdamOptimizer(Optimizer):
    """Steps of the gradients' running mean over their running root mean square, both corrected for their start.

    Slots "m" and "v"; ``beta1_power`` and ``beta2_power`` beside the first variable hold β₁ᵗ and β₂ᵗ. Every step
    decays all of m and v and moves all of the variable, also where the gradient has no row (Kingma and Ba, 2015).
    """

    _dense = training.ApplyAdam
    _slot_names = ("m", "v")
    _inputs = ("beta1_power", "beta2_power", "learning_rate", "beta1", "beta2", "epsilon", "grad")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        epsilon: Any = 1e-8,
        use_locking: bool = False,
        name: str = "Adam",
    ) -> None:
        super().__init__(use_locking, name, learning_rate=learning_rate, beta1=beta1, beta2=beta2, epsilon=epsilon)

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        first = min(var_list, key=lambda var: var.name)
        for beta in ("beta1", "beta2"):
            self._create_non_slot_variable(self._hyperparameters[beta], f"{beta}_power", first)
        super()._create_slots(var_list)

    def _get_beta_accumulators(self) -> tuple[Any, Any]:
        graph = get_default_graph()
        return self._non_slot_dict["beta1_power", graph], self._non_slot_dict["beta2_power", graph]

    def _prepare(self) -> None:
        super()._prepare()
        self._tensors["beta1_power"], self._tensors["beta2_power"] = self._get_beta_accumulators()

    def _apply_sparse_duplicate_indices(self, grad: IndexedSlices, var: Any) -> Operation:
        return self._apply_dense(convert_to_tensor(IndexedSlices(grad.values, grad.indices, shape(var))), var)

    def _finish(self, update_ops: Sequence[Any], name_scope: str) -> Operation:
        """Multiply the powers once more, after all variables have used them."""
        powers = self._get_beta_accumulators()
        with get_default_graph().control_dependencies(update_ops), colocate_with(powers[0]):
            betas = self._tensors["beta1"], self._tensors["beta2"]
            moved = [power.assign(power * beta) for power, beta in zip(powers, betas, strict=True)]
        return group(*update_ops, *moved, name=name_scope)


class FtrlOptimizer(Optimizer):
    """Follow the regularized leader: online learning whose l1 term makes weights exactly zero.

    Slots "accum" (of squared gradients) and "linear" (McMahan and others, 2013). `l2_shrinkage_regularization_strength`
    penalizes the size of the weights themselves, `l2_regularization_strength` that of the steps.
    """

    _dense, _sparse = training.ApplyFtrlV2, training.SparseApplyFtrlV2
    _slot_names = ("accum", "linear")
    _inputs = (
        "grad", "learning_rate", "l1_regularization_strength", "l2_regularization_strength",
        "l2_shrinkage_regularization_strength", "learning_rate_power",
    )  # fmt: skip

    def __init__(
        self,
        learning_rate: Any,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        use_locking: bool = False,
        name: str = "Ftrl",
        accum_name: str | None = None,
        linear_name: str | None = None,
        l2_shrinkage_regularization_strength: float = 0.0,
    ) -> None:
        """Raises ValueError for a negative strength or accumulator, or a positive `learning_rate_power`."""
        strengths = {
            "l1_regularization_strength": l1_regularization_strength,
            "l2_regularization_strength": l2_regularization_strength,
            "l2_shrinkage_regularization_strength": l2_shrinkage_regularization_strength,
        }
        for what, value in {"initial_accumulator_value": initial_accumulator_value, **strengths}.items():
            if value < 0.0:
                raise ValueError(f"{what} {value} needs to be positive or zero")
        if learning_rate_power > 0.0:
            raise ValueError(f"learning_rate_power {learning_rate_power} needs to be negative or zero")
        super().__init__(
            use_locking, name, learning_rate=learning_rate, **strengths, learning_rate_power=learning_rate_power
        )
        self._initial_accumulator_value = initial_accumulator_value
        self._accum_name = accum_name or name
        self._linear_name = linear_name or name

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        start = constant_initializer(self._initial_accumulator_value)
        for var in var_list:
            self._filled_slot(var, start, "accum", self._accum_name)
            self._zeros_slot(var, "linear", self._linear_name)


_STRENGTHS = ("l1_regularization_strength", "l2_regularization_strength")


class ProximalGradientDescentOptimizer(Optimizer):
    """Gradient descent, after which each step moves the variable towards zero, by l1 not past it.

    Duchi and Singer, 2009.
    """

    _dense, _sparse = training.ApplyProximalGradientDescent, training.SparseApplyProximalGradientDescent
    _inputs = ("learning_rate", *_STRENGTHS, "grad")

    def __init__(
        self,
        learning_rate: Any,
        l1_regularization_strength: Any = 0.0,
        l2_regularization_strength: Any = 0.0,
        use_locking: bool = False,
        name: str = "ProximalGradientDescent",
    ) -> None:
        strengths = zip(_STRENGTHS, (l1_regularization_strength, l2_regularization_strength), strict=True)
        super().__init__(use_locking, name, learning_rate=learning_rate, **dict(strengths))


class ProximalAdagradOptimizer(Optimizer):
    """Adagrad with proximal steps, as in `ProximalGradientDescentOptimizer` (slot "accumulator")."""

    _dense, _sparse = training.ApplyProximalAdagrad, training.SparseApplyProximalAdagrad
    _slot_names = ("accumulator",)
    _inputs = ("learning_rate", *_STRENGTHS, "grad")

    def __init__(
        self,
        learning_rate: Any,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: Any = 0.0,
        l2_regularization_strength: Any = 0.0,
        use_locking: bool = False,
        name: str = "ProximalAdagrad",
    ) -> None:
        """Raises ValueError where `initial_accumulator_value` is not positive."""
        if initial_accumulator_value <= 0.0:
            raise ValueError(f"initial_accumulator_value must be positive: {initial_accumulator_value}")
        strengths = zip(_STRENGTHS, (l1_regularization_strength, l2_regularization_strength), strict=True)
        super().__init__(use_locking, name, learning_rate=learning_rate, **dict(strengths))
        self._initial_accumulator_value = initial_accumulator_value

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        start = constant_initializer(self._initial_accumulator_value)
        for var in var_list:
            self._filled_slot(var, start, "accumulator", self._name)


class AdagradDAOptimizer(Optimizer):
    """Adagrad by dual averaging: the variable is what all gradients so far make of zero, so l1 keeps it sparse.

    Slots "gradient_accumulator" and "gradient_squared_accumulator"; `global_step` is the count of steps so far, which
    the regularization grows with (Duchi and others, 2011). What the variable was at the start does not matter.
    """

    _dense, _sparse = training.ApplyAdagradDA, training.SparseApplyAdagradDA
    _slot_names = ("gradient_accumulator", "gradient_squared_accumulator")
    _inputs = ("grad", "learning_rate", *_STRENGTHS, "global_step")

    def __init__(
        self,
        learning_rate: Any,
        global_step: Any,
        initial_gradient_squared_accumulator_value: float = 0.1,
        l1_regularization_strength: Any = 0.0,
        l2_regularization_strength: Any = 0.0,
        use_locking: bool = False,
        name: str = "AdagradDA",
    ) -> None:
        """Raises ValueError where `initial_gradient_squared_accumulator_value` is not positive."""
        start = initial_gradient_squared_accumulator_value
        if start <= 0.0:
            raise ValueError(f"initial_gradient_squared_accumulator_value must be positive: {start}")
        strengths = zip(_STRENGTHS, (l1_regularization_strength, l2_regularization_strength), strict=True)
        super().__init__(use_locking, name, learning_rate=learning_rate, **dict(strengths))
        self._initial_gradient_squared_accumulator_value = start
        self._global_step = global_step

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        start = constant_initializer(self._initial_gradient_squared_accumulator_value)
        for var in var_list:
            self._zeros_slot(var, "gradient_accumulator", self._name)
            self._filled_slot(var, start, "gradient_squared_accumulator", self._name)

    def _prepare(self) -> None:
        super()._prepare()
        self._tensors["global_step"] = identity(self._global_step) + 1
