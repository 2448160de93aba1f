"""A multilayer perceptron tells three spiral arms apart, trained on batches with dropout and Adam."""

import numpy as np
import tensorflow as tf

FLAGS = tf.app.flags.FLAGS
CLASSES = 3


def spirals(count, seed=0):
    """Points [count, 2] on three arms that wind around the origin, and the arm of each."""
    rng = np.random.RandomState(seed)
    labels = rng.randint(CLASSES, size=count)
    radius = rng.uniform(0.1, 1, count)
    angle = 5 * radius + 2 * np.pi * labels / CLASSES + rng.uniform(-0.2, 0.2, count)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1), labels


def network(x, is_training):
    """Logits [N, 3] of points [N, 2]."""
    hidden = tf.layers.dense(x, 64, activation=tf.nn.relu, name="hidden1")
    hidden = tf.layers.dense(hidden, 32, activation=tf.nn.relu, name="hidden2")
    hidden = tf.layers.dropout(hidden, rate=0.1, training=is_training)
    return tf.layers.dense(hidden, CLASSES, name="logits")


def train(steps, batch_size=64):
    """The loss and the accuracy of each step's batch, and the accuracy on points that were never trained on."""
    tf.set_random_seed(1)
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    y = tf.placeholder(tf.int64, [None], name="y")
    is_training = tf.placeholder_with_default(False, [], name="is_training")
    logits = network(x, is_training)
    loss = tf.losses.sparse_softmax_cross_entropy(labels=y, logits=logits)
    accuracy = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(logits, 1), y), tf.float32))
    train_op = tf.train.AdamOptimizer(0.01).minimize(loss, global_step=tf.train.get_or_create_global_step())

    test_points, test_labels = spirals(300, seed=12345)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for step in range(steps):
            points, labels = spirals(batch_size, seed=step)
            feeds = {x: points, y: labels, is_training: True}
            _, loss_now, accuracy_now = session.run([train_op, loss, accuracy], feed_dict=feeds)
            yield loss_now, accuracy_now, session.run(accuracy, feed_dict={x: test_points, y: test_labels})


def main(_):
    for step, (loss, accuracy, test_accuracy) in enumerate(train(FLAGS.steps, FLAGS.batch_size), 1):
        if step % 50 == 0:
            print("step %d: loss %.4f, accuracy %.3f, on new points %.3f" % (step, loss, accuracy, test_accuracy))


if __name__ == "__main__":
    tf.app.flags.DEFINE_integer("steps", 500, "how many steps to train")
    tf.app.flags.DEFINE_integer("batch_size", 64, "points in a batch")
    tf.app.run()
