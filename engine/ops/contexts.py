"""Traced functions: the branches of a condition and the body of a loop, and the plans that run them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from .. import nest
from ..build import constant, convert_to_tensor
from ..graph import Graph, Operation, Tensor
from ..indexed_slices import IndexedSlices
from ..plan import Plan, argument_names, never_leaves_host, writes, written_variables
from ..shapes import as_shape
from ..state import variable_of
from .basic import identity


class Context:
    """A branch or loop body while and after it is traced: its operations carry it as `op.context`.

    TensorFlow builds conditions and loops from many small operations (Switch, Merge, Enter, Exit ...), where one Cond
    or Loop stands here. Those count for the op seeds of what is drawn inside and after, so they are added to
    `Graph.uncounted` as TensorFlow would make them. `entered` is what tensors have come in so far, shared by a loop's
    condition and body. `function` is the function that the branch or loop is in, if it is in one that TensorFlow has a
    graph of its own for.
    """

    def __init__(self, graph: Graph, description: str, entered: set[Tensor] | None = None) -> None:
        self.graph = graph
        self.outer = graph.control_flow_context
        self.function: Context | None = None if self.outer is None else self.outer.function
        self.description = description
        self.entered = set() if entered is None else entered

    def count_entry(self, tensor: Tensor) -> None:
        """Count the Switch or Enter by which TensorFlow brings in a tensor from outside, when it is first used."""
        if tensor.op.context is self or tensor in self.entered:
            return
        if self.outer is not None:
            self.outer.count_entry(tensor)
        self.entered.add(tensor)
        self.graph.uncounted += 1

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
    reads: list[Tensor] = field(default_factory=list)  # variables that it reads itself, as `read_value` does

    def close(self) -> Branch:
        """Find what the outputs need from outside the context."""
        captures: dict[Tensor, None] = {}
        controls: dict[Operation, None] = {}
        changed: dict[Operation, None] = {}
        reads: dict[Tensor, None] = {}
        seen: set[Operation] = set()
        waiting: list[Operation] = []

        def need(tensor: Tensor) -> None:
            if tensor.op.context is self.context:
                waiting.append(tensor.op)
            elif tensor.op.type == "VariableV2":
                reads[tensor] = None
            else:
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
            reads.update(dict.fromkeys(op.attrs.get("reads", ())))
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
        self.reads = list(reads)
        return self

    def plan(self, session: Any, k: Any, extra: Sequence[Tensor] = ()) -> SubPlan:
        return SubPlan(session, k, [*self.outputs, *extra], [*self.arguments, *self.captures], self.context)


class SubPlan:
    """A context's plan as its Cond or Loop calls it: arrays of the op's device in and out.

    Results are safe from later changes of the variables they were read from.
    """

    def __init__(self, session: Any, k: Any, fetches: list[Tensor], feeds: list[Tensor], context: Context) -> None:
        self._feeds_on = [session.host if never_leaves_host(t) else session.default for t in feeds]
        self._results_on = [session.host if never_leaves_host(t) else k for t in fetches]
        plan = Plan(session, fetches, feeds, self._feeds_on, context)
        self._execute = plan.execute
        self._unsafe = plan.fetched_reads
        self._session = session
        self._one_memory = session.default is session.host

    def __call__(self, values: Sequence[Any]) -> list[Any]:
        if self._one_memory:
            results = self._execute(values)
        else:  # a host's counter, say, among arrays of the device
            results = self._brought(self._results_on, self._execute(self._brought(self._feeds_on, values)))
        for i in self._unsafe:
            results[i] = results[i].copy()
        return results

    def _brought(self, places: Sequence[Any], values: Sequence[Any]) -> list[Any]:
        """The arrays among the values, each on its place."""
        return [
            v if not hasattr(v, "shape") or k.owns(v) else k.asarray(self._session.on_host(v))
            for k, v in zip(places, values, strict=True)
        ]


def as_outputs(structure: Any) -> list[Tensor]:
    """The flat list of a function's result, with operations turned into tensors that follow them."""

    def converted(item: Any) -> Tensor:
        if isinstance(item, IndexedSlices):
            return convert_to_tensor(item)
        if isinstance(item, Operation):
            item.graph.uncounted -= 1  # TensorFlow has no constant here
            with item.graph.control_dependencies([item]):
                return identity(constant(True, name="done"))
        return convert_to_tensor(item)

    return [converted(item) for item in nest.flatten(structure)]


def further_output(op: Operation, dtype: Any, shape: Any) -> Tensor:
    """One more output of a Cond or Loop that is in the graph already: what its gradient needs of its inside."""
    op.attrs["Tout"].append(dtype)
    op.outputs.append(Tensor(op, len(op.outputs), dtype, as_shape(shape)))
    return op.outputs[-1]
