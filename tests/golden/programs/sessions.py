"""Sessions: what run answers, fetches of any nesting, feeding, refusals, and state that outlives a run."""

from collections import OrderedDict, namedtuple

import numpy as np

from ..cases import golden
from ..helpers import said, shape_of, uniform

Pair = namedtuple("Pair", ["left", "right"])


def kinds(value):
    """The nesting of a fetched value, by class names, down to NumPy's types."""
    if isinstance(value, Pair):
        return ["Pair", kinds(value.left), kinds(value.right)]
    if isinstance(value, dict):
        return [type(value).__name__, *([str(k), kinds(v)] for k, v in value.items())]
    if isinstance(value, list | tuple):
        return [type(value).__name__, *(kinds(v) for v in value)]
    if isinstance(value, np.ndarray):
        return f"ndarray {value.dtype.name} {list(value.shape)}"
    return f"{type(value).__name__}" + ("" if value is None else f" {value!s}")


FETCHES = {
    "tensor": lambda tf, a, b: a,
    "scalar": lambda tf, a, b: b,
    "bool": lambda tf, a, b: b > 1.0,
    "integer": lambda tf, a, b: tf.size(a),
    "text": lambda tf, a, b: tf.constant("abc"),
    "texts": lambda tf, a, b: tf.constant(["a", "b"]),
    "name": lambda tf, a, b: "a:0",
    "operation": lambda tf, a, b: a.op,
    "operation name": lambda tf, a, b: "a",
    "variable": lambda tf, a, b: tf.global_variables()[0],
    "list": lambda tf, a, b: [a, b],
    "tuple": lambda tf, a, b: (a, b),
    "dict": lambda tf, a, b: {"x": a, "y": [b, b]},
    "ordered": lambda tf, a, b: OrderedDict([("z", a), ("a", b)]),
    "namedtuple": lambda tf, a, b: Pair(a, (b, a.op)),
    "nested": lambda tf, a, b: [(a, [b]), {"k": (b,)}, []],
    "empty list": lambda tf, a, b: [],
    "empty dict": lambda tf, a, b: {},
    "slices": lambda tf, a, b: tf.gradients(tf.gather(tf.global_variables()[0], [1, 0]), tf.global_variables()[0])[0],
    "twice the same": lambda tf, a, b: [a, a],
    "no_op": lambda tf, a, b: tf.no_op(),
    "group": lambda tf, a, b: [tf.group(a, b), b],
    "empty group": lambda tf, a, b: tf.group(),
}


@golden(rows=FETCHES)
def fetch(tf, row):
    with tf.Graph().as_default(), tf.Session() as session:
        a = tf.constant([[1.0, 2.0]], name="a")
        b = tf.constant(3.0, name="b")
        tf.Variable([1.0, 2.0], name="v")
        session.run(tf.global_variables_initializer())
        value = session.run(row(tf, a, b))
        if type(value).__name__ == "IndexedSlicesValue":
            return {"kinds": ["IndexedSlicesValue", kinds(value.values), kinds(value.indices)]}
        return {"kinds": kinds(value)}


FEEDS = {
    "array": lambda tf, s, x, y: s.run(y, {x: np.ones((2, 3), np.float32)}),
    "list": lambda tf, s, x, y: s.run(y, {x: [[1, 2, 3]]}),
    "float64": lambda tf, s, x, y: s.run(y, {x: np.ones((1, 3))}),
    "integers": lambda tf, s, x, y: s.run(y, {x: np.array([[1, 2, 3]])}),
    "by name": lambda tf, s, x, y: s.run("y:0", {"x:0": [[1, 2, 3]]}),
    "nothing in it": lambda tf, s, x, y: s.run(y, {x: np.zeros((0, 3))}),
    "inner tensor": lambda tf, s, x, y: s.run(y, {y.op.inputs[0]: [[5.0, 5.0, 5.0]]}),
    "fed and fetched": lambda tf, s, x, y: s.run(x, {x: [[1, 2, 3]]}),
    "the result itself": lambda tf, s, x, y: s.run(y, {y: [[9.0, 9.0, 9.0]]}),
    "constant": lambda tf, s, x, y: s.run(tf.constant(1.0) + 1.0, {}),
    "a constant overruled": lambda tf, s, x, y: overruled(tf, s),
    "placeholder_with_default": lambda tf, s, x, y: s.run(tf.placeholder_with_default(2.0, []) * 3.0),
    "its default overruled": lambda tf, s, x, y: (lambda p: s.run(p * 3.0, {p: 4.0}))(
        tf.placeholder_with_default(2.0, [])
    ),
    "eval": lambda tf, s, x, y: y.eval({x: [[1, 2, 3]]}),
    "eval in a session": lambda tf, s, x, y: y.eval(feed_dict={x: [[1, 2, 3]]}, session=s),
    "bool": lambda tf, s, x, y: (lambda p: s.run(tf.logical_not(p), {p: True}))(tf.placeholder(tf.bool)),
    "a variable": lambda tf, s, x, y: (lambda v: s.run(v * 2.0, {v: [7.0]}))(tf.Variable([1.0])),
    "make_callable": lambda tf, s, x, y: s.make_callable(y, [x])(np.ones((1, 3), np.float32)),
    "make_callable bare": lambda tf, s, x, y: s.make_callable(tf.constant(5.0))(),
}


def overruled(tf, session):
    c = tf.constant(1.0)
    return session.run(c + 1.0, {c: 10.0})


@golden(rows=FEEDS)
def feed(tf, row):
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 3], name="x")
        y = tf.multiply(x + 1.0, 2.0, name="y")
        return {"value": row(tf, session, x, y)}


def closed(tf, s, x, y):
    s.close()
    s.run(y, {x: [[1, 2, 3]]})


def elsewhere(tf):
    with tf.Graph().as_default():
        return tf.constant(1.0, name="elsewhere")


def finalized(tf, s, x, y):
    tf.get_default_graph().finalize()
    tf.constant(1.0)


REFUSED = {
    "unknown name": (lambda tf, s, x, y: s.run("nothing:0"), ["nothing:0", "refers to a Tensor which does not exist"]),
    "unknown operation": (lambda tf, s, x, y: s.run("nothing"), ["nothing"]),
    "unknown output": (lambda tf, s, x, y: s.run("y:1"), ["y:1"]),
    "fetch of None": (lambda tf, s, x, y: s.run(None), ["None has invalid type"]),
    "fetch of a number": (lambda tf, s, x, y: s.run(3), ["3 has invalid type"]),
    "fetch of another graph": (lambda tf, s, x, y: s.run(elsewhere(tf)), ["is not an element of this graph"]),
    "not fed": (lambda tf, s, x, y: s.run(y), ["You must feed a value for placeholder tensor 'x' with dtype float"]),
    "scalar not fed": (
        lambda tf, s, x, y: s.run(tf.placeholder(tf.int32, [], name="p") + 1),
        ["You must feed a value for placeholder tensor 'p' with dtype int32"],
    ),
    "wrong shape": (
        lambda tf, s, x, y: s.run(y, {x: np.ones((2, 4))}),
        [r"Cannot feed value of shape \(2, 4\) for Tensor", "x:0", "which has shape"],
    ),
    "wrong rank": (lambda tf, s, x, y: s.run(y, {x: [1, 2, 3]}), [r"Cannot feed value of shape \(3,\) for Tensor"]),
    "text for numbers": (lambda tf, s, x, y: s.run(y, {x: [["a", "b", "c"]]}), []),
    "ragged": (lambda tf, s, x, y: s.run(y, {x: [[1, 2, 3], [1]]}), []),
    "a tensor": (
        lambda tf, s, x, y: s.run(y, {x: tf.zeros([1, 3])}),
        ["The value of a feed cannot be a (symbolic )?tf.Tensor object"],
    ),
    "key of another graph": (
        lambda tf, s, x, y: s.run(y, {elsewhere(tf): 1.0}),
        ["Cannot interpret feed_dict key as Tensor", "is not an element of this graph"],
    ),
    "key of a number": (lambda tf, s, x, y: s.run(y, {3: 1.0}), ["Cannot interpret feed_dict key as Tensor"]),
    "feed_dict of a list": (lambda tf, s, x, y: s.run(y, [x]), []),
    "key without an output": (
        lambda tf, s, x, y: s.run(y, {"x": [[1, 2, 3]]}),
        ["Cannot interpret feed_dict key as Tensor"],
    ),
    "closed": (closed, ["Attempted to use a closed Session"]),
    "uninitialized": (
        lambda tf, s, x, y: s.run(tf.Variable(1.0, name="weight")),
        ["Attempting to use uninitialized value weight"],
    ),
    "uninitialized in a sum": (
        lambda tf, s, x, y: s.run(tf.Variable(1.0, name="weight") + 1.0),
        ["Attempting to use uninitialized value weight"],
    ),
    "uninitialized assign_add": (
        lambda tf, s, x, y: s.run(tf.Variable(1.0, name="weight").assign_add(1.0)),
        ["Attempting to use uninitialized value weight"],
    ),
    "uninitialized scoped": (
        lambda tf, s, x, y: s.run(scoped(tf)),
        ["Attempting to use uninitialized value a/b/weight"],
    ),
    "no graph": (
        lambda tf, s, x, y: outside(tf),
        ["The Session graph is empty. Add operations to the graph before calling run"],
    ),
    "finalized": (finalized, ["Graph is finalized and cannot be modified"]),
    "check_numerics": (
        lambda tf, s, x, y: s.run(tf.check_numerics(tf.log(x - 1.0), "a log"), {x: [[1, 0, 3]]}),
        ["a log : Tensor had"],
    ),
    "check_numerics nan": (
        lambda tf, s, x, y: s.run(tf.check_numerics(x, "here"), {x: [[np.nan, 0, 3]]}),
        ["here : Tensor had NaN"],
    ),
    "check_numerics inf": (
        lambda tf, s, x, y: s.run(tf.check_numerics(x, "here"), {x: [[np.inf, 0, 3]]}),
        ["here : Tensor had Inf"],
    ),
    "Assert": (
        lambda tf, s, x, y: s.run(tf.Assert(tf.reduce_all(x > 0.0), ["it is", x]), {x: [[1, -2, 3]]}),
        ["assertion failed: .*it is"],
    ),
    "integer division by zero": (
        lambda tf, s, x, y: s.run(tf.constant([1, 2]) // tf.to_int32(x[0, :2]), {x: [[0, 0, 0]]}),
        [],
    ),
    "matmul at run time": (
        lambda tf, s, x, y: s.run(
            tf.matmul(tf.placeholder(tf.float32, name="l"), tf.zeros([4, 5])), {"l:0": np.ones((2, 3))}
        ),
        ["Matrix size-incompatible: In\\[0\\]: \\[2,3\\], In\\[1\\]: \\[4,5\\]"],
    ),
    "add at run time": (
        lambda tf, s, x, y: s.run(tf.placeholder(tf.float32, name="l") + tf.zeros([4]), {"l:0": np.ones((2, 3))}),
        ["Incompatible shapes: \\[2,3\\] vs. \\[4\\]"],
    ),
    "reshape at run time": (
        lambda tf, s, x, y: s.run(tf.reshape(tf.placeholder(tf.float32, name="l"), [4, 2]), {"l:0": [1, 2, 3]}),
        ["Input to reshape is a tensor with 3 values, but the requested shape has 8"],
    ),
    "concat at run time": (
        lambda tf, s, x, y: s.run(
            tf.concat([x, tf.placeholder(tf.float32, name="l")], 0), {x: [[1, 2, 3]], "l:0": [[1, 2]]}
        ),
        ["ConcatOp : Dimension"],
    ),
    "gather out of range": (
        lambda tf, s, x, y: s.run(tf.gather([1.0, 2.0], tf.to_int32(x[0])), {x: [[0, 1, 2]]}),
        ["= 2 is not in \\[0, 2\\)"],
    ),
    "label out of range": (
        lambda tf, s, x, y: s.run(
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tf.to_int32(x[0]), logits=tf.zeros([3, 2])),
            {x: [[0, 1, 2]]},
        ),
        ["Received a label value of 2 which is outside the valid range of \\[0, 2\\)"],
    ),
    "assign of another shape at run time": (
        lambda tf, s, x, y: s.run(
            [tf.assign(v, tf.placeholder(tf.float32, name="l")) for v in [tf.Variable([1.0, 2.0])]],
            {"l:0": [1.0, 2.0, 3.0]},
        ),
        [],
    ),
    **{
        f"py_func that raises {kind.__name__}": (
            lambda tf, s, x, y, kind=kind: s.run(tf.py_func(failing(kind), [], tf.float32)),
            [f"{kind.__name__}: '?on purpose"],
        )
        for kind in (ValueError, TypeError, KeyError, StopIteration, NotImplementedError, ZeroDivisionError)
    },
    "a device that is not there": (
        lambda tf, s, x, y: far_constant(tf, s),
        ["Cannot assign a device for operation far"],
    ),
    "map_fn over nothing known": (lambda tf, s, x, y: s.run(tf.map_fn(lambda r: r, tf.constant(1.0))), []),
    "strided_slice out of range": (
        lambda tf, s, x, y: s.run(x[5], {x: [[1, 2, 3]]}),
        ["slice index 5 of dimension 0 out of bounds"],
    ),
}


def failing(kind):
    def fail():
        raise kind("on purpose")

    return fail


def far_constant(tf, session):
    with tf.device("/device:GPU:7"):
        far = tf.constant(1.0, name="far")
    session.run(far)


def scoped(tf):
    with tf.variable_scope("a"), tf.variable_scope("b"):
        return tf.get_variable("weight", [2])


def outside(tf):
    with tf.Graph().as_default(), tf.Session() as session:
        session.run("x:0")


@golden(rows=REFUSED)
def refused(tf, row):
    call, parts = row
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None, 3], name="x")
        y = tf.multiply(x + 1.0, 2.0, name="y")
        session = tf.Session()
        with session.as_default():
            return {"said": said(lambda: call(tf, session, x, y), *parts)}


@golden()
def no_default_session(tf):
    with tf.Graph().as_default():
        tensor = tf.constant(1.0)
        return {
            "eval": said(tensor.eval, "No default session is registered"),
            "run": said(tensor.op.run, "No default session is registered"),
        }


LOOKUPS = {
    "tensor": (
        lambda g: g.get_tensor_by_name("nothing:0"),
        [
            "The name 'nothing:0' refers to a Tensor which does not exist.",
            "operation, 'nothing', does not exist in the graph",
        ],
    ),
    "tensor's output": (
        lambda g: g.get_tensor_by_name("a:3"),
        ["The name 'a:3' refers to a Tensor which does not exist.", "operation, 'a', exists but only has 1 output"],
    ),
    "tensor without a colon": (
        lambda g: g.get_tensor_by_name("a"),
        ["The name 'a' refers to an Operation, not a Tensor."],
    ),
    "tensor by number": (lambda g: g.get_tensor_by_name(3), ["Tensor names are strings"]),
    "operation": (
        lambda g: g.get_operation_by_name("nothing"),
        ["The name 'nothing' refers to an Operation not in the graph."],
    ),
    "operation with a colon": (
        lambda g: g.get_operation_by_name("a:0"),
        ["ame 'a:0' appears to refer to a Tensor, not a(n)? Operation"],
    ),
    "operation by number": (lambda g: g.get_operation_by_name(3), ["Operation names are strings"]),
    "element": (lambda g: g.as_graph_element("a:x"), ["a:x"]),
    "element by number": (lambda g: g.as_graph_element(3), ["Can not convert a int into a (Tensor|Operation)"]),
    "element of a kind": (lambda g: g.as_graph_element("a", allow_operation=False), ["a"]),
}


@golden(rows=LOOKUPS)
def lookup(tf, row):
    call, parts = row
    with tf.Graph().as_default() as graph:
        tf.constant(1.0, name="a")
        return {"said": said(lambda: call(graph), *parts)}


@golden()
def lookups_in_another_graph(tf):
    with tf.Graph().as_default():
        foreign = tf.constant(1.0, name="b")
    with tf.Graph().as_default() as graph:
        tf.constant(1.0, name="b")
        return {"said": said(lambda: graph.as_graph_element(foreign), "is not an element of this graph")}


@golden()
def state_outlives_a_run_and_is_each_session_s_own(tf):
    with tf.Graph().as_default():
        v = tf.Variable([1.0, 2.0], name="v")
        add = v.assign_add([1.0, 1.0])
        first, second = tf.Session(), tf.Session()
        first.run(v.initializer)
        second.run(v.initializer)
        first.run(add)
        first.run(add.op)
        values = {"first": first.run(v), "second": second.run(v)}
        first.run(v.initializer)
        values["again"] = first.run(v)
        second.close()
        values["after the other closed"] = first.run(v)
        values["reads"] = np.stack(first.run([v, v.value(), v.read_value(), tf.identity(v)]))
        first.close()
        return values


@golden()
def uninitialized_variables(tf):
    with tf.Graph().as_default(), tf.Session() as session:
        a = tf.Variable(1.0, name="a")
        with tf.variable_scope("s"):
            tf.get_variable("b", [2])
        local = tf.Variable(1.0, name="c", collections=[tf.GraphKeys.LOCAL_VARIABLES])
        report = tf.report_uninitialized_variables()
        given = tf.report_uninitialized_variables([a, local], name="given")
        states = [[name.decode() for name in session.run(report)]]
        session.run(a.initializer)
        states += [[name.decode() for name in session.run(report)], [name.decode() for name in session.run(given)]]
        session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        states += [[name.decode() for name in session.run(report)], bool(session.run(tf.is_variable_initialized(a)))]
        return {"states": states}


@golden()
def a_failed_run_leaves_the_session_usable(tf):
    with tf.Graph().as_default(), tf.Session() as session:
        v = tf.Variable(1.0)
        x = tf.placeholder(tf.float32, [])
        session.run(v.initializer)
        with tf.control_dependencies([tf.check_numerics(x, "x")]):
            update = v.assign(x)
        failed = said(lambda: session.run(update, {x: np.nan}), "x : Tensor had NaN")
        kept = session.run(v)
        return {"failed": failed, "kept": kept, "then": session.run(update, {x: 5.0})}


@golden()
def default_graphs_and_sessions(tf):
    told = []
    root = tf.get_default_graph()
    with tf.Graph().as_default() as graph:
        told += [tf.get_default_graph() is graph, tf.get_default_session() is None]
        with tf.Session() as session:
            told += [tf.get_default_session() is session, session.graph is graph]
            with tf.Graph().as_default() as inner:
                told += [tf.get_default_graph() is inner]
                with tf.Session(graph=graph) as other:
                    told += [tf.get_default_session() is other, tf.get_default_graph() is graph]
                told += [tf.get_default_session() is session]
        told += [tf.get_default_session() is None]
        session = tf.InteractiveSession()
        told += [tf.get_default_session() is session, float(tf.constant(2.0).eval())]
        session.close()
        told += [tf.get_default_session() is None]
    told += [tf.get_default_graph() is root, tf.Session(graph=graph).graph is graph]
    return {"told": told}


@golden()
def graphs(tf):
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(7)
        a = tf.constant(1.0, name="a")
        b = tf.add(a, a, name="b")
        with graph.device("/cpu:0"), tf.device("/device:CPU:0"):
            c = tf.identity(b, name="c")
        with graph.control_dependencies([a.op]):
            d = tf.no_op(name="d")
        return {
            "operations": [op.name for op in graph.get_operations()],
            "seed": graph.seed,
            "finalized": [graph.finalized, (graph.finalize(), graph.finalized)[1]],
            "consumers": [op.name for op in a.consumers()],
            "device": c.device,
            "control": [op.name for op in d.control_inputs],
            "shape": shape_of(b),
        }


@golden(atol=1e-6, rtol=1e-6, reason="five float32 steps of a regression, in another order")
def a_first_program(tf):
    """Linear regression as a first TF1 program writes it, on the default graph."""
    tf.reset_default_graph()
    x = tf.placeholder(tf.float32, name="x")
    y = tf.placeholder(tf.float32, name="y")
    w = tf.Variable(0.0, name="w")
    b = tf.Variable(0.0, name="b")
    cost = tf.reduce_sum(tf.pow(x * w + b - y, 2)) / (2 * 8)
    optimizer = tf.train.GradientDescentOptimizer(0.1).minimize(cost)
    xs = uniform(8, seed=1)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        costs = []
        for _ in range(5):
            for one in xs:
                session.run(optimizer, feed_dict={x: one, y: 3 * one + 1})
            costs.append(session.run(cost, feed_dict={x: xs, y: 3 * xs + 1}))
        answers = {"costs": np.stack(costs), "w": session.run(w), "b": session.run(b)}
    tf.reset_default_graph()
    return answers
