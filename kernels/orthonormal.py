"""The orthonormal factor of a tall matrix, in float64, the same code on NumPy and CuPy arrays."""

from __future__ import annotations

import importlib
from typing import Any

Array = Any  # numpy.ndarray or cupy.ndarray

# CholeskyQR's error is a few u cond(a)**2. A first factor no further from orthonormal than this, in Frobenius's norm,
# has a condition number below sqrt(3), so that the second pass ends within some n u.
FIRST_PASS_WITHIN = 0.5


def householder(a: Array, xp: Any) -> Array:
    """Q of a = Q R for float64 `a` [m, n], m >= n, each column times the sign of R's diagonal entry.

    That sign makes Q unique and its distribution uniform (F. Mezzadri, "How to generate random matrices from the
    classical compact groups", 2007).
    """
    q, r = xp.linalg.qr(a)
    q *= xp.where(xp.diagonal(r) < 0, -1.0, 1.0)
    return q


def cholesky_qr2(a: Array, xp: Any) -> Array:
    """What `householder` gives, by two passes of a = (a L**-T) L**T, L L**T being Cholesky's factors of a**T a.

    Products and triangular solves are what a GPU does best; L's diagonal is positive, so Q has its signs already
    (Y. Yamamoto et al., "Roundoff error analysis of the CholeskyQR2 algorithm", 2015). Falls back to `householder`
    where `a` is so nearly singular that the first pass breaks down or leaves Q far from orthonormal.
    """
    try:
        first = _cholesky_solved(a, a.T @ a, xp)
        gram = first.T @ first
        far = float(xp.linalg.norm(gram - xp.eye(len(gram))))
        if far <= FIRST_PASS_WITHIN:  # CuPy's Cholesky gives NaN where NumPy's raises, and NaN is not within
            return _cholesky_solved(first, gram, xp)
    except xp.linalg.LinAlgError:
        pass
    return householder(a, xp)


def _cholesky_solved(a: Array, gram: Array, xp: Any) -> Array:
    """a L**-T, where L L**T = gram."""
    linalg = importlib.import_module("scipy.linalg" if xp.__name__ == "numpy" else "cupyx.scipy.linalg")
    lower = xp.linalg.cholesky(gram)
    return linalg.solve_triangular(lower, a.T, lower=True, check_finite=False).T
