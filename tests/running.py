"""Ways to run a piece of graph, which many tests share."""

import numpy as np

import scopeflow as tf


def run(fetches, feed_dict=None):
    """What a new session gives for `fetches`."""
    with tf.Session() as session:
        return session.run(fetches, feed_dict)


def initialized_run(fetches, feed_dict=None):
    """What a new session gives for `fetches` once its variables have their initial values."""
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(fetches, feed_dict)


def fed(function, *values):
    """The result of `function` on placeholders that are fed, so that nothing is folded."""
    tensors = [tf.placeholder(np.asarray(v).dtype, np.shape(v)) for v in values]
    return run(function(*tensors), dict(zip(tensors, values, strict=True)))


def in_new_graph(build):
    """The static results of `build()`, and their values."""
    with tf.Graph().as_default():
        tensors = build()
        return tensors, run(tensors)


def counted(*shape):
    """float32 0, 1, 2, … of a shape."""
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


def same(found, wanted):
    """Asserts equal values and dtypes."""
    found, wanted = np.asarray(found), np.asarray(wanted)
    assert found.dtype == wanted.dtype
    np.testing.assert_array_equal(found, wanted)
