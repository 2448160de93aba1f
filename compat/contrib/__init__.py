"""tf.contrib: the parts of it that programs use and that have a home here."""

from . import (
    crf,
    data,
    framework,
    layers,
    legacy_seq2seq,
    lookup,
    losses,
    metrics,
    opt,
    rnn,
    seq2seq,
    slim,
    staging,
    tensorboard,
    training,
    util,
)

__all__ = [
    "crf",
    "data",
    "framework",
    "layers",
    "legacy_seq2seq",
    "lookup",
    "losses",
    "metrics",
    "opt",
    "rnn",
    "seq2seq",
    "slim",
    "staging",
    "tensorboard",
    "training",
    "util",
]
