"""TensorArray: what is written is what is read, in loops and branches, and what is refused."""

import numpy as np
import pytest

import scopeflow as tf

pytestmark = pytest.mark.usefixtures("graph")

X = np.arange(6, dtype=np.float32).reshape(3, 2)


def run(fetches, feed=None):
    with tf.Session() as session:
        return session.run(fetches, feed)


def test_elements_are_read_where_they_were_written():
    array = tf.TensorArray(tf.float32, size=3).write(2, X[2]).write(0, X[0])
    later = array.write(1, X[1])
    assert np.array_equal(run(later.stack()), X)
    assert np.array_equal(run(array.gather([2, 0, 2])), X[[2, 0, 2]])
    assert run(array.read(0)).tolist() == [0, 1]


def test_an_earlier_array_keeps_what_it_had():
    array = tf.TensorArray(tf.int32, size=2).write(0, 5)
    assert run([array.write(1, 6).stack(), array.write(1, 7).stack()])[0].tolist() == [5, 6]
    with pytest.raises(tf.errors.InvalidArgumentError, match="index 1, because it has not been written to"):
        run(array.stack())


@pytest.mark.parametrize(
    "build, error, message",
    [
        (lambda a: a.read(3), tf.errors.OutOfRangeError, "read from index 3 but array size is: 2"),
        (lambda a: a.read(-1), tf.errors.OutOfRangeError, "read from index -1"),
        (lambda a: a.write(2, 1.0).flow, tf.errors.OutOfRangeError, "not resizeable and size is: 2"),
        (
            lambda a: a.write(0, 1.0).write(0, 2.0).read(0),
            tf.errors.InvalidArgumentError,
            "Could not write to TensorArray index 0 because it has already been written to",
        ),
        (lambda a: a.split(X, [1, 1]).flow, tf.errors.InvalidArgumentError, "sum of lengths is 2"),
    ],
)
def test_a_run_refuses(build, error, message):
    fetched = build(tf.TensorArray(tf.float32, size=2, infer_shape=False))
    with pytest.raises(error, match=message):
        run(fetched)


def test_building_refuses_other_dtypes_and_shapes():
    array = tf.TensorArray(tf.float32, size=2)
    with pytest.raises(ValueError, match="TensorArray dtype is float32, but Op is trying to write dtype int64"):
        array.write(0, tf.constant(1, tf.int64))
    array = array.write(0, [1.0, 2.0])
    with pytest.raises(ValueError, match="Inconsistent shapes"):
        array.write(1, [1.0])
    with pytest.raises(ValueError, match="size"):
        tf.TensorArray(tf.float32)


def test_a_dynamic_array_grows_and_a_size_may_come_from_a_feed():
    grown = tf.TensorArray(tf.float32, size=0, dynamic_size=True).write(2, 1.0).write(0, 2.0).write(1, 3.0)
    assert run([grown.stack(), grown.size()])[0].tolist() == [2, 3, 1]
    n = tf.placeholder(tf.int32, [])
    empty = tf.TensorArray(tf.float32, size=n, element_shape=[2]).stack()
    assert empty.shape.as_list() == [None, 2]
    assert run(empty, {n: 0}).shape == (0, 2)


def test_static_shapes_come_through_a_loop():
    start = (0, tf.TensorArray(tf.float32, size=3))
    _, array = tf.while_loop(lambda i, _: i < 3, lambda i, a: (i + 1, a.write(i, tf.zeros([2, 5]))), start)
    assert isinstance(array, tf.TensorArray)
    assert array.stack().shape.as_list() == [3, 2, 5]
    assert array.read(0).shape.as_list() == [2, 5]


def test_a_condition_gives_the_array_of_the_branch_that_ran():
    array = tf.TensorArray(tf.float32, size=1)
    switch = tf.placeholder(tf.bool, [])
    chosen = tf.cond(switch, lambda: array.write(0, 1.0), lambda: array.write(0, 2.0))
    assert [run(chosen.read(0), {switch: value}) for value in (True, False)] == [1, 2]


def test_elements_of_other_lengths_concatenate_and_their_gradients_find_back():
    x = tf.placeholder(tf.float32, [None, 2])
    array = tf.TensorArray(tf.float32, size=2, infer_shape=False).write(0, x[:1] * 2.0).write(1, x[1:] * 3.0)
    gradient = tf.gradients(array.concat() ** 2, x)[0]
    joined, found = run([array.concat(), gradient], {x: X})
    assert np.array_equal(joined, X * [[2], [3], [3]])
    assert np.array_equal(found, 2 * X * np.array([[4], [9], [9]]))


def test_elements_may_be_strings():
    array = tf.TensorArray(tf.string, size=2).write(0, "a").write(1, b"b")
    assert run(array.stack()).tolist() == [b"a", b"b"]


def test_what_no_one_reads_gets_zeros():
    x = tf.placeholder(tf.float32, [3, 2])
    array = tf.TensorArray(tf.float32, size=3).unstack(x)
    assert run(tf.gradients(array.read(1), x)[0], {x: X}).tolist() == [[0, 0], [1, 1], [0, 0]]
