"""Counters as offsets: an array that holds where a fill begins, and is moved on by it, as a captured fill needs."""

import sys

import numpy as np
import pytest
from test_cuda_fills import EVERY_FILL

from scopeflow import kernels
from scopeflow.kernels import philox

SEED = (87654321, 7)
DRAWN = [*EVERY_FILL, ("permutation", "int32"), ("permutation", "int64")]


def call(kind, out, offset):
    arguments = (-1000, 1_000_003) if kind == "uniform_int" else ()
    getattr(kernels, kind)(out, SEED, *arguments, offset=offset)


def runs_agree(kind, dtype, array, host, start):
    """Three calls with one counter against three with the offsets of a random op's runs."""
    counter, reserved = array(np.array([start])), philox.reserved(13, np.dtype(dtype), kind)
    for run in range(3):
        out, expected = array(np.zeros(13, np.dtype(dtype))), np.zeros(13, np.dtype(dtype))
        call(kind, out, counter)
        call(kind, expected, start + run * reserved)
        assert host(out).tobytes() == expected.tobytes()
        assert host(counter).tolist() == [start + (run + 1) * reserved]


@pytest.mark.parametrize("start", (0, 5))
@pytest.mark.parametrize("kind,dtype", DRAWN)
def test_a_counter_gives_the_runs_of_a_random_op(kind, dtype, start):
    runs_agree(kind, dtype, np.array, np.asarray, start)


@pytest.mark.parametrize("kind,dtype", DRAWN)
def test_a_counter_on_the_device_is_read_by_the_kernel(kind, dtype, launches):
    cupy = sys.modules["cupy"]
    runs_agree(kind, dtype, cupy.asarray, cupy.asnumpy, 5)
    assert bool(launches) == (kind != "permutation")


@pytest.mark.parametrize("kind,dtype", DRAWN)
def test_where_the_host_draws_it_waits_for_the_counter(kind, dtype, stand_in_cupy):
    runs_agree(kind, dtype, stand_in_cupy.asarray, stand_in_cupy.asnumpy, 5)


@pytest.mark.parametrize("name", ("glorot_uniform", "variance_scaling", "orthogonal"))
def test_initializers_take_a_counter(name):
    counter, first, second = np.array([0]), np.empty((4, 6), np.float32), np.empty((4, 6), np.float32)
    for out in (first, second):
        getattr(kernels, name)(out, SEED, offset=counter)
    assert counter[0] > 0
    assert not np.any(first == second)
    getattr(kernels, name)(second, SEED, offset=int(counter[0]) // 2)
    counter[0] //= 2
    getattr(kernels, name)(first, SEED, offset=counter)
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("side", ("host", "device"))
def test_multinomial_moves_a_counter_on_by_what_its_op_reserves(side, request):
    array, host = np.asarray, np.asarray
    if side == "device":
        cupy = request.getfixturevalue("launches") is not None and sys.modules["cupy"]
        array, host = cupy.asarray, cupy.asnumpy
    logits, counter = array(np.random.default_rng(1).normal(size=(3, 9))), array(np.array([0]))
    for run in range(3):
        expected = kernels.multinomial(host(logits), 5, SEED, offset=run * philox.reserved_multinomial(3, 5))
        np.testing.assert_array_equal(host(kernels.multinomial(logits, 5, SEED, offset=counter)), expected)
    assert host(counter).tolist() == [3 * philox.reserved_multinomial(3, 5)]


def test_nothing_drawn_moves_no_counter():
    counter = np.array([7])
    kernels.uniform(np.empty(0, np.float32), SEED, offset=counter)
    assert counter.tolist() == [7]


def test_an_array_without_a_dimension_is_a_number_and_stays():
    number, got, expected = np.array(5), np.empty(9, np.float32), np.empty(9, np.float32)
    kernels.uniform(got, SEED, offset=number)
    kernels.uniform(expected, SEED, offset=5)
    np.testing.assert_array_equal(got, expected)
    assert number == 5


def read_only(counter):
    counter.flags.writeable = False
    return counter


@pytest.mark.parametrize(
    "counter,error,message",
    [
        (np.array([1], np.int32), TypeError, "offset counts in int64, not in int32"),
        (np.array([1], np.uint64), TypeError, "not in uint64"),
        (np.array([1.0]), TypeError, "not in float64"),
        (np.array([-1]), ValueError, "offset=-1 with 4 elements lies outside"),
        (np.array([2**62]), ValueError, "lies outside the stream"),
        (read_only(np.array([3])), ValueError, "is read-only, and a fill moves it on"),
        (np.array([1, 2]), TypeError, "offset must be an integer"),
    ],
)
@pytest.mark.parametrize("kind", ("uniform", "permutation"))
def test_what_is_no_counter_is_refused_and_nothing_drawn(kind, counter, error, message):
    before = counter.copy()
    out = np.zeros(4, np.float32 if kind == "uniform" else np.int64)
    with pytest.raises(error, match=message):
        call(kind, out, counter)
    assert not np.any(out)
    np.testing.assert_array_equal(counter, before)


def test_a_counter_lies_where_out_does(launches):
    cupy = sys.modules["cupy"]
    with pytest.raises(ValueError, match="offset must lie in the memory that out is in"):
        kernels.uniform(cupy.zeros(4, np.dtype(np.float32)), SEED, offset=np.array([1]))
    with pytest.raises(TypeError, match="offset counts in int64, not in int32"):
        kernels.uniform(cupy.zeros(4, np.dtype(np.float32)), SEED, offset=cupy.asarray(np.array([1], np.int32)))


def test_what_the_host_draws_cannot_be_captured(stand_in_cupy, monkeypatch):
    from types import SimpleNamespace

    out = stand_in_cupy.zeros(4, np.dtype(np.int32))
    capturing = SimpleNamespace(ptr=0, is_capturing=lambda: True)
    monkeypatch.setattr(stand_in_cupy.cuda, "get_current_stream", lambda: capturing)
    for kind in ("permutation", "uniform_int"):
        with pytest.raises(RuntimeError, match="what the host draws cannot be captured in a CUDA graph"):
            call(kind, out, 0)
    assert not np.any(out.get())


@pytest.mark.parametrize("classes", (1, 2, 3, 7, 8, 9, 1000))
def test_a_device_finds_classes_by_bisection_as_the_host_by_search(classes):
    from scopeflow.kernels.cpu.random import bisect_rows, search_rows

    rng = np.random.default_rng(classes)
    rows = np.cumsum(rng.integers(0, 3, (4, classes)), axis=1).astype(float)  # with values that stand there twice
    values = np.concatenate([rng.uniform(-1, rows.max() + 1, (4, 50)), rows[:, :50], rows[:, -1:] + 1], axis=1)
    np.testing.assert_array_equal(bisect_rows(rows, values, np), search_rows(rows, values, np))
