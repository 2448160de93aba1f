"""Variables that start with the values of a checkpoint, by names, scopes, patterns; checkpoints looked into."""

import numpy as np
import pytest

import scopeflow as tf
from scopeflow.train.checkpoint.formats import create_checkpoint

TENSORS = {
    "old/conv1/w": np.float32([1, 2]),
    "old/conv1/w/Adam": np.float32([3, 4]),
    "old/conv2/w": np.float32([5, 6]),
    "old/conv2/b": np.float64([7, 8]),
    "old/a.b": np.float32([9, 10]),
}


@pytest.fixture(params=["m", "m.npz", "m.safetensors"])
def path(request, tmp_path):
    path = tmp_path / request.param
    format = {"m": "tensorflow", "m.npz": "npz", "m.safetensors": "safetensors"}[request.param]
    with create_checkpoint(str(path), format) as writer:
        for name, array in TENSORS.items():
            writer.add(name, array)
        writer.finish()
    return str(path)


def started(*names):
    """What variables of these names start with in a new session; by name."""
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return {v.op.name: session.run(v).tolist() for v in tf.global_variables()}


def zeros(name, dtype=tf.float32, shape=(2,)):
    return tf.get_variable(name, shape, dtype, initializer=tf.zeros_initializer())


def test_a_pattern_gives_each_variable_of_the_name_that_its_template_gives_its_value(graph, path):
    for name in ("new/w_conv1", "new/w_conv2", "new/w_conv3", "other"):
        zeros(name)
    tf.train.init_from_checkpoint(path, {r"old/(conv\d)/w": r"new/w_\1"})
    assert started() == {"new/w_conv1": [1, 2], "new/w_conv2": [5, 6], "new/w_conv3": [0, 0], "other": [0, 0]}


def test_a_pattern_that_fits_no_tensor_or_no_variable_is_refused(graph, path):
    zeros("new/w")
    for pattern, template in ((r"old/(conv\d)", r"new/\1"), (r"old/(conv\d)/w", r"new/\1")):
        with pytest.raises(ValueError, match=r"No tensor in .* matches .* such that .* is the name of a variable"):
            tf.train.init_from_checkpoint(path, {pattern: template})


def test_a_name_with_a_dot_is_a_name(graph, path):
    zeros("new/x")
    tf.train.init_from_checkpoint(path, {"old/a.b": "new/x"})
    assert started() == {"new/x": [9, 10]}


def test_a_name_that_is_not_there_is_told_with_the_nearest(graph, path):
    zeros("x")
    with pytest.raises(
        ValueError, match=r"Tensor old/conv1/v is not found in .* The nearest names there are old/conv1/w"
    ):
        tf.train.init_from_checkpoint(path, {"old/conv1/v": "x"})


def test_another_dtype_is_told_when_the_initializer_runs(graph, path):
    b = zeros("b")
    tf.train.init_from_checkpoint(path, {"old/conv2/b": "b"})
    with tf.Session() as session, pytest.raises(tf.errors.InvalidArgumentError) as raised:
        session.run(b.initializer)
    assert (
        "tensor_name = old/conv2/b; expected dtype float does not equal original dtype double" in raised.value.message
    )
    assert f"(variable b, checkpoint {path})" in raised.value.message


def test_nothing_is_changed_where_one_of_several_cannot_be(graph, path):
    x, y = zeros("x"), zeros("y", shape=[3])
    with pytest.raises(ValueError, match="Shape of variable y:0"):
        tf.train.init_from_checkpoint(path, [("old/conv1/w", x), ("old/conv2/w", y)])
    assert started()["x"] == [0, 0]


def test_values_come_from_the_checkpoint_as_it_was_when_it_was_asked_for(graph, path):
    x = zeros("x")
    tf.train.init_from_checkpoint(path, {"old/conv1/w": x})
    tf.train.remove_checkpoint(path)
    assert started() == {"x": [1, 2]}
    assert x.initializer_name == f"old/conv1/w of {path}"


def test_later_initial_values_load_and_dependent_variables_take_the_checkpoints_value(graph, path):
    x = zeros("x")
    tf.train.init_from_checkpoint(path, {"old/conv1/w": x})
    twice = tf.Variable(x.initialized_value() * 2, name="twice")
    with tf.Session() as session:
        session.run(twice.initializer)
        assert session.run(twice).tolist() == [2, 4]
        session.run(x.initializer)
        x.load([8, 9], session)
        assert session.run(x).tolist() == [8, 9]
        session.run(x.initializer)
        assert session.run(x).tolist() == [1, 2]


def test_initial_values_go_to_the_variables_device(graph, path, stand_in_cupy):
    x = zeros("x")
    tf.train.init_from_checkpoint(path, {"old/conv1/w": x})
    assert started() == {"x": [1, 2]}
    with tf.Session() as session:
        session.run(x.initializer)
        assert isinstance(session.buffer(x), stand_in_cupy.ndarray)


def test_vocabularies_are_refused_in_words(graph, path):
    with pytest.raises(NotImplementedError, match="vocabularies"):
        tf.train.warm_start(path, var_name_to_vocab_info={"x": object()})


def test_a_list_of_variables_is_warm_started(graph, path):
    with tf.variable_scope("old/conv1"):
        w = zeros("w")
    zeros("other")
    tf.train.warm_start(path, [w])
    assert started() == {"old/conv1/w": [1, 2], "other": [0, 0]}
    with pytest.raises(ValueError, match="must be all `Variable` or all `str`"):
        tf.train.warm_start(path, [w, "other"])


def test_a_folder_without_a_checkpoint_is_told(tmp_path):
    for call in (tf.train.load_checkpoint, tf.train.list_variables):
        with pytest.raises(ValueError, match="Couldn't find 'checkpoint' file or checkpoints in given directory"):
            call(tmp_path)


def test_what_is_read_is_the_readers_own(path):
    reader = tf.train.NewCheckpointReader(path)
    first = reader.get_tensor("old/conv1/w")
    first[0] = 100
    assert reader.get_tensor("old/conv1/w").tolist() == [1, 2]
    assert reader.get_variable_to_dtype_map()["old/conv2/b"] is tf.float64
    assert b"old/conv2/b (DT_DOUBLE) [2]\n" in reader.debug_string()
    assert reader.has_tensor("old/a.b") and not reader.has_tensor("old/a")
    with pytest.raises(tf.errors.NotFoundError, match="Key old/a not found in checkpoint"):
        reader.get_tensor("old/a")


def test_variables_of_a_scope_are_found_with_their_slots(tmp_path):
    def build():
        with tf.variable_scope("net"):
            w = tf.get_variable("w", [2], initializer=tf.ones_initializer())
        return tf.train.MomentumOptimizer(0.1, 0.9).minimize(tf.reduce_sum(w * w))

    with tf.Graph().as_default(), tf.Session() as session:
        train = build()
        session.run(tf.global_variables_initializer())
        session.run(train)
        path = tf.train.Saver().save(session, str(tmp_path / "model"))
        wanted = session.run(tf.global_variables())
    with tf.Graph().as_default(), tf.Session() as session:
        build()
        tf.train.init_from_checkpoint(path, {"net/": "net/"})
        session.run(tf.global_variables_initializer())
        got = session.run(tf.global_variables())
    assert [v.tolist() for v in got] == [v.tolist() for v in wanted]
