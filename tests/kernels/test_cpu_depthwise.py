"""The CPU's own depthwise convolutions: the definition's numbers in float32, and nothing else touched."""

import pathlib
import subprocess
import sys

import numpy as np
import pytest

from scopeflow.kernels import dense, geometry, naive, plain
from scopeflow.kernels.cpu import depthwise as ours
from scopeflow.kernels.cpu import maxima, threads

# (N, H, W, C), window, strides, padding, dilations
SHAPES = {
    "many channels": ((2, 7, 23, 32), (3, 3), (1, 1), "SAME", (1, 1)),
    "one vector": ((1, 5, 9, 16), (3, 3), (1, 1), "VALID", (1, 1)),
    "channels that fill no vector": ((2, 6, 11, 37), (3, 2), (1, 1), "SAME", (1, 1)),
    "strides": ((2, 9, 21, 17), (3, 3), (2, 2), "SAME", (1, 1)),
    "unequal strides": ((2, 8, 21, 16), (3, 4), (3, 2), "SAME", (1, 1)),
    "cells unseen": ((1, 9, 17, 20), (2, 2), (4, 3), "VALID", (1, 1)),
    "more stride than window and image": ((1, 3, 2, 16), (1, 1), (4, 5), "SAME", (1, 1)),
    "dilations": ((2, 11, 20, 18), (3, 3), (1, 1), "SAME", (2, 3)),
    "strides down and dilations along": ((2, 11, 20, 18), (3, 3), (2, 1), "SAME", (1, 3)),
    "strides and dilations": ((1, 11, 13, 16), (3, 2), (2, 2), "SAME", (2, 3)),
    "padding on all sides": ((2, 5, 6, 16), (3, 3), (2, 1), ((1, 2), (3, 1)), (1, 1)),
    "windows in the padding alone": ((1, 3, 4, 16), (2, 2), (1, 1), ((4, 3), (2, 5)), (1, 1)),
    "a window larger than the image": ((2, 3, 2, 16), (5, 4), (1, 1), "SAME", (1, 1)),
    "one cell": ((1, 1, 1, 16), (1, 1), (1, 1), "VALID", (1, 1)),
    "few channels": ((2, 6, 6, 3), (3, 3), (1, 1), "SAME", (1, 1)),
}
KINDS = ("depthwise_conv2d", "depthwise_conv2d_input_grad", "depthwise_conv2d_filter_grad")


def operands(shape, multiplier=1):
    size, window, strides, padding, dilations = shape
    at = geometry.windows(size[1:3], window, strides, padding, dilations)
    rng = np.random.default_rng(0)
    x, w, dy = (
        rng.standard_normal(one, np.float32)
        for one in (size, (*window, size[3], multiplier), (size[0], *at.output, size[3] * multiplier))
    )
    return x, w, dy, at


def of_kind(kind, x, w, dy):
    """The two arrays that a function reads, and the shape of what it makes."""
    return {KINDS[0]: ((x, w), dy.shape), KINDS[1]: ((w, dy), x.shape), KINDS[2]: ((x, dy), w.shape)}[kind]


def by_definition(kind, x, w, dy, at):
    """The number and the sum of the magnitudes that were added to it, in float64."""
    x, w, dy = (array.astype(np.float64) for array in (x, w, dy))
    place = at.strides, at.padding, at.dilations

    def made(x, w, dy):
        inputs = {KINDS[0]: (x, w), KINDS[1]: (x.shape, w, dy), KINDS[2]: (x, w.shape, dy)}[kind]
        return getattr(naive, kind)(*inputs, *place)

    return made(x, w, dy), made(abs(x), abs(w), abs(dy))


@pytest.fixture
def small_ones_too(monkeypatch):
    monkeypatch.setattr(maxima, "FEW_FLOATS", 1)
    monkeypatch.setattr(maxima, "TASK_FLOATS", 100)
    monkeypatch.setattr(ours, "TASK_FLOATS", 100)


def made_by_ours(kind, x, w, dy, at, out=None):
    inputs, size = of_kind(kind, x, w, dy)
    out = np.full(size, np.nan, np.float32) if out is None else out
    getattr(ours, kind)(*inputs, at, out)
    return out


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_the_numbers_are_the_definitions(kind, shape, small_ones_too):
    x, w, dy, at = operands(shape)
    expected, magnitude = by_definition(kind, x, w, dy, at)
    error = abs(made_by_ours(kind, x, w, dy, at) - expected)
    assert abs(expected).max() > 0
    assert not (error > 8 * np.finfo(np.float32).eps * magnitude).any()
    assert np.isfinite(error).all()


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_kernels_do_not_take_goes_the_plain_way(kind, small_ones_too, monkeypatch):
    x, w, dy, at = operands(SHAPES["many channels"], multiplier=2)
    expected, magnitude = by_definition(kind, x, w, dy, at)
    monkeypatch.setattr(ours, "kernel_of", None)
    error = abs(made_by_ours(kind, x, w, dy, at) - expected)
    assert not (error > 1e-5 * magnitude).any()
    made_by_ours(kind, *operands(SHAPES["few channels"]))
    monkeypatch.undo()
    monkeypatch.setattr(ours, "kernel_of", None)
    made_by_ours(kind, *operands(SHAPES["one vector"]))  # so small that the array library is quicker


@pytest.mark.parametrize("kind", KINDS)
def test_large_float32_images_of_many_channels_go_this_way(kind, monkeypatch):
    x, w, dy, at = operands(((4, 16, 16, 32), (3, 3), (1, 1), "SAME", (1, 1)))
    inputs = {KINDS[0]: (x, w), KINDS[1]: (x.shape, w, dy), KINDS[2]: (x, w.shape, dy)}[kind]
    monkeypatch.setattr(plain, kind, None)
    made = getattr(dense, kind)(*inputs)
    assert not (abs(made - by_definition(kind, x, w, dy, at)[0]) > 1e-4 * abs(made).max()).any()


def test_bias_and_activation_follow(small_ones_too):
    x, w, dy, at = operands(SHAPES["channels that fill no vector"])
    bias = np.linspace(-1, 1, x.shape[3], dtype=np.float32)
    y, out = made_by_ours(KINDS[0], x, w, dy, at), np.empty_like(dy)
    ours.depthwise_conv2d(x, w, at, out, bias, "relu")
    np.testing.assert_array_equal(out, np.maximum(y + bias, 0))


@pytest.mark.parametrize("kind", KINDS)
def test_nan_and_infinity_go_to_whom_they_meet_alone(kind, small_ones_too):
    x, w, dy, at = operands(SHAPES["channels that fill no vector"])
    x[0, 2, 3, 36] = dy[0, 2, 3, 36] = np.nan
    x[1, 3, 5, 1] = dy[1, 3, 5, 2] = np.inf
    inputs, size = of_kind(kind, x, w, dy)
    expected = np.empty(size, np.float32)
    with np.errstate(invalid="ignore"):
        getattr(plain, kind)(*inputs, at, expected)
        made = made_by_ours(kind, x, w, dy, at)
    np.testing.assert_array_equal(np.isnan(made), np.isnan(expected))
    infinite = np.isinf(expected)
    assert infinite.any()
    np.testing.assert_array_equal(np.where(np.isinf(made), made, 0), np.where(infinite, expected, 0))


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_threads_change_no_bit(shape, small_ones_too, monkeypatch):
    made = set()
    for count in (1, 2, 5):
        monkeypatch.setattr(threads, "count", lambda count=count: count)
        made.add(tuple(made_by_ours(kind, *operands(shape)).tobytes() for kind in KINDS))
    assert len(made) == 1


GUARDED = """
import test_cpu_convolution
import test_cpu_depthwise as tests
exec(test_cpu_convolution.EDGES)
tests.maxima.FEW_FLOATS = 1
for shape in tests.SHAPES.values():
    for end in (False, True):
        x, w, dy, at = tests.operands(shape)
        x, w, dy = (at_the_edge(array, end) for array in (x, w, dy))
        for kind in tests.KINDS:
            _, size = tests.of_kind(kind, x, w, dy)
            tests.made_by_ours(kind, x, w, dy, at, at_the_edge(np.zeros(size, np.float32), end))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="pages are guarded by mprotect")
def test_nothing_is_touched_before_or_beyond_the_arrays():
    subprocess.run([sys.executable, "-c", GUARDED], check=True, cwd=pathlib.Path(__file__).parent)
