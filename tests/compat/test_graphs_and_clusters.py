"""Clusters as data, resources, names from before TensorFlow 1.0, inner paths of messages, assertions on messages."""

import subprocess
import sys

import numpy as np
import pytest

import scopeflow as tf
from scopeflow.compat import resources


def test_a_cluster_says_its_tasks():
    cluster = tf.train.ClusterSpec({"worker": ["a:1", "b:2"], "ps": {1: "c:3", 3: b"d:4"}})
    assert cluster.jobs == ["worker", "ps"] and cluster.num_tasks("ps") == 2
    assert cluster.task_indices("ps") == [1, 3] and cluster.task_address("ps", 3) == "d:4"
    assert cluster.job_tasks("ps") == [None, "c:3", None, "d:4"] and cluster.job_tasks("worker") == ["a:1", "b:2"]
    assert cluster.as_dict() == {"worker": ["a:1", "b:2"], "ps": {1: "c:3", 3: "d:4"}}
    assert tf.train.ClusterSpec(cluster) == cluster != tf.train.ClusterSpec({"worker": ["a:1"]})
    assert cluster and not tf.train.ClusterSpec({})
    assert repr(tf.train.ClusterSpec({"worker": ["a:1"]})) == "ClusterSpec('worker': ['a:1'])"


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: tf.train.ClusterSpec(["a:1"]), TypeError, "must be a dictionary mapping one or more job names"),
        (lambda: tf.train.ClusterSpec({"a": "b:1"}), TypeError, "tasks for job 'a' must be a list or a dictionary"),
        (lambda: tf.train.ClusterSpec({"a": [1]}), TypeError, "addresses are strings by number, not 1"),
        (lambda: tf.train.ClusterSpec({}).num_tasks("ps"), ValueError, "No such job in cluster: 'ps'"),
        (
            lambda: tf.train.ClusterSpec({"a": ["b:1"]}).task_address("a", 1),
            ValueError,
            "No task with index 1 in job 'a'",
        ),
        (lambda: tf.train.Server, AttributeError, "use data parallelism"),
        (lambda: tf.train.replica_device_setter(1), NotImplementedError, "use data parallelism"),
        (
            lambda: tf.train.replica_device_setter(cluster={"ps": ["a:1"]}),
            NotImplementedError,
            "no parameter servers here",
        ),
        (lambda: tf.contrib.nccl, AttributeError, "use data parallelism"),
        (lambda: tf.contrib.graph_editor.copy, AttributeError, "import_graph_def"),
        (lambda: tf.contrib.boosted_trees.python, AttributeError, "XGBoost"),
        (lambda: tf.contrib.tensor_forest.client, AttributeError, "scikit-learn"),
        (lambda: tf.contrib.learn.Experiment, AttributeError, "write the training loop with a Session"),
        (lambda: tf.estimator.DNNClassifier, AttributeError, "write the training loop with a Session"),
        (lambda: tf.estimator.inputs.pandas_input_fn, AttributeError, "numpy_input_fn are there"),
        (lambda: tf.contrib.memory_stats, AttributeError, "get_default_memory_pool"),
    ],
)
def test_what_has_no_home_here_is_refused_in_words(call, kind, words):
    with pytest.raises(kind, match=words):
        call()


def test_names_from_before_1_0_are_the_functions_of_today(graph):
    x = np.array([[1.0, 2.0], [3.0, 5.0]], np.float32)
    with tf.Session() as session:
        made = [tf.mul(x, 2.0), tf.sub(x, 1.0), tf.neg(x), tf.pack([x, x]), tf.concat_v2([x, x], 1), *tf.unpack(x)]
        made += [tf.batch_matmul(x, x), tf.batch_svd(x)[0]]
        got = session.run(made)
    wanted = [x * 2, x - 1, -x, np.stack([x, x]), np.concatenate([x, x], 1), x[0], x[1], x @ x]
    for a, b in zip(got, [*wanted, np.linalg.svd(x)[1]], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)
    assert tf.nn.deconv2d is tf.nn.conv2d_transpose


def test_resources_are_made_and_reported(graph):
    made = tf.Variable(False, name="made", trainable=False)
    resources.register_resource("table", tf.assign(made, True).op, made.read_value())
    assert [r.handle for r in resources.shared_resources()] == ["table"] and resources.local_resources() == []
    missing = resources.report_uninitialized_resources()
    init = resources.initialize_resources(resources.shared_resources(), name="make")
    with tf.Session() as session:
        session.run(made.initializer)
        assert session.run(missing).tolist() == [b"table"]
        session.run(init)
        assert session.run(missing).tolist() == []
        assert session.run(resources.report_uninitialized_resources([])).tolist() == []
        session.run(resources.initialize_resources([]))


IMPORTS = """
import scopeflow
scopeflow.install_as_tensorflow()
from tensorflow.core.framework import attr_value_pb2, graph_pb2, node_def_pb2, tensor_pb2, tensor_shape_pb2, types_pb2
from tensorflow.core.framework import summary_pb2, variable_pb2
from tensorflow.core.protobuf import meta_graph_pb2, saver_pb2
from tensorflow.python.framework import graph_io, graph_util, importer, meta_graph, ops
from tensorflow.python.ops import custom_gradient, resources
import tensorflow as tf
assert types_pb2.DT_FLOAT == 1 == tf.float32.as_datatype_enum and types_pb2.DT_STRING == 7
assert graph_pb2.GraphDef is tf.GraphDef and node_def_pb2.NodeDef is tf.NodeDef
assert attr_value_pb2.AttrValue(i=3).i == 3 and saver_pb2.SaverDef is tf.train.SaverDef
assert meta_graph_pb2.MetaGraphDef is tf.MetaGraphDef and variable_pb2.VariableDef().trainable is False
assert summary_pb2.Summary is tf.Summary and tensor_pb2.TensorProto and tensor_shape_pb2.TensorShapeProto
assert graph_util.convert_variables_to_constants and importer.import_graph_def and graph_io.write_graph
assert meta_graph.read_meta_graph_file and ops.register_proto_function and custom_gradient.custom_gradient
"""


def test_messages_are_found_where_programs_import_them_from():
    subprocess.run([sys.executable, "-c", IMPORTS], check=True)


def test_messages_are_compared_with_texts_and_with_each_other():
    made = type("T", (tf.test.TestCase,), {"runTest": lambda self: None})
    case, node = made(), tf.NodeDef(name="a", op="Const")
    node.attr["x"].f = 1.0
    text = 'op: "Const" name: "a" attr { key: "x" value { f: 1 } }'
    case.assertProtoEquals(text, node)
    case.assertProtoEquals(tf.NodeDef.FromString(node.SerializeToString()), node)
    case.assertProtoEquals(text.replace("f: 1", "f: 1.01"), node, relative_tolerance=0.02)
    for wrong, how in (
        (text.replace('"a"', '"b"'), {}),
        (text.replace("f: 1", "f: 1.01"), {"relative_tolerance": 0.001}),
    ):
        with pytest.raises(AssertionError):
            case.assertProtoEquals(wrong, node, **how)
    with pytest.raises(AssertionError):
        case.assertProtoEquals(tf.GraphDef(), node)
    with pytest.raises(ValueError, match="no field"):
        case.assertProtoEquals("nothing: 1", node)
    with tf.Graph().as_default() as graph:
        tf.no_op(name="n")
    case.assertProtoEqualsVersion('node { name: "n" op: "NoOp" }', graph.as_graph_def())
    with pytest.raises(AssertionError):
        case.assertProtoEqualsVersion('node { name: "n" op: "NoOp" }', graph.as_graph_def(), producer=1)


def test_graphs_are_walked_in_both_directions(graph):
    walk = tf.contrib.graph_editor
    a, b = tf.placeholder(tf.float32, name="a"), tf.placeholder(tf.float32, name="b")
    c = tf.add(a, b, name="c")
    with tf.control_dependencies([b]):
        d = tf.identity(tf.multiply(c, 2.0, name="m"), name="d")
    tf.negative(c, name="e")

    def names(ops):
        return [op.name for op in ops]

    assert names(walk.get_backward_walk_ops(d)) == ["d", "m", "c", "m/y", "a", "b"]
    assert names(walk.get_backward_walk_ops([d.op], inclusive=False, control_inputs=True)) == [
        "m",
        "b",
        "c",
        "m/y",
        "a",
    ]
    assert names(walk.get_backward_walk_ops([d], stop_at_ts=[c])) == ["d", "m", "m/y"]
    assert names(walk.get_backward_walk_ops(d, within_ops_fn=lambda op: op.type != "Placeholder")) == [
        "d",
        "m",
        "c",
        "m/y",
    ]
    assert names(walk.get_forward_walk_ops(a)) == ["c", "m", "e", "d"]
    assert names(walk.get_forward_walk_ops(a.op, within_ops=[c.op])) == ["a", "c"]
    assert names(walk.get_forward_walk_ops(b, stop_at_ts=[c])) == ["c"]
    waiting = walk.get_forward_walk_ops(b.op, inclusive=False, stop_at_ts=[b], control_outputs=True)
    assert sorted(names(waiting)) == ["d", "m", "m/y"]


def test_a_spec_tells_what_a_tensor_is(graph):
    spec = tf.TensorSpec([None, 3], "int32", name="a")
    assert (spec.shape.as_list(), spec.dtype, spec.name) == ([None, 3], tf.int32, "a")
    assert repr(spec) == "TensorSpec(shape=(?, 3), dtype=tf.int32, name='a')"
    assert spec == tf.TensorSpec((None, 3), tf.int32, "a") != tf.TensorSpec((None, 3), tf.int32)
    assert len({spec, tf.TensorSpec((None, 3), tf.int32, "a"), tf.TensorSpec(None)}) == 2
    assert tf.TensorSpec([2]).dtype is tf.float32 and tf.TensorSpec.from_spec(spec, "b").name == "b"
    told = tf.TensorSpec.from_tensor(tf.constant([[1, 2, 3]], name="c"))
    assert told == tf.TensorSpec([1, 3], tf.int32, "c") and spec.is_compatible_with(told)
    assert not spec.is_compatible_with(tf.constant([[1.0, 2.0, 3.0]])) and not spec.is_compatible_with(tf.constant([1]))
