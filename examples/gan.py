"""Two networks at play: one makes points, one tells them from real ones (Goodfellow and others, 2014)."""

import numpy as np
import tensorflow as tf

FLAGS = tf.app.flags.FLAGS
NOISE = 4


def ring(count, rng):
    """Points [count, 2] near the unit circle: the real ones."""
    angle, radius = rng.uniform(0, 2 * np.pi, count), rng.uniform(0.9, 1.1, count)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1)


def generator(z):
    with tf.variable_scope("generator"):
        hidden = tf.layers.dense(z, 32, tf.nn.relu, name="hidden1")
        hidden = tf.layers.dense(hidden, 32, tf.nn.relu, name="hidden2")
        return tf.layers.dense(hidden, 2, name="points")


def discriminator(points, reuse=None):
    """A logit for each point: above zero where it looks real."""
    with tf.variable_scope("discriminator", reuse=reuse):
        hidden = tf.layers.dense(points, 32, tf.nn.leaky_relu, name="hidden1")
        hidden = tf.layers.dense(hidden, 32, tf.nn.leaky_relu, name="hidden2")
        return tf.layers.dense(hidden, 1, name="logit")


def cross_entropy(logits, label):
    labels = label * tf.ones_like(logits)
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits))


def train(steps, batch_size=64):
    """Both losses of each step, and the points [64, 2] that the generator makes of the same noise each time."""
    tf.set_random_seed(1)
    real = tf.placeholder(tf.float32, [None, 2], name="real")
    z = tf.placeholder(tf.float32, [None, NOISE], name="z")
    fake = generator(z)
    on_real, on_fake = discriminator(real), discriminator(fake, reuse=True)
    d_loss = cross_entropy(on_real, 0.9) + cross_entropy(on_fake, 0.0)  # 0.9: one-sided label smoothing
    g_loss = cross_entropy(on_fake, 1.0)
    d_variables = tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, scope="discriminator")
    g_variables = tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, scope="generator")
    d_train = tf.train.AdamOptimizer(0.002, beta1=0.5).minimize(d_loss, var_list=d_variables)
    g_train = tf.train.AdamOptimizer(0.002, beta1=0.5).minimize(g_loss, var_list=g_variables)

    rng = np.random.RandomState(0)
    fixed = rng.uniform(-1, 1, [64, NOISE])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(steps):
            noise = rng.uniform(-1, 1, [batch_size, NOISE])
            _, d_now = session.run([d_train, d_loss], feed_dict={real: ring(batch_size, rng), z: noise})
            _, g_now = session.run([g_train, g_loss], feed_dict={z: rng.uniform(-1, 1, [batch_size, NOISE])})
            yield d_now, g_now, session.run(fake, feed_dict={z: fixed})


def main(_):
    for step, (d_loss, g_loss, points) in enumerate(train(FLAGS.steps), 1):
        if step % 250 == 0:
            radius = np.sqrt(np.sum(np.square(points), axis=1))
            told = step, d_loss, g_loss, radius.mean(), radius.std()
            print("step %d: discriminator %.3f, generator %.3f, its points' radius %.2f +- %.2f" % told)


if __name__ == "__main__":
    tf.app.flags.DEFINE_integer("steps", 2000, "how many steps to train")
    tf.app.run()
