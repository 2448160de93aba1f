"""Writing and reading a bundle of 2 GB against a plain write and read of the same bytes: at least 0.8 of its speed.

Both end with the bytes on the disk (flushed by fsync) or in arrays of their own, checksums included; the file that is
read is in the system's cache. They take turns, and the ratio is that of the medians, as other programs disturb both.
"""

import os
import statistics
import time

import numpy as np
import pytest

from scopeflow.train.checkpoint.bundle import BundleReader, BundleWriter

ROUNDS = 7
BUDGET = 0.8
SIZES = {"large": [1 << 30, *[1 << 28] * 3], "layers": [1 << 24] * 120, "small": [1 << 20] * 2000}  # bytes a tensor


def tensors(kind):
    rng = np.random.default_rng(0)
    return {f"layer_{i:04d}/weights": rng.random(size // 4, np.float32) for i, size in enumerate(SIZES[kind])}


def plain_write(path, arrays):
    with open(path, "wb") as file:
        for array in arrays.values():
            file.write(array.data)
        file.flush()
        os.fsync(file.fileno())


def plain_read(path, arrays):
    found = {}
    with open(path, "rb", buffering=0) as file:
        for name, array in arrays.items():
            found[name] = np.empty_like(array)
            assert file.readinto(found[name].data.cast("B")) == array.nbytes
    return found


def bundle_write(path, arrays):
    with BundleWriter(str(path)) as writer:
        for name, array in arrays.items():
            writer.add(name, array)
        writer.finish()


def bundle_read(path, arrays):
    with BundleReader(str(path)) as reader:
        return {name: reader.read(name) for name in arrays}


@pytest.mark.parametrize("kind", SIZES)
def test_a_bundle_is_nearly_as_fast_as_a_plain_file(kind, tmp_path, capsys):
    arrays = tensors(kind)
    total = sum(array.nbytes for array in arrays.values())
    seconds = {step: [] for step in (plain_write, bundle_write, plain_read, bundle_read)}
    for step in list(seconds) * ROUNDS:
        start = time.perf_counter()
        found = step(tmp_path / step.__name__.partition("_")[0], arrays)
        seconds[step].append(time.perf_counter() - start)
        if found:
            assert all(np.array_equal(found.pop(name), array) for name, array in arrays.items())
    medians = {step.__name__: statistics.median(times) for step, times in seconds.items()}
    ratios = {way: medians[f"plain_{way}"] / medians[f"bundle_{way}"] for way in ("write", "read")}
    with capsys.disabled():
        speeds = ", ".join(f"{name} {total / s / 1e9:.2f} GB/s" for name, s in medians.items())
        print(f"\n{kind}: {speeds}; write {ratios['write']:.2f}, read {ratios['read']:.2f} of the plain speed")
    assert min(ratios.values()) >= BUDGET
