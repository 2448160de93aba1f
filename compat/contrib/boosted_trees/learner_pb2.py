"""tf.contrib.boosted_trees.proto.learner_pb2: how boosted trees are to be learnt."""

from __future__ import annotations

from ....engine.message import MessageObject
from ....engine.wire import Field, Message


class TreeRegularizationConfig(MessageObject):
    """Penalties: on the sum of leaves' sizes, on that of their squares, and on each split."""

    message = Message(
        "TreeRegularizationConfig", Field(1, "l1", "float"), Field(2, "l2", "float"),
        Field(3, "tree_complexity", "float"),
    )  # fmt: skip


class TreeConstraintsConfig(MessageObject):
    """Limits: layers of a tree (6 by default), the least sum of second derivatives in a node, features in use."""

    message = Message(
        "TreeConstraintsConfig", Field(1, "max_tree_depth", "uint32"), Field(2, "min_node_weight", "float"),
        Field(3, "max_number_of_unique_feature_columns", "int64"),
    )  # fmt: skip


class LearningRateFixedConfig(MessageObject):
    """One learning rate for all trees."""

    message = Message("LearningRateFixedConfig", Field(1, "learning_rate", "float"))


class LearningRateDropoutDrivenConfig(MessageObject):
    """A learning rate with trees dropped at random as others are learnt."""

    message = Message(
        "LearningRateDropoutDrivenConfig", Field(1, "dropout_probability", "float"),
        Field(2, "probability_of_skipping_dropout", "float"), Field(3, "learning_rate", "float"),
    )  # fmt: skip


class LearningRateLineSearchConfig(MessageObject):
    """Learning rates to be tried."""

    message = Message(
        "LearningRateLineSearchConfig", Field(1, "max_learning_rate", "float"), Field(2, "num_steps", "int32")
    )


class LearningRateConfig(MessageObject):
    """One of the three."""

    message = Message(
        "LearningRateConfig", Field(1, "fixed", LearningRateFixedConfig.message),
        Field(2, "dropout", LearningRateDropoutDrivenConfig.message),
        Field(3, "line_search", LearningRateLineSearchConfig.message),
    )  # fmt: skip
    classes = {
        "fixed": LearningRateFixedConfig,
        "dropout": LearningRateDropoutDrivenConfig,
        "line_search": LearningRateLineSearchConfig,
    }
    oneofs = {"tuner": ("fixed", "dropout", "line_search")}


class AveragingConfig(MessageObject):
    """The last trees' ensembles averaged in predictions."""

    message = Message(
        "AveragingConfig", Field(1, "average_last_n_trees", "float", explicit=True),
        Field(2, "average_last_percent_trees", "float", explicit=True),
    )  # fmt: skip
    oneofs = {"config": ("average_last_n_trees", "average_last_percent_trees")}


class LearnerConfig(MessageObject):
    """All of it. What is not said: pruned afterwards, layer by layer, a fixed learning rate of 0.1; a tree for each
    class where there are two, one for all of more than two."""

    PRUNING_MODE_UNSPECIFIED, PRE_PRUNE, POST_PRUNE = range(3)
    GROWING_MODE_UNSPECIFIED, WHOLE_TREE, LAYER_BY_LAYER = range(3)
    MULTI_CLASS_STRATEGY_UNSPECIFIED, TREE_PER_CLASS, FULL_HESSIAN, DIAGONAL_HESSIAN = range(4)

    message = Message(
        "LearnerConfig",
        Field(1, "num_classes", "uint32"),
        Field(2, "feature_fraction_per_tree", "float", explicit=True),
        Field(3, "feature_fraction_per_level", "float", explicit=True),
        Field(4, "regularization", TreeRegularizationConfig.message),
        Field(5, "constraints", TreeConstraintsConfig.message),
        Field(6, "learning_rate_tuner", LearningRateConfig.message),
        Field(8, "pruning_mode", "enum"),
        Field(9, "growing_mode", "enum"),
        Field(10, "multi_class_strategy", "enum"),
        Field(11, "averaging_config", AveragingConfig.message),
    )
    classes = {
        "regularization": TreeRegularizationConfig,
        "constraints": TreeConstraintsConfig,
        "learning_rate_tuner": LearningRateConfig,
        "averaging_config": AveragingConfig,
    }
    oneofs = {"feature_fraction": ("feature_fraction_per_tree", "feature_fraction_per_level")}
    enums = {
        "pruning_mode": {0: "PRUNING_MODE_UNSPECIFIED", 1: "PRE_PRUNE", 2: "POST_PRUNE"},
        "growing_mode": {0: "GROWING_MODE_UNSPECIFIED", 1: "WHOLE_TREE", 2: "LAYER_BY_LAYER"},
        "multi_class_strategy": {
            0: "MULTI_CLASS_STRATEGY_UNSPECIFIED", 1: "TREE_PER_CLASS", 2: "FULL_HESSIAN", 3: "DIAGONAL_HESSIAN",
        },
    }  # fmt: skip


__all__ = [
    "AveragingConfig", "LearnerConfig", "LearningRateConfig", "LearningRateDropoutDrivenConfig",
    "LearningRateFixedConfig", "LearningRateLineSearchConfig", "TreeConstraintsConfig", "TreeRegularizationConfig",
]  # fmt: skip
