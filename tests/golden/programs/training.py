"""Optimizers step by step, their slots and names, learning-rate decays, clipping, moving averages."""

import numpy as np

from ..cases import golden
from ..helpers import said, uniform

OPTIMIZERS = {
    "GradientDescent": lambda tf, rate: tf.train.GradientDescentOptimizer(rate),
    "Momentum": lambda tf, rate: tf.train.MomentumOptimizer(rate, 0.9),
    "Nesterov": lambda tf, rate: tf.train.MomentumOptimizer(rate, 0.9, use_nesterov=True),
    "Adagrad": lambda tf, rate: tf.train.AdagradOptimizer(rate),
    "Adagrad start 0.5": lambda tf, rate: tf.train.AdagradOptimizer(rate, initial_accumulator_value=0.5),
    "RMSProp": lambda tf, rate: tf.train.RMSPropOptimizer(rate),
    "RMSProp momentum": lambda tf, rate: tf.train.RMSPropOptimizer(rate, decay=0.8, momentum=0.9, epsilon=1e-3),
    "RMSProp centered": lambda tf, rate: tf.train.RMSPropOptimizer(rate, momentum=0.5, centered=True),
    "Adam": lambda tf, rate: tf.train.AdamOptimizer(rate),
    "Adam betas": lambda tf, rate: tf.train.AdamOptimizer(rate, beta1=0.5, beta2=0.9, epsilon=1e-2),
}
CLOSE = {"rtol": 3e-6, "atol": 1e-7, "reason": "a few float32 roundings a step, in another order"}


def five_steps(tf, make, loss_of, variables, rate=0.1, dtype="float32"):
    """Values after each of five steps of minimize, and of every other variable after the last."""
    with tf.Graph().as_default():
        made = [tf.Variable(v.astype(dtype), name=f"v{i}") for i, v in enumerate(variables)]
        step = tf.train.get_or_create_global_step()
        train = make(tf, rate).minimize(loss_of(tf, *made), global_step=step)
        answers = {
            "variables": [f"{v.name} {v.dtype.base_dtype.name} {v.shape.as_list()}" for v in tf.global_variables()]
        }
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            trajectories = []
            for _ in range(5):
                session.run(train)
                trajectories.append(session.run(made))
            for i in range(len(made)):
                answers[f"v{i} by step"] = np.stack([values[i] for values in trajectories])
            for other in tf.global_variables():
                if other not in made:
                    answers[other.op.name] = session.run(other)
        return answers


def dense_loss(tf, w, b):
    x, y = uniform(6, 4, seed=1), uniform(6, 3, seed=2)
    return tf.reduce_mean(
        tf.square(tf.tanh(tf.matmul(tf.constant(x, w.dtype.base_dtype), w) + b) - y.astype(w.dtype.as_numpy_dtype))
    )


@golden(rows=OPTIMIZERS, **CLOSE)
def dense_trajectory(tf, row):
    return five_steps(tf, row, dense_loss, [uniform(4, 3, seed=3), uniform(3, seed=4)])


@golden(rows=OPTIMIZERS, rtol=1e-12, atol=1e-15, reason="a few float64 roundings a step, in another order")
def dense_trajectory_in_double(tf, row):
    return five_steps(tf, row, dense_loss, [uniform(4, 3, seed=3), uniform(3, seed=4)], dtype="float64")


@golden(rows=OPTIMIZERS, **CLOSE)
def sparse_trajectory(tf, row):
    """Gradients of embedding_lookup: rows looked up twice, and rows never looked up."""

    def loss_of(tf, table):
        rows = tf.nn.embedding_lookup(table, [[1, 3], [3, 6], [3, 1]])
        return tf.reduce_sum(tf.square(rows - uniform(3, 2, 2, seed=5)))

    return five_steps(tf, row, loss_of, [uniform(8, 2, seed=6)])


@golden(rows=OPTIMIZERS, **CLOSE)
def sparse_and_dense_trajectory(tf, row):
    """One variable read both through gather and whole."""

    def loss_of(tf, table):
        return tf.reduce_sum(tf.square(tf.gather(table, [0, 0, 2]))) + tf.reduce_sum(table * uniform(4, 2, seed=7))

    return five_steps(tf, row, loss_of, [uniform(4, 2, seed=8)], rate=0.05)


@golden(rows=OPTIMIZERS, **CLOSE)
def rate_from_a_placeholder(tf, row):
    with tf.Graph().as_default():
        rate = tf.placeholder(tf.float32, [])
        v = tf.Variable([1.0, -2.0])
        train = row(tf, rate).minimize(tf.reduce_sum(v * v))
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            values = []
            for fed in (0.1, 0.01, 0.5):
                session.run(train, {rate: fed})
                values.append(session.run(v))
        return {"v by step": np.stack(values)}


@golden(rows=OPTIMIZERS)
def slots_in_scopes(tf, row):
    """Names of slots and of the optimizer's own variables: beside variables in scopes, twice, and in a name scope."""
    with tf.Graph().as_default():
        with tf.variable_scope("conv1"):
            w = tf.get_variable("weights", [2, 2], initializer=tf.zeros_initializer())
        with tf.name_scope("outer"):
            u = tf.Variable([1.0], name="u")
        loss = tf.reduce_sum(w * w) + tf.reduce_sum(u)
        first = row(tf, 0.1)
        ops = [first.minimize(loss).name]
        names = [v.name for v in tf.global_variables()]
        with tf.name_scope("train"):
            ops.append(row(tf, 0.1).minimize(loss).name)
        with tf.variable_scope("vs"):
            ops.append(row(tf, 0.1).minimize(loss, name="given").name)
        return {
            "once": names,
            "thrice": [v.name for v in tf.global_variables()],
            "trainable": [v.name for v in tf.trainable_variables()],
            "ops": ops,
            "train_op collection": [op.name for op in tf.get_collection(tf.GraphKeys.TRAIN_OP)],
            "slot names": list(first.get_slot_names()),
            "slots of w": [first.get_slot(w, name).name for name in first.get_slot_names()],
            "optimizer": first.get_name(),
            "variables": sorted(v.name for v in first.variables()),
        }


@golden()
def compute_and_apply(tf):
    """compute_gradients pairs, None for what the loss does not reach; apply_gradients counts the step."""
    with tf.Graph().as_default():
        a, b = tf.Variable([1.0, 2.0], name="a"), tf.Variable(3.0, name="b")
        unused = tf.Variable(1.0, name="unused")
        fixed = tf.Variable(1.0, trainable=False, name="fixed")
        step = tf.Variable(7, trainable=False, name="step")
        optimizer = tf.train.GradientDescentOptimizer(0.5)
        pairs = optimizer.compute_gradients(tf.reduce_sum(a * b * fixed))
        train = optimizer.apply_gradients(pairs, global_step=step)
        only = tf.train.GradientDescentOptimizer(0.5).compute_gradients(b * b, var_list=[b])
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            gradients = session.run([g for g, _ in pairs if g is not None])
            session.run(train)
            return {
                "pairs": [f"{v.name} {'None' if g is None else g.shape.as_list()}" for g, v in pairs],
                "only": [v.name for _, v in only],
                "gradient of a": gradients[0],
                "gradient of b": gradients[1],
                "after": np.concatenate([np.ravel(session.run(v)) for v in (a, b, unused, fixed)]),
                "step": session.run(step),
                "apply name": train.name,
            }


@golden()
def refusals(tf):
    with tf.Graph().as_default():
        v = tf.Variable([1.0])
        constant = tf.constant(1.0)
        optimizer = tf.train.GradientDescentOptimizer(0.1)
        answers = {
            "no gradients": said(
                lambda: optimizer.minimize(constant, var_list=[v]), "No gradients provided for any variable"
            ),
            "nothing to apply": said(lambda: optimizer.apply_gradients([]), "No variables provided"),
            "all None": said(lambda: optimizer.apply_gradients([(None, v)]), "No gradients provided for any variable"),
        }
    with tf.Graph().as_default():
        answers["no variables"] = said(
            lambda: tf.train.GradientDescentOptimizer(0.1).minimize(tf.constant(1.0)), "No variables to optimize"
        )
    return answers


def over_steps(tf, decay, steps=(0, 1, 3, 5, 9, 10, 11, 25, 100)):
    with tf.Graph().as_default(), tf.Session() as session:
        step = tf.placeholder(tf.int32, [])
        rate = decay(tf, step)
        return {"rates": np.stack([session.run(rate, {step: s}) for s in steps])}


DECAYS = {
    "exponential": lambda tf, s: tf.train.exponential_decay(0.1, s, 10, 0.96),
    "exponential staircase": lambda tf, s: tf.train.exponential_decay(0.1, s, 10, 0.96, staircase=True),
    "piecewise": lambda tf, s: tf.train.piecewise_constant(s, [5, 10], [1.0, 0.5, 0.1]),
    "polynomial": lambda tf, s: tf.train.polynomial_decay(0.1, s, 20, 0.01),
    "polynomial power": lambda tf, s: tf.train.polynomial_decay(0.1, s, 20, 0.01, power=0.5),
    "polynomial cycle": lambda tf, s: tf.train.polynomial_decay(0.1, s, 8, 0.01, power=2.0, cycle=True),
    "natural_exp": lambda tf, s: tf.train.natural_exp_decay(0.1, s, 10, 0.5),
    "natural_exp staircase": lambda tf, s: tf.train.natural_exp_decay(0.1, s, 10, 0.5, staircase=True),
    "inverse_time": lambda tf, s: tf.train.inverse_time_decay(0.1, s, 10, 0.5),
    "inverse_time staircase": lambda tf, s: tf.train.inverse_time_decay(0.1, s, 10, 0.5, staircase=True),
    "cosine": lambda tf, s: tf.train.cosine_decay(0.1, s, 20),
    "cosine alpha": lambda tf, s: tf.train.cosine_decay(0.1, s, 20, alpha=0.2),
    "cosine restarts": lambda tf, s: tf.train.cosine_decay_restarts(0.1, s, 4),
    "linear cosine": lambda tf, s: tf.train.linear_cosine_decay(0.1, s, 20),
}


@golden(rows=DECAYS, rtol=2e-6, atol=1e-8, reason="pow and cos of float32 differ by an ulp or two")
def learning_rate(tf, row):
    return over_steps(tf, row)


CLIPS = {
    "clip_by_norm": lambda tf, x: tf.clip_by_norm(x, 1.0),
    "clip_by_norm axes": lambda tf, x: tf.clip_by_norm(x, 0.5, axes=[1]),
    "clip_by_norm loose": lambda tf, x: tf.clip_by_norm(x, 100.0),
    "clip_by_norm of zero": lambda tf, x: tf.clip_by_norm(x * 0.0, 1.0),
    "clip_by_global_norm": lambda tf, x: tf.clip_by_global_norm([x, None, 2.0 * x], 1.0)[0][2],
    "clip_by_global_norm loose": lambda tf, x: tf.clip_by_global_norm([x, 2.0 * x], 100.0)[0][1],
    "clip_by_global_norm given": lambda tf, x: tf.clip_by_global_norm([x], 1.0, use_norm=tf.constant(4.0))[0][0],
    "clip_by_global_norm infinite": lambda tf, x: tf.clip_by_global_norm([x / 0.0], 1.0)[0][0],
    "its norm": lambda tf, x: tf.clip_by_global_norm([x, 2.0 * x], 1.0)[1],
    "global_norm": lambda tf, x: tf.global_norm([x, None, x]),
    "global_norm of slices": lambda tf, x: tf.global_norm([tf.IndexedSlices(x, tf.constant([0, 1, 1, 2])), x]),
    "clip_by_average_norm": lambda tf, x: tf.clip_by_average_norm(x, 0.1),
    "clip_by_value": lambda tf, x: tf.clip_by_value(x, -0.2, 0.3),
}


@golden(rows=CLIPS, rtol=1e-6, atol=1e-9, reason="sums of squares in another order")
def clipped(tf, row):
    with tf.Graph().as_default(), tf.Session() as session:
        return {"value": session.run(row(tf, tf.constant(uniform(4, 3, seed=9))))}


@golden(**CLOSE)
def gradient_through_clipping(tf):
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.constant(uniform(4, 3, seed=9))
        ys = [
            tf.clip_by_norm(x, 1.0),
            tf.clip_by_norm(x, 9.0),
            tf.clip_by_value(x, -0.2, 0.3),
            tf.clip_by_global_norm([x], 1.0)[0][0],
        ]
        return {str(i): session.run(tf.gradients(tf.reduce_sum(y * y * y), x)[0]) for i, y in enumerate(ys)}


AVERAGES = {
    "decay": (lambda tf, step: tf.train.ExponentialMovingAverage(0.9)),
    "num_updates": (lambda tf, step: tf.train.ExponentialMovingAverage(0.9, step)),
    "zero_debias": (lambda tf, step: tf.train.ExponentialMovingAverage(0.9, zero_debias=True)),
}


@golden(rows=AVERAGES, rtol=1e-6, atol=1e-7, reason="one float32 rounding a step, fused or not")
def moving_average(tf, row):
    """Of a variable and of a tensor: values over five steps, names, collections."""
    with tf.Graph().as_default():
        with tf.variable_scope("scope"):
            v = tf.get_variable("v", initializer=[1.0, 2.0])
        step = tf.Variable(0.0, trainable=False, name="step")
        t = tf.identity(step * 2.0, name="t")
        average = row(tf, step)
        update = average.apply([v, t])
        move = tf.group(v.assign_add([1.0, -3.0]), step.assign_add(1.0))
        values = []
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            for _ in range(5):
                session.run(move)
                session.run(update)
                values.append(np.concatenate([session.run(average.average(v)), [session.run(average.average(t))]]))
        return {
            "by step": np.stack(values),
            "names": [
                average.average_name(v),
                average.average_name(t),
                average.average(v).name,
                average.average(t).name,
            ],
            "variables": [u.name for u in tf.global_variables()],
            "moving": [u.name for u in tf.moving_average_variables()],
            "to restore": sorted(average.variables_to_restore()),
            "update": update.name,
        }


@golden()
def moving_averages_of_all_trainables(tf):
    with tf.Graph().as_default():
        tf.Variable(1.0, name="a")
        tf.Variable(1.0, trainable=False, name="b")
        tf.train.ExponentialMovingAverage(0.5).apply()
        tf.train.ExponentialMovingAverage(0.5, name="Other").apply(tf.trainable_variables())
        return {
            "variables": [v.name for v in tf.global_variables()],
            "moving": [v.name for v in tf.moving_average_variables()],
        }


@golden()
def global_steps(tf):
    with tf.Graph().as_default() as graph:
        none = tf.train.get_global_step() is None
        with tf.variable_scope("inside"):
            step = tf.train.get_or_create_global_step()
        again = tf.train.get_or_create_global_step()
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            return {
                "none at first": none,
                "same": step is again and step is tf.train.get_global_step(),
                "name": step.name,
                "dtype": step.dtype.base_dtype.name,
                "trainable": step in tf.trainable_variables(),
                "collections": sorted(str(k) for k in graph.collections if step in graph.get_collection(k)),
                "value": tf.train.global_step(session, step),
                "twice": said(lambda: tf.train.create_global_step(), '"global_step" already exists'),
            }
