"""Training that goes on where it stopped: run it twice, with more --steps the second time."""

import os

import numpy as np
import tensorflow as tf

FLAGS = tf.app.flags.FLAGS


def batch(step):
    """Points of a sine, [32, 1] each: the same ones for the same step, whenever it is run."""
    x = np.random.RandomState(step).uniform(-3, 3, [32, 1])
    return x, np.sin(x)


def train(steps, folder):
    """The number, loss and learning rate of each step up to `steps` that is not in `folder`'s newest checkpoint."""
    tf.set_random_seed(1)
    x = tf.placeholder(tf.float32, [None, 1], name="x")
    y = tf.placeholder(tf.float32, [None, 1], name="y")
    hidden = tf.layers.dense(x, 32, tf.nn.tanh, name="hidden")
    loss = tf.losses.mean_squared_error(y, tf.layers.dense(hidden, 1, name="output"))
    global_step = tf.train.get_or_create_global_step()
    rate = tf.train.exponential_decay(0.02, global_step, decay_steps=100, decay_rate=0.9)
    train_op = tf.train.AdamOptimizer(rate).minimize(loss, global_step=global_step)
    averages = tf.train.ExponentialMovingAverage(0.99, num_updates=global_step)
    with tf.control_dependencies([train_op]):
        train_op = averages.apply(tf.trainable_variables())
    saver = tf.train.Saver(max_to_keep=3)

    with tf.Session() as session:
        newest = tf.train.latest_checkpoint(folder)
        if newest:
            saver.restore(session, newest)
        else:
            session.run(tf.global_variables_initializer())
        for step in range(tf.train.global_step(session, global_step), steps):
            features, targets = batch(step)
            rate_now, loss_now, _ = session.run([rate, loss, train_op], feed_dict={x: features, y: targets})
            yield step + 1, loss_now, rate_now
            if (step + 1) % 100 == 0 or step + 1 == steps:
                saver.save(session, os.path.join(folder, "sine"), global_step=global_step)


def main(_):
    tf.gfile.MakeDirs(FLAGS.folder)
    for step, loss, rate in train(FLAGS.steps, FLAGS.folder):
        if step % 50 == 0:
            print("step %d: loss %.5f, learning rate %.5f" % (step, loss, rate))
    print("newest checkpoint: %s" % tf.train.latest_checkpoint(FLAGS.folder))


if __name__ == "__main__":
    tf.app.flags.DEFINE_integer("steps", 300, "the step to train up to")
    tf.app.flags.DEFINE_string("folder", "/tmp/sine", "where the checkpoints are kept")
    tf.app.run()
