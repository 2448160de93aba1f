"""The behaviours' section Numbers, line by line."""

import numpy as np
import pytest

import scopeflow as tf

STEP = 1e-5
TOLERANCE = 2e-7  # of central differences in float64, relative to the slope


def slope_error(build, *arrays):
    """The worst relative error of the gradients of sum(build(inputs) * weights) along a random direction."""
    generator = np.random.default_rng(5)
    with tf.Graph().as_default(), tf.Session() as session:
        inputs = [tf.placeholder(tf.float64, a.shape) for a in arrays]
        y = build(*inputs)
        variables = tf.trainable_variables()
        session.run(tf.global_variables_initializer())
        weights = generator.standard_normal(session.run(tf.shape(y), dict(zip(inputs, arrays, strict=True))))
        loss = tf.reduce_sum(y * weights)
        gradients = tf.gradients(loss, [*inputs, *variables])
        assert all(g is not None for g in gradients)
        point = [*arrays, *session.run(variables)]
        feeds = dict(zip(inputs, arrays, strict=True))
        slopes = session.run(gradients, feeds)
        worst = 0.0
        for which, gradient in enumerate(slopes):
            direction = generator.standard_normal(point[which].shape)
            ends = []
            for sign in (1, -1):
                moved = [*point]
                moved[which] = point[which] + sign * STEP * direction
                for variable, value in zip(variables, moved[len(inputs) :], strict=True):
                    variable.load(value, session)
                ends.append(session.run(loss, dict(zip(inputs, moved[: len(inputs)], strict=True))))
            slope = float((gradient * direction).sum())
            assert abs(slope) > 1e-3, "the gradient vanishes at this point, so the check proves nothing"
            worst = max(worst, abs((ends[0] - ends[1]) / (2 * STEP) - slope) / abs(slope))
        return worst


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


LAYERS = {
    "kernel_initializer": tf.glorot_uniform_initializer(seed=3),
    "bias_initializer": tf.random_normal_initializer(seed=4),
}
BUILDS = {
    "conv2d SAME": (
        lambda x, w: tf.nn.conv2d(x, w, [1, 2, 1, 1], "SAME"),
        (normal(2, 5, 4, 2), normal(3, 3, 2, 3, seed=1)),
    ),
    "conv2d VALID dilated": (
        lambda x, w: tf.nn.conv2d(x, w, strides=[1, 1, 1, 1], padding="VALID", dilations=[1, 2, 1, 1]),
        (normal(2, 6, 4, 2), normal(3, 3, 2, 3, seed=1)),
    ),
    "conv2d explicit, channels first": (
        lambda x, w: tf.nn.conv2d(x, w, 1, [[0, 0], [0, 0], [1, 2], [0, 1]], data_format="NCHW"),
        (normal(2, 2, 5, 4), normal(3, 3, 2, 3, seed=1)),
    ),
    "matmul": (lambda a, b: tf.matmul(a, b, transpose_a=True), (normal(3, 2), normal(3, 4, seed=1))),
    "matmul of batches": (
        lambda a, b: tf.matmul(a, b, transpose_b=True),
        (normal(5, 2, 3), normal(5, 4, 3, seed=1)),
    ),
    "relu": (tf.nn.relu, (normal(3, 4) + 0.02,)),
    "bias_add": (tf.nn.bias_add, (normal(2, 3, 4), normal(4, seed=1))),
    "layers.conv2d": (lambda x: tf.layers.conv2d(x, 3, 3, padding="same", **LAYERS), (normal(2, 5, 4, 2),)),
    "layers.dense": (lambda x: tf.layers.dense(x, 3, tf.nn.tanh, **LAYERS), (normal(4, 5),)),
    "a net of them": (
        lambda x: tf.layers.dense(
            tf.layers.flatten(tf.nn.relu(tf.layers.conv2d(x, 3, 3, **LAYERS))), 2, tf.nn.sigmoid, **LAYERS
        ),
        (normal(2, 5, 4, 2),),
    ),
}


@pytest.mark.parametrize("what", BUILDS)
def test_all_with_gradients(what):
    """nn.conv2d, matmul, nn.relu, nn.bias_add, layers.conv2d, layers.dense over get_variable, "all with gradients"."""
    build, arrays = BUILDS[what]
    assert slope_error(build, *arrays) <= TOLERANCE


def test_layers_make_their_variables_by_get_variable():
    """ "`layers.conv2d`, `layers.dense` over `get_variable` (`kernel`, `bias`)"."""
    with tf.Graph().as_default():
        with tf.variable_scope("net"):
            tf.layers.conv2d(tf.zeros([1, 5, 5, 2]), 3, 3)
            tf.layers.dense(tf.zeros([1, 4]), 2)
        with tf.variable_scope("net", reuse=True):
            shared = [tf.get_variable(f"{layer}/{v}") for layer in ("conv2d", "dense") for v in ("kernel", "bias")]
        assert shared == tf.global_variables()
