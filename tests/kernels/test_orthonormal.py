"""CholeskyQR2, which a GPU uses, gives Householder's factor, and gives way to it where it would break down."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
from fake_cupy import ndarray as DeviceArray

from scopeflow import kernels
from scopeflow.kernels import orthonormal
from scopeflow.kernels.orthonormal import cholesky_qr2, householder


def normal(m, n, seed=3):
    out = np.empty((m, n), np.float32)
    kernels.normal(out, seed)
    return out.astype(np.float64)


def far_from_orthonormal(q):
    return np.abs(q.T @ q - np.eye(q.shape[1])).max()


@pytest.fixture
def fallbacks(monkeypatch):
    """The shapes for which Householder was called."""
    shapes = []

    def noted(a, xp):
        shapes.append(a.shape)
        return householder(a, xp)

    monkeypatch.setattr(orthonormal, "householder", noted)
    return shapes


@pytest.mark.parametrize("m,n", [(1, 1), (7, 1), (5, 5), (300, 200), (1024, 1024), (2048, 2048), (4096, 128)])
def test_cholesky_qr2_is_the_factor_of_householder(m, n, fallbacks):
    a = normal(m, n)
    q = cholesky_qr2(a, np)
    assert fallbacks == []
    assert far_from_orthonormal(q) <= 1e-12
    r = q.T @ a
    assert np.abs(np.tril(r, -1)).max(initial=0) <= 1e-9 * np.abs(r).max()
    assert np.all(np.diagonal(r) > 0)
    if n <= 1024:
        assert np.abs(q - householder(a, np)).max() <= 1e-9


def spoilt(kind, m=200, n=100):
    a = normal(m, n)
    if kind == "a repeated column":
        a[:, 70] = a[:, 3]
    elif kind == "a nearly repeated column":
        a[:, 70] = a[:, 3] * (1 + 1e-15)
    elif kind == "a column of zeros":
        a[:, 70] = 0
    else:  # where Cholesky may still succeed, but on little more than rounding, and where it cannot
        u, _, v = np.linalg.svd(a, full_matrices=False)
        a = (u * np.geomspace(1, 1 / float(kind.split()[-1]), n)) @ v
    return a


SPOILT = (
    "a repeated column",
    "a nearly repeated column",
    "a column of zeros",
    "condition number 2.5e8",
    "condition number 1e9",
)


@pytest.mark.parametrize("kind", SPOILT)
def test_a_nearly_singular_draw_is_left_to_householder_and_orthonormal(kind, fallbacks):
    q = cholesky_qr2(spoilt(kind), np)
    assert fallbacks == [(200, 100)]
    assert far_from_orthonormal(q) <= 1e-12


def test_a_cholesky_factor_of_nan_as_cupy_gives_it_is_left_to_householder(fallbacks, monkeypatch):
    monkeypatch.setattr(np.linalg, "cholesky", lambda gram: np.full_like(gram, np.nan))
    assert far_from_orthonormal(cholesky_qr2(normal(20, 10), np)) <= 1e-12
    assert fallbacks == [(20, 10)]


def test_one_pass_alone_would_not_do():
    u, _, v = np.linalg.svd(normal(200, 100), full_matrices=False)
    a = (u * np.geomspace(1, 1e-7, 100)) @ v
    once = orthonormal._cholesky_solved(a, a.T @ a, np)
    assert far_from_orthonormal(once) > 1e-5
    assert far_from_orthonormal(cholesky_qr2(a, np)) <= 1e-12


@pytest.mark.parametrize("shape", [(1024, 1024), (2048, 2048), (3, 3, 20, 400), (0, 4), (4, 0)])
def test_an_orthogonal_fill_is_orthogonal_to_1e_5_and_the_same_on_both_sides(shape, stand_in_cupy, monkeypatch):
    import scipy.linalg

    monkeypatch.setitem(sys.modules, "cupyx.scipy.linalg", device_linalg(scipy.linalg))
    here, there = np.empty(shape, np.float32), stand_in_cupy.asarray(np.empty(shape, np.float32))
    kernels.orthogonal(there, 5, gain=1.5)
    got = there.get()
    flat = got.astype(np.float64).reshape(-1, shape[-1]) if got.size else np.zeros((1, 0))
    gram = flat.T @ flat if flat.shape[0] >= flat.shape[1] else flat @ flat.T
    assert np.abs(gram / 1.5**2 - np.eye(len(gram))).max(initial=0) <= 1e-5
    kernels.orthogonal(here, 5, gain=1.5)
    assert np.abs(got - here).max(initial=0) <= 1e-6


def device_linalg(host):
    """scipy.linalg behind the stand-in's wall."""

    def solve_triangular(a, b, **kwargs):
        return DeviceArray(host.solve_triangular(a._host, b._host, **kwargs))

    return SimpleNamespace(solve_triangular=solve_triangular)
