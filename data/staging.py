"""Staging areas: a step's inputs are brought to the device while the step before it still runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..engine.build import add_op, convert_to_tensor
from ..engine.dtypes import DType, as_dtype
from ..engine.errors import ResourceExhaustedError
from ..engine.graph import Operation, Tensor, get_default_graph, op_scope
from ..engine.ops.basic import no_op
from ..engine.registry import define, no_outputs, not_differentiable, scalar_shape
from ..engine.shapes import TensorShape, as_shape
from .queue_ops import owned
from .queue_state import Attempt, Begun, Description, Element, InOrder, QueueState

# -- what a session keeps -------------------------------------------------------------------------------------------


class _Staged(InOrder):
    """Elements in order, each of which can be looked at."""

    def at(self, index: int) -> Element:
        return self._elements[index]

    def clear(self) -> None:
        self._elements.clear()

    def bytes(self) -> int:
        return sum(map(_bytes_of, self._elements))


class _StagingState(QueueState):
    """A queue that may be limited by the bytes in it, too; 0 stands for no limit."""

    store: _Staged

    def __init__(self, name: str, capacity: int, memory_limit: int) -> None:
        description = Description("Stage", capacity or -1, (), ())
        super().__init__("StagingArea", name, description, _Staged())
        self._memory_limit = memory_limit

    def begin_put(self, elements: Iterable[Element]) -> Begun:
        (element,) = elements
        if 0 < self._memory_limit < _bytes_of(element):
            raise ResourceExhaustedError(
                None,
                None,
                f"Attempted to insert tensors with combined size of '{_bytes_of(element)}' bytes into Staging Area "
                f"with a memory limit of '{self._memory_limit}'.",
            )
        return super().begin_put([element])

    def has_room_for(self, element: Element) -> bool:
        fits = not self._memory_limit or self.store.bytes() + _bytes_of(element) <= self._memory_limit
        return fits and super().has_room_for(element)

    def look_at(self, index: int) -> Element:
        """The element that `index` takes will be followed by, waited for."""
        return self.serve(self.takes, _Look(index)).element

    def clear(self) -> None:
        with self.lock:
            self.store.clear()
            self.flush()


class _Look(Attempt):
    cancelled = "Peek operation was cancelled"
    element: Element

    def __init__(self, index: int) -> None:
        self._index = index

    def advance(self, queue: Any) -> bool:
        if self._index >= len(queue.store):
            return False
        self.element = queue.store.at(self._index)
        self.finish()
        return True


def _bytes_of(element: Element) -> int:
    return sum(array.nbytes for array in element)


# -- the ops: on the device where they are, which is where the elements lie -----------------------------------------


def _state(op: Operation, session: Any) -> _StagingState:
    attrs = op.attrs
    name = attrs["shared_name"]
    return session.resource(
        ("StagingArea", name), lambda: _StagingState(name, attrs["capacity"], attrs["memory_limit"])
    )


class _Put:
    """Adds an element."""

    def __init__(self, op: Operation, k: Any, session: Any, donated: frozenset[int]) -> None:
        self._op, self._k, self._session, self._donated = op, k, session, donated

    def begin(self, *values: Any) -> Begun:
        return _state(self._op, self._session).begin_put([tuple(owned(values, self._donated, xp=self._k.xp))])

    def __call__(self, *values: Any) -> tuple:
        self.begin(*values).finish()
        return ()


def _bind_unstage(op: Operation, k: Any, session: Any, donated: Any) -> Callable[[], Element]:
    return lambda: _state(op, session).take()[0]


def _bind_peek(op: Operation, k: Any, session: Any, donated: Any) -> Callable[..., list[Any]]:
    return lambda index: [k.xp.array(part) for part in _state(op, session).look_at(int(index))]


def _bind_clear(op: Operation, k: Any, session: Any, donated: Any) -> Callable[[], tuple]:
    def run() -> tuple:
        _state(op, session).clear()
        return ()

    return run


def _bind_size(op: Operation, k: Any, session: Any, donated: Any) -> Callable[[], Any]:
    return lambda: np.int32(_state(op, session).size())


def _shapes_of_attribute(*_: Tensor, dtypes: Sequence[DType], **__: Any) -> list[TensorShape]:
    return [TensorShape(None)] * len(dtypes)


Stage = define("Stage", "values:any*", shape=no_outputs, bind=_Put, grad=not_differentiable, lingers=True)
StageClear = define("StageClear", "", shape=no_outputs, bind=_bind_clear, grad=not_differentiable)
StageSize = define(
    "StageSize", "-> size:int32", shape=scalar_shape, bind=_bind_size, grad=not_differentiable, on_host=True
)
Unstage = define(
    "Unstage", "-> values:dtypes*", shape=_shapes_of_attribute, bind=_bind_unstage, grad=not_differentiable, waits=True
)
StagePeek = define(
    "StagePeek",
    "index:int32 -> values:dtypes*",
    shape=_shapes_of_attribute,
    bind=_bind_peek,
    grad=not_differentiable,
    host=["index"],
    waits=True,
)

# -- what programs call ---------------------------------------------------------------------------------------------


class StagingArea:
    """A queue on the device: `put` brings a step's inputs there, `get` takes them in the next step.

    At most `capacity` elements, of at most `memory_limit` bytes altogether, wait in it (0: no limit); a `put` waits for
    room and a `get` for an element. `dtypes`, `shapes` and `names` are the components'; with names, elements are dicts.
    All of one `shared_name` are one area. It lies on the device in force when it is made.
    """

    def __init__(
        self,
        dtypes: Any,
        shapes: Any = None,
        names: Any = None,
        shared_name: str | None = None,
        capacity: int = 0,
        memory_limit: int = 0,
    ) -> None:
        if shared_name is not None and not isinstance(shared_name, str):
            raise ValueError("shared_name must be a string")
        if capacity < 0 or memory_limit < 0:
            raise ValueError("capacity and memory_limit must not be negative")
        graph = get_default_graph()
        self._name = shared_name or graph.unique_name(type(self).__name__)
        self._dtypes = [as_dtype(t) for t in (dtypes if isinstance(dtypes, (list, tuple)) else [dtypes])]
        self._shapes = [TensorShape(None)] * len(self._dtypes) if shapes is None else [as_shape(s) for s in shapes]
        if len(self._shapes) != len(self._dtypes):
            raise ValueError("StagingArea shapes must be the same length as dtypes")
        self._names = [names] if isinstance(names, str) else list(names) if names else None
        if self._names and len(self._names) != len(self._dtypes):
            raise ValueError("StagingArea names must be the same length as dtypes")
        self._capacity, self._memory_limit = capacity, memory_limit
        with graph.name_scope(f"{self._name}_root"):
            self._home = no_op()

    @property
    def name(self) -> str:
        return self._name

    @property
    def dtypes(self) -> list[DType]:
        return self._dtypes

    @property
    def shapes(self) -> list[TensorShape]:
        return self._shapes

    @property
    def names(self) -> list[str] | None:
        return self._names

    @property
    def capacity(self) -> int:
        return self._capacity

    @property
    def memory_limit(self) -> int:
        return self._memory_limit

    def put(self, values: Any, name: str | None = None) -> Operation:
        """An operation that adds an element: a tensor, a list of them, or a dict by the components' names.

        Raises ValueError for values that do not fit the components.
        """
        given = self._given(values)
        with op_scope(name, f"{self._name}_put", given) as scope:
            tensors = [convert_to_tensor(value, dtype) for value, dtype in zip(given, self._dtypes, strict=True)]
            for tensor, shape in zip(tensors, self._shapes, strict=True):
                tensor.shape.assert_is_compatible_with(shape)
            return self._op(Stage, tensors, scope, {"dtypes": self._dtypes})

    def _given(self, values: Any) -> list[Any]:
        if isinstance(values, Mapping) != bool(self._names):
            what = "have names to enqueue a dictionary" if isinstance(values, Mapping) else "be given a dictionary"
            raise ValueError(f"Staging areas must {what}")
        if isinstance(values, Mapping):
            assert self._names is not None
            if sorted(values) != sorted(self._names):
                raise ValueError(f"Keys {sorted(values)} are not the names of the staging area: {sorted(self._names)}")
            return [values[key] for key in self._names]
        given = list(values) if isinstance(values, (list, tuple)) else [values]
        if len(given) != len(self._dtypes):
            raise ValueError(f"Unexpected number of inputs {len(given)} vs {len(self._dtypes)}")
        return given

    def get(self, name: str | None = None) -> Any:
        """The next element, in the order of arrival: a tensor, a list of them, or a dict."""
        return self._returned(Unstage, [], name or f"{self._name}_get")

    def peek(self, index: Any, name: str | None = None) -> Any:
        """The element that comes after `index` others, which stays where it is."""
        return self._returned(StagePeek, [index], name or f"{self._name}_peek")

    def size(self, name: str | None = None) -> Tensor:
        """How many elements are in it: a scalar int32."""
        return self._op(StageSize, [], name or f"{self._name}_size", {"dtypes": self._dtypes}).outputs[0]

    def clear(self, name: str | None = None) -> Operation:
        """An operation that drops all elements."""
        return self._op(StageClear, [], name or f"{self._name}_clear", {"dtypes": self._dtypes})

    def _returned(self, definition: Any, inputs: list[Any], name: str) -> Any:
        op = self._op(definition, inputs, name, {"dtypes": self._dtypes})
        no_op()  # by which TensorFlow finds out what device is in force
        for tensor, shape in zip(op.outputs, self._shapes, strict=True):
            tensor.set_shape(shape)
        if self._names:
            return dict(zip(self._names, op.outputs, strict=True))
        return op.outputs[0] if len(op.outputs) == 1 else list(op.outputs)

    def _op(self, definition: Any, inputs: list[Any], name: str, more: dict[str, Any]) -> Operation:
        limits = {"capacity": self._capacity, "memory_limit": self._memory_limit}
        with self._home.graph.colocate_with(self._home, ignore_existing=True):
            return add_op(definition, inputs, {"container": "", "shared_name": self._name, **limits, **more}, name)


__all__ = ["StagingArea"]
