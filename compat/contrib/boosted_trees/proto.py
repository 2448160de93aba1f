"""tf.contrib.boosted_trees.proto: the message that says how trees are to be learnt."""

from . import learner_pb2

__all__ = ["learner_pb2"]
