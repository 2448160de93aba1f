"""A name that is not there says what is; a name that loads late is there when it is asked for."""

import subprocess
import sys

import pytest

import scopeflow as tf


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("tf.reducemean", "scopeflow has no tf.reducemean; nearest: tf.reduce_mean; docs/coverage.md"),
        ("tf.nn.soft_max", "scopeflow has no tf.nn.soft_max; nearest: tf.nn.softmax; docs/coverage.md"),
        ("tf.dense", "nearest: tf.layers.dense;"),
        ("tf.relu", "nearest: tf.nn.relu;"),
        ("tf.nn.matmul", "nearest: tf.matmul;"),
        ("tf.train.Adamoptimizer", "nearest: tf.train.AdamOptimizer;"),
        ("tf.contrib.layers.flaten", "scopeflow has no tf.contrib.layers.flaten; nearest: tf.contrib.layers.flatten;"),
        ("tf.nn.rnn_cell.BasicLstmCell", "nearest: tf.nn.rnn_cell.BasicLSTMCell;"),
        ("tf.test.Testcase", "nearest: tf.test.TestCase;"),
        ("tf.soft_plus", "nearest: tf.nn.softplus;"),
        ("tf.keras.layers", "scopeflow has no tf.keras; use tf.layers; docs/coverage.md lists"),
        ("tf.train.Server", "data parallelism"),
        ("tf.train.WorkerSessionCreator", "data parallelism"),
        ("tf.profiler.profile", "scopeflow has no tf.profiler; measure with"),
        ("tf.qqqqqqqq", "scopeflow has no tf.qqqqqqqq; docs/coverage.md lists what is there"),
    ],
)
def test_a_missing_name_names_the_nearest_and_the_page(name, said):
    with pytest.raises(AttributeError) as caught:
        eval(name, {"tf": tf})
    assert said in str(caught.value)
    assert caught.value.name == name.split(".")[-1] or "keras" in name or "profiler" in name


def test_python_may_ask_for_what_is_not_there():
    assert not hasattr(tf, "__wrapped__") and not hasattr(tf.nn, "__path_of_mine__")
    assert getattr(tf, "nothing", 3) == 3


def test_what_python_asks_of_a_namespace_is_answered_without_advice():
    with pytest.raises(AttributeError) as caught:
        _ = tf.nn.__nothing__
    assert str(caught.value) == "scopeflow has no tf.nn.__nothing__"


def test_late_names_load_when_asked_for_and_stay():
    program = (
        "import sys, scopeflow as tf\nassert 'absl' not in sys.modules and 'flags' not in vars(tf)\n"
        "flags = tf.flags\nassert 'absl.flags' in sys.modules and vars(tf)['flags'] is flags is tf.app.flags\n"
        "assert 'absl.testing.absltest' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd="/")
