"""kernels.cpu and kernels.cuda are one interface; the CUDA side is checked as far as that goes without a GPU."""

import ast
import importlib
import inspect
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from scopeflow import kernels
from scopeflow.kernels import arrays, cpu, cuda, dense, fills, plain, pools, selfcheck
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


def used_names():
    """What the dense kernels look up in the array library."""
    return set().union(*map(library_names, (arrays, dense, plain, pools)))


def missing_in(library):
    def there(name):
        found = library
        for part in name.split("."):
            found = getattr(found, part, None)
        return found is not None

    return {name for name in used_names() if not there(name)}


def test_the_plain_kernels_use_only_what_numpy_has():
    assert {"matmul", "maximum", "lib.stride_tricks.as_strided", "may_share_memory", "full"} <= used_names()
    assert not missing_in(np)


def test_the_plain_kernels_use_only_what_cupy_has():
    cupy = pytest.importorskip("cupy", reason="no CuPy")
    assert not missing_in(cupy)


class FakeCupyArray:
    """An array that says it is CuPy's."""


FakeCupyArray.__module__ = "cupy._core.core"


@pytest.mark.parametrize("name", [*fills.__all__, "multinomial"])
def test_a_cupy_array_anywhere_among_the_arguments_goes_to_the_cuda_side(name, monkeypatch):
    monkeypatch.setattr(cuda, name, lambda *args, **kwargs: "the CUDA side")
    kernel = getattr(kernels, name)
    assert kernel((1, 2), FakeCupyArray(), 3) == "the CUDA side"
    assert kernel((1, 2), keyword=FakeCupyArray()) == "the CUDA side"


ON_BOTH_SIDES = (
    ("uniform", np.float32, (-1, 2)),
    ("truncated_normal", np.float64, ()),
    ("bernoulli", np.float16, (0.3,)),
    ("he_normal", np.float32, ()),
    ("uniform_int", np.int64, (3, 99)),
    ("permutation", np.int32, ()),
)


def drawn_on_both_sides(name, dtype, arguments):
    import cupy

    expected, out = np.empty(31, dtype), cupy.asarray(np.zeros(31, dtype))
    getattr(cpu, name)(expected, 7, *arguments, offset=5)
    getattr(cuda, name)(out, 7, *arguments, offset=5)
    return out.get(), expected


@pytest.mark.parametrize("case", ON_BOTH_SIDES)
def test_the_cuda_side_draws_what_the_cpu_draws(case, stand_in_cupy):
    np.testing.assert_array_equal(*drawn_on_both_sides(*case))


def test_the_cuda_side_refuses_arrays_of_the_host(stand_in_cupy):
    for name in ("uniform", "orthogonal", "permutation"):
        with pytest.raises(TypeError, match="out must be a CuPy array, not ndarray"):
            getattr(cuda, name)(np.empty((3, 3), np.float32), 7)


@pytest.fixture
def with_numba_cuda(stand_in_cupy, monkeypatch):
    """The stand-in, said to have CUDA kernels; gives a function that sets whether its stream is being captured."""
    from scopeflow.kernels.cuda import drawing

    capturing = False

    def set_capturing(value):
        nonlocal capturing
        capturing = value

    stream = SimpleNamespace(ptr=0, is_capturing=lambda: capturing)
    stand_in_cupy.cuda.get_current_stream = lambda: stream
    monkeypatch.setattr(drawing, "installed", lambda: True)
    drawing.usable.cache_clear()
    yield set_capturing
    drawing.usable.cache_clear()


@pytest.mark.parametrize("wrong", ("3 of 1031 samples differ from the CPU's", RuntimeError("no such target")))
def test_a_kernel_that_fails_its_check_warns_once_and_the_host_draws(wrong, with_numba_cuda, monkeypatch):
    from scopeflow.kernels.cuda import drawing

    def check(*_):
        if isinstance(wrong, Exception):
            raise wrong
        return wrong

    monkeypatch.setattr(drawing, "_check", check)
    with pytest.warns(
        RuntimeWarning, match=r"of uniform for float32 is not used on device 0, .*(no such|3 of)"
    ) as seen:
        for _ in range(2):
            np.testing.assert_array_equal(*drawn_on_both_sides(*ON_BOTH_SIDES[0]))
    assert len(seen) == 1


def test_a_kernel_that_holds_is_launched_and_may_then_be_captured_but_not_before(with_numba_cuda, monkeypatch):
    from scopeflow.kernels.cuda import drawing

    launched = []

    def launch(kind, dtype, flat, offset, words, scale, shift):
        launched.append((kind, flat.shape))
        drawing.host.draw(kind, flat._host, drawing._known(offset), words, scale, shift)

    monkeypatch.setattr(drawing, "_launch", launch)
    with_numba_cuda(True)
    with pytest.raises(RuntimeError, match="fill once before the capture"):
        drawn_on_both_sides(*ON_BOTH_SIDES[0])
    with_numba_cuda(False)
    np.testing.assert_array_equal(*drawn_on_both_sides(*ON_BOTH_SIDES[0]))
    checks = len(launched) - 1
    assert checks > 0
    with_numba_cuda(True)
    np.testing.assert_array_equal(*drawn_on_both_sides(*ON_BOTH_SIDES[0]))
    assert launched[checks:] == [("uniform", (31,))] * 2


@pytest.mark.parametrize("spoil", (0, 515, 1030))
def test_the_check_of_a_kernel_sees_one_wrong_sample(spoil, with_numba_cuda, monkeypatch):
    from scopeflow.kernels.cuda import drawing

    def launch(kind, dtype, flat, offset, words, scale, shift):
        begin = drawing._known(offset)
        drawing.host.draw(kind, flat._host, begin, words, scale, shift)
        if begin == 0:
            flat._host[spoil] = np.nextafter(flat._host[spoil], np.float32(9))

    monkeypatch.setattr(drawing, "_launch", launch)
    with pytest.warns(RuntimeWarning, match="1 of 1031 samples differ from the CPU's"):
        drawn_on_both_sides(*ON_BOTH_SIDES[0])


def test_an_array_of_the_device_that_is_not_contiguous_is_filled_and_nothing_beside_it(with_numba_cuda, monkeypatch):
    import cupy

    from scopeflow.kernels.cuda import drawing

    def launch(kind, dtype, flat, offset, words, scale, shift):
        assert flat.flags.c_contiguous
        drawing.host.draw(kind, flat._host, drawing._known(offset), words, scale, shift)

    monkeypatch.setattr(drawing, "_launch", launch)
    base, expected = cupy.asarray(np.zeros((6, 8), np.float32)), np.empty((6, 4), np.float32)
    cuda.normal(base[:, ::2], 7)
    cpu.normal(expected, 7)
    np.testing.assert_array_equal(base.get()[:, ::2], expected)
    assert not np.any(base.get()[:, 1::2])


# --- Self-checks ------------------------------------------------------------------------------------------------------


def test_every_kernel_is_checked_and_holds():
    checks = selfcheck.run_self_checks(get_backend("/cpu:0"))
    assert {name for name, *_ in checks} == {"philox", *kernels.__all__}
    assert [check for check in checks if check[2] is not True] == []
    implementations = {name: implementation for name, implementation, *_ in checks}
    assert implementations["conv2d"] == "cpu.convolution on numpy"
    assert implementations["depthwise_conv2d"] == "cpu.depthwise on numpy"
    assert implementations["matmul"] == "plain on numpy"


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
