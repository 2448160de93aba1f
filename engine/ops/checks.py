"""Checks inside the graph: `assert_equal` and its kin, and `ensure_shape`.

What the graph alone decides is decided when it is built: a check that always holds is a no-op, one that never holds
raises at once. (Where TensorFlow guards each check by a cond of twenty operations, here it is one Assert.)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np

from ..build import convert_to_tensor
from ..dtypes import as_dtype
from ..errors import InvalidArgumentError
from ..graph import Operation, Tensor, op_scope
from ..registry import brackets, define
from ..shapes import TensorShape, as_shape
from ..static import constant_value
from .basic import no_op, rank, reshape, shape
from .control_flow import Assert
from .math import abs as abs_
from .math import equal, greater, greater_equal, less, less_equal, not_equal
from .reduce import reduce_all


def _checked(condition: Tensor, data: list[Any], summarize: int | None, told: Callable[[], str]) -> Operation:
    """An operation that raises unless all of `condition` is true; raises InvalidArgumentError now if it never is."""
    known = constant_value(condition)
    if known is None:
        return Assert(reduce_all(condition), data, summarize=summarize)
    if not np.all(known):
        raise InvalidArgumentError(None, None, told())
    return no_op()


def _text(tensor: Tensor) -> str:
    value = constant_value(tensor)
    return f"({tensor.name}) = \n{'?' if value is None else value}"


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
            prefix = message or ""
            said = f"Condition x {sign} y did not hold element-wise:"
            data = [prefix, said, f"x ({x.name}) = ", x, f"y ({y.name}) = ", y] if data is None else data
            if x is y and compare is equal:
                return no_op()
            return _checked(compare(x, y), data, summarize, lambda: f"{prefix}{said}\nx {_text(x)}\ny {_text(y)}")

    default = name
    check.__name__ = check.__qualname__ = name
    check.__doc__ = f"""An operation that raises InvalidArgumentError unless ``x {sign} y`` holds for every element.

    `data` (by default x and y) is told where it does not hold. Raises InvalidArgumentError at once where that is known.
    """
    return check


assert_equal = _binary("assert_equal", "==", equal)
assert_none_equal = _binary("assert_none_equal", "!=", not_equal)
assert_less = _binary("assert_less", "<", less)
assert_less_equal = _binary("assert_less_equal", "<=", less_equal)
assert_greater = _binary("assert_greater", ">", greater)
assert_greater_equal = _binary("assert_greater_equal", ">=", greater_equal)


def _against_zero(name: str, sign: str, compare: Callable[..., Tensor]) -> Callable[..., Operation]:
    def check(
        x: Any,
        data: list | None = None,
        summarize: int | None = None,
        message: str | None = None,
        name: str | None = None,
    ) -> Operation:
        with op_scope(name, default, [x]):
            x = convert_to_tensor(x, name="x")
            prefix = message or ""
            said = f"Condition x {sign} 0 did not hold element-wise:"
            data = [prefix, said, f"x ({x.name}) = ", x] if data is None else data
            zero = convert_to_tensor(0, x.dtype)
            return _checked(compare(x, zero), data, summarize, lambda: f"{prefix}{said}\nx {_text(x)}")

    default = name
    check.__name__ = check.__qualname__ = name
    check.__doc__ = f"An operation that raises InvalidArgumentError unless ``x {sign} 0`` holds for every element."
    return check


assert_positive = _against_zero("assert_positive", ">", greater)
assert_negative = _against_zero("assert_negative", "<", less)
assert_non_negative = _against_zero("assert_non_negative", ">=", greater_equal)
assert_non_positive = _against_zero("assert_non_positive", "<=", less_equal)


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
    """An operation that raises InvalidArgumentError unless ``|x - y| <= atol + rtol * |y|`` for every element.

    Both tolerances are ten times the dtype's machine epsilon unless given.
    """
    with op_scope(name, "assert_near", [x, y]):
        x = convert_to_tensor(x, name="x")
        y = convert_to_tensor(y, x.dtype, name="y")
        loose = 10 * float(ml_dtypes.finfo(x.dtype.numpy).eps)
        rtol = convert_to_tensor(loose if rtol is None else rtol, x.dtype, name="rtol")
        atol = convert_to_tensor(loose if atol is None else atol, x.dtype, name="atol")
        near = less_equal(abs_(x - y), atol + rtol * abs_(y))
        said = "x and y not equal to tolerance"
        data = [message or "", said, f"x ({x.name}) = ", x, f"y ({y.name}) = ", y] if data is None else data
        return _checked(near, data, summarize, lambda: f"{message or ''}{said}\nx {_text(x)}\ny {_text(y)}")


def _rank_check(
    x: Any, wanted: Any, compare: Callable[[int, int], bool], op: Callable[..., Tensor], how: str, message: str | None
) -> Operation:
    x = convert_to_tensor(x, name="x")
    wanted = convert_to_tensor(wanted, name="rank")
    known = constant_value(wanted)
    if known is not None and known.ndim != 0:
        raise ValueError(f"Rank must be a scalar, not of shape {known.shape}")
    if known is not None and x.shape.ndims is not None:
        if not compare(x.shape.ndims, int(known)):
            given = f"Received rank {x.shape.ndims}, shape {x.shape}"
            raise ValueError(f"{message or ''}Tensor {x.name} must have rank {how}{int(known)}.  {given}")
        return no_op(name="static_checks_determined_all_ok")
    told = [message or "", f"Tensor {x.name} must have rank {how}", wanted, "Received shape: ", shape(x)]
    return Assert(op(rank(x), wanted), told)


def assert_rank(
    x: Any, rank: Any, data: Any = None, summarize: Any = None, message: str | None = None, name: str | None = None
) -> Operation:
    """An operation that raises unless `x` has the given rank; raises ValueError at once where the rank is known."""
    with op_scope(name, "assert_rank", [x]):
        return _rank_check(x, rank, lambda a, b: a == b, equal, "", message)


def assert_rank_at_least(
    x: Any, rank: Any, data: Any = None, summarize: Any = None, message: str | None = None, name: str | None = None
) -> Operation:
    """An operation that raises unless `x` has at least the given rank; ValueError at once where the rank is known."""
    with op_scope(name, "assert_rank_at_least", [x]):
        return _rank_check(x, rank, lambda a, b: a >= b, greater_equal, "at least ", message)


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


__all__ = [
    "assert_equal", "assert_greater", "assert_greater_equal", "assert_integer", "assert_less", "assert_less_equal",
    "assert_near", "assert_negative", "assert_non_negative", "assert_non_positive", "assert_none_equal",
    "assert_positive", "assert_rank", "assert_rank_at_least", "assert_scalar", "assert_type", "ensure_shape",
    "is_non_decreasing", "is_numeric_tensor", "is_strictly_increasing",
]  # fmt: skip
