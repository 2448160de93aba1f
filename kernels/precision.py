"""How exactly float32 products are computed where tensor cores offer less: PyTorch's setting, under its name."""

from __future__ import annotations

PRECISIONS = ("highest", "high")

_precision = "highest"


def set_float32_matmul_precision(precision: str) -> None:
    """Choose the precision of float32 products and convolutions that do not ask for one themselves.

    Args:
        precision: "highest", as accurate as float32 sums (the default), or "high", which lets a GPU round the factors
            to TF32, ten bits of fraction. On a CPU both compute in float32.

    Raises:
        ValueError: another word.
    """
    global _precision
    _precision = checked_precision("set_float32_matmul_precision", precision)


def get_float32_matmul_precision() -> str:
    """What `set_float32_matmul_precision` last chose."""
    return _precision


def checked_precision(kernel: str, precision: str | None) -> str:
    """The precision that a call asks for, or the chosen one; ValueError for another word."""
    if precision is None:
        return _precision
    if precision not in PRECISIONS:
        raise ValueError(f"{kernel}: precision must be 'highest' or 'high', not {precision!r}")
    return precision
