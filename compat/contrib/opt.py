"""tf.contrib.opt: further optimizers, those with a decay of weights, and SciPy's."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ...engine.build import convert_to_tensor
from ...engine.gradients import gradients
from ...engine.graph import Operation, Tensor, control_dependencies, get_default_graph, get_default_session
from ...engine.indexed_slices import IndexedSlices
from ...engine.ops.basic import cast, zeros_like
from ...engine.ops.control_flow import group
from ...engine.ops.indexing import gather, unique
from ...engine.ops.math import abs as absolute
from ...engine.ops.math import maximum, sqrt, square
from ...engine.ops.state import scatter_add, scatter_sub, scatter_update
from ...engine.ops.training import SparseApplyAdam
from ...kernels.minimizing import minimize
from ...scopes.variables import global_variables, trainable_variables
from ...train.averages import ExponentialMovingAverage
from ...train.optimizer import Optimizer
from ...train.optimizers import AdamOptimizer, MomentumOptimizer
from ...train.saver import Saver

_log = logging.getLogger("scopeflow")


# -- kinds of Adam --------------------------------------------------------------------------------------------------


class LazyAdamOptimizer(AdamOptimizer):
    """AdamOptimizer that leaves the moments of rows with no gradient as they are, where gradients are rows."""

    _sparse = SparseApplyAdam

    def _apply_sparse_duplicate_indices(self, grad: IndexedSlices, var: Any) -> Operation:
        return self._step(self._sparse, var, grad.values, grad.indices)


class _ComposedAdam(AdamOptimizer):
    """A kind of Adam whose step is made of several operations."""

    def _scalars(self, var: Any, *names: str) -> list[Tensor]:
        return [cast(self._tensors[name], var.dtype.base_dtype) for name in names]

    def _apply_sparse_duplicate_indices(self, grad: IndexedSlices, var: Any) -> Any:
        return Optimizer._apply_sparse_duplicate_indices(self, grad, var)  # rows are summed first


class NadamOptimizer(_ComposedAdam):
    """AdamOptimizer with Nesterov's momentum. Dozat, Incorporating Nesterov Momentum into Adam (2015)."""

    def _moved(self, var: Any, grad: Any, m: Any, v: Any) -> Tensor:
        """How far the variable, or rows of it, move."""
        beta1, epsilon = self._scalars(var, "beta1", "epsilon")
        rate, power1, power2 = self._scalars(var, "learning_rate", "beta1_power", "beta2_power")
        rate = rate * sqrt(1 - power2) / (1 - power1)
        return rate * (beta1 * m + (1 - beta1) * grad) / (sqrt(v) + epsilon)

    def _apply_dense(self, grad: Tensor, var: Any) -> Any:
        m, v = self.get_slot(var, "m"), self.get_slot(var, "v")
        beta1, beta2 = self._scalars(var, "beta1", "beta2")
        m_now = m.assign(beta1 * m + (1 - beta1) * grad)
        v_now = v.assign(beta2 * v + (1 - beta2) * square(grad))
        return group(var.assign_sub(self._moved(var, grad, m_now, v_now)), m_now, v_now)

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        """The moments of all rows decay, and only rows with a gradient move."""
        m, v = self.get_slot(var, "m"), self.get_slot(var, "v")
        rows = grad.indices
        beta1, beta2 = self._scalars(var, "beta1", "beta2")
        with control_dependencies([m.assign(beta1 * m), v.assign(beta2 * v)]):
            m_now = scatter_add(m, rows, (1 - beta1) * grad.values)
            v_now = scatter_add(v, rows, (1 - beta2) * square(grad.values))
        moved = self._moved(var, grad.values, gather(m_now, rows), gather(v_now, rows))
        return group(scatter_sub(var, rows, moved), m_now, v_now)


class AdaMaxOptimizer(_ComposedAdam):
    """Adam by the greatest gradient instead of the mean square. Kingma and Ba, Adam (2015), section 7.1."""

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        epsilon: Any = 1e-8,
        use_locking: bool = False,
        name: str = "AdaMax",
    ) -> None:
        super().__init__(learning_rate, beta1, beta2, epsilon, use_locking, name)

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        first = min(var_list, key=lambda var: var.name)
        self._create_non_slot_variable(self._hyperparameters["beta1"], "beta1_power", first)
        for var in var_list:
            for name in self._slot_names:
                self._zeros_slot(var, name, self._name)

    def _power(self) -> Any:
        return self._get_non_slot_variable("beta1_power", get_default_graph())

    def _prepare(self) -> None:
        Optimizer._prepare(self)
        self._tensors = {
            name: convert_to_tensor(self._call_if_callable(value), name=name)
            for name, value in self._hyperparameters.items()
        }
        self._tensors["beta1_power"] = self._power()

    def _finish(self, update_ops: Sequence[Any], name_scope: str) -> Operation:
        with control_dependencies(update_ops):
            moved = self._power().assign(self._power() * self._tensors["beta1"])
        return group(*update_ops, moved, name=name_scope)

    def _moments(self, var: Any, m: Any, v: Any, grad: Any) -> tuple[Tensor, Tensor]:
        beta1, beta2 = self._scalars(var, "beta1", "beta2")
        return beta1 * m + (1 - beta1) * grad, maximum(beta2 * v, absolute(grad))

    def _moved(self, var: Any, m: Any, v: Any) -> Tensor:
        rate, power, epsilon = self._scalars(var, "learning_rate", "beta1_power", "epsilon")
        return rate / (1 - power) * (m / (v + epsilon))

    def _apply_dense(self, grad: Tensor, var: Any) -> Any:
        m, v = self.get_slot(var, "m"), self.get_slot(var, "v")
        moments = self._moments(var, m, v, grad)
        m_now, v_now = m.assign(moments[0]), v.assign(moments[1])
        return group(var.assign_sub(self._moved(var, m_now, v_now)), m_now, v_now)

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        """Only rows with a gradient, and their moments, change."""
        m, v = self.get_slot(var, "m"), self.get_slot(var, "v")
        rows = grad.indices
        m_now, v_now = self._moments(var, gather(m, rows), gather(v, rows), grad.values)
        kept = [scatter_update(m, rows, m_now), scatter_update(v, rows, v_now)]
        return group(scatter_sub(var, rows, self._moved(var, m_now, v_now)), *kept)


# -- decay of weights -----------------------------------------------------------------------------------------------


class DecoupledWeightDecayExtension:
    """A base, beside an optimizer's, that also takes `weight_decay` times a variable off it at each step.

    That is not the gradient of an L2 penalty, which Adam would divide away. Loshchilov and Hutter, Decoupled Weight
    Decay Regularization (2017). `weight_decay` is a number, a scalar tensor, or a function that gives one, and is not
    multiplied by the learning rate. Where gradients are rows, only those rows decay. `decay_var_list` in `minimize` and
    `apply_gradients` says which variables decay (TensorFlow 1.15's `minimize` forgets it, and lets all of them decay).
    """

    def __init__(self, weight_decay: Any, **kwargs: Any) -> None:
        self._decays_only: set[Any] | None = None
        self._weight_decay = weight_decay
        super().__init__(**kwargs)

    def minimize(
        self, loss: Any, global_step: Any = None, var_list: Any = None, gate_gradients: int = Optimizer.GATE_OP,
        aggregation_method: Any = None, colocate_gradients_with_ops: bool = False, name: str | None = None,
        grad_loss: Any = None, decay_var_list: Iterable[Any] | None = None,
    ) -> Operation:  # fmt: skip
        """As the optimizer's, where only the variables of `decay_var_list` (by default all) decay."""
        self._decays_only = set(decay_var_list) if decay_var_list else None
        return super().minimize(  # type: ignore[misc]
            loss, global_step, var_list, gate_gradients, aggregation_method, colocate_gradients_with_ops, name,
            grad_loss,
        )  # fmt: skip

    def apply_gradients(
        self, grads_and_vars: Iterable[Any], global_step: Any = None, name: str | None = None,
        decay_var_list: Iterable[Any] | None = None,
    ) -> Operation:  # fmt: skip
        """As the optimizer's, where only the variables of `decay_var_list` (by default all) decay."""
        if decay_var_list:
            self._decays_only = set(decay_var_list)
        step = super().apply_gradients(grads_and_vars, global_step=global_step, name=name)  # type: ignore[misc]
        self._decays_only = None
        return step

    def _prepare(self) -> None:
        super()._prepare()  # type: ignore[misc]
        decay = self._weight_decay
        self._decay_tensor = convert_to_tensor(decay() if callable(decay) else decay, name="weight_decay")

    def _update(self, grad: Any, variable: Any) -> Any:
        with control_dependencies(self._decayed(grad, variable)):
            return super()._update(grad, variable)  # type: ignore[misc]

    def _decayed(self, grad: Any, var: Any) -> list[Any]:
        """The operation that lets a variable, or the rows that have a gradient, decay: where it does."""
        if self._decays_only is not None and var not in self._decays_only:
            return []
        rate = cast(self._decay_tensor, var.dtype.base_dtype)
        if not isinstance(grad, IndexedSlices):
            return [var.assign_sub(rate * var)]
        rows, _ = unique(grad.indices)
        return [scatter_sub(var, rows, rate * gather(var, rows))]


def extend_with_decoupled_weight_decay(base_optimizer: type[Optimizer]) -> type[Optimizer]:
    """A class of the optimizer's that takes `weight_decay` before its own arguments."""

    class OptimizerWithDecoupledWeightDecay(DecoupledWeightDecayExtension, base_optimizer):  # type: ignore[misc,valid-type]
        __doc__ = f"{base_optimizer.__name__} with a decay of weights."

        def __init__(self, weight_decay: Any, *args: Any, **kwargs: Any) -> None:
            given = inspect.signature(base_optimizer).bind(*args, **kwargs).arguments
            super().__init__(weight_decay, **given)

    return OptimizerWithDecoupledWeightDecay


class AdamWOptimizer(DecoupledWeightDecayExtension, AdamOptimizer):
    """AdamOptimizer with a decay of weights (see DecoupledWeightDecayExtension)."""

    def __init__(
        self,
        weight_decay: Any,
        learning_rate: Any = 0.001,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        epsilon: Any = 1e-8,
        use_locking: bool = False,
        name: str = "AdamW",
    ) -> None:
        super().__init__(
            weight_decay, learning_rate=learning_rate, beta1=beta1, beta2=beta2, epsilon=epsilon,
            use_locking=use_locking, name=name,
        )  # fmt: skip


class MomentumWOptimizer(DecoupledWeightDecayExtension, MomentumOptimizer):
    """MomentumOptimizer with a decay of weights (see DecoupledWeightDecayExtension)."""

    def __init__(
        self,
        weight_decay: Any,
        learning_rate: Any,
        momentum: Any,
        use_locking: bool = False,
        name: str = "MomentumW",
        use_nesterov: bool = False,
    ) -> None:
        super().__init__(
            weight_decay, learning_rate=learning_rate, momentum=momentum, use_locking=use_locking, name=name,
            use_nesterov=use_nesterov,
        )  # fmt: skip


# -- averages -------------------------------------------------------------------------------------------------------


class MovingAverageOptimizer(Optimizer):
    """Another optimizer, each step of which also moves averages of the variables it trains.

    `swapping_saver` gives a Saver whose checkpoints have the averages under the variables' own names, to be evaluated
    by a program that knows nothing of averages. With `sequential_update` the averages follow the step, else they may
    come before it.
    """

    def __init__(
        self, opt: Optimizer, average_decay: Any = 0.9999, num_updates: Any = None, sequential_update: bool = True
    ) -> None:
        super().__init__(False, "MovingAverage")
        self._optimizer = opt
        self._averages = ExponentialMovingAverage(average_decay, num_updates=num_updates)
        self._averaged: list[Any] | None = None
        self._sequential = sequential_update

    def compute_gradients(self, *args: Any, **kwargs: Any) -> list:
        return self._optimizer.compute_gradients(*args, **kwargs)

    def apply_gradients(self, grads_and_vars: Iterable[Any], global_step: Any = None, name: str | None = None) -> Any:
        pairs = list(grads_and_vars)
        self._averaged = [variable for gradient, variable in pairs if gradient is not None]
        step = self._optimizer.apply_gradients(pairs, global_step=global_step, name=name)
        with control_dependencies([step] if self._sequential else []):
            return group(self._averages.apply(self._averaged), step)

    def swapping_saver(self, var_list: Any = None, name: str = "swapping_saver", **kwargs: Any) -> Saver:
        """A Saver of `var_list` (by default, of all global variables) in which variables and averages change places.

        Raises RuntimeError before `apply_gradients`, ValueError where a variable is saved without its average.
        """
        if self._averaged is None:
            raise RuntimeError("Must call apply_gradients or minimize before creating the swapping_saver")
        variables = global_variables() if var_list is None else var_list
        named = dict(variables) if isinstance(variables, dict) else {v.op.name: v for v in variables}
        names = {variable: key for key, variable in named.items()}
        swapped = dict(named)
        for variable in self._averaged:
            average = self._averages.average(variable)
            if variable not in names:
                continue
            if average not in names:
                raise ValueError(
                    f"Variable to swap {average.op.name} is not part of variables to save. This breaks swapping_saver."
                )
            swapped[names[variable]], swapped[names[average]] = average, variable
        return Saver(swapped, name=name, **kwargs)


# -- optimizers outside the graph -----------------------------------------------------------------------------------


class ExternalOptimizerInterface:
    """A loss minimised by a program outside the graph, which asks for losses and gradients as often as it likes.

    Subclasses override `_minimize`. Args:
        loss: a scalar.
        var_list: what to change, by default the trainable variables.
        equalities, inequalities: scalars to be held at zero, or not below it.
        var_to_bounds: {variable: (low, high)}, each a number or an array; an infinity is no bound.
        optimizer_kwargs: for the program.
    """

    def __init__(
        self,
        loss: Tensor,
        var_list: Sequence[Any] | None = None,
        equalities: Sequence[Tensor] | None = None,
        inequalities: Sequence[Tensor] | None = None,
        var_to_bounds: dict[Any, tuple[Any, Any]] | None = None,
        **optimizer_kwargs: Any,
    ) -> None:
        self._loss, self._equalities, self._inequalities = loss, equalities or [], inequalities or []
        self._vars = list(trainable_variables() if var_list is None else var_list)
        self._bounds = None if var_to_bounds is None else self._flat_bounds(var_to_bounds)
        self.optimizer_kwargs = optimizer_kwargs
        self._gradients = [
            [_dense(g, v) for g, v in zip(gradients(y, self._vars), self._vars, strict=True)]
            for y in (loss, *self._equalities, *self._inequalities)
        ]

    def _flat_bounds(self, by_variable: dict[Any, tuple[Any, Any]]) -> list[tuple[Any, Any]]:
        flat: list[tuple[Any, Any]] = []
        for variable in self._vars:
            shape = variable.shape.as_list()
            low, high = by_variable.get(variable, (-np.inf, np.inf))
            sides = (np.broadcast_to(side, shape).ravel().tolist() for side in (low, high))
            flat += zip(*sides, strict=True)
        return flat

    def minimize(
        self,
        session: Any = None,
        feed_dict: Any = None,
        fetches: Sequence[Any] | None = None,
        step_callback: Callable | None = None,
        loss_callback: Callable | None = None,
        **run_kwargs: Any,
    ) -> None:
        """Minimise the loss, and leave the variables where it is least.

        `step_callback(values of all variables, flat)` is called after each step; `loss_callback(*fetches)` with each
        loss. The session is by default the one that is open.
        """
        session, wanted = session or get_default_session(), list(fetches or [])
        feed, called = feed_dict or {}, loss_callback or (lambda *fetched: None)

        def at(values: np.ndarray, index: int, extra: list) -> tuple[Any, np.ndarray, list]:
            self._load(values, session)
            target = (self._loss, *self._equalities, *self._inequalities)[index]
            value, slopes, more = session.run([target, self._gradients[index], extra], feed, **run_kwargs)
            return value, np.concatenate([np.ravel(s) for s in slopes]), more

        def loss_and_gradient(values: np.ndarray) -> tuple[Any, np.ndarray]:
            loss, slope, fetched = at(values, 0, wanted)
            called(*fetched)
            return loss, slope

        count = len(self._equalities)
        held = [
            (lambda x, i=i: at(x, i, [])[0], lambda x, i=i: at(x, i, [])[1]) for i in range(1, len(self._gradients))
        ]
        functions, slopes = [f for f, _ in held], [g for _, g in held]
        start = np.concatenate([np.ravel(v) for v in session.run(self._vars)])
        best = self._minimize(
            initial_val=start,
            loss_grad_func=loss_and_gradient,
            equality_funcs=functions[:count],
            equality_grad_funcs=slopes[:count],
            inequality_funcs=functions[count:],
            inequality_grad_funcs=slopes[count:],
            packed_bounds=self._bounds,
            step_callback=step_callback or (lambda values: None),
            optimizer_kwargs=self.optimizer_kwargs,
        )
        self._load(best, session)

    def _load(self, values: np.ndarray, session: Any) -> None:
        place = 0
        for variable in self._vars:
            shape, size = variable.shape.as_list(), variable.shape.num_elements()
            part = values[place : place + size].reshape(shape)
            variable.load(part.astype(variable.dtype.base_dtype.numpy), session)
            place += size

    def _minimize(
        self, initial_val: np.ndarray, loss_grad_func: Callable, equality_funcs: list, equality_grad_funcs: list,
        inequality_funcs: list, inequality_grad_funcs: list, packed_bounds: list | None, step_callback: Callable,
        optimizer_kwargs: dict,
    ) -> np.ndarray:  # fmt: skip
        """The values, flat, at which the loss is least."""
        raise NotImplementedError(
            "To use ExternalOptimizerInterface, subclass from it and implement the _minimize() method."
        )


def _dense(gradient: Any, variable: Any) -> Tensor:
    return zeros_like(variable) if gradient is None else convert_to_tensor(gradient)


class ScipyOptimizerInterface(ExternalOptimizerInterface):
    """A loss minimised by `scipy.optimize.minimize`, by default with the method "L-BFGS-B".

    Keyword arguments are its own (`method`, `tol`, `options={"maxiter": 100}`); those set here raise ValueError.
    Equalities and inequalities need a method that knows them, such as "SLSQP".
    """

    _DEFAULT_METHOD = "L-BFGS-B"

    def _minimize(
        self, initial_val: np.ndarray, loss_grad_func: Callable, equality_funcs: list, equality_grad_funcs: list,
        inequality_funcs: list, inequality_grad_funcs: list, packed_bounds: list | None, step_callback: Callable,
        optimizer_kwargs: dict,
    ) -> np.ndarray:  # fmt: skip
        def in_doubles(x: np.ndarray) -> tuple[float, np.ndarray]:  # which the Fortran code asks for
            loss, gradient = loss_grad_func(x)
            return float(loss), gradient.astype(np.float64)

        pairs = [
            *(("eq", f, g) for f, g in zip(equality_funcs, equality_grad_funcs, strict=True)),
            *(("ineq", f, g) for f, g in zip(inequality_funcs, inequality_grad_funcs, strict=True)),
        ]
        given = dict(optimizer_kwargs)
        method = given.pop("method", self._DEFAULT_METHOD)
        for name in ("jac", "callback", "constraints", "bounds"):
            if name == "bounds" and name in given:
                raise ValueError("Bounds must be set using the var_to_bounds argument")
            if name in given:
                raise ValueError(f"Optimizer keyword arg '{name}' is set automatically and cannot be injected manually")
        result = minimize(
            in_doubles,
            initial_val.astype(np.float64),
            method=method,
            callback=step_callback,
            constraints=[{"type": kind, "fun": f, "jac": g} for kind, f, g in pairs],
            bounds=packed_bounds,
            **given,
        )
        _log.info(
            "Optimization terminated with:\n  Message: %s\n  Objective function value: %f\n  Number of iterations: %d\n"
            "  Number of functions evaluations: %d",
            result.message, result.fun, result.nit, result.nfev,
        )  # fmt: skip
        return result.x


__all__ = [
    "AdaMaxOptimizer", "AdamWOptimizer", "DecoupledWeightDecayExtension", "ExternalOptimizerInterface",
    "LazyAdamOptimizer", "MomentumWOptimizer", "MovingAverageOptimizer", "NadamOptimizer", "ScipyOptimizerInterface",
    "extend_with_decoupled_weight_decay",
]  # fmt: skip
