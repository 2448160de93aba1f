"""What all optimizers share: gradients are computed, then applied by one op a variable, with slots beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..engine import nest
from ..engine.build import convert_to_tensor
from ..engine.dtypes import DType, bfloat16, float16, float32, float64, int64
from ..engine.gradients import gradients
from ..engine.graph import Operation, Tensor, colocate_with, get_default_graph, op_scope
from ..engine.indexed_slices import IndexedSlices
from ..engine.ops.basic import cast, size
from ..engine.ops.control_flow import group
from ..engine.ops.indexing import unique
from ..engine.ops.segments import unsorted_segment_sum
from ..engine.ops.state import assign_add
from ..engine.registry import OpDef
from ..scopes.keys import GraphKeys
from ..scopes.variables import Variable, lifted, trainable_variables
from . import slots

GradAndVar = tuple[Any, Any]
_OTHER = {"global_step": int64}  # dtypes of the ops' inputs that are not the variable's


class Optimizer:
    """Base of the optimizers, and of those that programs write themselves.

    A subclass says how one variable moves in `_apply_dense` (and `_apply_sparse_duplicate_indices`, for gradients that
    are rows), makes its slots in `_create_slots`, its hyperparameters' tensors in `_prepare`, and what is due once
    for all variables in `_finish`. Where a step of one variable is one op, it names that instead: `_dense` for a
    gradient of the variable's shape, `_sparse` for rows, the slots in the ops' order, and the ops' further inputs:
    hyperparameters, and "grad" where the gradient stands.
    """

    GATE_NONE = 0
    GATE_OP = 1
    GATE_GRAPH = 2

    _dense: OpDef | None = None
    _sparse: OpDef | None = None
    _slot_names: tuple[str, ...] = ()
    _inputs: tuple[str, ...] = ()

    def __init__(self, use_locking: bool, name: str, **hyperparameters: Any) -> None:
        """The hyperparameters are numbers, scalar tensors, or functions that give one of these.

        `use_locking` is accepted for TF1 programs: updates never run at once. Raises ValueError without a name.
        """
        if not name:
            raise ValueError("Must specify the optimizer name")
        self._use_locking = use_locking
        self._name = name
        self._slots: dict[str, dict[tuple[Any, str], Any]] = {}  # slot name -> `_var_key` of the variable -> the slot
        self._non_slot_dict: dict[tuple[str, Any], Any] = {}  # (name, graph) -> variable
        self._hyperparameters = hyperparameters
        self._tensors: dict[str, Any] = {}  # of the apply_gradients going on
        self._attrs: dict[str, Any] = {}

    def get_name(self) -> str:
        return self._name

    # -- the three steps --------------------------------------------------------------------------------------------

    def minimize(
        self,
        loss: Any,
        global_step: Any = None,
        var_list: Any = None,
        gate_gradients: int = GATE_OP,
        aggregation_method: Any = None,
        colocate_gradients_with_ops: bool = False,
        name: str | None = None,
        grad_loss: Any = None,
    ) -> Operation:
        """The operation that moves the variables one step down the gradient of `loss`, and counts `global_step`.

        Raises ValueError where `loss` depends on none of the variables.
        """
        pairs = self.compute_gradients(
            loss, var_list, gate_gradients, aggregation_method, colocate_gradients_with_ops, grad_loss
        )
        if all(grad is None for grad, _ in pairs):
            raise ValueError(
                "No gradients provided for any variable, check your graph for ops that do not support gradients, "
                f"between variables {[str(v) for _, v in pairs]} and loss {loss}."
            )
        return self.apply_gradients(pairs, global_step, name)

    def compute_gradients(
        self,
        loss: Any,
        var_list: Any = None,
        gate_gradients: int = GATE_OP,
        aggregation_method: Any = None,
        colocate_gradients_with_ops: bool = False,
        grad_loss: Any = None,
    ) -> list[GradAndVar]:
        """(gradient, variable) for each variable (by default, each trainable one); None where `loss` ignores it.

        A plan runs all that reads before anything that writes, so every way of gating holds without further ops.
        Raises ValueError for no variables, an unknown `gate_gradients`, a loss or variable that is no float.
        """
        if gate_gradients not in (Optimizer.GATE_NONE, Optimizer.GATE_OP, Optimizer.GATE_GRAPH):
            raise ValueError(
                "gate_gradients must be one of: Optimizer.GATE_NONE, Optimizer.GATE_OP, Optimizer.GATE_GRAPH.  "
                f"Not {gate_gradients}"
            )
        if callable(loss):
            loss = loss()
        self._assert_valid_dtypes([loss] if grad_loss is None else [loss, grad_loss])
        variables = trainable_variables() if var_list is None else nest.flatten(var_list)
        variables = [part for variable in variables for part in _parts(variable)]
        if not variables:
            raise ValueError("No variables to optimize.")
        grads = gradients(
            loss,
            variables,
            grad_ys=grad_loss,
            gate_gradients=gate_gradients == Optimizer.GATE_OP,
            aggregation_method=aggregation_method,
            colocate_gradients_with_ops=colocate_gradients_with_ops,
        )
        pairs = list(zip(grads, variables, strict=True))
        self._assert_valid_dtypes([v for g, v in pairs if g is not None])
        return pairs

    def apply_gradients(
        self, grads_and_vars: Iterable[GradAndVar], global_step: Any = None, name: str | None = None
    ) -> Operation:
        """The operation that moves each variable by its gradient, then adds 1 to `global_step`.

        Raises ValueError where there is no variable, or a gradient for none; TypeError for what cannot be a gradient.
        """
        pairs = [(_as_gradient(grad), variable) for grad, variable in grads_and_vars]
        if not pairs:
            raise ValueError("No variables provided.")
        moved = [(grad, variable) for grad, variable in pairs if grad is not None]
        if not moved:
            raise ValueError(f"No gradients provided for any variable: {[str(v) for _, v in pairs]}.")
        graph = get_default_graph()
        with lifted(graph):
            self._create_slots([variable for _, variable in moved])
        with op_scope(name, self._name) as scope:
            self._prepare()
            updates = []
            for grad, variable in moved:
                with graph.name_scope(f"update_{variable.op.name}"), colocate_with(variable):
                    updates.append(self._update(grad, variable))
            if global_step is None:
                step = self._finish(updates, scope)
            else:
                with graph.control_dependencies([self._finish(updates, "update")]), colocate_with(global_step):
                    step = assign_add(global_step, 1, name=scope).op
        if step not in graph.get_collection_ref(GraphKeys.TRAIN_OP):
            graph.add_to_collection(GraphKeys.TRAIN_OP, step)
        return step

    def _update(self, grad: Any, variable: Any) -> Any:
        """One variable's update; a variable with a constraint is then replaced by what the constraint makes of it."""
        sparse = isinstance(grad, IndexedSlices)
        update = self._apply_sparse_duplicate_indices(grad, variable) if sparse else self._apply_dense(grad, variable)
        constraint = getattr(variable, "constraint", None)
        if constraint is None:
            return update
        if sparse:
            raise RuntimeError("Cannot use a constraint function on a sparse variable.")
        with get_default_graph().control_dependencies([update]):
            return variable.assign(constraint(variable.read_value()))

    # -- slots ------------------------------------------------------------------------------------------------------

    def get_slot(self, var: Any, name: str) -> Any:
        """The slot called `name` of a variable, or None where this optimizer has made none."""
        return self._slots.get(name, {}).get(_var_key(var))

    def get_slot_names(self) -> list[str]:
        return sorted(self._slots)

    def variables(self) -> list[Any]:
        """The slots and other variables that this optimizer has made in the default graph, by name."""
        graph = get_default_graph()
        made = [slot for by_variable in self._slots.values() for slot in by_variable.values()]
        made += self._non_slot_dict.values()
        return sorted((v for v in made if v.graph is graph), key=lambda v: v.name)

    def _slot_dict(self, slot_name: str) -> dict[tuple[Any, str], Any]:
        return self._slots.setdefault(slot_name, {})

    def _get_or_make(self, var: Any, slot_name: str, make: Callable[[], Any]) -> Any:
        made, key = self._slot_dict(slot_name), _var_key(var)
        if key not in made:
            made[key] = make()
        return made[key]

    def _zeros_slot(self, var: Any, slot_name: str, op_name: str) -> Any:
        """The slot of zeros called `slot_name` here and ``VARIABLE/op_name`` in the graph."""
        return self._get_or_make(var, slot_name, lambda: slots.create_zeros_slot(var, op_name))

    def _filled_slot(self, var: Any, initializer: Any, slot_name: str, op_name: str) -> Any:
        """As `_zeros_slot`, filled by another initializer."""
        return self._get_or_make(var, slot_name, lambda: slots.create_filled_slot(var, initializer, op_name))

    def _get_or_make_slot(self, var: Any, val: Any, slot_name: str, op_name: str) -> Any:
        return self._get_or_make(var, slot_name, lambda: slots.create_slot(var, val, op_name))

    def _get_or_make_slot_with_initializer(
        self, var: Any, initializer: Any, shape: Any, dtype: Any, slot_name: str, op_name: str
    ) -> Any:
        return self._get_or_make(
            var, slot_name, lambda: slots.create_slot_with_initializer(var, initializer, shape, dtype, op_name)
        )

    def _create_non_slot_variable(self, initial_value: Any, name: str, colocate_with: Any) -> Any:
        """The optimizer's own variable of that name in the graph of `colocate_with`, beside which it is placed."""
        graph = colocate_with.graph
        if (name, graph) not in self._non_slot_dict:
            with graph.colocate_with(colocate_with):
                self._non_slot_dict[name, graph] = Variable(initial_value, trainable=False, name=name)
        return self._non_slot_dict[name, graph]

    def _get_non_slot_variable(self, name: str, graph: Any = None) -> Any:
        return self._non_slot_dict.get((name, graph))

    # -- what subclasses say ----------------------------------------------------------------------------------------

    def _valid_dtypes(self) -> tuple[DType, ...]:
        return float32, float64, float16, bfloat16

    def _assert_valid_dtypes(self, tensors: Iterable[Any]) -> None:
        """Raises ValueError for a tensor of a dtype that cannot be optimized."""
        valid = self._valid_dtypes()
        for t in tensors:
            dtype = t.dtype.base_dtype
            if dtype not in valid:
                raise ValueError(f"Invalid type {dtype!r} for {t.name}, expected: {list(valid)}.")

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        """Make the slots of these variables, where they are not there yet."""
        for var in var_list:
            for name in self._slot_names:
                self._zeros_slot(var, name, self._name)

    def _prepare(self) -> None:
        """Make the tensors of the hyperparameters."""
        self._tensors = {
            name: convert_to_tensor(self._call_if_callable(value), name=name)
            for name, value in self._hyperparameters.items()
        }

    def _apply_dense(self, grad: Tensor, var: Any) -> Any:
        """The operation that moves `var` by a gradient of its shape."""
        return self._step(self._dense, var, grad)

    def _apply_sparse_duplicate_indices(self, grad: IndexedSlices, var: Any) -> Any:
        """The operation that moves `var` by rows of a gradient, some of which may belong to one row of `var`."""
        if self._sparse is not None:
            return self._step(self._sparse, var, grad.values, grad.indices)  # the op itself sums rows named twice
        rows, places = unique(grad.indices)
        summed = unsorted_segment_sum(grad.values, places, size(rows))
        return self._apply_sparse(IndexedSlices(summed, rows, grad.dense_shape), var)

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        """The operation that moves `var` by rows of a gradient, each another row of `var`."""
        raise NotImplementedError

    def _step(self, definition: OpDef | None, var: Any, *grad: Tensor) -> Operation:
        if definition is None:
            raise NotImplementedError
        inputs = [var, *(self.get_slot(var, name) for name in self._slot_names)]
        dtype = float32 if var.dtype.size < float32.size else var.dtype.base_dtype
        for name in self._inputs:
            inputs += grad if name == "grad" else [cast(self._tensors[name], _OTHER.get(name, dtype))]
        return definition(*inputs, **self._attrs).op

    def _finish(self, update_ops: Sequence[Any], name_scope: str) -> Operation:
        """The operation, called `name_scope`, that is done when all updates are."""
        return group(*update_ops, name=name_scope)

    def _call_if_callable(self, param: Any) -> Any:
        return param() if callable(param) else param


def _var_key(variable: Any) -> tuple[Any, str]:
    """What stands for a variable in the tables of slots: its graph and its name, by which programs sort them."""
    return variable.op.graph, variable.op.name


def _parts(variable: Any) -> list[Any]:
    """A partitioned variable's parts; any other variable alone."""
    return list(variable) if hasattr(variable, "_get_variable_list") else [variable]


def _as_gradient(grad: Any) -> Any:
    if grad is None or isinstance(grad, (Tensor, IndexedSlices)):
        return grad
    try:
        return convert_to_tensor(grad)
    except TypeError:
        raise TypeError(f"Gradient must be convertible to a Tensor or IndexedSlices, or None: {grad}") from None
