"""CUDA sources built by g++ and run on the CPU, thread by thread, so that they are checked where no GPU is."""

from .building import KERNELS, BuildError, build_all, compiler
from .launcher import HostLauncher, KernelError

__all__ = ["KERNELS", "BuildError", "HostLauncher", "KernelError", "build_all", "compiler"]
