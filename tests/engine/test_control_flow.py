"""Conditions, loops and side effects."""

import numpy as np
import pytest

import scopeflow as tf

pytestmark = pytest.mark.usefixtures("graph")


def test_only_the_taken_branch_runs():
    ran = []
    x = tf.placeholder(tf.float32, [])

    def branch(name):
        return lambda: tf.py_func(lambda v: ran.append(name) or v, [x], tf.float32)

    result = tf.cond(x > 0.0, branch("true"), branch("false"))
    session = tf.Session()
    session.run(result, {x: 1})
    session.run(result, {x: -1})
    assert ran == ["true", "false"]


def test_cond_returns_the_structure_of_its_functions():
    p = tf.placeholder(tf.bool, [])
    one = tf.cond(p, lambda: [tf.constant(1)], lambda: [tf.constant(2)])
    strict = tf.cond(p, lambda: [tf.constant(1)], lambda: [tf.constant(2)], strict=True)
    nested = tf.cond(
        p,
        lambda: {"a": tf.constant(1), "b": (tf.constant(2.0),)},
        lambda: {"a": tf.constant(3), "b": (tf.constant(4.0),)},
    )
    assert isinstance(one, tf.Tensor) and isinstance(strict, list)
    assert tf.Session().run([one, strict, nested], {p: False}) == [2, [2], {"a": 3, "b": (4.0,)}]


def test_cond_refuses_what_it_cannot_join():
    p = tf.placeholder(tf.bool, [])
    with pytest.raises(TypeError, match="pred must not be a Python bool"):
        tf.cond(True, lambda: tf.constant(1), lambda: tf.constant(2))
    with pytest.raises(TypeError, match="true_fn must be callable"):
        tf.cond(p, tf.constant(1), lambda: tf.constant(2))
    with pytest.raises(ValueError, match="must have the same type: int32, float32"):
        tf.cond(p, lambda: tf.constant(1), lambda: tf.constant(2.0))
    with pytest.raises(ValueError, match="same number of elements"):
        tf.cond(p, lambda: [tf.constant(1)] * 2, lambda: [tf.constant(2)] * 3)
    with pytest.raises(ValueError, match="true_fn must have a return value"):
        tf.cond(p, lambda: None, lambda: None)


def test_a_branchs_tensors_stay_inside():
    p = tf.placeholder(tf.bool, [], name="p")
    inner = []
    tf.cond(p, lambda: inner.append(tf.constant(1.0, name="hidden") * 2.0) or inner[0], lambda: tf.constant(2.0))
    with pytest.raises(
        ValueError, match=r"Cannot use 'cond/mul' as input to 'add' because 'cond/mul' is in the true branch of 'cond'"
    ):
        _ = inner[0] + 1.0
    with pytest.raises(ValueError, match="has been marked as not fetchable"):
        tf.Session().run(inner[0], {p: True})


def test_a_branch_may_change_a_variable():
    v = tf.Variable(1.0)
    p = tf.placeholder(tf.bool, [])
    step = tf.cond(p, lambda: v.assign_add(10.0), lambda: v.assign(0.0))
    only_op = tf.cond(p, lambda: tf.group(v.assign_add(100.0)), lambda: tf.no_op())
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    assert session.run(step, {p: True}) == 11
    assert session.run(step, {p: False}) == 0
    session.run(only_op, {p: True})
    assert session.run(v) == 100
    session.run(only_op, {p: False})
    assert session.run(v) == 100


def test_what_is_read_beside_a_branch_that_writes_is_the_value_before():
    v = tf.Variable([1.0, 2.0])
    doubled = v.value() * 1.0
    step = tf.cond(tf.placeholder_with_default(True, []), lambda: v.assign([7.0, 8.0]), lambda: v.value())
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    read, before, after = session.run([v.value(), doubled, step])
    np.testing.assert_array_equal([read, before, after], [[1, 2], [1, 2], [7, 8]])


def test_a_loop_may_change_a_variable_and_sees_the_change():
    v = tf.Variable(0.0)

    def body(i, seen):
        with tf.control_dependencies([v.assign_add(1.0)]):
            return i + 1, seen + v.read_value()

    loop = tf.while_loop(lambda i, _: i < 4, body, [tf.constant(0), tf.constant(0.0)])
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    assert session.run(loop) == [4, 1 + 2 + 3 + 4]
    assert session.run(v) == 4


def test_a_value_read_in_an_iteration_is_safe_from_the_next():
    v = tf.Variable([1.0])

    def body(i, kept):
        old = v.read_value()
        with tf.control_dependencies([old]):
            step = v.assign_add([1.0])
        with tf.control_dependencies([step]):
            count = i + 1
        return count, old

    loop = tf.while_loop(lambda i, _: i < 3, body, [tf.constant(0), tf.constant([0.0])])
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    assert session.run(loop)[1] == [3.0]


def test_while_keeps_dtypes_and_shapes():
    with pytest.raises(ValueError, match=r"The shape for first:0 is not an invariant for the loop\. It enters"):
        tf.while_loop(lambda a: tf.size(a) < 9, lambda a: tf.concat([a, a], 0), [tf.constant([1.0], name="first")])
    grown = tf.while_loop(
        lambda a: tf.size(a) < 9, lambda a: tf.concat([a, a], 0), [tf.constant([1.0])], [tf.TensorShape([None])]
    )
    assert grown.shape.as_list() == [None] and tf.Session().run(grown).shape == (16,)
    with pytest.raises(TypeError, match="enters the loop with dtype int32, but has dtype float32"):
        tf.while_loop(lambda a: a < 3, lambda a: tf.cast(a, tf.float32), [tf.constant(1)])
    with pytest.raises(ValueError, match="No loop variables provided"):
        tf.while_loop(lambda: True, list, [])
    with pytest.raises(TypeError, match="cond must return a boolean scalar"):
        tf.while_loop(lambda a: a, lambda a: a, [tf.constant(1)])


def test_while_stops_after_the_most_iterations():
    loop = tf.while_loop(lambda i: i < 100, lambda i: i + 1, [tf.constant(0)], maximum_iterations=7)
    assert tf.Session().run(loop) == 7


def test_random_ops_in_a_loop_go_on_in_their_stream_and_their_gradient_sees_the_same_draw():
    x = tf.constant([1.0, 1.0])

    def body(i, a):
        return i + 1, a * tf.random_uniform([2], 1.0, 2.0, seed=3)

    _, product = tf.while_loop(lambda i, _: i < 3, body, [tf.constant(0), x])
    value, slope = tf.Session().run([product, tf.gradients(product, x)[0]])
    np.testing.assert_allclose(slope, value, rtol=1e-6)
    draws = tf.map_fn(lambda v: tf.random_uniform([], seed=3), tf.zeros([4]))
    assert len(set(tf.Session().run(draws).tolist())) == 4


def test_map_over_nothing_gives_nothing():
    x = tf.placeholder(tf.float32, [None, 3])
    y = tf.map_fn(lambda v: v * 2.0, x)
    assert y.shape.as_list() == [None, 3]
    assert tf.Session().run(y, {x: np.zeros((0, 3))}).shape == (0, 3)


def test_map_needs_a_dtype_where_it_changes():
    with pytest.raises(TypeError, match="pass dtype="):
        tf.map_fn(lambda v: tf.cast(v, tf.int32), tf.constant([1.0]))
    with pytest.raises(ValueError, match=r"elements in elems must be 1\+ dimensional"):
        tf.map_fn(lambda v: v, tf.constant(1.0))


def test_case_takes_the_first_true_function():
    x = tf.placeholder(tf.int32, [])
    result = tf.case(
        [(x < 1, lambda: tf.constant("low")), (x < 5, lambda: tf.constant("middle"))],
        default=lambda: tf.constant("high"),
    )
    session = tf.Session()
    assert [session.run(result, {x: v}) for v in (0, 3, 9)] == [b"low", b"middle", b"high"]
    both = tf.case([(x < 5, lambda: x), (x < 9, lambda: -x)], default=lambda: x * 0, exclusive=True)
    with pytest.raises(tf.errors.InvalidArgumentError, match="More than one condition"):
        session.run(both, {x: 1})


def test_print_tells_the_values_on_stderr(capfd):
    x = tf.constant([1.0, 2.5, 3.0, 4.0])
    y = tf.Print(x, [tf.shape(x), x, tf.constant("text")], message="here: ", first_n=1)
    session = tf.Session()
    session.run(y)
    session.run(y)
    assert capfd.readouterr().err == "here: [4][1 2.5 3...][text]\n"


def test_assert_tells_its_data():
    x = tf.placeholder(tf.float32, [None])
    with tf.control_dependencies([tf.Assert(tf.reduce_all(x > 0.0), ["x must be positive", x])]):
        y = tf.identity(x)
    session = tf.Session()
    np.testing.assert_array_equal(session.run(y, {x: [1]}), [1])
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"assertion failed: \[x must be positive\] \[-1\]"):
        session.run(y, {x: [-1]})


def test_py_func_passes_arrays_and_checks_what_comes_back():
    x = tf.placeholder(tf.float32, [2])
    good, count = tf.py_func(lambda v, s: (v[::-1], np.int64(len(s))), [x, "abc"], [tf.float32, tf.int64])
    wrong_type = tf.py_func(lambda v: v.astype(np.float64), [x], tf.float32)
    wrong_count = tf.py_func(lambda v: [v, v], [x], tf.float32)
    raises = tf.py_func(lambda v: 1 // 0, [x], tf.float32)
    session = tf.Session()
    values = session.run([good, count], {x: [1, 2]})
    np.testing.assert_array_equal(values[0], [2, 1])
    assert values[1] == 3
    for fetch, message in [
        (wrong_type, "0-th value returned by pyfunc_.* is float64, but expects float32"),
        (wrong_count, "returns 2 values, but expects 1"),
        (raises, "ZeroDivisionError"),
    ]:
        with pytest.raises(tf.errors.OpError, match=message):
            session.run(fetch, {x: [1, 2]})


def test_group_takes_anything_that_runs_and_nothing_else():
    v = tf.Variable(1.0)
    everything = tf.group(v.assign(5.0), [tf.constant(1), {"a": tf.no_op()}], v)
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    assert session.run(everything) is None and session.run(v) == 5
    with pytest.raises(TypeError, match=r"Expected tf\.group"):
        tf.group(3)


def test_tuple_waits_for_all():
    ran = []
    a = tf.py_func(lambda: ran.append("a") or np.float32(1), [], tf.float32)
    b = tf.py_func(lambda: ran.append("b") or np.float32(2), [], tf.float32)
    first, nothing, _ = tf.tuple([a, None, b])
    assert nothing is None and tf.Session().run(first) == 1 and sorted(ran) == ["a", "b"]


def test_a_variable_read_inside_a_branch_or_body_has_its_gradient():
    v = tf.Variable([1.0, 2.0])
    p = tf.placeholder(tf.bool, [])
    chosen = tf.cond(p, lambda: v.read_value() * 3.0, lambda: tf.constant([0.0, 0.0]))
    nested = tf.cond(p, lambda: tf.cond(p, lambda: tf.square(v.read_value()), lambda: v * 1.0), lambda: v * 5.0)
    looped = tf.while_loop(lambda i, _: i < 3, lambda i, a: (i + 1, a * v.read_value()), [0, tf.ones([2])])[1]
    mapped = tf.map_fn(lambda x: x * tf.reduce_sum(v.read_value()), tf.constant([1.0, 2.0]))
    slopes = [tf.gradients(y, v)[0] for y in (chosen, nested, looped, mapped)]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        yes, no = session.run(slopes, {p: True}), session.run(slopes[:2], {p: False})
    np.testing.assert_allclose(yes, [[3, 3], [2, 4], [3, 12], [3, 3]])
    np.testing.assert_allclose(no, [[0, 0], [5, 5]])


@pytest.mark.parametrize(("most", "steps"), [(-1, 0), (0, 0), (3, 3), (9, 5)])
def test_a_loop_stops_after_the_maximum_of_iterations_be_it_negative(most, steps):
    given = tf.placeholder(tf.int32, [])
    for limit in (most, given):
        loop = tf.while_loop(lambda i: i < 5, lambda i: i + 1, [0], maximum_iterations=limit)
        assert tf.Session().run(loop, {given: most}) == steps
