"""slim.nets.resnet_v1: He et al., Deep Residual Learning for Image Recognition (2015)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ....engine.graph import Tensor
from ....engine.ops.activations import relu
from ....scopes.scope import variable_scope
from .. import layers
from ..arg_scope import add_arg_scope
from ..utils import collect_named_outputs, last_dimension
from .residual import Result, block, network, of_depth
from .resnet_utils import Block, conv2d_same, resnet_arg_scope, subsample


@add_arg_scope
def bottleneck(
    inputs: Any,
    depth: int,
    depth_bottleneck: int,
    stride: int,
    rate: int = 1,
    outputs_collections: Any = None,
    scope: Any = None,
) -> Tensor:
    """A residual unit that normalizes after each of its three convolutions: relu(shortcut + residual).

    The convolutions have 1x1, 3x3 and 1x1 windows, and `depth_bottleneck` outputs but for the last; `stride` and
    dilation `rate` are the second's. The shortcut is a convolution where the depths differ.
    """
    with variable_scope(scope, "bottleneck_v1", [inputs]) as opened:
        depth_in = last_dimension(inputs.get_shape(), min_rank=4)
        if depth == depth_in:
            shortcut = subsample(inputs, stride, "shortcut")
        else:
            shortcut = layers.conv2d(inputs, depth, [1, 1], stride=stride, activation_fn=None, scope="shortcut")
        net = layers.conv2d(inputs, depth_bottleneck, [1, 1], stride=1, scope="conv1")
        net = conv2d_same(net, depth_bottleneck, 3, stride, rate=rate, scope="conv2")
        net = layers.conv2d(net, depth, [1, 1], stride=1, activation_fn=None, scope="conv3")
        return collect_named_outputs(outputs_collections, opened.name, relu(shortcut + net))


def resnet_v1(
    inputs: Any,
    blocks: Sequence[Block],
    num_classes: int | None = None,
    is_training: Any = True,
    global_pool: bool = True,
    output_stride: int | None = None,
    include_root_block: bool = True,
    reuse: Any = None,
    scope: Any = None,
) -> Result:
    """A residual network of [batch, height, width, channels] images: (its outputs, {name of a layer: its output}).

    The outputs are features or, where `num_classes` is given, logits; with `global_pool` their means over all places,
    [batch, 1, 1, n]. `output_stride` is how many pixels of the input lie between two outputs: later strides become
    dilations. Raises ValueError where strides never come to that, or it is not a multiple of the root block's 4.
    """
    return network(
        1, bottleneck, inputs, blocks, num_classes, is_training, global_pool, output_stride, include_root_block, reuse,
        scope,
    )  # fmt: skip


resnet_v1.default_image_size = 224  # type: ignore[attr-defined]


def resnet_v1_block(scope: str, base_depth: int, num_units: int, stride: int) -> Block:
    """A block of `num_units` bottlenecks of depth 4 * `base_depth`, the last one with the stride."""
    return block(bottleneck, scope, base_depth, num_units, stride)


resnet_v1_50 = of_depth(resnet_v1, resnet_v1_block, 50)
resnet_v1_101 = of_depth(resnet_v1, resnet_v1_block, 101)
resnet_v1_152 = of_depth(resnet_v1, resnet_v1_block, 152)
resnet_v1_200 = of_depth(resnet_v1, resnet_v1_block, 200)

__all__ = [
    "bottleneck", "resnet_arg_scope", "resnet_v1", "resnet_v1_101", "resnet_v1_152", "resnet_v1_200", "resnet_v1_50",
    "resnet_v1_block",
]  # fmt: skip
