"""slim.nets.vgg: Simonyan and Zisserman, Very Deep Convolutional Networks for Large-Scale Image Recognition (2015)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ....engine.graph import Tensor
from ....scopes.initializers import zeros_initializer
from ....scopes.scope import variable_scope
from .. import layers
from ..arg_scope import Scope, arg_scope
from .classifier import classified, default_arguments, with_end_points

_WIDTHS = (64, 128, 256, 512, 512)


def vgg_arg_scope(weight_decay: float = 0.0005) -> Scope:
    """The arguments that the networks are built with: ReLU, biases from zero, decaying weights, SAME padding."""
    return default_arguments(weight_decay, zeros_initializer())


def _network(name: str, repetitions: Sequence[int], collects: str = "{0.original_name_scope}_end_points") -> Callable:
    """The network that has so many convolutions before each of its five pools.

    `collects` is the collection of its end points, made of the network's scope.
    """

    def vgg(
        inputs: Any,
        num_classes: int = 1000,
        is_training: Any = True,
        dropout_keep_prob: Any = 0.5,
        spatial_squeeze: bool = True,
        scope: Any = name,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        with variable_scope(scope, name, [inputs]) as opened:
            collection = collects.format(opened)
            collecting = [layers.conv2d, layers.fully_connected, layers.max_pool2d]
            with arg_scope(collecting, outputs_collections=collection):
                net = inputs
                for number, (width, times) in enumerate(zip(_WIDTHS, repetitions, strict=True), 1):
                    net = layers.repeat(net, times, layers.conv2d, width, [3, 3], scope=f"conv{number}")
                    net = layers.max_pool2d(net, [2, 2], scope=f"pool{number}")
                net = classified(net, [4096, 4096], [7, 7], num_classes, is_training, dropout_keep_prob)
                return with_end_points(net, collection, opened, spatial_squeeze)

    vgg.__name__ = vgg.__qualname__ = name
    vgg.__doc__ = f"""VGG of {sum(repetitions) + 3} layers: (logits, {{name of a layer: its output}}).

    `inputs` are [batch, height, width, channels] images of 224 by 224; of larger ones, with `spatial_squeeze=False`,
    the logits of all windows of that size.
    """
    vgg.default_image_size = 224  # type: ignore[attr-defined]
    return vgg


vgg_a = _network("vgg_a", (1, 1, 2, 2, 2))
vgg_d = vgg_16 = _network("vgg_16", (2, 2, 3, 3, 3))
vgg_e = vgg_19 = _network("vgg_19", (2, 2, 4, 4, 4), "{0.name}_end_points")

__all__ = ["vgg_16", "vgg_19", "vgg_a", "vgg_arg_scope", "vgg_d", "vgg_e"]
