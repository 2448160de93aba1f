"""tf.layers.batch_normalization: its axes, its variables in partitioned scopes, its averages."""

import numpy as np
import pytest

import scopeflow as tf


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as made:
        yield made


def test_several_axes_are_normalised_each_by_itself():
    data = np.random.default_rng(0).normal(size=[7, 3, 2, 4]).astype(np.float64)
    x = tf.placeholder(tf.float64, [None, 3, None, 4])
    y = tf.layers.batch_normalization(x, axis=[1, -1], training=True, epsilon=0.5, momentum=0.75)
    assert [v.shape.as_list() for v in tf.global_variables()] == [[1, 3, 1, 4]] * 4
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        got, *_ = session.run([y, *tf.get_collection(tf.GraphKeys.UPDATE_OPS)], {x: data})
        *_, mean, variance = session.run(tf.global_variables())
    for c in range(3):
        for d in range(4):
            part = data[:, c, :, d]
            wanted = (part - part.mean()) / np.sqrt(part.var() + 0.5)
            assert np.abs(got[:, c, :, d] - wanted).max() <= 1e-12
            # 1 - 0.75 is exact in float32, in which TensorFlow takes it
            assert abs(mean[0, c, 0, d] - 0.25 * part.mean()) <= 1e-12
            assert abs(variance[0, c, 0, d] - (0.75 + 0.25 * part.var())) <= 1e-12


def test_an_axis_named_twice_is_refused():
    with pytest.raises(ValueError, match=r"Duplicate axis: \(1, -2\)"):
        tf.layers.batch_normalization(tf.placeholder(tf.float32, [None, 3, 2]), axis=[1, -2])
    with pytest.raises(ValueError, match="Invalid value for `axis`"):
        tf.layers.batch_normalization(tf.placeholder(tf.float32, [None, 3, 2]), axis=[1, 3])


@pytest.mark.parametrize("shape", [[6, 4], [6, 2, 1, 4]], ids=["plain", "fused"])
def test_a_partitioner_cuts_gamma_and_beta_and_leaves_the_averages_whole(shape):
    data = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    with tf.variable_scope("net", partitioner=tf.fixed_size_partitioner(2)) as scope:
        y = tf.layers.batch_normalization(tf.constant(data), training=True, name="bn")
        assert scope.partitioner is not None
    assert [(v.op.name, v.shape.as_list()) for v in tf.global_variables()] == [
        ("net/bn/gamma/part_0", [2]), ("net/bn/gamma/part_1", [2]),
        ("net/bn/beta/part_0", [2]), ("net/bn/beta/part_1", [2]),
        ("net/bn/moving_mean", [4]), ("net/bn/moving_variance", [4]),
    ]  # fmt: skip
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        got, *_ = session.run([y, *tf.get_collection(tf.GraphKeys.UPDATE_OPS)])
        mean = session.run(tf.global_variables()[4])
    flat = data.reshape(-1, 4).astype(np.float64)
    wanted = (data - flat.mean(0)) / np.sqrt(flat.var(0) + 1e-3)
    assert np.abs(got - wanted).max() <= 2e-6
    assert np.abs(mean - 0.01 * flat.mean(0)).max() <= 1e-7


@pytest.mark.parametrize("shape", [[6, 4], [6, 2, 1, 4]], ids=["plain", "fused"])
def test_a_frozen_layer_has_no_updates(shape):
    x = tf.constant(np.random.default_rng(0).normal(size=shape))
    tf.layers.batch_normalization(x, training=True, trainable=False)
    assert tf.get_collection(tf.GraphKeys.UPDATE_OPS) == []
    layer = tf.layers.BatchNormalization()
    layer(x, training=True)
    layer.trainable = False
    layer(x, training=True)
    assert len(tf.get_collection(tf.GraphKeys.UPDATE_OPS)) == 2
    assert layer.updates == layer.get_updates_for(x) == layer.trainable_weights == []
    layer.trainable = True
    assert len(layer.updates) == len(layer.get_updates_for(x)) == 4


def test_the_averages_of_images_stay_where_training_is_fed_as_false():
    x = tf.constant(np.random.default_rng(0).normal(3.0, 2.0, [6, 2, 1, 4]).astype(np.float32))
    training = tf.placeholder(tf.bool, [])
    tf.layers.batch_normalization(x, training=training, momentum=0.5)
    updates, averages = tf.get_collection(tf.GraphKeys.UPDATE_OPS), tf.global_variables()[2:]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(updates, {training: False})
        assert [v.tolist() for v in session.run(averages)] == [[0.0] * 4, [1.0] * 4]
        session.run(updates, {training: True})
        assert min(session.run(averages[0])) > 0.5


def test_the_fused_op_takes_an_epsilon_as_small_as_it_is():
    """TensorFlow 1 held it to cuDNN's least, 1.001e-5; where the variance is small, 1e-5 gives other numbers."""
    x = np.array([0.0, 1e-3, 2e-3, 4e-3], np.float32).reshape(4, 1, 1, 1)
    for epsilon in (1e-5, 1e-6):
        y, *_ = tf.nn.fused_batch_norm(x, [1.0], [0.0], epsilon=epsilon)
        with tf.Session() as session:
            got = session.run(y)
        wanted = (x.astype(np.float64) - x.mean()) / np.sqrt(x.astype(np.float64).var() + epsilon)
        assert not np.abs(got - wanted).max() > 2e-6


def test_averages_move_on_the_device_of_their_variables():
    layer = tf.layers.BatchNormalization()
    with tf.device(lambda op: "/device:CPU:1" if op.type == "VariableV2" else "/device:CPU:0"):
        layer(tf.ones([3, 2]), training=True)
    assert {op.device for op in layer.updates} == {"/device:CPU:1"}
