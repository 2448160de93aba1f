"""What libraries over TensorFlow 1 lean on: operations made outside of a loop from inside it, values among the xs."""

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
