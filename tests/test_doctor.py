"""`python -m scopeflow doctor` tells what is there and whether it holds."""

import subprocess
import sys

import pytest

from scopeflow.__main__ import main
from scopeflow.kernels import diagnose, selfcheck
from scopeflow.kernels.diagnose import Driver


@pytest.fixture(autouse=True)
def wide_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")


def test_doctor_as_a_user_runs_it_checks_every_kernel_and_exits_0(tmp_path):
    done = subprocess.run([sys.executable, "-m", "scopeflow", "doctor"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("self-checks: all hold\n")
    for expected in ("/device:CPU:0", "numpy", "numba-cuda", "conv2d", "truncated_normal", "CUDA: "):
        assert expected in done.stdout
    assert "FAIL" not in done.stdout


def test_a_failing_self_check_is_shown_and_makes_the_exit_status_1(monkeypatch, capsys):
    checks = [("conv2d", "plain", True, "max error 0"), ("matmul", "BLAS", False, "differs at [3, 4]")]
    monkeypatch.setattr(selfcheck, "run_self_checks", lambda backend: checks)
    assert main(["doctor"]) == 1
    shown = capsys.readouterr().out
    (line,) = [line for line in shown.splitlines() if "matmul" in line]
    assert "FAILS" in line
    assert "differs at [3, 4]" in line
    assert "self-checks: 1 FAILED" in shown


def test_a_gpu_that_cannot_be_used_is_listed_with_the_command_that_mends_it(monkeypatch, capsys):
    monkeypatch.setattr(diagnose, "find_driver", lambda: Driver("580.65", (13, 0), ("NVIDIA H200",)))
    monkeypatch.setattr(diagnose, "LIBRARIES", {**diagnose.LIBRARIES, "cupy": (), "numba-cuda": ()})
    monkeypatch.setattr(selfcheck, "run_self_checks", lambda backend: [])
    monkeypatch.setattr("scopeflow.kernels.backend.list_devices", lambda: ["/device:CPU:0"])
    assert main(["doctor"]) == 0
    shown = capsys.readouterr().out
    assert "NVIDIA H200, driver 580.65" in shown
    assert "not in use" in shown
    assert 'CUDA: cupy and numba-cuda not installed. In a clone: pip install ".[cuda13]"' in shown


def test_an_unknown_command_is_refused_with_the_list_of_those_there_are(capsys):
    with pytest.raises(SystemExit) as refusal:
        main(["docter"])
    assert refusal.value.code == 2
    assert "doctor" in capsys.readouterr().err
