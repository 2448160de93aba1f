"""tf.layers that fewer programs use: separable sequences, volumes run backwards, batch renormalization."""

from ..cases import golden
from ..helpers import described, said, uniform

STEPS, VOLUMES, IMAGES = [2, 7, 3], [2, 2, 3, 4, 2], [3, 4, 3, 2]

LAYERS = {
    "separable_conv1d": (lambda tf, x: tf.layers.separable_conv1d(x, 4, 3), STEPS),
    "separable_conv1d more": (
        lambda tf, x: tf.layers.separable_conv1d(x, 4, 3, 2, "same", depth_multiplier=2, use_bias=False), STEPS
    ),
    "separable_conv1d strided": (lambda tf, x: tf.layers.separable_conv1d(x, 4, 2, 3, name="mine"), STEPS),
    "separable_conv1d causal": (
        lambda tf, x: tf.layers.separable_conv1d(x, 2, 3, padding="causal", dilation_rate=2, activation=tf.tanh), STEPS
    ),
    "separable_conv1d dilated": (lambda tf, x: tf.layers.separable_conv1d(x, 2, 2, dilation_rate=[3]), STEPS),
    "SeparableConv1D": (
        lambda tf, x: tf.layers.SeparableConv1D(
            2, [2], 1, "SAME", "channels_last", 1, 2, tf.tanh, True, tf.ones_initializer(), tf.ones_initializer(),
            tf.ones_initializer(), lambda w: tf.reduce_sum(w), None, lambda b: 0.5 * tf.reduce_sum(b)
        )(x), STEPS
    ),
    "separable_conv2d": (
        lambda tf, x: tf.layers.separable_conv2d(x, 3, [2, 3], padding="same", dilation_rate=2), IMAGES
    ),
    "conv3d_transpose": (lambda tf, x: tf.layers.conv3d_transpose(x, 3, 2), VOLUMES),
    "conv3d_transpose more": (
        lambda tf, x: tf.layers.conv3d_transpose(x, 2, [3, 2, 2], [2, 1, 3], "same", use_bias=False, name="up"), VOLUMES
    ),
    "conv3d_transpose valid": (
        lambda tf, x: tf.layers.conv3d_transpose(x, 1, (1, 2, 3), (2, 3, 1), activation=tf.nn.relu), VOLUMES
    ),
    "Conv3DTranspose": (
        lambda tf, x: tf.layers.Conv3DTranspose(2, 2, 2, kernel_regularizer=lambda w: tf.reduce_sum(w))(x), VOLUMES
    ),
    "renorm": (lambda tf, x: bn(tf, x), IMAGES),
    "renorm of rows": (lambda tf, x: bn(tf, x, renorm_momentum=0.5), [4, 3]),
    "renorm clipped": (
        lambda tf, x: bn(tf, x, renorm_clipping={"rmin": 0.9, "rmax": 1.1, "dmax": 0.2}), IMAGES
    ),
    "renorm clipped below": (lambda tf, x: bn(tf, x, renorm_clipping={"rmin": 2.0}), IMAGES),
    "renorm clipped aside": (lambda tf, x: bn(tf, x, renorm_clipping={"dmax": tf.constant(0.125)}), IMAGES),
    "renorm bare": (lambda tf, x: bn(tf, x, center=False, scale=False, name="mine"), [4, 3]),
    "renorm of an axis": (lambda tf, x: bn(tf, x, axis=1, scale=False), IMAGES),
    "renorm of two axes": (lambda tf, x: bn(tf, x, axis=[1, 3]), IMAGES),
    "renorm told by a tensor": (lambda tf, x: bn(tf, x, training=tf.reduce_sum(x) < 1e9), IMAGES),
    "renorm told no by a tensor": (lambda tf, x: bn(tf, x, training=tf.reduce_sum(x) > 1e9), IMAGES),
    "renorm testing": (lambda tf, x: bn(tf, x, training=False), IMAGES),
    "renorm initialized": (
        lambda tf, x: bn(
            tf, x, moving_mean_initializer=tf.constant_initializer(0.5),
            moving_variance_initializer=tf.constant_initializer(4.0)
        ), IMAGES
    ),
    "renorm fused": (lambda tf, x: bn(tf, x, fused=True), IMAGES),
    "adjusted": (
        lambda tf, x: tf.layers.batch_normalization(
            x, training=True, adjustment=lambda sizes: (tf.fill(sizes, 2.0), 0.5 * tf.ones(sizes))
        ), IMAGES
    ),
    "adjusted and renorm told no": (
        lambda tf, x: bn(
            tf, x, training=tf.reduce_sum(x) > 1e9,
            adjustment=lambda sizes: (tf.fill(sizes[-1:], 2.0), 0.5 * tf.ones([1, 1, 1, 2]))
        ), IMAGES
    ),
}  # fmt: skip


def bn(tf, x, training=True, **kwargs):
    return tf.layers.batch_normalization(x, momentum=0.75, training=training, renorm=True, **kwargs)


def made(tf, row, shape=None):
    build, own = row
    x = tf.placeholder(tf.float32, shape or own, name="x")
    return x, build(tf, x)


@golden(rows=LAYERS)
def names_of_a_layer(tf, row):
    with tf.Graph().as_default():
        _, y = made(tf, row)
        return {
            "y": described(y),
            "variables": [described(v) for v in tf.global_variables()],
            "trained": [v.name for v in tf.trainable_variables()],
            "initial": [v.initializer.inputs[1].op.type for v in tf.global_variables()],
            "losses": described(tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)),
            "updates": [t.name for t in tf.get_collection(tf.GraphKeys.UPDATE_OPS) if "cond" not in t.name],
            "count": len(tf.get_collection(tf.GraphKeys.UPDATE_OPS)),
            "initially": [
                v.initializer.inputs[1].op.name
                for v in tf.global_variables()
                if "renorm" in v.name or "stddev" in v.name
            ],
        }


@golden(rows=LAYERS)
def shape_for_any_batch(tf, row):
    with tf.Graph().as_default():
        return {"y": described(made(tf, row, [None, *row[1][1:]])[1])}


@golden(rows=LAYERS, rtol=2e-5, atol=2e-5, reason="float32 sums in another order")
def values_of_a_layer(tf, row):
    """Outputs, gradients by the inputs and all trained variables, then variables after each of two updates."""
    with tf.Graph().as_default(), tf.Session() as session:
        x, y = made(tf, row)
        trained = tf.trainable_variables()
        sides = uniform(*y.shape.as_list(), seed=9)
        grads = [g for g in tf.gradients(tf.reduce_sum(y * sides), [x, *trained]) if g is not None]
        updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
        session.run(tf.global_variables_initializer())
        moving = [v for v in tf.global_variables() if v not in trained]
        started = session.run(moving)
        for i, v in enumerate(tf.global_variables()):
            v.load(uniform(*v.shape.as_list(), seed=i + 2, low=0.1).astype(v.dtype.base_dtype.as_numpy_dtype), session)
        feeds = [{x: uniform(*row[1], seed=seed)} for seed in (1, 20)]
        found = session.run([y, grads], feeds[0])
        answers = {"y": found[0], **{f"gradient {i}": g for i, g in enumerate(found[1])}}
        for step, feed in enumerate(feeds):
            answers[f"y {step}"] = session.run([y, updates], feed)[0]
            answers |= {f"{v.name} {step}": session.run(v) for v in moving}
        return answers | {f"{v.name} at first": value for v, value in zip(moving, started, strict=True)}


@golden(rtol=2e-5, atol=2e-5, reason="float32 sums in another order")
def layers_with_the_channels_first(tf):
    """Shapes alone: TensorFlow computes this order on a GPU only."""
    with tf.Graph().as_default():
        x, v = tf.placeholder(tf.float32, [None, 3, 7]), tf.placeholder(tf.float32, [None, 2, 3, 4, None])
        found = [
            tf.layers.separable_conv1d(x, 4, 3, data_format="channels_first"),
            tf.layers.conv3d_transpose(v, 4, 3, 2, data_format="channels_first"),
            tf.layers.conv3d_transpose(tf.zeros([1, 2, 2, 2, 3]), 4, 3, 2, "same", data_format="channels_first"),
        ]
        return {"made": described(found), "variables": [described(w) for w in tf.global_variables()]}


REFUSED = {
    "clipping": (lambda tf: bn(tf, tf.zeros([2, 3]), renorm_clipping={"max": 3}), "invalid keys for `renorm_clipping`"),
    "strides and dilations": (
        lambda tf: tf.layers.separable_conv1d(tf.zeros([1, 5, 2]), 2, 2, 2, dilation_rate=2),
        "dilation_rate > 1",
    ),
    "rank of volumes": (lambda tf: tf.layers.conv3d_transpose(tf.zeros([1, 5, 2, 2]), 2, 2), "ndim=5"),
    "channels": (
        lambda tf: tf.layers.conv3d_transpose(tf.placeholder(tf.float32, [1, 2, 2, 2, None]), 2, 2),
        "defined",
    ),
    "numbers": (lambda tf: tf.layers.conv3d_transpose(tf.zeros([1, 2, 2, 2, 2]), 2, [2, 2]), "a tuple of 3 integers"),
    "padding": (lambda tf: tf.layers.separable_conv1d(tf.zeros([1, 5, 2]), 2, 2, padding="full"), "`padding` argument"),
}


@golden(rows=REFUSED)
def refused_layers(tf, row):
    call, sentence = row
    with tf.Graph().as_default():
        return {"said": said(lambda: call(tf), sentence)}
