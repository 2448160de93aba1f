"""Small functions of TensorFlow's top level that say what others here say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..engine.build import convert_to_tensor, is_tensor_like
from ..engine.dtypes import float32
from ..engine.graph import Tensor
from ..engine.graph import op_scope as scope_of_function
from ..engine.indexed_slices import IndexedSlices
from ..engine.ops.basic import shape
from ..engine.registry import RegisterGradient, not_differentiable
from ..engine.shapes import Dimension, TensorShape
from ..engine.static import constant_value
from ..scopes.scope import get_variable, variable_scope


class AggregationMethod:
    """How `gradients` sums the terms of one tensor; accepted for TF1 programs, as there is one way here."""

    ADD_N = DEFAULT = 0
    EXPERIMENTAL_TREE = 1
    EXPERIMENTAL_ACCUMULATE_N = 2


def NotDifferentiable(op_type: str) -> None:
    """Register that nothing flows back through ops of a type. Raises TypeError for a type that is no string."""
    RegisterGradient(op_type)(not_differentiable)


NoGradient = no_gradient = NotDifferentiable


def is_tensor(x: Any) -> bool:
    """Whether it is a tensor, a variable or IndexedSlices, rather than a value that would become a constant."""
    return isinstance(x, IndexedSlices) or is_tensor_like(x)


def get_static_value(tensor: Tensor, partial: bool = False) -> Any:
    """The value of a tensor as an array, where the graph alone fixes it; else None. `partial` changes nothing."""
    return constant_value(tensor)


def dimension_value(dimension: Any) -> int | None:
    """A `Dimension` as an integer, None where it is unknown; anything else as it is."""
    return dimension.value if isinstance(dimension, Dimension) else dimension


def dimension_at_index(shape: TensorShape, index: int) -> Dimension:
    """A dimension of a shape; an unknown one where the rank is unknown."""
    return Dimension(None) if shape.ndims is None else shape[index]


def shape_n(input: Sequence[Any], out_type: Any = None, name: str | None = None) -> list[Tensor]:
    """`shape` of each, which may differ in dtype here."""
    with scope_of_function(name, "ShapeN", input):
        return [shape(tensor) if out_type is None else shape(tensor, out_type=out_type) for tensor in input]


@contextmanager
def op_scope(values: Iterable[Any], name: str | None, default_name: str | None = None) -> Iterator[str]:
    """`name_scope` with the order of arguments that it had before TensorFlow 1.0."""
    with scope_of_function(name, default_name, values) as scope:
        yield scope


def create_partitioned_variables(
    shape: Sequence[int],
    slicing: Sequence[int],
    initializer: Any,
    dtype: Any = float32,
    trainable: bool = True,
    collections: Any = None,
    name: str | None = None,
    reuse: Any = None,
) -> list[Any]:
    """The parts of one variable, cut into slicing[i] parts along axis i (more than one along one axis at most).

    Raises ValueError where shape and slicing differ in length, or a slice count does not fit its axis.
    """
    if len(shape) != len(slicing):
        raise ValueError(
            "The 'shape' and 'slicing' of a partitioned Variable must have the length: "
            f"shape: {shape}, slicing: {slicing}"
        )
    if not all(0 < parts <= length for parts, length in zip(slicing, shape, strict=True)):
        raise ValueError(f"Slicing {slicing} does not fit the shape {shape}: each axis has 1 to its length of parts.")
    if callable(initializer):
        given = {"shape": shape, "initializer": initializer}
    else:
        given = {"initializer": convert_to_tensor(initializer, dtype)}
    with variable_scope(name, "PartitionedVariable", reuse=reuse):
        parts = get_variable(
            None, **given, dtype=dtype, trainable=trainable, partitioner=lambda **_: slicing, collections=collections
        )
    return list(parts)


__all__ = [
    "AggregationMethod", "NoGradient", "NotDifferentiable", "create_partitioned_variables", "dimension_at_index",
    "dimension_value", "get_static_value", "is_tensor", "no_gradient",
    "op_scope", "shape_n",
]  # fmt: skip
