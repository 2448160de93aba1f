"""How exactly float32 products are computed where there is a faster way: PyTorch's setting, under its name."""

from __future__ import annotations

PRECISIONS = ("highest", "high")

_precision = "highest"


def set_float32_matmul_precision(precision: str) -> None:
    """Choose the precision of float32 products and convolutions that do not ask for one themselves.

    Args:
        precision: "highest", as accurate as float32 sums (the default), or "high", which is faster: it lets a GPU round
            the factors to TF32, ten bits of fraction, and a CPU convolve by Winograd's way, whose errors are those of
            a float32 sum where neighbouring cells are alike in magnitude, and greater elsewhere.

    Raises:
        ValueError: another word.
    """
    global _precision
    _precision = _known("set_float32_matmul_precision", precision)


def get_float32_matmul_precision() -> str:
    """What `set_float32_matmul_precision` last chose."""
    return _precision


def checked_precision(kernel: str, precision: str | None) -> str:
    """The precision that a call asks for, or the chosen one for None; ValueError for another word."""
    return _precision if precision is None else _known(kernel, precision)


def _known(who: str, precision: str) -> str:
    if precision not in PRECISIONS:
        raise ValueError(f"{who}: precision must be 'highest' or 'high', not {precision!r}")
    return precision
