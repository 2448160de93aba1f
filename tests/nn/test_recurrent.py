"""Recurrent networks where TensorFlow leaves the draws to chance, and over lengths that only a run knows."""

import numpy as np
import pytest

import scopeflow as tf

pytestmark = pytest.mark.usefixtures("graph")

C = tf.nn.rnn_cell


class Passing(C.RNNCell):
    """Gives its inputs, and counts its steps."""

    state_size = 1
    output_size = 4

    def call(self, inputs, state):
        return tf.identity(inputs), state + 1.0


def run(fetches, feed=None):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(fetches, feed)


def test_each_step_of_a_loop_drops_other_elements():
    x = tf.ones([50, 20, 4])
    outputs, _ = tf.nn.dynamic_rnn(C.DropoutWrapper(Passing(), output_keep_prob=0.5, seed=1), x, dtype=tf.float32)
    first, second = (run(outputs) for _ in range(2))
    assert set(np.unique(first)) == {0, 2}
    kept = first != 0
    assert abs(kept.mean() - 0.5) < 0.05
    assert all((kept[:, i] != kept[:, i + 1]).mean() > 0.3 for i in range(19))
    assert np.array_equal(first, second)  # a new session begins anew


def test_the_steps_end_with_the_longest_sequence():
    x, lengths = tf.placeholder(tf.float32, [None, None, 4]), tf.placeholder(tf.int32, [None])
    steps = []

    class Counting(Passing):
        def call(self, inputs, state):
            with tf.control_dependencies([tf.py_func(lambda: steps.append(1), [], [])]):
                return super().call(inputs, state)

    outputs, state = tf.nn.dynamic_rnn(Counting(), x, lengths, dtype=tf.float32)
    assert outputs.shape.as_list() == [None, None, 4]
    values = np.ones([2, 9, 4], np.float32)
    got, count = run([outputs, state], {x: values, lengths: [3, 1]})
    assert len(steps) == 3
    assert np.array_equal(got[0, :, 0], [1, 1, 1, 0, 0, 0, 0, 0, 0])
    assert got.shape == (2, 9, 4)
    assert count.tolist() == [[3], [1]]
    gradient = run(tf.gradients(outputs, x)[0], {x: values, lengths: [3, 1]})
    assert gradient[:, :, 0].sum(1).tolist() == [3, 1]
    assert gradient.shape == (2, 9, 4)


@pytest.mark.parametrize("lengths", [[0, 0], [9, 9]])
def test_no_length_and_full_length(lengths):
    x = tf.constant(np.ones([2, 9, 4], np.float32))
    outputs, state = tf.nn.dynamic_rnn(Passing(), x, lengths, dtype=tf.float32)
    got, count = run([outputs, state])
    assert got[:, :, 0].sum(1).tolist() == lengths
    assert count[:, 0].tolist() == lengths


def test_an_empty_batch_gives_empty_outputs():
    x = tf.placeholder(tf.float32, [None, 3, 4])
    outputs, state = tf.nn.dynamic_rnn(C.LSTMCell(2), x, dtype=tf.float32)
    got, last = run([outputs, state], {x: np.zeros([0, 3, 4])})
    assert got.shape == (0, 3, 2)
    assert last.c.shape == (0, 2)


def test_nested_inputs_and_outputs_keep_their_form():
    class Pair(C.RNNCell):
        state_size = (2, {"a": 3})
        output_size = (3, 2)

        def call(self, inputs, state):
            left, right = inputs
            return (right, left), (state[0] + left, {"a": state[1]["a"] * 2.0 + right})

    x = (tf.ones([2, 4, 2]), tf.ones([2, 4, 3]))
    outputs, state = tf.nn.dynamic_rnn(Pair(), x, dtype=tf.float32)
    assert [o.shape.as_list() for o in outputs] == [[2, 4, 3], [2, 4, 2]]
    got = run(state)
    assert got[0].tolist() == [[4, 4], [4, 4]]
    assert got[1]["a"][0].tolist() == [15, 15, 15]


def test_a_cell_that_never_called_its_base_works():
    class Old(C.RNNCell):
        def __init__(self):
            pass

        state_size = property(lambda self: 3)
        output_size = property(lambda self: 3)

        def __call__(self, inputs, state, scope=None):
            with tf.variable_scope(scope or "old"):
                w = tf.get_variable("w", [4, 3], initializer=tf.ones_initializer())
                new = tf.matmul(inputs, w) + state
            return new, new

    _, state = tf.nn.dynamic_rnn(Old(), tf.ones([1, 5, 4]), dtype=tf.float32)
    assert [v.name for v in tf.global_variables()] == ["rnn/old/w:0"]
    assert run(state).tolist() == [[20, 20, 20]]


@pytest.mark.parametrize("lengths", [[2], [1, 2, 1]], ids=["too few", "too many"])
def test_lengths_that_are_not_one_for_each_sequence_end_the_run(lengths):
    x, fed = tf.placeholder(tf.float32, [None, 3, 4]), tf.placeholder(tf.int32, [None])
    dynamic, _ = tf.nn.dynamic_rnn(Passing(), x, fed, dtype=tf.float32)
    static, _ = tf.nn.static_rnn(Passing(), tf.unstack(x, axis=1), dtype=tf.float32, sequence_length=fed)
    both = tf.nn.bidirectional_dynamic_rnn(Passing(), Passing(), x, sequence_length=fed, dtype=tf.float32)[0]
    for outputs in (dynamic, static, both[0]):
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"Expected shape for Tensor .*sequence_length.* is"):
            run(outputs, {x: np.ones([2, 3, 4]), fed: lengths})
    assert run(dynamic, {x: np.ones([2, 3, 4]), fed: [1, 3]})[0, 1:].sum() == 0


@pytest.mark.parametrize("cell", ["BasicRNNCell", "GRUCell", "BasicLSTMCell", "LSTMCell"])
def test_a_cell_refuses_integers_in_tensorflows_words_and_makes_no_variable(cell):
    with tf.Graph().as_default() as graph:
        for dtype, x in ((tf.float32, tf.zeros([2, 4, 3], tf.int32)), (tf.int64, tf.zeros([2, 4, 3]))):
            wrong = "int32" if dtype == tf.float32 else "int64"
            with pytest.raises(ValueError, match=f"only supports floating point inputs, but saw dtype: .*{wrong}"):
                tf.nn.dynamic_rnn(getattr(tf.nn.rnn_cell, cell)(3), x, dtype=dtype)
        with pytest.raises(ValueError, match="only supports floating point inputs"):
            tf.nn.static_rnn(getattr(tf.nn.rnn_cell, cell)(3), [np.zeros([2, 3], int)], dtype=tf.float32)
        assert graph.get_collection(tf.GraphKeys.GLOBAL_VARIABLES) == []
