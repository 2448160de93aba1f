"""TensorFlow's other homes and older names of what is here."""

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import scopeflow as tf
from scopeflow.compat import debugging, dtypes, linalg, manip, math, random, small, switches


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as made:
        yield made


@pytest.mark.parametrize("module", [debugging, dtypes, linalg, manip, math, random], ids=lambda m: m.__name__)
def test_a_home_offers_what_it_lists_and_nothing_that_stands_elsewhere_under_another_meaning(module):
    assert getattr(tf, module.__name__.rpartition(".")[2]) is module
    for name in module.__all__:
        offered = getattr(module, name)
        at_root = getattr(tf, name, getattr(tf.nn, name, offered))
        assert offered is at_root or (module is linalg and name in ("diag", "diag_part", "transpose"))


def test_renamed_functions_are_the_right_ones():
    m = tf.constant([[4.0, 1.0], [1.0, 3.0]])
    with tf.Session() as session:
        got = session.run({
            "det": tf.linalg.det(m), "inv": tf.linalg.inv(m), "diag": tf.linalg.diag([1.0, 2.0]),
            "diag_part": tf.linalg.diag_part(m), "transpose": tf.linalg.transpose([[1.0, 2.0]]),
            "tensor_diag": tf.linalg.tensor_diag([1.0, 2.0]), "band": tf.linalg.band_part(m, 0, 0),
            "solve": tf.linalg.solve(m, [[1.0], [0.0]]),
        })  # fmt: skip
    inverse = np.array([[3, -1], [-1, 4]]) / 11
    assert abs(got["det"] - 11) <= 1e-5
    assert np.abs(got["inv"] - inverse).max() <= 1e-6 and np.abs(got["solve"][:, 0] - inverse[0]).max() <= 1e-6
    assert got["diag"].tolist() == got["tensor_diag"].tolist() == [[1, 0], [0, 2]]
    assert got["diag_part"].tolist() == [4, 3] and got["transpose"].tolist() == [[1], [2]]
    assert got["band"].tolist() == [[4, 0], [0, 3]]


def test_later_names_of_random_ops_draw_what_the_older_ones_draw():
    pairs = [(tf.random.uniform, tf.random_uniform), (tf.random.normal, tf.random_normal)]
    with tf.Session() as session:
        for later, older in pairs:
            a, b = session.run([later([3], seed=5), older([3], seed=5)])
            assert a.tolist() == b.tolist() and a.std() > 0
        assert sorted(session.run(tf.random.shuffle([1, 2, 3]))) == [1, 2, 3]


def test_what_tf1_programs_turn_off_is_off():
    for name in switches.__all__:
        answer = getattr(tf, name)()
        assert answer is (None if name.startswith("disable_") else False)


def test_small_functions_are_all_at_the_top():
    assert all(getattr(tf, name) is getattr(small, name) for name in small.__all__)


def test_is_tensor_tells_what_is_in_the_graph():
    rows = tf.IndexedSlices(tf.ones([1]), tf.constant([0]))
    assert all(map(tf.is_tensor, (tf.Variable(1.0), tf.constant(1), rows)))
    assert not any(map(tf.is_tensor, (1, np.ones(1), [tf.constant(1)], None, tf.TensorShape([1]), tf.no_op())))


def test_static_values_and_dimensions():
    assert tf.get_static_value(tf.constant([1, 2])).tolist() == [1, 2]
    assert tf.get_static_value(tf.placeholder(tf.float32)) is None
    shape = tf.TensorShape([3, None])
    assert [tf.dimension_value(d) for d in (*shape, 4, None)] == [3, None, 4, None]
    assert tf.dimension_at_index(shape, 0).value == 3
    assert tf.dimension_at_index(tf.TensorShape(None), 5).value is None


def test_lists_of_identities_and_shapes():
    with tf.Session() as session:
        assert session.run(tf.identity_n([1.0, 2.0])) == [1.0, 2.0]
        sizes = session.run(tf.shape_n([tf.ones([2, 3]), [1]], out_type=tf.int64))
    assert [s.tolist() for s in sizes] == [[2, 3], [1]] and sizes[0].dtype == np.int64


def test_op_scope_takes_values_first():
    with tf.op_scope([tf.constant(1)], None, "b") as scope:
        assert (scope, tf.constant(1).name) == ("b/", "b/Const:0")
    with tf.op_scope([], "a", "b") as scope:
        assert scope == "a/"


def test_nothing_flows_back_through_a_type_registered_so(graph):
    tf.NotDifferentiable("TestNotDifferentiable")
    x = tf.placeholder(tf.float32, [2])
    with graph.gradient_override_map({"Square": "TestNotDifferentiable"}):
        y = tf.square(x)
    assert tf.gradients(y, [x]) == [None]
    with pytest.raises(TypeError, match="op_type must be a string"):
        tf.NoGradient(3)


def test_create_partitioned_variables_gives_parts_of_one():
    parts = tf.create_partitioned_variables([3, 2], [2, 1], np.arange(6.0, dtype=np.float32).reshape(3, 2), name="p")
    assert [p.op.name for p in parts] == ["p/part_0", "p/part_1"]
    again = tf.create_partitioned_variables([3, 2], [2, 1], tf.zeros_initializer(), name="p", reuse=True)
    assert all(a is b for a, b in zip(parts, again, strict=True))
    other = tf.create_partitioned_variables([4], [1], tf.ones_initializer())
    assert [p.op.name for p in other] == ["PartitionedVariable/part_0"]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert [v.tolist() for v in session.run(parts)] == [[[0, 1], [2, 3]], [[4, 5]]]


@pytest.mark.parametrize(
    ("slicing", "message"),
    [([2], "must have the length"), ([5, 1], "does not fit the shape"), ([2, 2], "along one dimension")],
)
def test_a_slicing_that_does_not_fit_is_refused(slicing, message):
    with pytest.raises(ValueError, match=message):
        tf.create_partitioned_variables([4, 2], slicing, tf.ones_initializer())


def test_no_module_stands_where_tensorflow_has_a_function():
    """A package's modules become its attributes as they are imported, over whatever is called the same."""
    text = (Path(__file__).parents[1] / "golden" / "tensorflow_names.txt").read_text()
    named = {path: names.split() for path, _, names in (line.partition(": ") for line in text.splitlines())}
    wrong = []
    for path, names in named.items():
        home = tf
        for part in path.split(".") if path != "tf" else ():
            home = getattr(home, part, None)
        for name in names:
            full = name if path == "tf" else f"{path}.{name}"
            if isinstance(getattr(home, name, None), ModuleType) and full not in named:
                wrong.append(full)
    assert not wrong
