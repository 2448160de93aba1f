"""Variable scopes and the store: `get_variable` creates or shares by name."""

from __future__ import annotations

import difflib
import inspect
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields, replace
from enum import Enum
from functools import partial
from typing import Any

from ..engine.build import convert_to_tensor
from ..engine.dtypes import as_dtype, float32, string
from ..engine.graph import Graph, format_frames, get_default_graph, graph_of
from ..engine.ops.array import slice as slice_of
from ..engine.shapes import TensorShape, as_shape
from .initializers import glorot_uniform_initializer, zeros_initializer
from .keys import GraphKeys
from .partitions import PartitionedVariable, PartitionInfo, call_partitioner, parts_of
from .variables import SliceInfo, Variable, VariableAggregation, VariableSynchronization, lifted


class _ReuseMode(Enum):
    AUTO_REUSE = 1


AUTO_REUSE = _ReuseMode.AUTO_REUSE  # create what is not there yet, share what is


@dataclass(frozen=True)
class Request:
    """What `get_variable` was asked for; handed on whole from the scope to the store."""

    name: str | None
    shape: Any = None
    dtype: Any = None
    initializer: Any = None
    regularizer: Callable | None = None
    reuse: Any = None
    trainable: bool | None = None
    collections: Any = None
    caching_device: Any = None
    partitioner: Callable | None = None
    validate_shape: bool = True
    use_resource: bool | None = None
    synchronization: VariableSynchronization = VariableSynchronization.AUTO
    aggregation: VariableAggregation = VariableAggregation.NONE
    constraint: Callable | None = None

    def arguments(self) -> dict[str, Any]:
        """The fields as keyword arguments of a custom getter."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


# -- the store ------------------------------------------------------------------------------------------------------


class VariableStore:
    """The variables of a graph that `get_variable` made, by their full names."""

    def __init__(self) -> None:
        self._vars: dict[str, Variable] = {}
        self._partitioned_vars: dict[str, PartitionedVariable] = {}

    def get_variable(self, request: Request, custom_getter: Callable | None = None) -> Any:
        """The variable of a full name, created or shared as `reuse` says (True, False or AUTO_REUSE).

        A custom getter is called as ``custom_getter(getter, name, shape=..., ...)`` in place of all this and may call
        `getter` with any arguments. Raises ValueError where a variable is there and must not be or the other way
        round, and where the request does not fit what is there or does not say what to create.
        """
        if custom_getter is None:
            return self._get(request)
        if not callable(custom_getter):
            raise ValueError(f"Passed a custom_getter which is not callable: {custom_getter}")

        def getter(name: str, *args: Any, **kwargs: Any) -> Any:
            given = dict(zip((f.name for f in fields(Request)[1:]), args, strict=False))
            return self._get(Request(name, **_as_request({**given, **kwargs})))

        arguments = request.arguments()
        parameters = _parameters(custom_getter)
        if "constraint" not in parameters and all(p.kind is not p.VAR_KEYWORD for p in parameters.values()):
            del arguments["constraint"]
        return custom_getter(getter, **arguments)

    def _get(self, request: Request) -> Any:
        request = replace(request, dtype=as_dtype(request.dtype or float32), reuse=request.reuse or False)
        name = request.name
        if request.partitioner is not None and not _is_scalar(request.shape):
            if not callable(request.partitioner):
                raise ValueError(f"Partitioner must be callable, but received: {request.partitioner}")
            return self._get_partitioned(request)
        if request.reuse is True and name in self._partitioned_vars:
            return self._get_partitioned(request)
        if f"{name}/part_0" in self._vars:
            raise ValueError(
                f"No partitioner was provided, but a partitioned version of the variable was found: {name}/part_0. "
                "Perhaps a variable of the same name was already created with partitioning?"
            )
        return self._get_single(request)

    # -- one variable -----------------------------------------------------------------------------------------------

    def _get_single(self, request: Request, part: PartitionInfo | None = None) -> Variable:
        from_value = request.initializer is not None and not callable(request.initializer)
        if from_value and request.shape is not None:
            raise ValueError("If initializer is a constant, do not specify shape.")
        if request.name in self._vars:
            return self._shared(request)
        if request.reuse is True:
            raise ValueError(
                f"Variable {request.name} does not exist, or was not created with tf.get_variable(). Did you mean to "
                f"set reuse=tf.AUTO_REUSE in VarScope?{_suggested(request.name, self._vars)}"
            )
        variable = self._created(request, part)
        if request.name is not None:
            self._vars[request.name] = variable
        if request.regularizer is not None:
            _add_loss(variable, request)
        return variable

    def _shared(self, request: Request) -> Variable:
        found, shape = self._vars[request.name], as_shape(request.shape)  # type: ignore[index]
        if request.reuse is False:
            raise ValueError(
                f"Variable {request.name} already exists, disallowed. Did you mean to set reuse=True or "
                f"reuse=tf.AUTO_REUSE in VarScope? Originally defined at:\n\n{format_frames(found.op.frames)}\n"
            )
        what = f"Trying to share variable {request.name}, but specified"
        if not shape.is_compatible_with(found.shape):
            raise ValueError(f"{what} shape {shape} and found shape {found.shape}.")
        if request.dtype is not found.dtype:
            raise ValueError(f"{what} dtype {request.dtype.name} and found dtype {found.dtype.name}.")
        return found

    def _created(self, request: Request, part: PartitionInfo | None) -> Variable:
        with lifted(get_default_graph()):
            initial_value, dtype = _initial_value(request, part)
            return Variable(
                initial_value=initial_value,
                trainable=request.trainable,
                collections=request.collections,
                caching_device=request.caching_device,
                name=request.name,
                dtype=dtype,
                validate_shape=request.validate_shape,
                constraint=request.constraint,
                use_resource=request.use_resource,
                synchronization=request.synchronization,
                aggregation=request.aggregation,
            )

    # -- several parts ----------------------------------------------------------------------------------------------

    def _get_partitioned(self, request: Request) -> PartitionedVariable:
        name, initializer, shape = request.name, request.initializer, as_shape(request.shape)
        if initializer is not None and not callable(initializer):
            initializer = convert_to_tensor(initializer)
            shape = shape.merge_with(initializer.shape)
        if name in self._partitioned_vars:
            return self._shared_partitioned(request, shape)
        if request.reuse is True:
            raise ValueError(
                f"PartitionedVariable {name} does not exist, or was not created with tf.get_variable(). Did you mean "
                f"to set reuse=False or reuse=tf.AUTO_REUSE in VarScope?{_suggested(name, self._partitioned_vars)}"
            )
        if name in self._vars:
            raise ValueError(
                f"A partitioner was provided, but an unpartitioned version of the variable was found: {name}. Perhaps "
                "a variable of the same name was already created without partitioning?"
            )
        partitions = call_partitioner(request.partitioner, shape, request.dtype)  # type: ignore[arg-type]
        whole = [int(d) for d in shape]
        variables = []
        for i, (offset, sizes) in enumerate(parts_of(shape, partitions)):
            piece = request.initializer
            if initializer is not None and not callable(initializer):
                piece = slice_of(initializer, offset, sizes)
            wanted = replace(
                request, name=f"{name}/part_{i}", shape=None if piece is not None and not callable(piece) else sizes,
                initializer=piece, partitioner=None,
            )  # fmt: skip
            variable = self._get_single(wanted, PartitionInfo(whole, offset))
            variable._set_save_slice_info(SliceInfo(str(name), whole, offset, sizes))
            variables.append(variable)
        made = PartitionedVariable(str(name), shape, request.dtype, variables, partitions)
        self._partitioned_vars[str(name)] = made
        return made

    def _shared_partitioned(self, request: Request, shape: TensorShape) -> PartitionedVariable:
        found, name = self._partitioned_vars[str(request.name)], request.name
        if request.reuse is False:
            raise ValueError(
                f"Partitioned variable with name {name} already exists. Did you mean to set reuse=True or "
                "reuse=tf.AUTO_REUSE in VarScope?"
            )
        what = f"Trying to reuse partitioned variable {name}, but specified"
        if not shape.is_compatible_with(found.shape):
            raise ValueError(f"{what} shape {shape} and found shape {found.shape}.")
        if request.dtype is not found.dtype:
            raise ValueError(f"{what} dtype {request.dtype.name} and found dtype {found.dtype.name}.")
        if request.partitioner is not None:
            partitions = call_partitioner(request.partitioner, found.shape, found.dtype)
            if partitions != found._get_partitions():
                raise ValueError(f"{what} partitions {partitions} and found partitions {found._get_partitions()}.")
        return found


def _is_scalar(shape: Any) -> bool:
    return shape is not None and as_shape(shape).ndims == 0


def _as_request(arguments: dict[str, Any]) -> dict[str, Any]:
    """What of a custom getter's arguments a Request knows (some pass on a `custom_getter=None` as well)."""
    return {name: value for name, value in arguments.items() if name != "custom_getter"}


def _parameters(function: Callable) -> Mapping[str, inspect.Parameter]:
    """The parameters of a function or callable object by name; none where it does not tell."""
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):
        return {}


def _suggested(name: str | None, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(str(name), known, n=3)
    return f" Close names are {', '.join(close)}." if close else ""


def _initial_value(request: Request, part: PartitionInfo | None) -> tuple[Any, Any]:
    """What `Variable` starts from, and the dtype to convert it to. Raises ValueError where the shape is not known."""
    name, shape, initializer = request.name, as_shape(request.shape), request.initializer
    if initializer is None:
        initializer = _default_initializer(request)
        if request.shape is None:
            raise ValueError(
                f"Variable {name} did not get an initializer, so its `shape` argument must be specified: "
                f"Shape of a new variable ({name}) must be fully defined, but instead was {shape}."
            )
    if not callable(initializer):
        return initializer, None
    if inspect.isclass(initializer):
        initializer = initializer()
    if shape.is_fully_defined():
        arguments: dict[str, Any] = {"dtype": request.dtype}
        if "partition_info" in _parameters(initializer):
            arguments["partition_info"] = part
        return partial(initializer, shape.as_list(), **arguments), request.dtype
    if request.shape is None and _needs_no_arguments(initializer):
        return initializer, None
    raise ValueError(f"Shape of a new variable ({name}) must be fully defined, but instead was {shape}.")


def _default_initializer(request: Request) -> Callable:
    """Glorot's uniform distribution for floats; zeros for integers and booleans, empty strings."""
    dtype = request.dtype
    if dtype.is_floating:
        return glorot_uniform_initializer()
    if dtype.is_integer or dtype.is_bool or dtype is string:
        return zeros_initializer()
    raise ValueError(f"An initializer for variable {request.name} of {dtype} is required")


def _needs_no_arguments(function: Callable) -> bool:
    optional = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return all(p.default is not p.empty or p.kind in optional for p in _parameters(function).values())


def _add_loss(variable: Variable, request: Request) -> None:
    """Build the regularizer's loss, once, and collect it."""
    graph = variable.graph
    with lifted(graph), graph.colocate_with(variable.op), graph.name_scope(f"{request.name}/Regularizer/"):
        loss = request.regularizer(variable)  # type: ignore[misc]
    if loss is not None:
        graph.add_to_collection(GraphKeys.REGULARIZATION_LOSSES, loss)


# -- scopes ---------------------------------------------------------------------------------------------------------

_STORE_KEY = ("__variable_store",)
_SCOPES_KEY = ("__varscope",)


class _Scopes(threading.local):
    """A graph's current variable scope, and how often each scope name was opened."""

    def __init__(self) -> None:
        self.current = VariableScope(False)
        self.opened: dict[str, int] = {}

    def unique(self, prefix: str) -> str:
        parent = f"{self.current.name}/" if self.current.name else ""
        name, n = prefix, 0
        while self.opened.get(parent + name):
            n += 1
            name = f"{prefix}_{n}"
        return name

    @contextmanager
    def entered(self, scope: VariableScope, again: bool) -> Iterator[None]:
        """Make `scope` the current one. Inner default names start anew with each entry, but for re-entered scopes."""
        self.opened[scope.name] = self.opened.get(scope.name, 0) + 1
        before, outer, self.current = dict(self.opened), self.current, scope
        try:
            yield
        finally:
            self.current = outer
            if again:
                self.opened = before
            else:
                self.opened = {name: n for name, n in self.opened.items() if not name.startswith(f"{scope.name}/")}


def _of_graph(key: Any, make: Callable[[], Any]) -> Any:
    kept = get_default_graph().get_collection_ref(key)
    if not kept:
        kept.append(make())
    return kept[0]


def _get_default_variable_store() -> VariableStore:
    return _of_graph(_STORE_KEY, VariableStore)


def _scopes() -> _Scopes:
    return _of_graph(_SCOPES_KEY, _Scopes)


def unique_scope_name(prefix: str) -> str:
    """`prefix`, or `prefix_1` and so on, such that no such variable scope was opened inside the current one."""
    return _scopes().unique(prefix)


def no_regularizer(_: Any) -> None:
    """Use this as a regularizer to have none where the scope would give one."""


class VariableScope:
    """A prefix of variable names with defaults for `get_variable`. Entered by `variable_scope`."""

    def __init__(
        self,
        reuse: Any,
        name: str = "",
        initializer: Any = None,
        regularizer: Callable | None = None,
        caching_device: Any = None,
        partitioner: Callable | None = None,
        custom_getter: Callable | None = None,
        name_scope: str = "",
        dtype: Any = float32,
        use_resource: bool | None = None,
        constraint: Callable | None = None,
    ) -> None:
        self._name = name
        self._reuse = reuse
        self._name_scope = name_scope
        self._initializer = initializer
        self._regularizer = regularizer
        self._caching_device = caching_device
        self._partitioner = partitioner
        self._custom_getter = custom_getter
        self._dtype = dtype
        self._use_resource = use_resource
        self._constraint = constraint

    name = property(lambda self: self._name)
    original_name_scope = property(lambda self: self._name_scope)
    reuse = property(lambda self: self._reuse)
    initializer = property(lambda self: self._initializer)
    regularizer = property(lambda self: self._regularizer)
    caching_device = property(lambda self: self._caching_device)
    partitioner = property(lambda self: self._partitioner)
    custom_getter = property(lambda self: self._custom_getter)
    dtype = property(lambda self: self._dtype)
    use_resource = property(lambda self: self._use_resource)
    constraint = property(lambda self: self._constraint)

    def reuse_variables(self) -> None:
        """From here on, only share; there is no way back within this scope."""
        self._reuse = True

    def set_initializer(self, initializer: Any) -> None:
        self._initializer = initializer

    def set_regularizer(self, regularizer: Callable | None) -> None:
        self._regularizer = regularizer

    def set_caching_device(self, caching_device: Any) -> None:
        self._caching_device = caching_device

    def set_partitioner(self, partitioner: Callable | None) -> None:
        self._partitioner = partitioner

    def set_custom_getter(self, custom_getter: Callable | None) -> None:
        self._custom_getter = custom_getter

    def set_dtype(self, dtype: Any) -> None:
        self._dtype = dtype

    def set_use_resource(self, use_resource: bool | None) -> None:
        self._use_resource = use_resource

    def set_constraint(self, constraint: Callable | None) -> None:
        self._constraint = constraint

    def get_collection(self, name: Any) -> list:
        """What the collection holds of this scope."""
        return get_default_graph().get_collection(name, f"{self._name}/" if self._name else "")

    def trainable_variables(self) -> list:
        return self.get_collection(GraphKeys.TRAINABLE_VARIABLES)

    def global_variables(self) -> list:
        return self.get_collection(GraphKeys.GLOBAL_VARIABLES)

    def local_variables(self) -> list:
        return self.get_collection(GraphKeys.LOCAL_VARIABLES)

    def get_variable(
        self, var_store: VariableStore, name: str, *args: Any, custom_getter: Any = None, **kwargs: Any
    ) -> Any:
        """The variable of this scope's `name`, from a store; the arguments are those of `get_variable`."""
        given = dict(zip((f.name for f in fields(Request)[1:]), args, strict=False))
        return self._get(var_store, Request(name, **given, **kwargs), custom_getter)

    def _get(self, store: VariableStore, request: Request, custom_getter: Callable | None) -> Any:
        """Complete a request by the scope's name and defaults."""
        initializer, dtype = request.initializer, request.dtype
        with get_default_graph().name_scope(None):
            if dtype is not None and initializer is not None and not callable(initializer):
                given = convert_to_tensor(initializer).dtype
                if given is not as_dtype(dtype):
                    raise ValueError(f"Initializer type '{given}' and explicit dtype '{as_dtype(dtype)}' don't match.")
            complete = replace(
                request,
                name=f"{self._name}/{request.name}" if self._name else request.name,
                dtype=as_dtype(_first(dtype, self._dtype)).base_dtype,
                initializer=_first(initializer, self._initializer),
                regularizer=_first(request.regularizer, self._regularizer),
                reuse=_first(request.reuse, self._reuse),
                trainable=_first(request.trainable, request.synchronization is not VariableSynchronization.ON_READ),
                caching_device=_first(request.caching_device, self._caching_device),
                partitioner=_first(request.partitioner, self._partitioner),
                use_resource=_first(request.use_resource, self._use_resource),
                constraint=_first(request.constraint, self._constraint),
            )
            return store.get_variable(complete, _first(custom_getter, self._custom_getter))


def _first(*choices: Any) -> Any:
    """The first choice that is not None."""
    return next((choice for choice in choices if choice is not None), None)


def get_variable_scope() -> VariableScope:
    """The current variable scope."""
    return _scopes().current


def get_variable(
    name: str,
    shape: Any = None,
    dtype: Any = None,
    initializer: Any = None,
    regularizer: Callable | None = None,
    trainable: bool | None = None,
    collections: Any = None,
    caching_device: Any = None,
    partitioner: Callable | None = None,
    validate_shape: bool = True,
    use_resource: bool | None = None,
    custom_getter: Callable | None = None,
    constraint: Callable | None = None,
    synchronization: VariableSynchronization = VariableSynchronization.AUTO,
    aggregation: VariableAggregation = VariableAggregation.NONE,
) -> Any:
    """The variable of that name in the current variable scope: created, or shared, as the scope's `reuse` says.

    `initializer` is an initializer object or its class, a function of (shape, dtype), one without arguments, a tensor
    or a value (then without `shape`); by default the scope's, or Glorot uniform for floats and zeros for integers and
    booleans. The loss that `regularizer(variable)` gives joins REGULARIZATION_LOSSES, once. A `partitioner` cuts the
    variable into parts; `custom_getter(getter, name, **arguments)` may change all of this. What is not given comes
    from the scope. The other arguments are those of `Variable`.

    Raises ValueError where the variable exists and is not to be shared, is to be shared and does not exist, or has
    another shape or dtype; where the shape of a new one is not fully known.
    """
    request = Request(
        name, shape, dtype, initializer, regularizer, None, trainable, collections, caching_device, partitioner,
        validate_shape, use_resource, synchronization, aggregation, constraint,
    )  # fmt: skip
    return get_variable_scope()._get(_get_default_variable_store(), request, custom_getter)


def get_local_variable(name: str, *args: Any, **kwargs: Any) -> Any:
    """`get_variable` for a variable that is in LOCAL_VARIABLES and not trainable: not saved, not optimized."""
    arguments = inspect.signature(get_variable).bind(name, *args, **kwargs).arguments
    collections = [*(arguments.get("collections") or ()), GraphKeys.LOCAL_VARIABLES]
    return get_variable(**{**arguments, "collections": collections, "trainable": False})


# -- entering -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Changes:
    """What entering a scope changes in it; None leaves what the scope had."""

    initializer: Any = None
    regularizer: Callable | None = None
    caching_device: Any = None
    partitioner: Callable | None = None
    custom_getter: Callable | None = None
    dtype: Any = None
    use_resource: bool | None = None
    constraint: Callable | None = None

    def applied_to(self, base: VariableScope, name: str, name_scope: str, reuse: Any) -> VariableScope:
        """A new scope with the defaults of `base`, but for these."""
        chosen = {f.name: _first(getattr(self, f.name), getattr(base, f.name)) for f in fields(self)}
        chosen["custom_getter"] = _chained(self.custom_getter, base.custom_getter)
        return VariableScope(reuse, name, name_scope=name_scope, **chosen)


def _chained(custom_getter: Callable | None, outer: Callable | None) -> Callable | None:
    """A getter whose own `getter` is the outer scope's custom getter."""
    if custom_getter is None or outer is None:
        return custom_getter or outer

    def chained(getter: Callable, *args: Any, **kwargs: Any) -> Any:
        return custom_getter(partial(outer, getter), *args, **kwargs)

    return chained


@contextmanager
def pure_variable_scope(
    name_or_scope: Any, reuse: Any = None, old_name_scope: str | None = None, **changes: Any
) -> Iterator[VariableScope]:
    """A variable scope that opens no name scope: a name inside the current scope, or a scope under its own name."""
    scopes = _scopes()
    if isinstance(name_or_scope, VariableScope):
        base, name, again = name_or_scope, name_or_scope.name, True
        name_scope = name_or_scope.original_name_scope if old_name_scope is None else old_name_scope
    else:
        base, again = scopes.current, False
        name = f"{base.name}/{name_or_scope}" if base.name else name_or_scope
        name_scope = name_or_scope if old_name_scope is None else old_name_scope
    scope = _Changes(**changes).applied_to(base, name, name_scope, reuse or base.reuse)
    with scopes.entered(scope, again):
        yield scope


class variable_scope:
    """Prefix the names of variables, and of operations, made inside; set defaults for `get_variable`.

    `name_or_scope` is a name (inside the current scope), or a scope captured earlier, which is entered under its own
    full name with its own defaults; None takes `default_name`, made unique. Entering gives the `VariableScope`.
    `reuse` True or AUTO_REUSE holds for all scopes inside; False and None inherit. A name scope of the same name is
    opened too, unless `auxiliary_name_scope` is False. The other arguments change the defaults of the scope.

    Raises TypeError and ValueError for names and flags that do not fit.
    """

    def __init__(
        self,
        name_or_scope: str | VariableScope | None,
        default_name: str | None = None,
        values: Iterable[Any] | None = None,
        initializer: Any = None,
        regularizer: Callable | None = None,
        caching_device: Any = None,
        partitioner: Callable | None = None,
        custom_getter: Callable | None = None,
        reuse: Any = None,
        dtype: Any = None,
        use_resource: bool | None = None,
        constraint: Callable | None = None,
        auxiliary_name_scope: bool = True,
    ) -> None:
        if name_or_scope is None and default_name is None:
            raise TypeError("If default_name is None then name_or_scope is required")
        if name_or_scope is not None and not isinstance(name_or_scope, (str, VariableScope)):
            raise TypeError("VariableScope: name_or_scope must be a string or VariableScope.")
        if not isinstance(auxiliary_name_scope, bool):
            raise TypeError(f"The auxiliary_name_scope must be `True` or `False`, while get {auxiliary_name_scope}")
        if reuse not in (None, True, False, AUTO_REUSE):
            raise ValueError("The reuse parameter must be True or False or None.")
        if name_or_scope is None and reuse:
            raise ValueError("reuse=True cannot be used without a name_or_scope")
        self._name_or_scope = name_or_scope
        self._default_name = default_name
        self._reuse = reuse or None
        self._auxiliary_name_scope = auxiliary_name_scope
        self._changes = {
            "initializer": initializer, "regularizer": regularizer, "caching_device": caching_device,
            "partitioner": partitioner, "custom_getter": custom_getter, "dtype": dtype, "use_resource": use_resource,
            "constraint": constraint,
        }  # fmt: skip
        self._graph = graph_of(list(values or ()))
        self._entered: list[ExitStack] = []

    def __enter__(self) -> VariableScope:
        with ExitStack() as entering:
            if self._graph is not get_default_graph():
                entering.enter_context(self._graph.as_default())
            scope = self._enter(entering)
            self._entered.append(entering.pop_all())
        return scope

    def _enter(self, entering: ExitStack) -> VariableScope:
        target = self._name_or_scope
        if target is None:
            target = unique_scope_name(str(self._default_name))
            opened = self._default_name
        else:
            opened = target if isinstance(target, str) else target.name.rpartition("/")[2]
        name_scope = None
        if self._auxiliary_name_scope and opened:
            name_scope = entering.enter_context(self._graph.name_scope(opened))
        if isinstance(target, VariableScope):
            name_scope = None  # it keeps the name scope that it was first opened with
        elif name_scope is None and opened:
            name_scope = _current_prefix(self._graph)
        return entering.enter_context(pure_variable_scope(target, self._reuse, name_scope, **self._changes))

    def __exit__(self, *exception: Any) -> bool | None:
        return self._entered.pop().__exit__(*exception)


def _current_prefix(graph: Graph) -> str:
    name = graph.get_name_scope()
    return f"{name}/" if name else ""


@contextmanager
def variable_op_scope(
    values: Iterable[Any],
    name_or_scope: Any,
    default_name: str | None = None,
    initializer: Any = None,
    regularizer: Callable | None = None,
    caching_device: Any = None,
    partitioner: Callable | None = None,
    custom_getter: Callable | None = None,
    reuse: Any = None,
    dtype: Any = None,
    use_resource: bool | None = None,
    constraint: Callable | None = None,
) -> Iterator[VariableScope]:
    """`variable_scope` with the order of arguments that it had before TensorFlow 1.0."""
    with variable_scope(
        name_or_scope, default_name, values, initializer, regularizer, caching_device, partitioner, custom_getter,
        reuse, dtype, use_resource, constraint,
    ) as scope:  # fmt: skip
        yield scope


__all__ = [
    "AUTO_REUSE", "VariableScope", "get_local_variable", "get_variable", "get_variable_scope", "no_regularizer",
    "variable_op_scope", "variable_scope",
]  # fmt: skip
