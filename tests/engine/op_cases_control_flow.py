"""Cases of engine/ops/control_flow.py."""

import numpy as np
from op_cases import Case, normal, positive


def _two_gradients_of_one_loop(tf, x):
    """Both go back through what the loop remembers, so its own gradient adds two such lists."""
    product = tf.while_loop(lambda i, _: i < 3, lambda i, a: (i + 1, tf.sin(a) * x), [tf.constant(0), x])[1]
    return tf.gradients(product, x)[0] * tf.gradients(tf.sin(product), x)[0]


def _through_an_array(tf, x, w):
    """Reads of one array and writes of another in a loop, the first gathered in disorder as well."""
    given = tf.TensorArray(tf.float64, size=3).unstack(x)

    def body(i, out, total):
        total = tf.tanh(given.read(i) * w + total)
        return i + 1, out.write(2 - i, total * total), total

    start = (0, tf.TensorArray(tf.float64, size=0, dynamic_size=True), tf.zeros([2], tf.float64))
    _, out, total = tf.while_loop(lambda i, *_: i < 3, body, start)
    return [out.stack(), given.gather([2, 0]) * total, out.read(1)]


def _pieces_and_back(tf, x):
    array = tf.TensorArray(tf.float64, size=2, infer_shape=False).split(x, [1, 3])
    return [array.concat() * x, array.read(1) * 2.0]


CASES = [
    Case(
        "tensor_arrays_in_a_loop",
        (
            "TensorArrayV3",
            "TensorArrayReadV3",
            "TensorArrayWriteV3",
            "TensorArrayGatherV3",
            "TensorArrayScatterV3",
            "TensorArraySizeV3",
            "TensorArrayElementsLike",
            "TensorArrayPlaced",
            "TensorArrayWithout",
        ),
        _through_an_array,
        (normal(3, 2), positive(2)),
    ),
    Case(
        "tensor_array_of_pieces",
        ("TensorArrayConcatV3", "TensorArrayPieces", "TensorArrayPiecesLike"),
        _pieces_and_back,
        (normal(4, 2),),
    ),
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
