"""tf.contrib's initializers."""

import numpy as np
import pytest

import scopeflow as tf


def drawn(initializer, shape):
    with tf.Graph().as_default(), tf.Session() as session:
        return session.run(initializer(shape))


def test_xavier_is_glorot_uniform_to_the_bit():
    a = drawn(tf.contrib.layers.xavier_initializer(seed=3), [3, 3, 8, 16])
    b = drawn(tf.glorot_uniform_initializer(seed=3), [3, 3, 8, 16])
    np.testing.assert_array_equal(a, b)


def test_the_normal_xavier_has_its_variance_and_is_cut():
    values = drawn(tf.contrib.layers.xavier_initializer(uniform=False, seed=3), [400, 600])
    stddev = np.sqrt(1.3 / 500)
    assert np.abs(values).max() < 2 * stddev and np.abs(values).max() > 1.9 * stddev
    # 240000 draws: the sampling error of the standard deviation is 0.1 %
    assert values.std() == pytest.approx(0.87962566103423978 * stddev, rel=5e-3)


def test_bad_arguments_are_refused():
    with pytest.raises(TypeError, match="Unknown mode fan_in"):
        tf.contrib.layers.variance_scaling_initializer(mode="fan_in")
    with pytest.raises(TypeError, match=r"non-floating point type\. It is tf\.int32"):
        tf.contrib.layers.variance_scaling_initializer(dtype=tf.int32)
    with pytest.raises(ValueError, match="factor must be positive, not 0"):
        tf.contrib.layers.variance_scaling_initializer(factor=0)
