"""Static shapes with unknown parts, and their algebra."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any


class Dimension:
    """One axis' length, or None where it is not known. An unknown operand makes any result unknown.

    A float must be whole, else ValueError: programs of Python 2 have divided without a remainder.
    """

    __slots__ = ("_value",)

    def __init__(self, value: Any) -> None:
        if isinstance(value, Dimension):
            self._value: int | None = value._value
        elif value is None:
            self._value = None
        else:
            if hasattr(value, "__index__"):
                self._value = int(value.__index__())
            elif not hasattr(value, "is_integer"):
                raise TypeError(f"Dimension value must be integer or None or have an __index__ method, got {value!r}")
            elif not value.is_integer():
                raise ValueError(f"Ambiguous dimension: {value}")
            else:
                self._value = int(value)
            if self._value < 0:
                raise ValueError(f"Dimension {self._value} must be >= 0")

    @property
    def value(self) -> int | None:
        return self._value

    def __repr__(self) -> str:
        return f"Dimension({self._value})"

    def __str__(self) -> str:
        return "?" if self._value is None else str(self._value)

    def __int__(self) -> int:
        return self.__index__()

    def __index__(self) -> int:
        if self._value is None:
            raise TypeError("__index__ returned non-int (type NoneType): this dimension is not known statically")
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __hash__(self) -> int:
        if self._value is None:
            raise ValueError("Unable to hash a Dimension whose value is not known")
        return hash(self._value)

    def is_compatible_with(self, other: Any) -> bool:
        other = Dimension(other)
        return self._value is None or other._value is None or self._value == other._value

    def assert_is_compatible_with(self, other: Any) -> None:
        if not self.is_compatible_with(other):
            raise ValueError(f"Dimensions {self} and {other} are not compatible")

    def merge_with(self, other: Any) -> Dimension:
        """The known one of two compatible dimensions. Raises ValueError where they contradict each other."""
        other = Dimension(other)
        self.assert_is_compatible_with(other)
        return other if self._value is None else self


def _arithmetic(name: str, compute: Callable[[int, int], int]) -> None:
    """Give `Dimension` one binary operator and its reflection; unknown in, unknown out."""

    def apply(left: Any, right: Any) -> Any:
        try:
            a, b = Dimension(left)._value, Dimension(right)._value
        except (TypeError, ValueError):
            return NotImplemented
        return Dimension(None if a is None or b is None else compute(a, b))

    setattr(Dimension, f"__{name}__", lambda self, other: apply(self, other))
    setattr(Dimension, f"__r{name}__", lambda self, other: apply(other, self))


def _comparison(name: str, compute: Callable[[int, int], bool]) -> None:
    """Give `Dimension` one comparison, which is None where either side is unknown."""

    def apply(self: Dimension, other: Any) -> Any:
        try:
            a, b = self._value, Dimension(other)._value
        except (TypeError, ValueError):
            return NotImplemented
        return None if a is None or b is None else compute(a, b)

    setattr(Dimension, f"__{name}__", apply)


_arithmetic("add", lambda a, b: a + b)
_arithmetic("sub", lambda a, b: a - b)
_arithmetic("mul", lambda a, b: a * b)
_arithmetic("floordiv", lambda a, b: a // b)
_arithmetic("mod", lambda a, b: a % b)
_comparison("eq", lambda a, b: a == b)
_comparison("ne", lambda a, b: a != b)
_comparison("lt", lambda a, b: a < b)
_comparison("le", lambda a, b: a <= b)
_comparison("gt", lambda a, b: a > b)
_comparison("ge", lambda a, b: a >= b)


class TensorShape:
    """A shape: known, partly known (`[None, 784]`), or of unknown rank (`TensorShape(None)`)."""

    __slots__ = ("_sizes",)

    def __init__(self, dims: Any) -> None:
        if isinstance(dims, TensorShape):
            self._sizes: tuple[int | None, ...] | None = dims._sizes
        elif dims is None or getattr(dims, "unknown_rank", False):
            self._sizes = None
        elif hasattr(dims, "unknown_rank"):  # a TensorShapeProto
            self._sizes = tuple(None if d.size < 0 else d.size for d in dims.dim)
        elif isinstance(dims, Dimension) or not isinstance(dims, Iterable):
            self._sizes = (Dimension(dims)._value,)
        else:
            self._sizes = tuple(d if type(d) is int and d >= 0 else Dimension(d)._value for d in dims)

    @property
    def sizes(self) -> tuple[int | None, ...] | None:
        """The lengths as plain ints, None for an unknown one; None for unknown rank."""
        return self._sizes

    @property
    def dims(self) -> list[Dimension] | None:
        return None if self._sizes is None else [Dimension(d) for d in self._sizes]

    @property
    def ndims(self) -> int | None:
        return None if self._sizes is None else len(self._sizes)

    rank = ndims

    def as_list(self) -> list[int | None]:
        if self._sizes is None:
            raise ValueError("as_list() is not defined on an unknown TensorShape.")
        return list(self._sizes)

    def num_elements(self) -> int | None:
        """The product of the dimensions, None unless all are known."""
        if not self.is_fully_defined():
            return None
        size = 1
        for d in self._sizes or ():
            size *= d  # type: ignore[operator]
        return size

    def is_fully_defined(self) -> bool:
        return self._sizes is not None and None not in self._sizes

    def assert_is_fully_defined(self) -> None:
        if not self.is_fully_defined():
            raise ValueError(f"Shape {self} is not fully defined")

    def assert_has_rank(self, rank: int) -> None:
        if self.ndims not in (None, rank):
            raise ValueError(f"Shape {self} must have rank {rank}")

    def with_rank(self, rank: int) -> TensorShape:
        """This shape, known to have `rank` dimensions. Raises ValueError where it has another number."""
        self.assert_has_rank(rank)
        return unknown_shape(rank) if self._sizes is None else self

    def with_rank_at_least(self, rank: int) -> TensorShape:
        if self.ndims is not None and self.ndims < rank:
            raise ValueError(f"Shape {self} must have rank at least {rank}")
        return self

    def with_rank_at_most(self, rank: int) -> TensorShape:
        if self.ndims is not None and self.ndims > rank:
            raise ValueError(f"Shape {self} must have rank at most {rank}")
        return self

    def is_compatible_with(self, other: Any) -> bool:
        other = as_shape(other)
        if self._sizes is None or other._sizes is None:
            return True
        return len(self._sizes) == len(other._sizes) and all(
            a is None or b is None or a == b for a, b in zip(self._sizes, other._sizes, strict=True)
        )

    def assert_is_compatible_with(self, other: Any) -> None:
        if not self.is_compatible_with(other):
            raise ValueError(f"Shapes {self} and {as_shape(other)} are incompatible")

    def assert_same_rank(self, other: Any) -> None:
        other = as_shape(other)
        if None not in (self.ndims, other.ndims) and self.ndims != other.ndims:
            raise ValueError(f"Shapes {self} and {other} must have the same rank")

    def merge_with(self, other: Any) -> TensorShape:
        """What both shapes say together. Raises ValueError where they contradict each other."""
        other = as_shape(other)
        if self._sizes is None:
            return other
        if other._sizes is None or other._sizes == self._sizes:
            return self
        if not self.is_compatible_with(other):
            raise ValueError(f"Shapes {self} and {other} are not compatible")
        return TensorShape([b if a is None else a for a, b in zip(self._sizes, other._sizes, strict=True)])

    def most_specific_compatible_shape(self, other: Any) -> TensorShape:
        """What both shapes say alike: the closest shape that both are compatible with."""
        other = as_shape(other)
        if self._sizes is None or other._sizes is None or len(self._sizes) != len(other._sizes):
            return TensorShape(None)
        return TensorShape([a if a == b else None for a, b in zip(self._sizes, other._sizes, strict=True)])

    def concatenate(self, other: Any) -> TensorShape:
        other = as_shape(other)
        if self._sizes is None or other._sizes is None:
            return TensorShape(None)
        return TensorShape(self._sizes + other._sizes)

    def __add__(self, other: Any) -> TensorShape:
        return self.concatenate(other)

    def __radd__(self, other: Any) -> TensorShape:
        return as_shape(other).concatenate(self)

    def __len__(self) -> int:
        if self._sizes is None:
            raise ValueError("Cannot take the length of shape with unknown rank.")
        return len(self._sizes)

    def __iter__(self) -> Iterator[Dimension]:
        if self._sizes is None:
            raise ValueError("Cannot iterate over a shape with unknown rank.")
        return iter([Dimension(d) for d in self._sizes])

    def __getitem__(self, key: Any) -> Any:
        if self._sizes is not None:
            return TensorShape(self._sizes[key]) if isinstance(key, slice) else Dimension(self._sizes[key])
        if not isinstance(key, slice):
            return Dimension(None)
        if key.step in (None, 1) and (key.start or 0) >= 0 and key.stop is not None and key.stop >= 0:
            return unknown_shape(max(key.stop - (key.start or 0), 0))
        return TensorShape(None)

    def __bool__(self) -> bool:
        return self._sizes is not None

    def __eq__(self, other: object) -> bool:
        try:
            return self._sizes == as_shape(other)._sizes
        except (TypeError, ValueError):
            return NotImplemented

    def __hash__(self) -> int:
        return hash(self._sizes)

    def __repr__(self) -> str:
        return f"TensorShape({None if self._sizes is None else self.dims})"

    def __str__(self) -> str:
        if self._sizes is None:
            return "<unknown>"
        inner = ", ".join("?" if d is None else str(d) for d in self._sizes)
        return f"({inner},)" if len(self._sizes) == 1 else f"({inner})"


def as_shape(value: Any) -> TensorShape:
    return value if isinstance(value, TensorShape) else TensorShape(value)


def unknown_shape(rank: int | None = None) -> TensorShape:
    return TensorShape(None if rank is None else [None] * rank)


def broadcast_sizes(x: TensorShape, y: TensorShape) -> TensorShape:
    """NumPy's broadcasting of two static shapes. Raises ValueError where two known lengths differ and neither is 1."""
    if x.sizes is None or y.sizes is None:
        return TensorShape(None)
    rank = max(len(x.sizes), len(y.sizes))
    left = (1,) * (rank - len(x.sizes)) + x.sizes
    right = (1,) * (rank - len(y.sizes)) + y.sizes
    result: list[int | None] = []
    for a, b in zip(left, right, strict=True):
        if a == 1 or b == 1:
            result.append(b if a == 1 else a)
        elif a is None or b is None:
            result.append(b if a is None else a)  # the known one is above 1, so the other is that or 1
        elif a == b:
            result.append(a)
        else:
            raise ValueError(f"Incompatible shapes for broadcasting: {x} and {y}")
    return TensorShape(result)
