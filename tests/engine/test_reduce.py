"""Reductions, running sums and products, segments and counts: values, shapes, refusals."""

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from running import fed, run, same

import scopeflow as tf

pytestmark = pytest.mark.usefixtures("graph")

BFLOAT16 = ml_dtypes.bfloat16


# -- reductions -----------------------------------------------------------------------------------------------------

REFERENCES = {
    "reduce_sum": np.sum,
    "reduce_mean": np.mean,
    "reduce_prod": np.prod,
    "reduce_max": np.max,
    "reduce_min": np.min,
    "reduce_euclidean_norm": lambda x, axis, keepdims: np.sqrt(np.sum(x * x, axis=axis, keepdims=keepdims)),
    "reduce_variance": np.var,
    "reduce_std": np.std,
    "reduce_logsumexp": lambda x, axis, keepdims: np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims)),
}


@st.composite
def reductions(draw):
    shape = draw(st.lists(st.integers(1, 4), max_size=4))
    axes = draw(st.lists(st.integers(0, len(shape) - 1), unique=True)) if shape else []
    signed = [a - len(shape) if draw(st.booleans()) else a for a in axes]
    form = draw(st.sampled_from(["all", "list", "one"] if len(axes) == 1 else ["all", "list"]))
    axis = {"all": None, "list": signed, "one": signed[0] if signed else None}[form]
    return shape, axis, draw(st.booleans())


@pytest.mark.parametrize("name", REFERENCES)
@settings(max_examples=25, deadline=None)
@given(reductions(), st.integers(0, 99))
def test_a_reduction_is_numpys_along_any_axes(name, case, seed):
    shape, axis, keep = case
    x = np.random.default_rng(seed).uniform(0.5, 2, shape)
    wanted = REFERENCES[name](x, axis=tuple(axis) if isinstance(axis, list) else axis, keepdims=keep)
    with tf.Graph().as_default():
        tensor = tf.placeholder(tf.float64, shape)
        result = getattr(tf, name)(tensor, axis, keepdims=keep)
        assert result.shape.as_list() == list(np.shape(wanted))
        partly = tf.placeholder(tf.float64, [None] * len(shape))
        moving = tf.placeholder(tf.int32, [None])
        axes = np.arange(len(shape)) if axis is None else np.ravel(axis)
        results = [result, getattr(tf, name)(partly, axis, keepdims=keep), getattr(tf, name)(partly, moving, keep)]
        for found in run(results, {tensor: x, partly: x, moving: axes}):
            np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float16, BFLOAT16, np.float32, np.float64, np.int8, np.uint8, np.int32, np.int64])
def test_a_reduction_stays_in_its_dtype(dtype):
    x = np.array([[1, 2, 3], [4, 5, 6]], dtype)
    found = fed(lambda t: [getattr(tf, f"reduce_{n}")(t, 1) for n in ("sum", "mean", "prod", "max", "min")], x)
    for value, wanted in zip(found, [[6, 15], [2, 5], [6, 120], [3, 6], [1, 4]], strict=True):
        same(value, np.array(wanted, dtype))


@pytest.mark.parametrize("dtype", [np.float16, BFLOAT16])
def test_half_floats_are_added_up_in_float32(dtype):
    x = np.full(4096, 0.25, dtype)  # in float16 a running sum would stop growing at 512, in bfloat16 at 64
    found = fed(lambda t: [tf.reduce_sum(t), tf.reduce_mean(t), tf.reduce_euclidean_norm(t), tf.cumsum(t)[-1]], x)
    assert [float(f) for f in found] == [1024, 0.25, 16, 1024]
    same(fed(lambda t: tf.reduce_mean(t), np.full(2, 60000, np.float16)), np.float16(60000))


def test_the_mean_of_integers_is_rounded_towards_zero():
    same(fed(lambda t: tf.reduce_mean(t, 1), np.int32([[-1, -2, -4], [1, 2, 4]])), np.int32([-2, 2]))
    same(fed(tf.reduce_mean, np.full(1000, 127, np.int8)), np.int8(127))
    same(fed(tf.reduce_mean, np.full(3, 2**64 - 1, np.uint64)), np.uint64(6148914691236517204))  # the sum wraps


def test_reductions_of_nothing_are_tensorflows():
    nothing = np.zeros([2, 0], np.float32)
    names = ("sum", "prod", "max", "min", "mean")
    found = fed(lambda t: [getattr(tf, f"reduce_{n}")(t, 1) for n in names], nothing)
    assert [f[0] for f in found[:4]] == [0, 1, -np.inf, np.inf] and np.isnan(found[4]).all()
    found = fed(lambda t: [getattr(tf, f"reduce_{n}")(t) for n in ("max", "min", "mean")], np.zeros(0, np.int32))
    assert [int(f) for f in found] == [-(2**31), 2**31 - 1, 0]
    assert fed(lambda t: tf.reduce_max(t, 1, keepdims=True), nothing).shape == (2, 1)


def test_nan_is_the_largest_and_the_smallest():
    assert np.isnan(fed(lambda t: [tf.reduce_max(t), tf.reduce_min(t)], np.float32([1, np.nan, 2]))).all()


def test_booleans_reduce_by_any_and_all_and_numbers_do_not():
    x = np.array([[True, False], [True, True]])
    found = fed(lambda t: [tf.reduce_any(t, 0), tf.reduce_all(t, 0), tf.reduce_all(t), tf.reduce_any(t, [])], x)
    assert [f.tolist() for f in found] == [[True, True], [True, False], False, x.tolist()]
    with pytest.raises(TypeError, match="DataType float32 not in list of allowed values: bool"):
        tf.reduce_any(tf.zeros([2]))
    with pytest.raises(TypeError, match="Value passed to parameter 'input' has DataType bool not in list"):
        tf.reduce_sum([True])


def test_an_axis_out_of_range_is_refused_when_it_is_known():
    with pytest.raises(
        ValueError, match=r"Invalid reduction dimension 2 for input with 2 dimensions. for 'Sum' .*\[2,3\]"
    ):
        tf.reduce_sum(tf.zeros([2, 3]), 2)
    axis = tf.placeholder(tf.int32)
    with pytest.raises(
        tf.errors.InvalidArgumentError, match=r"Invalid reduction dimension -3 for input with 2 dimensions."
    ):
        run(tf.reduce_sum(tf.zeros([2, 3]), axis), {axis: -3})
    with pytest.raises(tf.errors.InvalidArgumentError, match="Axes contains duplicate dimension: 1"):
        run(tf.reduce_sum(tf.zeros([2, 3]), [1, -1]))


def test_old_names_of_arguments_work_but_not_beside_the_new_ones():
    x = tf.constant([[1.0, 2.0]])
    assert run(tf.reduce_sum(x, reduction_indices=[1], keep_dims=True)).tolist() == [[3.0]]
    with pytest.raises(ValueError, match=r"Cannot specify both 'reduction_indices' and 'axis'."):
        tf.reduce_sum(x, 0, reduction_indices=0)
    with pytest.raises(ValueError, match=r"Cannot specify both 'keep_dims' and 'keepdims'."):
        tf.reduce_mean(x, 0, keepdims=True, keep_dims=True)
    with pytest.raises(ValueError, match=r"Cannot specify both 'dimension' and 'axis'."):
        tf.argmax(x, 0, dimension=0)


def test_shapes_are_known_as_far_as_the_axes_are():
    x, v = tf.placeholder(tf.float32, [None, 3, None]), tf.placeholder(tf.float32)
    i = tf.placeholder(tf.int32, [2])
    assert tf.reduce_sum(x, 1).shape.as_list() == [None, None]
    assert tf.reduce_sum(x, [0, 2], keepdims=True).shape.as_list() == [1, 3, 1]
    assert tf.reduce_sum(x, i).shape.ndims is None
    assert tf.reduce_sum(x, i, keepdims=True).shape.as_list() == [None, None, None]
    assert tf.reduce_sum(v).shape.as_list() == [] and tf.reduce_sum(v, 0).shape.ndims is None


def test_elements_that_tie_share_the_gradient_of_their_extreme():
    x = tf.constant([[1.0, 1.0, 0.0], [0.0, 2.0, 2.0]])
    same(run(tf.gradients(tf.reduce_max(x, 1), x)[0]), np.float32([[0.5, 0.5, 0], [0, 0.5, 0.5]]))
    same(run(tf.gradients(tf.reduce_min(x), x)[0]), np.float32([[0, 0, 0.5], [0.5, 0, 0]]))


def test_the_gradient_of_a_product_bears_zeros():
    x = tf.constant([[0.0, 2.0, 3.0], [0.0, 0.0, 5.0]])
    same(run(tf.gradients(tf.reduce_prod(x, 1), x)[0]), np.float32([[6, 0, 0], [0, 0, 0]]))


def test_logsumexp_neither_overflows_nor_gives_nan_for_infinities():
    x = np.float32([[1000, 1000], [-1000, -1000], [-np.inf, -np.inf], [np.inf, 0]])
    np.testing.assert_allclose(
        fed(lambda t: tf.reduce_logsumexp(t, 1), x), [1000 + np.log(2), -1000 + np.log(2), -np.inf, np.inf], rtol=1e-6
    )


def test_gradients_flow_through_axes_known_only_when_it_runs():
    x, axis = tf.placeholder(tf.float32), tf.placeholder(tf.int32)
    found = tf.gradients(
        [tf.reduce_sum(x, axis), tf.reduce_mean(x), tf.reduce_max(x, axis), tf.reduce_prod(x, axis)], x
    )[0]
    values = np.float32([[1, 2], [3, 4]])
    wanted = 1 + 0.25 + np.float32([[0, 1], [0, 1]]) + np.float32([[2, 1], [4, 3]])
    same(run(found, {x: values, axis: [-1]}), wanted)


def test_count_nonzero_knows_strings_and_booleans():
    assert run([tf.count_nonzero(["a", ""]), tf.count_nonzero([True, False, True])]) == [1, 2]
    result = tf.count_nonzero([[0, 1, 2], [0, 0, 5]], 0, dtype=tf.int32, keepdims=True)
    same(run(result), np.int32([[0, 1, 2]]))


# -- argmax, scans --------------------------------------------------------------------------------------------------


def test_argmax_takes_the_first_of_equals_and_overlooks_nan():
    same(fed(tf.argmax, np.int32([1, 2, 2])), np.int64(1))
    same(fed(tf.argmin, np.int32([2, 1, 1])), np.int64(1))
    same(fed(tf.argmax, np.float32([1, np.nan, 2])), np.int64(2))
    same(fed(tf.argmax, np.float32([np.nan, np.nan])), np.int64(0))
    same(fed(lambda t: tf.argmax(t, -1, output_type=tf.int32), np.float16([[1, 3], [5, 4]])), np.int32([1, 0]))
    same(fed(tf.argmax, np.array([1, 3, 2], BFLOAT16)), np.int64(1))
    same(fed(tf.argmax, np.array([False, True])), np.int64(1))


def test_argmax_refuses_axes_that_are_not_there_and_empty_ones():
    with pytest.raises(
        ValueError, match=r"Dimension \(2\) must be in the range \[-2, 2\), where 2 is the number of dimensions"
    ):
        tf.argmax(tf.zeros([2, 2]), 2)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"Reduction axis 0 is empty in shape \[0,3\]"):
        fed(tf.argmax, np.zeros([0, 3], np.float32))
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"Expected dimension in the range \[0, 0\), but got 0"):
        run(tf.argmax(3.0))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=3), st.booleans(), st.booleans(), st.data())
def test_scans_are_what_a_loop_gives(shape, exclusive, reverse, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    x = np.random.default_rng(7).integers(-3, 4, shape).astype(np.int32)
    for name, combine, start in (("cumsum", np.add, 0), ("cumprod", np.multiply, 1)):
        moved = np.moveaxis(x, axis, 0)
        wanted, total = np.empty_like(moved), np.full(moved.shape[1:], start, np.int32)
        for i in reversed(range(len(moved))) if reverse else range(len(moved)):
            wanted[i] = total if exclusive else combine(total, moved[i])
            total = combine(total, moved[i])
        with tf.Graph().as_default():
            found = fed(lambda t, n=name: getattr(tf, n)(t, axis, exclusive=exclusive, reverse=reverse), x)
        same(found, np.moveaxis(wanted, 0, axis))


def test_a_scan_along_an_axis_that_is_not_there_is_refused():
    with pytest.raises(
        tf.errors.InvalidArgumentError, match=r"ScanOp: Expected scan axis in the range \[-1, 1\), but got 1"
    ):
        run(tf.cumsum([1.0], 1))


# -- segments and counts --------------------------------------------------------------------------------------------

MERGES = {"sum": np.sum, "mean": np.mean, "max": np.max, "min": np.min}
OF_NOTHING = {"sum": 0, "mean": 0, "max": np.finfo(np.float32).min, "min": np.finfo(np.float32).max, "sqrt_n": 0}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(-1, 4), min_size=1, max_size=8))
def test_unsorted_segments_are_what_a_loop_gives(ids):
    x = np.random.default_rng(5).standard_normal((len(ids), 2)).astype(np.float32)
    merges = {**MERGES, "sqrt_n": lambda rows, axis: rows.sum(axis) / np.sqrt(np.float32(len(rows)))}
    for kind, merge in merges.items():
        wanted = np.full((5, 2), OF_NOTHING[kind], np.float32)
        for i in set(ids) - {-1}:
            wanted[i] = merge(x[np.array(ids) == i], axis=0)
        with tf.Graph().as_default():
            found = fed(lambda t, k=kind: getattr(tf, f"unsorted_segment_{k}")(t, ids, 5), x)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=8))
def test_sorted_segments_are_what_a_loop_gives(ids):
    ids = sorted(ids)
    x = np.random.default_rng(6).standard_normal((len(ids), 2)).astype(np.float32)
    for kind, merge in MERGES.items():
        wanted = np.zeros((ids[-1] + 1, 2), np.float32)
        for i in set(ids):
            wanted[i] = merge(x[np.array(ids) == i], axis=0)
        with tf.Graph().as_default():
            found = fed(lambda t, k=kind: getattr(tf, f"segment_{k}")(t, ids), x)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


def test_ids_of_more_dimensions_name_more_dimensions_of_the_data():
    x = np.arange(12, dtype=np.int32).reshape(2, 2, 3)
    same(
        fed(lambda t: tf.unsorted_segment_sum(t, [[0, 2], [2, 2]], 3), x),
        np.int32([[0, 1, 2], [0, 0, 0], [18, 21, 24]]),
    )


@pytest.mark.parametrize("dtype", [np.float16, BFLOAT16])
def test_segments_of_half_floats_are_added_up_in_float32(dtype):
    x = np.full(4096, 0.25, dtype)
    found = fed(
        lambda t: [tf.segment_sum(t, np.zeros(4096, np.int32)), tf.unsorted_segment_sum(t, np.zeros(4096, int), 1)], x
    )
    for value in found:
        same(value, np.array([1024], dtype))
    same(fed(lambda t: tf.unsorted_segment_max(t, [0, 0, 2], 3), x[:3])[[0, 2]], x[:2])


def test_ids_that_do_not_fit_are_refused():
    x = np.int32([1, 2, 3])
    refusals = [
        (lambda t: tf.unsorted_segment_sum(t, [0, 5, 1], 3), r"segment_ids\[1\] = 5 is out of range \[0, 3\)"),
        (lambda t: tf.segment_sum(t, [0, 2, 1]), "segment ids are not increasing"),
        (lambda t: tf.segment_max(t, [-1, 0, 1]), "segment ids are not increasing"),
        (lambda t: tf.segment_sum(t, [0, 1]), "segment_ids should be the same size as dimension 0 of input."),
    ]
    for build, text in refusals:
        with pytest.raises(tf.errors.InvalidArgumentError, match=text):
            fed(build, x)


def test_values_are_counted():  # as TensorFlow 2.21 counts them
    same(run(tf.bincount([1, 1, 3])), np.int32([0, 2, 0, 1]))
    same(run(tf.bincount([1, 1, 3], minlength=6)), np.int32([0, 2, 0, 1, 0, 0]))
    same(run(tf.bincount([1, 1, 3], maxlength=2)), np.int32([0, 2]))
    same(run(tf.bincount([1, 1, 3], weights=[1.0, 2.0, 3.0])), np.float32([0, 3, 0, 3]))
    same(run(tf.bincount(tf.constant([], tf.int32))), np.int32([]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="Input arr must be non-negative!"):
        run(tf.bincount([-1, 1, 3]))
