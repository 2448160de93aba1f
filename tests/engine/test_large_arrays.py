"""Ops whose large arrays a CPU's threads take in parts compute what they compute of small ones."""

import math

import numpy as np
import pytest

import scopeflow as tf
from scopeflow.engine.ops import basic, indexing
from scopeflow.engine.ops.normalize import FusedBatchNormV3
from scopeflow.kernels.cpu import threads

SHAPE = (1001, 7, 83)  # no whole number of parts
POSITIVE = {tf.lgamma, tf.digamma}


@pytest.fixture
def shared(monkeypatch):
    """How many tasks were shared out."""
    counts, share = [], threads.share
    monkeypatch.setattr(threads, "share", lambda tasks, work: counts.append(tasks) or share(tasks, work))
    return counts


def values(dtype=np.float32, seed=0):
    return np.random.default_rng(seed).standard_normal(SHAPE).astype(dtype)


@pytest.mark.parametrize("op", [tf.erf, tf.erfc, tf.lgamma, tf.digamma])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
def test_an_op_of_one_array_and_its_gradient_are_those_of_its_rows(op, dtype, shared):
    x = abs(values(dtype)) + dtype(0.1) if op in POSITIVE else values(dtype)
    assert x.size > basic.LARGE
    with tf.Graph().as_default(), tf.Session() as session:
        fed = tf.placeholder(dtype, [None, *SHAPE[1:]])
        y = op(fed)
        grad = tf.gradients(y, fed)[0]
        whole = session.run([y, grad], {fed: x})
        assert max(shared, default=0) >= x.size // basic.PART
        for begin in range(0, len(x), 100):
            rows = slice(begin, begin + 100)
            some = session.run([y, grad], {fed: x[rows]})
            for large, small in zip(whole, some, strict=True):
                assert large.dtype == small.dtype == dtype
                np.testing.assert_allclose(large[rows], small, rtol=4 * np.finfo(dtype).eps)


def test_what_is_not_a_number_or_not_contiguous_goes_through(shared):
    x = values()
    x[3, 2, 1], x[900, 0, 0] = np.nan, np.inf
    with tf.Graph().as_default(), tf.Session() as session:
        fed = tf.placeholder(tf.float32, SHAPE)
        y = session.run(tf.erfc(fed), {fed: x})
        turned = session.run(tf.erfc(tf.transpose(fed)), {fed: x})
    assert np.isnan(y[3, 2, 1]) and y[900, 0, 0] == 0 and np.isnan(y).sum() == 1
    np.testing.assert_allclose(turned.T, y, rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, np.int32])
@pytest.mark.parametrize("kept", [(83,), (7, 83), (1, 83), ()])
def test_the_gradient_of_a_broadcast_is_the_sum(dtype, kept, shared):
    g = (values() * 3).astype(dtype)
    with tf.Graph().as_default(), tf.Session() as session:
        summed = session.run(basic.sum_to_shape(tf.constant(g), list(kept)))
    axes = tuple(i for i, size in enumerate((1,) * (3 - len(kept)) + kept) if size != SHAPE[i])
    expected = np.sum(g, axis=axes, dtype=np.float64).reshape(kept)
    magnitude = np.sum(abs(g), axis=axes, dtype=np.float64).reshape(kept)
    assert summed.dtype == dtype
    unit = np.finfo(dtype).eps if np.dtype(dtype).kind == "f" else 0
    assert np.all(abs(summed.astype(np.float64) - expected) <= unit * abs(expected) + 4e-7 * magnitude * (unit > 0))


@pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
def test_the_gradient_of_a_bias_is_the_sum(data_format):
    g = values().reshape(1001, 7, 83, 1) if data_format == "NCHW" else values().reshape(1001, 1, 7, 83)
    axis = 1 if data_format == "NCHW" else 3
    with tf.Graph().as_default(), tf.Session() as session:
        bias = tf.zeros([g.shape[axis]])
        y = tf.nn.bias_add(tf.zeros(g.shape), bias, data_format=data_format)
        made = session.run(tf.gradients(y, bias, grad_ys=tf.constant(g))[0])
    axes = tuple(i for i in range(4) if i != axis)
    bound = 4e-7 * np.sum(abs(g), axis=axes, dtype=np.float64)
    assert np.all(abs(made - np.sum(g, axis=axes, dtype=np.float64)) <= bound)


def test_sums_have_equal_bits_on_any_number_of_threads(monkeypatch):
    made = set()
    for count in (1, 2, 5):
        monkeypatch.setattr(threads, "count", lambda count=count: count)
        with tf.Graph().as_default(), tf.Session() as session:
            made.add(session.run(basic.sum_to_shape(tf.constant(values()), [83])).tobytes())
    assert len(made) == 1


def test_a_long_sum_keeps_its_small_numbers():
    """One after the other, ones stop to count in float32 at 2 to the 24th."""
    ones = np.ones((1 << 25, 1), np.float32)
    with tf.Graph().as_default(), tf.Session() as session:
        fed = tf.placeholder(tf.float32, [None, 1])
        assert session.run(basic.sum_to_shape(fed, [1]), {fed: ones})[0] == math.prod(ones.shape)


def batch_norm(x, dy, layout="NHWC", training=True, **attrs):
    """(y, the four statistics), and the gradients of x, scale and offset."""
    scale, offset, mean, variance = np.random.default_rng(9).uniform(0.5, 2.0, (4, SHAPE[-1])).astype(np.float32)
    attrs = {"epsilon": 0.01, "exponential_avg_factor": 1.0, "data_format": layout, "is_training": training, **attrs}
    with tf.Graph().as_default(), tf.Session() as session:
        fed = [tf.placeholder(a.dtype, a.shape) for a in (x, scale, offset)]
        moments = [mean, variance] if not training else [np.zeros(0, np.float32)] * 2
        y, *statistics, _ = FusedBatchNormV3(*fed, *moments, **attrs)
        grads = tf.gradients(y, fed, grad_ys=tf.constant(dy))
        got = session.run([[y, *statistics], grads], dict(zip(fed, (x, scale, offset), strict=True)))
    return got, (scale, offset, mean, variance)


def wanted_batch_norm(x, dy, scale, offset, mean, variance, training):
    """The same in float64, of rows; without the two statistics to keep."""
    x, dy, scale, offset, mean, variance = (np.float64(a) for a in (x, dy, scale, offset, mean, variance))
    if training:
        mean, variance = x.mean(0), x.var(0)
    r = 1 / np.sqrt(variance + 0.01)
    normal = (x - mean) * r
    d_scale, d_offset = (dy * normal).sum(0), dy.sum(0)
    dx = scale * r * (dy - training * (d_offset + normal * d_scale) / len(x))
    return [normal * scale + offset, mean, variance], [dx, d_scale, d_offset]


@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("count", [1001, 1])  # of either, the last part is of a few rows
def test_a_batch_is_normalised_by_parts(layout, training, dtype, count, shared):
    x, dy = (values(np.float32, seed).reshape(1001, 1, 7, 83) for seed in (1, 2))
    if count == 1:
        x, dy = x.reshape(1, 77, 91, 83), dy.reshape(1, 77, 91, 83)
    x, dy = (3 + 2 * x).astype(dtype), (dy + 1).astype(dtype)
    turn = (lambda a: np.moveaxis(a, -1, 1).copy()) if layout == "NCHW" else np.asarray
    ((y, _, kept, *used), (dx, *slopes)), parameters = batch_norm(turn(x), turn(dy), layout, training)
    assert min(shared) > 1 and len(shared) >= (4 if training else 3)
    rows, dy_rows = x.reshape(-1, 83), dy.reshape(-1, 83)
    (wanted_y, *moments), (wanted_dx, *wanted_slopes) = wanted_batch_norm(rows, dy_rows, *parameters, training)
    if layout == "NCHW":
        y, dx = np.moveaxis(y, 1, -1), np.moveaxis(dx, 1, -1)
    unit = np.finfo(dtype).eps
    assert y.dtype == dx.dtype == dtype
    for got, wanted in ((y, wanted_y), (dx, wanted_dx)):
        assert np.all(abs(got.reshape(-1, 83) - wanted) <= 8 * unit * (1 + abs(wanted)))
    for got, wanted in zip(used, moments, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-6)
    if training:
        np.testing.assert_allclose(kept, moments[1] * len(rows) / (len(rows) - 1), rtol=1e-6)
    for got, wanted in zip(slopes, wanted_slopes, strict=True):
        assert np.all(abs(got - wanted) <= 2e-6 * (abs(dy_rows).sum(0, dtype=np.float64) + abs(wanted)))


def test_the_variance_of_a_large_batch_far_from_zero_keeps_its_digits():
    x = (values() + 1000).reshape(1001, 1, 7, 83)
    ((_, _, _, mean, variance), _), _ = batch_norm(x, x)
    np.testing.assert_allclose(mean, np.float64(x).mean((0, 1, 2)), rtol=2e-7)
    np.testing.assert_allclose(variance, np.float64(x).var((0, 1, 2)), rtol=2e-5)  # 300 roundings


def test_a_channel_with_a_nan_or_an_infinity_spoils_no_other():
    x = values().reshape(1001, 1, 7, 83)
    clean = batch_norm(x, x)[0]
    x = x.copy()
    x[1000, 0, 6, 5], x[0, 0, 0, 80] = np.nan, np.inf
    spoilt = batch_norm(x, x)[0]
    others = [c for c in range(83) if c not in (5, 80)]
    for before, after in zip([*clean[0], *clean[1]], [*spoilt[0], *spoilt[1]], strict=True):
        np.testing.assert_array_equal(before[..., others], after[..., others])
    mean, variance = spoilt[0][3:]
    assert np.isnan(mean[5]) and mean[80] == np.inf and np.isnan(variance[[5, 80]]).all()


def test_batch_normalization_has_equal_bits_on_any_number_of_threads(monkeypatch):
    made, x = set(), values().reshape(1001, 1, 7, 83)
    for count in (1, 2, 5):
        monkeypatch.setattr(threads, "count", lambda count=count: count)
        outputs, grads = batch_norm(x, x + 1)[0]
        made.add(b"".join(a.tobytes() for a in [*outputs, *grads]))
    assert len(made) == 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.float16])
@pytest.mark.parametrize("length", [*range(1, 20), 31, 32, 33, 63, 64, 65])
def test_the_extremes_of_many_short_rows_are_those_of_each(dtype, length):
    rows = basic.LARGE // length + 5
    x = (np.random.default_rng(length).standard_normal((rows, length)) * 20).astype(dtype)
    x[3] = x[3, 0]  # all tie
    if x.dtype.kind == "f":
        for column in range(length):
            x[10 * column, column], x[10 * column + 1, column], x[10 * column + 2, column] = np.nan, np.inf, -np.inf
        x[-1] = -np.inf
    with tf.Graph().as_default(), tf.Session() as session:
        fed = tf.placeholder(dtype, [None, length])
        greatest, least = session.run([tf.reduce_max(fed, 1), tf.reduce_min(fed, -1, keepdims=True)], {fed: x})
    columns = [x[:, i] for i in range(length)]
    most, fewest = columns[0].copy(), columns[0].copy()
    for column in columns[1:]:
        most = np.where(np.isnan(column) | (column > most), column, most)
        fewest = np.where(np.isnan(column) | (column < fewest), column, fewest)
    assert greatest.dtype == least.dtype == dtype
    np.testing.assert_array_equal(greatest, most)
    np.testing.assert_array_equal(least, fewest[:, None])


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.float64, np.int32])
@pytest.mark.parametrize("axes", [[0], [1, 0], [-3], [0, 1, 2], [1, 2], [0, 2], [2]])
@pytest.mark.parametrize("keep", [True, False])
def test_sums_and_means_along_any_axes(dtype, axes, keep):
    x = (values() * 3 + 1).astype(dtype)
    with tf.Graph().as_default(), tf.Session() as session:
        fed = tf.placeholder(dtype, SHAPE)
        summed, mean = session.run([tf.reduce_sum(fed, axes, keep), tf.reduce_mean(fed, axes, keep)], {fed: x})
    exact = np.sum(x, axis=tuple(axes), dtype=np.float64, keepdims=keep)
    count = math.prod(SHAPE[a] for a in axes)
    if dtype is np.int32:
        np.testing.assert_array_equal(summed, exact)
        np.testing.assert_array_equal(mean, np.trunc(exact / count))
        return
    bound = 4e-7 * np.sum(abs(x), axis=tuple(axes), dtype=np.float64, keepdims=keep)
    with np.errstate(over="ignore"):
        rounded = exact.astype(dtype)
    finite = np.isfinite(rounded)
    assert summed.shape == mean.shape == exact.shape and summed.dtype == mean.dtype == dtype
    unit = np.finfo(dtype).eps
    assert np.all((abs(summed - exact) <= bound + unit * abs(exact)) | ~finite)
    assert np.all(abs(mean - exact / count) <= bound / count + unit * abs(exact / count))


def greatest_one_by_one(row, count):
    """The places of the greatest, NaN first, the lower index of equals: the best of what is left, again and again."""
    left, places = list(range(len(row))), []
    for _ in range(count):
        best = left[0]
        for place in left[1:]:
            if not np.isnan(row[best]) and (np.isnan(row[place]) or row[place] > row[best]):
                best = place
        left.remove(best)
        places.append(best)
    return places


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, np.int32, np.uint8])
@pytest.mark.parametrize("count", [1, 2, 7, 25])
@pytest.mark.parametrize("sort", [True, False])
def test_the_greatest_few_of_long_rows_come_as_one_by_one(dtype, count, sort):
    generator = np.random.default_rng(count)
    x = (generator.standard_normal((50, 101)) * 40).astype(np.int64).astype(dtype)  # with ties of all kinds
    x[0], x[1], x[2, 3::9], x[3, :-1] = 5, np.arange(101), 120, 0
    if x.dtype.kind == "f":
        x[8:20] += generator.standard_normal((12, 101)).astype(dtype)  # with hardly any
        x[4], x[5, ::5], x[6, 50], x[7, 4::20] = np.nan, np.nan, np.nan, np.inf
        x[12, :60], x[13, 7], x[14] = -np.inf, np.nan, np.where(np.arange(101) % 2, 0.0, -0.0)
        x[15, :99] = np.nan
    assert x.size >= indexing._MANY and 4 * count <= x.shape[-1]
    with tf.Graph().as_default(), tf.Session() as session:
        values, places = session.run(tf.nn.top_k(tf.constant(x.reshape(5, 10, 101)), count, sorted=sort))
    wanted = np.array([greatest_one_by_one(row, count) for row in x])
    assert places.dtype == np.int32 and values.dtype == dtype
    np.testing.assert_array_equal(places.reshape(50, count), wanted)
    np.testing.assert_array_equal(values.reshape(50, count), np.take_along_axis(x, wanted, 1))


def test_the_greatest_few_of_no_rows_and_of_one_turned_row():
    x = np.random.default_rng(3).standard_normal((9000, 2)).astype(np.float32)
    with tf.Graph().as_default(), tf.Session() as session:
        fed = tf.placeholder(tf.float32, [None, 2])
        places = session.run(tf.nn.top_k(tf.transpose(fed), 3)[1], {fed: x})
        none = session.run(tf.nn.top_k(tf.zeros([0, 9000]), 3))
    assert places.tolist() == np.argsort(-x, axis=0)[:3].T.tolist()
    assert none[0].shape == none[1].shape == (0, 3)
