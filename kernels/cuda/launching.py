"""Compiles the CUDA sources of this folder by NVRTC, once per set of choices; launches their kernels on CuPy arrays.

NVRTC is called directly, not through cupy.RawModule(code=..), which adds -ftz=true: flushing subnormal numbers to zero
would cost float32 products near 2**-126 their low halves, and IEEE results with them. It also takes no sm_90a.
"""

from __future__ import annotations

import functools
import hashlib
import re
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from ..code_on_disk import Code, kept

Array = Any  # cupy.ndarray; in the tests that run the kernels on the CPU, numpy.ndarray

HERE = Path(__file__).parent
OPTIONS = ("--std=c++17", "--fmad=true", "--ftz=false", "--prec-div=true", "--prec-sqrt=true")
STATIC_SHARED_LIMIT = 48 << 10  # bytes that a kernel may have without asking


class KernelError(RuntimeError):
    """A CUDA kernel that does not compile or launch: which one, on what architecture, and what was said."""


class Launch(NamedTuple):
    """One kernel launch, before any device is asked."""

    source: str  # a file of this folder, like "product.cu"
    kernel: str  # the name that it declares as extern "C"
    defines: tuple[tuple[str, str | int], ...]  # the choices made when compiling, as macros
    grid: tuple[int, int, int]
    block: tuple[int, int, int]
    shared_bytes: int  # of dynamic shared memory
    arguments: tuple[Any, ...]  # arrays go as pointers, NumPy scalars by value (a null pointer is numpy.uint64(0))


class Launcher(Protocol):
    """What turns launches into work: CuPy's, or the tests' that runs the kernels on the CPU."""

    architecture: int  # compute capability, 10 * major + minor
    processors: int  # number of streaming multiprocessors

    def launch(self, launch: Launch) -> None:
        """Starts the kernel on the current stream."""

    def empty(self, shape: tuple[int, ...], dtype: Any) -> Array:
        """An uninitialized array on the device."""

    def capturing(self) -> bool:
        """Whether the current stream is being captured, when cuBLAS must not be called."""

    def cublas(self, a: Array, b: Array, transpose_a: bool, transpose_b: bool, out: Array) -> None:
        """out = a b, by CuPy's own product."""


# --- Compiling --------------------------------------------------------------------------------------------------------


class Binary(NamedTuple):
    """What NVRTC made of a source."""

    code: bytes
    suffix: str  # ".cubin", or ".ptx" for an architecture that this NVRTC does not know
    log: str


def target(architecture: int, known: tuple[int, ...]) -> tuple[str, str]:
    """NVRTC's name for what to compile for, and the suffix of what comes out.

    A device newer than NVRTC gets PTX of the newest that NVRTC knows, which its driver compiles on.
    """
    if architecture in known:
        return f"sm_{architecture}{'a' * (architecture == 90)}", ".cubin"
    older = [one for one in known if one <= architecture]
    if not older:
        raise KernelError(f"this NVRTC does not compile for sm_{architecture}, only for {', '.join(map(str, known))}")
    return f"compute_{max(older)}", ".ptx"


def compile_source(source: str, defines: tuple[tuple[str, str | int], ...], architecture: int) -> Binary:
    """Compiles a source of this folder with NVRTC; no device is needed.

    Raises KernelError with NVRTC's log.
    """
    from cupy.cuda import nvrtc

    name, suffix = target(architecture, tuple(nvrtc.getSupportedArchs()))
    macros = [f"--define-macro={key}={value}" for key, value in defines]
    options = [*OPTIONS, f"--gpu-architecture={name}", f"--include-path={HERE}", "-Xptxas", "-v", *macros]
    if suffix == ".ptx":
        options.remove("-Xptxas")
        options.remove("-v")
    program = nvrtc.createProgram((HERE / source).read_text(), source, [], [])
    try:
        nvrtc.compileProgram(program, options)
    except nvrtc.NVRTCError as error:
        log = nvrtc.getProgramLog(program)
        choices = " ".join(f"{key}={value}" for key, value in defines)
        raise KernelError(f"{source} does not compile for {name} ({error}) with {choices}:\n{log}") from error
    else:
        code = nvrtc.getCUBIN(program) if suffix == ".cubin" else nvrtc.getPTX(program)
        return Binary(code, suffix, nvrtc.getProgramLog(program))
    finally:
        nvrtc.destroyProgram(program)


@functools.cache
def sources(source: str) -> tuple[Path, ...]:
    """A source of this folder and all that it includes."""
    path = HERE / source
    included = re.findall(r'^#include "(.+)"', path.read_text(), re.MULTILINE)
    return tuple(dict.fromkeys([path, *(found for name in included for found in sources(name))]))


def binary(source: str, defines: tuple[tuple[str, str | int], ...], architecture: int) -> bytes:
    """A compiled source: as an earlier process left it on disk, or new."""
    from cupy.cuda import nvrtc

    def compile_it() -> Code:
        return Code(source, compile_source(source, defines, architecture).code, portable=True)

    choices = hashlib.sha256(repr(defines).encode()).hexdigest()[:24]
    facts = OPTIONS, nvrtc.getVersion(), architecture
    return kept(f"{Path(source).stem}_{choices}", sources(source), facts, compile_it).object_file


# --- Launching --------------------------------------------------------------------------------------------------------


class CupyLauncher:
    """Launches on one CUDA device, on CuPy's current stream."""

    def __init__(self, device: int) -> None:
        import cupy

        self._device = cupy.cuda.Device(device)
        self.architecture = int(self._device.compute_capability)
        self.processors = int(self._device.attributes["MultiProcessorCount"])
        self._kernels: dict[tuple[Any, ...], Any] = {}
        self._captured: list[Array] = []

    def _kernel(self, launch: Launch) -> Any:
        """The loaded kernel; compiled, or read from the disk, at its first use on this device."""
        import cupy

        key = launch.source, launch.kernel, launch.defines
        kernel = self._kernels.get(key)
        if kernel is None:
            module = cupy.cuda.Module()
            module.load(binary(launch.source, launch.defines, self.architecture))
            kernel = module.get_function(launch.kernel)
            if launch.shared_bytes > STATIC_SHARED_LIMIT:
                from cupy.cuda import driver

                limit = driver.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
                driver.funcSetAttribute(kernel.ptr, limit, launch.shared_bytes)
            self._kernels[key] = kernel
        return kernel

    def launch(self, launch: Launch) -> None:
        try:
            with self._device:
                # CuPy passes NumPy arrays of one element by value, whatever their dtype.
                by_value = [np.asarray(one) if isinstance(one, np.generic) else one for one in launch.arguments]
                self._kernel(launch)(launch.grid, launch.block, tuple(by_value), shared_mem=launch.shared_bytes)
        except KernelError as error:
            raise KernelError(f"kernel {launch.kernel} on sm_{self.architecture}: {error}") from error
        except Exception as error:  # whatever CuPy or the driver raises, as one error that says which kernel it was
            choices = " ".join(f"{key}={value}" for key, value in launch.defines)
            raise KernelError(
                f"kernel {launch.kernel} of {launch.source} does not launch on sm_{self.architecture} with grid "
                f"{launch.grid}, block {launch.block} and {launch.shared_bytes} bytes of shared memory "
                f"({type(error).__name__}: {error}); it was compiled with {choices}"
            ) from error

    def empty(self, shape: tuple[int, ...], dtype: Any) -> Array:
        """An uninitialized array; one that a captured graph will use is kept, as CuPy does not know of that use."""
        import cupy

        with self._device:
            array = cupy.empty(shape, dtype)
        if self.capturing():
            self._captured.append(array)
        return array

    def capturing(self) -> bool:
        import cupy

        with self._device:
            return cupy.cuda.get_current_stream().is_capturing()

    def cublas(self, a: Array, b: Array, transpose_a: bool, transpose_b: bool, out: Array) -> None:
        import cupy

        a, b = (x.swapaxes(-1, -2) if turn else x for x, turn in ((a, transpose_a), (b, transpose_b)))
        with self._device:
            cupy.matmul(a, b, out=out)


@functools.cache
def _launcher(device: int) -> CupyLauncher:
    return CupyLauncher(device)


def default_launcher() -> Launcher:
    """The launcher of CuPy's current device."""
    import cupy

    return _launcher(cupy.cuda.Device().id)
