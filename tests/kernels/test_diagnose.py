"""The diagnosis reads nvidia-smi, tells versions without importing, and names the command that CUDA lacks."""

import os
import shlex
import stat
import sys

import pytest

from scopeflow.kernels import diagnose
from scopeflow.kernels.diagnose import Driver

BANNER = "| NVIDIA-SMI {version}   Driver Version: {version}   CUDA Version: {cuda}  |"
CPU_ONLY = ["/device:CPU:0"]


@pytest.fixture
def nvidia_smi(tmp_path, monkeypatch):
    """Puts a program called nvidia-smi on the PATH that answers a query with the first text, else with the second."""

    def install(query_answer, banner, status=0):
        program = tmp_path / "nvidia-smi"
        program.write_text(
            f"#!/bin/sh\nif [ $# -gt 0 ]; then echo {shlex.quote(query_answer)}; else echo {shlex.quote(banner)}; fi\n"
            f"exit {status}\n"
        )
        program.chmod(program.stat().st_mode | stat.S_IEXEC)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    return install


def test_find_driver_reads_version_cuda_release_and_all_gpus(nvidia_smi):
    rows = "580.65.06, NVIDIA H200\n580.65.06, NVIDIA RTX 4000, Laptop"
    nvidia_smi(rows, BANNER.format(version="580.65.06", cuda="13.0"))
    assert diagnose.find_driver() == Driver("580.65.06", (13, 0), ("NVIDIA H200", "NVIDIA RTX 4000, Laptop"))


def test_find_driver_is_none_where_the_program_is_missing(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert diagnose.find_driver() is None


@pytest.mark.parametrize(
    ("query_answer", "banner", "status"),
    [
        ("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.", "", 9),
        ("No devices were found", BANNER.format(version="580", cuda="13.0"), 0),
        ("580, NVIDIA H200", "| no release is told |", 0),
        ("", "", 0),
    ],
)
def test_find_driver_is_none_where_nvidia_smi_tells_of_no_gpu(nvidia_smi, query_answer, banner, status):
    nvidia_smi(query_answer, banner, status)
    assert diagnose.find_driver() is None


def test_library_versions_are_those_of_the_libraries_themselves():
    import ml_dtypes
    import numpy

    versions = diagnose.library_versions()
    assert versions["numpy"] == numpy.__version__
    assert versions["ml_dtypes"] == ml_dtypes.__version__
    assert versions["python"] == "{}.{}.{}".format(*sys.version_info[:3])
    assert versions.keys() == {"python", "numpy", "scipy", "numba", "ml_dtypes", "cupy", "numba-cuda"}


def test_a_library_that_is_not_installed_has_no_version(monkeypatch):
    monkeypatch.setitem(diagnose.LIBRARIES, "cupy", ("no-such-distribution",))
    assert diagnose.library_versions()["cupy"] is None


def with_cuda_libraries(cupy, numba_cuda):
    return {"cupy": cupy, "numba-cuda": numba_cuda}


@pytest.mark.parametrize(
    ("cuda", "extra"), [((12, 0), "cuda12"), ((12, 9), "cuda12"), ((13, 0), "cuda13"), ((14, 2), "cuda13")]
)
def test_advice_names_the_extra_that_fits_the_driver(cuda, extra):
    advice = diagnose.cuda_advice(Driver("580", cuda, ("H200",)), with_cuda_libraries(None, None), CPU_ONLY)
    assert advice == f'cupy and numba-cuda not installed. In a clone: pip install ".[{extra}]"'


def test_advice_names_only_what_is_missing():
    advice = diagnose.cuda_advice(Driver("580", (13, 0), ("H200",)), with_cuda_libraries("13.6.0", None), CPU_ONLY)
    assert advice == 'numba-cuda not installed. In a clone: pip install ".[cuda13]"'


def test_advice_asks_for_a_newer_driver_below_cuda_12():
    advice = diagnose.cuda_advice(Driver("470.82", (11, 4), ("V100",)), with_cuda_libraries(None, None), CPU_ONLY)
    assert advice == "driver 470.82 runs CUDA 11.4 at most; a newer driver is needed"


def test_advice_without_a_driver_says_so_and_tells_the_commands():
    advice = diagnose.cuda_advice(None, with_cuda_libraries(None, None), CPU_ONLY)
    assert "no NVIDIA driver" in advice
    assert 'pip install ".[cuda13]"' in advice


def test_advice_where_all_is_installed_but_no_device_comes_up_points_to_cupy():
    advice = diagnose.cuda_advice(Driver("580", (12, 4), ("H200",)), with_cuda_libraries("13.6", "0.20"), CPU_ONLY)
    assert "finds no device" in advice
    assert 'pip install ".[cuda12]"' in advice


def test_no_advice_where_a_gpu_is_in_use():
    driver = Driver("580", (13, 0), ("H200",))
    devices = [*CPU_ONLY, "/device:GPU:0"]
    assert diagnose.cuda_advice(driver, with_cuda_libraries("13.6", "0.20"), devices) is None


@pytest.mark.parametrize(("cuda", "extra"), [((12, 4), "cuda12"), ((13, 1), "cuda13")])
def test_advice_where_a_gpu_is_in_use_without_numba_cuda_says_what_the_host_does_instead(cuda, extra):
    driver, devices = Driver("580", cuda, ("H200",)), [*CPU_ONLY, "/device:GPU:0"]
    advice = diagnose.cuda_advice(driver, with_cuda_libraries("13.6", None), devices)
    assert advice == (
        "numba-cuda not installed, so the host draws random values and copies them. "
        f'In a clone: pip install ".[{extra}]"'
    )


def test_the_extras_that_are_advised_exist():
    from house import ROOT

    text = (ROOT / "pyproject.toml").read_text()
    assert all(f"\n{extra} = [" in text for extra in diagnose.CUDA_EXTRAS.values())


def test_the_cpu_is_named_with_a_positive_number_of_cores():
    name, cores = diagnose.cpu_description().rsplit(", ", 1)
    assert name
    assert int(cores.removesuffix(" cores")) >= 1
