"""Cases of engine/ops/special.py and engine/ops/bits.py, and of products by segment and extremes by place."""

import numpy as np
from op_cases import Case, distinct, normal, positive, rng

A, B = positive(2, 3), positive(2, 3, seed=1)
INSIDE = rng(2).uniform(0.1, 0.9, (2, 3))
INTS, OTHERS = np.array([12, 10, -7, 3], np.int32), np.array([[10, 6, 3, -1]], np.int32)


def special(name, op, build, *inputs, **keywords):
    return Case(name, (op,), build, inputs, **keywords)


def bits(name, op, *inputs):
    return Case(name, (op,), lambda tf, *x: getattr(tf.bitwise, name)(*x), inputs, differentiable=False)


CASES = [
    special("igamma", "Igamma", lambda tf, a, x: tf.igamma(a, x), A, B, second_order=False),
    special("igamma_broadcast", "Igamma", lambda tf, a, x: tf.igamma(a, x), A, B[:1], second_order=False),
    special("igammac", "Igammac", lambda tf, a, x: tf.igammac(a, x), A, B, second_order=False),
    special("betainc", "Betainc", lambda tf, x: tf.betainc(A, B, x), INSIDE),
    special("betainc_scalar", "Betainc", lambda tf, x: tf.betainc(np.float64(2), np.float64(0.5), x), INSIDE),
    special("lbeta", "Lgamma", lambda tf, x: tf.lbeta(x), A),
    special("zeta", "Zeta", lambda tf, q: tf.zeta(A + 1, q), B),
    special("ndtri", "Ndtri", lambda tf, x: tf.math.ndtri(x), INSIDE),
    special("erfcinv", "Ndtri", lambda tf, x: tf.math.erfcinv(x), INSIDE),
    special("xlog1py", "Xlog1py", lambda tf, x, y: tf.math.xlog1py(x, y), normal(2, 3), B),
    special("nextafter", "NextAfter", lambda tf, x, y: tf.math.nextafter(x, y) * y, normal(2, 3), B),
    special("reciprocal_no_nan", "DivNoNan", lambda tf, x: tf.math.reciprocal_no_nan(x), A),
    special("polyval", "Mul", lambda tf, x, y: tf.math.polyval([x, np.float64(2), y], y), A, B),
    special("cumulative_logsumexp", "CumulativeLogsumexp", lambda tf, x: tf.math.cumulative_logsumexp(x, 1),
            normal(2, 5), second_order=False),
    special("cumulative_logsumexp_reverse", "CumulativeLogsumexp",
            lambda tf, x: tf.math.cumulative_logsumexp(x, 0, reverse=True), normal(3, 2), second_order=False),
    special("cumulative_logsumexp_exclusive", "CumulativeLogsumexp",
            lambda tf, x: tf.exp(tf.math.cumulative_logsumexp(x, -1, exclusive=True)), normal(2, 5),
            second_order=False),
    special("bessel_i0", "BesselI0", lambda tf, x: tf.math.bessel_i0(x), normal(2, 3)),
    special("bessel_i0e", "BesselI0e", lambda tf, x: tf.math.bessel_i0e(x), normal(2, 3)),
    special("bessel_i1", "BesselI1", lambda tf, x: tf.math.bessel_i1(x), normal(2, 3)),
    special("bessel_i1e", "BesselI1e", lambda tf, x: tf.math.bessel_i1e(x), normal(2, 3)),
    special("angle", "Select", lambda tf, x: tf.angle(x), normal(2, 3), differentiable=False),
    bits("bitwise_and", "BitwiseAnd", INTS, OTHERS),
    bits("bitwise_or", "BitwiseOr", INTS, OTHERS),
    bits("bitwise_xor", "BitwiseXor", INTS, OTHERS),
    bits("invert", "Invert", INTS),
    bits("left_shift", "LeftShift", INTS, OTHERS),
    bits("right_shift", "RightShift", INTS, OTHERS),
    special("bitcast_narrower", "Bitcast", lambda tf, x: tf.bitcast(x, tf.uint8), np.float32([1, -2]),
            differentiable=False),
    special("bitcast_wider", "Bitcast", lambda tf, x: tf.bitcast(x, tf.float64), np.arange(16, dtype=np.int16)
            .reshape(2, 2, 4), differentiable=False),
    special("unravel_index", "UnravelIndex", lambda tf, i: tf.unravel_index(i, [3, 4]), np.array([5, 7, 0]),
            differentiable=False),
    special("segment_prod", "SegmentProd", lambda tf, x: tf.segment_prod(x, [0, 0, 2, 2]), normal(4, 2)),
    special("unsorted_segment_prod", "UnsortedSegmentProd",
            lambda tf, x: tf.unsorted_segment_prod(x, [2, -1, 0, 2], 4), normal(4, 2)),
    special("unsorted_segment_prod_of_a_zero", "UnsortedSegmentProd",
            lambda tf, x: tf.unsorted_segment_prod(x, [1, 0, 0], 2), np.array([3.0, 0.0, 2.0]), second_order=False),
    special("tensor_scatter_nd_max", "TensorScatterMax",
            lambda tf, x, y: tf.tensor_scatter_nd_max(x, [[0], [2], [0]], y), distinct(3, 2),
            0.02 + distinct(3, 2, seed=1)),
    special("tensor_scatter_nd_min", "TensorScatterMin",
            lambda tf, x, y: tf.tensor_scatter_nd_min(x, [[0], [2], [0]], y), distinct(3, 2),
            0.02 + distinct(3, 2, seed=1)),
    special("confusion_matrix", "ScatterNd", lambda tf, a, b: tf.confusion_matrix(a, b), np.array([1, 2, 2]),
            np.array([2, 2, 0]), differentiable=False),
    special("histogram_fixed_width", "DenseBincount", lambda tf, x: tf.histogram_fixed_width(x, [0.0, 5.0], 4),
            np.float32([0.3, 1.2, 2.5, 0.01, 7.0, 3.0]), differentiable=False),
]  # fmt: skip
