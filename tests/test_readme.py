"""README's programs run, print what it says they print, and its commands and links are there."""

import re
import subprocess
import sys

import pytest
from house import ROOT

README = (ROOT / "README.md").read_text()
# A block of Python, and the block of text that may follow it: what the program prints.
PROGRAMS = re.findall(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", README, re.DOTALL | re.MULTILINE)


def test_all_blocks_of_python_are_among_the_programs():
    assert len(PROGRAMS) == README.count("```python") >= 2
    assert any("get_variable" in program for program, _ in PROGRAMS)
    assert any("kernels.conv2d" in program for program, _ in PROGRAMS)


@pytest.mark.parametrize(("program", "printed"), PROGRAMS, ids=lambda text: text.splitlines()[-1][:40] if text else "-")
def test_a_program_prints_what_the_readme_says(program, printed, tmp_path):
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == printed


def test_every_make_target_that_it_names_exists():
    named = set(re.findall(r"\bmake ([a-z-]+)", README))
    assert {"demo", "test", "bench", "lint", "gpu-check"} <= named
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert named <= targets


def test_every_file_that_it_links_to_exists():
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).is_file()] == []


def test_the_first_ten_lines_say_for_whom_it_is():
    head = "\n".join(README.splitlines()[:10])
    assert "TF1 code" in head
    assert "NumPy, CuPy and Numba people" in head
