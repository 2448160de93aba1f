"""Max pools with the places of the maxima: values, places, gradients, static shapes, refusals."""

import numpy as np

from ..cases import golden
from ..helpers import described, said, uniform


def tied(shape, seed):
    """Few different values, so that windows hold the greatest one several times."""
    return np.random.RandomState(seed).randint(-2, 3, shape).astype(np.float32)


WINDOWS = {
    "valid": ([1, 2, 2, 1], [1, 2, 2, 1], "VALID"),
    "overlapping": ([1, 3, 2, 1], [1, 1, 1, 1], "VALID"),
    "same": ([1, 3, 3, 1], [1, 2, 2, 1], "SAME"),
    "gaps": ([1, 1, 2, 1], [1, 3, 2, 1], "SAME"),
    "whole": ([1, 5, 4, 1], [1, 5, 4, 1], "VALID"),
    "single": ([1, 1, 1, 1], [1, 1, 1, 1], "SAME"),
}


@golden(rows=WINDOWS)
def pools_with_argmax(tf, row):
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [2, 5, 4, 3])
        feed, answers = {x: tied([2, 5, 4, 3], 1)}, {}
        for batch in (False, True):
            y, at = tf.nn.max_pool_with_argmax(x, *row, include_batch_in_index=batch)
            side = np.arange(np.prod(y.shape.as_list()), dtype=np.float32).reshape(y.shape.as_list())
            slope = tf.gradients(y, x, grad_ys=[tf.constant(side)])[0]
            values = session.run([y, at, slope], feed)
            answers |= {"names": described([y, at, slope])} if not batch else {}
            answers |= {f"{n} {batch}": v for n, v in zip(("y", "place", "gradient"), values, strict=True)}
        return answers


@golden(rows={t: t for t in ("float64", "float16", "bfloat16", "int32", "int64", "uint8", "int8", "int16")})
def argmax_of_a_dtype(tf, row):
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.cast(tf.constant(tied([1, 4, 4, 2], 2) + 2), row)
        y, at = tf.nn.max_pool_with_argmax(x, [1, 2, 3, 1], [1, 1, 1, 1], "SAME", Targmax=tf.int32)
        values = session.run([y, at])
        return {"names": described([y, at]), "y": values[0], "at": values[1]}


@golden()
def argmax_of_odd_numbers(tf):
    x = uniform(1, 3, 3, 3, seed=3)
    x[0, 0, 0, 0] = x[0, 1, 1, 0] = np.nan
    x[..., 1] = -np.inf
    x[0, 2, 1, 2] = np.inf
    with tf.Graph().as_default(), tf.Session() as session:
        values = session.run(tf.nn.max_pool_with_argmax(tf.constant(x), [1, 2, 2, 1], [1, 1, 1, 1], "SAME"))
        return {"y": values[0], "at": values[1]}


SHAPES = {"batch": [None, 5, 4, 3], "size": [2, None, 4, 3], "channels": [2, 5, 4, None], "rank": None}


@golden(rows=SHAPES)
def argmax_static_shapes(tf, row):
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, row)
        made = tf.nn.max_pool_with_argmax(x, [1, 2, 3, 1], [1, 2, 1, 1], "VALID", name="mine")
        return {"pools": described([*made, tf.gradients(made[0], x)[0]])}


REFUSED = {
    "layout": ({"data_format": "NCHW"}, "`data_format` values other  than 'NHWC' are not supported"),
    "padding": ({"padding": "FULL"}, 'passed string \'FULL\' not in: "SAME", "VALID"'),
    "pairs": ({"padding": [[0, 0]] * 4}, "Expected string for argument 'padding' not"),
    "number": ({"ksize": 2}, "Expected list for 'ksize' argument to 'max_pool_with_argmax' Op, not 2"),
    "two numbers": ({"strides": [1, 2]}, "'strides' of 'MaxPoolWithArgmax' Op passed list of length 2 less than"),
    "both dtypes": ({"Targmax": 3, "output_dtype": 3}, "Cannot specify both 'Targmax' and 'output_dtype'"),
    "dtype": ({"Targmax": "float32"}, "float32 not in list of allowed values: int32, int64"),
    "stride": ({"strides": [1, 0, 1, 1]}, "Stride must be > 0, but got 0"),
    "window": ({"ksize": [1, 0, 1, 1]}, "ksize must be a positive int32 value, got:0"),
    "too large": ({"ksize": [1, 6, 1, 1]}, "Negative dimension size caused by subtracting 6 from 5"),
    "batch": ({"ksize": [2, 1, 1, 1]}, "Pooling is not yet supported on the batch dimension."),
    "batch stride": ({"strides": [2, 1, 1, 1]}, "Pooling is not yet supported on the batch dimension."),
}


@golden(rows=REFUSED)
def refused_argmax(tf, row):
    given, sentence = row
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.zeros([2, 5, 4, 3])
        arguments = {"ksize": [1, 2, 2, 1], "strides": [1, 1, 1, 1], "padding": "VALID", **given}
        return {"error": said(lambda: session.run(tf.nn.max_pool_with_argmax(x, **arguments)), sentence)}
