"""Checks inside the graph: `assert_equal` and its kin, and `ensure_shape`.

A check that the graph alone decides not to hold raises when it is built.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any

import ml_dtypes
import numpy as np

from .. import dtypes
from ..build import convert_to_tensor, is_tensor_like
from ..dtypes import DType, as_dtype
from ..errors import InvalidArgumentError
from ..graph import Operation, Tensor, op_scope
from ..registry import brackets, define
from ..shapes import TensorShape, as_shape
from ..static import constant_value
from .basic import no_op, rank, reshape, shape
from .control_flow import Assert
from .math import abs as abs_
from .math import equal, greater, greater_equal, less, less_equal, logical_or, not_equal
from .reduce import reduce_all


def _checked(condition: Tensor, data: list[Any], summarize: int | None) -> Operation:
    """An operation that raises unless all of `condition` is true; raises InvalidArgumentError now if it never is."""
    check = reduce_all(condition)
    known = constant_value(condition)
    if known is not None and not np.all(known):
        raise InvalidArgumentError(None, None, "\n".join(map(_text, data)))
    return Assert(check, data, summarize=summarize)


def _text(item: Any) -> str:
    value = constant_value(item) if isinstance(item, Tensor) else item
    return str(item if value is None else value)


def _binary(name: str, sign: str, compare: Callable[..., Tensor]) -> Callable[..., Operation]:
    def check(
        x: Any,
        y: Any,
        data: list | None = None,
        summarize: int | None = None,
        message: str | None = None,
        name: str | None = None,
    ) -> Operation:
        with op_scope(name, default, [x, y]):
            x = convert_to_tensor(x, name="x")
            y = convert_to_tensor(y, x.dtype, name="y")
            if data is None:
                said = f"Condition x {sign} y did not hold element-wise:"
                data = [said, f"x ({x.name}) = ", x, f"y ({y.name}) = ", y]
            return _checked(compare(x, y), data if message is None else [message, *data], summarize)

    default = name
    check.__name__ = check.__qualname__ = name
    check.__doc__ = f"""An operation that raises InvalidArgumentError unless ``x {sign} y`` holds for every element.

    `data` (by default x and y) is told where it does not hold. Raises InvalidArgumentError at once where that is known.
    """
    return check


_assert_equal = _binary("assert_equal", "==", equal)
assert_none_equal = _binary("assert_none_equal", "!=", not_equal)
assert_less = _binary("assert_less", "<", less)
assert_less_equal = _binary("assert_less_equal", "<=", less_equal)
assert_greater = _binary("assert_greater", ">", greater)
assert_greater_equal = _binary("assert_greater_equal", ">=", greater_equal)


@functools.wraps(_assert_equal)
def assert_equal(
    x: Any,
    y: Any,
    data: list | None = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    with op_scope(name, "assert_equal", [x, y]):
        if x is y:
            return no_op()
    return _assert_equal(x, y, data, summarize, message, name)  # in a second scope of the name, as TensorFlow has it


def _against_zero(name: str, sign: str, check_less: Callable[..., Operation], zero_first: bool) -> Callable:
    def check(
        x: Any,
        data: list | None = None,
        summarize: int | None = None,
        message: str | None = None,
        name: str | None = None,
    ) -> Operation:
        with op_scope(name, default, [x]):
            x = convert_to_tensor(x, name="x")
            if data is None:
                data = [_sentence(message), f"Condition x {sign} 0 did not hold element-wise:", f"x ({x.name}) = ", x]
            zero = convert_to_tensor(0, x.dtype)
            return check_less(*((zero, x) if zero_first else (x, zero)), data=data, summarize=summarize)

    default = name
    check.__name__ = check.__qualname__ = name
    check.__doc__ = f"An operation that raises InvalidArgumentError unless ``x {sign} 0`` holds for every element."
    return check


def _sentence(message: str | None) -> str:
    """A message before another one."""
    return f"{message}.  " if message else ""


assert_positive = _against_zero("assert_positive", ">", assert_less, zero_first=True)
assert_negative = _against_zero("assert_negative", "<", assert_less, zero_first=False)
assert_non_negative = _against_zero("assert_non_negative", ">=", assert_less_equal, zero_first=True)
assert_non_positive = _against_zero("assert_non_positive", "<=", assert_less_equal, zero_first=False)


def assert_near(
    x: Any,
    y: Any,
    rtol: Any = None,
    atol: Any = None,
    data: list | None = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """An operation that raises InvalidArgumentError unless ``|x - y| < atol + rtol * |y|`` for every element.

    Both tolerances are ten times the dtype's machine epsilon unless given.
    """
    with op_scope(name, "assert_near", [x, y]):
        x = convert_to_tensor(x, name="x")
        y = convert_to_tensor(y, x.dtype, name="y")
        loose = 10 * float(ml_dtypes.finfo(x.dtype.numpy).eps)
        rtol = convert_to_tensor(loose if rtol is None else rtol, x.dtype, name="rtol")
        atol = convert_to_tensor(loose if atol is None else atol, x.dtype, name="atol")
        if data is None:
            said = f"x and y not equal to tolerance rtol = {rtol}, atol = {atol}"
            data = [_sentence(message), said, f"x ({x.name}) = ", x, f"y ({y.name}) = ", y]
        bound = atol + rtol * abs_(y)
        return _checked(less(abs_(x - y), bound), data, summarize)


def _rank_check(
    x: Any,
    ranks: Sequence[Any],
    holds: Callable[[int, int], bool],
    compare: Callable[..., Tensor],
    told: str,
    data: list | None,
    summarize: int | None,
    message: str | None,
) -> Operation:
    """That the rank of `x` fits one of `ranks` by `holds` and `compare`; `told` is what it must be ("rank in ")."""
    x = convert_to_tensor(x, name="x")
    wanted = [convert_to_tensor(rank, name="rank") for rank in ranks]
    if data is None:
        data = [_sentence(message), f"Tensor {x.name} must have {told}".rstrip(), *wanted, "Received shape: ", shape(x)]
    for rank_tensor in wanted:
        assert_type(rank_tensor, dtypes.int32)
    known = [constant_value(rank_tensor) for rank_tensor in wanted]
    if any(value is not None and value.ndim for value in known):
        raise ValueError("Rank must be a scalar.")
    values = [int(value) for value in known if value is not None]
    if len(values) == len(known) and x.shape.ndims is not None:
        if not any(holds(x.shape.ndims, value) for value in values):
            listed = str(tuple(values)) if told.endswith("in ") else values[0]
            raise ValueError(
                f"{_sentence(message)}Tensor {x.name} must have {told}{listed}.  "
                f"Received rank {x.shape.ndims}, shape {x.shape}"
            )
        return no_op(name="static_checks_determined_all_ok")
    has = rank(x)
    return Assert(functools.reduce(logical_or, [compare(has, w) for w in wanted]), data, summarize=summarize)


def assert_rank(
    x: Any,
    rank: Any,
    data: list | None = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """An operation that raises unless `x` has the given rank; raises ValueError at once where the rank is known."""
    with op_scope(name, "assert_rank", [x]):
        return _rank_check(x, [rank], operator.eq, equal, "rank ", data, summarize, message)


def assert_rank_at_least(
    x: Any,
    rank: Any,
    data: list | None = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """An operation that raises unless `x` has at least the given rank; ValueError at once where the rank is known."""
    with op_scope(name, "assert_rank_at_least", [x]):
        return _rank_check(x, [rank], operator.ge, greater_equal, "rank at least ", data, summarize, message)


def assert_rank_in(
    x: Any,
    ranks: Sequence[Any],
    data: list | None = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """An operation that raises unless `x` has one of the `ranks`; raises ValueError at once where the rank is known."""
    with op_scope(name, "assert_rank_in", [x]):
        return _rank_check(x, ranks, operator.eq, equal, "rank in ", data, summarize, message)


def assert_scalar(tensor: Any, name: str | None = None, message: str | None = None) -> Tensor:
    """The tensor itself. Raises ValueError where its static shape is not that of a scalar."""
    tensor = convert_to_tensor(tensor)
    if tensor.shape.ndims != 0:
        raise ValueError(f"{message or ''}Expected scalar shape for {tensor.name}, saw shape: {tensor.shape}.")
    return tensor


def assert_type(tensor: Any, tf_type: Any, message: str | None = None, name: str | None = None) -> Operation:
    """A no-op. Raises TypeError where the tensor is not of the type."""
    with op_scope(name, "assert_type", [tensor]):
        tensor = convert_to_tensor(tensor)
        if tensor.dtype is not as_dtype(tf_type):
            raise TypeError(f"{message or ''}{tensor.name} must be of type {as_dtype(tf_type)!r}; got {tensor.dtype!r}")
        return no_op("statically_determined_correct_type")


def assert_integer(x: Any, message: str | None = None, name: str | None = None) -> Operation:
    """A no-op. Raises TypeError where the tensor is not of an integer type."""
    with op_scope(name, "assert_integer", [x]):
        x = convert_to_tensor(x, name="x")
        if not x.dtype.is_integer:
            raise TypeError(f"{message or ''}Expected x to be integer. But got {x.name} of dtype {x.dtype!r}")
        return no_op("statically_determined_was_integer")


def assert_same_float_dtype(tensors: Sequence[Any] | None = None, dtype: Any = None) -> DType:
    """The one float type of all `tensors`, which is `dtype` where that is given; float32 where there are neither.

    Raises ValueError where a tensor is of another type, or the type is not one of floats.
    """
    expected, first = None if dtype is None else as_dtype(dtype), None
    for tensor in tensors or ():
        if expected is not None and tensor.dtype.base_dtype is not expected:
            same = f"of the same type ({expected!s}){f' as {first.name}' if first is not None else ''}"
            raise ValueError(f"{tensor.name}, type={tensor.dtype.base_dtype!s}, must be {same}.")
        if expected is None:
            expected, first = tensor.dtype.base_dtype, tensor
    expected = dtypes.float32 if expected is None else expected
    if not expected.is_floating:
        raise ValueError(f"Expected floating point type, got {expected!s}.")
    return expected


def is_numeric_tensor(tensor: Any) -> bool:
    """Whether it is a tensor of numbers (booleans and strings are none)."""
    return isinstance(tensor, Tensor) and (
        tensor.dtype.is_floating or tensor.dtype.is_integer or tensor.dtype.is_complex
    )


def _ordered(x: Any, compare: Callable[..., Tensor], name: str | None, default: str) -> Tensor:
    with op_scope(name, default, [x]):
        flat = reshape(convert_to_tensor(x, name="x"), [-1])
        return reduce_all(compare(flat[:-1], flat[1:]))


def is_non_decreasing(x: Any, name: str | None = None) -> Tensor:
    """Whether no element (in row-major order) is smaller than the one before."""
    return _ordered(x, less_equal, name, "is_non_decreasing")


def is_strictly_increasing(x: Any, name: str | None = None) -> Tensor:
    """Whether every element (in row-major order) is larger than the one before."""
    return _ordered(x, less, name, "is_strictly_increasing")


def _ensured(k: Any, x: Any, shape: TensorShape) -> Any:
    if not shape.is_compatible_with(x.shape):
        message = f"Shape of tensor is {brackets(x.shape)}, which is not compatible with {brackets(shape)}"
        raise InvalidArgumentError(None, None, message)
    return x


EnsureShape = define(
    "EnsureShape",
    "input:T -> output:T",
    shape=lambda x, shape: x.shape.merge_with(shape),
    kernel=_ensured,
    grad=lambda op, g: g,
    view=True,
)


def ensure_shape(x: Any, shape: Any, name: str | None = None) -> Tensor:
    """`x`, of which `shape` is then known statically; the run raises InvalidArgumentError where it does not hold."""
    return EnsureShape(x, shape=as_shape(shape), name=name)


def assert_proper_iterable(values: Any) -> None:
    """Raises TypeError for what cannot be iterated over, and for a tensor, an array or a text, which can."""
    if is_tensor_like(values) or isinstance(values, (np.ndarray, str, bytes)):
        raise TypeError(f'Expected argument "values" to be a "proper" iterable.  Found: {type(values)}')
    if not hasattr(values, "__iter__"):
        raise TypeError(f'Expected argument "values" to be iterable.  Found: {type(values)}')


__all__ = [
    "assert_equal", "assert_greater", "assert_greater_equal", "assert_integer", "assert_less", "assert_less_equal",
    "assert_near", "assert_negative", "assert_non_negative", "assert_non_positive", "assert_none_equal",
    "assert_positive", "assert_proper_iterable", "assert_rank", "assert_rank_at_least", "assert_rank_in",
    "assert_same_float_dtype", "assert_scalar", "assert_type", "ensure_shape", "is_non_decreasing",
    "is_numeric_tensor", "is_strictly_increasing",
]  # fmt: skip
