"""tf.contrib.rnn and legacy_seq2seq: cells, stacks, decoders and losses of sequences."""

import numpy as np
import pytest

import scopeflow as tf

rnn, seq = tf.contrib.rnn, tf.contrib.legacy_seq2seq
BATCH, STEPS, DEPTH, UNITS = 3, 4, 5, 2


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as made:
        yield made


def values(*shape, seed=0):
    return np.random.RandomState(seed).uniform(-1, 1, shape).astype(np.float32)


def run(fetches, weights=None):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for i, v in enumerate(tf.global_variables()):
            v.load((weights or {}).get(v.name, values(*v.shape.as_list(), seed=i + 1)), session)
        return session.run(fetches)


def names():
    return [v.name for v in tf.global_variables()]


def test_cells_and_networks_are_those_of_nn():
    for name in ("BasicLSTMCell", "BasicRNNCell", "GRUCell", "LSTMCell", "MultiRNNCell", "DropoutWrapper", "RNNCell"):
        assert getattr(rnn, name) is getattr(tf.nn.rnn_cell, name)
    assert rnn.static_rnn is tf.nn.static_rnn and rnn.static_bidirectional_rnn is tf.nn.static_bidirectional_rnn


def test_a_block_cell_computes_what_an_lstm_cell_computes():
    x, state = tf.constant(values(BATCH, DEPTH)), [values(BATCH, UNITS, seed=i) for i in (8, 9)]
    outputs = []
    for name, cell in (
        ("a", rnn.LSTMBlockCell(UNITS, 0.5, 0.3, True)),
        ("b", rnn.LSTMCell(UNITS, True, 0.3, forget_bias=0.5)),
    ):
        with tf.variable_scope(name):
            outputs.append(cell(x, rnn.LSTMStateTuple(*map(tf.constant, state))))
    assert {"a/lstm_cell/kernel:0", "a/lstm_cell/bias:0", "a/lstm_cell/w_i_diag:0"} <= set(names())
    same = {f"b/{n[2:]}": values(*v.shape.as_list(), seed=i + 1)
            for i, (n, v) in enumerate(zip(names(), tf.global_variables(), strict=True)) if n[0] == "a"}  # fmt: skip
    (a, (ac, _)), (b, (bc, _)) = run(outputs, same)
    assert a.tolist() == b.tolist() and ac.tolist() == bc.tolist() and np.abs(ac).max() <= 0.3


def sigmoid(x):
    return 1 / (1 + np.exp(-x.astype(np.float64)))


def normalised(x, gamma, beta):
    return (x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True) * gamma + beta


@pytest.mark.parametrize("normalises", [True, False])
def test_a_layer_normalised_lstm_follows_its_formula(normalises):
    units = 6
    x, c, h = values(BATCH, DEPTH), values(BATCH, units, seed=1), values(BATCH, units, seed=2)
    cell = rnn.LayerNormBasicLSTMCell(units, 0.5, layer_norm=normalises, norm_gain=0.75, norm_shift=0.25)
    output, state = cell(tf.constant(x), (tf.constant(c), tf.constant(h)))
    gates = ["input", "transform", "forget", "output", "state"]
    inner = [f"{gate}/{part}" for gate in gates for part in ("gamma", "beta")] if normalises else ["bias"]
    assert names() == [f"layer_norm_basic_lstm_cell/{n}:0" for n in ["kernel", *inner]]
    starts = [v.initializer for v in tf.global_variables()]
    with tf.Session() as session:
        session.run(starts)
        if normalises:
            assert session.run(tf.global_variables()[1:3])[0].tolist() == [0.75] * units
            assert session.run(tf.global_variables()[2]).tolist() == [0.25] * units
        weights = dict(zip(names(), [values(*v.shape.as_list(), seed=i) for i, v in enumerate(tf.global_variables())],
                           strict=True))  # fmt: skip
    found, (new_c, new_h) = run([output, state], weights)

    def w(name):
        return weights[f"layer_norm_basic_lstm_cell/{name}:0"].astype(np.float64)

    sums = np.concatenate([x, h], 1).astype(np.float64) @ w("kernel")
    if not normalises:
        sums += w("bias")
    parts = np.split(sums, 4, 1)
    if normalises:
        parts = [normalised(p, w(f"{g}/gamma"), w(f"{g}/beta")) for p, g in zip(parts, gates, strict=False)]
    i, j, f, o = parts
    want_c = c * sigmoid(f + 0.5) + sigmoid(i) * np.tanh(j)
    if normalises:
        want_c = normalised(want_c, w("state/gamma"), w("state/beta"))
    want_h = np.tanh(want_c) * sigmoid(o)
    assert not np.abs(new_c - want_c).max() > 1e-4
    assert not np.abs(found - want_h).max() > 1e-4 and found.tolist() == new_h.tolist()


def test_dropout_of_a_layer_normalised_lstm_is_of_what_is_written():
    cell = rnn.LayerNormBasicLSTMCell(50, layer_norm=False, dropout_keep_prob=0.5, dropout_prob_seed=3)
    _, state = cell(tf.constant(values(BATCH, DEPTH)), cell.zero_state(BATCH, tf.float32))
    share = np.mean(run(state.c) == 0)
    assert 0.3 < share < 0.7


def test_wrappers_embed_and_project():
    table, kernel = values(7, DEPTH, seed=4), values(DEPTH, UNITS, seed=5)
    cell = rnn.EmbeddingWrapper(rnn.BasicRNNCell(UNITS), 7, DEPTH)
    output, _ = cell(tf.constant([[6], [0], [6]]), tf.zeros([3, UNITS]))
    projected, _ = rnn.OutputProjectionWrapper(rnn.BasicRNNCell(UNITS), 4, tf.nn.relu)(
        tf.zeros([3, DEPTH]), tf.zeros([3, UNITS])
    )
    before, _ = rnn.InputProjectionWrapper(rnn.BasicRNNCell(UNITS), 3)(tf.zeros([3, DEPTH]), tf.zeros([3, UNITS]))
    assert names() == [
        "embedding_wrapper/embedding:0", "embedding_wrapper/basic_rnn_cell/kernel:0",
        "embedding_wrapper/basic_rnn_cell/bias:0", "output_projection_wrapper/basic_rnn_cell/kernel:0",
        "output_projection_wrapper/basic_rnn_cell/bias:0", "output_projection_wrapper/kernel:0",
        "output_projection_wrapper/bias:0", "input_projection_wrapper/kernel:0", "input_projection_wrapper/bias:0",
        "input_projection_wrapper/basic_rnn_cell/kernel:0", "input_projection_wrapper/basic_rnn_cell/bias:0",
    ]  # fmt: skip
    assert projected.shape.as_list() == [3, 4] and before.shape.as_list() == [3, UNITS]
    whole = np.concatenate([kernel, values(UNITS, UNITS, seed=6)])
    found = run(output, {
        "embedding_wrapper/embedding:0": table, "embedding_wrapper/basic_rnn_cell/kernel:0": whole,
        "embedding_wrapper/basic_rnn_cell/bias:0": np.zeros(UNITS, np.float32),
    })  # fmt: skip
    assert not np.abs(found - np.tanh(table[[6, 0, 6]] @ kernel)).max() > 1e-5


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rnn.OutputProjectionWrapper(rnn.GRUCell(2), 0), "output_size must be > 0: 0"),
        (lambda: rnn.EmbeddingWrapper(rnn.GRUCell(2), 0, 2), "must be > 0: 0, 2"),
        (lambda: rnn.stack_bidirectional_rnn(rnn.GRUCell(2), [], []), "cells_fw must be a list of RNNCells"),
        (lambda: rnn.stack_bidirectional_dynamic_rnn([rnn.GRUCell(2)] * 2, [rnn.GRUCell(2)], None), "same depth"),
        (lambda: rnn.stack_bidirectional_rnn([rnn.GRUCell(2)], [rnn.GRUCell(2)], [], []), "initial_states_fw must be"),
        (lambda: seq.sequence_loss([1], [1, 2], [1]), "must be the same 1, 1, 2"),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_stacks_of_both_kinds_agree_and_feed_each_layer_with_the_one_below():
    x, lengths = values(BATCH, STEPS, DEPTH), tf.constant([4, 2, 3])

    def cells():
        return [rnn.GRUCell(UNITS), rnn.GRUCell(3)]

    with tf.variable_scope("a"):
        dynamic, fw, bw = rnn.stack_bidirectional_dynamic_rnn(
            cells(), cells(), tf.constant(x), dtype=tf.float32, sequence_length=lengths
        )
    with tf.variable_scope("b"):
        static, sfw, sbw = rnn.stack_bidirectional_rnn(
            cells(), cells(), tf.unstack(tf.constant(x), axis=1), dtype=tf.float32, sequence_length=lengths
        )
    place = "stack_bidirectional_rnn/cell_1/bidirectional_rnn/bw/gru_cell/gates/kernel:0"
    assert f"a/{place}" in names() and f"b/{place}" in names()
    assert tf.get_default_graph().get_tensor_by_name(f"a/{place}").shape.as_list() == [2 * UNITS + 3, 6]
    same = {n: values(*v.shape.as_list(), seed=len(n)) for n, v in zip(names(), tf.global_variables(), strict=True)}
    a, b, *states = run([dynamic, tf.stack(static, 1), fw, sfw, bw, sbw], same)
    assert a.shape == (BATCH, STEPS, 6) and not np.abs(a - b).max() > 1e-5 and a.std() > 0.05
    for one, other in (states[:2], states[2:]):
        assert all(not np.abs(p - q).max() > 1e-5 for p, q in zip(one, other, strict=True))


def test_a_decoder_feeds_back_what_its_loop_function_makes():
    inputs, kernel = values(STEPS, BATCH, UNITS), values(2 * UNITS, UNITS, seed=3)
    seen = []

    def loop(previous, i):
        seen.append(i)
        return previous * 2.0

    outputs, state = seq.rnn_decoder(
        tf.unstack(tf.constant(inputs)), tf.zeros([BATCH, UNITS]), rnn.BasicRNNCell(UNITS), loop
    )
    assert names() == ["rnn_decoder/basic_rnn_cell/kernel:0", "rnn_decoder/basic_rnn_cell/bias:0"]
    assert seen == [1, 2, 3] and len(outputs) == STEPS
    found, last = run([outputs, state], {names()[0]: kernel, names()[1]: np.zeros(UNITS, np.float32)})
    given, h = inputs[0], np.zeros([BATCH, UNITS])
    for output in found:
        h = np.tanh(np.concatenate([given, h], 1) @ kernel)
        assert not np.abs(output - h).max() > 1e-5
        given = 2 * h
    assert last.tolist() == found[-1].tolist()


@pytest.mark.parametrize("kind", ["basic", "tied"])
def test_encoders_hand_their_last_state_to_decoders(kind):
    xs = [tf.constant(values(BATCH, DEPTH, seed=i)) for i in range(STEPS)]
    build = seq.basic_rnn_seq2seq if kind == "basic" else seq.tied_rnn_seq2seq
    outputs, _ = build(xs[:2], xs[2:], rnn.GRUCell(UNITS))
    prefixes = {n.split("gru_cell")[0] for n in names()}
    assert prefixes == (
        {"basic_rnn_seq2seq/rnn/", "basic_rnn_seq2seq/rnn_decoder/"} if kind == "basic"
        else {"combined_tied_rnn_seq2seq/tied_rnn_seq2seq/"}
    )  # fmt: skip
    if kind == "tied":  # then it is one network along all inputs
        with tf.variable_scope("combined_tied_rnn_seq2seq", reuse=True):
            whole, _ = rnn.static_rnn(rnn.GRUCell(UNITS), xs, dtype=tf.float32, scope="tied_rnn_seq2seq")
        a, b = run([outputs, whole[2:]])
        assert not np.abs(np.array(a) - np.array(b)).max() > 1e-6 and np.std(a) > 0.01


@pytest.mark.parametrize("feeds", [False, True])
def test_embedded_decoders_read_the_best_symbol_or_the_one_given(feeds):
    ids = [tf.constant([i, 1]) for i in (0, 3, 2)]
    outputs, _ = seq.embedding_rnn_seq2seq(ids, ids, rnn.BasicRNNCell(UNITS), 5, 4, DEPTH, feed_previous=feeds)
    assert names()[0] == "embedding_rnn_seq2seq/rnn/embedding_wrapper/embedding:0"
    place = "embedding_rnn_seq2seq/embedding_rnn_decoder"
    assert f"{place}/embedding:0" in names() and f"{place}/rnn_decoder/output_projection_wrapper/kernel:0" in names()
    table = tf.get_default_graph().get_tensor_by_name(f"{place}/embedding:0")
    first, second, more = run([outputs[0], outputs[1], tf.gradients(outputs[1], table)[0]])
    assert first.shape == second.shape == (2, 4) and np.abs(first - second).max() > 1e-3
    read = set(np.ravel(more.indices[np.abs(more.values).sum(1) > 0]))
    assert read == {0, 1, 3} if not feeds else {0, 1} | set(first.argmax(1)) == read


def test_losses_of_sequences_are_weighted_means_over_time_and_batch():
    logits = values(STEPS, BATCH, 6) * 3
    targets = np.random.RandomState(2).randint(0, 6, (STEPS, BATCH))
    weights = np.array([[1, 1, 0], [1, 0.5, 0], [1, 0, 0], [0.25, 0, 0]], np.float32)
    lists = [tf.unstack(tf.constant(a)) for a in (logits, targets, weights)]
    wide = logits.astype(np.float64)
    entropy = np.log(np.exp(wide).sum(2)) - np.take_along_axis(wide, targets[..., None], 2)[..., 0]
    sums = (entropy * weights).sum(0)
    means = sums / np.maximum(weights.sum(0), 1e-12)
    own = [tf.abs(logit[:, 0] - tf.cast(t, tf.float32)) for logit, t in zip(*lists[:2], strict=True)]
    found = run({
        "means": seq.sequence_loss_by_example(*lists),
        "sums": seq.sequence_loss_by_example(*lists, average_across_timesteps=False),
        "mean": seq.sequence_loss(*lists),
        "sum": seq.sequence_loss(*lists, False, False),
        "own": seq.sequence_loss_by_example(
            *lists, False, lambda labels, logits: tf.abs(logits[:, 0] - tf.cast(labels, tf.float32))
        ),
        "own sums": tf.add_n([o * w for o, w in zip(own, lists[2], strict=True)]),
    })  # fmt: skip
    for name, want in (("means", means), ("sums", sums), ("mean", means.sum() / BATCH), ("sum", sums.sum())):
        assert not np.abs(found[name] - want).max() > 1e-5, name
    assert found["own"].tolist() == found["own sums"].tolist() and found["means"][2] == 0


def test_buckets_share_their_variables():
    ids = [tf.constant([i, 1]) for i in (0, 3, 2)]
    weights = [tf.ones([2])] * 3

    def build(source, target):
        return seq.embedding_rnn_seq2seq(source, target, rnn.GRUCell(UNITS), 5, 4, DEPTH)

    outputs, losses = seq.model_with_buckets(ids, ids, ids, weights, [(1, 2), (3, 3)], build)
    count = len(names())
    assert [len(o) for o in outputs] == [2, 3] and count == len(set(names())) == 12
    short, want = run([losses[0], seq.sequence_loss(outputs[0], ids[:2], weights[:2])])
    assert short == want
    with pytest.raises(ValueError, match=r"Length of targets \(1\) must be at least that of last bucket \(3\)"):
        seq.model_with_buckets(ids, ids, ids[:1], weights, [(1, 2), (3, 3)], build)


@pytest.mark.parametrize("feeds", [False, True])
@pytest.mark.parametrize("kind", ["rnn", "attention", "tied_rnn"])
def test_a_tensor_decides_in_the_run_what_decoders_read(kind, feeds):
    ids = [tf.constant([i, 1]) for i in (0, 3, 2)]

    def decoded(feed):
        sizes = (5, DEPTH) if "tied" in kind else (5, 5, DEPTH)
        return getattr(seq, f"embedding_{kind}_seq2seq")(ids, ids, rnn.GRUCell(UNITS), *sizes, feed_previous=feed)

    outputs, state = decoded(tf.constant(feeds))
    count = len(names())
    with tf.variable_scope(tf.get_variable_scope(), reuse=True):
        wanted, end = decoded(feeds)
    assert isinstance(outputs, list) and len(outputs) == 3 and len(names()) == count
    a, b, c, d = run([outputs, wanted, state, end])
    assert np.array(a).tolist() == np.array(b).tolist() and c.tolist() == d.tolist() and np.std(a) > 1e-3


@pytest.mark.parametrize("at_first", [False, True])
def test_a_decoder_looks_at_all_that_was_encoded(at_first):
    memory, length, heads = values(BATCH, 4, DEPTH, seed=7), 3, 2
    xs, h = values(length, BATCH, 3), values(BATCH, UNITS, seed=8)
    outputs, state = seq.attention_decoder(
        tf.unstack(tf.constant(xs)), tf.constant(h), tf.constant(memory), rnn.BasicRNNCell(UNITS), 6, heads,
        initial_state_attention=at_first,
    )  # fmt: skip
    heads_own = [f"AttnW_{i}" for i in range(heads)], [f"AttnV_{i}" for i in range(heads)]
    own = [n.removeprefix("attention_decoder/").removesuffix(":0") for n in names()]
    assert sorted(own) == sorted([
        *heads_own[0], *heads_own[1], *(f"Attention_{i}/{k}" for i in range(heads) for k in ("kernel", "bias")),
        "kernel", "bias", "basic_rnn_cell/kernel", "basic_rnn_cell/bias", "AttnOutputProjection/kernel",
        "AttnOutputProjection/bias",
    ])  # fmt: skip
    weights = {n: values(*v.shape.as_list(), seed=i) for i, (n, v) in
               enumerate(zip(names(), tf.global_variables(), strict=True))}  # fmt: skip
    found, last = run([outputs, state], weights)
    w = {short: weights[n].astype(np.float64) for short, n in zip(own, names(), strict=True)}

    def look(h):
        seen = []
        for i in range(heads):
            y = h @ w[f"Attention_{i}/kernel"] + w[f"Attention_{i}/bias"]
            score = np.tanh(memory @ w[f"AttnW_{i}"][0, 0] + y[:, None]) @ w[f"AttnV_{i}"]
            e = np.exp(score)
            seen.append(((e / e.sum(1, keepdims=True))[:, :, None] * memory).sum(1))
        return seen

    seen = look(h) if at_first else [np.zeros((BATCH, DEPTH))] * heads
    for x, output in zip(xs, found, strict=True):
        x = np.concatenate([x, *seen], 1) @ w["kernel"] + w["bias"]
        h = np.tanh(np.concatenate([x, h], 1) @ w["basic_rnn_cell/kernel"] + w["basic_rnn_cell/bias"])
        seen = look(h)
        wanted = np.concatenate([h, *seen], 1) @ w["AttnOutputProjection/kernel"] + w["AttnOutputProjection/bias"]
        assert not np.abs(output - wanted).max() > 1e-5
    assert not np.abs(last - h).max() > 1e-5


def test_attention_over_an_encoder_has_the_names_of_tensorflow_and_sees_its_outputs():
    ids = [tf.constant([i, 1]) for i in (0, 3, 2)]
    outputs, state = seq.embedding_attention_seq2seq(ids, ids[:2], rnn.BasicLSTMCell(UNITS), 5, 4, DEPTH)
    place = "embedding_attention_seq2seq/embedding_attention_decoder"
    assert {
        "embedding_attention_seq2seq/rnn/embedding_wrapper/embedding:0",
        "embedding_attention_seq2seq/rnn/embedding_wrapper/basic_lstm_cell/kernel:0", f"{place}/embedding:0",
        f"{place}/attention_decoder/AttnW_0:0", f"{place}/attention_decoder/Attention_0/kernel:0",
        f"{place}/attention_decoder/output_projection_wrapper/basic_lstm_cell/kernel:0",
        f"{place}/attention_decoder/AttnOutputProjection/kernel:0", f"{place}/attention_decoder/kernel:0",
    } <= set(names())  # fmt: skip
    assert outputs[0].shape.as_list() == [2, 4] and isinstance(state, rnn.LSTMStateTuple)
    table = tf.get_default_graph().get_tensor_by_name(names()[0])
    seen = run(tf.gradients(outputs[1], table)[0])
    assert {0, 1, 2, 3} == set(np.ravel(seen.indices[np.abs(seen.values).sum(1) > 0]))


def test_several_decoders_share_one_encoder():
    ids = [tf.constant([i, 1]) for i in (0, 3, 2)]
    cells = {"a": rnn.GRUCell(UNITS), "b": rnn.GRUCell(UNITS)}
    outputs, states = seq.one2many_rnn_seq2seq(
        ids, {"a": ids[:1], "b": ids}, rnn.GRUCell(UNITS), cells, 5, {"a": 4, "b": 6}, DEPTH
    )
    assert {n.split("/")[1] for n in names()} == {"rnn", "one2many_decoder_a", "one2many_decoder_b"}
    assert [len(outputs[k]) for k in "ab"] == [1, 3] and outputs["b"][0].shape.as_list() == [2, 6]
    with tf.variable_scope("one2many_rnn_seq2seq", reuse=True):
        wrapped = rnn.EmbeddingWrapper(rnn.GRUCell(UNITS), 5, DEPTH)
        _, end = rnn.static_rnn(wrapped, ids, dtype=tf.float32)
        with tf.variable_scope("one2many_decoder_b"):
            cell = rnn.OutputProjectionWrapper(rnn.GRUCell(UNITS), 6)
            wanted, last = seq.embedding_rnn_decoder(ids, end, cell, 6, DEPTH)
    a, b, c, d = run([outputs["b"], wanted, states["b"], last])
    assert np.array(a).tolist() == np.array(b).tolist() and c.tolist() == d.tolist()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: seq.attention_decoder([], None, tf.zeros([2, 3, 4]), None), "at least 1 input"),
        (lambda: seq.attention_decoder([1], None, tf.zeros([2, 3, 4]), None, num_heads=0), "less than 1 heads"),
        (
            lambda: seq.attention_decoder([1], None, tf.placeholder(tf.float32, [2, 3, None]), None),
            "must be known",
        ),
        (
            lambda: seq.embedding_attention_decoder(
                [1], None, None, None, 3, 2, output_projection=(tf.zeros([2, 4]), tf.zeros([4]))
            ),
            "incompatible",
        ),
    ],
)
def test_attention_decoders_refuse_what_does_not_fit(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_linear_map_of_matrices_side_by_side_is_there_for_cells_of_users():
    cells = tf.nn.rnn_cell
    a, b = values(BATCH, 2), values(BATCH, DEPTH, seed=1)
    with tf.variable_scope("once", initializer=tf.ones_initializer()):
        both = cells._linear([tf.constant(a), tf.constant(b)], UNITS, True, tf.constant_initializer(0.5))
    with tf.variable_scope("often"):
        kept = cells._Linear(tf.constant(a), UNITS, False, kernel_initializer=tf.constant_initializer(2.0))
        twice = kept(kept(tf.constant(a)))
    assert [v.op.name for v in tf.global_variables()] == ["once/kernel", "once/bias", "often/kernel"]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        got = session.run([both, twice])
    wanted = (a.sum(1) + b.sum(1) + 0.5)[:, None].repeat(UNITS, 1), (8 * a.sum(1))[:, None].repeat(UNITS, 1)
    for x, y in zip(got, wanted, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-5)
    for bad, words in (([], "must be specified"), ([tf.zeros([2])], "2D arguments"), (None, "must be specified")):
        with pytest.raises(ValueError, match=words):
            cells._linear(bad, 2, True)
    with pytest.raises(ValueError, match=r"expects shape\[1\] to be provided"):
        cells._linear(tf.placeholder(tf.float32, [3, None]), 2, True)
