"""Building the graph: Python values become tensors, and ops are applied to them."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import dtypes
from .dtypes import DType, as_dtype
from .graph import Graph, Operation, Tensor, get_default_graph, graph_of
from .registry import ANY_TYPE, OpDef, create, define, get_op, is_known_type, not_differentiable
from .shapes import Dimension, TensorShape, as_shape
from .state import variable_of

Const = define(
    "Const",
    "-> output:dtype",
    shape=lambda value, **_: value.shape,
    kernel=lambda k, value, dtype: k.asarray(value),
    grad=not_differentiable,
)


def constant(
    value: Any, dtype: Any = None, shape: Any = None, name: str | None = "Const", verify_shape: bool = False
) -> Tensor:
    """A tensor with a value fixed in the graph.

    `value` is anything NumPy takes; Python floats become float32 and Python ints int32 (int64 where they do not fit).
    With `shape`, a value of fewer elements is filled up with its last one; `verify_shape` refuses that. Raises
    TypeError for values that are not of `dtype`, ValueError for too many values.
    """
    dtype = None if dtype is None else as_dtype(dtype)
    array = filled_array(value, dtype, shape, verify_shape)
    return _constant(get_default_graph(), array, dtype or as_dtype(array.dtype), name or "Const")


def filled_array(value: Any, dtype: DType | None, shape: Any, verify_shape: bool) -> np.ndarray:
    """The NumPy array of what `constant` takes."""
    array = to_array(value, dtype)
    return array if shape is None else _filled_up(array, as_shape(shape), verify_shape)


def _constant(graph: Graph, array: np.ndarray, dtype: DType, name: str) -> Tensor:
    array = array.view()
    array.flags.writeable = False
    attrs = {"value": array, "dtype": dtype}
    return create(Const, graph, [], {}, attrs, graph.op_name(name)).outputs[0]


def _filled_up(array: np.ndarray, shape: TensorShape, verify: bool) -> np.ndarray:
    shape.assert_is_fully_defined()
    sizes = tuple(d or 0 for d in shape.as_list())
    count = shape.num_elements() or 0
    if verify and array.shape != sizes:
        raise TypeError(f"Expected Tensor's shape: {sizes}, got {array.shape}.")
    if array.size > count:
        raise ValueError(f"Too many elements provided. Needed at most {count}, but received {array.size}")
    if array.size == count:
        return array.reshape(sizes).copy()
    if array.size == 0:
        raise ValueError(f"Cannot fill the shape {sizes} from a value with no elements.")
    flat = array.ravel()
    return np.concatenate([flat, np.full(count - flat.size, flat[-1], array.dtype)]).reshape(sizes)


def to_array(value: Any, dtype: DType | None = None) -> np.ndarray:
    """A fresh NumPy array of `value` in `dtype`, or in the dtype that TensorFlow infers. Raises TypeError otherwise."""
    if isinstance(value, Dimension):
        value = int(value)
    elif isinstance(value, TensorShape):
        value = _static_sizes(value)
    elif isinstance(value, (list, tuple)):
        value = _plain(value)
    if value is None:
        raise ValueError("None values not supported.")
    given = getattr(value, "dtype", None)
    try:
        array = np.array(value, dtype=object) if dtype is dtypes.string else np.array(value)
    except ValueError:
        raise ValueError(
            f"Can't convert Python sequence with mixed types or lengths to Tensor: {value!r:.200}"
        ) from None
    if dtype is None:
        return _in_inferred_type(array, value, given)
    if dtype is dtypes.string:
        return _as_bytes(array, value)
    if array.dtype == dtype.numpy:
        return array
    _check_convertible(array, value, dtype, given)
    return array.astype(dtype.numpy)


def _in_inferred_type(array: np.ndarray, value: Any, given: Any) -> np.ndarray:
    if array.dtype.kind in "SU" and given is None:
        array = np.array(value, object)  # as they were given: NumPy makes text of the numbers beside a text
    if array.dtype.kind in "SUO":
        return _as_bytes(array, value)
    if given is not None or (array.ndim and _first_leaf_is_array(value)):
        as_dtype(array.dtype)  # refuses what no tensor can hold
        return array
    if array.dtype == np.float64:
        return array.astype(np.float32)
    if array.dtype.kind == "i":
        narrow = array.astype(np.int32)
        return narrow if np.array_equal(narrow, array) else array
    return array  # of integers, those beyond int64 are left: NumPy and TensorFlow alike take uint64 for them


def _as_bytes(array: np.ndarray, value: Any) -> np.ndarray:
    """A string tensor's array: objects, each of them bytes (text is encoded as UTF-8)."""
    items = [item.encode() if isinstance(item, str) else item for item in array.ravel().tolist()]
    if not all(isinstance(item, bytes) for item in items):
        raise TypeError(
            f"Failed to convert object of type {type(value)} to Tensor. Contents: {value!r:.200}. Consider "
            "casting elements to a supported type."
        )
    result = np.empty(array.shape, object)
    result.ravel()[:] = items
    return result


def _first_leaf_is_array(value: Any) -> bool:
    while isinstance(value, (list, tuple)) and value:
        value = value[0]
    return isinstance(value, np.ndarray)


def _check_convertible(array: np.ndarray, value: Any, dtype: DType, given: Any) -> None:
    """Refuse what TensorFlow refuses: text for numbers, floats for integers, numbers for booleans, overflow."""
    kind = array.dtype.kind
    if array.dtype == dtypes.bfloat16.numpy:
        kind = "f"
    wanted = "f" if dtype.is_floating else "i" if dtype.is_integer else "c" if dtype.is_complex else "b"
    allowed = {"f": "fiub", "i": "iub", "c": "cfiub", "b": "b"}[wanted]  # True counts as 1, as in Python
    if array.size == 0 or (given is not None and kind in "fiucb" and not (wanted == "i" and kind == "c")):
        return  # NumPy values are cast, as np.asarray(value, dtype) would
    if kind not in allowed:
        leaf = next((x for x in array.ravel().tolist()), value)
        raise TypeError(f"Expected {dtype.name}, got {leaf!r} of type '{type(leaf).__name__}' instead.")
    if wanted == "i" and kind in "iu" and not np.array_equal(array.astype(dtype.numpy), array):
        raise ValueError(f"Value {value!r:.100} is out of the range of {dtype.name}.")


def _static_sizes(shape: TensorShape) -> np.ndarray:
    if not shape.is_fully_defined():
        raise ValueError(f"Cannot convert a partially known TensorShape {shape} to a Tensor.")
    sizes = shape.as_list()
    return np.array(sizes, np.int32 if all((d or 0) < 2**31 for d in sizes) else np.int64)


def _plain(items: Sequence[Any]) -> list:
    result = []
    for item in items:
        if isinstance(item, (list, tuple)):
            item = _plain(item)
        elif isinstance(item, Dimension):
            if item.value is None:
                raise ValueError("Cannot convert an unknown Dimension to a Tensor: ?")
            item = item.value
        result.append(item)
    return result


_CONVERSIONS: list[tuple[int, type, Callable[..., Tensor]]] = []


def register_tensor_conversion_function(base_type: type, function: Callable[..., Tensor], priority: int = 100) -> None:
    """Let `function(value, dtype=None, name=None, as_ref=False)` make tensors of objects of `base_type`.

    It may return NotImplemented. Of several that fit, those of smaller `priority` are asked first, and those of equal
    priority in the order of their registration.
    """
    bisect.insort(_CONVERSIONS, (priority, base_type, function), key=lambda entry: entry[0])


def is_tensor_like(value: Any) -> bool:
    """Whether it is a tensor, or stands for one whose dtype it knows."""
    if isinstance(value, Tensor):
        return True
    return any(isinstance(value, base) for _, base, _ in _CONVERSIONS) and hasattr(value, "dtype")


def convert_to_tensor(
    value: Any,
    dtype: Any = None,
    name: str | None = None,
    preferred_dtype: Any = None,
    as_ref: bool = False,
    dtype_hint: Any = None,
) -> Tensor:
    """The tensor that stands for `value`: itself, a variable's value, a pack of a list with tensors, or a constant.

    Raises ValueError where a tensor has another dtype than asked for, TypeError where the value cannot be one.
    """
    dtype = None if dtype is None else as_dtype(dtype)
    if isinstance(value, Tensor):
        if dtype is not None and value.dtype is not dtype:
            raise ValueError(
                f"Tensor conversion requested dtype {dtype.name} for Tensor with dtype {value.dtype.name}: {value!r}"
            )
        return value
    for _, base, function in _CONVERSIONS:
        if isinstance(value, base):
            tensor = function(value, dtype=dtype, name=name, as_ref=as_ref)
            if tensor is not NotImplemented:
                return tensor
    if isinstance(value, Operation):
        raise TypeError(
            f"Can't convert Operation {value.name!r} to Tensor (target dtype={dtype and dtype.name}, name={name!r}, "
            f"as_ref={as_ref})"
        )
    if isinstance(value, (list, tuple)) and _has_tensor(value):
        return _packed(value, dtype, name or "packed")
    hint = preferred_dtype if preferred_dtype is not None else dtype_hint
    if dtype is None and hint is not None:
        try:
            return constant(value, hint, name=name or "Const")
        except (TypeError, ValueError):
            pass
    return constant(value, dtype, name=name or "Const")


def _has_tensor(items: Sequence[Any]) -> bool:
    return any(_has_tensor(i) if isinstance(i, (list, tuple)) else is_tensor_like(i) for i in items)


def _packed(items: Sequence[Any], dtype: DType | None, name: str) -> Tensor:
    """A list with tensors in it, stacked along a new first axis; plain numbers take the tensors' dtype."""
    if dtype is None:
        dtype = _first_tensor_dtype(items)
    with graph_of(items).name_scope(name) as scope:
        tensors = [
            _packed(item, dtype, str(i))
            if isinstance(item, (list, tuple)) and _has_tensor(item)
            else convert_to_tensor(item, dtype, name=str(i))
            for i, item in enumerate(items)
        ]
        return get_op("Pack")(*tensors, axis=0, name=scope)


def _first_tensor_dtype(items: Sequence[Any]) -> DType | None:
    for item in items:
        found = None
        if isinstance(item, (list, tuple)):
            found = _first_tensor_dtype(item)
        elif is_tensor_like(item):
            found = item.dtype
        if found is not None:
            return found
    return None


def add_op(definition: OpDef, inputs: Sequence[Any], attrs: dict[str, Any], name: str | None) -> Operation:
    """Convert the inputs by the op's signature and add the operation to their graph.

    Raises TypeError where dtypes do not fit the signature, ValueError for shapes that do not fit.
    """
    args = _arguments(definition, len(inputs))
    if len(args) != len(inputs):
        names = ", ".join(a.name for a in args)
        raise TypeError(f"{definition.type} takes {len(args)} inputs ({names}), got {len(inputs)}")
    graph = graph_of(inputs)
    if graph is not get_default_graph():
        with graph.as_default():
            return add_op(definition, inputs, attrs, name)
    types: dict[str, DType] = {k: as_dtype(v) for k, v in attrs.items() if isinstance(v, (DType, type))}
    for arg, value in zip(args, inputs, strict=True):  # a tensor's dtype rules over what plain values would be
        if arg.type != ANY_TYPE and not is_known_type(arg.type) and arg.type not in types and is_tensor_like(value):
            types[arg.type] = value.dtype.base_dtype
    with graph.name_scope(name or definition.type) as scope:
        bound: dict[str, str] = {}  # which argument fixed a type variable
        tensors: list[Tensor] = []
        for position, (arg, value) in enumerate(zip(args, inputs, strict=True)):
            label = f"{arg.name}_{position - args.index(arg)}" if arg.is_list else arg.name
            tensors.append(_converted(definition, arg, value, types, bound, label))
        return create(definition, graph, tensors, types, attrs, scope[:-1] if scope else definition.type)


def apply(definition: OpDef, inputs: Sequence[Any], attrs: dict[str, Any], name: str | None) -> Any:
    """Add an operation (see `add_op`): its output, the list of them, or itself if it has none by its signature."""
    op = add_op(definition, inputs, attrs, name)
    results = definition.results
    if len(results) == 1 and not results[0].is_list:
        return op.outputs[0]
    return list(op.outputs) if results else op


OpDef.apply = apply


def _arguments(definition: OpDef, count: int) -> list:
    """The signature's arguments with its one list repeated as often as the number of inputs asks for."""
    if not any(arg.is_list for arg in definition.args):
        return list(definition.args)
    repeats = count - (len(definition.args) - 1)
    return [arg for spec in definition.args for arg in ([spec] * repeats if spec.is_list else [spec])]


def _converted(
    definition: OpDef, arg: Any, value: Any, types: dict[str, DType], bound: dict[str, str], name: str
) -> Tensor:
    if arg.type == ANY_TYPE:
        return convert_to_tensor(value, name=name)
    if arg.name in definition.ref and (
        not is_tensor_like(value) or variable_of(convert_to_tensor(value, as_ref=True)) is None
    ):
        raise TypeError(f"Input {arg.name!r} of {definition.type!r} Op requires l-value input, not {value!r}")
    known = is_known_type(arg.type)
    wanted = as_dtype(arg.type) if known else types.get(arg.type)
    allowed = definition.types.get(arg.type)
    if wanted is None and allowed is not None and not is_tensor_like(value):
        try:
            tensor = convert_to_tensor(value, name=name)
        except TypeError as error:
            raise TypeError(f"Input {arg.name!r} of {definition.type!r} Op: {error}") from None
        if tensor.dtype not in allowed and arg.type == "I":
            tensor = convert_to_tensor(value, allowed[0], name=name)
    elif is_tensor_like(value):
        tensor = convert_to_tensor(value, name=name, as_ref=arg.name in definition.ref)
        if wanted is not None and tensor.dtype is not wanted:
            reason = (
                f"expected type of {wanted.name}"
                if known
                else f"type {wanted.name} of argument {bound.get(arg.type, arg.type)!r}"
            )
            given = f"has type {tensor.dtype.name} that does not match"
            raise TypeError(f"Input {arg.name!r} of {definition.type!r} Op {given} {reason}.")
    else:
        try:
            tensor = convert_to_tensor(value, wanted, name=name)
        except TypeError as error:
            if "Expected" not in str(error):
                raise
            raise TypeError(f"Input {arg.name!r} of {definition.type!r} Op: {error}") from None
    if not known:
        types.setdefault(arg.type, tensor.dtype)
        bound.setdefault(arg.type, arg.name)
        if allowed is not None and tensor.dtype not in allowed:
            names = ", ".join(t.name for t in allowed)
            raise TypeError(
                f"Value passed to parameter {arg.name!r} has DataType {tensor.dtype.name} not in list of allowed "
                f"values: {names}"
            )
    return tensor
