"""CuPy's launcher, with a stand-in for CuPy and NVRTC: what is compiled, kept, loaded, launched, and what is said."""

import gc
import sys
import types
import weakref

import numpy as np
import pytest

from scopeflow.kernels.cuda import launching
from scopeflow.kernels.cuda.launching import CupyLauncher, KernelError, Launch

REDUCE = Launch("reduce.cu", "reduce", (("ELEMENT", "float"), ("ACTIVATION", "Relu")), (7, 1, 1), (256, 1, 1), 0, ())


class Driver:
    """What happened: programs compiled, files loaded, launches with their arguments."""

    def __init__(self):
        self.compiled, self.loaded, self.launched, self.limits = [], [], [], []
        self.compiles = self.launches = True
        self.capturing = False
        self.architectures = (75, 80, 90, 100)


class Kernel:
    def __init__(self, driver, name):
        self.driver, self.name, self.ptr = driver, name, id(self)

    def __call__(self, grid, block, args, *, shared_mem):
        if not self.driver.launches:
            raise ValueError("CUDA_ERROR_INVALID_VALUE")
        self.driver.launched.append((self.name, grid, block, args, shared_mem))


class Device:
    compute_capability = "90"
    attributes = {"MultiProcessorCount": 132}

    def __init__(self, index=0):
        self.id = index

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None


@pytest.fixture
def driver(monkeypatch, tmp_path):
    """A CuPy of one device, with an NVRTC that makes a line of text of a source; its binaries lie in a new folder."""
    driver = Driver()

    class NVRTCError(RuntimeError):
        pass

    def compile_program(program, options):
        driver.compiled.append((program["name"], tuple(options)))
        if not driver.compiles:
            raise NVRTCError("NVRTC_ERROR_COMPILATION (6)")

    class Module:
        def load(self, code):
            driver.loaded.append(code)

        def get_function(self, name):
            return Kernel(driver, name)

    def set_attribute(pointer, attribute, value):
        assert attribute == 8  # CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
        driver.limits.append(value)

    nvrtc = types.SimpleNamespace(
        NVRTCError=NVRTCError,
        createProgram=lambda source, name, headers, names: {"name": name, "source": source},
        compileProgram=compile_program,
        destroyProgram=lambda program: program.clear(),
        getProgramLog=lambda program: "error: no such thing" * (not driver.compiles),
        getCUBIN=lambda program: b"\x7fELF %d" % len(driver.compiled),
        getPTX=lambda program: b".version 9.0",
        getVersion=lambda: (13, 0),
        getSupportedArchs=lambda: driver.architectures,
    )
    cupy, cuda = types.ModuleType("cupy"), types.ModuleType("cupy.cuda")
    cupy.cuda, cuda.nvrtc, cuda.Device = cuda, nvrtc, Device
    cuda.Module = Module
    cuda.driver = types.SimpleNamespace(
        CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES=8, funcSetAttribute=set_attribute
    )
    cupy.empty = lambda shape, dtype: np.empty(shape, dtype)
    cuda.get_current_stream = lambda: types.SimpleNamespace(is_capturing=lambda: driver.capturing)
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    monkeypatch.setitem(sys.modules, "cupy.cuda", cuda)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "kernels"))
    return driver


def test_a_source_is_compiled_once_for_each_set_of_choices_and_kept_on_disk(driver):
    launcher = CupyLauncher(0)
    for _ in range(3):
        launcher.launch(REDUCE)
    launcher.launch(REDUCE._replace(defines=(("ELEMENT", "double"), ("ACTIVATION", "Relu"))))
    assert [name for name, _ in driver.compiled] == ["reduce.cu"] * 2 and len(driver.loaded) == 2
    CupyLauncher(0).launch(REDUCE)  # as another process would
    assert len(driver.compiled) == 2 and len(driver.loaded) == 3
    assert driver.loaded[2] == driver.loaded[0] != driver.loaded[1]
    assert len(driver.launched) == 5


@pytest.mark.parametrize("changed", ["reduce.cu", "elements.cuh", "primitives.cuh"])
def test_a_changed_source_is_compiled_again(driver, monkeypatch, tmp_path, changed):
    for path in launching.sources("reduce.cu"):
        (tmp_path / path.name).write_text(path.read_text())
    monkeypatch.setattr(launching, "HERE", tmp_path)
    launching.sources.cache_clear()
    CupyLauncher(0).launch(REDUCE)
    CupyLauncher(0).launch(REDUCE)
    assert len(driver.compiled) == 1
    with open(tmp_path / changed, "a") as file:
        file.write("// another\n")
    CupyLauncher(0).launch(REDUCE)
    assert len(driver.compiled) == 2
    launching.sources.cache_clear()


def test_a_source_includes_these():
    names = [path.name for path in launching.sources("product.cu")]
    assert sorted(names) == ["arithmetic.cuh", "elements.cuh", "operands.cuh", "primitives.cuh", "product.cu"]


def test_a_home_that_cannot_be_written_costs_no_more_than_compiling_anew(driver, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file"))
    for _ in range(2):
        CupyLauncher(0).launch(REDUCE)
    assert len(driver.compiled) == len(driver.launched) == 2


def test_the_choices_are_macros_and_subnormal_numbers_are_kept(driver):
    CupyLauncher(0).launch(REDUCE)
    ((_, options),) = driver.compiled
    assert "--define-macro=ELEMENT=float" in options and "--define-macro=ACTIVATION=Relu" in options
    assert "--gpu-architecture=sm_90a" in options and "--ftz=false" in options
    assert not any("fast" in option for option in options)


def test_a_device_that_nvrtc_does_not_know_gets_ptx_of_the_newest_that_it_knows(driver):
    driver.architectures = (75, 80)
    CupyLauncher(0).launch(REDUCE)
    assert "--gpu-architecture=compute_80" in driver.compiled[0][1]
    assert driver.loaded == [b".version 9.0"]


def test_a_device_older_than_all_that_nvrtc_knows_is_an_error_that_says_so(driver):
    driver.architectures = (100, 120)
    with pytest.raises(KernelError, match="this NVRTC does not compile for sm_90, only for 100, 120"):
        CupyLauncher(0).launch(REDUCE)


def test_numpy_scalars_and_parameter_blocks_go_by_value_and_arrays_as_they_are(driver):
    block = np.array((1, 2.5), np.dtype([("n", "i4"), ("x", "f8")], align=True))[()]
    array = np.ones(3)
    CupyLauncher(0).launch(REDUCE._replace(arguments=(array, np.uint64(0), np.int32(7), block)))
    ((name, grid, threads, arguments, shared),) = driver.launched
    assert (name, grid, threads, shared) == ("reduce", (7, 1, 1), (256, 1, 1), 0)
    assert arguments[0] is array
    for got, expected in zip(arguments[1:], (np.uint64(0), np.int32(7), block), strict=True):
        assert isinstance(got, np.ndarray) and got.size == 1  # what CuPy takes by value
        assert got.dtype == expected.dtype and got.tobytes() == expected.tobytes()


def test_a_kernel_asks_for_more_shared_memory_than_every_kernel_has(driver):
    launcher = CupyLauncher(0)
    launcher.launch(REDUCE._replace(shared_bytes=48 << 10))
    assert driver.limits == []
    launcher.launch(REDUCE._replace(kernel="another", shared_bytes=(48 << 10) + 16))
    assert driver.limits == [(48 << 10) + 16]


def test_a_failing_compilation_names_kernel_architecture_and_choices_and_has_the_log(driver):
    driver.compiles = False
    with pytest.raises(KernelError) as caught:
        CupyLauncher(0).launch(REDUCE)
    for said in ("kernel reduce", "sm_90", "reduce.cu", "ELEMENT=float", "NVRTC_ERROR_COMPILATION", "no such thing"):
        assert said in str(caught.value)
    driver.compiles = True
    CupyLauncher(0).launch(REDUCE)  # nothing half made was kept
    assert len(driver.launched) == 1


def test_a_failing_launch_names_kernel_architecture_and_sizes(driver):
    driver.launches = False
    with pytest.raises(KernelError) as caught:
        CupyLauncher(0).launch(REDUCE)
    for said in ("kernel reduce", "sm_90", "(7, 1, 1)", "(256, 1, 1)", "CUDA_ERROR_INVALID_VALUE", "ACTIVATION=Relu"):
        assert said in str(caught.value)


def test_each_device_has_one_launcher(driver):
    launching._launcher.cache_clear()
    first = launching.default_launcher()
    assert first is launching.default_launcher()
    assert (first.architecture, first.processors) == (90, 132)
    assert first.empty((2, 3), np.float32).shape == (2, 3)
    launching._launcher.cache_clear()


def test_a_workspace_that_a_captured_graph_uses_is_never_given_to_another(driver):
    launcher = CupyLauncher(0)
    freed = weakref.ref(launcher.empty((4,), np.float32))
    assert freed() is None
    driver.capturing = True
    kept = weakref.ref(launcher.empty((4,), np.float32))
    gc.collect()
    assert launcher.capturing() and kept() is not None
