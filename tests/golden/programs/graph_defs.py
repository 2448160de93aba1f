"""GraphDefs: what is written of operations, what comes of importing it, what is refused; functions of a gradient."""

import numpy as np

from ..cases import golden
from ..helpers import described, run, said, uniform

ONE_SUM = "sums of float32 in another order"


def in_a_graph(program):
    """Run a program in a graph of its own."""

    def run_there(tf, **row):
        with tf.Graph().as_default():
            return program(tf, **row)

    run_there.__name__, run_there.__module__ = program.__name__, program.__module__
    return run_there


def small(tf):
    """A graph of four nodes, as a GraphDef."""
    with tf.Graph().as_default() as graph:
        a = tf.placeholder(tf.float32, [None, 2], "a")
        b = tf.add(a, 1.0, "b")
        tf.reduce_sum(b, 1, name="c")
    return graph.as_graph_def()


def node(told, name):
    return next(n for n in told.node if n.name == name)


def lines(told, *left_out):
    """The nodes as text; what TensorFlow writes as numbers here and as bytes there is left out."""
    found = []
    for n in told.node:
        attrs = [
            (key, str(n.attr[key]).replace("\n", " "))
            for key in sorted(n.attr)
            if key[0] != "_" and key not in left_out
        ]
        found.append(f"{n.name} {n.op} {list(n.input)} {n.device} {attrs}")
    return found


@golden()
@in_a_graph
def written_nodes(tf):
    """Names, ops, inputs, control inputs, devices and attributes of all kinds."""
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [None, 4, 4, 2], "x")
        with tf.device("/cpu:0"):
            net = tf.nn.conv2d(x, tf.ones([2, 2, 2, 3], name="w"), [1, 2, 2, 1], "SAME", name="conv")
        net = tf.nn.max_pool(tf.nn.relu(net, "relu"), [1, 2, 2, 1], [1, 1, 1, 1], "VALID", name="pool")
        parts = tf.split(tf.reshape(net, [-1, 3], "flat"), 3, 1, name="parts")
        with tf.control_dependencies([net.op]):
            y = tf.add(parts[2], parts[0], name="joined")
        tf.cast(tf.argmax(y, 1, name="best"), tf.float64, name="cast")
        tf.gather(y, [0], axis=1, name="column")
        y[:, 1:]
        tf.random_uniform([3], seed=5, name="drawn")
        tf.one_hot(tf.constant([1, 0], name="chosen"), 3, name="hot")
        tf.transpose(y, [1, 0], name="turned")
        tf.stack([y, y], 1, name="stacked")
        tf.matmul(y, y, transpose_b=True, name="product")
        tf.placeholder(tf.string, name="any")
    return {"nodes": lines(graph.as_graph_def(), "value")}


@golden()
@in_a_graph
def written_shapes(tf):
    with tf.Graph().as_default() as graph:
        tf.split(tf.placeholder(tf.int32, [2, None], "x"), 2, 0, name="parts")
        tf.placeholder(tf.int32, name="any")
        told = graph.as_graph_def(add_shapes=True)
    return {"shapes": [[n.name, str(n.attr["_output_shapes"])] for n in told.node]}


@golden()
@in_a_graph
def written_variables(tf):
    with tf.Graph().as_default() as graph:
        tf.Variable(tf.zeros([2, 3], name="zeros"), name="v")
        tf.assign_add(graph.get_collection("variables")[0], tf.ones([2, 3], name="ones"), name="grown")
        tf.train.AdamOptimizer(0.1)
    return {"nodes": lines(graph.as_graph_def(), "value", "_class")}


@golden()
@in_a_graph
def imported_names(tf):
    told = small(tf)
    tf.import_graph_def(told)
    tf.import_graph_def(told, name="")
    found = tf.import_graph_def(told, return_elements=["c", "c:0", "b:0"])
    tf.import_graph_def(told, name="")
    with tf.name_scope("outer"):
        inner = tf.import_graph_def(told, return_elements=["c:0"], name="inner")
    return {
        "names": [op.name for op in tf.get_default_graph().get_operations()],
        "elements": [*described(found), *described(inner)],
    }


@golden(rtol=1e-6, reason=ONE_SUM)
@in_a_graph
def imported_with_a_map(tf):
    told = small(tf)
    x = tf.constant(uniform(3, 2))
    by_tensor = tf.import_graph_def(told, input_map={"a:0": x}, return_elements=["c:0", "a:0"], name="one")
    by_name = tf.import_graph_def(told, {"b": x * 2.0}, ["c:0"], name="two")
    by_value = tf.import_graph_def(told, {"a": [[1.0, 2.0]]}, ["c:0"], name="three")
    values = run(tf, [by_tensor[0], by_value[0]])
    mapped = run(tf, by_name[0])
    return {
        "names": [described(by_tensor), described(by_name), described(by_value)],
        "first": values[0], "second": mapped, "third": values[1],
    }  # fmt: skip


@golden()
@in_a_graph
def imported_under_scopes(tf):
    with tf.device("/cpu:0"), tf.control_dependencies([tf.no_op("before")]):
        (b,) = tf.import_graph_def(small(tf), return_elements=["b"])
    return {"device": b.device, "controls": [op.name for op in b.control_inputs], "inputs": [t.name for t in b.inputs]}


BAD_NODES = {
    "an op that is not there": (lambda g: setattr(node(g, "b"), "op", "Nothing"), r"Op type not registered 'Nothing'"),
    "an input that is not there": (lambda g: node(g, "b").input.__setitem__(0, "zz"), r"Unknown input node 'zz'"),
    "an output that is not there": (
        lambda g: node(g, "b").input.__setitem__(0, "a:4"),
        r"Node 'b': Connecting to invalid output 4 of source node a which has 1 outputs",
    ),
    "an input too many": (lambda g: node(g, "b").input.append("a"), r"do(es)? not match 3 inputs specified"),
    "an attribute too few": (lambda g: node(g, "a").attr.pop("dtype"), r"NodeDef missing attr 'dtype' from Op"),
    "another dtype": (
        lambda g: setattr(node(g, "b").attr["T"], "type", 3),
        r"Input 0 of node import/b was passed float from import/a:0 incompatible with expected int32",
    ),
    "a name twice": (lambda g: setattr(node(g, "c"), "name", "a"), r"Node 'a' is not unique"),
    "shapes that do not fit": (
        lambda g: setattr(node(g, "b/y").attr["value"].tensor.tensor_shape.dim.add(), "size", 3),
        r"Dimensions must be equal, but are 2 and 3",
    ),
}  # fmt: skip


@golden(rows=BAD_NODES)
@in_a_graph
def refused_nodes(tf, row):
    spoil, words = row
    told = small(tf)
    spoil(told)
    before = len(tf.get_default_graph().get_operations())
    answer = said(lambda: tf.import_graph_def(told), words)
    return {"said": answer, "made": len(tf.get_default_graph().get_operations()) - before}


BAD_ARGUMENTS = {
    "no message": lambda tf: tf.import_graph_def(3),
    "a map of no kind": lambda tf: tf.import_graph_def(small(tf), input_map=3),
    "a key that is not there": lambda tf: tf.import_graph_def(small(tf), {"zz:0": tf.constant(1.0)}),
    "an output that is not there": lambda tf: tf.import_graph_def(small(tf), return_elements=["c:3"]),
    "a value of another dtype": lambda tf: tf.import_graph_def(small(tf), {"a": tf.constant([[1, 2]], name="k")}),
    "values without a name": lambda tf: tf.import_graph_def(small(tf), {"a": [[1.0, 2.0]]}, name=""),
}
WORDS = {
    "no message": r"Argument `graph_def` must be a GraphDef proto",
    "a map of no kind": r"Argument `input_map` must be a dictionary. Obtained int",
    "a key that is not there": r"Attempted to map inputs that were not found in graph_def: \[zz:0\]",
    "an output that is not there": r"Invalid return output 3 of node 'c', which has 1 output\(s\)",
    "a value of another dtype": r"Input 0 of node import/b was passed int32 from k:0 incompatible with expected float",
    "values without a name": r"requires a non-empty `name` if `input_map` contains non-Tensor values",
}


@golden(rows={name: (call, WORDS[name]) for name, call in BAD_ARGUMENTS.items()})
@in_a_graph
def refused_arguments(tf, row):
    call, words = row
    return {"said": said(lambda: call(tf), words)}


def model(tf):
    x = tf.placeholder(tf.float32, [None, 2], "x")
    v, w = tf.Variable([[1.0, 2.0], [3.0, 4.0]], name="v"), tf.Variable([0.5, -0.5], name="w")
    y = tf.check_numerics(tf.identity(tf.matmul(x, v) + w, "y"), "not finite", name="z")
    return tf.identity(y, name="out")


@golden()
@in_a_graph
def sub_graphs(tf):
    model(tf)
    told = tf.get_default_graph().as_graph_def()
    return {
        "of z": [n.name for n in tf.graph_util.extract_sub_graph(told, ["z"]).node],
        "of two": [n.name for n in tf.graph_util.extract_sub_graph(told, ["v/read", "x"]).node],
        "unknown": said(lambda: tf.graph_util.extract_sub_graph(told, ["nope"]), "nope is not in graph"),
        "a string": said(
            lambda: tf.graph_util.extract_sub_graph(told, "z"), "dest_nodes must be an iterable of strings"
        ),
        "no graph": said(
            lambda: tf.graph_util.extract_sub_graph(3, ["z"]), "graph_def must be a graph_pb2.GraphDef proto"
        ),
    }


CHOICES = {"all": {}, "but v": {"variable_names_blacklist": ["v"]}, "only v": {"variable_names_whitelist": ["v"]}}


@golden(rows=CHOICES)
@in_a_graph
def frozen(tf, row):
    out = model(tf)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        told = tf.graph_util.convert_variables_to_constants(
            session, tf.get_default_graph().as_graph_def(), [out.op.name], **row
        )
    nodes = [[n.name, n.op, list(n.input)] for n in told.node]
    values = [str(n.attr["value"]) for n in told.node if n.name in ("v", "w") and n.op == "Const"]
    return {"nodes": nodes, "values": values}


@golden()
@in_a_graph
def where_nodes_run(tf):
    out = model(tf)
    graph, must = out.graph, tf.graph_util.must_run_on_cpu
    text, number, half = tf.constant("a"), tf.constant(1), tf.constant(1.5)
    return {
        "on the host": [must(t.op) for t in (text, number, half, out)],
        "pinned": [must(graph.get_operation_by_name("v"), pin) for pin in (True, False)],
        "of a message": must(text.op.node_def),
        "shape": str(tf.graph_util.tensor_shape_from_node_def_name(graph, "x").as_list()),
    }


# -- functions that say their gradient --------------------------------------------------------------------------------


@golden()
@in_a_graph
def custom_gradients(tf):
    @tf.custom_gradient
    def doubled(x):
        return tf.identity(x * 2.0, "inside"), lambda dy: tf.clip_by_value(dy, -0.25, 0.25)

    @tf.custom_gradient
    def both(x, y):
        return (x * y, [x + y]), lambda a, b: (a * 10.0, b * 20.0)

    x = tf.constant([1.0, -2.0], name="x")
    y = doubled(x)
    product, (total,) = both(x, y)
    slopes = tf.gradients(y * 3.0, x) + tf.gradients([product, total], [x, y])
    values = run(tf, [y, product, total, *slopes])
    return {"y": described([y, product, total]), "type": y.op.type, **{f"value {i}": v for i, v in enumerate(values)}}


@golden()
@in_a_graph
def custom_gradients_of_variables(tf):
    @tf.custom_gradient
    def scaled(x):
        w = tf.get_variable("w", [2], initializer=tf.ones_initializer(), use_resource=True)
        return x * w, lambda dy, variables: (dy * 5.0, [dy * 7.0 for _ in variables])

    x = tf.constant([1.0, 2.0])
    y = scaled(x)
    w = tf.trainable_variables()[0]
    values = run(tf, [y, *tf.gradients(y, [x, w])])
    return {"values": np.stack(values)}


@golden()
@in_a_graph
def refused_custom_gradients(tf):
    @tf.custom_gradient
    def deaf(x):
        w = tf.get_variable("w", [2], use_resource=True)
        return x * w, lambda dy: dy

    @tf.custom_gradient
    def short(x):
        w = tf.get_variable("w2", [2], use_resource=True)
        return x * w, lambda dy, variables=None: (dy, [])

    @tf.custom_gradient
    def many(x):
        return x * 1.0, lambda dy: (dy, dy)

    x = tf.constant([1.0, 2.0])
    return {
        "deaf": said(
            lambda: deaf(x), r"grad_fn must accept keyword argument 'variables', since function uses variables"
        ),
        "short": said(
            lambda: tf.gradients(short(x), x), r"Must return gradient for each variable from @custom_gradient"
        ),
        "many": said(lambda: tf.gradients(many(x), x), r"Num gradients 3 generated for op"),
        "keywords": said(
            lambda: many(x=x), r"currently supports keywords arguments only when eager execution is enabled"
        ),
    }
