"""A convolutional network with batch normalization and weight decay learns shapes in noisy images."""

import numpy as np
import tensorflow as tf

FLAGS = tf.app.flags.FLAGS
SHAPES = ["cross", "square", "disc"]
SIZE = 16


def images(count, seed):
    """Images [count, 16, 16, 1] with one shape each, of any size and anywhere, in noise; and which shape."""
    rng = np.random.RandomState(seed)
    labels = rng.randint(len(SHAPES), size=count)
    radius = rng.uniform(3, 5, [count, 1, 1])
    middle = rng.uniform(5, SIZE - 6, [2, count, 1, 1])
    dy, dx = np.abs(np.arange(SIZE)[:, None] - middle[0]), np.abs(np.arange(SIZE) - middle[1])
    square = np.maximum(dy, dx) < radius
    cross = square & (np.minimum(dy, dx) < 1.2)
    disc = dy**2 + dx**2 < radius**2
    drawn = np.choose(labels[:, None, None], [cross, square, disc])
    return (drawn + rng.uniform(-0.3, 0.3, drawn.shape))[..., None], labels


def weight_decay(kernel):
    return 1e-4 * tf.nn.l2_loss(kernel)


def conv_bn_relu(x, filters, is_training, name):
    """A convolution without bias, which the normalization after it would only take off again."""
    with tf.variable_scope(name):
        x = tf.layers.conv2d(x, filters, 3, padding="same", use_bias=False, kernel_regularizer=weight_decay)
        return tf.nn.relu(tf.layers.batch_normalization(x, momentum=0.9, training=is_training))


def network(x, is_training):
    """Logits [N, 3] of images [N, 16, 16, 1]."""
    x = conv_bn_relu(x, 8, is_training, "conv1")
    x = tf.layers.max_pooling2d(x, 2, 2)
    x = conv_bn_relu(x, 16, is_training, "conv2")
    x = tf.layers.max_pooling2d(x, 2, 2)
    return tf.layers.dense(tf.layers.flatten(x), len(SHAPES), name="logits")


def train(steps):
    """The loss and accuracy of each step's batch, and the accuracy on new images, normalized by moving averages."""
    tf.set_random_seed(1)
    x = tf.placeholder(tf.float32, [None, SIZE, SIZE, 1], name="images")
    y = tf.placeholder(tf.int64, [None], name="labels")
    is_training = tf.placeholder_with_default(False, [], name="is_training")
    logits = network(x, is_training)
    loss = tf.losses.sparse_softmax_cross_entropy(y, logits) + tf.losses.get_regularization_loss()
    accuracy = tf.reduce_mean(tf.to_float(tf.equal(tf.argmax(logits, 1), y)))
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):  # the moving averages
        train_op = tf.train.MomentumOptimizer(0.02, 0.9).minimize(loss)

    test_images, test_labels = images(200, seed=12345)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for step in range(steps):
            seen, labels = images(32, seed=step)
            feeds = {x: seen, y: labels, is_training: True}
            _, loss_now, accuracy_now = session.run([train_op, loss, accuracy], feed_dict=feeds)
            yield loss_now, accuracy_now, session.run(accuracy, feed_dict={x: test_images, y: test_labels})


def main(_):
    for step, (loss, accuracy, test_accuracy) in enumerate(train(FLAGS.steps), 1):
        if step % 20 == 0:
            print("step %d: loss %.4f, accuracy %.3f, on new images %.3f" % (step, loss, accuracy, test_accuracy))


if __name__ == "__main__":
    tf.app.flags.DEFINE_integer("steps", 200, "how many steps to train")
    tf.app.run()
