"""What joining, splitting, rearranging and slicing mean, held against NumPy and against loops that spell it out."""

import itertools
import re

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from running import counted, in_new_graph, run

import scopeflow as tf
from scopeflow.engine.ops.slicing import MirrorPadGrad

pytestmark = pytest.mark.usefixtures("graph")

EVERY_DTYPE = [tf.float16, tf.bfloat16, tf.float32, tf.float64, tf.int32, tf.int64, tf.uint8, tf.bool, tf.complex64]


def made_ops(graph, build):
    """[name, type] of the operations that `build` adds."""
    before = len(graph.get_operations())
    build()
    return [(op.name, op.type) for op in graph.get_operations()[before:]]


# -- subscripts -----------------------------------------------------------------------------------------------------

bounds = st.one_of(st.none(), st.integers(-6, 6))
steps = st.one_of(st.none(), st.integers(-3, 3).filter(bool))


@st.composite
def subscripts(draw):
    """(shape, key) where the key is any basic NumPy index of an array of the shape."""
    shape = tuple(draw(st.lists(st.integers(0, 4), min_size=1, max_size=4)))
    key = []
    for length in shape[: draw(st.integers(0, len(shape)))]:
        if length and draw(st.booleans()):
            key.append(draw(st.integers(-length, length - 1)))
        else:
            key.append(slice(draw(bounds), draw(bounds), draw(steps)))
    if len(key) < len(shape) or draw(st.booleans()):
        key.append(Ellipsis)
        rest = shape[len(key) - 1 :]
        for _ in range(draw(st.integers(0, len(rest)))):
            key.append(slice(draw(bounds), draw(bounds), draw(steps)))
    for _ in range(draw(st.integers(0, 2))):
        key.insert(draw(st.integers(0, len(key))), None)
    return shape, tuple(key)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(subscripts())
def test_a_subscript_gives_what_numpy_gives_and_its_static_shape(case):
    shape, key = case
    x = counted(*shape)
    part, value = in_new_graph(lambda: tf.constant(x)[key])
    np.testing.assert_array_equal(value, x[key])
    assert part.shape.as_list() == list(x[key].shape)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(subscripts(), st.data())
def test_a_subscript_of_a_partly_known_shape_claims_nothing_false(case, data):
    shape, key = case
    known = [data.draw(st.sampled_from([d, None])) for d in shape]
    x = counted(*shape)
    with tf.Graph().as_default():
        p = tf.placeholder(tf.float32, known)
        part = p[key]
        assert part.shape.is_compatible_with(x[key].shape)
        assert part.shape.ndims == np.ndim(x[key])
        np.testing.assert_array_equal(run(part, {p: x}), x[key])


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.integers(-5, 5), st.integers(-5, 5), st.integers(-3, 3).filter(bool), st.sampled_from([np.int32, np.int64]))
def test_bounds_may_be_tensors(begin, end, step, dtype):
    x = counted(4, 3)
    with tf.Graph().as_default():
        b, e, s = (tf.placeholder(dtype, []) for _ in range(3))
        feeds = {b: begin, e: end, s: step}
        t = tf.constant(x)
        np.testing.assert_array_equal(run(t[b:e:s], feeds), x[begin:end:step])
        np.testing.assert_array_equal(run(t[b::s, 1:], feeds), x[begin::step, 1:])
        if -4 <= begin < 4:
            np.testing.assert_array_equal(run(t[b, 0:2], feeds), x[begin, 0:2])


def test_a_tensor_as_index_drops_its_dimension_without_being_known():
    x, i = tf.placeholder(tf.float32, [None, 5]), tf.placeholder(tf.int32, [])
    assert x[i].shape.as_list() == [5]
    assert x[:, i].shape.as_list() == [None]
    assert x[i:, 2:4].shape.as_list() == [None, 2]
    assert tf.placeholder(tf.float32)[i].shape.ndims is None


def test_what_a_subscript_builds_is_what_tensorflow_builds(graph):
    x, i = tf.placeholder(tf.float32, [2, 3], name="x"), tf.placeholder(tf.int32, [], name="i")
    vectors = [(f"strided_slice/stack{n}", "Const") for n in ("", "_1", "_2")]
    assert made_ops(graph, lambda: x[0, ::2]) == [*vectors, ("strided_slice", "StridedSlice")]
    assert made_ops(graph, lambda: x[i]) == [
        ("add/y", "Const"),
        ("add", "AddV2"),
        ("strided_slice_1/stack", "Pack"),
        ("strided_slice_1/stack_1", "Pack"),
        ("strided_slice_1/stack_2", "Const"),
        ("strided_slice_1", "StridedSlice"),
    ]
    assert made_ops(graph, lambda: x[i:, 1])[:4] == [
        ("Const", "Const"),
        ("Const_1", "Const"),
        ("strided_slice_2/stack/1", "Const"),
        ("strided_slice_2/stack", "Pack"),
    ]


@pytest.mark.parametrize(
    ("key", "error", "message"),
    [
        (5, ValueError, r"slice index 5 of dimension 0 out of bounds\."),
        ((slice(None), -4), ValueError, r"slice index -4 of dimension 1 out of bounds\."),
        ((1, 2, 3), ValueError, "Index out of range using input dim 2; input has only 2 dims"),
        ((Ellipsis, Ellipsis), ValueError, "Multiple ellipses in slice spec not allowed"),
        (slice(1, 2, 0), ValueError, r"strides\[0\] must be non-zero"),
        (1.5, TypeError, r"Only integers, slices .* are valid indices, got 1\.5"),
        ("a", TypeError, "are valid indices, got 'a'"),
        (np.array([1]), TypeError, r"are valid indices, got array\(\[1\]\)"),
        (slice(0.5, None), TypeError, r"are valid indices, got 0\.5"),
        (True, ValueError, r"mask cannot be scalar\."),
    ],
)
def test_a_key_that_does_not_fit_is_refused_where_the_graph_is_built(key, error, message):
    with pytest.raises(error, match=message):
        tf.zeros([2, 3], name="z")[key]


def test_a_key_out_of_range_that_only_a_run_shows_names_the_op():
    x, i = tf.placeholder(tf.float32, [None, 3]), tf.placeholder(tf.int32, [])
    part = tf.identity(x)[i, 0]
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"slice index 7 of dimension 0 out of bounds\.") as caught:
        run(part, {x: counted(2, 3), i: 7})
    assert part.op.name in str(caught.value)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"strides\[0\] must be non-zero"):
        run(x[::i], {x: counted(2, 3), i: 0})


def test_masks_of_strided_slice_follow_tensorflows_order_of_precedence():
    x = tf.constant(counted(2, 3))
    both = tf.strided_slice(x, [0, 0], [0, 0], new_axis_mask=3, ellipsis_mask=1)
    np.testing.assert_array_equal(run(both), counted(2, 3)[..., None])
    assert tf.strided_slice(x, [0, 0], [0, 0], new_axis_mask=2, shrink_axis_mask=2).shape.as_list() == [0, 1, 3]
    with pytest.raises(ValueError, match="only stride 1 allowed on non-range indexing"):
        tf.strided_slice(x, [0, 0], [2, 2], [-1, 1], shrink_axis_mask=1)
    with pytest.raises(ValueError, match=r"Dimension 0 in both shapes must be equal, but are 1 and 2\."):
        tf.strided_slice(x, [0], [1, 2])


def test_a_slice_of_a_variable_can_be_assigned_to():
    v = tf.Variable(counted(3, 4))
    x = counted(3, 4)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for key, value in [
            ((slice(None), 1), [7.0, 8.0, 9.0]),
            ((slice(None, None, -2), slice(1, 3)), [[1.0, 2.0], [3.0, 4.0]]),
            ((1, Ellipsis), -1.0),
            ((None, 2, 3), [5.0]),
        ]:
            x[key] = value
            np.testing.assert_array_equal(session.run(v[key].assign(value)), x)
            np.testing.assert_array_equal(session.run(v), x)
        address = session.buffer(v).ctypes.data
        session.run(v[0].assign(v[2]))
        assert session.buffer(v).ctypes.data == address, "an assignment to a part must stay in the buffer"


def test_an_assignment_that_does_not_fit_leaves_the_variable_as_it_was():
    v, x = tf.Variable(counted(2, 3)), tf.placeholder(tf.float32)
    change = v[:, :2].assign(x)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for wrong in (np.ones(3), np.ones((2, 2, 2)), np.ones((3, 2))):
            with pytest.raises(tf.errors.InvalidArgumentError, match="strided_slice/_assign"):
                session.run(change, {x: wrong})
        np.testing.assert_array_equal(session.run(v), counted(2, 3))
        session.run(change, {x: np.zeros((2, 2))})
        np.testing.assert_array_equal(session.run(v), [[0, 0, 2], [0, 0, 5]])


def test_slice_takes_all_that_is_left_for_minus_one():
    x = tf.placeholder(tf.float32, [None, 4])
    begin = tf.placeholder(tf.int32, [2])
    assert tf.slice(x, [1, 1], [-1, 2]).shape.as_list() == [None, 2]
    assert tf.slice(x, [0, 1], [1, -1]).shape.as_list() == [1, 3]
    assert tf.slice(x, begin, [1, -1]).shape.as_list() == [1, None]
    np.testing.assert_array_equal(
        run(tf.slice(x, begin, [-1, 2]), {x: counted(3, 4), begin: [1, 2]}), [[6, 7], [10, 11]]
    )
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"Expected begin\[1\] in \[0, 4\], but got 5"):
        run(tf.slice(x, begin, [1, 0]), {x: counted(3, 4), begin: [0, 5]})
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"Expected size\[0\] in \[0, 2\], but got 3"):
        run(tf.slice(x, begin, [3, 1]), {x: counted(3, 4), begin: [1, 0]})
    with pytest.raises(ValueError, match="Negative dimension size caused by subtracting 5 from 4"):
        tf.slice(x, [0, 5], [1, -1])


# -- joining and splitting ------------------------------------------------------------------------------------------

shapes = st.lists(st.integers(0, 3), min_size=1, max_size=3)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(shapes, st.data())
def test_pieces_split_off_join_to_the_whole_again(shape, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    cuts = sorted(data.draw(st.lists(st.integers(0, shape[axis]), max_size=3)))
    sizes = np.diff([0, *cuts, shape[axis]]).tolist()
    x = counted(*shape)
    wanted = np.split(x, cuts, axis)
    pieces, values = in_new_graph(lambda: tf.split(tf.constant(x), sizes, axis))
    for piece, value, expected in zip(pieces, values, wanted, strict=True):
        np.testing.assert_array_equal(value, expected)
        assert piece.shape.as_list() == list(expected.shape)
    whole, value = in_new_graph(lambda: tf.concat([tf.constant(w) for w in wanted], axis))
    np.testing.assert_array_equal(value, x)
    assert whole.shape.as_list() == shape


@settings(max_examples=40, deadline=None, derandomize=True)
@given(shapes, st.integers(1, 3), st.data())
def test_what_is_stacked_is_unstacked_again(shape, count, data):
    axis = data.draw(st.integers(-len(shape) - 1, len(shape)))
    parts = [counted(*shape) + n for n in range(count)]
    stacked, value = in_new_graph(lambda: tf.stack([tf.constant(p) for p in parts], axis))
    np.testing.assert_array_equal(value, np.stack(parts, axis))
    assert stacked.shape.as_list() == list(value.shape)
    _, again = in_new_graph(lambda: tf.unstack(tf.constant(value), axis=axis))
    for got, part in zip(again, parts, strict=True):
        np.testing.assert_array_equal(got, part)


def test_static_shapes_of_joins_merge_what_each_part_knows():
    a, b = tf.placeholder(tf.float32, [None, 3, None]), tf.placeholder(tf.float32, [2, None, None])
    free = tf.placeholder(tf.float32)
    assert tf.concat([a, b], 2).shape.as_list() == [2, 3, None]
    assert tf.concat([a, b], 0).shape.as_list() == [None, 3, None]
    assert tf.concat([b, b], 0).shape.as_list() == [4, None, None]
    assert tf.concat([free, b], -1).shape.as_list() == [2, None, None]
    assert tf.concat([free, free], 0).shape.ndims is None
    assert tf.concat([a, b], tf.placeholder(tf.int32, [])).shape.as_list() == [None, None, None]
    assert tf.stack([a, b], 1).shape.as_list() == [2, 2, 3, None]
    assert [t.shape.as_list() for t in tf.split(a, 3, 1)] == [[None, 1, None]] * 3
    assert [t.shape.as_list() for t in tf.split(a, [1, -1], 2)] == [[None, 3, 1], [None, 3, None]]
    assert [t.shape.ndims for t in tf.unstack(free, 2)] == [None, None]


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (
            lambda x: tf.concat([x, tf.zeros([3, 3])], 1),
            ValueError,
            r"Dimension 0 in both shapes must be equal, but are 2 and 3\. Shapes are \[2\] and \[3\]\.",
        ),
        (lambda x: tf.concat([x, tf.zeros([3])], 0), ValueError, "Shape must be rank 2 but is rank 1"),
        (lambda x: tf.concat([x, x], 2), ValueError, "Shape must be at least rank 3 but is rank 2"),
        (lambda x: tf.concat([x, x], -3), ValueError, "Shape must be at least rank 3 but is rank 2"),
        (lambda x: tf.concat([x, tf.zeros([2, 3], tf.int32)], 0), TypeError, "int32"),
        (
            lambda x: tf.concat([tf.zeros([]), tf.zeros([])], 0),
            ValueError,
            "Shape must be at least rank 1 but is rank 0",
        ),
        (lambda x: tf.concat([], 0), ValueError, "length 0 shorter than minimum length 2"),
        (lambda x: tf.split(x, 2, 1), ValueError, "Dimension size must be evenly divisible by 2 but is 3"),
        (lambda x: tf.split(x, [1, 1], 1), ValueError, r"can't split axis of size 3 into pieces of size \[1,1\]"),
        (lambda x: tf.split(x, [1, -1, -1], 1), ValueError, "size_splits can only have one -1"),
        (lambda x: tf.split(x, [5, -1], 1), ValueError, r"can't split axis of size 3 into pieces of size \[5,-1\]"),
        (
            lambda x: tf.split(x, 2, 4),
            ValueError,
            r"Dimension size, given by scalar input 4 must be in range \[-2, 2\)",
        ),
        (lambda x: tf.split(x, tf.placeholder(tf.int32)), ValueError, "Cannot infer argument `num` from shape"),
        (lambda x: tf.split(x, 0), ValueError, "passed 0 less than minimum 1"),
        (
            lambda x: tf.stack([x, tf.zeros([3, 3])]),
            ValueError,
            r"Dimension 0 in both shapes must be equal, but are 2 and 3\. Shapes are \[2,3\] and \[3,3\]\.",
        ),
        (lambda x: tf.stack([x, x], 3), ValueError, r"Argument `axis` = 3 not in range \[-3, 3\)"),
        (lambda x: tf.unstack(x, axis=2), ValueError, r"Argument `axis` = 2 not in range \[-2, 2\)"),
        (lambda x: tf.unstack(x, num=3), ValueError, "Dimension must be 3 but is 2"),
        (
            lambda x: tf.unstack(tf.placeholder(tf.float32, [None, 2])),
            ValueError,
            r"Cannot infer argument `num` from shape \(\?, 2\)",
        ),
    ],
)
def test_joins_and_splits_that_cannot_be_are_refused_in_tensorflows_words(build, error, message):
    with pytest.raises(error, match=message):
        build(tf.zeros([2, 3], name="x"))


@pytest.mark.parametrize(
    ("axis", "shape", "message"),
    [
        (0, (2, 2), "Dimension 1 in both shapes must be equal: shape[0] = [2,2] vs. shape[1] = [2,3]"),
        (-1, (3, 2), "Dimension 0 in both shapes must be equal: shape[0] = [3,2] vs. shape[1] = [2,3]"),
        (0, (2,), "Ranks of all input tensors should match: shape[0] = [2] vs. shape[1] = [2,3]"),
        (2, (2, 3), "Expected concatenating dimensions in the range [-2, 2), but got 2"),
    ],
)
def test_a_concat_that_only_a_run_finds_wrong_says_which_part_does_not_fit(axis, shape, message):
    x, y = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
    with pytest.raises(tf.errors.InvalidArgumentError, match=re.escape(f"ConcatOp : {message}")):
        run(tf.concat([x, y], axis), {x: counted(*shape), y: counted(2, 3)})


def test_a_stack_that_only_a_run_finds_wrong_says_which_part_does_not_fit():
    x, y = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
    message = "Shapes of all inputs must match: values[0].shape = [2,2] != values[1].shape = [2,3]"
    with pytest.raises(tf.errors.InvalidArgumentError, match=re.escape(message)):
        run(tf.stack([x, y]), {x: counted(2, 2), y: counted(2, 3)})


def test_splits_that_only_a_run_finds_wrong_name_the_sizes():
    x, sizes = tf.placeholder(tf.float32), tf.placeholder(tf.int32, [2])
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"can't split axis of size 3 into pieces of size \[1,1\]"):
        run(tf.split(x, sizes), {x: counted(3), sizes: [1, 1]})
    with pytest.raises(tf.errors.InvalidArgumentError, match="got split_dim 0 \\(size = 3\\) and num_split 2"):
        run(tf.split(x, 2), {x: counted(3)})
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"axis 0 must equal 2, got shape \[3\]"):
        run(tf.unstack(x, 2), {x: counted(3)})


def test_a_list_of_numbers_is_stacked_as_one_constant_and_one_tensor_joins_as_itself(graph):
    x = tf.placeholder(tf.float32, [2], name="x")
    assert made_ops(graph, lambda: tf.stack([1, 2])) == [("stack", "Const")]
    assert made_ops(graph, lambda: tf.concat([x], 0)) == [("concat/concat_dim", "Const"), ("concat/concat", "Identity")]
    assert made_ops(graph, lambda: tf.split(x, [1, 1])) == [
        ("Const", "Const"),
        ("split/split_dim", "Const"),
        ("split", "SplitV"),
    ]


def test_a_reshape_to_a_shape_joined_from_parts_is_known_as_far_as_the_parts_are():
    x = tf.placeholder(tf.float32, [None, 6])
    assert tf.reshape(x, tf.concat([tf.shape(x)[:1], [2, 3]], 0)).shape.as_list() == [None, 2, 3]
    assert tf.reshape(x, [tf.shape(x)[0], 3, 2]).shape.as_list() == [None, 3, 2]
    assert tf.zeros(tf.stack([tf.shape(x)[1], 4])).shape.as_list() == [6, 4]
    assert tf.zeros([tf.shape(x)[1] * 2]).shape.as_list() == [12]
    assert tf.range(tf.shape(x)[-1]).shape.as_list() == [6]
    assert tf.zeros([tf.shape(x)[0]]).shape.as_list() == [None]
    assert tf.transpose(x, tf.range(2)[::-1]).shape.as_list() == [6, None]


# -- rearranging ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("perm", list(itertools.permutations(range(3))))
def test_transpose_is_numpys(perm):
    x = counted(2, 3, 4)
    np.testing.assert_array_equal(run(tf.transpose(x, perm)), x.transpose(perm))
    assert tf.transpose(x, perm).shape.as_list() == list(x.transpose(perm).shape)
    p = tf.placeholder(tf.int32, [3])
    np.testing.assert_array_equal(run(tf.transpose(x, p), {p: perm}), x.transpose(perm))
    np.testing.assert_array_equal(run(tf.invert_permutation(p), {p: perm}), np.argsort(perm))


def test_transpose_of_unknown_rank_reverses_and_a_conjugate_is_taken():
    x = tf.placeholder(tf.float32)
    np.testing.assert_array_equal(run(tf.transpose(x), {x: counted(2, 3, 4)}), counted(2, 3, 4).T)
    z = counted(2, 3) + 1j
    np.testing.assert_array_equal(run(tf.transpose(tf.constant(z, tf.complex64), conjugate=True)), z.conj().T)
    np.testing.assert_array_equal(run(tf.transpose(tf.constant(counted(2, 3)), conjugate=True)), counted(2, 3).T)


def test_permutations_that_are_none_are_refused():
    x, p = tf.zeros([2, 3]), tf.placeholder(tf.int32, [None])
    with pytest.raises(ValueError, match="Dimension must be 2 but is 1"):
        tf.transpose(x, [0])
    with pytest.raises(ValueError, match="perm dim 2 is out of range of input rank 2"):
        tf.transpose(x, [0, 2])
    for wrong, message in [([0, 0], "0 is duplicated in the input"), ([0, 2], "2 is not between 0 and 2")]:
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            run(tf.invert_permutation(p), {p: wrong})
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"1 is missing from \{0,0\}\."):
        run(tf.transpose(x, p), {p: [0, 0]})


@settings(max_examples=40, deadline=None, derandomize=True)
@given(shapes, st.data())
def test_tile_and_roll_and_reverse_are_numpys(shape, data):
    x = counted(*shape)
    multiples = data.draw(st.lists(st.integers(0, 3), min_size=len(shape), max_size=len(shape)))
    axes = data.draw(st.lists(st.integers(-len(shape), len(shape) - 1), max_size=3))
    shifts = data.draw(st.lists(st.integers(-5, 5), min_size=len(axes), max_size=len(axes)))
    flips = sorted({a % len(shape) for a in axes})
    rolled, flipped = np.array([shifts, axes], np.int32), np.array(flips, np.int32)
    tensors, values = in_new_graph(lambda: [tf.tile(x, multiples), tf.roll(x, *rolled), tf.reverse(x, flipped)])
    wanted = [np.tile(x, multiples), np.roll(x, tuple(shifts), tuple(axes)), np.flip(x, tuple(flips))]
    for tensor, value, expected in zip(tensors, values, wanted, strict=True):
        np.testing.assert_array_equal(value, expected)
        assert tensor.shape.as_list() == list(expected.shape)


@pytest.mark.parametrize(("seq_axis", "batch_axis"), [(1, 0), (0, 1), (2, 1), (0, 2)])
def test_reverse_sequence_turns_round_the_beginning_of_each_entry(seq_axis, batch_axis):
    x = counted(3, 3, 3)
    lengths = [2, 0, 3]
    expected = x.copy()
    for i, length in enumerate(lengths):
        for place in range(length):
            source, target = [slice(None)] * 3, [slice(None)] * 3
            source[batch_axis] = target[batch_axis] = i
            source[seq_axis], target[seq_axis] = length - 1 - place, place
            expected[tuple(target)] = x[tuple(source)]
    np.testing.assert_array_equal(run(tf.reverse_sequence(x, lengths, seq_axis, batch_axis)), expected)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda x: tf.tile(x, [1]), "Shape must be rank 2 but is rank 1"),
        (lambda x: tf.reverse(x, [2]), r"'axis'\[0\] = 2 is out of valid range \[0, 1"),
        (lambda x: tf.reverse(x, [0, -2]), r"axis 0 specified more than once\."),
        (lambda x: tf.reverse(x, 0), "Shape must be rank 1 but is rank 0"),
        (lambda x: tf.reverse_sequence(x, [1, 2, 3], 1, 0), "Dimensions must be equal, but are 2 and 3"),
        (lambda x: tf.roll(x, [1, 2], [0]), "Dimension 0 in both shapes must be equal, but are 2 and 1"),
        (
            lambda x: tf.space_to_depth(tf.zeros([1, 3, 4, 1]), 2),
            "Dimension size must be evenly divisible by 2 but is 3",
        ),
        (
            lambda x: tf.depth_to_space(tf.zeros([1, 3, 4, 1]), 2),
            "Dimension size must be evenly divisible by 4 but is 1",
        ),
        (lambda x: tf.space_to_depth(tf.zeros([1, 2, 4, 1]), 1), "passed 1 less than minimum 2"),
        (
            lambda x: tf.batch_to_space_nd(tf.zeros([3, 2, 2, 1]), [2, 2], [[0, 0]] * 2),
            "evenly divisible by 4 but is 3",
        ),
    ],
)
def test_rearrangements_that_cannot_be_are_refused_where_the_graph_is_built(build, message):
    with pytest.raises(ValueError, match=message):
        build(tf.zeros([2, 3]))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda x: tf.tile(x, [-1, 1]), r"Expected multiples\[0\] >= 0, but got -1"),
        (lambda x: tf.roll(x, 1, 5), "axis 5 is out of range"),
        (lambda x: tf.reverse_sequence(x, [1, 4], 1, 0), r"seq_lens\(1\) > input\.dims\(1\)"),
        (lambda x: tf.reverse_sequence(x, [-1, 1], 1, 0), r"seq_lens\(0\) < 0"),
        (lambda x: tf.reverse_sequence(x, [1, 2], 0, 0), "batch_dim == seq_dim == 0"),
        (
            lambda x: tf.pad(x, [[2, 2], [0, 0]], "REFLECT"),
            "paddings must be less than the dimension size: 2, 2 not less than 2",
        ),
        (
            lambda x: tf.pad(x, [[3, 3], [0, 0]], "SYMMETRIC"),
            "paddings must be no greater than the dimension size: 3, 3 greater than 2",
        ),
    ],
)
def test_rearrangements_that_a_run_finds_wrong_say_so_in_tensorflows_words(build, message):
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        run(build(tf.zeros([2, 3])))


def test_space_to_depth_gathers_each_block_into_one_pixel():
    n, h, w, c, b = 2, 4, 6, 3, 2
    x = counted(n, h, w, c)
    expected = np.zeros((n, h // b, w // b, b * b * c), np.float32)
    for i, y, z, k in np.ndindex(n, h, w, c):
        expected[i, y // b, z // b, ((y % b) * b + z % b) * c + k] = x[i, y, z, k]
    np.testing.assert_array_equal(run(tf.space_to_depth(x, b)), expected)
    np.testing.assert_array_equal(run(tf.depth_to_space(expected, b)), x)
    first = x.transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(run(tf.space_to_depth(first, b, data_format="NCHW")), expected.transpose(0, 3, 1, 2))
    back = tf.depth_to_space(expected.transpose(0, 3, 1, 2), b, data_format="NCHW")
    np.testing.assert_array_equal(run(back), first)


def test_space_to_batch_takes_every_block_shapeth_pixel_after_padding():
    x, blocks, paddings = counted(2, 3, 5, 2), (2, 3), ((1, 0), (0, 1))
    padded = np.pad(x, ((0, 0), *paddings, (0, 0)))
    expected = np.concatenate([padded[:, i :: blocks[0], j :: blocks[1]] for i in range(2) for j in range(3)])
    tensor = tf.space_to_batch_nd(x, blocks, paddings)
    np.testing.assert_array_equal(run(tensor), expected)
    assert tensor.shape.as_list() == list(expected.shape)
    np.testing.assert_array_equal(run(tf.batch_to_space_nd(expected, blocks, paddings)), x)
    np.testing.assert_array_equal(run(tf.space_to_batch(x[:, :2, :4], [[0, 0], [0, 0]], 2)).shape, (8, 1, 2, 2))


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
def test_image_patches_are_what_each_window_sees(padding):
    n, h, w, c = 2, 5, 6, 2
    (kh, kw), (sh, sw), (rh, rw) = (2, 3), (2, 1), (2, 1)
    x = counted(n, h, w, c) + 1
    rows, columns = (-(-h // sh), -(-w // sw)) if padding == "SAME" else ((h - rh - 1) // sh + 1, w - 2 * rw)
    spare = [max((o - 1) * s + (k - 1) * r + 1 - d, 0) // 2 if padding == "SAME" else 0
             for o, s, k, r, d in ((rows, sh, kh, rh, h), (columns, sw, kw, rw, w))]  # fmt: skip
    expected = np.zeros((n, rows, columns, kh * kw * c), np.float32)
    for i, y, z, a, b, k in np.ndindex(n, rows, columns, kh, kw, c):
        row, column = y * sh + a * rh - spare[0], z * sw + b * rw - spare[1]
        if 0 <= row < h and 0 <= column < w:
            expected[i, y, z, (a * kw + b) * c + k] = x[i, row, column, k]
    patches = tf.extract_image_patches(x, [1, kh, kw, 1], [1, sh, sw, 1], [1, rh, rw, 1], padding)
    np.testing.assert_array_equal(run(patches), expected)
    assert patches.shape.as_list() == list(expected.shape)
    with pytest.raises(ValueError, match=r"strides must be \[1, rows, columns, 1\], got \[2, 2\]"):
        tf.extract_image_patches(x, [1, kh, kw, 1], [2, 2], [1, 1, 1, 1], padding)


def test_repeat_is_numpys():
    x = counted(2, 3)
    for repeats, axis in [(2, None), ([1, 2, 0], 1), ([3, 0], 0), (2, -1), ([2], 0), ([1, 0, 2, 3, 0, 1], None)]:
        np.testing.assert_array_equal(run(tf.repeat(x, repeats, axis)), np.repeat(x, repeats, axis))
    with pytest.raises(ValueError, match="The rank of what is repeated must be known"):
        tf.repeat(tf.placeholder(tf.float32), 2, axis=0)


@pytest.mark.parametrize("base", [None, [[1, 0], [0, 2]]])
def test_required_paddings_make_the_blocks_divide(base):
    sizes, blocks = [4, 5], [3, 2]
    paddings, crops = run(tf.required_space_to_batch_paddings(sizes, blocks, base))
    start = np.zeros((2, 2), int) if base is None else np.array(base)
    assert not ((paddings.sum(1) + sizes) % blocks).any()
    assert ((paddings - start)[:, 1] == crops[:, 1]).all() and (crops[:, 1] < blocks).all()
    assert (paddings[:, 0] == start[:, 0]).all() and not crops[:, 0].any()
    fed = tf.placeholder(tf.int32, [2])
    for got, known in zip(
        run(tf.required_space_to_batch_paddings(fed, blocks, base), {fed: sizes}), (paddings, crops), strict=True
    ):
        np.testing.assert_array_equal(got, known)


@pytest.mark.parametrize("dtype", EVERY_DTYPE, ids=lambda t: t.name)
def test_data_of_every_dtype_can_be_moved(dtype):
    x = (counted(2, 4) % 3).astype(dtype.numpy)
    moved = {
        "concat": (tf.concat([x, x], 1), np.concatenate([x, x], 1)),
        "stack": (tf.stack([tf.constant(x), tf.constant(x)]), np.stack([x, x])),
        "split": (tf.split(tf.constant(x), 2, 1)[1], x[:, 2:]),
        "transpose": (tf.transpose(tf.constant(x)), x.T),
        "tile": (tf.tile(tf.constant(x), [1, 2]), np.tile(x, [1, 2])),
        "pad": (tf.pad(tf.constant(x), [[1, 0], [0, 1]]), np.pad(x, [[1, 0], [0, 1]])),
        "mirrored": (tf.pad(tf.constant(x), [[1, 0], [0, 1]], "SYMMETRIC"), np.pad(x, [[1, 0], [0, 1]], "symmetric")),
        "strided": (tf.constant(x)[::-1, 1], x[::-1, 1]),
        "gather": (tf.gather(tf.constant(x), [1, 0], axis=1), x[:, [1, 0]]),
        "gather_nd": (tf.gather_nd(tf.constant(x), [[1, 2], [0, 0]]), x[[1, 0], [2, 0]]),
        "one_hot": (tf.one_hot([1], 2, tf.constant(x)[0, 1], tf.constant(x)[0, 0]), x[[0], :2]),
        "partition": (tf.dynamic_partition(tf.constant(x), [1, 0], 2)[1], x[:1]),
        "roll": (tf.roll(tf.constant(x), 1, 1), np.roll(x, 1, 1)),
        "mask": (tf.boolean_mask(tf.constant(x), [False, True]), x[1:]),
    }
    for name, value in run({name: tensor for name, (tensor, _) in moved.items()}).items():
        tensor, expected = moved[name]
        assert tensor.dtype is dtype and value.dtype == dtype.numpy, name
        np.testing.assert_array_equal(value, expected, err_msg=name)


def test_strings_can_be_moved():
    words = np.array([[b"a", b"bc"], [b"d", b""]], object)
    t = tf.constant(words)
    np.testing.assert_array_equal(run(tf.concat([t, t[:, ::-1]], 0)), np.concatenate([words, words[:, ::-1]]))
    np.testing.assert_array_equal(run(tf.gather(t, [1, 1])), words[[1, 1]])
    np.testing.assert_array_equal(run(tf.stack([t, t], 1)), np.stack([words, words], 1))


# -- padding --------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=3),
    st.sampled_from(["CONSTANT", "REFLECT", "symmetric"]),
    st.data(),
)
def test_padding_is_numpys_and_its_gradient_the_adjoint(shape, mode, data):
    kind = mode.lower()
    most = [5 if kind == "constant" else d - (kind == "reflect") for d in shape]
    paddings = [(data.draw(st.integers(0, m)), data.draw(st.integers(0, m))) for m in most]
    x = counted(*shape).astype(np.float64)
    with tf.Graph().as_default():
        t = tf.constant(x)
        padded = tf.pad(t, paddings, mode)
        wanted = np.pad(x, paddings, kind)
        y = np.random.default_rng(0).standard_normal(wanted.shape)
        value, gradient = run([padded, tf.gradients(padded, t, grad_ys=[tf.constant(y)])[0]])
    np.testing.assert_array_equal(value, wanted)
    assert padded.shape.as_list() == list(wanted.shape)
    basis = np.eye(x.size).reshape(-1, *shape)
    adjoint = np.array([np.vdot(np.pad(e, paddings, kind), y) for e in basis]).reshape(shape)
    np.testing.assert_allclose(gradient, adjoint, rtol=1e-12, atol=1e-12)


def test_padding_with_a_value_takes_any_scalar():
    assert run(tf.pad([1, 2], [[1, 2]], constant_values=-3)).tolist() == [-3, 1, 2, -3, -3]
    c = tf.placeholder(tf.float32, [])
    assert run(tf.pad([1.0], [[1, 0]], constant_values=c), {c: 4}).tolist() == [4, 1]
    assert tf.pad([1.0], [[1, 0]]).op.type == "Pad"
    assert tf.pad([1.0], [[1, 0]], constant_values=c).op.type == "PadV2"


def test_static_shapes_of_pads():
    x, p = tf.placeholder(tf.float32, [None, 3]), tf.placeholder(tf.int32, [2, 2])
    assert tf.pad(x, [[1, 2], [0, 1]]).shape.as_list() == [None, 4]
    assert tf.pad(x, p).shape.as_list() == [None, None]
    assert tf.pad(tf.placeholder(tf.float32), [[1, 1]]).shape.as_list() == [None]
    assert MirrorPadGrad(x, [[0, 0], [1, 0]], mode="REFLECT").shape.as_list() == [None, 2]


@pytest.mark.parametrize(
    ("paddings", "mode", "message"),
    [
        ([[1, 1]], "CONSTANT", "Shape must be rank 1 but is rank 2"),
        ([1, 1], "CONSTANT", "Shape must be rank 2 but is rank 1"),
        ([[1, -1], [0, 0]], "CONSTANT", "Paddings must be non-negative"),
        ([[1, 1], [0, 0]], "WRAP", 'expected to be one of "CONSTANT", "REFLECT", or "SYMMETRIC"'),
    ],
)
def test_paddings_that_do_not_fit_are_refused(paddings, mode, message):
    with pytest.raises(ValueError, match=message):
        tf.pad(tf.zeros([2, 3]), paddings, mode)


# -- ranges, grids, broadcasting ------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(-9, 9), st.integers(-9, 9), st.integers(-4, 4).filter(bool))
def test_an_integer_range_is_pythons(start, limit, delta):
    if (limit - start) * delta < 0:
        with tf.Graph().as_default(), pytest.raises(ValueError, match="Requires start"):
            tf.range(start, limit, delta)
        return
    tensor, value = in_new_graph(lambda: tf.range(start, limit, delta))
    assert value.tolist() == list(range(start, limit, delta))
    assert tensor.shape.as_list() == [len(value)] and tensor.dtype is tf.int32


def test_ranges_take_the_widest_dtype_and_refuse_what_leads_nowhere():
    assert tf.range(3).dtype is tf.int32
    assert tf.range(1.0, 3).dtype is tf.float32
    assert tf.range(np.int64(1), 3).dtype is tf.int64
    assert tf.range(3, dtype=tf.float64).dtype is tf.float64
    assert run(tf.range(0.0, 1.0, 0.25)).tolist() == [0, 0.25, 0.5, 0.75]
    assert run(tf.range(3, dtype=tf.bfloat16)).dtype == ml_dtypes.bfloat16
    assert len(run(tf.range(0.0, 1.0, 0.1))) == 10
    with pytest.raises(ValueError, match="Requires delta != 0"):
        tf.range(0, 5, 0)
    with pytest.raises(ValueError, match="Requires start <= limit when delta > 0: 5/0"):
        tf.range(5, 0)
    with pytest.raises(ValueError, match="Requires start >= limit when delta < 0: 0/5"):
        tf.range(0, 5, -1)
    n = tf.placeholder(tf.int32, [])
    with pytest.raises(tf.errors.InvalidArgumentError, match="Requires start <= limit when delta > 0: 0/-2"):
        run(tf.range(n), {n: -2})


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16, tf.float32, tf.float64], ids=lambda t: t.name)
def test_linspace_ends_exactly_where_it_should(dtype):
    for start, stop, num in [(0.1, 0.9, 7), (-3.3, 1.7, 23), (5.0, -5.0, 4)]:
        a, b = (np.asarray(v).astype(dtype.numpy) for v in (start, stop))
        value = run(tf.linspace(tf.constant(a), tf.constant(b), num))
        assert value.dtype == dtype.numpy and value[0] == a and value[-1] == b
        spacing = np.abs(np.asarray(value, np.float64) - np.linspace(float(a), float(b), num)).max()
        assert spacing <= 4 * float(ml_dtypes.finfo(dtype.numpy).eps) * max(abs(start), abs(stop))


def test_linspace_of_few_and_of_integers():
    assert run(tf.linspace(2.0, 9.0, 1)).tolist() == [2]
    assert run(tf.linspace(2.0, 9.0, 0)).tolist() == []
    assert run(tf.linspace(0, 1, 3)).tolist() == [0, 0.5, 1] and tf.linspace(0, 1, 3).dtype is tf.float64
    assert tf.linspace(0.0, 1.0, 5, name="s").name == "s/Slice:0"
    with pytest.raises(ValueError, match="Requires num >= 0: -1"):
        tf.linspace(0.0, 1.0, -1)


@pytest.mark.parametrize("indexing", ["xy", "ij"])
@pytest.mark.parametrize("lengths", [(3,), (2, 3), (2, 3, 4)])
def test_meshgrid_is_numpys(indexing, lengths):
    axes = [counted(n) for n in lengths]
    grids = tf.meshgrid(*axes, indexing=indexing)
    for grid, expected in zip(run(grids), np.meshgrid(*axes, indexing=indexing), strict=True):
        np.testing.assert_array_equal(grid, expected)


def test_meshgrid_refuses_other_arguments():
    assert tf.meshgrid() == []
    with pytest.raises(ValueError, match="must be either 'xy' or 'ij', got 'zz'"):
        tf.meshgrid([1], [2], indexing="zz")
    with pytest.raises(TypeError, match="'foo' is an invalid keyword argument"):
        tf.meshgrid([1], foo=1)


def test_broadcast_shapes_static_and_dynamic():
    assert tf.broadcast_static_shape(tf.TensorShape([2, 1]), tf.TensorShape([3])).as_list() == [2, 3]
    with pytest.raises(ValueError, match=r"Incompatible shapes for broadcasting\. .*Received: \(2,\) and \(3,\)\."):
        tf.broadcast_static_shape(tf.TensorShape([2]), tf.TensorShape([3]))
    x, y = tf.placeholder(tf.int32, [None]), tf.placeholder(tf.int32, [2])
    assert run(tf.broadcast_dynamic_shape(x, y), {x: [4, 1, 3], y: [5, 1]}).tolist() == [4, 5, 3]
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"Incompatible shapes: \[2\] vs\. \[3, 3\]"):
        run(tf.broadcast_dynamic_shape(x, y), {x: [2], y: [3, 3]})
