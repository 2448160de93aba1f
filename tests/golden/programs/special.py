"""Special functions and their gradients, bits, products by segment, counts."""

import numpy as np

from ..cases import golden
from ..helpers import described, said

LIBM = {"rtol": 2e-5, "atol": 2e-6, "reason": "float32 functions of another library, in gradients several of them"}
X = np.array([[0.3, 1.2, 2.5], [0.01, 7.0, 3.0]], np.float32)
Y = np.array([[0.5, 1.1, 0.2], [3.0, 5.0, 8.0]], np.float32)
U = np.array([0.1, 0.5, 0.93], np.float32)
INTS, OTHERS = np.array([12, 10, -7, 5], np.int32), np.array([[10, 6, 3, -1]], np.int32)


def _functions(tf):
    return {
        "igamma": (tf.igamma, X, Y),
        "igammac": (tf.igammac, X, Y),
        "betainc": (tf.betainc, X, Y, np.stack([U, U])),
        "lbeta": (tf.lbeta, X),
        "zeta": (lambda x, q: tf.zeta(x + 1, q), X[:, 1:], Y[:, 1:]),
        "ndtri": (tf.math.ndtri, U),
        "erfcinv": (tf.math.erfcinv, U),
        "bessel_i0": (tf.math.bessel_i0, X),
        "bessel_i0e": (tf.math.bessel_i0e, X),
        "bessel_i1": (tf.math.bessel_i1, X),
        "bessel_i1e": (tf.math.bessel_i1e, X),
        "xlog1py": (tf.math.xlog1py, X, Y),
        "nextafter": (tf.math.nextafter, X, Y),
        "polyval": (lambda x, y, u: tf.math.polyval([x, y, u], u), X, Y, U),
        "reciprocal_no_nan": (tf.math.reciprocal_no_nan, U - np.float32(0.5)),
        "cumulative_logsumexp": (lambda x: tf.math.cumulative_logsumexp(x, 1), X),
        "cumulative_logsumexp reversed": (lambda x: tf.math.cumulative_logsumexp(x, 1, reverse=True), X),
        "cumulative_logsumexp exclusive": (lambda x: tf.exp(tf.math.cumulative_logsumexp(x, -1, True, True)), X),
        "angle": (tf.angle, Y - 1),
        "segment_prod": (lambda x: tf.segment_prod(x, [0, 0]), X),
        "unsorted_segment_prod": (lambda x: tf.unsorted_segment_prod(x, [2, 0], 4), X),
        "tensor_scatter_nd_max": (lambda x, y: tf.tensor_scatter_nd_max(x, [[0], [0]], y), X, Y),
        "tensor_scatter_nd_min": (lambda x, y: tf.tensor_scatter_nd_min(x, [[0], [0]], y), X, Y),
    }


@golden(
    rows={
        name: name
        for name in (
            "igamma", "igammac", "betainc", "lbeta", "zeta", "ndtri", "erfcinv", "bessel_i0", "bessel_i0e",
            "bessel_i1", "bessel_i1e", "xlog1py", "nextafter", "polyval", "reciprocal_no_nan", "cumulative_logsumexp",
            "cumulative_logsumexp reversed", "cumulative_logsumexp exclusive", "angle", "segment_prod",
            "unsorted_segment_prod", "tensor_scatter_nd_max", "tensor_scatter_nd_min",
        )
    },
    **LIBM,
)  # fmt: skip
def functions(tf, row):
    function, *arrays = _functions(tf)[row]
    with tf.Graph().as_default(), tf.Session() as session:
        inputs = [tf.constant(array) for array in arrays]
        result = function(*inputs)
        slopes = {f"slope {i}": s for i, s in enumerate(tf.gradients(result * result, inputs)) if s is not None}
        return session.run({"value": result, **slopes}) | {"shape": str(result.shape), "slopes": list(slopes)}


@golden()
def exactly(tf):
    with tf.Graph().as_default(), tf.Session() as session:
        x, i, j = tf.constant(X), tf.constant(INTS), tf.constant(OTHERS)
        results = {
            "and": tf.bitwise.bitwise_and(i, j),
            "or": tf.bitwise.bitwise_or(i, j),
            "xor": tf.bitwise.bitwise_xor(i, j),
            "invert": tf.bitwise.invert(i),
            "left": tf.bitwise.left_shift(i, j),
            "right": tf.bitwise.right_shift(i, j),
            "right unsigned": tf.bitwise.right_shift(tf.constant([200, 7], tf.uint8), tf.constant([3, 9], tf.uint8)),
            "bits": tf.bitcast(x, tf.int32),
            "bytes": tf.bitcast(x, tf.uint8),
            "back": tf.bitcast(tf.bitcast(x, tf.uint8), tf.float32),
            "unravel": tf.unravel_index([5, 7], [3, 4]),
            "unravel one": tf.unravel_index(5, [3, 4]),
            "confusion": tf.confusion_matrix([1, 2, 2], [2, 2, 0]),
            "confusion of columns": tf.math.confusion_matrix([[1], [2]], [2, 2], 4, tf.float32, weights=[0.5, 1.0]),
            "histogram": tf.histogram_fixed_width(x, [0.0, 5.0], nbins=4),
            "bins": tf.histogram_fixed_width_bins(x, [0.0, 5.0], nbins=4),
            "integers": tf.segment_prod([[2, 3], [4, 5], [6, 7]], [0, 0, 2]),
        }
        return session.run(results) | {"what": described([results[name] for name in ("bytes", "unravel", "bins")])}


@golden()
def refused(tf):
    def run(build):
        with tf.Graph().as_default(), tf.Session() as session:
            session.run(build())

    return {
        "betainc": said(lambda: run(lambda: tf.betainc(X, Y, U)), "Shapes must be equal rank, but are 2 and 1"),
        "polyval": said(lambda: run(lambda: tf.math.polyval(X, Y)), "Argument coeffs must be list type"),
        "bits of floats": said(lambda: run(lambda: tf.bitwise.invert(X))),
        "bitcast": said(lambda: run(lambda: tf.bitcast(tf.constant([1, 2, 3], tf.uint8), tf.int32))),
        "labels": said(lambda: run(lambda: tf.confusion_matrix([-1], [0])), "`labels` contains negative values"),
        "predictions": said(lambda: run(lambda: tf.confusion_matrix([1], [4], 3)), "`predictions` out of bound"),
        "unravel": said(lambda: run(lambda: tf.unravel_index([12], [3, 4])), "index is out of bound as with dims"),
        "segments": said(lambda: run(lambda: tf.unsorted_segment_prod(X, [0, 4], 3)), "is out of range"),
    }
