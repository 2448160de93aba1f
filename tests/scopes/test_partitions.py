"""Partitioned variables: how they are cut, named, shared, initialized and put together. Numbers are TensorFlow's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scopeflow as tf
from scopeflow.scopes.partitions import parts_of

pytestmark = pytest.mark.usefixtures("graph")

THIRDS = tf.fixed_size_partitioner(3)


def value_of(variable):
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    return session.run(variable.as_tensor())


def test_a_partitioned_variable_is_named_cut_and_described_as_in_tensorflow():
    with tf.variable_scope("s"):
        w = tf.get_variable("w", [7, 2], partitioner=THIRDS)
    assert (w.name, w.dtype, w.shape, w.get_shape(), len(w)) == ("s/w", tf.float32, [7, 2], [7, 2], 3)
    assert [(v.name, v.shape.as_list()) for v in w] == [
        ("s/w/part_0:0", [3, 2]), ("s/w/part_1:0", [2, 2]), ("s/w/part_2:0", [2, 2]),
    ]  # fmt: skip
    slices = [v._get_save_slice_info() for v in w]
    assert [s.spec for s in slices] == ["7 2 0,3:0,2", "7 2 3,2:0,2", "7 2 5,2:0,2"]
    assert {s.full_name for s in slices} == {"s/w"}
    assert [w.as_tensor().name for _ in range(2)] == ["s/w:0", "s/w_1:0"]
    assert tf.global_variables() == tf.trainable_variables() == list(w) == w._get_variable_list()


def test_a_variable_that_is_not_partitioned_has_no_slice_info():
    assert tf.get_variable("w", [2])._get_save_slice_info() is None


def test_each_part_draws_with_the_initializers_seed():
    w = tf.get_variable("w", [7, 2], initializer=tf.random_uniform_initializer(seed=3), partitioner=THIRDS)
    want = np.float32([[0.3869294, 0.36002624], [0.9768796, 0.08651638], [0.5038012, 0.3585019]])
    got = value_of(w)
    assert np.array_equal(got, want[[0, 1, 2, 0, 1, 0, 1]])


@pytest.mark.parametrize(
    "initializer, want",
    [
        (tf.variance_scaling_initializer(seed=3), [[0.6034738, -0.49940467], [0.06359078, 0.10522497]]),
        (tf.uniform_unit_scaling_initializer(seed=3), [[-0.19584405, -0.24244165], [0.82597965, -0.7161746]]),
        (tf.constant_initializer(2.0), [[2, 2], [2, 2]]),
    ],
)  # fmt: skip
def test_the_scale_is_that_of_the_whole_variable(initializer, want):
    got = value_of(tf.get_variable("w", [4, 2], initializer=initializer, partitioner=THIRDS))
    assert not np.any(np.abs(got - np.array(want)[[0, 1, 0, 0]]) > 2e-6)


@pytest.mark.parametrize("columns", [3, 4, 6])
def test_the_identity_is_cut_and_not_repeated(columns):
    w = tf.get_variable("w", [4, columns], initializer=tf.initializers.identity(), partitioner=THIRDS)
    assert np.array_equal(value_of(w), np.eye(4, columns))


def test_an_initial_tensor_is_cut():
    value = np.arange(10, dtype=np.float32).reshape(5, 2)
    for name, given_value in (("t", tf.constant(value)), ("a", value), ("l", value.tolist())):
        w = tf.get_variable(name, initializer=given_value, partitioner=THIRDS)
        assert np.array_equal(value_of(w), value)


def test_parts_lie_along_the_axis_that_is_cut():
    w = tf.get_variable(
        "w", [2, 7], partitioner=tf.fixed_size_partitioner(3, axis=1), initializer=tf.ones_initializer()
    )
    assert [v.shape.as_list() for v in w] == [[2, 3], [2, 2], [2, 2]]
    assert value_of(w).shape == (2, 7)


def test_one_part_is_a_partitioned_variable_too():
    w = tf.get_variable("w", [4, 2], partitioner=tf.fixed_size_partitioner(1))
    assert [v.name for v in w] == ["w/part_0:0"] and len(w) == 1
    assert w.as_tensor().name == "w:0" and value_of(w).shape == (4, 2)


def test_scalars_are_not_cut():
    assert isinstance(tf.get_variable("w", [], partitioner=THIRDS), tf.Variable)


def test_a_partitioned_variable_is_a_tensor_where_one_is_wanted():
    w = tf.get_variable("w", [4, 2], partitioner=THIRDS, initializer=tf.ones_initializer())
    total = tf.reduce_sum(tf.convert_to_tensor(w)) + tf.reduce_sum(tf.multiply(w, 2.0))
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    assert session.run(total) == 24
    with pytest.raises(ValueError, match="Incompatible type conversion requested to type 'int32'"):
        tf.convert_to_tensor(w, tf.int32)


def test_assigning_cuts_the_value():
    w = tf.get_variable("w", [5, 2], partitioner=THIRDS, initializer=tf.zeros_initializer())
    value = np.arange(10, dtype=np.float32).reshape(5, 2)
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    session.run(w.assign(value))
    assert np.array_equal(session.run(w.as_tensor()), value)
    session.run(w.assign_add(value))
    session.run(w.assign_sub(np.ones((5, 2), np.float32), read_value=False))
    assert np.array_equal(session.run(w.as_tensor()), 2 * value - 1)


def test_the_functions_that_assign_take_variables_in_parts():
    w = tf.get_variable("w", [5], initializer=tf.zeros_initializer(), partitioner=tf.fixed_size_partitioner(2))
    value = np.arange(5, dtype=np.float32)
    assigned, added, taken = (assign(w, value) for assign in (tf.assign, tf.assign_add, tf.assign_sub))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert [part.tolist() for part in session.run(assigned)] == [[0, 1, 2], [3, 4]]
        assert [part.tolist() for part in session.run(added)] == [[0, 2, 4], [6, 8]]
        assert [part.tolist() for part in session.run(taken)] == [[0, 1, 2], [3, 4]]


def test_gradients_reach_every_part():
    w = tf.get_variable("w", [4, 2], partitioner=THIRDS, initializer=tf.ones_initializer())
    grads = tf.gradients(tf.square(w.as_tensor()), list(w))
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    assert [g.tolist() for g in session.run(grads)] == [[[2, 2], [2, 2]], [[2, 2]], [[2, 2]]]


# -- sharing --------------------------------------------------------------------------------------------------------


def test_sharing_needs_no_partitioner():
    w = tf.get_variable("w", [4, 2], partitioner=THIRDS)
    tf.get_variable_scope().reuse_variables()
    assert tf.get_variable("w", [4, 2]) is w and tf.get_variable("w") is w
    assert tf.get_variable("w", [4, 2], partitioner=THIRDS) is w


@pytest.mark.parametrize(
    "reuse, make, text",
    [
        (True, lambda: tf.get_variable("w", [4, 2], partitioner=tf.fixed_size_partitioner(2)),
         r"Trying to reuse partitioned variable w, but specified partitions \[2, 1\] and found partitions \[3, 1\]\."),
        (True, lambda: tf.get_variable("w", [5, 2]), r"specified shape \(5, 2\) and found shape \(4, 2\)"),
        (True, lambda: tf.get_variable("w", dtype=tf.int32), "specified dtype int32 and found dtype float32"),
        (False, lambda: tf.get_variable("w", [4, 2], partitioner=THIRDS),
         "Partitioned variable with name w already exists. Did you mean to set reuse=True"),
        (False, lambda: tf.get_variable("w", [4, 2]),
         "No partitioner was provided, but a partitioned version of the variable was found: w/part_0"),
        (True, lambda: tf.get_variable("x", [4, 2], partitioner=THIRDS), "PartitionedVariable x does not exist"),
        (False, lambda: tf.get_variable("plain", [4, 2], partitioner=THIRDS),
         "A partitioner was provided, but an unpartitioned version of the variable was found: plain"),
    ],
)  # fmt: skip
def test_sharing_that_does_not_fit_is_refused(reuse, make, text):
    tf.get_variable("w", [4, 2], partitioner=THIRDS)
    tf.get_variable("plain", [4, 2])
    if reuse:
        tf.get_variable_scope().reuse_variables()
    with pytest.raises(ValueError, match=text):
        make()


@pytest.mark.parametrize(
    "answer, text",
    [
        ([2, 2], r"Can only slice a variable along one dimension: shape: \(4, 2\), partitioning: \[2, 2\]"),
        ([2], r"does not match the Variable's rank: \[2\] vs\. \(4, 2\)"),
        (2, "Partitioner must return a sequence, but saw: 2"),
        ([0, 1], r"Partitioner returned zero partitions for some axes: \[0, 1\]"),
    ],
)
def test_a_partitioners_bad_answer_is_refused(answer, text):
    with pytest.raises(ValueError, match=text):
        tf.get_variable("w", [4, 2], partitioner=lambda shape, dtype: answer)


def test_an_unknown_shape_cannot_be_cut():
    with pytest.raises(
        ValueError, match=r"Shape of a new partitioned variable must be fully defined, but instead was \(\?, 2\)"
    ):
        tf.get_variable("w", [None, 2], partitioner=THIRDS)


# -- partitioners ---------------------------------------------------------------------------------------------------


def cut(partitioner, shape, dtype=tf.float32):
    return partitioner(shape=tf.TensorShape(shape), dtype=dtype)


def test_partitioners_answer_as_tensorflows():
    by_size, min_max = tf.variable_axis_size_partitioner, tf.min_max_variable_partitioner
    assert cut(by_size(64), [10, 20]) == [10, 1]
    assert cut(by_size(64, axis=1, max_shards=3), [10, 20]) == [1, 3]
    assert cut(by_size(64, bytes_per_string_element=2), [100], tf.string) == [4]
    assert cut(min_max(), [100000, 20]) == [1, 1]
    assert cut(min_max(3, min_slice_size=64), [10, 20]) == [3, 1]
    assert cut(min_max(30, axis=1, min_slice_size=64), [10, 20]) == [1, 13]
    assert cut(tf.fixed_size_partitioner(5), [3, 2]) == [3, 1]
    for bad in (lambda: by_size(0), lambda: by_size(4, bytes_per_string_element=0)):
        with pytest.raises(ValueError, match="must be positive"):
            bad()


@settings(max_examples=60, deadline=None)
@given(length=st.integers(1, 40), count=st.integers(1, 40), axis=st.integers(0, 2))
def test_parts_cover_the_whole_without_overlap_and_differ_by_one_at_most(length, count, axis):
    shape = [4, 5, 6]
    shape[axis] = length
    whole = tf.TensorShape(shape)
    parts = parts_of(whole, tf.fixed_size_partitioner(count, axis)(shape=whole, dtype=tf.float32))
    seen = np.zeros(shape, int)
    for offset, sizes in parts:
        seen[tuple(slice(o, o + n) for o, n in zip(offset, sizes, strict=True))] += 1
    assert (seen == 1).all() and len(parts) == min(length, count)
    lengths = [sizes[axis] for _, sizes in parts]
    assert max(lengths) - min(lengths) <= 1 and lengths == sorted(lengths, reverse=True)


@settings(max_examples=60, deadline=None)
@given(rows=st.integers(1, 200), width=st.integers(1, 9), most=st.integers(1, 500))
def test_parts_are_no_larger_than_asked_where_rows_are_not(rows, width, most):
    whole = tf.TensorShape([rows, width])
    partitions = tf.variable_axis_size_partitioner(most)(shape=whole, dtype=tf.float32)
    largest = max(np.prod(sizes) * 4 for _, sizes in parts_of(whole, partitions))
    assert largest <= max(most, 4 * width)
