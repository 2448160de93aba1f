"""The CPU's kernels as machine code, loaded without Numba.

Numba takes half a second to start and to load a kernel from its own cache; LLVM's loader takes a tenth of that.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.metadata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..code_on_disk import Code, kept


def function(
    name: str, sources: tuple[Path, ...], compile_it: Callable[[], Code], arguments: Sequence[Any]
) -> Callable[..., None]:
    """The kernel of this name as a function of these ctypes; `compile_it` is called where its code is not on disk.

    `sources` are the files that the code follows from. Other Python threads run while the kernel does.
    """
    code = kept(name, (*sources, Path(__file__)), compiler_and_cpu(), compile_it)
    engine, address = _loaded(code)  # the code lives as long as its engine
    # Numba's convention of calling: first where a result and an error would go, of which kernels have none.
    native = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, *arguments)(address)
    result, error = ctypes.create_string_buffer(8), ctypes.create_string_buffer(8)

    def kernel(*values: Any, _owner: Any = engine) -> None:
        status = native(result, error, *values)
        if status:
            raise RuntimeError(f"the kernel {name} ended with status {status}")

    kernel.address = address  # type: ignore[attr-defined]
    return kernel


def compiler_and_cpu() -> tuple[Any, ...]:
    """What decides, beside the sources, what code Numba makes here."""
    import llvmlite.binding as llvm

    versions = (importlib.metadata.version("numba"), importlib.metadata.version("llvmlite"))
    features = llvm.get_host_cpu_features().flatten()
    return (*versions, llvm.get_process_triple(), llvm.get_host_cpu_name(), features)


@functools.cache
def _target() -> Any:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_triple(llvm.get_process_triple())


def _loaded(code: Code) -> tuple[Any, int]:
    """An engine that holds the code, and the address of its function."""
    import llvmlite.binding as llvm

    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target().create_target_machine())
    engine.add_object_file(llvm.ObjectFileRef.from_data(code.object_file))
    engine.finalize_object()
    return engine, engine.get_function_address(code.symbol)
