"""Variables: tensors whose value a session keeps between runs."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from enum import Enum
from functools import partial
from typing import Any

from ..engine.build import constant, convert_to_tensor, register_tensor_conversion_function
from ..engine.dtypes import DType, as_dtype, string
from ..engine.graph import Graph, Operation, Tensor, default_session_of, get_default_graph, op_scope
from ..engine.meta_protos import (
    SaveSliceInfoDef,
    VariableDef,
    prepend_name_scope,
    register_proto_function,
    strip_name_scope,
)
from ..engine.ops import state
from ..engine.ops.array import boolean_mask, gather, stack
from ..engine.ops.basic import Rank, identity, no_op
from ..engine.ops.control_flow import cond, group
from ..engine.ops.math import logical_not
from ..engine.registry import create, get_op
from ..engine.shapes import TensorShape
from .keys import GraphKeys


class VariableSynchronization(Enum):
    """When replicas agree on a variable's value. There is one replica here, so only ON_READ's default matters."""

    AUTO = 0
    NONE = 1
    ON_WRITE = 2
    ON_READ = 3


class VariableAggregation(Enum):
    """How replicas' updates of a variable would be joined; accepted for TF1 programs."""

    NONE = 0
    SUM = 1
    MEAN = 2
    ONLY_FIRST_REPLICA = 3


Creator = Callable[..., Any]
_CREATORS = ("__variable_creators",)  # the graph's collection of `variable_creator_scope`s, outermost first


@contextmanager
def variable_creator_scope(variable_creator: Creator) -> Iterator[None]:
    """Let ``variable_creator(next_creator, **arguments)`` make every variable inside, `get_variable`'s included.

    It returns the variable: ``next_creator(**arguments)``, whatever it changes in the arguments, or another object.
    """
    creators = get_default_graph().get_collection_ref(_CREATORS)
    creators.append(variable_creator)
    try:
        yield
    finally:
        creators.pop()


class _ThroughCreators(type):
    """Calling the class asks the creators in force first."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        creators = get_default_graph().get_collection(_CREATORS)
        make: Creator = super().__call__
        if not creators:
            return make(*args, **kwargs)
        arguments = inspect.signature(cls.__init__).bind(None, *args, **kwargs)  # type: ignore[misc]
        arguments.apply_defaults()
        for creator in creators:
            make = partial(creator, make)
        return make(**{name: value for name, value in arguments.arguments.items() if name != "self"})


@contextmanager
def lifted(graph: Graph) -> Iterator[None]:
    """Outside all control dependencies, branches, loops and functions: where variables are made, and initial values."""
    context, graph.control_flow_context = graph.control_flow_context, None
    try:
        with graph.control_dependencies(None):
            yield
    finally:
        graph.control_flow_context = context


def init_scope() -> AbstractContextManager[None]:
    """A context manager that makes operations outside all control dependencies, branches, loops and functions."""
    return lifted(get_default_graph())


class SliceInfo:
    """Which part of a partitioned variable one variable holds, so that checkpoints store it as one."""

    def __init__(
        self, full_name: str, full_shape: Sequence[int], var_offset: Sequence[int], var_shape: Sequence[int]
    ) -> None:
        self.full_name = full_name
        self.full_shape = list(full_shape)
        self.var_offset = list(var_offset)
        self.var_shape = list(var_shape)

    @property
    def spec(self) -> str:
        """The whole shape, then offset and length along each axis: "7 2 3,2:0,2"."""
        whole = "".join(f"{d} " for d in self.full_shape)
        return whole + ":".join(f"{o},{d}" for o, d in zip(self.var_offset, self.var_shape, strict=True))


class Variable(metaclass=_ThroughCreators):
    """A tensor whose value lives in the session, under this variable's name, from its initialization on.

    `initial_value` is a tensor, anything that `convert_to_tensor` takes, or a function without arguments that returns
    such a value; the shape must be known, or `validate_shape` False. The variable joins `collections` (by default
    GLOBAL_VARIABLES) and, if `trainable`, TRAINABLE_VARIABLES. Reads come from `caching_device` where one is given;
    `constraint` is a function of the new value that optimizers apply after an update. `expected_shape`,
    `import_scope`, `use_resource`, `synchronization` and `aggregation` are accepted for TF1 programs and change
    nothing, but that ON_READ makes a variable not trainable by default.

    Raises ValueError for no initial value, an unknown shape, collections that are no list, tuple or set, or an initial
    value from inside a branch or loop.
    """

    SaveSliceInfo = SliceInfo
    __array_priority__ = 100  # NumPy arrays on the left leave the operators to us

    def __init__(
        self,
        initial_value: Any = None,
        trainable: bool | None = None,
        collections: Any = None,
        validate_shape: bool = True,
        caching_device: Any = None,
        name: str | None = None,
        variable_def: Any = None,
        dtype: Any = None,
        expected_shape: Any = None,
        import_scope: str | None = None,
        constraint: Callable | None = None,
        use_resource: bool | None = None,
        synchronization: VariableSynchronization = VariableSynchronization.AUTO,
        aggregation: VariableAggregation = VariableAggregation.NONE,
        shape: Any = None,
    ) -> None:
        if variable_def is not None:
            if initial_value is not None:
                raise ValueError("variable_def and initial_value are mutually exclusive.")
            self._take_over(variable_def, import_scope)
            return
        if initial_value is None:
            raise ValueError("initial_value must be specified.")
        if constraint is not None and not callable(constraint):
            raise ValueError("The `constraint` argument must be a callable.")
        collections = [GraphKeys.GLOBAL_VARIABLES] if collections is None else collections
        if not isinstance(collections, (list, tuple, set)):
            raise ValueError(
                "collections argument to Variable constructor must be a list, tuple, or set. "
                f"Got {collections} of type {type(collections)}"
            )
        if trainable is None:
            trainable = synchronization is not VariableSynchronization.ON_READ
        if trainable:
            collections = [*collections, GraphKeys.TRAINABLE_VARIABLES]
        self._trainable = trainable
        self._constraint = constraint
        self._caching_device = caching_device
        self._synchronization = synchronization
        self._aggregation = aggregation
        self._save_slice_info: SliceInfo | None = None
        dtype = None if dtype is None else as_dtype(dtype).base_dtype
        values = [] if callable(initial_value) else [initial_value]
        with op_scope(name, "Variable", values) as scope, lifted(get_default_graph()):
            self._build(initial_value, dtype, shape, validate_shape, scope)
        self.graph.add_to_collections(collections, self)

    def _build(self, initial_value: Any, dtype: DType | None, shape: Any, validate_shape: bool, scope: str) -> None:
        """Add the variable's operations: initial value, variable, assignment, read."""
        graph = get_default_graph()
        with graph.name_scope("Initializer") if callable(initial_value) else nullcontext():
            value = initial_value() if callable(initial_value) else initial_value
            self._initial_value = convert_to_tensor(value, dtype, name="initial_value")
        self.initializer_name = _described(initial_value, self._initial_value)
        if self._initial_value.op.context is not None:
            raise ValueError(
                f"Initializer for variable {scope} is from inside a control-flow construct, such as a loop or "
                "conditional. When creating a variable inside a loop or conditional, use a lambda as the initializer."
            )
        if shape is None:
            shape = self._initial_value.shape if validate_shape else None
        if validate_shape and not self._initial_value.shape.is_fully_defined():
            raise ValueError(f"initial_value must have a shape specified: {self._initial_value}")
        self._variable = state.variable_op(shape, self._initial_value.dtype.base_dtype, name=scope)
        with graph.colocate_with(self._variable.op):
            self._safe_initial_value = _once_initialized(self._initial_value, self.op.name)
            self._initializer = state.assign(self._variable, self._safe_initial_value, validate_shape, name="Assign").op
            with graph.device(self._caching_device or ""):
                self._snapshot = identity(self._variable, name="read")

    # -- from and to protocol buffers ------------------------------------------------------------------------------

    def _take_over(self, variable_def: VariableDef, import_scope: str | None) -> None:
        """Stand for operations that an import has put into the graph."""
        graph = get_default_graph()

        def element(name: str) -> Any:
            return graph.as_graph_element(prepend_name_scope(name, import_scope))

        self._variable = element(variable_def.variable_name)
        self._initializer = element(variable_def.initializer_name)
        self._snapshot = element(variable_def.snapshot_name)
        named = variable_def.initial_value_name
        self._initial_value = self._safe_initial_value = element(named) if named else self._initializer.inputs[1]
        self.initializer_name = _described(self._initial_value, self._initial_value)
        self._trainable = variable_def.trainable
        self._constraint = self._caching_device = self._save_slice_info = None
        self._synchronization = VariableSynchronization(variable_def.synchronization)
        self._aggregation = VariableAggregation(variable_def.aggregation)
        if variable_def.HasField("save_slice_info_def"):
            part = variable_def.save_slice_info_def
            name = prepend_name_scope(part.full_name, import_scope)
            self._save_slice_info = SliceInfo(name, part.full_shape, part.var_offset, part.var_shape)

    @staticmethod
    def from_proto(variable_def: VariableDef, import_scope: str | None = None) -> Variable:
        """The variable of a VariableDef whose operations are in the default graph."""
        return Variable(variable_def=variable_def, import_scope=import_scope)

    def to_proto(self, export_scope: str | None = None) -> VariableDef | None:
        """The names by which the variable is known in its graph; None for one outside `export_scope`."""
        if export_scope is not None and not self._variable.name.startswith(export_scope):
            return None
        told = VariableDef(
            variable_name=strip_name_scope(self._variable.name, export_scope),
            initializer_name=strip_name_scope(self._initializer.name, export_scope),
            snapshot_name=strip_name_scope(self._snapshot.name, export_scope),
            initial_value_name=strip_name_scope(self._initial_value.name, export_scope),
            trainable=self._trainable,
            synchronization=self._synchronization.value,
            aggregation=self._aggregation.value,
        )
        if self._save_slice_info is not None:
            part = self._save_slice_info
            told.save_slice_info_def.MergeFrom(
                SaveSliceInfoDef(
                    full_name=strip_name_scope(part.full_name, export_scope), full_shape=part.full_shape,
                    var_offset=part.var_offset, var_shape=part.var_shape,
                )
            )  # fmt: skip
        return told

    # -- what it is -------------------------------------------------------------------------------------------------

    name = property(lambda self: self._variable.name)
    op = property(lambda self: self._variable.op)
    dtype = property(lambda self: self._variable.dtype)
    graph = property(lambda self: self._variable.graph)
    device = property(lambda self: self._variable.device)
    shape = property(lambda self: self._variable.shape)
    trainable = property(lambda self: self._trainable)
    constraint = property(lambda self: self._constraint)
    synchronization = property(lambda self: self._synchronization)
    aggregation = property(lambda self: self._aggregation)
    initializer = property(lambda self: self._initializer, doc="The operation that gives it its initial value.")
    initial_value = property(lambda self: self._initial_value)
    _shared_name = property(lambda self: self.op.name)

    def get_shape(self) -> TensorShape:
        return self.shape

    def set_shape(self, shape: Any) -> None:
        """Add what is known of the shape. Raises ValueError where it contradicts what was known."""
        self._variable.set_shape(shape)
        self._snapshot.set_shape(shape)

    def _as_graph_element(self) -> Tensor:
        return self._variable

    def _ref(self) -> Tensor:
        return self._variable

    def _get_save_slice_info(self) -> SliceInfo | None:
        return self._save_slice_info

    def _set_save_slice_info(self, info: SliceInfo) -> None:
        self._save_slice_info = info

    def __repr__(self) -> str:
        return f"<tf.Variable {self.name!r} shape={self.shape} dtype={self.dtype.name}>"

    # -- reading ----------------------------------------------------------------------------------------------------

    def value(self) -> Tensor:
        """The value, read once per run: what the variable is converted to where a tensor is wanted."""
        return self._snapshot

    def read_value(self) -> Tensor:
        """The value, read when what the current control dependencies name has run."""
        return identity(self._variable, name="read")

    def start_from(self, value: Tensor, described: str) -> None:
        """Replace the initial value: from now on the initializer assigns this one. `described` is told of it."""
        with lifted(self.graph):
            value.set_shape(self.shape)
            self._initial_value = self._safe_initial_value = value
            self._initializer = state.assign(self._variable, value, name="Assign").op
        self.initializer_name = described

    def initialized_value(self) -> Tensor:
        """The value, or the initial value while there is none: for initializers that build on other variables."""
        with lifted(self.graph):
            return cond(state.is_variable_initialized(self), self.read_value, lambda: self._safe_initial_value)

    def is_initialized(self, name: str | None = None) -> Tensor:
        """Whether it has a value in the session that runs this: a scalar bool."""
        return state.is_variable_initialized(self, name)

    def eval(self, session: Any = None) -> Any:
        """Its value in `session`, or in the default session. Raises ValueError where there is none."""
        return self._variable.eval(session=session)

    def __iter__(self) -> Iterator[Any]:
        raise TypeError("'Variable' object is not iterable.")

    # -- writing ----------------------------------------------------------------------------------------------------

    def assign(self, value: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True) -> Any:
        """Give it a new value: the tensor that stands for the variable afterwards, or the operation."""
        return _result(state.assign(self._variable, value, use_locking=use_locking, name=name), read_value)

    def assign_add(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:
        """Add to it: the tensor that stands for the variable afterwards, or the operation."""
        return _result(state.assign_add(self._variable, delta, use_locking=use_locking, name=name), read_value)

    def assign_sub(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:
        """Subtract from it: the tensor that stands for the variable afterwards, or the operation."""
        return _result(state.assign_sub(self._variable, delta, use_locking=use_locking, name=name), read_value)

    def count_up_to(self, limit: int) -> Tensor:
        """Add 1 and give the value from before. Raises OutOfRangeError in a run at `limit`."""
        return state.count_up_to(self, limit)

    def load(self, value: Any, session: Any = None) -> None:
        """Write a value into the session's variable without adding to the graph."""
        session = default_session_of(self.graph, session, "load a value into variable", "load")
        session.run(self._initializer, {self._initializer.inputs[1]: value})

    def sparse_read(self, indices: Any, name: str | None = None) -> Tensor:
        """The rows of `indices`."""
        return gather(self, indices, name=name)

    def __getitem__(self, key: Any) -> Any:
        """A slice of the value that can be assigned to: ``v[1:3].assign(x)``."""
        part: Any = self._snapshot[key]
        if part.op.type == "StridedSlice":  # what a boolean mask picks is no slice
            part.__class__ = VariableSlice
        return part


class VariableSlice(Tensor):
    """A slice of a variable's value."""

    __slots__ = ()

    def assign(self, value: Any, name: str | None = None) -> Tensor:
        """Write `value` (of the slice's shape, or broadcast to it) into this part of the variable."""
        snapshot, *bounds = self.op.inputs
        with self.graph.name_scope(f"{self.op.name}/") if name is None else nullcontext():
            write = get_op("StridedSliceAssign")
            return write(snapshot.op.inputs[0], *bounds, value, **self.op.attrs, name=name or "_assign")


def _result(tensor: Tensor, read_value: bool) -> Any:
    return tensor if read_value else tensor.op


def _scattering(update: Callable) -> Callable:
    """`update` as a method that takes its rows and indices from IndexedSlices."""

    def method(self: Variable, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Tensor:
        return update(self, sparse_delta.indices, sparse_delta.values, use_locking=use_locking, name=name)

    method.__doc__ = f"`tf.{update.__name__}` of the values at the indices of the IndexedSlices."
    return method


def _scattering_nd(update: Callable) -> Callable:
    def method(self: Variable, indices: Any, updates: Any, name: str | None = None) -> Tensor:
        return update(self, indices, updates, use_locking=True, name=name)

    method.__doc__ = f"`tf.{update.__name__}` of this variable."
    return method


for _kind in ("update", "add", "sub", "mul", "div", "min", "max"):
    setattr(Variable, f"scatter_{_kind}", _scattering(getattr(state, f"scatter_{_kind}")))
for _kind in ("update", "add", "sub"):
    setattr(Variable, f"scatter_nd_{_kind}", _scattering_nd(getattr(state, f"scatter_nd_{_kind}")))


def _forwarded(operator: str) -> Callable:
    """A Python operator of Tensor's, applied to the variable's value."""

    def apply(self: Variable, *operands: Any) -> Any:
        return getattr(self.value(), operator)(*operands)

    apply.__name__ = operator
    return apply


_BINARY = ("add", "sub", "mul", "truediv", "div", "floordiv", "mod", "pow", "matmul", "and", "or", "xor")
_OTHERS = ("neg", "abs", "invert", "lt", "le", "gt", "ge")
for _operator in (*_BINARY, *(f"r{b}" for b in _BINARY), *_OTHERS):
    setattr(Variable, f"__{_operator}__", _forwarded(f"__{_operator}__"))


def _variable_as_tensor(variable: Variable, dtype: Any = None, name: str | None = None, as_ref: bool = False) -> Tensor:
    if dtype is not None and as_dtype(dtype).base_dtype is not variable.dtype:
        raise ValueError(
            f"Incompatible type conversion requested to type {as_dtype(dtype).name!r} for variable of type "
            f"{variable.dtype.name!r}"
        )
    return variable._ref() if as_ref else variable.value()


register_tensor_conversion_function(Variable, _variable_as_tensor)


def _described(source: Any, value: Tensor) -> str:
    """What a variable starts from, for people: "truncated_normal(stddev=0.1)", "zeros()", "constant(0.1)", "add"."""
    if callable(source):
        while isinstance(source, partial):
            source = source.func
        text = str(source)
        return getattr(source, "__name__", type(source).__name__) if text.startswith("<") else text
    if value.op.type != "Const":
        return value.op.name.rpartition("/")[2]
    array = value.op.attrs["value"]
    alike = array.size > 0 and (array == array.flat[0]).all()
    return f"constant({array.flat[0]!s})" if alike else "constant"


# -- initial values that read other variables -----------------------------------------------------------------------


_TRACED = ("Cond", "Loop")  # their functions know their inputs by name, so there is no copying them for others


def _once_initialized(tensor: Tensor, name: str) -> Tensor:
    """`tensor` with every variable that it reads replaced by that variable's initialized value, so that the order in
    which a run initializes variables does not matter. Operations on the way are copied, with `name` appended.
    """
    replaced: dict[Tensor, Tensor] = {}
    for op in _between_variables_and(tensor):
        if op.type == "VariableV2":
            variable = _made_from(op)
            if variable is not None:
                replaced[op.outputs[0]] = variable.initialized_value()
        elif op.type not in _TRACED and any(t in replaced for t in op.inputs):
            inputs = [replaced.get(t, t) for t in op.inputs]
            replaced.update(zip(op.outputs, _copied(op, inputs, f"{op.name}_{name}").outputs, strict=True))
    return replaced.get(tensor, tensor)


def _between_variables_and(tensor: Tensor) -> list[Operation]:
    """The operations that `tensor` is computed from, oldest first; not those behind `is_variable_initialized`."""
    found: set[Operation] = set()
    waiting = [tensor.op]
    while waiting:
        op = waiting.pop()
        if op not in found and op.type != "IsVariableInitialized":
            found.add(op)
            waiting += [t.op for t in op.inputs]
    return sorted(found, key=lambda op: op.id)


def _made_from(op: Operation) -> Variable | None:
    """The Variable object of an operation, where it is in one of the usual collections."""
    for key in (GraphKeys.GLOBAL_VARIABLES, GraphKeys.LOCAL_VARIABLES, GraphKeys.METRIC_VARIABLES):
        for variable in op.graph.get_collection(key):
            if isinstance(variable, Variable) and variable.op is op:
                return variable
    return None


def _copied(op: Operation, inputs: list[Tensor], name: str) -> Operation:
    """The same operation on other inputs, under a new name."""
    bound = zip(op.definition.results, op.outputs, strict=False)
    types = {result.type: tensor.dtype for result, tensor in bound if result.type not in op.attrs}
    with op.graph.name_scope(None):
        return create(op.definition, op.graph, inputs, types, op.attrs, op.graph.unique_name(name))


for _collection in (
    GraphKeys.GLOBAL_VARIABLES, GraphKeys.TRAINABLE_VARIABLES, GraphKeys.MOVING_AVERAGE_VARIABLES,
    GraphKeys.LOCAL_VARIABLES, GraphKeys.MODEL_VARIABLES, GraphKeys.METRIC_VARIABLES, GraphKeys.GLOBAL_STEP,
    GraphKeys.TRAINABLE_RESOURCE_VARIABLES,
):  # fmt: skip
    register_proto_function(_collection, VariableDef, Variable.to_proto, Variable.from_proto)


# -- what to initialize ---------------------------------------------------------------------------------------------


def global_variables(scope: str | None = None) -> list[Any]:
    """The variables that checkpoints hold; with `scope`, those whose names this regex matches from their start."""
    return get_default_graph().get_collection(GraphKeys.GLOBAL_VARIABLES, scope)


def local_variables(scope: str | None = None) -> list[Any]:
    """The variables that checkpoints leave out, such as a metric's counters."""
    return get_default_graph().get_collection(GraphKeys.LOCAL_VARIABLES, scope)


def trainable_variables(scope: str | None = None) -> list[Any]:
    """The variables that optimizers change by default."""
    return get_default_graph().get_collection(GraphKeys.TRAINABLE_VARIABLES, scope)


def model_variables(scope: str | None = None) -> list[Any]:
    """The variables that the model needs to be applied."""
    return get_default_graph().get_collection(GraphKeys.MODEL_VARIABLES, scope)


def moving_average_variables(scope: str | None = None) -> list[Any]:
    """The variables of which an ExponentialMovingAverage is kept."""
    return get_default_graph().get_collection(GraphKeys.MOVING_AVERAGE_VARIABLES, scope)


def variables_initializer(var_list: Sequence[Any], name: str = "init") -> Operation:
    """One operation that gives all of `var_list` their initial values."""
    if var_list:
        return group(*[v.initializer for v in var_list], name=name)
    return no_op(name=name)


def global_variables_initializer() -> Operation:
    """One operation that gives all global variables their initial values."""
    return variables_initializer(global_variables())


def local_variables_initializer() -> Operation:
    """One operation that gives all local variables their initial values."""
    return variables_initializer(local_variables())


def _deprecated(name: str, instead: str, function: Callable) -> Callable:
    """TensorFlow's older name of a function."""

    def call(*args: Any, **kwargs: Any) -> Any:
        removal = f"{name} is deprecated and will be removed after 2017-03-02."
        instructions = f"Instructions for updating:\nUse `tf.{instead}` instead."
        warnings.warn(f"{removal}\n{instructions}", DeprecationWarning, stacklevel=2)
        return function(*args, **kwargs)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"The older name of `{instead}`; warns."
    return call


all_variables = _deprecated("all_variables", "global_variables", global_variables)
initialize_all_variables = _deprecated(
    "initialize_all_variables", "global_variables_initializer", global_variables_initializer
)
initialize_local_variables = _deprecated(
    "initialize_local_variables", "local_variables_initializer", local_variables_initializer
)
initialize_variables = _deprecated("initialize_variables", "variables_initializer", variables_initializer)


def report_uninitialized_variables(
    var_list: Sequence[Any] | None = None, name: str = "report_uninitialized_variables"
) -> Tensor:
    """The names of the variables that have no value yet: a 1-D string tensor, by default of global and local ones."""
    if var_list is None:
        var_list = global_variables() + local_variables()
    with op_scope(name):
        if not var_list:
            return constant([], string)
        missing = logical_not(stack([state.is_variable_initialized(v) for v in var_list]))
        return boolean_mask(constant([v.op.name for v in var_list], string), missing)


def assert_variables_initialized(var_list: Sequence[Any] | None = None) -> Tensor | None:
    """A tensor whose run raises FailedPreconditionError while some variable has no value; None without variables."""
    if var_list is None:
        var_list = global_variables() + local_variables()
    if not var_list:
        return None
    ranks = [Rank(v) for v in var_list]
    return ranks[0] if len(ranks) == 1 else stack(ranks)


VariableV1 = Variable  # the name of TensorFlow 1.15 for what it had all along

__all__ = [
    "Variable", "VariableAggregation", "VariableSynchronization", "VariableV1", "all_variables",
    "assert_variables_initialized", "global_variables", "global_variables_initializer", "init_scope",
    "initialize_all_variables", "initialize_local_variables", "initialize_variables", "local_variables",
    "local_variables_initializer",
    "model_variables", "moving_average_variables", "report_uninitialized_variables", "trainable_variables",
    "variable_creator_scope", "variables_initializer",
]  # fmt: skip
