"""What AlexNet, OverFeat and VGG share: their default arguments, and how they end."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from ....engine.graph import Tensor
from ....engine.ops.activations import relu
from ....engine.ops.basic import squeeze
from ....nn.regularizers import l2_regularizer
from ....scopes.initializers import constant_initializer, truncated_normal_initializer, zeros_initializer
from ....scopes.scope import VariableScope
from .. import layers
from ..arg_scope import Scope, arg_scope
from ..utils import convert_collection_to_dict


def default_arguments(weight_decay: float, biases_initializer: Any, pool_padding: str | None = None) -> Scope:
    """Convolutions with ReLU, SAME padding and decaying weights, and max pools of `pool_padding`."""
    with ExitStack() as scopes:
        scopes.enter_context(
            arg_scope(
                [layers.conv2d, layers.fully_connected],
                activation_fn=relu,
                weights_regularizer=l2_regularizer(weight_decay),
                biases_initializer=biases_initializer,
            )
        )
        scope = scopes.enter_context(arg_scope([layers.conv2d], padding="SAME"))
        if pool_padding is not None:
            scope = scopes.enter_context(arg_scope([layers.max_pool2d], padding=pool_padding))
        return scope


def classified(
    net: Tensor, widths: Sequence[int], window: Sequence[int], num_classes: int, is_training: Any,
    dropout_keep_prob: Any, **logits: Any,
) -> Tensor:  # fmt: skip
    """Two wide layers, each with dropout, and one of logits: fully connected ones as convolutions, fc6 to fc8.

    The first sees `window` of `net`, so larger images give logits at several places. `logits` are further arguments of
    the last layer.
    """
    for number, width, size in zip((6, 7), widths, (window, [1, 1]), strict=True):
        padding = {"padding": "VALID"} if number == 6 else {}
        net = layers.conv2d(net, width, size, scope=f"fc{number}", **padding)
        net = layers.dropout(net, dropout_keep_prob, is_training=is_training, scope=f"dropout{number}")
    return layers.conv2d(net, num_classes, [1, 1], activation_fn=None, normalizer_fn=None, scope="fc8", **logits)


def classified_by_small_weights(net: Tensor, *arguments: Any) -> Tensor:
    """`classified`, with weights that begin small, and biases at 0.1 but for the logits'."""
    with arg_scope(
        [layers.conv2d],
        weights_initializer=truncated_normal_initializer(0.0, 0.005),
        biases_initializer=constant_initializer(0.1),
    ):
        return classified(net, *arguments, biases_initializer=zeros_initializer())


def with_end_points(
    net: Tensor, collection: str, scope: VariableScope, spatial_squeeze: bool
) -> tuple[Tensor, dict[str, Tensor]]:
    """(The logits, as [batch, num_classes] where `spatial_squeeze`, each layer's output by the layer's name)."""
    end_points = convert_collection_to_dict(collection)
    if spatial_squeeze:
        net = end_points[f"{scope.name}/fc8"] = squeeze(net, [1, 2], name="fc8/squeezed")
    return net, end_points
