"""Residual networks of either version: from the root block to the predictions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

from ....engine.graph import Tensor
from ....engine.ops.activations import relu
from ....engine.ops.reduce import reduce_mean
from ....scopes.scope import variable_scope
from .. import layers
from ..arg_scope import arg_scope
from ..utils import convert_collection_to_dict
from .resnet_utils import Block, conv2d_same, stack_blocks_dense

Result = tuple[Tensor, dict[str, Tensor]]

_UNITS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3), 200: (3, 24, 36, 3)}  # of each block, by depth


def network(
    version: int, bottleneck: Callable[..., Tensor], inputs: Any, blocks: Sequence[Block], num_classes: int | None,
    is_training: Any, global_pool: bool, output_stride: int | None, include_root_block: bool, reuse: Any, scope: Any,
) -> Result:  # fmt: skip
    """(Features or logits, {name of a layer: its output}).

    The second version normalizes before the convolutions of a unit, so neither its root block nor its last unit ends
    with a normalization: one follows the blocks.
    """
    with variable_scope(scope, f"resnet_v{version}", [inputs], reuse=reuse) as opened, ExitStack() as scopes:
        collection = opened.original_name_scope + "_end_points"
        collecting = [layers.conv2d, bottleneck, stack_blocks_dense]
        scopes.enter_context(arg_scope(collecting, outputs_collections=collection))
        scopes.enter_context(arg_scope([layers.batch_norm], is_training=is_training))
        net = inputs
        if include_root_block:
            if output_stride is not None:
                if output_stride % 4:
                    raise ValueError("The output_stride needs to be a multiple of 4.")
                output_stride //= 4
            bare = {"activation_fn": None, "normalizer_fn": None} if version == 2 else {}
            with arg_scope([layers.conv2d], **bare):
                net = conv2d_same(net, 64, 7, stride=2, scope="conv1")
            net = layers.max_pool2d(net, [3, 3], stride=2, scope="pool1")
        net = stack_blocks_dense(net, blocks, output_stride)
        if version == 2:
            net = layers.batch_norm(net, activation_fn=relu, scope="postnorm")
        if global_pool:
            net = reduce_mean(net, [1, 2], name="pool5", keepdims=True)
        if num_classes is not None:
            net = layers.conv2d(net, num_classes, [1, 1], activation_fn=None, normalizer_fn=None, scope="logits")
        end_points = convert_collection_to_dict(collection)
        if num_classes is not None:
            end_points["predictions"] = layers.softmax(net, scope="predictions")
        return net, end_points


def block(unit: Callable[..., Tensor], scope: str, base_depth: int, num_units: int, stride: int) -> Block:
    """Units of one depth, 4 * `base_depth`; the last one has the stride."""
    strides = [1] * (num_units - 1) + [stride]
    return Block(scope, unit, [{"depth": 4 * base_depth, "depth_bottleneck": base_depth, "stride": s} for s in strides])


def of_depth(build: Callable[..., Result], make_block: Callable[..., Block], depth: int) -> Callable[..., Result]:
    """The published network of so many layers."""
    name = f"{build.__name__}_{depth}"

    def resnet(
        inputs: Any,
        num_classes: int | None = None,
        is_training: Any = True,
        global_pool: bool = True,
        output_stride: int | None = None,
        reuse: Any = None,
        scope: Any = name,
    ) -> Result:
        rows = zip((64, 128, 256, 512), _UNITS[depth], (2, 2, 2, 1), strict=True)
        blocks = [make_block(f"block{i}", width, units, stride) for i, (width, units, stride) in enumerate(rows, 1)]
        return build(inputs, blocks, num_classes, is_training, global_pool, output_stride, True, reuse, scope)

    resnet.__name__ = resnet.__qualname__ = name
    resnet.__doc__ = f"`{build.__name__}` with the blocks of the network of {depth} layers."
    return resnet
