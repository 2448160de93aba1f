"""Convolutions and pools with their gradients over strides, paddings, dilations and odd sizes; normalisations."""

import itertools

import numpy as np

from ..cases import golden
from ..helpers import said, shape_of, uniform

CLOSE = {
    "rtol": 5e-6,
    "atol": 3e-6,
    "reason": "float32 sums of up to a hundred products of numbers below one, in another order",
}


def value_and_gradients(tf, build, *arrays):
    """Value of build(tensors), and its gradients under fixed weights by each tensor."""
    with tf.Graph().as_default(), tf.Session() as session:
        inputs = [tf.constant(a) for a in arrays]
        y = build(*inputs)
        weights = uniform(*y.shape.as_list(), seed=99).astype(y.dtype.as_numpy_dtype)
        gradients = tf.gradients(y, inputs, grad_ys=tf.constant(weights))
        values = session.run({"y": y} | {f"dx{i}": g for i, g in enumerate(gradients) if g is not None})
        return values | {"without gradient": [i for i, g in enumerate(gradients) if g is None]}


def conv_cases():
    for (h, w), (kh, kw), (sh, sw), padding, dilation in itertools.product(
        [(7, 6), (5, 9)],
        [(3, 3), (2, 5), (1, 1)],
        [(1, 1), (2, 2), (1, 3)],
        ["SAME", "VALID"],
        [(1, 1), (2, 2), (1, 2)],
    ):
        if dilation != (1, 1) and ((sh, sw) != (1, 1) or (kh, kw) == (1, 1)):
            continue
        if padding == "VALID" and (dilation[0] * (kh - 1) + 1 > h or dilation[1] * (kw - 1) + 1 > w):
            continue
        name = f"{h}x{w} by {kh}x{kw}, strides {sh}x{sw}, {padding}, dilations {dilation[0]}x{dilation[1]}"
        yield name, ((h, w), (kh, kw), (sh, sw), padding, dilation)


@golden(rows=dict(conv_cases()), **CLOSE)
def conv2d(tf, row):
    (h, w), (kh, kw), (sh, sw), padding, (dh, dw) = row
    arrays = uniform(2, h, w, 2, seed=1), uniform(kh, kw, 2, 3, seed=2)
    try:
        return value_and_gradients(
            tf, lambda x, k: tf.nn.conv2d(x, k, [1, sh, sw, 1], padding, dilations=[1, dh, dw, 1]), *arrays
        )
    except tf.errors.InvalidArgumentError as error:
        if "CPU implementations do not yet support dilation" not in str(error):
            raise
        # TensorFlow has no gradients of a dilated conv2d on a CPU; the same convolution in its other spelling has.
        return value_and_gradients(tf, lambda x, k: tf.nn.convolution(x, k, padding, dilation_rate=[dh, dw]), *arrays)


FORMS = {
    "explicit padding": lambda tf, x, k: tf.nn.conv2d(x, k, [1, 1, 1, 1], [[0, 0], [2, 1], [0, 3], [0, 0]]),
    "explicit padding, strides": lambda tf, x, k: tf.nn.conv2d(x, k, [1, 2, 2, 1], [[0, 0], [1, 0], [1, 1], [0, 0]]),
    "strides by integer": lambda tf, x, k: tf.nn.conv2d(x, k, 2, "SAME"),
    "filters=": lambda tf, x, k: tf.nn.conv2d(x, filters=k, strides=[1, 1, 1, 1], padding="VALID"),
    "filter=": lambda tf, x, k: tf.nn.conv2d(x, filter=k, strides=[1, 1, 1, 1], padding="VALID"),
    "convolution": lambda tf, x, k: tf.nn.convolution(x, k, "SAME", dilation_rate=[2, 1]),
    "convolution strides": lambda tf, x, k: tf.nn.convolution(x, k, "VALID", strides=[2, 2]),
    "atrous_conv2d": lambda tf, x, k: tf.nn.atrous_conv2d(x, k, 2, "SAME"),
}


@golden(rows=FORMS, **CLOSE)
def conv2d_form(tf, row):
    return value_and_gradients(tf, lambda x, k: row(tf, x, k), uniform(1, 6, 5, 2, seed=1), uniform(3, 3, 2, 3, seed=2))


@golden(
    rows={
        f"{groups} groups, {padding}, strides {s}": (groups, padding, s)
        for groups, padding, s in itertools.product((2, 3, 6), ("SAME", "VALID"), (1, 2))
    },
    **CLOSE,
)
def conv2d_in_groups(tf, row):
    groups, padding, s = row
    arrays = uniform(2, 6, 5, 6, seed=1), uniform(3, 2, 6 // groups, 12, seed=2)
    strides = [1, s, s, 1]

    def in_groups(x, k):
        return tf.nn.conv2d(x, k, strides, padding)

    def group_by_group(x, k):
        parts = zip(tf.split(x, groups, axis=3), tf.split(k, groups, axis=3), strict=True)
        return tf.concat([tf.nn.conv2d(x, k, strides, padding) for x, k in parts], axis=3)

    with tf.Graph().as_default(), tf.Session() as session:
        y = session.run(in_groups(*map(tf.constant, arrays)))
    # TensorFlow's gradients of groups go wrong on a CPU ("filter_size does not have enough elements", now and then).
    differentiated = group_by_group if "tensorflow" in tf.__name__ else in_groups
    return value_and_gradients(tf, differentiated, *arrays) | {"y": y}


@golden(rtol=1e-13, atol=1e-14, reason="float64 sums in another order")
def conv2d_in_double(tf):
    return value_and_gradients(
        tf,
        lambda x, k: tf.nn.conv2d(x, k, [1, 2, 1, 1], "SAME"),
        uniform(1, 6, 5, 2, seed=1).astype(np.float64),
        uniform(3, 3, 2, 3, seed=2).astype(np.float64),
    )


@golden(rtol=2**-10, atol=2**-10, reason="float16 results of float32 sums: one unit in the last place")
def conv2d_in_half(tf):
    with tf.Graph().as_default(), tf.Session() as session:
        x, k = uniform(1, 6, 5, 2, seed=1).astype(np.float16), uniform(3, 3, 2, 3, seed=2).astype(np.float16)
        return {"y": session.run(tf.nn.conv2d(x, k, [1, 1, 1, 1], "SAME"))}


@golden(**CLOSE)
def conv2d_of_no_images(tf):
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 4, 4, 2])
        k = tf.constant(uniform(3, 3, 2, 3))
        y = tf.nn.conv2d(x, k, [1, 1, 1, 1], "SAME")
        values = session.run([y, *tf.gradients(y, [x, k])], {x: np.zeros((0, 4, 4, 2), np.float32)})
        return dict(zip(("y", "dx", "dk"), values, strict=True))


@golden(**CLOSE)
def conv2d_twice_differentiated(tf):
    with tf.Graph().as_default(), tf.Session() as session:
        x, k = tf.constant(uniform(1, 4, 5, 2, seed=1)), tf.constant(uniform(3, 2, 2, 2, seed=2))
        y = tf.nn.conv2d(x, k, [1, 2, 1, 1], "SAME")
        dx, dk = tf.gradients(tf.reduce_sum(y * y), [x, k])
        second = tf.gradients(tf.reduce_sum(dx * dx) + tf.reduce_sum(dk), [x, k])
        return dict(
            zip(
                ("dx", "dk", "dxx", "dkk"),
                session.run([dx / 10.0, dk / 10.0, second[0] / 100.0, second[1] / 100.0]),
                strict=True,
            )
        )


@golden(
    rows={
        f"{padding}, strides {s}, {size}": (padding, s, size)
        for padding, s, size in itertools.product(("SAME", "VALID"), (1, 2, 3), ((7, 6), (4, 5)))
    },
    **CLOSE,
)
def conv2d_backprops(tf, row):
    """The two gradient ops called by hand."""
    padding, s, (h, w) = row
    with tf.Graph().as_default(), tf.Session() as session:
        x, k = uniform(1, h, w, 2, seed=1), uniform(3, 2, 2, 3, seed=2)
        y = tf.nn.conv2d(x, k, [1, s, s, 1], padding)
        dy = uniform(*y.shape.as_list(), seed=3)
        dx = tf.nn.conv2d_backprop_input(x.shape, k, dy, strides=[1, s, s, 1], padding=padding)
        dk = tf.nn.conv2d_backprop_filter(x, k.shape, dy, strides=[1, s, s, 1], padding=padding)
        return dict(zip(("dx", "dk"), session.run([dx, dk]), strict=True)) | {"shapes": [shape_of(dx), shape_of(dk)]}


TRANSPOSED = {
    f"{padding}, strides {s}, kernel {k}, out {out}": (padding, s, k, out)
    for padding, s, k, out in [
        ("SAME", 1, 3, (4, 3)),
        ("SAME", 2, 3, (8, 6)),
        ("SAME", 2, 3, (7, 5)),
        ("SAME", 2, 4, (8, 6)),
        ("SAME", 3, 2, (10, 9)),
        ("VALID", 1, 3, (6, 5)),
        ("VALID", 2, 3, (9, 7)),
        ("VALID", 2, 3, (10, 8)),
        ("VALID", 2, 5, (11, 9)),
    ]
}


@golden(rows=TRANSPOSED, **CLOSE)
def conv2d_transpose(tf, row):
    padding, s, k, (h, w) = row
    return value_and_gradients(
        tf,
        lambda x, f: tf.nn.conv2d_transpose(x, f, [2, h, w, 2], [1, s, s, 1], padding),
        uniform(2, 4, 3, 3, seed=1),
        uniform(k, k, 2, 3, seed=2),
    )


@golden(
    rows={f"{p}, strides {s}, rate {r}": (p, s, r) for p in ("SAME", "VALID") for s, r in ((1, 1), (2, 1), (1, 2))},
    **CLOSE,
)
def depthwise_conv2d(tf, row):
    padding, s, rate = row
    return value_and_gradients(
        tf,
        lambda x, k: tf.nn.depthwise_conv2d(x, k, [1, s, s, 1], padding, rate=[rate, rate]),
        uniform(2, 7, 6, 3, seed=1),
        uniform(3, 2, 3, 2, seed=2),
    )


@golden(rows={f"{p}, strides {s}": (p, s) for p in ("SAME", "VALID") for s in (1, 2)}, **CLOSE)
def separable_conv2d(tf, row):
    padding, s = row
    return value_and_gradients(
        tf,
        lambda x, d, p: tf.nn.separable_conv2d(x, d, p, [1, s, s, 1], padding),
        uniform(1, 6, 5, 2, seed=1),
        uniform(3, 3, 2, 2, seed=2),
        uniform(1, 1, 4, 3, seed=3),
    )


@golden(rows={f"{p}, stride {s}": (p, s) for p in ("SAME", "VALID") for s in (1, 2, 3)}, **CLOSE)
def conv1d(tf, row):
    padding, s = row
    return value_and_gradients(
        tf, lambda x, k: tf.nn.conv1d(x, k, s, padding), uniform(2, 8, 3, seed=1), uniform(4, 3, 2, seed=2)
    )


POOLS = {
    f"{size}, ksize {k}, strides {s}, {p}": (size, k, s, p)
    for size, k, s, p in itertools.product(((6, 6), (7, 5)), ((2, 2), (3, 2)), ((2, 2), (1, 2)), ("SAME", "VALID"))
}


@golden(rows=POOLS, **CLOSE)
def max_pool(tf, row):
    (h, w), k, s, padding = row
    return value_and_gradients(
        tf, lambda x: tf.nn.max_pool(x, [1, *k, 1], [1, *s, 1], padding), uniform(2, h, w, 2, seed=1)
    )


@golden(rows=POOLS, **CLOSE)
def avg_pool(tf, row):
    (h, w), k, s, padding = row
    return value_and_gradients(
        tf, lambda x: tf.nn.avg_pool(x, [1, *k, 1], [1, *s, 1], padding), uniform(2, h, w, 2, seed=1)
    )


@golden(rows={"SAME": "SAME", "VALID": "VALID"}, **CLOSE)
def max_pool_with_ties(tf, row):
    """Equal largest values in a window: which of them the gradient goes to."""
    x = np.array([[1, 1, 2, 2, 0], [1, 1, 2, 0, 0], [3, 3, 3, 3, 3], [0, 3, 3, 3, 3], [0, 0, 0, 0, 0]], np.float32)
    return value_and_gradients(
        tf, lambda t: tf.nn.max_pool(t, [1, 2, 2, 1], [1, 1, 1, 1], row), x.reshape(1, 5, 5, 1)
    ) | {
        "apart": value_and_gradients(
            tf, lambda t: tf.nn.max_pool(t, [1, 2, 2, 1], [1, 2, 2, 1], row), x.reshape(1, 5, 5, 1)
        )["dx0"]
    }


NORMALISED = {
    "moments": lambda tf, x, s, b: tf.stack(tf.nn.moments(x, [0, 1, 2])),
    "moments of one axis": lambda tf, x, s, b: tf.concat(tf.nn.moments(x, [1]), 0),
    "moments kept": lambda tf, x, s, b: tf.concat(tf.nn.moments(x, [-1], keep_dims=True), 0),
    "batch_normalization": lambda tf, x, s, b: tf.nn.batch_normalization(x, b, s * s + 0.1, b, s, 1e-3),
    "batch_normalization bare": lambda tf, x, s, b: tf.nn.batch_normalization(x, b, s * s + 0.1, None, None, 1e-3),
    "batch_normalization of moments": lambda tf, x, s, b: tf.nn.batch_normalization(
        x, *tf.nn.moments(x, [0, 1, 2]), b, s, 1e-3
    ),
    "fused training": lambda tf, x, s, b: tf.nn.fused_batch_norm(x, s, b)[0],
    "fused inference": lambda tf, x, s, b: tf.nn.fused_batch_norm(
        x, s, b, mean=tf.constant([0.1, 0.2, 0.3]), variance=tf.constant([1.0, 2.0, 0.5]), is_training=False
    )[0],
    "fused epsilon": lambda tf, x, s, b: tf.nn.fused_batch_norm(x, s, b, epsilon=0.1)[0],
    "lrn": lambda tf, x, s, b: tf.nn.lrn(x),
    "lrn given": lambda tf, x, s, b: tf.nn.local_response_normalization(x, 1, 2.0, 0.5, 0.75),
    "l2_normalize": lambda tf, x, s, b: tf.nn.l2_normalize(x, -1),
    "l2_normalize axes": lambda tf, x, s, b: tf.nn.l2_normalize(x, [1, 2], epsilon=1e-3),
    "l2_normalize of zero": lambda tf, x, s, b: tf.nn.l2_normalize(x * 0.0, 1),
    "bias_add": lambda tf, x, s, b: tf.nn.bias_add(x, b),
}


@golden(rows=NORMALISED, rtol=2e-5, atol=5e-6, reason="variances by another summation order, then divided by")
def normalised(tf, row):
    return value_and_gradients(
        tf,
        lambda x, s, b: row(tf, x, s, b),
        uniform(2, 3, 4, 3, seed=1, low=-1, high=2),
        uniform(3, seed=2, low=0.5),
        uniform(3, seed=3),
    )


@golden(rtol=1e-6, atol=1e-6, reason="variances by another summation order")
def fused_batch_norm_statistics(tf):
    """The batch's mean, and its variance with Bessel's correction."""
    with tf.Graph().as_default(), tf.Session() as session:
        x = uniform(2, 3, 4, 2, seed=1)
        outputs = tf.nn.fused_batch_norm(x, [1.0, 2.0], [0.0, 1.0])
        return dict(zip(("y", "mean", "variance"), session.run(outputs), strict=True))


@golden(rtol=1e-5, atol=1e-6, reason="a few float32 roundings a step, in another order")
def batch_normalization_layer(tf):
    """Three training steps with UPDATE_OPS, then inference with the moving statistics."""
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None, 3, 3, 2])
        training = tf.placeholder(tf.bool, [])
        y = tf.layers.batch_normalization(x, momentum=0.9, training=training)
        updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
        with tf.control_dependencies(updates):
            loss = tf.reduce_mean(tf.square(y - 0.5))
        train = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
        values = {"updates": [len(updates)]}
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            for step in range(3):
                session.run(train, {x: uniform(4, 3, 3, 2, seed=step, high=3.0), training: True})
            values |= {v.op.name: session.run(v) for v in tf.global_variables()}
            values["inferred"] = session.run(y, {x: uniform(2, 3, 3, 2, seed=9), training: False})
        return values


BAD = {
    "depths differ": (
        lambda tf: tf.nn.conv2d(tf.zeros([1, 5, 5, 3]), tf.zeros([3, 3, 4, 8]), [1, 1, 1, 1], "SAME"),
        ["[Dd]epth of (the )?input"],
    ),
    "VALID of a small image": (
        lambda tf: tf.nn.conv2d(tf.zeros([1, 2, 2, 3]), tf.zeros([3, 3, 3, 8]), [1, 1, 1, 1], "VALID"),
        ["Negative dimension size caused by subtracting 3 from 2"],
    ),
    "image of rank 3": (
        lambda tf: tf.nn.conv2d(tf.zeros([5, 5, 3]), tf.zeros([3, 3, 3, 8]), [1, 1, 1, 1], "SAME"),
        ["rank 4"],
    ),
    "unknown padding": (
        lambda tf: tf.nn.conv2d(tf.zeros([1, 5, 5, 3]), tf.zeros([3, 3, 3, 8]), [1, 1, 1, 1], "HALF"),
        ["HALF"],
    ),
    "bias of another size": (lambda tf: tf.nn.bias_add(tf.zeros([2, 3]), tf.zeros([4])), ["3", "4"]),
    "pool of rank 2": (lambda tf: tf.nn.max_pool(tf.zeros([2, 3]), [1, 2, 2, 1], [1, 2, 2, 1], "SAME"), ["4"]),
}


@golden(rows=BAD)
def refused(tf, row):
    call, parts = row
    with tf.Graph().as_default():
        return {"error": said(lambda: call(tf), *parts)}
