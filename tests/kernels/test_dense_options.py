"""What products and convolutions take beside their operands: bias, activation, out, precision, groups, layouts."""

import inspect
import math

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_golden import BFLOAT16, DTYPES, close, same_bits
from test_dense_kernels import explicit, normals, places

import scopeflow as tf
from scopeflow import kernels
from scopeflow.kernels import naive

ACTIVATIONS = {  # of a Python float
    None: lambda v: v,
    "relu": lambda v: max(v, 0.0),
    "relu6": lambda v: min(max(v, 0.0), 6.0),
    "leaky_relu": lambda v: v if v > 0 else 0.2 * v,
    "elu": lambda v: v if v > 0 else math.expm1(v),
    "tanh": math.tanh,
    "sigmoid": lambda v: 1 / (1 + math.exp(-v)) if v > 0 else math.exp(v) / (1 + math.exp(v)),
}

RNG = np.random.default_rng(0)
X, W, DEPTHWISE_W = (
    RNG.standard_normal((2, 5, 6, 3)),
    RNG.standard_normal((3, 2, 3, 4)),
    RNG.standard_normal((3, 2, 3, 2)),
)
DY, DEPTHWISE_DY = RNG.standard_normal((2, 5, 6, 4)), RNG.standard_normal((2, 5, 6, 6))
CALLS = {  # the functions on operands of shapes that fit
    "matmul": (X, RNG.standard_normal((2, 5, 3, 4))),
    "conv2d": (X, W),
    "conv2d_input_grad": (X.shape, W, DY),
    "conv2d_filter_grad": (X, W.shape, DY),
    "depthwise_conv2d": (X, DEPTHWISE_W),
    "depthwise_conv2d_input_grad": (X.shape, DEPTHWISE_W, DEPTHWISE_DY),
    "depthwise_conv2d_filter_grad": (X, DEPTHWISE_W.shape, DEPTHWISE_DY),
}
FORWARD = ("matmul", "conv2d", "depthwise_conv2d")
IMAGES = {  # which of the arguments and results are images or their shapes
    "conv2d": ((0,), True),
    "conv2d_input_grad": ((0, 2), True),
    "conv2d_filter_grad": ((0, 2), False),
    "depthwise_conv2d": ((0,), True),
    "depthwise_conv2d_input_grad": ((0, 2), True),
    "depthwise_conv2d_filter_grad": ((0, 2), False),
}


def operands(name, dtype=np.float64):
    return [part.astype(dtype) if isinstance(part, np.ndarray) else part for part in CALLS[name]]


def call(name, arguments, **options):
    return getattr(kernels, name)(*arguments, **options)


def finished(y, bias, activation):
    """activation(y + bias) in float64, element by element in Python."""
    y = y.astype(np.float64) + (0 if bias is None else bias.astype(np.float64))
    return np.array([ACTIVATIONS[activation](v) for v in y.ravel().tolist()]).reshape(y.shape)


# --- Bias and activation ----------------------------------------------------------------------------------------------

UNIT = {"float32": 2.0**-24, "float64": 2.0**-53, "float16": 2.0**-11, "bfloat16": 2.0**-8}


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FORWARD)
def test_a_result_is_finished_with_bias_and_activation(name, dtype, activation):
    arguments = operands(name, DTYPES[dtype])
    wide = [part.astype(np.float64) for part in arguments]
    plain = call(name, wide)
    bias = np.linspace(-2, 2, plain.shape[-1]).astype(DTYPES[dtype])
    for given_bias in (None, bias):
        expected = finished(plain, given_bias, activation)
        got = call(name, arguments, bias=given_bias, activation=activation)
        assert got.dtype == DTYPES[dtype]
        assert np.ptp(expected) > 0.5
        tolerance = UNIT[dtype] * (20 if dtype in ("float32", "float64") else 1.1)
        close(got.astype(np.float64), expected, tolerance)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations_at_the_ends_of_their_range_and_of_what_is_no_number(activation, dtype):
    ends = [0.0, -0.0, 1e-4, -1e-4, 6.0, 7.0, 30.0, -30.0, 1e4, -1e4, math.inf, -math.inf]
    values = np.array([[*ends, math.nan]], DTYPES[dtype])
    one = np.ones((1, 1), DTYPES[dtype])
    *got, nothing = kernels.matmul(values.T.copy(), one, activation=activation)[:, 0].astype(np.float64)
    assert np.isnan(nothing)
    least = float(ml_dtypes.finfo(DTYPES[dtype]).smallest_subnormal)
    for value, expected in zip(got, finished(values[0, :-1], None, activation), strict=True):
        assert value == expected or abs(value - expected) <= 4 * UNIT[dtype] * abs(expected) + least


@pytest.mark.parametrize("dtype", ("float16", "bfloat16"))
def test_16_bits_are_rounded_once_after_bias_activation_and_what_out_held(dtype):
    narrow = DTYPES[dtype]
    top = 1 / UNIT[dtype]  # above it, odd numbers have no place in the dtype
    a, b = np.array([[top, 1.0]], narrow), np.ones((2, 1), narrow)
    bias = np.array([-top], narrow)
    assert kernels.matmul(a, b).item() == top  # top + 1 is rounded
    assert kernels.matmul(a, b, bias=bias).item() == 1
    out = np.array([[-top]], narrow)
    assert kernels.matmul(a, b, out=out, accumulate=True).item() == 1
    image, filters = a.reshape(1, 1, 1, 2), b.reshape(1, 1, 2, 1)
    assert kernels.conv2d(image, filters, bias=bias).item() == 1
    assert kernels.conv2d(image, filters, bias=bias, activation="leaky_relu").item() == 1


def test_integers_have_products_with_a_bias_and_no_activation():
    a, bias = np.arange(6, dtype=np.int32).reshape(2, 3), np.array([10, 20], np.int32)
    np.testing.assert_array_equal(kernels.matmul(a, a, False, True, bias=bias), [[15, 34], [24, 70]])
    with pytest.raises(TypeError, match="matmul: activation='relu' needs floats, not int32"):
        kernels.matmul(a, a, False, True, activation="relu")


# --- out --------------------------------------------------------------------------------------------------------------

OUTS = {
    "contiguous": lambda shape, dtype: np.full(shape, 7, dtype),
    "transposed": lambda shape, dtype: np.full(shape[::-1], 7, dtype).T,
    "strided": lambda shape, dtype: np.full((*shape[:-1], 2 * shape[-1]), 7, dtype)[..., ::2],
    "reversed": lambda shape, dtype: np.full(shape, 7, dtype)[::-1, ..., ::-1],
}


@pytest.mark.parametrize("layout", OUTS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CALLS)
def test_out_of_any_layout_takes_the_same_bits_and_is_returned(name, dtype, layout):
    arguments = operands(name, DTYPES[dtype])
    expected = call(name, arguments)
    out = OUTS[layout](expected.shape, DTYPES[dtype])
    assert call(name, arguments, out=out) is out
    same_bits(np.ascontiguousarray(out), expected)


@pytest.mark.parametrize("name", CALLS)
def test_nothing_beside_out_is_written(name):
    arguments = operands(name)
    expected = call(name, arguments)
    base = np.full((*expected.shape[:-1], 2 * expected.shape[-1] + 1), 7.0)
    call(name, arguments, out=base[..., 1::2])
    np.testing.assert_array_equal(base[..., 1::2], expected)
    assert np.all(base[..., ::2] == 7)


@pytest.mark.parametrize("name", CALLS)
def test_out_that_overlaps_an_operand_is_refused_and_what_lies_between_its_elements_is_not(name):
    arguments = operands(name)
    expected = call(name, arguments)
    memory = np.zeros(expected.size + max(part.size for part in arguments if isinstance(part, np.ndarray)))
    out = memory[: expected.size].reshape(expected.shape)
    for i, part in enumerate(arguments):
        if not isinstance(part, np.ndarray):
            continue
        within = memory[expected.size - 1 :][: part.size].reshape(part.shape)  # shares one element
        within[...] = part
        overlapping = [*arguments[:i], within, *arguments[i + 1 :]]
        argument = list(inspect.signature(getattr(kernels, name)).parameters)[i]
        with pytest.raises(ValueError, match=rf"{name}: out .* and {argument} .* overlap in memory"):
            call(name, overlapping, out=out)
        both = np.zeros((max(expected.size, part.size), 2))
        beside, interleaved = both[: part.size, 0].reshape(part.shape), both[: expected.size, 1].reshape(expected.shape)
        beside[...] = part
        assert np.may_share_memory(beside, interleaved)
        strided = [*arguments[:i], beside, *arguments[i + 1 :]]  # summed in an order of its own by some of NumPy's
        alone = call(name, strided)
        np.testing.assert_array_equal(call(name, strided, out=interleaved), alone)
        np.testing.assert_allclose(alone, expected, rtol=1e-12, atol=1e-13)


def test_out_that_overlaps_the_bias_is_refused():
    memory = np.zeros(5)
    with pytest.raises(ValueError, match=r"out \(shape \(2, 2\)\) and bias \(shape \(2,\)\) overlap"):
        kernels.matmul(np.ones((2, 3)), np.ones((3, 2)), bias=memory[3:], out=memory[:4].reshape(2, 2))


@pytest.mark.parametrize("dtype", DTYPES)
def test_accumulate_adds_to_what_out_holds_before_the_activation(dtype):
    a, b = operands("matmul", DTYPES[dtype])
    held = np.round(RNG.standard_normal((2, 5, 6, 4)), 1).astype(DTYPES[dtype])
    bias = np.array([1, -1, 2, 0], DTYPES[dtype])
    wide = [part.astype(np.float64) for part in (a, b, held)]
    for layout in OUTS:
        out = OUTS[layout](held.shape, DTYPES[dtype])
        out[...] = held
        assert kernels.matmul(a, b, bias=bias, activation="relu", out=out, accumulate=True) is out
        expected = np.maximum(np.matmul(wide[0], wide[1]) + wide[2] + bias.astype(np.float64), 0)
        close(np.ascontiguousarray(out).astype(np.float64), expected, 20 * UNIT[dtype])


# --- Groups -----------------------------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(places(), st.integers(0, 2), st.integers(1, 3), st.integers(1, 3), st.integers(1, 2), st.booleans())
def test_groups_are_the_naive_loops_and_the_convolutions_of_their_parts(place, batch, groups, depth, of_group, biased):
    size, window, strides, padding, dilations = place
    rng = np.random.default_rng(0)
    x, w = normals(rng, batch, *size, groups * depth), normals(rng, *window, depth, groups * of_group)
    at, naive_at = (
        (strides, padding, dilations),
        (strides, explicit(padding, size, window, strides, dilations), dilations),
    )
    bias = normals(rng, groups * of_group) if biased else None
    y = kernels.conv2d(x, w, *at, bias=bias)
    close(y, naive.conv2d(x, w, *naive_at) + (bias if biased else 0), 1e-13)
    parts = zip(np.split(x, groups, 3), np.split(w, groups, 3), strict=True)
    alone = np.concatenate([kernels.conv2d(part, own, *at) for part, own in parts], 3)
    close(y, alone + (bias if biased else 0), 1e-13)
    dy = normals(rng, *y.shape)
    close(kernels.conv2d_input_grad(x.shape, w, dy, *at), naive.conv2d_input_grad(x.shape, w, dy, *naive_at), 1e-13)
    close(kernels.conv2d_filter_grad(x, w.shape, dy, *at), naive.conv2d_filter_grad(x, w.shape, dy, *naive_at), 1e-13)


@pytest.mark.parametrize("dtype", DTYPES)
def test_as_many_groups_as_channels_are_a_depthwise_convolution(dtype):
    x, w = X.astype(DTYPES[dtype]), DEPTHWISE_W.astype(DTYPES[dtype])
    as_groups = w.reshape(3, 2, 1, 6)
    for activation in (None, "relu"):
        bias = np.arange(6).astype(DTYPES[dtype])
        options = {"bias": bias, "activation": activation}
        expected = kernels.depthwise_conv2d(x, w, **options).astype(np.float64)
        close(kernels.conv2d(x, as_groups, **options).astype(np.float64), expected, 8 * UNIT[dtype])


# --- Layouts ----------------------------------------------------------------------------------------------------------


def channels_first(part):
    return (
        np.ascontiguousarray(np.moveaxis(part, 3, 1))
        if isinstance(part, np.ndarray)
        else (part[0], part[3], *part[1:3])
    )


@pytest.mark.parametrize("name", IMAGES)
def test_nchw_gives_what_nhwc_gives(name):
    images, result_is_image = IMAGES[name]
    arguments = operands(name)
    place = ((2, 1), ((1, 0), (2, 1)), (1, 2))
    forward = name.replace("_input_grad", "").replace("_filter_grad", "")
    if name != forward:
        w_shape = arguments[1] if isinstance(arguments[1], tuple) else arguments[1].shape
        arguments[2] = RNG.standard_normal(call(forward, (X, np.zeros(w_shape)), strides=place[0], padding=place[1],
                                                dilations=place[2]).shape)  # fmt: skip
    at = dict(zip(("strides", "padding", "dilations"), place, strict=True))
    expected = call(name, arguments, **at)
    turned = [channels_first(part) if i in images else part for i, part in enumerate(arguments)]
    got = call(name, turned, data_format="NCHW", **at)
    np.testing.assert_array_equal(got, channels_first(expected) if result_is_image else expected)
    out = np.empty(got.shape)
    assert call(name, turned, data_format="NCHW", out=out, **at) is out
    np.testing.assert_array_equal(out, got)


def test_a_result_in_nchw_is_a_view_of_nhwc_which_the_next_one_reads_as_it_is(monkeypatch):
    y = kernels.conv2d(channels_first(X), W, data_format="NCHW")
    assert y.shape == (2, 4, 5, 6)
    assert y.transpose(0, 2, 3, 1).flags.c_contiguous
    from scopeflow.kernels import dense

    seen = []
    monkeypatch.setattr(dense, "_convolve", lambda kernel, xp, a, *rest: seen.append(a))
    kernels.conv2d(y, np.ones((1, 1, 4, 2)), data_format="NCHW")
    assert np.shares_memory(seen[0], y)


# --- Precision --------------------------------------------------------------------------------------------------------


@pytest.fixture
def precision_is_put_back():
    before = tf.get_float32_matmul_precision()
    yield
    tf.set_float32_matmul_precision(before)


def test_precision_is_the_highest_until_another_is_chosen(precision_is_put_back):
    assert tf.get_float32_matmul_precision() == "highest"
    tf.set_float32_matmul_precision("high")
    assert tf.get_float32_matmul_precision() == "high"
    for wrong in ("medium", "HIGH", None, 1):
        with pytest.raises(ValueError, match="precision must be 'highest' or 'high', not"):
            tf.set_float32_matmul_precision(wrong)
    assert tf.get_float32_matmul_precision() == "high"


def test_on_a_cpu_every_precision_and_algorithm_has_the_same_bits(precision_is_put_back):
    for name in ("matmul", "conv2d", "conv2d_input_grad", "conv2d_filter_grad"):
        arguments = operands(name, np.float32)
        expected = call(name, arguments)
        for options in ({"precision": "high"}, {"precision": "highest"}, {"algo": "scopeflow"}):
            same_bits(call(name, arguments, **options), expected)
        tf.set_float32_matmul_precision("high")
        same_bits(call(name, arguments), expected)


# --- Bad input --------------------------------------------------------------------------------------------------------

F = np.float32
IMAGE, FILTER = np.zeros((1, 5, 5, 4), F), np.zeros((3, 3, 2, 6), F)
A, B = np.zeros((2, 3), F), np.zeros((3, 4), F)


def read_only(shape):
    array = np.zeros(shape, F)
    array.flags.writeable = False
    return array


BAD = [
    # operands
    (lambda: kernels.matmul(A, np.zeros((2, 4), F)), ValueError, r"matmul: .* a \(2, 3\) has 3, b \(2, 4\) has 2"),
    (
        lambda: kernels.matmul(A, B[0]),
        ValueError,
        r"matmul: b must have at least 2 dimensions, but its shape is \(4,\)",
    ),
    (lambda: kernels.matmul(A, B[:, 0]), ValueError, r"b must have at least 2 dimensions, but its shape is \(3,\)"),
    (lambda: kernels.matmul(B[:, 0], B), ValueError, r"a must have at least 2 dimensions, but its shape is \(3,\)"),
    (lambda: kernels.matmul(A, B.astype(F).tolist()), TypeError, "matmul: b must be a NumPy or CuPy array, not list"),
    (lambda: kernels.matmul(A > 0, B > 0), TypeError, "matmul: a has dtype bool, expected floats or integers"),
    (lambda: kernels.matmul(A + 0j, B + 0j), TypeError, "matmul: a has dtype complex64, expected floats or integers"),
    (lambda: kernels.matmul(A, B.astype(np.float64)), TypeError, "matmul: dtypes differ: a float32, b float64"),
    (
        lambda: kernels.matmul(np.zeros((2, 2, 3), F), np.zeros((3, 3, 4), F)),
        ValueError,
        r"batch dimensions of a \(2, 2, 3\) and b \(3, 3, 4\) do not broadcast",
    ),
    (
        lambda: kernels.conv2d(IMAGE, np.zeros((3, 3, 3, 6), F)),
        ValueError,
        r"conv2d: x has 4 channels, expected a multiple of the 3 of w \(3, 3, 3, 6\)",
    ),
    (lambda: kernels.conv2d(IMAGE, np.zeros((3, 3, 8, 6), F)), ValueError, "expected a multiple of the 8 of w"),
    (lambda: kernels.conv2d(IMAGE, np.zeros((3, 3, 0, 6), F)), ValueError, "expected a multiple of the 0 of w"),
    (lambda: kernels.conv2d(IMAGE[..., :0], FILTER), ValueError, "x has 0 channels"),
    (
        lambda: kernels.conv2d(IMAGE, FILTER[..., :5]),
        ValueError,
        r"w \(3, 3, 2, 5\) has 5 outputs, expected a multiple of the 2 groups",
    ),
    (
        lambda: kernels.conv2d(IMAGE.astype(int), FILTER.astype(int)),
        TypeError,
        "conv2d: x has dtype int64, expected one of float32, float64, float16, bfloat16",
    ),
    (
        lambda: kernels.depthwise_conv2d(IMAGE, FILTER),
        ValueError,
        r"w has shape \(3, 3, 2, 6\), expected \(3, 3, 4, 6\)",
    ),
    (
        lambda: kernels.conv2d_input_grad((1, 5, 5, 4), FILTER, IMAGE),
        ValueError,
        r"conv2d_input_grad: dy has shape \(1, 5, 5, 4\), expected \(1, 5, 5, 6\)",
    ),
    (
        lambda: kernels.conv2d_input_grad((1, 5, 5), FILTER, IMAGE),
        ValueError,
        r"x_shape must be four sizes, not \(1, 5, 5\)",
    ),
    (
        lambda: kernels.conv2d_input_grad((1, 5, 5, -4), FILTER, IMAGE),
        ValueError,
        "x_shape must be four sizes, none neg",
    ),
    (lambda: kernels.conv2d_input_grad((1, 5, 5.5, 4), FILTER, IMAGE), TypeError, "x_shape must be four sizes, not"),
    (lambda: kernels.conv2d_filter_grad(IMAGE, (3, 3, 3, 6), IMAGE), ValueError, "expected a multiple of the 3"),
    (lambda: kernels.conv2d_filter_grad(IMAGE, 3, IMAGE), TypeError, "w_shape must be four sizes, not 3"),
    (
        lambda: kernels.depthwise_conv2d_filter_grad(IMAGE, (3, 3, 2, 1), IMAGE),
        ValueError,
        r"w has shape \(3, 3, 2, 1\)",
    ),
    # geometry
    (
        lambda: kernels.conv2d(IMAGE, np.zeros((7, 3, 2, 6), F), padding="VALID"),
        ValueError,
        r"conv2d: .*subtracting 7 from 5, for images of \(5, 5\) and windows of \(7, 3\) .*padding='VALID'",
    ),
    (
        lambda: kernels.conv2d(IMAGE, np.zeros((7, 3, 2, 6), F), padding=((0, 1), (0, 0))),
        ValueError,
        "subtracting 7 from 6",
    ),
    (
        lambda: kernels.conv2d_filter_grad(IMAGE, (7, 3, 2, 6), IMAGE, padding="VALID"),
        ValueError,
        "subtracting 7 from 5",
    ),
    (
        lambda: kernels.conv2d_input_grad((1, 5, 5, 4), np.zeros((3, 7, 2, 6), F), IMAGE, padding="VALID"),
        ValueError,
        "subtracting 7 from 5",
    ),
    (
        lambda: kernels.conv2d(IMAGE, FILTER, padding=((0, 0), (0, -1))),
        ValueError,
        r"not be negative, but is \(0, -1\)",
    ),
    (lambda: kernels.conv2d(IMAGE, FILTER, padding="same"), ValueError, "'SAME', 'VALID' or explicit, not 'same'"),
    (lambda: kernels.conv2d(IMAGE, FILTER, padding=1), TypeError, r"padding must be .*\(left, right\)\), not 1"),
    (lambda: kernels.conv2d(IMAGE, FILTER, padding=((0, 0), (0, 0), (0, 0))), ValueError, "padding must be"),
    (lambda: kernels.conv2d(IMAGE, FILTER, padding=((0, 0, 0), (0, 0))), ValueError, "padding must be .* each a pair"),
    (lambda: kernels.conv2d(IMAGE, FILTER, padding=((0.5, 0), (0, 0))), TypeError, "padding must be .* each a pair"),
    (
        lambda: kernels.conv2d(IMAGE, FILTER, strides=2),
        TypeError,
        r"strides must be two integers, of \(height, width\), not 2",
    ),
    (lambda: kernels.conv2d(IMAGE, FILTER, strides=(2.0, 1)), TypeError, "strides must be two integers"),
    (lambda: kernels.conv2d(IMAGE, FILTER, (1, 2, 2, 1)), ValueError, "strides must be two integers"),
    (lambda: kernels.conv2d(IMAGE, FILTER, dilations=(0, 1)), ValueError, "dilation=0"),
    (lambda: kernels.conv2d(IMAGE, FILTER, data_format="CHWN"), ValueError, "'NHWC' or 'NCHW', not 'CHWN'"),
    # options
    (lambda: kernels.matmul(A, B, bias=np.zeros(3, F)), ValueError, r"matmul: bias has shape \(3,\), expected \(4,\)"),
    (lambda: kernels.matmul(A, B, bias=np.zeros((1, 4), F)), ValueError, r"bias has shape \(1, 4\), expected \(4,\)"),
    (lambda: kernels.matmul(A, B, bias=np.zeros(4)), TypeError, "dtypes differ: a float32, b float32, bias float64"),
    (lambda: kernels.matmul(A, B, bias=[0] * 4), TypeError, "bias must be a NumPy or CuPy array, not list"),
    (
        lambda: kernels.conv2d(IMAGE, FILTER, bias=np.zeros(4, F)),
        ValueError,
        r"conv2d: bias has shape \(4,\), expected \(6,\)",
    ),
    (
        lambda: kernels.matmul(A, B, activation="gelu"),
        ValueError,
        "activation must be None, relu, .*sigmoid, not 'gelu'",
    ),
    (
        lambda: kernels.matmul(A, B, precision="low"),
        ValueError,
        "matmul: precision must be 'highest' or 'high', not 'low'",
    ),
    (
        lambda: kernels.conv2d(IMAGE, FILTER, algo="cudnn"),
        ValueError,
        "algo must be 'auto' or 'scopeflow', not 'cudnn'",
    ),
    (lambda: kernels.matmul(A, B, algo="cublas"), ValueError, "algo must be 'auto' or 'scopeflow', not 'cublas'"),
    (lambda: kernels.matmul(A, B, accumulate=True), TypeError, "accumulate=True needs the array to add to, out"),
    # out
    (
        lambda: kernels.matmul(A, B, out=np.zeros((2, 3), F)),
        ValueError,
        r"matmul: out has shape \(2, 3\), expected \(2, 4\)",
    ),
    (lambda: kernels.matmul(A, B, out=np.zeros((2, 4))), TypeError, "dtypes differ: a float32, b float32, out float64"),
    (
        lambda: kernels.matmul(A, B, out=read_only((2, 4))),
        ValueError,
        r"out \(shape \(2, 4\), dtype float32\) is read-only",
    ),
    (lambda: kernels.matmul(A, B, out=[[0.0] * 4] * 2), TypeError, "out must be a NumPy or CuPy array, not list"),
    (
        lambda: kernels.conv2d(IMAGE, FILTER, out=np.zeros((1, 5, 6), F)),
        ValueError,
        "conv2d: out must have 4 dimensions",
    ),
    (
        lambda: kernels.conv2d(IMAGE, FILTER, out=np.zeros((1, 5, 5, 5), F)),
        ValueError,
        r"out has shape .*5\), expected .*6\)",
    ),
    (lambda: kernels.conv2d(IMAGE, FILTER, out=read_only((1, 5, 5, 6))), ValueError, "is read-only"),
    (lambda: kernels.conv2d(IMAGE, FILTER, out=np.zeros((1, 5, 5, 6), np.float16)), TypeError, "out float16"),
]


@pytest.mark.parametrize("number", range(len(BAD)))
def test_bad_input_is_refused_by_name_shape_and_expectation(number):
    bad, error, says = BAD[number]
    with pytest.raises(error, match=says):
        bad()


def test_a_refused_call_has_written_nothing_into_out():
    out = np.full((2, 4), 7, F)
    for options in ({"bias": np.zeros(3, F)}, {"activation": "gelu"}, {"precision": "low"}, {"algo": "best"}):
        with pytest.raises(ValueError):
            kernels.matmul(A, B, out=out, **options)
    assert np.all(out == 7)


def test_products_of_subclasses_and_of_bfloat16_go_the_same_way():
    class Named(np.ndarray):
        pass

    a = RNG.standard_normal((3, 4)).astype(F)
    same_bits(np.asarray(kernels.matmul(a.view(Named), a.view(Named), False, True)), kernels.matmul(a, a, False, True))
    narrow = a.astype(BFLOAT16)
    same_bits(kernels.matmul(narrow, narrow.T), kernels.matmul(narrow, narrow, False, True))
