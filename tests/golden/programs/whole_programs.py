"""Whole programs as TF1 users write them: shared towers, a GAN, an LSTM by hand, policy gradients, embeddings."""

import numpy as np

from ..cases import golden
from ..helpers import uniform

LEARNT = {"rtol": 2e-4, "atol": 2e-5, "reason": "some twenty float32 layers and updates in another order of summation"}


def values(tf, session):
    """Every variable's value, by name."""
    return {v.op.name: session.run(v) for v in tf.global_variables()}


def blobs(count, seed):
    """Points around three centres, and which centre each is of."""
    classes = np.arange(count) % 3
    centres = np.array([[1.0, 0.0], [-1.0, 1.0], [0.0, -1.0]], np.float32)
    return centres[classes] + 0.3 * uniform(count, 2, seed=seed), classes.astype(np.int64)


@golden(**LEARNT)
def softmax_regression(tf):
    with tf.Graph().as_default():
        tf.set_random_seed(1)
        x = tf.placeholder(tf.float32, [None, 2], name="x")
        y = tf.placeholder(tf.int64, [None], name="y")
        w = tf.Variable(tf.truncated_normal([2, 3], stddev=0.1), name="w")
        b = tf.Variable(tf.zeros([3]), name="b")
        logits = tf.matmul(x, w) + b
        step = tf.Variable(0, trainable=False, name="step")
        rate = tf.train.exponential_decay(0.5, step, 5, 0.9, staircase=True)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
        train = tf.train.MomentumOptimizer(rate, 0.9).minimize(loss, global_step=step)
        right = tf.equal(tf.argmax(logits, 1), y)
        accuracy = tf.reduce_mean(tf.cast(right, tf.float32))
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            losses = []
            for i in range(12):
                points, classes = blobs(15, seed=i)
                losses.append(session.run([train, loss, rate], {x: points, y: classes})[1:])
            points, classes = blobs(30, seed=99)
            reached = session.run(accuracy, {x: points, y: classes})
            return values(tf, session) | {"losses and rates": np.array(losses), "accuracy": reached}


@golden(**LEARNT)
def adversaries(tf):
    """A generator and a discriminator that is used twice; each optimizer has its own variables."""

    def generator(z):
        with tf.variable_scope("generator"):
            h = tf.layers.dense(z, 4, tf.nn.relu, name="hidden")
            return tf.layers.dense(h, 2, name="points")

    def discriminator(points, reuse=None):
        with tf.variable_scope("discriminator", reuse=reuse):
            h = tf.layers.dense(points, 6, tf.nn.leaky_relu, name="hidden")
            return tf.layers.dense(h, 1, name="logit")

    def entropy(logits, label):
        labels = tf.fill(tf.shape(logits), label)
        return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits))

    with tf.Graph().as_default():
        tf.set_random_seed(7)
        real = tf.placeholder(tf.float32, [None, 2])
        fake = generator(tf.random_uniform([tf.shape(real)[0], 3], -1.0, 1.0, seed=5))
        on_real, on_fake = discriminator(real), discriminator(fake, reuse=True)
        d_loss = entropy(on_real, 0.9) + entropy(on_fake, 0.0)
        g_loss = entropy(on_fake, 1.0)
        d_vars = tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, scope="discriminator")
        g_vars = [v for v in tf.trainable_variables() if v.name.startswith("generator/")]
        d_train = tf.train.AdamOptimizer(0.05, beta1=0.5).minimize(d_loss, var_list=d_vars)
        g_train = tf.train.AdamOptimizer(0.05, beta1=0.5).minimize(g_loss, var_list=g_vars)
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            losses = []
            for i in range(4):
                points, _ = blobs(12, seed=i)
                losses.append(session.run([d_train, d_loss], {real: points})[1])
                losses.append(session.run([g_train, g_loss], {real: points})[1])
            trained = {v.op.name: session.run(v) for v in tf.trainable_variables()}
            return trained | {"losses": np.array(losses), "variables": [v.name for v in tf.global_variables()]}


def lstm_cell(tf, x, c, h, size):
    """One step of an LSTM over variables `kernel` and `bias`."""
    kernel = tf.get_variable("kernel", [x.get_shape()[1].value + size, 4 * size])
    bias = tf.get_variable("bias", [4 * size], initializer=tf.zeros_initializer())
    i, j, f, o = tf.split(tf.nn.bias_add(tf.matmul(tf.concat([x, h], 1), kernel), bias), 4, axis=1)
    c = c * tf.sigmoid(f + 1.0) + tf.sigmoid(i) * tf.tanh(j)
    return c, tf.tanh(c) * tf.sigmoid(o)


def unrolled(tf, xs, size):
    c = h = tf.zeros([tf.shape(xs)[0], size])
    for t, x in enumerate(tf.unstack(xs, axis=1)):
        with tf.variable_scope("lstm", reuse=t > 0):
            c, h = lstm_cell(tf, x, c, h, size)
    return h


def scanned(tf, xs, size):
    start = tf.zeros([tf.shape(xs)[0], size])
    with tf.variable_scope("lstm", reuse=tf.AUTO_REUSE):
        lstm_cell(tf, xs[:, 0], start, start, size)
        _, h = tf.scan(lambda s, x: lstm_cell(tf, x, *s, size), tf.transpose(xs, [1, 0, 2]), (start, start))
    return h[-1]


def looped(tf, xs, size):
    start = tf.zeros([tf.shape(xs)[0], size])
    with tf.variable_scope("lstm", reuse=tf.AUTO_REUSE):
        lstm_cell(tf, xs[:, 0], start, start, size)
        _, _, h = tf.while_loop(
            lambda t, c, h: t < tf.shape(xs)[1],
            lambda t, c, h: (t + 1, *lstm_cell(tf, tf.reshape(xs[:, t], [-1, 2]), c, h, size)),
            (tf.constant(0), start, start),
            (tf.TensorShape([]), tf.TensorShape([None, size]), tf.TensorShape([None, size])),
        )
    return h


@golden(rows={"unrolled": unrolled, "scanned": scanned, "looped": looped}, **LEARNT)
def lstm_by_hand(tf, row):
    """A recurrent net, its gradients clipped by their global norm."""
    with tf.Graph().as_default():
        xs = tf.placeholder(tf.float32, [None, 4, 2])
        initializer = tf.random_uniform_initializer(-0.5, 0.5, seed=3)
        with tf.variable_scope("net", initializer=initializer):
            h = row(tf, xs, 3)
            y = tf.squeeze(tf.layers.dense(h, 1, name="out"), 1)
        loss = tf.losses.mean_squared_error(tf.reduce_sum(xs, [1, 2]), y)
        optimizer = tf.train.AdamOptimizer(0.05)
        pairs = optimizer.compute_gradients(loss)
        clipped, norm = tf.clip_by_global_norm([g for g, _ in pairs], 0.5)
        train = optimizer.apply_gradients(zip(clipped, [v for _, v in pairs], strict=True))
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            told = [session.run([train, loss, norm], {xs: uniform(5, 4, 2, seed=i)})[1:] for i in range(5)]
            trained = {v.op.name: session.run(v) for v in tf.trainable_variables()}
            return trained | {"losses and norms": np.array(told), "variables": [v.name for v in tf.global_variables()]}


@golden(**LEARNT)
def towers(tf):
    """Two towers share variables; their gradients are averaged and applied once."""
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [8, 2])
        y = tf.placeholder(tf.int64, [8])
        optimizer = tf.train.GradientDescentOptimizer(0.5)
        by_tower = []
        with tf.variable_scope(tf.get_variable_scope()):
            for i, (points, classes) in enumerate(zip(tf.split(x, 2), tf.split(y, 2), strict=True)):
                with tf.device(f"/device:CPU:{i * 0}"), tf.name_scope(f"tower_{i}") as scope:
                    w = tf.get_variable("w", [2, 3], initializer=tf.constant_initializer(0.1))
                    b = tf.get_variable("b", [3], initializer=tf.zeros_initializer())
                    logits = tf.nn.xw_plus_b(points, w, b, name="logits")
                    loss = tf.losses.sparse_softmax_cross_entropy(classes, logits, scope=scope)
                    tf.get_variable_scope().reuse_variables()
                    by_tower.append(optimizer.compute_gradients(loss))
        pairs = [
            (tf.reduce_mean(tf.stack([g for g, _ in same]), 0), same[0][1]) for same in zip(*by_tower, strict=True)
        ]
        step = tf.train.get_or_create_global_step() if not tf.get_variable_scope().reuse else None
        train = optimizer.apply_gradients(pairs, global_step=step)
        losses = tf.get_collection(tf.GraphKeys.LOSSES)
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            points, classes = blobs(8, seed=2)
            told = [session.run([train, *losses], {x: points, y: classes})[1:] for _ in range(5)]
            names = [t.name for t in losses] + [v.name for v in tf.global_variables()]
            return values(tf, session) | {"losses": np.array(told), "names": names}


@golden(**LEARNT)
def residual_net(tf):
    """Residual blocks with batch normalization, weight decay, a polynomial decay and averaged weights."""

    def conv_bn(x, filters, training, name):
        with tf.variable_scope(name):
            w = tf.get_variable(
                "w",
                [3, 3, x.shape[3].value, filters],
                initializer=tf.random_uniform_initializer(-0.4, 0.4, seed=len(name)),
                regularizer=lambda w: 1e-2 * tf.nn.l2_loss(w),
            )
            h = tf.nn.conv2d(x, w, [1, 1, 1, 1], "SAME")
            return tf.nn.relu(tf.layers.batch_normalization(h, training=training, momentum=0.8))

    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None, 5, 5, 1])
        y = tf.placeholder(tf.int32, [None])
        training = tf.placeholder_with_default(False, [])
        h = conv_bn(x, 3, training, "one")
        h = h + conv_bn(h, 3, training, "three")
        h = tf.nn.avg_pool(tf.nn.max_pool(h, [1, 2, 2, 1], [1, 2, 2, 1], "SAME"), [1, 3, 3, 1], [1, 1, 1, 1], "VALID")
        logits = tf.layers.dense(tf.layers.flatten(h), 3, kernel_initializer=tf.random_uniform_initializer(-1, 1, 9))
        one_hot = tf.one_hot(y, 3)
        entropy = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(labels=one_hot, logits=logits))
        loss = entropy + tf.add_n(tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES))
        step = tf.train.get_or_create_global_step()
        rate = tf.train.polynomial_decay(0.1, step, 10, 0.01)
        with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
            train = tf.train.MomentumOptimizer(rate, 0.9, use_nesterov=True).minimize(loss, step)
        average = tf.train.ExponentialMovingAverage(0.9, step)
        with tf.control_dependencies([train]):
            update = average.apply(tf.trainable_variables())
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            feeds = {x: uniform(6, 5, 5, 1, seed=3), y: np.arange(6) % 3, training: True}
            losses = [session.run([update, loss], feeds)[1] for _ in range(3)]
            inferred = session.run(tf.nn.softmax(logits), {x: uniform(2, 5, 5, 1, seed=4)})
            kept = {v.op.name: session.run(v) for v in tf.global_variables() if v.shape.num_elements() < 40}
            return kept | {
                "losses": np.array(losses),
                "inferred": inferred,
                "names": [v.name for v in tf.global_variables()],
            }


@golden(**LEARNT)
def policy_gradient(tf):
    """Actions drawn by multinomial, rewarded, and their log probability pushed."""
    with tf.Graph().as_default():
        tf.set_random_seed(11)
        states = tf.placeholder(tf.float32, [None, 3])
        actions = tf.placeholder(tf.int32, [None])
        rewards = tf.placeholder(tf.float32, [None])
        with tf.variable_scope("policy"):
            h = tf.layers.dense(
                states, 5, tf.nn.tanh, kernel_initializer=tf.random_normal_initializer(0.0, 0.5, seed=1)
            )
            logits = tf.layers.dense(h, 2, kernel_initializer=tf.random_normal_initializer(0.0, 0.5, seed=2))
        drawn = tf.squeeze(tf.multinomial(logits, 1), axis=1)
        chosen = tf.reduce_sum(tf.nn.log_softmax(logits) * tf.one_hot(actions, 2), axis=1)
        centred = rewards - tf.reduce_mean(rewards)
        loss = -tf.reduce_mean(chosen * tf.stop_gradient(centred))
        train = tf.train.RMSPropOptimizer(0.01).minimize(loss)
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            all_drawn, losses = [], []
            for i in range(4):
                seen = uniform(6, 3, seed=i)
                taken = session.run(drawn, {states: seen})
                reward = (taken == (seen[:, 0] > 0)).astype(np.float32)
                losses.append(session.run([train, loss], {states: seen, actions: taken, rewards: reward})[1])
                all_drawn.append(taken)
            return {"drawn": np.stack(all_drawn), "losses": np.array(losses)} | {
                v.op.name: session.run(v) for v in tf.trainable_variables()
            }


@golden(**LEARNT)
def factorization(tf):
    """Two tables of embeddings, biases, and Adagrad on the rows that a batch reads."""
    with tf.Graph().as_default():
        users, items = tf.placeholder(tf.int32, [None]), tf.placeholder(tf.int32, [None])
        ratings = tf.placeholder(tf.float32, [None])
        initializer = tf.random_uniform_initializer(-0.5, 0.5, seed=4)
        with tf.variable_scope("factors", initializer=initializer):
            user_table, item_table = tf.get_variable("user", [5, 3]), tf.get_variable("item", [4, 3])
            bias = tf.get_variable("bias", [4], initializer=tf.zeros_initializer())
        u, v = tf.nn.embedding_lookup(user_table, users), tf.nn.embedding_lookup(item_table, items)
        predicted = tf.reduce_sum(tf.multiply(u, v), 1) + tf.gather(bias, items)
        loss = tf.reduce_sum(tf.squared_difference(predicted, ratings)) + 0.1 * (tf.nn.l2_loss(u) + tf.nn.l2_loss(v))
        train = tf.train.AdagradOptimizer(0.3).minimize(loss)
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            feed = {users: [0, 1, 0, 3], items: [2, 2, 1, 0], ratings: [1.0, -1.0, 0.5, 2.0]}
            losses = [session.run([train, loss], feed)[1] for _ in range(5)]
            return values(tf, session) | {"losses": np.array(losses)}


@golden(**LEARNT)
def autoencoder(tf):
    """Tied weights, dropout with a seed, and an L1 penalty."""
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None, 6])
        keep = tf.placeholder(tf.float32, [])
        w = tf.get_variable("w", [6, 3], initializer=tf.random_normal_initializer(0.0, 0.3, seed=6))
        b, c = tf.Variable(tf.zeros([3])), tf.Variable(tf.zeros([6]))
        code = tf.nn.sigmoid(tf.nn.bias_add(tf.matmul(tf.nn.dropout(x, keep, seed=8), w), b))
        back = tf.matmul(code, w, transpose_b=True) + c
        loss = tf.reduce_mean(tf.square(back - x)) + 0.01 * tf.reduce_sum(tf.abs(w))
        train = tf.train.GradientDescentOptimizer(0.2).minimize(loss)
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            losses = [session.run([train, loss], {x: uniform(7, 6, seed=i), keep: 0.75})[1] for i in range(5)]
            return values(tf, session) | {"losses": np.array(losses)}


@golden(**LEARNT)
def transposed_convolutions(tf):
    """An encoder and decoder of images, by tf.layers, in double scopes."""
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None, 8, 8, 1])
        kernel = {"kernel_initializer": tf.random_uniform_initializer(-0.3, 0.3, seed=1)}
        with tf.variable_scope("encoder"):
            h = tf.layers.conv2d(x, 3, 3, 2, "same", activation=tf.nn.elu, **kernel)
            h = tf.layers.separable_conv2d(
                h, 4, 3, 2, "same", depthwise_initializer=kernel["kernel_initializer"],
                pointwise_initializer=kernel["kernel_initializer"], activation=tf.nn.selu,
            )  # fmt: skip
        with tf.variable_scope("decoder"):
            h = tf.layers.conv2d_transpose(h, 3, 3, 2, "same", activation=tf.nn.relu, **kernel)
            y = tf.layers.conv2d_transpose(h, 1, 4, 2, "same", activation=tf.nn.sigmoid, **kernel)
        loss = tf.losses.huber_loss(x, y) + tf.losses.absolute_difference(x, y, weights=0.1)
        train = tf.train.AdamOptimizer(0.01).minimize(loss)
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            feed = {x: uniform(3, 8, 8, 1, seed=2, low=0.0)}
            losses = [session.run([train, loss], feed)[1] for _ in range(4)]
            return {"losses": np.array(losses), "y": session.run(y, feed)} | {
                v.op.name: session.run(v) for v in tf.trainable_variables() if "bias" in v.name
            }


@golden(**LEARNT)
def one_seed_for_all(tf):
    """With only the graph's seed, what is drawn in and after conditions and loops depends on how they are built."""
    with tf.Graph().as_default():
        tf.set_random_seed(11)
        train = tf.placeholder(tf.bool, [], name="train")
        x = tf.placeholder(tf.float32, [None, 4, 4, 1], name="x")
        limit = tf.constant(3)
        h = tf.layers.conv2d(x, 2, 3, padding="same")
        h = tf.nn.relu(tf.layers.batch_normalization(h, training=train))
        h = tf.layers.dropout(tf.layers.flatten(h), 0.25, training=train)
        h = tf.layers.dense(h, 3)
        noisy = tf.cond(train, lambda: h + tf.random_normal(tf.shape(h)), lambda: h)
        nested = tf.cond(
            train,
            lambda: tf.cond(tf.reduce_sum(h) > 0, lambda: [h, h + 1], lambda: [h, tf.random_uniform(tf.shape(h))]),
            lambda: [noisy, h],
        )
        counter = tf.Variable(0, trainable=False, name="counter")
        counted = tf.cond(train, lambda: counter.assign_add(1), lambda: counter)

        def body(i, total):
            step = tf.random_uniform([], seed=None) + tf.reduce_mean(h)
            inner = tf.while_loop(lambda j: j < limit, lambda j: j + 1, [i])
            return i + 1, total + step * tf.to_float(inner)

        _, total = tf.while_loop(lambda i, _: i < limit, body, [0, tf.random_normal([])])
        bounded = tf.while_loop(lambda t: t < 9, lambda t: t + limit, [limit], maximum_iterations=2)
        after = tf.layers.dense(nested[1], 2, name="after")
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            fetched = {"noisy": noisy, "nested": nested, "total": total, "after": after, "bounded": bounded}
            feed = {x: uniform(2, 4, 4, 1, seed=3)}
            trained = session.run({**fetched, "counted": counted}, {**feed, train: True})
            tested = session.run(fetched, {**feed, train: False})
            flat = {f"{k}, {how}": v for how, run in (("train", trained), ("test", tested)) for k, v in run.items()}
            for how in ("train", "test"):
                first, second = flat.pop(f"nested, {how}")
                flat |= {f"nested 0, {how}": first, f"nested 1, {how}": second}
            return values(tf, session) | flat
