"""What libraries over TensorFlow 1 lean on: operations made outside of a loop from inside it, strings one by one."""

import numpy as np

from ..cases import golden
from ..helpers import run


def counted(tf):
    """A variable, and a function that makes an operation which counts its runs in it."""
    count = tf.Variable(0.0, trainable=False, name="count")
    return count, lambda: tf.assign_add(count, 1.0)


WAYS_OUT = {
    "control_dependencies": lambda tf: tf.control_dependencies(None),
    "init_scope": lambda tf: tf.init_scope(),
}


@golden(rows=WAYS_OUT)
def what_is_made_outside_of_a_loop_from_inside_it_runs_once(tf, row):
    with tf.Graph().as_default():
        count, step = counted(tf)

        def body(i, total):
            with row(tf):
                once = step()
            return i + 1, total + once

        _, total = tf.while_loop(lambda i, _: i < 3, body, [0, tf.constant(0.0)])
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            return {"total": session.run(total), "count": session.run(count)}


@golden(rows=WAYS_OUT)
def what_is_made_outside_of_a_branch_from_inside_it_runs_whichever_is_taken(tf, row):
    with tf.Graph().as_default():
        _, step = counted(tf)

        def branch():
            with row(tf), tf.name_scope("inside"):
                made.append(step())
            return tf.identity(made[0])

        made = []
        taken = tf.cond(tf.placeholder_with_default(False, []), branch, lambda: tf.constant(7.0))
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            return {"taken": session.run(taken), "made": session.run(made[0]), "name": made[0].op.name.split("/")[0]}


@golden()
def control_dependencies_are_those_of_before_once_the_way_out_ends(tf):
    with tf.Graph().as_default():
        first = tf.constant(1.0, name="first")
        with tf.control_dependencies([first]):
            with tf.init_scope():
                free = tf.constant(2.0, name="free")
            bound = tf.constant(3.0, name="bound")
        return {
            "free": [op.name for op in free.op.control_inputs],
            "bound": [op.name for op in bound.op.control_inputs],
        }


@golden()
def nothing_flows_back_to_a_value(tf):
    with tf.Graph().as_default():
        x = tf.constant([1.0, 2.0])
        found = tf.gradients(x * x, [0.5, x, [1.0, 2.0]])
        return {"which": str([g is None for g in found]), "by x": run(tf, found[1])}


@golden()
def no_regularizer_may_be_an_empty_dict(tf):
    with tf.Graph().as_default():
        with tf.variable_scope("s", regularizer=tf.reduce_sum):
            tf.get_variable("w", [2], initializer=tf.ones_initializer(), regularizer={})
        return {"losses": [t.name for t in tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)]}


SETTERS = {
    "none": {},
    "no tasks": {"ps_tasks": 0},
    "no such job": {"cluster": {"worker": ["a:1", "b:1"]}},
    "an empty job": {"cluster": {"ps": [], "worker": ["a:1"]}},
}


@golden(rows=SETTERS)
def without_parameter_servers_there_is_no_device_to_set(tf, row):
    with tf.Graph().as_default():
        return {"setter": str(tf.train.replica_device_setter(**row))}


TAKEN_OUT = {
    "index": lambda tf, s: s[2],
    "gather": lambda tf, s: tf.gather(s, 2),
    "gather_nd": lambda tf, s: tf.gather_nd(s, [2]),
    "unstack": lambda tf, s: tf.unstack(s)[2],
    "lookup": lambda tf, s: tf.nn.embedding_lookup(s, 2),
    "cond": lambda tf, s: tf.cond(tf.equal(s[0], "a b"), lambda: s[2], lambda: s[1]),
    "foldl": lambda tf, s: tf.foldl(lambda a, b: tf.string_join([a, b], " "), s),
    "read": lambda tf, s: tf.TensorArray(tf.string, 3).unstack(s).read(2),
    "written": lambda tf, s: tf.TensorArray(tf.string, 1).write(0, s[2]).read(0),
}
TEXTS = ["a b", "c", "d e f"]


def said(value):
    """The strings, or numbers, of an array."""
    return [x.decode() if isinstance(x, bytes) else str(x) for x in np.ravel(np.asarray(value, object))]


def words(tf, text):
    return tf.string_split([text]).values


@golden(rows=TAKEN_OUT)
def one_string_out_of_many_goes_on_as_a_tensor(tf, row):
    with tf.Graph().as_default():
        texts = tf.placeholder(tf.string, [3])
        one = row(tf, texts)
        constant = row(tf, tf.constant(TEXTS))
        made = [one, words(tf, one), tf.reshape(one, [1, 1]), words(tf, constant), tf.stack([one, one])]
        with tf.Session() as session:
            got = session.run(made, {texts: TEXTS})
        return {str(i): said(value) for i, value in enumerate(got)}


MAPPED = {
    "counted": lambda tf, s: tf.map_fn(lambda x: tf.size(words(tf, x)), s, tf.int32),
    "first": lambda tf, s: tf.map_fn(lambda x: words(tf, x)[0], s),
    "both": lambda tf, s: tf.map_fn(lambda x: tf.string_join([x[0], words(tf, x[1])[0]]), (s, s), tf.string),
    "scanned": lambda tf, s: tf.scan(lambda a, x: tf.string_join([a, words(tf, x)[0]]), s),
}


@golden(rows=MAPPED)
def functions_over_strings_map_them_one_by_one(tf, row):
    with tf.Graph().as_default():
        elements = tf.data.Dataset.from_tensors(TEXTS).map(lambda s: row(tf, s))
        made = [row(tf, tf.placeholder_with_default(TEXTS, [None])), elements.make_one_shot_iterator().get_next()]
        with tf.Session() as session:
            return dict(zip(("run", "element"), map(said, session.run(made)), strict=True))


@golden()
def variables_of_another_graph_are_initialized_there(tf):
    with tf.Graph().as_default() as graph:
        v = tf.Variable([1.0, 2.0], name="v")
    init = tf.variables_initializer([v], name="begin")
    both = tf.group(v.initializer, tf.group(init))
    with tf.Session(graph=graph) as session:
        session.run(both)
        return {"v": session.run(v), "names": [init.name, both.name], "there": [int(init.graph is graph)]}
