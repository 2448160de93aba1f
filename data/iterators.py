"""tf.data.Iterator: what reads a dataset, element by element; how far it has come is the session's to know."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine.build import convert_to_tensor
from ..engine.dtypes import string
from ..engine.errors import CancelledError, FailedPreconditionError, InvalidArgumentError, OutOfRangeError
from ..engine.graph import Operation, Tensor
from ..engine.plan import Plan
from ..engine.registry import define, no_outputs, not_differentiable
from ..engine.shapes import TensorShape
from . import structure
from .functions import Element, Home
from .sources import Source, Step
from .structure import is_compatible, map_structure


class Position:
    """How far an iterator has come in one session. Threads take turns, so each element goes to one of them."""

    def __init__(self, session: Any, op: Operation, first: Callable[[], Source] | None = None) -> None:
        self._session = session
        self._lock = threading.Lock()
        self._first = first  # the source of an iterator that begins by itself
        self._step: Step | None = None
        self._closed = False
        self.element = op.attrs["element"]
        self.handle = f"{op.name} of {id(session):#x}".encode()

    def begin(self, source: Source) -> None:
        """Read `source` from its beginning."""
        with self._lock:
            self._step = source(Home(self._session))

    def get_next(self) -> Element:
        with self._lock:
            if self._closed:
                raise CancelledError(None, None, "Session has been closed.")
            if self._step is None:
                if self._first is None:
                    raise FailedPreconditionError(
                        None,
                        None,
                        "GetNext() failed because the iterator has not been initialized. Ensure that you have run the "
                        "initializer operation for this iterator before getting the next element.",
                    )
                self._step = self._first()(Home(self._session))
            try:
                return self._step()
            except StopIteration:
                self._step = iter(()).__next__  # so that what it holds is free
                raise OutOfRangeError(None, None, "End of sequence") from None

    def close(self) -> None:
        self._closed, self._step = True, None


# -- ops ------------------------------------------------------------------------------------------------------------


def _bind_iterator(op: Operation, k: Any, session: Any, donated: Any) -> Callable[[], Position]:
    shared = op.attrs["shared_name"]
    position = session.resource(("iterator", shared) if shared else op, lambda: Position(session, op))
    return lambda: position


def _bind_one_shot(op: Operation, k: Any, session: Any, donated: Any) -> Callable[[], Position]:
    def source() -> Source:
        return Plan(session, [op.attrs["dataset"]], []).execute([])[0]

    position = session.resource(op, lambda: Position(session, op, source))
    return lambda: position


def _bind_to_handle(op: Operation, k: Any, session: Any, donated: Any) -> Callable[[Position], Any]:
    def handle_of(position: Position) -> Any:
        session.resource(position.handle, lambda: position)
        return np.array(position.handle, object)

    return handle_of


def _bind_from_handle(op: Operation, k: Any, session: Any, donated: Any) -> Callable[[Any], Position]:
    def position_of(handle: Any) -> Position:
        position = session.resource(np.asarray(handle, object).item(), _unknown_handle)
        if not is_compatible(position.element, op.attrs["element"]):
            raise InvalidArgumentError(
                None,
                None,
                f"The iterator of this handle gives elements of types {_types(position.element)} and shapes "
                f"{_shapes(position.element)}, but types {_types(op.attrs['element'])} and shapes "
                f"{_shapes(op.attrs['element'])} are expected.",
            )
        return position

    return position_of


def _unknown_handle() -> Any:
    raise InvalidArgumentError(None, None, "The given handle is not that of an iterator of this session.")


def _bind_make(op: Operation, k: Any, session: Any, donated: Any) -> Callable[[Source, Position], tuple]:
    def make(source: Source, position: Position) -> tuple:
        position.begin(source)
        return ()

    return make


def _scalar(*inputs: Any, **attrs: Any) -> TensorShape:
    return TensorShape([])


IteratorV2 = define(
    "IteratorV2", "-> handle:resource", shape=_scalar, bind=_bind_iterator, grad=not_differentiable, on_host=True
)
OneShotIterator = define(
    "OneShotIterator", "-> handle:resource", shape=_scalar, bind=_bind_one_shot, grad=not_differentiable, on_host=True
)
MakeIterator = define(
    "MakeIterator",
    "dataset:variant, iterator:resource",
    shape=no_outputs,
    bind=_bind_make,
    grad=not_differentiable,
    on_host=True,
)
IteratorToStringHandle = define(
    "IteratorToStringHandle",
    "resource_handle:resource -> string_handle:string",
    shape=_scalar,
    bind=_bind_to_handle,
    grad=not_differentiable,
    on_host=True,
)
IteratorFromStringHandle = define(
    "IteratorFromStringHandleV2",
    "string_handle:string -> resource_handle:resource",
    shape=_scalar,
    bind=_bind_from_handle,
    grad=not_differentiable,
    on_host=True,
)
IteratorGetNext = define(
    "IteratorGetNext",
    "iterator:resource -> components:output_types*",
    shape=lambda iterator, output_shapes, **_: output_shapes,
    bind=lambda op, k, session, donated: Position.get_next,
    grad=not_differentiable,
    on_host=True,
    view=True,  # an element may be what the dataset keeps, which no variable may take over
)


# -- the iterator that programs see ---------------------------------------------------------------------------------


class Iterator:
    """Reads a dataset: each run of what `get_next` gives is the next element, until OutOfRangeError."""

    def __init__(self, resource: Tensor, initializer: Operation | None, element: Any) -> None:
        self._resource = resource
        self._initializer = initializer
        self._element = element
        self._string_handle = IteratorToStringHandle(resource)

    @staticmethod
    def from_structure(
        output_types: Any, output_shapes: Any = None, shared_name: str | None = None, output_classes: Any = None
    ) -> Iterator:
        """An iterator of no dataset yet: the operations of `make_initializer` begin one. Shapes are unknown by default.

        Those of one `shared_name` are one in each session. Raises ValueError, TypeError where the nests differ in form.
        """
        element = structure.declared(output_types, output_shapes, output_classes)
        return Iterator(IteratorV2(element=element, shared_name=shared_name), None, element)

    @staticmethod
    def from_string_handle(
        string_handle: Any, output_types: Any, output_shapes: Any = None, output_classes: Any = None
    ) -> Iterator:
        """The iterator that a string names, which `string_handle` of it gave: it may be fed and change from run to run.

        Raises InvalidArgumentError in a run for a string that names none, or one of other elements.
        """
        element = structure.declared(output_types, output_shapes, output_classes)
        handle = convert_to_tensor(string_handle, string)
        return Iterator(IteratorFromStringHandle(handle, element=element), None, element)

    @property
    def initializer(self) -> Operation:
        """The operation that begins it. Raises ValueError where it has none, or several."""
        if self._initializer is None:
            raise ValueError(
                "The iterator does not have an initializer. This means it was likely created using "
                "`tf.data.Dataset.make_one_shot_iterator()`. For an initializable iterator, use "
                "`tf.data.Dataset.make_initializable_iterator()` instead."
            )
        return self._initializer

    def make_initializer(self, dataset: Any, name: str | None = None) -> Operation:
        """An operation that begins reading `dataset`. Raises TypeError where its elements are others."""
        mine, given = self._element, dataset.element_structure
        for what, of in (("types", _types), ("classes", _classes)):
            if of(mine) != of(given):
                raise TypeError(
                    f"Expected output {what} {of(mine)!r} but got dataset with output {what} {of(given)!r}."
                )
        if not is_compatible(given, mine):
            raise TypeError(
                f"Expected output shapes compatible with {_shapes(mine)!r} but got dataset with output shapes "
                f"{_shapes(given)!r}."
            )
        return MakeIterator(dataset.variant, self._resource, name=name or "make_initializer")

    def get_next(self, name: str | None = None) -> Any:
        """The nest of tensors that each run gives the next element of."""
        arrays = structure.arrays_of(self._element)
        types, shapes = [dtype for dtype, _ in arrays], [shape for _, shape in arrays]
        outputs = IteratorGetNext(self._resource, output_types=types, output_shapes=shapes, name=name)
        return structure.components(self._element, outputs)

    def string_handle(self, name: str | None = None) -> Tensor:
        """A string tensor whose value names this iterator in the session that computes it."""
        return self._string_handle if name is None else IteratorToStringHandle(self._resource, name=name)

    @property
    def element_structure(self) -> Any:
        return self._element

    output_types = property(lambda self: _types(self._element))
    output_shapes = property(lambda self: _shapes(self._element))
    output_classes = property(lambda self: _classes(self._element))


def _types(element: Any) -> Any:
    return map_structure(lambda spec: spec.dtype, element)


def _shapes(element: Any) -> Any:
    return map_structure(lambda spec: spec.shape, element)


def _classes(element: Any) -> Any:
    return map_structure(lambda spec: spec.kind, element)


def iterator_of(dataset: Any, one_shot: bool, shared_name: str | None = None) -> Iterator:
    """An iterator of a dataset: one that begins by itself, or one with an initializer.

    Raises ValueError where one that begins by itself would depend on a placeholder or on state.
    """
    element = dataset.element_structure
    if one_shot:
        _check_self_contained(dataset.variant.op)
        return Iterator(OneShotIterator(element=element, dataset=dataset.variant), None, element)
    resource = IteratorV2(element=element, shared_name=shared_name)
    return Iterator(resource, MakeIterator(dataset.variant, resource), element)


_READERS = ("MatchingFiles", "ReadFile")  # what they read may change, but they keep nothing themselves


def _check_self_contained(op: Operation) -> None:
    waiting, seen = [op], {op}
    while waiting:
        op = waiting.pop()
        if op.type == "Placeholder":
            raise ValueError(f"Cannot capture a placeholder (name:{op.name}, type:{op.type}) by value.")
        if (op.definition.stateful and op.type not in _READERS) or op.type == "VariableV2":
            raise ValueError(
                f"Cannot capture a stateful node (name:{op.name}, type:{op.type}) by value.: A likely cause of this "
                "error is that the dataset for which you are calling `make_one_shot_iterator()` captures a stateful "
                "object, such as a `tf.Variable` or `tf.lookup.StaticHashTable`, which is not supported. Use "
                "`make_initializable_iterator()` instead."
            )
        before = {t.op for t in (*op.inputs, *op.attrs.get("reads", ()))} - seen
        seen |= before
        waiting += before


# -- what is known of the elements of datasets and iterators --------------------------------------------------------


def get_output_types(dataset_or_iterator: Any) -> Any:
    """The nest of its elements' dtypes."""
    return _types(dataset_or_iterator.element_structure)


def get_output_shapes(dataset_or_iterator: Any) -> Any:
    """The nest of its elements' static shapes."""
    return _shapes(dataset_or_iterator.element_structure)


def get_output_classes(dataset_or_iterator: Any) -> Any:
    """The nest of its elements' classes, such as `tf.Tensor` and `tf.SparseTensor`."""
    return _classes(dataset_or_iterator.element_structure)


def make_one_shot_iterator(dataset: Any) -> Iterator:
    """``dataset.make_one_shot_iterator()``"""
    return dataset.make_one_shot_iterator()


def make_initializable_iterator(dataset: Any, shared_name: str | None = None) -> Iterator:
    """``dataset.make_initializable_iterator()``"""
    return dataset.make_initializable_iterator(shared_name)
