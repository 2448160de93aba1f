"""The programs of examples/: five steps of each."""

import tempfile

from ..cases import golden
from ..examples import played

LEARNT = {"rtol": 1e-4, "atol": 1e-5, "reason": "five steps of float32 sums, taken in another order"}
PROGRAMS = ("regression", "mlp", "convnet", "vae", "gan", "lstm", "dqn", "gpt", "word2vec")


@golden(rows={name: name for name in PROGRAMS}, **LEARNT)
def example(tf, row):
    return played(tf, row, (5,))


@golden(**LEARNT)
def resumed_example(tf):
    """Three steps, and two more by a new session that finds the checkpoint."""
    with tempfile.TemporaryDirectory() as folder:
        return played(tf, "resume", (3, folder), (5, folder))
