"""The graph of boosted trees: what they predict, how they learn, and what a LearnerConfig says of that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ....engine.build import convert_to_tensor
from ....engine.dtypes import float32, int64
from ....engine.graph import Operation, Tensor, control_dependencies
from ....engine.ops.basic import cast, identity, reshape, size
from ....engine.ops.effects import py_func
from ....engine.ops.joining import concat
from ....engine.ops.math import sigmoid
from ....engine.ops.reduce import argmax, reduce_mean
from ....engine.ops.state import assign, assign_add
from ....engine.sparse_tensor import SparseTensor
from ....nn import metrics
from ....nn.activations import softmax
from ....nn.cross_entropy import sigmoid_cross_entropy_with_logits, sparse_softmax_cross_entropy_with_logits
from ....scopes.scope import get_variable, variable_scope
from ....train.summary.ops import scalar
from .boosting import Ensemble, Learner
from .learner_pb2 import LearnerConfig

_DEPTH, _RATE = 6, 0.1  # of a LearnerConfig that says nothing


class Model(NamedTuple):
    """The graph for features and labels that an input function gave."""

    step: Any
    predictions: dict[str, Tensor]  # by name, [examples, ...]
    loss: Tensor | None = None  # the mean cross entropy, where there are labels
    labels: Tensor | None = None
    train: Operation | None = None
    before: tuple[Tensor, ...] = ()  # of a model that trains: trees, layers of the one that grows, trees begun
    after: tuple[Tensor, ...] = ()  # the same after a training step


def build(learner: Learner, step: Any, features: Any, labels: Any, trains: bool = False) -> Model:
    """The graph, in the default one. Raises ValueError for inputs that trees do not take, or no labels to train by."""
    if labels is None and trains:
        raise ValueError("There must be labels to train by: input_fn is to give (features, labels)")
    x = _dense(features)
    learner = learner._replace(features=x.shape[1].value)
    with variable_scope("gbdt"):
        variables = [
            get_variable(name, None, value.dtype, value, trainable=False, validate_shape=False)
            for name, value in learner.planted()._asdict().items()
        ]
    ensemble = [convert_to_tensor(part) for part in variables]
    logits = py_func(partial(_logits, learner), [*ensemble, x], float32, name="logits")
    logits.set_shape([x.shape[0], learner.outputs])
    model = Model(step, _predictions(logits))
    if labels is None:
        return model
    labels = convert_to_tensor(labels)
    model = model._replace(loss=_loss(labels, logits), labels=labels)
    if not trains:
        return model
    scalar("loss", model.loss)
    learnt = py_func(partial(_learnt, learner), [*ensemble, x, labels], [t.dtype for t in ensemble], name="learn")
    pairs = zip(variables, learnt, strict=True)
    with control_dependencies([assign(variable, value, validate_shape=False) for variable, value in pairs]):
        train = assign_add(step, 1).op
    return model._replace(train=train, before=_progress(ensemble), after=_progress(learnt))


def _progress(ensemble: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Trees, layers of the one that grows, trees that were begun."""
    part = dict(zip(Ensemble._fields, ensemble, strict=True))
    return size(part["roots"]), identity(part["layers"]), identity(part["attempts"])


def _logits(learner: Learner, *values: np.ndarray) -> np.ndarray:
    ensemble, x = Ensemble(*values[:-1]), values[-1]
    learner.check(ensemble, x)
    return learner.logits(ensemble, x)


def _learnt(learner: Learner, *values: np.ndarray) -> Ensemble:
    return learner.learnt(Ensemble(*map(np.asarray, values[:-2])), *values[-2:])


def _predictions(logits: Tensor) -> dict[str, Tensor]:
    if logits.shape[1] == 1:
        second = sigmoid(logits)
        probabilities = concat([1 - second, second], 1)
        more = {"logistic": second}
    else:
        probabilities, more = softmax(logits), {}
    return {"logits": logits, "probabilities": probabilities, "classes": argmax(probabilities, 1), **more}


def _loss(labels: Tensor, logits: Tensor) -> Tensor:
    """The mean cross entropy."""
    if logits.shape[1] == 1:
        wanted = reshape(cast(labels, float32), [-1, 1])
        return reduce_mean(sigmoid_cross_entropy_with_logits(labels=wanted, logits=logits))
    wanted = reshape(cast(labels, int64), [-1])
    return reduce_mean(sparse_softmax_cross_entropy_with_logits(labels=wanted, logits=logits))


def _dense(features: Any) -> Tensor:
    """Features as one tensor [examples, columns], those of a dict side by side in the order of their names."""
    named = features if isinstance(features, Mapping) else {"features": features}
    if not named:
        raise ValueError("Features dictionary must be specified.")
    columns = []
    for name in sorted(named):
        if isinstance(named[name], SparseTensor):
            raise NotImplementedError(f"Feature {name!r}: sparse features are not there; use tf.sparse_tensor_to_dense")
        column = convert_to_tensor(named[name])
        if column.dtype is not float32:
            raise ValueError(f"Unsupported dense feature {column.name} with dtype {column.dtype}.")
        if column.shape.ndims == 1:
            column = reshape(column, [-1, 1])
        if column.shape.ndims != 2 or column.shape[1].value is None:
            raise ValueError(f"Feature {name!r} must be of shape [?, columns], with their number known: {column.shape}")
        columns.append(column)
    return concat(columns, 1) if len(columns) > 1 else columns[0]


def measures(model: Model) -> dict[str, Tensor]:
    """What an evaluation measures, so far: each run of one takes another batch in."""
    if model.labels is None:
        raise ValueError("There must be labels to evaluate by: input_fn is to give (features, labels)")
    labels, predictions = reshape(cast(model.labels, int64), [-1]), model.predictions
    measured = {
        "loss": metrics.mean(model.loss)[1],
        "accuracy": metrics.accuracy(labels, predictions["classes"])[1],
    }
    if "logistic" in predictions:
        measured["auc"] = metrics.auc(labels, predictions["probabilities"][:, 1])[1]
    return measured


def learner_of(config: LearnerConfig, examples_per_layer: Any, center_bias: bool) -> Learner:
    """What a LearnerConfig says, with the defaults.

    Raises NotImplementedError for what is not here, ValueError for nonsense.
    """
    tuner = config.learning_rate_tuner.WhichOneof("tuner")
    if tuner == "line_search":
        raise ValueError("Line search learning rate is not yet supported.")
    strategy = config.multi_class_strategy
    strategy = strategy or (LearnerConfig.TREE_PER_CLASS if config.num_classes == 2 else LearnerConfig.DIAGONAL_HESSIAN)
    for what, asked in (
        ("learning_rate_tuner.dropout", tuner == "dropout"),
        ("multi_class_strategy=FULL_HESSIAN", strategy == LearnerConfig.FULL_HESSIAN),
        ("averaging_config", config.averaging_config.WhichOneof("config")),
        ("constraints.max_number_of_unique_feature_columns", config.constraints.max_number_of_unique_feature_columns),
    ):
        if asked:
            raise NotImplementedError(f"LearnerConfig.{what} is not there")
    for name in ("multi_class_strategy", "growing_mode", "pruning_mode"):
        if getattr(config, name) not in config.enums[name]:
            raise ValueError(f"LearnerConfig.{name} is none of its values: {getattr(config, name)}")
    fractions = {
        name: getattr(config, name) if config.WhichOneof("feature_fraction") == name else 1.0
        for name in ("feature_fraction_per_tree", "feature_fraction_per_level")
    }
    penalties, limits = config.regularization, config.constraints
    if min(penalties.l1, penalties.l2, penalties.tree_complexity, limits.min_node_weight) < 0:
        raise ValueError("LearnerConfig.regularization and constraints must not be negative")
    return Learner(
        classes=config.num_classes,
        features=0,
        learning_rate=config.learning_rate_tuner.fixed.learning_rate if tuner else _RATE,
        l1=penalties.l1,
        l2=penalties.l2,
        complexity=penalties.tree_complexity,
        min_weight=limits.min_node_weight,
        max_depth=limits.max_tree_depth or _DEPTH,
        tree_per_class=strategy == LearnerConfig.TREE_PER_CLASS,
        layer_by_layer=config.growing_mode != LearnerConfig.WHOLE_TREE,
        prune_at_once=config.pruning_mode == LearnerConfig.PRE_PRUNE,
        center_bias=center_bias,
        examples_per_layer=examples_per_layer,
        features_per_tree=fractions["feature_fraction_per_tree"],
        features_per_level=fractions["feature_fraction_per_level"],
    )
