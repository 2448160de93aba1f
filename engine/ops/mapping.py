"""Functions over the first axis: `map_fn`, `scan` and the folds, each a Loop over the elements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .. import dtypes, nest
from ..build import constant, convert_to_tensor
from ..dtypes import as_dtype
from ..graph import Tensor, graph_of, op_scope
from ..registry import get_op
from .basic import expand_dims, identity
from .basic import shape as shape_of
from .contexts import Branch, Context
from .loops import LoopSpec, loop_input, loop_results, make_loop

Step = Callable[[list[Tensor], Any], tuple[list[Tensor], list[Tensor]]]


def loop_over_elements(
    step: Step, elems: Any, starts: Sequence[Tensor], name: str, reverse: bool = False
) -> tuple[list[Tensor], list[Tensor]]:
    """A Loop along the first axis of the tensors `elems`: the last carries, and all that was collected, stacked.

    `step(carries, element)` is called once, to trace the body, and returns the next carries and what to collect.
    """
    flat = nest.flatten(elems)
    graph = graph_of(flat)
    static = next((t.shape.sizes[0] for t in flat if t.shape.sizes and t.shape.sizes[0] is not None), None)
    length: Any = constant(static, dtypes.int32) if static is not None else shape_of(flat[0])[0]
    context = Context(graph, f"the function of {name!r}")
    with context.tracing():
        carry_in = [loop_input(t.dtype, t.shape) for t in starts]
        element_in = [loop_input(t.dtype, t.shape[1:] if t.shape.ndims is not None else None) for t in flat]
        carry_out, collected = step(carry_in, nest.pack_sequence_as(elems, element_in))
        collected = [identity(t) for t in collected]
    branch = Branch(context, [*carry_out, *collected], [*carry_in, *element_in]).close()
    loop = LoopSpec(branch, None, len(starts), len(flat), [True] * len(collected), reverse=reverse)
    results = make_loop(loop, length, starts, flat, "Loop")[1:]
    return results[: len(starts)], results[len(starts) :]


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

        def step(_: list, element: Any) -> tuple:
            returned = fn(element)
            nest.assert_same_structure(like, returned, check_types=False)
            flat = [
                convert_to_tensor(r, None if hasattr(r, "dtype") else t)
                for r, t in zip(nest.flatten(returned), wanted, strict=True)
            ]
            for r, t in zip(flat, wanted, strict=True):
                if r.dtype is not t:
                    raise TypeError(f"map_fn: fn returned {r.dtype.name} where {t.name} was expected: pass dtype=")
            return [], flat

        _, results = loop_over_elements(step, elems, [], scope[:-1])
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

        def step(carry_in: list, element: Any) -> tuple:
            outputs = loop_results(fn(nest.pack_sequence_as(like, carry_in), element), like, carry_in, starts)
            return outputs, outputs if keep else []

        last, every = loop_over_elements(step, rest, starts, scope[:-1], reverse)
        results = every if keep else last
        if keep and initializer is None:
            results = [_with_first(get_op("ConcatV2"), s, r, reverse) for s, r in zip(starts, results, strict=True)]
        return nest.pack_sequence_as(like, results)


def _with_first(concat: Any, start: Tensor, rest: Tensor, reverse: bool) -> Tensor:
    first = expand_dims(start, 0)
    return concat(*((rest, first) if reverse else (first, rest)), 0)


__all__ = ["foldl", "foldr", "map_fn", "scan"]
