"""Programs of TensorFlow 1 with trees, run as they are on pictures in MNIST's files."""

import gzip
import re

import numpy as np
import pytest
from digits_for_trees import digits
from test_stand_in import run

FOREST = """
from __future__ import print_function
import os
import tensorflow as tf
from tensorflow.contrib.tensor_forest.python import tensor_forest
from tensorflow.python.ops import resources
from tensorflow.examples.tutorials.mnist import input_data

os.environ["CUDA_VISIBLE_DEVICES"] = ""
mnist = input_data.read_data_sets("data/", one_hot=False, validation_size=100)

num_steps, batch_size = 80, 1024
X = tf.placeholder(tf.float32, shape=[None, 784])
Y = tf.placeholder(tf.int32, shape=[None])
hparams = tensor_forest.ForestHParams(num_classes=10, num_features=784, num_trees=10, max_nodes=1000).fill()
forest_graph = tensor_forest.RandomForestGraphs(hparams)
train_op = forest_graph.training_graph(X, Y)
loss_op = forest_graph.training_loss(X, Y)
infer_op, _, _ = forest_graph.inference_graph(X)
correct_prediction = tf.equal(tf.argmax(infer_op, 1), tf.cast(Y, tf.int64))
accuracy_op = tf.reduce_mean(tf.cast(correct_prediction, tf.float32))
init_vars = tf.group(tf.global_variables_initializer(),
                     resources.initialize_resources(resources.shared_resources()))

sess = tf.Session()
sess.run(init_vars)
for i in range(1, num_steps + 1):
    batch_x, batch_y = mnist.train.next_batch(batch_size)
    _, l = sess.run([train_op, loss_op], feed_dict={X: batch_x, Y: batch_y})
    if i % 40 == 0 or i == 1:
        acc = sess.run(accuracy_op, feed_dict={X: batch_x, Y: batch_y})
        print('Step %i, Loss: %f, Acc: %f' % (i, l, acc))
print("Test Accuracy:", sess.run(accuracy_op, feed_dict={X: mnist.test.images, Y: mnist.test.labels}))
"""

BOOSTED = """
from __future__ import print_function
import os
import tensorflow as tf
from tensorflow.contrib.boosted_trees.estimator_batch.estimator import GradientBoostedDecisionTreeClassifier
from tensorflow.contrib.boosted_trees.proto import learner_pb2 as gbdt_learner

os.environ["CUDA_VISIBLE_DEVICES"] = ""
tf.logging.set_verbosity(tf.logging.ERROR)
from tensorflow.examples.tutorials.mnist import input_data
mnist = input_data.read_data_sets("data/", one_hot=False, validation_size=100, source_url='http://nowhere')

batch_size, num_classes, max_steps = 1000, 10, 10000
examples_per_layer = 1000
learner_config = gbdt_learner.LearnerConfig()
learner_config.learning_rate_tuner.fixed.learning_rate = 0.3
learner_config.regularization.l1 = 0.
learner_config.regularization.l2 = 1. / examples_per_layer
learner_config.constraints.max_tree_depth = 4
growing_mode = gbdt_learner.LearnerConfig.LAYER_BY_LAYER
learner_config.growing_mode = growing_mode
run_config = tf.contrib.learn.RunConfig(save_checkpoints_secs=300)
learner_config.multi_class_strategy = (
    gbdt_learner.LearnerConfig.DIAGONAL_HESSIAN)

gbdt_model = GradientBoostedDecisionTreeClassifier(
    model_dir=None,
    learner_config=learner_config,
    n_classes=num_classes,
    examples_per_layer=examples_per_layer,
    num_trees=5, center_bias=False,
    config=run_config)
tf.logging.set_verbosity(tf.logging.INFO)

input_fn = tf.estimator.inputs.numpy_input_fn(
    x={'images': mnist.train.images}, y=mnist.train.labels,
    batch_size=batch_size, num_epochs=None, shuffle=True)
gbdt_model.fit(input_fn=input_fn, max_steps=max_steps)

input_fn = tf.estimator.inputs.numpy_input_fn(
    x={'images': mnist.test.images}, y=mnist.test.labels,
    batch_size=batch_size, shuffle=False)
e = gbdt_model.evaluate(input_fn=input_fn)
print("Testing Accuracy:", e['accuracy'])
print(len(list(gbdt_model.predict(x=mnist.test.images))), e['global_step'])
"""


@pytest.fixture
def pictures(tmp_path):
    """MNIST's four files in tmp_path/data: digits in the midst of 28 × 28 pixels, 1300 to learn from and 497 others."""
    (tmp_path / "data").mkdir()
    for name, (x, y) in zip(("train", "t10k"), digits(), strict=True):
        small = np.round(x.reshape(-1, 8, 8) * 255).astype(np.uint8)
        images = np.pad(small.repeat(3, 1).repeat(3, 2), ((0, 0), (2, 2), (2, 2)))
        for kind, magic, array in (("images-idx3", 2051, images), ("labels-idx1", 2049, y.astype(np.uint8))):
            head = np.array([magic, *array.shape], ">u4").tobytes()
            with gzip.open(tmp_path / "data" / f"{name}-{kind}-ubyte.gz", "wb", compresslevel=1) as file:
                file.write(head + array.tobytes())
    return tmp_path


def test_a_program_with_a_random_forest_runs_as_it_is(pictures):
    done = run(pictures, FOREST)
    assert done.returncode == 0, done.stderr
    told = re.findall(r"Step (\d+), Loss: (\S+), Acc: (\S+)", done.stdout)
    steps, losses, accuracies = ([float(value) for value in column] for column in zip(*told, strict=True))
    assert steps == [1, 40, 80] and losses[0] == -1 > losses[1] > losses[2] > -1001 and accuracies[2] >= 0.97
    tested = float(re.search(r"Test Accuracy: (\S+)", done.stdout)[1])
    assert tested >= 0.9, done.stdout  # six runs, of which each draws anew: 0.928 to 0.946


def test_a_program_with_boosted_trees_runs_as_it_is(pictures):
    done = run(pictures, BOOSTED)
    assert done.returncode == 0, done.stderr
    tested = float(re.search(r"Testing Accuracy: (\S+)", done.stdout)[1])
    assert tested >= 0.87, done.stdout  # four runs, of which each draws anew: 0.893 to 0.907
    assert done.stdout.endswith("497 20\n"), "five trees of four layers, a batch each"
