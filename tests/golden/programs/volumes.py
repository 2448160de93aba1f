"""Convolutions and pools of volumes: values, gradients, shapes, layers, refusals."""

import numpy as np

from ..cases import golden
from ..helpers import described, said, shape_of, uniform

ROUNDED = {"rtol": 1e-5, "atol": 2e-6, "reason": "float32 sums in another order"}


def volumes(seed=1):
    return uniform(2, 4, 5, 6, 2, seed=seed)


CONVOLUTIONS = {
    f"{padding} {'x'.join(map(str, window))} by {'x'.join(map(str, strides))}": (window, strides, padding)
    for padding in ("SAME", "VALID")
    for window, strides in (
        ((2, 3, 2), (1, 1, 1)),
        ((3, 1, 2), (2, 2, 1)),
        ((1, 2, 3), (3, 1, 2)),
        ((1, 1, 1), (1, 1, 1)),
    )
}


@golden(rows=CONVOLUTIONS, **ROUNDED)
def convolved(tf, row):
    window, strides, padding = row
    with tf.Graph().as_default(), tf.Session() as session:
        x, w = tf.constant(volumes()), tf.constant(uniform(*window, 2, 3, seed=2))
        y = tf.nn.conv3d(x, w, [1, *strides, 1], padding)
        slopes = tf.gradients(y, [x, w], uniform(*y.shape.as_list(), seed=3))
        again = tf.gradients(slopes[0], w, uniform(2, 4, 5, 6, 2, seed=4))[0]
        found = session.run([y, *slopes, again])
        return {**dict(zip(("y", "dx", "dw", "again"), found, strict=True)), "described": [described(y)]}


@golden(**ROUNDED)
def convolved_in_other_ways(tf):
    with tf.Graph().as_default(), tf.Session() as session:
        x, w = tf.constant(volumes()), tf.constant(uniform(2, 2, 2, 2, 3, seed=2))
        ways = {
            "convolution": tf.nn.convolution(x, w, "VALID", strides=[1, 2, 1]),
            "dilated": tf.nn.convolution(x, w, "SAME", dilation_rate=[2, 1, 2]),
            "back": tf.nn.conv3d_transpose(
                tf.constant(uniform(2, 2, 3, 3, 3)), w, [2, 4, 5, 6, 2], [1, 2, 2, 2, 1]
            ),
        }  # fmt: skip
        unknown = tf.placeholder(tf.float32, [2, None, 6, 7, 2])
        shapes = [
            tf.nn.conv3d(unknown, w, [1, 1, 2, 1, 1], "SAME"),
            tf.nn.conv3d(tf.placeholder(tf.float32, [None, 2, 5, None, 7]), w, [1] * 5, "VALID", data_format="NCDHW"),
            tf.nn.max_pool3d(unknown, [1, 2, 2, 2, 1], [1, 2, 2, 2, 1], "SAME"),
        ]
        return {
            **session.run(ways),
            "described": [*described(list(ways.values())), *map(shape_of, shapes)],
            "said": [
                said(lambda: tf.nn.conv3d(x, w, 1, "SAME"), "Expected list for 'strides' argument"),
                said(lambda: tf.nn.conv3d(x, w, [1] * 4, "SAME"), "passed list of length 4 less than minimum 5"),
                said(lambda: tf.nn.conv3d(x, w, [1] * 5, "FOO"), 'passed string \'FOO\' not in: "SAME", "VALID"'),
                said(lambda: tf.nn.conv3d(x, w[0], [1] * 5, "SAME"), "Shape must be rank 5 but is rank 4"),
                said(lambda: tf.nn.conv3d(x, w[..., :0, :], [1] * 5, "SAME"), "Depth of filter must not be 0"),
                said(lambda: tf.nn.conv3d(x, w, [1] * 5, "SAME", "NHWC"), "passed string 'NHWC' not in"),
                said(lambda: tf.nn.conv3d(x[:, :1], w, [1] * 5, "VALID"), "Negative dimension size"),
            ],
        }


POOLS = {
    f"{padding} {window} by {strides}": (window, strides, padding)
    for padding in ("SAME", "VALID")
    for window, strides in ((2, 2), ((3, 2, 3), (1, 2, 3)), ([1, 2, 3, 3, 1], [1, 1, 1, 2, 1]))
}


@golden(rows=POOLS, **ROUNDED)
def pooled(tf, row):
    window, strides, padding = row
    with tf.Graph().as_default(), tf.Session() as session:
        found = {}
        for kind, of, x in (
            ("max", "values", volumes()), ("avg", "values", volumes()), ("max", "ties", np.round(volumes() * 2))
        ):  # fmt: skip
            pool, x = {"max": tf.nn.max_pool3d, "avg": tf.nn.avg_pool3d}[kind], tf.constant(x)
            y = pool(x, window, strides, padding)
            dy = uniform(*y.shape.as_list(), seed=3)
            name = f"{kind} of {of}"
            found[name], found[f"{name}, slopes"] = session.run([y, tf.gradients(y, x, dy)[0]])
        return {**found, "described": [described(y)]}


@golden(**ROUNDED)
def layers_of_volumes(tf):
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.constant(volumes())
        fill = tf.constant_initializer(0.25)
        found = [
            tf.layers.conv3d(x, 3, (2, 3, 2), (1, 2, 1), activation=tf.nn.relu, kernel_initializer=fill),
            tf.layers.conv3d(x, 3, 2, padding="same", dilation_rate=2, use_bias=False, kernel_initializer=fill),
            tf.layers.max_pooling3d(x, 2, 2),
            tf.layers.average_pooling3d(x, (2, 2, 3), (1, 2, 1), "same"),
            tf.nn.pool(x, [2, 2, 2], "MAX", "SAME"),
        ]
        session.run(tf.global_variables_initializer())
        kinds = (tf.layers.Conv3D(3, 2), tf.layers.MaxPooling3D(2, 2))
        return {
            **{str(i): value for i, value in enumerate(session.run(found))},
            "described": described(found),
            "variables": described(tf.global_variables()),
            "said": [said(lambda kind=kind: kind(x[0]), "incompatible with the layer") for kind in kinds],
        }
