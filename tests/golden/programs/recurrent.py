"""tf.nn.rnn_cell and the recurrent networks of tf.nn: variables, values, gradients, lengths, refusals; TensorArray."""

import numpy as np

from ..cases import golden
from ..helpers import described, run, said, uniform

BATCH, TIME, DEPTH = 3, 5, 4
LENGTHS = [5, 2, 0]

CELLS = {
    "basic rnn": lambda tf, c: c.BasicRNNCell(3),
    "basic rnn relu": lambda tf, c: c.BasicRNNCell(3, activation=tf.nn.relu, name="mine"),
    "gru": lambda tf, c: c.GRUCell(3),
    "gru initialized": lambda tf, c: c.GRUCell(
        3, tf.nn.sigmoid, kernel_initializer=tf.ones_initializer(), bias_initializer=tf.ones_initializer()
    ),
    "basic lstm": lambda tf, c: c.BasicLSTMCell(3),
    "basic lstm flat": lambda tf, c: c.BasicLSTMCell(3, forget_bias=0.5, state_is_tuple=False),
    "lstm": lambda tf, c: c.LSTMCell(3),
    "lstm flat": lambda tf, c: c.LSTMCell(3, num_proj=2, state_is_tuple=False),
    "lstm with all": lambda tf, c: c.LSTMCell(
        3, True, 0.3, tf.ones_initializer(), 2, 0.4, forget_bias=0.0, activation=tf.nn.softsign
    ),
    "lstm peepholes": lambda tf, c: c.LSTMCell(3, use_peepholes=True),
    "lstm projected": lambda tf, c: c.LSTMCell(3, num_proj=5),
    "multi": lambda tf, c: c.MultiRNNCell([c.BasicLSTMCell(3), c.GRUCell(2)]),
    "multi of multi": lambda tf, c: c.MultiRNNCell([c.MultiRNNCell([c.GRUCell(2), c.GRUCell(3)]), c.BasicRNNCell(2)]),
    "multi flat": lambda tf, c: c.MultiRNNCell([c.GRUCell(3), c.GRUCell(2)], state_is_tuple=False),
    "residual": lambda tf, c: c.ResidualWrapper(c.BasicLSTMCell(DEPTH)),
    "residual of our own": lambda tf, c: c.ResidualWrapper(c.GRUCell(3), lambda i, o: o * tf.reduce_sum(i)),
    "dropout": lambda tf, c: c.DropoutWrapper(c.BasicLSTMCell(3), 0.5, 0.75, seed=7),
    "dropout of states": lambda tf, c: c.DropoutWrapper(c.BasicLSTMCell(3), state_keep_prob=0.5, seed=2),
    "dropout of gru states": lambda tf, c: c.DropoutWrapper(c.GRUCell(3), state_keep_prob=0.5, seed=3),
    "dropout variational": lambda tf, c: c.DropoutWrapper(
        c.LSTMCell(3), 0.5, 0.5, 0.5, variational_recurrent=True, input_size=DEPTH, dtype=tf.float32, seed=4
    ),
    "dropout all chosen": lambda tf, c: c.DropoutWrapper(
        c.LSTMCell(3), state_keep_prob=0.5, seed=4, dropout_state_filter_visitor=lambda s: True
    ),
    "dropout in multi": lambda tf, c: c.MultiRNNCell(
        [c.DropoutWrapper(c.GRUCell(3), output_keep_prob=0.5, seed=i) for i in (1, 2)]
    ),
    "dropout by a tensor": lambda tf, c: c.DropoutWrapper(c.GRUCell(3), output_keep_prob=tf.constant(0.5), seed=5),
    "device": lambda tf, c: c.DeviceWrapper(c.GRUCell(3), "/cpu:0"),
    "cell of our own": lambda tf, c: own_cell(tf)(3),
}

SUMS = {"rtol": 2e-5, "atol": 5e-6, "reason": "float32 products summed in another order, over five steps"}


def own_cell(tf):
    class MinimalCell(tf.nn.rnn_cell.RNNCell):
        def __init__(self, units):
            super().__init__()
            self._units = units

        state_size = property(lambda self: self._units)
        output_size = property(lambda self: self._units)

        def call(self, inputs, state):
            w = tf.get_variable("w", [DEPTH, self._units])
            new = tf.tanh(tf.matmul(inputs, w) + state)
            return new * 2.0, new

    return MinimalCell


def flat(value):
    return [leaf for v in value for leaf in flat(v)] if isinstance(value, (list, tuple)) else [value]


def known_weights(tf, session):
    session.run(tf.global_variables_initializer())
    for i, v in enumerate(tf.global_variables()):
        v.load(uniform(*v.shape.as_list(), seed=i + 2), session)


def answers(tf, outputs, state, x, with_names=True):
    """Outputs, state, gradients by all variables and the inputs, and names."""
    outputs, state = flat(outputs), flat(state)
    weighed = [tf.reduce_sum(t * uniform(*(d or 1 for d in t.shape.as_list()[1:]), seed=9)) for t in outputs + state]
    variables = tf.trainable_variables()
    gradients = tf.gradients(weighed, [*variables, x])
    with tf.Session() as session:
        known_weights(tf, session)
        values = session.run([outputs, state])
        again = session.run([outputs, state])  # what is dropped differs from run to run
        slopes = session.run(gradients)
    found = {f"output {i}": v for i, v in enumerate(values[0])} | {f"state {i}": v for i, v in enumerate(values[1])}
    found |= {f"again {i}": v for i, v in enumerate(again[0])}
    found |= {f"gradient {i}": v for i, v in enumerate(slopes)}
    if with_names:
        found["variables"] = [described(v) for v in tf.global_variables()]
        found["shapes"] = [str(t.shape.as_list()) for t in outputs + state]
    return found


def inputs(tf, *shape):
    return tf.constant(uniform(*(shape or (BATCH, TIME, DEPTH)), seed=1))


# TensorFlow runs the steps of a loop in parallel, and what is drawn in which is left to chance.
@golden(rows={k: v for k, v in CELLS.items() if "dropout" not in k or "variational" in k}, **SUMS)
def along_time(tf, row):
    with tf.Graph().as_default():
        x = inputs(tf)
        return answers(tf, *tf.nn.dynamic_rnn(row(tf, tf.nn.rnn_cell), x, dtype=tf.float32), x)


@golden(rows={k: v for k, v in CELLS.items() if "dropout" not in k}, **SUMS)
def along_time_of_other_lengths(tf, row):
    with tf.Graph().as_default():
        x = inputs(tf)
        cell = row(tf, tf.nn.rnn_cell)
        return answers(tf, *tf.nn.dynamic_rnn(cell, x, tf.constant(LENGTHS, tf.int64), dtype=tf.float32), x)


@golden(rows=CELLS, **SUMS)
def unrolled(tf, row):
    with tf.Graph().as_default():
        x = inputs(tf)
        outputs, state = tf.nn.static_rnn(row(tf, tf.nn.rnn_cell), tf.unstack(x, axis=1), dtype=tf.float32)
        return answers(tf, outputs, state, x) | {"names": [t.name for t in outputs]}


WAYS = {
    "time major": lambda tf, c, x: tf.nn.dynamic_rnn(
        c.GRUCell(3), tf.transpose(x, [1, 0, 2]), LENGTHS, dtype=tf.float32, time_major=True
    ),
    "initial state": lambda tf, c, x: tf.nn.dynamic_rnn(
        c.BasicLSTMCell(3), x, initial_state=c.LSTMStateTuple(tf.ones([BATCH, 3]), tf.zeros([BATCH, 3]))
    ),
    "scope": lambda tf, c, x: tf.nn.dynamic_rnn(c.GRUCell(3), x, dtype=tf.float32, scope="mine"),
    "in a scope": lambda tf, c, x: in_scope(tf, lambda: tf.nn.dynamic_rnn(c.GRUCell(3), x, dtype=tf.float32)),
    "one cell twice": lambda tf, c, x: twice(tf, c.GRUCell(DEPTH), x),
    "both ways": lambda tf, c, x: tf.nn.bidirectional_dynamic_rnn(c.GRUCell(3), c.GRUCell(2), x, dtype=tf.float32),
    "both ways of other lengths": lambda tf, c, x: tf.nn.bidirectional_dynamic_rnn(
        c.GRUCell(3), c.BasicLSTMCell(2), x, sequence_length=LENGTHS, dtype=tf.float32, scope="both"
    ),
    "both ways time major": lambda tf, c, x: tf.nn.bidirectional_dynamic_rnn(
        c.GRUCell(3), c.GRUCell(2), tf.transpose(x, [1, 0, 2]), LENGTHS, time_major=True, dtype=tf.float32
    ),
    "unrolled of other lengths": lambda tf, c, x: tf.nn.static_rnn(
        c.BasicLSTMCell(3), tf.unstack(x, axis=1), sequence_length=LENGTHS, dtype=tf.float32
    ),
    "unrolled from a state": lambda tf, c, x: tf.nn.static_rnn(
        c.GRUCell(3), tf.unstack(x, axis=1), tf.ones([BATCH, 3]), scope="s"
    ),
    "unrolled both ways": lambda tf, c, x: halves(
        tf.nn.static_bidirectional_rnn(c.GRUCell(3), c.GRUCell(2), tf.unstack(x, axis=1), dtype=tf.float32)
    ),
    "unrolled both ways of other lengths": lambda tf, c, x: halves(
        tf.nn.static_bidirectional_rnn(
            c.GRUCell(3), c.BasicLSTMCell(2), tf.unstack(x, axis=1), dtype=tf.float32, sequence_length=LENGTHS
        )
    ),
    "raw": lambda tf, c, x: raw(tf, c.BasicLSTMCell(3), x, keeps=False),
    "raw with a state": lambda tf, c, x: raw(tf, c.GRUCell(3), x, keeps=True),
}


def in_scope(tf, build):
    with tf.variable_scope("outer"):
        return build()


def twice(tf, cell, x):
    outputs, _ = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32)
    with tf.variable_scope(tf.get_variable_scope(), reuse=True):
        return tf.nn.dynamic_rnn(cell, outputs, dtype=tf.float32)


def halves(results):
    outputs, forward, backward = results
    return outputs, [forward, backward]


def raw(tf, cell, x, keeps):
    """The output of each step is fed back, added to the next input."""
    by_time = tf.TensorArray(tf.float32, size=TIME).unstack(tf.transpose(x, [1, 0, 2]))

    def loop(time, output, state, total):
        emit = None if output is None else output * 2.0
        if output is None:
            state = cell.zero_state(BATCH, tf.float32)
            total = tf.constant(0.0) if keeps else None
        elif keeps:
            total = total + tf.reduce_sum(output)
        finished = time >= tf.constant([5, 2, 4])
        following = tf.cond(tf.reduce_all(finished), lambda: tf.zeros([BATCH, DEPTH]), lambda: by_time.read(time))
        return finished, following, state, emit, total

    arrays, state, total = tf.nn.raw_rnn(cell, loop)
    return arrays.stack(), [state, total] if keeps else state


@golden(rows=WAYS, **SUMS)
def way(tf, row):
    with tf.Graph().as_default():
        x = inputs(tf)
        outputs, state = row(tf, tf.nn.rnn_cell, x)
        outputs, state = flat(outputs), [t for t in flat(state) if t is not None]
        shapes = [t for t in state if t.shape.ndims]
        found = answers(tf, outputs, shapes, x)
        return found


ZERO_STATES = {
    "lstm": lambda tf, c: c.LSTMCell(3, num_proj=2).zero_state(2, tf.float32),
    "multi": lambda tf, c: c.MultiRNNCell([c.GRUCell(2), c.BasicLSTMCell(3)]).zero_state(tf.constant(4), tf.float64),
    "flat": lambda tf, c: c.BasicLSTMCell(3, state_is_tuple=False).zero_state(2, tf.float16),
    "wrapped": lambda tf, c: c.DropoutWrapper(c.GRUCell(2), 0.5).zero_state(2, tf.float32),
}


@golden(rows=ZERO_STATES)
def zero_state(tf, row):
    with tf.Graph().as_default():
        state = flat(row(tf, tf.nn.rnn_cell))
        return {"described": [described(t) for t in state]} | {f"{i}": v for i, v in enumerate(run(tf, state))}


@golden(**SUMS)
def a_cell_by_itself(tf):
    with tf.Graph().as_default():
        cell = tf.nn.rnn_cell.LSTMCell(3)
        x, state = inputs(tf, 2, DEPTH), cell.zero_state(2, tf.float32)
        for _ in range(3):
            y, state = cell(x, state)
        with tf.variable_scope("b"):
            z, _ = tf.nn.rnn_cell.LSTMCell(3)(x, state)
        named, _ = tf.nn.rnn_cell.GRUCell(3)(x, state.h, scope="given")
        own, _ = own_cell(tf)(3)(x, state.h)
        with tf.Session() as session:
            known_weights(tf, session)
            values = session.run([y, z, named, own])
        names = {"variables": [described(v) for v in tf.global_variables()], "weights": [v.name for v in cell.weights]}
        return names | {str(i): v for i, v in enumerate(values)}


REFUSED = {
    "no cell": (lambda tf, c, x: tf.nn.dynamic_rnn("cell", x, dtype=tf.float32), ["is not an RNNCell"]),
    "no dtype": (lambda tf, c, x: tf.nn.dynamic_rnn(c.GRUCell(3), x), ["dtype"]),
    "lengths of rank 2": (
        lambda tf, c, x: tf.nn.dynamic_rnn(c.GRUCell(3), x, [[1, 2]], dtype=tf.float32),
        ["sequence_length must be a vector of length batch_size"],
    ),
    "matrix": (lambda tf, c, x: tf.nn.dynamic_rnn(c.GRUCell(3), x[0, 0], dtype=tf.float32), ["rank|shape"]),
    "unknown depth": (
        lambda tf, c, x: tf.nn.dynamic_rnn(c.GRUCell(3), tf.placeholder(tf.float32, [2, 3, None]), dtype=tf.float32),
        ["Input size .depth of inputs. must be accessible via shape inference, but saw value None"],
    ),
    "no steps": (lambda tf, c, x: tf.nn.static_rnn(c.GRUCell(3), [], dtype=tf.float32), ["must not be empty"]),
    "no list": (lambda tf, c, x: tf.nn.static_rnn(c.GRUCell(3), x, dtype=tf.float32), ["must be a sequence"]),
    "no cells": (lambda tf, c, x: c.MultiRNNCell([]), ["Must specify at least one cell for MultiRNNCell."]),
    "one cell for a list": (lambda tf, c, x: c.MultiRNNCell(c.GRUCell(2)), ["cells must be a list or tuple, but "]),
    "states of tuples side by side": (
        lambda tf, c, x: c.MultiRNNCell([c.LSTMCell(2)], state_is_tuple=False),
        ["Some cells return tuples of states, but the flag state_is_tuple is not set"],
    ),
    "probability": (
        lambda tf, c, x: c.DropoutWrapper(c.GRUCell(2), 1.5),
        ["Parameter input_keep_prob must be between 0 and 1"],
    ),
    "variational of no dtype": (
        lambda tf, c, x: c.DropoutWrapper(c.GRUCell(2), 0.5, variational_recurrent=True),
        ["When variational_recurrent=True, dtype must be provided"],
    ),
    "the same variables again": (
        lambda tf, c, x: [tf.nn.dynamic_rnn(c.GRUCell(3), x, dtype=tf.float32) for _ in "ab"],
        ["Variable rnn/gru_cell/gates/kernel already exists, disallowed"],
    ),
}


@golden(rows=REFUSED)
def refused(tf, row):
    call, parts = row
    with tf.Graph().as_default():
        x = inputs(tf)
        return {"said": said(lambda: call(tf, tf.nn.rnn_cell, x), *parts)}


@golden(rtol=1e-4, atol=1e-5, reason="sixty float32 steps of training, in another order")
def a_character_model_learns(tf):
    with tf.Graph().as_default(), tf.Session() as session:
        letters = tf.placeholder(tf.int32, [None, None])
        embedding = tf.get_variable("embedding", [5, 6], initializer=tf.random_uniform_initializer(-0.3, 0.3, 1))
        cells = [tf.nn.rnn_cell.BasicLSTMCell(8) for _ in range(2)]
        with tf.variable_scope("net", initializer=tf.random_uniform_initializer(-0.3, 0.3, 2)):
            inputs = tf.nn.embedding_lookup(embedding, letters[:, :-1])
            outputs, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.MultiRNNCell(cells), inputs, dtype=tf.float32)
            logits = tf.layers.dense(outputs, 5, name="logits")
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=letters[:, 1:], logits=logits))
        variables = tf.trainable_variables()
        clipped, norm = tf.clip_by_global_norm(tf.gradients(loss, variables), 1.0)
        train = tf.train.AdamOptimizer(0.02).apply_gradients(zip(clipped, variables, strict=True))
        session.run(tf.global_variables_initializer())
        text = np.arange(40).reshape(4, 10) % 5
        steps = [session.run([loss, norm, train], {letters: text})[:2] for _ in range(20)]
        return {"losses": np.array(steps, np.float32), "variables": [v.name for v in tf.global_variables()]}


ARRAYS = {
    "written and read": lambda tf: tf.TensorArray(tf.float32, 3).write(0, 1.0).write(2, 3.0).gather([2, 0]),
    "unstacked": lambda tf: tf.TensorArray(tf.float32, 3).unstack(uniform(3, 2)).stack(),
    "scattered": lambda tf: tf.TensorArray(tf.float32, 3).scatter([2, 0, 1], uniform(3, 2)).concat(),
    "split": lambda tf: tf.TensorArray(tf.float32, 2, infer_shape=False).split(uniform(5, 2), [2, 3]).read(1),
    "dynamic": lambda tf: tf.TensorArray(tf.int32, 0, dynamic_size=True).write(1, 4).write(0, 3).stack(),
    "size": lambda tf: tf.TensorArray(tf.int32, tf.constant(3)).size(),
    "loop": lambda tf: tf.while_loop(
        lambda i, a: i < 4,
        lambda i, a: (i + 1, a.write(i, tf.cast(i, tf.float32) ** 2)),
        (0, tf.TensorArray(tf.float32, 4)),
    )[1].stack(),
}


@golden(rows=ARRAYS)
def tensor_array(tf, row):
    with tf.Graph().as_default():
        return {"value": run(tf, row(tf))}
