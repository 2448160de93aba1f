"""The C library's memory: freed arrays are kept for the next ones."""

from __future__ import annotations

import ctypes
import functools
import os
import sys

# glibc's malloc.h; the sizes are what it comes to by itself in a process that has once freed an array of 32 MiB.
_M_TRIM_THRESHOLD, _KEPT_BYTES = -1, 64 << 20
_M_MMAP_THRESHOLD, _LARGEST_KEPT = -3, 32 << 20
_SETTINGS = {"MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES"}


@functools.cache
def keep_freed_memory() -> None:
    """Let glibc keep what arrays free, once for the process; elsewhere, and where the user has set it, nothing is done.

    As it starts out, glibc hands free memory back to the system whenever it is more than 128 KiB, and each array that
    needs it again is paid for page by page: a third of the time of an LSTM's training step.
    """
    if sys.platform == "win32" or _SETTINGS & os.environ.keys():
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
        mallopt(_M_MMAP_THRESHOLD, _LARGEST_KEPT)
