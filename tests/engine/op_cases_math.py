"""Cases of engine/ops/arithmetic.py and engine/ops/math.py."""

import numpy as np
from op_cases import Case, distinct, normal, positive, rng

from scopeflow.engine.ops.math import SigmoidGrad, TanhGrad

MASK = np.array([[True, False, True], [False, True, True]])
INTS = np.array([[7, -7, 3], [-3, 5, -8]], np.int32)
DIVISORS = np.array([[2, 2, -2], [-2, 3, 3]], np.int32)
INSIDE = rng(1).uniform(-0.9, 0.9, (2, 3))


def unary(name, op, x, differentiable=True):
    return Case(name, (op,), lambda tf, t: getattr(tf, name)(t), (x,), differentiable)


def binary(name, op, x, y, differentiable=True):
    return Case(name, (op,), lambda tf, a, b: getattr(tf, name)(a, b), (x, y), differentiable)


SMOOTH = [
    ("negative", "Neg", normal(2, 3)),
    ("abs", "Abs", normal(2, 3)),
    ("square", "Square", normal(2, 3)),
    ("sqrt", "Sqrt", positive(2, 3)),
    ("rsqrt", "Rsqrt", positive(2, 3, seed=2)),
    ("reciprocal", "Reciprocal", positive(2, 3)),
    ("exp", "Exp", normal(2, 3)),
    ("expm1", "Expm1", normal(2, 3)),
    ("log", "Log", positive(2, 3)),
    ("log1p", "Log1p", positive(2, 3)),
    ("sin", "Sin", normal(2, 3)),
    ("cos", "Cos", normal(2, 3)),
    ("tan", "Tan", INSIDE),
    ("asin", "Asin", INSIDE),
    ("acos", "Acos", INSIDE),
    ("atan", "Atan", normal(2, 3)),
    ("sinh", "Sinh", normal(2, 3)),
    ("cosh", "Cosh", normal(2, 3)),
    ("tanh", "Tanh", normal(2, 3)),
    ("asinh", "Asinh", normal(2, 3)),
    ("acosh", "Acosh", 1 + positive(2, 3)),
    ("atanh", "Atanh", INSIDE),
    ("sigmoid", "Sigmoid", normal(2, 3)),
    ("erf", "Erf", normal(2, 3)),
    ("erfc", "Erfc", normal(2, 3)),
    ("erfinv", "Erfinv", INSIDE),
    ("lgamma", "Lgamma", positive(2, 3)),
    ("digamma", "Digamma", positive(2, 3)),
]

STEPS = [("floor", "Floor"), ("ceil", "Ceil"), ("round", "Round"), ("rint", "Rint")]
TESTS = [("is_nan", "IsNan"), ("is_inf", "IsInf"), ("is_finite", "IsFinite")]

TWO = [
    ("add", "AddV2", normal(2, 3), normal(3, seed=1)),
    ("subtract", "Sub", normal(2, 1), normal(1, 3, seed=1)),
    ("multiply", "Mul", normal(2, 3), normal(2, 3, seed=1)),
    ("realdiv", "RealDiv", normal(2, 3), positive(2, 1, seed=1)),
    ("floormod", "FloorMod", normal(2, 3) * 5, positive(3, seed=1)),
    ("truncatemod", "TruncateMod", normal(2, 3) * 5, positive(2, 3, seed=1)),
    ("pow", "Pow", positive(2, 3), normal(3, seed=1)),
    ("squared_difference", "SquaredDifference", normal(2, 3), normal(2, 1, seed=1)),
    ("maximum", "Maximum", distinct(2, 3), distinct(2, 3, seed=1) + 0.05),
    ("minimum", "Minimum", distinct(2, 3), distinct(3, seed=1) + 0.05),
    ("atan2", "Atan2", normal(2, 3), normal(3, seed=1)),
    ("div_no_nan", "DivNoNan", normal(2, 3), positive(3, seed=1)),
    ("multiply_no_nan", "MulNoNan", normal(2, 3), normal(2, 1, seed=1)),
    ("xlogy", "Xlogy", normal(2, 3), positive(3, seed=1)),
    ("xdivy", "Xdivy", normal(2, 3), positive(3, seed=1)),
    ("cross", "Cross", normal(2, 3), normal(2, 3, seed=1)),
]

COMPARISONS = [
    ("equal", "Equal"),
    ("not_equal", "NotEqual"),
    ("less", "Less"),
    ("less_equal", "LessEqual"),
    ("greater", "Greater"),
    ("greater_equal", "GreaterEqual"),
]

CASES = [
    *(unary(*row) for row in SMOOTH),
    *(unary(name, op, normal(2, 3) * 3, differentiable=False) for name, op in STEPS),
    *(unary(name, op, np.array([[1.0, np.nan], [np.inf, -np.inf]]), differentiable=False) for name, op in TESTS),
    *(binary(*row) for row in TWO),
    *(binary(name, op, INTS, DIVISORS[0], differentiable=False) for name, op in COMPARISONS),
    Case("sign_of_a_product", ("Sign",), lambda tf, x: tf.sign(x) * x, (normal(2, 3),)),
    Case("sigmoid_grad", ("SigmoidGrad",), lambda tf, y, dy: SigmoidGrad(y, dy), (positive(2, 3), normal(2, 3))),
    Case("tanh_grad", ("TanhGrad",), lambda tf, y, dy: TanhGrad(y, dy), (positive(2, 3), normal(2, 3))),
    Case("log_sigmoid", (), lambda tf, x: tf.log_sigmoid(x), (normal(2, 3),)),
    Case("polygamma", ("Polygamma",), lambda tf, x: tf.polygamma(tf.constant(2.0, tf.float64), x), (positive(2, 3),)),
    Case("floordiv_of_integers", ("FloorDiv",), lambda tf, x, y: x // y, (INTS, DIVISORS), False),
    Case("floordiv_of_floats", ("FloorDiv",), lambda tf, x, y: x // y, (normal(2, 3) * 9, positive(3)), False),
    Case("truncatediv_of_integers", ("TruncateDiv",), lambda tf, x, y: tf.truncatediv(x, y), (INTS, DIVISORS), False),
    Case("truncatediv_of_floats", ("TruncateDiv",), lambda tf, x: tf.truncatediv(x, 0.7), (normal(2, 3),), False),
    Case("truediv_of_integers", ("RealDiv",), lambda tf, x, y: x / y, (INTS, DIVISORS), False),
    Case("mod_of_integers", ("FloorMod",), lambda tf, x, y: x % y, (INTS, DIVISORS), False),
    Case("truncatemod_of_integers", ("TruncateMod",), lambda tf, x, y: tf.truncatemod(x, y), (INTS, DIVISORS), False),
    Case("pow_of_integers", ("Pow",), lambda tf, x: x**2, (INTS,), False),
    Case("pow_of_a_negative_base", ("Pow",), lambda tf, x: x**3.0, (-positive(2, 3),)),
    Case("logical_and", ("LogicalAnd",), lambda tf, x: tf.logical_and(x, x[0]), (MASK,), False),
    Case("logical_or", ("LogicalOr",), lambda tf, x: tf.logical_or(x, x[0]), (MASK,), False),
    Case("logical_not", ("LogicalNot",), lambda tf, x: tf.logical_not(x), (MASK,), False),
    Case("logical_xor", ("LogicalAnd",), lambda tf, x: tf.logical_xor(x, x[0]), (MASK,), False),
    Case(
        "clip_by_tensors",
        ("ClipByValue",),
        lambda tf, x, low: tf.saturate_cast(tf.clip_by_value(x, low, 0.3), tf.float64),
        (distinct(2, 3), np.array([-0.17, -0.13, -0.08])),
    ),
    Case(
        "clip_op_with_all_three_moving",
        ("ClipByValue",),
        lambda tf, x, low, high: _clip(x, low, high),
        (distinct(2, 3), np.float64(-0.12), np.array([0.08, 0.12, 0.13])),
    ),
    Case("where_by_elements", ("Select",), lambda tf, c, x, y: tf.where(c, x, y), (MASK, normal(2, 3), normal(2, 3))),
    Case(
        "where_by_rows",
        ("Select",),
        lambda tf, x, y: tf.where(tf.constant([True, False]), x, y),
        (normal(2, 3), normal(2, 3, seed=1)),
    ),
    Case(
        "where_by_a_scalar", ("Select",), lambda tf, x, y: tf.where(x[0, 0] < 9, x, y * x), (normal(2, 3), normal(2, 3))
    ),
    Case("where_broadcast", ("SelectV2",), lambda tf, c, x, y: tf.where_v2(c, x, y), (MASK, normal(2, 1), normal(3))),
    Case("where_is_true", ("Where",), lambda tf, c: tf.where(c), (MASK,), False),
    Case("add_n", ("AddN",), lambda tf, x, y, z: tf.add_n([x, y, z, x]), (normal(2, 3), normal(2, 3), normal(2, 3))),
    Case("accumulate_n_of_scalars", ("AddN",), lambda tf, x: tf.accumulate_n([x, x, x]), (np.float64(1.5),)),
    Case("check_numerics", ("CheckNumerics",), lambda tf, x: tf.check_numerics(x, "x") * x, (normal(2, 3),)),
    Case(
        "operators",
        ("AddV2", "Sub", "Mul", "RealDiv", "Pow", "FloorMod", "Neg", "Abs"),
        lambda tf, x, y: -(2.0 - x) * abs(y) / (x + 1) % 7.0 + 2.0**x - (1 / x) ** 2,
        (positive(2, 3), normal(3)),
    ),
]


def _clip(x, low, high):
    from scopeflow.engine.registry import get_op

    return get_op("ClipByValue")(x, low, high)
