"""GraphDefs of other programs: ops that are called otherwise here, values left out, damaged messages and texts."""

import numpy as np
import pytest

import scopeflow as tf
from scopeflow.engine.text_format import merge, parse


def const(name, array):
    array = np.asarray(array)
    node = tf.NodeDef(name=name, op="Const")
    node.attr["dtype"].type = tf.as_dtype(array.dtype).as_datatype_enum
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(array, array.dtype))
    return node


def graph_def(text, **constants):
    told = merge(text, tf.GraphDef())
    told.node.extend([const(name, value) for name, value in constants.items()])
    return told


def run(told, *fetches, feeds=None):
    with tf.Graph().as_default(), tf.Session() as session:
        found = tf.import_graph_def(told, return_elements=fetches, name="")
        return session.run(found, feeds)


def op(name, kind, inputs, attrs=""):
    given = "".join(f'input: "{i}" ' for i in inputs.split())
    return f'node {{ name: "{name}" op: "{kind}" {given}{attrs} }}\n'


def attr(key, value):
    return f'attr {{ key: "{key}" value {{ {value} }} }}'


T = attr("T", "type: DT_FLOAT")
X, Y = np.array([[1.0, -2.0], [3.0, 0.5]], np.float32), np.array([[0.5, 4.0], [-1.0, 2.0]], np.float32)
M, V = np.array([0.5, -1.0], np.float32), np.array([4.0, 0.25], np.float32)

OLDER = {
    "Add": (op("r", "Add", "x y", T), X + Y),
    "Inv": (op("r", "Inv", "x", T), 1 / X),
    "Snapshot": (op("r", "Snapshot", "x", T), X),
    "PreventGradient": (op("r", "PreventGradient", "x", T + attr("message", 's: "no"')), X),
    "OnesLike": (op("r", "OnesLike", "x", T), np.ones_like(X)),
    "Div": (op("r", "Div", "x y", T), X / Y),
    "BatchMatMul": (op("r", "BatchMatMul", "x y", T + attr("adj_x", "b: true")), X.T @ Y),
    "Concat": (op("r", "Concat", "one x y", T + attr("N", "i: 2")), np.concatenate([X, Y], 1)),
    "AccumulateNV2": (op("r", "AccumulateNV2", "x y", T + attr("N", "i: 2") + attr("shape", "shape {}")), X + Y),
    "Gather": (
        op("r", "Gather", "x one_row", attr("Tparams", "type: DT_FLOAT") + attr("Tindices", "type: DT_INT32")),
        X[[1, 1]],
    ),
    "DynamicStitch": (
        op("r", "DynamicStitch", "a b m v", T + attr("N", "i: 2")), np.array([4, 0.5, 0.25, -1], np.float32),
    ),
    "InTopK": (
        op("r", "InTopK", "x zeros", attr("T", "type: DT_INT32") + attr("k", "i: 1")), np.array([True, True]),
    ),
    "TopK": (op("r", "TopK", "x", T + attr("k", "i: 1")), X.max(1, keepdims=True)),
    "BatchNormWithGlobalNormalization": (
        op(
            "r", "BatchNormWithGlobalNormalization", "images m v m v",
            T + attr("variance_epsilon", "f: 0.01") + attr("scale_after_normalization", "b: true"),
        ),
        (X[:, None, None] - M) / np.sqrt(V + 0.01) * V + M,
    ),
    "FusedBatchNorm": (
        op("r", "FusedBatchNorm", "images v m m v", T + attr("epsilon", "f: 0.01") + attr("is_training", "b: false")),
        (X[:, None, None] - M) / np.sqrt(V + 0.01) * V + M,
    ),
}  # fmt: skip
INPUTS = {
    "x": X, "y": Y, "one": np.int32(1), "one_row": np.array([1, 1], np.int32), "a": np.array([1, 3], np.int32),
    "b": np.array([0, 2], np.int32), "m": M, "v": V, "zeros": np.zeros(2, np.int32), "images": X[:, None, None],
}  # fmt: skip


@pytest.mark.parametrize("kind", OLDER)
def test_an_older_op_computes_what_it_did(kind):
    text, wanted = OLDER[kind]
    (got,) = run(graph_def(text, **INPUTS), "r:0")
    assert got.dtype == np.asarray(wanted).dtype
    np.testing.assert_allclose(got, wanted, rtol=2e-6)


def test_integers_are_divided_towards_zero_by_the_older_division():
    text = op("r", "Div", "p q", attr("T", "type: DT_INT32")) + op("s", "Mod", "p q", attr("T", "type: DT_INT32"))
    got = run(graph_def(text, p=np.array([7, -7], np.int32), q=np.array([2, 2], np.int32)), "r:0", "s:0")
    assert got[0].tolist() == [3, -3] and got[1].tolist() == [1, -1]


def test_a_gradient_of_a_resize_is_given_its_image():
    grads = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1)
    (got,) = run(
        graph_def(op("r", "ResizeBilinearGrad", "g image", T), g=grads, image=np.zeros([1, 2, 2, 1], np.float32)), "r:0"
    )
    assert got.shape == (1, 2, 2, 1) and got.sum() == grads.sum()


def test_resources_are_variables():
    kinds = attr("dtype", "type: DT_FLOAT")
    shape = attr("shape", "shape { dim { size: 2 } }")
    told = graph_def(
        op("v", "VarHandleOp", "", kinds + shape)
        + op("init", "AssignVariableOp", "v m", kinds)
        + op("more", "AssignAddVariableOp", "v m", kinds)
        + op("there", "VarIsInitializedOp", "v")
        + op("read", "ReadVariableOp", "v", kinds)
        + op("row", "ResourceGather", "v one", kinds + attr("Tindices", "type: DT_INT32"))
        + op("step", "ResourceApplyGradientDescent", "v rate m", T),
        m=M, one=np.int32(1), rate=np.float32(0.5),
    )  # fmt: skip
    with tf.Graph().as_default(), tf.Session() as session:
        tf.import_graph_def(told, name="")
        assert not session.run("there:0")
        session.run("init")
        assert session.run("there:0")
        session.run("more")
        np.testing.assert_array_equal(session.run("read:0"), 2 * M)
        assert session.run("row:0") == 2 * M[1]
        session.run("step")
        np.testing.assert_array_equal(session.run("read:0"), 1.5 * M)


def test_a_tensor_of_fewer_values_repeats_the_last():
    node = """node { name: "c" op: "Const" attr { key: "dtype" value { type: DT_FLOAT } } attr { key: "value"
      value { tensor { dtype: DT_FLOAT tensor_shape { dim { size: 2 } dim { size: 2 } } %s } } } }"""
    assert run(graph_def(node % "float_val: 1.5"), "c:0")[0].tolist() == [[1.5, 1.5], [1.5, 1.5]]
    assert run(graph_def(node % "float_val: [1, 2]"), "c:0")[0].tolist() == [[1, 2], [2, 2]]
    for wrong in ("float_val: [1, 2, 3, 4, 5]", "", 'tensor_content: "abc"'):
        with pytest.raises(ValueError, match="Node 'c': attr 'value'"):
            run(graph_def(node % wrong), "c:0")


def test_nodes_may_stand_in_any_order_and_wait_for_each_other():
    text = op("r", "Add", "x y ^late", T) + op("late", "NoOp", "^x")
    assert (run(graph_def(text, x=X, y=Y), "r:0")[0] == X + Y).all()
    with pytest.raises(ValueError, match="cycle"):
        run(graph_def(op("r", "Add", "x s", T) + op("s", "Add", "x r", T), x=X), "r:0")


REFUSED = {
    "several ops": (op("a", "Foo", "x") + op("b", "Bar", "x"), tf.errors.NotFoundError, "'Bar', 'Foo'"),
    "a Python function": (op("a", "PyFunc", "x"), tf.errors.NotFoundError, "'PyFunc'"),
    "a loop": (op("a", "Enter", "x", T), tf.errors.NotFoundError, "'Enter'"),
    "half a condition": (
        op("s", "Switch", "x yes", T) + op("t", "Switch", "y yes", T)
        + op("m", "Merge", "s:1 t:1", T + attr("N", "i: 2")),
        ValueError, "not the two sides of one condition",
    ),
    "state in two conditions": (
        op("s", "Switch", "x yes", T) + op("d", "Switch", "shape yes", attr("T", "type: DT_INT32"))
        + op("r", "RandomUniform", "d:1", attr("dtype", "type: DT_FLOAT") + attr("T", "type: DT_INT32"))
        + op("m", "Merge", "s r", T + attr("N", "i: 2")) + op("z", "Add", "m x", T) + op("zs", "Switch", "z yes", T)
        + op("w", "Add", "r zs:1", T) + op("n", "Merge", "s w", T + attr("N", "i: 2")),
        ValueError, "Node 'r' has state",
    ),
    "what would compute something else": (
        op("a", "ApplyAdam", "v v v s s s s s s m", T + attr("use_nesterov", "b: true"))
        + op("v", "VariableV2", "", attr("dtype", "type: DT_FLOAT") + attr("shape", "shape { dim { size: 2 } }")),
        ValueError, "has no use_nesterov=True",
    ),
    "an attribute of another kind": (
        op("a", "LeakyRelu", "x", T + attr("alpha", "i: 1")), ValueError, "attr 'alpha': it should be a float",
    ),
    "a dtype that is not there": (
        op("a", "Cast", "x", attr("SrcT", "type: DT_FLOAT") + attr("DstT", "type: 11")), ValueError, "number 11",
    ),
    "a value where a variable is needed": (
        op("a", "Assign", "x y", T), ValueError, "passed float from import/x:0 incompatible with expected float_ref",
    ),
    "too few inputs": (op("a", "Add", "x", T), ValueError, "do not match 1 inputs specified"),
}  # fmt: skip


@pytest.mark.parametrize("row", REFUSED)
def test_what_cannot_be_imported_is_refused_and_leaves_the_graph_alone(row, graph):
    text, kind, words = REFUSED[row]
    given = {"s": np.float32(0.5), "m": M}
    if "Merge" in text:
        given = {"yes": np.True_, "shape": np.array([2, 2], np.int32)}
    tf.constant(1.0, name="there")
    with pytest.raises(kind, match=words):
        tf.import_graph_def(graph_def(text, x=X, y=Y, **given))
    assert [op.name for op in graph.get_operations()] == ["there"]
    assert tf.constant(1.0, name="import/x").name == "import/x:0"  # nor are names taken


CONDITION = (
    op("s", "Switch", "x p", T) + op("t", "Switch", "y p", T)
    + op("pivot", "Identity", "q:1", attr("T", "type: DT_BOOL")) + op("q", "Switch", "p p", attr("T", "type: DT_BOOL"))
    + op("two", "Add", "t:1 t:1 ^pivot", T)
    + op("m", "Merge", "s two", T + attr("N", "i: 2"))
    + op("p", "Placeholder", "", attr("dtype", "type: DT_BOOL") + attr("shape", "shape {}"))
)  # fmt: skip


@pytest.mark.parametrize("chosen", [True, False])
def test_switches_and_merges_become_a_condition(chosen):
    got, index = run(graph_def(CONDITION, x=X, y=Y), "m:0", "m:1", feeds={"p:0": chosen})
    np.testing.assert_array_equal(got, 2 * Y if chosen else X)
    assert index == (1 if chosen else 0) and index.dtype == np.int32


def test_what_is_inside_a_condition_cannot_be_asked_for():
    with tf.Graph().as_default(), pytest.raises(ValueError, match="'two:0' is inside a condition"):
        tf.import_graph_def(graph_def(CONDITION, x=X, y=Y), return_elements=["two:0"])


def test_damaged_graphs_are_refused_or_computed_but_never_crash():
    told = graph_def(op("r", "Add", "x y", T) + op("s", "Concat", "one r x", T + attr("N", "i: 2")), **INPUTS)
    data, generator = told.SerializeToString(), np.random.default_rng(3)
    ended = {"refused": 0, "imported": 0}
    for _ in range(400):
        octets = bytearray(data)
        for place in generator.integers(0, len(octets), generator.integers(1, 4)):
            octets[place] = generator.integers(0, 256)
        octets = octets[: generator.integers(1, len(octets))] if generator.random() < 0.3 else octets
        try:
            with tf.Graph().as_default():
                tf.import_graph_def(tf.GraphDef.FromString(bytes(octets)))
            ended["imported"] += 1
        except (ValueError, TypeError, tf.errors.OpError):
            ended["refused"] += 1
    assert min(ended.values()) > 20, ended


# -- messages ---------------------------------------------------------------------------------------------------------


def test_tensors_become_messages_and_arrays_again():
    arrays = np.arange(6.0).reshape(2, 3), np.array([True, False]), np.float32(2.5), np.zeros([0, 3], np.int8)
    for value in arrays:
        told = tf.make_tensor_proto(value, np.asarray(value).dtype)
        again = tf.make_ndarray(type(told).FromString(told.SerializeToString()))
        assert again.dtype == np.asarray(value).dtype and again.shape == np.shape(value)
        np.testing.assert_array_equal(again, value)
    assert tf.make_ndarray(tf.make_tensor_proto([b"a", b"\xff"])).tolist() == [b"a", b"\xff"]
    assert tf.make_ndarray(tf.make_tensor_proto(3, tf.float32, shape=[2, 2])).tolist() == [[3.0, 3.0], [3.0, 3.0]]


def test_shapes_become_messages_and_shapes_again():
    for shape in (None, [], [2, None], [0, 3]):
        told = tf.TensorShape(shape).as_proto()
        again = tf.TensorShape(told)
        assert again.ndims == tf.TensorShape(shape).ndims
        assert again.ndims is None or again.as_list() == tf.TensorShape(shape).as_list()


def test_a_node_def_says_its_operation(graph):
    x = tf.placeholder(tf.float32, [None, 3], "x")
    node = tf.reduce_sum(x, 1, keepdims=True, name="s").op.node_def
    assert (node.name, node.op, list(node.input)) == ("s", "Sum", ["x", "s/reduction_indices"])
    assert node.attr["keep_dims"].b and node.attr["Tidx"].type == tf.int32.as_datatype_enum
    assert tf.TensorShape(x.op.node_def.attr["shape"].shape).as_list() == [None, 3]
    with tf.Session() as session:
        assert session.graph_def == graph.as_graph_def()


def test_texts_are_read_as_protobuf_reads_them():
    text = """# a comment
      node < name: 'a\\n' "b\\x41\\101" op: "Const"; input: ["x", "y"], attr { key: "k" value: { i: -0x10 } }
        attr { key: "f" value { f: -inf } }
        attr { key: "l" value { list { f: [1, 2.5f] type: DT_INT32 type: 1 } } } >"""
    (node,) = merge(text, tf.GraphDef()).node
    assert (node.name, node.op, list(node.input)) == ("a\nbAA", "Const", ["x", "y"])
    assert node.attr["k"].i == -16 and node.attr["f"].f == -np.inf
    assert list(node.attr["l"].list.f) == [1.0, 2.5] and list(node.attr["l"].list.type) == [3, 1]
    assert merge(str(node), tf.NodeDef()) == node


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nothing: 1", 'Message type "tensorflow.GraphDef" has no field named "nothing"'),
        ("node: 3", "GraphDef.node cannot be 3"),
        ("node { name: 3 }", "NodeDef.name is string, and cannot be 3"),
        ('node { name "a" }', "stands where : should"),
        ('node { name: "a" ', "stands where } should"),
        ('node { attr { key: "a" value { b: 2 } } }', "is bool"),
        ('node { attr { key: "a" value { type: DT_NONE } } }', "is enum"),
        ('node { attr { key: "a" value { i: 1.5 } } }', "is int64"),
        ("node { " * 200 + "}" * 200, "more than 100"),
        ("node { name: 'a", "was not expected"),
        ("}", "stands where a"),
    ],
)
def test_texts_that_are_none_are_refused(text, words):
    with pytest.raises(ValueError, match=words.replace("{", r"\{").replace("}", r"\}")):
        merge(text, tf.GraphDef())


def test_the_parsed_fields_are_plain_values():
    assert parse('a: 1 b: "x" c { d: true } e: []') == [("a", 1), ("b", b"x"), ("c", [("d", "true")])]


def test_two_results_of_one_condition_share_what_is_drawn_in_it():
    text = (
        op("s", "Switch", "x p", T) + op("d", "Switch", "shape p", attr("T", "type: DT_INT32"))
        + op("p", "Placeholder", "", attr("dtype", "type: DT_BOOL"))
        + op("r", "RandomUniform", "d:1", attr("dtype", "type: DT_FLOAT") + attr("T", "type: DT_INT32"))
        + op("twice", "Add", "r r", T)
        + op("m", "Merge", "s r", T + attr("N", "i: 2")) + op("n", "Merge", "twice s", T + attr("N", "i: 2"))
    )  # fmt: skip
    told = graph_def(text, x=X, shape=np.array([2, 2], np.int32))
    drawn, doubled, index = run(told, "m:0", "n:0", "n:1", feeds={"p:0": True})
    assert drawn.std() > 0 and index == 0
    np.testing.assert_array_equal(doubled, 2 * drawn)
    for value in run(told, "m:0", "n:0", feeds={"p:0": False}):
        np.testing.assert_array_equal(value, X)


def net(training):
    """What a program of conditions trains: averages that move, dropout, a condition inside of one, a variable."""
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    hidden = tf.layers.batch_normalization(tf.layers.dense(x, 3), training=training)
    hidden = tf.layers.dropout(hidden, training=training, seed=2)
    one, two = tf.cond(
        tf.reduce_sum(x) > 0,
        lambda: (hidden * 2, tf.cond(training, lambda: hidden + 1, lambda: hidden - 1)),
        lambda: (hidden, hidden),
    )
    steps = tf.get_variable("steps", [], initializer=tf.zeros_initializer(), trainable=False)
    tf.identity(tf.cond(training, lambda: steps.assign_add(1.0), steps.read_value), name="counted")
    loss = tf.reduce_mean(tf.square(one)) + tf.reduce_mean(two)
    tf.identity(loss, name="loss")
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        tf.train.MomentumOptimizer(0.1, 0.9).minimize(loss, name="train")


def trained(session, batches):
    found = []
    for i, batch in enumerate(batches):
        for fetch in ("loss:0", "train", "counted:0"):
            found.append(session.run(fetch, {"x:0": batch, "training:0": i % 3 > 0}))
    values = [value for value in found if value is not None]
    return [*values, *(session.run(v) for v in tf.global_variables())]


def test_a_graph_of_conditions_trains_on_from_its_meta_graph_as_it_was(tmp_path):
    batches = np.random.default_rng(0).normal(size=[5, 6, 4])
    with tf.Graph().as_default() as graph, tf.Session() as session:
        net(tf.placeholder_with_default(False, [], name="training"))
        session.run(tf.global_variables_initializer())
        path = tf.train.Saver().save(session, str(tmp_path / "model"))
        wanted = trained(session, batches)
    assert "Cond" in {op.type for op in graph.get_operations()}
    kinds = {node.op for node in graph.as_graph_def().node}
    assert "Cond" not in kinds and {"Switch", "RefSwitch", "Merge"} <= kinds
    with tf.Graph().as_default(), tf.Session() as session:
        tf.train.import_meta_graph(f"{path}.meta").restore(session, path)
        got = trained(session, batches)
    for a, b in zip(got, wanted, strict=True):
        np.testing.assert_array_equal(a, b)
