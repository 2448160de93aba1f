"""tf.layers: dense, convolution, pooling, dropout and normalisation layers, as classes and as functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine.build import constant
from ..engine.graph import Tensor
from ..engine.ops.array import pad, stack, transpose
from ..engine.ops.basic import expand_dims, identity, reshape, squeeze
from ..engine.ops.basic import shape as shape_of
from ..engine.ops.linalg import matmul, tensordot
from ..engine.ops.nn import bias_add
from ..engine.ops.pool import avg_pool, max_pool
from ..engine.ops.volumes import avg_pool3d, max_pool3d
from ..engine.shapes import TensorShape, as_shape
from ..scopes.initializers import zeros_initializer
from . import convolutions
from .activations import Activation, activation_of
from .batch_layers import BatchNormalization, batch_normalization
from .dense import dropout as drop_out
from .layer import Layer, builder, channels, functional
from .weights import smart_cond

Initializer = Any
Regularizer = Callable[[Any], Any]
Constraint = Callable[[Any], Any]

_ZEROS = zeros_initializer()


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
        return _activated(self._biased(outputs), self.activation)

    def _biased(self, outputs: Tensor) -> Tensor:
        return bias_add(outputs, self.bias, "NCHW" if self._first else "NHWC") if self.use_bias else outputs


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
        strides: Any = 1,
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
        batch, lengths = sizes[0], self._lengths(sizes, inputs.shape.as_list())
        grown = [self._grown(*of_one) for of_one in zip(lengths, self.kernel_size, self.strides, strict=True)]
        output_shape = stack([batch, self.filters, *grown] if self._first else [batch, *grown, self.filters])
        return self._finished(self._transposed(inputs, output_shape))

    def _lengths(self, sizes: Tensor, known: list[int | None]) -> list[Any]:
        """Height and width of the inputs."""
        h = 2 if self._first else 1
        return [sizes[axis] if known[axis] is None else known[axis] for axis in (h, h + 1)]

    def _transposed(self, inputs: Tensor, output_shape: Tensor) -> Tensor:
        _ = output_shape[0]  # TensorFlow makes these operations too, and seeds that count operations count them
        return convolutions.conv2d_transpose(
            inputs, self.kernel, output_shape, self.strides, self.padding.upper(), self._layout
        )

    def _grown(self, length: Any, window: int, stride: int) -> Any:
        grown = length * stride
        return grown + max(window - stride, 0) if self.padding == "valid" else grown


class Conv3DTranspose(Conv2DTranspose):
    """As `Conv2DTranspose`, of volumes. Variables: `kernel` [d, h, w, filters, in] and `bias`."""

    rank = 3

    def _lengths(self, sizes: Tensor, known: list[int | None]) -> list[Any]:
        """Depth, height and width of the inputs, as a run has them, since TensorFlow makes these operations."""
        d = 2 if self._first else 1
        return [sizes[axis] for axis in (d, d + 1, d + 2)]

    def _transposed(self, inputs: Tensor, output_shape: Tensor) -> Tensor:
        layout, padding = self._layout, self.padding.upper()
        strides = (1, 1, *self.strides) if self._first else (1, *self.strides, 1)
        return convolutions.conv3d_transpose(inputs, self.kernel, output_shape, strides, padding, layout)


class _SeparableConv(_Conv):
    """A convolution of each channel alone, then one of single cells across channels."""

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str = "channels_last",
        dilation_rate: Any = 1,
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
        mixing = [*(1 for _ in self.kernel_size), depth * self.depth_multiplier, self.filters]
        self.pointwise_kernel = self._kernel_weight("pointwise_kernel", mixing, *self._pointwise)
        self.bias = _bias(self, self.filters) if self.use_bias else None

    def _kernel_weight(self, name: str, shape: list[int], initializer: Any, regularizer: Any, constraint: Any) -> Any:
        return self.add_weight(name, shape, initializer=initializer, regularizer=regularizer, constraint=constraint)


class SeparableConv1D(_SeparableConv):
    """A convolution of each channel of [batch, steps, channels] alone, then one of single steps across channels.

    Variables: `depthwise_kernel` [steps, in, depth_multiplier], `pointwise_kernel` [1, in * depth_multiplier, filters]
    and `bias`.
    """

    rank = 1

    def call(self, inputs: Tensor) -> Tensor:
        padding = self.padding
        if padding == "causal":
            inputs, padding = self._shifted(inputs), "valid"
        row = 2 if self._first else 1  # the inputs become images of one row
        outputs = convolutions.separable_conv2d(
            expand_dims(inputs, row),
            expand_dims(self.depthwise_kernel, 0),
            expand_dims(self.pointwise_kernel, 0),
            self.strides * 2,
            padding.upper(),
            (1, *self.dilation_rate),
            data_format=_LAYOUTS[2][self._first],
        )
        return _activated(squeeze(self._biased(outputs), [row]), self.activation)


class SeparableConv2D(_SeparableConv):
    """A convolution of each channel alone, then one of 1x1 across channels.

    Variables: `depthwise_kernel` [h, w, in, depth_multiplier], `pointwise_kernel` [1, 1, in * depth_multiplier,
    filters] and `bias`.
    """

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


# -- as functions ---------------------------------------------------------------------------------------------------

dense = functional(Dense)
conv1d = functional(Conv1D)
conv2d = functional(Conv2D)
conv3d = functional(Conv3D)
conv2d_transpose = functional(Conv2DTranspose)
conv3d_transpose = functional(Conv3DTranspose)
separable_conv1d = functional(SeparableConv1D)
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


__all__ = [
    "AveragePooling1D", "AveragePooling2D", "AveragePooling3D", "BatchNormalization", "Conv1D", "Conv2D",
    "Conv2DTranspose", "Conv3D", "Conv3DTranspose", "Dense", "Dropout", "Flatten", "Layer", "MaxPooling1D",
    "MaxPooling2D", "MaxPooling3D", "SeparableConv1D", "SeparableConv2D", "average_pooling1d", "average_pooling2d",
    "average_pooling3d", "batch_normalization", "conv1d", "conv2d", "conv2d_transpose", "conv3d", "conv3d_transpose",
    "dense", "dropout", "flatten", "max_pooling1d", "max_pooling2d", "max_pooling3d", "separable_conv1d",
    "separable_conv2d",
]  # fmt: skip
