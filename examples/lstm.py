"""A recurrent network of LSTM cells reads a text letter by letter, learns to go on, and writes some of its own."""

import numpy as np
import tensorflow as tf

FLAGS = tf.app.flags.FLAGS
TEXT = "the quick brown fox jumps over the lazy dog. pack my box with five dozen liquor jugs. " * 4
LETTERS = sorted(set(TEXT))
CODES = np.array([LETTERS.index(letter) for letter in TEXT])
UNITS = 64


def pieces(count, length, rng):
    """Pieces of the text [count, length], and the same one letter further on."""
    starts = rng.randint(len(CODES) - length, size=[count, 1])
    return CODES[starts + np.arange(length)], CODES[starts + np.arange(length) + 1]


class Model:
    def __init__(self):
        self.letters = tf.placeholder(tf.int32, [None, None], name="letters")  # [batch, time]
        self.next_letters = tf.placeholder(tf.int32, [None, None], name="next_letters")
        with tf.variable_scope("model", initializer=tf.random_uniform_initializer(-0.1, 0.1, seed=1)):
            embedding = tf.get_variable("embedding", [len(LETTERS), 16])
            cell = tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.LSTMCell(UNITS) for _ in range(2)])
            self.start = cell.zero_state(tf.shape(self.letters)[0], tf.float32)
            inputs = tf.nn.embedding_lookup(embedding, self.letters)
            outputs, self.end = tf.nn.dynamic_rnn(cell, inputs, initial_state=self.start)
            logits = tf.layers.dense(outputs, len(LETTERS), name="logits")
        self.guesses = tf.argmax(logits, axis=-1)
        self.loss = tf.losses.sparse_softmax_cross_entropy(labels=self.next_letters, logits=logits)
        variables = tf.trainable_variables()
        gradients, _ = tf.clip_by_global_norm(tf.gradients(self.loss, variables), 5.0)
        self.train_op = tf.train.AdamOptimizer(0.01).apply_gradients(zip(gradients, variables))


def write(session, model, length):
    """The text that the model goes on with after "the", one letter at a time, its state handed on."""
    written = "the"
    feeds = {model.letters: [[LETTERS.index(letter) for letter in written]]}
    for _ in range(length):
        guesses, state = session.run([model.guesses, model.end], feed_dict=feeds)
        written += LETTERS[guesses[0, -1]]
        feeds = {model.letters: guesses[:, -1:], model.start: state}
    return written


def train(steps):
    """The loss of each step, in nats a letter."""
    model, rng = Model(), np.random.RandomState(0)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for step in range(steps):
            letters, next_letters = pieces(16, 32, rng)
            feeds = {model.letters: letters, model.next_letters: next_letters}
            _, loss = session.run([model.train_op, model.loss], feed_dict=feeds)
            yield loss
            if (step + 1) % 100 == 0:
                print("it writes: %s" % write(session, model, 80))


def main(_):
    for step, loss in enumerate(train(FLAGS.steps), 1):
        if step % 20 == 0:
            print("step %d: loss %.4f" % (step, loss))


if __name__ == "__main__":
    tf.app.flags.DEFINE_integer("steps", 200, "how many steps to train")
    tf.app.run()
