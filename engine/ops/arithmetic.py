"""Arithmetic, comparisons, logic, choices, sums of many; and the operators that tensors get from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...kernels.choosing import choose
from .. import dtypes
from ..build import convert_to_tensor, is_tensor_like
from ..dtypes import COMPLEX, FLOATS, INTEGERS, NUMBERS, DType, as_dtype, is_half
from ..errors import InvalidArgumentError
from ..graph import Operation, Tensor, op_scope
from ..indexed_slices import IndexedSlices
from ..registry import OpDef, Rule, brackets, broadcast_shape, define, get_op, not_differentiable, same_shape
from ..shapes import TensorShape, as_shape, broadcast_sizes
from ..sparse_tensor import also_of_sparse
from .basic import LARGE, PART, cast, identity, sum_like, zeros_like

REALS = FLOATS + INTEGERS
SIGNED = (*FLOATS, dtypes.int8, dtypes.int16, dtypes.int32, dtypes.int64)


# -- what the families share ----------------------------------------------------------------------------------------


def in_parts(compute: Rule) -> Rule:
    """The kernel `compute`, element by element, of which a CPU's threads take parts where arrays are large.

    That pays for functions that take many nanoseconds an element; most others take as long as their memory does.
    """

    def kernel(k: Any, *arrays: Any, **attrs: Any) -> Any:
        first = arrays[0]
        if first.size < LARGE or k.xp is not np:
            return compute(k, *arrays, **attrs)
        if any(array.shape != first.shape or not array.flags.c_contiguous for array in arrays):
            return compute(k, *arrays, **attrs)
        flat = [array.reshape(-1) for array in arrays]
        head = compute(k, *(array[:PART] for array in flat), **attrs)
        result = np.empty(first.size, head.dtype)
        result[:PART] = head

        def part(number: int) -> None:
            some = slice((number + 1) * PART, (number + 2) * PART)
            result[some] = compute(k, *(array[some] for array in flat), **attrs)

        k.share(-(-first.size // PART) - 1, part)
        return result.reshape(first.shape)

    return kernel


def in_float32(compute: Rule) -> Rule:
    """The kernel `compute`, which for float16 and bfloat16 works in float32 and rounds its one result at the end.

    Who knows that the arrays are of neither may call `compute` itself, the kernel's attribute `of_others`.
    """

    def kernel(k: Any, *arrays: Any, **attrs: Any) -> Any:
        dtype = arrays[0].dtype
        if dtype.itemsize != 2 or not is_half(dtype):
            return compute(k, *arrays, **attrs)
        return k.cast(compute(k, *(k.cast(a, np.float32) if a.dtype == dtype else a for a in arrays), **attrs), dtype)

    kernel.of_others = compute  # type: ignore[attr-defined]
    return kernel


def merge_shapes(x: TensorShape, y: TensorShape) -> TensorShape:
    """What two shapes that must be equal say together. Raises ValueError where they contradict each other."""
    if x.sizes is None or y.sizes is None:
        return y if x.sizes is None else x
    if len(x.sizes) != len(y.sizes):
        raise ValueError(f"Shapes must be equal rank, but are {len(x.sizes)} and {len(y.sizes)}")
    for axis, (a, b) in enumerate(zip(x.sizes, y.sizes, strict=True)):
        if None not in (a, b) and a != b:
            given = f"{brackets(x)} and {brackets(y)}"
            raise ValueError(f"Dimension {axis} in both shapes must be equal, but are {a} and {b}. Shapes are {given}.")
    return x.merge_with(y)


Conj: OpDef = define(
    "Conj",
    "input:T -> output:T",
    shape=same_shape,
    kernel=lambda k, x: k.xp.conj(x),
    grad=lambda op, g: Conj(g),
    types={"T": COMPLEX},
)


def _conjugated(tensors: Sequence[Any]) -> list:
    return [Conj(t) if isinstance(t, Tensor) and t.dtype.is_complex else t for t in tensors]


def holomorphic(rule: Rule) -> Rule:
    """The gradient of an op with a complex derivative, from the one that it has for real numbers.

    A gradient by a complex x is dL/d(real part) + i dL/d(imaginary part), as TensorFlow has it. Of y = f(x) with the
    derivative f' it is g conj(f'(x)): the conjugate of what the rule makes of conj(g).
    """

    def gradient(op: Operation, *grads: Any) -> Any:
        if not any(g is not None and g.dtype.is_complex for g in grads):
            return rule(op, *grads)
        found = rule(op, *_conjugated(grads))
        return _conjugated(found if isinstance(found, (list, tuple)) else [found])

    return gradient


def unary_op(type: str, kernel: Rule, grad: Rule, types: Sequence[DType] = FLOATS) -> OpDef:
    """Define an op of one tensor, element by element."""
    rule = holomorphic(grad) if COMPLEX[0] in types else grad
    return define(type, "x:T -> y:T", shape=same_shape, kernel=kernel, grad=rule, types={"T": types})


def binary_op(type: str, kernel: Rule, grad: Rule, types: Sequence[DType] = REALS) -> OpDef:
    """Define an op of two tensors, element by element with broadcasting."""
    rule = holomorphic(grad) if COMPLEX[0] in types else grad
    return define(type, "x:T, y:T -> z:T", shape=broadcast_shape, kernel=kernel, grad=rule, types={"T": types})


# -- arithmetic -----------------------------------------------------------------------------------------------------


def _of_both(op: Operation, to_x: Tensor, to_y: Tensor) -> list:
    """The gradients of both inputs from those of their broadcasts."""
    x, y = op.inputs
    return [sum_like(to_x, x, y), sum_like(to_y, y, x)]


AddV2 = binary_op("AddV2", lambda k, x, y: x + y, lambda op, g: _of_both(op, g, g), NUMBERS)

Sub = binary_op("Sub", lambda k, x, y: x - y, lambda op, g: _of_both(op, g, -g), NUMBERS)


def _mul_gradient(op: Operation, g: Any) -> list:
    x, y = op.inputs
    return _of_both(op, g * y, g * x)


Mul = binary_op("Mul", lambda k, x, y: x * y, _mul_gradient, NUMBERS)


def _division_gradient(op: Operation, g: Any) -> list:
    y = op.inputs[1]
    return _of_both(op, g / y, -g * (op.outputs[0] / y))


RealDiv = binary_op("RealDiv", lambda k, x, y: x / y, _division_gradient, (*FLOATS, *COMPLEX))


def _nonzero(k: Any, divisor: Any) -> Any:
    """The divisor, unless it is an integer zero somewhere: that raises InvalidArgumentError."""
    if divisor.dtype.kind in "iu" and not divisor.all():
        raise InvalidArgumentError(None, None, "Integer division by zero")
    return divisor


def _floor_div(k: Any, x: Any, y: Any) -> Any:
    # NumPy's floor_divide of floats goes by the remainder: it gives 59 for 6 / 0.1, where TensorFlow gives 60.
    return k.xp.floor(x / y) if x.dtype.kind in "fV" else x // _nonzero(k, y)


def _truncate_div(k: Any, x: Any, y: Any) -> Any:
    return k.xp.trunc(x / y) if x.dtype.kind in "fV" else (x - k.xp.fmod(x, _nonzero(k, y))) // y


FloorDiv = binary_op("FloorDiv", _floor_div, not_differentiable)
TruncateDiv = binary_op("TruncateDiv", _truncate_div, not_differentiable)


def _remainder_gradient(quotient: OpDef) -> Rule:
    """x mod y is x - y q(x, y), and q has no slope."""

    def gradient(op: Operation, g: Any) -> list:
        x, y = op.inputs
        return [sum_like(g, x), sum_like(-g * quotient(x, y), y)]

    return gradient


FloorMod = binary_op("FloorMod", lambda k, x, y: k.xp.mod(x, _nonzero(k, y)), _remainder_gradient(FloorDiv))
TruncateMod = binary_op("TruncateMod", lambda k, x, y: k.xp.fmod(x, _nonzero(k, y)), _remainder_gradient(TruncateDiv))

Neg = unary_op("Neg", lambda k, x: -x, lambda op, g: -g, (*SIGNED, *COMPLEX))
Abs = unary_op("Abs", lambda k, x: k.xp.abs(x), lambda op, g: g * sign(op.inputs[0]), SIGNED)
Sign = unary_op("Sign", lambda k, x: k.xp.sign(x), lambda op, g: zeros_like(g), SIGNED)


def add(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x + y, with broadcasting."""
    return AddV2(x, y, name=name or "Add")


def subtract(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x - y, with broadcasting."""
    return Sub(x, y, name=name)


def multiply(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x * y element by element, with broadcasting."""
    return Mul(x, y, name=name)


def scalar_mul(scalar: Any, x: Any, name: str | None = None) -> Any:
    """A scalar times a tensor. Raises ValueError where `scalar` has dimensions."""
    x = x if isinstance(x, IndexedSlices) else convert_to_tensor(x)
    scalar = convert_to_tensor(scalar, x.dtype, name="scalar")
    if scalar.shape.ndims not in (None, 0):
        raise ValueError(f"The input scalar must be a 0-D value. Received shape {scalar.shape}.")
    if isinstance(x, IndexedSlices):
        return IndexedSlices(Mul(scalar, x.values, name=name), x.indices, x.dense_shape)
    return Mul(scalar, x, name=name)


def realdiv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x / y of floats, with broadcasting."""
    return RealDiv(x, y, name=name)


def truediv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x / y as Python 3 has it: integers are divided in float64 (8 and 16 bits: float32). TypeError for booleans."""
    with op_scope(name, "truediv", [x, y]) as scope:
        x, y = _alike(x, y)
        if x.dtype is not y.dtype:
            raise TypeError(f"`x` and `y` must have the same dtype, got {x.dtype!r} != {y.dtype!r}.")
        if x.dtype.is_integer:
            wide = dtypes.float32 if x.dtype.size < 4 else dtypes.float64
            x, y = cast(x, wide), cast(y, wide)
        elif not (x.dtype.is_floating or x.dtype.is_complex):
            raise TypeError(f"Invalid dtype {x.dtype} in __truediv__.")
        return RealDiv(x, y, name=scope)


def _alike(x: Any, y: Any) -> tuple[Tensor, Tensor]:
    """Both as tensors; where one is a tensor and the other is not, that one's dtype is tried for both."""
    if is_tensor_like(y) and not is_tensor_like(x):
        y = convert_to_tensor(y, name="y")
        return convert_to_tensor(x, y.dtype, name="x"), y
    x = convert_to_tensor(x, name="x")
    return x, convert_to_tensor(y, preferred_dtype=x.dtype, name="y")


def divide(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x / y as Python 3 has it."""
    if name is None and not is_tensor_like(x):
        x = convert_to_tensor(x, y.dtype if is_tensor_like(y) else None)
    return truediv(x, y, name)


def div(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x / y as Python 2 had it: of integers, the floor."""
    with op_scope(name, "div", [x, y]) as scope:
        x = convert_to_tensor(x, name="x")
        y = convert_to_tensor(y, x.dtype, name="y")
        return (RealDiv if x.dtype.is_floating or x.dtype.is_complex else FloorDiv)(x, y, name=scope)


def floordiv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The floor of x / y. Integers divided by zero raise InvalidArgumentError."""
    return FloorDiv(x, y, name=name or "floordiv")


def floor_div(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The floor of x / y: `floordiv` under the name of its op."""
    return FloorDiv(x, y, name=name)


def truncatediv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x / y rounded towards zero, as C divides integers."""
    return TruncateDiv(x, y, name=name)


def floormod(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x - floor(x / y) * y: the remainder with the sign of y, as Python has it."""
    return FloorMod(x, y, name=name)


mod = floormod


def truncatemod(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The remainder with the sign of x, as C has it."""
    return TruncateMod(x, y, name=name)


@also_of_sparse
def negative(x: Any, name: str | None = None) -> Tensor:
    """-x."""
    return Neg(x, name=name)


@also_of_sparse
def abs(x: Any, name: str | None = None) -> Tensor:
    """The absolute value, of complex numbers too; its gradient at 0 is 0."""
    if x.dtype.is_complex if is_tensor_like(x) else np.iscomplexobj(x):
        with op_scope(name, "Abs", [x]) as scope:
            x = convert_to_tensor(x, name="x")
            return get_op("ComplexAbs")(x, Tout=x.dtype.real_dtype, name=scope)
    return Abs(x, name=name)


@also_of_sparse
def sign(x: Any, name: str | None = None) -> Tensor:
    """-1, 0 or 1; NaN stays NaN."""
    return Sign(x, name=name)


# -- comparisons and logic ------------------------------------------------------------------------------------------


def _comparison(type: str, kernel: Rule, types: Sequence[DType]) -> OpDef:
    return define(
        type, "x:T, y:T -> z:bool", shape=broadcast_shape, kernel=kernel, grad=not_differentiable, types={"T": types}
    )


_COMPARABLE = (*NUMBERS, dtypes.bool_, dtypes.string)

Equal = _comparison("Equal", lambda k, x, y: x == y, _COMPARABLE)
NotEqual = _comparison("NotEqual", lambda k, x, y: x != y, _COMPARABLE)
Less = _comparison("Less", lambda k, x, y: x < y, REALS)
LessEqual = _comparison("LessEqual", lambda k, x, y: x <= y, REALS)
Greater = _comparison("Greater", lambda k, x, y: x > y, REALS)
GreaterEqual = _comparison("GreaterEqual", lambda k, x, y: x >= y, REALS)


def _connective(type: str, kernel: Rule) -> OpDef:
    return define(type, "x:bool, y:bool -> z:bool", shape=broadcast_shape, kernel=kernel, grad=not_differentiable)


LogicalAnd = _connective("LogicalAnd", lambda k, x, y: x & y)
LogicalOr = _connective("LogicalOr", lambda k, x, y: x | y)
LogicalNot = define("LogicalNot", "x:bool -> y:bool", shape=same_shape, kernel=lambda k, x: ~x, grad=not_differentiable)


def equal(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Where x == y, element by element with broadcasting."""
    return Equal(x, y, name=name)


def not_equal(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Where x != y, element by element with broadcasting."""
    return NotEqual(x, y, name=name)


def less(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Where x < y, element by element with broadcasting."""
    return Less(x, y, name=name)


def less_equal(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Where x <= y, element by element with broadcasting."""
    return LessEqual(x, y, name=name)


def greater(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Where x > y, element by element with broadcasting."""
    return Greater(x, y, name=name)


def greater_equal(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Where x >= y, element by element with broadcasting."""
    return GreaterEqual(x, y, name=name)


def logical_and(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Both, of booleans, with broadcasting."""
    return LogicalAnd(x, y, name=name)


def logical_or(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Either or both, of booleans, with broadcasting."""
    return LogicalOr(x, y, name=name)


def logical_not(x: Any, name: str | None = None) -> Tensor:
    """The other truth value."""
    return LogicalNot(x, name=name)


def logical_xor(x: Any, y: Any, name: str = "LogicalXor") -> Tensor:
    """One but not both, of booleans, with broadcasting."""
    return logical_and(logical_or(x, y), logical_not(logical_and(x, y)), name=name)


# -- the larger, the smaller, and what lies between -----------------------------------------------------------------


def _choice_gradient(wins: Callable[[Any, Any], Tensor]) -> Rule:
    """The gradient of `maximum` and `minimum`: to x where x wins (ties included), else to y."""

    def gradient(op: Operation, g: Any) -> list:
        x, y = op.inputs
        chosen = wins(x, y)
        return [sum_like(SelectV2(chosen, g, 0), x), sum_like(SelectV2(chosen, 0, g), y)]

    return gradient


Maximum = binary_op("Maximum", lambda k, x, y: k.xp.maximum(x, y), _choice_gradient(greater_equal))
Minimum = binary_op("Minimum", lambda k, x, y: k.xp.minimum(x, y), _choice_gradient(less_equal))


def _clip_gradient(op: Operation, g: Any) -> list:
    x, low, high = op.inputs
    under, over = less(x, low), greater(x, high)
    return [
        SelectV2(logical_or(under, over), 0, g),
        sum_like(SelectV2(under, g, 0), low),
        sum_like(SelectV2(over, g, 0), high),
    ]


ClipByValue = define(
    "ClipByValue",
    "t:T, clip_value_min:T, clip_value_max:T -> output:T",
    shape=same_shape,
    kernel=lambda k, x, low, high: k.xp.minimum(k.xp.maximum(x, low), high),
    grad=_clip_gradient,
    types={"T": REALS},
)


def maximum(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The larger of x and y, with broadcasting. Where they are equal the gradient goes to x."""
    return Maximum(x, y, name=name)


def minimum(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The smaller of x and y, with broadcasting. Where they are equal the gradient goes to x."""
    return Minimum(x, y, name=name)


# -- choosing -------------------------------------------------------------------------------------------------------


def _select_shape(condition: Tensor, t: Tensor, e: Tensor) -> TensorShape:
    shape = merge_shapes(t.shape, e.shape)
    ndims = condition.shape.ndims
    if ndims in (None, 0) or shape.ndims is None:
        return shape
    if ndims == 1 and shape.ndims > 1:
        merge_shapes(condition.shape, TensorShape(shape.sizes[:1]))  # type: ignore[index]
        return shape
    return merge_shapes(shape, condition.shape)


def _select(k: Any, condition: Any, t: Any, e: Any) -> Any:
    if t.shape != e.shape or condition.shape not in ((), t.shape, t.shape[:1]):
        shapes = f"{condition.shape}, {t.shape} and {e.shape}"
        raise InvalidArgumentError(None, None, f"The shapes of condition, 'then' and 'else' do not fit: {shapes}")
    if condition.ndim == 1 and t.ndim > 1:
        condition = condition.reshape((-1,) + (1,) * (t.ndim - 1))
    return choose(k.xp, condition, t, e)


Select: OpDef = define(
    "Select",
    "condition:bool, t:T, e:T -> output:T",
    shape=_select_shape,
    kernel=_select,
    grad=lambda op, g: [None, Select(op.inputs[0], g, zeros_like(g)), Select(op.inputs[0], zeros_like(g), g)],
)


def _broadcast_of_all(*inputs: Tensor) -> TensorShape:
    shape = TensorShape([])
    for t in inputs:
        shape = broadcast_sizes(shape, t.shape)
    return shape


SelectV2: OpDef = define(
    "SelectV2",
    "condition:bool, t:T, e:T -> output:T",
    shape=_broadcast_of_all,
    kernel=lambda k, condition, t, e: choose(k.xp, condition, t, e),
    grad=lambda op, g: [
        None,
        sum_like(SelectV2(op.inputs[0], g, 0), op.inputs[1]),
        sum_like(SelectV2(op.inputs[0], 0, g), op.inputs[2]),
    ],
)


def _indices_of_true(k: Any, condition: Any) -> Any:
    if condition.ndim == 0:
        raise InvalidArgumentError(None, None, "WhereOp : Unhandled input dimensions: 0")
    return k.cast(k.xp.argwhere(condition), np.int64)


Where = define(
    "Where",
    "input:T -> index:int64",
    shape=lambda x: [None, x.shape.ndims],
    kernel=_indices_of_true,
    grad=not_differentiable,
)


def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Tensor:
    """`x` where the condition holds and `y` elsewhere; without both, the indices of what is true.

    x and y have one shape; the condition has that shape too, or is a scalar, or a vector that chooses whole rows.
    The indices are int64 [number true, rank], in row-major order. Raises ValueError where one of x and y is missing.
    """
    if x is None and y is None:
        with op_scope(name, "Where", [condition]) as scope:
            return Where(convert_to_tensor(condition, preferred_dtype=dtypes.bool_, name="condition"), name=scope)
    if x is None or y is None:
        raise ValueError("x and y must both be non-None or both be None.")
    return Select(condition, x, y, name=name)


def where_v2(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Tensor:
    """`where`, whose condition, x and y all broadcast to one shape."""
    if x is None and y is None:
        return where(condition, name=name)
    if x is None or y is None:
        raise ValueError("x and y must both be non-None or both be None.")
    return SelectV2(condition, x, y, name=name)


# -- sums of many ---------------------------------------------------------------------------------------------------


def _merged_from_the_last(*inputs: Tensor) -> TensorShape:
    shape = inputs[-1].shape
    for i in reversed(range(len(inputs) - 1)):
        try:
            shape = merge_shapes(inputs[i].shape, shape)
        except ValueError as error:
            raise ValueError(f"{error}\n\tFrom merging shape {i} with other shapes.") from None
    return shape


def _add_all(k: Any, *arrays: Any) -> Any:
    if any(a.shape != arrays[0].shape for a in arrays):
        shapes = " and ".join(str(a.shape) for a in arrays)
        raise InvalidArgumentError(None, None, f"Inputs to operation AddN must have the same size and shape: {shapes}")
    if len(arrays) == 1:
        return arrays[0].copy()
    total = arrays[0] + arrays[1]
    for a in arrays[2:]:
        total += a
    return total


AddN = define(
    "AddN",
    "inputs:T* -> sum:T",
    shape=_merged_from_the_last,
    kernel=_add_all,
    grad=lambda op, g: [g] * len(op.inputs),
    types={"T": NUMBERS},
)


def add_n(inputs: Sequence[Any], name: str | None = None) -> Tensor:
    """The sum of tensors of one shape and dtype. Raises ValueError for none at all, or for shapes that differ."""
    tensors = [convert_to_tensor(t) for t in inputs]
    if not tensors:
        raise ValueError(
            "Inputs must be an iterable of at least one Tensor/IndexedSlices with the same dtype and shape."
        )
    if len(tensors) == 1:
        return tensors[0] if name is None else identity(tensors[0], name=name)
    return AddN(*tensors, name=name)


def accumulate_n(inputs: Sequence[Any], shape: Any = None, tensor_dtype: Any = None, name: str | None = None) -> Tensor:
    """The sum of tensors of one shape and dtype, which may be told. Raises TypeError, ValueError where they differ."""
    tensors = [convert_to_tensor(t) for t in inputs]
    if not tensors or len({t.dtype for t in tensors}) > 1:
        raise ValueError("inputs must be a list of at least one Tensor with the same dtype and shape")
    if tensor_dtype is not None and tensors[0].dtype is not as_dtype(tensor_dtype):
        raise TypeError(f"tensor_dtype is {as_dtype(tensor_dtype)!r}, but input is of type {tensors[0].dtype!r}")
    merged = as_shape(shape)
    for t in tensors:
        merged = merged.merge_with(t.shape)
    return add_n(tensors, name)


# -- operators ------------------------------------------------------------------------------------------------------


def install_operator(method: str, function: Callable[..., Any]) -> None:
    """Make `function` a special method of `Tensor` ("__add__")."""
    setattr(Tensor, method, function)


def install_binary_operator(method: str, function: Callable[..., Any], name: str | None) -> None:
    """Make ``function(x, y, name=name)`` an operator of `Tensor`, and its reflection ("add": __add__, __radd__)."""
    install_operator(f"__{method}__", lambda x, y: function(x, y, name=name))
    install_operator(f"__r{method}__", lambda y, x: function(x, y, name=name))


for _method, _function, _name in (
    ("add", AddV2, "add"),
    ("sub", Sub, "sub"),
    ("mul", Mul, "mul"),
    ("truediv", truediv, "truediv"),
    ("floordiv", FloorDiv, "floordiv"),
    ("mod", FloorMod, "mod"),
    ("and", LogicalAnd, "and"),
    ("or", LogicalOr, "or"),
):
    install_binary_operator(_method, _function, _name)


def _xor(x: Any, y: Any, name: str) -> Tensor:
    with op_scope(None, name, [x, y]) as scope:
        return logical_xor(x, y, name=scope)


install_binary_operator("xor", _xor, "xor")
for _method, _function in (
    ("__neg__", Neg),
    ("__invert__", LogicalNot),
    ("__lt__", Less),
    ("__le__", LessEqual),
    ("__gt__", Greater),
    ("__ge__", GreaterEqual),
):
    install_operator(_method, lambda *operands, _op=_function: _op(*operands))
install_operator("__abs__", lambda x: abs(x))


__all__ = [
    "abs", "accumulate_n", "add", "add_n", "div", "divide", "equal", "floor_div", "floordiv",
    "floormod", "greater", "greater_equal", "less", "less_equal", "logical_and", "logical_not", "logical_or",
    "logical_xor", "maximum", "minimum", "mod", "multiply", "negative", "not_equal", "realdiv", "scalar_mul", "sign",
    "subtract", "truediv", "truncatediv", "truncatemod", "where", "where_v2",
]  # fmt: skip
