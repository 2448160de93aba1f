"""slim.nets.inception_v3: Szegedy et al., Rethinking the Inception Architecture for Computer Vision (2016)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ....engine.graph import Tensor
from ....scopes.keys import GraphKeys
from ....scopes.scope import variable_scope
from .. import layers
from ..arg_scope import Scope, arg_scope
from .inception_parts import (
    Part,
    Result,
    avg_pool,
    conv,
    default_arguments,
    depths,
    extended,
    fitting,
    forked,
    logits_of,
    max_pool,
    mixed,
    pooled,
    reached,
)

Depth = Callable[[int], int]
_HALVING: dict[str, Any] = {"stride": 2, "padding": "VALID"}
_CONVOLUTIONS_AND_POOLS = [layers.conv2d, layers.max_pool2d, layers.avg_pool2d]


def _stem(depth: Depth) -> list[Part]:
    return [
        conv("Conv2d_1a_3x3", depth(32), stride=2),
        conv("Conv2d_2a_3x3", depth(32)),
        conv("Conv2d_2b_3x3", depth(64), padding="SAME"),
        max_pool("MaxPool_3a_3x3", stride=2),
        conv("Conv2d_3b_1x1", depth(80)),
        conv("Conv2d_4a_3x3", depth(192)),
        max_pool("MaxPool_5a_3x3", stride=2),
    ]


def _mixed_5(scope: str, depth: Depth, last: int) -> Part:
    """For images of 35 by 35: 5x5 beside two of 3x3."""
    names = ("Conv2d_0a_1x1", "Conv2d_0b_5x5")
    if scope == "Mixed_5c":
        names = ("Conv2d_0b_1x1", "Conv_1_0c_5x5")  # so called in the published weights
    return mixed(
        scope,
        [conv("Conv2d_0a_1x1", depth(64))],
        [conv(names[0], depth(48)), conv(names[1], depth(64))],
        [
            conv("Conv2d_0a_1x1", depth(64)),
            conv("Conv2d_0b_3x3", depth(96)),
            conv("Conv2d_0c_3x3", depth(96)),
        ],
        [avg_pool("AvgPool_0a_3x3"), conv("Conv2d_0b_1x1", depth(last))],
    )


def _mixed_6a(depth: Depth) -> Part:
    name = "Conv2d_1a_1x1"  # so called in the published weights, though the window is 3x3
    return mixed(
        "Mixed_6a",
        [conv(name, depth(384), kernel_size=[3, 3], **_HALVING)],
        [
            conv("Conv2d_0a_1x1", depth(64)),
            conv("Conv2d_0b_3x3", depth(96)),
            conv(name, depth(96), kernel_size=[3, 3], **_HALVING),
        ],
        [max_pool("MaxPool_1a_3x3", **_HALVING)],
    )


def _mixed_6(scope: str, depth: Depth, inner: int) -> Part:
    """For images of 17 by 17: windows of 7x7 as 1x7 and 7x1."""
    return mixed(
        scope,
        [conv("Conv2d_0a_1x1", depth(192))],
        [
            conv("Conv2d_0a_1x1", depth(inner)),
            conv("Conv2d_0b_1x7", depth(inner)),
            conv("Conv2d_0c_7x1", depth(192)),
        ],
        [
            conv("Conv2d_0a_1x1", depth(inner)),
            conv("Conv2d_0b_7x1", depth(inner)),
            conv("Conv2d_0c_1x7", depth(inner)),
            conv("Conv2d_0d_7x1", depth(inner)),
            conv("Conv2d_0e_1x7", depth(192)),
        ],
        [avg_pool("AvgPool_0a_3x3"), conv("Conv2d_0b_1x1", depth(192))],
    )


def _mixed_7a(depth: Depth) -> Part:
    return mixed(
        "Mixed_7a",
        [conv("Conv2d_0a_1x1", depth(192)), conv("Conv2d_1a_3x3", depth(320), **_HALVING)],
        [
            conv("Conv2d_0a_1x1", depth(192)),
            conv("Conv2d_0b_1x7", depth(192)),
            conv("Conv2d_0c_7x1", depth(192)),
            conv("Conv2d_1a_3x3", depth(192), **_HALVING),
        ],
        [max_pool("MaxPool_1a_3x3", **_HALVING)],
    )


def _mixed_7(scope: str, depth: Depth) -> Part:
    """For images of 8 by 8: windows of 3x3 as 1x3 beside 3x1."""
    tall = "Conv2d_0b_3x1" if scope == "Mixed_7b" else "Conv2d_0c_3x1"  # so called in the published weights
    return mixed(
        scope,
        [conv("Conv2d_0a_1x1", depth(320))],
        [conv("Conv2d_0a_1x1", depth(384)), forked(conv("Conv2d_0b_1x3", depth(384)), conv(tall, depth(384)))],
        [
            conv("Conv2d_0a_1x1", depth(448)),
            conv("Conv2d_0b_3x3", depth(384)),
            forked(conv("Conv2d_0c_1x3", depth(384)), conv("Conv2d_0d_3x1", depth(384))),
        ],
        [avg_pool("AvgPool_0a_3x3"), conv("Conv2d_0b_1x1", depth(192))],
    )


def _parts(depth: Depth) -> list[Part]:
    return [
        _mixed_5("Mixed_5b", depth, 32),
        _mixed_5("Mixed_5c", depth, 64),
        _mixed_5("Mixed_5d", depth, 64),
        _mixed_6a(depth),
        _mixed_6("Mixed_6b", depth, 128),
        _mixed_6("Mixed_6c", depth, 160),
        _mixed_6("Mixed_6d", depth, 160),
        _mixed_6("Mixed_6e", depth, 192),
        _mixed_7a(depth),
        _mixed_7("Mixed_7b", depth),
        _mixed_7("Mixed_7c", depth),
    ]


def inception_v3_base(
    inputs: Any,
    final_endpoint: str = "Mixed_7c",
    min_depth: int = 16,
    depth_multiplier: float = 1.0,
    scope: Any = None,
) -> Result:
    """The network up to `final_endpoint`, such as "Mixed_6b": (its output, {name of a part: its output}).

    Each convolution has `depth_multiplier` times the paper's number of outputs, but at least `min_depth`. Raises
    ValueError for a multiplier that is not positive, or an end point that is not there.
    """
    depth = depths(depth_multiplier, min_depth)
    end_points: dict[str, Tensor] = {}
    with variable_scope(scope, "InceptionV3", [inputs]):
        with arg_scope(_CONVOLUTIONS_AND_POOLS, stride=1, padding="VALID"):
            net = extended(inputs, _stem(depth), final_endpoint, end_points)
        with arg_scope(_CONVOLUTIONS_AND_POOLS, stride=1, padding="SAME"):
            net = extended(net, _parts(depth), final_endpoint, end_points)
        return reached(net, final_endpoint, end_points)


def _auxiliary_logits(net: Tensor, depth: Depth, num_classes: int, spatial_squeeze: bool) -> Tensor:
    """Logits from half way through, which help to train what lies before."""
    with (
        arg_scope(_CONVOLUTIONS_AND_POOLS, stride=1, padding="SAME"),
        variable_scope("AuxLogits"),
    ):
        net = layers.avg_pool2d(net, [5, 5], stride=3, padding="VALID", scope="AvgPool_1a_5x5")
        net = conv("Conv2d_1b_1x1", depth(128)).apply(net)
        rows, columns = fitting(net, [5, 5])
        net = conv(f"Conv2d_2a_{rows}x{columns}", depth(768), 0.01, padding="VALID").apply(net)
        return logits_of(net, "Conv2d_2b_1x1", num_classes, spatial_squeeze, stddev=0.001)


def inception_v3(
    inputs: Any,
    num_classes: int = 1000,
    is_training: Any = True,
    dropout_keep_prob: Any = 0.8,
    min_depth: int = 16,
    depth_multiplier: float = 1.0,
    prediction_fn: Callable[..., Tensor] = layers.softmax,
    spatial_squeeze: bool = True,
    reuse: Any = None,
    create_aux_logits: bool = True,
    scope: Any = "InceptionV3",
) -> Result:
    """Inception of 2015, for images of 299 by 299: (logits, {name of a part: its output}).

    With `create_aux_logits` there are further logits from half way through, the end point "AuxLogits".
    `prediction_fn(logits, scope=…)` gives the end point "Predictions"; of the other arguments see `inception_v1` and
    `inception_v3_base`.
    """
    depth = depths(depth_multiplier, min_depth)
    with variable_scope(scope, "InceptionV3", [inputs, num_classes], reuse=reuse) as opened:
        with arg_scope([layers.batch_norm, layers.dropout], is_training=is_training):
            net, end_points = inception_v3_base(
                inputs, min_depth=min_depth, depth_multiplier=depth_multiplier, scope=opened
            )  # fmt: skip
            if create_aux_logits and num_classes:
                auxiliary = _auxiliary_logits(end_points["Mixed_6e"], depth, num_classes, spatial_squeeze)
                end_points["AuxLogits"] = auxiliary
            with variable_scope("Logits"):
                net = layers.dropout(pooled(net, [8, 8]), keep_prob=dropout_keep_prob, scope="Dropout_1b")
                end_points["PreLogits"] = net
                logits = end_points["Logits"] = logits_of(net, "Conv2d_1c_1x1", num_classes, spatial_squeeze)
            end_points["Predictions"] = prediction_fn(logits, scope="Predictions")
    return logits, end_points


inception_v3.default_image_size = 299  # type: ignore[attr-defined]


def inception_v3_arg_scope(
    weight_decay: float = 0.00004,
    batch_norm_var_collection: str = "moving_vars",
    batch_norm_decay: float = 0.9997,
    batch_norm_epsilon: float = 0.001,
    updates_collections: Any = GraphKeys.UPDATE_OPS,
    use_fused_batchnorm: bool = True,
) -> Scope:
    """The arguments that the network is built with: batch normalization and ReLU, decaying weights."""
    return default_arguments(
        weight_decay,
        True,
        batch_norm_var_collection,
        decay=batch_norm_decay,
        epsilon=batch_norm_epsilon,
        updates_collections=updates_collections,
        fused=use_fused_batchnorm,
    )


__all__ = ["inception_v3", "inception_v3_arg_scope", "inception_v3_base"]
