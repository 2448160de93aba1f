"""Linear regression: gradient descent finds the weights that noisy points were made with."""

import numpy as np
import tensorflow as tf

FLAGS = tf.app.flags.FLAGS
WEIGHTS, BIAS = np.array([[2.0], [-3.4]]), 4.2  # what is to be found


def points(count, seed=0):
    """Points [count, 2] and what a line with some noise makes of them, [count, 1]."""
    rng = np.random.RandomState(seed)
    features = rng.uniform(-1, 1, [count, 2])
    return features, np.dot(features, WEIGHTS) + BIAS + rng.uniform(-0.1, 0.1, [count, 1])


def train(steps):
    """The loss, the weights and the bias after each step."""
    tf.set_random_seed(1)
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    y = tf.placeholder(tf.float32, [None, 1], name="y")
    w = tf.Variable(tf.random_normal([2, 1], stddev=0.1), name="weights")
    b = tf.Variable(tf.zeros([1]), name="bias")
    loss = tf.reduce_mean(tf.square(tf.matmul(x, w) + b - y), name="loss")
    train_op = tf.train.GradientDescentOptimizer(0.3).minimize(loss)

    features, targets = points(100)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(steps):
            _, loss_now = session.run([train_op, loss], feed_dict={x: features, y: targets})
            yield (loss_now, *session.run([w, b]))


def main(_):
    for step, (loss, w, b) in enumerate(train(FLAGS.steps), 1):
        if step % 10 == 0:
            print("step %d: loss %.4f, weights %.3f %.3f, bias %.3f" % (step, loss, w[0, 0], w[1, 0], b[0]))


if __name__ == "__main__":
    tf.app.flags.DEFINE_integer("steps", 50, "how many steps to train")
    tf.app.run()
