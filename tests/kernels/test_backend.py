"""Backends: which devices there are, by which names, and what each offers the engine."""

import subprocess
import sys
import types

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopeflow import kernels
from scopeflow.kernels import backend as backends
from scopeflow.kernels.backend import canonical_device, get_backend, list_devices


@pytest.mark.parametrize(
    "name,canonical",
    [
        ("/cpu:0", "/device:CPU:0"),
        ("/CPU:0", "/device:CPU:0"),
        ("cpu", "/device:CPU:0"),
        ("/device:GPU:1", "/device:GPU:1"),
        ("GPU:12", "/device:GPU:12"),
        ("/gpu", "/device:GPU:0"),
        ("/job:localhost/replica:0/task:0/device:CPU:0", "/device:CPU:0"),
    ],
)
def test_every_form_of_a_devices_name_is_understood(name, canonical):
    assert canonical_device(name) == canonical


@pytest.mark.parametrize("name", ("", "/tpu:0", "/cpu:x", "/cpu:0/gpu:0", "/device:", "cpu:-1"))
def test_what_names_no_device_is_refused(name):
    with pytest.raises(ValueError, match="names no device"):
        canonical_device(name)


def test_the_cpu_is_listed_first_and_has_one_backend():
    assert list_devices()[0] == "/device:CPU:0"
    assert get_backend("/cpu:0") is get_backend("/job:localhost/device:CPU:0")
    assert get_backend("/cpu:0").device == "/device:CPU:0"
    assert get_backend("/cpu:0").xp is np


def test_a_device_that_is_not_here_is_refused_with_those_that_are():
    with pytest.raises(ValueError, match=r"there is no device /device:GPU:99; the devices here are /device:CPU:0"):
        get_backend("/gpu:99")
    with pytest.raises(ValueError, match="/device:CPU:1"):
        get_backend("/cpu:1")


@pytest.mark.parametrize("broken", ("no such driver", "count"))
def test_a_cupy_that_fails_means_no_gpu(broken, monkeypatch):
    def fail(*_):
        raise RuntimeError("cudaErrorInsufficientDriver")

    fake = types.ModuleType("cupy")
    if broken == "count":
        fake.cuda = types.SimpleNamespace(runtime=types.SimpleNamespace(getDeviceCount=fail))
    monkeypatch.setitem(sys.modules, "cupy", fake)
    monkeypatch.setattr(backends.importlib.util, "find_spec", lambda name: object())
    backends._gpu_count.cache_clear()
    try:
        assert list_devices() == ["/device:CPU:0"]
    finally:
        backends._gpu_count.cache_clear()


def test_kernels_are_attributes_and_a_missing_one_is_named():
    cpu = get_backend("/cpu:0")
    for name in kernels.__all__:
        assert getattr(cpu, name) is getattr(kernels.cpu, name)
    with pytest.raises(AttributeError, match="'conv4d'"):
        cpu.conv4d  # noqa: B018


def test_arrays_go_to_the_device_and_back_without_a_copy_on_the_cpu():
    cpu = get_backend("/cpu:0")
    array = cpu.asarray([[1, 2]], np.float32)
    assert array.dtype == np.float32
    assert cpu.asarray(array) is array
    assert cpu.to_host(array) is array
    with cpu.activate():
        cpu.synchronize()


def test_special_functions_are_scipys_and_come_when_asked_for():
    program = (
        "import sys; from scopeflow.kernels.backend import get_backend; cpu = get_backend('/cpu:0'); "
        "assert 'scipy' not in sys.modules; assert cpu.special.erf(0.5) > 0.52; assert 'scipy' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("dtype", (np.float32, np.float64, np.int64))
@given(st.lists(st.integers(-4, 3), max_size=12), st.integers(0, 3))
def test_rows_met_twice_count_twice(dtype, rows, columns):
    rng = np.random.default_rng(0)
    start = rng.integers(-9, 9, (4, columns)).astype(dtype)
    values = rng.integers(-9, 9, (len(rows), columns)).astype(dtype)
    expected = start.copy()
    for row, value in zip(rows, values, strict=True):
        expected[row] += value
    got = start.copy()
    get_backend("/cpu:0").scatter_add(got, np.array(rows, np.int32), values)
    np.testing.assert_array_equal(got, expected)


def test_scatter_add_takes_any_index_that_numpy_takes():
    cpu = get_backend("/cpu:0")
    array = np.zeros((3, 2))
    cpu.scatter_add(array, (np.array([0, 0, 2]), np.array([1, 1, 0])), np.array([1.0, 2.0, 3.0]))
    cpu.scatter_add(array, np.array([[1, 1], [1, 2]]), np.ones((2, 2, 2)))
    cpu.scatter_add(array, np.array([0]), 10.0)
    np.testing.assert_array_equal(array, [[10, 13], [3, 3], [4, 1]])
    vector = np.zeros(3)
    cpu.scatter_add(vector, np.array([0, 0, -1]), np.array([1.0, 2.0, 3.0]))
    np.testing.assert_array_equal(vector, [3, 0, 3])


def test_scatter_add_refuses_a_row_that_is_not_there_and_changes_nothing():
    array = np.zeros((3, 2))
    for row in (3, -4):
        with pytest.raises(IndexError, match="out of bounds for 3 rows"):
            get_backend("/cpu:0").scatter_add(array, np.array([0, row]), np.ones((2, 2)))
    assert not np.any(array)
