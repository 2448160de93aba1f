"""Einstein's summation: products of tensors named by the labels of their dimensions."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..build import convert_to_tensor
from ..dtypes import NUMBERS, summing_dtype
from ..errors import InvalidArgumentError
from ..graph import Operation, Tensor, op_scope
from ..registry import check_equal, define
from ..shapes import TensorShape, broadcast_sizes, unknown_shape
from .arithmetic import holomorphic
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
    check_equal(a, b)
    return b if a is None else a


# -- the kernel: at most one batched product of matrices ------------------------------------------------------------


class _Preparation(NamedTuple):
    """What an input goes through, in this order, so that one product of matrices remains. Empty: nothing to do."""

    diagonals: tuple[tuple[int, ...], ...]  # the dimensions that become one, for each label, where a label repeats
    alone: tuple[int, ...]  # then: dimensions that nobody else has, to be summed
    dropped: tuple[Any, ...]  # then: an index that takes away lengths of 1, which only broadcast
    order: tuple[int, ...]  # then: the order of dimensions
    matrix: tuple[int, ...]  # and their lengths once flattened to (batch, rows, columns)


class _Recipe(NamedTuple):
    """How to compute an equation for inputs of certain shapes."""

    inputs: tuple[_Preparation, ...]
    sizes: tuple[int, ...]  # of the result, by its labels as the product leaves them
    order: tuple[int, ...]  # of these dimensions in the output
    repeated: tuple[tuple[int, ...], ...]  # the output's dimensions of each label, where a label repeats


@functools.lru_cache(maxsize=1024)
def _recipe(equation: str, shapes: tuple[tuple[int, ...], ...]) -> _Recipe:
    """Raises InvalidArgumentError for shapes that do not fit the equation."""
    parsed = parse(equation)
    spelled = [_spelled_out(labels, len(s), equation) for labels, s in zip(parsed.inputs, shapes, strict=True)]
    output = _output_labels(parsed, spelled)
    lengths = _lengths(spelled, shapes)
    left: list[list[Label]] = []  # the labels of each input once it is simplified
    steps = []
    for i, (labels, shape) in enumerate(zip(spelled, shapes, strict=True)):
        needed = {label for j, other in enumerate(spelled) if j != i for label in other}.union(output)
        distinct = list(dict.fromkeys(labels))
        inner = [label for label in distinct if label in needed]
        only_broadcasts = [isinstance(label, int) and shape[labels.index(label)] == 1 for label in inner]
        left.append([label for label, gone in zip(inner, only_broadcasts, strict=True) if not gone])
        steps.append(
            (
                _places(distinct, labels) if len(distinct) < len(labels) else (),
                tuple(n for n, label in enumerate(distinct) if label not in needed),
                tuple(0 if gone else slice(None) for gone in only_broadcasts) if any(only_broadcasts) else (),
            )
        )
    if len(left) == 1:
        groups, result = [[[label] for label in left[0]]], left[0]
    else:
        groups, result = _as_matrices(left[0], left[1], set(output))
    missing = [label for label in dict.fromkeys(output) if label not in result]  # lengths of 1 that met none longer
    distinct = list(dict.fromkeys(output))
    preparations = tuple(
        _Preparation(
            *step,
            order=tuple(labels.index(label) for group in of_input for label in group),
            matrix=tuple(math.prod(lengths[label] for label in group) for group in of_input),
        )
        for step, labels, of_input in zip(steps, left, groups, strict=True)
    )
    result = [*missing, *result]
    return _Recipe(
        preparations,
        tuple(lengths[label] for label in result),
        tuple(result.index(label) for label in distinct),
        _places(distinct, output) if len(distinct) < len(output) else (),
    )


def _lengths(spelled: Sequence[Sequence[Label]], shapes: Sequence[Sequence[int]]) -> dict[Label, int]:
    lengths: dict[Label, int] = {}
    for labels, shape in zip(spelled, shapes, strict=True):
        for label, length in zip(labels, shape, strict=True):
            known = lengths.setdefault(label, length)
            if known != length and not (isinstance(label, int) and 1 in (length, known)):
                text = f"Expected dimension {known} at label {label!r} but got dimension {length}"
                raise InvalidArgumentError(None, None, text)
            lengths[label] = length if known == 1 else known
    return lengths


def _places(distinct: Sequence[Label], labels: Sequence[Label]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(i for i, own in enumerate(labels) if own == label) for label in distinct)


def _as_matrices(a: list[Label], b: list[Label], output: set[Label]) -> tuple[list[list[list[Label]]], list[Label]]:
    """The groups of labels that become (batch, rows, columns) of each factor, and the labels of their product."""
    shared = [label for label in a if label in b]
    batch = [label for label in shared if label in output]
    summed = [label for label in shared if label not in output]
    rows = [label for label in a if label not in shared]
    columns = [label for label in b if label not in shared]
    first = [batch] if batch else []
    return [[*first, rows, summed], [*first, summed, columns]], [*batch, *rows, *columns]


def _einsum(k: Any, *arrays: Array, equation: str) -> Array:
    recipe = _recipe(equation, tuple(a.shape for a in arrays))
    factors = [_prepared(k, a, how) for a, how in zip(arrays, recipe.inputs, strict=True)]
    multiply = k.xp.matmul if arrays[0].dtype.kind == "c" else k.matmul
    result = factors[0] if len(factors) == 1 else multiply(*factors)
    result = result.reshape(recipe.sizes).transpose(recipe.order)
    return _on_diagonals(k, result, recipe.repeated) if recipe.repeated else result


def _prepared(k: Any, array: Array, how: _Preparation) -> Array:
    if how.diagonals:
        array = _diagonals(k, array, how.diagonals)
    if how.alone:
        array = k.cast(k.xp.sum(array, axis=how.alone, dtype=summing_dtype(array.dtype)), array.dtype)
    if how.dropped:
        array = array[how.dropped]
    return array.transpose(how.order).reshape(how.matrix)


def _diagonals(k: Any, array: Array, places: Sequence[Sequence[int]]) -> Array:
    """A view with one dimension for each group of dimensions of one length, along all of which it walks at once."""
    strides = [sum(array.strides[i] for i in group) for group in places]
    return k.xp.lib.stride_tricks.as_strided(array, [array.shape[group[0]] for group in places], strides)


def _on_diagonals(k: Any, values: Array, places: Sequence[Sequence[int]]) -> Array:
    """Zeros with `values` on the diagonals of each group of dimensions."""
    sizes = {i: length for length, group in zip(values.shape, places, strict=True) for i in group}
    result = k.xp.zeros([sizes[i] for i in range(len(sizes))], values.dtype)
    _diagonals(k, result, places)[...] = values
    return result


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
    grad=holomorphic(_einsum_gradient),
    types={"T": NUMBERS},
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
