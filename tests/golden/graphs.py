"""Models that are saved with their graphs by one library, and go on in the other: each a function of `tf`."""

import sys
from pathlib import Path

import numpy as np

ARCHIVE = Path(__file__).with_name("graphs.zip")
STEPS = 3
RTOL, ATOL = 2e-4, 2e-6  # float32 sums in another order, over six steps of training


def data(*shape, seed=0):
    return np.random.RandomState(seed).uniform(-1, 1, shape).astype(np.float32)


def classes(count, batch, seed=1):
    return np.random.RandomState(seed).randint(0, count, batch).astype(np.int64)


# -- models that are trained: each gives {name of a placeholder: its value}; ops "train" and "loss" are in the graph --


def dense(tf):
    """Two layers, Adam, a decaying rate, and collections of all kinds."""
    x, y = tf.placeholder(tf.float32, [None, 4], "x"), tf.placeholder(tf.int64, [None], "y")
    hidden = tf.layers.dense(x, 5, tf.nn.relu, kernel_initializer=tf.glorot_uniform_initializer(seed=1))
    logits = tf.layers.dense(hidden, 3, kernel_initializer=tf.glorot_uniform_initializer(seed=2), name="logits")
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits), name="loss")
    step = tf.train.get_or_create_global_step()
    rate = tf.train.exponential_decay(0.05, step, 2, 0.9)
    tf.add_to_collection("train_op", tf.train.AdamOptimizer(rate).minimize(loss, step, name="train"))
    tf.add_to_collection("inputs", x)
    tf.add_to_collection("inputs", y)
    tf.add_to_collection("words", "one")
    tf.add_to_collection("words", "two")
    tf.add_to_collection("numbers", 7)
    tf.add_to_collection("fractions", 0.5)
    tf.identity(tf.nn.softmax(logits), name="probabilities")
    return {"x:0": data(6, 4), "y:0": classes(3, 6)}


def images(tf):
    """Convolutions, batch normalization with its updates, pooling, momentum, a weight's penalty."""
    x, y = tf.placeholder(tf.float32, [None, 6, 6, 2], "x"), tf.placeholder(tf.float32, [None, 2], "y")
    net = tf.layers.conv2d(x, 4, 3, padding="same", kernel_initializer=tf.glorot_uniform_initializer(seed=1))
    net = tf.nn.relu(tf.layers.batch_normalization(net, training=True, momentum=0.9))
    net = tf.layers.max_pooling2d(net, 2, 2)
    net = tf.nn.elu(tf.layers.conv2d(net, 3, 2, strides=2, kernel_initializer=tf.glorot_uniform_initializer(seed=2)))
    net = tf.layers.average_pooling2d(net, 1, 1)
    logits = tf.layers.dense(tf.layers.flatten(net), 2, kernel_initializer=tf.glorot_uniform_initializer(seed=3))
    penalty = tf.add_n([tf.nn.l2_loss(v) for v in tf.trainable_variables() if "kernel" in v.name])
    loss = tf.losses.softmax_cross_entropy(y, logits) + 0.01 * penalty
    loss = tf.identity(loss, name="loss")
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        tf.train.MomentumOptimizer(0.05, 0.9).minimize(loss, name="train")
    return {"x:0": data(4, 6, 6, 2), "y:0": np.eye(2, dtype=np.float32)[classes(2, 4)]}


def words(tf):
    """An embedding whose rows alone are updated, an unrolled LSTM, clipped gradients."""
    x, y = tf.placeholder(tf.int32, [3, 4], "x"), tf.placeholder(tf.float32, [3, 2], "y")
    table = tf.get_variable("table", [7, 3], initializer=tf.random_uniform_initializer(-1, 1, seed=1))
    inputs = tf.unstack(tf.nn.embedding_lookup(table, x), axis=1)
    with tf.variable_scope("cell", initializer=tf.random_uniform_initializer(-0.5, 0.5, seed=2)):
        kernel, bias = tf.get_variable("kernel", [5, 8]), tf.get_variable("bias", [8])
    c = h = tf.zeros([3, 2])
    for step in inputs:
        i, j, f, o = tf.split(tf.nn.bias_add(tf.matmul(tf.concat([step, h], 1), kernel), bias), 4, 1)
        c = c * tf.sigmoid(f + 1.0) + tf.sigmoid(i) * tf.tanh(j)
        h = tf.tanh(c) * tf.sigmoid(o)
    loss = tf.reduce_mean(tf.square(h - y), name="loss")
    variables = tf.trainable_variables()
    grads, _ = tf.clip_by_global_norm(tf.gradients(loss, variables), 0.3)
    tf.train.AdagradOptimizer(0.3).apply_gradients(zip(grads, variables, strict=True), name="train")
    return {"x:0": np.array([[0, 1, 2, 2], [6, 5, 0, 1], [3, 3, 3, 3]], np.int32), "y:0": data(3, 2, seed=4)}


def parts(tf):
    """A partitioned variable, functions of one tensor and their gradients, shapes that are not known."""
    x = tf.placeholder(tf.float32, [None, None], "x")
    with tf.variable_scope("parted", partitioner=tf.fixed_size_partitioner(2)):
        weights = tf.get_variable("w", [4, 3], initializer=tf.random_uniform_initializer(-1, 1, seed=3))
    shift = tf.Variable([0.5, -0.5, 0.25], name="shift")
    z = tf.matmul(tf.reshape(x, [-1, 4]), weights) + shift
    z = tf.nn.softplus(z) + tf.nn.softsign(z) * tf.nn.selu(z) + tf.rsqrt(1.0 + tf.square(z)) + tf.sqrt(tf.exp(z))
    z = tf.concat([z, tf.reciprocal(2.0 + tf.abs(z)), tf.tile(shift[None], [tf.shape(z)[0], 1])], 1)
    loss = tf.reduce_mean(tf.reduce_max(z, 1) - tf.reduce_prod(tf.nn.sigmoid(z[:, :3]), 1), name="loss")
    tf.train.GradientDescentOptimizer(0.1).minimize(loss, name="train")
    return {"x:0": data(5, 4, seed=5)}


def conditions(tf):
    """Branches with gradients, one within another, and the averages of variables that were there before."""
    x, high = tf.placeholder(tf.float32, [3], "x"), tf.placeholder(tf.bool, [], "high")
    v = tf.Variable([1.0, -2.0, 0.5], name="v")

    def inner():
        return tf.cond(x[0] > 0.0, lambda: tf.tanh(v) * x, lambda: tf.square(v - x))

    y, z = tf.cond(high, lambda: (v * v, inner()), lambda: (tf.sin(v * x), v + 1.0))
    loss = tf.reduce_sum(y * z, name="loss")
    update = tf.train.GradientDescentOptimizer(0.05).minimize(loss)
    averages = tf.train.ExponentialMovingAverage(0.8)
    with tf.control_dependencies([update]):
        tf.group(averages.apply([v]), name="train")
    return {"x:0": data(3, seed=6), "high:0": np.bool_(True)}


TRAINED = {f.__name__: f for f in (dense, images, words, parts, conditions)}


def train_and_save(tf, name, folder):
    """Train a model for some steps, save it with its graph, and note what further steps give."""
    with tf.Graph().as_default() as graph:
        feeds = TRAINED[name](tf)
        saver = tf.train.Saver()
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            for _ in range(STEPS):
                session.run("train", feeds)
            saver.save(session, f"{folder}/{name}", write_state=False, write_meta_graph=False)
            saver.export_meta_graph(f"{folder}/{name}.meta")
            answers = steps(session, graph, feeds, variables(tf))
    np.savez_compressed(f"{folder}/{name}.npz", **answers)


def go_on(tf, name, folder):
    """Build the graph of a saved model, restore it, and train on."""
    with tf.Graph().as_default() as graph, tf.Session() as session:
        tf.train.import_meta_graph(f"{folder}/{name}.meta").restore(session, f"{folder}/{name}")
        with np.load(f"{folder}/{name}.npz") as known:
            feeds = {key.removeprefix("feed "): known[key] for key in known.files if key.startswith("feed ")}
        return steps(session, graph, feeds, variables(tf))


def variables(tf):
    return {variable.op.name: variable for variable in tf.global_variables()}


def steps(session, graph, feeds, known):
    """What a few steps of training give: the losses, and all variables after them."""
    losses = []
    for _ in range(STEPS):
        losses.append(session.run("loss:0", feeds))
        session.run("train", feeds)
    values = session.run(known)
    return {f"feed {k}": v for k, v in feeds.items()} | {"losses": np.array(losses, np.float32)} | values


# -- graphs whose variables have become constants ---------------------------------------------------------------------


def classifier(tf):
    """What a trained network for images is when it is used."""
    x = tf.placeholder(tf.float32, [None, 8, 8, 3], "x")
    net = tf.layers.conv2d(x, 4, 3, 2, activation=tf.nn.relu6, kernel_initializer=tf.glorot_uniform_initializer(seed=1))
    net = tf.layers.batch_normalization(net, training=False)
    net = tf.pad(net, [[0, 0], [1, 1], [1, 1], [0, 0]])
    depthwise = tf.get_variable("depthwise", [3, 3, 4, 1], initializer=tf.glorot_uniform_initializer(seed=2))
    net = tf.nn.leaky_relu(tf.nn.depthwise_conv2d(net, depthwise, [1, 1, 1, 1], "VALID"))
    net = tf.nn.lrn(tf.reduce_mean(net, [1, 2], keepdims=True))
    logits = tf.layers.dense(tf.squeeze(net, [1, 2]), 3, kernel_initializer=tf.glorot_uniform_initializer(seed=3))
    tf.nn.softmax(logits, name="probabilities")
    tf.nn.top_k(logits, 2, name="best")
    return {"x:0": data(2, 8, 8, 3)}, ["probabilities:0", "best:1"]


def numbers(tf):
    """Constants of every kind, and what chooses and arranges them."""
    x = tf.placeholder(tf.float32, [2, 3], "x")
    chosen = tf.where(x > tf.constant(0.0), tf.fill([2, 3], 2.0), x * tf.constant([1.0, 2.0, 3.0]))
    steps = tf.range(0, 6, 2) + tf.cast(tf.argmax(x, 1)[0], tf.int32)
    text = tf.constant([b"a", b"\xff\x00"], name="text")
    wide = tf.constant([1.5, -2.5], tf.float64) * tf.constant(2, tf.float64)
    half = tf.cast(tf.constant([0.1, 0.2], tf.float16), tf.float32) + tf.cast(tf.constant(1.0, tf.bfloat16), tf.float32)
    truth = tf.logical_and(tf.constant([True, False]), tf.constant([True, True]))
    whole = tf.constant([1, -1, 300], tf.int64)
    stacked = tf.stack([tf.transpose(chosen), tf.transpose(x)], name="stacked")
    one_hot = tf.one_hot([1, 2], 3, on_value=5.0, off_value=-1.0)
    tensors = [stacked, steps, text, wide, half, truth, whole, one_hot, tf.gather(chosen, [1, 0], axis=1)]
    names = [tf.identity(tensor, name=f"out_{i}").name for i, tensor in enumerate(tensors)]
    return {"x:0": data(2, 3, seed=9)}, names


FROZEN = {f.__name__: f for f in (classifier, numbers)}


def freeze(tf, name, folder):
    """Write a graph with its variables' values as constants, and what it gives."""
    with tf.Graph().as_default() as graph, tf.Session() as session:
        feeds, outputs = FROZEN[name](tf)
        session.run(tf.global_variables_initializer())
        nodes = [output.partition(":")[0] for output in outputs]
        frozen = tf.graph_util.convert_variables_to_constants(session, graph.as_graph_def(), nodes)
        answers = {f"feed {k}": v for k, v in feeds.items()} | dict(
            zip(outputs, map(plain, session.run(outputs, feeds)), strict=True)
        )
    Path(f"{folder}/{name}.pb").write_bytes(frozen.SerializeToString())
    np.savez_compressed(f"{folder}/{name}.npz", **answers)


def plain(value):
    """Strings as what NumPy's files can hold."""
    return np.array([list(item) + [-1] * (8 - len(item)) for item in value]) if value.dtype == object else value


def run_frozen(tf, name, folder):
    told = tf.GraphDef()
    told.ParseFromString(Path(f"{folder}/{name}.pb").read_bytes())
    with tf.Graph().as_default(), np.load(f"{folder}/{name}.npz") as known, tf.Session() as session:
        tf.import_graph_def(told, name="given")
        feeds = {key.removeprefix("feed "): known[key] for key in known.files if key.startswith("feed ")}
        outputs = [key for key in known.files if not key.startswith("feed ")]
        values = session.run([f"given/{o}" for o in outputs], {f"given/{k}": v for k, v in feeds.items()})
        return {f"feed {k}": v for k, v in feeds.items()} | dict(zip(outputs, map(plain, values), strict=True))


def differences(got, wanted):
    """A line for each array that is not the recorded one."""
    lines = [f"{name} is missing" for name in set(wanted) - set(got)] + [
        f"{name} is new" for name in set(got) - set(wanted)
    ]
    for name in sorted(set(wanted) & set(got)):
        a, b = np.asarray(got[name]), wanted[name]
        if a.dtype != b.dtype or a.shape != b.shape:
            lines.append(f"{name} is {a.dtype} {a.shape} instead of {b.dtype} {b.shape}")
        elif not (np.abs(a.astype(np.float64) - b.astype(np.float64)) <= ATOL + RTOL * np.abs(b)).all():
            lines.append(f"{name} differs by {np.abs(a.astype(np.float64) - b).max():.1e}")
    return lines


if __name__ == "__main__":
    import scopeflow

    for key in TRAINED:
        train_and_save(scopeflow, key, sys.argv[1])
    for key in FROZEN:
        freeze(scopeflow, key, sys.argv[1])
