"""Reverse-mode differentiation of a graph: `gradients` adds the operations that compute derivatives."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from enum import Enum
from typing import Any

from .build import convert_to_tensor
from .dtypes import variant
from .graph import Graph, Operation, Tensor, graph_of, op_scope
from .indexed_slices import IndexedSlices, add_gradients
from .ops.basic import ones_like, zeros_like
from .registry import get_op, gradient_of


class UnconnectedGradients(Enum):
    """What `gradients` gives for an x that no y depends on."""

    NONE = "none"
    ZERO = "zero"


def gradients(
    ys: Any,
    xs: Any,
    grad_ys: Any = None,
    name: str = "gradients",
    colocate_gradients_with_ops: bool = False,
    gate_gradients: bool = False,
    aggregation_method: Any = None,
    stop_gradients: Any = None,
    unconnected_gradients: Any = UnconnectedGradients.NONE,
) -> list[Any]:
    """The derivatives of sum(ys) by each of xs: tensors of the shape of x, IndexedSlices, or None if unconnected.

    `grad_ys` weighs the ys (by default ones). Tensors in `stop_gradients` count as constants. The result is itself
    differentiable. Raises LookupError where an op on the way has no gradient, ValueError and TypeError for arguments
    that do not fit together. Reverse accumulation after Griewank and Walther, Evaluating Derivatives, chapter 3.
    """
    ys, xs = _listed(ys), _listed(xs)
    stops = _listed(stop_gradients) if stop_gradients is not None else []
    graph = graph_of([*ys, *xs])
    with graph.as_default(), op_scope(name, "gradients", [*ys, *xs]):
        targets = [convert_to_tensor(y, name="y") for y in ys]
        sources = [_source(graph, x) for x in xs]
        barred = {graph.as_graph_element(t, allow_operation=False) for t in stops}
        seeds = _seeds(targets, _listed(grad_ys) if grad_ys is not None else [None] * len(targets))
        contexts = graph.enclosing_contexts()
        found = backpropagate(graph, targets, seeds, sources, barred, colocate_gradients_with_ops, contexts)
        if UnconnectedGradients(unconnected_gradients) is UnconnectedGradients.ZERO:
            found = [zeros_like(x) if g is None else g for x, g in zip(sources, found, strict=True)]
    return found


def _listed(values: Any) -> list:
    return list(values) if isinstance(values, (list, tuple)) else [values]


def _source(graph: Graph, x: Any) -> Tensor:
    """The tensor of the graph that `x` is or names; a constant for a value, of which no y is made."""
    if isinstance(x, (Tensor, str)) or hasattr(x, "_as_graph_element"):
        return graph.as_graph_element(x, allow_operation=False)
    return convert_to_tensor(x, name="x")


def _seeds(ys: Sequence[Tensor], grad_ys: Sequence[Any]) -> list[Any]:
    """The gradient that each y starts with. Raises ValueError, TypeError for grad_ys of another number or type.

    A shape may be another one than y's, as long as y's operation takes it for its own gradient.
    """
    if len(grad_ys) != len(ys):
        raise ValueError(f"Passed {len(grad_ys)} grad_ys for {len(ys)} ys")
    seeds = []
    for i, (y, grad) in enumerate(zip(ys, grad_ys, strict=True)):
        if grad is None:
            if y.dtype.is_complex:
                raise TypeError(f"Gradients of complex tensors ({y}) must set grad_ys (y.dtype = {y.dtype!r})")
            seeds.append(ones_like(y, name=f"grad_ys_{i}"))
            continue
        if not isinstance(grad, IndexedSlices):
            grad = convert_to_tensor(grad, y.dtype, name=f"grad_y_{i}")
        if grad.dtype is not y.dtype:
            raise TypeError(f"Gradient type {grad.dtype.name} given for tensor {y.name} of type {y.dtype.name}")
        seeds.append(grad)
    return seeds


def backpropagate(
    graph: Graph,
    ys: Sequence[Tensor],
    seeds: Sequence[Any],
    xs: Sequence[Tensor],
    stops: Iterable[Tensor] = (),
    colocate: bool = False,
    within: Sequence[Any] = (None,),
) -> list[Any]:
    """Carry the gradients `seeds` of `ys` back to `xs`, through operations of the control-flow contexts `within`.

    An operation's inputs are always older than itself, so descending creation order visits every operation after all
    of its readers.
    """
    stops = frozenset(stops)
    collected: dict[Tensor, list[Any]] = {}
    for y, seed in zip(ys, seeds, strict=True):
        if seed is not None and _carries_gradient(y):
            collected.setdefault(y, []).append(seed)
    for op in _operations_between(ys, frozenset(xs), stops, within):
        arrived = [None if out in stops else _total(collected, out) for out in op.outputs]
        if any(grad is not None for grad in arrived):
            for tensor, gradient in zip(
                differentiable_inputs(op), _input_gradients(graph, op, arrived, colocate), strict=True
            ):
                if gradient is not None and _carries_gradient(tensor):
                    collected.setdefault(tensor, []).append(gradient)
    return [_total(collected, x) for x in xs]


def differentiable_inputs(op: Operation) -> list[Tensor]:
    """What a gradient function gives gradients of: the inputs, and the variables that branches or bodies read."""
    return [*op.inputs, *op.attrs.get("reads", ())]


def _carries_gradient(tensor: Tensor) -> bool:
    return tensor.dtype.is_floating or tensor.dtype.is_complex or tensor.dtype is variant


def _operations_between(
    ys: Sequence[Tensor], xs: frozenset[Tensor], stops: frozenset[Tensor], within: Sequence[Any]
) -> list[Operation]:
    """The operations on a path from some x to some y, newest first."""
    ancestors: set[Operation] = set()
    waiting = [y.op for y in ys if y not in stops]
    while waiting:
        op = waiting.pop()
        if op in ancestors or op.context not in within:
            continue
        ancestors.add(op)
        waiting.extend(t.op for t in differentiable_inputs(op) if t not in stops)
    reached: set[Operation] = set()
    for op in sorted(ancestors, key=lambda op: op.id):
        if any(t in xs or (t not in stops and t.op in reached) for t in differentiable_inputs(op)):
            reached.add(op)
    return sorted(reached, key=lambda op: -op.id)


def _input_gradients(graph: Graph, op: Operation, arrived: Sequence[Any], colocate: bool) -> Sequence[Any]:
    """Apply the op's gradient function to the gradients of its outputs; where none arrived it gets zeros."""
    rule = gradient_of(op)
    with graph.name_scope(f"{op.name}_grad"), graph.device(op.device) if colocate else nullcontext():
        grads = []
        for out, grad in zip(op.outputs, arrived, strict=True):
            if grad is None:
                grad = None if out.dtype is variant else zeros_like(out)
            elif isinstance(grad, IndexedSlices) and not getattr(rule, "takes_indexed_slices", False):
                grad = convert_to_tensor(grad)
            grads.append(grad)
        result = rule(op, *grads)
        result = list(result) if isinstance(result, (list, tuple)) else [result]
        inputs = differentiable_inputs(op)
        if len(result) != len(inputs):
            raise ValueError(
                f"Num gradients {len(result)} generated for op {op.name!r} ({op.type}) do not match num inputs "
                f"{len(inputs)}"
            )
        for i, (tensor, gradient) in enumerate(zip(inputs, result, strict=True)):
            if isinstance(gradient, Tensor):
                try:
                    gradient.set_shape(tensor.shape)
                except ValueError:
                    raise ValueError(
                        "Incompatible shapes between op input and calculated input gradient. Forward operation: "
                        f"{op.name}. Input index: {i}. Original input shape: {tensor.shape}. Calculated input "
                        f"gradient shape: {gradient.shape}"
                    ) from None
    return result


def _total(collected: dict[Tensor, list[Any]], tensor: Tensor) -> Any:
    """The sum of the gradients collected for a tensor, kept in place of its terms; None where there are none."""
    terms = collected.get(tensor)
    if not terms:
        return None
    if len(terms) > 1:
        terms[:] = [get_op("AddLists")(*terms) if tensor.dtype is variant else add_gradients(terms)]
    return terms[0]
