"""tf.contrib.layers: layers as functions, with variables called `weights` and `biases`; initializers, regularizers."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from ...engine.build import constant, convert_to_tensor
from ...engine.dtypes import int64
from ...engine.graph import Tensor, add_to_collections, op_scope
from ...engine.ops import basic
from ...engine.ops.activations import elu as elu_of
from ...engine.ops.activations import relu as relu_of
from ...engine.ops.activations import relu6 as relu6_of
from ...engine.ops.indexing import gather_nd, one_hot
from ...engine.ops.joining import concat
from ...engine.ops.linalg import matmul
from ...engine.ops.math import div, not_equal, sqrt, square, where
from ...engine.ops.nn import bias_add as add_bias
from ...engine.ops.ranges import linspace as lin_space
from ...engine.ops.rearranging import meshgrid, transpose
from ...engine.ops.reduce import reduce_max, reduce_sum
from ...engine.sparse_tensor import SparseTensor
from ...nn import convolutions, layers
from ...nn.activations import softmax as softmax_of
from ...nn.regularizers import (
    apply_regularization,
    l1_l2_regularizer,
    l1_regularizer,
    l2_regularizer,
    sum_regularizer,
)
from ...scopes.initializers import constant_initializer, ones_initializer, zeros_initializer
from ...scopes.keys import GraphKeys
from ...scopes.scope import get_variable, variable_scope
from . import utils
from .arg_scope import add_arg_scope
from .embeddings import embed_sequence, embedding_lookup_unique, safe_embedding_lookup_sparse
from .initializers import variance_scaling_initializer, xavier_initializer, xavier_initializer_conv2d
from .normalizers import batch_norm, group_norm, instance_norm, layer_norm
from .optimizing import OPTIMIZER_CLS_NAMES, OPTIMIZER_SUMMARIES, optimize_loss
from .scoped_layers import applied, collect_variables, finished, model_scope
from .summaries import (
    summarize_activation,
    summarize_activations,
    summarize_biases,
    summarize_collection,
    summarize_tensor,
    summarize_tensors,
    summarize_variables,
    summarize_weights,
)
from .utils import (
    channel_dimension,
    collect_named_outputs,
    get_variable_collections,
    last_dimension,
    two_element_tuple,
)
from .variables import model_variable

_ZEROS, _XAVIER = zeros_initializer(), xavier_initializer()
Function = Callable[..., Any]


def _layout(data_format: str | None, names: Sequence[str] = ("NHWC", "NCHW")) -> str:
    """The layers' own name of a data format. Raises ValueError for another."""
    if data_format not in (None, *names):
        raise ValueError(f"data_format has to be either {' or '.join(names)}.")
    return "channels_first" if data_format is not None and data_format.startswith("NC") else "channels_last"


def _normalized(outputs: Tensor, normalizer_fn: Function | None, normalizer_params: dict | None) -> Tensor:
    return outputs if normalizer_fn is None else normalizer_fn(outputs, **(normalizer_params or {}))


# -- dense layers and convolutions ----------------------------------------------------------------------------------

_WEIGHTS = {"kernel": "weights", "bias": "biases"}


def _weighted(
    normalizer_fn: Function | None, weights_initializer: Any, weights_regularizer: Any, biases_initializer: Any,
    biases_regularizer: Any, trainable: bool, kernels: Sequence[str] = ("kernel",),
) -> dict[str, Any]:  # fmt: skip
    """The house layer's arguments for weights and biases; there are no biases where outputs are normalised."""
    return {
        **{f"{kernel}_initializer": weights_initializer for kernel in kernels},
        **{f"{kernel}_regularizer": weights_regularizer for kernel in kernels},
        "use_bias": normalizer_fn is None and biases_initializer is not None,
        "bias_initializer": biases_initializer,
        "bias_regularizer": biases_regularizer,
        "trainable": trainable,
    }


@add_arg_scope
def fully_connected(
    inputs: Any,
    num_outputs: int,
    activation_fn: Function | None = relu_of,
    normalizer_fn: Function | None = None,
    normalizer_params: dict | None = None,
    weights_initializer: Any = _XAVIER,
    weights_regularizer: Function | None = None,
    biases_initializer: Any = _ZEROS,
    biases_regularizer: Function | None = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
) -> Tensor:
    """activation_fn(normalizer_fn(inputs @ weights + biases)) over the last dimension; no biases with a normalizer.

    Variables: `weights` [in, num_outputs] and `biases` [num_outputs], in `scope` or "fully_connected". Raises
    ValueError for a number of outputs that is no integer, or inputs whose last dimension is unknown.
    """
    if not isinstance(num_outputs, int) and not hasattr(num_outputs, "__index__"):
        raise ValueError(f"num_outputs type should be an integer, got {num_outputs} of {type(num_outputs)}.")
    with model_scope(scope, "fully_connected", inputs, reuse, _WEIGHTS) as opened:
        arguments = {
            "units": int(num_outputs),
            **_weighted(
                normalizer_fn, weights_initializer, weights_regularizer, biases_initializer, biases_regularizer,
                trainable,
            ),
        }  # fmt: skip
        layer, outputs = applied(layers.Dense, arguments, inputs, opened, reuse)
        collect_variables(layer, _WEIGHTS, variables_collections)
        outputs = _normalized(outputs, normalizer_fn, normalizer_params)
        return finished(outputs, activation_fn, outputs_collections, opened)


relu = partial(fully_connected, activation_fn=relu_of)
relu6 = partial(fully_connected, activation_fn=relu6_of)
elu = partial(fully_connected, activation_fn=elu_of)
linear = partial(fully_connected, activation_fn=None)


@add_arg_scope
def convolution(
    inputs: Any,
    num_outputs: int,
    kernel_size: Any,
    stride: Any = 1,
    padding: str = "SAME",
    data_format: str | None = None,
    rate: Any = 1,
    activation_fn: Function | None = relu_of,
    normalizer_fn: Function | None = None,
    normalizer_params: dict | None = None,
    weights_initializer: Any = _XAVIER,
    weights_regularizer: Function | None = None,
    biases_initializer: Any = _ZEROS,
    biases_regularizer: Function | None = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
    conv_dims: int | None = None,
) -> Tensor:
    """activation_fn(normalizer_fn(convolution + biases)) of sequences or images; no biases with a normalizer.

    Variables: `weights` [*kernel_size, in, num_outputs] and `biases` [num_outputs], in `scope` or "Conv". `rate`
    above 1 is a dilation and excludes a stride. Raises ValueError for inputs of another rank or data format.
    """
    with model_scope(scope, "Conv", inputs, reuse, _WEIGHTS) as opened:
        inputs = convert_to_tensor(inputs)
        rank = inputs.shape.ndims
        if conv_dims is not None and conv_dims + 2 != rank:
            raise ValueError(f"Convolution expects input with rank {conv_dims + 2}, got {rank}")
        if rank not in (3, 4):
            raise ValueError(f"Convolution not supported for input with rank {rank} (those of 3 and 4 are)")
        arguments = {
            "filters": num_outputs,
            "kernel_size": kernel_size,
            "strides": stride,
            "padding": padding,
            "data_format": _layout(data_format, ("NWC", "NCW") if rank == 3 else ("NHWC", "NCHW")),
            "dilation_rate": rate,
            **_weighted(
                normalizer_fn, weights_initializer, weights_regularizer, biases_initializer, biases_regularizer,
                trainable,
            ),
        }  # fmt: skip
        layer, outputs = applied(layers.Conv1D if rank == 3 else layers.Conv2D, arguments, inputs, opened, reuse)
        collect_variables(layer, _WEIGHTS, variables_collections)
        outputs = _normalized(outputs, normalizer_fn, normalizer_params)
        return finished(outputs, activation_fn, outputs_collections, opened)


def _of_rank(name: str, dims: int) -> Function:
    """`convolution` of inputs of one rank, under a name of its own for `arg_scope`."""

    signature = inspect.signature(convolution)
    signature = signature.replace(parameters=[p for p in signature.parameters.values() if p.name != "conv_dims"])

    def apply(*args: Any, **kwargs: Any) -> Tensor:
        given = signature.bind(*args, **kwargs)
        given.apply_defaults()  # so that no scope of `convolution` is asked
        return convolution(*given.args, conv_dims=dims)

    apply.__signature__ = signature  # type: ignore[attr-defined]
    apply.__name__ = apply.__qualname__ = name
    apply.__doc__ = f"`convolution` of inputs of rank {dims + 2}."
    return add_arg_scope(apply)


conv1d = convolution1d = _of_rank("convolution1d", 1)
conv2d = convolution2d = _of_rank("convolution2d", 2)


@add_arg_scope
def convolution2d_transpose(
    inputs: Any,
    num_outputs: int,
    kernel_size: Any,
    stride: Any = 1,
    padding: str = "SAME",
    data_format: str = "NHWC",
    activation_fn: Function | None = relu_of,
    normalizer_fn: Function | None = None,
    normalizer_params: dict | None = None,
    weights_initializer: Any = _XAVIER,
    weights_regularizer: Function | None = None,
    biases_initializer: Any = _ZEROS,
    biases_regularizer: Function | None = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
) -> Tensor:
    """`convolution2d` run backwards: images grow by `stride`. Variables: `weights` [h, w, out, in] and `biases`."""
    with model_scope(scope, "Conv2d_transpose", inputs, reuse, _WEIGHTS) as opened:
        arguments = {
            "filters": num_outputs,
            "kernel_size": kernel_size,
            "strides": stride,
            "padding": padding,
            "data_format": _layout(data_format),
            **_weighted(
                normalizer_fn, weights_initializer, weights_regularizer, biases_initializer, biases_regularizer,
                trainable,
            ),
        }  # fmt: skip
        layer, outputs = applied(layers.Conv2DTranspose, arguments, inputs, opened, reuse)
        collect_variables(layer, _WEIGHTS, variables_collections)
        outputs = _normalized(outputs, normalizer_fn, normalizer_params)
        return finished(outputs, activation_fn, outputs_collections, opened)


conv2d_transpose = convolution2d_transpose

_SEPARABLE = {"depthwise_kernel": "depthwise_weights", "pointwise_kernel": "pointwise_weights", "bias": "biases"}


@add_arg_scope
def separable_convolution2d(
    inputs: Any,
    num_outputs: int | None,
    kernel_size: Any,
    depth_multiplier: int = 1,
    stride: Any = 1,
    padding: str = "SAME",
    data_format: str = "NHWC",
    rate: Any = 1,
    activation_fn: Function | None = relu_of,
    normalizer_fn: Function | None = None,
    normalizer_params: dict | None = None,
    weights_initializer: Any = _XAVIER,
    pointwise_initializer: Any = None,
    weights_regularizer: Function | None = None,
    biases_initializer: Any = _ZEROS,
    biases_regularizer: Function | None = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
) -> Tensor:
    """A convolution of each channel alone, then one of 1x1 across channels; without the latter for `num_outputs` None.

    Variables: `depthwise_weights` [h, w, in, depth_multiplier], `pointwise_weights` [1, 1, in * depth_multiplier,
    num_outputs] and, where no normalizer is given, `biases`.
    """
    layout = _layout(data_format)
    with model_scope(scope, "SeparableConv2d", inputs, reuse, _SEPARABLE) as opened:
        inputs = convert_to_tensor(inputs)
        if num_outputs is None:
            make = partial(_depthwise, inputs, kernel_size, depth_multiplier, stride, padding, data_format, rate)
            outputs = make(
                weights_initializer, weights_regularizer, biases_initializer if normalizer_fn is None else None,
                biases_regularizer, trainable, variables_collections,
            )  # fmt: skip
        else:
            arguments = {
                "filters": num_outputs,
                "kernel_size": kernel_size,
                "strides": stride,
                "padding": padding,
                "data_format": layout,
                "dilation_rate": two_element_tuple(rate),
                "depth_multiplier": depth_multiplier,
                **_weighted(
                    normalizer_fn, weights_initializer, weights_regularizer, biases_initializer, biases_regularizer,
                    trainable, kernels=("depthwise", "pointwise"),
                ),
                "pointwise_initializer": pointwise_initializer or weights_initializer,
            }  # fmt: skip
            layer, outputs = applied(layers.SeparableConv2D, arguments, inputs, opened, reuse)
            collect_variables(layer, _SEPARABLE, variables_collections)
        outputs = _normalized(outputs, normalizer_fn, normalizer_params)
        return finished(outputs, activation_fn, outputs_collections, opened)


separable_conv2d = separable_convolution2d


def _depthwise(
    inputs: Tensor, kernel_size: Any, depth_multiplier: int, stride: Any, padding: str, data_format: str, rate: Any,
    initializer: Any, regularizer: Any, biases_initializer: Any, biases_regularizer: Any, trainable: bool,
    collections: Any,
) -> Tensor:  # fmt: skip
    """Each channel convolved alone, with biases where they have an initializer."""
    depth = channel_dimension(inputs.shape, data_format, min_rank=4)
    weights = model_variable(
        "depthwise_weights",
        shape=[*two_element_tuple(kernel_size), depth, depth_multiplier],
        dtype=inputs.dtype,
        initializer=initializer,
        regularizer=regularizer,
        trainable=trainable,
        collections=get_variable_collections(collections, "weights"),
    )
    moves = two_element_tuple(stride)
    strides = [1, 1, *moves] if data_format.startswith("NC") else [1, *moves, 1]
    outputs = convolutions.depthwise_conv2d(
        inputs, weights, strides, padding, rate=two_element_tuple(rate), data_format=data_format
    )
    if biases_initializer is None:
        return outputs
    biases = model_variable(
        "biases",
        shape=[depth * depth_multiplier],
        dtype=inputs.dtype,
        initializer=biases_initializer,
        regularizer=biases_regularizer,
        trainable=trainable,
        collections=get_variable_collections(collections, "biases"),
    )
    return add_bias(outputs, biases, data_format=data_format)


@add_arg_scope
def bias_add(
    inputs: Any,
    activation_fn: Function | None = None,
    initializer: Any = _ZEROS,
    regularizer: Function | None = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    data_format: str = "NHWC",
    scope: Any = None,
) -> Tensor:
    """activation_fn(inputs + biases), with a variable `biases` of one value per channel, in `scope` or "BiasAdd"."""
    _layout(data_format)
    with variable_scope(scope, "BiasAdd", [inputs], reuse=reuse) as opened:
        inputs = convert_to_tensor(inputs)
        biases = model_variable(
            "biases",
            shape=[channel_dimension(inputs.shape, data_format, min_rank=2)],
            dtype=inputs.dtype.base_dtype,
            initializer=initializer,
            regularizer=regularizer,
            trainable=trainable,
            collections=get_variable_collections(variables_collections, "biases"),
        )
        return finished(add_bias(inputs, biases, data_format), activation_fn, outputs_collections, opened)


# -- pooling, shapes, dropout ---------------------------------------------------------------------------------------


def _pooling(name: str, scope_name: str, layer: Callable[..., layers.Layer], what: str) -> Function:
    """A pooling layer of images as a function, under a name of its own for `arg_scope`."""

    def pool(
        inputs: Any,
        kernel_size: Any,
        stride: Any = 2,
        padding: str = "VALID",
        data_format: str = "NHWC",
        outputs_collections: Any = None,
        scope: str | None = None,
    ) -> Tensor:
        arguments: dict[str, Any] = {"data_format": _layout(data_format)}
        with op_scope(scope, scope_name, [inputs]) as opened:
            pooled = layer(kernel_size, stride, padding, name=opened, **arguments)(convert_to_tensor(inputs))
            return collect_named_outputs(outputs_collections, opened, pooled)

    pool.__name__ = pool.__qualname__ = name
    pool.__doc__ = f"{what} in each window of `kernel_size`, `stride` apart."
    return add_arg_scope(pool)


max_pool2d = _pooling("max_pool2d", "MaxPool2D", layers.MaxPooling2D, "The greatest value")
avg_pool2d = _pooling("avg_pool2d", "AvgPool2D", layers.AveragePooling2D, "The mean")


@add_arg_scope
def flatten(inputs: Any, outputs_collections: Any = None, scope: str | None = None) -> Tensor:
    """All dimensions but the first made one. Raises ValueError for inputs without a batch dimension."""
    with op_scope(scope, "Flatten", [inputs]) as opened:
        return collect_named_outputs(outputs_collections, opened, layers.flatten(convert_to_tensor(inputs)))


@add_arg_scope
def dropout(
    inputs: Any,
    keep_prob: Any = 0.5,
    noise_shape: Any = None,
    is_training: Any = True,
    outputs_collections: Any = None,
    scope: Any = None,
    seed: int | None = None,
) -> Tensor:
    """Where `is_training`, each input kept with probability `keep_prob` and divided by it, else zero; or all inputs."""
    with model_scope(scope, "Dropout", inputs, None) as opened:
        arguments = {"rate": 1 - keep_prob, "noise_shape": noise_shape, "seed": seed}
        _, outputs = applied(layers.Dropout, arguments, inputs, opened, None, training=is_training)
        return collect_named_outputs(outputs_collections, opened.name, outputs)


@add_arg_scope
def one_hot_encoding(
    labels: Any,
    num_classes: int,
    on_value: float = 1.0,
    off_value: float = 0.0,
    outputs_collections: Any = None,
    scope: str | None = None,
) -> Tensor:
    """[batch] integers as rows of `num_classes` values, `on_value` where the label says, else `off_value`."""
    with op_scope(scope, "OneHotEncoding", [labels]) as opened:
        labels = convert_to_tensor(labels)
        if labels.dtype.name == "int32":
            labels = basic.cast(labels, int64, name="ToInt64")
        outputs = one_hot(labels, num_classes, on_value=on_value, off_value=off_value)
        return collect_named_outputs(outputs_collections, opened, outputs)


@add_arg_scope
def softmax(logits: Any, scope: str | None = None) -> Tensor:
    """Softmax over the last of two dimensions or more."""
    with variable_scope(scope, "softmax", [logits]):
        logits = convert_to_tensor(logits)
        flat = basic.reshape(logits, [-1, last_dimension(logits.shape, min_rank=2)])
        predictions = basic.reshape(softmax_of(flat), basic.shape(logits))
        predictions.set_shape(logits.shape)
        return predictions


@add_arg_scope
def unit_norm(inputs: Any, dim: int, epsilon: float = 1e-7, scope: str | None = None) -> Tensor:
    """inputs / sqrt(sum(inputs ** 2) + epsilon), the sum along `dim`. Raises ValueError for one that is not there."""
    with variable_scope(scope, "UnitNorm", [inputs]):
        inputs = convert_to_tensor(inputs)
        rank = inputs.shape.ndims
        if not rank:
            raise ValueError("The input rank must be known.")
        if dim is None or not -rank <= dim < rank:
            raise ValueError("dim must be positive but smaller than the input rank.")
        return div(inputs, sqrt(epsilon + reduce_sum(square(inputs), dim, keepdims=True)))


@add_arg_scope
def maxout(inputs: Any, num_units: int, axis: int = -1, scope: str | None = None) -> Tensor:
    """The greatest of each group of channels, `num_units` groups along `axis`. Goodfellow et al. (2013).

    Raises ValueError where the number of channels is not a multiple of `num_units`.
    """
    with op_scope(scope, "MaxOut", [inputs]):
        inputs = convert_to_tensor(inputs)
        sizes, known = basic.shape(inputs), inputs.shape.as_list()
        channels = known[axis]
        if channels is None or channels % num_units:
            raise ValueError(f"number of features({channels}) is not a multiple of num_units({num_units})")
        axis %= len(known)
        lengths = [sizes[i] if length is None else length for i, length in enumerate(known)]
        lengths[axis : axis + 1] = [num_units, channels // num_units]
        outputs = reduce_max(basic.reshape(inputs, lengths), axis + 1)
        outputs.set_shape([*known[:axis], num_units, *known[axis + 1 :]])
        return outputs


@add_arg_scope
def spatial_softmax(
    features: Any,
    temperature: float | None = None,
    name: str | None = None,
    variables_collections: Any = None,
    trainable: bool = True,
    data_format: str = "NHWC",
) -> Tensor:
    """Where each channel is brightest: [batch, 2 * channels], of which row and column lie between -1 and 1.

    The mean place by the softmax of features / `temperature` (a variable, which starts as given, or 1). Raises
    ValueError for another data format or unknown channels. Finn et al., Deep Spatial Autoencoders (2015).
    """
    _layout(data_format)
    with variable_scope(name, "spatial_softmax"):
        features = convert_to_tensor(features)
        if data_format == "NHWC":
            features = transpose(features, [0, 3, 1, 2])
        channels = features.shape.as_list()[1]
        if channels is None:
            raise ValueError(
                "The num_channels dimension of the inputs to `spatial_softmax` should be defined. Found `None`."
            )
        height, width = basic.shape(features)[2], basic.shape(features)[3]
        with op_scope("spatial_softmax_op", None, [features]):
            start = ones_initializer() if temperature is None else constant_initializer(temperature)
            heat = model_variable(
                "temperature",
                shape=(),
                dtype=features.dtype,
                initializer=start,
                collections=get_variable_collections(variables_collections, "temperature") if trainable else None,
                trainable=trainable,
            )
            weights = softmax_of(basic.reshape(features, [-1, height * width]) / heat)
            places = meshgrid(lin_space(-1.0, 1.0, height), lin_space(-1.0, 1.0, width), indexing="ij")
            means = [reduce_sum(basic.reshape(place, [-1]) * weights, [1], keepdims=True) for place in places]
            keypoints = basic.reshape(concat(means, 1), [-1, 2 * channels])
            keypoints.set_shape([None, 2 * channels])
            return keypoints


@add_arg_scope
def dense_to_sparse(tensor: Any, eos_token: Any = 0, outputs_collections: Any = None, scope: Any = None) -> Any:
    """All elements of a tensor but those that are `eos_token`, as a SparseTensor."""
    with variable_scope(scope, "dense_to_sparse", [tensor]) as opened:
        tensor = convert_to_tensor(tensor)
        indices = where(not_equal(tensor, constant(eos_token, tensor.dtype)))
        outputs = SparseTensor(indices, gather_nd(tensor, indices), basic.shape(tensor, out_type=int64))
        return collect_named_outputs(outputs_collections, opened.name, outputs)


def legacy_fully_connected(
    x: Any,
    num_output_units: int,
    activation_fn: Function | None = None,
    weight_init: Any = _XAVIER,
    bias_init: Any = _ZEROS,
    name: str | None = None,
    weight_collections: Sequence[str] = (GraphKeys.WEIGHTS,),
    bias_collections: Sequence[str] = (GraphKeys.BIASES,),
    output_collections: Sequence[str] = (GraphKeys.ACTIVATIONS,),
    trainable: bool = True,
    weight_regularizer: Function | None = None,
    bias_regularizer: Function | None = None,
) -> Tensor:
    """activation_fn(x @ weights + bias) over the last dimension, with the variables `weights` and `bias`.

    They join the collections given, and the outputs `output_collections` and ACTIVATIONS. Raises ValueError for x of
    less than two dimensions or of unknown depth.
    """
    with variable_scope(name, "fully_connected", [x]):
        x = convert_to_tensor(x)
        if x.shape.ndims is None:
            raise ValueError("dims of x must be known but is None")
        if x.shape.ndims < 2:
            raise ValueError(f"rank of x must be at least 2 not: {x.shape.ndims}")
        known, dtype = x.shape.as_list(), x.dtype.base_dtype
        if known[-1] is None:
            raise ValueError("last dimension of x must be known but is None")
        w = get_variable(
            "weights", [known[-1], num_output_units], dtype, weight_init, weight_regularizer, trainable,
            sorted({*(weight_collections or ()), GraphKeys.GLOBAL_VARIABLES}),
        )  # fmt: skip
        y = matmul(x if x.shape.ndims == 2 else basic.reshape(x, [-1, known[-1]]), w)
        if bias_init is not None:
            b = get_variable(
                "bias", [num_output_units], dtype, bias_init, bias_regularizer, trainable,
                sorted({*(bias_collections or ()), GraphKeys.GLOBAL_VARIABLES}),
            )  # fmt: skip
            y = add_bias(y, b)
        if x.shape.ndims > 2:
            y = basic.reshape(y, concat([basic.shape(x)[:-1], [num_output_units]], 0))
            y.set_shape([*known[:-1], num_output_units])
        y = y if activation_fn is None else activation_fn(y)
        add_to_collections(sorted({*(output_collections or ()), GraphKeys.ACTIVATIONS}), y)
        return y


legacy_linear = partial(legacy_fully_connected, activation_fn=None)
legacy_relu = partial(legacy_fully_connected, activation_fn=relu_of)


# -- layers of layers -----------------------------------------------------------------------------------------------


def _name_of(layer: Any, default: str) -> str:
    return str(getattr(getattr(layer, "func", layer), "__name__", default))


@add_arg_scope
def repeat(inputs: Any, repetitions: int, layer: Function, *args: Any, **kwargs: Any) -> Tensor:
    """`layer` applied `repetitions` times, in the scopes "scope/scope_1", "scope/scope_2", and so on."""
    scope = kwargs.pop("scope", None)
    with variable_scope(scope, "Repeat", [inputs]):
        outputs = convert_to_tensor(inputs)
        scope = scope or _name_of(layer, "repeat")
        for i in range(repetitions):
            outputs = layer(outputs, *args, **{**kwargs, "scope": f"{scope}_{i + 1}"})
        return outputs


@add_arg_scope
def stack(inputs: Any, layer: Function, stack_args: Sequence[Any], **kwargs: Any) -> Tensor:
    """`layer` applied with each of the arguments in turn, in the scopes "scope/scope_1", and so on.

    Raises ValueError for arguments that are no list or tuple.
    """
    scope = kwargs.pop("scope", None)
    if not isinstance(stack_args, (list, tuple)):
        raise ValueError("stack_args need to be a list or tuple")
    with variable_scope(scope, "Stack", [inputs]):
        outputs = convert_to_tensor(inputs)
        scope = scope or _name_of(layer, "stack")
        for i, given in enumerate(stack_args):
            own = given if isinstance(given, (list, tuple)) else [given]
            outputs = layer(outputs, *own, **{**kwargs, "scope": f"{scope}_{i + 1}"})
        return outputs


__all__ = [
    "OPTIMIZER_CLS_NAMES", "OPTIMIZER_SUMMARIES", "optimize_loss", "summarize_activation", "summarize_activations",
    "summarize_biases", "summarize_collection", "summarize_tensor", "summarize_tensors", "summarize_variables",
    "summarize_weights",
    "apply_regularization", "avg_pool2d", "batch_norm", "bias_add", "conv1d", "conv2d", "conv2d_transpose",
    "convolution", "convolution1d", "convolution2d", "convolution2d_transpose", "dense_to_sparse", "dropout", "elu",
    "embed_sequence", "legacy_fully_connected", "legacy_linear", "legacy_relu", "spatial_softmax",
    "embedding_lookup_unique", "flatten", "fully_connected", "group_norm", "instance_norm", "l1_l2_regularizer",
    "l1_regularizer", "l2_regularizer", "layer_norm", "linear", "max_pool2d", "maxout", "one_hot_encoding", "relu",
    "relu6", "repeat", "safe_embedding_lookup_sparse", "separable_conv2d", "separable_convolution2d", "softmax",
    "stack", "sum_regularizer", "unit_norm", "utils", "variance_scaling_initializer", "xavier_initializer",
    "xavier_initializer_conv2d",
]  # fmt: skip
