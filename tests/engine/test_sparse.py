"""Sparse tensors: how they are fed and fetched, what is refused, and who checks the indices."""

import numpy as np
import pytest

import scopeflow as tf


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as made:
        yield made


def test_a_sparse_tensor_is_fed_whole_or_not_at_all():
    sparse, other = tf.sparse_placeholder(tf.float32), tf.placeholder(tf.float32)
    total = tf.sparse_reduce_sum(sparse) + other
    with tf.Session() as session:
        call = session.make_callable(total, [other, sparse])
        assert call(1.0, ([[0, 1]], [2.0], [2, 2])) == 3.0
        assert session.run(total, {other: 1.0, sparse: ([[0, 1]], [2.0], [2, 2])}) == 3.0
        for wrong in (np.ones([2, 2]), ([[0, 1]], [2.0]), 5.0):
            with pytest.raises(TypeError, match="must have its 3 parts"):
                session.run(total, {other: 1.0, sparse: wrong})
        assert session.run(total, {other: 2.0, sparse: (np.zeros([0, 2]), [], [2, 2])}) == 2.0


def test_a_gradient_by_a_dense_factor_is_dense():
    b = tf.get_variable("b", [4, 2])
    sparse = tf.SparseTensor([[0, 0], [0, 3]], [1.0, 2.0], [3, 4])
    gradient = tf.gradients(tf.sparse_tensor_dense_matmul(sparse, b), b)[0]
    assert isinstance(gradient, tf.Tensor) and gradient.shape.as_list() == [4, 2]
    with tf.Session() as session:
        assert session.run(gradient).tolist() == [[1, 1], [0, 0], [0, 0], [2, 2]]


@pytest.mark.parametrize("index", [[0, 4], [3, 0], [-1, 0], [0, -1]])
def test_a_product_checks_rows_and_columns(index):
    product = tf.sparse_tensor_dense_matmul(tf.SparseTensor([index], [1.0], [3, 4]), tf.ones([4, 2]))
    with (
        tf.Session() as session,
        pytest.raises(tf.errors.InvalidArgumentError, match=r"indices\[0\] = .* out of bound"),
    ):
        session.run(product)


def test_a_product_of_no_values_is_zero():
    sparse = tf.sparse_placeholder(tf.float32, [3, 4])
    product = tf.sparse_tensor_dense_matmul(sparse, tf.ones([4, 2]))
    with tf.Session() as session:
        got = session.run(product, {sparse: (np.zeros([0, 2], np.int64), np.zeros(0), [3, 4])})
    assert got.shape == (3, 2) and not got.any()


def test_a_sum_of_two_sparse_tensors_is_refused():
    sparse = tf.SparseTensor([[0]], [1.0], [3])
    with pytest.raises(NotImplementedError, match="two sparse"):
        tf.sparse_add(sparse, sparse)
    with pytest.raises(TypeError, match="must be a SparseTensor"):
        tf.sparse_add(tf.ones([3]), tf.ones([3]))


def test_what_may_be_sparse_stays_as_it_is():
    sparse = tf.SparseTensor([[0]], [1.0], [3])
    assert tf.convert_to_tensor_or_sparse_tensor(sparse, tf.float32) is sparse
    assert isinstance(tf.convert_to_tensor_or_sparse_tensor([1]), tf.Tensor)
    with pytest.raises(RuntimeError, match=r"Sparse dtype mismatch\. Requested: int32, actual: float32"):
        tf.convert_to_tensor_or_sparse_tensor(sparse, tf.int32)
    with tf.Session():
        assert sparse.eval().values.tolist() == [1.0]
