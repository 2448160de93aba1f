"""Cases of engine/ops/reduce.py and engine/ops/segments.py."""

import numpy as np
from op_cases import Case, distinct, normal, positive

MASK = np.array([[True, False, True], [False, False, False]])
IDS = np.array([2, 0, 2, -1, 1], np.int32)
SORTED = np.array([0, 0, 1, 3, 3], np.int64)

FLOAT_REDUCTIONS = [
    ("reduce_sum", "Sum", normal(2, 3, 4)),
    ("reduce_mean", "Mean", normal(2, 3, 4)),
    ("reduce_prod", "Prod", positive(2, 3, 4, seed=2)),
    ("reduce_max", "Max", distinct(2, 3, 4)),
    ("reduce_min", "Min", distinct(2, 3, 4)),
    ("reduce_euclidean_norm", "EuclideanNorm", normal(2, 3, 4)),
    ("reduce_logsumexp", "Sum", normal(2, 3, 4)),
    ("reduce_variance", "Mean", normal(2, 3, 4)),
    ("reduce_std", "Mean", normal(2, 3, 4)),
]
AXES = [("all", None), ("first", 0), ("last", -1), ("two", [2, 0]), ("none", [])]


def reductions():
    for name, op, x in FLOAT_REDUCTIONS:
        for label, axis in AXES:
            if label == "none" and name in ("reduce_variance", "reduce_std"):
                continue  # no spread in single elements
            for keep in (False, True):
                yield Case(
                    f"{name}_along_{label}{'_kept' * keep}",
                    (op,),
                    lambda tf, t, name=name, axis=axis, keep=keep: getattr(tf, name)(t, axis, keepdims=keep),
                    (x,),
                    second_order=name not in ("reduce_max", "reduce_min") or label == "last",
                )


def scans():
    for name, op in (("cumsum", "Cumsum"), ("cumprod", "Cumprod")):
        for exclusive in (False, True):
            for reverse in (False, True):
                yield Case(
                    f"{name}{'_exclusive' * exclusive}{'_reverse' * reverse}",
                    (op,),
                    lambda tf, x, n=name, e=exclusive, r=reverse: getattr(tf, n)(x, 1, exclusive=e, reverse=r),
                    (positive(2, 4),),
                )


def segments():
    for kind in ("sum", "mean", "max", "min", "sqrt_n"):
        op = {"max": "UnsortedSegmentMax", "min": "UnsortedSegmentMin"}.get(kind, "UnsortedSegmentSum")
        yield Case(
            f"unsorted_segment_{kind}",
            (op,),
            lambda tf, x, kind=kind: getattr(tf, f"unsorted_segment_{kind}")(tf.square(x), tf.constant(IDS), 3),
            (distinct(5, 2) + 1,),
        )
    for kind in ("sum", "mean", "max", "min"):
        yield Case(
            f"segment_{kind}",
            (f"Segment{kind.title()}",),
            lambda tf, x, kind=kind: getattr(tf, f"segment_{kind}")(tf.square(x), tf.constant(SORTED)),
            (distinct(5, 2) + 1,),
        )


def _op(type):
    from scopeflow.engine.registry import get_op

    return get_op(type)


CASES = [
    *reductions(),
    *scans(),
    *segments(),
    *(
        Case(f"{name}_of_a_scalar", (op,), lambda tf, x, name=name: getattr(tf, name)(tf.square(x)), (np.float64(1.5),))
        for name, op, _ in FLOAT_REDUCTIONS[:7]
    ),
    Case("reduce_sum_along_a_tensor", ("Sum",), lambda tf, x, a: tf.reduce_sum(x, a), (normal(2, 3), np.int32([1]))),
    Case(
        "reduce_prod_along_a_tensor", ("Prod",), lambda tf, x, a: tf.reduce_prod(x, a), (positive(2, 3), np.int32([1]))
    ),
    Case(
        "reduce_prod_with_a_zero",
        ("Prod",),
        lambda tf, x: tf.reduce_prod(x, [1, 0]),
        (np.array([[1.5, 0.0], [2.0, 0.7]]),),
        second_order=False,
    ),
    Case(
        "reduce_mean_of_integers",
        ("Mean",),
        lambda tf, x: tf.reduce_mean(x, 1),
        (np.int32([[-1, -2, -4], [1, 2, 4]]),),
        False,
    ),
    Case("reduce_any", ("Any",), lambda tf, x: tf.reduce_any(x, 1), (MASK,), False),
    Case("reduce_all", ("All",), lambda tf, x: tf.reduce_all(x, keepdims=True), (MASK,), False),
    Case("count_nonzero", ("Sum",), lambda tf, x: tf.count_nonzero(x, 0), (np.float64([[0, 1], [0, 0]]),), False),
    Case("argmax", ("ArgMax",), lambda tf, x: tf.argmax(x, 1), (distinct(2, 3),), False),
    Case("argmin_as_int32", ("ArgMin",), lambda tf, x: tf.argmin(x, output_type=tf.int32), (distinct(2, 3),), False),
    Case("kept_shape", ("KeptShape",), lambda tf, x: _op("KeptShape")(x, [1]), (normal(2, 3),), False),
    Case("flatten_axes", ("FlattenAxes",), lambda tf, x: _op("FlattenAxes")(tf.square(x), [2, 0]), (normal(2, 3, 4),)),
    Case(
        "unflatten_axes",
        ("UnflattenAxes",),
        lambda tf, x: _op("UnflattenAxes")(tf.square(x), [2, 0], [2, 3, 4]),
        (normal(3, 8),),
    ),
    Case(
        "segment_rows",
        ("SegmentRows",),
        lambda tf, x: _op("SegmentRows")(tf.square(x), tf.constant(IDS)),
        (normal(3, 2),),
    ),
    Case("bincount", ("DenseBincount",), lambda tf, x: tf.bincount(x, minlength=6), (np.int32([1, 1, 3]),), False),
    Case(
        "bincount_with_weights",
        ("DenseBincount",),
        lambda tf, x, w: tf.bincount(x, w),
        (np.int32([1, 1, 3]), np.float64([0.5, 2, 4])),
        False,
    ),
]
