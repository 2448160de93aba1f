"""tf.contrib.crf against sums and maxima over all sequences of tags."""

import itertools

import numpy as np
import pytest

import scopeflow as tf

crf = tf.contrib.crf
BATCH, TIME, TAGS = 4, 4, 3
LENGTHS = np.array([4, 1, 2, 3])
RNG = np.random.RandomState(7)
SCORES, TRANSITIONS = RNG.randn(BATCH, TIME, TAGS), RNG.randn(TAGS, TAGS)
GOLD = RNG.randint(0, TAGS, (BATCH, TIME))


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as made:
        yield made


def run(fetches, feed=None):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(fetches, feed)


def score_of(scores, tags):
    unary = sum(scores[t][tag] for t, tag in enumerate(tags))
    return unary + sum(TRANSITIONS[a][b] for a, b in itertools.pairwise(tags))


def every(entry, allowed=None):
    """{tags: score} of all sequences of an entry."""
    choices = [range(TAGS) if allowed is None else np.flatnonzero(allowed[t]) for t in range(LENGTHS[entry])]
    return {tags: score_of(SCORES[entry], tags) for tags in itertools.product(*choices)}


def log_sum(values):
    return np.log(np.sum(np.exp(list(values))))


def test_scores_and_norms_are_those_of_all_sequences():
    found = run([
        crf.crf_sequence_score(SCORES, GOLD, LENGTHS, TRANSITIONS), crf.crf_log_norm(SCORES, LENGTHS, TRANSITIONS),
        crf.crf_unary_score(GOLD, LENGTHS, SCORES), crf.crf_binary_score(GOLD, LENGTHS, TRANSITIONS),
    ])  # fmt: skip
    for b, length in enumerate(LENGTHS):
        tags = GOLD[b, :length]
        unary = sum(SCORES[b, t, tag] for t, tag in enumerate(tags))
        wanted = [score_of(SCORES[b], tags), log_sum(every(b).values()), unary, score_of(SCORES[b], tags) - unary]
        assert not np.abs([x[b] for x in found] - np.array(wanted)).max() > 1e-12


def test_likelihoods_of_all_sequences_are_probabilities():
    inputs = tf.constant(np.repeat(SCORES[:1, :3], TAGS**3, 0).astype(np.float32))
    tags = np.array(list(itertools.product(range(TAGS), repeat=3)))
    likelihood, transitions = crf.crf_log_likelihood(inputs, tags, [3] * TAGS**3)
    assert [v.name for v in tf.trainable_variables()] == ["transitions:0"] and transitions.shape.as_list() == [3, 3]
    assert not abs(np.exp(run(likelihood)).sum() - 1) > 1e-5
    with tf.variable_scope(tf.get_variable_scope(), reuse=True):
        assert crf.crf_log_likelihood(inputs, tags, [3] * TAGS**3)[1] is transitions


def test_gradients_of_the_likelihood_are_those_of_finite_differences():
    inputs, transitions = tf.placeholder(tf.float64, [BATCH, None, TAGS]), tf.placeholder(tf.float64, [TAGS, TAGS])
    loss = tf.reduce_sum(crf.crf_log_likelihood(inputs, GOLD, LENGTHS, transitions)[0])
    at = {inputs: SCORES, transitions: TRANSITIONS}
    gradients = run(tf.gradients(loss, [inputs, transitions]), at)
    assert not gradients[0][1, 1:].any() and np.abs(gradients[0][0]).min() > 1e-6
    for placeholder, gradient in zip(at, gradients, strict=True):
        step = 1e-6 * np.random.RandomState(1).randn(*gradient.shape)
        up, down = (run(loss, {**at, placeholder: at[placeholder] + s * step}) for s in (1, -1))
        assert not abs((up - down) / 2 - (gradient * step).sum()) > 1e-12


@pytest.mark.parametrize("known", [True, False])
def test_decoding_finds_the_best_of_all_sequences(known):
    scores = tf.constant(SCORES) if known else tf.placeholder(tf.float64, [None, None, TAGS])
    tags, best = crf.crf_decode(scores, TRANSITIONS, LENGTHS)
    assert tags.dtype is tf.int32 and tags.shape.as_list() == [BATCH, TIME if known else None]
    tags, best = run([tags, best], {} if known else {scores: SCORES})
    for b, length in enumerate(LENGTHS):
        wanted = max(every(b).items(), key=lambda pair: pair[1])
        assert tuple(tags[b, :length]) == wanted[0] and not tags[b, length:].any()
        assert not abs(best[b] - wanted[1]) > 1e-12
        alone, score = crf.viterbi_decode(SCORES[b, :length], TRANSITIONS)
        assert tuple(alone) == wanted[0] and not abs(score - wanted[1]) > 1e-12


def test_one_step_alone_and_empty_sequences_have_their_scores():
    one = SCORES[:, :1]
    norm, tags, best = run([
        crf.crf_log_norm(one, [1, 1, 0, 1], TRANSITIONS), *crf.crf_decode(one, TRANSITIONS, [1] * BATCH)
    ])  # fmt: skip
    wanted = np.log(np.exp(one[:, 0]).sum(1)) * [1, 1, 0, 1]
    assert not np.abs(norm - wanted).max() > 1e-12 and norm[2] == 0
    assert tags.tolist() == one.argmax(2).tolist() and best.tolist() == one[:, 0].max(1).tolist()


def test_several_tags_allowed_at_a_step_count_all_their_sequences():
    allowed = np.random.RandomState(3).rand(BATCH, TIME, TAGS) < 0.6
    allowed[..., 0] = True
    found = run(crf.crf_multitag_sequence_score(SCORES, allowed, LENGTHS, TRANSITIONS))
    for b in range(BATCH):
        assert not abs(found[b] - log_sum(every(b, allowed[b]).values())) > 1e-12
