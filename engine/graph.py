"""The graph: operations and tensors, their names, devices, control dependencies and collections."""

from __future__ import annotations

import functools
import os
import re
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .devices import merge_device
from .dtypes import DType
from .shapes import TensorShape, as_shape

if TYPE_CHECKING:
    from .registry import OpDef

_VALID_OP_NAME = re.compile(r"^[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*$")
_VALID_SCOPE_NAME = re.compile(r"^[A-Za-z0-9_.\\/>-]*$")

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_FLOORS = tuple(
    _PACKAGE + part
    for part in ("engine", "scopes", "data", "nn", "train", "compat", "kernels", "__init__.py", "__main__.py")
)


Frame = tuple[str, int, str]  # file, line, function

_known_frames: dict[Frame, Frame] = {}  # many operations are made by the same lines: each line's tuple is kept once


@functools.cache
def _is_users(filename: str) -> bool:
    return not filename.startswith(_FLOORS) and not filename.endswith("contextlib.py")


def user_frames(limit: int = 8) -> tuple[Frame, ...]:
    """The calls that led here from outside the package, innermost first."""
    frames: list[Frame] = []
    frame = sys._getframe(1)
    while frame is not None and len(frames) < limit:
        code = frame.f_code
        if _is_users(code.co_filename):
            call = (code.co_filename, frame.f_lineno, code.co_name)
            frames.append(_known_frames.setdefault(call, call))
        frame = frame.f_back  # type: ignore[assignment]
    return tuple(frames)


def format_frames(frames: Iterable[Frame]) -> str:
    return "\n".join(f'  File "{file}", line {line}, in {function}' for file, line, function in frames)


class Tensor:
    """One output of an operation. It has no value of its own: a session's run computes one."""

    # `__dict__` takes what programs note on it (tensor.W = weights); it is made when first asked for.
    __slots__ = ("op", "value_index", "dtype", "_shape", "_consumers", "__dict__", "__weakref__")
    __array_priority__ = 100  # NumPy arrays on the left leave the operators to us

    def __init__(self, op: Operation, value_index: int, dtype: DType, shape: TensorShape) -> None:
        self.op = op
        self.value_index = value_index
        self.dtype = dtype
        self._shape = shape
        self._consumers: list[Operation] = []

    if TYPE_CHECKING:  # the operators, which ops/arithmetic.py, ops/slicing.py and ops/linalg.py install

        def __add__(self, other: Any) -> Tensor: ...
        def __radd__(self, other: Any) -> Tensor: ...
        def __sub__(self, other: Any) -> Tensor: ...
        def __rsub__(self, other: Any) -> Tensor: ...
        def __mul__(self, other: Any) -> Tensor: ...
        def __rmul__(self, other: Any) -> Tensor: ...
        def __truediv__(self, other: Any) -> Tensor: ...
        def __rtruediv__(self, other: Any) -> Tensor: ...
        def __floordiv__(self, other: Any) -> Tensor: ...
        def __rfloordiv__(self, other: Any) -> Tensor: ...
        def __mod__(self, other: Any) -> Tensor: ...
        def __rmod__(self, other: Any) -> Tensor: ...
        def __pow__(self, other: Any) -> Tensor: ...
        def __rpow__(self, other: Any) -> Tensor: ...
        def __matmul__(self, other: Any) -> Tensor: ...
        def __rmatmul__(self, other: Any) -> Tensor: ...
        def __lt__(self, other: Any) -> Tensor: ...
        def __le__(self, other: Any) -> Tensor: ...
        def __gt__(self, other: Any) -> Tensor: ...
        def __ge__(self, other: Any) -> Tensor: ...
        def __and__(self, other: Any) -> Tensor: ...
        def __or__(self, other: Any) -> Tensor: ...
        def __xor__(self, other: Any) -> Tensor: ...
        def __getitem__(self, other: Any) -> Tensor: ...
        def __neg__(self) -> Tensor: ...
        def __abs__(self) -> Tensor: ...
        def __invert__(self) -> Tensor: ...

    @property
    def name(self) -> str:
        return f"{self.op.name}:{self.value_index}"

    @property
    def graph(self) -> Graph:
        return self.op.graph

    @property
    def device(self) -> str:
        return self.op.device

    @property
    def shape(self) -> TensorShape:
        return self._shape

    def get_shape(self) -> TensorShape:
        return self._shape

    def set_shape(self, shape: Any) -> None:
        """Add what is known of the shape. Raises ValueError where it contradicts what was known."""
        self._shape = self._shape.merge_with(as_shape(shape))

    def consumers(self) -> list[Operation]:
        return list(self._consumers)

    def eval(self, feed_dict: dict | None = None, session: Any = None) -> Any:
        """Its value in `session`, or in the default session. Raises ValueError where there is none."""
        return default_session_of(self.graph, session, "evaluate tensor", "eval").run(self, feed_dict)

    def __iter__(self) -> Iterator[Any]:
        raise TypeError(
            f"Tensor objects are not iterable in a graph: {self!r}. Use tf.unstack, tf.map_fn or tf.while_loop."
        )

    def __len__(self) -> int:
        raise TypeError(
            f"len is not well defined for a symbolic Tensor ({self.name}). Please call `x.shape` rather than `len(x)`."
        )

    def __bool__(self) -> bool:
        raise TypeError(
            "Using a `tf.Tensor` as a Python `bool` is not allowed. Use `if t is not None:` instead of `if t:` to test "
            "if a tensor is defined, and use TensorFlow ops such as tf.cond to execute subgraphs conditioned on the "
            f"value of a tensor. The tensor was {self.name}."
        )

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError(
            f"Cannot convert a symbolic tf.Tensor ({self.name}) to a numpy array: run it in a session first."
        )

    def __repr__(self) -> str:
        return f"<tf.Tensor {self.name!r} shape={self._shape} dtype={self.dtype.name}>"

    def __str__(self) -> str:
        shape = "" if self._shape.sizes is None else f", shape={self._shape}"
        return f'Tensor("{self.name}"{shape}, dtype={self.dtype.name})'


class Operation:
    """One node of the graph: an op's definition, its inputs, attributes and outputs."""

    __slots__ = (
        "graph", "name", "definition", "inputs", "attrs", "outputs", "_control_inputs", "device", "id", "frames",
        "context", "gradient_type", "__dict__", "__weakref__",
    )  # fmt: skip

    def __init__(
        self,
        graph: Graph,
        name: str,
        definition: OpDef,
        inputs: list[Tensor],
        attrs: dict[str, Any],
        control_inputs: list[Operation],
    ) -> None:
        self.graph = graph
        self.name = name
        self.definition = definition
        self.inputs = tuple(inputs)
        self.attrs = attrs
        self.outputs: list[Tensor] = []
        self._control_inputs = control_inputs
        self.device = ""
        self.id = -1
        self.frames = user_frames()
        self.context: Any = None
        self.gradient_type: str | None = None

    @property
    def type(self) -> str:
        return self.definition.type

    op_def = property(lambda self: self.definition)

    if TYPE_CHECKING:  # graph_objects.py installs it
        node_def: Any

    @property
    def control_inputs(self) -> list[Operation]:
        return list(self._control_inputs)

    @property
    def traceback(self) -> list[Frame]:
        """(file, line, function) where the user made it, innermost call first."""
        return list(self.frames)

    def get_attr(self, name: str) -> Any:
        """The value of an attribute, or the dtype that the op's signature calls so ("T"). ValueError for any other."""
        if name in self.attrs:
            return self.attrs[name]
        signature = self.definition
        for arguments, tensors in ((signature.args, self.inputs), (signature.results, self.outputs)):
            for argument, tensor in zip(arguments, tensors, strict=False):  # a list's first tensor stands for it
                if argument.type == name:
                    return tensor.dtype
        raise ValueError(f"Operation {self.name!r} has no attr named {name!r}.")

    def values(self) -> tuple[Tensor, ...]:
        return tuple(self.outputs)

    def run(self, feed_dict: dict | None = None, session: Any = None) -> None:
        """Run it in `session`, or in the default session. Raises ValueError where there is none."""
        default_session_of(self.graph, session, "execute operation", "run").run(self, feed_dict)

    def _add_control_input(self, op: Operation) -> None:
        self._control_inputs.append(op)

    def where_made(self) -> str:
        """The sentence of an error message that shows the user's own lines."""
        if not self.frames:
            return f"Node {self.name!r} was made by scopeflow itself."
        return f"Node {self.name!r} defined at (most recent call first):\n{format_frames(self.frames)}"

    def __repr__(self) -> str:
        return f"<tf.Operation {self.name!r} type={self.type}>"

    def __str__(self) -> str:
        inputs = "".join(f'  input: "{t.name}"\n' for t in self.inputs)
        return f'name: "{self.name}"\nop: "{self.type}"\n{inputs}'


class Graph:
    """Operations under unique names, with the scopes that name, place and order what is being built."""

    if TYPE_CHECKING:  # graph_objects.py installs them

        def as_graph_def(self, from_version: int | None = None, add_shapes: bool = False) -> Any: ...

        graph_def_versions: Any

    def __init__(self) -> None:
        self._operations: list[Operation] = []
        self._by_name: dict[str, Operation] = {}
        self._names_in_use: dict[str, int] = {}
        self._name_stack = ""
        self._device_stack: list[Any] = []
        self._control_stack: list[list[Operation]] = []
        self._gradient_overrides: list[dict[str, str]] = []
        self._collections: dict[Any, list] = {}
        self._finalized = False
        self._unfeedable: set[Tensor] = set()
        self._unfetchable: set[Operation] = set()
        self.control_flow_context: Any = None  # the branch or loop body being traced (ops/control_flow.py)
        self.seed: int | None = None
        self.uncounted = 0  # operations that TensorFlow makes and this graph can do without (ops/contexts.py)

    # -- operations -------------------------------------------------------------------------------------------------

    def add_operation(
        self,
        definition: OpDef,
        inputs: list[Tensor],
        attrs: dict[str, Any],
        name: str,
        control_inputs: list[Operation] | None = None,
    ) -> Operation:
        """Append an operation of the given full name; its outputs are the caller's to set.

        Raises ValueError where an operation has that name, which only a name that ends in "/" can bring about.
        """
        self._check_not_finalized()
        if name in self._by_name:
            raise ValueError(f"Duplicate node name in graph: '{name}'")
        op = Operation(self, name, definition, inputs, attrs, self._current_control_inputs(inputs))
        if control_inputs:
            op._control_inputs += control_inputs
        op.id = len(self._operations) + 1
        op.context = self.control_flow_context
        for overrides in reversed(self._gradient_overrides):
            if definition.type in overrides:
                op.gradient_type = overrides[definition.type]
                break
        for scope in self._device_stack:
            if scope is None:
                op.device = ""
            elif callable(scope):
                op.device = merge_device(scope(op) or "", op.device)
            else:
                op.device = merge_device(scope, op.device)
        self._operations.append(op)
        self._by_name[name] = op
        for tensor in inputs:
            tensor._consumers.append(op)
        return op

    def discard_operation(self, op: Operation) -> None:
        """Take back the newest operation, whose shape rule refused its inputs."""
        assert self._operations[-1] is op
        self._operations.pop()
        del self._by_name[op.name]
        for tensor in op.inputs:
            tensor._consumers.remove(op)

    @property
    def last_id(self) -> int:
        """How many operations TensorFlow would have made: its op seed where only the graph has one."""
        return len(self._operations) + self.uncounted

    @property
    def version(self) -> int:
        return len(self._operations)

    def get_operations(self) -> list[Operation]:
        return list(self._operations)

    def enclosing_contexts(self) -> list[Any]:
        """The branches and loop bodies being traced, the innermost first, and None for the graph itself."""
        contexts = [self.control_flow_context]
        while contexts[-1] is not None:
            contexts.append(contexts[-1].outer)
        return contexts

    def _get_control_flow_context(self) -> Any:
        """The innermost branch or loop body being traced; None outside of all."""
        return self.control_flow_context

    def finalize(self) -> None:
        """Make the graph read-only: adding an operation raises RuntimeError from here on."""
        self._finalized = True

    @property
    def finalized(self) -> bool:
        return self._finalized

    def _unsafe_unfinalize(self) -> None:
        self._finalized = False

    def _check_not_finalized(self) -> None:
        if self._finalized:
            raise RuntimeError("Graph is finalized and cannot be modified.")

    def prevent_feeding(self, tensor: Tensor) -> None:
        self._unfeedable.add(tensor)

    def is_feedable(self, tensor: Tensor) -> bool:
        return tensor not in self._unfeedable

    def prevent_fetching(self, op: Operation) -> None:
        self._unfetchable.add(op)

    def is_fetchable(self, tensor_or_op: Any) -> bool:
        return getattr(tensor_or_op, "op", tensor_or_op) not in self._unfetchable

    # -- looking up by name -----------------------------------------------------------------------------------------

    def get_operation_by_name(self, name: str) -> Operation:
        """The operation called `name`. Raises KeyError where there is none, TypeError if `name` is no string."""
        if not isinstance(name, str):
            raise TypeError(f"Operation names are strings (or similar), not {type(name).__name__}.")
        return self.as_graph_element(name, allow_tensor=False, allow_operation=True)

    def get_tensor_by_name(self, name: str) -> Tensor:
        """The tensor called `name` ("op:0"). Raises KeyError where there is none, ValueError without its ":0"."""
        if not isinstance(name, str):
            raise TypeError(f"Tensor names are strings (or similar), not {type(name).__name__}.")
        return self.as_graph_element(name, allow_tensor=True, allow_operation=False)

    def as_graph_element(self, obj: Any, allow_tensor: bool = True, allow_operation: bool = True) -> Any:
        """The Tensor or Operation of this graph that `obj` (one of these, a variable or a name) stands for.

        Raises TypeError for other objects, KeyError for a name that is not here, ValueError for a malformed name and
        for an element of another graph.
        """
        if not (allow_tensor or allow_operation):
            raise ValueError("allow_tensor and allow_operation can't both be False.")
        wanted = " or ".join(t for t, ok in (("Tensor", allow_tensor), ("Operation", allow_operation)) if ok)
        if not isinstance(obj, (Tensor, Operation, str)) and hasattr(obj, "_as_graph_element"):
            obj = obj._as_graph_element()
        if isinstance(obj, str):
            return self._element_by_name(obj, allow_tensor, allow_operation)
        if (isinstance(obj, Tensor) and allow_tensor) or (isinstance(obj, Operation) and allow_operation):
            if obj.graph is not self:
                kind = type(obj).__name__
                raise ValueError(f"{kind} {obj} is not an element of this graph.")
            return obj
        raise TypeError(f"Can not convert a {type(obj).__name__} into a {wanted}.")

    @staticmethod
    def _malformed(message: str) -> ValueError:
        return ValueError(f'{message} Tensor names must be of the form "<op_name>:<output_index>".')

    def _element_by_name(self, name: str, allow_tensor: bool, allow_operation: bool) -> Any:
        if ":" in name and allow_tensor:
            op_name, _, index = name.partition(":")
            if not index.isdigit():
                raise self._malformed(f"The name {name!r} looks a like a Tensor name, but is not a valid one.")
            op = self._by_name.get(op_name)
            if op is None:
                raise KeyError(
                    f"The name {name!r} refers to a Tensor which does not exist. The operation, {op_name!r}, does "
                    f"not exist in the graph.{self._suggest(op_name)}"
                )
            if int(index) >= len(op.outputs):
                raise KeyError(
                    f"The name {name!r} refers to a Tensor which does not exist. The operation, {op_name!r}, exists "
                    f"but only has {len(op.outputs)} outputs."
                )
            return op.outputs[int(index)]
        if ":" in name:
            raise ValueError(f"Name {name!r} appears to refer to a Tensor, not a Operation.")
        if not allow_operation:
            if name in self._by_name:
                raise self._malformed(f"The name {name!r} refers to an Operation, not a Tensor.")
            raise self._malformed(f"The name {name!r} looks like an (invalid) Operation name, not a Tensor.")
        if name not in self._by_name:
            raise KeyError(f"The name {name!r} refers to an Operation not in the graph.{self._suggest(name)}")
        return self._by_name[name]

    def _suggest(self, name: str) -> str:
        import difflib

        close = difflib.get_close_matches(name, self._by_name, n=3)
        return f" Did you mean {' or '.join(map(repr, close))}?" if close else ""

    # -- names ------------------------------------------------------------------------------------------------------

    def unique_name(self, name: str, mark_as_used: bool = True) -> str:
        """`name` inside the current scope, with `_1`, `_2`, … where it is taken (compared case-insensitively)."""
        if self._name_stack:
            name = f"{self._name_stack}/{name}"
        key = name.lower()
        count = self._names_in_use.get(key, 0)
        if mark_as_used:
            self._names_in_use[key] = count + 1
        if count == 0:
            return name
        candidate = key
        while candidate in self._names_in_use:
            candidate = f"{key}_{count}"
            count += 1
        if mark_as_used:
            self._names_in_use[candidate] = 1
        return f"{name}_{count - 1}"

    @contextmanager
    def name_scope(self, name: str | None) -> Iterator[str]:
        """Prefix the names made inside. Yields the full prefix ("conv1/"); "x/" re-enters x, None goes to the root."""
        if name:
            if not isinstance(name, str):
                raise TypeError(f"'{name}' is not a valid scope name")
            pattern = _VALID_SCOPE_NAME if self._name_stack else _VALID_OP_NAME
            if not pattern.match(name):
                raise ValueError(f"'{name}' is not a valid scope name")
        previous = self._name_stack
        if not name:
            self._name_stack = ""
        elif name.endswith("/"):
            self._name_stack = name[:-1]
        else:
            self._name_stack = self.unique_name(name)
        try:
            yield f"{self._name_stack}/" if self._name_stack else ""
        finally:
            self._name_stack = previous

    def get_name_scope(self) -> str:
        return self._name_stack

    def op_name(self, name: str) -> str:
        """The full name of a new operation; one that ends in "/" is a scope's own and is taken as it is."""
        if name.endswith("/"):
            return name[:-1]
        if not _VALID_OP_NAME.match(name) and not (self._name_stack and _VALID_SCOPE_NAME.match(name)):
            raise ValueError(f"'{name}' is not a valid node name")
        return self.unique_name(name)

    # -- placing, ordering ------------------------------------------------------------------------------------------

    @contextmanager
    def device(self, device_name_or_function: Any) -> Iterator[None]:
        """Place what is made inside: a device name, a function from operation to name, or None for no constraint."""
        if device_name_or_function is not None and not callable(device_name_or_function):
            merge_device(device_name_or_function, "")  # a malformed name fails here, not at the first operation
        self._device_stack.append(device_name_or_function)
        try:
            yield
        finally:
            self._device_stack.pop()

    @contextmanager
    def colocate_with(self, op: Any, ignore_existing: bool = False) -> Iterator[None]:
        """Place what is made inside on the device of `op`."""
        op = getattr(op, "op", op)
        outer = self._device_stack
        self._device_stack = [] if ignore_existing else list(outer)
        if op is not None:
            self._device_stack.append(op.device)
        try:
            yield
        finally:
            self._device_stack = outer

    @contextmanager
    def control_dependencies(self, control_inputs: Any) -> Iterator[None]:
        """Run the given operations before whatever is made inside.

        None forgets the outer dependencies, and leaves the branches and loops that are being traced.
        """
        outer, context = self._control_stack, self.control_flow_context
        if control_inputs is None:
            self._control_stack = []
            self.control_flow_context = None if context is None else context.function
        else:
            ops = []
            for item in control_inputs:
                if hasattr(item, "values") and hasattr(item, "indices") and not isinstance(item, Tensor):
                    item = item.op  # IndexedSlices
                element = self.as_graph_element(item)
                ops.append(element if isinstance(element, Operation) else element.op)
            self._control_stack = [*outer, ops]
        try:
            yield
        finally:
            self._control_stack, self.control_flow_context = outer, context

    def _current_control_inputs(self, inputs: Iterable[Tensor]) -> list[Operation]:
        if not self._control_stack:
            return []
        data = {t.op for t in inputs}
        return list(dict.fromkeys(op for level in self._control_stack for op in level if op not in data))

    @contextmanager
    def gradient_override_map(self, op_type_map: dict[str, str]) -> Iterator[None]:
        """Give ops made inside the gradient registered under another name (`tf.RegisterGradient`)."""
        self._gradient_overrides.append(dict(op_type_map))
        try:
            yield
        finally:
            self._gradient_overrides.pop()

    # -- collections ------------------------------------------------------------------------------------------------

    @property
    def collections(self) -> list:
        return list(self._collections)

    get_all_collection_keys = lambda self: [k for k in self._collections if isinstance(k, str)]  # noqa: E731

    def add_to_collection(self, name: Any, value: Any) -> None:
        self._check_not_finalized()
        self._collections.setdefault(name, []).append(value)

    def add_to_collections(self, names: Any, value: Any) -> None:
        """Add to each of the named collections once. `names` may be one name or several."""
        names = (names,) if isinstance(names, str) else dict.fromkeys(names or ())
        for name in names:
            self.add_to_collection(name, value)

    def get_collection_ref(self, name: Any) -> list:
        return self._collections.setdefault(name, [])

    def get_collection(self, name: Any, scope: str | None = None) -> list:
        """A copy of the collection; with `scope`, of the items whose name the regex matches from its start."""
        items = self._collections.get(name, [])
        if scope is None:
            return list(items)
        pattern = re.compile(scope)
        return [item for item in items if hasattr(item, "name") and pattern.match(item.name)]

    def clear_collection(self, name: Any) -> None:
        self._check_not_finalized()
        self._collections.pop(name, None)

    @contextmanager
    def as_default(self) -> Iterator[Graph]:
        with _graphs.pushed(self):
            yield self


class DefaultStack(threading.local):
    """A thread's stack of defaults (graphs, sessions)."""

    def __init__(self) -> None:
        self.items: list[Any] = []

    @contextmanager
    def pushed(self, item: Any) -> Iterator[Any]:
        self.items.append(item)
        try:
            yield item
        finally:
            if self.items[-1] is item:
                self.items.pop()
            else:
                raise AssertionError(f"Nesting violated for default stack of {type(item)} objects")

    @property
    def top(self) -> Any:
        return self.items[-1] if self.items else None


_graphs = DefaultStack()
sessions = DefaultStack()
_global_graph: Graph | None = None


def get_default_graph() -> Graph:
    """The innermost `graph.as_default()` of this thread, or the process' own graph."""
    global _global_graph
    if _graphs.top is not None:
        return _graphs.top
    if _global_graph is None:
        _global_graph = Graph()
    return _global_graph


def reset_default_graph() -> None:
    """Begin a new global graph. Raises AssertionError inside a `graph.as_default()`, as TensorFlow does."""
    global _global_graph
    if _graphs.items:
        raise AssertionError(
            "Do not use tf.reset_default_graph() to clear nested graphs. If you need a cleared graph, exit the "
            "nesting and create a new graph."
        )
    _global_graph = Graph()


def get_default_session() -> Any:
    return sessions.top


def default_session_of(graph: Graph, session: Any, verb: str, method: str) -> Any:
    """`session`, or the default one. Raises ValueError where there is none or it runs another graph."""
    explicit = f"Pass an explicit session to `{method}(session=sess)`."
    if session is None:
        session = sessions.top
        if session is None:
            raise ValueError(
                f"Cannot {verb} using `{method}()`: No default session is registered. "
                f"Use `with sess.as_default()` or {explicit[0].lower()}{explicit[1:]}"
            )
        if session.graph is not graph:
            raise ValueError(
                f"Cannot use the default session to {verb}: the {verb.split()[-1]}'s graph is different from the "
                f"session's graph. {explicit}"
            )
    elif session.graph is not graph:
        raise ValueError(
            f"Cannot use the given session to {verb}: the {verb.split()[-1]}'s graph is different from the "
            "session's graph."
        )
    return session


def control_dependencies(control_inputs: Any) -> Any:
    return get_default_graph().control_dependencies(control_inputs)


def device(device_name_or_function: Any) -> Any:
    return get_default_graph().device(device_name_or_function)


def colocate_with(op: Any, ignore_existing: bool = False) -> Any:
    return get_default_graph().colocate_with(op, ignore_existing)


def add_to_collection(name: Any, value: Any) -> None:
    get_default_graph().add_to_collection(name, value)


def add_to_collections(names: Any, value: Any) -> None:
    get_default_graph().add_to_collections(names, value)


def get_collection(key: Any, scope: str | None = None) -> list:
    return get_default_graph().get_collection(key, scope)


def get_collection_ref(key: Any) -> list:
    return get_default_graph().get_collection_ref(key)


def set_random_seed(seed: int) -> None:
    """Set the graph's seed: ops without a seed of their own then draw the same values in every new session."""
    get_default_graph().seed = seed


def _graphs_of(values: Iterable[Any]) -> Iterator[tuple[Any, Graph]]:
    for value in values:
        if isinstance(value, (list, tuple)):
            yield from _graphs_of(value)
        else:
            graph = getattr(value, "graph", None)
            if isinstance(graph, Graph):
                yield value, graph


def graph_of(values: Iterable[Any]) -> Graph:
    """The graph that the values belong to, or the default one. Raises ValueError where they belong to two."""
    first: Any = None
    for value, graph in _graphs_of(values):
        if first is None:
            first, chosen = value, graph
        elif graph is not chosen:
            raise ValueError(f"{value} must be from the same graph as {first} (graphs are {graph} and {chosen}).")
    return get_default_graph() if first is None else chosen


@contextmanager
def op_scope(name: str | None, default_name: str | None = None, values: Iterable[Any] = ()) -> Iterator[str]:
    """The scope of one library function: `name` or its default, in the graph of its inputs."""
    graph = graph_of(values)
    with (
        graph.as_default() if graph is not get_default_graph() else _nothing(),
        graph.name_scope(default_name if name is None else name) as scope,
    ):
        yield scope


@contextmanager
def _nothing() -> Iterator[None]:
    yield
