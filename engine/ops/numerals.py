"""Numbers from text, as TensorFlow reads them."""

from __future__ import annotations

import re

import numpy as np

from ..dtypes import DType

_SPACE = b" \t\n\v\f\r"
_DECIMAL = re.compile(rb"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf|infinity|nan)", re.IGNORECASE)
_HEXADECIMAL = re.compile(rb"[+-]?0x[0-9a-f]+", re.IGNORECASE)
_INTEGER = re.compile(rb"[+-]?\d+")


def number_from(text: bytes, dtype: DType) -> float | int:
    """The number that a text is, spaces around it aside. Raises ValueError for any other text, or one out of range."""
    bare = text.strip(_SPACE)
    if dtype.is_floating:
        if _HEXADECIMAL.fullmatch(bare):
            return float(int(bare, 16))
        if _DECIMAL.fullmatch(bare):
            return float(bare)
    elif _INTEGER.fullmatch(bare):
        number, limits = int(bare), np.iinfo(dtype.numpy)
        if limits.min <= number <= limits.max:
            return number
    raise ValueError(text)
