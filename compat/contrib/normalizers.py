"""Normalizations of contrib.layers: over a batch, a layer, an instance, groups of channels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...engine.build import constant, convert_to_tensor
from ...engine.dtypes import bfloat16, float16, float32
from ...engine.graph import Tensor, add_to_collections, control_dependencies
from ...engine.ops import basic
from ...engine.ops.math import rsqrt
from ...nn import layers, normalization
from ...nn.weights import known, smart_cond
from ...scopes.initializers import ones_initializer, zeros_initializer
from ...scopes.keys import GraphKeys
from ...scopes.scope import get_variable_scope, variable_scope
from ...train.averages import assign_moving_average
from .arg_scope import add_arg_scope
from .scoped_layers import applied, collect_variables, finished, model_scope
from .utils import get_variable_collections
from .variables import model_variable

_STARTS = {
    "beta": zeros_initializer(), "gamma": ones_initializer(),
    "moving_mean": zeros_initializer(), "moving_variance": ones_initializer(),
}  # fmt: skip
_HALVES = (float16, bfloat16)
Function = Callable[..., Any]


def _first(data_format: str) -> bool:
    """Whether channels come first. Raises ValueError for an unknown format."""
    if data_format not in ("NCHW", "NHWC"):
        raise ValueError("data_format has to be either NCHW or NHWC.")
    return data_format == "NCHW"


class _Parameters:
    """The variables of a normalization: what they are like, but for their names."""

    def __init__(
        self, shape: Any, dtype: Any, collections: Any, trainable: bool, initializers: Any = None,
        regularizers: Any = None,
    ) -> None:  # fmt: skip
        self._shape, self._dtype, self._collections, self._trainable = shape, dtype, collections, trainable
        self._initializers, self._regularizers = {**_STARTS, **(initializers or {})}, regularizers or {}

    def make(self, name: str, wanted: bool = True, averaged: bool = False) -> Any:
        """The model variable of this name, or None where it is not wanted; one that is averaged is not trained."""
        if not wanted:
            return None
        return model_variable(
            name,
            shape=self._shape,
            dtype=self._dtype,
            initializer=self._initializers[name],
            regularizer=self._regularizers.get(name),
            trainable=self._trainable and not averaged,
            collections=get_variable_collections(self._collections, name),
        )


@add_arg_scope
def batch_norm(
    inputs: Any,
    decay: float = 0.999,
    center: bool = True,
    scale: bool = False,
    epsilon: float = 0.001,
    activation_fn: Function | None = None,
    param_initializers: dict | None = None,
    param_regularizers: dict | None = None,
    updates_collections: Any = GraphKeys.UPDATE_OPS,
    is_training: Any = True,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    batch_weights: Any = None,
    fused: bool | None = None,
    data_format: str = "NHWC",
    zero_debias_moving_mean: bool = False,
    scope: Any = None,
    renorm: bool = False,
    renorm_clipping: Any = None,
    renorm_decay: float = 0.99,
    adjustment: Any = None,
) -> Tensor:
    """Inputs normalised over all but the channels: by the batch's moments in training, else by their moving averages.

    Variables: `beta` (`center`), `gamma` (`scale`), `moving_mean` and `moving_variance`, in `scope` or "BatchNorm".
    The averages move by operations in `updates_collections`, or at once where that is None. `is_training` may be a
    tensor. `fused` (the default) uses one op where the inputs are of rank 2 or 4, whose variance has Bessel's
    correction. `batch_weights` [batch] weigh the rows in the moments. Ioffe and Szegedy, Batch Normalization (2015).

    `renorm`, with its clipping and decay, and `adjustment` are those of `tf.layers.batch_normalization`. Raises
    ValueError for unknown ranks or channels, or renormalization where the averages do not move by UPDATE_OPS alone.
    """
    if batch_weights is not None and fused:
        raise ValueError("fused_batch_norm does not support batch_weights.")
    _first(data_format)
    inputs = convert_to_tensor(inputs)
    rank, later = inputs.shape.ndims, updates_collections == GraphKeys.UPDATE_OPS
    corrected = renorm or adjustment is not None
    may_fuse = fused is not False and batch_weights is None and rank in (2, 4) and not corrected
    own_updates = zero_debias_moving_mean or not later
    if batch_weights is None and not own_updates and not (may_fuse and (rank == 2 or param_regularizers)):
        return _by_layer(
            inputs, decay, center, scale, epsilon, activation_fn, param_initializers, param_regularizers, is_training,
            reuse, variables_collections, outputs_collections, trainable, None if may_fuse else False, data_format,
            scope, renorm=renorm, renorm_clipping=renorm_clipping, renorm_momentum=renorm_decay, adjustment=adjustment,
        )  # fmt: skip
    if corrected:
        what = "renorm" if renorm else "adjustment"
        raise ValueError(f"{what} is not supported with batch_weights, updates_collections or zero_debias_moving_mean")
    if rank is None:
        raise ValueError(f"Inputs {inputs.name} has undefined rank")
    with variable_scope(scope, "BatchNorm", [inputs], reuse=reuse) as opened:
        channels = inputs.shape.as_list()[1 if _first(data_format) else -1]
        if channels is None:
            raise ValueError(f"Inputs {inputs.name} has undefined `C` dimension {inputs.shape}.")
        dtype = float32 if inputs.dtype in _HALVES else inputs.dtype.base_dtype
        parameters = _Parameters(
            [channels], dtype, variables_collections, trainable, param_initializers, param_regularizers
        )
        beta, gamma = parameters.make("beta", center), parameters.make("gamma", scale)
        with variable_scope(get_variable_scope()) as in_one_piece:
            in_one_piece.set_partitioner(None)  # averages are assigned to
            averages = [parameters.make(name, averaged=True) for name in ("moving_mean", "moving_variance")]
        update = _Update(averages, decay, zero_debias_moving_mean, updates_collections, is_training)
        if may_fuse:
            outputs = _fused(inputs, gamma, beta, update, epsilon, data_format)
        else:
            outputs = _plain(inputs, gamma, beta, update, epsilon, data_format, batch_weights)
        outputs.set_shape(inputs.shape)
        return finished(outputs, activation_fn, outputs_collections, opened)


_OF_LAYER = {name: name for name in ("moving_mean", "moving_variance", "beta", "gamma")}


def _by_layer(
    inputs: Tensor, decay: float, center: bool, scale: bool, epsilon: float, activation_fn: Function | None,
    initializers: dict | None, regularizers: dict | None, is_training: Any, reuse: Any, variables_collections: Any,
    outputs_collections: Any, trainable: bool, fused: bool | None, data_format: str, scope: Any, **more: Any,
) -> Tensor:  # fmt: skip
    """Batch normalization by the house's layer, where that has all that is asked for; `more` are its arguments."""
    starts, penalties = {**_STARTS, **(initializers or {})}, regularizers or {}
    with model_scope(scope, "BatchNorm", inputs, reuse) as opened:
        arguments = {
            "axis": 1 if _first(data_format) else -1,
            "momentum": decay,
            "epsilon": epsilon,
            "center": center,
            "scale": scale,
            **{f"{name}_initializer": start for name, start in starts.items()},
            "beta_regularizer": penalties.get("beta"),
            "gamma_regularizer": penalties.get("gamma"),
            "trainable": trainable,
            "fused": fused,
            **more,
        }
        layer, outputs = applied(layers.BatchNormalization, arguments, inputs, opened, reuse, training=is_training)
        collect_variables(layer, _OF_LAYER, variables_collections)
        return finished(outputs, activation_fn, outputs_collections, opened)


class _Update:
    """How the moving averages follow the batch's moments."""

    def __init__(self, averages: list, decay: Any, zero_debias: bool, collections: Any, is_training: Any) -> None:
        self.averages, self.is_training = averages, is_training
        self._decay, self._zero_debias, self._collections = decay, zero_debias, collections

    def _moved(self, moments: Sequence[Tensor]) -> list[Tensor]:
        return [
            assign_moving_average(average, moment, self._decay, zero_debias=debias)
            for average, moment, debias in zip(self.averages, moments, (self._zero_debias, False), strict=True)
        ]

    def follow(self, moments: Sequence[Tensor], results: Sequence[Tensor]) -> Sequence[Tensor]:
        """Let the averages follow in training; `results` wait for that where it is done at once."""
        if known(self.is_training) is False:
            return results
        if self._collections is None:

            def at_once() -> list[Tensor]:
                with control_dependencies(self._moved(moments)):
                    return [basic.identity(result) for result in results]

            chosen = smart_cond(self.is_training, at_once, lambda: [basic.identity(result) for result in results])
            return chosen if isinstance(chosen, list) else [chosen]
        updates = smart_cond(
            self.is_training,
            lambda: self._moved(moments),
            lambda: [convert_to_tensor(average) for average in self.averages],
        )
        for update in updates:
            add_to_collections(self._collections, update)
        return results


def _fused(inputs: Tensor, gamma: Any, beta: Any, update: _Update, epsilon: float, data_format: str) -> Tensor:
    """Normalised by one op; matrices go through it as images of one pixel."""
    mean, variance = update.averages
    length = mean.shape.as_list()
    flat = inputs.shape.ndims == 2
    of_one_pixel = [-1, *length, 1, 1] if _first(data_format) else [-1, 1, 1, *length]
    images = basic.reshape(inputs, of_one_pixel) if flat else inputs
    scale = constant(1.0, mean.dtype, length) if gamma is None else gamma
    offset = constant(0.0, mean.dtype, length) if beta is None else beta

    def normalised(training: bool) -> list[Tensor]:
        given = {} if training else {"mean": mean, "variance": variance}
        return list(
            normalization.fused_batch_norm(
                images, scale, offset, **given, epsilon=epsilon, data_format=data_format, is_training=training
            )
        )

    outputs, *moments = smart_cond(update.is_training, lambda: normalised(True), lambda: normalised(False))
    (outputs,) = update.follow(moments, [outputs])
    if not flat:
        return outputs
    rows, columns = inputs.shape.as_list()
    return basic.reshape(outputs, [-1 if rows is None else rows, columns])


def _plain(
    inputs: Tensor, gamma: Any, beta: Any, update: _Update, epsilon: float, data_format: str, batch_weights: Any
) -> Tensor:
    """Normalised op by op, with rows weighed where they have weights."""
    rank = inputs.shape.ndims or 0
    channel = 1 if _first(data_format) and rank > 2 else rank - 1
    axes = [axis for axis in range(rank) if axis != channel]
    averages = [convert_to_tensor(average) for average in update.averages]
    mean, variance = averages
    if known(update.is_training) is not False:
        moments = _moments(inputs, axes, batch_weights)
        wide = [basic.cast(moment, average.dtype) for moment, average in zip(moments, averages, strict=True)]
        wide = list(update.follow(wide, wide))
        mean, variance = smart_cond(update.is_training, lambda: wide, lambda: averages)

    def spread(v: Any) -> Any:
        fits = v is None or channel == rank - 1
        return v if fits else basic.reshape(v, [-1 if axis == channel else 1 for axis in range(rank)])

    return normalization.batch_normalization(
        inputs, spread(mean), spread(variance), spread(beta), spread(gamma), epsilon
    )


def _moments(inputs: Tensor, axes: list[int], batch_weights: Any) -> tuple[Tensor, Tensor]:
    if batch_weights is None:
        return normalization.moments(inputs, axes)
    weights = basic.reshape(basic.cast(batch_weights, inputs.dtype), [-1] + [1] * (len(inputs.shape) - 1))
    return normalization.weighted_moments(inputs, axes, weights)


@add_arg_scope
def layer_norm(
    inputs: Any,
    center: bool = True,
    scale: bool = True,
    activation_fn: Function | None = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    begin_norm_axis: int = 1,
    begin_params_axis: int = -1,
    scope: Any = None,
) -> Tensor:
    """Inputs normalised over the axes from `begin_norm_axis` on, then scaled and shifted.

    Variables: `beta` (`center`) and `gamma` (`scale`), of the inputs' shape from `begin_params_axis` on, in `scope` or
    "LayerNorm". Raises ValueError for unknown ranks or lengths, and axes that are not there. Ba et al. (2016).
    """
    with variable_scope(scope, "LayerNorm", [inputs], reuse=reuse) as opened:
        inputs = convert_to_tensor(inputs)
        shape, rank = inputs.shape, inputs.shape.ndims
        if rank is None:
            raise ValueError(f"Inputs {inputs.name} has undefined rank.")
        if begin_norm_axis < 0:
            begin_norm_axis += rank
        if begin_params_axis >= rank or begin_norm_axis >= rank:
            raise ValueError(
                f"begin_params_axis ({begin_params_axis}) and begin_norm_axis ({begin_norm_axis}) must be < "
                f"rank(inputs) ({rank})"
            )
        own = shape[begin_params_axis:]
        if not own.is_fully_defined():
            raise ValueError(f"Inputs {inputs.name}: shape(inputs)[{begin_params_axis}:] is not fully defined: {shape}")
        parameters = _Parameters(own, inputs.dtype.base_dtype, variables_collections, trainable)
        beta, gamma = parameters.make("beta", center), parameters.make("gamma", scale)
        mean, variance = normalization.moments(inputs, list(range(begin_norm_axis, rank)), keepdims=True)
        epsilon = 1e-3 if inputs.dtype is float16 else 1e-12  # which float16 would round to zero
        outputs = normalization.batch_normalization(inputs, mean, variance, beta, gamma, epsilon)
        outputs.set_shape(shape)
        return finished(outputs, activation_fn, outputs_collections, opened)


@add_arg_scope
def instance_norm(
    inputs: Any,
    center: bool = True,
    scale: bool = True,
    epsilon: float = 1e-06,
    activation_fn: Function | None = None,
    param_initializers: dict | None = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    data_format: str = "NHWC",
    scope: Any = None,
) -> Tensor:
    """Each channel of each image normalised by its own moments. Ulyanov et al., Instance Normalization (2016).

    Variables: `beta` (`center`) and `gamma` (`scale`), of one value per channel, in `scope` or "InstanceNorm".
    """
    first, rank = _first(data_format), inputs.shape.ndims
    if rank is None:
        raise ValueError(f"Inputs {inputs.name} has undefined rank.")
    with variable_scope(scope, "InstanceNorm", [inputs], reuse=reuse) as opened:
        channel = 1 if first else rank - 1
        length = inputs.shape.as_list()[channel]
        if length is None:
            raise ValueError(f"Inputs {inputs.name} has undefined channels dimension {inputs.shape}.")
        parameters = _Parameters(
            [length], inputs.dtype.base_dtype, variables_collections, trainable, param_initializers
        )
        spread = [length if axis == channel else 1 for axis in range(rank)]
        beta, gamma = (
            v if v is None or not first else basic.reshape(v, spread)
            for v in (parameters.make("beta", center), parameters.make("gamma", scale))
        )
        axes = [axis for axis in range(1, rank) if axis != channel]
        mean, variance = normalization.moments(inputs, axes, keepdims=True)
        outputs = normalization.batch_normalization(inputs, mean, variance, beta, gamma, epsilon, name="instancenorm")
        outputs.set_shape(inputs.shape)
        return finished(outputs, activation_fn, outputs_collections, opened)


@add_arg_scope
def group_norm(
    inputs: Any,
    groups: int = 32,
    channels_axis: int = -1,
    reduction_axes: Sequence[int] = (-3, -2),
    center: bool = True,
    scale: bool = True,
    epsilon: float = 1e-6,
    activation_fn: Function | None = None,
    param_initializers: dict | None = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
    mean_close_to_zero: bool = False,
) -> Tensor:
    """Groups of channels normalised together, over `reduction_axes` too. Wu and He, Group Normalization (2018).

    Variables: `beta` (`center`) and `gamma` (`scale`), of one value per channel, in `scope` or "GroupNorm". Raises
    ValueError for unknown channels, a number of them that is no multiple of `groups`, or axes that are not there.
    `mean_close_to_zero` chooses another way to the same moments in TensorFlow, and nothing here.
    """
    inputs = convert_to_tensor(inputs)
    rank = inputs.shape.ndims
    if rank is None:
        raise ValueError(f"Inputs {inputs.name} has undefined rank.")
    if not all(-rank <= axis < rank for axis in (channels_axis, *reduction_axes)):
        raise ValueError(f"Axis is out of bounds. {inputs.name} has {rank}; given: {channels_axis}, {reduction_axes}")
    channel, reduced = channels_axis % rank, sorted({axis % rank for axis in reduction_axes})
    if channel in reduced:
        raise ValueError(
            f"reduction_axis must be mutually exclusive with channels_axis: {reduction_axes} {channels_axis}"
        )
    known_sizes = inputs.shape.as_list()
    length = known_sizes[channel]
    if length is None:
        raise ValueError(f"Inputs {inputs.name} has undefined channel dimension: {channels_axis}.")
    if groups > length:
        raise ValueError(f"Invalid groups {groups} for {length} channels.")
    if length % groups:
        raise ValueError(f"{length} channels is not commensurate with {groups} groups.")
    sizes = [basic.shape(inputs)[i] if size is None else size for i, size in enumerate(known_sizes)]
    grouped = [groups, length // groups]
    split = basic.reshape(inputs, [*sizes[:channel], *grouped, *sizes[channel + 1 :]])
    axes = sorted([channel + 1, *(axis if axis < channel else axis + 1 for axis in reduced)])
    own = [1] * channel + grouped + [1] * (rank - channel - 1)
    with variable_scope(scope, "GroupNorm", [inputs], reuse=reuse) as opened:
        dtype = inputs.dtype.base_dtype
        parameters = _Parameters([length], dtype, variables_collections, trainable, param_initializers)
        beta, gamma = parameters.make("beta", center), parameters.make("gamma", scale)
        beta, gamma = (None if v is None else basic.reshape(v, own) for v in (beta, gamma))
        mean, variance = normalization.moments(split, axes, keepdims=True)
        slope = rsqrt(variance + epsilon)
        shift = -mean * slope
        if gamma is not None:
            slope, shift = slope * gamma, shift * gamma
        if beta is not None:
            shift += beta
        outputs = basic.reshape(split * slope + shift, sizes)
        outputs.set_shape(inputs.shape)
        return finished(outputs, activation_fn, outputs_collections, opened)


__all__ = ["batch_norm", "group_norm", "instance_norm", "layer_norm"]
