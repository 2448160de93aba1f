"""slim.nets.inception_v2: Ioffe and Szegedy, Batch Normalization (2015), the network of its experiments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ....engine.graph import Tensor
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
    logits_of,
    max_pool,
    mixed,
    pooled,
    reached,
)

Depth = Callable[[int], int]

# Of each mixed part, the numbers of outputs: 1x1; 1x1 and 3x3; 1x1 and two of 3x3; after the pool.
_MIXED = {
    "Mixed_3b": (64, (64, 64), (64, 96), 32),
    "Mixed_3c": (64, (64, 96), (64, 96), 64),
    "Mixed_4b": (224, (64, 96), (96, 128), 128),
    "Mixed_4c": (192, (96, 128), (96, 128), 128),
    "Mixed_4d": (160, (128, 160), (128, 160), 96),
    "Mixed_4e": (96, (128, 192), (160, 192), 96),
    "Mixed_5b": (352, (192, 320), (160, 224), 128),
    "Mixed_5c": (352, (192, 320), (192, 224), 128),
}
# Of those that halve height and width: 1x1 and 3x3; 1x1 and two of 3x3.
_HALVING = {"Mixed_4a": ((128, 160), (64, 96)), "Mixed_5a": ((128, 192), (192, 256))}


def _mixed(scope: str, depth: Depth) -> Part:
    if scope in _HALVING:
        once, twice = _HALVING[scope]
        return mixed(
            scope,
            [conv("Conv2d_0a_1x1", depth(once[0]), 0.09), conv("Conv2d_1a_3x3", depth(once[1]), stride=2)],
            [
                conv("Conv2d_0a_1x1", depth(twice[0]), 0.09),
                conv("Conv2d_0b_3x3", depth(twice[1])),
                conv("Conv2d_1a_3x3", depth(twice[1]), stride=2),
            ],
            [max_pool("MaxPool_1a_3x3", stride=2)],
        )
    one, once, twice, last = _MIXED[scope]
    return mixed(
        scope,
        [conv("Conv2d_0a_1x1", depth(one))],
        [conv("Conv2d_0a_1x1", depth(once[0]), 0.09), conv("Conv2d_0b_3x3", depth(once[1]))],
        [
            conv("Conv2d_0a_1x1", depth(twice[0]), 0.09),
            conv("Conv2d_0b_3x3", depth(twice[1])),
            conv("Conv2d_0c_3x3", depth(twice[1])),
        ],
        [
            max_pool("MaxPool_0a_3x3") if scope == "Mixed_5c" else avg_pool("AvgPool_0a_3x3"),
            conv("Conv2d_0b_1x1", depth(last), 0.1),
        ],
    )


def _parts(depth: Depth) -> list[Part]:
    multiplier = min(int(depth(64) / 3), 8)  # no more filters for each channel than there are outputs
    return [
        conv("Conv2d_1a_7x7", depth(64), 1.0, layers.separable_conv2d, depth_multiplier=multiplier, stride=2),
        max_pool("MaxPool_2a_3x3", stride=2),
        conv("Conv2d_2b_1x1", depth(64), 0.1),
        conv("Conv2d_2c_3x3", depth(192)),
        max_pool("MaxPool_3a_3x3", stride=2),
        *(_mixed(scope, depth) for scope in sorted(_MIXED | _HALVING)),
    ]


def inception_v2_base(
    inputs: Any,
    final_endpoint: str = "Mixed_5c",
    min_depth: int = 16,
    depth_multiplier: float = 1.0,
    scope: Any = None,
) -> Result:
    """The network up to `final_endpoint`, such as "Mixed_4b": (its output, {name of a part: its output}).

    Each convolution has `depth_multiplier` times the paper's number of outputs, but at least `min_depth`. Raises
    ValueError for a multiplier that is not positive, or an end point that is not there.
    """
    end_points: dict[str, Tensor] = {}
    parts = _parts(depths(depth_multiplier, min_depth))
    pools = [layers.max_pool2d, layers.avg_pool2d]
    with (
        variable_scope(scope, "InceptionV2", [inputs]),
        arg_scope([layers.conv2d, *pools, layers.separable_conv2d], stride=1, padding="SAME"),
    ):
        return reached(extended(inputs, parts, final_endpoint, end_points), final_endpoint, end_points)


def inception_v2(
    inputs: Any,
    num_classes: int = 1000,
    is_training: Any = True,
    dropout_keep_prob: Any = 0.8,
    min_depth: int = 16,
    depth_multiplier: float = 1.0,
    prediction_fn: Callable[..., Tensor] = layers.softmax,
    spatial_squeeze: bool = True,
    reuse: Any = None,
    scope: Any = "InceptionV2",
) -> Result:
    """Inception with batch normalization, for images of 224 by 224: (logits, {name of a part: its output}).

    `prediction_fn(logits, scope=…)` gives the end point "Predictions"; of the other arguments see `inception_v1` and
    `inception_v2_base`.
    """
    depths(depth_multiplier, min_depth)
    with variable_scope(scope, "InceptionV2", [inputs, num_classes], reuse=reuse) as opened:
        with arg_scope([layers.batch_norm, layers.dropout], is_training=is_training):
            net, end_points = inception_v2_base(
                inputs, min_depth=min_depth, depth_multiplier=depth_multiplier, scope=opened
            )  # fmt: skip
            with variable_scope("Logits"):
                net = layers.dropout(pooled(net, [7, 7]), keep_prob=dropout_keep_prob, scope="Dropout_1b")
                logits = end_points["Logits"] = logits_of(net, "Conv2d_1c_1x1", num_classes, spatial_squeeze)
            end_points["Predictions"] = prediction_fn(logits, scope="Predictions")
    return logits, end_points


inception_v2.default_image_size = 224  # type: ignore[attr-defined]


def inception_v2_arg_scope(weight_decay: float = 0.00004, batch_norm_var_collection: str = "moving_vars") -> Scope:
    """The arguments that the network is built with: batch normalization and ReLU, decaying weights."""
    return default_arguments(weight_decay, True, batch_norm_var_collection)


__all__ = ["inception_v2", "inception_v2_arg_scope", "inception_v2_base"]
