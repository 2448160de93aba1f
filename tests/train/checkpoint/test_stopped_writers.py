"""A writer that is killed, or whose disk is full, leaves the newest complete checkpoint whole and easily found."""

import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import scopeflow as tf
from scopeflow.train.checkpoint.formats import files_of

SCRIPT = Path(__file__).with_name("stopped_writers.py")


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.parametrize("what", ["kill", "full"])
@pytest.mark.parametrize(("name", "steps"), [("m", 0), ("m", 1), ("m.npz", 0), ("m.safetensors", 0)])
def test_whatever_stops_a_writer_the_newest_complete_checkpoint_is_found_and_loads(tmp_path, what, name, steps):
    command = [sys.executable, SCRIPT, what, tmp_path, name, steps]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def saved(folder, *names):
    """A session's checkpoints under some names, one after the other, each with its number in all variables."""
    with tf.Graph().as_default(), tf.Session() as session:
        variables = [tf.get_variable(name, [40, 3]) for name in ("a/b", "a/w", "c")]
        saver = tf.train.Saver()
        for number, name in enumerate(names):
            for variable in variables:
                variable.load(np.full([40, 3], number), session)
            saver.save(session, str(folder / name))


def cuts(path):
    """Lengths to truncate a checkpoint's file to: every one of a small index, else around each tensor's ends."""
    size = path.stat().st_size
    if path.suffix == ".index":
        return range(size)
    tensor = 40 * 3 * 4
    around = {tensor * i + d for i in range(size // tensor + 1) for d in (-1, 0, 1)}
    return sorted({0, 1, 8, size - 22, size - 1} | {cut for cut in around if 0 <= cut < size})


@pytest.mark.parametrize("ending", ["", ".npz", ".safetensors"])
def test_a_checkpoint_that_is_cut_off_anywhere_is_told_by_name_and_the_one_before_it_taken(tmp_path, ending, caplog):
    older, newer = str(tmp_path / f"old{ending}"), str(tmp_path / f"new{ending}")
    saved(tmp_path, f"old{ending}", f"new{ending}")
    assert tf.train.latest_checkpoint(tmp_path) == newer
    assert not caplog.records
    for path in map(Path, files_of(newer)):
        whole = path.read_bytes()
        for size in cuts(path):
            path.write_bytes(whole[:size])
            caplog.clear()
            assert tf.train.latest_checkpoint(tmp_path) == older, f"{path.name} of {size} bytes"
            (warning,) = caplog.records
            assert warning.levelno == logging.WARNING
            assert f"Checkpoint {newer} is torn, and is passed over: " in warning.getMessage()
            with pytest.raises((tf.errors.DataLossError, tf.errors.NotFoundError)):
                tf.train.load_checkpoint(newer).check()
        path.write_bytes(whole)
    assert tf.train.latest_checkpoint(tmp_path) == newer


def test_a_checkpoint_that_is_gone_is_told_of_and_passed_over(tmp_path, caplog):
    saved(tmp_path, "one", "two", "three")
    tf.train.remove_checkpoint(str(tmp_path / "three"))
    os.remove(tmp_path / "two.data-00000-of-00001")
    assert tf.train.latest_checkpoint(tmp_path) == str(tmp_path / "one")
    assert [record.getMessage().partition(", and")[0] for record in caplog.records] == [
        f"Checkpoint {tmp_path / 'three'} is not there", f"Checkpoint {tmp_path / 'two'} is torn",
    ]  # fmt: skip
    tf.train.remove_checkpoint(str(tmp_path / "one"))
    assert tf.train.latest_checkpoint(tmp_path) is None


def test_a_torn_checkpoint_changes_no_variable(tmp_path):
    saved(tmp_path, "one", "two")
    path = tmp_path / "two.data-00000-of-00001"
    content = bytearray(path.read_bytes())
    content[-5] ^= 1  # in the last tensor that is read
    path.write_bytes(content)
    with tf.Graph().as_default(), tf.Session() as session:
        variables = [tf.get_variable(name, [40, 3]) for name in ("a/b", "a/w", "c")]
        tf.train.Saver().restore(session, str(tmp_path / "one"))
        with pytest.raises(tf.errors.DataLossError, match=r"two\.data-00000-of-00001: tensor c, .* at offset 960"):
            tf.train.Saver().restore(session, str(tmp_path / "two"))
        assert all((session.run(v) == 0).all() for v in variables)


def test_an_interrupted_commit_is_finished_by_whoever_looks(tmp_path):
    saved(tmp_path, "m", "other")
    for name in ("m.index", "m.data-00000-of-00001"):
        new = (tmp_path / name).rename(tmp_path / f"{name}.new")
        shutil.copy(tmp_path / name.replace("m.", "other."), tmp_path / name)
        new.rename(tmp_path / (f"{name}.pending" if name.endswith("index") else f"{name}.part"))
    assert float(tf.train.load_variable(str(tmp_path / "m"), "c")[0, 0]) == 0
    assert not list(tmp_path.glob("*.pending")) and not list(tmp_path.glob("*.part"))
