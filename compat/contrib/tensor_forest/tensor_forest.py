"""tf.contrib.tensor_forest.tensor_forest: random forests as graphs that train on batches and classify them."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from ....engine.build import constant, convert_to_tensor
from ....engine.dtypes import float32, string
from ....engine.graph import Operation, Tensor
from ....engine.ops.arithmetic import divide, less, maximum, negative
from ....engine.ops.basic import cast, ones, shape
from ....engine.ops.effects import group, py_func
from ....engine.ops.joining import concat
from ....engine.ops.math import square
from ....engine.ops.random import random_uniform
from ....engine.ops.reduce import reduce_mean, reduce_sum
from ....engine.ops.state import assign, is_variable_initialized
from ....engine.sparse_tensor import SparseTensor
from ....scopes.scope import get_variable, variable_scope
from ...resources import register_resource, shared_resources
from ..tree_tables import class_numbers, refused
from .growing import Forest, Rules

_GOES_LEFT = {"less_or_equal": np.less_equal, "less": np.less}
_MODELS = ("all_dense", "all_sparse", "sparse_then_dense")  # ways to store counts, with equal results

# What a hyperparameter may be: its value where it has no effect.
_ONLY: dict[str, Any] = {
    "regression": False,
    "split_finish_name": "basic",
    "split_pruning_name": "none",
    "collate_examples": False,
    "initialize_average_splits": False,
    "inference_tree_paths": False,
    "param_file": None,
}


class ForestHParams:
    """The hyperparameters of a forest; `fill` sets what follows from others. `num_classes` and `num_features` are due.

    Args:
        num_trees: how many trees.
        max_nodes: a tree with as many nodes grows no more.
        bagging_fraction: the share of a batch's examples that a tree sees, drawn for each tree and batch.
        num_splits_to_consider: how many candidate splits a leaf weighs; by default the root of the number of features,
            at least 10 and at most 1000.
        feature_bagging_fraction: the share of the features that a tree may split by, drawn by `fill` with Python's
            `random`.
        split_after_samples: after how many examples a leaf takes the best candidate, if there was more than one class.
        model_name: "all_dense", "all_sparse" or "sparse_then_dense", which say how TensorFlow stores counts.
        split_name: "less_or_equal" or "less", what sends an example left.
        **kwargs: num_classes, num_features, and base_random_seed, the op seed (0: none).

    `max_fertile_nodes`, `valid_leaf_threshold`, `dominate_method`, `dominate_fraction`, `checkpoint_stats` and
    `use_running_stats_method` change no result in TensorFlow, as forests are here: everything is saved. The others must
    keep their defaults: RandomForestGraphs raises NotImplementedError.
    """

    num_classes: int
    num_features: int
    num_trees: int
    num_splits_to_consider: int
    bagging_fraction: float
    feature_bagging_fraction: float
    base_random_seed: int

    def __init__(
        self,
        num_trees: int = 100,
        max_nodes: int = 10000,
        bagging_fraction: float = 1.0,
        num_splits_to_consider: int = 0,
        feature_bagging_fraction: float = 1.0,
        max_fertile_nodes: int = 0,
        split_after_samples: int = 250,
        valid_leaf_threshold: int = 1,
        dominate_method: str = "bootstrap",
        dominate_fraction: float = 0.99,
        model_name: str = "all_dense",
        split_finish_name: str = "basic",
        split_pruning_name: str = "none",
        prune_every_samples: int = 0,
        early_finish_check_every_samples: int = 0,
        collate_examples: bool = False,
        checkpoint_stats: bool = False,
        use_running_stats_method: bool = False,
        initialize_average_splits: bool = False,
        inference_tree_paths: bool = False,
        param_file: str | None = None,
        split_name: str = "less_or_equal",
        **kwargs: Any,
    ) -> None:
        given = {name: value for name, value in locals().items() if name not in ("self", "kwargs")}
        vars(self).update(given, **kwargs)

    def values(self) -> dict[str, Any]:
        """All hyperparameters by name."""
        return vars(self)

    def fill(self) -> ForestHParams:
        """Set what was not given, and return this. AttributeError without `num_classes` or `num_features`."""
        self.num_output_columns = self.num_classes + 1
        self.bagged_num_features = int(self.feature_bagging_fraction * self.num_features)
        self.bagged_features = None
        if self.feature_bagging_fraction < 1.0:
            every = range(self.num_features)
            self.bagged_features = [random.sample(every, self.bagged_num_features) for _ in range(self.num_trees)]
        self.regression = getattr(self, "regression", False)
        self.num_outputs = self.num_classes if self.regression else 1
        self.base_random_seed = getattr(self, "base_random_seed", 0)
        by_features = min(max(10, math.floor(math.sqrt(self.num_features))), 1000)
        self.num_splits_to_consider = self.num_splits_to_consider or by_features
        return self


def _rules(params: Any) -> Rules:
    """How a forest of these hyperparameters grows.

    Raises NotImplementedError for what is not here, ValueError for nonsense.
    """
    if not hasattr(params, "bagged_num_features"):
        raise ValueError("Hyperparameters of a forest must be filled: give ForestHParams(…).fill()")
    for name, value in _ONLY.items():
        if getattr(params, name) != value:
            raise NotImplementedError(f"ForestHParams.{name}={getattr(params, name)!r}: only {value!r} is there")
    for name, known in (("split_name", _GOES_LEFT), ("model_name", _MODELS)):
        if getattr(params, name) not in known:
            raise ValueError(f"ForestHParams.{name} must be one of {', '.join(known)}, not {getattr(params, name)!r}")
    features, classes, trees = params.num_features, params.num_classes, params.num_trees
    if min(features, classes, trees, params.max_nodes, params.bagged_num_features) < 1:
        raise ValueError("A forest needs at least one feature, class, tree and node")
    columns = np.tile(np.arange(features), (trees, 1)) if params.bagged_features is None else params.bagged_features
    return Rules(
        trees, classes, features, int(params.num_splits_to_consider), int(params.split_after_samples), params.max_nodes,
        np.asarray(columns), _GOES_LEFT[params.split_name],
    )  # fmt: skip


class ForestVariables:
    """What a forest knows, as variables of the graph: `parts`, in the order of `Forest`.

    They are made by get_variable in the scope "tensor_forest", not trainable, saved as all variables are, and a
    resource of the graph too, so that either initializer makes them.
    """

    def __init__(self, params: Any, device_assigner: Any = None, training: bool = True) -> None:
        _refuse(device_assigner=device_assigner)
        with variable_scope("tensor_forest"):
            self.parts = [
                get_variable(name, None, value.dtype, value, trainable=False, validate_shape=False)
                for name, value in _rules(params).planted()._asdict().items()
            ]
        first = self.parts[0]
        if not any(resource.handle is first for resource in shared_resources()):
            register_resource(first, group(*[v.initializer for v in self.parts]), is_variable_initialized(first))


class RandomForestGraphs:
    """The graphs by which a forest trains, classifies, and says how large it is.

    Each leaf draws candidate splits from the first examples that reach it, counts for those that follow which classes
    each candidate would send where, and takes the purest. See `growing` for the steps.
    """

    def __init__(
        self,
        params: ForestHParams,
        tree_configs: Any = None,
        tree_stats: Any = None,
        device_assigner: Any = None,
        variables: ForestVariables | None = None,
        tree_variables_class: Any = None,
        tree_graphs: Any = None,
        training: bool = True,
    ) -> None:
        """
        Args:
            params: filled hyperparameters.
            variables: what another forest of the graph knows, to be shared; by default variables of its own.
            training: accepted; a forest that does not train has the same variables.

        Raises NotImplementedError for the other arguments, and for hyperparameters that are not here.
        """
        _refuse(
            tree_configs=tree_configs, tree_stats=tree_stats, device_assigner=device_assigner,
            tree_variables_class=tree_variables_class, tree_graphs=tree_graphs,
        )  # fmt: skip
        self.params, self._rules = params, _rules(params)
        self.variables = variables or ForestVariables(params)

    def training_graph(
        self,
        input_data: Any,
        input_labels: Any,
        num_trainers: int = 1,
        trainer_id: int = 0,
        input_weights: Any = None,
    ) -> Operation:
        """The operation that lets all trees learn from a batch.

        Args:
            input_data: float32 [examples, num_features], or a dict of such tensors, whose columns stand side by side
                in the order of the names.
            input_labels: [examples] or [examples, 1], integers in [0, num_classes).
            input_weights: float32 [examples], for how many examples each one stands; by default one.

        Which examples and features are drawn is up to one op's stream of random numbers: its seed is
        `params.base_random_seed` (0: none) beside the graph's. In a run InvalidArgumentError, for a batch that does not
        fit, comes before anything changes.
        """
        if (num_trainers, trainer_id) != (1, 0):
            raise NotImplementedError("num_trainers: one trainer grows all trees")
        x, labels = self._features(input_data), _joined(input_labels, "input_labels")
        weights = ones(shape(x)[:1]) if input_weights is None else cast(input_weights, float32)
        draws = random_uniform([2, shape(x)[0], self.params.num_trees], seed=self.params.base_random_seed or None)
        taken = less(draws[0], self.params.bagging_fraction)
        state = self._read()
        grown = py_func(
            partial(_step, self._rules),
            [*state, x, labels, weights, taken, draws[1]],
            [part.dtype for part in state],
            name="grow",
        )
        pairs = zip(self.variables.parts, grown, strict=True)
        return group(*[assign(variable, value, validate_shape=False) for variable, value in pairs], name="train")

    def inference_graph(self, input_data: Any) -> tuple[Tensor, Tensor, Tensor]:
        """(Probabilities, paths, variance) for examples as those of `training_graph`.

        The probabilities [examples, num_classes] are the trees' mean, the variance that of the trees' own; the paths
        [0, num_trees] are none.
        """
        x = self._features(input_data)
        each = self._ask(_predicted, [*self._read(), x])
        each.set_shape([x.shape[0], self.params.num_trees, self.params.num_classes])
        mean = divide(reduce_sum(each, 1), float(self.params.num_trees), name="probabilities")
        variance = maximum(0.0, reduce_mean(square(each), 1) - square(mean))
        return mean, constant(np.empty((0, self.params.num_trees), object), string), variance

    def average_size(self) -> Tensor:
        """The mean number of the trees' nodes."""
        return cast(shape(self.variables.parts[0])[0], float32) / float(self.params.num_trees)

    def training_loss(self, features: Any, labels: Any, name: str = "training_loss") -> Tensor:
        """Minus the average size: what trees grow by is not a loss, but it falls as they do."""
        return negative(self.average_size(), name=name)

    def validation_loss(self, features: Any, labels: Any) -> Tensor:
        """As `training_loss`."""
        return negative(self.average_size())

    def feature_importances(self) -> Tensor:
        """The share of each feature in all nodes that split: [num_features]."""
        counts = self._ask(_usage, self._read())
        counts.set_shape([self.params.num_features])
        return counts / reduce_sum(counts)

    def _features(self, given: Any) -> Tensor:
        """Examples as one tensor. ValueError where its static shape cannot be the forest's."""
        x = cast(_joined(given, "input_data"), float32)
        if not x.shape.is_compatible_with([None, self.params.num_features]):
            raise ValueError(f"Examples must be of shape [?, {self.params.num_features}], by num_features: {x.shape}")
        return x

    def _read(self) -> list[Tensor]:
        return [convert_to_tensor(part) for part in self.variables.parts]

    def _ask(self, function: Callable, inputs: list[Any]) -> Tensor:
        return py_func(partial(function, self._rules), inputs, float32)


def _step(rules: Rules, *values: np.ndarray) -> Forest:
    forest, (x, labels, weights, taken, draws) = Forest(*values[:-5]), values[-5:]
    rules.check(forest, x)
    labels = class_numbers(labels, len(x), rules.classes, "params.num_classes")
    if weights.shape != labels.shape or not (weights >= 0).all():
        raise refused(f"input_weights must be of shape [{len(x)}] and not negative")
    return rules.grown(forest, x, labels, weights, taken, draws)


def _predicted(rules: Rules, *values: np.ndarray) -> np.ndarray:
    forest, x = Forest(*values[:-1]), values[-1]
    rules.check(forest, x)
    return rules.probabilities(forest, x)


def _usage(rules: Rules, *values: np.ndarray) -> np.ndarray:
    return rules.usage(Forest(*values))


def _joined(given: Any, what: str) -> Tensor:
    """One tensor of a tensor or of a dict of them, side by side as float32. ValueError without any."""
    if given is None or (isinstance(given, Mapping) and not given):
        raise ValueError(f"{what} must be given")
    parts = [given[name] for name in sorted(given)] if isinstance(given, Mapping) else [given]
    if any(isinstance(part, SparseTensor) for part in parts):
        raise NotImplementedError(f"{what}: sparse tensors are not there; use tf.sparse_tensor_to_dense")
    tensors = [convert_to_tensor(part) for part in parts]
    return tensors[0] if len(tensors) == 1 else concat([cast(tensor, float32) for tensor in tensors], 1)


def _refuse(**arguments: Any) -> None:
    for name, value in arguments.items():
        if value is not None:
            raise NotImplementedError(f"{name}: a forest's trees are grown together, from one table of nodes")


__all__ = ["ForestHParams", "ForestVariables", "RandomForestGraphs"]
