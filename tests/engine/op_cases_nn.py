"""Cases of the ops of neural networks: activations, softmax losses, convolutions, pools, normalisations."""

import numpy as np
from op_cases import Case, distinct, normal, positive, rng

from scopeflow.engine.ops.activations import EluGrad, LeakyReluGrad, Relu6Grad, ReluGrad, SeluGrad
from scopeflow.engine.ops.conv import DENSE, DEPTHWISE
from scopeflow.engine.ops.nn import AssertBroadcastable, BiasAddGrad
from scopeflow.engine.ops.normalize import ChannelWindowSum, FusedBatchNormV3
from scopeflow.engine.ops.pool import AvgPoolGrad, MaxPoolGrad, MaxPoolGradGrad
from scopeflow.engine.ops.pool_argmax import MaxPoolGradGradWithArgmax, MaxPoolGradWithArgmax
from scopeflow.engine.ops.softmax_cross_entropy import (
    SoftmaxCrossEntropyWithLogits,
    SparseSoftmaxCrossEntropyWithLogits,
)
from scopeflow.engine.ops.volumes import (
    AvgPool3DGrad,
    Conv3DBackpropFilterV2,
    Conv3DBackpropInputV2,
    MaxPool3DGrad,
    MaxPool3DGradGrad,
)


def probabilities(*shape: int, seed: int = 0) -> np.ndarray:
    """float64 rows that sum to one."""
    p = positive(*shape, seed=seed)
    return p / p.sum(axis=-1, keepdims=True)


def _attrs(**changed):
    """Attributes of a convolution of images in NHWC."""
    plain = {"strides": (1, 1, 1, 1), "padding": "SAME", "explicit_paddings": (), "data_format": "NHWC"}
    return {**plain, "dilations": (1, 1, 1, 1), **changed}


def _pool_attrs(**changed):
    attrs = _attrs(**{"ksize": (1, 2, 2, 1), "strides": (1, 2, 2, 1), "padding": "VALID", **changed})
    del attrs["dilations"]
    return attrs


def _batch_norm(training, layout="NHWC", factor=1.0):
    def build(tf, x, scale, offset, mean, variance):
        return FusedBatchNormV3(
            x, scale, offset, mean, variance, epsilon=0.01, exponential_avg_factor=factor, data_format=layout,
            is_training=training,
        )[:5]  # fmt: skip

    return build


def _checked(tf, x):
    with tf.control_dependencies([AssertBroadcastable([1, 3], [2, 3])]):
        return tf.identity(x)


STRIDED = _attrs(strides=(1, 2, 1, 1), padding="VALID")
DILATED = _attrs(dilations=(1, 2, 1, 1))
EXPLICIT = _attrs(padding="EXPLICIT", explicit_paddings=(0, 0, 1, 2, 0, 1, 0, 0), strides=(1, 2, 2, 1))
FIRST = _attrs(data_format="NCHW", strides=(1, 1, 2, 1))
FORMS = {"strided": STRIDED, "dilated": DILATED, "explicit": EXPLICIT}


def _convolutions(prefix, family, kernel, out, channels=3):
    """The three ops of a family in each form, over images of so many `channels`; `out` is how many come out."""
    x, w = normal(2, 5, 4, channels, seed=1), normal(*kernel, seed=2)
    for name, attrs in FORMS.items():
        yield Case(
            f"{prefix}_{name}", (family.forward.type,), lambda tf, x, w, a=attrs: family.forward(x, w, **a), (x, w)
        )
    same = normal(2, 5, 4, out, seed=3)
    yield Case(
        f"{prefix}_by_input",
        (family.by_input.type,),
        lambda tf, w, dy: family.by_input([2, 5, 4, channels], w, dy, **_attrs()),
        (w, same),
    )
    yield Case(
        f"{prefix}_by_filter",
        (family.by_filter.type,),
        lambda tf, x, dy: family.by_filter(x, list(kernel), dy, **_attrs()),
        (x, same),
    )
    yield Case(
        f"{prefix}_channels_first",
        (family.forward.type, family.by_input.type, family.by_filter.type),
        lambda tf, x, w: family.forward(x, w, **FIRST),
        (normal(2, channels, 5, 4, seed=4), w),
    )


_STATISTICS = (normal(3, seed=2), positive(3, seed=3))

VOLUMES, WINDOW = (2, 4, 3, 5, 2), (2, 2, 3, 2, 3)  # and, with the channels second:
VOLUMES_FIRST = (2, 2, 4, 3, 5)


def _argmax_attrs(**more):
    return {"ksize": (1, 2, 2, 1), "strides": (1, 1, 1, 1), "padding": "VALID", **more}


def _argmax(tf, include_batch=False):
    attrs = _argmax_attrs(include_batch_in_index=include_batch)
    return tf.nn.max_pool_with_argmax(tf.constant(distinct(2, 4, 4, 2)), **attrs).argmax


def _of_volumes(layout="NDHWC", padding="SAME", **more):
    strides = (1, 2, 1, 2, 1) if layout == "NDHWC" else (1, 1, 2, 1, 2)
    return {"strides": strides, "padding": padding, "data_format": layout, **more}


def _volume_cases(layout, padding):
    """Convolutions and pools of volumes in a layout, with their gradients."""
    shape = VOLUMES if layout == "NDHWC" else VOLUMES_FIRST
    channel = layout.index("C")
    depths = (2, 3, 3) if padding == "SAME" else (2, 2, 2)  # 4, 3, 5 by strides of 2, 1, 2 and windows of 2, 2, 3
    new = [2, *depths]
    new.insert(channel, 3)
    conv = _of_volumes(layout, padding, dilations=(1,) * 5)
    pool = _of_volumes(layout, padding, ksize=(1, 2, 2, 3, 1) if channel == 4 else (1, 1, 2, 2, 3))
    pooled = [*new[:channel], 2, *new[channel + 1 :]]
    attrs = {"data_format": layout}
    label = f" {layout} {padding}"
    x, filters = normal(*shape), normal(*WINDOW, seed=1)
    greatest = distinct(*shape)

    def best(tf, x):
        return tf.nn.max_pool3d(x, pool["ksize"], pool["strides"], padding, **attrs)

    return [
        Case(f"Conv3D{label}", ("Conv3D",), lambda tf, x, w: tf.nn.conv3d(x, w, conv["strides"], padding, **attrs),
             (x, filters)),
        Case(f"Conv3DBackpropInputV2{label}", ("Conv3DBackpropInputV2",),
             lambda tf, w, dy: Conv3DBackpropInputV2(shape, w, dy, **conv), (filters, normal(*new, seed=2))),
        Case(f"Conv3DBackpropFilterV2{label}", ("Conv3DBackpropFilterV2",),
             lambda tf, x, dy: Conv3DBackpropFilterV2(x, WINDOW, dy, **conv), (x, normal(*new, seed=2))),
        Case(f"MaxPool3D{label}", ("MaxPool3D",), best, (greatest,)),
        Case(f"MaxPool3DGrad{label}", ("MaxPool3DGrad",),
             lambda tf, g: MaxPool3DGrad(greatest, best(tf, greatest), g, **pool), (normal(*pooled),)),
        Case(f"MaxPool3DGradGrad{label}", ("MaxPool3DGradGrad",),
             lambda tf, g: MaxPool3DGradGrad(greatest, best(tf, greatest), g, **pool), (normal(*shape),)),
        Case(f"AvgPool3D{label}", ("AvgPool3D",),
             lambda tf, x: tf.nn.avg_pool3d(x, pool["ksize"], pool["strides"], padding, **attrs), (x,)),
        Case(f"AvgPool3DGrad{label}", ("AvgPool3DGrad",),
             lambda tf, g: AvgPool3DGrad(shape, g, **pool), (normal(*pooled),)),
    ]  # fmt: skip


CASES = [
    *(
        case
        for layout in ("NDHWC", "NCDHW")
        for padding in ("SAME", "VALID")
        for case in _volume_cases(layout, padding)
    ),
    # activations
    Case("relu", ("Relu",), lambda tf, x: tf.nn.relu(x), (normal(3, 4),)),
    Case("relu_grad", ("ReluGrad",), lambda tf, g: ReluGrad(g, tf.constant(normal(3, 4, seed=1))), (normal(3, 4),)),
    Case("relu6", ("Relu6",), lambda tf, x: tf.nn.relu6(4.0 * x), (normal(3, 4),)),
    Case("relu6_grad", ("Relu6Grad",), lambda tf, g: Relu6Grad(g, tf.constant(normal(3, 4, seed=1))), (normal(3, 4),)),
    Case("leaky_relu", ("LeakyRelu",), lambda tf, x: tf.nn.leaky_relu(x, 0.3), (normal(3, 4),)),
    Case(
        "leaky_relu_grad",
        ("LeakyReluGrad",),
        lambda tf, g: LeakyReluGrad(g, tf.constant(normal(3, 4, seed=1)), alpha=0.3),
        (normal(3, 4),),
    ),
    Case("elu", ("Elu",), lambda tf, x: tf.nn.elu(x), (normal(3, 4),)),
    Case("elu_grad", ("EluGrad",), lambda tf, g, y: EluGrad(g, y), (normal(3, 4), normal(3, 4, seed=1))),
    Case("selu_grad", ("SeluGrad",), lambda tf, g, y: SeluGrad(g, y), (normal(3, 4), normal(3, 4, seed=1))),
    Case("selu", ("Selu",), lambda tf, x: tf.nn.selu(x), (normal(3, 4),)),
    Case("softplus", ("Softplus",), lambda tf, x: tf.nn.softplus(x), (normal(3, 4),)),
    Case("softsign", ("Softsign",), lambda tf, x: tf.nn.softsign(x), (normal(3, 4),)),
    Case("crelu", ("Relu",), lambda tf, x: tf.nn.crelu(x), (normal(3, 4),)),
    Case("swish", ("Sigmoid",), lambda tf, x: tf.nn.swish(x, 1.5), (normal(3, 4),)),
    # softmax and its losses
    Case("softmax", ("Softmax",), lambda tf, x: tf.nn.softmax(x), (normal(2, 3, 4),)),
    Case("softmax_of_axis_0", ("Softmax",), lambda tf, x: tf.nn.softmax(x, axis=0), (normal(3, 4),)),
    Case("log_softmax", ("LogSoftmax",), lambda tf, x: tf.nn.log_softmax(x), (normal(3, 4),)),
    Case("log_softmax_of_axis_1", ("LogSoftmax",), lambda tf, x: tf.nn.log_softmax(x, axis=-2), (normal(2, 3, 4),)),
    Case(
        "softmax_cross_entropy",
        ("SoftmaxCrossEntropyWithLogits",),
        lambda tf, x, p: tf.nn.softmax_cross_entropy_with_logits_v2(labels=p, logits=x),
        (normal(3, 4), probabilities(3, 4)),
        second_order=False,  # its gradient takes the labels' sum for one, as TensorFlow's does, whatever it becomes
    ),
    Case(
        "softmax_cross_entropy_of_fixed_labels",
        ("SoftmaxCrossEntropyWithLogits",),
        lambda tf, x: SoftmaxCrossEntropyWithLogits(x, tf.constant(probabilities(3, 4))),
        (normal(3, 4, seed=8),),
    ),
    Case(
        "sparse_softmax_cross_entropy",
        ("SparseSoftmaxCrossEntropyWithLogits",),
        lambda tf, x, n: SparseSoftmaxCrossEntropyWithLogits(x, n),
        (normal(3, 4), np.array([1, 0, 3])),
    ),
    Case(
        "sigmoid_cross_entropy",
        ("Select", "Log1p"),
        lambda tf, x, p: tf.nn.sigmoid_cross_entropy_with_logits(labels=p, logits=x),
        (normal(3, 4), probabilities(3, 4)),
    ),
    # convolutions
    *_convolutions("conv2d", DENSE, (3, 2, 3, 4), 4),
    *_convolutions("grouped_conv2d", DENSE, (3, 2, 2, 6), 6, channels=4),
    *_convolutions("depthwise_conv2d", DEPTHWISE, (3, 2, 3, 2), 6),
    Case(
        "dilated_convolution",
        ("Conv2D", "SpaceToBatchND", "BatchToSpaceND"),
        lambda tf, x, w: tf.nn.convolution(x, w, "SAME", dilation_rate=[2, 1]),
        (normal(1, 5, 4, 2), normal(3, 2, 2, 3, seed=1)),
    ),
    # pools
    Case("max_pool", ("MaxPool",), lambda tf, x: tf.nn.max_pool(x, [3, 2], 2, "SAME"), (distinct(2, 5, 4, 2),)),
    Case(
        "max_pool_channels_first",
        ("MaxPool", "MaxPoolGrad", "MaxPoolGradGrad"),
        lambda tf, x: tf.nn.max_pool(x, 2, [1, 2], "VALID", data_format="NCHW"),
        (distinct(2, 2, 4, 5),),
        second_order=False,  # piecewise linear: what there is of it is cases max_pool_grad and max_pool_grad_grad
    ),
    Case(
        "max_pool_grad",
        ("MaxPoolGrad",),
        lambda tf, g: MaxPoolGrad(
            tf.constant(distinct(1, 4, 4, 2)),
            tf.nn.max_pool(tf.constant(distinct(1, 4, 4, 2)), 2, 2, "VALID"),
            g,
            **_pool_attrs(),
        ),
        (normal(1, 2, 2, 2),),
    ),
    Case(
        "max_pool_grad_grad",
        ("MaxPoolGradGrad",),
        lambda tf, g: MaxPoolGradGrad(
            tf.constant(distinct(1, 4, 4, 2)),
            tf.nn.max_pool(tf.constant(distinct(1, 4, 4, 2)), 2, 2, "VALID"),
            g,
            **_pool_attrs(),
        ),
        (normal(1, 4, 4, 2),),
    ),
    Case(
        "max_pool_with_argmax",
        ("MaxPoolWithArgmax",),
        lambda tf, x: tf.nn.max_pool_with_argmax(x, [1, 3, 2, 1], [1, 2, 1, 1], "SAME"),
        (distinct(2, 5, 4, 2),),
        second_order=False,  # piecewise linear: what there is of it are the next two cases
    ),
    Case(
        "max_pool_grad_with_argmax",
        ("MaxPoolGradWithArgmax",),
        lambda tf, g: MaxPoolGradWithArgmax(
            np.zeros([2, 4, 4, 2]), g, _argmax(tf), **_argmax_attrs(include_batch_in_index=False)
        ),
        (normal(2, 3, 3, 2),),
    ),
    Case(
        "max_pool_grad_grad_with_argmax",
        ("MaxPoolGradGradWithArgmax",),
        lambda tf, g: MaxPoolGradGradWithArgmax(
            np.zeros([2, 4, 4, 2]), g, _argmax(tf, True), **_argmax_attrs(include_batch_in_index=True)
        ),
        (normal(2, 4, 4, 2),),
    ),
    Case("avg_pool", ("AvgPool",), lambda tf, x: tf.nn.avg_pool(x, [3, 2], 2, "SAME"), (normal(2, 5, 4, 2),)),
    Case(
        "avg_pool_channels_first",
        ("AvgPool", "AvgPoolGrad"),
        lambda tf, x: tf.nn.avg_pool(x, 2, [1, 2], "VALID", data_format="NCHW"),
        (normal(2, 2, 4, 5),),
    ),
    Case(
        "avg_pool_grad",
        ("AvgPoolGrad",),
        lambda tf, g: AvgPoolGrad([2, 4, 4, 3], g, **_pool_attrs()),
        (normal(2, 2, 2, 3),),
    ),
    # biases
    Case("bias_add", ("BiasAdd",), lambda tf, x, b: tf.nn.bias_add(x, b), (normal(2, 3, 4), normal(4, seed=1))),
    Case(
        "bias_add_channels_first",
        ("BiasAdd", "BiasAddGrad"),
        lambda tf, x, b: tf.nn.bias_add(x, b, "NCHW"),
        (normal(2, 3, 4, 2), normal(3, seed=1)),
    ),
    Case("bias_add_grad", ("BiasAddGrad",), lambda tf, g: BiasAddGrad(g, data_format="NHWC"), (normal(2, 3, 4),)),
    # normalisations
    Case("l2_loss", ("L2Loss",), lambda tf, x: tf.nn.l2_loss(x), (normal(3, 4),)),
    Case("l2_normalize", ("Rsqrt",), lambda tf, x: tf.nn.l2_normalize(x, [0, 2]), (normal(2, 3, 4),)),
    Case(
        "moments",
        ("SquaredDifference",),
        lambda tf, x: tf.nn.moments(x, [0, 1]),
        (normal(2, 3, 4),),
        second_order=False,
    ),
    Case(
        "weighted_moments",
        ("DivNoNan",),
        lambda tf, x, w: tf.nn.weighted_moments(x, [0], w),
        (normal(4, 3), positive(4, 1)),
    ),
    Case(
        "batch_normalization",
        ("Rsqrt",),
        lambda tf, x, m, v, b, s: tf.nn.batch_normalization(x, m, v, b, s, 1e-3),
        (normal(4, 3), normal(3), positive(3), normal(3, seed=5), positive(3, seed=6)),
    ),
    Case(
        "fused_batch_norm_in_training",
        ("FusedBatchNormV3",),
        lambda tf, x, s, b: _batch_norm(True)(tf, x, s, b, tf.zeros([0], tf.float64), tf.zeros([0], tf.float64)),
        (normal(3, 2, 4, 3), *_STATISTICS),
    ),
    Case(
        "fused_batch_norm_in_training_channels_first",
        ("FusedBatchNormV3",),
        lambda tf, x, s, b: _batch_norm(True, "NCHW", 0.25)(
            tf, x, s, b, tf.constant(_STATISTICS[0]), tf.constant(_STATISTICS[1])
        ),
        (normal(3, 3, 2, 4), *_STATISTICS),
    ),
    Case(
        "fused_batch_norm_in_inference",
        ("FusedBatchNormV3",),
        lambda tf, x, s, b, m, v: _batch_norm(False)(tf, x, s, b, m, v)[0],
        (normal(3, 2, 4, 3), *_STATISTICS, normal(3, seed=5), positive(3, seed=6)),
    ),
    Case(
        "fused_batch_norm_in_inference_channels_first",
        ("FusedBatchNormV3",),
        lambda tf, x, s, b, m, v: _batch_norm(False, "NCHW")(tf, x, s, b, m, v)[0],
        (normal(3, 3, 2, 4), *_STATISTICS, normal(3, seed=5), positive(3, seed=6)),
    ),
    Case("lrn", ("LRN",), lambda tf, x: tf.nn.lrn(x, 2, 1.5, 0.3, 0.75), (normal(1, 2, 2, 7),)),
    Case("lrn_wider_than_its_channels", ("LRN",), lambda tf, x: tf.nn.lrn(x), (normal(1, 2, 2, 3),)),
    Case(
        "channel_window_sum",
        ("ChannelWindowSum",),
        lambda tf, x: ChannelWindowSum(x, depth_radius=1),
        (normal(1, 2, 2, 4),),
    ),
    # lookups, noise, checks
    Case(
        "embedding_lookup",
        ("GatherV2",),
        lambda tf, t, i: tf.nn.embedding_lookup(t, i, max_norm=1.0),
        (normal(5, 3), np.array([[0, 3], [4, 0]], np.int32)),
    ),
    Case(
        "embedding_lookup_of_parts",
        ("DynamicPartition",),
        lambda tf, a, b, i: tf.nn.embedding_lookup([a, b], i, "div"),
        (normal(3, 2), normal(2, 2, seed=1), np.array([0, 4, 2, 3, 0], np.int32)),
    ),
    Case(
        "dropout",
        ("SelectV2",),
        lambda tf, x: tf.nn.dropout(x, rate=0.4, seed=3),
        (normal(4, 5),),
        differentiable=False,  # drawn anew by each run
    ),
    Case(
        "in_top_k",
        ("InTopKV2",),
        lambda tf, p, t: tf.nn.in_top_k(p, t, 2),
        (rng().standard_normal((4, 5)).astype(np.float32), np.array([0, 1, 7, 4], np.int32)),
        differentiable=False,
    ),
    Case("assert_broadcastable", ("AssertBroadcastable",), _checked, (normal(2, 3),)),
]
