"""tf.contrib.rnn's own cells, each against its formula in NumPy."""

import numpy as np
import pytest

import scopeflow as tf

rnn = tf.contrib.rnn
BATCH, DEPTH, UNITS = 3, 5, 4


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as made:
        yield made


def values(*shape, seed=0):
    return np.random.RandomState(seed).uniform(-1, 1, shape).astype(np.float32)


def run(fetches):
    """The fetches with each variable's values drawn by its place; and those values by name, in float64."""
    with tf.Session() as session:
        weights = {}
        for i, v in enumerate(tf.global_variables()):
            weights[v.op.name] = values(*v.shape.as_list(), seed=i + 1)
            v.load(weights[v.op.name], session)
        return session.run(fetches), {name: w.astype(np.float64) for name, w in weights.items()}


def close(found, wanted, tolerance=2e-6):
    return np.shape(found) == np.shape(wanted) and not np.abs(np.asarray(found) - wanted).max() > tolerance


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def relu(x):
    return np.maximum(x, 0)


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def beside(*xs):
    return np.concatenate(xs, 1)


X, H, C = values(BATCH, DEPTH), values(BATCH, UNITS, seed=8), values(BATCH, UNITS, seed=9)


def names():
    return [v.op.name for v in tf.global_variables()]


@pytest.mark.parametrize("kind", ["GRUBlockCell", "GRUBlockCellV2"])
def test_block_grus_are_grus_with_names_of_their_own(kind):
    output, state = getattr(rnn, kind)(UNITS)(tf.constant(X), tf.constant(H))
    own = {"GRUBlockCell": ["w_ru", "b_ru", "w_c", "b_c"],
           "GRUBlockCellV2": ["gates/kernel", "gates/bias", "candidate/kernel", "candidate/bias"]}[kind]  # fmt: skip
    assert names() == [f"gru_cell/{name}" for name in own]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(tf.global_variables()[1]).tolist() == [1] * 2 * UNITS
        assert session.run(tf.global_variables()[3]).tolist() == [0] * UNITS
    found, w = run([output, state])
    w_ru, b_ru, w_c, b_c = w.values()
    r, u = np.split(sigmoid(beside(X, H) @ w_ru + b_ru), 2, 1)
    wanted = u * H + (1 - u) * np.tanh(beside(X, r * H) @ w_c + b_c)
    assert close(found[0], wanted) and close(found[1], wanted)
    with pytest.raises(ValueError, match="Exactly one of num_units or cell_size"):
        getattr(rnn, kind)(2, 3)


@pytest.mark.parametrize("projects", [False, True])
@pytest.mark.parametrize("peeps", [False, True])
@pytest.mark.parametrize("norms", [False, True])
def test_an_lstm_with_coupled_gates_follows_its_formula(projects, peeps, norms):
    out = 2 if projects else UNITS
    m = values(BATCH, out, seed=3)
    cell = rnn.CoupledInputForgetGateLSTMCell(
        UNITS, peeps, num_proj=2 if projects else None, proj_clip=0.4 if projects else None, forget_bias=0.5,
        layer_norm=norms, norm_gain=0.5,
    )  # fmt: skip
    found, state = cell(tf.constant(X), (tf.constant(C), tf.constant(m)))
    assert cell.state_size == (UNITS, out) and cell.output_size == out
    (found, (found_c, found_m)), w = run([found, state])
    w = {name.removeprefix("coupled_input_forget_gate_lstm_cell/"): v for name, v in w.items()}
    wanted = {"W_0", "B"} | ({"W_F_diag", "W_O_diag"} if peeps else set()) | ({"W_P_0"} if projects else set())
    if norms:
        wanted |= {
            f"{gate}/{part}" for gate in ("transform", "forget", "output", "state") for part in ("gamma", "beta")
        }
    assert set(w) == wanted

    def norm(x, gate):
        return (x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True) * w[f"{gate}/gamma"] + w[f"{gate}/beta"]

    sums = beside(X, m) @ w["W_0"] + (0 if norms else w["B"])
    j, f, o = np.split(sums, 3, 1)
    if norms:
        j, f, o = norm(j, "transform"), norm(f, "forget"), norm(o, "output")
    f = sigmoid(f + 0.5 + (w["W_F_diag"] * C if peeps else 0))
    c = f * C + (1 - f) * np.tanh(j)
    if norms:
        c = norm(c, "state")
    h = sigmoid(o + (w["W_O_diag"] * c if peeps else 0)) * np.tanh(c)
    if projects:
        h = np.clip(h @ w["W_P_0"], -0.4, 0.4)
    tolerance = 2e-5 if norms else 2e-6
    assert close(found, h, tolerance) and close(found_c, c, tolerance) and found_m.tolist() == found.tolist()


def test_states_of_coupled_gates_may_stand_side_by_side_and_shards_are_refused():
    whole = rnn.CoupledInputForgetGateLSTMCell(UNITS, state_is_tuple=False)
    apart = rnn.CoupledInputForgetGateLSTMCell(UNITS, reuse=True)
    a, state = whole(tf.constant(X), tf.constant(beside(C, H)), scope="s")
    b, (c, h) = apart(tf.constant(X), (tf.constant(C), tf.constant(H)), scope="s")
    (a, state, b, c, h), _ = run([a, state, b, c, h])
    assert whole.state_size == 2 * UNITS and a.tolist() == b.tolist() and state.tolist() == beside(c, h).tolist()
    with pytest.raises(NotImplementedError, match="shards are not offered"):
        rnn.CoupledInputForgetGateLSTMCell(UNITS, num_unit_shards=2)


def naive_convolution(x, kernel):
    """The convolution of [batch, *sizes, in] with [*k, in, out], SAME and without strides, point by point."""
    sizes, k = x.shape[1:-1], kernel.shape[:-2]
    before = [(n - 1) // 2 for n in k]
    padded = np.pad(x, [(0, 0), *((b, n - 1 - b) for b, n in zip(before, k, strict=True)), (0, 0)])
    y = np.zeros((len(x), *sizes, kernel.shape[-1]))
    for at in np.ndindex(*sizes):
        window = padded[(slice(None), *(slice(a, a + n) for a, n in zip(at, k, strict=True)))]
        y[(slice(None), *at)] = np.tensordot(window, kernel, axes=kernel.ndim - 1)
    return y


@pytest.mark.parametrize("skips", [False, True])
@pytest.mark.parametrize(("kind", "sizes", "kernel"), [("1D", [6], [3]), ("2D", [4, 3], [3, 2])], ids=["1D", "2D"])
def test_convolutional_lstms_follow_their_formula(kind, sizes, kernel, skips):
    cell = getattr(rnn, f"Conv{kind}LSTMCell")(
        input_shape=[*sizes, 2], output_channels=3, kernel_shape=kernel, skip_connection=skips, forget_bias=0.5
    )
    x, c, h = values(BATCH, *sizes, 2), values(BATCH, *sizes, 3, seed=1), values(BATCH, *sizes, 3, seed=2)
    output, state = cell(tf.constant(x), (tf.constant(c), tf.constant(h)))
    assert cell.output_size.as_list() == [*sizes, 5 if skips else 3] and cell.state_size.c.as_list() == [*sizes, 3]
    prefix = f"conv_{kind.lower()[0]}d_lstm_cell"
    assert names() == [f"{prefix}/kernel", f"{prefix}/biases"]
    (output, (found_c, found_h)), w = run([output, state])
    gates = naive_convolution(np.concatenate([x, h], -1), w[f"{prefix}/kernel"]) + w[f"{prefix}/biases"]
    i, j, f, o = np.split(gates, 4, -1)
    c = sigmoid(f + 0.5) * c + sigmoid(i) * np.tanh(j)
    h = np.tanh(c) * sigmoid(o)
    assert close(found_c, c) and close(found_h, h)
    assert close(output, np.concatenate([h, x], -1) if skips else h)


def test_a_convolutional_lstm_runs_along_time_and_refuses_shapes_that_do_not_fit():
    cell = rnn.Conv2DLSTMCell(input_shape=[4, 3, 2], output_channels=3, kernel_shape=[3, 3], use_bias=False)
    outputs, state = tf.nn.dynamic_rnn(cell, tf.constant(values(BATCH, 6, 4, 3, 2)), dtype=tf.float32)
    assert outputs.shape.as_list() == [BATCH, 6, 4, 3, 3] and names() == ["rnn/conv_2d_lstm_cell/kernel"]
    (outputs, state), _ = run([outputs, state])
    assert outputs[:, -1].tolist() == state.h.tolist() and outputs.std() > 1e-3
    with pytest.raises(ValueError, match=r"Invalid input_shape \[4, 3\] for conv_ndims=2"):
        rnn.Conv2DLSTMCell(input_shape=[4, 3], output_channels=3, kernel_shape=[3, 3])
    with pytest.raises(NotImplementedError, match="one or two dimensions"):
        rnn.ConvLSTMCell(3, [4, 3, 2, 1], 3, [3, 3, 3])


@pytest.mark.parametrize("more", [False, True])
def test_the_cell_that_a_search_found_follows_its_formula(more):
    cell = rnn.NASCell(UNITS, num_proj=2 if more else None, use_bias=more)
    m = values(BATCH, cell.output_size, seed=4)
    output, state = cell(tf.constant(X), (tf.constant(C), tf.constant(m)))
    own = ["recurrent_kernel", "kernel", *(["bias", "projection_weights"] if more else [])]
    assert names() == [f"nas_cell/{name}" for name in own]
    (output, (found_c, _)), w = run([output, state])
    xs = np.split(X @ w["nas_cell/kernel"], 8, 1)
    hs = np.split(m @ w["nas_cell/recurrent_kernel"] + (w["nas_cell/bias"] if more else 0), 8, 1)
    one = [
        sigmoid(xs[0] + hs[0]), relu(xs[1] + hs[1]), sigmoid(xs[2] + hs[2]), relu(xs[3] * hs[3]),
        np.tanh(xs[4] + hs[4]), sigmoid(xs[5] + hs[5]), np.tanh(xs[6] + hs[6]), sigmoid(xs[7] + hs[7]),
    ]  # fmt: skip
    c = np.tanh(np.tanh(one[0] * one[1]) + C) * np.tanh(one[2] + one[3])
    m = np.tanh(c * np.tanh(np.tanh(one[4] * one[5]) + sigmoid(one[6] + one[7])))
    assert close(found_c, c) and close(output, m @ w["nas_cell/projection_weights"] if more else m)


def test_cells_of_one_gate_follow_their_formulas():
    one, _ = rnn.UGRNNCell(UNITS, forget_bias=0.5)(tf.constant(X), tf.constant(H))
    start = tf.constant_initializer(0.25)
    two, state = rnn.IntersectionRNNCell(UNITS, UNITS, start, 0.5)(tf.constant(X), tf.constant(H))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert (session.run(tf.global_variables()[2]) == 0.25).all()
    (one, two, state), w = run([one, two, state])
    assert names() == [
        "ugrnn_cell/kernel", "ugrnn_cell/bias", "intersection_rnn_cell/in_projection/kernel",
        "intersection_rnn_cell/in_projection/bias", "intersection_rnn_cell/kernel", "intersection_rnn_cell/bias",
    ]  # fmt: skip
    g, c = np.split(beside(X, H) @ w["ugrnn_cell/kernel"] + w["ugrnn_cell/bias"], 2, 1)
    g = sigmoid(g + 0.5)
    assert close(one, g * H + (1 - g) * np.tanh(c))
    place = "intersection_rnn_cell"
    x = X @ w[f"{place}/in_projection/kernel"] + w[f"{place}/in_projection/bias"]
    gh, h, gy, y = np.split(beside(x, H) @ w[f"{place}/kernel"] + w[f"{place}/bias"], 4, 1)
    gh, gy = sigmoid(gh + 0.5), sigmoid(gy + 0.5)
    assert close(two, gy * x + (1 - gy) * relu(y)) and close(state, gh * H + (1 - gh) * np.tanh(h))
    with pytest.raises(ValueError, match="num_in_proj should be set"):
        rnn.IntersectionRNNCell(UNITS)(tf.constant(X), tf.constant(H))


@pytest.mark.parametrize("couples", [True, False])
def test_a_highway_mixes_inputs_and_outputs(couples):
    x = values(BATCH, UNITS, seed=5)
    with tf.variable_scope("here"):
        wrapped = rnn.HighwayWrapper(rnn.BasicRNNCell(UNITS), couples, carry_bias_init=0.75)
        output, state = wrapped(tf.constant(x), tf.constant(H))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        biases = {v.op.name: session.run(v)[0] for v in tf.global_variables() if v.op.name.endswith("_b")}
    assert biases == {"here/carry_b": 0.75, **({} if couples else {"here/transform_b": -0.75})}
    (output, state), w = run([output, state])
    carry = sigmoid(x @ w["here/carry_w"] + w["here/carry_b"])
    transform = 1 - carry if couples else sigmoid(x @ w["here/transform_w"] + w["here/transform_b"])
    y = np.tanh(beside(x, H) @ w["here/basic_rnn_cell/kernel"] + w["here/basic_rnn_cell/bias"])
    assert close(output, x * carry + y * transform) and close(state, y)


@pytest.mark.parametrize("tuples", [True, False])
def test_a_cell_that_looks_back_sees_its_last_outputs(tuples):
    length, size, vec = 3, 4, 2
    cell = rnn.AttentionCellWrapper(rnn.GRUCell(UNITS), length, size, vec, 6, state_is_tuple=tuples)
    assert cell.output_size == size
    assert cell.state_size == ((UNITS, size, size * length) if tuples else UNITS + size + size * length)
    attention, seen = values(BATCH, size, seed=6), values(BATCH, length * size, seed=7)
    state = (tf.constant(H), tf.constant(attention), tf.constant(seen))
    output, after = cell(tf.constant(X), state if tuples else tf.concat(state, 1))
    (output, after), w = run([output, after])
    place = "attention_cell_wrapper"
    w = {name.removeprefix(place + "/"): v for name, v in w.items()}
    assert list(w) == [
        "kernel", "bias", "gru_cell/gates/kernel", "gru_cell/gates/bias", "gru_cell/candidate/kernel",
        "gru_cell/candidate/bias", "attention/attn_w", "attention/attn_v", "attention/kernel", "attention/bias",
        "attn_output_projection/kernel", "attn_output_projection/bias",
    ]  # fmt: skip
    assert w["attention/attn_w"].shape == (1, 1, size, vec) and w["kernel"].shape == (DEPTH + size, 6)
    x = beside(X, attention) @ w["kernel"] + w["bias"]
    r, u = np.split(sigmoid(beside(x, H) @ w["gru_cell/gates/kernel"] + w["gru_cell/gates/bias"]), 2, 1)
    c = np.tanh(beside(x, r * H) @ w["gru_cell/candidate/kernel"] + w["gru_cell/candidate/bias"])
    h = u * H + (1 - u) * c
    rows = seen.reshape(BATCH, length, size)
    y = h @ w["attention/kernel"] + w["attention/bias"]
    score = (w["attention/attn_v"] * np.tanh(rows @ w["attention/attn_w"][0, 0] + y[:, None])).sum(2)
    attention = (softmax(score)[:, :, None] * rows).sum(1)
    wanted = beside(h, attention) @ w["attn_output_projection/kernel"] + w["attn_output_projection/bias"]
    kept = beside(seen[:, size:], wanted)
    after = after if tuples else np.split(after, [UNITS, UNITS + size], 1)
    assert close(output, wanted) and all(close(a, b) for a, b in zip(after, (h, attention, kept), strict=True))


def test_what_a_cell_that_looks_back_cannot_take_is_refused():
    with pytest.raises(ValueError, match="attn_length should be greater than zero, got 0"):
        rnn.AttentionCellWrapper(rnn.GRUCell(2), 0)
    with pytest.raises(ValueError, match="the flag state_is_tuple is not set"):
        rnn.AttentionCellWrapper(rnn.BasicLSTMCell(2), 2, state_is_tuple=False)


# -- networks as one object -----------------------------------------------------------------------------------------

STEPS, LENGTHS = 6, [6, 2, 4]


@pytest.mark.parametrize("peeps", [False, True])
def test_a_fused_lstm_is_an_lstm_along_time(peeps):
    inputs = tf.constant(values(STEPS, BATCH, DEPTH))
    network = rnn.LSTMBlockFusedCell(UNITS, 0.5, 0.3, peeps)
    outputs, state = network(inputs, dtype=tf.float32, sequence_length=LENGTHS)
    own = ["kernel", "bias", *(["w_f_diag", "w_i_diag", "w_o_diag"] if peeps else [])]
    assert names() == [f"lstm_fused_cell/{name}" for name in own] and network.num_units == UNITS
    again, _ = network(tf.unstack(inputs), (tf.zeros([BATCH, UNITS]), tf.zeros([BATCH, UNITS])))
    assert isinstance(again, list) and len(names()) == len(own)
    cell = rnn.LSTMCell(UNITS, peeps, cell_clip=0.3, forget_bias=0.5, name="lstm_fused_cell", reuse=True)
    with tf.variable_scope(tf.get_variable_scope(), reuse=True):
        steps, last = [], cell.zero_state(BATCH, tf.float32)
        for x in tf.unstack(inputs):
            y, last = cell(x, last)
            steps.append(y)
    (outputs, state, again, steps), _ = run([outputs, state, tf.stack(again), tf.stack(steps)])
    assert close(again, steps, 1e-6) and again.std() > 0.01
    for entry, length in enumerate(LENGTHS):
        assert close(outputs[:length, entry], steps[:length, entry], 1e-6) and not outputs[length:, entry].any()
        assert close(state.h[entry], steps[length - 1, entry], 1e-6)
    with pytest.raises(ValueError, match="Either initial_state or dtype needs to be specified"):
        network(inputs)


@pytest.mark.parametrize("dynamic", [False, True])
def test_a_network_against_time_reverses_each_sequence(dynamic):
    inputs = values(STEPS, BATCH, DEPTH)
    network = rnn.FusedRNNCellAdaptor(rnn.GRUCell(UNITS), use_dynamic_rnn=dynamic)
    turned = rnn.TimeReversedFusedRNN(network)
    with tf.variable_scope("v"):
        back, state = turned(tf.constant(inputs), dtype=tf.float32, sequence_length=LENGTHS)
    with tf.variable_scope("v", reuse=True):
        whole, end = turned(tf.unstack(tf.constant(inputs)), dtype=tf.float32)
        singles = [
            network(tf.constant(inputs[:length, i : i + 1][::-1].copy()), dtype=tf.float32)
            for i, length in enumerate(LENGTHS)
        ]
    assert isinstance(whole, list) and set(names()) == {
        f"v/rnn/gru_cell/{part}/{kind}" for part in ("gates", "candidate") for kind in ("kernel", "bias")
    }
    (back, state, whole, end, singles), _ = run([back, state, tf.stack(whole), end, singles])
    for i, ((output, last), length) in enumerate(zip(singles, LENGTHS, strict=True)):
        assert close(back[:length, i], output[::-1, 0], 1e-6) and not back[length:, i].any()
        assert close(state[i], last[0], 1e-6)
    assert close(whole[:, 0], back[:, 0], 1e-6) and close(end[0], state[0], 1e-6)


def test_cells_that_agree_with_cudnn_follow_its_formulas():
    cudnn = tf.contrib.cudnn_rnn
    lstm, lstm_state = cudnn.CudnnCompatibleLSTMCell(UNITS)(tf.constant(X), (tf.constant(C), tf.constant(H)))
    gru, _ = cudnn.CudnnCompatibleGRUCell(UNITS)(tf.constant(X), tf.constant(H))
    place = "cudnn_compatible_gru_cell"
    assert names() == [
        "cudnn_compatible_lstm_cell/kernel", "cudnn_compatible_lstm_cell/bias", f"{place}/gates/kernel",
        f"{place}/gates/bias", f"{place}/candidate/input_projection/kernel",
        f"{place}/candidate/hidden_projection/kernel", f"{place}/candidate/input_projection/bias",
        f"{place}/candidate/hidden_projection/bias",
    ]  # fmt: skip
    (lstm, c, gru), w = run([lstm, lstm_state.c, gru])
    w = list(w.values())
    i, j, f, o = np.split(beside(X, H) @ w[0] + w[1], 4, 1)
    wanted = C * sigmoid(f) + sigmoid(i) * np.tanh(j)
    assert close(c, wanted) and close(lstm, np.tanh(wanted) * sigmoid(o))
    r, u = np.split(sigmoid(beside(X, H) @ w[2] + w[3]), 2, 1)
    assert close(gru, (1 - u) * np.tanh(X @ w[4] + w[6] + r * (H @ w[5] + w[7])) + u * H)
