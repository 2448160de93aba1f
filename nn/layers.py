"""tf.layers: dense, convolution, pooling, dropout and normalisation layers, as classes and as functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from ..engine.build import constant, convert_to_tensor
from ..engine.dtypes import bfloat16, float16, float32
from ..engine.graph import Tensor
from ..engine.ops.array import pad, stack, transpose
from ..engine.ops.basic import cast, expand_dims, identity, reshape, squeeze
from ..engine.ops.basic import shape as shape_of
from ..engine.ops.linalg import matmul, tensordot
from ..engine.ops.nn import bias_add
from ..engine.ops.pool import avg_pool, max_pool
from ..engine.ops.volumes import avg_pool3d, max_pool3d
from ..engine.shapes import TensorShape, as_shape
from ..scopes.initializers import ones_initializer, zeros_initializer
from ..scopes.scope import get_variable_scope
from . import convolutions, normalization
from .activations import Activation, activation_of
from .dense import dropout as drop_out
from .layer import Layer, builder, channels, functional
from .moving_average import moved_towards
from .weights import known, smart_cond

Initializer = Any
Regularizer = Callable[[Any], Any]
Constraint = Callable[[Any], Any]

_ZEROS, _ONES = zeros_initializer(), ones_initializer()


def _activated(x: Tensor, activation: Callable[[Any], Any] | None) -> Tensor:
    return x if activation is None else activation(x)


# -- dense ----------------------------------------------------------------------------------------------------------


class Dense(Layer):
    """activation(inputs @ kernel + bias), over the last dimension of the inputs.

    Variables: `kernel` [in, units], Glorot uniform by default, and `bias` [units]. Raises ValueError for inputs whose
    last dimension is unknown, TypeError for inputs that are no floats.
    """

    def __init__(
        self,
        units: int,
        activation: Activation | None = None,
        use_bias: bool = True,
        kernel_initializer: Initializer = None,
        bias_initializer: Initializer = _ZEROS,
        kernel_regularizer: Regularizer | None = None,
        bias_regularizer: Regularizer | None = None,
        activity_regularizer: Regularizer | None = None,
        kernel_constraint: Constraint | None = None,
        bias_constraint: Constraint | None = None,
        trainable: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(trainable=trainable, name=name, activity_regularizer=activity_regularizer, **kwargs)
        self.units = int(units)
        self.activation = activation_of(activation)
        self.use_bias = use_bias
        self.kernel_initializer, self.bias_initializer = kernel_initializer, bias_initializer
        self.kernel_regularizer, self.bias_regularizer = kernel_regularizer, bias_regularizer
        self.kernel_constraint, self.bias_constraint = kernel_constraint, bias_constraint
        self.kernel: Any = None
        self.bias: Any = None

    min_ndim = 2

    @builder
    def build(self, input_shape: TensorShape) -> None:
        if self._dtype is None or not self._dtype.is_floating:
            raise TypeError(
                f"A Dense layer can only be built with a floating-point dtype. Received: dtype={self._dtype}"
            )
        length = input_shape.as_list()[-1] if input_shape.ndims else None
        if length is None:
            raise ValueError(
                "The last dimension of the inputs to a Dense layer should be defined. Found None. "
                f"Full input shape received: {input_shape}"
            )
        self._channels = (-1, length)
        self.kernel = self.add_weight(
            "kernel",
            [length, self.units],
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        if self.use_bias:
            self.bias = _bias(self, self.units)

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """The inputs' shape with `units` last. Raises ValueError where the last dimension is unknown."""
        sizes = as_shape(input_shape).with_rank_at_least(2)
        if sizes.ndims is None or sizes.as_list()[-1] is None:
            raise ValueError(f"The innermost dimension of input_shape must be defined, but saw: {input_shape}")
        return sizes[:-1].concatenate([self.units])

    def call(self, inputs: Tensor) -> Tensor:
        rank = inputs.shape.ndims
        if rank is None or rank == 2:
            outputs = matmul(inputs, self.kernel)
        else:
            outputs = tensordot(inputs, self.kernel, [[rank - 1], [0]])
            outputs.set_shape(inputs.shape[:-1].concatenate([self.units]))
        if self.use_bias:
            outputs = bias_add(outputs, self.bias)
        return _activated(outputs, self.activation)


def _bias(layer: Any, length: int) -> Any:
    """The variable `bias` of a layer with the attributes bias_initializer, _regularizer and _constraint."""
    return layer.add_weight(
        "bias",
        [length],
        initializer=layer.bias_initializer,
        regularizer=layer.bias_regularizer,
        constraint=layer.bias_constraint,
    )


# -- convolution ----------------------------------------------------------------------------------------------------


def _numbers(value: Any, count: int, name: str) -> tuple[int, ...]:
    """`count` integers from one or as many. Raises ValueError for another number of them."""
    values = tuple(int(v) for v in np.ravel(value))
    if len(values) == 1 and np.ndim(value) == 0:
        return values * count
    if len(values) != count:
        raise ValueError(f"The `{name}` argument must be a tuple of {count} integers. Received: {value}")
    return values


def _padding(value: str, causal: bool = False) -> str:
    normal = value.lower()
    if normal not in ("valid", "same", *(["causal"] if causal else [])):
        names = '"valid", "same" (or "causal", only for `Conv1D)'
        raise ValueError(f"The `padding` argument must be a list/tuple or one of {names}. Received: {value}")
    return normal


def _channels_first(data_format: str) -> bool:
    if data_format not in ("channels_first", "channels_last"):
        names = '"channels_first", "channels_last"'
        raise ValueError(f"The `data_format` argument must be one of {names}. Received: {data_format}")
    return data_format == "channels_first"


_LAYOUTS = {1: ("NWC", "NCW"), 2: ("NHWC", "NCHW"), 3: ("NDHWC", "NCDHW")}  # with the channels last, and first


class _Conv(Layer):
    """What convolution layers of one to three dimensions share. Variables: `kernel` [..., in, filters] and `bias`."""

    rank = 2

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str = "channels_last",
        dilation_rate: Any = 1,
        activation: Activation | None = None,
        use_bias: bool = True,
        kernel_initializer: Initializer = None,
        bias_initializer: Initializer = _ZEROS,
        kernel_regularizer: Regularizer | None = None,
        bias_regularizer: Regularizer | None = None,
        activity_regularizer: Regularizer | None = None,
        kernel_constraint: Constraint | None = None,
        bias_constraint: Constraint | None = None,
        trainable: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(trainable=trainable, name=name, activity_regularizer=activity_regularizer, **kwargs)
        self.filters = int(filters)
        self.kernel_size = _numbers(kernel_size, self.rank, "kernel_size")
        self.strides = _numbers(strides, self.rank, "strides")
        self.padding = _padding(padding, causal=self.rank == 1)
        self.data_format = data_format
        self.dilation_rate = _numbers(dilation_rate, self.rank, "dilation_rate")
        self.activation = activation_of(activation)
        self.use_bias = use_bias
        self.kernel_initializer, self.bias_initializer = kernel_initializer, bias_initializer
        self.kernel_regularizer, self.bias_regularizer = kernel_regularizer, bias_regularizer
        self.kernel_constraint, self.bias_constraint = kernel_constraint, bias_constraint
        self._first = _channels_first(data_format)
        self._layout = _LAYOUTS[self.rank][self._first]
        self.min_ndim = self.rank + 2
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                "`strides > 1` not supported in conjunction with `dilation_rate > 1`. "
                f"Received: strides={self.strides} and dilation_rate={self.dilation_rate}"
            )

    @builder
    def build(self, input_shape: TensorShape) -> None:
        depth = self._depth(input_shape)
        self.kernel = self.add_weight(
            "kernel",
            self._kernel_shape(depth),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = _bias(self, self.filters) if self.use_bias else None

    def _depth(self, input_shape: TensorShape) -> int:
        axis = 1 if self._first else -1
        depth = channels(input_shape, axis)
        self._channels = (axis, depth)
        return depth

    def _kernel_shape(self, depth: int) -> list[int]:
        return [*self.kernel_size, depth, self.filters]

    def call(self, inputs: Tensor) -> Tensor:
        padding = self.padding
        if padding == "causal":
            inputs, padding = self._shifted(inputs), "valid"
        return self._finished(
            convolutions.convolution(
                inputs,
                self.kernel,
                padding.upper(),
                self.strides,
                self.dilation_rate,
                name=type(self).__name__,
                data_format=self._layout,
            )
        )

    def _shifted(self, inputs: Tensor) -> Tensor:
        """Inputs with zeros in front, so that an output sees nothing that comes after it."""
        before = [self.dilation_rate[0] * (self.kernel_size[0] - 1), 0]
        return pad(inputs, [[0, 0], [0, 0], before] if self._first else [[0, 0], before, [0, 0]])

    def _finished(self, outputs: Tensor) -> Tensor:
        if self.use_bias:
            outputs = bias_add(outputs, self.bias, "NCHW" if self._first else "NHWC")
        return _activated(outputs, self.activation)


class Conv1D(_Conv):
    """Sequences [batch, steps, channels] convolved with `filters` kernels of `kernel_size` steps."""

    rank = 1


class Conv2D(_Conv):
    """Images [batch, height, width, channels] convolved with `filters` kernels of `kernel_size`."""


class Conv3D(_Conv):
    """Volumes [batch, depth, height, width, channels] convolved with `filters` kernels of `kernel_size`."""

    rank = 3


class Conv2DTranspose(_Conv):
    """A convolution run backwards: images grow by `strides`. Variables: `kernel` [h, w, filters, in] and `bias`."""

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1),
        padding: str = "valid",
        data_format: str = "channels_last",
        activation: Activation | None = None,
        use_bias: bool = True,
        kernel_initializer: Initializer = None,
        bias_initializer: Initializer = _ZEROS,
        kernel_regularizer: Regularizer | None = None,
        bias_regularizer: Regularizer | None = None,
        activity_regularizer: Regularizer | None = None,
        kernel_constraint: Constraint | None = None,
        bias_constraint: Constraint | None = None,
        trainable: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters, kernel_size, strides, padding, data_format, 1, activation, use_bias, kernel_initializer,
            bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint,
            bias_constraint, trainable, name, **kwargs,
        )  # fmt: skip

    def _kernel_shape(self, depth: int) -> list[int]:
        return [*self.kernel_size, self.filters, depth]

    def call(self, inputs: Tensor) -> Tensor:
        sizes = shape_of(inputs)
        batch, h = sizes[0], 2 if self._first else 1
        known = inputs.shape.as_list()
        grown = [
            self._grown(sizes[h + i] if known[h + i] is None else known[h + i], window, stride)
            for i, (window, stride) in enumerate(zip(self.kernel_size, self.strides, strict=True))
        ]
        output_shape = stack([batch, self.filters, *grown] if self._first else [batch, *grown, self.filters])
        _ = output_shape[0]  # TensorFlow makes these operations too, and seeds that count operations count them
        outputs = convolutions.conv2d_transpose(
            inputs, self.kernel, output_shape, self.strides, self.padding.upper(), self._layout
        )
        return self._finished(outputs)

    def _grown(self, length: Any, window: int, stride: int) -> Any:
        grown = length * stride
        return grown + max(window - stride, 0) if self.padding == "valid" else grown


class SeparableConv2D(_Conv):
    """A convolution of each channel alone, then one of 1x1 across channels.

    Variables: `depthwise_kernel` [h, w, in, depth_multiplier], `pointwise_kernel` [1, 1, in * depth_multiplier,
    filters] and `bias`.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1),
        padding: str = "valid",
        data_format: str = "channels_last",
        dilation_rate: Any = (1, 1),
        depth_multiplier: int = 1,
        activation: Activation | None = None,
        use_bias: bool = True,
        depthwise_initializer: Initializer = None,
        pointwise_initializer: Initializer = None,
        bias_initializer: Initializer = _ZEROS,
        depthwise_regularizer: Regularizer | None = None,
        pointwise_regularizer: Regularizer | None = None,
        bias_regularizer: Regularizer | None = None,
        activity_regularizer: Regularizer | None = None,
        depthwise_constraint: Constraint | None = None,
        pointwise_constraint: Constraint | None = None,
        bias_constraint: Constraint | None = None,
        trainable: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters, kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias, None,
            bias_initializer, None, bias_regularizer, activity_regularizer, None, bias_constraint, trainable, name,
            **kwargs,
        )  # fmt: skip
        self.depth_multiplier = int(depth_multiplier)
        self._depthwise = (depthwise_initializer, depthwise_regularizer, depthwise_constraint)
        self._pointwise = (pointwise_initializer, pointwise_regularizer, pointwise_constraint)

    @builder
    def build(self, input_shape: TensorShape) -> None:
        depth = self._depth(input_shape)
        deep = [*self.kernel_size, depth, self.depth_multiplier]
        self.depthwise_kernel = self._kernel_weight("depthwise_kernel", deep, *self._depthwise)
        mixing = [1, 1, depth * self.depth_multiplier, self.filters]
        self.pointwise_kernel = self._kernel_weight("pointwise_kernel", mixing, *self._pointwise)
        self.bias = _bias(self, self.filters) if self.use_bias else None

    def _kernel_weight(self, name: str, shape: list[int], initializer: Any, regularizer: Any, constraint: Any) -> Any:
        return self.add_weight(name, shape, initializer=initializer, regularizer=regularizer, constraint=constraint)

    def call(self, inputs: Tensor) -> Tensor:
        return self._finished(
            convolutions.separable_conv2d(
                inputs,
                self.depthwise_kernel,
                self.pointwise_kernel,
                self.strides,
                self.padding.upper(),
                self.dilation_rate,
                data_format=self._layout,
            )
        )


# -- pooling --------------------------------------------------------------------------------------------------------


class _Pooling(Layer):
    """What pooling layers of one to three dimensions share."""

    rank = 2
    pool: Callable[..., Tensor]

    def __init__(
        self,
        pool_size: Any,
        strides: Any,
        padding: str = "valid",
        data_format: str = "channels_last",
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.pool_size = _numbers(pool_size, self.rank, "pool_size")
        self.strides = _numbers(pool_size if strides is None else strides, self.rank, "strides")
        self.padding = _padding(padding)
        self.data_format = data_format
        self._first = _channels_first(data_format)
        self.min_ndim = self.rank + 2

    def call(self, inputs: Tensor) -> Tensor:
        layout, added = _LAYOUTS[max(self.rank, 2)][self._first], 3 if self._first else 2
        if self.rank > 1:
            return self.pool(inputs, self.pool_size, self.strides, self.padding.upper(), data_format=layout)
        images = expand_dims(inputs, added)
        window, moves = (*self.pool_size, 1), (*self.strides, 1)
        return squeeze(self.pool(images, window, moves, self.padding.upper(), data_format=layout), [added])


class MaxPooling1D(_Pooling):
    """The greatest of each `pool_size` steps, `strides` apart."""

    rank = 1
    pool = staticmethod(max_pool)


class MaxPooling2D(_Pooling):
    """The greatest value in each window of `pool_size`, `strides` apart."""

    pool = staticmethod(max_pool)


class AveragePooling1D(_Pooling):
    """The mean of each `pool_size` steps, `strides` apart."""

    rank = 1
    pool = staticmethod(avg_pool)


class AveragePooling2D(_Pooling):
    """The mean of each window of `pool_size`, `strides` apart."""

    pool = staticmethod(avg_pool)


class MaxPooling3D(_Pooling):
    """The greatest value in each window of `pool_size` (depth, height, width), `strides` apart."""

    rank = 3
    pool = staticmethod(max_pool3d)


class AveragePooling3D(_Pooling):
    """The mean of each window of `pool_size` (depth, height, width), `strides` apart."""

    rank = 3
    pool = staticmethod(avg_pool3d)


# -- flatten and dropout --------------------------------------------------------------------------------------------


class Flatten(Layer):
    """All dimensions but the first made one. With channels first, they are moved last before."""

    min_ndim = 1

    def __init__(self, data_format: str | None = None, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self._first = _channels_first(data_format or "channels_last")

    def call(self, inputs: Tensor) -> Tensor:
        ndims = inputs.shape.ndims
        if self._first and ndims is not None and ndims > 2:
            inputs = _channels_moved_last(inputs)
        rest = inputs.shape[1:].num_elements() if ndims is not None else None
        if rest is not None:
            return reshape(inputs, constant([-1, rest]))
        outputs = reshape(inputs, (shape_of(inputs)[0], -1))
        outputs.set_shape([inputs.shape.as_list()[0] if ndims else None, None])
        return outputs


def _channels_moved_last(x: Tensor) -> Tensor:
    rank = x.shape.ndims or 0
    return transpose(x, [0, *range(2, rank), 1])


class Dropout(Layer):
    """In training, `rate` of the inputs set to zero and the others divided by 1 - rate; else the inputs."""

    def __init__(
        self, rate: Any = 0.5, noise_shape: Any = None, seed: int | None = None, name: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(name=name, **kwargs)
        if isinstance(rate, (int, float)) and not 0 <= rate <= 1:
            raise ValueError(f"Invalid value {rate} received for `rate`, expected a value between 0 and 1.")
        self.rate, self.noise_shape, self.seed = rate, noise_shape, seed

    def call(self, inputs: Tensor, training: Any = False) -> Tensor:
        def dropped() -> Tensor:
            return drop_out(inputs, noise_shape=self.noise_shape, seed=self.seed, rate=self.rate)

        return smart_cond(training, dropped, lambda: identity(inputs))


# -- batch normalization --------------------------------------------------------------------------------------------


class BatchNormalization(Layer):
    """Inputs normalised over all axes but `axis`: by the batch's moments in training, else by moving averages of them.

    `axis` may name several axes. Variables: `gamma`, `beta` (where `scale` and `center`), and `moving_mean`,
    `moving_variance`, of the length of the axis, or for several of the inputs' rank with ones elsewhere. Training
    updates the last two by the operations in UPDATE_OPS: average -= (average - new) * (1 - momentum). `fused` (by
    default where the inputs are images) does it in one op, whose variance has Bessel's correction. The arguments about
    renormalization and virtual batches are not offered. Ioffe and Szegedy (2015).
    """

    min_ndim = 1

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Initializer = _ZEROS,
        gamma_initializer: Initializer = _ONES,
        moving_mean_initializer: Initializer = _ZEROS,
        moving_variance_initializer: Initializer = _ONES,
        beta_regularizer: Regularizer | None = None,
        gamma_regularizer: Regularizer | None = None,
        beta_constraint: Constraint | None = None,
        gamma_constraint: Constraint | None = None,
        renorm: bool = False,
        renorm_clipping: Any = None,
        renorm_momentum: float = 0.99,
        fused: bool | None = None,
        trainable: bool = True,
        virtual_batch_size: int | None = None,
        adjustment: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(trainable=trainable, name=name, **kwargs)
        if renorm or virtual_batch_size is not None or adjustment is not None:
            raise NotImplementedError("batch_normalization: renorm, virtual_batch_size and adjustment are not offered")
        self.axis = tuple(int(a) for a in np.ravel(axis))
        self.momentum, self.epsilon = momentum, epsilon
        self.center, self.scale, self.fused = center, scale, fused
        self._gamma = (gamma_initializer, gamma_regularizer, gamma_constraint)
        self._beta = (beta_initializer, beta_regularizer, beta_constraint)
        self._moving = (moving_mean_initializer, moving_variance_initializer)

    @builder
    def build(self, input_shape: TensorShape) -> None:
        rank = input_shape.ndims
        if rank is None:
            raise ValueError("Input has undefined rank.")
        axes = tuple(axis + rank if axis < 0 else axis for axis in self.axis)
        if not all(0 <= axis < rank for axis in axes):
            raise ValueError(
                "Invalid value for `axis` argument. Expected 0 <= axis < inputs.rank "
                f"(with inputs.rank={rank}). Received: axis={self.axis}"
            )
        if len(set(axes)) != len(axes):
            raise ValueError(f"Duplicate axis: {self.axis}")
        self.axis = axes
        lengths = {axis: input_shape.as_list()[axis] for axis in axes}
        known_lengths = {axis: length for axis, length in lengths.items() if length is not None}
        if known_lengths != lengths:
            raise ValueError(f"Input has undefined `axis` dimension. Received input with shape {input_shape}.")
        if self.fused is None:
            self.fused = rank == 4 and axes in ((1,), (3,))
        elif self.fused and not (rank == 4 and axes in ((1,), (3,))):
            raise ValueError("A fused batch normalization needs inputs of rank 4 and `axis` 1 or 3.")
        self._spread = [known_lengths.get(i, 1) for i in range(rank)]
        if len(axes) == 1:
            self._channels = (axes[0], known_lengths[axes[0]])
        self._make_variables(list(known_lengths.values()) if len(axes) == 1 else self._spread)

    def _make_variables(self, shape: list[int]) -> None:
        dtype = float32 if self._dtype in (float16, bfloat16, None) else self._dtype

        def make(name: str, initializer: Any, regularizer: Any, constraint: Any, trainable: bool = True) -> Any:
            return self.add_weight(name, shape, dtype, initializer, regularizer, trainable, constraint)

        self.gamma = make("gamma", *self._gamma) if self.scale else None
        self.beta = make("beta", *self._beta) if self.center else None
        get_variable_scope().set_partitioner(None)  # averages are assigned to, so they stay in one piece
        self.moving_mean = make("moving_mean", self._moving[0], None, None, trainable=False)
        self.moving_variance = make("moving_variance", self._moving[1], None, None, trainable=False)

    def call(self, inputs: Tensor, training: Any = False) -> Tensor:
        return self._fused_call(inputs, training) if self.fused else self._plain_call(inputs, training)

    def _fused_call(self, inputs: Tensor, training: Any) -> Tensor:
        layout, dtype = "NCHW" if self.axis == (1,) else "NHWC", self.moving_mean.dtype
        length = self.moving_mean.shape.as_list()
        beta = self.beta if self.center else constant(0.0, dtype, shape=length)
        gamma = self.gamma if self.scale else constant(1.0, dtype, shape=length)

        def normalised(is_training: bool) -> tuple[Tensor, Tensor, Tensor]:
            return normalization.fused_batch_norm(
                inputs, gamma, beta, self.moving_mean, self.moving_variance, self.epsilon, layout, is_training
            )

        outputs, mean, variance = smart_cond(training, lambda: normalised(True), lambda: normalised(False))
        if known(training) is not False:
            momentum = smart_cond(training, lambda: constant(self.momentum, dtype), lambda: constant(1.0, dtype))
            for variable, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
                self.add_update(moved_towards(variable, value, momentum), inputs=True)
        return outputs

    def _plain_call(self, inputs: Tensor, training: Any) -> Tensor:
        rank = inputs.shape.ndims or 0
        axes = [i for i in range(rank) if i not in self.axis]
        fits = len(self.axis) > 1 or self.axis == (rank - 1,)

        def broadcast(v: Any) -> Any:
            return v if v is None or fits else reshape(v, self._spread)

        gamma, beta = broadcast(self.gamma), broadcast(self.beta)
        if known(training) is not False:
            mean, variance = self._batch_moments(inputs, axes, training)
        else:
            mean, variance = self.moving_mean, self.moving_variance
        mean, variance = broadcast(mean), broadcast(variance)
        outputs = normalization.batch_normalization(inputs, mean, variance, beta, gamma, self.epsilon)
        outputs.set_shape(inputs.shape)
        return outputs

    def _batch_moments(self, inputs: Tensor, axes: list[int], training: Any) -> tuple[Tensor, Tensor]:
        """The moments to normalise by, with the updates of the moving averages towards them."""
        moving = (self.moving_mean, self.moving_variance)

        def used(batch_value: Tensor, variable: Any) -> Tensor:
            value = cast(batch_value, variable.dtype)
            return smart_cond(training, lambda: value, lambda: convert_to_tensor(variable))

        def update(variable: Any, value: Tensor) -> Any:
            moved = partial(moved_towards, variable, value, self.momentum)
            return smart_cond(training, moved, lambda: convert_to_tensor(variable))

        moments = normalization.moments(inputs, axes, keepdims=len(self.axis) > 1)
        mean, variance = (used(*pair) for pair in zip(moments, moving, strict=True))
        for variable, value in zip(moving, (mean, variance), strict=True):
            self.add_update(update(variable, value), inputs=True)
        return mean, variance


# -- as functions ---------------------------------------------------------------------------------------------------

dense = functional(Dense)
conv1d = functional(Conv1D)
conv2d = functional(Conv2D)
conv3d = functional(Conv3D)
conv2d_transpose = functional(Conv2DTranspose)
separable_conv2d = functional(SeparableConv2D)
max_pooling1d = functional(MaxPooling1D, with_reuse=False)
max_pooling2d = functional(MaxPooling2D, with_reuse=False)
max_pooling3d = functional(MaxPooling3D, with_reuse=False)
average_pooling1d = functional(AveragePooling1D, with_reuse=False)
average_pooling2d = functional(AveragePooling2D, with_reuse=False)
average_pooling3d = functional(AveragePooling3D, with_reuse=False)


def flatten(inputs: Any, name: str | None = None, data_format: str = "channels_last") -> Tensor:
    """All dimensions but the first made one."""
    return Flatten(data_format, name=name)(inputs)


def dropout(
    inputs: Any,
    rate: Any = 0.5,
    noise_shape: Any = None,
    seed: int | None = None,
    training: Any = False,
    name: str | None = None,
) -> Tensor:
    """`Dropout`, applied: active where `training` (a bool or a boolean tensor) is true."""
    return Dropout(rate, noise_shape, seed, name)(inputs, training=training)


def batch_normalization(
    inputs: Any,
    axis: int | Sequence[int] = -1,
    momentum: float = 0.99,
    epsilon: float = 1e-3,
    center: bool = True,
    scale: bool = True,
    beta_initializer: Initializer = _ZEROS,
    gamma_initializer: Initializer = _ONES,
    moving_mean_initializer: Initializer = _ZEROS,
    moving_variance_initializer: Initializer = _ONES,
    beta_regularizer: Regularizer | None = None,
    gamma_regularizer: Regularizer | None = None,
    beta_constraint: Constraint | None = None,
    gamma_constraint: Constraint | None = None,
    training: Any = False,
    trainable: bool = True,
    name: str | None = None,
    reuse: Any = None,
    renorm: bool = False,
    renorm_clipping: Any = None,
    renorm_momentum: float = 0.99,
    fused: bool | None = None,
    virtual_batch_size: int | None = None,
    adjustment: Any = None,
) -> Tensor:
    """`BatchNormalization`, applied. Run the operations in UPDATE_OPS with each training step."""
    layer = BatchNormalization(
        axis, momentum, epsilon, center, scale, beta_initializer, gamma_initializer, moving_mean_initializer,
        moving_variance_initializer, beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint, renorm,
        renorm_clipping, renorm_momentum, fused, trainable, virtual_batch_size, adjustment, name,
        _scope=name, _reuse=reuse,
    )  # fmt: skip
    return layer(inputs, training=training)


__all__ = [
    "AveragePooling1D", "AveragePooling2D", "AveragePooling3D", "BatchNormalization", "Conv1D", "Conv2D",
    "Conv2DTranspose", "Conv3D", "Dense", "Dropout", "Flatten", "Layer", "MaxPooling1D", "MaxPooling2D",
    "MaxPooling3D", "SeparableConv2D", "average_pooling1d", "average_pooling2d", "average_pooling3d",
    "batch_normalization", "conv1d", "conv2d", "conv2d_transpose", "conv3d", "dense", "dropout", "flatten",
    "max_pooling1d", "max_pooling2d", "max_pooling3d", "separable_conv2d",
]  # fmt: skip
