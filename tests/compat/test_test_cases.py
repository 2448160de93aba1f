"""tf.test: a test case must fail where TensorFlow's fails, and pass where it passes."""

import random
import unittest

import numpy as np
import pytest

import scopeflow as tf

NAN = float("nan")


@pytest.fixture
def case():
    made = type("T", (tf.test.TestCase,), {"runTest": lambda self: None})()
    made.setUp()
    yield made
    made.tearDown()


PASSES = {
    "close": lambda t: t.assertAllClose([1.0, 2.0], [1.0, 2.000001]),
    "close within rtol": lambda t: t.assertAllClose([100.0], [101.0], rtol=0.01, atol=0),
    "close within atol": lambda t: t.assertAllClose([0.0], [0.1], rtol=0, atol=0.11),
    "close NaN": lambda t: t.assertAllClose([NAN, np.inf], [NAN, np.inf]),
    "close tensors": lambda t: t.assertAllClose(tf.constant([1.0, 2.0]), [1, 2]),
    "close nested": lambda t: t.assertAllClose([(1.0, 2.0), [3.0]], [(1.0, 2.0), [3.0]]),
    "close dicts": lambda t: t.assertAllClose({"a": [1.0], "b": tf.ones([2])}, {"b": [1.0, 1.0], "a": [1.0]}),
    "not close": lambda t: t.assertNotAllClose([1.0], [1.1]),
    "not close shapes": lambda t: t.assertNotAllClose([1.0], [1.0, 1.0]),
    "equal": lambda t: t.assertAllEqual([1, 2], (1, 2)),
    "equal text": lambda t: t.assertAllEqual([b"a"], ["a"]),
    "equal NaN": lambda t: t.assertAllEqual([NAN], [NAN]),
    "equal bools": lambda t: t.assertAllEqual([True, False], tf.constant([True, False])),
    "not equal": lambda t: t.assertNotAllEqual([1, 2], [1, 3]),
    "in range": lambda t: t.assertAllInRange([0.0, 2.0], 0, 2),
    "in set": lambda t: t.assertAllInSet([1, 2, 1], [1, 2, 3]),
    "greater": lambda t: t.assertAllGreater([2, 3], 1),
    "greater equal": lambda t: t.assertAllGreaterEqual([1, 2], 1),
    "less": lambda t: t.assertAllLess([0], 1),
    "less equal": lambda t: t.assertAllLessEqual([1], 1),
    "near": lambda t: t.assertNear(1.0, 1.5, 0.5),
    "near, arrays of one": lambda t: t.assertNear(np.ones([1, 1]), np.array([1.5]), 0.5),
    "array near": lambda t: t.assertArrayNear([0.0, 1.0], [0.1, 1.0], 0.2),
    "distance": lambda t: t.assertNDArrayNear(np.zeros(2), np.ones(2), 1.5),
    "shape": lambda t: t.assertShapeEqual(np.zeros([2, 3]), tf.zeros([2, 3])),
    "dtype": lambda t: t.assertDTypeEqual(tf.zeros([1]), np.float32),
    "device": lambda t: t.assertDeviceEqual("/cpu:0", "/device:CPU:0"),
    "half": lambda t: t.assertAllCloseAccordingToType(np.float16([1.0]), np.float16([1.001])),
}
FAILS = {
    "close": (lambda t: t.assertAllClose([1.0, 2.0], [1.0, 2.1]), "Not equal to tolerance rtol=1e-06, atol=1e-06"),
    "close where": (lambda t: t.assertAllClose([1.0, 2.0], [1.0, 2.1]), r"not close where = \(array\(\[1\]\),\)"),
    "close shape": (lambda t: t.assertAllClose([1.0], [1.0, 2.0]), r"Shape mismatch: expected \(1,\), got \(2,\)"),
    "close broadcast": (lambda t: t.assertAllClose(1.0, [1.0, 1.0]), "Shape mismatch"),
    "close NaN": (lambda t: t.assertAllClose([NAN], [1.0]), "Not equal to tolerance"),
    "close keys": (lambda t: t.assertAllClose({"a": 1.0}, {"b": 1.0}), "mismatched keys: a has keys"),
    "close in dict": (lambda t: t.assertAllClose({"a": 1.0}, {"a": 1.1}), r"a\[a\] is different from b\[a\]"),
    "close in list": (lambda t: t.assertAllClose([[1.0], [1.0, 2.0]], [[1.0], [1.0, 3.0]]), r"a\[1\]"),
    "close dict or not": (lambda t: t.assertAllClose({"a": 1.0}, [1.0]), "only one of them is a dict"),
    "close said": (lambda t: t.assertAllClose([1.0], [2.0], msg="hallo"), "hallo"),
    "not close": (lambda t: t.assertNotAllClose([1.0], [1.0]), "are close at all elements"),
    "equal": (lambda t: t.assertAllEqual([1, 2], [1, 3]), r"not equal lhs = array\(\[2\]\)"),
    "equal shape": (lambda t: t.assertAllEqual([1, 2], [[1, 2]]), "Shape mismatch"),
    "equal NaN": (lambda t: t.assertAllEqual([NAN], [1.0]), "Arrays are not equal"),
    "equal text": (lambda t: t.assertAllEqual(["a"], ["b"]), "Arrays are not equal"),
    "equal scalar": (lambda t: t.assertAllEqual(1, 2), "Arrays are not equal"),
    "not equal": (lambda t: t.assertNotAllEqual([1], [1]), "are equal at all elements"),
    "in range": (
        lambda t: t.assertAllInRange([1.0, 5.0], 0, 2),
        r"1 of the 2 element\(s\) are outside the range \[0, 2\]",
    ),
    "open range": (lambda t: t.assertAllInRange([0.0, 2.0], 0, 2, True, True), r"2 of the 2 .*\(0, 2\)"),
    "NaN in range": (lambda t: t.assertAllInRange([NAN], 0, 2), "1 of the 1"),
    "in set": (lambda t: t.assertAllInSet([1, 5], [1, 2]), r"not in the set \[1, 2\]"),
    "greater": (lambda t: t.assertAllGreater([1, 2], 1), "not greater than 1"),
    "greater equal": (lambda t: t.assertAllGreaterEqual([0], 1), "not greater"),
    "less": (lambda t: t.assertAllLess([1], 1), "not less than 1"),
    "less equal": (lambda t: t.assertAllLessEqual([2], 1), "not less"),
    "near": (lambda t: t.assertNear(1.0, 2.0, 0.5), r"1.000000 != 2.000000 \+/- 0.500000"),
    "near NaN": (lambda t: t.assertNear(NAN, 2.0, 0.5), "nan"),
    "array near": (lambda t: t.assertArrayNear([0.0, 1.0], [0.0, 1.5], 0.1), "1.000000 != 1.500000"),
    "array length": (lambda t: t.assertArrayNear([0.0], [0.0, 1.5], 0.1), "1 != 2"),
    "distance": (lambda t: t.assertNDArrayNear(np.zeros(2), np.ones(2), 1.0), "not less"),
    "shape": (lambda t: t.assertShapeEqual(np.zeros([2]), tf.zeros([3])), r"\(2,\) != \(3,\)"),
    "dtype": (lambda t: t.assertDTypeEqual(np.zeros([2], np.float32), np.float64), "float32"),
    "device": (lambda t: t.assertDeviceEqual("/cpu:0", "/gpu:0"), "Devices /device:CPU:0 and /device:GPU:0"),
    "half": (lambda t: t.assertAllCloseAccordingToType(np.float32([1.0]), np.float32([1.001])), "Not equal"),
}


@pytest.mark.parametrize("name", PASSES)
def test_passes_where_it_holds(case, name):
    PASSES[name](case)


@pytest.mark.parametrize("name", FAILS)
def test_fails_where_it_does_not_hold_and_says_why(case, name):
    check, message = FAILS[name]
    with pytest.raises(AssertionError, match=message):
        check(case)


def test_a_cached_session_is_the_same_within_a_test(case):
    with case.test_session() as session:
        assert tf.get_default_session() is session and session.graph is tf.get_default_graph()
        assert tf.get_default_graph().seed == 87654321
        v = tf.Variable(2.0)
        session.run(v.initializer)
        with case.test_session() as again, case.cached_session() as third:
            assert session is again is third
    with case.test_session():
        assert v.eval() == 2.0 and case.evaluate({"v": v})["v"] == 2.0
    with case.session() as other:
        assert other is not session
    with pytest.raises(ValueError, match="graph used to get the cached session"), case.cached_session(tf.Graph()):
        pass
    graph = tf.Graph()
    with case.test_session(graph=graph) as own:
        assert own.graph is graph and tf.get_default_graph() is graph
    with pytest.raises(ValueError, match="config"), case.cached_session(use_gpu=False):
        pass


def test_each_test_starts_anew(case):
    first = random.random(), np.random.rand()
    tf.constant(1)
    graph = tf.get_default_graph()
    case.setUp()
    assert (random.random(), np.random.rand()) == first and tf.get_default_graph() is not graph


def test_a_run_must_raise_an_error_of_tensorflow_that_says_so(case):
    def failing():
        with case.session() as session:
            session.run(tf.check_numerics(tf.constant(1.0) / 0.0, "bad"))

    with case.assertRaisesOpError("Inf values"):
        failing()
    with case.assertRaisesOpError(lambda error: isinstance(error, tf.errors.InvalidArgumentError)):
        failing()
    with pytest.raises(AssertionError, match="Exception of type"), case.assertRaisesOpError("something else"):
        failing()
    with pytest.raises(AssertionError, match="OpError not raised"), case.assertRaisesOpError("Inf"):
        pass
    with pytest.raises(KeyError), case.assertRaisesOpError("Inf"):
        raise KeyError("Inf")


def test_a_folder_of_its_own_for_each_test(case):
    import os

    assert os.path.isdir(case.get_temp_dir()) and case.get_temp_dir() == case.get_temp_dir()
    other = type(case)()
    assert other.get_temp_dir() != case.get_temp_dir() and other.get_temp_dir().startswith(tf.test.get_temp_dir())


def test_unittest_runs_such_a_class_with_its_sessions_name_being_no_test():
    class Programs(tf.test.TestCase):
        def test_right(self):
            with self.test_session():
                self.assertAllEqual(tf.constant([1]).eval(), [1])

        def test_wrong(self):
            self.assertAllEqual([1], [2])

    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(Programs).run(result)
    assert (result.testsRun, len(result.failures), len(result.errors), len(result.skipped)) == (3, 1, 0, 1)


def test_gradients_are_held_against_differences():
    x, w = tf.constant([[1.0, 2.0]], tf.float64), tf.constant([3.0], tf.float64)
    y = tf.square(x) * w
    with tf.Session():
        theory, numeric = tf.test.compute_gradient(x, [1, 2], y, [1, 2], np.array([[0.5, 2.0]]))
        assert theory.tolist() == [[3.0, 0.0], [0.0, 12.0]] and np.abs(numeric - theory).max() <= 1e-6
        (dx, _), (dw, _) = tf.test.compute_gradient([x, w], [[1, 2], [1]], y, [1, 2], [[[0.5, 2.0]], [1.0]])
        assert dx.tolist() == [[1.0, 0.0], [0.0, 4.0]] and dw.tolist() == [[0.25, 4.0]]
        assert tf.test.compute_gradient_error(x, [1, 2], y, [1, 2]) <= 1e-6
        rows = tf.gather(x[0], [1, 1])
        (theory, _) = tf.test.compute_gradient(x, [1, 2], rows, [2], np.array([[0.5, 2.0]]))
        assert theory.tolist() == [[0.0, 0.0], [1.0, 1.0]]
    with pytest.raises(ValueError, match="no default session"):
        tf.test.compute_gradient(x, [1, 2], y, [1, 2])


def test_a_wrong_gradient_is_seen():
    @tf.RegisterGradient("WrongSquare")
    def _(op, g):
        return g * op.inputs[0] * 2.01

    x = tf.constant([1.0, 2.0], tf.float64)
    with tf.get_default_graph().gradient_override_map({"Square": "WrongSquare"}):
        y = tf.square(x)
    with tf.Session():
        assert tf.test.compute_gradient_error(x, [2], y, [2], np.array([1.0, 2.0])) >= 0.009


def test_there_is_a_gpu_or_not():
    assert tf.test.is_gpu_available() == tf.test.is_built_with_cuda() == bool(tf.test.gpu_device_name())
    with pytest.raises(NotImplementedError):
        tf.test.is_gpu_available(min_cuda_compute_capability=(7, 0))
