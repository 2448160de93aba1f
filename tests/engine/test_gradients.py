"""What `gradients` promises beyond each op's own derivative."""

import numpy as np
import pytest
from running import initialized_run as run

import scopeflow as tf

pytestmark = pytest.mark.usefixtures("graph")


def test_paths_that_meet_again_add_up():
    x = tf.constant(3.0)
    y = x * x + tf.exp(x) * x
    assert run(tf.gradients(y, x)[0]) == pytest.approx(6 + np.exp(3.0) * 4, rel=1e-6)


def test_several_ys_are_summed_and_weighed_by_grad_ys():
    x = tf.constant([1.0, 2.0])
    a, b = x * 2.0, x * x
    np.testing.assert_allclose(run(tf.gradients([a, b], x)[0]), [4, 6])
    np.testing.assert_allclose(run(tf.gradients([a, b], x, grad_ys=[[1.0, 0.0], [0.0, 10.0]])[0]), [2, 40])
    with pytest.raises(ValueError, match="Passed 1 grad_ys for 2 ys"):
        tf.gradients([a, b], x, grad_ys=[a])
    with pytest.raises(ValueError, match="Dimensions must be equal, but are 3 and 2"):
        tf.gradients(a, x, grad_ys=[[1.0, 2.0, 3.0]])


def test_an_unconnected_x_gives_none_or_zeros():
    x, z = tf.constant(1.0), tf.constant([1.0, 2.0])
    assert tf.gradients(x * 2.0, [z]) == [None]
    np.testing.assert_array_equal(run(tf.gradients(x * 2.0, [z], unconnected_gradients="zero")[0]), [0, 0])
    assert tf.gradients(tf.stop_gradient(x) * 2.0, x) == [None]
    assert tf.gradients(tf.cast(x, tf.int32), x) == [None]


def test_an_x_may_be_a_y_or_lie_between_another_and_a_y():
    x = tf.constant(2.0)
    middle = x * x
    y = middle * 3.0
    assert run(tf.gradients(y, [y, middle, x])) == [1, 3, 12]


def test_stop_gradients_are_constants_beyond_themselves():
    a = tf.constant(0.0)
    b = 2.0 * a
    assert run(tf.gradients(a + b, [a, b], stop_gradients=[a, b])) == [1, 1]
    assert run(tf.gradients(a + b, [a, b])) == [3, 1]


def test_the_gradient_by_a_variable_is_that_of_its_reads():
    v = tf.Variable([1.0, 2.0])
    y = v * v + v.read_value()
    np.testing.assert_allclose(run(tf.gradients(y, v)[0]), [3, 5])
    assert tf.gradients(y, v)[0].shape.as_list() == [2]


def test_the_third_derivative_of_a_power_is_right():
    x = tf.constant(2.0, tf.float64)
    y = x**5
    for wanted in (5 * 16, 20 * 8, 60 * 4, 120 * 2):
        y = tf.gradients(y, x)[0]
        assert run(y) == pytest.approx(wanted, rel=1e-12)


def test_a_deep_chain_is_differentiated_without_deep_recursion():
    x = tf.constant(1.0, tf.float64)
    y = x
    for _ in range(3000):
        y = y * 1.0001
    assert run(tf.gradients(y, x)[0]) == pytest.approx(1.0001**3000, rel=1e-9)


def test_an_overridden_gradient_is_used_where_the_graph_says(graph):
    @tf.RegisterGradient("TenTimes")
    def ten_times(op, grad):
        return 10.0 * grad

    x = tf.constant([1.0, -2.0])
    with graph.gradient_override_map({"Exp": "TenTimes", "Sign": "Identity"}):
        y = tf.exp(x)
        s = tf.sign(x)
    np.testing.assert_array_equal(run(tf.gradients(y, x)[0]), [10, 10])
    np.testing.assert_array_equal(run(tf.gradients(s, x)[0]), [1, 1])
    np.testing.assert_allclose(run(tf.gradients(tf.exp(x), x)[0]), np.exp([1.0, -2.0]), rtol=1e-6)
    with graph.gradient_override_map({"Exp": "Unheard"}):
        z = tf.exp(x)
    with pytest.raises(LookupError, match=r"No gradient defined for operation 'Exp_2' \(op type: Unheard\)"):
        tf.gradients(z, x)
    with pytest.raises(KeyError, match="Registering two gradient with name 'TenTimes'"):
        tf.RegisterGradient("TenTimes")(ten_times)


def test_the_gradient_of_rows_is_sparse_until_it_must_be_dense():
    table = tf.Variable(np.ones((4, 2), np.float32))
    rows = tf.gather(table, [1, 3, 1])
    sparse = tf.gradients(rows, table)[0]
    assert isinstance(sparse, tf.IndexedSlices)
    dense = tf.gradients(tf.reduce_sum(rows) + tf.reduce_sum(table), table)[0]
    got_sparse, got_dense = run([sparse, tf.convert_to_tensor(dense)])
    np.testing.assert_array_equal(got_sparse.indices, [1, 3, 1])
    np.testing.assert_array_equal(got_dense, [[1, 1], [3, 3], [1, 1], [2, 2]])


def test_gradients_live_in_a_scope_of_their_own(graph):
    x = tf.constant(1.0, name="x")
    y = tf.exp(x, name="y")
    assert tf.gradients(y, x)[0].op.name.startswith("gradients/y_grad/")
    assert tf.gradients(y, x)[0].op.name.startswith("gradients_1/y_grad/")
    assert tf.gradients(y, x, name="slopes")[0].op.name.startswith("slopes/")


def test_what_is_converted_but_has_no_dtype_of_its_own_is_an_input_like_a_value():
    class Doubled:
        def __init__(self, half):
            self.half = half

    def converted(value, dtype=None, name=None, as_ref=False):
        return tf.convert_to_tensor(value.half * 2.0, dtype, name)

    tf.register_tensor_conversion_function(Doubled, converted)
    half = tf.constant([1.0, 2.0])
    given = Doubled(half)
    total = (
        tf.reduce_sum(given) + tf.reduce_sum(tf.stack([given, given]) * half) + tf.reduce_sum(tf.reshape(given, [1, 2]))
    )
    assert run([total, *tf.gradients(total, half)])[0] == 6 + 2 * (2 + 8) + 6
    np.testing.assert_allclose(run(tf.gradients(total, half)[0]), [12, 20])
