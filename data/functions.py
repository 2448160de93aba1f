"""Functions of a dataset's elements: traced once into the graph, run for each element by a plan of their own."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from ..engine.graph import Graph, Operation, Tensor, get_default_graph
from ..engine.ops.contexts import Branch, Context, SubPlan, as_outputs
from ..engine.ops.loops import loop_input
from . import structure

Element = list[Any]  # the arrays of one element, in the order of `structure.arrays_of`


class FunctionContext(Context):
    """A dataset's function while it is traced.

    TensorFlow traces it into a graph of its own: it counts its operations from none, its arguments and what it takes
    from outside among them, and the op seeds of what it draws follow from that. So does this, and what is made here
    counts for nothing outside.
    """

    def __init__(self, graph: Graph, description: str) -> None:
        super().__init__(graph, description)
        self.function = self

    def count_entry(self, tensor: Tensor) -> None:
        if tensor.op.context is not self and tensor not in self.entered:
            self.entered.add(tensor)
            self.graph.uncounted += 1

    @contextmanager
    def tracing(self) -> Iterator[None]:
        graph = self.graph
        before = graph.last_id
        graph.uncounted -= before
        try:
            with super().tracing():
                yield
        finally:
            graph.uncounted += before - graph.last_id


class Traced(NamedTuple):
    """A function in the graph, and the structure of what it returns."""

    branch: Branch
    returns: Any

    @property
    def captures(self) -> list[Tensor]:
        return self.branch.captures

    def with_captures(self, values: Sequence[Any]) -> Function:
        return Function(self.branch, [frozen(value) for value in values], len(structure.arrays_of(self.returns)))


def trace(function: Callable, takes: Any, label: str) -> Traced:
    """Trace `function` of an element of structure `takes` (of its parts, where that is a tuple).

    Raises TypeError where `function` cannot be called or returns what cannot become an element; `label` names the
    transformation in that error.
    """
    if not callable(function):
        raise TypeError(f"{label} takes a function, not {function!r}")
    graph = get_default_graph()
    context = FunctionContext(graph, f"the function passed to {label}")
    with _scope(graph, label, function), context.tracing():
        arguments = [loop_input(dtype, shape) for dtype, shape in structure.arrays_of(takes)]
        given = structure.components(takes, arguments)
        returned = function(*given) if type(given) is tuple else function(given)
        returns, outputs = _results(returned, label)
        outputs += _effects(context, outputs)
    return Traced(Branch(context, outputs, arguments).close(), returns)


@contextmanager
def _scope(graph: Graph, label: str, function: Callable) -> Iterator[None]:
    """A name scope for a function's operations: whatever they are called, names outside stay as they would be."""
    name = re.sub(r"\W+", "_", f"{label}_{getattr(function, '__name__', type(function).__name__)}").strip("_")
    with graph.name_scope(None), graph.name_scope(name):
        yield


def _results(returned: Any, label: str) -> tuple[Any, list[Tensor]]:
    """The structure of what a function returned, and the tensors that it consists of.

    A list stands for a tuple, since it is most often what an op of several outputs gave.
    """
    if isinstance(returned, list):
        returned = tuple(returned)
    unsupported = TypeError(f"Unsupported return value from function passed to {label}: {returned}.")
    leaves: list[Any] = []
    for leaf in structure.flatten(returned):
        if leaf is None or isinstance(leaf, Operation):
            raise unsupported
        if hasattr(leaf, "element_structure"):
            leaves.append(leaf)
            continue
        try:
            leaves.append(structure.normalized(leaf))
        except (TypeError, ValueError) as error:
            raise unsupported from error
    if not leaves:
        raise unsupported
    specs = [leaf.spec if hasattr(leaf, "element_structure") else structure.spec_of(leaf) for leaf in leaves]
    return structure.pack(returned, specs), structure.tensors_of(leaves)


def _effects(context: Context, outputs: Sequence[Tensor]) -> list[Tensor]:
    """One more output for each operation in the function that prints, checks or calls Python and that no output needs.

    TensorFlow runs those of a dataset's function, whether or not anything depends on them.
    """
    waiting = [*outputs]
    needed: set[Operation] = set()
    while waiting:
        op = waiting.pop().op
        if op not in needed and op.context is context:
            needed.update([op, *op.control_inputs])
            waiting += [*op.inputs, *(t for control in op.control_inputs for t in control.inputs)]
    operations = context.graph.get_operations()
    idle = [op for op in operations if op.context is context and op.definition.stateful and op.definition.bind]
    return as_outputs([op for op in idle if op not in needed])


def frozen(value: Any) -> Any:
    """A value that nobody can change: itself where it is read-only, else a copy. Whoever fetches it gets a copy."""
    if isinstance(value, np.ndarray) and value.flags.writeable:
        value = value.copy()
        value.flags.writeable = False
    return value


def kept(element: Element) -> Element:
    """An element that will be given out again: its arrays are made read-only."""
    for value in element:
        if isinstance(value, np.ndarray):
            value.flags.writeable = False
    return element


# -- running --------------------------------------------------------------------------------------------------------


class Home:
    """The session as the functions of one iterator see it: all on the host, random ops at the start of their streams.

    TensorFlow's iterators have random generators of their own, so that each new pass draws what the first one drew.
    """

    def __init__(self, session: Any) -> None:
        self._session = session
        self._streams: dict[Operation, int] = {}
        self._plans: dict[int, SubPlan] = {}
        self._lock = threading.RLock()
        self.host = self.default = session.host

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def backend_of(self, op: Operation) -> Any:
        return self.host

    def next_in_stream(self, op: Operation, amount: int = 1) -> int:
        with self._lock:
            place = self._streams.get(op, 0)
            self._streams[op] = place + amount
        return place

    def plan(self, branch: Branch) -> SubPlan:
        """The plan of a traced function, drawn up once."""
        with self._lock:
            if id(branch) not in self._plans:
                self._plans[id(branch)] = branch.plan(self, self.host)
            return self._plans[id(branch)]


class Function(NamedTuple):
    """A traced function with what it takes from outside."""

    branch: Branch
    captured: Element
    size: int  # of what it returns; outputs beyond that are there for what they do

    def at(self, home: Home) -> Callable[[Element], Element]:
        """The function of elements, as it runs in an iterator."""
        plan, captured, size = home.plan(self.branch), self.captured, self.size
        if len(self.branch.outputs) > size:
            return lambda element: plan(element + captured)[:size]
        if captured:
            return lambda element: plan(element + captured)
        return plan
