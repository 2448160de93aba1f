"""Order, side effects, and functions of the graph that run conditionally or again and again.

`cond` and the loops trace their Python functions into the same graph, inside a context. One operation (Cond or Loop)
then stands for the whole in the outer graph; at run time it executes the contexts' own plans, step by step in Python.
Gradients are again Conds and Loops: what a forward body computed and its gradient needs leaves the forward operation
as further outputs.
"""

from __future__ import annotations

import builtins
import functools
import operator
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import dtypes, nest
from ..build import add_op, constant, convert_to_tensor
from ..dtypes import as_dtype
from ..errors import InvalidArgumentError
from ..gradients import backpropagate
from ..graph import Graph, Operation, Tensor, get_default_graph, graph_of, op_scope
from ..indexed_slices import IndexedSlices
from ..plan import Plan, argument_names, writes, written_variables
from ..registry import define, get_op, no_outputs, not_differentiable, same_shape
from ..shapes import TensorShape, as_shape
from ..state import variable_of
from ..static import constant_value
from .basic import Identity, cast, expand_dims, identity, no_op, zeros_like
from .basic import shape as shape_of

# -- order ----------------------------------------------------------------------------------------------------------


def group(*inputs: Any, name: str | None = None) -> Operation:
    """One operation that runs after all of `inputs` (operations, tensors, variables, nested in any way)."""
    graph = get_default_graph()
    ops = []
    for item in nest.flatten(inputs):
        if item is None:
            continue
        if not hasattr(item, "graph"):
            raise TypeError(f"Expected tf.group() expected Tensor objects not None or {type(item)}: {item!r}")
        ops.append(graph.as_graph_element(item.op if hasattr(item, "op") else item))
    with graph.control_dependencies(ops):
        return no_op(name=name or "group_deps")


def tuple(tensors: Sequence[Any], name: str | None = None, control_inputs: Sequence[Any] | None = None) -> list:
    """The tensors, none of which is there before all of them (and `control_inputs`) are computed. None stays None."""
    given = [t for t in tensors if t is not None]
    if not given:
        raise ValueError("Must have at least one Tensor in `tensors`.")
    with op_scope(name, "tuple", given):
        gate = group(*given, *(control_inputs or ()))
        return [None if t is None else with_dependencies([gate], t, name="control_dependency") for t in tensors]


def with_dependencies(dependencies: Sequence[Any], output_tensor: Any, name: str | None = None) -> Any:
    """`output_tensor`, there only after the dependencies have run."""
    graph = graph_of([output_tensor])
    with graph.control_dependencies(dependencies):
        if isinstance(output_tensor, IndexedSlices):
            values = identity(output_tensor.values, name=name or "control_dependency")
            return IndexedSlices(values, output_tensor.indices, output_tensor.dense_shape)
        return identity(output_tensor, name=name or "control_dependency")


# -- side effects ---------------------------------------------------------------------------------------------------


def _as_text(value: Any, most: int) -> str:
    """The first elements of an array as TensorFlow prints them: ``[1 2 3...]``, nested by rows."""
    array = np.asarray(value)
    if array.dtype == object:
        array = np.array([v.decode() if isinstance(v, bytes) else str(v) for v in array.ravel()], object).reshape(
            array.shape
        )
    left = [most if most >= 0 else array.size]

    def rows(part: np.ndarray) -> str:
        if part.ndim == 0:
            left[0] -= 1
            return str(part[()])
        pieces: list[str] = []
        for item in part:
            if left[0] <= 0:
                return ("[" + "".join(pieces) if part.ndim > 1 else "[" + " ".join(pieces)) + "...]"
            pieces.append(rows(item))
        return "[" + (" " if part.ndim == 1 else "").join(pieces) + "]"

    return rows(array) if array.ndim else f"[{rows(array)}]"


def _bind_print(op: Operation, k: Any, session: Any, donated: Any) -> Callable:
    printed = 0

    def run(value: Any, *data: Any) -> Any:
        nonlocal printed
        first = op.attrs["first_n"]
        if first < 0 or printed < first:
            printed += 1
            print(op.attrs["message"] + "".join(_as_text(d, op.attrs["summarize"]) for d in data), file=sys.stderr)
        return value

    return run


PrintOp = define(
    "Print",
    "input:T, data:any* -> output:T",
    shape=same_shape,
    bind=_bind_print,
    grad=lambda op, g: [g] + [None] * (len(op.inputs) - 1),
    host=["data"],
    view=True,
)


def Print(
    input_: Any,
    data: Sequence[Any],
    message: str | None = None,
    first_n: int | None = None,
    summarize: int | None = None,
    name: str | None = None,
) -> Tensor:
    """`input_`, printing `data` (`summarize` elements of each, by default 3) to stderr whenever it is computed."""
    attrs = {
        "message": message or "",
        "first_n": -1 if first_n is None else first_n,
        "summarize": 3 if summarize is None else summarize,
    }
    return PrintOp(input_, *data, name=name, **attrs)


def _bind_assert(op: Operation, k: Any, session: Any, donated: Any) -> Callable:
    def run(condition: Any, *data: Any) -> Sequence:
        if not np.all(condition):
            told = " ".join(_as_text(d, op.attrs["summarize"]) for d in data)
            raise InvalidArgumentError(None, None, f"assertion failed: {told}")
        return ()

    return run


AssertOp = define(
    "Assert",
    "condition:bool, data:any*",
    shape=no_outputs,
    bind=_bind_assert,
    grad=not_differentiable,
    host=["condition", "data"],
)


def Assert(condition: Any, data: Sequence[Any], summarize: int | None = None, name: str | None = None) -> Operation:
    """An operation that raises InvalidArgumentError, telling `data`, unless all of `condition` is true."""
    return AssertOp(condition, *data, summarize=3 if summarize is None else summarize, name=name)


def _bind_py_func(op: Operation, k: Any, session: Any, donated: Any) -> Callable:
    function, types = op.attrs["func"], op.attrs["Tout"]

    def run(*values: Any) -> list:
        results = function(*[np.array(v) if v.ndim else v[()] for v in map(np.asarray, values)])
        results = list(results) if isinstance(results, (list, builtins.tuple)) else [] if results is None else [results]
        if len(results) != len(types):
            raise InvalidArgumentError(
                None, None, f"{op.attrs['token']} returns {len(results)} values, but expects {len(types)}"
            )
        arrays = []
        for i, (value, dtype) in enumerate(zip(results, types, strict=True)):
            array = np.asarray(value)
            if dtype is dtypes.string:
                array = array.astype(object)
            elif array.dtype != dtype.numpy:
                raise InvalidArgumentError(
                    None,
                    None,
                    f"{i}-th value returned by {op.attrs['token']} is {array.dtype.name}, but expects {dtype.name}",
                )
            arrays.append(array if dtype is dtypes.string else k.asarray(array))
        return arrays

    return run


PyFunc = define(
    "PyFunc",
    "input:any* -> output:Tout*",
    shape=lambda *inputs, Tout, **_: [TensorShape(None)] * len(Tout),
    bind=_bind_py_func,
    grad=not_differentiable,
    host=["input"],
    view=True,
)


def py_func(func: Callable, inp: Sequence[Any], Tout: Any, stateful: bool = True, name: str | None = None) -> Any:
    """What the Python function gives for NumPy arrays of `inp` at run time.

    `Tout` is a dtype, for one tensor, or a list of them for a list of tensors (an operation where it is empty).
    The results' shapes are unknown (use `set_shape`); there is no gradient. An exception of `func` ends the run.
    """
    single = not isinstance(Tout, (list, builtins.tuple))
    types = [as_dtype(t) for t in ([Tout] if single else Tout)]
    token = f"pyfunc_{get_default_graph().last_id}"
    op = add_op(PyFunc, inp, {"func": func, "Tout": types, "token": token}, name or "PyFunc")
    return op.outputs[0] if single else list(op.outputs) or op


# -- contexts -------------------------------------------------------------------------------------------------------


class Context:
    """A branch or loop body while and after it is traced: its operations carry it as `op.context`."""

    def __init__(self, graph: Graph, description: str) -> None:
        self.graph = graph
        self.outer = graph.control_flow_context
        self.description = description

    def saved_from_forward(self, tensor: Tensor) -> Tensor | None:
        """What stands, in this gradient's context, for a tensor of the forward context. None for other tensors."""
        return None

    @contextmanager
    def reopened(self) -> Iterator[None]:
        """Make operations in this context, though one inside it may be traced at the moment."""
        current = self.graph.control_flow_context
        self.graph.control_flow_context = self
        try:
            yield
        finally:
            self.graph.control_flow_context = current

    def constant_here(self, tensor: Tensor) -> Tensor:
        """A forward context's constant again: cheaper than carrying it over."""
        with self.reopened():
            return constant(tensor.op.attrs["value"], tensor.dtype)

    @contextmanager
    def tracing(self) -> Iterator[None]:
        with self.graph.control_dependencies(None), self.reopened():  # the outer dependencies are the Cond's or Loop's
            yield


@dataclass
class Branch:
    """A traced function: what it takes from outside and what it gives."""

    context: Context
    outputs: list[Tensor]
    arguments: list[Tensor] = field(default_factory=list)  # placeholders inside the context: a loop's variables
    captures: list[Tensor] = field(default_factory=list)  # tensors from outside, found by `close`
    controls: list[Operation] = field(default_factory=list)  # operations outside that must run before
    writes: list[Operation] = field(default_factory=list)  # variables that it changes

    def close(self) -> Branch:
        """Find what the outputs need from outside the context."""
        captures: dict[Tensor, None] = {}
        controls: dict[Operation, None] = {}
        changed: dict[Operation, None] = {}
        seen: set[Operation] = set()
        waiting: list[Operation] = []

        def need(tensor: Tensor) -> None:
            if tensor.op.context is self.context:
                waiting.append(tensor.op)
            elif tensor.op.type != "VariableV2":
                captures[tensor] = None

        for tensor in self.outputs:
            need(tensor)
        while waiting:
            op = waiting.pop()
            if op in seen:
                continue
            seen.add(op)
            if writes(op):
                changed.update(dict.fromkeys(written_variables(op)))
            for tensor, name in zip(op.inputs, argument_names(op), strict=True):
                if name not in op.definition.ref or variable_of(tensor) is None or tensor.op.context is self.context:
                    need(tensor)
            for control in op._control_inputs:
                if control.context is self.context:
                    waiting.append(control)
                else:
                    controls[control] = None
        self.captures = sorted(captures, key=lambda t: (t.op.id, t.value_index))
        self.controls = [c for c in controls if c.type != "VariableV2"]
        self.writes = list(changed)
        return self

    def plan(self, session: Any, k: Any, extra: Sequence[Tensor] = ()) -> SubPlan:
        return SubPlan(session, k, [*self.outputs, *extra], [*self.arguments, *self.captures], self.context)


class SubPlan:
    """A context's plan as its Cond or Loop calls it: arrays of the op's device in and out.

    Results are safe from later changes of the variables they were read from.
    """

    def __init__(self, session: Any, k: Any, fetches: list[Tensor], feeds: list[Tensor], context: Context) -> None:
        plan = Plan(session, fetches, feeds, [session.default] * len(feeds), context)
        self._execute = plan.execute
        self._unsafe = plan.fetched_reads
        self._session = session
        self._k = k
        self._one_memory = session.default is session.host

    def __call__(self, values: Sequence[Any]) -> list[Any]:
        if self._one_memory:
            results = self._execute(values)
        else:  # a host's counter, say, among arrays of the device
            results = [self._brought(self._k, r) for r in self._execute(self._fed(values))]
        for i in self._unsafe:
            results[i] = results[i].copy()
        return results

    def _fed(self, values: Sequence[Any]) -> list[Any]:
        return [self._brought(self._session.default, v) for v in values]

    def _brought(self, k: Any, value: Any) -> Any:
        return value if not hasattr(value, "shape") or k.owns(value) else k.asarray(self._session.on_host(value))


def _as_outputs(structure: Any) -> builtins.tuple[Any, list[Tensor]]:
    """The function's result with operations turned into tensors that follow them, and its flat list."""

    def converted(item: Any) -> Tensor:
        if isinstance(item, IndexedSlices):
            return convert_to_tensor(item)
        if isinstance(item, Operation):
            with item.graph.control_dependencies([item]):
                return identity(constant(True, name="done"))
        return convert_to_tensor(item)

    packed = nest.map_structure(converted, structure)
    return packed, nest.flatten(packed)


# -- cond -----------------------------------------------------------------------------------------------------------


def _bind_cond(op: Operation, k: Any, session: Any, donated: Any) -> Callable:
    attrs = op.attrs
    position = {t: i for i, t in reversed([*enumerate(op.inputs[1:])])}
    extras: list[builtins.tuple[Any, Tensor]] = list(attrs["saved"])
    ways = []
    for branch in (attrs["true"], attrs["false"]):
        own = [t for b, t in extras if b is branch]
        slots = iter(range(len(branch.outputs), len(branch.outputs) + len(own)))
        layout = [*range(len(branch.outputs)), *(next(slots) if b is branch else _absent(k, t) for b, t in extras)]
        ways.append((branch.plan(session, k, own), [position[t] for t in branch.captures], layout))

    def run(pred: Any, *values: Any) -> list:
        plan, taken, layout = ways[0] if pred else ways[1]
        results = plan([values[i] for i in taken])
        return [results[i] if i.__class__ is int else i for i in layout]

    return run


def _absent(k: Any, tensor: Tensor) -> Any:
    """What stands for a tensor of the branch that was not taken: zeros, with 0 for unknown lengths."""
    if tensor.dtype is dtypes.variant:
        return []
    return k.xp.zeros([d or 0 for d in tensor.shape.sizes or ()], tensor.dtype.numpy)


class _CondGradientContext(Context):
    """The gradient of one branch of a Cond."""

    def __init__(self, graph: Graph, op: Operation, branch: Branch) -> None:
        super().__init__(graph, f"the gradient of {branch.context.description}")
        self._op = op
        self._branch = branch

    def saved_from_forward(self, tensor: Tensor) -> Tensor | None:
        if tensor.op.context is not self._branch.context:
            return None
        if tensor.op.type == "Const":
            return self.constant_here(tensor)
        saved = self._op.attrs["saved"]
        base = len(self._op.attrs["true"].outputs)
        for i, (branch, known) in enumerate(saved):
            if known is tensor and branch is self._branch:
                return self._op.outputs[base + i]
        saved.append((self._branch, tensor))
        return _further_output(self._op, tensor.dtype, tensor.shape)


def _further_output(op: Operation, dtype: Any, shape: Any) -> Tensor:
    op.attrs["Tout"].append(dtype)
    op.outputs.append(Tensor(op, len(op.outputs), dtype, as_shape(shape)))
    return op.outputs[-1]


def _cond_gradient(op: Operation, *grads: Tensor) -> list:
    """A Cond of both branches' gradients; an input that only one of them uses gets zeros from the other."""
    graph = op.graph
    inputs = op.inputs[1:]
    base = len(op.attrs["true"].outputs)
    saved = list(op.attrs["saved"])
    traced: list[builtins.tuple[Context, list]] = []
    for branch in (op.attrs["true"], op.attrs["false"]):
        context = _CondGradientContext(graph, op, branch)
        with context.tracing():
            ys = [*branch.outputs, *(t for b, t in saved if b is branch)]
            seeds = [*grads[:base], *(g for (b, _), g in zip(saved, grads[base:], strict=False) if b is branch)]
            found = dict(
                zip(
                    branch.captures,
                    backpropagate(graph, ys, seeds, branch.captures, within=[branch.context]),
                    strict=True,
                )
            )
            traced.append((context, [found.get(t) for t in inputs]))
    wanted = [i for i in range(len(inputs)) if any(found[i] is not None for _, found in traced)]
    if not wanted:
        return [None] * len(op.inputs)
    branches = []
    for inside, given in traced:
        with inside.tracing():
            outputs = [
                identity(zeros_like(inputs[i]) if given[i] is None else convert_to_tensor(given[i])) for i in wanted
            ]
        branches.append(Branch(inside, outputs).close())
    results = _make_cond(op.inputs[0], branches[0], branches[1], name="Cond")
    gradient: list = [None] * len(op.inputs)
    for i, result in zip(wanted, results, strict=True):
        gradient[i + 1] = result
    return gradient


Cond = define(
    "Cond",
    "pred:bool, input:any* -> output:Tout*",
    shape=lambda *inputs, true, false, **_: [
        _common_shape(t.shape, f.shape) for t, f in zip(true.outputs, false.outputs, strict=True)
    ],
    bind=_bind_cond,
    grad=_cond_gradient,
    host=["pred"],
    view=True,
)


def _common_shape(a: TensorShape, b: TensorShape) -> TensorShape:
    if a.sizes is None or b.sizes is None or len(a.sizes) != len(b.sizes):
        return TensorShape(None)
    return TensorShape([x if x == y else None for x, y in zip(a.sizes, b.sizes, strict=True)])


def _make_cond(pred: Tensor, true: Branch, false: Branch, name: str) -> list[Tensor]:
    inputs = list(dict.fromkeys([*true.captures, *false.captures]))
    graph = pred.graph
    with graph.control_dependencies([*true.controls, *false.controls]):
        changed = list(dict.fromkeys([*true.writes, *false.writes]))
        return Cond(
            pred,
            *inputs,
            true=true,
            false=false,
            saved=[],
            Tout=[t.dtype for t in true.outputs],
            writes=changed,
            name=name,
        )


def cond(
    pred: Any,
    true_fn: Callable | None = None,
    false_fn: Callable | None = None,
    strict: bool = False,
    name: str | None = None,
    fn1: Callable | None = None,
    fn2: Callable | None = None,
) -> Any:
    """`true_fn()` where the boolean scalar `pred` is true, else `false_fn()`; only one of them runs.

    Both must return the same structure of tensors of the same dtypes. A list of one is returned as its element unless
    `strict`. Raises TypeError where `pred` is a Python bool or a function is not callable, ValueError, TypeError
    where the results differ.
    """
    true_fn, false_fn = fn1 if true_fn is None else true_fn, fn2 if false_fn is None else false_fn
    if not callable(true_fn):
        raise TypeError("true_fn must be callable.")
    if not callable(false_fn):
        raise TypeError("false_fn must be callable.")
    if isinstance(pred, bool):
        raise TypeError("pred must not be a Python bool")
    graph = graph_of([pred])
    with graph.as_default(), op_scope(name, "cond", [pred]) as scope:
        pred = convert_to_tensor(pred, dtypes.bool_, name="pred")
        results = []
        for function, which in ((true_fn, "true"), (false_fn, "false")):
            context = Context(graph, f"the {which} branch of {scope[:-1]!r}")
            with context.tracing():
                returned = function()
                if returned is None:
                    raise ValueError(f"{which}_fn must have a return value.")
                if isinstance(returned, list) and len(returned) == 1 and not strict:
                    returned = returned[0]
                results.append((*_as_outputs(returned), context))
        (structure, true_flat, true_context), (other, false_flat, false_context) = results
        nest.assert_same_structure(structure, other)
        for t, f in zip(true_flat, false_flat, strict=True):
            if t.dtype is not f.dtype:
                raise ValueError(
                    f"Outputs of true_fn and false_fn must have the same type: {t.dtype.name}, {f.dtype.name}"
                )
        outputs = _make_cond(
            pred, Branch(true_context, true_flat).close(), Branch(false_context, false_flat).close(), "Merge"
        )
        return nest.pack_sequence_as(structure, outputs)


def case(
    pred_fn_pairs: Any,
    default: Any = None,
    exclusive: bool = False,
    strict: bool = False,
    name: str = "case",
) -> Any:
    """The function of the first pair whose predicate is true, else `default()`: nested conds.

    With `exclusive`, more than one true predicate raises InvalidArgumentError at run time.
    """
    pairs = list(pred_fn_pairs.items() if isinstance(pred_fn_pairs, dict) else pred_fn_pairs)
    if not pairs:
        raise ValueError("pred_fn_pairs must not be empty")
    with op_scope(name, "case", [pred for pred, _ in pairs]):
        checks = []
        if exclusive:
            count = get_op("AddN")(*(cast(pred, dtypes.int32) for pred, _ in pairs))
            checks.append(Assert(count < 2, ["More than one condition evaluated as True but exclusive=True."]))
        if default is None:
            default = _asserted(*pairs.pop())

        def choose(rest: list) -> Any:
            if not rest:
                return default()
            (pred, function), *others = rest
            return cond(pred, function, lambda: choose(others), strict=strict)

        with get_default_graph().control_dependencies(checks):
            return nest.map_structure(identity, choose(pairs))


def _asserted(pred: Tensor, function: Callable) -> Callable:
    """`function`, whose results are there only where `pred` is true: else the run ends with an error."""

    def checked() -> Any:
        with get_default_graph().control_dependencies([Assert(pred, ["None of the conditions evaluated as True."])]):
            return nest.map_structure(identity, function())

    return checked


# -- loops ----------------------------------------------------------------------------------------------------------


def _added(*lists: Any) -> Any:
    if not isinstance(lists[0], list):
        return functools.reduce(operator.add, lists)
    return [_added(*items) for items in zip(*lists, strict=True)]


AddLists = define(  # what AddN is for tensors: gradients of what a loop remembers
    "AddLists",
    "inputs:variant* -> sum:variant",
    shape=lambda *inputs: inputs[0].shape,
    kernel=lambda k, *lists: _added(*lists),
    grad=lambda op, g: [g] * len(op.inputs),
    view=True,
)

LoopInput = define(
    "LoopInput",
    "-> output:dtype",
    shape=lambda shape, dtype: shape,
    grad=not_differentiable,
    stateful=True,
)


@dataclass
class LoopSpec:
    """What a Loop operation runs: the body, and when it ends."""

    body: Branch  # arguments: carries, then elements; outputs: carries, then collected
    condition: Branch | None  # of the carries
    carries: int
    elements: int
    stacked: list[bool]  # whether each collected output becomes an array (else a list of arrays)
    most: int | None = None
    reverse: bool = False
    saved: list[Tensor] = field(default_factory=list)


def _bind_loop(op: Operation, k: Any, session: Any, donated: Any) -> Callable:
    loop: LoopSpec = op.attrs["loop"]
    saved = list(loop.saved)
    n, m = loop.carries, loop.elements
    position = {t: i for i, t in enumerate(op.inputs[1 + n + m :])}
    body = loop.body.plan(session, k, saved)
    body_takes = [position[t] for t in loop.body.captures]
    test = loop.condition.plan(session, session.host) if loop.condition is not None else None
    test_takes = [position[t] for t in loop.condition.captures] if loop.condition is not None else []
    collected_count = len(loop.stacked)
    shapes = [(t.shape, t.dtype) for t in loop.body.outputs[n:]]

    def run(length: Any, *values: Any) -> list:
        carry, elements, captured = list(values[:n]), values[n : n + m], values[n + m :]
        body_captures = [captured[i] for i in body_takes]
        test_captures = [captured[i] for i in test_takes]
        most = int(length) if int(length) >= 0 else loop.most
        kept: list[list] = [[] for _ in range(collected_count + len(saved))]
        count = 0
        while most is None or count < most:
            if test is not None and not test([*carry, *test_captures])[0]:
                break
            i = (most or 0) - 1 - count if loop.reverse else count
            results = body([*carry, *(e[i] for e in elements), *body_captures])
            carry = results[:n]
            for into, item in zip(kept, results[n:], strict=True):
                into.append(item)
            count += 1
        if loop.reverse:
            for items in kept:
                items.reverse()
        collected = [
            _stacked(k, items, *known) if stack else items
            for items, stack, known in zip(kept[:collected_count], loop.stacked, shapes, strict=True)
        ]
        return [np.int32(count), *carry, *collected, *kept[collected_count:]]

    return run


def _stacked(k: Any, items: list, shape: TensorShape, dtype: Any) -> Any:
    if items:
        return k.xp.stack([k.asarray(i) for i in items])
    return k.xp.zeros((0, *(d or 0 for d in shape.sizes or ())), dtype.numpy)


class _LoopGradientContext(Context):
    """The body of a Loop's gradient: it gets what the forward body computed, iteration by iteration, newest first."""

    def __init__(self, graph: Graph, op: Operation) -> None:
        super().__init__(graph, f"the gradient of the loop {op.name!r}")
        self._op = op
        self._loop: LoopSpec = op.attrs["loop"]
        self.lists: dict[Tensor, Tensor] = {}  # the forward operation's list -> its element here

    def saved_from_forward(self, tensor: Tensor) -> Tensor | None:
        if tensor.op.context is not self._loop.body.context:
            return None
        if tensor.op.type == "Const":
            return self.constant_here(tensor)
        saved, first = self._loop.saved, 1 + len(self._loop.body.outputs)
        for i, known in enumerate(saved):
            if known is tensor:
                items = self._op.outputs[first + i]
                break
        else:
            saved.append(tensor)
            items = _further_output(self._op, dtypes.variant, [])
        if items not in self.lists:
            with self.reopened():
                self.lists[items] = _loop_input(tensor.dtype, tensor.shape)
        return self.lists[items]


def _loop_input(dtype: Any, shape: Any) -> Tensor:
    return LoopInput(dtype=dtype, shape=as_shape(shape), name="item")


def _loop_gradient(op: Operation, *grads: Any) -> list:
    """A Loop that goes back through the iterations, carrying the gradients of the carries and captures."""
    graph, loop = op.graph, op.attrs["loop"]
    n, m, body = loop.carries, loop.elements, loop.body
    captures = op.inputs[1 + n + m :]
    collected = list(grads[1 + n :])
    context = _LoopGradientContext(graph, op)
    floats = [i for i in range(n) if body.arguments[i].dtype.is_floating]
    shared = [t for t in captures if t.dtype.is_floating and t in body.captures]
    with context.tracing():
        carry_in = [_loop_input(body.outputs[i].dtype, body.outputs[i].shape) for i in floats]
        totals_in = [_loop_input(t.dtype, t.shape) for t in shared]
        outs = [*body.outputs[n:], *loop.saved][: len(collected)]
        given = [
            (y, g)
            for y, g in zip(outs, collected, strict=True)
            if g is not None and (y.dtype.is_floating or y.dtype is dtypes.variant)
        ]
        given_in = [_loop_input(y.dtype, y.shape) for y, _ in given]
        ys = [*(body.outputs[i] for i in floats), *(y for y, _ in given)]
        xs = [*(body.arguments[i] for i in floats), *body.arguments[n:], *shared]
        found = backpropagate(graph, ys, [*carry_in, *given_in], xs, within=[body.context])
        found = [g if g is None else convert_to_tensor(g) for g in found]
        carry_out = [
            identity(zeros_like(x) if g is None else g) for x, g in zip(xs, found[: len(floats)], strict=False)
        ]
        totals_out = [t if g is None else t + g for t, g in zip(totals_in, found[len(floats) + m :], strict=True)]
        wanted = [j for j, g in enumerate(found[len(floats) : len(floats) + m]) if g is not None]
        element_out = [identity(found[len(floats) + j]) for j in wanted]
    arguments = [*carry_in, *totals_in, *given_in, *context.lists.values()]
    branch = Branch(context, [*carry_out, *totals_out, *element_out], arguments).close()
    stacked = [op.inputs[1 + n + j].dtype is not dtypes.variant for j in wanted]
    backward = LoopSpec(
        branch,
        None,
        len(carry_in) + len(totals_in),
        len(given_in) + len(context.lists),
        stacked,
        reverse=not loop.reverse,
    )
    starts = [*(grads[1 + i] for i in floats), *(zeros_like(t) for t in shared)]
    results = _make_loop(backward, op.outputs[0], starts, [*(g for _, g in given), *context.lists], "Loop")[1:]
    gradient: list = [None] * len(op.inputs)
    for i, result in zip(floats, results, strict=False):
        gradient[1 + i] = result
    for t, result in zip(shared, results[len(floats) :], strict=False):
        gradient[1 + n + m + captures.index(t)] = result
    for j, result in zip(wanted, results[len(floats) + len(shared) :], strict=True):
        gradient[1 + n + j] = result
    return gradient


Loop = define(
    "Loop",
    "length:int32, input:any* -> output:Tout*",
    shape=lambda *inputs, shapes, **_: shapes,
    bind=_bind_loop,
    grad=_loop_gradient,
    host=["length"],
    view=True,
)


def _make_loop(loop: LoopSpec, length: Any, carries: Sequence[Any], elements: Sequence[Any], name: str) -> list[Tensor]:
    """Add a Loop: its outputs are the count of iterations, the last carries, what was collected, and what is saved."""
    branches = [b for b in (loop.body, loop.condition) if b is not None]
    captures = list(dict.fromkeys(t for b in branches for t in b.captures))
    changed = list(dict.fromkeys(v for b in branches for v in b.writes))
    n = loop.carries
    outputs = loop.body.outputs
    shapes = [TensorShape([]), *(t.shape for t in loop.body.arguments[:n])]
    types = [dtypes.int32, *(t.dtype for t in outputs[:n])]
    for tensor, stack in zip(outputs[n:], loop.stacked, strict=True):
        shapes.append(TensorShape([_static_length(length)]).concatenate(tensor.shape) if stack else TensorShape([]))
        types.append(tensor.dtype if stack else dtypes.variant)
    with loop.body.context.graph.control_dependencies([c for b in branches for c in b.controls]):
        return Loop(
            length, *carries, *elements, *captures, loop=loop, shapes=shapes, Tout=types, writes=changed, name=name
        )


def _static_length(length: Any) -> int | None:
    value = constant_value(length) if isinstance(length, Tensor) else length
    return None if value is None or int(value) < 0 else int(value)


def while_loop(
    cond: Callable,
    body: Callable,
    loop_vars: Any,
    shape_invariants: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
    maximum_iterations: Any = None,
    return_same_structure: bool = False,
) -> Any:
    """Run ``loop_vars = body(*loop_vars)`` while ``cond(*loop_vars)``; returns the last loop_vars.

    The loop variables keep their dtypes and shapes; where a shape changes, `shape_invariants` must say what of it
    stays (ValueError otherwise). One variable alone is returned as itself unless `return_same_structure`. The loop
    has gradients of any order. `parallel_iterations`, `back_prop` and `swap_memory` are accepted and change nothing.
    """
    if not callable(cond):
        raise TypeError("cond must be callable.")
    if not callable(body):
        raise TypeError("body must be callable.")
    if not nest.flatten(loop_vars):
        raise ValueError("No loop variables provided")
    graph = graph_of(nest.flatten(loop_vars))
    with graph.as_default(), op_scope(name, "while", nest.flatten(loop_vars)) as scope:
        starts = [convert_to_tensor(v) for v in nest.flatten(loop_vars)]
        if shape_invariants is None:
            invariants = [t.shape for t in starts]
        else:
            invariants = [as_shape(s) for s in _flat_shapes(shape_invariants, loop_vars)]
            for t, s in zip(starts, invariants, strict=True):
                if not _is_looser(s, t.shape):
                    raise ValueError(
                        f"The shape invariant specified for {t.name} is not compatible with the initial shape of the "
                        f"loop variable. It enters the loop with shape {t.shape}, but the specified shape invariant "
                        f"is {s}."
                    )
        context = Context(graph, f"the loop {scope[:-1]!r}")
        with context.tracing():
            arguments = [_loop_input(t.dtype, s) for t, s in zip(starts, invariants, strict=True)]
            given = nest.pack_sequence_as(loop_vars, arguments)
            returned = body(*given) if isinstance(given, (list, builtins.tuple)) else body(given)
            outputs = _loop_results(returned, loop_vars, arguments)
        test_context = Context(graph, f"the condition of the loop {scope[:-1]!r}")
        with test_context.tracing():
            test_arguments = [_loop_input(t.dtype, t.shape) for t in arguments]
            given = nest.pack_sequence_as(loop_vars, test_arguments)
            test = convert_to_tensor(cond(*given) if isinstance(given, (list, builtins.tuple)) else cond(given))
            if test.dtype is not dtypes.bool_:
                raise TypeError(f"cond must return a boolean scalar, not {test}")
        limit: Any = -1
        loop = LoopSpec(
            Branch(context, outputs, arguments).close(),
            Branch(test_context, [test], test_arguments).close(),
            len(starts),
            0,
            [],
        )
        if maximum_iterations is not None:
            limit = convert_to_tensor(maximum_iterations, dtypes.int32, name="maximum_iterations")
        results = _make_loop(loop, limit, starts, [], "Loop")[1 : 1 + len(starts)]
        results = [Identity(r, name="Exit") for r in results]
        if len(results) == 1 and not return_same_structure:
            return results[0]
        return nest.pack_sequence_as(loop_vars, results)


def _flat_shapes(shapes: Any, like: Any) -> list:
    """The shape invariants in the order of the loop variables; a TensorShape is a leaf, not a list of dimensions."""
    if isinstance(shapes, TensorShape) or shapes is None:
        return [shapes]
    if not nest.is_nested(like):
        return [shapes]
    children = [shapes[key] for key in sorted(shapes)] if isinstance(shapes, dict) else list(shapes)
    others = [like[key] for key in sorted(like)] if isinstance(like, dict) else list(like)
    if len(children) != len(others):
        raise ValueError(f"shape_invariants has {len(children)} entries for {len(others)} loop variables")
    return [leaf for s, item in zip(children, others, strict=True) for leaf in _flat_shapes(s, item)]


def _is_looser(wide: TensorShape, narrow: TensorShape) -> bool:
    """Whether every shape that `narrow` allows is one that `wide` allows."""
    if wide.sizes is None:
        return True
    if narrow.sizes is None or len(wide.sizes) != len(narrow.sizes):
        return False
    return all(w is None or w == n for w, n in zip(wide.sizes, narrow.sizes, strict=True))


def _loop_results(returned: Any, loop_vars: Any, arguments: Sequence[Tensor]) -> list[Tensor]:
    if len(arguments) == 1 and nest.is_nested(loop_vars) and not nest.is_nested(returned):
        returned = [returned]
    flat = nest.flatten(returned)
    if len(flat) != len(arguments):
        raise ValueError(
            f"The number of outputs of the loop body ({len(flat)}) is not that of loop_vars ({len(arguments)}): {flat}"
        )
    outputs = []
    for item, argument in zip(flat, arguments, strict=True):
        output = identity(
            convert_to_tensor(item, None if hasattr(item, "dtype") else argument.dtype), name="NextIteration"
        )
        if output.dtype is not argument.dtype:
            raise TypeError(
                f"The loop variable {argument.name} enters the loop with dtype {argument.dtype.name}, but has dtype "
                f"{output.dtype.name} after one iteration."
            )
        if not _is_looser(argument.shape, output.shape):
            raise ValueError(
                f"The shape for {argument.name} is not an invariant for the loop. It enters the loop with shape "
                f"{argument.shape}, "
                f"but has shape {output.shape} after one iteration. Provide shape invariants using either the "
                "`shape_invariants` "
                "argument of tf.while_loop or set_shape() on the loop variables."
            )
        outputs.append(output)
    return outputs


def _over_elements(
    fn: Callable,
    elems: Any,
    starts: Sequence[Tensor],
    name: str,
    reverse: bool,
    takes: Callable,
    gives: Callable,
) -> list[Tensor]:
    """A Loop over the first axis of `elems`: `takes(carries, element)` calls `fn`, `gives` splits what it returns."""
    graph = graph_of(nest.flatten(elems))
    flat = nest.flatten(elems)
    static = next((t.shape.sizes[0] for t in flat if t.shape.sizes and t.shape.sizes[0] is not None), None)
    length: Any = constant(static, dtypes.int32) if static is not None else shape_of(flat[0])[0]
    context = Context(graph, f"the function of {name!r}")
    with context.tracing():
        carry_in = [_loop_input(t.dtype, t.shape) for t in starts]
        element_in = [_loop_input(t.dtype, t.shape[1:] if t.shape.ndims is not None else None) for t in flat]
        returned = takes(fn, carry_in, nest.pack_sequence_as(elems, element_in))
        carry_out, collected = gives(returned, carry_in)
        collected = [identity(t) for t in collected]
    branch = Branch(context, [*carry_out, *collected], [*carry_in, *element_in]).close()
    loop = LoopSpec(branch, None, len(starts), len(flat), [True] * len(collected), reverse=reverse)
    return _make_loop(loop, length, starts, flat, "Loop")[1:]


def _elements(elems: Any) -> Any:
    converted = nest.map_structure(lambda e: convert_to_tensor(e, name="elem"), elems)
    for t in nest.flatten(converted):
        if t.shape.ndims == 0:
            raise ValueError(f"elements in elems must be 1+ dimensional Tensors, not scalars: {t}")
    return converted


def map_fn(
    fn: Callable,
    elems: Any,
    dtype: Any = None,
    parallel_iterations: int | None = None,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    name: str | None = None,
) -> Any:
    """`fn` of each element along the first axis of `elems` (a tensor or a nest of them), stacked.

    Where `fn` returns another structure or other dtypes than it takes, `dtype` must say which.
    """
    if not callable(fn):
        raise TypeError("fn must be callable.")
    with op_scope(name, "map", nest.flatten(elems)) as scope:
        elems = _elements(elems)
        like = elems if dtype is None else dtype
        wanted = [as_dtype(t if not isinstance(t, Tensor) else t.dtype) for t in nest.flatten(like)]

        def gives(returned: Any, _: Any) -> builtins.tuple:
            nest.assert_same_structure(like, returned, check_types=False)
            flat = [
                convert_to_tensor(r, None if hasattr(r, "dtype") else t)
                for r, t in zip(nest.flatten(returned), wanted, strict=True)
            ]
            for r, t in zip(flat, wanted, strict=True):
                if r.dtype is not t:
                    raise TypeError(f"map_fn: fn returned {r.dtype.name} where {t.name} was expected: pass dtype=")
            return [], flat

        results = _over_elements(fn, elems, [], scope[:-1], False, lambda f, _, e: f(e), gives)
        return nest.pack_sequence_as(like, results)


def scan(
    fn: Callable,
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    reverse: bool = False,
    name: str | None = None,
) -> Any:
    """All the partial results ``a = fn(a, element)`` along the first axis of `elems`, stacked.

    Without `initializer`, the first element (with `reverse`, the last) is where it begins, and the first result.
    """
    return _folded(fn, elems, initializer, reverse, name, "scan", keep=True)


def foldl(
    fn: Callable,
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """The last of the partial results ``a = fn(a, element)``, from the first element to the last."""
    return _folded(fn, elems, initializer, False, name, "foldl", keep=False)


def foldr(
    fn: Callable,
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """The last of the partial results ``a = fn(a, element)``, from the last element to the first."""
    return _folded(fn, elems, initializer, True, name, "foldr", keep=False)


def _folded(
    fn: Callable, elems: Any, initializer: Any, reverse: bool, name: str | None, default: str, keep: bool
) -> Any:
    if not callable(fn):
        raise TypeError("fn must be callable.")
    with op_scope(name, default, nest.flatten(elems)) as scope:
        elems = _elements(elems)
        if initializer is None:
            like, start = elems, nest.map_structure(lambda e: e[-1] if reverse else e[0], elems)
            rest = nest.map_structure(lambda e: e[:-1] if reverse else e[1:], elems)
        else:
            like = start = nest.map_structure(lambda v: convert_to_tensor(v, name="initializer"), initializer)
            rest = elems
        starts = nest.flatten(start)

        def gives(returned: Any, carry_in: list) -> builtins.tuple:
            outputs = _loop_results(returned, like, carry_in)
            return outputs, outputs if keep else []

        def takes(function: Callable, carry_in: list, element: Any) -> Any:
            return function(nest.pack_sequence_as(like, carry_in), element)

        results = _over_elements(fn, rest, starts, scope[:-1], reverse, takes, gives)
        results = results[len(starts) :] if keep else results[: len(starts)]
        if keep and initializer is None:
            results = [_with_first(get_op("ConcatV2"), s, r, reverse) for s, r in zip(starts, results, strict=True)]
        return nest.pack_sequence_as(like, results)


def _with_first(concat: Any, start: Tensor, rest: Tensor, reverse: bool) -> Tensor:
    first = expand_dims(start, 0)
    return concat(*((rest, first) if reverse else (first, rest)), 0)


__all__ = [
    "Assert", "Print", "case", "cond", "foldl", "foldr", "group", "map_fn", "py_func", "scan", "tuple", "while_loop",
    "with_dependencies",
]  # fmt: skip
