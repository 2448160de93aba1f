"""What inception networks are made of: layers named by their windows, side by side in branches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

from ....engine.graph import Tensor
from ....engine.ops.activations import relu
from ....engine.ops.basic import squeeze
from ....engine.ops.joining import concat
from ....nn.regularizers import l2_regularizer
from ....scopes.initializers import truncated_normal_initializer
from ....scopes.keys import GraphKeys
from ....scopes.scope import variable_scope
from .. import layers
from ..arg_scope import Scope, arg_scope
from ..initializers import variance_scaling_initializer

Result = tuple[Tensor, dict[str, Tensor]]
_CHANNELS = 3


class Part(NamedTuple):
    """A piece of a network: its scope, and what it makes of the piece before."""

    scope: str
    apply: Callable[[Tensor], Tensor]


def window_of(scope: str) -> list[int]:
    """The window that a layer's name ends with: [1, 7] of "Conv2d_0b_1x7"."""
    return [int(length) for length in scope.rpartition("_")[2].split("x")]


def conv(scope: str, depth: int, stddev: float | None = None, layer: Callable = layers.conv2d, **more: Any) -> Part:
    """A convolution, by default of the window in its name; `stddev` is its initial weights', where not the default."""
    if stddev is not None:
        more["weights_initializer"] = truncated_normal_initializer(0.0, stddev)
    given = {"kernel_size": window_of(scope), "scope": scope, **more}
    return Part(scope, partial(layer, num_outputs=depth, **given))


def max_pool(scope: str, **more: Any) -> Part:
    """A pool of the window in its name."""
    return Part(scope, partial(layers.max_pool2d, kernel_size=window_of(scope), scope=scope, **more))


def avg_pool(scope: str) -> Part:
    """A pool of the window in its name."""
    return Part(scope, partial(layers.avg_pool2d, kernel_size=window_of(scope), scope=scope))


def forked(*parts: Part) -> Part:
    """What several layers make of the same inputs, one after the other along the channels."""
    return Part("", lambda net: concat([part.apply(net) for part in parts], _CHANNELS))


def mixed(scope: str, *branches: Sequence[Part]) -> Part:
    """Branches of layers, each in a scope of its own, joined along the channels."""

    def apply(net: Tensor) -> Tensor:
        with variable_scope(scope):
            outputs = []
            for number, branch in enumerate(branches):
                with variable_scope(f"Branch_{number}"):
                    outputs.append(_through(net, branch))
            return concat(outputs, _CHANNELS)

    return Part(scope, apply)


def _through(net: Tensor, parts: Iterable[Part]) -> Tensor:
    for part in parts:
        net = part.apply(net)
    return net


def extended(net: Tensor, parts: Iterable[Part], final_endpoint: str, end_points: dict[str, Tensor]) -> Tensor:
    """What the parts make of `net`, up to the one that is asked for; each part's output is an end point."""
    for part in parts:
        if final_endpoint in end_points:
            break
        net = end_points[part.scope] = part.apply(net)
    return net


def reached(net: Tensor, final_endpoint: str, end_points: dict[str, Tensor]) -> Result:
    """(net, end_points). Raises ValueError if the end point that is asked for is not among them."""
    if final_endpoint not in end_points:
        raise ValueError(f"Unknown final endpoint {final_endpoint}")
    return net, end_points


def depths(depth_multiplier: float, min_depth: int) -> Callable[[int], int]:
    """How many outputs a layer has, of the paper's number. Raises ValueError for a multiplier that is not positive."""
    if depth_multiplier <= 0:
        raise ValueError("depth_multiplier is not greater than zero.")
    return lambda depth: max(int(depth * depth_multiplier), min_depth)


def fitting(net: Tensor, window: Sequence[int]) -> list[int]:
    """A window, or as much of it as images have, where their size is known."""
    height, width = net.get_shape().as_list()[1:3]
    if height is None or width is None:
        return list(window)
    return [min(height, window[0]), min(width, window[1])]


def pooled(net: Tensor, window: Sequence[int]) -> Tensor:
    """The means over windows as large as the last images are meant to be."""
    rows, columns = fitting(net, window)
    return layers.avg_pool2d(net, [rows, columns], padding="VALID", scope=f"AvgPool_1a_{rows}x{columns}")


def logits_of(
    net: Tensor, scope: str, num_classes: int, spatial_squeeze: bool, stddev: float | None = None
) -> Tensor:  # fmt: skip
    """[batch, num_classes] logits, or with `spatial_squeeze=False` those of each place."""
    net = conv(scope, num_classes, stddev, activation_fn=None, normalizer_fn=None).apply(net)
    return squeeze(net, [1, 2], name="SpatialSqueeze") if spatial_squeeze else net


def default_arguments(weight_decay: float, use_batch_norm: bool, collection: str, **norm: Any) -> Scope:
    """Convolutions with ReLU, decaying weights and normalization, whose moving statistics join `collection`."""
    collections = {"beta": None, "gamma": None, "moving_mean": [collection], "moving_variance": [collection]}
    params = {
        "decay": 0.9997,
        "epsilon": 0.001,
        "updates_collections": GraphKeys.UPDATE_OPS,
        "variables_collections": collections,
        **norm,
    }
    with (
        arg_scope([layers.conv2d, layers.fully_connected], weights_regularizer=l2_regularizer(weight_decay)),
        arg_scope(
            [layers.conv2d],
            weights_initializer=variance_scaling_initializer(),
            activation_fn=relu,
            normalizer_fn=layers.batch_norm if use_batch_norm else None,
            normalizer_params=params if use_batch_norm else {},
        ) as scope,
    ):
        return scope
