"""tf.layers: names, shapes, initial kinds and collections of their variables, with defaults and arguments; values."""

import numpy as np

from ..cases import golden
from ..helpers import described, run, said, uniform

IMAGES = [2, 7, 6, 3]

LAYERS = {
    "dense": (lambda tf, x: tf.layers.dense(x, 4), [2, 5]),
    "dense no bias": (lambda tf, x: tf.layers.dense(x, 4, use_bias=False), [2, 5]),
    "dense named": (lambda tf, x: tf.layers.dense(x, 4, name="fc", activation=tf.nn.tanh), [2, 5]),
    "dense of rank 3": (lambda tf, x: tf.layers.dense(x, 4), [2, 3, 5]),
    "dense of float64": (lambda tf, x: tf.layers.dense(tf.cast(x, tf.float64), 4), [2, 5]),
    "dense untrained": (lambda tf, x: tf.layers.dense(x, 4, trainable=False), [2, 5]),
    "dense regularized": (
        lambda tf, x: tf.layers.dense(x, 4, kernel_regularizer=lambda w: 0.5 * tf.reduce_sum(w)), [2, 5]
    ),
    "dense twice": (lambda tf, x: tf.layers.dense(tf.layers.dense(x, 4), 4), [2, 5]),
    "dense in a scope": (lambda tf, x: in_scope(tf, lambda: tf.layers.dense(x, 4)), [2, 5]),
    "dense in a scope twice": (lambda tf, x: [in_scope(tf, lambda: tf.layers.dense(x, 4)) for _ in "ab"][1], [2, 5]),
    "dense reused": (lambda tf, x: [tf.layers.dense(x, 4, name="fc", reuse=r) for r in (None, True)][1], [2, 5]),
    "conv2d": (lambda tf, x: tf.layers.conv2d(x, 4, 3), IMAGES),
    "conv2d strides same": (lambda tf, x: tf.layers.conv2d(x, 4, (3, 2), 2, "same", use_bias=False), IMAGES),
    "conv2d dilated": (lambda tf, x: tf.layers.conv2d(x, 4, 3, dilation_rate=2, name="c"), IMAGES),
    "conv2d_transpose": (lambda tf, x: tf.layers.conv2d_transpose(x, 4, 3, 2), IMAGES),
    "conv2d_transpose same": (lambda tf, x: tf.layers.conv2d_transpose(x, 4, (4, 3), (2, 1), "same"), IMAGES),
    "conv2d_transpose narrow": (lambda tf, x: tf.layers.conv2d_transpose(x, 2, 1, 2, "valid"), IMAGES),
    "separable_conv2d": (lambda tf, x: tf.layers.separable_conv2d(x, 4, 3), IMAGES),
    "separable_conv2d more": (
        lambda tf, x: tf.layers.separable_conv2d(x, 4, 3, 2, "same", depth_multiplier=2, use_bias=False), IMAGES
    ),
    "conv1d": (lambda tf, x: tf.layers.conv1d(x, 4, 3, 2, "same"), [2, 9, 3]),
    "batch_normalization": (lambda tf, x: tf.layers.batch_normalization(x), IMAGES),
    "batch_normalization training": (lambda tf, x: tf.layers.batch_normalization(x, training=True), IMAGES),
    "batch_normalization flat": (lambda tf, x: tf.layers.batch_normalization(x, training=True), [4, 3]),
    "batch_normalization bare": (
        lambda tf, x: tf.layers.batch_normalization(x, center=False, scale=False, training=True), [4, 3]
    ),
    "batch_normalization twice": (
        lambda tf, x: tf.layers.batch_normalization(tf.layers.batch_normalization(x, training=True), training=True),
        IMAGES,
    ),
    "batch_normalization in a scope": (
        lambda tf, x: in_scope(tf, lambda: tf.layers.batch_normalization(x, training=True, name="bn")), IMAGES
    ),
    "max_pooling2d": (lambda tf, x: tf.layers.max_pooling2d(x, 2, 2), IMAGES),
    "max_pooling2d same": (lambda tf, x: tf.layers.max_pooling2d(x, (3, 2), (2, 1), "same"), IMAGES),
    "average_pooling2d": (lambda tf, x: tf.layers.average_pooling2d(x, 2, 2), IMAGES),
    "average_pooling2d same": (lambda tf, x: tf.layers.average_pooling2d(x, 3, 2, padding="same"), IMAGES),
    "max_pooling1d": (lambda tf, x: tf.layers.max_pooling1d(x, 2, 2), [2, 9, 3]),
    "flatten": (lambda tf, x: tf.layers.flatten(x), IMAGES),
    "dropout": (lambda tf, x: tf.layers.dropout(x), IMAGES),
    "two kinds": (
        lambda tf, x: tf.layers.dense(tf.layers.flatten(tf.layers.conv2d(tf.layers.conv2d(x, 2, 2), 2, 2)), 3), IMAGES
    ),
}  # fmt: skip


def in_scope(tf, build):
    with tf.variable_scope("s", reuse=tf.AUTO_REUSE):
        return build()


def made(tf, build, shape):
    with tf.Graph().as_default() as graph:
        y = build(tf, tf.placeholder(tf.float32, shape, name="x"))
        return {
            "y": described(y),
            "variables": [described(v) for v in tf.global_variables()],
            "initial": [v.initializer.inputs[1].op.type for v in tf.global_variables()],
            "trainable": [v.name for v in tf.trainable_variables()],
            "updates": [described(u) for u in tf.get_collection(tf.GraphKeys.UPDATE_OPS)],
            "regularization": [described(t) for t in tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)],
            "model": [v.name for v in tf.model_variables()],
            "collections": sorted(
                k for k in graph.get_all_collection_keys() if isinstance(k, str) and graph.get_collection(k)
            ),
        }


@golden(rows=LAYERS)
def variables_of_a_layer(tf, row):
    return made(tf, *row)


@golden(rows=LAYERS)
def variables_of_a_layer_of_any_batch(tf, row):
    build, shape = row
    return {"y": made(tf, build, [None, *shape[1:]])["y"]}


@golden(rows=LAYERS, rtol=2e-5, atol=5e-6, reason="float32 sums in another order, twice in a row")
def value_of_a_layer(tf, row):
    """With the variables set to known values."""
    build, shape = row
    if build is LAYERS["dropout"][0]:
        return {}
    with tf.Graph().as_default(), tf.Session() as session:
        y = build(tf, tf.constant(uniform(*shape, seed=1)))
        session.run(tf.global_variables_initializer())
        for i, v in enumerate(tf.global_variables()):
            v.load(uniform(*v.shape.as_list(), seed=i + 2, low=0.1).astype(v.dtype.as_numpy_dtype), session)
        return {"y": session.run(y)}


ARGUMENTS = {
    "kernel_initializer": lambda tf, x: tf.layers.dense(x, 2, kernel_initializer=tf.constant_initializer(0.5)),
    "bias_initializer": lambda tf, x: tf.layers.dense(
        x, 2, kernel_initializer=tf.zeros_initializer(), bias_initializer=tf.constant_initializer(0.25)
    ),
    "seeded": lambda tf, x: tf.layers.dense(x, 2, kernel_initializer=tf.random_uniform_initializer(-1, 1, seed=5)),
    "initializer of the scope": lambda tf, x: scoped(tf, lambda: tf.layers.dense(x, 2)),
    "activity": lambda tf, x: tf.layers.dense(x, 2, tf.nn.relu, kernel_initializer=tf.ones_initializer()),
    "layer object": lambda tf, x: twice(tf.layers.Dense(4, kernel_initializer=tf.ones_initializer()), x),
}


def twice(layer, x):
    return layer(layer(x))


def scoped(tf, build):
    with tf.variable_scope("s", initializer=tf.constant_initializer(0.125)):
        return build()


@golden(rows=ARGUMENTS, rtol=1e-6, atol=1e-7, reason="sums of four products in another order")
def argument(tf, row):
    with tf.Graph().as_default():
        y = row(tf, tf.constant(uniform(3, 4, seed=1)))
        return {"y": run(tf, y), "variables": [described(v) for v in tf.global_variables()]}


REFUSED = {
    "dense of unknown depth": (
        lambda tf: tf.layers.dense(tf.placeholder(tf.float32, [2, None]), 3),
        ["last dimension"],
    ),
    "dense of rank 1": (lambda tf: tf.layers.dense(tf.zeros([3]), 3), ["rank|ndim"]),
    "conv2d of rank 3": (lambda tf: tf.layers.conv2d(tf.zeros([3, 3, 1]), 3, 3), ["ndim"]),
    "same name again": (
        lambda tf: [tf.layers.dense(tf.zeros([1, 3]), 3, name="fc") for _ in "ab"],
        ["Variable fc/kernel already exists, disallowed"],
    ),
    "reuse of nothing": (
        lambda tf: tf.layers.dense(tf.zeros([1, 3]), 3, name="fc", reuse=True),
        [r"Variable fc/kernel does not exist, or was not created with tf.get_variable\(\)"],
    ),
    "reuse with another width": (
        lambda tf: [tf.layers.dense(tf.zeros([1, n]), 3, name="fc", reuse=tf.AUTO_REUSE) for n in (3, 4)],
        [r"Trying to share variable fc/kernel, but specified shape \(4, 3\) and found shape \(3, 3\)"],
    ),
}


@golden(rows=REFUSED)
def refused(tf, row):
    call, parts = row
    with tf.Graph().as_default():
        return {"said": said(lambda: call(tf), *parts)}


@golden(rtol=1e-5, atol=1e-5, reason="forty float32 steps of training, in another order")
def a_net_learns(tf):
    """Ten Adam steps on a little conv net with batch normalization and dropout switched off."""
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(3)
        x = tf.placeholder(tf.float32, [None, 6, 6, 1])
        labels = tf.placeholder(tf.int32, [None])
        h = tf.layers.conv2d(
            x, 4, 3, activation=tf.nn.relu, kernel_initializer=tf.random_uniform_initializer(-0.3, 0.3, 1)
        )
        h = tf.layers.batch_normalization(h, training=True)
        h = tf.layers.flatten(tf.layers.max_pooling2d(h, 2, 2))
        logits = tf.layers.dense(h, 3, kernel_initializer=tf.random_uniform_initializer(-0.3, 0.3, 2))
        loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
        step = tf.train.get_or_create_global_step()
        with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
            train = tf.train.AdamOptimizer(0.01).minimize(loss, step)
        session.run(tf.global_variables_initializer())
        feed = {x: uniform(8, 6, 6, 1, seed=4), labels: np.arange(8) % 3}
        losses = [session.run([loss, train], feed)[0] for _ in range(10)]
        moving = [v for v in tf.global_variables() if "moving" in v.name]
        return {
            "losses": np.stack(losses),
            "step": session.run(step),
            "variables": [v.name for v in tf.global_variables()],
        } | {v.op.name: session.run(v) for v in moving}


def halved(tf):
    def half_square(w):
        with tf.name_scope("half"):
            return tf.nn.l2_loss(w)

    return half_square


def dense(tf, name=None, **settings):
    return tf.layers.dense(tf.ones([2, 3]), 4, name=name, kernel_regularizer=halved(tf), **settings)


def regularized_towers(tf):
    for i in range(2):
        with tf.name_scope(f"tower_{i}"):
            dense(tf, "fc", reuse=tf.AUTO_REUSE)


def regularized_twice(tf):
    with tf.variable_scope("s", regularizer=lambda w: tf.reduce_sum(w, name="sum")):
        dense(tf, "fc")


def regularized_parts(tf):
    with tf.variable_scope("s", partitioner=tf.fixed_size_partitioner(3)):
        dense(tf, use_bias=False)


def regularized_scopes(tf):
    for i in range(2):
        with tf.variable_scope("s"):
            dense(tf, f"fc_{i}")
    with tf.variable_scope("s", reuse=True):
        dense(tf, "fc_0")


REGULARIZED = {
    "towers": regularized_towers,
    "twice": regularized_twice,
    "parts": regularized_parts,
    "scopes": regularized_scopes,
}


@golden(rows=REGULARIZED)
def names_of_regularization_losses(tf, row):
    """A layer's loss stands where the layer's operations do, so that a tower finds its own by scope."""
    with tf.Graph().as_default():
        row(tf)
        named = {where or "all": tf.losses.get_regularization_losses(where) for where in (None, "tower_0", "tower_1")}
        return {where: [t.name for t in losses] for where, losses in named.items()}
