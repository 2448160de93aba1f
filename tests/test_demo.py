"""The demo learns to read digits and shows what it did."""

import importlib
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from house import ROOT

import scopeflow as tf


def run_demo(directory, *arguments):
    command = [sys.executable, "-W", "error", ROOT / "examples" / "digits.py", *arguments]
    # One thread: the BLAS's threads spin while they wait, which costs minutes where other programs want the cores too.
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(list(map(str, command)), cwd=directory, env=environment, capture_output=True, text=True)


@pytest.mark.slow
def test_the_demo_reads_97_per_cent_of_the_digits_it_has_not_seen(tmp_path):
    done = run_demo(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    *_, speed, closing_line = done.stdout.splitlines()
    assert re.fullmatch(r"[\d,]+ images per second", speed)
    accuracy = re.fullmatch(r"test accuracy (\d+\.\d) %", closing_line)
    assert accuracy and float(accuracy[1]) >= 97.0, closing_line
    for name in ("conv1", "weights", "Adam_1", "beta1_power", "float32", "204,800", "/device:", "truncated_normal"):
        assert name in done.stdout
    for picture in ("filters.png", "training.png"):
        content = (tmp_path / "demo_output" / picture).read_bytes()
        assert content.startswith(b"\x89PNG")
        assert len(content) > 10_000


def test_one_step_on_two_images_leaves_the_net_untaught_and_says_so(tmp_path):
    """The 97 % above come from training: with next to none, the same program reports next to guessing."""
    done = run_demo(tmp_path, "--steps", 1, "--batch", 2, "--device", "/cpu:0", "--output", tmp_path / "pictures")
    assert done.returncode == 0, done.stdout + done.stderr
    accuracy = re.fullmatch(r"test accuracy (\d+\.\d) %", done.stdout.splitlines()[-1])
    assert accuracy and float(accuracy[1]) < 50
    assert sorted(path.name for path in (tmp_path / "pictures").iterdir()) == ["filters.png", "training.png"]


@pytest.mark.slow
def test_a_run_that_is_stopped_and_resumed_has_the_losses_of_one_that_never_stopped(tmp_path, monkeypatch, capsys):
    """To the bit: variables, slots, the step, the places of the random ops and the batches all go on as they were."""
    monkeypatch.syspath_prepend(ROOT / "examples")
    digits = importlib.import_module("digits")
    histories = []
    monkeypatch.setattr(digits, "draw_training", lambda history, *_: histories.append(history))
    monkeypatch.setattr(digits, "draw_filters", lambda *_: None)

    def history(steps, folder):
        arguments = ["--steps", steps, "--batch", 32, "--checkpoints", tmp_path / folder, "--output", tmp_path]
        monkeypatch.setattr(sys, "argv", ["digits.py", *map(str, arguments)])
        with tf.Graph().as_default():
            digits.main()
        return histories.pop()

    straight = history(400, "straight")
    parts = [history(300, "parts"), history(400, "parts")]
    assert straight.shape == (400, 2) and np.isfinite(straight).all()
    assert [len(part) for part in parts] == [300, 100]
    assert np.concatenate(parts).tolist() == straight.tolist()
    assert f"going on from {tmp_path / 'parts' / 'digits-300'}" in capsys.readouterr().out.replace("\n", "")
    with pytest.raises(SystemExit):
        history(400, "parts")
    assert "has gone 400 steps already" in capsys.readouterr().err


@pytest.mark.gpu
def test_the_demo_learns_on_a_gpu_and_its_variables_live_there(tmp_path):
    done = run_demo(tmp_path, "--steps", 100, "--device", "/gpu:0")
    assert done.returncode == 0, done.stdout + done.stderr
    accuracy = re.fullmatch(r"test accuracy (\d+\.\d) %", done.stdout.splitlines()[-1])
    assert accuracy and float(accuracy[1]) >= 90.0
    assert "/device:GPU:0" in done.stdout
    assert "/device:CPU:0" not in done.stdout


@pytest.mark.parametrize("arguments", [("--batch", 3), ("--batch", 0), ("--steps", 0)])
def test_a_batch_that_the_towers_cannot_share_and_no_steps_are_refused(tmp_path, arguments):
    done = run_demo(tmp_path, *arguments)
    assert done.returncode == 2
    assert "--batch a multiple of the 2 towers" in done.stderr
    assert not (tmp_path / "demo_output").exists()
