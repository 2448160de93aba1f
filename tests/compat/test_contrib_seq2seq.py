"""tf.contrib.seq2seq: decoders and their helpers, attention, beam search and the loss, against loops of NumPy."""

import itertools

import numpy as np
import pytest

import scopeflow as tf

s2s, rnn_cell = tf.contrib.seq2seq, tf.nn.rnn_cell
BATCH, TIME, DEPTH, UNITS, SYMBOLS = 3, 5, 4, 6, 7
LENGTHS = [5, 2, 3]


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as made:
        yield made


def values(*shape, seed=0, scale=1.0):
    return (np.random.RandomState(seed).uniform(-1, 1, shape) * scale).astype(np.float32)


def weights_of(variables):
    return {v.name: values(*v.shape.as_list(), seed=i + 1) for i, v in enumerate(variables)}


def run(fetches, feed=None, weights=None):
    """The fetches, with each variable's values drawn by its place, or given; and those values."""
    given = weights_of(tf.global_variables()) | (weights or {})
    with tf.Session() as session:
        for v in tf.global_variables():
            v.load(given[v.name], session)
        return session.run(fetches, feed), {name: value.astype(np.float64) for name, value in given.items()}


def names():
    return [v.name for v in tf.global_variables()]


def close(found, wanted, tolerance=1e-5):
    found, wanted = np.asarray(found, np.float64), np.asarray(wanted, np.float64)
    return found.shape == wanted.shape and not np.abs(found - wanted).max() > tolerance


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def lstm(w, prefix, x, c, h):
    sums = np.concatenate([x, h], 1) @ w[prefix + "kernel:0"] + w[prefix + "bias:0"]
    i, j, f, o = np.split(sums, 4, 1)
    c = c * sigmoid(f + 1) + sigmoid(i) * np.tanh(j)
    return c, np.tanh(c) * sigmoid(o)


# -- attention ------------------------------------------------------------------------------------------------------


def bahdanau(w, prefix, keys, query, normalize):
    v = w[prefix + "attention_v:0"]
    b = 0
    if normalize:
        v = w[prefix + "attention_g:0"] * v / np.sqrt((v * v).sum())
        b = w[prefix + "attention_b:0"]
    query = query @ w[prefix + "query_layer/kernel:0"]
    return np.array([[v @ np.tanh(k + q + b) for k in rows] for rows, q in zip(keys, query, strict=True)])


def luong(w, prefix, keys, query, scale):
    score = np.einsum("btd,bd->bt", keys, query)
    return score * w[prefix + "attention_g:0"] if scale else score


@pytest.mark.parametrize("masks", [True, False])
@pytest.mark.parametrize("option", [False, True])
@pytest.mark.parametrize("kind", ["bahdanau", "luong"])
def test_a_decoder_with_attention_follows_the_papers(kind, option, masks):
    memory, inputs = values(BATCH, TIME, DEPTH), values(BATCH, 4, 3, seed=1)
    steps = [4, 1, 3]
    make = s2s.BahdanauAttention if kind == "bahdanau" else s2s.LuongAttention
    mechanism = make(UNITS, tf.constant(memory), LENGTHS if masks else None, option)
    cell = s2s.AttentionWrapper(rnn_cell.BasicLSTMCell(UNITS), mechanism, 5, alignment_history=True)
    decoder = s2s.BasicDecoder(cell, s2s.TrainingHelper(inputs, steps), cell.zero_state(BATCH, tf.float32))
    outputs, state, lengths = s2s.dynamic_decode(decoder, impute_finished=True)
    prefix = "decoder/attention_wrapper/"
    inner = f"{prefix}{kind}_attention/"
    own = {"bahdanau": ["query_layer/kernel:0", "attention_v:0"], "luong": []}[kind]
    own += {"bahdanau": ["attention_g:0", "attention_b:0"], "luong": ["attention_g:0"]}[kind] if option else []
    assert names() == [
        "memory_layer/kernel:0", f"{prefix}basic_lstm_cell/kernel:0", f"{prefix}basic_lstm_cell/bias:0",
        *[inner + name for name in own], f"{prefix}attention_layer/kernel:0",
    ]  # fmt: skip
    (found, history, last, time, found_lengths), w = run(
        [outputs.rnn_output, state.alignment_history.stack(), state.attention, state.time, lengths]
    )

    inside = np.arange(TIME) < np.array(LENGTHS)[:, None] if masks else np.ones((BATCH, TIME), bool)
    rows = memory * inside[:, :, None]
    keys = rows @ w["memory_layer/kernel:0"]
    c = h = np.zeros((BATCH, UNITS))
    attention = np.zeros((BATCH, 5))
    wanted = np.zeros((BATCH, 4, 5))
    for t in range(4):
        going = (t < np.array(steps))[:, None]
        new_c, new_h = lstm(w, prefix + "basic_lstm_cell/", np.concatenate([inputs[:, t], attention], 1), c, h)
        score = (bahdanau if kind == "bahdanau" else luong)(w, inner, keys, new_h, option)
        alignments = softmax(np.where(inside, score, -np.inf))
        context = np.einsum("bt,btd->bd", alignments, rows)
        new = np.concatenate([new_h, context], 1) @ w[f"{prefix}attention_layer/kernel:0"]
        wanted[:, t] = np.where(going, new, 0)
        c, h, attention = (np.where(going, a, b) for a, b in ((new_c, c), (new_h, h), (new, attention)))
        assert close(history[t][going[:, 0]], alignments[going[:, 0]])
        assert not masks or not history[t][~inside].any()
    assert close(found, wanted) and close(last, attention)
    assert found_lengths.tolist() == steps and time == 4


# The means that TensorFlow 1.15 gives for these seeds, as its own tests have them: of the outputs, their argmax, the
# memory and output of the cell, the attention, and the alignments.
OF_TENSORFLOW = {
    "Bahdanau": (3, -0.002122893, 1.7333333333333334, -0.0040002423, -0.0019968653, -5.9313523e-05, 0.032228071),
    "Luong": (9, -0.0021257224, 1.7333333333333334, -0.0040003359, -0.001996913, -5.2024145e-05, 0.032198936),
}


@pytest.mark.parametrize("kind", OF_TENSORFLOW)
def test_seeded_decoders_give_the_numbers_of_tensorflow(kind):
    depth, *means = OF_TENSORFLOW[kind]
    tf.set_random_seed(87654321)
    normal = np.random.RandomState(87654321).randn
    inputs = tf.placeholder_with_default(normal(5, 4, 7).astype(np.float32), [None, None, 7])
    memory = tf.placeholder_with_default(normal(5, 8, 10).astype(np.float32), [None, None, 10])
    seeded = tf.glorot_uniform_initializer(seed=45)  # the seed that an initializer without one gets there
    with tf.variable_scope(tf.get_variable_scope(), initializer=seeded):
        make = getattr(s2s, f"{kind}MonotonicAttention")
        mechanism = make(depth, memory, [3, 2, 3, 1, 1], sigmoid_noise=1.0, sigmoid_noise_seed=3)
    with tf.variable_scope("root", initializer=tf.random_normal_initializer(stddev=0.01, seed=3)):
        cell = s2s.AttentionWrapper(rnn_cell.LSTMCell(9), mechanism, attention_layer_size=6)
        helper = s2s.TrainingHelper(inputs, [2, 0, 1, 2, 3])
        outputs, state, _ = s2s.dynamic_decode(s2s.BasicDecoder(cell, helper, cell.zero_state(5, tf.float32)))
    assert outputs.rnn_output.shape.as_list() == [5, None, 6] and outputs.sample_id.shape.as_list() == [5, None]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        found = session.run([*outputs, *state.cell_state, state.attention, state.alignments])
    assert [x.shape for x in found] == [(5, 3, 6), (5, 3), (5, 9), (5, 9), (5, 6), (5, 8)]
    for x, mean in zip(found, means, strict=True):
        assert not abs(x.mean() - mean) > 5e-9


def test_attention_that_only_moves_forward_follows_its_recurrence():
    rng = np.random.RandomState(1)
    p, before = rng.uniform(0, 0.9, (4, 9)), rng.dirichlet(np.ones(9), 4)
    hard_p = rng.randint(0, 2, (4, 9)).astype(float)
    hard_before = np.eye(9)[[0, 3, 8, 5]]

    def walked(p, before):
        reached = np.zeros_like(p)
        for i in range(p.shape[1]):
            reached[:, i] = before[:, i] + ((1 - p[:, i - 1]) * reached[:, i - 1] if i else 0)
        return p * reached

    (a, b, c), _ = run([
        s2s.monotonic_attention(p, before, "recursive"), s2s.monotonic_attention(p, before, "parallel"),
        s2s.monotonic_attention(hard_p, hard_before, "hard"),
    ])  # fmt: skip
    assert close(a, walked(p, before), 1e-12) and close(b, walked(p, before), 1e-9)
    assert close(c, walked(hard_p, hard_before), 0) and c.sum() >= 2
    with pytest.raises(ValueError, match="mode must be 'recursive', 'parallel', or 'hard'"):
        s2s.monotonic_attention(p, before, "soft")


def test_several_mechanisms_are_seen_side_by_side_and_the_cell_may_be_the_output():
    memories = [values(BATCH, TIME, DEPTH), values(BATCH, 2, 3, seed=7)]
    mechanisms = [s2s.LuongAttention(UNITS, tf.constant(memories[0])), s2s.BahdanauAttention(4, memories[1])]
    cell = s2s.AttentionWrapper(
        rnn_cell.GRUCell(UNITS), mechanisms, [2, 3], output_attention=False, alignment_history=True,
        cell_input_fn=lambda inputs, attention: inputs,
    )  # fmt: skip
    assert cell.output_size == UNITS and cell.state_size.attention == 5
    assert cell.state_size.alignments == (TIME, 2)
    state = cell.zero_state(BATCH, tf.float32)
    x = tf.constant(values(BATCH, 3, seed=5))
    output, state = cell(x, state)
    assert {"attention_wrapper/attention_layer_0/kernel:0", "attention_wrapper/attention_layer_1/kernel:0"} <= set(
        names()
    )
    (h, attention, alignments), w = run([output, state.attention, state.alignments])
    keys = memories[0] @ w["memory_layer/kernel:0"], memories[1] @ w["memory_layer_1/kernel:0"]
    scores = [
        np.einsum("btd,bd->bt", keys[0], h.astype(float)),
        bahdanau(w, "attention_wrapper/bahdanau_attention/", keys[1], h.astype(float), False),
    ]
    for i, score in enumerate(scores):
        assert close(alignments[i], softmax(score))
        context = np.einsum("bt,btd->bd", softmax(score), memories[i])
        layer = w[f"attention_wrapper/attention_layer_{i}/kernel:0"]
        assert close(attention[:, [slice(0, 2), slice(2, 5)][i]], np.concatenate([h, context], 1) @ layer)


def test_a_function_of_scores_and_a_mask_value_replace_softmax_and_infinity():
    seen = []

    def probabilities(score):
        seen.append(score)
        return s2s.hardmax(score)

    mechanism = s2s.LuongAttention(
        DEPTH, tf.constant(values(BATCH, TIME, DEPTH)), LENGTHS, probability_fn=probabilities, score_mask_value=-7.0
    )
    alignments, following = mechanism(tf.constant(values(BATCH, DEPTH, seed=3)), None)
    assert following is alignments
    (score, chosen), _ = run([seen[0], alignments])
    outside = np.arange(TIME) >= np.array(LENGTHS)[:, None]
    assert (score[outside] == -7).all() and (score[~outside] != -7).all()
    assert chosen.tolist() == np.eye(TIME)[score.argmax(1)].tolist()


def test_an_initial_cell_state_is_that_of_the_zero_state_and_clone_replaces_parts():
    memory = tf.constant(values(BATCH, TIME, DEPTH))
    start = rnn_cell.LSTMStateTuple(tf.constant(values(BATCH, UNITS)), tf.constant(values(BATCH, UNITS, seed=1)))
    mechanism = s2s.BahdanauAttention(UNITS, memory)
    given = s2s.AttentionWrapper(rnn_cell.LSTMCell(UNITS), mechanism, initial_cell_state=start)
    state = given.zero_state(BATCH, tf.float32)
    cloned = s2s.AttentionWrapper(rnn_cell.LSTMCell(UNITS), mechanism).zero_state(BATCH, tf.float32)
    cloned = cloned.clone(cell_state=start)
    assert isinstance(cloned, s2s.AttentionWrapperState)
    (a, b, wanted, attention), _ = run([state.cell_state, cloned.cell_state, start, state.attention])
    assert a[0].tolist() == b[0].tolist() == wanted[0].tolist() and a[1].tolist() == b[1].tolist()
    assert attention.shape == (BATCH, DEPTH) and not attention.any()  # no layer: the context is the attention
    with pytest.raises(ValueError, match="not compatible"):
        cloned.clone(attention=tf.zeros([BATCH, DEPTH + 1]))


def memory(batch=BATCH):
    return tf.placeholder(tf.float32, [batch, None, DEPTH])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: s2s.BahdanauAttention(2, tf.placeholder(tf.float32, [2, 3, None])), ValueError, "fully defined inner"),
        (lambda: s2s.LuongAttention(2, memory(), probability_fn=3), TypeError, "probability_fn must be callable"),
        (lambda: s2s.LuongAttention(2, memory())(tf.zeros([BATCH, 3]), None), ValueError, "you need to set num_units"),
        (lambda: s2s.AttentionWrapper(rnn_cell.GRUCell(2), 3), TypeError, "attention_mechanism must be an AttentionM"),
        (lambda: s2s.AttentionWrapper(rnn_cell.GRUCell(2), [3]), TypeError, "must contain only instances of"),
        (
            lambda: s2s.AttentionWrapper(rnn_cell.GRUCell(2), [s2s.LuongAttention(2, memory())], [1, 2]),
            ValueError, "exactly one integer per attention_mechanism, saw: 2 vs 1",
        ),
        (
            lambda: s2s.AttentionWrapper(
                rnn_cell.GRUCell(2), s2s.LuongAttention(2, memory()), 3, attention_layer=tf.layers.Dense(2)
            ),
            ValueError, "Only one of",
        ),
        (lambda: s2s.AttentionWrapper(3, s2s.LuongAttention(2, memory())), TypeError, "is not an RNNCell"),
        (
            lambda: s2s.AttentionWrapper(rnn_cell.GRUCell(2), s2s.LuongAttention(2, memory()))(tf.zeros([3, 2]), 1),
            TypeError, "Expected state to be instance of AttentionWrapperState",
        ),
        (lambda: s2s.TrainingHelper(tf.zeros([2, 3, 1]), 3), ValueError, "Expected sequence_length to be a vector"),
        (lambda: s2s.GreedyEmbeddingHelper(tf.zeros([2, 3]), 1, 0), ValueError, "start_tokens must be a vector"),
        (lambda: s2s.SampleEmbeddingHelper(tf.zeros([2, 3]), [1], [0]), ValueError, "end_token must be a scalar"),
        (lambda: s2s.BasicDecoder(rnn_cell.GRUCell(2), 3, None), TypeError, "helper must be a Helper"),
        (
            lambda: s2s.BasicDecoder(rnn_cell.GRUCell(2), s2s.TrainingHelper(tf.zeros([2, 3, 1]), [1, 1]), 0, 3),
            TypeError, "output_layer must be a Layer",
        ),
        (lambda: s2s.dynamic_decode(3), TypeError, "Expected decoder to be type Decoder"),
        (lambda: s2s.tile_batch(tf.constant(1), 2), ValueError, "t must have statically known rank"),
        (
            lambda: s2s.ScheduledEmbeddingTrainingHelper(tf.zeros([2, 3, 1]), [1, 1], tf.zeros([2, 1]), [[0.5]]),
            ValueError, "sampling_probability must be either a scalar or a vector",
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_batches_that_differ_and_lengths_of_nothing_are_refused_in_the_run():
    batch = tf.placeholder(tf.int32, [])
    cell = s2s.AttentionWrapper(rnn_cell.GRUCell(2), s2s.LuongAttention(2, memory(None)))
    state = cell.zero_state(batch, tf.float32)
    feed = {batch: 6, "Placeholder_1:0": values(BATCH, TIME, DEPTH)}
    with pytest.raises(tf.errors.InvalidArgumentError, match="tiled to beam_width via"):
        run(state.cell_state, feed)
    lengths = tf.placeholder(tf.int32, [None])
    empty = s2s.LuongAttention(DEPTH, tf.constant(values(2, TIME, DEPTH)), lengths)
    alignments, _ = empty(tf.zeros([2, DEPTH]), None)
    with pytest.raises(tf.errors.InvalidArgumentError, match="must greater than zero"):
        run(alignments, {lengths: [1, 0]})
    with pytest.raises(tf.errors.InvalidArgumentError, match="batch sizes do not match"):
        run(empty.values, {lengths: [1, 1, 1]})


# -- decoding and helpers -------------------------------------------------------------------------------------------


class Counter(s2s.Decoder):
    """Gives the time, and lets each sequence end at its own; its state counts steps."""

    batch_size, output_size, output_dtype = 3, tf.TensorShape([2]), tf.int32

    def __init__(self, ends):
        self.ends = tf.constant(ends)

    def initialize(self, name=None):
        return self.ends <= 0, tf.zeros([3]), tf.zeros([3], tf.int32)

    def step(self, time, inputs, state, name=None):
        return tf.fill([3, 2], time + 10), state + 1, inputs, time + 1 >= self.ends


@pytest.mark.parametrize("imputes", [True, False])
def test_sequences_run_until_all_have_ended(imputes):
    outputs, state, lengths = s2s.dynamic_decode(Counter([0, 3, 1]), impute_finished=imputes, output_time_major=True)
    (outputs, state, lengths), _ = run([outputs, state, lengths])
    assert outputs.shape == (3, 3, 2) and lengths.tolist() == [0, 3, 1]
    assert state.tolist() == ([0, 3, 1] if imputes else [3, 3, 3])
    assert outputs[..., 0].tolist() == ([[0, 10, 10], [0, 11, 0], [0, 12, 0]] if imputes else
                                        [[10] * 3, [11] * 3, [12] * 3])  # fmt: skip


@pytest.mark.parametrize("limit", [0, 2])
def test_a_limit_ends_decoding(limit):
    outputs, state, lengths = s2s.dynamic_decode(Counter([5, 1, 4]), maximum_iterations=tf.constant(limit))
    assert outputs.shape.as_list() == [3, None, 2]
    (outputs, state, lengths), _ = run([outputs, state, lengths])
    assert outputs.shape == (3, limit, 2) and lengths.tolist() == [limit, min(limit, 1), limit]
    with pytest.raises(ValueError, match="maximum_iterations must be a scalar"):
        s2s.dynamic_decode(Counter([1, 1, 1]), maximum_iterations=[1])


def test_a_greedy_decoder_feeds_back_what_it_chose_and_stops_at_the_end_token():
    table = np.float32(10) * np.roll(np.eye(5, dtype=np.float32), 1, axis=1)  # after symbol i comes i + 1

    class Echo(rnn_cell.RNNCell):
        state_size, output_size = 1, 5

        def call(self, inputs, state):
            return inputs, state + 1

    helper = s2s.GreedyEmbeddingHelper(tf.constant(table), [0, 2, 3], 4)
    outputs, _, lengths = s2s.dynamic_decode(s2s.BasicDecoder(Echo(), helper, tf.zeros([3, 1])))
    assert outputs.sample_id.dtype is tf.int32
    (ids, lengths), _ = run([outputs.sample_id, lengths])
    assert lengths.tolist() == [4, 2, 1]
    assert ids[0].tolist() == [1, 2, 3, 4] and ids[1, :2].tolist() == [3, 4] and ids[2, 0] == 4
    drawn = s2s.SampleEmbeddingHelper(tf.constant(table), [0, 2, 3], 4, softmax_temperature=0.01, seed=1)
    outputs, _, lengths = s2s.dynamic_decode(s2s.BasicDecoder(Echo(), drawn, tf.zeros([3, 1])))
    (ids, lengths), _ = run([outputs.sample_id, lengths])
    assert ids[0].tolist() == [1, 2, 3, 4] and lengths.tolist() == [4, 2, 1]


def test_samples_of_a_sampling_helper_are_drawn_by_the_logits():
    logits = np.log(np.array([0.1, 0.6, 0.3], np.float32))
    helper = s2s.SampleEmbeddingHelper(lambda ids: tf.zeros([4000, 3]), [0] * 4000, 7, seed=3)
    ids, _ = run(helper.sample(0, tf.constant(np.tile(logits, [4000, 1])), None))
    assert not np.abs(np.bincount(ids, minlength=3) / 4000 - [0.1, 0.6, 0.3]).max() > 0.03
    sharp = s2s.SampleEmbeddingHelper(lambda ids: tf.zeros([4000, 3]), [0] * 4000, 7, softmax_temperature=0.5, seed=3)
    ids, _ = run(sharp.sample(0, tf.constant(np.tile(logits, [4000, 1])), None))
    wanted = np.array([0.01, 0.36, 0.09]) / 0.46
    assert not np.abs(np.bincount(ids, minlength=3) / 4000 - wanted).max() > 0.03


@pytest.mark.parametrize("probability", [0.0, 1.0, 0.4])
def test_scheduled_sampling_feeds_some_rows_with_what_was_drawn(probability):
    batch = 2000
    inputs = values(batch, 3, 2)
    table = np.array([[10, 11], [20, 21], [30, 31]], np.float32)
    helper = s2s.ScheduledEmbeddingTrainingHelper(inputs, [3] * batch, tf.constant(table), probability, seed=1,
                                                  scheduling_seed=2)  # fmt: skip
    logits = tf.constant(np.tile(np.float32([-50, 50, -50]), [batch, 1]))
    ids = helper.sample(tf.constant(0), logits, ())
    finished, following, _ = helper.next_inputs(tf.constant(0), logits, (), ids)
    (ids, finished, following), _ = run([ids, finished, following])
    assert set(np.unique(ids)) <= {-1, 1} and not finished.any()
    assert not abs((ids == 1).mean() - probability) > 0.05
    assert following.tolist() == np.where((ids == 1)[:, None], table[1], inputs[:, 1]).tolist()


def test_scheduled_outputs_are_fed_with_their_auxiliary_inputs():
    batch = 500
    inputs, extra = values(batch, 3, 2), values(batch, 3, 1, seed=1)
    helper = s2s.ScheduledOutputTrainingHelper(
        inputs, [3] * batch, 0.5, seed=2, next_inputs_fn=lambda y: 2 * y, auxiliary_inputs=extra
    )
    outputs = values(batch, 2, seed=4)
    drawn = helper.sample(tf.constant(1), tf.constant(outputs), ())
    _, following, _ = helper.next_inputs(tf.constant(1), tf.constant(outputs), (), drawn)
    (first, drawn, following), _ = run([helper.initialize()[1], drawn, following])
    assert first.tolist() == np.concatenate([inputs[:, 0], extra[:, 0]], 1).tolist()
    assert 0.4 < drawn.mean() < 0.6
    made = np.where(drawn[:, None] == 1, 2 * outputs, inputs[:, 2])
    assert following.tolist() == np.concatenate([made, extra[:, 2]], 1).tolist()


def test_custom_and_inference_helpers_do_what_their_functions_do():
    class Add(rnn_cell.RNNCell):
        state_size, output_size = 1, 1

        def call(self, inputs, state):
            return inputs + state, state + 1

    inference = s2s.InferenceHelper(
        lambda outputs: outputs, [1], tf.float32, tf.ones([2, 1]), lambda x: x[:, 0] > 5, lambda x: x * 2
    )
    outputs, _, lengths = s2s.dynamic_decode(s2s.BasicDecoder(Add(), inference, tf.constant([[0.0], [2.0]])))
    custom = s2s.CustomHelper(
        lambda: (tf.constant([False, False]), tf.ones([2, 1])),
        lambda time, outputs, state: outputs[:, 0],
        lambda time, outputs, state, sample_ids: (sample_ids > 5, outputs * 2, state),
        sample_ids_dtype=tf.float32,
    )
    with pytest.raises(ValueError, match="batch_size accessed before initialize"):
        assert custom.batch_size
    second, _, again = s2s.dynamic_decode(s2s.BasicDecoder(Add(), custom, tf.constant([[0.0], [2.0]])), True)
    (a, lengths, b, again), _ = run([outputs.sample_id, lengths, second.sample_id, again])
    assert a[0, :, 0].tolist() == [1, 3, 8] and a[1, :2, 0].tolist() == [3, 9] and lengths.tolist() == [3, 2]
    assert b.T.tolist() == a[..., 0].tolist() and again.tolist() == [3, 2]


def test_an_output_layer_is_applied_at_each_step_and_gradients_flow_through_the_loop():
    inputs, ids = values(BATCH, 4, 3), np.array([[1, 2, 3, 0], [4, 0, 0, 0], [5, 6, 0, 0]])
    steps = [4, 1, 2]
    mechanism = s2s.BahdanauAttention(UNITS, tf.constant(values(BATCH, TIME, DEPTH)), LENGTHS)
    cell = s2s.AttentionWrapper(rnn_cell.BasicLSTMCell(UNITS), mechanism, 5)
    decoder = s2s.BasicDecoder(
        cell, s2s.TrainingHelper(inputs, steps), cell.zero_state(BATCH, tf.float32), tf.layers.Dense(SYMBOLS)
    )
    outputs, _, _ = s2s.dynamic_decode(decoder)
    assert outputs.rnn_output.shape.as_list() == [BATCH, None, SYMBOLS]
    loss = s2s.sequence_loss(outputs.rnn_output, ids, tf.sequence_mask(steps, dtype=tf.float32))
    variables = tf.trainable_variables()
    gradients = tf.gradients(loss, variables)
    start = weights_of(variables)
    found, _ = run(gradients)
    for v, gradient in zip(variables, found, strict=True):
        direction = values(*v.shape.as_list(), seed=99)
        step = 1e-2 * direction
        (up, _), (down, _) = (run(loss, weights={v.name: start[v.name] + sign * step}) for sign in (1, -1))
        slope = (float(up) - float(down)) / 2e-2
        assert not abs(slope - (gradient * direction).sum()) > 2e-3, v.name
        assert np.abs(gradient).max() > 1e-5


# -- beam search ----------------------------------------------------------------------------------------------------


class Markov(rnn_cell.RNNCell):
    """A cell whose logits depend on the symbol before, told by its one-hot row, and on the number of steps."""

    def __init__(self, tables):
        super().__init__()
        self.tables = tf.constant(tables)  # [steps, symbols, symbols]

    state_size = property(lambda self: 1)
    output_size = property(lambda self: self.tables.shape.as_list()[-1])

    def call(self, inputs, state):
        table = tf.gather(self.tables, tf.cast(state[:, 0], tf.int32))
        return tf.squeeze(tf.matmul(inputs[:, None], table), [1]), state + 1


def all_sequences(tables, start, end, steps, penalty):
    """Every sequence of at most `steps` symbols, ended by `end` or by the last step, with its score, the best first."""
    tables = tables.astype(np.float64)
    logs = tables - np.log(np.exp(tables).sum(-1, keepdims=True))
    found = {}
    for ids in itertools.product(range(tables.shape[-1]), repeat=steps):
        length = ids.index(end) + 1 if end in ids else steps
        ids = ids[:length]
        total = sum(logs[t][before][now] for t, (before, now) in enumerate(zip((start, *ids), ids, strict=False)))
        counted = length - (length == steps and ids[-1] == end)  # an end token counts only from the step after it on
        found[ids] = total / ((5 + counted) / 6) ** penalty
    return sorted(found.items(), key=lambda pair: -pair[1])


@pytest.mark.parametrize("penalty", [0.0, 1.0])
def test_a_beam_as_wide_as_all_sequences_finds_the_best_in_their_order(penalty):
    symbols, end, steps, start = 3, 2, 3, [0, 1]
    tables = values(steps, symbols, symbols, seed=5, scale=2)
    width = 15  # 1 + 2 + 4 sequences that end, and 8 that do not
    best = [all_sequences(tables, s, end, steps, penalty) for s in start]
    assert len(best[0]) == width
    decoder = s2s.BeamSearchDecoder(
        Markov(tables), tf.eye(symbols), start, end, s2s.tile_batch(tf.zeros([2, 1]), width), width,
        length_penalty_weight=penalty,
    )  # fmt: skip
    outputs, state, _ = s2s.dynamic_decode(decoder, maximum_iterations=steps)
    assert outputs.predicted_ids.shape.as_list() == [2, None, width]
    assert isinstance(outputs, s2s.FinalBeamSearchDecoderOutput) and isinstance(state, s2s.BeamSearchDecoderState)
    (ids, lengths, log_probs, scores), _ = run(
        [outputs.predicted_ids, state.lengths, state.log_probs, outputs.beam_search_decoder_output.scores]
    )
    for entry in range(2):
        for beam, (wanted, score) in enumerate(best[entry]):
            length = lengths[entry, beam]
            assert tuple(ids[entry, :length, beam]) == wanted
            assert (ids[entry, length:, beam] == end).all()
            if penalty == 0:
                assert not abs(log_probs[entry, beam] - score) > 1e-5
    assert (np.diff(scores[:, -1], axis=1) <= 0).all()


def test_a_narrow_beam_of_one_is_greedy_search():
    tables = values(6, 5, 5, seed=8, scale=2)
    beam = s2s.BeamSearchDecoder(Markov(tables), tf.eye(5), [1, 2, 3], 4, tf.zeros([3, 1]), 1)
    found, _, _ = s2s.dynamic_decode(beam, maximum_iterations=6)
    helper = s2s.GreedyEmbeddingHelper(tf.eye(5), [1, 2, 3], 4)
    greedy, _, lengths = s2s.dynamic_decode(s2s.BasicDecoder(Markov(tables), helper, tf.zeros([3, 1])),
                                            maximum_iterations=6)  # fmt: skip
    (ids, wanted, lengths), _ = run([found.predicted_ids, greedy.sample_id, lengths])
    assert len(set(lengths.tolist())) > 1
    for entry in range(3):
        assert ids[entry, : lengths[entry], 0].tolist() == wanted[entry, : lengths[entry]].tolist()


def test_one_step_of_a_search_keeps_finished_beams_at_the_end_token():
    logits = np.full([2, 3, 5], 0.0001, np.float32)
    logits[0, 0, 2:4], logits[0, 1, 3:] = [1.9, 2.1], [3.1, 0.9]
    logits[1, 0, 1], logits[1, 1, 2], logits[1, 2, 2:4] = 0.5, 5.7, [1.0, 0.2]
    decoder = s2s.BeamSearchDecoder(
        Markov(values(1, 5, 5)), tf.eye(5), [0, 0], 0, tf.zeros([6, 1]), 3, length_penalty_weight=0.6
    )
    finished = [[False, True, False], [False, False, True]]
    before = s2s.BeamSearchDecoderState(
        tf.zeros([2, 3, 1]), tf.nn.log_softmax(tf.ones([2, 3])), tf.constant(finished),
        tf.constant([[2, 1, 2], [2, 2, 1]], tf.int64), (),
    )  # fmt: skip
    (output, after), _ = run(decoder._next(tf.constant(logits), tf.zeros([2, 3, 1]), before))
    assert output.predicted_ids.tolist() == [[0, 3, 2], [2, 0, 1]]  # as TensorFlow's own test has it
    assert output.parent_ids.tolist() == [[1, 0, 0], [1, 2, 0]]
    assert after.lengths.tolist() == [[1, 3, 3], [3, 1, 3]]
    assert after.finished.tolist() == [[True, False, False], [False, True, False]]
    logs = np.log(softmax(logits.astype(np.float64))) - np.log(3)
    assert close(after.log_probs, [[-np.log(3), logs[0, 0, 3], logs[0, 0, 2]],
                                   [logs[1, 1, 2], -np.log(3), logs[1, 0, 1]]], 1e-6)  # fmt: skip


def test_coverage_costs_a_finished_beam_what_it_has_not_looked_at():
    mechanism = s2s.LuongAttention(2, tf.constant(values(2, 3, 2)))
    cell = s2s.AttentionWrapper(rnn_cell.GRUCell(2), mechanism)
    decoder = s2s.BeamSearchDecoder(
        cell, tf.zeros([4, 2]), [1], 0, cell.zero_state(2, tf.float32), 2, coverage_penalty_weight=0.7
    )
    _, _, state = decoder.initialize()
    assert state.accumulated_attention_probs.shape.as_list() == [1, 2, 3]
    seen = np.array([[[0.5, 0.0, 1.5], [0.2, 0.9, 1.0]]], np.float32)
    finished = np.array([[True, False]])
    logs = values(1, 2, 4)
    before = state._replace(finished=tf.constant(finished))
    scores, _ = run(decoder._scores(tf.constant(logs), before, 4, tf.constant(seen)))
    wanted = logs.astype(np.float64)
    wanted[0, 0] += 0.7 * np.log(0.5)  # what was never seen lies beyond the memory, what was seen twice is covered
    assert close(scores, wanted, 1e-6)
    with pytest.raises(ValueError, match=r"coverage_penalty_weight must be 0.0 if no cell is attentional"):
        s2s.BeamSearchDecoder(
            Markov(values(1, 5, 5)), tf.eye(5), [0], 0, tf.zeros([2, 1]), 2, coverage_penalty_weight=0.5
        ).initialize()


def test_arrays_in_the_state_are_sorted_along_the_beams_or_left_alone():
    width, table = 3, tf.constant(values(SYMBOLS, DEPTH, seed=3))
    layer = tf.layers.Dense(SYMBOLS)
    tiled = s2s.tile_batch(tf.constant(values(2, TIME, DEPTH)), width)
    cell = s2s.AttentionWrapper(rnn_cell.GRUCell(DEPTH), s2s.LuongAttention(DEPTH, tiled), alignment_history=True)
    found = []
    for reorders in (True, False):
        start = cell.zero_state(2 * width, tf.float32)
        decoder = s2s.BeamSearchDecoder(
            cell, table, [1, 2], 0, start, width, layer, reorder_tensor_arrays=reorders
        )  # fmt: skip
        outputs, state, _ = s2s.dynamic_decode(decoder, maximum_iterations=5, scope="search")
        history = state.cell_state.alignment_history
        assert isinstance(history, tf.Tensor if reorders else tf.TensorArray)
        steps = outputs.beam_search_decoder_output
        found.append([history if reorders else history.stack(), steps.parent_ids, state.lengths])
    ((ordered, _, _), (raw, parents, lengths)), _ = run(found)
    parents = parents.transpose(1, 0, 2)
    assert ordered.shape == raw.shape == (5, 6, TIME) and np.abs(ordered - raw).max() > 1e-3
    own = np.broadcast_to(np.arange(width), parents.shape)
    places = naive_tree(own, parents, lengths.max(1), width + 1)
    for t, b, k in itertools.product(range(5), range(2), range(width)):
        place = places[t, b, k] if t < lengths[b, k] else k
        assert ordered[t, b * width + k].tolist() == raw[t, b * width + place].tolist()


def naive_tree(steps, parents, lengths, end):
    found = np.full(steps.shape, end)
    for b, k in itertools.product(range(steps.shape[1]), range(steps.shape[2])):
        last, place = min(steps.shape[0], lengths[b]) - 1, k
        for t in range(last, -1, -1):
            found[t, b, k] = steps[t, b, place]
            place = parents[t, b, place]
        ends = np.flatnonzero(found[:, b, k] == end)
        found[ends[0] if len(ends) else len(found) :, b, k] = end
    return found


def test_gather_tree_follows_parents_from_the_end():
    rng = np.random.RandomState(3)
    steps, parents = rng.randint(0, 6, (7, 4, 3)), rng.randint(0, 3, (7, 4, 3))
    lengths = np.array([7, 0, 3, 9])
    found, _ = run(s2s.gather_tree(steps, parents, lengths, 5))
    assert found.dtype == np.int32 and found.tolist() == naive_tree(steps, parents, lengths, 5).tolist()
    parents[6, 0, 1] = 3
    with pytest.raises(
        tf.errors.InvalidArgumentError, match=r"invalid parent id 3 at \(batch, time, beam\) == \(0, 6, 1\)"
    ):
        run(s2s.gather_tree(steps, parents, lengths, 5))
    run(s2s.gather_tree(steps, parents, [6, 0, 3, 9], 5))  # beyond the end nothing is read


@pytest.mark.parametrize("merged", [False, True])
def test_arrays_of_beams_are_sorted_along_their_parents(merged):
    array = np.array([[[1, 2, 3], [4, 5, 6], [7, 8, 9], [0, 0, 0]], [[2, 3, 4], [5, 6, 7], [8, 9, 10], [11, 12, 0]]])
    parents = np.array([[[0, 0, 0], [0, 1, 1], [2, 1, 2], [-1] * 3], [[0, 0, 0], [1, 1, 0], [2, 0, 1], [0, 1, 0]]])
    wanted = np.array([[[2, 2, 2], [6, 5, 6], [7, 8, 9], [0, 0, 0]], [[2, 3, 2], [7, 5, 7], [8, 9, 8], [11, 12, 0]]])
    array, parents, wanted = (x.transpose(1, 0, 2) for x in (array, parents, wanted))
    deep = np.stack([array, array + 1], -1).astype(np.float32)
    given = deep.reshape(4, 6, 2) if merged else deep
    found, _ = run(s2s.gather_tree_from_array(given, parents, [[3, 3, 3], [4, 4, 3]]))
    assert found.shape == given.shape  # the numbers are those of TensorFlow's own test
    assert found.reshape(4, 2, 3, 2).tolist() == np.stack([wanted, wanted + 1], -1).tolist()


def test_batches_are_tiled_entry_by_entry():
    flat, nested = tf.placeholder(tf.int32, [None, 2]), {"a": tf.constant([1, 2]), "b": tf.zeros([2, 1, 3])}
    tiled = s2s.tile_batch({"x": flat, **nested}, 2)
    assert tiled["x"].shape.as_list() == [None, 2] and tiled["b"].shape.as_list() == [4, 1, 3]
    found, _ = run(tiled, {flat: [[1, 2], [3, 4]]})
    assert found["x"].tolist() == [[1, 2], [1, 2], [3, 4], [3, 4]] and found["a"].tolist() == [1, 1, 2, 2]


def test_a_state_that_was_not_tiled_is_refused():
    with pytest.raises(ValueError, match="Perhaps you forgot to create a zero_state with batch_size=encoder_batch_si"):
        s2s.BeamSearchDecoder(Markov(values(1, 5, 5)), tf.eye(5), [0, 1], 0, tf.zeros([2, 1]), 3)


# -- the loss -------------------------------------------------------------------------------------------------------

AVERAGES = list(itertools.product(["average", "sum", None], repeat=2))


@pytest.mark.parametrize(("over_time", "over_batch"), AVERAGES, ids=[f"{t} {b}" for t, b in AVERAGES])
def test_losses_of_sequences_are_averaged_as_asked(over_time, over_batch):
    logits, targets = values(2, 4, 3), np.array([[0, 1, 2, 1], [2, 2, 0, 0]])
    weights = np.array([[1, 0.5, 0, 0], [2, 1, 1, 0]], np.float32)
    losses = -np.log(softmax(logits.astype(np.float64)))[np.arange(2)[:, None], np.arange(4), targets] * weights
    how = {"average_across_timesteps": over_time == "average", "sum_over_timesteps": over_time == "sum",
           "average_across_batch": over_batch == "average", "sum_over_batch": over_batch == "sum"}  # fmt: skip
    found, _ = run(s2s.sequence_loss(logits, targets, weights, **how))
    counts = weights if "average" in (over_time, over_batch) else (weights != 0) * 1.0
    kind = "average" if "average" in (over_time, over_batch) else "sum"
    axes = tuple(axis for axis, way in enumerate((over_batch, over_time)) if way == kind)
    if axes:
        total, count = losses.sum(axes), counts.sum(axes)
        wanted = np.where(count == 0, 0, total / np.where(count == 0, 1, count))
    else:
        wanted = losses
    assert close(found, wanted, 1e-6)


def test_another_loss_gets_flat_labels_and_bad_arguments_are_refused():
    def halves(labels, logits):
        assert labels.shape.ndims == 1 and logits.shape.ndims == 2
        return tf.cast(labels, tf.float32) / 2

    logits, targets, ones = tf.zeros([2, 2, 5]), tf.constant([[1, 2], [3, 4]]), tf.ones([2, 2])
    assert run(s2s.sequence_loss(logits, targets, ones, softmax_loss_function=halves))[0] == 1.25
    for arguments, message in (
        ((tf.zeros([2, 2]), targets, ones), r"Logits must be a \[batch_size x sequence_length x logits\] tensor"),
        ((logits, tf.zeros([2]), ones), r"Targets must be a \[batch_size x sequence_length\] tensor"),
        ((logits, targets, tf.ones([2])), r"Weights must be a \[batch_size x sequence_length\] tensor"),
    ):
        with pytest.raises(ValueError, match=message):
            s2s.sequence_loss(*arguments)
    with pytest.raises(ValueError, match="average_across_batch and sum_over_batch cannot be set to True"):
        s2s.sequence_loss(logits, targets, ones, sum_over_batch=True)


def test_hardmax_marks_the_first_of_the_greatest():
    assert run(s2s.hardmax([[1.0, 3.0, 3.0], [-1.0, -2.0, -3.0]]))[0].tolist() == [[0, 1, 0], [1, 0, 0]]


def test_attention_of_beams_that_have_ended_is_not_accumulated():
    cell = s2s.AttentionWrapper(rnn_cell.GRUCell(2), s2s.LuongAttention(2, tf.constant(values(2, 3, 2))))
    decoder = s2s.BeamSearchDecoder(
        cell, tf.zeros([4, 2]), [1], 0, cell.zero_state(2, tf.float32), 2, coverage_penalty_weight=0.7
    )
    _, _, state = decoder.initialize()
    seen, now = values(1, 2, 3, seed=1) ** 2 + 1, values(1, 2, 3, seed=2) ** 2  # covered already, which costs nothing
    finished = np.array([[True, False]])
    before = state._replace(
        finished=tf.constant(finished), log_probs=tf.zeros([1, 2]), accumulated_attention_probs=tf.constant(seen)
    )
    (output, after), _ = run(
        decoder._next(tf.zeros([1, 2, 4]), state.cell_state._replace(alignments=tf.constant(now)), before)
    )
    wanted = seen + now * ~finished[..., None]
    assert sorted(output.parent_ids[0]) == [0, 1]
    assert close(after.accumulated_attention_probs[0], wanted[0, output.parent_ids[0]], 1e-6)


def searched():
    """What a beam search with attention finds, and what its attention was."""
    tiled = s2s.tile_batch(tf.constant(values(2, TIME, DEPTH)), 3)
    mechanism = s2s.BahdanauAttention(UNITS, tiled, s2s.tile_batch(tf.constant([5, 3]), 3))
    cell = s2s.AttentionWrapper(rnn_cell.BasicLSTMCell(UNITS), mechanism, 5, alignment_history=True)
    decoder = s2s.BeamSearchDecoder(
        cell, tf.constant(values(SYMBOLS, DEPTH)), [1, 2], 0, cell.zero_state(6, tf.float32), 3,
        tf.layers.Dense(SYMBOLS), 0.5, 0.2,
    )  # fmt: skip
    outputs, state, lengths = s2s.dynamic_decode(decoder, maximum_iterations=4)
    return run([outputs.predicted_ids, state.log_probs, lengths, state.cell_state.alignment_history])[0]


@pytest.fixture
def on_the_host():
    with tf.Graph().as_default():
        return searched()


def test_a_search_finds_the_same_where_arrays_lie_on_a_device(on_the_host, stand_in_cupy):
    found = searched()
    assert found[0].tolist() == on_the_host[0].tolist() and found[2].tolist() == on_the_host[2].tolist()
    assert close(found[1], on_the_host[1], 1e-6) and close(found[3], on_the_host[3], 1e-6)
