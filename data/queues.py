"""Queues: tensors that one run puts there and another takes, in other threads as a rule."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from ..engine.build import add_op, convert_to_tensor
from ..engine.dtypes import DType, as_dtype, int64
from ..engine.graph import Operation, Tensor, op_scope
from ..engine.ops.array import gather, stack
from ..engine.ops.random import get_seed
from ..engine.shapes import Dimension, TensorShape, as_shape
from ..engine.static import constant_value
from .queue_ops import (
    FIFOQueueV2,
    PaddingFIFOQueueV2,
    PriorityQueueV2,
    QueueCloseV2,
    QueueDequeueManyV2,
    QueueDequeueUpToV2,
    QueueDequeueV2,
    QueueEnqueueManyV2,
    QueueEnqueueV2,
    QueueIsClosedV2,
    QueueSizeV2,
    RandomShuffleQueueV2,
)


class QueueBase:
    """What all queues can do. An element is a tuple of tensors, or, where the components have names, a dict of them.

    A run that finds the queue full, or too little in it, waits until another has changed that, is over when the
    session closes (CancelledError), or when its `RunOptions` say that it waited long enough (DeadlineExceededError).
    Elements lie in the session that runs the operations; sessions share none.
    """

    def __init__(
        self,
        dtypes: Sequence[DType],
        shapes: Sequence[TensorShape] | None,
        names: Sequence[str] | None,
        queue_ref: Tensor,
    ) -> None:
        self._dtypes = list(dtypes)
        self._shapes = [TensorShape(None)] * len(self._dtypes) if shapes is None else list(shapes)
        if len(self._shapes) != len(self._dtypes):
            raise ValueError(
                "Queue shapes must have the same length as dtypes, received "
                f"len(shapes)={len(self._shapes)}, len(dtypes)={len(self._dtypes)}"
            )
        self._names = _checked_names(names, self._dtypes)
        self._queue_ref = queue_ref
        self._label = queue_ref.op.name.rpartition("/")[2]  # its ops' names begin with it, in whatever scope they are

    @staticmethod
    def from_list(index: Any, queues: Sequence[QueueBase]) -> QueueBase:
        """One of several queues of equal dtypes and names: that at `index`, a scalar tensor, when it is used.

        Raises TypeError for what are no queues or have other dtypes, ValueError for other names.
        """
        if not queues or not isinstance(queues, list) or not all(isinstance(q, QueueBase) for q in queues):
            raise TypeError("A list of queues expected")
        first = queues[0]
        if not all(q.dtypes == first.dtypes for q in queues):
            raise TypeError("Queues do not have matching component dtypes.")
        if not all(q.names == first.names for q in queues):
            raise ValueError("Queues do not have matching component names.")
        shapes = [
            same[0] if all(s.sizes == same[0].sizes for s in same) else TensorShape(None)
            for same in zip(*(q.shapes for q in queues), strict=True)
        ]
        chosen = gather(stack([q.queue_ref for q in queues]), index)
        return QueueBase(first.dtypes, shapes, first.names, chosen)

    @property
    def queue_ref(self) -> Tensor:
        """The handle: a scalar of dtype resource."""
        return self._queue_ref

    @property
    def name(self) -> str:
        return self._queue_ref.op.name

    @property
    def dtypes(self) -> list[DType]:
        return self._dtypes

    @property
    def shapes(self) -> list[TensorShape]:
        return self._shapes

    @property
    def names(self) -> list[str] | None:
        return self._names

    # -- putting ----------------------------------------------------------------------------------------------------

    def enqueue(self, vals: Any, name: str | None = None) -> Operation:
        """An operation that adds one element: a tensor, a list of them, or a dict by the components' names.

        Running it raises CancelledError where the queue is closed. Raises ValueError, TypeError for values that do not
        fit the components.
        """
        with op_scope(name, f"{self._label}_enqueue", _values(vals)) as scope:
            tensors = self._components(vals)
            for tensor, shape in zip(tensors, self._shapes, strict=True):
                tensor.shape.assert_is_compatible_with(shape)
            return add_op(QueueEnqueueV2, [self._queue_ref, *tensors], {}, scope)

    def enqueue_many(self, vals: Any, name: str | None = None) -> Operation:
        """An operation that adds as many elements as its tensors have rows, one after another. Else as `enqueue`."""
        with op_scope(name, f"{self._label}_EnqueueMany", _values(vals)) as scope:
            tensors = self._components(vals)
            rows = Dimension(None)
            for tensor, shape in zip(tensors, self._shapes, strict=True):
                rows = rows.merge_with(tensor.shape.with_rank_at_least(1)[0])
                tensor.shape[1:].assert_is_compatible_with(shape)
            return add_op(QueueEnqueueManyV2, [self._queue_ref, *tensors], {}, scope)

    def _components(self, vals: Any) -> list[Tensor]:
        if isinstance(vals, Mapping):
            if not self._names:
                raise ValueError("Queue must have names to enqueue a dictionary")
            if sorted(self._names, key=str) != sorted(vals, key=str):
                raise ValueError(
                    "Keys in dictionary to enqueue do not match names of Queue.  "
                    f"Dictionary: {sorted(vals)},Queue: {sorted(self._names)}"
                )
            given = [vals[name] for name in self._names]
        else:
            if self._names:
                raise ValueError("You must enqueue a dictionary in a Queue with names")
            given = _values(vals)
        if len(given) != len(self._dtypes):
            raise ValueError(f"The queue {self.name!r} has {len(self._dtypes)} components, but got {len(given)} values")
        return [
            convert_to_tensor(value, dtype, name=f"component_{i}")
            for i, (value, dtype) in enumerate(zip(given, self._dtypes, strict=True))
        ]

    # -- taking -----------------------------------------------------------------------------------------------------

    def dequeue(self, name: str | None = None) -> Any:
        """One element: its tensor, a list of tensors, or a dict of them.

        A run of it raises OutOfRangeError where the queue is closed and empty.
        """
        op = self._dequeue_op(QueueDequeueV2, [], name or f"{self._label}_Dequeue")
        return self._returned(op, TensorShape([]))

    def dequeue_many(self, n: Any, name: str | None = None) -> Any:
        """`n` elements, each component stacked along a new first axis. The components' shapes must be known.

        A run of it raises OutOfRangeError where the queue is closed and has fewer, which stay in it.
        """
        op = self._dequeue_op(QueueDequeueManyV2, [n], name or f"{self._label}_DequeueMany")
        return self._returned(op, TensorShape([constant_value(op.inputs[1])]))

    def dequeue_up_to(self, n: Any, name: str | None = None) -> Any:
        """As `dequeue_many`; but the last elements of a closed queue are given though they are fewer."""
        op = self._dequeue_op(QueueDequeueUpToV2, [n], name or f"{self._label}_DequeueUpTo")
        return self._returned(op, TensorShape([None]))

    def _dequeue_op(self, definition: Any, inputs: list[Any], name: str) -> Operation:
        return add_op(definition, [self._queue_ref, *inputs], {"component_types": list(self._dtypes)}, name)

    def _returned(self, op: Operation, rows: TensorShape) -> Any:
        for tensor, shape in zip(op.outputs, self._shapes, strict=True):
            tensor.set_shape(rows.concatenate(shape))
        if self._names:
            return dict(zip(self._names, op.outputs, strict=True))
        return op.outputs[0] if len(op.outputs) == 1 else list(op.outputs)

    # -- closing, asking --------------------------------------------------------------------------------------------

    def close(self, cancel_pending_enqueues: bool = False, name: str | None = None) -> Operation:
        """An operation after which nothing can be added, while what is there can still be taken.

        Those who wait for room are served first, or with `cancel_pending_enqueues` end with CancelledError.
        """
        return QueueCloseV2(
            self._queue_ref, cancel_pending_enqueues=cancel_pending_enqueues, name=name or f"{self._label}_Close"
        )

    def is_closed(self, name: str | None = None) -> Tensor:
        """Whether it is closed: a scalar bool."""
        return QueueIsClosedV2(self._queue_ref, name=name or f"{self._label}_Is_Closed")

    def size(self, name: str | None = None) -> Tensor:
        """How many elements are in it: a scalar int32."""
        return QueueSizeV2(self._queue_ref, name=name or f"{self._label}_Size")


class FIFOQueue(QueueBase):
    """Elements leave in the order in which they came. See `QueueBase`.

    At most `capacity` elements (none at all if negative) wait in it. `dtypes` are the components' (one for a single
    component), `shapes` their shapes, fully defined, which `dequeue_many` needs; `names` makes elements dicts.
    Within a session, all with one `shared_name` are one queue.
    """

    def __init__(
        self,
        capacity: int,
        dtypes: Any,
        shapes: Any = None,
        names: Any = None,
        shared_name: str | None = None,
        name: str | None = "fifo_queue",
    ) -> None:
        types, sizes, names = _as_types(dtypes), _as_shapes(shapes), _as_names(names)
        _check_defined(sizes)
        super().__init__(types, sizes, names, _handle(FIFOQueueV2, capacity, types, sizes, names, shared_name, name))


class PaddingFIFOQueue(QueueBase):
    """A FIFOQueue whose shapes may have unknown dimensions: `dequeue_many` fills up with zeros, or empty strings."""

    def __init__(
        self,
        capacity: int,
        dtypes: Any,
        shapes: Any,
        names: Any = None,
        shared_name: str | None = None,
        name: str = "padding_fifo_queue",
    ) -> None:
        types, sizes, names = _as_types(dtypes), _as_shapes(shapes), _as_names(names)
        if sizes is None:
            raise ValueError("When providing partial shapes, a list of shapes must be provided.")
        if any(shape.sizes is None for shape in sizes):
            raise ValueError("Shapes of a PaddingFIFOQueue must have a known rank")
        handle = _handle(PaddingFIFOQueueV2, capacity, types, sizes, names, shared_name, name)
        super().__init__(types, sizes, names, handle)


class RandomShuffleQueue(QueueBase):
    """Elements leave in random order, and at least `min_after_dequeue` stay until it is closed. See `FIFOQueue`.

    The same seeds give TensorFlow's order.
    """

    def __init__(
        self,
        capacity: int,
        min_after_dequeue: int,
        dtypes: Any,
        shapes: Any = None,
        names: Any = None,
        seed: int | None = None,
        shared_name: str | None = None,
        name: str = "random_shuffle_queue",
    ) -> None:
        types, sizes, names = _as_types(dtypes), _as_shapes(shapes), _as_names(names)
        _check_defined(sizes)
        first, second = get_seed(seed)
        if first is not None and seed is None and shared_name is not None:
            # Not how many operations there are, which may differ between those that share the queue.
            digest = hashlib.md5(f"{first}{shared_name}".encode(), usedforsecurity=False).hexdigest()
            second = int(digest[:8], 16) & 0x7FFFFFFF
        more = {"min_after_dequeue": min_after_dequeue, "seed": first or 0, "seed2": second or 0}
        handle = _handle(RandomShuffleQueueV2, capacity, types, sizes, names, shared_name, name, **more)
        super().__init__(types, sizes, names, handle)


class PriorityQueue(QueueBase):
    """Elements leave in the order of their priority, a further first component (int64), the smallest first."""

    def __init__(
        self,
        capacity: int,
        types: Any,
        shapes: Any = None,
        names: Any = None,
        shared_name: str | None = None,
        name: str = "priority_queue",
    ) -> None:
        own, sizes, names = _as_types(types), _as_shapes(shapes), _as_names(names)
        _check_defined(sizes)
        own = [int64, *own]
        sizes = None if sizes is None else [TensorShape([]), *sizes]
        super().__init__(own, sizes, names, _handle(PriorityQueueV2, capacity, own, sizes, names, shared_name, name))


# -- arguments ------------------------------------------------------------------------------------------------------


def _handle(
    definition: Any,
    capacity: int,
    types: list[DType],
    shapes: list[TensorShape] | None,
    names: list[str] | None,
    shared_name: str | None,
    name: str | None,
    **more: Any,
) -> Tensor:
    if shapes is not None and len(shapes) != len(types):
        raise ValueError(
            f"Queue shapes must have the same length as dtypes, received len(shapes)={len(shapes)}, "
            f"len(dtypes)={len(types)}"
        )
    _checked_names(names, types)
    attrs = {"component_types": types, "shapes": shapes or [], "capacity": capacity, **more}
    return definition(**attrs, container="", shared_name=shared_name or "", name=name)


def _as_types(dtypes: Any) -> list[DType]:
    return [as_dtype(t) for t in (dtypes if isinstance(dtypes, (list, tuple)) else [dtypes])]


def _as_shapes(shapes: Any) -> list[TensorShape] | None:
    """A list of shapes. A list of sizes is one shape, and so is an empty one: that of scalars."""
    if shapes is None:
        return None
    if not isinstance(shapes, (list, tuple, TensorShape)):
        raise TypeError(f"shapes must be a TensorShape, a list or a tuple, but got {type(shapes)}.")
    if isinstance(shapes, TensorShape) or all(size is None or isinstance(size, int) for size in shapes):
        shapes = [shapes]
    return [as_shape(shape) for shape in shapes]


def _check_defined(shapes: list[TensorShape] | None) -> None:
    if shapes and not all(shape.is_fully_defined() for shape in shapes):
        raise ValueError(f"All shapes must be fully defined: {shapes}")


def _as_names(names: Any) -> list[str] | None:
    return [names] if isinstance(names, str) else None if not names else list(names)


def _checked_names(names: Sequence[str] | None, types: Sequence[DType]) -> list[str] | None:
    if names and len(names) != len(types):
        raise ValueError(
            "List of names must have the same length as the list of dtypes, received "
            f"len(names)={len(names)},len(dtypes)={len(types)}"
        )
    return list(names) if names else None


def _values(vals: Any) -> list[Any]:
    if isinstance(vals, Mapping):
        return list(vals.values())
    return list(vals) if isinstance(vals, (list, tuple)) else [vals]


__all__ = ["FIFOQueue", "PaddingFIFOQueue", "PriorityQueue", "QueueBase", "RandomShuffleQueue"]
