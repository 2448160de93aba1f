"""Sparse tensors: what is fed to them and fetched, products, sums, and what is refused."""

import numpy as np

from ..cases import golden
from ..helpers import said

SUMS = {"rtol": 1e-6, "reason": "sums of a few float32 values in another order"}
INDICES, VALUES, SHAPE = [[0, 0], [0, 3], [2, 1], [2, 2]], [1.0, -2.0, 3.5, 0.25], [3, 4]


def made(tf, dtype=np.float32):
    return tf.SparseTensor(INDICES, np.array(VALUES, dtype), SHAPE)


def dense(tf, *shape):
    return tf.constant(np.linspace(-1.0, 2.0, int(np.prod(shape)), dtype=np.float32).reshape(shape))


@golden()
def parts_and_their_names(tf):
    with tf.Graph().as_default(), tf.Session() as session:
        plain, named = made(tf), tf.sparse_placeholder(tf.float32, [3, 4], name="sp")
        free = tf.sparse_placeholder(tf.int32)
        got = session.run(plain)
    return {
        "names": [t.name for s in (plain, named) for t in (s.indices, s.values)]
        + [plain.dense_shape.name, plain.op.name],
        "shapes": [str(s.shape) for s in (plain, named, free)] + [str(s.values.shape) for s in (plain, named, free)],
        "indices": got.indices,
        "values": got.values,
        "dense_shape": got.dense_shape,
        "kind": type(got).__name__,
        "dtypes": [s.dtype.name for s in (plain, named, free)],
    }


@golden()
def feeds(tf):
    sparse = tf.sparse_placeholder(tf.float32)
    result = tf.sparse_tensor_to_dense(sparse) + tf.placeholder_with_default(1.0, [])
    value = tf.SparseTensorValue(np.array(INDICES), np.array(VALUES, np.float32), np.array(SHAPE))
    with tf.Session() as session:
        other = session.run(result, {sparse: ([[1, 1]], [5.0], [2, 2])})
        got = session.run([result, sparse], {sparse: value})
        again = result.eval({sparse: value}, session)
    return {"sum": got[0], "values": got[1].values, "other": other, "again": again}


@golden(rows={f"{a}{b}": (a, b) for a in (False, True) for b in (False, True)}, **SUMS)
def products(tf, row):
    adjoint_a, adjoint_b = row
    sparse = made(tf)
    rows = 3 if adjoint_a else 4
    other = dense(tf, 2, rows) if adjoint_b else dense(tf, rows, 2)
    product = tf.sparse_tensor_dense_matmul(sparse, other, adjoint_a, adjoint_b)
    weights = dense(tf, *product.shape.as_list())
    gradients = tf.gradients(product * weights, [sparse.values, other])
    with tf.Session() as session:
        values = session.run([product, *gradients])
    return {"product": values[0], "by values": values[1], "by b": values[2], "shape": str(product.shape)}


@golden(**SUMS)
def made_dense(tf):
    sparse, to = made(tf), dense(tf, 3, 4)
    tensors = {
        "dense": tf.sparse_tensor_to_dense(sparse),
        "default": tf.sparse_tensor_to_dense(sparse, -1.0),
        "text": tf.sparse_tensor_to_dense(tf.SparseTensor([[1]], ["a"], [3])),
        "vector": tf.sparse_to_dense([1, 3], [5], [7, 8], -1),
        "scalar": tf.sparse_to_dense(2, [4], 1.5),
        "one value": tf.sparse_to_dense([[0, 1], [1, 0]], [2, 2], True, False),
        "unordered": tf.sparse_to_dense([3, 1], [5], [7, 8], validate_indices=False),
        "sum": tf.sparse_add(sparse, to),
        "sum the other way": tf.sparse_add(to, sparse),
        "all": tf.sparse_reduce_sum(sparse),
        "rows": tf.sparse_reduce_sum(sparse, 1),
        "columns kept": tf.sparse_reduce_sum(sparse, [0], keepdims=True),
        "old names": tf.sparse_reduce_sum(sparse, reduction_axes=1, keep_dims=True),
        "gradient": tf.gradients(tf.sparse_tensor_to_dense(sparse) * to, sparse.values)[0],
    }
    with tf.Session() as session:
        got = session.run(tensors)
    got["text"] = [text.decode() for text in got["text"]]
    return got | {"shapes": [str(tensors[name].shape) for name in ("dense", "vector", "sum")]}


@golden()
def filtered_and_ordered(tf):
    kept = tf.sparse_retain(made(tf), [True, False, False, True])
    mixed = tf.SparseTensor([[2, 1], [0, 3], [0, 0]], [1, 2, 3], [3, 4])
    with tf.Session() as session:
        kept, ordered = session.run([kept, tf.sparse_reorder(mixed)])
    return {
        "kept": kept.values, "where": kept.indices, "shape": kept.dense_shape,
        "ordered": ordered.values, "order": ordered.indices,
    }  # fmt: skip


@golden()
def refused(tf):
    def run(indices, values=(1.0, 2.0)):
        with tf.Session() as session:
            session.run(tf.sparse_tensor_to_dense(tf.SparseTensor(indices, list(values), [3, 4])))

    return {
        "order": said(lambda: run([[1, 2], [0, 0]]), "is out of order"),
        "bounds": said(lambda: run([[1, 2], [1, 7]]), "out of bound"),
        "repeated": said(lambda: run([[1, 2], [1, 2]]), "is repeated"),
        "lengths": said(lambda: tf.SparseTensor([[1, 2]], [1.0, 2.0], [3, 4]), "not compatible"),
        "ranks": said(lambda: tf.SparseTensor([[1, 2]], [1.0], [3]), "not compatible"),
        "no sparse tensor": said(lambda: tf.sparse_tensor_to_dense([1.0]), "Input must be a SparseTensor."),
    }
