"""tf.nn's functions over several ops: moments, lookups, dropout, convolutions in their other forms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scopeflow as tf


def rng(seed=0):
    return np.random.default_rng(seed)


def run(build, *arrays):
    """The value of build(*constants) in a graph of its own."""
    with tf.Graph().as_default(), tf.Session() as session:
        return session.run(build(*[tf.constant(a) for a in arrays]))


def assert_close(got, wanted, tolerance):
    got, wanted = np.asarray(got, np.float64), np.asarray(wanted, np.float64)
    assert got.shape == wanted.shape
    assert np.all(np.abs(got - wanted) <= tolerance), f"off by {np.max(np.abs(got - wanted))}"


# -- moments --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("axes", [[0], [1, 2], [-1], [0, 1, 2]])
@pytest.mark.parametrize("keep", [False, True])
def test_moments_are_numpy_s_mean_and_variance(axes, keep):
    x = rng().standard_normal((3, 4, 5))
    mean, variance = run(lambda t: tf.nn.moments(t, axes, keep_dims=keep), x)
    assert_close(mean, x.mean(tuple(axes), keepdims=keep), 1e-15)
    assert_close(variance, x.var(tuple(axes), keepdims=keep), 1e-14)


def test_moments_of_halves_are_those_of_float32():
    x = np.full(5000, 3.0, np.float16)  # their float16 sum would overflow its exact integers
    mean, variance = run(lambda t: tf.nn.moments(t, [0]), x)
    assert mean.dtype == variance.dtype == np.float16 and (float(mean), float(variance)) == (3.0, 0.0)


def test_whole_weights_count_like_repetitions():
    x, counts = rng().standard_normal((4, 3)), np.array([1, 3, 0, 2])
    mean, variance = run(lambda t: tf.nn.weighted_moments(t, [0], counts[:, None].astype(float)), x)
    repeated = np.repeat(x, counts, axis=0)
    assert_close(mean, repeated.mean(0), 1e-15)
    assert_close(variance, repeated.var(0), 1e-15)


@pytest.mark.parametrize("weights", [2.0, [2.0, 0.5, 1.0], [[3.0]] * 4])
def test_weights_that_are_alike_along_the_axis_change_nothing(weights):
    x = rng().standard_normal((4, 3))
    mean, variance = run(lambda t: tf.nn.weighted_moments(t, [0], tf.constant(weights, tf.float64)), x)
    assert_close(mean, x.mean(0), 1e-15)
    assert_close(variance, x.var(0), 1e-15)


@pytest.mark.parametrize("shift", [None, 2.5])
def test_sufficient_statistics_tell_the_moments(shift):
    x = 2.5 + rng().standard_normal((6, 3))

    def both(t):
        statistics = tf.nn.sufficient_statistics(
            t, [0], shift=None if shift is None else tf.constant(shift, tf.float64)
        )
        return tf.nn.normalize_moments(*statistics)

    mean, variance = run(both, x)
    assert_close(mean, x.mean(0), 1e-14)
    assert_close(variance, x.var(0), 1e-14)


def test_l2_normalize_gives_unit_lengths_and_leaves_zero_alone():
    x = rng().standard_normal((3, 4))
    x[1] = 0
    got = run(lambda t: tf.nn.l2_normalize(t, 1), x)
    assert_close(np.linalg.norm(got, axis=1), [1, 0, 1], 1e-15)


# -- lookups --------------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 11), st.integers(1, 4), st.lists(st.integers(0, 10), max_size=8), st.sampled_from(["mod", "div"]))
def test_a_table_in_parts_is_looked_up_as_one(rows, parts, ids, strategy):
    parts = min(parts, rows)
    table, ids = rng().standard_normal((rows, 2)), np.array([i % rows for i in ids], np.int64)
    if strategy == "mod":
        pieces = [table[i::parts] for i in range(parts)]
    else:
        pieces = np.array_split(table, parts)  # the first ones a row longer, as TensorFlow has it
    got = run(lambda *t: tf.nn.embedding_lookup(list(t), ids, strategy), *pieces)
    assert got.tolist() == table[ids].tolist()


def test_a_lookup_has_the_shape_of_the_ids_and_the_row():
    table = rng().standard_normal((5, 2, 3))
    got = run(lambda t: tf.nn.embedding_lookup(t, [[0, 4], [4, 1], [2, 2]]), table)
    assert got.tolist() == table[[[0, 4], [4, 1], [2, 2]]].tolist()


def test_long_rows_are_shortened_and_short_ones_kept():
    got = run(
        lambda t: tf.nn.embedding_lookup(t, [0, 1, 2], max_norm=5.0), np.array([[3.0, 4.0], [6.0, 8.0], [0.0, 1.0]])
    )
    assert_close(got, [[3, 4], [3, 4], [0, 1]], 1e-15)


def test_the_gradient_of_a_lookup_touches_only_its_rows():
    with tf.Graph().as_default(), tf.Session() as session:
        table = tf.constant(np.zeros((5, 2)))
        gradient = tf.gradients(tf.nn.embedding_lookup(table, [3, 0, 3]), table)[0]
        assert isinstance(gradient, tf.IndexedSlices)
        assert session.run(tf.convert_to_tensor(gradient))[:, 0].tolist() == [1, 0, 0, 2, 0]


def test_lookups_refuse_no_tables_unknown_strategies_and_rows_that_are_not_there():
    with tf.Graph().as_default(), tf.Session() as session:
        table = tf.zeros([4, 2])
        with pytest.raises(ValueError, match="Need at least one param"):
            tf.nn.embedding_lookup([], [1])
        with pytest.raises(ValueError, match="Unrecognized partition strategy: foo"):
            tf.nn.embedding_lookup([table, table], [1], "foo")
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"indices\[1\] = 4 is not in \[0, 4\)"):
            session.run(tf.nn.embedding_lookup(table, tf.placeholder_with_default([0, 4], [2])))


# -- dropout --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
def test_dropout_drops_its_share_and_scales_the_rest_up(rate):
    got = run(lambda x: tf.nn.dropout(x, rate=rate, seed=1), np.full(40000, 3.0, np.float32))
    kept = got != 0
    assert set(got[kept].tolist()) == {float(np.float32(3.0) * np.float32(1 / (1 - rate)))}
    spread = 4 * np.sqrt(rate * (1 - rate) / got.size)
    assert abs(kept.mean() - (1 - rate)) <= spread


def test_keep_prob_is_one_minus_the_rate_and_draws_alike():
    x = np.ones(100, np.float32)
    with tf.Graph().as_default(), tf.Session() as session:
        a = tf.nn.dropout(tf.constant(x), 0.75, seed=4)
        b = tf.nn.dropout(tf.constant(x), rate=tf.constant(0.25), seed=4)
        a, b = session.run([a, b])
    assert a.tolist() == b.tolist() and 0 < np.count_nonzero(a) < 100


def test_dropped_dimensions_share_one_fate():
    got = run(lambda x: tf.nn.dropout(x, 0.5, noise_shape=[6, 1, 4], seed=2), np.ones((6, 5, 4), np.float32))
    assert np.all(got == got[:, :1]) and 0 < np.count_nonzero(got) < got.size


def test_a_noise_shape_takes_its_unknown_dimensions_from_the_input():
    with tf.Graph().as_default(), tf.Session() as session:
        got = session.run(tf.nn.dropout(tf.ones([6, 5]), 0.5, noise_shape=[None, 1], seed=2))
    assert np.all(got == got[:, :1])


def test_the_gradient_of_dropout_is_its_own_mask():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.ones([50])
        y = tf.nn.dropout(x, rate=0.5)
        y, dx = session.run([y, tf.gradients(y, x)[0]])
    assert y.tolist() == dx.tolist()


def test_dropout_of_nothing_is_the_input_itself():
    with tf.Graph().as_default():
        x = tf.ones([3])
        assert tf.nn.dropout(x, rate=0.0) is x and tf.nn.dropout(x, 1.0) is x


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rate": 1.0}, r"float in the range \[0, 1\). Received: rate=1.0"),
        ({"keep_prob": 1.5}, r"float in the range \[0, 1\). Received: rate=-0.5"),
        ({"rate": float("nan")}, "Received: rate=nan"),
        ({}, "`rate` must be provided"),
        ({"rate": 0.5, "keep_prob": 0.5}, "Cannot specify both 'keep_prob' and 'rate'"),
        ({"rate": "a"}, "must be a scalar or scalar tensor. Received: rate=a"),
    ],
)
def test_dropout_refuses_rates_that_are_none(arguments, message):
    with tf.Graph().as_default(), pytest.raises(ValueError, match=message):
        tf.nn.dropout(tf.ones([3]), **arguments)


def test_dropout_refuses_integers_and_rates_of_another_dtype_or_rank():
    with tf.Graph().as_default():
        with pytest.raises(ValueError, match="must be a floating point tensor"):
            tf.nn.dropout(tf.constant([1, 2]), 0.5)
        with pytest.raises(ValueError, match=r"must be compatible with `rate\.dtype`"):
            tf.nn.dropout(tf.ones([3], tf.float64), rate=tf.constant(0.5))
        with pytest.raises(ValueError, match="rank 0"):
            tf.nn.dropout(tf.ones([3]), rate=tf.constant([0.5, 0.5]))


# -- convolutions in other forms ------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=40)
@given(
    st.tuples(st.integers(1, 7), st.integers(1, 7)),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.sampled_from(["SAME", "VALID"]),
    st.booleans(),
)
def test_moving_space_into_the_batch_is_a_dilated_convolution(size, window, rates, padding, depthwise):
    if padding == "VALID" and any((k - 1) * r + 1 > n for k, r, n in zip(window, rates, size, strict=True)):
        return
    x, w = rng(1).standard_normal((2, *size, 2)), rng(2).standard_normal((*window, 2, 3))
    if depthwise:
        direct = run(lambda x, w: tf.nn.depthwise_conv2d_native(x, w, [1] * 4, padding, dilations=[1, *rates, 1]), x, w)
        moved = run(lambda x, w: tf.nn.depthwise_conv2d(x, w, [1] * 4, padding, rate=rates), x, w)
    else:
        direct = run(lambda x, w: tf.nn.conv2d(x, w, 1, padding, dilations=list(rates)), x, w)
        moved = run(lambda x, w: tf.nn.convolution(x, w, padding, dilation_rate=rates), x, w)
    assert_close(moved, direct, 1e-13)


def test_a_dilated_convolution_of_images_of_unknown_size_needs_no_batch():
    x, w = rng(1).standard_normal((1, 6, 5, 2)), rng(2).standard_normal((3, 3, 2, 3))
    with tf.Graph().as_default(), tf.Session() as session:
        image = tf.placeholder(tf.float64, [None, None, None, 2])
        unknown = session.run(tf.nn.atrous_conv2d(image, tf.constant(w), 2, "SAME"), {image: x})
    assert_close(unknown, run(lambda x, w: tf.nn.atrous_conv2d(x, w, 2, "SAME"), x, w), 1e-14)


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("stride", [1, 2])
def test_conv1d_is_numpy_s_correlation(padding, stride):
    x, w = rng().standard_normal(9), rng(1).standard_normal(4)
    got = run(lambda x, w: tf.nn.conv1d(x, w, stride, padding), x.reshape(1, 9, 1), w.reshape(4, 1, 1)).ravel()
    if padding == "VALID":
        wanted = np.correlate(x, w, "valid")[::stride]
    else:
        total = max((-(-9 // stride) - 1) * stride + 4 - 9, 0)
        wanted = np.correlate(np.pad(x, (total // 2, total - total // 2)), w, "valid")[::stride]
    assert_close(got, wanted, 1e-14)
    first = run(
        lambda x, w: tf.nn.conv1d(x, w, stride, padding, data_format="NCW"), x.reshape(1, 1, 9), w.reshape(4, 1, 1)
    )
    assert_close(first.ravel(), wanted, 1e-14)


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
def test_a_transposed_convolution_is_the_adjoint(padding):
    x, w = rng().standard_normal((2, 7, 6, 2)), rng(1).standard_normal((3, 2, 2, 4))
    y = run(lambda x, w: tf.nn.conv2d(x, w, [2, 3], padding), x, w)
    dy = rng(2).standard_normal(y.shape)
    back = run(lambda dy, w: tf.nn.conv2d_transpose(dy, w, x.shape, [2, 3], padding), dy, w)
    assert_close((y * dy).sum(), (x * back).sum(), 1e-12)


def test_a_separable_convolution_is_its_two_steps():
    x, d, p = (
        rng().standard_normal((1, 6, 5, 2)),
        rng(1).standard_normal((3, 2, 2, 2)),
        rng(2).standard_normal((1, 1, 4, 3)),
    )
    whole = run(lambda x, d, p: tf.nn.separable_conv2d(x, d, p, [1, 2, 2, 1], "SAME"), x, d, p)
    deep = run(lambda x, d: tf.nn.depthwise_conv2d(x, d, [1, 2, 2, 1], "SAME"), x, d)
    assert_close(whole, deep @ p[0, 0], 1e-14)


@pytest.mark.parametrize("kind", ["MAX", "AVG"])
def test_pools_of_sequences_and_dilated_pools(kind):
    x, reduce = rng().standard_normal((2, 9, 3)), {"MAX": np.max, "AVG": np.mean}[kind]
    wanted = np.stack([reduce(x[:, i : i + 3], axis=1) for i in range(0, 7, 2)], axis=1)
    assert_close(run(lambda t: tf.nn.pool(t, [3], kind, "VALID", strides=[2]), x), wanted, 1e-15)
    one = {"MAX": tf.nn.max_pool1d, "AVG": tf.nn.avg_pool1d}[kind]
    assert_close(run(lambda t: one(t, 3, 2, "VALID"), x), wanted, 1e-15)
    wanted = np.stack([reduce(x[:, [i, i + 2]], axis=1) for i in range(7)], axis=1)
    assert_close(run(lambda t: tf.nn.pool(t, [2], kind, "VALID", dilation_rate=[2]), x), wanted, 1e-15)


def test_convolutions_refuse_what_does_not_go_together():
    with tf.Graph().as_default():
        x, w = tf.zeros([1, 6, 6, 2]), tf.zeros([3, 3, 2, 4])
        with pytest.raises(ValueError, match="`strides > 1` not supported in conjunction with `dilation_rate > 1`"):
            tf.nn.convolution(x, w, "SAME", strides=[2, 2], dilation_rate=[2, 2])
        with pytest.raises(ValueError, match="must have 2 elements"):
            tf.nn.convolution(x, w, "SAME", strides=[2, 2, 2])
        with pytest.raises(ValueError, match="`strides` must all be 1"):
            tf.nn.depthwise_conv2d(x, w, [1, 2, 2, 1], "SAME", rate=[2, 2])
        with pytest.raises(ValueError, match="Cannot specify both"):
            tf.nn.conv2d(x, w, 1, "SAME", filters=w)
        with pytest.raises(ValueError, match="pooling_type"):
            tf.nn.pool(x, [2, 2], "SUM", "VALID")


def test_crelu_swish_and_zero_fraction():
    x = np.array([[-1.0, 2.0, 0.0]])
    assert run(tf.nn.crelu, x).tolist() == [[0, 2, 0, 1, 0, 0]]
    assert_close(run(lambda t: tf.nn.swish(t, 2.0), x), x / (1 + np.exp(-2 * x)), 1e-15)
    assert run(tf.nn.zero_fraction, x) == np.float32(1 / 3)


def test_layers_of_products():
    x, w, b = rng().standard_normal((2, 3)), rng(1).standard_normal((3, 4)), rng(2).standard_normal(4)
    assert_close(run(tf.nn.xw_plus_b, x, w, b), x @ w + b, 1e-15)
    assert_close(run(tf.nn.relu_layer, x, w, b), np.maximum(x @ w + b, 0), 1e-15)


def test_log_poisson_loss_with_and_without_its_constant():
    z, c = np.array([0.0, 0.5, 1.0, 3.0, 20.0]), np.array([0.3, -1.0, 0.0, 1.0, 3.0])
    plain = np.exp(c) - z * c
    assert_close(run(tf.nn.log_poisson_loss, z, c), plain, 1e-13)
    with np.errstate(divide="ignore", invalid="ignore"):
        stirling = np.where(z <= 1, 0, z * np.log(z) - z + 0.5 * np.log(2 * np.pi * z))
    assert_close(run(lambda z, c: tf.nn.log_poisson_loss(z, c, True), z, c), plain + stirling, 1e-13)


def test_sigmoid_cross_entropies_of_huge_logits_are_exact():
    x, z = np.array([-1000.0, -2.0, 0.0, 2.0, 1000.0]), np.array([0.0, 1.0, 0.5, 0.25, 0.0])
    wanted = np.maximum(x, 0) - x * z + np.log1p(np.exp(-np.abs(x)))
    assert_close(run(lambda z, x: tf.nn.sigmoid_cross_entropy_with_logits(labels=z, logits=x), z, x), wanted, 1e-15)
    softplus = np.maximum(-x, 0) + np.log1p(np.exp(-np.abs(x)))
    weighted = (1 - z) * x + (1 + 2.0 * z) * softplus
    got = run(lambda z, x: tf.nn.weighted_cross_entropy_with_logits(z, x, 3.0), z, x)
    assert_close(got, weighted, 1e-13)
    with tf.Graph().as_default(), pytest.raises(ValueError, match=r"same shape, received \(\(3,\) vs \(2,\)\)"):
        tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.zeros([2]), logits=tf.zeros([3]))


def test_a_transposed_convolution_leaves_no_gap_out_where_strides_exceed_the_window():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [1, None, 2, 1])
        y = tf.layers.conv2d_transpose(x, 1, [1, 2], strides=[3, 4], kernel_initializer=tf.ones_initializer())
        session.run(tf.global_variables_initializer())
        got = session.run(y, {x: np.ones([1, 2, 2, 1])})
    assert y.shape.as_list() == [1, None, 8, 1]
    assert got[0, :, :, 0].tolist() == [[1, 1, 0, 0] * 2, [0] * 8, [0] * 8] * 2
