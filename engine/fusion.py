"""Several ops as one step: a draw with its scaling and shifting, a product with its bias and activation, gradients."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from .dtypes import float32, float64
from .graph import Operation, Tensor


class FusedDraw(NamedTuple):
    """A fill that draws, scales and stores in one pass what three ops would in three, with the same roundings."""

    draw: Operation
    bounds: dict[str, Any]  # the fill's own arguments
    absorbed: tuple[Operation, ...]  # ops that need no step of their own


def fused_draws(
    ops: Sequence[Operation], constants: Mapping[Tensor, np.ndarray], kept: Collection[Any]
) -> dict[Operation, FusedDraw]:
    """The additions among `ops` that end ``draw * scale + shift``, as every random initializer is built.

    Scale and shift must be constants, and nobody else (no other op, control dependency, fetch or feed of `kept`) may
    need what lies between.
    """
    readers = Counter(t for op in ops for t in op.inputs)
    needed = {c for op in ops for c in op._control_inputs}
    fused = {}
    for end in ops:
        if end.type != "AddV2" or end.inputs[0].op.type != "Mul":
            continue
        scaled = end.inputs[0].op
        draw = scaled.inputs[0].op
        between = (draw.outputs[0], scaled.outputs[0])
        if draw.type not in _BOUNDS or any(readers[t] != 1 or t in kept for t in between):
            continue
        if needed & {draw, scaled} or len({op.device for op in (draw, scaled, end)}) > 1:
            continue
        bounds = _BOUNDS[draw.type](scaled.inputs[1], end.inputs[1], constants)
        if bounds is not None:
            fused[end] = FusedDraw(draw, bounds, (draw, scaled))
    return fused


def _scalar(tensor: Tensor, constants: Mapping[Tensor, np.ndarray]) -> Any:
    """A finite constant scalar, or None."""
    value = constants.get(tensor)
    return value[()] if value is not None and value.ndim == 0 and np.isfinite(float(value)) else None


def _uniform(scale: Tensor, shift: Tensor, constants: Mapping[Tensor, np.ndarray]) -> dict[str, Any] | None:
    """The fill takes low and high, so the scale must be made as ``high - low`` of this very low."""
    if scale.op.type != "Sub" or scale.op.inputs[1] is not shift:
        return None
    low, high = _scalar(shift, constants), _scalar(scale.op.inputs[0], constants)
    if low is None or high is None or not low < high or _scalar(scale, constants) is None:
        return None
    return {"low": low, "high": high}


def _normal(scale: Tensor, shift: Tensor, constants: Mapping[Tensor, np.ndarray]) -> dict[str, Any] | None:
    stddev, mean = _scalar(scale, constants), _scalar(shift, constants)
    return None if stddev is None or mean is None or stddev < 0 else {"mean": mean, "stddev": stddev}


_BOUNDS = {"RandomUniform": _uniform, "RandomStandardNormal": _normal, "TruncatedNormal": _normal}


# -- products -------------------------------------------------------------------------------------------------------


class FusedProduct(NamedTuple):
    """A product or convolution whose kernel adds the bias and applies the activation while it has the sums at hand.

    Or a max pool's gradient whose kernel lets pass what relu does.
    """

    product: Operation
    bias: Tensor | None
    activation: str | None
    absorbed: tuple[Operation, ...]  # ops that need no step of their own


_PRODUCTS = ("MatMul", "BatchMatMulV2", "Conv2D", "DepthwiseConv2dNative")
_ACTIVATIONS = {"Relu": "relu", "Relu6": "relu6"}  # whose bits are the same either way; float16 would round but once


def fused_products(
    ops: Sequence[Operation], kept: Collection[Any], writes: Callable[[Operation], bool]
) -> dict[Operation, FusedProduct]:
    """The last ops of ``activation(product + bias)`` among the ordered `ops`, either of both left out.

    The bias must be known to have one element for each column or channel, and nobody else (no other op, control
    dependency, fetch or feed of `kept`) may need what lies between. The product is computed where the last op stands,
    so no op between the two may write a variable, which the product may read.

    So are relu's gradients of max pools' gradients, of pools of that relu's values: where the maximum is not positive,
    nothing passes to it, which is to be seen of the pool's values, of which there are fewer.
    """
    readers: dict[Tensor, list[Operation]] = {}
    for op in ops:
        for tensor in op.inputs:
            readers.setdefault(tensor, []).append(op)
    needed = {c for op in ops for c in op._control_inputs}
    place = {op: i for i, op in enumerate(ops)}
    written = list(accumulate(map(writes, ops), initial=0))

    def only_reader(op: Operation) -> Operation | None:
        found = readers.get(op.outputs[0], [])
        alone = len(found) == 1 and op.outputs[0] not in kept and op not in needed
        return found[0] if alone and found[0].device == op.device else None

    fused = {}
    for product in ops:
        if product.type not in (*_PRODUCTS, "MaxPoolGrad") or product.outputs[0].dtype not in (float32, float64):
            continue
        chain, bias, activation = [product], None, None
        reader = only_reader(product)
        if product.type != "MaxPoolGrad" and reader is not None:
            bias = _bias(reader, product)
            if bias is not None:
                chain.append(reader)
                reader = only_reader(reader)
        if reader is not None:
            pools = product.type == "MaxPoolGrad"
            activation = _lets_through(reader, product) if pools else _ACTIVATIONS.get(reader.type)
            if activation is not None:
                chain.append(reader)
        *absorbed, last = chain
        if absorbed and written[place[product]] == written[place[last]]:
            fused[last] = FusedProduct(product, bias, activation, tuple(absorbed))
    return fused


def _lets_through(op: Operation, pool: Operation) -> str | None:
    """The activation whose gradient `op` takes of a max pool's gradient, where the pool was of its values."""
    of_pool = [pool.outputs[0], pool.inputs[0]]
    return "relu" if op.type == "ReluGrad" and list(op.inputs) == of_pool else None


def _bias(op: Operation, product: Operation) -> Tensor | None:
    """What `op` adds to the columns or channels of the product, None where it does something else."""
    if op.type not in ("BiasAdd", "AddV2"):
        return None
    bias = op.inputs[1] if op.inputs[0] is product.outputs[0] else op.inputs[0]
    layout = product.attrs.get("data_format", "NHWC")
    sizes = product.outputs[0].shape.sizes
    if op.attrs.get("data_format", "NHWC") != layout or not sizes:
        return None
    columns = sizes[1 if layout == "NCHW" else -1]
    return bias if columns is not None and bias.shape.sizes == (columns,) else None
