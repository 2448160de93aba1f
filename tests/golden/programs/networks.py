"""slim's networks for images, recorded from tf_slim: names and shapes of all there is, numbers, updates, refusals."""

import numpy as np

from ..cases import golden
from ..helpers import described, said, uniform

SUMS = {"rtol": 1e-7, "atol": 1e-9, "reason": "float64 sums in another order, through tens of layers with divisions"}


def text(lines):
    """Lines as bytes, which are kept compressed."""
    return np.frombuffer("\n".join(lines).encode(), np.uint8)


def resnet(version, depth):
    def build(nets, x, **kwargs):
        return getattr(getattr(nets, f"resnet_v{version}"), f"resnet_v{version}_{depth}")(x, **kwargs)

    return build, lambda nets: nets.resnet_utils.resnet_arg_scope()


def plain(module, name, scope=None):
    def build(nets, x, **kwargs):
        return getattr(getattr(nets, module), name)(x, **kwargs)

    return build, lambda nets: getattr(getattr(nets, module), scope or f"{name}_arg_scope")()


# A network, its default arguments, the size of images, and what it is asked for.
NETWORKS = {
    "vgg_a": (*plain("vgg", "vgg_a", "vgg_arg_scope"), 224, {"num_classes": 5}),
    "vgg_16": (*plain("vgg", "vgg_16", "vgg_arg_scope"), 224, {"is_training": False}),
    "vgg_19 as convolutions": (
        *plain("vgg", "vgg_19", "vgg_arg_scope"), 256, {"spatial_squeeze": False, "num_classes": 7, "scope": "mine"}
    ),
    "alexnet_v2": (*plain("alexnet", "alexnet_v2"), 224, {}),
    "alexnet_v2 as convolutions": (*plain("alexnet", "alexnet_v2"), 300, {"spatial_squeeze": False}),
    "overfeat": (*plain("overfeat", "overfeat"), 231, {"dropout_keep_prob": 0.9}),
    "resnet_v1_50": (*resnet(1, 50), 64, {"num_classes": 5}),
    "resnet_v1_101 dense": (
        *resnet(1, 101), 65, {"num_classes": 5, "global_pool": False, "output_stride": 8, "is_training": False}
    ),
    "resnet_v1_152": (*resnet(1, 152), 32, {}),
    "resnet_v1_200": (*resnet(1, 200), 32, {"scope": "mine"}),
    "resnet_v2_50": (*resnet(2, 50), 64, {"num_classes": 5}),
    "resnet_v2_101 dense": (*resnet(2, 101), 65, {"global_pool": False, "output_stride": 16}),
    "resnet_v2_152": (*resnet(2, 152), 32, {"is_training": False}),
    "resnet_v2_200": (*resnet(2, 200), 32, {"num_classes": 3}),
    "inception_v1": (*plain("inception", "inception_v1"), 224, {"num_classes": 5}),
    "inception_v1 bare": (
        plain("inception", "inception_v1")[0], lambda nets: {}, 224, {"spatial_squeeze": False, "is_training": False}
    ),
    "inception_v1 without normalization": (
        plain("inception", "inception_v1")[0],
        lambda nets: nets.inception.inception_v1_arg_scope(0.1, False, "kept"), 224, {},
    ),
    "inception_v2": (*plain("inception", "inception_v2"), 224, {"num_classes": 5}),
    "inception_v2 small": (*plain("inception", "inception_v2"), 96, {"depth_multiplier": 0.25, "min_depth": 8}),
    "inception_v3": (*plain("inception", "inception_v3"), 299, {"num_classes": 5}),
    "inception_v3 small": (*plain("inception", "inception_v3"), 150, {"depth_multiplier": 0.1, "min_depth": 4}),
    "inception_v3 without more": (
        plain("inception", "inception_v3")[0],
        lambda nets: nets.inception.inception_v3_arg_scope(0.1, "kept", 0.5, 0.1, None, False),
        299, {"create_aux_logits": False, "spatial_squeeze": False},
    ),
}  # fmt: skip


def made(tf, row, batch, size):
    build, arguments, _, given = row
    slim = tf.contrib.slim
    x = tf.placeholder(tf.float32, [batch, size, size, 3], name="x")
    with slim.arg_scope(arguments(slim.nets)):
        return x, *build(slim.nets, x, **given)


@golden(rows=NETWORKS)
def names_in_a_network(tf, row):
    with tf.Graph().as_default() as graph:
        _, y, points = made(tf, row, 2, row[2])
        keys = sorted(k for k in graph.get_all_collection_keys() if isinstance(k, str) and "context" not in k)
        return {
            "y": described(y),
            "end points": text([f"{k}: {described(t)}" for k, t in points.items()]),
            "variables": text([described(v) for v in tf.global_variables()]),
            "initial": text([v.initializer.inputs[1].op.type for v in tf.global_variables()]),
            "collections": text([f"{k}: {len(graph.get_collection(k))}" for k in keys if graph.get_collection(k)]),
            "losses": text([t.name for t in tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)]),
            "updates": text([t.name for t in tf.get_collection(tf.GraphKeys.UPDATE_OPS)]),
            "moving": len(tf.get_collection("moving_vars")) + len(tf.get_collection("kept")),
        }


SHALLOW = {key: row for key, row in NETWORKS.items() if not key.endswith(("152", "200"))}


@golden(rows=SHALLOW)
def shapes_for_images_of_any_number(tf, row):
    with tf.Graph().as_default():
        _, y, points = made(tf, row, None, row[2])
        return {"y": described(y), "points": text([described(t) for t in points.values()])}


BLOCKS = {
    "v1": (1, {}, 32),
    "v1 of odd images": (1, {"num_classes": 3}, 33),
    "v1 without a root": (1, {"include_root_block": False, "num_classes": 3, "global_pool": False}, 9),
    "v1 dense": (1, {"output_stride": 8, "global_pool": False}, 33),
    "v1 testing": (1, {"is_training": False, "num_classes": 3}, 32),
    "v2": (2, {}, 32),
    "v2 of odd images": (2, {"num_classes": 3}, 33),
    "v2 without a root": (2, {"include_root_block": False, "num_classes": 3, "global_pool": False}, 9),
    "v2 dense": (2, {"output_stride": 8, "global_pool": False}, 33),
    "v2 testing": (2, {"is_training": False, "num_classes": 3}, 32),
}


def few_blocks(nets, version):
    block = getattr(getattr(nets, f"resnet_v{version}"), f"resnet_v{version}_block")
    return [block("block1", 2, 2, 2), block("block2", base_depth=3, num_units=2, stride=2), block("last", 3, 1, 1)]


def numbers(tf, x, y, points, size):
    """Outputs, mean squares of end points, sizes of gradients and of what updates leave: from equal values.

    In float64, as normalizing a few numbers again and again leaves few digits.
    """
    with tf.Session() as session:
        trained = tf.trainable_variables()
        squares = [tf.reduce_mean(tf.square(t)) for t in points.values()]
        slope = tf.gradients(tf.reduce_sum(y * np.arange(1.0, y.shape[-1].value + 1)), [x, *trained])
        sizes = tf.stack([tf.reduce_sum(tf.abs(g)) for g in slope if g is not None])
        updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
        for i, v in enumerate(tf.global_variables()):
            low = 0.1 if "variance" in v.name else -0.5
            v.load(uniform(*v.shape.as_list(), seed=i + 2, low=low, high=0.6), session)
        feed = {x: uniform(2, size, size, 3, seed=1)}
        found = session.run([y, tf.stack(squares), sizes], feed)
        session.run(updates, feed)
        moved = [v for v in tf.global_variables() if v not in trained]
        return {
            "y": found[0][..., :8],
            "points": found[1],
            "gradients": found[2],
            "moved": np.array([np.abs(value).sum() for value in session.run(moved)]),
        }


@golden(rows=BLOCKS, **SUMS)
def values_of_few_blocks(tf, row):
    version, given, size = row
    slim = tf.contrib.slim
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float64, [2, size, size, 3])
        module = getattr(slim.nets, f"resnet_v{version}")
        arguments = slim.nets.resnet_utils.resnet_arg_scope(0.1, 0.5)
        with slim.arg_scope(arguments), slim.arg_scope([slim.batch_norm], fused=False):
            y, points = getattr(module, f"resnet_v{version}")(x, few_blocks(slim.nets, version), **given)
        return numbers(tf, x, y, points, size)


INCEPTIONS = {
    "v1": (lambda nets, x: nets.inception.inception_v1_base(x, "Mixed_4b"), 1, 40),
    "v2": (lambda nets, x: nets.inception.inception_v2(x, 3, True, 1.0, 4, 0.05), 2, 64),
    "v2 up to a part": (lambda nets, x: nets.inception.inception_v2_base(x, "Mixed_3c", 4, 0.05, "mine"), 2, 32),
    "v3": (lambda nets, x: nets.inception.inception_v3(x, 3, True, 1.0, depth_multiplier=0.03, min_depth=3), 3, 107),
    "v3 testing": (
        lambda nets, x: nets.inception.inception_v3(x, 3, is_training=False, depth_multiplier=0.03, min_depth=3), 3, 107
    ),
    "v3 up to the stem": (lambda nets, x: nets.inception.inception_v3_base(x, "MaxPool_5a_3x3", 4, 0.05), 3, 40),
}  # fmt: skip


@golden(rows=INCEPTIONS, **SUMS)
def values_of_inceptions(tf, row):
    build, version, size = row
    slim = tf.contrib.slim
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float64, [2, size, size, 3])
        more = {"use_fused_batchnorm": False} if version == 3 else {}
        with slim.arg_scope(getattr(slim.nets.inception, f"inception_v{version}_arg_scope")(**more)):
            with slim.arg_scope([slim.batch_norm], fused=False):
                y, points = build(slim.nets, x)
        return numbers(tf, x, y, points, size)


FEATURES = {
    "vgg_a": (*plain("vgg", "vgg_a", "vgg_arg_scope"), 32, {}, "vgg_a/pool5"),
    "vgg_16": (*plain("vgg", "vgg_16", "vgg_arg_scope"), 32, {}, "vgg_16/pool4"),
    "alexnet_v2": (*plain("alexnet", "alexnet_v2"), 70, {}, "alexnet_v2/pool5"),
    "overfeat": (*plain("overfeat", "overfeat"), 71, {}, "overfeat/pool2"),
}


@golden(rows=FEATURES, rtol=2e-4, atol=1e-3, reason="float32 sums of thousands of terms in another order")
def features_of_a_classifier(tf, row):
    """What is before the wide layers, of images smaller than those need."""
    with tf.Graph().as_default(), tf.Session() as session:
        x, _, points = made(tf, row[:4], None, None)
        want = points[row[4]]
        used = [v for v in tf.global_variables() if "conv" in v.name and v.name.count("/") >= 2]
        for i, v in enumerate(used):
            limit = (6.0 / np.prod(v.shape.as_list()[:-1])) ** 0.5
            v.load(uniform(*v.shape.as_list(), seed=i + 2, low=-limit, high=limit), session)
        features = session.run(want, {x: uniform(1, row[2], row[2], 3, seed=1)})
        return {"shape": list(features.shape), "first": features[0, 0, 0, :40], "mean": features.mean((0, 1, 2))[40:80]}


@golden()
def draws_after_networks(tf):
    """What a seed draws after them tells how many operations they are made of."""
    draws = []
    for key in ("vgg_a", "alexnet_v2", "overfeat", "resnet_v1_50", "resnet_v2_50", "inception_v1", "inception_v2"):
        with tf.Graph().as_default(), tf.Session() as session:
            tf.set_random_seed(7)
            made(tf, NETWORKS[key], 2, NETWORKS[key][2])
            draws.append(session.run(tf.random_uniform([])))
    return {"draws": np.array(draws)}


@golden(rtol=1e-5, atol=1e-5, reason="float32 sums in another order, with divisions")
def parts_of_residual_networks(tf):
    u, slim = tf.contrib.slim.nets.resnet_utils, tf.contrib.slim
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.constant(uniform(1, 6, 5, 2, seed=1))
        found = [u.subsample(x, 1), u.subsample(x, 2, "sub"), u.subsample(x, 3)]
        for stride, rate in ((1, 1), (2, 1), (1, 2), (3, 1)):
            found.append(u.conv2d_same(x, 2, 3, stride, rate, f"conv{stride}{rate}"))
        found.append(u.conv2d_same(x, 1, 4, 2))
        block = u.Block("b", slim.nets.resnet_v1.bottleneck, [{"depth": 4, "depth_bottleneck": 2, "stride": 2}])
        found.append(u.stack_blocks_dense(x, [block], outputs_collections="outs"))
        for i, v in enumerate(tf.global_variables()):
            v.load(uniform(*v.shape.as_list(), seed=i + 2), session)
        return {
            "names": described(found),
            "same": [found[0] is x, list(block._fields), block.scope],
            "collected": described(tf.get_collection("outs")),
            "variables": [described(v) for v in tf.global_variables()],
            **{f"value {i}": value for i, value in enumerate(session.run(found))},
        }


REFUSED = {
    "stride of the root": lambda nets, x: nets.resnet_v1.resnet_v1_50(x, output_stride=6),
    "stride never reached": lambda nets, x: nets.resnet_v2.resnet_v2_50(x, output_stride=12),
    "stride too great": lambda nets, x: nets.resnet_v1.resnet_v1(x, few_blocks(nets, 1), output_stride=64),
    "channels": lambda nets, x: nets.resnet_v1.bottleneck(x[..., 0], 4, 2, 1),
    "end point": lambda nets, x: nets.inception.inception_v1_base(x, "Mixed_9z"),
    "end point of 2": lambda nets, x: nets.inception.inception_v2_base(x, "Mixed_9z"),
    "end point of 3": lambda nets, x: nets.inception.inception_v3_base(x, "Mixed_9z"),
    "multiplier": lambda nets, x: nets.inception.inception_v2(x, depth_multiplier=0),
    "multiplier of 3": lambda nets, x: nets.inception.inception_v3_base(x, depth_multiplier=-1.0),
    "made again": lambda nets, x: [nets.resnet_v1.resnet_v1(x, few_blocks(nets, 1), scope="a") for _ in "12"],
    "missing": lambda nets, x: nets.resnet_v1.resnet_v1(x, few_blocks(nets, 1), reuse=True, scope="a"),
    "too small": lambda nets, x: nets.vgg.vgg_16(x),
}
SENTENCES = (
    "needs to be a multiple of 4", "output_stride cannot be reached", "rank of shape must be at least 4 not: 3",
    "Unknown final endpoint Mixed_9z", "depth_multiplier is not greater than zero", "already exists, disallowed",
    "does not exist, or was not created with", "[Nn]egative dimension size",
)  # fmt: skip


@golden(rows=REFUSED)
def refused_networks(tf, row):
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [2, 64, 64, 3])
        error = said(lambda: row(tf.contrib.slim.nets, x), "(" + "|".join(SENTENCES) + ")")
        return {"error": error}


@golden()
def networks_shared(tf):
    nets, slim = tf.contrib.slim.nets, tf.contrib.slim
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [2, 32, 32, 3])
        with slim.arg_scope(nets.resnet_v2.resnet_arg_scope()):
            first, _ = nets.resnet_v2.resnet_v2(x, few_blocks(nets, 2), 3, scope="a")
            count = len(tf.global_variables())
            second, points = nets.resnet_v2.resnet_v2(x, few_blocks(nets, 2), 3, reuse=True, scope="a")
        return {
            "names": described([first, second]),
            "points": list(points),
            "counts": [count, len(tf.global_variables())],
            "sizes": [nets.vgg.vgg_16.default_image_size, nets.inception.inception_v3.default_image_size],
            "same": [nets.vgg.vgg_d is nets.vgg.vgg_16, nets.vgg.vgg_e is nets.vgg.vgg_19],
        }
