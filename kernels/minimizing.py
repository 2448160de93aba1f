"""The least of a function of a host array, found by SciPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def minimize(
    value_and_gradient: Callable[[np.ndarray], tuple[float, np.ndarray]], start: np.ndarray, **how: Any
) -> Any:
    """`scipy.optimize.minimize` of a function that gives its value and gradient; `how` are its further arguments."""
    from scipy.optimize import minimize as minimize_of

    return minimize_of(value_and_gradient, start, jac=True, **how)


__all__ = ["minimize"]
