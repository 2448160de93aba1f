"""Random values per seed: all initializers, the random ops, their later runs, whole nets with a graph seed."""

import numpy as np

from ..cases import golden
from ..helpers import said, uniform

# (graph seed, op seed): each alone, both, zeros, and what the reduction modulo 2**31 - 1 touches.
SEEDS = {
    "op 7": (None, 7),
    "graph 5": (5, None),
    "graph 5 op 7": (5, 7),
    "op 0": (None, 0),
    "graph 0 op 0": (0, 0),
    "graph 0": (0, None),
    "op 2**31": (None, 2**31),
    "op 2**31-1": (None, 2**31 - 1),
    "graph 2**31 op 1": (2**31, 1),
    "op -5": (None, -5),
    "graph -5 op -1": (-5, -1),
}
SHAPES = [[7], [4, 5], [3, 3, 2, 4]]

UNIFORM = {
    "random_uniform": lambda tf, seed: tf.random_uniform_initializer(-0.3, 0.7, seed=seed),
    "random_uniform default": lambda tf, seed: tf.random_uniform_initializer(seed=seed),
    "uniform_unit_scaling": lambda tf, seed: tf.uniform_unit_scaling_initializer(1.43, seed=seed),
    "glorot_uniform": lambda tf, seed: tf.glorot_uniform_initializer(seed=seed),
    "he_uniform": lambda tf, seed: tf.initializers.he_uniform(seed=seed),
    "lecun_uniform": lambda tf, seed: tf.initializers.lecun_uniform(seed=seed),
    "variance_scaling uniform": lambda tf, seed: tf.variance_scaling_initializer(2.5, "fan_avg", "uniform", seed=seed),
}
NORMAL = {
    "random_normal": lambda tf, seed: tf.random_normal_initializer(0.5, 0.1, seed=seed),
    "random_normal default": lambda tf, seed: tf.random_normal_initializer(seed=seed),
    "truncated_normal": lambda tf, seed: tf.truncated_normal_initializer(-1.0, 2.0, seed=seed),
    "truncated_normal default": lambda tf, seed: tf.truncated_normal_initializer(seed=seed),
    "glorot_normal": lambda tf, seed: tf.glorot_normal_initializer(seed=seed),
    "he_normal": lambda tf, seed: tf.initializers.he_normal(seed=seed),
    "lecun_normal": lambda tf, seed: tf.initializers.lecun_normal(seed=seed),
    "variance_scaling": lambda tf, seed: tf.variance_scaling_initializer(seed=seed),
    "variance_scaling fan_out": lambda tf, seed: tf.variance_scaling_initializer(0.7, "fan_out", "normal", seed=seed),
    "variance_scaling untruncated": lambda tf, seed: tf.variance_scaling_initializer(
        3.0, "fan_avg", "untruncated_normal", seed=seed
    ),
}


def initial_values(tf, make, seeds, shapes):
    """The values that variables of these shapes take, each shape in a graph of its own."""
    graph_seed, op_seed = seeds
    values = {}
    for shape in shapes:
        with tf.Graph().as_default():
            if graph_seed is not None:
                tf.set_random_seed(graph_seed)
            variable = tf.get_variable("w", shape, initializer=make(tf, op_seed))
            with tf.Session() as session:
                session.run(variable.initializer)
                values["x".join(map(str, shape))] = session.run(variable)
    return values


def by_seed(makers):
    return {f"{name}, {seeds}": (make, SEEDS[seeds]) for name, make in makers.items() for seeds in SEEDS}


@golden(rows=by_seed(UNIFORM))
def uniform_initializer(tf, row):
    return initial_values(tf, *row, SHAPES)


@golden(rows=by_seed(NORMAL), atol=2e-6, reason="log, sin and cos of float32 differ by an ulp between libraries")
def normal_initializer(tf, row):
    return initial_values(tf, *row, SHAPES)


@golden(
    rows={
        f"gain {gain}, {seeds}": (gain, SEEDS[seeds]) for gain in (1.0, 1.4) for seeds in ("op 7", "graph 5", "op -5")
    },
    atol=1e-4,
    reason="a QR decomposition in float32 by another library",
)
def orthogonal_initializer(tf, row):
    gain, seeds = row
    shapes = [[4, 4], [5, 3], [3, 5], [3, 3, 2, 4], [1, 2, 3, 9]]
    return initial_values(tf, lambda tf, seed: tf.orthogonal_initializer(gain, seed=seed), seeds, shapes)


FIXED = {
    "zeros": (lambda tf: tf.zeros_initializer(), [2, 3]),
    "ones": (lambda tf: tf.ones_initializer(), [2, 3]),
    "ones int32": (lambda tf: tf.ones_initializer(tf.int32), [2]),
    "constant": (lambda tf: tf.constant_initializer(0.1), [2, 3]),
    "constant list": (lambda tf: tf.constant_initializer([1, 2, 3, 4, 5, 6]), [2, 3]),
    "constant short list": (lambda tf: tf.constant_initializer([1.0, 2.0]), [2, 3]),
    "constant array": (lambda tf: tf.constant_initializer(np.arange(6.0).reshape(2, 3)), [2, 3]),
    "identity": (lambda tf: tf.initializers.identity(), [3, 3]),
    "identity wide": (lambda tf: tf.initializers.identity(gain=2.0), [2, 4]),
}


@golden(rows=FIXED)
def fixed_initializer(tf, row):
    make, shape = row
    with tf.Graph().as_default(), tf.Session() as session:
        return {"value": session.run(make(tf)(shape))}


@golden()
def default_initializers(tf):
    """With none given: Glorot uniform for floats, zeros for integers and booleans."""
    values = {}
    with tf.Graph().as_default():
        tf.set_random_seed(1)
        variables = {kind: tf.get_variable(kind, [2, 3], getattr(tf, kind)) for kind in ("float32", "float64", "int32")}
        variables["bool"] = tf.get_variable("bool", [2], tf.bool)
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            values = session.run(variables)
    return values


@golden(rows={"[3, 4]": [3, 4], "[5]": [5], "[]": [], "[3, 3, 8, 16]": [3, 3, 8, 16], "[2, 3, 4]": [2, 3, 4]})
def variance_scaling_reads_the_fans(tf, row):
    """Limits of a uniform distribution show the fans: the same draws, scaled."""
    values = {}
    for mode in ("fan_in", "fan_out", "fan_avg"):
        with tf.Graph().as_default(), tf.Session() as session:
            make = tf.variance_scaling_initializer(1.0, mode, "uniform", seed=3)
            values[mode] = session.run(make(row)).reshape(-1)[:16]
    return values


DRAWS = {
    "random_uniform": lambda tf, kind: tf.random_uniform([9], dtype=kind, seed=7),
    "random_uniform scaled": lambda tf, kind: tf.random_uniform([2, 3], -2.0, 3.0, kind, seed=7),
    "random_normal": lambda tf, kind: tf.random_normal([9], dtype=kind, seed=7),
    "random_normal scaled": lambda tf, kind: tf.random_normal([2, 3], 1.0, 0.5, kind, seed=7),
    "truncated_normal": lambda tf, kind: tf.truncated_normal([9], dtype=kind, seed=7),
    "truncated_normal many": lambda tf, kind: tf.truncated_normal([70], dtype=kind, seed=11),
}


def three_runs(tf, build, graph_seed=None):
    with tf.Graph().as_default():
        if graph_seed is not None:
            tf.set_random_seed(graph_seed)
        fetch = build(tf)
        with tf.Session() as session:
            return {run: session.run(fetch) for run in ("first", "second", "third")}


def draws(kind, names):
    return {
        f"{name} {kind}": (lambda tf, d=draw: d(tf, getattr(tf, kind))) for name, draw in DRAWS.items() if name in names
    }


UNIFORMS = ("random_uniform", "random_uniform scaled")
NORMALS = tuple(name for name in DRAWS if name not in UNIFORMS)


@golden(
    rows=draws("float32", UNIFORMS)
    | draws("float64", UNIFORMS)
    | draws("float16", UNIFORMS)
    | draws("bfloat16", UNIFORMS)
)
def uniform_draws(tf, row):
    return three_runs(tf, row)


@golden(rows=draws("float32", NORMALS), atol=2e-6, reason="log, sin and cos of float32 differ by an ulp")
def normal_draws(tf, row):
    return three_runs(tf, row)


@golden(rows=draws("float64", NORMALS), rtol=1e-13, atol=1e-14, reason="log, sin and cos of float64 differ by an ulp")
def normal_draws_in_double(tf, row):
    return three_runs(tf, row)


@golden(rows=draws("float16", NORMALS), rtol=2**-10, atol=2**-14, reason="one unit in float16's last place")
def normal_draws_in_half(tf, row):
    return three_runs(tf, row)


@golden(rows=draws("bfloat16", NORMALS), rtol=2**-7, atol=2**-12, reason="one unit in bfloat16's last place")
def normal_draws_in_bfloat16(tf, row):
    return three_runs(tf, row)


INTEGERS = {
    "int32": lambda tf: tf.random_uniform([9], 0, 10, tf.int32, seed=7),
    "int32 maxval only": lambda tf: tf.random_uniform([9], maxval=100, dtype=tf.int32, seed=7),
    "int32 negative": lambda tf: tf.random_uniform([9], -50, 50, tf.int32, seed=7),
    "int64": lambda tf: tf.random_uniform([9], 0, 2**40, tf.int64, seed=7),
    "int64 short": lambda tf: tf.random_uniform([3, 3], -3, 3, tf.int64, seed=7),
    "shuffle": lambda tf: tf.random_shuffle(tf.range(20), seed=7),
    "shuffle rows": lambda tf: tf.random_shuffle(tf.reshape(tf.range(12), [6, 2]), seed=3),
    "shuffle of floats": lambda tf: tf.random_shuffle([1.0, 2.0, 3.0, 4.0, 5.0], seed=3),
    "multinomial": lambda tf: tf.multinomial(tf.log([[10.0, 10.0], [1.0, 9.0]]), 12, seed=7),
    "multinomial of three": lambda tf: tf.multinomial([[0.0, 1.0, 2.0]], 20, seed=1),
    "multinomial int32": lambda tf: tf.multinomial([[0.0, 1.0, 2.0]], 5, seed=1, output_dtype=tf.int32),
    "dropout": lambda tf: tf.nn.dropout(tf.ones([20]), 0.5, seed=7),
    "dropout keep 0.8": lambda tf: tf.nn.dropout(tf.ones([4, 5]), keep_prob=0.8, seed=7),
    "dropout rate": lambda tf: tf.nn.dropout(tf.ones([4, 5]), rate=0.25, seed=7),
    "dropout noise_shape": lambda tf: tf.nn.dropout(tf.ones([4, 5]), 0.5, noise_shape=[4, 1], seed=7),
    "dropout keeps all": lambda tf: tf.nn.dropout(tf.ones([4]), 1.0, seed=7),
    "layers.dropout": lambda tf: tf.layers.dropout(tf.ones([4, 5]), 0.4, seed=7, training=True),
    "uniform of a million words": lambda tf: tf.random_uniform([1000, 1000], seed=7)[::111, ::97],
    "uniform of no size": lambda tf: tf.random_uniform([0, 3], seed=7),
    "shape from a tensor": lambda tf: tf.random_uniform(tf.shape(tf.zeros([2, 3])), seed=7),
}


@golden(rows=INTEGERS)
def random_op(tf, row):
    return three_runs(tf, row)


@golden(rows=INTEGERS)
def random_op_by_graph_seed(tf, row):
    """The op's own seed beside a graph seed."""
    return {"first": three_runs(tf, row, graph_seed=87)["first"]}


@golden(atol=2e-6, reason="log, sin and cos of float32 differ by an ulp")
def ops_made_before_decide_the_seed(tf):
    """With only a graph seed an op's seed is the number of ops made so far."""
    with tf.Graph().as_default():
        tf.set_random_seed(1234)
        a = tf.random_uniform([3])
        tf.constant(1.0)
        b = tf.random_normal([3])
        with tf.name_scope("s"):
            c = tf.truncated_normal([3], stddev=0.1)
        d = tf.random_uniform([3], -1.0, 1.0)
        v = tf.Variable(tf.random_normal([2, 2]))
        e = tf.random_shuffle(tf.range(5))
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            return dict(zip("abcdev", session.run([a, b, c, d, e, v]), strict=True))


@golden(atol=2e-6, reason="log, sin and cos of float32 differ by an ulp")
def filter_net_with_a_graph_seed(tf):
    """The two-layer filter in variable scopes: initial weights and output follow from the graph seed alone."""

    def conv_relu(images, kernel_shape, bias_shape):
        weights = tf.get_variable("weights", kernel_shape, initializer=tf.random_normal_initializer())
        biases = tf.get_variable("biases", bias_shape, initializer=tf.constant_initializer(0.0))
        conv = tf.nn.conv2d(images, weights, strides=[1, 1, 1, 1], padding="SAME")
        return tf.nn.relu(conv + biases)

    with tf.Graph().as_default():
        tf.set_random_seed(42)
        images = tf.placeholder(tf.float32, [None, 5, 5, 2])
        with tf.variable_scope("conv1"):
            relu1 = conv_relu(images, [3, 3, 2, 2], [2])
        with tf.variable_scope("conv2"):
            relu2 = conv_relu(relu1, [3, 3, 2, 2], [2])
        flat = tf.reshape(relu2, [-1, 50])
        with tf.variable_scope("dense"):
            w = tf.get_variable("w", [50, 3])
            b = tf.get_variable("b", [3], initializer=tf.zeros_initializer())
            logits = tf.matmul(flat, w) + b
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            values = {v.op.name: session.run(v) for v in tf.global_variables()}
            logits = session.run(logits, {images: uniform(1, 5, 5, 2, seed=3)})
            return values | {"logits / 100": logits / np.float32(100)}


@golden(atol=2e-6, reason="log, sin and cos of float32 differ by an ulp")
def variables_of_plain_tutorial_code(tf):
    """tf.Variable(tf.truncated_normal(...)), as tutorials write it, under a graph seed."""
    with tf.Graph().as_default():
        tf.set_random_seed(0)
        x = tf.placeholder(tf.float32, [None, 4])
        w1 = tf.Variable(tf.truncated_normal([4, 5], stddev=0.1), name="w1")
        b1 = tf.Variable(tf.constant(0.1, shape=[5]))
        h = tf.nn.relu(tf.matmul(x, w1) + b1)
        w2 = tf.Variable(tf.random_uniform([5, 2], -1.0, 1.0))
        b2 = tf.Variable(tf.zeros([2]))
        y = tf.nn.softmax(tf.matmul(h, w2) + b2)
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            return dict(
                zip(("w1", "b1", "w2", "b2", "y"), session.run([w1, b1, w2, b2, y], {x: uniform(3, 4)}), strict=True)
            )


@golden()
def layers_with_a_graph_seed(tf):
    """Initial kernels of tf.layers under a graph seed: how many ops each layer makes decides them."""
    with tf.Graph().as_default():
        tf.set_random_seed(11)
        x = tf.placeholder(tf.float32, [2, 8, 8, 1])
        h = tf.layers.conv2d(x, 2, 3, activation=tf.nn.relu)
        h = tf.layers.max_pooling2d(h, 2, 2)
        h = tf.layers.flatten(h)
        tf.layers.dense(tf.layers.dense(h, 3, tf.nn.relu), 2)
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            return {v.op.name: session.run(v) for v in tf.global_variables()}


BAD = {
    "scale 0": (lambda tf: tf.variance_scaling_initializer(0.0), "scale"),
    "scale negative": (lambda tf: tf.variance_scaling_initializer(-1.0), "scale"),
    "unknown mode": (lambda tf: tf.variance_scaling_initializer(mode="fan"), "mode"),
    "unknown distribution": (lambda tf: tf.variance_scaling_initializer(distribution="gauss"), "distribution"),
    "orthogonal of one dimension": (lambda tf: tf.orthogonal_initializer()([3]), "at least two-dimensional"),
    "identity of three dimensions": (lambda tf: tf.initializers.identity()([3, 3, 3]), "two-dimensional"),
    "truncated of integers": (lambda tf: tf.truncated_normal_initializer(dtype=tf.int32), "float"),
    "constant of another shape": (lambda tf: tf.constant_initializer([1.0, 2.0], verify_shape=True)([2, 3]), "shape"),
}


@golden(rows=BAD)
def bad_arguments(tf, row):
    make, part = row
    with tf.Graph().as_default():
        return {"error": said(lambda: make(tf), part)}


CONFIGS = {
    "zeros": lambda tf: tf.zeros_initializer(),
    "constant": lambda tf: tf.constant_initializer(2.0),
    "random_uniform": lambda tf: tf.random_uniform_initializer(-1.0, 1.0, seed=3),
    "random_normal": lambda tf: tf.random_normal_initializer(1.0, 2.0),
    "truncated_normal": lambda tf: tf.truncated_normal_initializer(stddev=0.1, seed=1),
    "uniform_unit_scaling": lambda tf: tf.uniform_unit_scaling_initializer(1.2),
    "variance_scaling": lambda tf: tf.variance_scaling_initializer(2.0, "fan_out", "uniform", seed=9),
    "orthogonal": lambda tf: tf.orthogonal_initializer(1.5),
    "identity": lambda tf: tf.initializers.identity(2.0),
    "glorot_uniform": lambda tf: tf.glorot_uniform_initializer(4),
}


@golden(rows=CONFIGS)
def config_goes_round(tf, row):
    """get_config gives what from_config makes the same initializer of."""
    with tf.Graph().as_default():
        first = row(tf)
        config = first.get_config()
        again = type(first).from_config(config).get_config()
        return {
            "config": [f"{key}={config[key]!r}" for key in sorted(config)],
            "goes round": {key: again[key] for key in config} == config,
        }
