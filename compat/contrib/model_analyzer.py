"""slim.model_analyzer: a list of a model's variables with their sizes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def tensor_description(var: Any) -> str:
    """Its dtype and shape: "(float32 5x3)"."""
    sizes = "x".join(str(size) for size in var.shape.as_list())
    return f"({var.dtype.name} {sizes})"


def analyze_vars(variables: Iterable[Any], print_info: bool = False) -> tuple[int, int]:
    """(The number of elements, the number of bytes) of all variables; `print_info` prints them one by one."""
    total, size = 0, 0
    if print_info:
        print("---------\nVariables: name (type shape) [size]\n---------")
    for var in variables:
        elements = var.shape.num_elements() or 0
        taken = elements * var.dtype.size
        total, size = total + elements, size + taken
        if print_info:
            print(var.name, tensor_description(var), f"[{elements}, bytes: {taken}]")
    if print_info:
        print(f"Total size of variables: {total}\nTotal bytes of variables: {size}")
    return total, size


__all__ = ["analyze_vars", "tensor_description"]
