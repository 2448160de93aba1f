"""Einstein's summation: products of tensors named by the labels of their dimensions."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..build import convert_to_tensor
from ..errors import InvalidArgumentError
from ..graph import Operation, Tensor, op_scope
from ..registry import define
from ..shapes import TensorShape, broadcast_sizes, unknown_shape
from .arithmetic import REALS, is_half
from .basic import ones_like, sum_like

Array = Any  # numpy.ndarray or cupy.ndarray
Label = str | int  # a letter, or the place from the right (1, 2, …) of a dimension that an ellipsis stands for

ELLIPSIS = "..."


# -- equations ------------------------------------------------------------------------------------------------------


class Equation(NamedTuple):
    """ "ij,jk->ik" taken apart: the labels of each input and of the output, "..." among them."""

    inputs: tuple[tuple[str, ...], ...]
    output: tuple[str, ...]

    def __str__(self) -> str:
        return ",".join(map("".join, self.inputs)) + "->" + "".join(self.output)


@functools.lru_cache(maxsize=1024)
def parse(equation: str) -> Equation:
    """Raises ValueError for what is no equation. Without "->", the labels that occur once are left, in their order."""
    text = equation.replace(" ", "")
    if not re.fullmatch(r"[a-zA-Z,.]*(->[a-zA-Z.]*)?", text):
        raise ValueError(f"Subscripts have incorrect format: {equation}")
    left, arrow, right = text.partition("->")
    inputs = tuple(_labels(part, equation) for part in left.split(","))
    named = [label for labels in inputs for label in labels]
    if arrow:
        output = _labels(right, equation)
    else:
        once = sorted(label for label in set(named) - {ELLIPSIS} if named.count(label) == 1)
        output = (ELLIPSIS, *once) if ELLIPSIS in named else tuple(once)
    for label in output:
        if label not in named and label != ELLIPSIS:
            raise ValueError(f"Output subscripts contain the label {label} not present in the input subscripts.")
    return Equation(inputs, output)


def _labels(part: str, equation: str) -> tuple[str, ...]:
    labels = tuple(re.findall(r"\.\.\.|[a-zA-Z]", part))
    if "".join(labels) != part or labels.count(ELLIPSIS) > 1:
        raise ValueError(f"Subscripts have incorrect format: {equation}")
    return labels


def _spelled_out(labels: Sequence[str], ndim: int, text: str) -> list[Label]:
    """One label a dimension: the ellipsis becomes numbers that count from its right end. Raises ValueError."""
    extra = ndim - (len(labels) - 1 if ELLIPSIS in labels else len(labels))
    if extra < 0 or (extra and ELLIPSIS not in labels):
        least = "at least rank" if ELLIPSIS in labels else "rank"
        wanted = len(labels) - (ELLIPSIS in labels)
        raise ValueError(f"Shape must be {least} {wanted} but is rank {ndim}\n\t for equation: {text}")
    result: list[Label] = []
    for label in labels:
        result += range(extra, 0, -1) if label == ELLIPSIS else [label]
    return result


def _output_labels(equation: Equation, inputs: Sequence[Sequence[Label]]) -> list[Label]:
    deepest = max((label for labels in inputs for label in labels if isinstance(label, int)), default=0)
    if deepest and ELLIPSIS not in equation.output:
        raise ValueError(
            f"Shape must be at most rank 0 but is rank {deepest}\n\t for einsum equation '{equation}' without ellipsis "
            "(...) in the output subscripts where input(s) have non-empty broadcasting shape"
        )
    result: list[Label] = []
    for label in equation.output:
        result += range(deepest, 0, -1) if label == ELLIPSIS else [label]
    return result


def _einsum_shape(*inputs: Tensor, equation: str) -> TensorShape:
    parsed = parse(equation)
    if len(inputs) != len(parsed.inputs):
        raise ValueError(f'Got {len(inputs)} inputs for equation "{equation}", expecting {len(parsed.inputs)}')
    if any(t.shape.sizes is None for t in inputs):
        return unknown_shape(None if ELLIPSIS in parsed.output else len(parsed.output))
    spelled = [_spelled_out(ls, len(t.shape), equation) for ls, t in zip(parsed.inputs, inputs, strict=True)]
    lengths: dict[Label, int | None] = {}
    for t, labels in zip(inputs, spelled, strict=True):
        for label, length in zip(labels, t.shape.sizes or (), strict=True):
            lengths[label] = _agreed(label, lengths.get(label, 1 if isinstance(label, int) else None), length)
    return TensorShape([lengths[label] for label in _output_labels(parsed, spelled)])


def _agreed(label: Label, a: int | None, b: int | None) -> int | None:
    """The length of a label met with two lengths. Those of an ellipsis broadcast, all others must be equal."""
    if isinstance(label, int):
        return broadcast_sizes(TensorShape([a]), TensorShape([b])).sizes[0]  # type: ignore[index]
    if None not in (a, b) and a != b:
        raise ValueError(f"Dimensions must be equal, but are {a} and {b}")
    return b if a is None else a


# -- the kernel: at most one batched product of matrices ------------------------------------------------------------


class _Labelled(NamedTuple):
    """An array and the distinct labels of its dimensions."""

    array: Array
    labels: list[Label]

    def size(self, group: Sequence[Label]) -> int:
        return math.prod(self.array.shape[self.labels.index(label)] for label in group)


def _einsum(k: Any, *arrays: Array, equation: str) -> Array:
    parsed = parse(equation)
    spelled = [_spelled_out(labels, a.ndim, equation) for labels, a in zip(parsed.inputs, arrays, strict=True)]
    output = _output_labels(parsed, spelled)
    lengths: dict[Label, int] = {}
    for array, labels in zip(arrays, spelled, strict=True):
        for label, length in zip(labels, array.shape, strict=True):
            if lengths.setdefault(label, length) != length:
                if not isinstance(label, int) or 1 not in (length, lengths[label]):
                    text = f"Expected dimension {lengths[label]} at label {label!r} but got dimension {length}"
                    raise InvalidArgumentError(None, None, text)
                lengths[label] = length if lengths[label] == 1 else lengths[label]
    terms = []
    for i, (array, labels) in enumerate(zip(arrays, spelled, strict=True)):
        elsewhere = {label for j, other in enumerate(spelled) if j != i for label in other}
        terms.append(_simplified(k, array, labels, elsewhere.union(output)))
    result = terms[0] if len(terms) == 1 else _product(k, terms[0], terms[1], set(output))
    distinct = list(dict.fromkeys(output))
    for label in distinct:  # a dimension of length 1 that met none longer
        if label not in result.labels:
            result = _Labelled(k.xp.expand_dims(result.array, 0), [label, *result.labels])
    ordered = result.array.transpose([result.labels.index(label) for label in distinct])
    return ordered if len(distinct) == len(output) else _on_diagonals(k, ordered, distinct, output)


def _simplified(k: Any, array: Array, labels: Sequence[Label], needed: set[Label]) -> _Labelled:
    """With diagonals for labels that repeat, and without the labels that nobody else needs or that broadcast."""
    distinct = list(dict.fromkeys(labels))
    if len(distinct) < len(labels):
        array = _diagonals(k, array, labels, distinct)
    alone = tuple(i for i, label in enumerate(distinct) if label not in needed)
    if alone:
        wide = "float32" if is_half(array.dtype) else array.dtype
        array = k.cast(k.xp.sum(array, axis=alone, dtype=wide), array.dtype)
        distinct = [label for label in distinct if label in needed]
    for i in reversed(range(len(distinct))):
        if isinstance(distinct[i], int) and array.shape[i] == 1:
            array = array[(slice(None),) * i + (0,)]
            del distinct[i]
    return _Labelled(array, distinct)


def _diagonals(k: Any, array: Array, labels: Sequence[Label], distinct: Sequence[Label]) -> Array:
    """A view whose dimension for a label walks along all dimensions of that label at once."""
    strides = [sum(step for step, own in zip(array.strides, labels, strict=True) if own == label) for label in distinct]
    sizes = [array.shape[labels.index(label)] for label in distinct]
    return k.xp.lib.stride_tricks.as_strided(array, sizes, strides)


def _on_diagonals(k: Any, values: Array, distinct: Sequence[Label], output: Sequence[Label]) -> Array:
    """Zeros with `values` on the diagonals of the labels that the output repeats."""
    sizes = dict(zip(distinct, values.shape, strict=True))
    result = k.xp.zeros([sizes[label] for label in output], values.dtype)
    _diagonals(k, result, output, distinct)[...] = values
    return result


def _product(k: Any, a: _Labelled, b: _Labelled, output: set[Label]) -> _Labelled:
    """The sum of products over the labels that both have and the output has not, as one product of matrices."""
    shared = [label for label in a.labels if label in b.labels]
    batch = [label for label in shared if label in output]
    summed = [label for label in shared if label not in output]
    rows = [label for label in a.labels if label not in shared]
    columns = [label for label in b.labels if label not in shared]
    left = _as_matrices(a, batch, rows, summed)
    right = _as_matrices(b, batch, summed, columns)
    product = k.matmul(left, right)
    labels = [*batch, *rows, *columns]
    sizes = [(a if label in a.labels else b).size([label]) for label in labels]
    return _Labelled(product.reshape(sizes), labels)


def _as_matrices(term: _Labelled, *groups: Sequence[Label]) -> Array:
    """[batch, …] of the groups of labels, each flattened to one dimension."""
    order = [term.labels.index(label) for group in groups for label in group]
    return term.array.transpose(order).reshape([term.size(group) for group in groups])


# -- the gradient ---------------------------------------------------------------------------------------------------


def _einsum_gradient(op: Operation, g: Tensor) -> list[Tensor]:
    equation = parse(op.attrs["equation"])
    return [_gradient_of_input(op, equation, which, g) for which in range(len(op.inputs))]


def _gradient_of_input(op: Operation, equation: Equation, which: int, g: Tensor) -> Tensor:
    """The product of g with the other input, summed to this one's labels, then repeated along those that it summed."""
    x, labels = op.inputs[which], equation.inputs[which]
    others = [i for i in range(len(op.inputs)) if i != which]
    factors = [(g, equation.output), *((op.inputs[i], equation.inputs[i]) for i in others)]
    known = {label for _, named in factors for label in named}
    dots = (ELLIPSIS,) if ELLIPSIS in known else ()
    letters = [label for label in dict.fromkeys(labels) if label != ELLIPSIS]
    kept = (*dots, *(label for label in letters if label in known))
    found = _apply(factors, kept)
    if dots:  # what an ellipsis broadcast is summed; x in this order of labels has the shape to sum to
        own = kept if ELLIPSIS in labels else kept[1:]
        found, kept = sum_like(found, _apply([(x, labels)], own)), own
    if kept == labels:
        return found
    if len(kept) == len(labels):
        return _apply([(found, kept)], labels)
    return _apply([(found, kept), (ones_like(x), labels)], labels)


def _apply(factors: Sequence[tuple[Tensor, Sequence[str]]], output: Sequence[str]) -> Tensor:
    tensors, labels = zip(*factors, strict=True)
    if len(tensors) == 1 and tuple(labels[0]) == tuple(output):
        return tensors[0]
    return Einsum(*tensors, equation=str(Equation(tuple(map(tuple, labels)), tuple(output))))


Einsum = define(
    "Einsum",
    "inputs:T* -> output:T",
    shape=_einsum_shape,
    kernel=_einsum,
    grad=_einsum_gradient,
    types={"T": REALS},
    view=True,
)


def einsum(equation: str, *inputs: Any, **kwargs: Any) -> Tensor:
    """The sum over all labels that the output lacks of the products of elements: "ij,jk->ik" is a product of matrices.

    Each letter names a dimension; "..." stands for any further ones, which broadcast. A letter repeated in one input
    takes its diagonal. Without "->" the letters that occur once are left, in alphabetical order. More than two inputs
    are multiplied from the left on, two at a time. `name` is taken by keyword, `optimize` is accepted. Raises
    ValueError for equations and shapes that do not fit.
    """
    name = kwargs.pop("name", None)
    kwargs.pop("optimize", None)
    if kwargs:
        raise TypeError(f"Invalid keyword arguments for einsum: {', '.join(kwargs)}. Expected: name, optimize.")
    with op_scope(name, "einsum", list(inputs)):
        parsed = parse(equation)
        if len(set(parsed.output)) < len(parsed.output):
            raise ValueError(f"Output subscripts contain a label appearing more than once: {equation}")
        if len(inputs) != len(parsed.inputs):
            raise ValueError(f'Got {len(inputs)} inputs for equation "{equation}", expecting {len(parsed.inputs)}')
        factors = [(convert_to_tensor(t), labels) for t, labels in zip(inputs, parsed.inputs, strict=True)]
        while len(factors) > 2:
            (a, in_a), (b, in_b), *later = factors
            wanted = {label for _, labels in later for label in labels}.union(parsed.output)
            kept = tuple(label for label in dict.fromkeys((*in_a, *in_b)) if label in wanted)
            factors = [(_apply([(a, in_a), (b, in_b)], kept), kept), *later]
        tensors, labels = zip(*factors, strict=True)
        return Einsum(*tensors, equation=str(Equation(labels, parsed.output)))


__all__ = ["einsum"]
