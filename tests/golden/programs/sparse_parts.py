"""Sparse tensors added, joined, cut, reshaped, summed up; embeddings looked up by them; gradients; what is refused."""

import numpy as np

from ..cases import golden
from ..helpers import said, uniform

SUMS = {"rtol": 2e-6, "atol": 1e-6, "reason": "sums and exponentials of a few float32 values in another order"}
FIRST = ([[0, 0], [0, 3], [2, 1], [2, 2]], [1.0, -2.0, 3.5, 0.25], [3, 4])
SECOND = ([[0, 3], [1, 1], [2, 2]], [4.0, 2.0, -3.0], [3, 4])
IDS = ([[0, 0], [0, 1], [2, 0]], [5, 2, 3], [3, 4])
ROWS = uniform(3, 2, seed=1)


def _made(tf, parts, values=None, dtype=np.float32):
    indices, own, shape = parts
    values = tf.constant(np.array(own, dtype)) if values is None else values
    return tf.SparseTensor(np.array(indices, np.int64).reshape(-1, len(shape)), values, shape)


def _results(tf, a, b):
    ids = _made(tf, IDS, dtype=np.int64)
    empty = _made(tf, ([], [], [3, 4]))
    longer = _made(tf, ([[1, 1], [4, 0]], [9.0, 8.0], [5, 2]))
    halves = tf.sparse_reshape(a, [2, 2, 3])
    return {
        "sum": tf.sparse_add(a, b),
        "sum over a threshold": tf.sparse_add(a, b, 2.5),
        "sum with nothing": tf.sparse_add(a, empty, thresh=0.5),
        "larger": tf.sparse_maximum(a, b),
        "smaller": tf.sparse_minimum(a, b),
        "rows joined": tf.sparse_concat(0, [a, b]),
        "columns joined": tf.sparse_concat(-1, [a, b, a]),
        "expanded": tf.sparse_concat(1, [a, longer], expand_nonconcat_dim=True),
        "slice": tf.sparse_slice(a, [0, 1], [2, 9]),
        "slice at the end": tf.sparse_slice(a, [2, 1], [5, 2]),
        "first third": tf.sparse_split(sp_input=a, num_split=3, axis=1)[0],
        "last third": tf.sparse.split(sp_input=a, num_split=3, axis=1)[2],
        "reshaped": tf.sparse_reshape(a, [-1, 2, 3]),
        "flat": tf.sparse_reshape(a, [12]),
        "transposed": tf.sparse_transpose(a),
        "turned": tf.sparse_transpose(halves, [2, 0, 1]),
        "filled": tf.sparse_fill_empty_rows(a, 7.0)[0],
        "smallest": tf.sparse_reset_shape(a),
        "larger shape": tf.sparse_reset_shape(a, [5, 4]),
        "softmax": tf.sparse_softmax(a),
        "softmax of rank 3": tf.sparse_softmax(halves),
        "merged": tf.sparse_merge(ids, _made(tf, (IDS[0], [1.0, 2.0, 3.0], IDS[2])), 6),
        "sums of rows": tf.sparse_reduce_sum_sparse(a, 1),
        "sums kept": tf.sparse_reduce_sum_sparse(a, 0, keepdims=True),
        "total": tf.sparse_reduce_sum_sparse(a),
        "largest of columns": tf.sparse_reduce_max_sparse(a, [0]),
        "from dense": tf.sparse.from_dense([[0, 1, 0], [2, 0, 3]]),
        "more dimensions": tf.sparse.expand_dims(a, 1),
        "eye": tf.sparse.eye(3, 4),
        "empty rows": tf.sparse_fill_empty_rows(a, 7.0)[1],
        "indicator": tf.sparse_to_indicator(ids, 6),
        "largest": tf.sparse_reduce_max(a, 1),
        "largest kept": tf.sparse_reduce_max(a, 0, keepdims=True),
        "largest of all": tf.sparse_reduce_max(a),
        "product": tf.sparse_matmul(ROWS, ROWS, transpose_b=True, a_is_sparse=True),
        "mask": tf.sparse_mask(
            tf.IndexedSlices(tf.constant(ROWS), tf.constant([4, 5, 6]), tf.constant([9, 2])), [5]
        ).values,
        "segments": tf.sparse_segment_sum(ROWS, [0, 2, 1], [0, 0, 2]),
        "means": tf.sparse_segment_mean(ROWS, [0, 2, 1], [0, 0, 2]),
        "roots": tf.sparse_segment_sqrt_n(ROWS, [0, 2, 1], [0, 0, 2]),
        "five segments": tf.sparse_segment_sum(ROWS, [0, 2, 1], [0, 0, 2], num_segments=5),
        "four roots": tf.sparse.segment_sqrt_n(ROWS, [0, 2, 1], [0, 0, 2], num_segments=4),
    }


@golden(**SUMS)
def all_of_them(tf):
    with tf.Graph().as_default(), tf.Session() as session:
        results = _results(tf, _made(tf, FIRST), _made(tf, SECOND))
        got = session.run(results)
    flat = {}
    for name, value in got.items():
        parts = value._asdict() if hasattr(value, "_asdict") else {"": value}
        flat |= {f"{name} {part}".strip(): array for part, array in parts.items()}
    return flat


DIFFERENTIATED = ("sum", "sum over a threshold", "slice", "reshaped", "transposed", "turned", "filled", "softmax")


@golden(rows={name: name for name in DIFFERENTIATED}, **SUMS)
def slopes(tf, row):
    with tf.Graph().as_default(), tf.Session() as session:
        values = [tf.constant(parts[1]) for parts in (FIRST, SECOND)]
        result = _results(tf, _made(tf, FIRST, values[0]), _made(tf, SECOND, values[1]))[row]
        found = tf.gradients(result.values * result.values, values)
        return {str(i): session.run(slope) for i, slope in enumerate(found) if slope is not None}


LOOKUPS = {
    f"{combiner}{', weighed' if weighed else ''}{', safe' if safe else ''}": (combiner, weighed, safe)
    for combiner in ("sum", "mean", "sqrtn") for weighed in (False, True) for safe in (False, True)
}  # fmt: skip


@golden(rows=LOOKUPS, **SUMS)
def embeddings(tf, row):
    combiner, weighed, safe = row
    where = [[0, 0], [0, 1], [2, 0], [3, 0]]
    with tf.Graph().as_default(), tf.Session() as session:
        table = tf.constant(uniform(6, 2, seed=2))
        ids = _made(tf, (where, [1, -3 if safe else 3, 0, 3], [5, 2]), dtype=np.int64)
        weights = _made(tf, (where, [1.0, 0.5, 2.0, 3.0], [5, 2])) if weighed else None
        if safe:
            result = tf.nn.safe_embedding_lookup_sparse(table, ids, weights, combiner)
        else:
            result = tf.nn.embedding_lookup_sparse(table, ids, weights, combiner=combiner)
        slope = tf.convert_to_tensor(tf.gradients(result * result, table)[0])
        values, by_table = session.run([result, slope])
    return {"values": values, "slope": by_table}


@golden(**SUMS)
def other_embeddings(tf):
    table = uniform(6, 2, seed=2)
    where = [[0, 0], [0, 1], [2, 0], [3, 0]]
    with tf.Graph().as_default(), tf.Session() as session:
        ids = _made(tf, (where, [1, 3, 0, 3], [5, 2]), dtype=np.int64)
        parts = [tf.constant(table[::2]), tf.constant(table[1::2])]
        whole = tf.constant(table)
        return session.run({
            "of parts": tf.nn.embedding_lookup_sparse(parts, ids, None, "mod"),
            "with a default": tf.nn.safe_embedding_lookup_sparse(whole, ids, default_id=2),
            "of rank 3": tf.nn.safe_embedding_lookup_sparse(whole, tf.sparse_reshape(ids, [5, 1, 2])),
            "short": tf.nn.embedding_lookup_sparse(whole, ids, None, combiner="sum", max_norm=0.5),
        })  # fmt: skip


@golden()
def refused(tf):
    def run(build):
        with tf.Graph().as_default(), tf.Session() as session:
            session.run(build())

    def a():
        return _made(tf, FIRST)

    return {
        "shapes": said(lambda: run(lambda: tf.sparse_add(a(), _made(tf, (FIRST[0], FIRST[1], [4, 4]))))),
        "dense": said(lambda: tf.sparse_add(tf.ones([3]), tf.ones([3])), "must be a SparseTensor|At least one"),
        "no sparse tensor": said(lambda: tf.sparse_reshape(tf.ones([3]), [3]), "Input must be a SparseTensor"),
        "sizes": said(lambda: tf.sparse_reshape(a(), [5, 2])),
        "two unknown lengths": said(lambda: run(lambda: tf.sparse_reshape(a(), [-1, -1]))),
        "smaller": said(lambda: tf.sparse_reset_shape(a(), [2, 4])),
        "keywords": said(lambda: tf.sparse_split(a(), 3, 1)),
        "combiner": said(
            lambda: tf.nn.embedding_lookup_sparse(ROWS, a(), None, combiner="max"), "combiner must be one of"
        ),
        "ids": said(lambda: tf.nn.embedding_lookup_sparse(ROWS, [1], None), "must be SparseTensor"),
    }
