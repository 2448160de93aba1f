"""What reading and writing by index, masks, unique values and order mean, held against NumPy and plain loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from running import counted, in_new_graph, run

import scopeflow as tf
from scopeflow.engine.ops.indexing import top_k

pytestmark = pytest.mark.usefixtures("graph")


def refuses(message, fetch, feeds=None):
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        run(fetch, feeds)


# -- gather and scatter ---------------------------------------------------------------------------------------------


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.lists(st.integers(1, 3), min_size=1, max_size=4), st.lists(st.integers(0, 2), max_size=2), st.data())
def test_gather_takes_slices_along_any_axis_within_batches(shape, inner, data):
    axis = data.draw(st.integers(0, len(shape) - 1))
    batch = data.draw(st.integers(0, axis))
    wanted = [*shape[:batch], *inner]
    count = int(np.prod(wanted))
    numbers = data.draw(st.lists(st.integers(0, shape[axis] - 1), min_size=count, max_size=count))
    indices = np.array(numbers, data.draw(st.sampled_from([np.int32, np.int64]))).reshape(wanted)
    x = counted(*shape)
    result_shape = [*shape[:axis], *inner, *shape[axis + 1 :]]
    expected = np.empty(result_shape, np.float32)
    for at in np.ndindex(*result_shape):
        lead, middle, rest = at[:axis], at[axis : axis + len(inner)], at[axis + len(inner) :]
        expected[at] = x[(*lead, indices[(*at[:batch], *middle)], *rest)]
    signed = data.draw(st.sampled_from([axis, axis - len(shape)])) if axis else 0
    tensor, value = in_new_graph(lambda: tf.gather(tf.constant(x), indices, axis=signed, batch_dims=batch))
    np.testing.assert_array_equal(value, expected)
    assert tensor.shape.as_list() == result_shape


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.integers(1, 3), min_size=1, max_size=3), st.lists(st.integers(0, 3), max_size=2), st.data())
def test_gather_nd_and_scatter_nd_follow_coordinates(shape, outer, data):
    depth = data.draw(st.integers(0, len(shape)))
    count = int(np.prod(outer))
    columns = [data.draw(st.lists(st.integers(0, n - 1), min_size=count, max_size=count)) for n in shape[:depth]]
    indices = np.array(columns, np.int64).T.reshape(*outer, depth)
    x = counted(*shape)
    gathered = np.empty([*outer, *shape[depth:]], np.float32)
    updates = np.random.default_rng(0).integers(1, 9, gathered.shape).astype(np.float32)
    scattered, updated, added = np.zeros_like(x), x.copy(), x.copy()
    for at in np.ndindex(*outer):
        place = tuple(indices[at])
        gathered[at] = x[place]
        scattered[place] += updates[at]
        added[place] += updates[at]
        updated[place] = updates[at]
    tensors, values = in_new_graph(
        lambda: [
            tf.gather_nd(x, indices),
            tf.scatter_nd(indices, updates, np.array(shape, np.int64)),
            tf.tensor_scatter_add(x, indices, updates),
            tf.tensor_scatter_sub(added, indices, updates),
            tf.tensor_scatter_update(x, indices, updates),
        ]
    )
    for tensor, value, expected in zip(tensors, values, [gathered, scattered, added, x, updated], strict=True):
        np.testing.assert_array_equal(value, expected)
        assert tensor.shape.as_list() == list(expected.shape)


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16], ids=lambda t: t.name)
def test_sums_of_many_halves_do_not_stall(dtype):
    count, places = 4000, np.ones((4000, 1), np.int32)
    ones = tf.cast(tf.fill([count, 2], 1.0), dtype)
    zeros = tf.zeros([3, 2], dtype)
    gathered = tf.gather(zeros, np.ones((1, count), np.int32), axis=1)
    expected = np.array([[0, 0], [count, count], [0, 0]])
    for tensor, wanted in [
        (tf.scatter_nd(places, ones, [3, 2]), expected),
        (tf.tensor_scatter_add(zeros, places, ones), expected),
        (tf.tensor_scatter_sub(zeros, places, ones), -expected),
        (tf.gradients(gathered, zeros)[0], np.array([[0, count]] * 3)),
        (tf.convert_to_tensor(tf.gradients(tf.gather(zeros, places[:, 0]), zeros)[0]), expected),
    ]:
        value = run(tensor)
        assert value.dtype == dtype.numpy
        np.testing.assert_array_equal(value, wanted)


def test_gather_nd_in_batches_and_batch_gather_read_each_entry_by_itself():
    x, indices = counted(2, 3, 4), np.array([[[2, 3], [0, 0]], [[1, 1], [2, 0]]])
    expected = np.array([[x[b][tuple(i)] for i in indices[b]] for b in range(2)])
    tensor = tf.gather_nd(x, indices, batch_dims=1)
    np.testing.assert_array_equal(run(tensor), expected)
    assert tensor.shape.as_list() == [2, 2]
    free = tf.placeholder(tf.int64, [None, 2, 2])
    np.testing.assert_array_equal(run(tf.gather_nd(x, free, batch_dims=1), {free: indices}), expected)
    np.testing.assert_array_equal(run(tf.batch_gather(x[0], [[1], [2], [3]])), [[1], [6], [11]])
    with pytest.raises(ValueError, match="batch_dims = 3 must be less than rank"):
        tf.gather_nd(x, indices, batch_dims=3)


def test_indices_out_of_range_are_refused_in_tensorflows_words():
    x, i = tf.constant(counted(5, 3)), tf.placeholder(tf.int32)
    refuses(r"indices\[1\] = 7 is not in \[0, 5\)", tf.gather(x, i), {i: [0, 7]})
    refuses(r"indices\[1,0\] = -1 is not in \[0, 3\)", tf.gather(x, i, axis=1), {i: [[0], [-1]]})
    refuses(r"indices = 5 is not in \[0, 5\)", tf.gather(x, i), {i: 5})
    refuses(r"indices\[0,1\] = 3 is not in \[0, 3\)", tf.gather(x, i, axis=1, batch_dims=1), {i: [[0, 3]] * 5})
    batches = tf.gather(x, i, axis=1, batch_dims=1)
    refuses(r"params\.shape\[0\]: 5 should be equal to indices\.shape\[0\]: 2", batches, {i: [[0], [0]]})
    points = tf.gather_nd(x, i)
    refuses(r"indices\[1\] = \[1, -1\] does not index into param shape \[5,3\]", points, {i: [[0, 1], [1, -1]]})
    refuses(r"indices\[0\] = \[4\] does not index into shape \[4\]", tf.scatter_nd([[4]], [1.0], [4]))
    refuses(r"indices\[0\] = \[5\] does not index into shape \[5,3\]", tf.tensor_scatter_update(x, [[5]], [[1.0] * 3]))
    refuses(r"partitions\[1\] = 2 is not in \[0, 2\)", tf.dynamic_partition([1.0, 2.0], [0, 2], 2))
    refuses(r"indices\[1\] is out of range", tf.dynamic_stitch([[0], [-1]], [[1.0], [2.0]]))


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda x: tf.gather(x, [0], axis=2), ValueError, "Shape must be at least rank 3 but is rank 2"),
        (lambda x: tf.gather(tf.zeros([]), [0]), ValueError, "Shape must be at least rank 1 but is rank 0"),
        (lambda x: tf.gather(x, [0.5]), TypeError, "'indices' has DataType float32 not in list of allowed values"),
        (
            lambda x: tf.gather_nd(x, [[0, 0, 0]]),
            ValueError,
            r"must be <= params\.rank, but saw indices shape: \[1,3\]",
        ),
        (lambda x: tf.gather_nd(x, 0), ValueError, "Shape must be at least rank 1 but is rank 0"),
        (
            lambda x: tf.scatter_nd([[1]], [1.0, 2.0], [4]),
            ValueError,
            r"Dimensions \[0,1\) of indices\[shape=\[1,1\]\]",
        ),
        (
            lambda x: tf.tensor_scatter_update(x, [[1]], [[1.0, 1.0]]),
            ValueError,
            r"Dimensions \[1,2\) of input\[shape=\[2,3\]\] = \[3\] must match dimensions \[1,2\) of "
            r"updates\[shape=\[1,2\]\] = \[2\]: Dimension 0 in both shapes must be equal, but are 3 and 2",
        ),
        (lambda x: tf.dynamic_partition(x, [0, 1, 2], 2), ValueError, "Dimensions must be equal, but are 2 and 3"),
        (lambda x: tf.dynamic_stitch([[0], [1]], [[1.0], [2.0, 3.0]]), ValueError, "must be equal, but are 2 and 1"),
        (lambda x: tf.dynamic_stitch([[0]], [[1.0], [2.0]]), ValueError, "got 1 and 2"),
    ],
)
def test_indexing_that_cannot_be_is_refused_where_the_graph_is_built(build, error, message):
    with pytest.raises(error, match=message):
        build(tf.zeros([2, 3]))


def test_static_shapes_of_gathers_with_unknown_parts():
    x, i, free = (tf.placeholder(t, s) for t, s in [(tf.float32, [None, 3]), (tf.int32, [2, None]), (tf.int32, None)])
    assert tf.gather(x, i).shape.as_list() == [2, None, 3]
    assert tf.gather(x, i, axis=1).shape.as_list() == [None, 2, None]
    assert tf.gather(x, i, axis=1, batch_dims=1).shape.as_list() == [2, None]
    assert tf.gather(x, free).shape.ndims is None
    assert tf.gather(x, i, axis=tf.placeholder(tf.int32, [])).shape.as_list() == [None, None, None]
    assert tf.gather_nd(x, tf.placeholder(tf.int32, [4, None])).shape.ndims is None
    assert tf.gather_nd(x, tf.placeholder(tf.int32, [4, 1])).shape.as_list() == [4, 3]
    assert tf.scatter_nd(tf.placeholder(tf.int32, [None, 1]), x, [7, 3]).shape.as_list() == [7, 3]
    assert [t.shape.as_list() for t in tf.dynamic_partition(x, tf.placeholder(tf.int32, [None]), 2)] == [[None, 3]] * 2


def test_what_is_partitioned_is_stitched_together_again():
    x, parts = counted(6, 2), np.array([2, 0, 1, 0, 2, 2])
    pieces = tf.dynamic_partition(x, parts, 4)
    for n, piece in enumerate(run(pieces)):
        np.testing.assert_array_equal(piece, x[parts == n])
    whole = tf.dynamic_stitch(tf.dynamic_partition(tf.range(6), parts, 4), pieces)
    np.testing.assert_array_equal(run(whole), x)
    assert run(tf.dynamic_stitch([1, [[0, 3], [2, 1]]], [[9.0], [[[1], [2]], [[3], [4]]]])).tolist() == [
        [1],
        [4],
        [3],
        [2],
    ]


# -- masks and one-hot ----------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.integers(1, 3), min_size=1, max_size=4), st.data())
def test_a_boolean_mask_keeps_what_is_true_in_order(shape, data):
    axis = data.draw(st.integers(0, len(shape) - 1))
    depth = data.draw(st.integers(1, len(shape) - axis))
    mask = np.random.default_rng(data.draw(st.integers(0, 99))).random(shape[axis : axis + depth]) < 0.5
    x = counted(*shape)
    tensor, value = in_new_graph(lambda: tf.boolean_mask(tf.constant(x), mask, axis=axis))
    np.testing.assert_array_equal(value, x[(slice(None),) * axis + (mask,)])
    assert tensor.shape.as_list() == [*shape[:axis], None, *shape[axis + depth :]]


def test_masks_that_are_none_are_refused():
    x = tf.zeros([2, 3])
    with pytest.raises(ValueError, match=r"mask cannot be scalar\."):
        tf.boolean_mask(x, True)
    with pytest.raises(ValueError, match=r"Shapes \(2,\) and \(3,\) are incompatible"):
        tf.boolean_mask(x, [True, False, True])
    with pytest.raises(
        ValueError, match="Number of mask dimensions must be specified, even if some dimensions are None"
    ):
        tf.boolean_mask(x, tf.placeholder(tf.bool))


def test_sequence_mask_is_true_before_each_length():
    lengths = np.array([[1, 3], [0, 2]])
    expected = np.arange(3) < lengths[..., None]
    np.testing.assert_array_equal(run(tf.sequence_mask(lengths)), expected)
    np.testing.assert_array_equal(run(tf.sequence_mask(lengths, 2, tf.float32)), expected[..., :2].astype(np.float32))
    assert tf.sequence_mask(tf.placeholder(tf.int32, [None]), 5).shape.as_list() == [None, 5]
    assert run(tf.sequence_mask([-1, -2])).shape == (2, 0)
    with pytest.raises(ValueError, match="Argument `maxlen` must be scalar for sequence_mask"):
        tf.sequence_mask([1], [2])


@pytest.mark.parametrize("axis", [None, -1, 0, 1, 2])
def test_one_hot_is_on_at_the_index_alone(axis):
    indices = np.array([[0, 2, -1], [3, 1, 9]])
    expected = np.full((2, 3, 4), 0.5, np.float32)
    for at in np.ndindex(2, 3):
        if 0 <= indices[at] < 4:
            expected[(*at, indices[at])] = 7
    expected = np.moveaxis(expected, -1, -1 if axis is None else axis)
    tensor = tf.one_hot(indices, 4, 7.0, 0.5, axis)
    np.testing.assert_array_equal(run(tensor), expected)
    assert tensor.shape.as_list() == list(expected.shape)


def test_one_hots_dtype_is_that_of_its_values_or_as_asked_for():
    assert tf.one_hot([1], 2).dtype is tf.float32
    assert tf.one_hot([1], 2, on_value=5).dtype is tf.int32
    assert tf.one_hot([1], 2, on_value=5.0, dtype=tf.float64).dtype is tf.float64
    assert run(tf.one_hot([1], 2, dtype=tf.bool)).tolist() == [[False, True]]
    assert run(tf.one_hot(1, 3)).tolist() == [0, 1, 0]
    assert tf.one_hot([1], tf.placeholder(tf.int32, [])).shape.as_list() == [1, None]
    with pytest.raises(TypeError, match="dtype <dtype: 'float32'> of on_value does not match dtype <dtype: 'int32'>"):
        tf.one_hot([0], 3, 1.0, 0)
    with pytest.raises(TypeError, match="of on_value does not match dtype parameter <dtype: 'int32'>"):
        tf.one_hot([0], 3, 1.0, dtype=tf.int32)
    with pytest.raises(ValueError, match="must be non-negative but is -1"):
        tf.one_hot([0], -1)
    with pytest.raises(ValueError, match=r"Expected axis to be -1 or between \[0, 2\)\.  But received: 2"):
        tf.one_hot([0], 3, axis=2)
    with pytest.raises(TypeError, match="'indices' has DataType float32 not in list of allowed values"):
        tf.one_hot([0.5], 3)


# -- unique values and order ----------------------------------------------------------------------------------------


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.lists(st.integers(-3, 3), max_size=12), st.lists(st.integers(-3, 3), max_size=4))
def test_unique_values_come_in_order_of_appearance(numbers, others):
    x = np.array(numbers, np.int64)
    distinct = list(dict.fromkeys(numbers))
    _, (plain, counts, rest) = in_new_graph(
        lambda: [tf.unique(x), tf.unique_with_counts(x, tf.int64), tf.setdiff1d(x, np.array(others, np.int64))]
    )
    assert plain.y.tolist() == distinct and plain.y.dtype == np.int64 and plain.idx.dtype == np.int32
    assert [distinct[i] for i in plain.idx] == numbers
    assert counts.count.tolist() == [numbers.count(n) for n in distinct] and counts.count.dtype == np.int64
    kept = [(n, i) for i, n in enumerate(numbers) if n not in others]
    assert list(zip(rest.out.tolist(), rest.idx.tolist(), strict=True)) == kept


def test_unique_is_for_vectors_and_has_no_gradient():
    x = tf.placeholder(tf.float32, [None])
    with pytest.raises(ValueError, match="Shape must be rank 1 but is rank 2"):
        tf.unique(tf.zeros([2, 3]))
    with pytest.raises(LookupError, match="No gradient defined for operation 'Unique"):
        tf.gradients(tf.unique(x).y, x)


DTYPES = [np.float16, np.float32, np.float64, np.int8, np.uint8, np.int64]


@pytest.mark.parametrize("dtype", DTYPES)
def test_top_k_is_stable_the_lower_index_first(dtype):
    rng = np.random.default_rng(3)
    x = rng.integers(0, 4, (5, 3, 9)).astype(dtype)
    if np.dtype(dtype).kind == "i":
        x[0, 0, :3] = np.iinfo(dtype).min  # has no negative
    for k in (0, 1, 4, 9):
        values, indices = run(top_k(tf.constant(x), k))
        assert values.dtype == dtype and indices.dtype == np.int32
        for at in np.ndindex(5, 3):
            order = sorted(range(9), key=lambda i: (-int(x[at][i]), i))[:k]
            assert indices[at].tolist() == order
            np.testing.assert_array_equal(values[at], x[at][order])


def test_the_fourth_argument_of_top_k_is_its_name_as_in_tensorflow_1():
    assert tf.nn.top_k([1.0, 3.0], 1, True, "best").values.name == "best:0"


def test_top_k_refuses_what_there_is_not():
    x, k = tf.placeholder(tf.float32, [2, None]), tf.placeholder(tf.int32, [])
    assert [t.shape.as_list() for t in top_k(x, 3)] == [[2, 3]] * 2
    assert [t.shape.as_list() for t in top_k(x, k)] == [[2, None]] * 2
    refuses("input must have at least k columns. Had 3, needed 4", top_k(x, k).values, {x: np.ones((2, 3)), k: 4})
    with pytest.raises(ValueError, match="input must have last dimension >= k = 4 but is 3"):
        top_k(tf.zeros([2, 3]), 4)
    with pytest.raises(ValueError, match="must be non-negative but is -1"):
        top_k(tf.zeros([2, 3]), -1)
    with pytest.raises(ValueError, match="Shape must be at least rank 1 but is rank 0"):
        top_k(1.0)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("axis", [-1, 0, 1, -2])
def test_sorts_are_stable_along_any_axis(dtype, axis):
    x = np.random.default_rng(4).integers(0, 5, (3, 4, 5)).astype(dtype)
    if np.dtype(dtype).kind in "iu":
        x[0, 0, 0], x[1, 1, 1] = np.iinfo(dtype).min, np.iinfo(dtype).max
    up, down, places_up, places_down = run(
        [
            tf.sort(x, axis),
            tf.sort(x, axis, "DESCENDING"),
            tf.argsort(x, axis),
            tf.argsort(x, axis, "DESCENDING"),
        ]
    )
    np.testing.assert_array_equal(up, np.sort(x, axis))
    np.testing.assert_array_equal(down, np.flip(np.sort(x, axis), axis))
    np.testing.assert_array_equal(places_up, np.argsort(x, axis, kind="stable"))
    reverse = np.argsort(np.flip(x, axis), axis, kind="stable")
    np.testing.assert_array_equal(places_down, x.shape[axis] - 1 - np.flip(reverse, axis))
    assert up.dtype == down.dtype == dtype and places_up.dtype == places_down.dtype == np.int32


def test_sort_refuses_another_direction_and_axis():
    with pytest.raises(ValueError, match=r"should be one of ASCENDING, DESCENDING\. Received: direction=UP"):
        tf.sort([1, 2], direction="UP")
    with pytest.raises(ValueError, match="slice index 2 of dimension 0 out of bounds"):
        tf.sort(tf.zeros([2, 3]), axis=2)
    with pytest.raises(ValueError, match="the rank of"):
        tf.sort(tf.placeholder(tf.float32), axis=0)
    assert run(tf.sort(tf.placeholder_with_default([3.0, 1.0], None))).tolist() == [1, 3]


@pytest.mark.parametrize("side", ["left", "right"])
def test_searchsorted_is_numpys_row_by_row(side):
    rows = np.sort(np.random.default_rng(5).integers(0, 6, (2, 3, 7)).astype(np.float32), -1)
    values = np.random.default_rng(6).integers(-1, 8, (2, 3, 4)).astype(np.float32)
    tensor = tf.searchsorted(rows, values, side, tf.int64)
    expected = [[np.searchsorted(rows[i, j], values[i, j], side) for j in range(3)] for i in range(2)]
    np.testing.assert_array_equal(run(tensor), expected)
    assert tensor.dtype is tf.int64 and tensor.shape.as_list() == [2, 3, 4]
    with pytest.raises(ValueError, match="Argument `side` must be either 'right' or 'left'"):
        tf.searchsorted(rows, values, "middle")
