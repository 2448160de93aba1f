"""Learning-rate decays against their formulas in Python's own floats."""

import math

import numpy as np
import pytest

import scopeflow as tf

STEPS = [0, 1, 4, 5, 6, 9, 10, 11, 19, 20, 21, 35, 1000]


def rates(decay, steps=STEPS, dtype=tf.int64):
    """The decay's values at the steps; the step is fed."""
    with tf.Graph().as_default(), tf.Session() as session:
        step = tf.placeholder(dtype, [])
        rate = decay(step)
        return np.array([session.run(rate, {step: s}) for s in steps])


def cosine(done):
    return 0.5 * (1 + math.cos(math.pi * done))


def restarts(step, first, t_mul, m_mul, alpha):
    """By walking through the periods one after another."""
    length, height, start = first, 1.0, 0.0
    while step >= start + length:
        start, length, height = start + length, length * t_mul, height * m_mul
    return (1 - alpha) * height * cosine((step - start) / length) + alpha


def polynomial(step, steps, end, power, cycle):
    if cycle:
        steps *= max(1, math.ceil(step / steps))
    return (0.5 - end) * (1 - min(step, steps) / steps) ** power + end


CASES = {
    "exponential": (lambda s: tf.train.exponential_decay(0.5, s, 10, 0.9), lambda s: 0.5 * 0.9 ** (s / 10)),
    "exponential staircase": (
        lambda s: tf.train.exponential_decay(0.5, s, 10, 0.9, staircase=True),
        lambda s: 0.5 * 0.9 ** (s // 10),
    ),
    "natural_exp": (lambda s: tf.train.natural_exp_decay(0.5, s, 10, 0.3), lambda s: 0.5 * math.exp(-0.3 * s / 10)),
    "natural_exp staircase": (
        lambda s: tf.train.natural_exp_decay(0.5, s, 10, 0.3, staircase=True),
        lambda s: 0.5 * math.exp(-0.3 * (s // 10)),
    ),
    "inverse_time": (lambda s: tf.train.inverse_time_decay(0.5, s, 10, 0.3), lambda s: 0.5 / (1 + 0.3 * s / 10)),
    "inverse_time staircase": (
        lambda s: tf.train.inverse_time_decay(0.5, s, 10, 0.3, staircase=True),
        lambda s: 0.5 / (1 + 0.3 * (s // 10)),
    ),
    "polynomial": (
        lambda s: tf.train.polynomial_decay(0.5, s, 20, 0.1, power=2.0),
        lambda s: polynomial(s, 20, 0.1, 2.0, False),
    ),
    "polynomial by default": (
        lambda s: tf.train.polynomial_decay(0.5, s, 20),
        lambda s: polynomial(s, 20, 0.0001, 1.0, False),
    ),
    "polynomial cycle": (
        lambda s: tf.train.polynomial_decay(0.5, s, 5, 0.1, cycle=True),
        lambda s: polynomial(s, 5, 0.1, 1.0, True),
    ),
    "cosine": (lambda s: tf.train.cosine_decay(0.5, s, 20), lambda s: 0.5 * cosine(min(s, 20) / 20)),
    "cosine alpha": (
        lambda s: tf.train.cosine_decay(0.5, s, 20, alpha=0.2),
        lambda s: 0.5 * (0.8 * cosine(min(s, 20) / 20) + 0.2),
    ),
    "cosine restarts": (
        lambda s: tf.train.cosine_decay_restarts(0.5, s, 7, t_mul=2.0, m_mul=0.5, alpha=0.1),
        lambda s: 0.5 * restarts(s, 7, 2.0, 0.5, 0.1),
    ),
    "cosine restarts of one length": (
        lambda s: tf.train.cosine_decay_restarts(0.5, s, 7, t_mul=1.0, m_mul=0.9),
        lambda s: 0.5 * restarts(s, 7, 1.0, 0.9, 0.0),
    ),
    "linear cosine": (
        lambda s: tf.train.linear_cosine_decay(0.5, s, 20, num_periods=1.5, alpha=0.1, beta=0.01),
        lambda s: 0.5 * ((0.1 + 1 - min(s, 20) / 20) * cosine(2 * 1.5 * min(s, 20) / 20) + 0.01),
    ),
    "piecewise": (
        lambda s: tf.train.piecewise_constant(s, [5, 10], [1.0, 0.5, 0.25]),
        lambda s: 1.0 if s <= 5 else 0.5 if s <= 10 else 0.25,
    ),
    "piecewise of one piece": (lambda s: tf.train.piecewise_constant_decay(s, [], [0.3]), lambda s: 0.3),
}


@pytest.mark.parametrize("dtype", [tf.int32, tf.int64])
@pytest.mark.parametrize("name", CASES)
def test_a_decay_is_its_formula(name, dtype):
    decay, formula = CASES[name]
    got = rates(decay, dtype=dtype)
    wanted = np.array([formula(s) for s in STEPS])
    assert got.dtype == np.float32 and got.shape == wanted.shape
    # cos near π and log(step) keep absolute, not relative, accuracy; 1e-6 is some ten float32 roundings of the rate
    assert np.all(np.abs(got - wanted) <= 1e-6 + 2e-6 * np.abs(wanted)), (got, wanted)


def test_rates_have_the_dtype_of_the_initial_rate():
    for decay, _ in CASES.values():
        source = tf.Graph()
        with source.as_default():
            assert decay(tf.constant(3)).dtype is tf.float32
    with tf.Graph().as_default(), tf.Session() as session:
        rate = tf.train.exponential_decay(tf.constant(0.5, tf.float64), tf.constant(3), 10, 0.9)
        assert rate.dtype is tf.float64
        assert abs(session.run(rate) - 0.5 * 0.9**0.3) <= 1e-8  # 0.9 itself comes as a float32


def test_a_step_may_be_a_variable_a_tensor_or_a_number():
    with tf.Graph().as_default(), tf.Session() as session:
        step = tf.train.get_or_create_global_step()
        made = [tf.train.exponential_decay(0.5, s, 10, 0.25) for s in (step, tf.constant(10), 10, 10.0)]
        session.run(step.initializer)
        assert session.run(made) == [0.5, 0.125, 0.125, 0.125]
        session.run(step.assign(10))
        assert session.run(made[0]) == 0.125


def test_boundaries_may_be_any_numbers_of_the_steps_dtype():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [])
        rate = tf.train.piecewise_constant(x, [0.5, 1.5], [1, 2, 3])
        assert [session.run(rate, {x: v}) for v in (-1.0, 0.5, 0.6, 1.5, 1.6)] == [1, 1, 2, 2, 3]


@pytest.mark.parametrize(
    ("x", "boundaries", "values", "message"),
    [
        (1, [5, 10], [1.0, 0.5], "The length of boundaries should be 1 less than the length of values"),
        (1, [5.0], [1.0, 0.5], r"Boundaries \(<dtype: 'float32'>\) must have the same dtype as x \(<dtype: 'int32'>\)"),
        (1.0, [5], [1.0, 0.5], r"Boundaries \(<dtype: 'int32'>\) must have the same dtype as x"),
        (1, [5], [1.0, 2], "Values must have elements all with the same dtype"),
    ],
)
def test_pieces_that_do_not_fit_are_refused(x, boundaries, values, message):
    with tf.Graph().as_default(), pytest.raises(ValueError, match=message):
        tf.train.piecewise_constant(tf.constant(x), boundaries, values)


@pytest.mark.parametrize(
    "name",
    ["exponential_decay", "natural_exp_decay", "inverse_time_decay", "polynomial_decay", "cosine_decay",
     "cosine_decay_restarts", "linear_cosine_decay"],
)  # fmt: skip
def test_no_step_is_said_to_be_required(name):
    arguments = (0.1, None, 10) + ((0.5,) if name.endswith(("exp_decay", "time_decay", "exponential_decay")) else ())
    with tf.Graph().as_default(), pytest.raises(ValueError, match=f"^global_step is required for {name}\\.$"):
        getattr(tf.train, name)(*arguments)
