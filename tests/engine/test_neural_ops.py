"""What the ops of neural networks compute, against NumPy and naive loops; their static shapes and refusals."""

import itertools
import re

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scopeflow as tf
from scopeflow.engine.ops.nn import AssertBroadcastable

HALVES = [np.float16, ml_dtypes.bfloat16]


def run(build, *arrays, feeds=None):
    """The value of build(*constants) in a graph of its own."""
    with tf.Graph().as_default(), tf.Session() as session:
        return session.run(build(*[tf.constant(a) for a in arrays]), feeds)


def rng(seed=0):
    return np.random.default_rng(seed)


def assert_close(got, wanted, tolerance):
    got, wanted = np.asarray(got, np.float64), np.asarray(wanted, np.float64)
    assert got.shape == wanted.shape
    assert np.all(np.abs(got - wanted) <= tolerance), f"off by {np.max(np.abs(got - wanted))}"


# -- activations ----------------------------------------------------------------------------------------------------

ALPHA, SCALE = 1.6732632423543772, 1.0507009873554805
FORMULAS = {
    "relu": lambda x: np.where(x > 0, x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.2 * x),
    "elu": lambda x: np.where(x > 0, x, np.exp(np.minimum(x, 0)) - 1),
    "selu": lambda x: SCALE * np.where(x > 0, x, ALPHA * (np.exp(np.minimum(x, 0)) - 1)),
    "softplus": lambda x: np.where(x > 30, x, np.log1p(np.exp(np.minimum(x, 30)))),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "swish": lambda x: x / (1 + np.exp(-x)),
}
POINTS = np.array([-700.0, -30.0, -1.5, -1e-3, 0.0, 1e-3, 0.7, 5.9, 6.1, 40.0, 700.0])


@pytest.mark.parametrize("name", FORMULAS)
def test_an_activation_follows_its_formula(name):
    with np.errstate(over="ignore"):
        wanted = FORMULAS[name](POINTS)
    assert_close(run(getattr(tf.nn, name), POINTS), wanted, 1e-12 * (1 + np.abs(wanted)))
    assert_close(run(getattr(tf.nn, name), POINTS.astype(np.float32)), wanted, 3e-7 * (1 + np.abs(wanted)))


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("name", FORMULAS)
def test_an_activation_of_halves_stays_half_and_is_off_by_few_roundings(name, dtype):
    x = POINTS[1:-1].astype(dtype)
    got = run(getattr(tf.nn, name), x)
    assert got.dtype == dtype
    wanted = FORMULAS[name](x.astype(np.float64))
    assert_close(got.astype(np.float64), wanted, 2 * float(ml_dtypes.finfo(dtype).eps) * (np.abs(wanted) + 1e-3))


@pytest.mark.parametrize("name", ["relu", "relu6", "elu", "selu", "leaky_relu", "softplus", "softsign"])
def test_an_activation_of_nan_is_nan(name):
    assert np.isnan(run(getattr(tf.nn, name), np.float32("nan")))


@pytest.mark.parametrize("name", ["relu", "relu6"])
def test_rectifiers_take_integers(name):
    got = run(getattr(tf.nn, name), np.array([-3, 2, 9], np.int32))
    assert got.dtype == np.int32 and got.tolist() == ([0, 2, 9] if name == "relu" else [0, 2, 6])


def test_leaky_relu_of_integers_is_a_float():
    assert run(tf.nn.leaky_relu, np.array([-10, 10], np.int32)).tolist() == [-2.0, 10.0]


def ulps(got, wanted):
    """By how many units in the last place of got's dtype it differs from wanted, which is more exact."""
    unit = np.spacing(np.abs(wanted).astype(got.dtype)).astype(wanted.dtype)
    return np.abs(got.astype(wanted.dtype) - wanted) / unit


@pytest.mark.parametrize("size", [200, 70_000, 300_000])  # NumPy's own function; ours; ours, by threads
def test_softplus_is_exact_to_two_units_over_its_whole_range(size):
    """Down to the least number that is no zero: it is zero only where the exponential is."""
    spread = rng().permutation(
        np.concatenate(
            [np.linspace(-104, 0, 40_000), np.linspace(-20, 20, 40_000), np.linspace(20, 3e38, 20_000),
             *(sign * np.geomspace(1e-45, 1e3, 50_000) for sign in (-1, 1)), rng().normal(0, 3, 200_000)]
        )
    )  # fmt: skip
    x = spread[:size].astype(np.float32)
    wide = x.astype(np.float64)
    wanted = np.maximum(wide, 0) + np.log1p(np.exp(-np.abs(wide)))
    got = run(tf.nn.softplus, x)
    assert got.dtype == np.float32
    assert np.all(ulps(got, wanted) <= 2)
    assert np.all(got[wide > -103.2] > 0)


@pytest.mark.skipif(np.finfo(np.longdouble).eps >= np.finfo(np.float64).eps, reason="no wider float is at hand")
@pytest.mark.parametrize("size", [200, 70_000])
def test_softplus_of_float64_is_exact_to_two_units_too(size):
    x = np.concatenate([np.linspace(-745, 0, size // 2), rng().normal(0, 5, size // 2)])
    wide = x.astype(np.longdouble)
    assert np.all(ulps(run(tf.nn.softplus, x), np.maximum(wide, 0) + np.log1p(np.exp(-np.abs(wide)))) <= 2)


SPECIAL = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 88.8, -88.8, -104.5, 3e38, -3e38, 6.0], "f")


@pytest.mark.parametrize("repeats", [1, 1000])
def test_softplus_of_infinities_and_nan(repeats):
    got = run(tf.nn.softplus, np.tile(SPECIAL, repeats))
    log_2 = np.float32(np.log(2))
    tiny = np.exp(np.float64(np.float32(-88.8)))  # no normal number of float32
    wanted = [log_2, log_2, np.inf, 0, np.nan, log_2, log_2, 88.8, tiny, 0, 3e38, 0, 6.0024757]
    np.testing.assert_allclose(got, np.tile(np.array(wanted, "f"), repeats), rtol=3e-7)


def same_bits(got, wanted):
    """Whether all are equal, signs of zeros too; a NaN equals another."""
    numbers = ~np.isnan(wanted)
    return np.array_equal(got, wanted, equal_nan=True) and np.array_equal(
        np.signbit(got[numbers]), np.signbit(wanted[numbers])
    )


@pytest.mark.parametrize("alpha", [0.2, 1.0, 0.0, 1e-40, 1.5, -0.5])
@pytest.mark.parametrize("size", [20, 20_000])
def test_a_leaky_rectifier_chooses_by_sign_whatever_its_slope(alpha, size):
    x = np.concatenate([SPECIAL, rng().standard_normal(size).astype("f")])
    dy = rng(1).permutation(x)
    with np.errstate(over="ignore", invalid="ignore"):
        wanted, slope = np.where(x > 0, x, x * np.float32(alpha)), np.where(x > 0, dy, dy * np.float32(alpha))
    assert same_bits(run(lambda x: tf.nn.leaky_relu(x, alpha), x), wanted)
    got = run(lambda x, dy: tf.gradients(tf.nn.leaky_relu(x, alpha), x, dy)[0], x, dy)
    assert same_bits(got, slope)


@pytest.mark.parametrize("size", [20, 20_000])
def test_exponential_units_and_their_gradients_choose_by_sign(size):
    x = np.concatenate([SPECIAL, 3 * rng().standard_normal(size).astype("f")])
    dy = rng(1).permutation(x)
    with np.errstate(over="ignore", invalid="ignore"):
        elu = np.where(x < 0, np.expm1(x), x)
        selu = np.float32(SCALE) * np.where(x < 0, np.float32(ALPHA) * np.expm1(x), x)
        elu_slope = dy * np.where(elu < 0, elu + 1, np.float32(1))
        selu_slope = dy * np.where(selu < 0, selu + np.float32(SCALE * ALPHA), np.float32(SCALE))
    for op, wanted, slope in ((tf.nn.elu, elu, elu_slope), (tf.nn.selu, selu, selu_slope)):
        y, gradient = run(lambda x, dy, op=op: (op(x), tf.gradients(op(x), x, dy)[0]), x, dy)
        assert same_bits(y, wanted)
        assert same_bits(gradient, slope)


@pytest.mark.parametrize("shape", [(3,), (100, 90)])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.complex64])
def test_a_choice_and_its_gradients_of_few_and_of_many(shape, dtype):
    x, y, dy = (
        np.where(rng(i).random(shape) < 0.1, np.nan, rng(i).standard_normal(shape)).astype(dtype) for i in range(3)
    )
    condition, zero = rng(7).random(shape) < 0.5, dtype(0)

    def built(where):
        return lambda x, y, dy: (where(condition, x, y), *tf.gradients(where(condition, x, y), [x, y], dy))

    for where in (tf.where, tf.where_v2):
        made = run(built(where), x, y, dy)
        for got, wanted in zip(
            made, (np.where(condition, x, y), np.where(condition, dy, zero), np.where(condition, zero, dy)), strict=True
        ):
            assert got.dtype == dtype and got.tobytes() == wanted.tobytes()


def test_activations_refuse_text_and_booleans():
    with tf.Graph().as_default(), pytest.raises(TypeError, match="not in list of allowed values"):
        tf.nn.relu(tf.constant([True]))
    with tf.Graph().as_default(), pytest.raises(TypeError, match="not in list of allowed values: bfloat16"):
        tf.nn.elu(tf.constant([1, 2]))


# -- softmax --------------------------------------------------------------------------------------------------------


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2, -3])
def test_softmax_and_its_logarithm_go_along_any_axis(axis):
    x = rng().standard_normal((3, 4, 5))
    assert_close(run(lambda t: tf.nn.softmax(t, axis=axis), x), softmax(x, axis), 1e-14)
    assert_close(run(lambda t: tf.nn.log_softmax(t, axis=axis), x), np.log(softmax(x, axis)), 1e-13)


def test_softmax_of_huge_logits_neither_overflows_nor_underflows():
    x = np.array([[1e30, 0.0, -1e30], [-1e30, -1e30, -1e30]], np.float32)
    assert run(tf.nn.softmax, x).tolist() == [[1, 0, 0], [np.float32(1 / 3)] * 3]
    assert run(tf.nn.log_softmax, x)[0].tolist() == [0, np.float32(-1e30), np.float32(-2e30)]


@pytest.mark.parametrize("dtype", HALVES)
def test_softmax_of_halves_sums_in_float32(dtype):
    x = np.zeros((1, 8192), dtype)  # a half cannot count to 8192 by ones
    assert set(run(tf.nn.softmax, x).ravel().tolist()) == {1 / 8192}
    assert_close(run(tf.nn.log_softmax, x), np.full((1, 8192), -np.log(8192)), 0.04)


def test_softmax_of_no_classes_is_empty():
    assert run(tf.nn.softmax, np.zeros((3, 0), np.float32)).shape == (3, 0)
    assert run(tf.nn.log_softmax, np.zeros((0, 3), np.float32)).shape == (0, 3)


def test_softmax_of_an_axis_that_is_not_there_is_refused():
    with tf.Graph().as_default():
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"must be in the range \[-2, 2\).*Received: dim=2"):
            tf.nn.softmax(tf.zeros([2, 3]), axis=2)
        with pytest.raises(ValueError, match="Shape must be at least rank 1 but is rank 0"):
            tf.nn.softmax(tf.constant(1.0))
        with pytest.raises(ValueError, match="Cannot specify both 'dim' and 'axis'"):
            tf.nn.softmax(tf.zeros([2, 3]), axis=0, dim=1)


# -- cross entropy --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_softmax_cross_entropy_is_minus_the_labels_times_the_log_softmax(axis):
    x, p = rng().standard_normal((3, 4, 5)), softmax(rng(1).standard_normal((3, 4, 5)), axis)
    wanted = -(p * np.log(softmax(x, axis))).sum(axis)
    got = run(lambda x, p: tf.nn.softmax_cross_entropy_with_logits_v2(labels=p, logits=x, axis=axis), x, p)
    assert_close(got, wanted, 1e-13)


def test_sparse_cross_entropy_is_that_of_one_hot_labels():
    x, n = rng().standard_normal((2, 3, 4)), rng(1).integers(0, 4, (2, 3))
    sparse = run(lambda x: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=n, logits=x), x)
    dense = run(lambda x: tf.nn.softmax_cross_entropy_with_logits_v2(labels=np.eye(4)[n], logits=x), x)
    assert_close(sparse, dense, 1e-14)


def test_a_label_of_zero_forgives_a_logit_of_minus_infinity():
    x, p = np.array([[0.0, -np.inf]]), np.array([[1.0, 0.0]])
    assert run(lambda x, p: tf.nn.softmax_cross_entropy_with_logits(labels=p, logits=x), x, p).tolist() == [0.0]


def test_version_1_sends_nothing_to_the_labels_and_version_2_does():
    with tf.Graph().as_default(), tf.Session() as session:
        x, p = tf.constant(rng().standard_normal((2, 3))), tf.constant(softmax(rng(1).standard_normal((2, 3))))
        first = tf.nn.softmax_cross_entropy_with_logits(labels=p, logits=x)
        assert tf.gradients(first, p) == [None]
        second = tf.nn.softmax_cross_entropy_with_logits_v2(labels=p, logits=x)
        to_labels, to_logits = session.run(tf.gradients(second, [p, x]))
        x, p = session.run([x, p])
    assert_close(to_labels, -np.log(softmax(x)), 1e-14)
    assert_close(to_logits, softmax(x) - p, 1e-15)


@pytest.mark.parametrize(("labels", "bad"), [([0, 3], 3), ([-1, 1], -1)])
def test_a_label_that_is_no_class_is_an_error_of_the_run_and_leaves_the_session_usable(labels, bad):
    with tf.Graph().as_default(), tf.Session() as session:
        n = tf.placeholder(tf.int64, [None])
        loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=n, logits=np.zeros((2, 3), np.float32))
        message = rf"label value of {bad} which is outside the valid range of \[0, 3\).  Label values: {labels[0]} "
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            session.run(loss, {n: labels})
        assert_close(session.run(loss, {n: [0, 2]}), np.log([3.0, 3.0]), 1e-6)


def test_losses_of_rows_that_do_not_match_are_refused_when_known_and_when_run():
    with tf.Graph().as_default(), tf.Session() as session:
        logits = tf.zeros([2, 3])
        with pytest.raises(
            ValueError, match=r"received: labels.shape=\(3,\) and logits.shape=\(2, 3\)|Received: labels"
        ):
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tf.zeros([3], tf.int32), logits=logits)
        with pytest.raises(ValueError, match=r"rank.*must equal `logits.shape.rank - 1`"):
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tf.zeros([2, 3], tf.int32), logits=logits)
        n = tf.placeholder(tf.int32, [None])
        loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=n, logits=logits)
        with pytest.raises((tf.errors.InvalidArgumentError, ValueError), match="3"):
            session.run(loss, {n: [0, 1, 2]})
        p, x = tf.placeholder(tf.float32, [None, 3]), tf.placeholder(tf.float32, [None, 3])
        loss = tf.nn.softmax_cross_entropy_with_logits(labels=p, logits=x)
        with pytest.raises(tf.errors.InvalidArgumentError, match="must be of one size"):
            session.run(loss, {p: np.ones((1, 3)), x: np.ones((2, 3))})


@pytest.mark.parametrize("dtype", HALVES)
def test_cross_entropies_of_halves_are_computed_in_float32(dtype):
    x = np.zeros((1, 8192), dtype)
    dense = run(lambda x: tf.nn.softmax_cross_entropy_with_logits_v2(labels=tf.ones_like(x) / 8192, logits=x), x)
    sparse = run(lambda x: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[5], logits=x), x)
    assert dense.dtype == sparse.dtype == dtype
    assert_close([dense[0], sparse[0]], [np.log(8192)] * 2, 0.04)


# -- convolutions ---------------------------------------------------------------------------------------------------


def sides(size, window, stride, dilation, padding):
    """(before, output size) of one dimension, from TensorFlow's documentation of padding."""
    span = (window - 1) * dilation + 1
    if padding == "SAME":
        out = -(-size // stride)
        return max((out - 1) * stride + span - size, 0) // 2, out
    before, after = (0, 0) if padding == "VALID" else padding
    return before, (size + before + after - span) // stride + 1


def naive_conv2d(x, w, strides, paddings, dilations, depthwise=False):
    (top, oh), (left, ow) = (sides(x.shape[1 + i], w.shape[i], strides[i], dilations[i], paddings[i]) for i in (0, 1))
    depth = w.shape[2] * w.shape[3] if depthwise else w.shape[3]
    y = np.zeros((x.shape[0], oh, ow, depth))
    for n, i, j, k, m in itertools.product(
        range(x.shape[0]), range(oh), range(ow), range(w.shape[0]), range(w.shape[1])
    ):
        r, c = i * strides[0] - top + k * dilations[0], j * strides[1] - left + m * dilations[1]
        if 0 <= r < x.shape[1] and 0 <= c < x.shape[2]:
            seen = x[n, r, c]
            y[n, i, j] += (seen[:, None] * w[k, m]).ravel() if depthwise else seen @ w[k, m]
    return y


windows = st.tuples(
    st.tuples(st.integers(1, 7), st.integers(1, 6)),  # image
    st.tuples(st.integers(1, 3), st.integers(1, 3)),  # window
    st.tuples(st.integers(1, 3), st.integers(1, 2)),  # strides
    st.sampled_from(["SAME", "VALID", ((1, 2), (0, 1))]),
    st.tuples(st.integers(1, 2), st.integers(1, 3)),  # dilations
    st.sampled_from(["NHWC", "NCHW"]),
    st.booleans(),  # depthwise
)


@settings(deadline=None, max_examples=60)
@given(windows)
def test_convolutions_agree_with_naive_loops(drawn):
    (h, w), (kh, kw), strides, padding, dilations, layout, depthwise = drawn
    paddings = (padding, padding) if isinstance(padding, str) else padding
    spans = [(k - 1) * d + 1 for k, d in zip((kh, kw), dilations, strict=True)]
    total = [(0, 0) if isinstance(p, str) else p for p in paddings]
    if padding != "SAME" and any(s > n + sum(p) for s, n, p in zip(spans, (h, w), total, strict=True)):
        return
    x, kernel = rng(1).standard_normal((2, h, w, 2)), rng(2).standard_normal((kh, kw, 2, 3))
    wanted = naive_conv2d(x, kernel, strides, paddings, dilations, depthwise)
    convolve = tf.nn.depthwise_conv2d_native if depthwise else tf.nn.conv2d
    first = layout == "NCHW"
    four = (lambda a: [1, 1, *a]) if first else (lambda a: [1, *a, 1])
    pads = padding
    if not isinstance(padding, str):
        pads = [(0, 0), (0, 0), *padding] if first else [(0, 0), *padding, (0, 0)]
    with tf.Graph().as_default(), tf.Session() as session:
        image = np.moveaxis(x, -1, 1) if first else x
        arguments = {
            "strides": four(strides), "padding": pads, "data_format": layout, "dilations": four(dilations),
        }  # fmt: skip
        y = convolve(tf.constant(image), tf.constant(kernel), **arguments)
        unknown = convolve(tf.placeholder(tf.float64), tf.constant(kernel), **arguments)
        got = session.run(y)
    assert y.shape.as_list() == list(got.shape)
    assert unknown.shape.ndims == 4
    assert_close(np.moveaxis(got, 1, -1) if first else got, wanted, 1e-13)


def test_static_shapes_of_convolutions_keep_what_is_known():
    with tf.Graph().as_default():
        w = tf.zeros([3, 3, 2, 4])
        x = tf.placeholder(tf.float32, [None, 7, None, 2])
        assert tf.nn.conv2d(x, w, 2, "SAME").shape.as_list() == [None, 4, None, 4]
        assert tf.nn.conv2d(x, w, 1, "VALID").shape.as_list() == [None, 5, None, 4]
        assert tf.nn.conv2d(tf.placeholder(tf.float32), w, 1, "SAME").shape.as_list() == [None, None, None, 4]
        batch = tf.placeholder(tf.int32, [])
        grown = tf.nn.conv2d_transpose(tf.zeros([2, 3, 3, 4]), w, tf.stack([batch, 6, 6, 2]), [1, 2, 2, 1])
        assert grown.shape.as_list() == [2, 6, 6, 2]  # the batch is known from the images
        assert tf.nn.max_pool(x, 3, 2, "VALID").shape.as_list() == [None, 3, None, 2]


BAD = {
    "depths": (
        lambda: tf.nn.conv2d(tf.zeros([1, 5, 5, 3]), tf.zeros([3, 3, 4, 8]), 1, "SAME"),
        ValueError,
        r"Depth of input \(3\) is not a multiple of input depth of filter \(4\) for 'Conv2D' \(op: 'Conv2D'\) "
        r"with input shapes: \[1,5,5,3\], \[3,3,4,8\]",
    ),
    "groups": (
        lambda: tf.nn.conv2d(tf.zeros([1, 5, 5, 4]), tf.zeros([3, 3, 2, 5]), 1, "SAME"),
        ValueError,
        r"Depth of output \(5\) is not a multiple of the number of groups \(2\) for 'Conv2D'",
    ),
    "filters of no depth": (
        lambda: tf.nn.conv2d(tf.zeros([1, 5, 5, 4]), tf.zeros([3, 3, 0, 4]), 1, "SAME"),
        ValueError,
        "Depth of filter must not be 0",
    ),
    "images of no depth": (
        lambda: tf.nn.conv2d(tf.zeros([1, 5, 5, 0]), tf.zeros([3, 3, 2, 4]), 1, "SAME"),
        ValueError,
        "Number of groups must not be 0",
    ),
    "window larger than the image": (
        lambda: tf.nn.conv2d(tf.zeros([1, 2, 2, 3]), tf.zeros([3, 3, 3, 8]), 1, "VALID"),
        ValueError,
        r"Negative dimension size caused by subtracting 3 from 2 for .* with input shapes: \[1,2,2,3\], \[3,3,3,8\]",
    ),
    "window larger than the padded image": (
        lambda: tf.nn.conv2d(tf.zeros([1, 2, 2, 3]), tf.zeros([3, 4, 3, 8]), 1, [[0, 0], [0, 1], [1, 0], [0, 0]]),
        ValueError,
        "Negative dimension size caused by subtracting 4 from 3",
    ),
    "rank": (
        lambda: tf.nn.conv2d(tf.zeros([5, 5, 3]), tf.zeros([3, 3, 3, 8]), 1, "SAME"),
        ValueError,
        "Shape must be rank 4 but is rank 3",
    ),
    "stride": (
        lambda: tf.nn.conv2d(tf.zeros([1, 5, 5, 3]), tf.zeros([3, 3, 3, 8]), [1, 0, 0, 1], "SAME"),
        ValueError,
        "Stride must be > 0, but got 0",
    ),
    "strides": (
        lambda: tf.nn.conv2d(tf.zeros([1, 5, 5, 3]), tf.zeros([3, 3, 3, 8]), [1, 1, 1], "SAME"),
        ValueError,
        "strides should be of length 1, 2 or 4",
    ),
    "padding's name": (
        lambda: tf.nn.conv2d(tf.zeros([1, 5, 5, 3]), tf.zeros([3, 3, 3, 8]), 1, "HALF"),
        ValueError,
        "Attr 'padding' of 'Conv2D' Op passed string 'HALF'",
    ),
    "no padding": (
        lambda: tf.nn.conv2d(tf.zeros([1, 5, 5, 3]), tf.zeros([3, 3, 3, 8]), 1),
        TypeError,
        "Expected string for argument 'padding' not None",
    ),
    "layout": (
        lambda: tf.nn.conv2d(tf.zeros([1, 5, 5, 3]), tf.zeros([3, 3, 3, 8]), 1, "SAME", data_format="CHWN"),
        ValueError,
        "Attr 'data_format' of 'Conv2D' Op passed string 'CHWN'",
    ),
    "dtypes": (
        lambda: tf.nn.conv2d(tf.zeros([1, 5, 5, 3]), tf.zeros([3, 3, 3, 8], tf.float64), 1, "SAME"),
        TypeError,
        "Input 'filter' of 'Conv2D' Op has type float64 that does not match type float32 of argument 'input'",
    ),
    "depthwise depths": (
        lambda: tf.nn.depthwise_conv2d(tf.zeros([1, 5, 5, 2]), tf.zeros([3, 3, 3, 1]), [1, 1, 1, 1], "SAME"),
        ValueError,
        "Dimensions must be equal, but are 2 and 3",
    ),
    "transposed depths": (
        lambda: tf.nn.conv2d_transpose(tf.zeros([1, 5, 5, 3]), tf.zeros([3, 3, 4, 2]), [1, 5, 5, 4], 1),
        ValueError,
        "Dimensions must be equal, but are 2 and 3",
    ),
    "biases": (
        lambda: tf.nn.bias_add(tf.zeros([2, 3]), tf.zeros([4])),
        ValueError,
        r"Dimensions must be equal, but are 3 and 4 for 'BiasAdd' \(op: 'BiasAdd'\) with input shapes: \[2,3\], \[4\]",
    ),
    "bias of a vector": (
        lambda: tf.nn.bias_add(tf.zeros([3]), tf.zeros([3])),
        ValueError,
        "at least rank 2 but is rank 1",
    ),
    "pool's rank": (
        lambda: tf.nn.max_pool(tf.zeros([2, 3]), 2, 2, "SAME"),
        ValueError,
        "Shape must be rank 4 but is rank 2",
    ),
    "pool larger than the image": (
        lambda: tf.nn.avg_pool(tf.zeros([1, 2, 2, 1]), 3, 1, "VALID"),
        ValueError,
        "Negative dimension size caused by subtracting 3 from 2",
    ),
    "statistics": (
        lambda: tf.nn.fused_batch_norm(tf.zeros([1, 2, 2, 3]), [1.0, 1.0], [0.0, 0.0]),
        ValueError,
        "Dimensions must be equal, but are 3 and 2",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_what_cannot_be_is_refused_in_the_graph_with_the_user_s_line(what):
    call, kind, message = BAD[what]
    with tf.Graph().as_default() as graph:
        with pytest.raises(kind, match=message) as caught:
            call()
        if "with input shapes" in str(caught.value):
            assert "test_neural_ops.py" in str(caught.value)
        assert not [op for op in graph.get_operations() if op.type not in ("Const", "Fill")]  # nothing half made


def test_windows_over_images_or_channels_are_refused_by_the_run():
    with tf.Graph().as_default(), tf.Session() as session:
        x, w = tf.zeros([2, 4, 4, 2]), tf.zeros([3, 3, 2, 2])
        with pytest.raises(tf.errors.InvalidArgumentError, match="strides in the batch and depth dimensions"):
            session.run(tf.nn.conv2d(x, w, [2, 1, 1, 1], "SAME"))
        with pytest.raises(tf.errors.InvalidArgumentError, match="not yet supported on the batch dimension"):
            session.run(tf.nn.max_pool(x, [2, 2, 2, 1], [1, 1, 1, 1], "SAME"))
        with pytest.raises(tf.errors.InvalidArgumentError, match="not yet supported on the depth dimension"):
            session.run(tf.nn.avg_pool(x, [1, 2, 2, 1], [1, 1, 1, 2], "SAME"))


# -- pools ----------------------------------------------------------------------------------------------------------


def test_an_average_counts_only_what_is_inside_the_image():
    got = run(lambda x: tf.nn.avg_pool(x, 3, 1, "SAME"), np.ones((1, 4, 4, 1)))
    assert got.ravel().tolist() == [1.0] * 16


def test_the_maximum_of_a_window_ignores_the_padding_of_negative_images():
    assert run(lambda x: tf.nn.max_pool(x, 3, 2, "SAME"), -np.ones((1, 4, 4, 1))).max() == -1


def test_the_gradient_of_a_tie_goes_to_its_first_cell():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.zeros([1, 2, 4, 1])
        got = session.run(tf.gradients(tf.nn.max_pool(x, 2, 2, "VALID"), x)[0])
    assert got.ravel().tolist() == [1, 0, 1, 0, 0, 0, 0, 0]


@pytest.mark.parametrize("kind", ["max_pool", "avg_pool"])
def test_pools_with_channels_first_are_the_same_pools(kind):
    pool, x = getattr(tf.nn, kind), rng().standard_normal((2, 5, 4, 3))
    last = run(lambda t: pool(t, [2, 3], [2, 1], "SAME"), x)
    first = run(lambda t: pool(t, [2, 3], [2, 1], "SAME", data_format="NCHW"), np.moveaxis(x, -1, 1).copy())
    assert_close(np.moveaxis(first, 1, -1), last, 0.0)


# -- biases, best guesses, normalisations ---------------------------------------------------------------------------


def test_a_bias_of_another_length_is_never_broadcast():
    with tf.Graph().as_default(), tf.Session() as session:
        x, b = tf.placeholder(tf.float32, [None, None]), tf.placeholder(tf.float32, [None])
        y = tf.nn.bias_add(x, b)
        with pytest.raises(tf.errors.InvalidArgumentError, match="as many biases as channels"):
            session.run(y, {x: np.ones((2, 3)), b: [1.0]})
        assert session.run(y, {x: np.ones((2, 3)), b: [1.0, 2.0, 3.0]}).tolist() == [[2, 3, 4]] * 2


@pytest.mark.parametrize("dtype", HALVES)
def test_the_gradient_of_half_biases_is_summed_in_float32(dtype):
    with tf.Graph().as_default(), tf.Session() as session:
        b = tf.constant(np.zeros(1, dtype))
        total = session.run(tf.gradients(tf.nn.bias_add(tf.zeros([4096, 1], b.dtype), b), b)[0])
    assert total.dtype == dtype and float(total[0]) == 4096


def test_in_top_k_counts_ties_and_refuses_what_is_no_class_or_not_finite():
    scores = np.array(
        [[1, 3, 3, 0], [1, 3, 3, 0], [1, 2, 3, 4], [1, 2, 3, 4], [np.inf, 1, 2, 3], [np.nan, 1, 2, 9]], np.float32
    )
    got = run(lambda s: tf.nn.in_top_k(s, [1, 2, 4, -1, 3, 3], 1), scores)
    assert got.tolist() == [True, True, False, False, False, False]
    assert run(lambda s: tf.nn.in_top_k(s, [0, 0], 3), scores[:2]).tolist() == [True, True]
    assert run(lambda s: tf.nn.in_top_k(s, [0, 0], 2), scores[:2]).tolist() == [False, False]


@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
@pytest.mark.parametrize("dtype", [np.float32, *HALVES])
def test_fused_batch_norm_normalises_and_tells_the_corrected_variance(dtype, layout):
    x = (3 + 2 * rng().standard_normal((4, 3, 5, 2))).astype(dtype)
    scale, offset = np.array([1.5, -2.0], np.float32), np.array([0.5, 1.0], np.float32)
    image = np.moveaxis(x, -1, 1).copy() if layout == "NCHW" else x
    y, mean, variance = run(lambda t: tf.nn.fused_batch_norm(t, scale, offset, epsilon=0.01, data_format=layout), image)
    wide = x.astype(np.float64).reshape(-1, 2)
    wanted = (wide - wide.mean(0)) / np.sqrt(wide.var(0) + 0.01) * scale + offset
    y = np.moveaxis(y, 1, -1) if layout == "NCHW" else y
    assert y.dtype == dtype and mean.dtype == variance.dtype == np.float32
    assert_close(y.astype(np.float64).reshape(-1, 2), wanted, 3e-6 if dtype is np.float32 else 0.03)
    assert_close(mean, wide.mean(0), 2e-6)
    assert_close(variance, wide.var(0, ddof=1), 1e-5)


def test_fused_batch_norm_takes_an_epsilon_below_cudnns_least():
    x = np.float32([-1e-3, 1e-3, 2e-3, -2e-3]).reshape(1, 2, 2, 1)
    y, _, _ = run(lambda t: tf.nn.fused_batch_norm(t, [1.0], [0.0], epsilon=1e-7), x)
    np.testing.assert_allclose(y, x / np.sqrt(2.5e-6 + 1e-7), rtol=1e-5)


def test_fused_batch_norm_in_inference_needs_both_moments():
    with tf.Graph().as_default(), pytest.raises(ValueError, match="must be provided if `is_training` is False"):
        tf.nn.fused_batch_norm(tf.zeros([1, 2, 2, 1]), [1.0], [0.0], mean=[0.0], is_training=False)


def test_local_response_normalization_agrees_with_naive_loops():
    x, radius, bias, alpha, beta = rng().standard_normal((2, 3, 1, 7)), 2, 1.5, 0.3, 0.75
    wanted = np.empty_like(x)
    for c in range(7):
        near = x[..., max(c - radius, 0) : c + radius + 1]
        wanted[..., c] = x[..., c] / (bias + alpha * (near**2).sum(-1)) ** beta
    assert_close(run(lambda t: tf.nn.lrn(t, radius, bias, alpha, beta), x), wanted, 1e-15)


@pytest.mark.parametrize("dtype", HALVES)
def test_l2_loss_of_halves_is_summed_in_float32(dtype):
    got = run(tf.nn.l2_loss, np.ones(4096, dtype))
    assert got.dtype == dtype and float(got) == 2048


@pytest.mark.parametrize(
    ("weights", "fits"), [([], True), ([1, 1], True), ([2, 3], True), ([2, 1], True), ([3], False), ([2, 2], False)]
)
def test_weights_are_checked_when_run(weights, fits):
    with tf.Graph().as_default(), tf.Session() as session:
        check = AssertBroadcastable(tf.placeholder_with_default(np.array(weights, np.int32), [None]), [2, 3])
        if fits:
            assert session.run(check) is None
        else:
            with pytest.raises(tf.errors.InvalidArgumentError, match="weights can not be broadcast to values"):
                session.run(check)


WRONG_SIZES = [  # the words are TensorFlow 1.15's
    ([3, 8, 8, 5], "SAME", "input and out_backprop must have the same batch size"
     "input batch: 3outbackprop batch: 2 batch_dim: 0"),
    ([2, 8, 9, 5], "SAME", "Size of out_backprop doesn't match computed: actual = 4, computed = 5 "
     "spatial_dim: 2 input: 9 filter: 3 output: 4 stride: 2 dilation: 1"),
    ([2, 8, 9, 5], "VALID", "Size of out_backprop doesn't match computed: actual = 4, computed = 3 "
     "spatial_dim: 1 input: 8 filter: 3 output: 4 stride: 2 dilation: 1"),
    ([8, 8, 5], "SAME", "input must be 4-dimensional"),
]  # fmt: skip


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(("sizes", "padding", "said"), WRONG_SIZES)
def test_a_transposed_convolution_of_a_wrong_output_shape_is_refused_in_tensorflows_words(sizes, padding, said, known):
    with tf.Graph().as_default(), tf.Session() as session:
        if known and len(sizes) < 4:
            with pytest.raises(ValueError, match="rank 4"):
                tf.nn.conv2d_transpose(tf.zeros([2, 4, 4, 3]), tf.zeros([3, 3, 5, 3]), sizes, [1, 2, 2, 1], padding)
            return
        wanted = tf.constant(sizes) if known else tf.placeholder(tf.int32, [None])
        y = tf.nn.conv2d_transpose(tf.zeros([2, 4, 4, 3]), tf.zeros([3, 3, 5, 3]), wanted, [1, 2, 2, 1], padding)
        with pytest.raises(tf.errors.InvalidArgumentError, match=re.escape(f"Conv2DCustomBackpropInput: {said}")):
            session.run(y, {} if known else {wanted: sizes})


def test_gradients_of_wrong_depth_or_size_are_refused_in_tensorflows_words():
    with tf.Graph().as_default(), tf.Session() as session:
        fed = tf.placeholder(tf.float32)
        by_input = tf.nn.conv2d_backprop_input([2, 8, 8, 5], tf.zeros([3, 3, 5, 3]), fed, [1, 2, 2, 1], "SAME")
        by_filter = tf.nn.conv2d_backprop_filter(tf.zeros([2, 9, 8, 5]), [3, 3, 5, 3], fed, [1, 2, 2, 1], "SAME")
        for y, shape, said in (
            (by_input, [2, 4, 4, 2], "BackpropInput: filter and out_backprop must have the same out_depth"),
            (by_input, [4, 4, 3], "BackpropInput: out_backprop must be 4-dimensional"),
            (
                by_filter,
                [2, 4, 4, 3],
                "BackpropFilter: Size of out_backprop doesn't match computed: actual = 4, computed",
            ),
        ):
            with pytest.raises(tf.errors.InvalidArgumentError, match=f"Conv2DCustom{said}"):
                session.run(y, {fed: np.zeros(shape)})


def test_a_leak_may_be_learnt(graph):
    x = np.array([[-2.0, 3.0], [-0.5, -4.0]], np.float32)
    alpha = tf.Variable([0.1, 0.5])
    y = tf.nn.leaky_relu(x, alpha, name="leak")
    assert y.name == "leak:0"
    with tf.Session() as session:
        session.run(alpha.initializer)
        got, slope = session.run([y, tf.gradients(y, alpha)[0]])
    np.testing.assert_allclose(got, [[-0.2, 3], [-0.05, -2]], rtol=1e-6)
    np.testing.assert_allclose(slope, [-2.5, -4])


def test_none_stands_for_the_defaults_of_lrn(graph):
    x = np.arange(12, dtype=np.float32).reshape(1, 1, 2, 6)
    with tf.Session() as session:
        told, given = session.run([tf.nn.lrn(x, depth_radius=None, bias=None, alpha=None, beta=None), tf.nn.lrn(x)])
    np.testing.assert_array_equal(told, given)
    np.testing.assert_allclose(given[0, 0, 0], x[0, 0, 0] / np.sqrt(1 + 55), rtol=1e-6)
