"""The programs of examples/ run from the command line and learn. (Golden cases hold their numbers to TensorFlow's.)"""

import os
import re
import subprocess
import sys

import pytest
from house import ROOT

EXAMPLES = ROOT / "examples"
OWN = {"digits", "pictures"}  # the demo, which imports scopeflow
PROGRAMS = sorted(path.stem for path in EXAMPLES.glob("*.py") if path.stem not in OWN)
LEARNT = {  # for how many steps to train, and what must be said at the end, with bounds for the numbers in it
    "regression": (50, r"step 50: loss (\S+), weights .*", (0.005,)),
    "mlp": (100, r"step 100: loss (\S+), accuracy \S+, on new points (\S+)", (0.2, -0.9)),
    "convnet": (60, r"step 60: loss (\S+), accuracy \S+, on new images (\S+)", (0.3, -0.7)),
    "vae": (500, r"step 500: .* = loss (\S+)\nin the middle of the latent space:(?:\n[ .:=-]{16}){8}", (24.0,)),
    "gan": (250, r"step 250: discriminator (\S+), generator (\S+), its points' radius .*", (1.45, 1.1)),
    "lstm": (100, r"step 80: loss (\S+)\nstep 100: loss (\S+)\nit writes: the.{80}", (1.5, 1.0)),
    "dqn": (500, r"step 500: loss (\S+), mean reward (\S+)", (0.5, -15.0)),
    "gpt": (40, r"step 20: loss \S+, .*\nstep 40: loss (\S+), foreseen (\S+)", (0.5, -0.9)),
    "word2vec": (
        200,
        r"step 200: loss (\S+)\n(?:nearest to .*: .*\n){4}nearest to dogs: (?=.*cats)(?=.*birds)(?=.*mice).*",
        (2.0,),
    ),
    "resume": (100, r"step 50: loss .*\nstep 100: loss (\S+), learning rate 0.01802\nnewest.*sine-100", (0.02,)),
}


def run(program, *arguments):
    """What the program prints."""
    command = [sys.executable, "-W", "error", "-m", "scopeflow", "run", EXAMPLES / f"{program}.py", *arguments]
    done = subprocess.run(
        list(map(str, command)), env=os.environ | {"OPENBLAS_NUM_THREADS": "1"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Warning" not in done.stderr
    return done.stdout


def test_every_program_is_run_here_and_told_of_in_the_folders_readme():
    assert sorted(LEARNT) == PROGRAMS
    told = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert all(f"[{path.name}]({path.name})" in told for path in EXAMPLES.glob("*.py") if path.stem != "pictures")


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_runs_as_it_is_and_learns(program, tmp_path):
    steps, wanted, bounds = LEARNT[program]
    folder = [f"--folder={tmp_path}"] if program == "resume" else []
    said = run(program, f"--steps={steps}", *folder)
    last = re.search(rf"{wanted}\n\Z", said)
    assert last, said
    for number, bound in zip(map(float, last.groups()), bounds, strict=True):
        assert number <= bound if bound > 0 else number >= -bound, said


def test_a_program_that_was_stopped_goes_on_with_the_losses_of_one_that_never_was(tmp_path):
    said = [run("resume", f"--steps={n}", f"--folder={tmp_path / name}") for n, name in ((200, "a"), (60, "b"))]
    resumed = run("resume", "--steps=200", f"--folder={tmp_path / 'b'}")
    steps = [line for line in said[0].splitlines() if line.startswith("step ")]
    assert [line.split(":")[0] for line in steps] == ["step 50", "step 100", "step 150", "step 200"]
    assert [line for line in (said[1] + resumed).splitlines() if line.startswith("step ")] == steps


def test_programs_import_nothing_but_numpy_and_tensorflow_and_what_python_has():
    for program in PROGRAMS:
        text = (EXAMPLES / f"{program}.py").read_text(encoding="utf-8")
        imported = re.findall(r"^\s*(?:import|from) (\S+)", text, re.MULTILINE)
        assert set(imported) <= {"collections", "os", "numpy", "tensorflow"}, program
        assert "import tensorflow as tf\n" in text


def test_the_check_finds_no_name_missing_in_any_program():
    command = [sys.executable, "-m", "scopeflow", "check", str(EXAMPLES)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
