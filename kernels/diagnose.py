"""What this machine has for our kernels: devices, driver, libraries, and what CUDA still lacks."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

# Library → the distributions that may bring it. CuPy's wheels are named after the CUDA release they are built for.
LIBRARIES = {
    "numpy": ("numpy",),
    "scipy": ("scipy",),
    "numba": ("numba",),
    "ml_dtypes": ("ml_dtypes",),
    "cupy": ("cupy-cuda13x", "cupy-cuda12x", "cupy"),
    "numba-cuda": ("numba-cuda",),
}
CUDA_EXTRAS = {12: "cuda12", 13: "cuda13"}  # CUDA release → our extra in pyproject.toml


@dataclass(frozen=True)
class Driver:
    """The NVIDIA driver: its version, the newest CUDA release (major, minor) that it runs, and its GPUs' names."""

    version: str
    cuda: tuple[int, int]
    gpus: tuple[str, ...]


def find_driver() -> Driver | None:
    """The driver that ``nvidia-smi`` tells of, or None where it does not answer or sees no GPU."""
    listing = _nvidia_smi("--query-gpu=driver_version,name", "--format=csv,noheader")
    banner = re.search(r"CUDA[A-Za-z ]* Version: *(\d+)\.(\d+)", _nvidia_smi())
    rows = [line.split(", ", 1) for line in listing.splitlines() if ", " in line]
    if not rows or banner is None:
        return None
    return Driver(rows[0][0], (int(banner[1]), int(banner[2])), tuple(name.strip() for _, name in rows))


def _nvidia_smi(*arguments: str) -> str:
    try:
        done = subprocess.run(["nvidia-smi", *arguments], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout


def cpu_description() -> str:
    """The processor's name and the number of cores that this process may use."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{_cpu_name()}, {usable} cores"


def _cpu_name() -> str:
    try:
        found = re.search(r"^model name\s*: *(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found[1] if found else platform.processor() or platform.machine()


def library_versions() -> dict[str, str | None]:
    """Python's version and that of each library, by name; None for what is not installed. Imports none of them."""
    versions: dict[str, str | None] = {"python": platform.python_version()}
    for library, distributions in LIBRARIES.items():
        versions[library] = next(filter(None, map(_installed, distributions)), None)
    return versions


def _installed(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def cuda_advice(driver: Driver | None, versions: dict[str, str | None], devices: list[str]) -> str | None:
    """What keeps the kernels off a GPU, and the command that mends it; None where a GPU is in use with all of them.

    `devices` are the canonical names of what the kernels can run on (`backend.list_devices`).
    """
    if any("GPU" in device for device in devices):
        if versions["numba-cuda"] is not None:
            return None
        command = install_command(CUDA_EXTRAS[12] if driver and driver.cuda[0] == 12 else CUDA_EXTRAS[13])
        return f"numba-cuda not installed, so the host draws random values and copies them. In a clone: {command}"
    if driver is None:
        return (
            "no NVIDIA driver answers (nvidia-smi), so everything runs on the CPU. "
            f"With a GPU and a driver for CUDA 13, in a clone: {install_command('cuda13')} (for CUDA 12: cuda12)"
        )
    extra = CUDA_EXTRAS.get(min(driver.cuda[0], max(CUDA_EXTRAS)))
    if extra is None:
        return f"driver {driver.version} runs CUDA {driver.cuda[0]}.{driver.cuda[1]} at most; a newer driver is needed"
    missing = [library for library in ("cupy", "numba-cuda") if versions[library] is None]
    if missing:
        return f"{' and '.join(missing)} not installed. In a clone: {install_command(extra)}"
    return (
        "CuPy is installed but finds no device it can use (python -c 'import cupy; cupy.show_config()' says more). "
        f"If it was built for another CUDA release, in a clone: {install_command(extra)}"
    )


def install_command(extra: str) -> str:
    """The command that installs the package from a clone together with one of its extras."""
    return f'pip install ".[{extra}]"'
