"""Clipping by norms, against NumPy and against what a norm is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import scopeflow as tf

finite = st.floats(-1e3, 1e3).map(lambda x: x if abs(x) > 1e-6 else 0.0)
tensors = arrays(np.float64, array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4), elements=finite)


def run(build, *values):
    """The value of build(*constants) in a graph of its own."""
    with tf.Graph().as_default(), tf.Session() as session:
        return session.run(build(*map(tf.constant, values)))


def close(a, b, tol=1e-12):
    a, b = np.asarray(a), np.asarray(b)
    return a.shape == b.shape and bool(np.all(np.abs(a - b) <= tol * np.maximum(1.0, np.abs(b))))


@settings(max_examples=60, deadline=None)
@given(tensors, st.floats(0.01, 100.0))
def test_clip_by_norm_shortens_what_is_longer_and_keeps_the_rest(x, most):
    got = run(lambda t: tf.clip_by_norm(t, most), x)
    norm = np.linalg.norm(x)
    assert close(got, x if norm <= most else x * (most / norm))


@settings(max_examples=40, deadline=None)
@given(
    arrays(np.float64, (3, 2, 2), elements=finite),
    st.floats(0.01, 100.0),
    st.sampled_from([[0], [1, 2], [-1], [0, 1, 2]]),
)
def test_clip_by_norm_along_axes_takes_the_norm_of_each_slice(x, most, axes):
    got = run(lambda t: tf.clip_by_norm(t, most, axes), x)
    norm = np.sqrt(np.sum(x * x, tuple(axes), keepdims=True))
    assert close(got, x * most / np.maximum(norm, most))


@settings(max_examples=60, deadline=None)
@given(st.lists(tensors, min_size=1, max_size=4), st.floats(0.01, 100.0))
def test_clip_by_global_norm_scales_all_alike(xs, most):
    norm = np.sqrt(sum(np.sum(x * x) for x in xs))
    clipped, found = run(lambda *ts: tf.clip_by_global_norm(ts, most), *xs)
    assert close(found, norm)
    factor = min(1.0, most / norm) if norm > 0 else 1.0
    for got, x in zip(clipped, xs, strict=True):
        assert close(got, x * factor)


@settings(max_examples=30, deadline=None)
@given(tensors.filter(lambda x: np.any(x)), st.floats(0.001, 1.0))
def test_clip_by_average_norm_limits_the_norm_by_element(x, most):
    average = np.linalg.norm(x) / x.size
    got = run(lambda t: tf.clip_by_average_norm(t, most), x.astype(np.float32))
    assert close(got, x if average <= most else x * (most / average), 1e-4)


def test_none_stays_none_and_slices_stay_slices():
    values, indices = np.array([[3.0, 4.0], [0.0, 0.0]]), [2, 0]
    with tf.Graph().as_default(), tf.Session() as session:
        slices = tf.IndexedSlices(tf.constant(values), tf.constant(indices), tf.constant([4, 2]))
        (none, clipped, dense), norm = tf.clip_by_global_norm([None, slices, tf.constant([12.0], tf.float64)], 6.5)
        assert none is None and isinstance(clipped, tf.IndexedSlices) and clipped.dense_shape is slices.dense_shape
        assert session.run([norm, dense]) == [13.0, [6.0]]
        assert session.run(clipped.values).tolist() == [[1.5, 2.0], [0.0, 0.0]]
        assert session.run(clipped.indices).tolist() == indices
        alone = tf.clip_by_norm(slices, 1.0)
        assert isinstance(alone, tf.IndexedSlices) and close(session.run(alone.values), values / 5)


def test_the_norm_of_nothing_is_zero():
    for nothing in ([], [None], (None, None)):
        assert run(lambda: tf.global_norm(nothing)) == 0.0  # noqa: B023
        clipped, norm = run(lambda: tf.clip_by_global_norm([tf.zeros([2])], 1.0))
        assert clipped[0].tolist() == [0.0, 0.0] and norm == 0.0


@pytest.mark.parametrize("bad", [np.inf, np.nan, 1e30])
def test_a_norm_that_is_not_finite_makes_all_gradients_nan(bad):
    x, y = np.array([bad, 1.0], np.float32), np.array([2.0], np.float32)  # 1e30 squared overflows float32
    clipped, norm = run(lambda a, b: tf.clip_by_global_norm([a, b], 1.0), x, y)
    assert not np.isfinite(norm) and all(np.all(np.isnan(c)) for c in clipped)


def test_a_known_norm_is_used_as_it_is():
    with tf.Graph().as_default(), tf.Session() as session:
        known = tf.constant(8.0)
        clipped, norm = tf.clip_by_global_norm([tf.constant([2.0])], 4.0, use_norm=known)
        assert norm is known and session.run(clipped[0]).tolist() == [1.0]


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16, tf.float32, tf.float64])
def test_results_have_the_tensors_dtype(dtype):
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.constant([3.0, 4.0], dtype)
        for clipped in (tf.clip_by_norm(x, 2.5), tf.clip_by_global_norm([x], 2.5)[0][0]):
            assert clipped.dtype is dtype
            assert session.run(clipped).astype(np.float64).tolist() == [1.5, 2.0]


def test_the_gradient_of_clip_by_norm_at_zero_is_finite():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float64, [2])
        (slope,) = tf.gradients(tf.clip_by_norm(x, 1.0), x)
        assert session.run(slope, {x: [0.0, 0.0]}).tolist() == [1.0, 1.0]
        assert session.run(slope, {x: [0.3, 0.4]}).tolist() == [1.0, 1.0]
        assert close(session.run(slope, {x: [3.0, 4.0]}), [4 / 125, -3 / 125], 1e-12)  # (|x|² - xᵢ(x₁ + x₂)) / |x|³


def test_one_tensor_is_no_list():
    with tf.Graph().as_default():
        for function in (tf.global_norm, lambda t: tf.clip_by_global_norm(t, 1.0)):
            with pytest.raises(TypeError, match="`t_list` should be a sequence of tensors"):
                function(tf.ones([2]))


def test_a_clip_norm_that_would_broadcast_the_tensor_is_refused():
    with tf.Graph().as_default(), pytest.raises(ValueError, match="incompatible"):
        tf.clip_by_norm(tf.ones([2]), tf.ones([3, 2]))


def test_rows_of_indexed_slices_are_clipped_each_by_itself_and_stay_rows():
    with tf.Graph().as_default(), tf.Session() as session:
        table = tf.constant([[1.0, -2.0], [3.0, -4.0]])
        (rows,) = tf.gradients(tf.reduce_sum(tf.gather(table, [1, 0, 1]) ** 2), [table])
        clipped = tf.clip_by_value(rows, -5.0, 4.0)
        got = session.run(clipped)
        assert isinstance(clipped, tf.IndexedSlices)
        assert got.indices.tolist() == [1, 0, 1]
        assert got.values.tolist() == [[4.0, -5.0], [2.0, -4.0], [4.0, -5.0]]
        assert session.run(tf.convert_to_tensor(clipped)).tolist() == [[2.0, -4.0], [8.0, -10.0]]
