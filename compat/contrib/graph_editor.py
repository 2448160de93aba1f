"""tf.contrib.graph_editor: walks over the operations of a graph. Graphs are not rewritten here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ...engine import nest
from ...engine.graph import Operation, Tensor


def get_backward_walk_ops(
    seed_ops: Any,
    inclusive: bool = True,
    within_ops: Iterable[Operation] | None = None,
    within_ops_fn: Callable[[Operation], bool] | None = None,
    stop_at_ts: Iterable[Tensor] = (),
    control_inputs: bool = False,
) -> list[Operation]:
    """The operations that some (or those that make some tensors) are computed from, the nearest first, themselves too.

    `within_ops` and `within_ops_fn` bound the walk, which does not pass `stop_at_ts`; with `control_inputs` it follows
    those as well.
    """
    stops = set(stop_at_ts)

    def before(op: Operation) -> list[Operation]:
        made = [t.op for t in op.inputs if t not in stops]
        return made + op.control_inputs if control_inputs else made

    seeds = [item.op if isinstance(item, Tensor) else item for item in nest.flatten(seed_ops)]
    return _walk(seeds, before, inclusive, within_ops, within_ops_fn)


def get_forward_walk_ops(
    seed_ops: Any,
    inclusive: bool = True,
    within_ops: Iterable[Operation] | None = None,
    within_ops_fn: Callable[[Operation], bool] | None = None,
    stop_at_ts: Iterable[Tensor] = (),
    control_outputs: Any = None,
) -> list[Operation]:
    """The operations that are computed from some (or that take some tensors), as `get_backward_walk_ops`.

    With `control_outputs` other than None it follows operations that wait for one, too.
    """
    stops = set(stop_at_ts)

    def after(op: Operation) -> list[Operation]:
        takers = [taker for t in op.outputs if t not in stops for taker in t.consumers()]
        if control_outputs is None:
            return takers
        return takers + [other for other in op.graph.get_operations() if op in other.control_inputs]

    seeds: list[Operation] = []
    for item in nest.flatten(seed_ops):
        seeds += item.consumers() if isinstance(item, Tensor) else [item]
    return _walk(seeds, after, inclusive, within_ops, within_ops_fn)


def _walk(
    seeds: list[Operation],
    neighbours: Callable[[Operation], list[Operation]],
    inclusive: bool,
    within_ops: Iterable[Operation] | None,
    within_ops_fn: Callable[[Operation], bool] | None,
) -> list[Operation]:
    bounds = None if within_ops is None else set(within_ops)
    found = dict.fromkeys(seeds)
    waiting = list(found)
    while waiting:
        near = dict.fromkeys(op for seen in waiting for op in neighbours(seen))
        waiting = [
            op
            for op in near
            if op not in found and (bounds is None or op in bounds) and (within_ops_fn is None or within_ops_fn(op))
        ]
        found.update(dict.fromkeys(waiting))
    return [op for op in found if inclusive or op not in seeds]


__all__ = ["get_backward_walk_ops", "get_forward_walk_ops"]
