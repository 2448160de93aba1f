"""kernels.cpu and kernels.cuda are one interface; the CUDA side is checked as far as that goes without a GPU."""

import ast
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from scopeflow import kernels
from scopeflow.kernels import cpu, cuda, plain, selfcheck
from scopeflow.kernels.backend import get_backend


@pytest.mark.parametrize("name", sorted({*cpu.__all__, *cuda.__all__, *kernels.__all__}))
def test_a_kernel_has_the_same_signature_on_both_sides_and_in_the_public_face(name):
    sides = [getattr(side, name) for side in (cpu, cuda, kernels)]
    assert len({inspect.signature(side) for side in sides}) == 1
    assert all(side.__doc__ and side.__doc__ == sides[0].__doc__ for side in sides)


def test_importing_the_kernels_imports_no_heavy_library():
    program = (
        "import sys; from scopeflow import kernels; from scopeflow.kernels import backend, cuda, philox, selfcheck; "
        "sys.exit(', '.join(sorted({'numba', 'cupy', 'scipy', 'rich'} & set(sys.modules))) or None)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def library_names(module):
    """Every dotted name that a module's source looks up on `xp`."""
    found = set()
    for node in ast.walk(ast.parse(Path(module.__file__).read_text())):
        parts = []
        while isinstance(node, ast.Attribute):
            parts.insert(0, node.attr)
            node = node.value
        if parts and isinstance(node, ast.Name) and node.id == "xp":
            found.add(".".join(parts))
    return found


def missing_in(library):
    def there(name):
        found = library
        for part in name.split("."):
            found = getattr(found, part, None)
        return found is not None

    return {name for name in library_names(plain) if not there(name)}


def test_the_plain_kernels_use_only_what_numpy_has():
    assert {"matmul", "maximum", "lib.stride_tricks.as_strided"} <= library_names(plain)
    assert not missing_in(np)


def test_the_plain_kernels_use_only_what_cupy_has():
    cupy = pytest.importorskip("cupy", reason="no CuPy")
    assert not missing_in(cupy)


class FakeCupyArray:
    """An array that says it is CuPy's."""


FakeCupyArray.__module__ = "cupy._core.core"


@pytest.mark.parametrize("name", kernels.__all__)
def test_a_cupy_array_anywhere_among_the_arguments_goes_to_the_cuda_side(name, monkeypatch):
    monkeypatch.setattr(cuda, name, lambda *args, **kwargs: "the CUDA side")
    kernel = getattr(kernels, name)
    assert kernel((1, 2), FakeCupyArray(), 3) == "the CUDA side"
    assert kernel((1, 2), keyword=FakeCupyArray()) == "the CUDA side"


class HostCupy:
    """As much of CuPy as the CUDA side's fills use, in host memory."""

    ndarray = FakeCupyArray

    @staticmethod
    def asarray(array):
        return array


class HostCupyArray(FakeCupyArray):
    def __init__(self, array):
        self.array, self.shape, self.dtype = array, array.shape, array.dtype

    def __setitem__(self, key, value):
        self.array[key] = value


def test_the_cuda_side_draws_what_the_cpu_draws(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", HostCupy)
    for name, dtype, arguments in (
        ("uniform", np.float32, (-1, 2)),
        ("truncated_normal", np.float64, ()),
        ("uniform_int", np.int64, (3, 99)),
        ("permutation", np.int32, ()),
    ):
        expected = np.empty(31, dtype)
        getattr(cpu, name)(expected, 7, *arguments, offset=5)
        out = np.empty(31, dtype)
        getattr(cuda, name)(HostCupyArray(out), 7, *arguments, offset=5)
        np.testing.assert_array_equal(out, expected)
    with pytest.raises(TypeError, match="out must be a CuPy array, not ndarray"):
        cuda.uniform(np.empty(3, np.float32), 7)


# --- Self-checks ------------------------------------------------------------------------------------------------------


def test_every_kernel_is_checked_and_holds():
    checks = selfcheck.run_self_checks(get_backend("/cpu:0"))
    assert {name for name, *_ in checks} == {"philox", *kernels.__all__}
    assert [check for check in checks if check[2] is not True] == []
    assert {name: implementation for name, implementation, *_ in checks}["conv2d"] == "plain on numpy"


def slightly_off(kernel):
    """The kernel with one value wrong by two parts in a thousand (or by one, for whole numbers)."""

    def spoilt(first, *rest, **kwargs):
        result = kernel(first, *rest, **kwargs)
        values = first if result is None else result
        at = np.unravel_index(np.argmax(np.abs(values)), values.shape)
        values[at] += max(abs(values[at]) // 1, 1) if values.dtype.kind == "i" else 2e-3 * values[at]
        return result

    return spoilt


class Spoilt:
    """The CPU's backend with one kernel replaced."""

    def __init__(self, name, kernel):
        self._name, self._kernel, self._backend = name, kernel, get_backend("/cpu:0")
        kernel.__module__ = "scopeflow.kernels.cpu.spoilt"

    def __getattr__(self, name):
        return self._kernel if name == self._name else getattr(self._backend, name)


@pytest.mark.parametrize("name", kernels.__all__)
def test_a_self_check_sees_one_value_slightly_off_a_nan_a_wrong_shape_and_an_error(name):
    kernel = getattr(cpu, name)

    def not_a_number(first, *rest):
        result = kernel(first, *rest)
        values = first if result is None else result
        values.flat[0] = np.nan if values.dtype.kind == "f" else -1
        return result

    def raising(*_):
        raise RuntimeError("did not compile")

    for spoilt in (slightly_off(kernel), not_a_number, raising):
        failing = [check for check in selfcheck.run_self_checks(Spoilt(name, spoilt)) if not check[2]]
        assert [check[:2] for check in failing] == [(name, "cpu.spoilt on numpy")]
    assert failing[0][3] == "RuntimeError: did not compile"


def test_the_kernels_package_lists_what_it_offers():
    assert importlib.import_module("scopeflow.kernels") is kernels
    for name in kernels.__all__:
        assert callable(getattr(kernels, name))
