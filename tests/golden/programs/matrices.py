"""Least squares, the exponential, pseudo-inverses, ranks and norms of matrices, with gradients."""

import numpy as np

from ..cases import golden
from ..helpers import said, uniform

SOLVED = {"rtol": 1e-8, "atol": 1e-9, "reason": "float64 products and solutions in another order"}
TALL = uniform(2, 4, 3, seed=1).astype(np.float64)
RIGHT = uniform(2, 4, 2, seed=2).astype(np.float64)
SHORT = uniform(2, 3, 2, seed=3).astype(np.float64)
SINGULAR = np.array([[1.0, 2, 3], [2, 4, 6], [1, 0, 1]])


@golden(rows={"small": 0.01, "middle": 1.0, "large": 20.0}, **SOLVED)
def exponential(tf, row):
    with tf.Graph().as_default(), tf.Session() as session:
        matrix = tf.constant(row * TALL[:, :3])
        result = tf.linalg.expm(matrix)
        slope = tf.gradients(result * np.arange(9.0).reshape(3, 3) * np.exp(-2 * row), matrix)[0]
        return {"value": session.run(result), "slope": session.run(slope), "shape": str(result.shape)}


@golden(**SOLVED)
def solved(tf):
    with tf.Graph().as_default(), tf.Session() as session:
        tall, right, short = tf.constant(TALL), tf.constant(RIGHT), tf.constant(SHORT)
        wide = tf.linalg.matrix_transpose(tall)
        results = {
            "least": tf.matrix_solve_ls(tall, right),
            "regular": tf.linalg.lstsq(tall, right, 0.3),
            "wide": tf.linalg.lstsq(wide, short),
            "wide regular": tf.linalg.lstsq(wide, short, 0.2),
            "by singular values": tf.linalg.lstsq(tall, right, fast=False),
            "inverse": tf.linalg.pinv(tall),
            "inverse of singular": tf.linalg.pinv(SINGULAR),
            "rank": tf.linalg.matrix_rank(SINGULAR),
            "ranks": tf.linalg.matrix_rank(TALL),
        }
        results["rows"], results["lengths"] = tf.linalg.normalize(tall, axis=1)
        results["in sums"], _ = tf.linalg.normalize(tall, ord=1, axis=-1)
        slopes = {}
        for name in ("least", "regular", "wide", "wide regular", "rows"):
            found = tf.gradients(results[name] ** 2, [tall, right, short])
            slopes |= {f"{name} slope {i}": slope for i, slope in enumerate(found) if slope is not None}
        shapes = [str(tensor.shape) for tensor in results.values()]
        return session.run(results | slopes) | {"shapes": shapes}


@golden()
def other_homes(tf):
    """Functions under the names of their later namespaces."""
    with tf.Graph().as_default(), tf.Session() as session:
        a = tf.get_variable("a", [2], initializer=tf.ones_initializer())
        tf.get_local_variable("b", [], initializer=tf.zeros_initializer())
        session.run([tf.initializers.global_variables(), tf.initializers.local_variables()])
        session.run(tf.initializers.variables([a]))
        finite = session.run(tf.debugging.assert_all_finite(a, "not finite"))
    errors = tf.errors
    return {
        "finite": finite,
        "codes": [errors.error_code_from_exception_type(errors.NotFoundError), errors.NOT_FOUND],
        "types": [errors.exception_type_from_error_code(code).__name__ for code in (3, 5, 11)],
        "refused": said(lambda: tf.debugging.assert_proper_iterable("abc")),
    }
