"""What the elements of a dataset look like: nests of tensors, of which lists are no part, and what is known of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..engine.build import convert_to_tensor
from ..engine.dtypes import DType, as_dtype, int64, variant
from ..engine.graph import Tensor
from ..engine.nest import children_of, with_values
from ..engine.shapes import TensorShape, as_shape
from ..engine.sparse_tensor import SparseTensor, SparseTensorValue


@dataclass(frozen=True)
class Spec:
    """One component: its dtype and static shape, and its class: Tensor, SparseTensor, or that of datasets."""

    dtype: DType
    shape: TensorShape
    kind: type = Tensor
    inner: Any = None  # of a dataset: the structure of its elements

    def tensors(self) -> list[tuple[DType, TensorShape]]:
        """Dtype and shape of the tensors that it is made of in a graph, in the order of an element's arrays."""
        if self.kind is SparseTensor:
            rank = self.shape.ndims
            return [(int64, TensorShape([None, rank])), (self.dtype, TensorShape([None])), (int64, TensorShape([rank]))]
        return [(self.dtype, self.shape)]

    def __repr__(self) -> str:
        return f"{self.kind.__name__}(shape={self.shape}, dtype={self.dtype.name})"

    def with_shape(self, shape: Any) -> Spec:
        return replace(self, shape=as_shape(shape))


def dataset_spec(kind: type, inner: Any) -> Spec:
    """The component of elements that are datasets themselves."""
    return Spec(variant, TensorShape([]), kind, inner)


# -- nests ----------------------------------------------------------------------------------------------------------


def is_nested(value: Any) -> bool:
    """Tuples and dicts are; a list becomes a tensor, and so do the three parts of a SparseTensorValue."""
    return isinstance(value, (tuple, Mapping)) and not isinstance(value, SparseTensorValue)


def flatten(structure: Any) -> list:
    """The leaves from left to right, a dict's in the order of its sorted keys."""
    if not is_nested(structure):
        return [structure]
    return [leaf for child in children_of(structure) for leaf in flatten(child)]


def pack(structure: Any, leaves: Sequence[Any]) -> Any:
    """The leaves in the form of `structure`."""
    remaining = iter(leaves)

    def packed(part: Any) -> Any:
        if not is_nested(part):
            return next(remaining)
        children = [packed(child) for child in children_of(part)]
        if isinstance(part, Mapping):
            return with_values(part, zip(sorted(part), children, strict=True))
        return type(part)(*children) if hasattr(part, "_fields") else tuple(children)

    return packed(structure)


def map_structure(function: Callable[[Any], Any], structure: Any) -> Any:
    return pack(structure, [function(leaf) for leaf in flatten(structure)])


def flatten_like(structure: Any, values: Any, is_leaf: Callable[[Any], bool]) -> list:
    """The parts of `values` that stand where `structure` has leaves; a leaf of `values` may stand for a whole branch.

    Raises ValueError, TypeError where the two differ in form.
    """
    if not is_nested(structure):
        return [values]
    if is_leaf(values):
        return [values] * len(flatten(structure))
    if isinstance(structure, Mapping):
        if not isinstance(values, Mapping) or set(values) != set(structure):
            raise ValueError(f"The two structures don't have the same keys. Expected {list(structure)}, got {values!r}")
        pairs = [(structure[key], values[key]) for key in sorted(structure)]
    else:
        if not isinstance(values, (tuple, list)):
            raise TypeError(f"The two structures don't have the same sequence type: {structure!r} and {values!r}")
        if len(values) != len(structure):
            raise ValueError(
                f"The two structures don't have the same number of elements. First structure: {structure!r}\n\n"
                f"Second structure: {values!r}"
            )
        pairs = list(zip(structure, values, strict=True))
    return [leaf for part, value in pairs for leaf in flatten_like(part, value, is_leaf)]


# -- from and to what programs see ----------------------------------------------------------------------------------


def spec_of(value: Any) -> Spec:
    """What is known of a tensor or SparseTensor."""
    return Spec(value.dtype, value.shape, SparseTensor if isinstance(value, SparseTensor) else Tensor)


def normalized(value: Any, names: str = "component_%d") -> Any:
    """A nest of tensors and SparseTensors; `names` name the constants that plain values become."""
    leaves: list[Any] = []
    for i, leaf in enumerate(flatten(value)):
        if isinstance(leaf, SparseTensorValue):
            leaf = SparseTensor(*leaf)
        leaves.append(leaf if isinstance(leaf, SparseTensor) else convert_to_tensor(leaf, name=names % i))
    return pack(value, leaves)


def tensors_of(leaves: Sequence[Any]) -> list[Tensor]:
    """The tensors that flat components (tensors, SparseTensors, datasets) are made of."""
    tensors: list[Tensor] = []
    for leaf in leaves:
        if isinstance(leaf, SparseTensor):
            tensors += [leaf.indices, leaf.values, leaf.dense_shape]
        else:
            tensors.append(leaf if isinstance(leaf, Tensor) else leaf.variant)
    return tensors


def components(structure: Any, tensors: Sequence[Tensor]) -> Any:
    """What programs get of an element: the tensors in the form of `structure`, with SparseTensors and datasets made."""
    remaining = iter(tensors)
    leaves: list[Any] = []
    for spec in flatten(structure):
        if spec.kind is Tensor:
            leaves.append(next(remaining))
        elif spec.kind is SparseTensor:
            sparse = SparseTensor(*(next(remaining) for _ in spec.tensors()))
            leaves.append(sparse)
        else:
            leaves.append(spec.kind.of_variant(next(remaining), spec.inner))
    return pack(structure, leaves)


def arrays_of(structure: Any) -> list[tuple[DType, TensorShape]]:
    """Dtype and static shape of all the arrays that an element consists of, in order."""
    return [tensor for spec in flatten(structure) for tensor in spec.tensors()]


def declared(types: Any, shapes: Any = None, classes: Any = None) -> Any:
    """The structure that a program declares by dtypes, shapes (None: unknown) and classes (None: dense tensors).

    Raises ValueError, TypeError where the nests differ in form.
    """
    types = map_structure(as_dtype, tuple(types) if isinstance(types, list) else types)
    flat = flatten(types)
    known = [None] * len(flat) if shapes is None else flatten_like(types, shapes, _is_shape_for_all)
    kinds = [Tensor] * len(flat) if classes is None else flatten_like(types, classes, lambda c: isinstance(c, type))
    return pack(types, [Spec(t, as_shape(s), k) for t, s, k in zip(flat, known, kinds, strict=True)])


def _is_shape_for_all(shape: Any) -> bool:
    return shape is None


def is_compatible(given: Any, wanted: Any) -> bool:
    """Whether elements of structure `given` may go where `wanted` is declared."""
    if len(flatten(given)) != len(flatten(wanted)):
        return False
    return all(
        a.dtype is b.dtype and a.kind is b.kind and a.shape.is_compatible_with(b.shape)
        for a, b in zip(flatten(given), flatten(wanted), strict=True)
    )


def batched(spec: Spec, size: int | None) -> Spec:
    """A component with one more axis in front. Raises TypeError for a dataset, of which there are no batches."""
    if spec.kind not in (Tensor, SparseTensor):
        raise TypeError("Batching of datasets is not supported: flatten them first, as by `flat_map`.")
    return spec.with_shape(TensorShape([size]).concatenate(spec.shape))


def unbatched(spec: Spec) -> Spec:
    """A component without its first axis. Raises ValueError for a scalar."""
    if spec.shape.ndims == 0:
        raise ValueError("Unbatching a tensor is only supported for rank >= 1")
    return spec.with_shape(spec.shape[1:])
