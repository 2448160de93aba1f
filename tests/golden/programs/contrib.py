"""tf.contrib's layers and scopes, recorded from tf_slim: names, collections, values, gradients, updates, refusals."""

import numpy as np

from ..cases import golden
from ..helpers import described, run, said, uniform

IMAGES, FLAT, SEQUENCE = [2, 4, 3, 4], [3, 4], [2, 5, 3]
SUMS = {"rtol": 3e-5, "atol": 1e-5, "reason": "float32 sums in another order"}


def bn(tf, x, **kwargs):
    return tf.contrib.layers.batch_norm(x, decay=0.5, **kwargs)


LAYERS = {
    "fully_connected": (lambda tf, c, x: c.fully_connected(x, 3), FLAT),
    "fully_connected of rank 3": (lambda tf, c, x: c.fully_connected(x, 3, None), SEQUENCE),
    "fully_connected named": (lambda tf, c, x: c.fully_connected(x, 3, tf.nn.tanh, scope="fc"), FLAT),
    "fully_connected without biases": (lambda tf, c, x: c.fully_connected(x, 3, biases_initializer=None), FLAT),
    "fully_connected normalized": (
        lambda tf, c, x: c.fully_connected(x, 3, normalizer_fn=c.batch_norm, normalizer_params={"decay": 0.5}), FLAT
    ),
    "fully_connected all": (
        lambda tf, c, x: c.fully_connected(
            x, 3, tf.nn.softplus, None, None, tf.ones_initializer(), lambda w: 0.5 * tf.reduce_sum(w),
            tf.ones_initializer(), lambda b: tf.reduce_sum(b), None, ["mine"], ["outs"], False, "s"
        ), FLAT
    ),
    "fully_connected reused": (
        lambda tf, c, x: [c.fully_connected(x, 3, scope="fc", reuse=r, variables_collections={"weights": ["w"]})
                          for r in (None, True)][1], FLAT
    ),
    "fully_connected twice": (lambda tf, c, x: c.fully_connected(c.fully_connected(x, 3), 2), FLAT),
    "linear": (lambda tf, c, x: c.linear(x, 3), FLAT),
    "relu": (lambda tf, c, x: c.relu(x, 3), FLAT),
    "conv2d": (lambda tf, c, x: c.conv2d(x, 3, 3), IMAGES),
    "conv2d more": (
        lambda tf, c, x: c.conv2d(
            x, 3, [3, 2], 2, "VALID", activation_fn=None, weights_regularizer=c.l2_regularizer(0.5)
        ), IMAGES
    ),
    "conv2d dilated": (lambda tf, c, x: c.convolution2d(x, 3, 3, rate=2, scope="conv"), IMAGES),
    "conv2d normalized": (
        lambda tf, c, x: c.conv2d(x, 3, 3, normalizer_fn=c.batch_norm, normalizer_params={"is_training": False}), IMAGES
    ),
    "conv1d": (lambda tf, c, x: c.conv1d(x, 3, 3, 2), SEQUENCE),
    "convolution": (lambda tf, c, x: c.convolution(x, 3, 2), IMAGES),
    "conv2d_transpose": (lambda tf, c, x: c.conv2d_transpose(x, 3, 3, 2), IMAGES),
    "conv2d_transpose valid": (lambda tf, c, x: c.conv2d_transpose(x, 3, [3, 2], 2, "VALID", scope="up"), IMAGES),
    "separable_conv2d": (lambda tf, c, x: c.separable_conv2d(x, 3, 3, 2), IMAGES),
    "separable_conv2d depthwise": (
        lambda tf, c, x: c.separable_conv2d(x, None, [3, 3], 1, weights_regularizer=c.l2_regularizer(0.5)), IMAGES
    ),
    "separable_conv2d normalized": (
        lambda tf, c, x: c.separable_conv2d(x, 3, 3, 1, normalizer_fn=c.batch_norm), IMAGES
    ),
    "bias_add": (lambda tf, c, x: c.bias_add(x, tf.nn.relu), IMAGES),
    "max_pool2d": (lambda tf, c, x: c.max_pool2d(x, 2), IMAGES),
    "max_pool2d same": (lambda tf, c, x: c.max_pool2d(x, [3, 2], 1, "SAME", scope="p"), IMAGES),
    "avg_pool2d": (lambda tf, c, x: c.avg_pool2d(x, [2, 2], outputs_collections="outs"), IMAGES),
    "flatten": (lambda tf, c, x: c.flatten(x), IMAGES),
    "dropout off": (lambda tf, c, x: c.dropout(x, 0.5, is_training=False), FLAT),
    "softmax": (lambda tf, c, x: c.softmax(x), SEQUENCE),
    "unit_norm": (lambda tf, c, x: c.unit_norm(x, 1), FLAT),
    "maxout": (lambda tf, c, x: c.maxout(x, 2), FLAT),
    "repeat": (lambda tf, c, x: c.repeat(x, 2, c.conv2d, 4, [3, 3], scope="conv"), IMAGES),
    "repeat unnamed": (lambda tf, c, x: c.repeat(x, 2, c.fully_connected, 4), FLAT),
    "stack": (lambda tf, c, x: c.stack(x, c.fully_connected, [3, 5], scope="fc"), FLAT),
    "stack of more": (lambda tf, c, x: c.stack(x, c.conv2d, [(3, [1, 1]), (2, [3, 3])], padding="VALID"), IMAGES),
    "layer_norm": (lambda tf, c, x: c.layer_norm(x), FLAT),
    "layer_norm of images": (lambda tf, c, x: c.layer_norm(x, activation_fn=tf.nn.relu), IMAGES),
    "layer_norm of the last": (lambda tf, c, x: c.layer_norm(x, begin_norm_axis=-1, begin_params_axis=-1), SEQUENCE),
    "layer_norm bare": (lambda tf, c, x: c.layer_norm(x, False, False), SEQUENCE),
    "instance_norm": (lambda tf, c, x: c.instance_norm(x), IMAGES),
    "group_norm": (lambda tf, c, x: c.group_norm(x, 2), IMAGES),
    "batch_norm": (lambda tf, c, x: bn(tf, x), IMAGES),
    "batch_norm scaled": (lambda tf, c, x: bn(tf, x, scale=True, activation_fn=tf.nn.relu), IMAGES),
    "batch_norm in place": (lambda tf, c, x: bn(tf, x, scale=True, updates_collections=None), IMAGES),
    "batch_norm in place unfused": (lambda tf, c, x: bn(tf, x, updates_collections=None, fused=False), IMAGES),
    "batch_norm flat": (lambda tf, c, x: bn(tf, x, scale=True, outputs_collections="outs"), FLAT),
    "batch_norm flat unfused": (lambda tf, c, x: bn(tf, x, fused=False), FLAT),
    "batch_norm flat in place": (lambda tf, c, x: bn(tf, x, updates_collections=None, center=False), FLAT),
    "batch_norm of sequences": (lambda tf, c, x: bn(tf, x, scope="norm"), SEQUENCE),
    "batch_norm of sequences in place": (lambda tf, c, x: bn(tf, x, updates_collections=None), SEQUENCE),
    "batch_norm elsewhere": (lambda tf, c, x: bn(tf, x, updates_collections="mine"), IMAGES),
    "batch_norm debiased": (lambda tf, c, x: bn(tf, x, zero_debias_moving_mean=True), IMAGES),
    "batch_norm testing": (lambda tf, c, x: bn(tf, x, is_training=False, scale=True), IMAGES),
    "batch_norm testing in place": (lambda tf, c, x: bn(tf, x, is_training=False, updates_collections=None), FLAT),
    "batch_norm weighed": (lambda tf, c, x: bn(tf, x, batch_weights=tf.constant([0.5, 2.0]), fused=False), IMAGES),
    "batch_norm told by a tensor": (lambda tf, c, x: bn(tf, x, is_training=tf.constant(1.0) > 0), IMAGES),
    "batch_norm told by a tensor in place": (
        lambda tf, c, x: bn(tf, x, is_training=tf.reduce_sum(x) < 1e9, updates_collections=None), IMAGES
    ),
    "batch_norm told no by a tensor in place": (
        lambda tf, c, x: bn(tf, x, is_training=tf.reduce_sum(x) > 1e9, updates_collections=None, fused=False), FLAT
    ),
    "batch_norm initialized": (
        lambda tf, c, x: bn(tf, x, scale=True, trainable=False, param_initializers={
            "gamma": tf.constant_initializer(2.0), "moving_variance": tf.constant_initializer(3.0)
        }), IMAGES
    ),
}  # fmt: skip


def made(tf, row, shape):
    build, own = row
    x = tf.placeholder(tf.float32, shape or own, name="x")
    return x, build(tf, tf.contrib.layers, x)


def uncollected(key):
    return not isinstance(key, str) or key.startswith("__") or key in ("cond_context", "while_context")


@golden(rows=LAYERS)
def names_of_a_layer(tf, row):
    with tf.Graph().as_default() as graph:
        _, y = made(tf, row, None)
        held = {
            k: graph.get_collection(k) for k in sorted(k for k in graph.get_all_collection_keys() if not uncollected(k))
        }
        return {
            "y": described(y),
            "variables": [described(v) for v in tf.global_variables()],
            "initial": [v.initializer.inputs[1].op.type for v in tf.global_variables()],
            "collections": [f"{k}: {[t.name for t in held[k]]}" for k in held if held[k]],
        }


@golden(rows=LAYERS)
def shape_for_any_batch(tf, row):
    with tf.Graph().as_default():
        return {"y": described(made(tf, row, [None, *row[1][1:]])[1])}


@golden(rows=LAYERS, **SUMS)
def values_of_a_layer(tf, row):
    """Outputs, gradients by the inputs and all trained variables, then variables after the updates."""
    with tf.Graph().as_default(), tf.Session() as session:
        x, y = made(tf, row, None)
        trained = tf.trainable_variables()
        sides = uniform(*y.shape.as_list(), seed=9)
        grads = [g for g in tf.gradients(tf.reduce_sum(y * sides), [x, *trained]) if g is not None]
        updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS) + tf.get_collection("mine")
        session.run(tf.global_variables_initializer())
        for i, v in enumerate(tf.global_variables()):
            if not v.op.name.endswith(("biased", "local_step")):
                v.load(uniform(*v.shape.as_list(), seed=i + 2, low=0.1), session)
        feed = {x: uniform(*row[1], seed=1)}
        found = session.run([y, grads], feed)
        session.run([u for u in updates if "Moving" in u.name or "cond" in u.name], feed)
        return {
            "y": found[0],
            **{f"gradient {i}": g for i, g in enumerate(found[1])},
            **{v.name: session.run(v) for v in tf.global_variables() if v not in trained},
        }


@golden(rtol=3e-5, atol=1e-5, reason="float32 sums in another order")
def draws_after_layers(tf):
    """What a seed draws in and after them tells how many operations they are made of."""
    with tf.Graph().as_default():
        tf.set_random_seed(7)
        c = tf.contrib.layers
        x = tf.constant(uniform(2, 6, 6, 3, seed=1))
        y = c.conv2d(x, 4, 3, normalizer_fn=c.batch_norm)
        y = c.max_pool2d(y, 2)
        y = c.flatten(c.conv2d_transpose(y, 2, 3, 2, normalizer_fn=c.layer_norm))
        y = c.dropout(c.fully_connected(y, 5, normalizer_fn=c.batch_norm), 0.5)
        y = c.bias_add(c.fully_connected(y, 2, None), tf.nn.relu)
        return {"y": run(tf, y), "draw": run(tf, tf.random_uniform([2]))}


@golden()
def one_hots(tf):
    with tf.Graph().as_default(), tf.Session() as session:
        hot = tf.contrib.layers.one_hot_encoding([2, 0], 3)
        other = tf.contrib.layers.one_hot_encoding(tf.constant([1], tf.int64), 2, 0.5, -0.5, "hots", "mine")
        values = {"hot": session.run(hot), "other": session.run(other), "names": described([hot, other])}
        return values | {"held": described(tf.get_collection("hots"))}


@golden()
def arg_scopes(tf):
    """Which arguments are in force, and which come first."""
    f = tf.contrib.framework

    @f.add_arg_scope
    def first(x, a=1, b=2):
        return f"{x} {a} {b}"

    @f.add_arg_scope
    def second(x, a=1, **more):
        return f"{x} {a} {sorted(more.items())}"

    said_so = [first(0)]
    with f.arg_scope([first, second], a=5) as outer:
        said_so += [first(0), first(0, b=3), first(0, a=4), second(0)]
        with f.arg_scope([first], b=7), f.arg_scope([second], c=8):
            said_so += [first(0), second(0)]
            with f.arg_scope(outer):
                said_so += [first(0), second(0)]
        said_so += [first(0)]
    with f.arg_scope({}), f.arg_scope(outer) as again:
        said_so += [first(0), str(sorted(len(v) for v in again.values()))]
    try:
        with f.arg_scope([first], a=9):
            raise KeyError
    except KeyError:
        said_so += [first(0)]
    return {
        "said": said_so,
        "has": [f.has_arg_scope(first), f.has_arg_scope(f.arg_scope), first.__name__],
        "may": [sorted(f.arg_scoped_arguments(first))],
        "undecorated": said(lambda: f.arg_scope([len], a=1).__enter__(), "is not decorated with @add_arg_scope"),
        "no list": said(lambda: f.arg_scope(first, a=1).__enter__(), r"must either be a list/tuple or reused scope"),
        "with more": said(lambda: f.arg_scope({}, a=1).__enter__(), "kwargs must be empty"),
        "twice": said(lambda: second_given_twice(f, first), "multiple values"),
    }


def second_given_twice(f, function):
    with f.arg_scope([function], a=5):
        function(0, 1)


@golden()
def layers_in_arg_scopes(tf):
    c, f = tf.contrib.layers, tf.contrib.framework
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, IMAGES, name="x")
        with f.arg_scope(
            [c.conv2d, c.fully_connected], weights_regularizer=c.l2_regularizer(0.5), activation_fn=tf.tanh
        ):
            with f.arg_scope([c.conv2d], normalizer_fn=c.batch_norm, padding="VALID"):
                with f.arg_scope([c.batch_norm], scale=True, is_training=False):
                    y = c.conv2d(x, 3, [2, 2], scope="a")
            z = c.fully_connected(c.flatten(y), 2, scope="b")
        with f.arg_scope([f.model_variable], collections=["held"]):
            c.bias_add(z, scope="c")
        return {
            "z": described([y, z]),
            "variables": [described(v) for v in tf.global_variables()],
            "losses": described(tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)),
        }


@golden()
def variables_found_again(tf):
    f, c = tf.contrib.framework, tf.contrib.layers
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, FLAT)
        with tf.variable_scope("net") as net:
            c.fully_connected(x, 2, scope="a", normalizer_fn=c.batch_norm)
            c.fully_connected(x, 2, scope="b")
        f.variable("own", [2], collections=["k", "k", tf.GraphKeys.GLOBAL_VARIABLES], trainable=False)
        f.model_variable("model", [2], initializer=tf.zeros_initializer(), regularizer=lambda w: tf.reduce_sum(w))
        f.local_variable(0, name="local")
        f.get_or_create_global_step()

        def names(found):
            return [v.name for v in found]

        return {
            "all": names(f.get_variables()),
            "scope": names(f.get_variables("net/b")),
            "scope object": names(f.get_variables(net)),
            "suffix": names(f.get_variables(suffix="weights")) + names(f.get_variables_by_suffix("biases", "net")),
            "both": names(f.get_variables("net/a", "weights")),
            "by name": names(f.get_variables_by_name("weights")) + names(f.get_variables_by_name("own")),
            "model": names(f.get_model_variables()) + names(f.get_model_variables("model")),
            "local": names(f.get_local_variables()),
            "trained": names(f.get_trainable_variables("net")),
            "unique": f.get_unique_variable("net/b/weights").name,
            "no such": said(lambda: f.get_unique_variable("net/c"), "Couldn't find variable net/c"),
            "not unique": said(lambda: f.get_unique_variable("net/b"), "does not uniquely identify a variable"),
            "restored": names(f.get_variables_to_restore(["net"], ["net/a"])),
            "all restored": names(f.get_variables_to_restore(exclude=["net/a", "own"])),
            "no list": said(lambda: f.get_variables_to_restore("net"), "include is provided but is not a list"),
            "filtered": names(f.filter_variables(tf.global_variables(), ["weights"], ["b/"])),
            "matched": names(f.filter_variables(tf.global_variables(), ["b"], reg_search=False)),
            "full": f.get_variable_full_name(f.get_variables("own")[0]),
            "held": names(tf.get_collection("k")),
            "trainable": names(tf.trainable_variables()),
            "step": [tf.train.get_global_step().name],
        }


@golden()
def values_assigned(tf):
    f = tf.contrib.framework
    with tf.Graph().as_default(), tf.Session() as session:
        a = f.variable("a", [2, 2], initializer=tf.zeros_initializer())
        b = f.variable("b", [], initializer=tf.zeros_initializer(), dtype=tf.int32)
        session.run(tf.global_variables_initializer())
        session.run(*f.assign_from_values({"a": np.arange(4.0).reshape(2, 2), "b": np.array(3)}))
        first = session.run([a, b])
        f.assign_from_values_fn({"b": np.array(5)})(session)
        return {"a": first[0], "b": first[1], "then": session.run(b)}


@golden()
def end_points(tf):
    c, u = tf.contrib.layers, tf.contrib.slim.utils
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, IMAGES)
        with tf.variable_scope("vgg") as scope:
            collection = scope.original_name_scope + "_end_points"
            with tf.contrib.framework.arg_scope([c.conv2d, c.max_pool2d], outputs_collections=[collection]):
                y = c.repeat(x, 2, c.conv2d, 4, [3, 3], scope="conv1")
                y = c.max_pool2d(y, 2, scope="pool1")
            points = u.convert_collection_to_dict(collection)
        return {"points": [f"{k}: {described(t)}" for k, t in points.items()]}


def trained(tf, **kwargs):
    """Two steps of a small network: losses, and all variables afterwards."""
    slim = tf.contrib.slim
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.constant(uniform(6, 4, seed=1))
        y = slim.fully_connected(x, 3, normalizer_fn=slim.batch_norm, scope="a", normalizer_params={"decay": 0.5})
        y = slim.fully_connected(y, 1, None, scope="b")
        tf.losses.mean_squared_error(uniform(6, 1, seed=2), y)
        given = {key: value(tf) if callable(value) else value for key, value in kwargs.items()}
        op = slim.learning.create_train_op(tf.losses.get_total_loss(), tf.train.GradientDescentOptimizer(0.5), **given)
        session.run(tf.global_variables_initializer())
        for i, v in enumerate(v for v in tf.global_variables() if v.dtype.base_dtype == tf.float32):
            v.load(uniform(*v.shape.as_list(), seed=i + 2, low=0.1), session)
        return {
            "losses": [session.run(op) for _ in range(2)],
            "names": [op.name, *(v.name for v in tf.global_variables())],
            "collected": [t.name for t in tf.get_collection(tf.GraphKeys.TRAIN_OP)],
            **{v.name: session.run(v) for v in tf.global_variables()},
        }


TRAINED = {
    "plainly": {},
    "without a step": {"global_step": None, "check_numerics": False},
    "clipped": {"clip_gradient_norm": 0.125},
    "multiplied": {"gradient_multipliers": {"b/weights": 3.0, "a/weights": 0.0}},
    "both": {"gradient_multipliers": {"b/weights": 3.0}, "clip_gradient_norm": 0.5},
    "in part": {"variables_to_train": lambda tf: tf.trainable_variables("b"), "update_ops": []},
}


@golden(rows=TRAINED, rtol=1e-4, atol=1e-5, reason="float32 sums in another order, over two steps with a division")
def trained_by_slim(tf, row):
    return {k: np.asarray(v) if k == "losses" else v for k, v in trained(tf, **row).items()}


SUMMARIES = {
    "activation": lambda tf, c, x: c.summarize_activation(tf.nn.relu(x, "act")),
    "activation of six": lambda tf, c, x: c.summarize_activation(tf.nn.relu6(x * 9.0, "act")),
    "activation of another kind": lambda tf, c, x: c.summarize_activation(tf.abs(x, "act")),
    "tensor": lambda tf, c, x: c.summarize_tensor(x),
    "scalar": lambda tf, c, x: c.summarize_tensor(x[0, 0], "mine"),
    "collection": lambda tf, c, x: [tf.add_to_collection("k", x), c.summarize_collection("k", "x")],
    "filtered": lambda tf, c, x: [tf.add_to_collection("k", x), c.summarize_collection("k", "y")],
    "activations": lambda tf, c, x: [tf.add_to_collection("activations", tf.nn.relu(x)), c.summarize_activations()],
}


@golden(rows=SUMMARIES)
def summaries_of_layers(tf, row):
    with tf.Graph().as_default(), tf.Session() as session:
        row(tf, tf.contrib.layers, tf.constant(uniform(3, 4, seed=1), name="x"))
        found = tf.get_collection(tf.GraphKeys.SUMMARIES)
        return {
            "names": described(found),
            **{str(i): np.frombuffer(session.run(one), np.uint8) for i, one in enumerate(found)},
        }


OPTIMIZED = {
    "plainly": {},
    "by a class": {"optimizer": lambda tf: tf.train.AdamOptimizer, "name": "train"},
    "by an optimizer": {"optimizer": lambda tf: tf.train.MomentumOptimizer(0.5, 0.5), "learning_rate": None},
    "by a function": {"optimizer": lambda tf: lambda rate: tf.train.RMSPropOptimizer(rate)},
    "with a decayed rate": {
        "learning_rate_decay_fn": lambda tf: lambda rate, step: tf.train.exponential_decay(rate, step, 1, 0.5)
    },
    "clipped": {"clip_gradients": 0.125},
    "clipped by a function": {"clip_gradients": lambda tf: lambda pairs: [(g * 0.5, v) for g, v in pairs]},
    "multiplied": {"gradient_multipliers": {"b/weights:0": 3.0, "a/weights:0": 0.0}},
    "in part": {"variables": lambda tf: tf.trainable_variables("b"), "update_ops": [], "summaries": []},
    "told of": {"summaries": ["loss", "gradients", "gradient_norm"], "increment_global_step": False},
}


@golden(rows=OPTIMIZED, rtol=1e-4, atol=1e-5, reason="float32 sums in another order, over two steps with a division")
def optimized_loss(tf, row):
    slim, optimize = tf.contrib.slim, tf.contrib.layers.optimize_loss
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.constant(uniform(6, 4, seed=1))
        y = slim.fully_connected(x, 3, normalizer_fn=slim.batch_norm, scope="a", normalizer_params={"decay": 0.5})
        loss = tf.losses.mean_squared_error(uniform(6, 1, seed=2), slim.fully_connected(y, 1, None, scope="b"))
        step = tf.train.create_global_step()
        given = {key: value(tf) if callable(value) else value for key, value in row.items()}
        arguments = {"learning_rate": 0.5, "optimizer": "SGD", **given}
        op = optimize(loss, step, **arguments)
        session.run(tf.global_variables_initializer())
        for i, v in enumerate(tf.trainable_variables()):
            v.load(uniform(*v.shape.as_list(), seed=i + 2, low=0.1), session)
        losses = np.array([session.run(op) for _ in range(2)])
        return {
            "losses": losses,
            "names": [op.name, *(v.name for v in tf.global_variables())],
            "summaries": [t.name for t in tf.get_collection(tf.GraphKeys.SUMMARIES)],
            **{v.name: session.run(v) for v in tf.global_variables()},
        }


UNOPTIMIZED = {
    "an unknown name": ({"optimizer": "Best"}, ["Optimizer name should be one of", "you provided Best"]),
    "no rate": ({"learning_rate": None}, ["Learning rate is None"]),
    "a negative rate": ({"learning_rate": -1.0}, ["Invalid learning_rate -1.0"]),
    "a rate of another type": ({"learning_rate": "fast"}, ["Learning rate should be 0d Tensor or float"]),
    "an unknown summary": ({"summaries": ["all"]}, ["Summaries should be one of", "you provided all"]),
    "clipped by a word": ({"clip_gradients": "much"}, ["Unknown type <class 'str'> for clip_gradients"]),
}


@golden(rows=UNOPTIMIZED)
def refused_optimization(tf, row):
    given, parts = row
    with tf.Graph().as_default():
        loss = tf.square(tf.get_variable("v", []))
        arguments = {"learning_rate": 0.5, "optimizer": "SGD", **given}
        return {"said": said(lambda: tf.contrib.layers.optimize_loss(loss, None, **arguments), *parts)}


@golden()
def metrics_together(tf):
    m = tf.contrib.slim.metrics
    with tf.Graph().as_default():
        a, b = [tf.metrics.mean(tf.constant([v, 3.0]), name=n) for v, n in ((1.0, "a"), (5.0, "b"))]
        values, updates = m.aggregate_metric_map({"a": a, "b": b})
        both = m.aggregate_metrics(a, b)
        return {
            "map": [described(values["b"]), described(updates["a"])],
            "lists": [described(list(part)) for part in both],
            "none": said(lambda: m.aggregate_metrics(), "at least one value_tensor/update_op pair"),
        }


REFUSED = {
    "outputs that are no number": (
        lambda tf, c: c.fully_connected(tf.zeros([2, 3]), "4"), ["num_outputs type should be"]
    ),
    "conv2d of sequences": (
        lambda tf, c: c.conv2d(tf.zeros([2, 3, 3]), 2, 3), ["Convolution expects input with rank 4, got 3"]
    ),
    "conv2d of another format": (
        lambda tf, c: c.conv2d(tf.zeros([2, 3, 3, 1]), 2, 3, data_format="WHO"), ["data_format"]
    ),
    "batch_norm of an unknown depth": (
        lambda tf, c: c.batch_norm(tf.placeholder(tf.float32, [2, None])), ["`C` dimension"]
    ),
    "layer_norm of an unknown rank": (
        lambda tf, c: c.layer_norm(tf.placeholder(tf.float32)), ["has undefined rank"]
    ),
    "layer_norm beyond the rank": (
        lambda tf, c: c.layer_norm(tf.zeros([2, 3]), begin_norm_axis=2), [r"must be < rank\(inputs\) \(2\)"]
    ),
    "layer_norm of an unknown length": (
        lambda tf, c: c.layer_norm(tf.placeholder(tf.float32, [2, None])), ["is not fully defined"]
    ),
    "stack of no list": (
        lambda tf, c: c.stack(tf.zeros([2, 3]), c.fully_connected, 3), ["need to be a list or tuple"]
    ),
    "maxout that does not fit": (
        lambda tf, c: c.maxout(tf.zeros([2, 3]), 2), ["is not a multiple of num_units"]
    ),
    "unit_norm beyond the rank": (
        lambda tf, c: c.unit_norm(tf.zeros([2, 3]), 5), ["smaller than the input rank"]
    ),
    "a scope made twice": (
        lambda tf, c: [c.fully_connected(tf.zeros([2, 3]), 3, scope="a") for _ in "ab"],
        ["Variable a/weights already exists, disallowed"],
    ),
}  # fmt: skip


@golden(rows=REFUSED)
def refusals(tf, row):
    call, parts = row
    with tf.Graph().as_default():
        return {"said": said(lambda: call(tf, tf.contrib.layers), *parts)}
