"""slim.nets.inception_v1: Szegedy et al., Going Deeper with Convolutions (2015), with batch normalization."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ....engine.graph import Tensor
from ....scopes.initializers import truncated_normal_initializer
from ....scopes.scope import variable_scope
from .. import layers
from ..arg_scope import Scope, arg_scope
from .inception_parts import Part, Result, conv, default_arguments, extended, logits_of, max_pool, mixed, reached


def _mixed(scope: str, one: int, three: tuple[int, int], five: tuple[int, int], last: int) -> Part:
    """Windows of 1x1, 3x3, 5x5 (here 3x3, as in the published weights) and a pool, with their numbers of outputs."""
    wide = "Conv2d_0a_3x3" if scope == "Mixed_5b" else "Conv2d_0b_3x3"  # so called in the published weights
    return mixed(
        scope,
        [conv("Conv2d_0a_1x1", one)],
        [conv("Conv2d_0a_1x1", three[0]), conv("Conv2d_0b_3x3", three[1])],
        [conv("Conv2d_0a_1x1", five[0]), conv(wide, five[1])],
        [max_pool("MaxPool_0a_3x3"), conv("Conv2d_0b_1x1", last)],
    )


def _parts() -> list[Part]:
    return [
        conv("Conv2d_1a_7x7", 64, stride=2),
        max_pool("MaxPool_2a_3x3", stride=2),
        conv("Conv2d_2b_1x1", 64),
        conv("Conv2d_2c_3x3", 192),
        max_pool("MaxPool_3a_3x3", stride=2),
        _mixed("Mixed_3b", 64, (96, 128), (16, 32), 32),
        _mixed("Mixed_3c", 128, (128, 192), (32, 96), 64),
        max_pool("MaxPool_4a_3x3", stride=2),
        _mixed("Mixed_4b", 192, (96, 208), (16, 48), 64),
        _mixed("Mixed_4c", 160, (112, 224), (24, 64), 64),
        _mixed("Mixed_4d", 128, (128, 256), (24, 64), 64),
        _mixed("Mixed_4e", 112, (144, 288), (32, 64), 64),
        _mixed("Mixed_4f", 256, (160, 320), (32, 128), 128),
        max_pool("MaxPool_5a_2x2", stride=2),
        _mixed("Mixed_5b", 256, (160, 320), (32, 128), 128),
        _mixed("Mixed_5c", 384, (192, 384), (48, 128), 128),
    ]


def inception_v1_base(inputs: Any, final_endpoint: str = "Mixed_5c", scope: Any = "InceptionV1") -> Result:
    """The network up to `final_endpoint`, such as "Mixed_4b": (its output, {name of a part: its output}).

    Raises ValueError for an end point that is not there.
    """
    end_points: dict[str, Tensor] = {}
    narrow = truncated_normal_initializer(0.0, 0.01)
    with (
        variable_scope(scope, "InceptionV1", [inputs]),
        arg_scope([layers.conv2d, layers.fully_connected], weights_initializer=narrow),
        arg_scope([layers.conv2d, layers.max_pool2d], stride=1, padding="SAME"),
    ):
        return reached(extended(inputs, _parts(), final_endpoint, end_points), final_endpoint, end_points)


def inception_v1(
    inputs: Any,
    num_classes: int = 1000,
    is_training: Any = True,
    dropout_keep_prob: Any = 0.8,
    prediction_fn: Callable[..., Tensor] = layers.softmax,
    spatial_squeeze: bool = True,
    reuse: Any = None,
    scope: Any = "InceptionV1",
) -> Result:
    """Inception of 2014, for images of 224 by 224: (logits, {name of a part: its output}).

    `prediction_fn(logits, scope=…)` gives the end point "Predictions". With `spatial_squeeze=False` the logits are
    [batch, 1, 1, num_classes], and those of larger images one for each place.
    """
    with variable_scope(scope, "InceptionV1", [inputs, num_classes], reuse=reuse) as opened:
        with arg_scope([layers.batch_norm, layers.dropout], is_training=is_training):
            net, end_points = inception_v1_base(inputs, scope=opened)
            with variable_scope("Logits"):
                net = layers.avg_pool2d(net, [7, 7], stride=1, scope="MaxPool_0a_7x7")
                net = layers.dropout(net, dropout_keep_prob, scope="Dropout_0b")
                logits = end_points["Logits"] = logits_of(net, "Conv2d_0c_1x1", num_classes, spatial_squeeze)
                end_points["Predictions"] = prediction_fn(logits, scope="Predictions")
    return logits, end_points


inception_v1.default_image_size = 224  # type: ignore[attr-defined]


def inception_v1_arg_scope(
    weight_decay: float = 0.00004, use_batch_norm: bool = True, batch_norm_var_collection: str = "moving_vars"
) -> Scope:
    """The arguments that the network is built with: batch normalization and ReLU, decaying weights."""
    return default_arguments(weight_decay, use_batch_norm, batch_norm_var_collection)


__all__ = ["inception_v1", "inception_v1_arg_scope", "inception_v1_base"]
