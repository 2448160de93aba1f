"""What whole programs of users need: a mistake costs nothing but itself, and seeds hold through control flow."""

import itertools
import subprocess
import sys

import numpy as np
import pytest

import scopeflow as tf
from scopeflow.compat.stand_in import make_module

gradient_numbers = itertools.count()


def ones(*shape, dtype=tf.float32):
    return tf.ones(shape, dtype)


def fed(value, *shape):
    return tf.placeholder_with_default(value, shape)


def in_scopes(call):
    with tf.variable_scope("outer", reuse=tf.AUTO_REUSE), tf.name_scope("inner"), tf.control_dependencies([tf.no_op()]):
        call()


def in_a_branch(call):
    tf.cond(fed(True), lambda: [call()], lambda: [tf.constant(1.0)])


def in_a_loop(call):
    tf.while_loop(lambda i: i < 3, lambda i: [i + 1, call()][:1], [0])


def in_a_loops_condition(call):
    tf.while_loop(lambda i: [call(), i < 3][1], lambda i: i + 1, [0])


def in_a_template(call):
    tf.make_template("template", call)()


def in_another_graph(call):
    with tf.Graph().as_default(), tf.device("/cpu:0"), tf.Session():
        call()


def in_a_gradient(call):
    name = f"Mistaken{next(gradient_numbers)}"

    @tf.RegisterGradient(name)
    def gradient(op, g):
        return call()

    with tf.get_default_graph().gradient_override_map({"Square": name}):
        y = tf.square(fed(1.0))
    tf.gradients(y, y.op.inputs[0])


MISTAKES = {
    "shapes": (lambda: ones(2, 3) + ones(4, 3), ValueError),
    "dtypes": (lambda: ones(2) * ones(2, dtype=tf.int32), TypeError),
    "a missing variable": (lambda: reused("none"), ValueError),
    "a variable of another shape": (lambda: [tf.get_variable("v", [n]) for n in (2, 3)], ValueError),
    "an initializer's shape": (lambda: tf.get_variable("o", [3], initializer=tf.orthogonal_initializer()), ValueError),
    "None": (lambda: tf.reshape(ones(4), [None, 2]), TypeError),
    "a user's own": (lambda: {}["key"], KeyError),
    "a layer's kernel": (lambda: tf.layers.conv2d(ones(1, 3, 3, 1), 2, 5), ValueError),
    "a layer's input": (lambda: tf.layers.dense(tf.placeholder(tf.float32), 2), ValueError),
    "a loss's labels": (lambda: tf.losses.mean_squared_error(ones(2, 3), ones(2)), ValueError),
    "an optimizer without gradients": (lambda: tf.train.AdamOptimizer().minimize(ones(1)), ValueError),
    "a tensor as a truth": (lambda: 1 if ones(1) else 2, TypeError),
}


def reused(name):
    with tf.variable_scope("somewhere", reuse=True):
        return tf.get_variable(name, [1])


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize(
    "place",
    [in_scopes, in_a_branch, in_a_loop, in_a_loops_condition, in_a_template, in_another_graph, in_a_gradient],
)
def test_after_a_mistake_anywhere_the_graph_is_as_open_as_before(place, mistake):
    call, kind = MISTAKES[mistake]
    with tf.Graph().as_default() as graph, tf.Session() as session:
        bystander = tf.get_variable("bystander", [2], initializer=tf.ones_initializer())
        session.run(bystander.initializer)
        with pytest.raises(kind):
            place(call)
        assert tf.get_default_graph() is graph and tf.get_default_session() is session
        assert tf.get_variable_scope().name == "" and tf.get_variable_scope().reuse is False
        after = tf.constant(1.0, name="after")
        assert after.name == "after:0" and after.op.control_inputs == [] and after.device == ""
        assert tf.get_variable("also", [1]).name == "also:0"
        assert list(session.run(bystander + after)) == [2.0, 2.0]


FAILING_RUNS = {
    "a label": lambda: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=fed([0, 7], None), logits=ones(2, 3)),
    "an index": lambda: tf.gather(ones(3, 2), fed([5], None)),
    "shapes": lambda: ones(4, 3) + fed(np.ones((2, 3), np.float32), None, 3),
    "channels": lambda: tf.nn.conv2d(ones(1, 4, 4, 2), fed(np.ones((3, 3, 3, 1), "f"), *[None] * 4), [1] * 4, "SAME"),
    "not a number": lambda: tf.check_numerics(fed(1.0) / fed(0.0), "bad"),
    "a division": lambda: fed(1) // fed(0),
    "Python": lambda: tf.py_func(lambda: [][0], [], tf.float32),
    "an assertion": lambda: tf.Assert(fed(False), ["no"]),
    "an uninitialized variable": lambda: tf.get_variable("empty", [2]) * 2.0,
    "a missing feed": lambda: tf.placeholder(tf.float32, [2]) * 2.0,
}


@pytest.mark.parametrize("failing", FAILING_RUNS)
def test_a_failing_run_names_the_users_line_and_leaves_every_variable(failing):
    with tf.Graph().as_default(), tf.Session() as session:
        weights = tf.get_variable("weights", [3], initializer=tf.ones_initializer())
        train = tf.train.MomentumOptimizer(0.5, 0.9).minimize(tf.reduce_sum(weights**2))
        session.run(tf.global_variables_initializer())
        bad = FAILING_RUNS[failing]()
        with tf.control_dependencies([bad]):
            after_bad = weights.assign_add([1.0, 1.0, 1.0])
        with pytest.raises(tf.errors.OpError, match=__file__) as caught:
            session.run(after_bad)
        assert caught.value.op is not None and f"node {caught.value.op.name}" in caught.value.message
        assert list(session.run(weights)) == [1.0, 1.0, 1.0]
        session.run(train)
        assert list(session.run(weights)) == [0.0, 0.0, 0.0]


def test_what_a_python_function_raises_is_told_with_its_own_lines():
    def deep():
        return {}["no such key"]

    def function():
        return np.float32(deep())

    with tf.Graph().as_default(), tf.Session() as session:
        made = tf.py_func(function, [], tf.float32, name="mine")
        with pytest.raises(tf.errors.UnknownError) as caught:
            session.run(made)
    message = caught.value.message
    assert message.startswith("KeyError: 'no such key'")
    assert "in deep" in message and "in function" in message and "effects.py" not in message
    assert isinstance(caught.value.__cause__.__cause__ or caught.value.__cause__, KeyError)


def test_an_error_that_a_python_function_raises_as_a_runs_error_keeps_its_class():
    def ended():
        raise tf.errors.OutOfRangeError(None, None, "no more data")

    with tf.Graph().as_default(), tf.Session() as session, pytest.raises(tf.errors.OutOfRangeError, match="no more"):
        session.run(tf.py_func(ended, [], tf.float32))


def test_a_condition_counts_for_the_op_seeds_as_many_operations_as_tensorflows():
    """That the values drawn after it agree is a golden case; here are the terms."""

    def count(build):
        with tf.Graph().as_default() as graph:
            tf.constant(0)
            before = graph.last_id
            build()
            return graph.last_id - before

    x = lambda: fed(1.0)  # noqa: E731  (a tensor of the graph that is open)
    assert count(lambda: tf.cond(fed(True), lambda: 1.0, lambda: 2.0)) == 2 + 4 + 2 + 1
    plain = count(lambda: (lambda t: tf.cond(fed(True), lambda: t + t, lambda: t))(x()))
    assert plain == 2 + 2 + 4 + (1 + 1) + 1 + 1  # two tensors, four, an Add and its Switch, another, a Merge


def run_as_a_program(source, folder, *arguments):
    """What a program prints that is run as TensorFlow programs are."""
    path = folder / "program.py"
    path.write_text(source)
    command = [sys.executable, "-m", "scopeflow", "run", str(path), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def test_a_programs_own_flags_take_the_place_of_those_of_absl(tmp_path):
    source = """
import tensorflow as tf
tf.flags.DEFINE_string("log_dir", "here", "where logs are written")
tf.flags.DEFINE_bool("v", False, "whether to say more")
def main(_):
    print(tf.flags.FLAGS.log_dir, tf.flags.FLAGS.v)
tf.app.run()
"""
    assert run_as_a_program(source, tmp_path) == ["here", "False"]
    assert run_as_a_program(source, tmp_path, "--log_dir=there", "--v") == ["there", "True"]


INNER_NAMES = {
    "tensorflow.core.example.example_pb2": "Example",
    "tensorflow.core.framework.graph_pb2": "GraphDef",
    "tensorflow.core.framework.summary_pb2": "Summary",
    "tensorflow.core.protobuf.config_pb2": "ConfigProto",
    "tensorflow.core.protobuf.rewriter_config_pb2": "RewriterConfig",
    "tensorflow.contrib.framework.python.ops.arg_scope": "add_arg_scope",
    "tensorflow.contrib.layers.python.layers": "batch_norm",
    "tensorflow.contrib.layers.python.layers.initializers": "xavier_initializer",
    "tensorflow.contrib.layers.python.layers.layers": "fully_connected",
    "tensorflow.contrib.layers.python.layers.utils": "collect_named_outputs",
    "tensorflow.contrib.framework": "smart_cond",
    "tensorflow.python.framework.tensor_shape": "as_shape",
    "tensorflow.python.layers.utils": "smart_cond",
    "tensorflow.python.util.nest": "is_sequence",
    "tensorflow.python.ops.gradient_checker": "compute_gradient_error",
    "tensorflow.python.ops.metrics_impl": "accuracy",
}


@pytest.mark.parametrize("path", INNER_NAMES)
def test_names_are_found_where_programs_import_them_from(path):
    assert hasattr(make_module(path), INNER_NAMES[path])


def test_the_settings_that_programs_make_for_a_session_are_taken():
    levels = tf.OptimizerOptions
    options = tf.GraphOptions(optimizer_options=tf.OptimizerOptions(opt_level=levels.L0))
    config = tf.ConfigProto(graph_options=options, allow_soft_placement=True, inter_op_parallelism_threads=1)
    config.graph_options.optimizer_options.global_jit_level = levels.ON_1
    config.graph_options.rewrite_options.layout_optimizer = 2
    config.gpu_options.allow_growth = True
    told = tf.RunMetadata()
    with tf.Graph().as_default(), tf.Session(config=config) as session:
        full = tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE)
        assert session.run(tf.constant(2), options=full, run_metadata=told) == 2


def test_a_programs_own_writer_of_events_gives_files_that_are_read(tmp_path):
    events, pywrap = make_module("tensorflow.core.util.event_pb2"), make_module("tensorflow.python.pywrap_tensorflow")
    writer = pywrap.EventsWriter(str(tmp_path / "logs" / "run").encode())
    summary = tf.Summary(value=[tf.Summary.Value(tag="reward", simple_value=1.5)])
    event = events.Event(wall_time=3.0, summary=summary)
    event.step = 7
    writer.WriteEvent(event)
    writer.Flush()
    (path,) = (tmp_path / "logs").glob("run.out.tfevents.*")
    assert str(path) == writer.FileName()
    first, second = tf.train.summary_iterator(str(path))
    assert first.file_version == "brain.Event:2"
    assert (second.step, second.wall_time, second.summary.value[0].simple_value) == (7, 3.0, 1.5)
    writer.Close()


def test_a_checkpoint_may_have_the_name_of_a_folder(tmp_path):
    """Programs save into a folder's own name, and assign from it: it is the checkpoint's prefix."""
    with tf.Graph().as_default(), tf.Session() as session:
        saved = tf.get_variable("saved", initializer=[1.0, 2.0])
        session.run(tf.global_variables_initializer())
        prefix = tf.train.Saver().save(session, str(tmp_path))
        assert prefix == str(tmp_path)
        session.run(saved.assign([0.0, 0.0]))
        assign, feeds = tf.contrib.framework.assign_from_checkpoint(prefix, [saved])
        session.run(assign, feeds)
        assert list(session.run(saved)) == [1.0, 2.0]
        with pytest.raises(tf.errors.OpError):
            tf.contrib.framework.assign_from_checkpoint(str(tmp_path / "missing"), [saved])
