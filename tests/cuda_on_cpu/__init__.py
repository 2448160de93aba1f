"""CUDA sources built by g++ and run on the CPU, thread by thread, so that they are checked where no GPU is."""

from .building import KERNELS, BuildError, build_all, compiler
from .launcher import SHARED_LIMIT, HostLauncher, KernelError, Recorder

__all__ = ["KERNELS", "SHARED_LIMIT", "BuildError", "HostLauncher", "KernelError", "Recorder", "build_all", "compiler"]
