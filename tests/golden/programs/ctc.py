"""tf.nn's connectionist temporal classification: losses, gradients, decoded sequences, refusals."""

import numpy as np

from ..cases import golden
from ..helpers import described, said, uniform

SUMS = {"rtol": 2e-5, "atol": 2e-6, "reason": "float32 sums of exponentials; ours are float64's, rounded"}
LENGTHS = [6, 4, 2]


def labels(tf, *rows, dtype=np.int32):
    indices = [[b, i] for b, row in enumerate(rows) for i in range(len(row))]
    values = np.array([label for row in rows for label in row], dtype)
    return tf.SparseTensor(indices, tf.constant(values), [len(rows), max(map(len, rows))])


HOW = {
    "plain": ({}, [[1, 2, 0], [3], [2, 1]]),
    "repeated": ({}, [[1, 1, 0], [3, 3], [2]]),
    "no way": ({}, [[1, 1, 0], [3, 3], [2, 2]]),
    "collapsed": ({"preprocess_collapse_repeated": True}, [[1, 1, 0], [3, 3], [2, 2]]),
    "not merged": ({"ctc_merge_repeated": False}, [[1, 1, 0], [3, 3], [2]]),
    "longer": ({"ignore_longer_outputs_than_inputs": True}, [[1, 1, 0], [3, 3], [2, 0, 1]]),
    "with nulls": ({}, [[1, 4], [0, 5], [2]]),
    "batch first": ({"time_major": False}, [[1, 2], [3], [2]]),
}


@golden(rows=HOW, **SUMS)
def losses(tf, row):
    how, rows = row
    with tf.Graph().as_default(), tf.Session() as session:
        shape = (6, 3, 5) if how.get("time_major", True) else (3, 6, 5)
        x = tf.constant(uniform(*shape, seed=2) * 3)
        loss = tf.nn.ctc_loss(labels(tf, *rows), x, LENGTHS, **how)
        value, slopes = session.run([loss, tf.gradients(loss * [1.0, 2.0, 3.0], x)[0]])
        return {"loss": value, "slopes": slopes, "described": [described(loss)]}


@golden(**SUMS)
def losses_in_float64(tf):
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.constant(uniform(4, 1, 3, seed=2).astype(np.float64))
        loss = tf.nn.ctc_loss(labels(tf, [1, 0]), logits=x, sequence_length=[4])
        value, slopes = session.run([loss, tf.gradients(loss, x)[0]])
        return {"loss": value, "slopes": slopes}


DECODED = {
    "merged": {},
    "not merged": {"merge_repeated": False},
}


@golden(rows=DECODED)
def decoded(tf, row):
    with tf.Graph().as_default(), tf.Session() as session:
        x = np.round(uniform(6, 3, 3, seed=4) * 8) / 8  # whose sums are exact
        x += np.arange(3, dtype=np.float32) / 16  # no ties
        x[1], x[3] = x[0], x[4]
        (sequences,), scores = tf.nn.ctc_greedy_decoder(tf.constant(x.astype(np.float32)), LENGTHS, **row)
        found, score = session.run([sequences, scores])
        return {
            "indices": found.indices, "values": found.values, "shape": found.dense_shape, "scores": score,
            "described": [described(t) for t in (sequences.indices, sequences.values, sequences.dense_shape, scores)],
        }  # fmt: skip


REFUSED = {
    "no labels": ([[1], [], [1]], LENGTHS, ["Labels length is zero in batch 1"]),
    "too few steps": (
        [[1, 2], [1, 0], [1, 2, 0]],
        LENGTHS,
        [r"\(required: 3, available: 2\)", "ignore_longer_outputs"],
    ),
    "a negative label": (
        [[1], [1, -1], [1]],
        LENGTHS,
        ["All labels must be nonnegative integers, batch: 1 labels: 1,-1"],
    ),
    "a label after a null": ([[1], [1, 4, 1], [1]], LENGTHS, ["Saw a non-null label", "batch: 1"]),
    "too long": ([[1], [1], [1]], [6, 7, 2], [r"sequence_length\(1\) <= 6"]),
}


@golden(rows=REFUSED)
def refusals(tf, row):
    rows, lengths, parts = row
    with tf.Graph().as_default(), tf.Session() as session:
        loss = tf.nn.ctc_loss(labels(tf, *rows), tf.constant(uniform(6, 3, 5)), lengths)
        return {"said": said(lambda: session.run(loss), *parts)}


@golden()
def refusals_while_building(tf):
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.constant(uniform(6, 3, 5))
        slopes = tf.gradients(tf.nn.ctc_loss(labels(tf, [1], [1], [1]), x, LENGTHS), x)[0]
        decode = tf.nn.ctc_greedy_decoder(x, [6, 7, 2])[1]
        return {
            "no sparse labels": said(
                lambda: tf.nn.ctc_loss([1], x, LENGTHS), "Expected argument `labels` to be a SparseTensor"
            ),
            "lengths of another batch": said(lambda: tf.nn.ctc_loss(labels(tf, [1], [1], [1]), x, [1, 1]), "3 and 2"),
            "second derivative": said(lambda: tf.gradients(slopes, x), "there is no way to take the second"),
            "decoded too far": said(lambda: session.run(decode), r"sequence_length\(1\) <= 6"),
        }
