"""One table of op cases that drives every test that crosses all ops: gradients, dtypes, aliasing, backends."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Case:
    """How to build one op on small inputs.

    `build(tf, *tensors)` returns a tensor or a list of tensors. `inputs` are NumPy arrays: float64 ones are
    differentiated (choose them away from kinks and ties), all others are not. `ops` names the op types covered.
    """

    name: str
    ops: tuple[str, ...]
    build: Callable[..., Any]
    inputs: tuple[Any, ...] = ()
    differentiable: bool = True
    second_order: bool = True


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def positive(*shape: int, seed: int = 0) -> np.ndarray:
    """float64 in [0.5, 2)."""
    return rng(seed).uniform(0.5, 2.0, shape)


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    """float64, standard normal, kept at least 0.05 away from zero."""
    x = rng(seed).standard_normal(shape)
    return np.where(np.abs(x) < 0.05, x + 0.1, x)


def distinct(*shape: int, seed: int = 0) -> np.ndarray:
    """float64 with no two elements closer than 0.1: safe for max, sort and argmax."""
    count = int(np.prod(shape))
    return (rng(seed).permutation(count) * 0.1 + 0.05 - 0.05 * count).reshape(shape)


_FAMILIES = (
    "basic", "math", "reduce", "linalg", "array", "images", "nn", "random", "sampling", "special", "state",
    "control_flow", "training", "summary", "sequences", "imported", "data", "queues",
    "text", "complex",
)  # fmt: skip


def all_cases() -> list[Case]:
    cases: list[Case] = []
    for family in _FAMILIES:
        try:
            module = importlib.import_module(f"op_cases_{family}")
        except ModuleNotFoundError as error:
            if error.name != f"op_cases_{family}":
                raise
            continue
        cases += module.CASES
    return cases
