"""Run by test_stopped_writers.py: writers of checkpoints that are killed, or whose files may not grow any more.

    python stopped_writers.py kill|full FOLDER PATH STEPS

PATH is the checkpoint's in FOLDER, STEPS is 1 where each save has a number of its own. Exits with an AssertionError
where what is left behind is not whole.
"""

import logging
import os
import random
import resource
import signal
import sys
import time

import numpy as np

import scopeflow as tf

KILLS, LIMITS = 100, 60
SHAPES = {"a/w": [300, 100], "a/b": [100], "deep/er/w": [50_000], "s": []}
logging.disable()  # torn checkpoints are told of many times here
os.fsync = lambda file: None  # a kill does not reach what the system has taken


class Writer:
    """Variables that all have the same number in each of their elements, and a Saver of them."""

    def __init__(self, folder, name, steps):
        self.folder, self.path, self.steps = folder, os.path.join(folder, name), steps
        self.variables = [tf.get_variable(name, shape, tf.int64) for name, shape in SHAPES.items()]
        self.session = tf.Session()
        self.saver = tf.train.Saver(max_to_keep=3)

    def save(self, number):
        for variable in self.variables:
            variable.load(np.full(variable.shape.as_list(), number), self.session)
        self.saver.save(self.session, self.path, global_step=number if self.steps else None)

    def saved(self):
        """The number in the newest complete checkpoint."""
        newest = tf.train.latest_checkpoint(self.folder)
        assert newest is not None, os.listdir(self.folder)
        with tf.Session() as session:
            tf.train.Saver().restore(session, newest)
            numbers = {int(n) for v in self.variables for n in np.unique(session.run(v))}
        assert len(numbers) == 1, f"{newest} is of several saves: {numbers}"
        return numbers.pop()


def killed(writer):
    """Children save one number after another, and are killed wherever they are."""
    chance = random.Random(1)
    start = time.perf_counter()
    writer.save(number := 0)
    longest = 3 * (time.perf_counter() - start)
    seen = set()
    for _ in range(KILLS):
        child = os.fork()
        if not child:
            while True:
                number += 1
                writer.save(number)
        time.sleep(chance.uniform(0, longest))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        left = writer.saved()
        assert left >= number, f"after {number} was saved, {left} is the newest"
        number = left
        writer.saver.recover_last_checkpoints(tf.train.get_checkpoint_state(writer.folder).all_model_checkpoint_paths)
        seen.add(number)
    assert len(seen) > 10, f"the writers came to {len(seen)} numbers only"
    print(f"{len(seen)} numbers, up to {number}")


def full(writer):
    """Files may have so many bytes and no more, whatever is written: a save either fails or is whole."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    chance = random.Random(2)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    writer.save(number := 0)
    largest = max(os.path.getsize(os.path.join(writer.folder, name)) for name in os.listdir(writer.folder))
    failures = 0
    for limit in sorted(chance.sample(range(largest * 11 // 10), LIMITS)):
        before = sorted(os.listdir(writer.folder))
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        try:
            writer.save(number + 1)
            number += 1
        except tf.errors.ResourceExhaustedError as error:
            assert "File too large" in error.message and writer.folder in error.message, error.message
            assert sorted(os.listdir(writer.folder)) == before
            failures += 1
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        assert writer.saved() == number
    assert LIMITS // 2 < failures < LIMITS, f"{failures} of {LIMITS} failed"
    print(f"{failures} of {LIMITS} failed")


if __name__ == "__main__":
    what, folder, name, steps = sys.argv[1:]
    {"kill": killed, "full": full}[what](Writer(folder, name, bool(int(steps))))
