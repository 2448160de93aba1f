"""The ops of queues: those that make one, and those that put, take, close and count."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..engine.dtypes import DType, string
from ..engine.errors import InvalidArgumentError
from ..engine.graph import Operation, Tensor
from ..engine.ops.random import stream_of
from ..engine.registry import OpDef, brackets, define, no_outputs, not_differentiable, scalar_shape
from ..engine.shapes import TensorShape
from ..engine.static import constant_value
from .queue_state import Begun, ByPriority, Description, Element, InOrder, QueueState, Shuffled, Store
from .random_words import random_words
from .resources import as_handle, behind, shared_or_own

# -- making ---------------------------------------------------------------------------------------------------------


def _define_queue(type: str, label: str, store: Callable[[Operation, Any], Store]) -> OpDef:
    """The op of one kind of queue: its value is the handle that the other ops take. `label` is for messages."""

    def bind(op: Operation, k: Any, session: Any, donated: Any) -> Callable[[], np.ndarray]:
        asked = _description(op)

        def handle() -> np.ndarray:
            if 0 <= asked.capacity <= asked.kept_back != 0:
                raise InvalidArgumentError(
                    None, None, f"min_after_dequeue {asked.kept_back} must be < capacity {asked.capacity}"
                )
            queue = shared_or_own(op, session, lambda name: QueueState(label, name, asked, store(op, session)))
            there = getattr(queue, "description", None)
            if there != asked:
                raise InvalidArgumentError(None, None, _difference(queue, there, asked))
            return as_handle(queue)

        return handle

    return define(type, "-> handle:resource", shape=scalar_shape, bind=bind, grad=not_differentiable, on_host=True)


def _description(op: Operation) -> Description:
    attrs = op.attrs
    return Description(
        op.type,
        attrs["capacity"],
        tuple(attrs["component_types"]),
        tuple(attrs["shapes"]),
        attrs.get("min_after_dequeue", 0),
        (attrs.get("seed", 0), attrs.get("seed2", 0)),
    )


_CALLED = {"float32": "float", "float64": "double", "float16": "half"}  # TensorFlow's messages have C's names


def _difference(queue: Any, there: Description | None, asked: Description) -> str:
    """How a queue that is there already, under a shared name, is another one than what is asked for."""
    if there is None or there.kind != asked.kind:
        label = type(queue).__name__ if there is None else queue.label.partition(" ")[0]
        return f"Expected {label}, found {asked.kind}"
    name = f"Shared queue '{queue.name}' has"
    if there.capacity != asked.capacity:
        return f"{name} capacity {there.capacity} but requested capacity was {asked.capacity}"
    if there.types != asked.types:
        have, want = (", ".join(_CALLED.get(t.name, t.name) for t in d.types) for d in (there, asked))
        return f"{name} component types {have} but requested component types were {want}"
    if there.shapes != asked.shapes:
        have, want = (f"[{','.join(map(brackets, d.shapes))}]" for d in (there, asked))
        return f"{name} component shapes {have} but requested component shapes were {want}"
    if there.kept_back != asked.kept_back:
        return f"{name} min_after_dequeue {there.kept_back} but requested min_after_dequeue was {asked.kept_back}."
    return f"{name} random seeds {there.seeds} but requested seeds are {asked.seeds}."


def _in_order(op: Operation, session: Any) -> Store:
    return InOrder()


FIFOQueueV2 = _define_queue("FIFOQueueV2", "FIFOQueue", _in_order)
PaddingFIFOQueueV2 = _define_queue("PaddingFIFOQueueV2", "FIFOQueue", _in_order)  # TensorFlow's messages call it so
PriorityQueueV2 = _define_queue("PriorityQueueV2", "PriorityQueue", lambda op, session: ByPriority())
RandomShuffleQueueV2 = _define_queue(
    "RandomShuffleQueueV2", "RandomShuffleQueue", lambda op, session: Shuffled(random_words(stream_of(op, session)))
)

# -- putting --------------------------------------------------------------------------------------------------------


def owned(values: Sequence[Any], donated: frozenset[int], first: int = 0, xp: Any = np) -> list[Any]:
    """Inputs, the first of them an op's input number `first`, as arrays that nobody else will change."""
    return [value if i in donated else xp.array(value) for i, value in enumerate(values, first)]


def _check_shape(component: int, expected: TensorShape, array: np.ndarray) -> None:
    if not expected.is_compatible_with(array.shape):
        raise InvalidArgumentError(
            None,
            None,
            f"Shape mismatch in tuple component {component}. Expected {brackets(expected)}, got "
            f"{brackets(array.shape)}",
        )


def _shapes(queue: QueueState, count: int) -> Sequence[TensorShape]:
    """The shape of each of `count` components that are put there. Raises InvalidArgumentError for another number."""
    expected = len(queue.description.types)
    if count != expected:
        raise InvalidArgumentError(None, None, f"Wrong number of components in tuple. Expected {expected}, got {count}")
    return queue.description.shapes or [TensorShape(None)] * count


class _Enqueue:
    """Adds what `elements` makes of the components."""

    def __init__(
        self, elements: Callable[[QueueState, list[np.ndarray]], list[Element]], donated: frozenset[int]
    ) -> None:
        self._elements, self._donated = elements, donated

    def begin(self, handle: np.ndarray, *values: Any) -> Begun:
        queue = behind(handle)
        return queue.begin_put(self._elements(queue, owned(values, self._donated, 1)))

    def __call__(self, handle: np.ndarray, *values: Any) -> tuple:
        self.begin(handle, *values).finish()
        return ()


def _one_element(queue: QueueState, components: list[np.ndarray]) -> list[Element]:
    for i, (shape, array) in enumerate(zip(_shapes(queue, len(components)), components, strict=True)):
        _check_shape(i, shape, array)
    return [tuple(components)]


def _rows(queue: QueueState, batches: list[np.ndarray]) -> list[Element]:
    count = len(batches[0]) if batches[0].ndim else None
    for i, (shape, batch) in enumerate(zip(_shapes(queue, len(batches)), batches, strict=True)):
        _check_shape(i, TensorShape([count]).concatenate(shape), batch)
    return [tuple(batch[n, ...] for batch in batches) for n in range(count or 0)]


def _bind_enqueue(elements: Callable[[QueueState, list[np.ndarray]], list[Element]]) -> Callable[..., _Enqueue]:
    return lambda op, k, session, donated: _Enqueue(elements, donated)


QueueEnqueueV2, QueueEnqueueManyV2 = (
    define(
        type,
        "handle:resource, components:any*",
        shape=no_outputs,
        bind=_bind_enqueue(elements),
        grad=not_differentiable,
        on_host=True,
        lingers=True,
    )
    for type, elements in (("QueueEnqueueV2", _one_element), ("QueueEnqueueManyV2", _rows))
)

# -- taking ---------------------------------------------------------------------------------------------------------


def _bind_dequeue(op: Operation, k: Any, session: Any, donated: Any) -> Callable[..., Element]:
    return lambda handle: behind(handle).take()[0]


def _bind_dequeue_many(fewer: bool) -> Callable:
    def bind(op: Operation, k: Any, session: Any, donated: Any) -> Callable[..., list[np.ndarray]]:
        def run(handle: np.ndarray, n: np.ndarray) -> list[np.ndarray]:
            queue, count = behind(handle), int(n)
            if count < 0:
                kind = "UpTo" if fewer else "Many"
                raise InvalidArgumentError(None, None, f"Dequeue{kind}Op requested {count} < 0 elements")
            pads = queue.description.kind == "PaddingFIFOQueueV2"
            if not queue.description.shapes:
                raise InvalidArgumentError(
                    None,
                    None,
                    f"{queue.label.partition(' ')[0]}'s DequeueMany and DequeueUpTo require the components to have "
                    "specified shapes.",
                )
            elements = queue.take(count, fewer) if count else []
            return [
                (_padded if pads else _stacked)([element[i] for element in elements], shape, dtype)
                for i, (shape, dtype) in enumerate(zip(queue.description.shapes, queue.description.types, strict=True))
            ]

        return run

    return bind


def _stacked(arrays: list[np.ndarray], shape: TensorShape, dtype: DType) -> np.ndarray:
    return np.stack(arrays) if arrays else np.zeros([0, *(d or 0 for d in shape.as_list())], dtype.numpy)


def _padded(arrays: list[np.ndarray], shape: TensorShape, dtype: DType) -> np.ndarray:
    """A batch as long, along each axis, as the longest of its elements; what is missing is zeros (or empty strings)."""
    sizes = [max([d or 0, *(array.shape[axis] for array in arrays)]) for axis, d in enumerate(shape.as_list())]
    batch = np.full([len(arrays), *sizes], b"" if dtype is string else 0, dtype.numpy)
    for n, array in enumerate(arrays):
        place: tuple[Any, ...] = (n, *map(slice, array.shape))
        batch[place] = array
    return batch


def _unknown_shapes(*_: Tensor, component_types: Sequence[DType]) -> list[TensorShape]:
    return [TensorShape(None)] * len(component_types)


def _batch_shapes(handle: Tensor, n: Tensor, component_types: Sequence[DType]) -> list[TensorShape]:
    count = constant_value(n)
    if count is not None and count < 0:
        raise ValueError(f"Input 'n' must be >= 0, but is {count}")
    return _unknown_shapes(component_types=component_types)


QueueDequeueV2 = define(
    "QueueDequeueV2",
    "handle:resource -> components:component_types*",
    shape=_unknown_shapes,
    bind=_bind_dequeue,
    grad=not_differentiable,
    on_host=True,
    waits=True,
)

QueueDequeueManyV2, QueueDequeueUpToV2 = (
    define(
        f"QueueDequeue{kind}V2",
        "handle:resource, n:int32 -> components:component_types*",
        shape=rule,
        bind=_bind_dequeue_many(fewer=kind == "UpTo"),
        grad=not_differentiable,
        on_host=True,
        waits=True,
    )
    for kind, rule in (("Many", _batch_shapes), ("UpTo", _unknown_shapes))  # as TensorFlow: the latter asks at run time
)

# -- closing, asking ------------------------------------------------------------------------------------------------


def _bind_close(op: Operation, k: Any, session: Any, donated: Any) -> Callable[..., tuple]:
    def run(handle: np.ndarray) -> tuple:
        behind(handle).stop(op.attrs["cancel_pending_enqueues"])
        return ()

    return run


QueueCloseV2 = define(
    "QueueCloseV2", "handle:resource", shape=no_outputs, bind=_bind_close, grad=not_differentiable, on_host=True
)

QueueSizeV2, QueueIsClosedV2 = (
    define(
        type,
        f"handle:resource -> {result}",
        shape=scalar_shape,
        kernel=kernel,
        grad=not_differentiable,
        on_host=True,
        stateful=True,
    )
    for type, result, kernel in (
        ("QueueSizeV2", "size:int32", lambda k, handle: np.int32(behind(handle).size())),
        ("QueueIsClosedV2", "is_closed:bool", lambda k, handle: np.bool_(behind(handle).closed)),
    )
)
