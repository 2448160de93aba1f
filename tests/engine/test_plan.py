"""Plans: what is run, in which order, what is folded, copied, freed and kept."""

import tracemalloc

import numpy as np
import pytest

import scopeflow as tf
from scopeflow.engine.plan import Plan

pytestmark = pytest.mark.usefixtures("graph")


def started():
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    return session


def steps_of(session, fetch, feeds=()):
    return [op.name for op in Plan(session, [fetch], list(feeds)).ops]


def test_only_what_the_fetches_need_is_run():
    x = tf.placeholder(tf.float32, [2], name="x")
    y = tf.exp(x, name="y")
    tf.py_func(lambda v: pytest.fail("not needed"), [y], tf.float32)
    assert steps_of(tf.Session(), tf.negative(y, name="z"), [x]) == ["y", "z"]
    assert steps_of(tf.Session(), tf.negative(y, name="w"), [y]) == ["w"]


def test_work_on_constants_is_done_once_when_the_plan_is_drawn_up():
    x = tf.placeholder(tf.float32, [2, 3], name="x")
    scale = tf.sqrt(tf.constant(4.0) + 5.0)
    y = tf.multiply(x, scale * tf.cast(tf.shape(x)[0], tf.float32), name="y")
    session = tf.Session()
    assert steps_of(session, y, [x]) == ["y"]
    np.testing.assert_array_equal(session.run(y, {x: np.ones((2, 3))}), np.full((2, 3), 6.0))


def test_a_plan_is_drawn_up_once_per_fetches_and_feeds():
    x = tf.placeholder(tf.float32, [])
    y = x + 1.0
    session = tf.Session()
    session.run(y, {x: 1})
    known = dict(session._runs)
    session.run(y, {x: 2})
    assert dict(session._runs) == known
    session.run([y], {x: 2})
    assert len(session._runs) == len(known) + 1


def test_control_inputs_run_before_and_each_op_once():
    order = []

    def note(name):
        return tf.py_func(lambda: order.append(name) or np.float32(0), [], tf.float32, name=name)

    a = note("a")
    with tf.control_dependencies([a]):
        b = note("b")
    with tf.control_dependencies([b, a]):
        c = note("c")
    tf.Session().run([c, a, c])
    assert order == ["a", "b", "c"]


def test_what_is_fetched_beside_an_update_is_the_value_before_it():
    v = tf.Variable(1.0)
    double = v * 2.0
    update = v.assign_add(10.0)
    session = started()
    before, after, reread = session.run([double, update, v])
    assert before == 2 and after == 11 and reread in (1, 11)
    assert session.run([v.value(), double]) == [11, 22]


def test_a_read_under_control_dependencies_sees_the_update():
    v = tf.Variable([1.0, 2.0])
    old = v.read_value()
    with tf.control_dependencies([old]):
        update = v.assign([5.0, 6.0])
    with tf.control_dependencies([update]):
        new = v.read_value()
    session = started()
    for value, wanted in zip(session.run([old, tf.reshape(old, [2]), new]), ([1, 2], [1, 2], [5, 6]), strict=True):
        np.testing.assert_array_equal(value, wanted)


def test_what_runs_after_an_update_sees_it_through_an_earlier_read():
    """As in TensorFlow 1, where moving averages after a training step rely on it."""
    v, average = tf.Variable([1.0]), tf.Variable([0.0])
    read = v.value()
    with tf.control_dependencies([v.assign_add([9.0])]):
        follow = average.assign(read * 0.5)
    session = started()
    assert session.run([read, follow]) == [[1.0], [5.0]]


def test_views_of_variables_fetched_beside_an_update_keep_the_old_values_in_any_order():
    """As a decoder's logits, which pass through a loop beside the weights, are fetched with a training step."""
    a, b = tf.Variable([1.0, 2.0]), tf.Variable([3.0, 4.0])
    first, second, third = tf.identity(a), tf.reshape(b, [2, 1]), tf.identity(b)
    update = tf.group(a.assign([7.0, 7.0]), b.assign([8.0, 8.0]))
    for fetches, wanted in (
        ([third, second, first, update], [[3, 4], [[3], [4]], [1, 2]]),
        ([second, update, first, third], [[[3], [4]], [1, 2], [3, 4]]),
    ):
        session = started()
        values = [value for value in session.run(fetches) if value is not None]
        for value, old in zip(values, wanted, strict=True):
            np.testing.assert_array_equal(value, old)


def test_two_variables_swap():
    a, b = tf.Variable([1.0]), tf.Variable([2.0])
    old_a, old_b = a + 0.0, b + 0.0
    with tf.control_dependencies([old_a, old_b]):
        swap = tf.group(a.assign(old_b), b.assign(old_a))
    session = started()
    session.run(swap)
    assert session.run([a, b]) == [[2.0], [1.0]]


def test_a_variable_may_be_assigned_a_view_of_itself():
    v = tf.Variable([1.0, 2.0, 3.0])
    turn = v.assign(tf.reverse(v, [0]))
    session = started()
    np.testing.assert_array_equal(session.run(turn), [3, 2, 1])


def test_a_buffer_keeps_its_address_and_belongs_to_one_variable():
    a = tf.Variable(tf.ones([4]))
    b = tf.Variable(a.initialized_value())
    step = a.assign_sub([1.0, 0.0, 0.0, 0.0])
    set_ = a.assign(tf.placeholder_with_default(tf.zeros([4]), [4]))
    session = started()
    buffer = session.buffer(a)
    assert not np.shares_memory(buffer, session.buffer(b))
    session.run(step)
    session.run(set_)
    assert session.buffer(a) is buffer
    np.testing.assert_array_equal(buffer, np.zeros(4))
    np.testing.assert_array_equal(session.run(b), np.ones(4))


def test_a_variable_never_takes_over_memory_that_someone_else_reads():
    x = tf.placeholder(tf.float32, [3])
    fed, constant, shared = tf.Variable(tf.zeros([3])), tf.Variable(tf.zeros([3])), tf.Variable(tf.zeros([3]))
    made = tf.exp(x)
    assignments = [
        tf.assign(fed, x), tf.assign(constant, tf.constant([1.0, 2.0, 3.0])), tf.assign(shared, tf.reshape(made, [3])),
    ]  # fmt: skip
    session = tf.Session()
    value = np.array([1.0, 2.0, 3.0], np.float32)
    *_, fetched = session.run([*assignments, made], {x: value})
    for variable in (fed, constant, shared):
        session.buffer(variable)[...] = -1
    np.testing.assert_array_equal(value, [1, 2, 3])
    np.testing.assert_allclose(fetched, np.exp(value), rtol=1e-6)
    session.run(assignments[1], {x: value})
    np.testing.assert_array_equal(session.run(constant), [1, 2, 3])


def test_an_error_leaves_every_variable_as_it_was_before_the_failing_assignment():
    v, w = tf.Variable([1.0, 2.0]), tf.Variable([3.0, 4.0])
    x = tf.placeholder(tf.float32)
    with tf.control_dependencies([v.assign_add([1.0, 1.0])]):
        bad = tf.assign(w, x)
    session = started()
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"lhs shape= .*2.* rhs shape= .*3"):
        session.run(bad, {x: np.zeros(3)})
    np.testing.assert_array_equal(session.run(v), [2, 3])
    np.testing.assert_array_equal(session.run(w), [3, 4])
    session.run(bad, {x: [7, 8]})
    np.testing.assert_array_equal(session.run(w), [7, 8])


def test_buffers_are_freed_as_soon_as_their_last_reader_has_run():
    elements = 1 << 18
    x = tf.placeholder(tf.float32, [elements])
    y = x
    for _ in range(40):
        y = tf.tanh(y + 1.0)
    total = tf.reduce_sum(y)
    session = tf.Session()
    feed = {x: np.zeros(elements, np.float32)}
    session.run(total, feed)
    tracemalloc.start()
    session.run(total, feed)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3.5 * 4 * elements, f"a chain of 80 ops held {peak / (4 * elements):.1f} buffers at once"


def test_a_fetched_value_outlives_its_last_reader():
    x = tf.placeholder(tf.float32, [2])
    early = x + 1.0
    late = tf.exp(tf.exp(early))
    got, _ = tf.Session().run([early, late], {x: [0, 1]})
    np.testing.assert_array_equal(got, [1, 2])


def test_sessions_have_values_of_their_own():
    v = tf.Variable(1.0)
    one, two = started(), started()
    one.run(v.assign(5.0))
    assert (one.run(v), two.run(v)) == (5, 1)


def test_an_uninitialized_variable_is_refused_by_name():
    v = tf.Variable(1.0, name="lonely")
    with pytest.raises(
        tf.errors.FailedPreconditionError, match="Attempting to use uninitialized value lonely"
    ) as caught:
        tf.Session().run(v * 2.0)
    assert __file__ in str(caught.value)


DRAWS = {
    "uniform": lambda dtype: tf.random_uniform([3, 50], -2.5, 1.25, dtype, seed=3),
    "normal": lambda dtype: tf.random_normal([3, 50], 0.3, 1.7, dtype, seed=3),
    "truncated_normal": lambda dtype: tf.truncated_normal([3, 50], -0.3, 0.7, dtype, seed=3),
}


@pytest.mark.parametrize("dtype", [tf.float32, tf.float64, tf.float16, tf.bfloat16], ids=lambda t: t.name)
@pytest.mark.parametrize("kind", DRAWS)
def test_a_draw_is_scaled_and_shifted_in_one_step_to_the_same_bits(kind, dtype):
    whole = DRAWS[kind](dtype)
    product = whole.op.inputs[0]
    session = tf.Session()
    assert len(steps_of(session, whole)) == 1
    fused = [session.run(whole) for _ in range(2)]
    other = tf.Session()
    apart = [other.run([whole, product])[0] for _ in range(2)]  # what lies between is asked for, so nothing is fused
    assert len(steps_of(other, product)) == 2
    for a, b in zip(fused, apart, strict=True):
        assert a.dtype == dtype.as_numpy_dtype
        np.testing.assert_array_equal(a, b)


def test_a_draw_is_not_fused_where_something_else_needs_a_part_of_it():
    whole = DRAWS["uniform"](tf.float32)
    product = whole.op.inputs[0]
    with tf.control_dependencies([product]):
        after = tf.constant(1.0) + tf.placeholder_with_default(1.0, [])
    for fetches in ([whole, product], [whole, product.op.inputs[0]], [whole, tf.exp(product)], [whole, after]):
        assert len(Plan(tf.Session(), fetches, []).ops) >= 3
    negative = tf.random_normal([4], 0.0, tf.placeholder_with_default(2.0, []), seed=1)
    assert len(steps_of(tf.Session(), negative)) >= 3
    backwards = tf.random_normal([4], 0.0, -1.0, seed=1)
    np.testing.assert_array_equal(
        tf.Session().run(backwards), -tf.Session().run(tf.random_normal([4], 0.0, 1.0, seed=1))
    )


def test_an_initializer_is_one_fill_whose_buffer_the_variable_takes_over(graph):
    v = tf.get_variable("v", [64, 64], initializer=tf.glorot_uniform_initializer(seed=1))
    session = tf.Session()
    assert [op.type for op in Plan(session, [v.initializer], []).ops] == ["RandomUniform", "Assign"]
    size = 4 * 1024 * 1024
    big = tf.get_variable("big", [1024, 1024], initializer=tf.truncated_normal_initializer(seed=1))
    session.run(v.initializer)
    session.run(tf.truncated_normal([10], seed=1))  # the kernel is compiled or read
    tracemalloc.start()
    session.run(big.initializer)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.3 * size, f"{peak / size:.2f} times the variable's own bytes"
