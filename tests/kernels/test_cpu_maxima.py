"""The CPU's own max pools: bit for bit those of the array library's functions, and nothing else touched."""

import pathlib
import subprocess
import sys

import numpy as np
import pytest

from scopeflow.kernels import geometry, pools
from scopeflow.kernels.cpu import maxima as ours
from scopeflow.kernels.cpu import threads

# (N, H, W, C), window, strides, padding
SHAPES = {
    "halves": ((3, 8, 10, 32), (2, 2), (2, 2), "VALID"),
    "halves of odd sizes": ((2, 7, 9, 16), (2, 2), (2, 2), "SAME"),
    "channels that fill no vector": ((2, 6, 6, 37), (2, 2), (2, 2), "SAME"),
    "few channels": ((2, 6, 6, 3), (2, 2), (2, 2), "SAME"),
    "windows that overlap": ((2, 9, 8, 20), (3, 3), (2, 2), "SAME"),
    "windows that overlap, stride 1": ((1, 5, 6, 17), (3, 2), (1, 1), "SAME"),
    "cells unseen": ((1, 9, 9, 16), (2, 2), (4, 3), "VALID"),
    "padding on all sides": ((2, 5, 5, 16), (3, 3), (2, 2), ((1, 1), (1, 1))),
    "a window larger than the image": ((2, 3, 2, 16), (5, 4), (1, 1), "SAME"),
    "one cell": ((1, 1, 1, 1), (1, 1), (1, 1), "VALID"),
}


def operands(shape):
    """x with equal numbers in most windows, and dy."""
    size, window, strides, padding = shape
    at = geometry.windows(size[1:3], window, strides, padding)
    rng = np.random.default_rng(0)
    x = rng.integers(-3, 4, size).astype(np.float32)
    return x, rng.standard_normal((size[0], *at.output, size[3]), np.float32), at


def by_the_library(monkeypatch, function, *arrays, shape):
    with monkeypatch.context() as patch:
        patch.setattr(ours, "suits", lambda x: False)
        return function(*arrays, *shape[1:])


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_the_greatest_numbers_and_their_gradients_are_the_librarys(shape, monkeypatch):
    monkeypatch.setattr(ours, "TASK_FLOATS", 1)
    x, dy, at = operands(shape)
    y = by_the_library(monkeypatch, pools.max_pool, x, shape=shape)
    np.testing.assert_array_equal(ours.max_pool(x, at), y)
    expected = by_the_library(monkeypatch, pools.max_pool_grad, x, y, dy, shape=shape)
    made = ours.max_pool_grad(x, y, dy, at)
    assert abs(made).sum() > 0
    np.testing.assert_allclose(made, expected, rtol=0, atol=1e-6 * abs(dy).max())  # overlaps are added in another order


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_nan_is_the_greatest_and_takes_no_gradient(shape, monkeypatch):
    x, dy, at = operands(shape)
    x.reshape(-1)[:: 1 + x.size // 50] = np.nan
    x.reshape(-1)[1 :: 1 + x.size // 40] = np.inf
    y = by_the_library(monkeypatch, pools.max_pool, x, shape=shape)
    made = ours.max_pool(x, at)
    np.testing.assert_array_equal(made, y)
    expected = by_the_library(monkeypatch, pools.max_pool_grad, x, y, dy, shape=shape)
    np.testing.assert_allclose(ours.max_pool_grad(x, y, dy, at), expected, rtol=0, atol=1e-6 * abs(dy).max())


def test_a_window_of_nothing_but_minus_infinity_gives_its_gradient_to_a_cell_of_the_image():
    x = np.full((1, 2, 2, 16), -np.inf, np.float32)
    at = geometry.windows((2, 2), (2, 2), (2, 2), ((1, 1), (1, 1)))
    y = ours.max_pool(x, at)
    assert np.isneginf(y).all()
    assert (ours.max_pool_grad(x, y, np.ones_like(y), at) == 1).all()


def test_threads_change_no_bit(monkeypatch):
    monkeypatch.setattr(ours, "TASK_FLOATS", 1)
    x, dy, at = operands(((7, 9, 8, 20), (3, 3), (2, 2), "SAME"))
    made = set()
    for count in (1, 2, 5):
        monkeypatch.setattr(threads, "count", lambda count=count: count)
        y = ours.max_pool(x, at)
        made.add((y.tobytes(), ours.max_pool_grad(x, y, dy, at).tobytes()))
    assert len(made) == 1


def test_large_float32_images_of_many_channels_go_this_way(monkeypatch):
    x = np.zeros((4, 16, 16, 32), np.float32)
    assert ours.suits(x)
    for other in (x.astype(np.float64), x.astype(np.float16), x[:1, :2], x.reshape(4, 16, 256, 2)):
        assert not ours.suits(other)
    taken = []
    monkeypatch.setattr(ours, "max_pool", lambda x, at: taken.append(at) or x)
    pools.max_pool(x, (2, 2), (2, 2))
    assert len(taken) == 1


def test_operands_need_not_be_contiguous():
    shape = SHAPES["halves of odd sizes"]
    x, dy, at = operands(shape)
    y = ours.max_pool(x, at)
    turned = [np.asfortranarray(array) for array in (x, y, dy)]
    np.testing.assert_array_equal(ours.max_pool(turned[0], at), y)
    np.testing.assert_array_equal(ours.max_pool_grad(*turned, at), ours.max_pool_grad(x, y, dy, at))


GUARDED = """
import test_cpu_convolution
import test_cpu_maxima as tests
exec(test_cpu_convolution.EDGES)
for shape in tests.SHAPES.values():
    for end in (False, True):
        x, dy, at = tests.operands(shape)
        x, dy = (at_the_edge(array, end) for array in (x, dy))
        y = at_the_edge(tests.ours.max_pool(x, at), end)
        np.empty_like = lambda array: at_the_edge(np.zeros(array.shape, array.dtype), end)
        tests.ours.max_pool_grad(x, y, dy, at)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="pages are guarded by mprotect")
def test_nothing_is_touched_before_or_beyond_the_images():
    subprocess.run([sys.executable, "-c", GUARDED], check=True, cwd=pathlib.Path(__file__).parent)
