"""tf.linalg's linear operators: products, solutions, determinants, shapes, checks, and what is refused."""

import numpy as np

from ..cases import golden
from ..helpers import described, said, uniform

SOLVED = {"rtol": 2e-5, "atol": 2e-5, "reason": "systems of float32 solved by another LAPACK"}
SQUARE = uniform(2, 3, 3, seed=1) + 2 * np.eye(3, dtype=np.float32)
POSITIVE = SQUARE @ SQUARE.transpose(0, 2, 1)
RIGHT, VECTOR = uniform(3, 2, seed=3), uniform(2, 3, seed=4)
KINDS = ("full", "positive", "lower", "diagonal", "identity", "scaled", "adjoint", "inverse", "composed")


def _made(tf, kind, parent):
    o = tf.linalg
    makers = {
        "full": lambda x: o.LinearOperatorFullMatrix(x),
        "positive": lambda x: o.LinearOperatorFullMatrix(
            tf.matmul(x, x, transpose_b=True), is_self_adjoint=True, is_positive_definite=True
        ),
        "lower": lambda x: o.LinearOperatorLowerTriangular(x, is_non_singular=True),
        "diagonal": lambda x: o.LinearOperatorDiag(x[:, 0]),
        "identity": lambda x: o.LinearOperatorIdentity(3, batch_shape=[2]),
        "scaled": lambda x: o.LinearOperatorScaledIdentity(3, x[:, 0, 0]),
        "adjoint": lambda x: o.LinearOperatorLowerTriangular(x, is_non_singular=True).adjoint(),
        "inverse": lambda x: o.LinearOperatorFullMatrix(x, is_non_singular=True).inverse(),
        "composed": lambda x: o.LinearOperatorFullMatrix(x, is_non_singular=True).matmul(
            o.LinearOperatorScaledIdentity(3, x[0, 0, 0], is_non_singular=True)
        ),
    }
    return makers[kind](parent)


@golden(rows={kind: kind for kind in KINDS}, **SOLVED)
def operators(tf, row):
    with tf.Graph().as_default(), tf.Session() as session:
        matrix, right, vector = tf.constant(SQUARE), tf.constant(RIGHT), tf.constant(VECTOR)
        operator = _made(tf, row, matrix)
        results = {
            "dense": operator.to_dense(),
            "product": operator.matmul(right),
            "product of adjoint": operator.matmul(right, adjoint=True),
            "product with adjoint": operator.matmul(tf.transpose(right), adjoint_arg=True),
            "of vectors": operator.matvec(vector),
            "solved": operator.solve(right),
            "solved for adjoint": operator.solve(right, adjoint=True),
            "solved for vectors": operator.solvevec(vector),
            "determinant": operator.determinant(),
            "logarithm": operator.log_abs_determinant(),
            "diagonal": operator.diag_part(),
            "trace": operator.trace(),
            "sum": operator.add_to_tensor(matrix),
            "shape": operator.shape_tensor(),
            "batch": operator.batch_shape_tensor(),
            "rows": operator.range_dimension_tensor(),
        }
        slopes = tf.gradients([results["solved"], results["logarithm"]], [matrix, right])
        known = {f"slope {i}": slope for i, slope in enumerate(slopes) if slope is not None}
        got = session.run(results | known)
    hints = ("is_non_singular", "is_self_adjoint", "is_positive_definite", "is_square")
    return got | {
        "static": [str(operator.shape), str(operator.batch_shape), str(operator.tensor_rank), operator.dtype.name],
        "hints": [str(getattr(operator, hint)) for hint in hints],
        "shapes": [shape.partition(" ")[2] for shape in described(list(results.values())[:-3])],
    }


@golden(**SOLVED)
def of_unknown_shape(tf):
    with tf.Graph().as_default(), tf.Session() as session:
        tril = tf.placeholder(tf.float32, [None, None])
        operator = tf.linalg.LinearOperatorLowerTriangular(tril)
        scaled = tf.linalg.LinearOperatorScaledIdentity(tf.shape(tril)[0], 2.0)
        tensors = [operator.solve(RIGHT), operator.log_abs_determinant(), operator.shape_tensor(), scaled.to_dense()]
        got = session.run([*tensors, scaled.determinant()], {tril: SQUARE[0]})
    return dict(zip(("solved", "logarithm", "shape", "scaled", "determinant"), got, strict=True))


@golden()
def refused(tf):
    o = tf.linalg

    def run(build):
        with tf.Graph().as_default(), tf.Session() as session:
            session.run(build())

    zero = np.diag(np.float32([1, 0]))
    return {
        "rank": said(lambda: o.LinearOperatorFullMatrix(np.float32([1, 2])), "must have at least 2 dimensions"),
        "dtype": said(lambda: o.LinearOperatorLowerTriangular([[1.0]]).matmul(np.float64([[1.0]]))),
        "hints": said(lambda: o.LinearOperatorFullMatrix(SQUARE, is_non_singular=False, is_positive_definite=True)),
        "singular": said(lambda: o.LinearOperatorFullMatrix(SQUARE, is_non_singular=False).solve(RIGHT)),
        "square": said(lambda: o.LinearOperatorFullMatrix(SQUARE[0, :2]).determinant()),
        "identity": said(lambda: o.LinearOperatorIdentity(-1), "must be non-negative"),
        "rows": said(lambda: o.LinearOperatorIdentity(1.5), "must be integer type"),
        "zero": said(lambda: run(lambda: o.LinearOperatorDiag([1.0, 0.0]).assert_non_singular())),
        "zero of triangle": said(lambda: run(lambda: o.LinearOperatorLowerTriangular(zero).assert_non_singular())),
        "negative": said(lambda: run(lambda: o.LinearOperatorDiag([1.0, -1.0]).assert_positive_definite())),
        "asymmetric": said(lambda: run(lambda: o.LinearOperatorFullMatrix(SQUARE).assert_self_adjoint())),
        "no Cholesky factor": said(lambda: o.LinearOperatorFullMatrix(SQUARE).cholesky()),
    }
