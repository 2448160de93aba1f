"""Conditions: one Cond operation stands for both branches, and its gradient is again a Cond."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import dtypes, nest
from ..build import convert_to_tensor
from ..gradients import backpropagate, differentiable_inputs
from ..graph import Graph, Operation, Tensor, get_default_graph, graph_of, op_scope
from ..registry import define, get_op
from ..shapes import TensorShape
from ..sparse_tensor import with_parts, without_parts
from .basic import cast, identity, zeros_like
from .contexts import Branch, Context, as_outputs, further_output
from .effects import Assert
from .tensor_array import like_arrays


def _bind_cond(op: Operation, k: Any, session: Any, donated: Any) -> Callable:
    attrs = op.attrs
    position = {t: i for i, t in reversed([*enumerate(op.inputs[1:])])}
    extras: list[tuple[Any, Tensor]] = list(attrs["saved"])
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
        return further_output(self._op, tensor.dtype, tensor.shape)


def _cond_gradient(op: Operation, *grads: Tensor) -> list:
    """A Cond of both branches' gradients; an input that only one of them uses gets zeros from the other."""
    graph = op.graph
    _, *inputs = differentiable_inputs(op)
    base = len(op.attrs["true"].outputs)
    saved = list(op.attrs["saved"])
    traced: list[tuple[Context, list]] = []
    for branch in (op.attrs["true"], op.attrs["false"]):
        context = _CondGradientContext(graph, op, branch)
        with context.tracing():
            ys = [*branch.outputs, *(t for b, t in saved if b is branch)]
            seeds = [*grads[:base], *(g for (b, _), g in zip(saved, grads[base:], strict=False) if b is branch)]
            xs = [*branch.captures, *branch.reads]
            found = dict(zip(xs, backpropagate(graph, ys, seeds, xs, within=[branch.context]), strict=True))
            traced.append((context, [found.get(t) for t in inputs]))
    wanted = [i for i in range(len(inputs)) if any(found[i] is not None for _, found in traced)]
    if not wanted:
        return [None] * (1 + len(inputs))
    branches = []
    for inside, given in traced:
        with inside.tracing():
            outputs = [
                identity(zeros_like(inputs[i]) if given[i] is None else convert_to_tensor(given[i])) for i in wanted
            ]
        branches.append(Branch(inside, outputs).close())
    results = make_cond(op.inputs[0], branches[0], branches[1], name="Cond")
    gradient: list = [None] * (1 + len(inputs))
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


def make_cond(pred: Tensor, true: Branch, false: Branch, name: str) -> list[Tensor]:
    inputs = list(dict.fromkeys([*true.captures, *false.captures]))
    graph = pred.graph
    with graph.control_dependencies([*true.controls, *false.controls]):
        changed = list(dict.fromkeys([*true.writes, *false.writes]))
        read = list(dict.fromkeys([*true.reads, *false.reads]))
        return Cond(
            pred,
            *inputs,
            true=true,
            false=false,
            saved=[],
            Tout=[t.dtype for t in true.outputs],
            writes=changed,
            reads=read,
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
        pred = convert_to_tensor(pred, name="pred")
        if pred.dtype is not dtypes.bool_:
            raise TypeError(
                f"The predicate of a cond must be a boolean scalar, but {pred!r} has type {pred.dtype.name}"
            )
        if pred.shape.ndims not in (None, 0):
            raise ValueError(f"Shape must be rank 0 but is rank {pred.shape.ndims} for the predicate {pred!r}")
        graph.uncounted += 4  # the Switch of the predicate, its two sides and itself again
        results = []
        for function, which in ((true_fn, "true"), (false_fn, "false")):
            context = Context(graph, f"the {which} branch of {scope[:-1]!r}")
            with context.tracing():
                returned = function()
                if returned is None:
                    raise ValueError(f"{which}_fn must have a return value.")
                if isinstance(returned, list) and len(returned) == 1 and not strict:
                    returned = returned[0]
                returned = with_parts(returned)
                results.append((returned, as_outputs(returned), context))
                for tensor in results[-1][1]:
                    context.count_entry(tensor)
        (structure, true_flat, true_context), (other, false_flat, false_context) = results
        nest.assert_same_structure(structure, other)
        for t, f in zip(true_flat, false_flat, strict=True):
            if t.dtype is not f.dtype:
                raise ValueError(
                    f"Outputs of true_fn and false_fn must have the same type: {t.dtype.name}, {f.dtype.name}"
                )
        outputs = make_cond(
            pred, Branch(true_context, true_flat).close(), Branch(false_context, false_flat).close(), "Merge"
        )
        graph.uncounted += len(outputs) - 1  # a Merge for each
        return without_parts(nest.pack_sequence_as(structure, like_arrays(nest.flatten(structure), outputs)))


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
            return _made_anew(choose(pairs))


def _made_anew(structure: Any) -> Any:
    return without_parts(nest.map_structure(identity, with_parts(structure)))


def _asserted(pred: Tensor, function: Callable) -> Callable:
    """`function`, whose results are there only where `pred` is true: else the run ends with an error."""

    def checked() -> Any:
        with get_default_graph().control_dependencies([Assert(pred, ["None of the conditions evaluated as True."])]):
            return _made_anew(function())

    return checked


__all__ = ["case", "cond"]
