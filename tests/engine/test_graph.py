"""The graph: names, scopes, look-up, devices, control dependencies, collections, finalizing."""

import numpy as np
import pytest

import scopeflow as tf


def test_names_are_unique_whatever_their_case(graph):
    assert [tf.constant(1, name=n).op.name for n in ("a", "a", "A", "a_1", "a")] == ["a", "a_1", "A_2", "a_1_1", "a_3"]


def test_a_scope_that_ends_in_a_slash_is_entered_exactly(graph):
    with graph.name_scope("conv1") as scope:
        assert scope == "conv1/"
    with graph.name_scope("conv1") as again:
        assert again == "conv1_1/"
        with graph.name_scope(scope) as exact:
            assert exact == "conv1/" and tf.constant(1, name="c").name == "conv1/c:0"
        with graph.name_scope(None) as root:
            assert root == "" and tf.constant(1, name="c").name == "c:0"


def test_a_bad_name_is_refused(graph):
    with pytest.raises(ValueError, match="'a b' is not a valid scope name"), graph.name_scope("a b"):
        pass
    with pytest.raises(ValueError, match="is not a valid scope name"):
        tf.no_op(name="_private")
    assert graph.get_operations() == []


def test_elements_are_found_by_name(graph):
    tensor = tf.constant(1, name="s/a")
    assert graph.get_tensor_by_name("s/a:0") is tensor and graph.get_operation_by_name("s/a") is tensor.op
    assert graph.as_graph_element("s/a:0") is tensor and graph.as_graph_element(tensor.op) is tensor.op
    with pytest.raises(KeyError, match=r"The operation, 'nope', does not exist in the graph"):
        graph.get_tensor_by_name("nope:0")
    with pytest.raises(KeyError, match="exists but only has 1 outputs"):
        graph.get_tensor_by_name("s/a:1")
    with pytest.raises(KeyError, match=r"'s/b' refers to an Operation not in the graph\. Did you mean 's/a'\?"):
        graph.get_operation_by_name("s/b")
    with pytest.raises(ValueError, match=r'Tensor names must be of the form "<op_name>:<output_index>"'):
        graph.get_tensor_by_name("s/a")
    with pytest.raises(TypeError, match=r"Can not convert a int into a Tensor or Operation"):
        graph.as_graph_element(3)
    with tf.Graph().as_default() as other, pytest.raises(ValueError, match="is not an element of this graph"):
        other.as_graph_element(tensor)


def test_tensors_of_two_graphs_do_not_mix(graph):
    a = tf.constant(1.0)
    with tf.Graph().as_default():
        b = tf.constant(1.0)
    with pytest.raises(ValueError, match="must be from the same graph as"):
        tf.add(a, b)


def test_an_op_is_made_in_the_graph_of_its_inputs(graph):
    a = tf.constant(1.0)
    with tf.Graph().as_default() as other:
        assert tf.add(a, 2.0).graph is graph
    assert other.get_operations() == []


def test_devices_merge_from_the_outside_in(graph):
    with tf.device("/job:worker/gpu:1"):
        assert tf.constant(1).device == "/job:worker/device:GPU:1"
        with tf.device("/cpu:0"):
            assert tf.constant(1).device == "/job:worker/device:CPU:0"
        with tf.device(None):
            assert tf.constant(1).device == ""
        with tf.device(lambda op: "/gpu:3" if op.type == "Const" else ""):
            assert tf.constant(1).device == "/job:worker/device:GPU:3"
    with pytest.raises(ValueError, match="Unknown attribute 'tpu9' is used while parsing the device string '/tpu9'"):
        with tf.device("/tpu9"):
            pass


def test_control_dependencies_add_up_and_are_forgotten_inside_none(graph):
    a, b = tf.no_op(name="a"), tf.constant(1, name="b")
    with tf.control_dependencies([a]):
        with tf.control_dependencies([b]):
            assert [c.name for c in tf.no_op().control_inputs] == ["a", "b"]
        with tf.control_dependencies(None):
            assert tf.no_op().control_inputs == []


def test_a_collection_is_copied_filtered_by_prefix_and_referred_to(graph):
    a, b = tf.constant(1, name="s/a"), tf.constant(1, name="t/s/a")
    tf.add_to_collections(["k", ("odd", 1)], a)
    tf.add_to_collection("k", b)
    tf.add_to_collection("k", 5)
    copy = tf.get_collection("k")
    copy.clear()
    assert tf.get_collection("k") == [a, b, 5] and tf.get_collection("k", "s/") == [a]
    assert tf.get_collection(("odd", 1)) == [a] and ("odd", 1) in graph.collections
    tf.get_collection_ref("k").append(6)
    assert tf.get_collection("k")[-1] == 6 and tf.get_collection("unknown") == []


def test_a_finalized_graph_takes_nothing_more(graph):
    tf.constant(1)
    graph.finalize()
    with pytest.raises(RuntimeError, match=r"Graph is finalized and cannot be modified"):
        tf.constant(2)
    with pytest.raises(RuntimeError, match="finalized"):
        tf.add_to_collection("k", 1)
    assert len(graph.get_operations()) == 1


def test_a_refused_op_leaves_no_trace(graph):
    x = tf.placeholder(tf.float32, [2, 3], name="x")
    before = [op.name for op in graph.get_operations()]
    with pytest.raises(ValueError, match=r"Cannot reshape a tensor with 6 elements to shape \[4\]") as caught:
        tf.reshape(x, tf.constant([4], name="sizes"))
    assert "for 'Reshape' (op: 'Reshape') with input shapes: [2,3], [1]." in str(caught.value)
    assert __file__ in str(caught.value), "the message shows the user's own line"
    assert [op.name for op in graph.get_operations()] == [*before, "sizes"]
    assert x.consumers() == []


def test_a_tensor_is_no_python_value(graph):
    x = tf.constant([1.0, 2.0])
    with pytest.raises(TypeError, match=r"Using a `tf\.Tensor` as a Python `bool` is not allowed"):
        bool(x)
    with pytest.raises(TypeError, match="not iterable"):
        list(x)
    with pytest.raises(NotImplementedError, match="Cannot convert a symbolic"):
        np.asarray(x)
    with pytest.raises(TypeError, match="len is not well defined"):
        len(x)
    assert str(x) == 'Tensor("Const:0", shape=(2,), dtype=float32)'
    assert repr(x) == "<tf.Tensor 'Const:0' shape=(2,) dtype=float32>"
    assert {x: 1}[x] == 1 and (x == x) is True


def test_the_frames_of_an_op_are_the_users_own(graph):
    def model():
        return tf.reshape(tf.constant([1.0]), [1, 1])

    frames = model().op.traceback
    assert frames[0][0] == __file__ and frames[0][2] == "model"
    assert frames[1][2] == "test_the_frames_of_an_op_are_the_users_own"


def test_the_default_graph_can_be_reset_but_not_inside_another():
    tf.reset_default_graph()
    first = tf.get_default_graph()
    tf.reset_default_graph()
    assert tf.get_default_graph() is not first
    with tf.Graph().as_default(), pytest.raises(AssertionError, match="clear nested graphs"):
        tf.reset_default_graph()


@pytest.mark.parametrize(
    ("value", "dtype", "wanted"),
    [
        (1, None, np.int32), (2**40, None, np.int64), (1.5, None, np.float32), (True, None, np.bool_),
        ([1, 2.5], None, np.float32), (np.float64(1), None, np.float64), (np.arange(3), None, np.int64),
        ([np.float64(1.0), 2.0], None, np.float32), (1, tf.float32, np.float32), ([], None, np.float32),
        ([np.float32(1.0), 2], None, np.float32), ([2, np.int64(3)], None, np.int32), ([2**40, 1], None, np.int64),
        (1.5, tf.bfloat16, tf.bfloat16.as_numpy_dtype), (1 + 2j, None, np.complex128),
    ],
)  # fmt: skip
def test_a_constant_has_the_dtype_that_tensorflow_gives_it(graph, value, dtype, wanted):
    tensor = tf.constant(value, dtype)
    assert tensor.dtype == wanted
    np.testing.assert_array_equal(tf.Session().run(tensor), np.asarray(value, wanted))


def test_a_constant_of_the_wrong_kind_is_refused(graph):
    for value, dtype, message in [
        ("a", tf.float32, "Expected float32, got 'a' of type 'str' instead"),
        (1.5, tf.int32, "Expected int32, got 1.5 of type 'float' instead"),
        (3, tf.bool, "Expected bool, got 3 of type 'int' instead"),
    ]:
        with pytest.raises(TypeError, match=message):
            tf.constant(value, dtype)
    with pytest.raises(ValueError, match="None values not supported"):
        tf.constant(None)
    with pytest.raises(ValueError, match="out of the range of int8"):
        tf.constant(300, tf.int8)
    with pytest.raises(ValueError, match=r"Too many elements provided\. Needed at most 2, but received 3"):
        tf.constant([1, 2, 3], shape=[2])
    assert graph.get_operations() == []


def test_a_short_value_fills_a_shape_with_its_last_element(graph):
    value = tf.Session().run(tf.constant([1, 2], shape=[2, 3]))
    np.testing.assert_array_equal(value, [[1, 2, 2], [2, 2, 2]])
    with pytest.raises(TypeError, match=r"Expected Tensor's shape: \(2, 3\), got \(2,\)"):
        tf.constant([1, 2], shape=[2, 3], verify_shape=True)


def test_a_constant_keeps_its_value_when_the_array_it_came_from_changes(graph):
    array = np.ones(3, np.float32)
    tensor = tf.constant(array)
    array[:] = 7
    session = tf.Session()
    value = session.run(tensor)
    value[:] = 9  # nor does what was fetched reach back
    np.testing.assert_array_equal(session.run(tensor), [1, 1, 1])


def test_an_operation_tells_its_attributes_and_the_dtypes_of_its_signature(graph):
    x = tf.placeholder(tf.float64, [None, 2])
    assert tf.stack([x, x], 1).op.get_attr("T") is tf.float64
    assert tf.matmul(x, x, transpose_b=True).op.get_attr("transpose_b") is True
    assert tf.cast(x, tf.int32).op.get_attr("DstT") is tf.int32
    with pytest.raises(ValueError, match=r"Operation 'Placeholder' has no attr named 'T'\."):
        x.op.get_attr("T")


def test_conversions_are_tried_by_priority_and_then_in_order(graph, monkeypatch):
    from scopeflow.engine import build

    monkeypatch.setattr(build, "_CONVERSIONS", list(build._CONVERSIONS))

    class Thing:
        pass

    def gives(value):
        return lambda thing, dtype=None, name=None, as_ref=False: tf.constant(value)

    tf.register_tensor_conversion_function(Thing, gives(1.0))
    tf.register_tensor_conversion_function(Thing, gives(2.0))
    assert tf.Session().run(tf.convert_to_tensor(Thing())) == 1
    tf.register_tensor_conversion_function(Thing, gives(3.0), priority=50)
    tf.register_tensor_conversion_function(Thing, lambda *_, **__: NotImplemented, priority=10)
    assert tf.Session().run(tf.convert_to_tensor(Thing())) == 3


def test_programs_note_what_they_like_on_tensors_and_operations(graph):
    weights = tf.Variable([1.0])
    y = tf.nn.relu(weights)
    y.W, y.op.note = weights, ["any"]
    assert y.W is weights and y.op.outputs[0].W is weights and y.op.note == ["any"]
    assert not hasattr(tf.identity(y), "W")
