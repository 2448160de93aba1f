"""tf.edit_distance: distances of sequences, refusals."""

import numpy as np

from ..cases import golden
from ..helpers import described, said


def sparse(tf, cells, shape, dtype=np.int32):
    indices = np.array(list(cells), np.int64).reshape(-1, len(shape))
    return tf.SparseTensor(indices, tf.constant(np.array(list(cells.values()), dtype)), shape)


def words(tf, *rows):
    cells = {(i, j): ord(letter) for i, row in enumerate(rows) for j, letter in enumerate(row)}
    return sparse(tf, cells, [len(rows), max(map(len, rows))])


@golden()
def distances(tf):
    with tf.Graph().as_default(), tf.Session() as session:
        a = words(tf, "kitten", "", "abc", "flaw", "x", "")
        b = words(tf, "sitting", "abc", "", "lawn", "x", "")
        deep = [
            sparse(tf, {(0, 0, 0): 1, (1, 2, 0): 1}, [2, 3, 1]),
            sparse(tf, {(0, 0, 0): 1, (0, 0, 1): 3, (1, 1, 0): 5}, [2, 3, 2]),
        ]
        found = [tf.edit_distance(a, b), tf.edit_distance(a, b, normalize=False), tf.edit_distance(*deep, name="mine")]
        return {
            **dict(zip(("parts", "counts", "deep"), session.run(found), strict=True)),
            "described": described(found),
            "said": [
                said(lambda: tf.edit_distance(a, [1]), "Truth must be a SparseTensor."),
                said(lambda: tf.edit_distance([1], a), "Hypothesis must be a SparseTensor."),
                said(lambda: tf.edit_distance(a, deep[0]), "2 vs. 3"),
            ],
        }
