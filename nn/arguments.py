"""Arguments that TensorFlow 1 has under two names."""

from __future__ import annotations

from typing import Any


def renamed(value: Any, old_value: Any, name: str, old_name: str) -> Any:
    """The one of the two that is given, or None. Raises ValueError where both are."""
    if old_value is None:
        return value
    if value is not None:
        raise ValueError(f"Cannot specify both '{old_name}' and '{name}'.")
    return old_value
