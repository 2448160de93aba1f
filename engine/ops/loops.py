"""Loops: one Loop operation runs its body step by step, and its gradient is a Loop that goes back."""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import dtypes, nest
from ..build import convert_to_tensor
from ..gradients import backpropagate, differentiable_inputs
from ..graph import Graph, Operation, Tensor, graph_of, op_scope
from ..registry import define, not_differentiable
from ..shapes import TensorShape, as_shape
from ..sparse_tensor import SparseTensor, with_parts, without_parts
from ..static import constant_value
from .basic import Identity, identity, zeros_like
from .contexts import Branch, Context, further_output
from .tensor_array import like_arrays


def _added(*items: Any) -> Any:
    """The sum of arrays, or of lists of them element by element; None, and what a shorter list lacks, are zeros."""
    terms = [item for item in items if item is not None]
    if not terms:
        return None
    if not isinstance(terms[0], list):
        return functools.reduce(operator.add, terms)
    return [_added(*group) for group in itertools.zip_longest(*terms)]


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
    limited: bool = True  # whether the operation's length bounds the iterations
    reverse: bool = False
    saved: dict[Tensor, Tensor] = field(default_factory=dict)  # of the body, for the gradient -> the operation's list


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
        most = max(int(length), 0) if loop.limited else None
        kept: list[list] = [[] for _ in range(collected_count + len(saved))]
        count = 0
        while most is None or count < most:
            if test is not None and not test([*carry, *test_captures])[0]:
                break
            i = (most or 0) - 1 - count if loop.reverse else count
            results = body([*carry, *(dtypes.string_as_array(e[i]) for e in elements), *body_captures])
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
        saved = self._loop.saved
        if tensor not in saved:
            saved[tensor] = further_output(self._op, dtypes.variant, [])
        items = saved[tensor]
        if items not in self.lists:
            with self.reopened():
                self.lists[items] = loop_input(tensor.dtype, tensor.shape)
        return self.lists[items]


def loop_input(dtype: Any, shape: Any) -> Tensor:
    return LoopInput(dtype=dtype, shape=as_shape(shape), name="item")


def _accumulates(tensor: Tensor) -> bool:
    """Whether gradients of the tensor are summed over a loop's iterations: of floats, and of lists of them."""
    return tensor.dtype.is_floating or tensor.dtype is dtypes.variant


def _sum(a: Tensor, b: Tensor) -> Tensor:
    return AddLists(a, b) if a.dtype is dtypes.variant else a + b


def _loop_gradient(op: Operation, *grads: Any) -> list:
    """A Loop that goes back through the iterations, carrying the gradients of the carries and captures."""
    graph, loop = op.graph, op.attrs["loop"]
    n, m, body = loop.carries, loop.elements, loop.body
    captures = differentiable_inputs(op)[1 + n + m :]
    collected = list(grads[1 + n :])
    context = _LoopGradientContext(graph, op)
    floats = [i for i in range(n) if _accumulates(body.arguments[i])]
    shared = [t for t in captures if _accumulates(t) and (t in body.captures or t in body.reads)]
    with context.tracing():
        carry_in = [loop_input(body.outputs[i].dtype, body.outputs[i].shape) for i in floats]
        totals_in = [loop_input(t.dtype, t.shape) for t in shared]
        outs = [*body.outputs[n:], *loop.saved][: len(collected)]
        given = [(y, g) for y, g in zip(outs, collected, strict=True) if g is not None and _accumulates(y)]
        given_in = [loop_input(y.dtype, y.shape) for y, _ in given]
        ys = [*(body.outputs[i] for i in floats), *(y for y, _ in given)]
        xs = [*(body.arguments[i] for i in floats), *body.arguments[n:], *shared]
        found = backpropagate(graph, ys, [*carry_in, *given_in], xs, within=[body.context])
        found = [g if g is None else convert_to_tensor(g) for g in found]
        carry_out = [
            identity(zeros_like(x) if g is None else g) for x, g in zip(xs, found[: len(floats)], strict=False)
        ]
        totals_out = [t if g is None else _sum(t, g) for t, g in zip(totals_in, found[len(floats) + m :], strict=True)]
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
    arrived = [zeros_like(op.outputs[1 + i]) if grads[1 + i] is None else grads[1 + i] for i in floats]
    starts = [*arrived, *(zeros_like(t) for t in shared)]
    results = make_loop(backward, op.outputs[0], starts, [*(g for _, g in given), *context.lists], "Loop")[1:]
    gradient: list = [None] * (1 + n + m + len(captures))
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


def make_loop(loop: LoopSpec, length: Any, carries: Sequence[Any], elements: Sequence[Any], name: str) -> list[Tensor]:
    """Add a Loop: its outputs are the count of iterations, the last carries, what was collected, and what is saved."""
    branches = [b for b in (loop.body, loop.condition) if b is not None]
    captures = list(dict.fromkeys(t for b in branches for t in b.captures))
    changed = list(dict.fromkeys(v for b in branches for v in b.writes))
    read = list(dict.fromkeys(t for b in branches for t in b.reads))
    n = loop.carries
    outputs = loop.body.outputs
    shapes = [TensorShape([]), *(t.shape for t in loop.body.arguments[:n])]
    types = [dtypes.int32, *(t.dtype for t in outputs[:n])]
    for tensor, stack in zip(outputs[n:], loop.stacked, strict=True):
        shapes.append(TensorShape([_static_length(length)]).concatenate(tensor.shape) if stack else TensorShape([]))
        types.append(tensor.dtype if stack else dtypes.variant)
    with loop.body.context.graph.control_dependencies([c for b in branches for c in b.controls]):
        return Loop(
            length,
            *carries,
            *elements,
            *captures,
            loop=loop,
            shapes=shapes,
            Tout=types,
            writes=changed,
            reads=read,
            name=name,
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
    given_vars, loop_vars = loop_vars, with_parts(loop_vars)
    graph = graph_of(nest.flatten(loop_vars))
    with graph.as_default(), op_scope(name, "while", nest.flatten(loop_vars)) as scope:
        flat_vars = nest.flatten(loop_vars)
        starts = [convert_to_tensor(v) for v in flat_vars]
        if shape_invariants is None:
            invariants = [t.shape for t in starts]
        else:
            invariants = [as_shape(s) for s in _flat_shapes(shape_invariants, given_vars)]
            for t, s in zip(starts, invariants, strict=True):
                if not _is_looser(s, t.shape):
                    raise ValueError(
                        f"The shape invariant specified for {t.name} is not compatible with the initial shape of the "
                        f"loop variable. It enters the loop with shape {t.shape}, but the specified shape invariant "
                        f"is {s}."
                    )
        limited = maximum_iterations is not None
        limit = convert_to_tensor(maximum_iterations if limited else -1, dtypes.int32, name="maximum_iterations")
        graph.uncounted += len(starts) + (5 if limited else -1)  # Enter and Merge; the counter's, and its comparison
        test_context = Context(graph, f"the condition of the loop {scope[:-1]!r}")
        with test_context.tracing():
            test_arguments = [loop_input(t.dtype, s) for t, s in zip(starts, invariants, strict=True)]
            given = without_parts(nest.pack_sequence_as(loop_vars, like_arrays(flat_vars, test_arguments)))
            test = convert_to_tensor(cond(*given) if isinstance(given, (list, tuple)) else cond(given))
            if test.dtype is not dtypes.bool_:
                raise TypeError(f"cond must return a boolean scalar, not {test}")
        graph.uncounted += len(starts) + (6 if limited else 1)  # LoopCond, Switch and Identity; the counter's, its sum
        context = Context(graph, f"the loop {scope[:-1]!r}", test_context.entered)
        with context.tracing():
            arguments = [loop_input(t.dtype, s) for t, s in zip(starts, invariants, strict=True)]
            given = without_parts(nest.pack_sequence_as(loop_vars, like_arrays(flat_vars, arguments)))
            returned = body(*given) if isinstance(given, (list, tuple)) else body(given)
            outputs = loop_results(returned, loop_vars, arguments, starts)
        loop = LoopSpec(
            Branch(context, outputs, arguments).close(),
            Branch(test_context, [test], test_arguments).close(),
            len(starts),
            0,
            [],
            limited=limited,
        )
        graph.uncounted += 1 if limited else -1  # NextIteration and Exit are here too; the counter's, but no Loop
        if limited:
            graph.unique_name("Exit")  # the counter's
        results = make_loop(loop, limit, starts, [], "Loop")[1 : 1 + len(starts)]
        results = like_arrays(flat_vars, [Identity(r, name="Exit") for r in results])
        if len(results) == 1 and not return_same_structure:
            return results[0]
        return without_parts(nest.pack_sequence_as(loop_vars, results))


def _flat_shapes(shapes: Any, like: Any) -> list:
    """The shape invariants in the order of the loop variables; a TensorShape is a leaf, not a list of dimensions."""
    if isinstance(like, SparseTensor):  # of the dense tensor: how many values there are may change
        rank = as_shape(shapes).ndims
        return [TensorShape([None, rank]), TensorShape([None]), TensorShape([rank])]
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


def loop_results(returned: Any, loop_vars: Any, arguments: Sequence[Tensor], starts: Sequence[Tensor]) -> list[Tensor]:
    """What a body returned, checked against its arguments; errors name the tensors that the loop starts from."""
    if len(arguments) == 1 and nest.is_nested(loop_vars) and not nest.is_nested(returned):
        returned = [returned]
    flat = nest.flatten(with_parts(returned))
    if len(flat) != len(arguments):
        raise ValueError(
            f"The number of outputs of the loop body ({len(flat)}) is not that of loop_vars ({len(arguments)}): {flat}"
        )
    outputs = []
    for item, argument, start in zip(flat, arguments, starts, strict=True):
        output = identity(
            convert_to_tensor(item, None if hasattr(item, "dtype") else argument.dtype), name="NextIteration"
        )
        if output.dtype is not argument.dtype:
            raise TypeError(
                f"The loop variable {start.name} enters the loop with dtype {argument.dtype.name}, but has dtype "
                f"{output.dtype.name} after one iteration."
            )
        if not _is_looser(argument.shape, output.shape):
            raise ValueError(
                f"The shape for {start.name} is not an invariant for the loop. It enters the loop with shape "
                f"{argument.shape}, but has shape {output.shape} after one iteration. Provide shape invariants using "
                "either the `shape_invariants` argument of tf.while_loop or set_shape() on the loop variables."
            )
        outputs.append(output)
    return outputs


__all__ = ["while_loop"]
