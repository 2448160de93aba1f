"""Arithmetic, comparisons, choices and element-wise functions: values, types, names, refusals."""

import math

import ml_dtypes
import numpy as np
import pytest
import scipy.special
from hypothesis import given, settings
from hypothesis import strategies as st
from running import fed, run, same

import scopeflow as tf

pytestmark = pytest.mark.usefixtures("graph")

BFLOAT16 = ml_dtypes.bfloat16


# -- element-wise functions -----------------------------------------------------------------------------------------

X = np.random.default_rng(3).uniform(-3, 3, 50)
POSITIVE = np.abs(X) + 0.1
INSIDE = X / 3.5

FUNCTIONS = {
    "negative": (np.negative, X),
    "abs": (np.abs, X),
    "sign": (np.sign, X),
    "square": (np.square, X),
    "sqrt": (np.sqrt, POSITIVE),
    "rsqrt": (lambda x: 1 / np.sqrt(x), POSITIVE),
    "reciprocal": (lambda x: 1 / x, POSITIVE),
    "exp": (np.exp, X),
    "expm1": (np.expm1, X),
    "log": (np.log, POSITIVE),
    "log1p": (np.log1p, POSITIVE),
    "sin": (np.sin, X),
    "cos": (np.cos, X),
    "tan": (np.tan, INSIDE),
    "asin": (np.arcsin, INSIDE),
    "acos": (np.arccos, INSIDE),
    "atan": (np.arctan, X),
    "sinh": (np.sinh, X),
    "cosh": (np.cosh, X),
    "tanh": (np.tanh, X),
    "asinh": (np.arcsinh, X),
    "acosh": (np.arccosh, POSITIVE + 1),
    "atanh": (np.arctanh, INSIDE),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), X),
    "log_sigmoid": (lambda x: -np.log1p(np.exp(-x)), X),
    "erf": (np.vectorize(math.erf), X),
    "erfc": (np.vectorize(math.erfc), X),
    "erfinv": (scipy.special.erfinv, INSIDE),
    "lgamma": (np.vectorize(math.lgamma), POSITIVE),
    "digamma": (scipy.special.digamma, POSITIVE + 2),  # away from its zero at 1.46
    "floor": (np.floor, X),
    "ceil": (np.ceil, X),
    "round": (np.vectorize(lambda x: float(round(x))), X),
    "rint": (np.vectorize(lambda x: float(round(x))), X),
}
# The unit in the last place is 2**-10, 2**-7, 2**-23, 2**-52 of the value; a library function may be off by a few.
ROUNDING = {np.float16: 2e-3, BFLOAT16: 1.6e-2, np.float32: 1e-6, np.float64: 1e-14}


@pytest.mark.parametrize("dtype", ROUNDING, ids=lambda t: np.dtype(t).name)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_gives_its_value_in_the_dtype_of_its_argument(name, dtype):
    reference, x = FUNCTIONS[name]
    x = x.astype(dtype)
    found = fed(getattr(tf, name), x)
    wanted = reference(x.astype(np.float64))
    assert found.dtype == dtype
    error = np.abs(found.astype(np.float64) - wanted) / np.maximum(np.abs(wanted), 0.2)
    assert not (error > ROUNDING[dtype]).any() and not np.isnan(error).any(), error.max()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_takes_a_scalar_that_another_op_has_made(name):
    reference, x = FUNCTIONS[name]
    found = fed(lambda t: getattr(tf, name)(tf.reduce_max(t)), x)  # NumPy gives such results as scalars, not arrays
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, reference(x.max()), rtol=1e-13)


@pytest.mark.parametrize("dtype", [np.float16, BFLOAT16])
def test_half_floats_are_computed_in_float32_and_rounded_once(dtype):
    x = np.linspace(-8, 8, 333).astype(dtype)
    wide = x.astype(np.float32)
    same(fed(tf.sigmoid, x), (1 / (1 + np.exp(-wide))).astype(dtype))
    same(fed(tf.erf, x), scipy.special.erf(wide).astype(dtype))


def test_erf_of_many_float32_is_within_two_ulp_at_all_magnitudes():
    x = np.arange(0, 0x7F800000, 2003, dtype=np.uint32).view(np.float32)
    usual = np.linspace(0.01, 4.5, 1 << 20, dtype=np.float32)
    x = np.concatenate([x, -x, usual, np.float32([np.inf, -np.inf])])
    y, exact = fed(tf.erf, x), scipy.special.erf(x.astype(np.float64))
    assert y.dtype == np.float32
    assert not (abs(y - exact) > 2 * np.spacing(abs(exact).astype(np.float32)).astype(np.float64)).any()
    np.testing.assert_array_equal(abs(y[abs(x) > 4.25]), 1)
    assert not (abs(y) > 1).any()


def test_erf_of_many_float32_keeps_nan_and_the_signs_of_zeros():
    x = np.zeros((64, 64), np.float32)
    x[:, ::2] = -0.0
    x[3, 5] = np.nan
    y = fed(tf.erf, x)
    np.testing.assert_array_equal(np.isnan(y), np.isnan(x))
    assert not y[~np.isnan(x)].any()
    np.testing.assert_array_equal(np.signbit(y)[:3], np.signbit(x)[:3])
    same(fed(tf.erf, x[:, ::2].repeat(2, axis=0).T), x[:, ::2].repeat(2, axis=0).T)


def test_sigmoid_saturates_without_a_warning():
    same(fed(tf.sigmoid, np.float32([-1000, -100, 0, 100, 1000])), np.float32([0, 0, 0.5, 1, 1]))


def test_round_takes_a_half_to_the_even_neighbour_and_leaves_integers_alone():
    same(run(tf.round([0.5, 1.5, 2.5, -0.5, -1.5])), np.float32([0, 2, 2, 0, -2]))
    i = tf.constant([1, 2])
    assert tf.round(i) is i


@pytest.mark.parametrize("name", ["exp", "sqrt", "tanh", "erf"])
def test_functions_of_floats_refuse_integers(name):
    with pytest.raises(
        TypeError,
        match="parameter 'x' has DataType int32 not in list of allowed values: bfloat16, float16, float32, float64",
    ):
        getattr(tf, name)(tf.constant([1]))


# -- arithmetic -----------------------------------------------------------------------------------------------------

small = st.integers(-100, 100)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(small, small.filter(bool)), min_size=1, max_size=20))
def test_integer_quotients_are_pythons_or_cs(pairs):
    x, y = np.array(pairs, np.int32).T
    with tf.Graph().as_default():
        found = fed(lambda a, b: [a // b, a % b, tf.truncatediv(a, b), tf.truncatemod(a, b), a / b, tf.div(a, b)], x, y)
    floor = [a // b for a, b in pairs]
    same(found[0], np.int32(floor))
    same(found[1], np.int32([a % b for a, b in pairs]))
    same(found[2], np.int32([math.trunc(a / b) for a, b in pairs]))
    same(found[3], np.int32([math.fmod(a, b) for a, b in pairs]))
    same(found[4], np.float64([a / b for a, b in pairs]))
    same(found[5], np.int32(floor))


def test_remainders_of_floats_take_the_sign_that_their_name_says():
    x, y = np.float64([7.5, -7.5, 7.5, -7.5]), np.float64([2, 2, -2, -2])
    same(fed(tf.floormod, x, y), np.float64([1.5, 0.5, -0.5, -1.5]))
    same(fed(tf.truncatemod, x, y), np.float64([1.5, -1.5, 1.5, -1.5]))


def test_the_floor_of_a_quotient_of_floats_is_that_of_the_rounded_quotient():
    same(
        fed(lambda x, y: x // y, np.float64([6.0, 1.0, -1.0]), np.float64([0.1, 0.0, 0.0])),
        np.float64([60, np.inf, -np.inf]),
    )


@pytest.mark.parametrize("name", ["floordiv", "floormod", "truncatediv", "truncatemod", "div"])
def test_an_integer_divided_by_zero_is_refused(name):
    with pytest.raises(tf.errors.InvalidArgumentError, match="Integer division by zero"):
        fed(getattr(tf, name), np.int32([1, 2]), np.int32([1, 0]))


def test_a_constant_division_by_zero_is_refused_when_it_runs_not_when_it_is_built():
    x = tf.constant([1]) // 0
    with pytest.raises(tf.errors.InvalidArgumentError, match="Integer division by zero"):
        run(x)


@pytest.mark.parametrize(
    ("dtype", "result"),
    [(tf.int8, tf.float32), (tf.uint16, tf.float32), (tf.int32, tf.float64), (tf.int64, tf.float64)]
    + [(t, t) for t in (tf.float16, tf.bfloat16, tf.float32, tf.float64)],
)
def test_true_division_widens_integers(dtype, result):
    quotient = tf.truediv(tf.constant(3, dtype), 2)
    assert quotient.dtype is result
    assert float(run(quotient)) == 1.5


def test_division_of_booleans_and_of_two_dtypes_is_refused():
    with pytest.raises(TypeError, match="Invalid dtype"):
        tf.truediv(True, False)
    with pytest.raises(TypeError, match=r"`x` and `y` must have the same dtype, got tf.int32 != tf.int64."):
        tf.truediv(tf.constant([1]), tf.constant([1], tf.int64))
    with pytest.raises(
        TypeError, match=r"Input 'y' of 'AddV2' Op has type int32 that does not match type float32 of argument 'x'."
    ):
        tf.constant(1.0) + tf.constant(1)


def test_division_by_zero_can_be_made_harmless():
    x = np.float32([1, 0, np.inf, np.nan, 4])
    same(fed(tf.div_no_nan, x, np.float32([0, 0, 0, 0, 2])), np.float32([0, 0, 0, 0, 2]))
    same(fed(tf.multiply_no_nan, x, np.float32([0, 1, 0, 0, 2])), np.float32([0, 0, 0, 0, 8]))
    same(fed(tf.xlogy, np.float32([0, 0, 2]), np.float32([0, np.nan, 1])), np.float32([0, 0, 0]))
    same(fed(tf.xdivy, np.float32([0, 0, 3]), np.float32([0, np.inf, 2])), np.float32([0, 0, 1.5]))


def test_integers_to_negative_powers_are_refused():
    with pytest.raises(tf.errors.InvalidArgumentError, match="Integers to negative integer powers are not allowed"):
        fed(tf.pow, np.int32([2]), np.int32([-1]))


@pytest.mark.parametrize("dtype", [np.float16, BFLOAT16, np.float32, np.float64, np.int8, np.int32, np.int64, np.uint8])
def test_arithmetic_stays_in_its_dtype(dtype):
    x, y = np.array([1, 2, 3], dtype), np.array(2, dtype)
    found = fed(lambda a, b: [a + b, a - 1, 2 * a, a // b, a % b, a**2, tf.maximum(a, b), tf.add_n([a, a, a])], x, y)
    for value, wanted in zip(
        found, [[3, 4, 5], [0, 1, 2], [2, 4, 6], [0, 1, 1], [1, 0, 1], [1, 4, 9], [2, 2, 3], [3, 6, 9]], strict=True
    ):
        same(value, np.array(wanted, dtype))


def test_shapes_broadcast_as_far_as_they_are_known():
    a, b = tf.placeholder(tf.float32, [None, 3]), tf.placeholder(tf.float32, [5, 1, 1])
    assert (a + b).shape.as_list() == [5, None, 3]
    assert (a * tf.placeholder(tf.float32, [2, 1])).shape.as_list() == [2, 3]
    assert (a - tf.placeholder(tf.float32)).shape.ndims is None


def test_shapes_that_do_not_broadcast_are_refused_with_the_op_and_both_shapes():
    with pytest.raises(
        ValueError, match=r"Dimensions must be equal, but are 3 and 2 for 'sum' .*input shapes: \[2,3\], \[3,2\]"
    ):
        tf.add(tf.zeros([2, 3]), tf.zeros([3, 2]), name="sum")


# -- operators ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "name", "op"),
    [  # as TensorFlow 2.21 names them in graph mode
        (lambda x, b: x + 1, "add", "AddV2"),
        (lambda x, b: 1 - x, "sub", "Sub"),
        (lambda x, b: x * 2, "mul", "Mul"),
        (lambda x, b: x / 2, "truediv", "RealDiv"),
        (lambda x, b: x // 2, "floordiv", "FloorDiv"),
        (lambda x, b: x % 2, "mod", "FloorMod"),
        (lambda x, b: 2**x, "pow", "Pow"),
        (lambda x, b: x @ x, "matmul", "MatMul"),
        (lambda x, b: -x, "Neg", "Neg"),
        (lambda x, b: abs(x), "Abs", "Abs"),
        (lambda x, b: x < 1, "Less", "Less"),
        (lambda x, b: x > 1, "Greater", "Greater"),
        (lambda x, b: x >= 1, "GreaterEqual", "GreaterEqual"),
        (lambda x, b: b & b, "and", "LogicalAnd"),
        (lambda x, b: b | True, "or", "LogicalOr"),
        (lambda x, b: b ^ b, "xor", "LogicalAnd"),
        (lambda x, b: ~b, "LogicalNot", "LogicalNot"),
        (lambda x, b: np.ones([2, 2], np.float32) * x, "mul", "Mul"),
        (lambda x, b: np.ones([2, 2], np.float32) @ x, "matmul", "MatMul"),
    ],
)
def test_an_operator_adds_the_op_and_the_name_of_tensorflow(build, name, op):
    result = build(tf.placeholder(tf.float32, [2, 2]), tf.placeholder(tf.bool, [2, 2]))
    assert (result.op.name, result.op.type) == (name, op)


def test_operators_compute_what_numpy_computes():
    x, y = np.float32([[4.0, -3.5], [2.0, 0.5]]), np.float32([2.0, -1.5])
    found = fed(
        lambda a, b: [a + b, a - b, a * b, a / b, a % b, b**2, 1 - a, 3 / a, a @ a, -a, abs(a), a < b, a >= b], x, y
    )
    wanted = [x + y, x - y, x * y, x / y, x % y, y**2, 1 - x, 3 / x, x @ x, -x, abs(x), x < y, x >= y]
    for value, reference in zip(found, wanted, strict=True):
        np.testing.assert_allclose(value, reference, rtol=1e-6)
    b, c = np.array([True, False, True, False]), np.array([True, True, False, False])
    for value, reference in zip(
        fed(lambda p, q: [p & q, p | q, p ^ q, ~p], b, c), [b & c, b | c, b ^ c, ~b], strict=True
    ):
        same(value, reference)


def test_equality_of_tensors_is_identity_so_that_they_can_be_keys():
    x, y = tf.constant(1.0), tf.constant(1.0)
    assert (x == x) is True and (x == y) is False and (x != y) is True
    assert {x: 1}[x] == 1


# -- comparisons and choices ----------------------------------------------------------------------------------------


def test_comparisons_know_nan_and_strings():
    x = np.float32([1, np.nan, 2])
    found = fed(lambda a: [tf.equal(a, a), tf.not_equal(a, a), a < 2.0, a >= 2.0], x)
    assert [f.tolist() for f in found] == [[1, 0, 1], [0, 1, 0], [1, 0, 0], [0, 0, 1]]
    same(run(tf.equal(["a", "b"], "a")), np.array([True, False]))


def test_logic_takes_booleans_only():
    with pytest.raises(
        TypeError, match=r"Input 'x' of 'LogicalAnd' Op has type int32 that does not match expected type of bool."
    ):
        tf.logical_and(tf.constant([1]), tf.constant([1]))


def test_where_chooses_by_elements_by_rows_or_all_at_once():
    x, y = tf.constant([[1, 2], [3, 4]]), tf.constant([[5, 6], [7, 8]])
    found = run([tf.where([[True, False], [False, True]], x, y), tf.where([True, False], x, y), tf.where(False, x, y)])
    assert [f.tolist() for f in found] == [[[1, 6], [7, 4]], [[1, 2], [7, 8]], [[5, 6], [7, 8]]]


def test_where_refuses_shapes_that_only_broadcasting_would_fit():
    x = tf.zeros([2, 2])
    with pytest.raises(
        ValueError, match=r"Dimension 0 in both shapes must be equal, but are 1 and 2. Shapes are \[1\] and \[2\]."
    ):
        tf.where([True], x, x)
    with pytest.raises(
        ValueError, match=r"Dimension 0 in both shapes must be equal, but are 2 and 1. Shapes are \[2,2\] and \[1,1\]."
    ):
        tf.where([[True]], x, x)
    with pytest.raises(ValueError, match=r"x and y must both be non-None or both be None."):
        tf.where([True], x)
    c = tf.placeholder(tf.bool)
    with pytest.raises(tf.errors.InvalidArgumentError, match="The shapes of condition, 'then' and 'else' do not fit"):
        run(tf.where(c, x, x), {c: [[True]]})


def test_where_alone_gives_the_indices_of_what_is_true():
    found = tf.where(tf.constant([[True, False], [True, True]]))
    assert found.shape.as_list() == [None, 2] and found.dtype is tf.int64
    same(run(found), np.int64([[0, 0], [1, 0], [1, 1]]))
    same(run(tf.where([1.0, 0.0, np.nan])), np.int64([[0], [2]]))
    same(run(tf.where([False])), np.zeros([0, 1], np.int64))


def test_maximum_and_minimum_hand_nan_on():
    x, y = np.float32([np.nan, 1, 2]), np.float32([1, np.nan, 3])
    same(fed(tf.maximum, x, y), np.float32([np.nan, np.nan, 3]))
    same(fed(tf.minimum, x, y), np.float32([np.nan, np.nan, 2]))


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_where_two_are_equal_the_gradient_goes_to_the_first(name):
    x, y = tf.constant([1.0, 2.0]), tf.constant([1.0, 2.0])
    found = run(tf.gradients(getattr(tf, name)(x, y), [x, y]))
    assert [f.tolist() for f in found] == [[1, 1], [0, 0]]


def test_clipping_keeps_values_between_its_bounds():
    x = tf.constant([[-3.0, 0.5], [2.0, np.inf]])
    assert run(tf.clip_by_value(x, -1, [0.0, 1.0])).tolist() == [[-1.0, 0.5], [0.0, 1.0]]
    with pytest.raises(ValueError, match=r"Shapes \(2, 2\) and \(3, 2, 2\) are incompatible"):
        tf.clip_by_value(x, tf.zeros([3, 1, 1]), 3.0)


def test_gradients_at_the_edges_are_tensorflows():
    x = tf.constant([0.0, -1.0, 2.0])
    found = run(
        [
            tf.gradients(tf.pow(x, 1.0), x)[0],
            tf.gradients(tf.sqrt(x), x)[0],
            tf.gradients(tf.abs(x), x)[0],
            tf.gradients(tf.sign(x), x)[0],
            tf.gradients(tf.clip_by_value(x, 0.0, 2.0), x)[0],
            tf.gradients(tf.pow(2.0, x), x)[0],
        ]
    )
    wanted = [[1, 1, 1], [np.inf, np.nan, 0.5 / math.sqrt(2)], [0, -1, 1], [0, 0, 0], [1, 0, 1]]
    wanted.append([math.log(2), math.log(2) / 2, math.log(2) * 4])
    for value, reference in zip(found, wanted, strict=True):
        np.testing.assert_allclose(value, np.float32(reference), rtol=1e-6)


def test_the_gradient_of_a_power_does_not_reach_an_exponent_over_a_base_that_is_not_positive():
    x, y = tf.constant([-2.0, 0.0, 2.0]), tf.constant([2.0, 2.0, 2.0])
    slope = tf.gradients(tf.pow(x, y), y)[0]
    np.testing.assert_allclose(run(slope), [0, 0, 4 * math.log(2)], rtol=1e-6)
    np.testing.assert_allclose(run(tf.gradients(slope, x)[0]), [0, 0, 4 * math.log(2) + 2], rtol=1e-6)


def test_rounded_values_let_no_gradient_through():
    x = tf.constant([0.3])
    assert tf.gradients([tf.floor(x), tf.ceil(x), tf.round(x), tf.rint(x), x // 0.2], x) == [None]


# -- sums of many, checks, casts ------------------------------------------------------------------------------------


def test_a_sum_of_many_refuses_none_and_shapes_that_differ():
    x = tf.zeros([3])
    with pytest.raises(
        ValueError,
        match=r"Inputs must be an iterable of at least one Tensor/IndexedSlices with the same dtype and shape.",
    ):
        tf.add_n([])
    with pytest.raises(
        ValueError, match=r"are 3 and 1. Shapes are \[3\] and \[1\].\n\tFrom merging shape 0 with other shapes."
    ):
        tf.add_n([x, [1.0]])
    with pytest.raises(ValueError, match="Shapes must be equal rank, but are 1 and 2\n\tFrom merging shape 0"):
        tf.add_n([x, [[1.0]]])
    with pytest.raises(ValueError, match=r"Shapes \(3,\) and \(1,\) are not compatible"):
        tf.accumulate_n([x, [1.0]])
    v = tf.placeholder(tf.float32)
    with pytest.raises(tf.errors.InvalidArgumentError, match="must have the same size and shape"):
        run(tf.add_n([v, x]), {v: [1.0]})


def test_a_sum_of_one_is_that_one():
    x = tf.zeros([3])
    assert tf.add_n([x]) is x
    assert tf.add_n([x], name="named").op.type == "Identity"


def test_a_sum_of_many_leaves_its_terms_as_they_were():
    a, b, c = np.ones(4, np.float32), np.full(4, 2, np.float32), np.full(4, 3, np.float32)
    x, y, z = (tf.placeholder(tf.float32, [4]) for _ in range(3))
    same(run(tf.add_n([x, y, z, x]), {x: a, y: b, z: c}), np.full(4, 7, np.float32))
    same(a, np.ones(4, np.float32))


@pytest.mark.parametrize(
    ("values", "found"),
    [([np.nan, 1], "NaN"), ([np.inf, 1], "Inf"), ([-np.inf, 1], "Inf"), ([np.nan, np.inf], "Inf and NaN")],
)
def test_check_numerics_says_what_it_found_where_the_user_asked(values, found):
    checked = tf.check_numerics(tf.constant(np.float32(values)), "my message", name="check")
    with pytest.raises(tf.errors.InvalidArgumentError, match=f"my message : Tensor had {found} values") as caught:
        run(checked)
    assert "{{node check}}" in str(caught.value) and "test_math.py" in str(caught.value)


def test_check_numerics_lets_finite_values_pass_and_watches_the_gradient():
    x = tf.constant([0.0, 1.0])
    checked = tf.check_numerics(tf.sqrt(x), "forward")
    same(run(checked), np.float32([0, 1]))
    through = tf.check_numerics(x, "watched")
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"detected in gradient. watched : Tensor had Inf values"):
        run(tf.gradients(tf.sqrt(through), x))
    with pytest.raises(tf.errors.InvalidArgumentError, match="m : Tensor had NaN values"):
        run(tf.verify_tensor_all_finite(tf.constant([np.nan]), "m"))


def test_saturate_cast_stops_at_the_ends_of_the_range():  # values as TensorFlow 2.21 gives them
    cases = [
        ([-1e20, 300, 1e20], tf.float32, tf.int32, [-2147483648, 300, 2147483520]),
        ([-1, 300, 5], tf.int32, tf.uint8, [0, 255, 5]),
        ([1e300, -5.0], tf.float64, tf.float32, [3.4028235e38, -5.0]),
        ([-4, 5], tf.int32, tf.uint64, [0, 5]),
        ([7, -7], tf.int8, tf.int64, [7, -7]),
        ([70000, -1], tf.int32, tf.float16, [65504, -1]),
    ]
    for values, source, target, wanted in cases:
        found = run(tf.saturate_cast(tf.constant(values, source), target))
        same(found, np.array(wanted).astype(target.as_numpy_dtype))


def test_casts_by_name_give_their_dtype():
    x = tf.constant([1.7, -1.7])
    for name, dtype in [("to_float", tf.float32), ("to_double", tf.float64), ("to_bfloat16", tf.bfloat16)]:
        assert getattr(tf, name)(tf.constant([1])).dtype is dtype
    assert run([tf.to_int32(x), tf.to_int64(x)])[1].tolist() == [1, -1]
    assert tf.to_float(tf.constant([1])).op.name.startswith("ToFloat")


def test_cross_products_take_vectors_of_three():
    same(fed(tf.cross, np.float32([[1, 0, 0]]), np.float32([[0, 1, 0]])), np.float32([[0, 0, 1]]))
    with pytest.raises(ValueError, match="Dimension must be 3 but is 2"):
        tf.cross([1.0, 2.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="Shapes must be equal rank, but are 1 and 2"):
        tf.cross([1.0, 2.0, 3.0], [[1.0, 2.0, 3.0]])


def test_a_scalar_factor_must_be_a_scalar():
    with pytest.raises(ValueError, match=r"The input scalar must be a 0-D value. Received shape \(2,\)."):
        tf.scalar_mul([1.0, 2.0], tf.zeros([2]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "exponent", [-3, -2, -1, 0, 1, 2, 3, 4, 5, 11, 64, 1e10, -1e300, 0.7, -1.5, np.inf, -np.inf, np.nan]
)
def test_a_power_of_one_exponent_is_pythons_for_every_kind_of_base(exponent, dtype):
    """NumPy's slow way around negative bases is left where the exponent is whole."""
    bases = np.array([0, -0.0, 1, -1, 2.5, -2.5, 1e-20, -1e-20, 1e20, -1e20, 0.3, -0.3, np.inf, -np.inf, np.nan], dtype)
    with np.errstate(all="ignore"):
        exponent = dtype(exponent)
        expected = np.array([np.power(np.longdouble(x), np.longdouble(exponent)) for x in bases]).astype(dtype)
    with tf.Graph().as_default(), tf.Session() as session:
        many = session.run(tf.pow(tf.placeholder_with_default(np.tile(bases, 200), [None]), exponent))
        alone = [session.run(tf.pow(tf.placeholder_with_default(x, []), exponent)) for x in bases]
    assert many.tobytes() == np.tile(many[: len(bases)], 200).tobytes()
    for values in (many[: len(bases)], np.array(alone)):
        assert values.dtype == dtype
        np.testing.assert_array_equal(np.signbit(values[~np.isnan(values)]), np.signbit(expected[~np.isnan(values)]))
        np.testing.assert_allclose(values, expected, rtol=2 * np.finfo(dtype).eps)
