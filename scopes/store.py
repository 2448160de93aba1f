"""The store: the variables that `get_variable` made, created or shared by their full names."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import Enum
from functools import partial
from typing import Any

from ..engine.build import convert_to_tensor
from ..engine.dtypes import as_dtype, float32, string
from ..engine.graph import format_frames
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

    @classmethod
    def of(cls, name: str | None, args: Sequence[Any] = (), **kwargs: Any) -> Request:
        """From arguments as a custom getter's `getter` takes them, some perhaps by position in the fields' order."""
        given = dict(zip((field.name for field in fields(cls)[1:]), args, strict=False))
        return cls(name, **given, **kwargs)

    def arguments(self) -> dict[str, Any]:
        """The fields as keyword arguments of a custom getter."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


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

        def getter(name: str, *args: Any, custom_getter: None = None, **kwargs: Any) -> Any:
            return self._get(Request.of(name, args, **kwargs))

        arguments = request.arguments()
        parameters = _parameters(custom_getter)
        if "constraint" not in parameters and all(p.kind is not p.VAR_KEYWORD for p in parameters.values()):
            del arguments["constraint"]
        return custom_getter(getter=getter, **arguments)

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
        if request.regularizer:  # programs say "none" by an empty dict, too
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
        if name in self._vars:
            raise ValueError(
                f"A partitioner was provided, but an unpartitioned version of the variable was found: {name}. Perhaps "
                "a variable of the same name was already created without partitioning?"
            )
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
