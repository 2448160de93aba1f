"""A variational autoencoder finds the two numbers behind images of a bright spot (Kingma and Welling, 2014)."""

import numpy as np
import tensorflow as tf

FLAGS = tf.app.flags.FLAGS
SIZE, LATENT = 8, 2


def spots(count, seed):
    """Images [count, 64], each with a spot somewhere, and where: [count, 2]."""
    middle = np.random.RandomState(seed).uniform(1, SIZE - 2, [count, 2])
    y, x = np.mgrid[:SIZE, :SIZE]
    squares = (y - middle[:, 0, None, None]) ** 2 + (x - middle[:, 1, None, None]) ** 2
    return np.exp(-squares / 4).reshape(count, SIZE * SIZE), middle


def encoder(x):
    """Mean and log variance of the latent code of each image, both [N, 2]."""
    with tf.variable_scope("encoder"):
        hidden = tf.layers.dense(x, 64, tf.nn.tanh, name="hidden")
        return tf.layers.dense(hidden, LATENT, name="mean"), tf.layers.dense(hidden, LATENT, name="log_variance")


def decoder(z, reuse=None):
    """Logits [N, 64] of the pixels that a code [N, 2] stands for."""
    with tf.variable_scope("decoder", reuse=reuse):
        hidden = tf.layers.dense(z, 64, tf.nn.tanh, name="hidden")
        return tf.layers.dense(hidden, SIZE * SIZE, name="pixels")


def train(steps):
    """What the code costs in nats an image, what rebuilding costs, and a new image, for each step."""
    tf.set_random_seed(1)
    x = tf.placeholder(tf.float32, [None, SIZE * SIZE], name="images")
    mean, log_variance = encoder(x)
    noise = tf.random_normal(tf.shape(mean))
    logits = decoder(mean + tf.exp(0.5 * log_variance) * noise)
    pixels = tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=logits)
    rebuilding = tf.reduce_mean(tf.reduce_sum(pixels, axis=1))
    kl = 0.5 * tf.reduce_sum(tf.exp(log_variance) + tf.square(mean) - 1.0 - log_variance, axis=1)
    code = tf.reduce_mean(kl)
    train_op = tf.train.AdamOptimizer(0.003).minimize(rebuilding + code)
    dreamt = tf.nn.sigmoid(decoder(tf.zeros([1, LATENT]), reuse=True))

    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for step in range(steps):
            seen, _ = spots(64, seed=step)
            _, code_now, rebuilding_now = session.run([train_op, code, rebuilding], feed_dict={x: seen})
            yield code_now, rebuilding_now, session.run(dreamt)


def drawn(image):
    """An image [64] in letters, a line for each row."""
    rows = np.minimum(10 * image.reshape(SIZE, SIZE), 9).astype(int)
    return "\n".join("".join(2 * " .:-=+*#%@"[grey] for grey in row) for row in rows)


def main(_):
    for step, (code, rebuilding, dreamt) in enumerate(train(FLAGS.steps), 1):
        if step % 500 == 0:
            print("step %d: code %.2f + rebuilding %.2f = loss %.2f" % (step, code, rebuilding, code + rebuilding))
            print("in the middle of the latent space:\n%s" % drawn(dreamt))


if __name__ == "__main__":
    tf.app.flags.DEFINE_integer("steps", 2000, "how many steps to train")
    tf.app.run()
