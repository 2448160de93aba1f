"""slim.nets: the paths that programs import it by, and what its functions look like."""

import inspect

import numpy as np
import pytest

import scopeflow as tf
from scopeflow.compat.stand_in import make_module

NAMES = ("alexnet", "inception", "overfeat", "resnet_utils", "resnet_v1", "resnet_v2", "vgg")
NETWORKS = [
    ("vgg", "vgg_16", 224),
    ("vgg", "vgg_a", 224),
    ("alexnet", "alexnet_v2", 224),
    ("overfeat", "overfeat", 231),
    ("resnet_v1", "resnet_v1", 224),
    ("resnet_v2", "resnet_v2", 224),
    ("inception", "inception_v1", 224),
    ("inception", "inception_v3", 299),
]


@pytest.mark.parametrize("folder", ["slim.nets", "slim.python.slim.nets"])
def test_networks_are_found_by_each_path_that_programs_use(folder):
    package = make_module(f"tensorflow.contrib.{folder}")
    for name in NAMES:
        module = make_module(f"tensorflow.contrib.{folder}.{name}")
        offered = getattr(tf.contrib.slim.nets, name)
        assert getattr(package, name) is offered
        assert all(getattr(module, each) is getattr(offered, each) for each in offered.__all__)
    for i in (1, 2, 3):
        module = make_module(f"tensorflow.contrib.{folder}.inception_v{i}")
        for each in (f"inception_v{i}{more}" for more in ("", "_base", "_arg_scope")):
            assert getattr(module, each) is getattr(tf.contrib.slim.nets.inception, each)


@pytest.mark.parametrize(("module", "name", "size"), NETWORKS, ids=lambda value: str(value))
def test_a_network_says_the_size_of_its_images(module, name, size):
    assert getattr(getattr(tf.contrib.slim.nets, module), name).default_image_size == size


def test_a_network_made_by_a_table_looks_like_one_that_is_written_out():
    nets = tf.contrib.slim.nets
    assert list(inspect.signature(nets.vgg.vgg_19).parameters) == [
        "inputs", "num_classes", "is_training", "dropout_keep_prob", "spatial_squeeze", "scope",
    ]  # fmt: skip
    assert list(inspect.signature(nets.resnet_v2.resnet_v2_101).parameters) == [
        "inputs", "num_classes", "is_training", "global_pool", "output_stride", "reuse", "scope",
    ]  # fmt: skip
    for function in (nets.vgg.vgg_19, nets.resnet_v2.resnet_v2_101):
        assert function.__name__ in ("vgg_19", "resnet_v2_101") and function.__doc__
        assert inspect.signature(function).parameters["scope"].default == function.__name__


def test_a_small_residual_network_learns():
    nets, slim = tf.contrib.slim.nets, tf.contrib.slim
    images = np.random.default_rng(3).standard_normal([8, 16, 16, 1]).astype(np.float32)
    labels = np.arange(8) % 2
    images[labels == 1, 4:12, 4:12] += 2.0
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(3)
        blocks = [nets.resnet_v2.resnet_v2_block("block1", base_depth=4, num_units=2, stride=2)]
        with slim.arg_scope(nets.resnet_utils.resnet_arg_scope(batch_norm_decay=0.9)):
            net, points = nets.resnet_v2.resnet_v2(tf.constant(images), blocks, 2, include_root_block=False)
        loss = tf.losses.sparse_softmax_cross_entropy(labels, tf.squeeze(net, [1, 2]))
        step = slim.learning.create_train_op(loss, tf.train.AdamOptimizer(0.01))
        session.run(tf.global_variables_initializer())
        losses = [session.run(step) for _ in range(60)]
        assert losses[-1] < 0.1 * losses[0], losses
        assert (session.run(points["predictions"])[:, 0, 0].argmax(1) == labels).all()
