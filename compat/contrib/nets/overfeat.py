"""slim.nets.overfeat: Sermanet et al., OverFeat: Integrated Recognition, Localization and Detection (2014)."""

from __future__ import annotations

from typing import Any

from ....engine.graph import Tensor
from ....scopes.initializers import zeros_initializer
from ....scopes.scope import variable_scope
from .. import layers
from ..arg_scope import Scope, arg_scope
from .classifier import classified_by_small_weights, default_arguments, with_end_points


def overfeat_arg_scope(weight_decay: float = 0.0005) -> Scope:
    """The arguments that the network is built with: ReLU, biases from zero, decaying weights, pools without padding."""
    return default_arguments(weight_decay, zeros_initializer(), "VALID")


def overfeat(
    inputs: Any,
    num_classes: int = 1000,
    is_training: Any = True,
    dropout_keep_prob: Any = 0.5,
    spatial_squeeze: bool = True,
    scope: Any = "overfeat",
) -> tuple[Tensor, dict[str, Tensor]]:
    """OverFeat's fast model: (logits, {name of a layer: its output}).

    `inputs` are [batch, height, width, channels] images of 231 by 231; of larger ones, with `spatial_squeeze=False`,
    the logits of all windows of that size.
    """
    with variable_scope(scope, "overfeat", [inputs]) as opened:
        collection = opened.name + "_end_points"
        collecting = [layers.conv2d, layers.fully_connected, layers.max_pool2d]
        with arg_scope(collecting, outputs_collections=collection):
            net = layers.conv2d(inputs, 64, [11, 11], 4, padding="VALID", scope="conv1")
            net = layers.max_pool2d(net, [2, 2], scope="pool1")
            net = layers.conv2d(net, 256, [5, 5], padding="VALID", scope="conv2")
            net = layers.max_pool2d(net, [2, 2], scope="pool2")
            for number, width in ((3, 512), (4, 1024), (5, 1024)):
                net = layers.conv2d(net, width, [3, 3], scope=f"conv{number}")
            net = layers.max_pool2d(net, [2, 2], scope="pool5")
            net = classified_by_small_weights(net, [3072, 4096], [6, 6], num_classes, is_training, dropout_keep_prob)
            return with_end_points(net, collection, opened, spatial_squeeze)


overfeat.default_image_size = 231  # type: ignore[attr-defined]

__all__ = ["overfeat", "overfeat_arg_scope"]
