"""Elements that a Python generator yields."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..engine.build import to_array
from ..engine.errors import InvalidArgumentError, OpError
from ..engine.ops.effects import error_inside
from .functions import Element, Home
from .sources import Source, Step
from .structure import Spec, flatten, flatten_like, map_structure


def generated(*args: Any, generator: Callable, element: Any) -> Source:
    """What ``generator(*args)`` yields, as elements of the structure `element`."""

    def begin(home: Home) -> Step:
        values: Iterator[Any] | None = None

        def next_element() -> Element:
            nonlocal values
            try:
                if values is None:
                    values = iter(generator(*[np.array(a) if a.ndim else a[()] for a in map(np.asarray, args)]))
                return _element(next(values), element)
            except (StopIteration, OpError):
                raise
            except Exception as error:
                raise error_inside(error) from error

        return next_element

    return begin


def _element(value: Any, structure: Any) -> Element:
    """The arrays of what a generator yielded. Raises InvalidArgumentError where it is not as was declared."""
    try:
        parts = flatten_like(structure, value, lambda _: False)
    except (TypeError, ValueError) as error:
        raise _refused(
            "TypeError: `generator` yielded an element that did not match the expected structure. The expected "
            f"structure was {map_structure(lambda spec: spec.dtype, structure)}, but the yielded element was {value}."
        ) from error
    return [_array(part, spec) for part, spec in zip(parts, flatten(structure), strict=True)]


def _array(value: Any, spec: Spec) -> np.ndarray:
    try:
        array = to_array(value, spec.dtype)
    except (TypeError, ValueError) as error:
        raise _refused(
            "TypeError: `generator` yielded an element that could not be converted to the expected type. The expected "
            f"type was {spec.dtype.name}, but the yielded element was {value}."
        ) from error
    if not spec.shape.is_compatible_with(array.shape):
        raise _refused(
            f"ValueError: `generator` yielded an element of shape {array.shape} where an element of shape {spec.shape} "
            "was expected."
        )
    return array


def _refused(message: str) -> OpError:
    return InvalidArgumentError(None, None, message)
