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
        for wrong in (([[0, 1]], [2.0]), 5.0, np.float32(5), np.array(5.0), []):
            with pytest.raises(TypeError, match="must have its 3 parts"):
                session.run(total, {other: 1.0, sparse: wrong})
        said = rf"Cannot feed value of shape \(2,\) for Tensor '{sparse.indices.name}', which has shape"
        for dense in (np.ones([2, 2]), np.ones([3, 2], np.float32), [[0.0, 1.0]], np.ones([5, 2], np.int64)):
            with pytest.raises(ValueError, match=said):
                session.run(total, {other: 1.0, sparse: dense})
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


def test_two_tensors_whose_shapes_only_a_run_knows_must_have_one():
    a, b = tf.sparse_placeholder(tf.float32), tf.sparse_placeholder(tf.float32)
    total = tf.sparse_add(a, b)
    with tf.Session() as session:
        got = session.run(total, {a: ([[0, 1]], [1.0], [2, 2]), b: ([[0, 1]], [2.0], [2, 2])})
        assert got.values.tolist() == [3.0]
        with pytest.raises(tf.errors.InvalidArgumentError, match="shapes do not match"):
            session.run(total, {a: ([[0, 1]], [1.0], [2, 2]), b: ([[0, 1]], [2.0], [2, 3])})


def random_sparse(generator, shape, count):
    flat = np.sort(generator.choice(int(np.prod(shape)), count, replace=False))
    return tf.SparseTensorValue(np.stack(np.unravel_index(flat, shape), 1), generator.normal(size=count), shape)


def dense(value):
    result = np.zeros(value.dense_shape)
    for place, number in zip(np.asarray(value.indices), value.values, strict=True):
        result[tuple(place)] = number
    return result


@pytest.mark.parametrize("shape", [(4, 5), (1, 3), (2, 3, 4), (7,)])
def test_sparse_and_dense_ways_agree(shape):
    generator = np.random.default_rng(len(shape))
    count = int(np.prod(shape)) // 2
    first, second = (random_sparse(generator, shape, count) for _ in range(2))
    a, b = (tf.sparse_placeholder(tf.float64, [None] * len(shape)) for _ in range(2))
    axis, order = len(shape) - 1, [*range(1, len(shape)), 0]
    results = {
        "sum": (tf.sparse_add(a, b), dense(first) + dense(second)),
        "larger": (tf.sparse_maximum(a, b), np.maximum(dense(first), dense(second))),
        "joined": (
            tf.sparse_concat(axis, [a, b, a]),
            np.concatenate([dense(first), dense(second), dense(first)], axis),
        ),
        "transposed": (tf.sparse_transpose(a, order), dense(first).transpose(order)),
        "reshaped": (tf.sparse_reshape(a, [-1]), dense(first).reshape(-1)),
        "slice": (tf.sparse_slice(a, [0] * len(shape), [2] * len(shape)), dense(first)[(slice(0, 2),) * len(shape)]),
        "sums": (tf.sparse_reduce_sum_sparse(a, [axis]), dense(first).sum(axis)),
        "kept": (tf.sparse_reduce_sum_sparse(a, [0], keepdims=True), dense(first).sum(0, keepdims=True)),
    }
    for i, part in enumerate(np.array_split(dense(first), 2, axis)):
        results[f"part {i}"] = (tf.sparse_split(sp_input=a, num_split=2, axis=axis)[i], part)
    with tf.Session() as session:
        got = session.run({name: sparse for name, (sparse, _) in results.items()}, {a: first, b: second})
    for name, (_, wanted) in results.items():
        np.testing.assert_allclose(dense(got[name]), wanted, rtol=1e-12, atol=1e-12, err_msg=name)
        places = np.asarray(got[name].indices)
        assert [tuple(p) for p in places] == sorted({tuple(p) for p in places}), f"{name}: out of order, or repeated"


def test_nothing_in_and_nothing_out():
    nothing = (np.zeros((0, 2), np.int64), np.zeros(0), [3, 4])
    a = tf.sparse_placeholder(tf.float64, [3, 4])
    filled, empty = tf.sparse_fill_empty_rows(a, 2.0)
    tensors = [tf.sparse_add(a, a), tf.sparse_softmax(a), tf.sparse_transpose(a), tf.sparse_reshape(a, [2, 6])]
    with tf.Session() as session:
        *got, full, rows, largest = session.run([*tensors, filled, empty, tf.sparse_reduce_max(a, 1)], {a: nothing})
    assert all(part.values.size == 0 and part.indices.shape == (0, 2) for part in got)
    assert full.indices.tolist() == [[0, 0], [1, 0], [2, 0]] and rows.all() and full.values.tolist() == [2, 2, 2]
    assert largest.tolist() == [0, 0, 0]


def test_what_may_be_sparse_stays_as_it_is():
    sparse = tf.SparseTensor([[0]], [1.0], [3])
    assert tf.convert_to_tensor_or_sparse_tensor(sparse, tf.float32) is sparse
    assert isinstance(tf.convert_to_tensor_or_sparse_tensor([1]), tf.Tensor)
    with pytest.raises(RuntimeError, match=r"Sparse dtype mismatch\. Requested: int32, actual: float32"):
        tf.convert_to_tensor_or_sparse_tensor(sparse, tf.int32)
    with tf.Session():
        assert sparse.eval().values.tolist() == [1.0]
