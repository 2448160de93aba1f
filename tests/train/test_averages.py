"""Moving averages: their formula, their start, their names, and how they are restored."""

import numpy as np
import pytest

import scopeflow as tf

VALUES = [np.array([1.0, -2.0]), np.array([0.5, 4.0]), np.array([3.0, 0.0]), np.array([3.0, 1.0])]


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as made:
        yield made


def trajectory(average, subject, feeds, extra=()):
    """The average's values over one update a feed."""
    update = average.apply([subject])
    shadow = average.average(subject)
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    values = [session.run(shadow)]
    for feed in feeds:
        session.run(update, feed)
        values.append(session.run(shadow))
        session.run(list(extra))
    return values


def close(a, b, tol=1e-12):
    return np.max(np.abs(np.asarray(a) - np.asarray(b))) <= tol


def test_the_average_of_a_tensor_starts_at_zero_and_moves_by_its_formula():
    x = tf.placeholder(tf.float64, [2])
    got = trajectory(tf.train.ExponentialMovingAverage(0.75), x, [{x: v} for v in VALUES])
    wanted = np.zeros(2)
    assert close(got[0], wanted)
    for value, average in zip(VALUES, got[1:], strict=True):
        wanted = 0.75 * wanted + 0.25 * value
        assert close(average, wanted)


def test_the_average_of_a_variable_starts_as_the_variable_does():
    v = tf.Variable([1.0, 2.0], dtype=tf.float64)
    average = tf.train.ExponentialMovingAverage(0.5)
    update = average.apply([v])
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    assert session.run(average.average(v)).tolist() == [1.0, 2.0]
    session.run(v.assign([3.0, 2.0]))
    session.run(update)
    assert session.run(average.average(v)).tolist() == [2.0, 2.0]
    assert session.run(v).tolist() == [3.0, 2.0]


def test_an_unbiased_average_of_a_constant_is_that_constant_from_the_first_update_on():
    x = tf.placeholder(tf.float64, [2])
    got = trajectory(tf.train.ExponentialMovingAverage(0.75, zero_debias=True), x, [{x: VALUES[0]}] * 3)
    assert all(close(average, VALUES[0]) for average in got[1:])


def test_an_unbiased_average_weighs_all_that_came_by_the_decay_alone():
    x = tf.placeholder(tf.float64, [2])
    got = trajectory(tf.train.ExponentialMovingAverage(0.75, zero_debias=True), x, [{x: v} for v in VALUES])
    for n in range(1, len(VALUES) + 1):
        weights = 0.75 ** np.arange(n)[::-1]
        assert close(got[n], np.average(VALUES[:n], axis=0, weights=weights))
    names = {v.op.name for v in tf.global_variables()}
    assert names == {f"Placeholder/ExponentialMovingAverage{part}" for part in ("", "/biased", "/local_step")}


def test_zero_debias_leaves_the_averages_of_variables_alone():
    v = tf.Variable([4.0, 8.0], dtype=tf.float64)
    got = trajectory(tf.train.ExponentialMovingAverage(0.75, zero_debias=True), v, [{}] * 2)
    assert all(close(average, [4.0, 8.0]) for average in got) and len(tf.global_variables()) == 2


def test_few_updates_let_the_average_move_faster():
    x = tf.placeholder(tf.float64, [2])
    count = tf.Variable(0, trainable=False)
    average = tf.train.ExponentialMovingAverage(0.2, num_updates=count)
    got = trajectory(average, x, [{x: v} for v in VALUES], extra=[count.assign_add(1)])
    wanted = np.zeros(2)
    for n, (value, one) in enumerate(zip(VALUES, got[1:], strict=True)):
        decay = np.float32(min(0.2, (1 + n) / (10 + n)))
        wanted = decay * wanted + (1 - decay) * value
        assert close(one, wanted, 1e-6)  # the decay is a float32
    assert min(0.2, 1 / 10) == 0.1 and min(0.2, 4 / 13) == 0.2  # both sides of the minimum were seen


def test_a_decay_may_be_a_tensor():
    x = tf.placeholder(tf.float32, [2])
    decay = tf.placeholder(tf.float32, [])
    got = trajectory(
        tf.train.ExponentialMovingAverage(decay),
        x,
        [{x: v, decay: d} for v, d in zip(VALUES, (0, 1, 0.5, 1), strict=True)],
    )
    wanted = [VALUES[0], VALUES[0], (VALUES[0] + VALUES[2]) / 2, (VALUES[0] + VALUES[2]) / 2]
    assert all(close(a, b, 1e-6) for a, b in zip(got[1:], wanted, strict=True))


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16, tf.float32, tf.float64])
def test_averages_have_the_dtype_of_what_they_average(dtype):
    v = tf.Variable(tf.constant([1.0, 2.0], dtype))
    average = tf.train.ExponentialMovingAverage(0.5)
    average.apply([v])
    assert average.average(v).dtype is dtype


def test_integers_have_no_average():
    with pytest.raises(TypeError, match="The variables must be half, float, or double: counter:0"):
        tf.train.ExponentialMovingAverage(0.5).apply([tf.Variable(1, name="counter")])
    assert len(tf.global_variables()) == 1


def test_a_second_apply_shares_the_shadows_of_the_first():
    v, w = tf.Variable(1.0, name="v"), tf.Variable(1.0, name="w")
    average = tf.train.ExponentialMovingAverage(0.5)
    average.apply([v])
    shadow = average.average(v)
    average.apply([v, w])
    assert average.average(v) is shadow
    assert [u.op.name for u in tf.global_variables()][2:] == [
        "v/ExponentialMovingAverage",
        "w/ExponentialMovingAverage",
    ]


def test_two_outputs_of_one_operation_have_averages_of_their_own():
    parts = tf.split(tf.placeholder_with_default([1.0, 2.0], [2], name="x"), 2)
    average = tf.train.ExponentialMovingAverage(0.0)
    update = average.apply(parts)
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    session.run(update)
    assert [float(session.run(average.average(p))[0]) for p in parts] == [1.0, 2.0]
    assert average.average(parts[0]).op.name != average.average(parts[1]).op.name


def test_what_apply_has_not_seen_has_no_average_but_a_name_for_it():
    v = tf.Variable(1.0, name="v")
    average = tf.train.ExponentialMovingAverage(0.5, name="Avg")
    assert average.name == "Avg" and average.average(v) is None and average.average_name(v) == "v/Avg"
    average.apply([v])
    assert average.average_name(v) == average.average(v).op.name == "v/Avg"


def test_averages_are_restored_into_the_variables_they_were_taken_of():
    with tf.variable_scope("s"):
        v = tf.get_variable("v", initializer=1.0)
    counter = tf.Variable(1, trainable=False, name="counter")
    average = tf.train.ExponentialMovingAverage(0.5)
    average.apply()
    shadow = average.average(v)
    assert (
        average.variables_to_restore()
        == {
            "s/v/ExponentialMovingAverage": v,
            "counter": counter,
        }
        and shadow in tf.global_variables()
    )
    assert average.variables_to_restore([])["s/v"] is v
    assert tf.moving_average_variables() == [v] and shadow not in tf.trainable_variables()


def test_the_update_waits_for_control_dependencies_and_the_shadows_initial_value_does_not():
    v, gate = tf.Variable(1.0), tf.Variable(0.0, trainable=False)
    with tf.control_dependencies([gate.assign_add(1.0)]):
        average = tf.train.ExponentialMovingAverage(0.5)
        update = average.apply([v])
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    assert session.run(gate) == 0.0
    session.run(update)
    assert session.run(gate) == 1.0


@pytest.mark.parametrize("zero_debias", [True, False])
def test_assign_moving_average_updates_a_variable_of_the_programs_own(zero_debias):
    mean = tf.Variable(np.zeros(2), trainable=False, name="mean")
    x = tf.placeholder(tf.float64, [2])
    update = tf.train.assign_moving_average(mean, x, 0.5, zero_debias=zero_debias)
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    seen = [session.run(update, {x: v}) for v in VALUES[:2]]
    plain = [VALUES[0] / 2, VALUES[0] / 4 + VALUES[1] / 2]
    wanted = [plain[0] / 0.5, plain[1] / 0.75] if zero_debias else plain
    assert all(close(a, b) for a, b in zip(seen, wanted, strict=True)) and close(session.run(mean), wanted[-1])
    names = [u.op.name for u in tf.global_variables()]
    assert names == (["mean", "mean/biased", "mean/local_step"] if zero_debias else ["mean"])


def test_debiasing_twice_keeps_two_plain_averages():
    mean = tf.Variable(np.zeros(2), trainable=False, name="mean")
    for _ in range(2):
        tf.train.assign_moving_average(mean, VALUES[0], 0.5)
    assert [u.op.name for u in tf.global_variables()][3:] == ["mean/biased_1", "mean/local_step_1"]


def test_the_average_of_a_part_is_a_part_of_the_average():
    with tf.variable_scope("a"):
        parts = tf.get_variable("v", [5, 2], partitioner=tf.fixed_size_partitioner(2))
    average = tf.train.ExponentialMovingAverage(0.5)
    average.apply(parts)
    told = [average.average(part)._get_save_slice_info() for part in parts]
    assert [(info.full_name, info.spec) for info in told] == [
        ("a/v/ExponentialMovingAverage", "5 2 0,3:0,2"), ("a/v/ExponentialMovingAverage", "5 2 3,2:0,2"),
    ]  # fmt: skip
