"""slim.nets.resnet_utils: what residual networks are built of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ....engine.graph import Tensor
from ....engine.ops.activations import relu
from ....engine.ops.slicing import pad
from ....nn.regularizers import l2_regularizer
from ....scopes.keys import GraphKeys
from ....scopes.scope import variable_scope
from .. import layers
from ..arg_scope import Scope, add_arg_scope, arg_scope
from ..initializers import variance_scaling_initializer
from ..utils import collect_named_outputs


class Block(NamedTuple):
    """Residual units that follow each other: the name of their scope, the function that makes a unit, and for each
    unit the function's arguments, such as {"depth": 256, "depth_bottleneck": 64, "stride": 1}.
    """

    scope: str
    unit_fn: Callable[..., Tensor]
    args: Sequence[Mapping[str, Any]]


def subsample(inputs: Any, factor: int, scope: str | None = None) -> Any:
    """Every `factor`-th pixel of [batch, height, width, channels] in both directions."""
    return inputs if factor == 1 else layers.max_pool2d(inputs, [1, 1], stride=factor, scope=scope)


def conv2d_same(
    inputs: Any, num_outputs: int, kernel_size: int, stride: int, rate: int = 1, scope: Any = None
) -> Tensor:
    """`conv2d` with as many zeros on either side, whatever the stride: every `stride`-th pixel of one without stride.

    SAME padding with a stride has its windows elsewhere where height or width is even.
    """
    if stride == 1:
        return layers.conv2d(inputs, num_outputs, kernel_size, stride=1, rate=rate, padding="SAME", scope=scope)
    total = (kernel_size - 1) * rate
    both = [total // 2, total - total // 2]
    padded = pad(inputs, [[0, 0], both, both, [0, 0]])
    return layers.conv2d(padded, num_outputs, kernel_size, stride=stride, rate=rate, padding="VALID", scope=scope)


@add_arg_scope
def stack_blocks_dense(
    net: Tensor, blocks: Sequence[Block], output_stride: float | None = None, outputs_collections: Any = None
) -> Tensor:
    """Blocks one after the other, in the scopes "block1/unit_1", …; each block's output is collected.

    Once the strides so far come to `output_stride`, further ones become dilations of the windows after them, so that
    the outputs stay as dense. Raises ValueError where the strides never come to just that.
    """
    reached, rate = 1, 1
    for block in blocks:
        with variable_scope(block.scope, "block", [net]) as opened:
            for number, unit in enumerate(block.args, 1):
                if output_stride is not None and reached > output_stride:
                    raise ValueError("The target output_stride cannot be reached.")
                with variable_scope(f"unit_{number}", values=[net]):
                    if reached == output_stride:
                        net = block.unit_fn(net, rate=rate, **{**unit, "stride": 1})
                        rate *= unit.get("stride", 1)
                    else:
                        net = block.unit_fn(net, rate=1, **unit)
                        reached *= unit.get("stride", 1)
            net = collect_named_outputs(outputs_collections, opened.name, net)
    if output_stride is not None and reached != output_stride:
        raise ValueError("The target output_stride cannot be reached.")
    return net


def resnet_arg_scope(
    weight_decay: float = 0.0001,
    batch_norm_decay: float = 0.997,
    batch_norm_epsilon: float = 1e-5,
    batch_norm_scale: bool = True,
) -> Scope:
    """The arguments that residual networks are built with: batch normalization and ReLU after each convolution."""
    norm = {
        "decay": batch_norm_decay,
        "epsilon": batch_norm_epsilon,
        "scale": batch_norm_scale,
        "updates_collections": GraphKeys.UPDATE_OPS,
    }
    with arg_scope(
        [layers.conv2d],
        weights_regularizer=l2_regularizer(weight_decay),
        weights_initializer=variance_scaling_initializer(),
        activation_fn=relu,
        normalizer_fn=layers.batch_norm,
        normalizer_params=norm,
    ):
        with arg_scope([layers.batch_norm], **norm), arg_scope([layers.max_pool2d], padding="SAME") as scope:
            return scope


__all__ = ["Block", "conv2d_same", "resnet_arg_scope", "stack_blocks_dense", "subsample"]
