"""Ops on variables: what they write, what they refuse, and that a refusal changes nothing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scopeflow as tf
from scopeflow.engine.graph import Graph
from scopeflow.engine.state import variable_of

pytestmark = pytest.mark.usefixtures("graph")

KINDS = {
    "update": lambda old, new: new,
    "add": lambda old, new: old + new,
    "sub": lambda old, new: old - new,
    "mul": lambda old, new: old * new,
    "div": lambda old, new: old / new,
    "min": np.minimum,
    "max": np.maximum,
}


def session_of(*variables):
    session = tf.Session()
    session.run([v.initializer for v in variables])
    return session


def test_an_assignment_stands_for_the_variable_after_it():
    v = tf.Variable([1.0, 2.0])
    session = session_of(v)
    assert session.run(tf.assign(v, [3.0, 4.0])).tolist() == [3, 4]
    assert session.run(tf.assign_add(v, [1.0, 1.0])).tolist() == [4, 5]
    assert session.run(tf.assign_sub(v, [0.0, 5.0])).tolist() == [4, 0]
    assert session.run(v).tolist() == [4, 0]


def test_an_assignment_can_be_assigned_to():
    v = tf.Variable([1.0, 2.0])
    session = session_of(v)
    twice = tf.assign_add(tf.assign(v, [10.0, 20.0]), [1.0, 1.0])
    assert session.run(twice).tolist() == [11, 21]


def test_updates_keep_the_buffer():
    v = tf.Variable(np.zeros((3, 2), np.float32))
    session = session_of(v)
    buffer = session.buffer(v)
    ones = np.ones((3, 2), np.float32)
    session.run(tf.assign(v, ones))
    session.run(tf.assign_add(v, ones))
    session.run(tf.scatter_add(v, [1], [[1.0, 1.0]]))
    session.run(tf.scatter_nd_update(v, [[2, 0]], [9.0]))
    assert session.buffer(v) is buffer
    assert buffer.tolist() == [[2, 2], [3, 3], [9, 2]]


def test_a_variable_assigned_from_a_constant_does_not_share_its_memory():
    constant = tf.constant([1.0, 2.0])
    v, w = tf.Variable(constant), tf.Variable(constant)
    session = session_of(v, w)
    session.run(tf.assign_add(v, [5.0, 5.0]))
    assert session.run([constant, w, v])[0].tolist() == [1, 2]
    assert session.run(w).tolist() == [1, 2]


def test_a_variable_assigned_from_another_does_not_share_its_memory():
    v = tf.Variable([1.0, 2.0])
    w = tf.Variable([0.0, 0.0])
    session = session_of(v, w)
    session.run(tf.assign(w, v))
    session.run(tf.assign_add(v, [5.0, 5.0]))
    assert session.run(w).tolist() == [1, 2]


def test_a_variable_is_assigned_its_own_reversed_value():
    v = tf.Variable(np.arange(6.0))
    session = session_of(v)
    assert session.run(tf.assign(v, v[::-1])).tolist() == [5, 4, 3, 2, 1, 0]


@pytest.mark.parametrize("assign", [tf.assign, tf.assign_add, tf.assign_sub])
def test_a_wrong_static_shape_is_refused_where_it_is_written(assign):
    v = tf.Variable([1.0, 2.0])
    with pytest.raises(
        ValueError, match=r"Dimension 0 in both shapes must be equal, but are 2 and 3. Shapes are \[2\]"
    ):
        assign(v, [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="Shapes must be equal rank, but are 1 and 0"):
        assign(v, 1.0)


@pytest.mark.parametrize("assign", [tf.assign, tf.assign_add, tf.assign_sub])
def test_a_wrong_shape_in_a_run_leaves_the_variable_as_it_was(assign):
    v = tf.Variable([1.0, 2.0])
    x = tf.placeholder(tf.float32)
    update = assign(v, x)
    session = session_of(v)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"lhs shape= \[2\] rhs shape= \[3\]"):
        session.run(update, {x: [1.0, 2.0, 3.0]})
    with pytest.raises(tf.errors.InvalidArgumentError):  # it would broadcast
        session.run(update, {x: 7.0})
    assert session.run(v).tolist() == [1, 2]
    assert session.run(update, {x: [0.0, 1.0]}).shape == (2,)


def test_another_shape_can_be_assigned_without_validation():
    v = tf.Variable([1.0, 2.0], validate_shape=False)
    assert v.shape.ndims is None
    session = session_of(v)
    session.run(tf.assign(v, np.zeros((2, 3), np.float32), validate_shape=False))
    assert session.run(v).shape == (2, 3)


def test_another_dtype_is_refused_where_it_is_written():
    v = tf.Variable([1.0, 2.0])
    with pytest.raises(TypeError, match="has type int32 that does not match type float32 of argument 'ref'"):
        tf.assign(v, tf.constant([1, 2]))


@pytest.mark.parametrize("target", [lambda: tf.constant([1.0]), lambda: [1.0], lambda: tf.Variable([1.0]).value()])
def test_only_variables_can_be_assigned_to(target):
    with pytest.raises(TypeError, match="Input 'ref' of 'Assign' Op requires l-value input"):
        tf.assign(target(), [1.0])


@pytest.mark.parametrize(
    "change",
    [
        lambda v: tf.assign_add(v, [1.0]),
        lambda v: tf.assign_sub(v, [1.0]),
        lambda v: tf.scatter_add(v, [0], [1.0]),
        lambda v: tf.scatter_nd_add(v, [[0]], [1.0]),
        lambda v: v + 1.0,
        lambda v: v.read_value(),
    ],
)
def test_a_variable_without_a_value_cannot_be_read_or_updated(change):
    v = tf.Variable([1.0], name="the_variable")
    changed = change(v)
    with pytest.raises(
        tf.errors.FailedPreconditionError, match="Attempting to use uninitialized value the_variable"
    ) as raised:
        tf.Session().run(changed)
    assert "test_state.py" in str(raised.value), "the message must show where the user made the op"


def test_is_variable_initialized_tells_so_for_each_session():
    v = tf.Variable(1.0)
    known = tf.is_variable_initialized(v)
    first, second = tf.Session(), tf.Session()
    first.run(v.initializer)
    assert first.run(known) is np.True_ and second.run(known) is np.False_


def test_count_up_to_gives_the_old_value_and_ends():
    v = tf.Variable(0, name="v")
    count = tf.count_up_to(v, 3)
    session = session_of(v)
    assert [session.run(count) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(tf.errors.OutOfRangeError, match="Reached limit of 3"):
        session.run(count)
    assert session.run(v) == 3


def test_count_up_to_comes_after_reads_of_the_same_run():
    v = tf.Variable(5)
    count = v.count_up_to(9)
    session = session_of(v)
    assert session.run([v, v.value(), count])[1:] == [5, 5]
    assert variable_of(count) is None, "what count_up_to gives is a number, not the variable"


def test_count_up_to_takes_integers():
    with pytest.raises(TypeError, match="DataType float32 not in list of allowed values: int32, int64"):
        tf.count_up_to(tf.Variable(0.0), 3)


# -- scatter updates ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_rows_are_updated_one_after_another(kind, data):
    rows, width = data.draw(st.integers(1, 5)), data.draw(st.integers(0, 3))
    shape = data.draw(st.sampled_from([(), (1,), (4,), (2, 3), (0,)]))
    indices = np.array(
        data.draw(st.lists(st.integers(0, rows - 1), min_size=int(np.prod(shape)), max_size=int(np.prod(shape)))),
        np.int64,
    ).reshape(shape)
    generator = np.random.default_rng(data.draw(st.integers(0, 99)))
    start = generator.uniform(0.5, 2, (rows, width))
    updates = generator.uniform(0.5, 2, (*shape, width))
    if data.draw(st.booleans()):
        updates = np.float64(1.5)
    want = start.copy()
    for i, new in zip(
        indices.ravel(), np.broadcast_to(updates, (*shape, width)).reshape(indices.size, width), strict=True
    ):
        want[i] = KINDS[kind](want[i], new)
    with Graph().as_default():
        v = tf.Variable(start)
        got = session_of(v).run(getattr(tf, f"scatter_{kind}")(v, indices, updates))
    assert got.dtype == np.float64 and got.shape == want.shape
    assert not np.any(np.abs(got - want) > 1e-12)


@pytest.mark.parametrize("kind", ["update", "add", "sub"])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_points_are_updated_one_after_another(kind, depth):
    generator = np.random.default_rng(depth)
    start = generator.integers(-9, 9, (3, 2, 4)).astype(np.int32)
    indices = np.stack([generator.integers(0, n, (2, 5)) for n in start.shape[:depth]], -1)
    indices[1, 4] = indices[0, 0]
    updates = generator.integers(1, 9, (2, 5, *start.shape[depth:])).astype(np.int32)
    want = start.copy()
    for index, new in zip(indices.reshape(-1, depth), updates.reshape(-1, *start.shape[depth:]), strict=True):
        want[tuple(index)] = KINDS[kind](want[tuple(index)], new)
    v = tf.Variable(start)
    got = session_of(v).run(getattr(tf, f"scatter_nd_{kind}")(v, indices, updates))
    assert np.array_equal(got, want)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "index, text", [([1, 5], r"indices\[1\] = 5 is not in \[0, 3\)"), ([[0, 1], [-1, 0]], r"indices\[1,0\] = -1")]
)
def test_an_index_out_of_range_is_refused_and_nothing_written(kind, index, text):
    v = tf.Variable([1.0, 2.0, 3.0])
    update = getattr(tf, f"scatter_{kind}")(v, index, np.full(np.shape(index), 9.0, np.float32))
    session = session_of(v)
    with pytest.raises(tf.errors.InvalidArgumentError, match=text):
        session.run(update)
    assert session.run(v).tolist() == [1, 2, 3]


def test_a_point_out_of_range_is_refused_and_nothing_written():
    v = tf.Variable(np.zeros((2, 3), np.float32))
    update = tf.scatter_nd_add(v, [[0, 0], [1, 3]], [1.0, 1.0])
    session = session_of(v)
    with pytest.raises(
        tf.errors.InvalidArgumentError, match=r"indices\[1\] = \[1, 3\] does not index into shape \[2, 3\]"
    ):
        session.run(update)
    assert not session.run(v).any()


def test_integers_are_divided_towards_zero():
    v = tf.Variable(np.array([-7, 7, -8, 2**53 + 1], np.int64))
    got = session_of(v).run(tf.scatter_div(v, [0, 1, 2, 3], np.array([2, -2, 4, 1], np.int64)))
    assert got.tolist() == [-3, -3, -2, 2**53 + 1]


def test_the_last_of_several_updates_of_a_row_stays():
    v = tf.Variable([0.0, 0.0])
    assert session_of(v).run(tf.scatter_update(v, [0, 1, 0, 0], [1.0, 2.0, 3.0, 4.0])).tolist() == [4, 2]


@pytest.mark.parametrize(
    "make, text",
    [
        (
            lambda v: tf.scatter_update(v, [0, 1], [1.0, 2.0, 3.0]),
            "Dimension 0 in both shapes must be equal, but are 3 and 2",
        ),
        (
            lambda v: tf.scatter_nd_add(v, [[0], [0]], [1.0]),
            r"indices\[shape=\[2,1\]\] = \[2\] must match dimensions \[0,1\)",
        ),
        (lambda v: tf.scatter_nd_add(v, [[0, 0]], [1.0]), "must be no larger than the rank"),
    ],
)
def test_scatter_shapes_that_cannot_fit_are_refused_where_they_are_written(make, text):
    with pytest.raises(ValueError, match=text):
        make(tf.Variable([1.0, 2.0, 3.0]))


def test_scatter_shapes_are_checked_again_in_the_run():
    v = tf.Variable([1.0, 2.0, 3.0])
    x, i = tf.placeholder(tf.float32), tf.placeholder(tf.int32)
    rows, points = tf.scatter_add(v, i, x), tf.scatter_nd_add(v, i, x)
    session = session_of(v)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"updates of shape \[2\], got updates.shape \[3\]"):
        session.run(rows, {i: [0, 1], x: [1.0, 2.0, 3.0]})
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"updates of shape \[1\], got updates.shape \[\]"):
        session.run(points, {i: [[0]], x: 1.0})
    assert session.run(v).tolist() == [1, 2, 3]
