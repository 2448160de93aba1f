"""tf.contrib: the parts of it that programs use and that have a home here."""

from . import framework, layers, legacy_seq2seq, rnn, seq2seq, slim, training

__all__ = ["framework", "layers", "legacy_seq2seq", "rnn", "seq2seq", "slim", "training"]
