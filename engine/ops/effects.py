"""The order in which things run, and what else they do: print, check, call Python."""

from __future__ import annotations

import builtins
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any

import ml_dtypes
import numpy as np

from .. import dtypes, nest
from ..build import add_op, convert_to_tensor, to_array
from ..dtypes import as_dtype
from ..errors import (
    InvalidArgumentError,
    OpError,
    OutOfRangeError,
    ResourceExhaustedError,
    UnimplementedError,
    UnknownError,
)
from ..graph import Operation, Tensor, get_default_graph, graph_of, op_scope
from ..indexed_slices import IndexedSlices
from ..registry import define, no_outputs, not_differentiable, same_shape
from ..shapes import TensorShape
from .basic import identity, no_op
from .contexts import Context

# -- order ----------------------------------------------------------------------------------------------------------


def group(*inputs: Any, name: str | None = None) -> Operation:
    """One operation that runs after all of `inputs` (operations, tensors, variables, nested in any way)."""
    graph = graph_of([item for item in nest.flatten(inputs) if item is not None])
    ops = []
    for item in nest.flatten(inputs):
        if item is None:
            continue
        if not hasattr(item, "graph"):
            raise TypeError(f"Expected tf.group() expected Tensor objects not None or {type(item)}: {item!r}")
        ops.append(graph.as_graph_element(item.op if hasattr(item, "op") else item))
    with op_scope(name, "group_deps", ops) as scope, graph.control_dependencies(ops):
        return no_op(name=scope)


def tuple(tensors: Sequence[Any], name: str | None = None, control_inputs: Sequence[Any] | None = None) -> list:
    """The tensors, none of which is there before all of them (and `control_inputs`) are computed. None stays None."""
    given = [t for t in tensors if t is not None]
    if not given:
        raise ValueError("Must have at least one Tensor in `tensors`.")
    with op_scope(name, "tuple", given):
        gate = group(*given, *(control_inputs or ()))
        return [None if t is None else with_dependencies([gate], t, name="control_dependency") for t in tensors]


def with_dependencies(dependencies: Sequence[Any], output_tensor: Any, name: str | None = None) -> Any:
    """`output_tensor`, there only after the dependencies have run."""
    graph = graph_of([output_tensor])
    with graph.control_dependencies(dependencies):
        if isinstance(output_tensor, IndexedSlices):
            values = identity(output_tensor.values, name=name or "control_dependency")
            return IndexedSlices(values, output_tensor.indices, output_tensor.dense_shape)
        return identity(output_tensor, name=name or "control_dependency")


# -- side effects ---------------------------------------------------------------------------------------------------


def _number_as_text(value: Any) -> str:
    """A number in the fewest digits of TensorFlow's two choices that read back as it: six or nine, for float64 more."""
    if isinstance(value, (bytes, str)):
        return value.decode(errors="replace") if isinstance(value, bytes) else value
    if not np.issubdtype(type(value), np.floating) and not isinstance(value, ml_dtypes.bfloat16):
        return str(int(value)) if isinstance(value, (np.bool_, np.integer)) else str(value)
    wide = type(value) is np.float64
    value = value if wide else np.float32(value)
    short = f"{value:.{15 if wide else 6}g}"
    return short if type(value)(short) == value else f"{value:.{17 if wide else 9}g}"


def _as_text(value: Any, most: int) -> str:
    """The first elements of an array as TensorFlow prints them: ``[1 2 3...]``, nested by rows."""
    array = np.asarray(value)
    most = array.size if most < 0 else most
    left = most

    def rows(part: np.ndarray) -> str:
        nonlocal left
        if part.ndim > 1:
            return "".join(f"[{rows(row)}]" for row in part if left)
        shown, left = part[:left], max(left - len(part), 0)
        return " ".join(map(_number_as_text, shown)) + "..." * (len(shown) < len(part))

    cut = "..." * (array.ndim > 1 and array.size > most)
    return f"[{rows(array if array.ndim else array.reshape(1))}{cut}]"


def _bind_print(op: Operation, k: Any, session: Any, donated: Any) -> Callable:
    def run(value: Any, *data: Any) -> Any:
        first = op.attrs["first_n"]
        if first < 0 or session.next_in_stream(op) < first:
            print(op.attrs["message"] + "".join(_as_text(d, op.attrs["summarize"]) for d in data), file=sys.stderr)
        return value

    return run


PrintOp = define(
    "Print",
    "input:T, data:any* -> output:T",
    shape=same_shape,
    bind=_bind_print,
    grad=lambda op, g: [g] + [None] * (len(op.inputs) - 1),
    host=["data"],
    view=True,
)


def Print(
    input_: Any,
    data: Sequence[Any],
    message: str | None = None,
    first_n: int | None = None,
    summarize: int | None = None,
    name: str | None = None,
) -> Tensor:
    """`input_`, printing `data` (`summarize` elements of each, by default 3) to stderr whenever it is computed."""
    attrs = {
        "message": message or "",
        "first_n": -1 if first_n is None else first_n,
        "summarize": 3 if summarize is None else summarize,
    }
    return PrintOp(input_, *data, name=name, **attrs)


def _bind_assert(op: Operation, k: Any, session: Any, donated: Any) -> Callable:
    def run(condition: Any, *data: Any) -> Sequence:
        if not np.all(condition):
            told = " ".join(_as_text(d, op.attrs["summarize"]) for d in data)
            raise InvalidArgumentError(None, None, f"assertion failed: {told}")
        return ()

    return run


_OPS_OF_A_GUARD = 8  # Switch, its two sides and the predicate, NoOp, a control dependency in each branch, Merge

AssertOp = define(
    "Assert",
    "condition:bool, data:any*",
    shape=no_outputs,
    bind=_bind_assert,
    grad=not_differentiable,
    host=["condition", "data"],
)


def Assert(condition: Any, data: Sequence[Any], summarize: int | None = None, name: str | None = None) -> Operation:
    """An operation that raises InvalidArgumentError, telling `data`, unless all of `condition` is true.

    Where TensorFlow guards the check by a cond (data of other types than int32 and string would be copied from a GPU
    otherwise), only its constants and the Assert are here; the Switches and Merge around them are counted.
    """
    summarize = 3 if summarize is None else summarize
    with op_scope(name, "Assert", [condition, *data]):
        kinds = {convert_to_tensor(item).dtype for item in data}
        if kinds <= {dtypes.string, dtypes.int32}:
            return AssertOp(condition, *data, summarize=summarize, name="Assert")
        condition = convert_to_tensor(condition, name="Condition")
        with op_scope("AssertGuard") as scope:
            guard = Context(condition.graph, f"the failing branch of {scope[:-1]!r}")
            for item in (condition, *data):
                if isinstance(item, Tensor):
                    guard.count_entry(item)
            condition.graph.uncounted += _OPS_OF_A_GUARD
            return AssertOp(condition, *data, summarize=summarize, name="Assert")


_CLASS_OF_A_RUN = {  # TensorFlow's for what a Python function raises; UnknownError for all else
    TypeError: InvalidArgumentError,
    ValueError: InvalidArgumentError,
    StopIteration: OutOfRangeError,
    MemoryError: ResourceExhaustedError,
    NotImplementedError: UnimplementedError,
}


def error_inside(error: Exception) -> OpError:
    """The run's error for one that a user's function raised, with the lines of that function."""
    known = (kind for base, kind in _CLASS_OF_A_RUN.items() if isinstance(error, base))
    inside = error.__traceback__.tb_next if error.__traceback__ else None  # without the call of the function
    lines = "".join(traceback.format_tb(inside)).rstrip()
    return next(known, UnknownError)(None, None, f"{type(error).__name__}: {error}\n{lines}".rstrip())


def _bind_py_func(op: Operation, k: Any, session: Any, donated: Any) -> Callable:
    function, types = op.attrs["func"], op.attrs["Tout"]

    def run(*values: Any) -> list:
        try:
            results = function(*[np.array(v) if v.ndim else v[()] for v in map(np.asarray, values)])
        except OpError:
            raise
        except Exception as error:
            raise error_inside(error) from error
        results = list(results) if isinstance(results, (list, builtins.tuple)) else [] if results is None else [results]
        if len(results) != len(types):
            raise InvalidArgumentError(
                None, None, f"{op.attrs['token']} returns {len(results)} values, but expects {len(types)}"
            )
        arrays = []
        for i, (value, dtype) in enumerate(zip(results, types, strict=True)):
            if dtype is dtypes.string:
                arrays.append(to_array(value, dtype))
                continue
            array = np.array(value)  # a copy: the function may keep its own, and a variable may take this one over
            if array.dtype != dtype.numpy:
                raise InvalidArgumentError(
                    None,
                    None,
                    f"{i}-th value returned by {op.attrs['token']} is {array.dtype.name}, but expects {dtype.name}",
                )
            arrays.append(k.asarray(array))
        return arrays

    return run


PyFunc = define(
    "PyFunc",
    "input:any* -> output:Tout*",
    shape=lambda *inputs, Tout, **_: [TensorShape(None)] * len(Tout),
    bind=_bind_py_func,
    grad=not_differentiable,
    host=["input"],
)


def py_func(func: Callable, inp: Sequence[Any], Tout: Any, stateful: bool = True, name: str | None = None) -> Any:
    """What the Python function gives for NumPy arrays of `inp` at run time.

    `Tout` is a dtype, for one tensor, or a list of them for a list of tensors (an operation where it is empty).
    The results' shapes are unknown (use `set_shape`); there is no gradient. An exception of `func` ends the run.
    """
    single = not isinstance(Tout, (list, builtins.tuple))
    types = [as_dtype(t) for t in ([Tout] if single else Tout)]
    token = f"pyfunc_{get_default_graph().last_id}"
    op = add_op(PyFunc, inp, {"func": func, "Tout": types, "token": token}, name or "PyFunc")
    return op.outputs[0] if single else list(op.outputs) or op


__all__ = ["Assert", "Print", "group", "py_func", "tuple", "with_dependencies"]
