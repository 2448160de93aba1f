"""Word vectors by skip-gram with negative sampling: words that stand in like places come close (Mikolov, 2013)."""

import numpy as np
import tensorflow as tf

FLAGS = tf.app.flags.FLAGS
PLACES = [
    "the every this that",
    "king queen prince nurse",
    "sees likes meets calls",
    "old young wise kind",
    "cats dogs birds mice",
]
WORDS = " ".join(PLACES).split()
ORDER = [0, 3, 1, 2, 4]  # a sentence: article, adjective, person, verb, animals
NEGATIVES = 5


def sentences(count, rng):
    """Sentences [count, 5] of word numbers: in each place any word that may stand there."""
    return 4 * np.array(ORDER) + rng.randint(4, size=[count, len(ORDER)])


def pairs(count, rng):
    """Words with a neighbour each, both [pairs], and words drawn at random, [pairs, 5]."""
    text = sentences(count, rng)
    words = np.concatenate([text[:, 1:].ravel(), text[:, :-1].ravel()])
    neighbours = np.concatenate([text[:, :-1].ravel(), text[:, 1:].ravel()])
    return words, neighbours, rng.randint(len(WORDS), size=[len(words), NEGATIVES])


def train(steps):
    """The loss of each step, and how alike the word vectors are, [20, 20] cosines."""
    tf.set_random_seed(1)
    word = tf.placeholder(tf.int32, [None], name="word")
    neighbour = tf.placeholder(tf.int32, [None], name="neighbour")
    negative = tf.placeholder(tf.int32, [None, NEGATIVES], name="negative")
    embeddings = tf.Variable(tf.random_uniform([len(WORDS), 8], -0.5, 0.5), name="embeddings")
    contexts = tf.Variable(tf.truncated_normal([len(WORDS), 8], stddev=0.3), name="contexts")
    vectors = tf.expand_dims(tf.nn.embedding_lookup(embeddings, word), 1)  # [pairs, 1, 8]
    candidates = tf.concat([tf.expand_dims(neighbour, 1), negative], axis=1)  # [pairs, 1 + 5]
    logits = tf.reduce_sum(vectors * tf.nn.embedding_lookup(contexts, candidates), axis=2)
    labels = tf.one_hot(tf.zeros_like(neighbour), 1 + NEGATIVES)  # only the first one is a neighbour
    entropies = tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)
    loss = tf.reduce_mean(tf.reduce_sum(entropies, axis=1))
    train_op = tf.train.AdagradOptimizer(0.5).minimize(loss)
    normalized = tf.nn.l2_normalize(embeddings, axis=1)
    likeness = tf.matmul(normalized, normalized, transpose_b=True)

    rng = np.random.RandomState(0)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(steps):
            words, neighbours, negatives = pairs(16, rng)
            feeds = {word: words, neighbour: neighbours, negative: negatives}
            _, loss_now = session.run([train_op, loss], feed_dict=feeds)
            yield loss_now, session.run(likeness)


def nearest(word, likeness):
    """The three words whose vectors point most nearly the same way."""
    return " ".join(WORDS[i] for i in np.argsort(-likeness[WORDS.index(word)])[1:4])


def main(_):
    for step, (loss, likeness) in enumerate(train(FLAGS.steps), 1):
        if step % 100 == 0:
            print("step %d: loss %.4f" % (step, loss))
            for word in ("the", "queen", "likes", "wise", "dogs"):
                print("nearest to %s: %s" % (word, nearest(word, likeness)))


if __name__ == "__main__":
    tf.app.flags.DEFINE_integer("steps", 300, "how many steps to train")
    tf.app.run()
