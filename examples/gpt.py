"""A small transformer in GPT-2's form learns to repeat a sequence backwards (Radford and others, 2019)."""

import numpy as np
import tensorflow as tf

FLAGS = tf.app.flags.FLAGS
TOKENS, LENGTH = 12, 12  # tokens 0 to 10, and 11 between a sequence and its mirror image
WIDTH, HEADS, LAYERS = 32, 4, 2


def mirrored(count, rng):
    """Sequences [count, 13]: six tokens, the separator, and the six again from the last to the first."""
    half = rng.randint(TOKENS - 1, size=[count, LENGTH // 2])
    return np.concatenate([half, np.full([count, 1], TOKENS - 1), half[:, ::-1]], axis=1)


def norm(x, scope):
    """Each position's features with mean 0 and variance 1, then scaled and shifted."""
    with tf.variable_scope(scope):
        g = tf.get_variable("g", [WIDTH], initializer=tf.constant_initializer(1))
        b = tf.get_variable("b", [WIDTH], initializer=tf.constant_initializer(0))
        mean, variance = tf.nn.moments(x, axes=[-1], keep_dims=True)
        return (x - mean) * tf.rsqrt(variance + 1e-5) * g + b


def project(x, features, scope):
    """A linear map of the last axis; its weights are [1, from, to], as of a convolution of width one."""
    with tf.variable_scope(scope):
        w = tf.get_variable("w", [1, x.shape[-1].value, features], initializer=tf.random_normal_initializer(stddev=0.1))
        b = tf.get_variable("b", [features], initializer=tf.constant_initializer(0))
        return tf.einsum("btc,co->bto", x, w[0]) + b


def attention(x, scope):
    """Each position gathers from itself and those before it: [batch, time, width] to the same."""
    with tf.variable_scope(scope):
        heads = tf.reshape(project(x, 3 * WIDTH, "c_attn"), [-1, LENGTH, 3, HEADS, WIDTH // HEADS])
        q, k, v = tf.unstack(tf.transpose(heads, [2, 0, 3, 1, 4]))  # each [batch, heads, time, features]
        scores = tf.matmul(q, k, transpose_b=True) * tf.rsqrt(float(WIDTH // HEADS))
        past = tf.matrix_band_part(tf.ones([LENGTH, LENGTH]), -1, 0)
        weights = tf.nn.softmax(scores * past - 1e10 * (1 - past))
        merged = tf.reshape(tf.transpose(tf.matmul(weights, v), [0, 2, 1, 3]), [-1, LENGTH, WIDTH])
        return project(merged, WIDTH, "c_proj")


def gelu(x):
    return 0.5 * x * (1 + tf.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * tf.pow(x, 3))))


def mlp(x, scope):
    with tf.variable_scope(scope):
        return project(gelu(project(x, 4 * WIDTH, "c_fc")), WIDTH, "c_proj")


def model(tokens):
    """Logits [batch, time, 12] of the token after each of `tokens` [batch, time]."""
    with tf.variable_scope("model"):
        wpe = tf.get_variable("wpe", [LENGTH, WIDTH], initializer=tf.random_normal_initializer(stddev=0.1))
        wte = tf.get_variable("wte", [TOKENS, WIDTH], initializer=tf.random_normal_initializer(stddev=0.1))
        h = tf.gather(wte, tokens) + wpe
        for layer in range(LAYERS):
            with tf.variable_scope("h%d" % layer):
                h += attention(norm(h, "ln_1"), "attn")
                h += mlp(norm(h, "ln_2"), "mlp")
        return tf.tensordot(norm(h, "ln_f"), wte, [[2], [1]])


def train(steps):
    """The loss of each step, and the share of mirrored tokens that the model foresees."""
    tf.set_random_seed(1)
    sequences = tf.placeholder(tf.int32, [None, LENGTH + 1], name="sequences")
    logits, following = model(sequences[:, :-1]), sequences[:, 1:]
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=following, logits=logits)
    loss = tf.reduce_mean(losses[:, LENGTH // 2 :])  # the first half cannot be known
    hits = tf.equal(tf.argmax(logits, -1, output_type=tf.int32), following)
    accuracy = tf.reduce_mean(tf.cast(hits[:, LENGTH // 2 :], tf.float32))
    train_op = tf.train.AdamOptimizer(0.003).minimize(loss)

    rng = np.random.RandomState(0)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(steps):
            _, *told = session.run([train_op, loss, accuracy], feed_dict={sequences: mirrored(32, rng)})
            yield told


def main(_):
    for step, (loss, accuracy) in enumerate(train(FLAGS.steps), 1):
        if step % 20 == 0:
            print("step %d: loss %.4f, foreseen %.3f" % (step, loss, accuracy))


if __name__ == "__main__":
    tf.app.flags.DEFINE_integer("steps", 200, "how many steps to train")
    tf.app.run()
