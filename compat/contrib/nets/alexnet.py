"""slim.nets.alexnet: Krizhevsky, One weird trick for parallelizing convolutional neural networks (2014)."""

from __future__ import annotations

from typing import Any

from ....engine.graph import Tensor
from ....scopes.initializers import constant_initializer
from ....scopes.scope import variable_scope
from .. import layers
from ..arg_scope import Scope, arg_scope
from .classifier import classified_by_small_weights, default_arguments, with_end_points


def alexnet_v2_arg_scope(weight_decay: float = 0.0005) -> Scope:
    """The arguments that the network is built with: ReLU, biases from 0.1, decaying weights, pools without padding."""
    return default_arguments(weight_decay, constant_initializer(0.1), "VALID")


def alexnet_v2(
    inputs: Any,
    num_classes: int = 1000,
    is_training: Any = True,
    dropout_keep_prob: Any = 0.5,
    spatial_squeeze: bool = True,
    scope: Any = "alexnet_v2",
) -> tuple[Tensor, dict[str, Tensor]]:
    """AlexNet of one column, without local response normalization: (logits, {name of a layer: its output}).

    `inputs` are [batch, height, width, channels] images of 224 by 224; of larger ones, with `spatial_squeeze=False`,
    the logits of all windows of that size.
    """
    with variable_scope(scope, "alexnet_v2", [inputs]) as opened:
        collection = opened.original_name_scope + "_end_points"
        collecting = [layers.conv2d, layers.fully_connected, layers.max_pool2d]
        with arg_scope(collecting, outputs_collections=[collection]):
            net = layers.conv2d(inputs, 64, [11, 11], 4, padding="VALID", scope="conv1")
            net = layers.max_pool2d(net, [3, 3], 2, scope="pool1")
            net = layers.conv2d(net, 192, [5, 5], scope="conv2")
            net = layers.max_pool2d(net, [3, 3], 2, scope="pool2")
            for number, width in ((3, 384), (4, 384), (5, 256)):
                net = layers.conv2d(net, width, [3, 3], scope=f"conv{number}")
            net = layers.max_pool2d(net, [3, 3], 2, scope="pool5")
            net = classified_by_small_weights(net, [4096, 4096], [5, 5], num_classes, is_training, dropout_keep_prob)
            return with_end_points(net, collection, opened, spatial_squeeze)


alexnet_v2.default_image_size = 224  # type: ignore[attr-defined]

__all__ = ["alexnet_v2", "alexnet_v2_arg_scope"]
