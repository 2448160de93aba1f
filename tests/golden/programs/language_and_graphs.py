"""What programs of language, graphs and speech lean on: sizes fed without a shape, functions of sparse tensors."""

import numpy as np

from ..cases import golden
from ..helpers import run, said, uniform

X = uniform(6, 20, seed=3)

FED_SIZES = {
    "reshaped": lambda tf, n, x: tf.reshape(x, [n * 2, 4, 5]),
    "reshaped with one left over": lambda tf, n, x: tf.reshape(x, [n, 8, -1]),
    "zeros": lambda tf, n, x: tf.zeros([n, 3]),
    "filled": lambda tf, n, x: tf.fill([n, 3, n], 1.5),
    "stacked": lambda tf, n, x: tf.ones(tf.stack([n, 4, 5])),
    "of a tuple": lambda tf, n, x: tf.zeros((n, x.shape[1])),
    "in int64": lambda tf, n, x: tf.reshape(x, [tf.cast(n, tf.int64), tf.constant(8, tf.int64), 5]),
    "joined": lambda tf, n, x: tf.reshape(x, tf.concat([[n], [8, 5]], 0)),
    "sliced": lambda tf, n, x: tf.slice(x, [0, 0], [n, 7]),
    "tiled": lambda tf, n, x: tf.tile(x, [n, 2]),
    "turned": lambda tf, n, x: tf.transpose(tf.reshape(x, [n, 8, 5]), [2, 0, 1]),
    "unstacked": lambda tf, n, x: tf.unstack(tf.zeros([n, 3]), axis=1)[2],
    "looked up": lambda tf, n, x: tf.nn.embedding_lookup(x, tf.zeros([n, 3], tf.int32)),
    "multiplied": lambda tf, n, x: tf.tensordot(tf.reshape(x, [n, 8, 5]), tf.ones([5, 2]), 1),
    "flat": lambda tf, n, x: tf.layers.flatten(tf.zeros([n, 3, 4])),
    "padded": lambda tf, n, x: tf.pad(x, [[0, n], [1, 1]]),
    "mirrored": lambda tf, n, x: tf.pad(x, [[n, 0], [0, 3]], "SYMMETRIC"),
    "eyes": lambda tf, n, x: tf.eye(3, batch_shape=[n]),
    "eye": lambda tf, n, x: tf.eye(n, 4),
    "scanned": lambda tf, n, x: tf.scan(lambda a, b: a + b, tf.ones([n, 3])),
}


@golden(rows=FED_SIZES, rtol=1e-5, atol=1e-5, reason="a product of 5 terms, summed in another order")
def a_size_that_is_fed_without_a_shape_leaves_the_other_sizes_known(tf, row):
    """`batch_size = tf.placeholder(tf.int32)`, as programs write it, is a number wherever sizes are listed."""
    n, x = tf.placeholder(tf.int32), tf.placeholder(tf.float32, [None, 20])
    result = row(tf, n, x)
    return {"shape": str(result.shape.as_list()), "value": run(tf, result, {n: 3, x: X})}


OF_SPARSE = {
    "cast": lambda tf, sp: tf.cast(sp, tf.int32),
    "cast to what it is": lambda tf, sp: tf.cast(sp, tf.float32),
    "to_int32": lambda tf, sp: tf.to_int32(sp),
    "to_float": lambda tf, sp: tf.to_float(tf.to_int64(sp)),
    "abs": lambda tf, sp: tf.abs(sp),
    "negative": lambda tf, sp: tf.negative(sp),
    "sign": lambda tf, sp: tf.sign(sp),
    "square": lambda tf, sp: tf.square(sp),
    "sqrt": lambda tf, sp: tf.sqrt(tf.abs(sp)),
    "tanh": lambda tf, sp: tf.tanh(sp),
    "erf": lambda tf, sp: tf.erf(sp),
    "cond": lambda tf, sp: tf.cond(tf.size(sp) > 3, lambda: sp, lambda: sp * 2.0),
    "cond in a list": lambda tf, sp: tf.cond(tf.size(sp) < 3, lambda: [sp, sp], lambda: [sp * 3.0, sp])[0],
    "case": lambda tf, sp: tf.case([(tf.size(sp) < 3, lambda: sp)], default=lambda: sp * 4.0),
    "loop": lambda tf, sp: tf.while_loop(lambda i, s: i < 3, lambda i, s: (i + 1, s * 2.0), (0, sp))[1],
}


@golden(rows=OF_SPARSE, rtol=1e-6, reason="transcendental functions of three float32 values")
def a_function_that_keeps_zero_zero_takes_sparse_tensors(tf, row):
    sp = tf.SparseTensor([[0, 1], [1, 3], [2, 0]], [1.0, -4.0, 2.5], [3, 4])
    result = row(tf, sp)
    with tf.Session() as session:
        indices, values, dense_shape = session.run(result)
    return {"dtype": result.dtype.name, "indices": indices, "values": values, "dense_shape": dense_shape}


@golden()
def the_shape_the_size_and_the_rank_of_a_sparse_tensor_are_those_of_the_dense_one(tf):
    known, fed = tf.SparseTensor([[0, 1]], [1.0], [3, 4]), tf.sparse_placeholder(tf.float32)
    counts = [f(sp) for sp in (known, fed) for f in (tf.shape, tf.size, tf.rank)]
    counts += [tf.shape(known, out_type=tf.int64), tf.size(known, out_type=tf.int64)]
    with tf.Session() as session:
        values = session.run(counts, {fed: ([[0, 0, 2]], [1.0], [2, 5, 3])})
    return {"dtypes": [c.dtype.name for c in counts], **{str(i): v for i, v in enumerate(values)}}


@golden()
def the_error_rate_of_what_was_decoded_counts_labels_of_another_dtype(tf):
    """`tf.edit_distance(tf.cast(decoded[0], tf.int32), targets)`, as every program of speech has it."""
    logits = tf.constant(np.random.RandomState(5).randn(7, 2, 4).astype(np.float32))
    decoded, _ = tf.nn.ctc_greedy_decoder(logits, [7, 5])
    targets = tf.sparse_placeholder(tf.int32)
    rate = tf.edit_distance(tf.cast(decoded[0], tf.int32), targets)
    with tf.Session() as session:
        fed = {targets: ([[0, 0], [0, 1], [1, 0]], [1, 2, 0], [2, 2])}
        return {"rate": session.run(rate, fed)}


@golden()
def a_number_times_slices_is_slices(tf):
    with tf.Graph().as_default():
        table = tf.get_variable("table", [4, 2], initializer=tf.ones_initializer())
        (slices,) = tf.gradients(tf.reduce_sum(tf.gather(table, [1, 3, 1]) * 3.0), table)
        half = tf.scalar_mul(0.5, slices)
        values, indices = run(tf, [half.values, half.indices])
    return {"values": values, "indices": indices}


def _said_unfed(tf, dtype, shape):
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.identity(tf.placeholder(dtype, shape, name="x"))
        return said(lambda: session.run(x), r"You must feed .*? with dtype \w+( and shape \[[^]]*\])?")


UNFED = {"any": None, "scalar": (), "vector": [None], "matrix": [None, 3], "fixed": [2, 3]}


@golden(rows=UNFED)
def what_was_not_fed_is_said_with_its_dtype_and_shape(tf, row):
    return {t.name: _said_unfed(tf, t, row) for t in (tf.float32, tf.int64, tf.float64, tf.string)}
