"""Cases of engine/ops/control_flow.py."""

import numpy as np
from op_cases import Case, normal, positive


def _two_gradients_of_one_loop(tf, x):
    """Both go back through what the loop remembers, so its own gradient adds two such lists."""
    product = tf.while_loop(lambda i, _: i < 3, lambda i, a: (i + 1, tf.sin(a) * x), [tf.constant(0), x])[1]
    return tf.gradients(product, x)[0] * tf.gradients(tf.sin(product), x)[0]


CASES = [
    Case("ensure_shape", ("EnsureShape",), lambda tf, x: tf.ensure_shape(x * x, [None, 3]), (normal(2, 3),)),
    Case("two_gradients_of_one_loop", ("AddLists",), _two_gradients_of_one_loop, (positive(2),), second_order=False),
    Case("no_op", ("NoOp",), lambda tf, x: tf.tuple([x, x * 2.0]), (normal(2),)),
    Case("print_passes_on", ("Print",), lambda tf, x: tf.Print(x, [x], first_n=0), (normal(2, 3),)),
    Case(
        "assert_before",
        ("Assert",),
        lambda tf, x: tf.with_dependencies([tf.Assert(tf.reduce_all(x > 0.0), [x])], x * 2.0),
        (positive(3),),
    ),
    Case(
        "py_func_has_no_gradient",
        ("PyFunc",),
        lambda tf, x: tf.py_func(lambda v: v * 2, [x], tf.float64),
        (normal(3),),
        differentiable=False,
    ),
    Case(
        "cond_taken",
        ("Cond",),
        lambda tf, x, y: tf.cond(tf.reduce_sum(x) < 100.0, lambda: x * tf.exp(y), lambda: y),
        (normal(3), normal(3, seed=1)),
    ),
    Case(
        "cond_inside_cond",
        ("Cond",),
        lambda tf, x: tf.cond(
            tf.size(x) > 1, lambda: tf.cond(x[0] > 100.0, lambda: x, lambda: tf.sin(x) * x), lambda: tf.exp(x)
        ),
        (normal(3),),
    ),
    Case(
        "while_with_captures",
        ("Loop", "LoopInput"),
        lambda tf, x, w: tf.while_loop(
            lambda i, _: i < 4, lambda i, a: (i + 1, tf.tanh(a * w) + x), [tf.constant(0), x * 2.0]
        )[1],
        (normal(3), positive(3)),
    ),
    Case(
        "while_that_never_runs",
        ("Loop",),
        lambda tf, x: tf.while_loop(lambda a: tf.reduce_sum(a) > 1e9, lambda a: a * 3.0, [x * 2.0]),
        (positive(3),),
    ),
    Case(
        "while_inside_while",
        ("Loop",),
        lambda tf, x: tf.while_loop(
            lambda i, _: i < 2,
            lambda i, a: (
                i + 1,
                tf.while_loop(lambda j, _: j < 3, lambda j, b: (j + 1, tf.sin(b) * x), [tf.constant(0), a])[1],
            ),
            [tf.constant(0), x],
        )[1],
        (positive(3),),
    ),
    Case(
        "while_inside_cond_with_different_captures",
        ("Cond", "Loop"),
        lambda tf, x, y: (
            tf.cond(
                tf.size(x) > 1,
                lambda: tf.while_loop(lambda i, _: i < 3, lambda i, a: (i + 1, tf.sin(a) * a * x), [tf.constant(0), x])[
                    1
                ],
                lambda: tf.while_loop(lambda i, _: i < 2, lambda i, a: (i + 1, a * y), [tf.constant(0), x])[1],
            )
            + y
        ),
        (positive(2), positive(2, seed=1)),
    ),
    Case(
        "cond_inside_map",
        ("Loop", "Cond"),
        lambda tf, x: tf.map_fn(lambda v: tf.cond(v > 0.0, lambda: v * v, lambda: tf.exp(v)), x),
        (normal(5),),
    ),
    Case(
        "map_of_two",
        ("Loop",),
        lambda tf, x, y: tf.map_fn(lambda p: p[0] * tf.sin(p[1]), (x, y), dtype=tf.float64),
        (normal(3, 2), normal(3, 2, seed=1)),
    ),
    Case(
        "scan_with_a_start",
        ("Loop",),
        lambda tf, x, s: tf.scan(lambda a, v: tf.tanh(a * v + v), x, s),
        (normal(4, 2), normal(2, seed=1)),
    ),
    Case("scan_backwards", ("Loop",), lambda tf, x: tf.scan(lambda a, v: a * v, x, reverse=True), (positive(4),)),
    Case("foldl", ("Loop",), lambda tf, x: tf.foldl(lambda a, v: a * v + a, x), (positive(4),)),
    Case("foldr", ("Loop",), lambda tf, x: tf.foldr(lambda a, v: a * v - v, x), (positive(4),)),
    Case(
        "while_over_integers",
        ("Loop",),
        lambda tf, n: tf.while_loop(lambda i: i < n, lambda i: i + 3, [tf.constant(0)]),
        (np.int32(10),),
        differentiable=False,
    ),
]
