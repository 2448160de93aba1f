"""Saving and restoring 2 GB of variables against a plain write and read of the same bytes: at least 0.8 of its speed.

As in bench_checkpoint.py, both end with the bytes on the disk, or in the session's buffers; they take turns, and the
ratio is that of the medians. The plain file is as safe as the checkpoint: a new one, flushed, takes the old one's
place. A new session takes the arrays over; one whose variables have values keeps its buffers.
"""

import os
import statistics
import time

import numpy as np
import pytest
from bench_checkpoint import BUDGET, ROUNDS, SIZES, plain_read, plain_write, tensors

import scopeflow as tf
from scopeflow.train.checkpoint.files import sync_folder


@pytest.mark.parametrize("kind", SIZES)
def test_a_saver_is_nearly_as_fast_as_a_plain_file(kind, tmp_path, capsys):
    arrays = tensors(kind)
    total = sum(array.nbytes for array in arrays.values())
    with tf.Graph().as_default():
        zeros = tf.zeros_initializer()
        variables = {name: tf.get_variable(name, array.shape, initializer=zeros) for name, array in arrays.items()}
        saver, session = tf.train.Saver(), tf.Session()
        for name, variable in variables.items():
            variable.load(arrays[name], session)

        def write():
            plain_write(tmp_path / "plain.new", arrays)
            os.replace(tmp_path / "plain.new", tmp_path / "plain")
            sync_folder(str(tmp_path / "plain"))

        def save():
            saver.save(session, str(tmp_path / "saved"), write_state=False)

        def restored(into):
            saver.restore(into, str(tmp_path / "saved"))
            return {name: into.buffer(variable) for name, variable in variables.items()}

        steps = {
            "plain write": write,
            "save": save,
            "plain read": lambda: plain_read(tmp_path / "plain", arrays),
            "restore into a new session": lambda: restored(tf.Session()),
            "restore into buffers": lambda: restored(session),
        }
        seconds = {name: [] for name in steps}
        for name in list(steps) * ROUNDS:
            start = time.perf_counter()
            found = steps[name]()
            seconds[name].append(time.perf_counter() - start)
            if found:
                assert all(np.array_equal(found.pop(key), array) for key, array in arrays.items())
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    ratios = {name: medians["plain write" if name == "save" else "plain read"] / medians[name] for name in medians}
    with capsys.disabled():
        told = ", ".join(f"{name} {total / medians[name] / 1e9:.2f} GB/s ({ratios[name]:.2f})" for name in medians)
        print(f"\n{kind}: {told}")
    assert min(ratios["save"], ratios["restore into a new session"]) >= BUDGET
