"""IndexedSlices: the gradients of gathers, their sums, and the dense tensors they stand for."""

import numpy as np
import pytest
from running import initialized_run as run

import scopeflow as tf
from scopeflow.engine.indexed_slices import IndexedSlicesValue, add_gradients, convert_to_tensor_or_indexed_slices

pytestmark = pytest.mark.usefixtures("graph")


def slices(indices, values=None, rows=4, dtype=np.int32):
    values = np.arange(1.0, 1.0 + 2 * len(indices)).reshape(-1, 2) if values is None else values
    indices = np.array(indices, dtype)
    return tf.IndexedSlices(tf.constant(values, tf.float32), tf.constant(indices), tf.constant([rows, 2]))


def dense(indices, values, rows=4):
    result = np.zeros((rows, 2))
    for i, row in zip(indices, values, strict=True):
        result[i] += row
    return result


def test_the_gradient_of_a_gather_holds_the_rows_it_read():
    v = tf.Variable(np.ones((4, 2), np.float32))
    gradient = tf.gradients(tf.gather(v, [[0, 3], [3, 1]]) * [2.0, 5.0], v)[0]
    assert isinstance(gradient, tf.IndexedSlices)
    assert gradient.dtype is tf.float32 and gradient.shape.as_list() == [4, 2]
    assert gradient.name == gradient.values.name and gradient.op is gradient.values.op
    value = run(gradient)
    assert isinstance(value, IndexedSlicesValue)
    assert value.indices.tolist() == [0, 3, 3, 1] and value.dense_shape.tolist() == [4, 2]
    np.testing.assert_array_equal(value.values, [[2, 5]] * 4)
    np.testing.assert_array_equal(run(tf.convert_to_tensor(gradient)), [[2, 5], [2, 5], [0, 0], [4, 10]])


def test_gathers_along_other_axes_have_dense_gradients():
    x = tf.placeholder(tf.float32, [2, 3])
    gradient = tf.gradients(tf.gather(x, [2, 2], axis=1), x)[0]
    assert isinstance(gradient, tf.Tensor)
    np.testing.assert_array_equal(run(gradient, {x: np.ones((2, 3))}), [[0, 0, 2]] * 2)


def test_two_gathers_of_one_tensor_give_the_slices_of_both():
    v = tf.Variable(np.ones((4, 2), np.float32))
    loss = tf.reduce_sum(tf.gather(v, [1])) + tf.reduce_sum(3.0 * tf.gather(v, np.array([1, 2], np.int64)))
    gradient = tf.gradients(loss, v)[0]
    assert isinstance(gradient, tf.IndexedSlices)
    value = run(gradient)
    assert sorted(zip(value.indices.tolist(), value.values[:, 0].tolist(), strict=True)) == [(1, 1), (1, 3), (2, 3)]
    np.testing.assert_array_equal(run(tf.convert_to_tensor(gradient))[:, 1], [0, 4, 3, 0])


def test_a_dense_term_makes_the_sum_dense():
    v = tf.Variable(np.ones((3, 2), np.float32))
    gradient = tf.gradients(tf.reduce_sum(tf.gather(v, [2, 2])) + tf.reduce_sum(v), v)[0]
    assert isinstance(gradient, tf.Tensor)
    np.testing.assert_array_equal(run(gradient), [[1, 1], [1, 1], [3, 3]])


def test_gradients_go_on_through_ops_that_know_no_slices():
    v = tf.Variable(np.array([[1.0], [2.0], [3.0]]))
    gradient = tf.gradients(tf.reduce_sum(tf.square(tf.gather(tf.square(v), [0, 2, 2]))), v)[0]
    np.testing.assert_allclose(run(tf.convert_to_tensor(gradient)), [[4.0], [0.0], [2 * 4 * 27.0]])


def test_slices_are_differentiable_once_more():
    x = tf.placeholder(tf.float64, [3])
    first = tf.gradients(tf.gather(x, [0, 2, 2]) ** 3, x)[0]
    second = tf.gradients(tf.convert_to_tensor(first), x)[0]
    np.testing.assert_allclose(run(tf.convert_to_tensor(second), {x: [1.0, 2.0, 4.0]}), [6, 0, 48])


def test_add_gradients_keeps_slices_sparse_and_a_single_term_as_it_is():
    a, b = slices([0, 2]), slices([2], [[10.0, 20.0]], dtype=np.int64)
    assert add_gradients([a]) is a
    total = add_gradients([a, b])
    assert isinstance(total, tf.IndexedSlices) and total.indices.dtype is tf.int64
    value = run(total)
    assert value.indices.tolist() == [0, 2, 2]
    wanted = dense([0, 2, 2], [[1, 2], [3, 4], [10, 20]])
    np.testing.assert_array_equal(run(tf.convert_to_tensor(total)), wanted)
    mixed = add_gradients([a, tf.ones([4, 2]), b])
    assert isinstance(mixed, tf.Tensor)
    np.testing.assert_array_equal(run(mixed), wanted + 1)


def test_arithmetic_takes_the_dense_tensor_and_negation_stays_sparse():
    a = slices([3, 3])
    np.testing.assert_array_equal(run(tf.multiply(a, 2.0)), 2 * dense([3, 3], [[1, 2], [3, 4]]))
    negative = run(-a)
    assert negative.indices.tolist() == [3, 3]
    np.testing.assert_array_equal(negative.values, [[-1, -2], [-3, -4]])
    assert str(a).startswith('IndexedSlices(indices=Tensor("Const') and "dense_shape=" in str(a)


def test_conversions_refuse_another_dtype_and_slices_of_unknown_shape():
    a = slices([1])
    with pytest.raises(ValueError, match="requested dtype int32 for IndexedSlices with dtype float32"):
        tf.convert_to_tensor(a, tf.int32)
    with pytest.raises(ValueError, match="requested dtype int32 for Tensor with dtype float32"):
        convert_to_tensor_or_indexed_slices(a, tf.int32)
    assert convert_to_tensor_or_indexed_slices(a, tf.float32) is a
    assert run(convert_to_tensor_or_indexed_slices([1, 2])).tolist() == [1, 2]
    free = tf.IndexedSlices(tf.zeros([1, 2]), tf.constant([1]))
    with pytest.raises(ValueError, match="for IndexedSlices for argument 'value' without dense_shape"):
        tf.convert_to_tensor(free)
    assert run(free) == (pytest.approx(np.zeros((1, 2))), [1], None)
    assert free.shape.ndims is None


def test_a_row_out_of_range_is_refused_when_made_dense():
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"indices\[0\] = \[9\] does not index into shape \[4,2\]"):
        run(tf.convert_to_tensor(slices([9])))


def test_slices_can_be_waited_for_and_fetched_inside_structures(graph):
    a = slices([1])
    with tf.control_dependencies([a]):
        after = tf.no_op()
    assert a.op in after.control_inputs
    fetched = run({"g": a, "list": [a.values]})
    assert fetched["g"].indices.tolist() == [1] and fetched["list"][0].tolist() == [[1, 2]]
