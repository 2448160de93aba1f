"""The built wheel holds all of the package and nothing else, and works where the repository is not."""

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from house import FLOORS, ROOT, repository_files

PACKAGE_SUFFIXES = {".py", ".cu", ".cuh", ".json", ".txt"}
ROOT_FILES = {"__init__.py", "__main__.py", "py.typed"}


def run(command, directory, **environment):
    """Standard output of `command`; its whole output is in the failure's message."""
    done = subprocess.run(
        list(map(str, command)), cwd=directory, env=os.environ | environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of the files under git: built in a copy, so that an old build folder cannot leak into it."""
    source = tmp_path_factory.mktemp("clone")
    for path in repository_files():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, source / path)
    target = tmp_path_factory.mktemp("wheel")
    run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", target, source], target)
    (built,) = target.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A folder with the wheel's content installed."""
    target = tmp_path_factory.mktemp("installed")
    run([sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--target", target, wheel], target)
    return target


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    expected = {
        f"scopeflow/{path.as_posix()}"
        for path in repository_files()
        if path.as_posix() in ROOT_FILES or (path.parts[0] in FLOORS and path.suffix in PACKAGE_SUFFIXES)
    }
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
    metadata = {name for name in names if name.split("/")[0].endswith(".dist-info")}
    assert names - metadata == expected
    assert any(name.endswith("/LICENSE") for name in metadata)


PROGRAM = """
import importlib, pkgutil, sys
import scopeflow as tf

for module in pkgutil.walk_packages(tf.__path__, "scopeflow."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
strangers = [m.__file__ for n, m in sys.modules.items() if n.split(".")[0] == "scopeflow" and TARGET not in m.__file__]
assert not strangers, strangers

with tf.variable_scope("layer"):
    weights = tf.get_variable("weights", [2, 3], initializer=tf.ones_initializer())
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    print(weights.name, session.run(tf.reduce_sum(weights)))
"""


def test_the_installed_wheel_runs_without_the_repository(installed, tmp_path):
    # -S keeps out site-packages' .pth files, by which an editable install finds the repository; the dependencies come
    # by PYTHONPATH, after the folder under test.
    libraries = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    search_path = os.pathsep.join(map(str, [installed, *libraries]))
    program = PROGRAM.replace("TARGET", repr(str(installed)))
    answer = run([sys.executable, "-S", "-W", "error", "-c", program], tmp_path, PYTHONPATH=search_path)
    assert answer == "layer/weights:0 6.0\n"


def test_without_the_wheel_that_program_finds_no_scopeflow(tmp_path):
    libraries = os.pathsep.join({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
    command = [sys.executable, "-S", "-c", "import scopeflow"]
    done = subprocess.run(command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": libraries}, capture_output=True)
    assert b"No module named 'scopeflow'" in done.stderr


def test_folders_of_the_house_are_the_listed_packages():
    """A new folder under a floor must be named in pyproject.toml, or its modules would be missing once installed."""
    listed = {line.strip().strip('",') for line in (ROOT / "pyproject.toml").read_text().splitlines()}
    folders = {Path(path).parent for path in repository_files() if path.parts[0] in FLOORS and path.suffix == ".py"}
    assert {".".join(("scopeflow", *folder.parts)) for folder in folders} <= listed
