"""tf.contrib.factorization: k-means, by whole batches or by mini-batches."""

from __future__ import annotations

from typing import Any, NamedTuple

from ...engine.build import convert_to_tensor
from ...engine.dtypes import float32, int64
from ...engine.graph import Operation, Tensor, control_dependencies
from ...engine.ops.basic import cast, expand_dims, identity, no_op, ones, ones_like, shape, size, zeros, zeros_like
from ...engine.ops.checks import assert_equal, assert_positive
from ...engine.ops.conditions import cond
from ...engine.ops.effects import group
from ...engine.ops.indexing import gather, unique
from ...engine.ops.joining import concat
from ...engine.ops.linalg import matmul
from ...engine.ops.math import add_n, equal, less_equal, maximum, square
from ...engine.ops.random import random_uniform
from ...engine.ops.rearranging import transpose
from ...engine.ops.reduce import argmin, reduce_min, reduce_sum
from ...engine.ops.segments import unsorted_segment_sum
from ...engine.ops.state import assign, assign_sub, scatter_add
from ...engine.static import constant_value
from ...nn.normalization import l2_normalize
from ...scopes.variables import Variable

SQUARED_EUCLIDEAN_DISTANCE = "squared_euclidean"
COSINE_DISTANCE = "cosine"
RANDOM_INIT = "random"
KMEANS_PLUS_PLUS_INIT = "kmeans_plus_plus"
KMC2_INIT = "kmc2"
CLUSTERS_VAR_NAME = "clusters"

_OF_NONE = 1e-6  # added to the number of a cluster's points, so that one without points goes to the origin


class _State(NamedTuple):
    """The variables of a training graph."""

    centers: Variable  # float32 [clusters, depth], [0] before they are initialized
    initialized: Variable  # bool
    counts: Variable | None  # int64 [clusters]: points seen, for mini-batches
    moving: Variable  # the centers that mini-batches move; they become `centers` every so many steps
    wait: Variable | None  # int64: steps until then


class KMeans:
    """The graph of k-means clustering: MacQueen (1967), Lloyd (1982); for mini-batches Sculley (2010)."""

    def __init__(
        self,
        inputs: Any,
        num_clusters: Any,
        initial_clusters: Any = RANDOM_INIT,
        distance_metric: str = SQUARED_EUCLIDEAN_DISTANCE,
        use_mini_batch: bool = False,
        mini_batch_steps_per_iteration: int = 1,
        random_seed: int | None = 0,
        kmeans_plus_plus_num_retries: int = 2,
        kmc2_chain_length: int = 200,
    ) -> None:
        """
        Args:
            inputs: points, float32 [n, depth], or a list of such tensors.
            num_clusters: how many clusters.
            initial_clusters: "random", which takes points with replacement; a tensor [clusters, depth]; or a function
                of the list of inputs and of the number of centers that are still to be chosen, which returns some.
            distance_metric: "squared_euclidean" or "cosine" (1 - the cosine of the angle).
            use_mini_batch: whether a step moves the centers toward its points instead of into their midst.
            mini_batch_steps_per_iteration: after how many steps the centers that points are held against follow.
            random_seed: the op seed of "random".

        Raises ValueError for another metric or way to initialize, NotImplementedError for "kmeans_plus_plus", "kmc2".
        """
        if isinstance(initial_clusters, str) and initial_clusters in (KMEANS_PLUS_PLUS_INIT, KMC2_INIT):
            raise NotImplementedError(
                f"initial_clusters={initial_clusters!r}: give 'random', a tensor of centers or a function"
            )
        if isinstance(initial_clusters, str) and initial_clusters != RANDOM_INIT:
            raise ValueError(f"Unsupported initialization algorithm {initial_clusters!r}")
        if distance_metric not in (SQUARED_EUCLIDEAN_DISTANCE, COSINE_DISTANCE):
            raise ValueError(f"Unsupported distance metric {distance_metric!r}")
        self._inputs = [convert_to_tensor(points) for points in (inputs if isinstance(inputs, list) else [inputs])]
        self._num_clusters = num_clusters
        self._initial_clusters = initial_clusters
        self._by_angle = distance_metric == COSINE_DISTANCE
        self._mini_batch = use_mini_batch
        self._steps_per_iteration = mini_batch_steps_per_iteration
        self._seed = random_seed

    def training_graph(self) -> tuple[tuple, tuple, tuple, Variable, Any, Any]:
        """(all_scores, cluster_idx, scores, cluster_centers_initialized, init_op, training_op).

        For each of the inputs: all_scores [n, clusters] the distances from all centers, cluster_idx int64 [n] the
        nearest center, scores [n] the distance from it. cluster_centers_initialized is a bool variable, true once
        `init_op` has chosen all centers, for which it takes several runs where one batch has too few points; it is
        to be run no more afterwards with other batches. `training_op` makes a step.
        """
        state = self._create_variables()
        init_op = self._initializer(state)
        inputs, centers = self._inputs, convert_to_tensor(state.centers)
        if self._by_angle:
            inputs = [l2_normalize(points, 1) for points in inputs]
            if not self._keeps_unit_length:
                centers = l2_normalize(centers, 1)
        all_scores = tuple(self._distances(points, centers) for points in inputs)
        nearest = tuple(argmin(distances, 1) for distances in all_scores)
        scores = tuple(maximum(reduce_min(distances, 1), 0.0) for distances in all_scores)
        if self._mini_batch:
            with control_dependencies([self._follow(state)]):
                training_op: Any = self._mini_batch_step(state, inputs, nearest)
        else:
            training_op = self._full_batch_step(state, inputs, nearest)
        return all_scores, nearest, scores, state.initialized, init_op, training_op

    @property
    def _waits(self) -> bool:
        """Whether points are held against centers that do not move with every mini-batch."""
        return self._mini_batch and self._steps_per_iteration > 1

    @property
    def _keeps_unit_length(self) -> bool:
        """Whether the variable's centers are kept on the unit sphere: mini-batches leave it."""
        return self._by_angle and (not self._mini_batch or self._waits)

    def _create_variables(self) -> _State:
        nothing = zeros([0], float32)
        centers = Variable(nothing, name=CLUSTERS_VAR_NAME, validate_shape=False)
        initialized = Variable(False, name="initialized")
        if self._waits:
            moving = Variable(nothing, name="clusters_updated", validate_shape=False)
            wait = Variable(self._steps_per_iteration, dtype=int64, name="update_in_steps")
            return _State(centers, initialized, Variable(zeros([self._num_clusters], int64)), moving, wait)
        counts = Variable(ones([self._num_clusters], int64)) if self._mini_batch else None
        return _State(centers, initialized, counts, centers, None)

    # -- the first centers ------------------------------------------------------------------------------------------

    def _initializer(self, state: _State) -> Any:
        """The op that adds as many centers as the inputs allow, and does nothing once there are all."""
        selected = shape(state.centers)[0]
        remaining = self._num_clusters - selected

        def add() -> Tensor:
            with control_dependencies([assert_positive(remaining)]):
                chosen = self._choose(remaining)
            if self._by_angle:
                chosen = l2_normalize(chosen, 1)
            centers = cond(equal(selected, 0), lambda: chosen, lambda: concat([state.centers, chosen], 0))
            assigned = assign(state.centers, centers, validate_shape=False)
            if self._waits:
                assigned = assign(state.moving, assigned, validate_shape=False)
            return identity(assign(state.initialized, equal(shape(assigned)[0], self._num_clusters)))

        def done() -> Tensor:
            with control_dependencies([assert_equal(state.initialized, True)]):
                return identity(state.initialized)

        return cond(equal(remaining, 0), done, add).op

    def _choose(self, remaining: Tensor) -> Tensor:
        if callable(self._initial_clusters):
            return self._initial_clusters(self._inputs, remaining)
        if not isinstance(self._initial_clusters, str):
            centers = convert_to_tensor(self._initial_clusters, float32)
            with control_dependencies([assert_equal(remaining, shape(centers)[0])]):
                return identity(centers)
        points = concat(self._inputs, 0) if len(self._inputs) > 1 else self._inputs[0]
        count = shape(points)[0]

        def drawn() -> Tensor:
            places = random_uniform(expand_dims(remaining, 0), 0, cast(count, int64), int64, self._seed)
            return gather(points, places)

        return cond(less_equal(count, remaining), lambda: identity(points), drawn)

    # -- distances and steps ----------------------------------------------------------------------------------------

    def _distances(self, points: Tensor, centers: Tensor) -> Tensor:
        """From each point to each center, [n, clusters]."""
        products = matmul(points, centers, transpose_b=True)
        products.set_shape([points.shape[0], constant_value(convert_to_tensor(self._num_clusters))])
        if self._by_angle:
            return 1 - products
        of_centers = transpose(reduce_sum(square(centers), 1, keepdims=True))
        of_centers.set_shape([1, products.shape[1]])
        return reduce_sum(square(points), 1, keepdims=True) - 2 * products + of_centers

    def _full_batch_step(self, state: _State, inputs: list[Tensor], nearest: tuple[Tensor, ...]) -> Tensor:
        """Every center goes into the midst of its points."""
        pairs = list(zip(inputs, nearest, strict=True))
        sums = add_n([unsorted_segment_sum(points, ids, self._num_clusters) for points, ids in pairs])
        counts = add_n([unsorted_segment_sum(ones_like(ids, float32), ids, self._num_clusters) for _, ids in pairs])
        centers = sums / expand_dims(counts + _OF_NONE, 1)
        return assign(state.centers, l2_normalize(centers, 1) if self._by_angle else centers)

    def _mini_batch_step(self, state: _State, inputs: list[Tensor], nearest: tuple[Tensor, ...]) -> Operation:
        """Centers go toward the mean of all points seen: after n points, k others d move x by sum(d - x) / (n + k)."""
        assert state.counts is not None
        steps: list[Any] = []
        for points, ids in zip(inputs, nearest, strict=True):
            with control_dependencies(steps):
                found, place = unique(ids)
                old, before = gather(state.moving, found), gather(state.counts, found)
            more = unsorted_segment_sum(ones_like(place, int64), place, size(found))
            sums = unsorted_segment_sum(points, place, size(found))
            moves = sums - expand_dims(cast(more, float32), 1) * old
            moves /= expand_dims(cast(before + more, float32), 1)
            with control_dependencies([moves, more]):
                steps += [scatter_add(state.counts, found, more), scatter_add(state.moving, found, moves)]
        return group(*steps)

    def _follow(self, state: _State) -> Any:
        """Every so many steps the centers that points are held against become those that mini-batches moved."""
        if state.wait is None or state.counts is None:
            return no_op()
        wait, counts = state.wait, state.counts

        def follow() -> Tensor:
            moved = l2_normalize(state.moving, 1) if self._by_angle else identity(state.moving)
            with control_dependencies([assign(state.centers, moved), assign(state.moving, moved)]):
                cleared = assign(counts, zeros_like(counts))
            with control_dependencies([cleared]):
                return identity(assign(wait, self._steps_per_iteration - 1))

        return cond(less_equal(wait, cast(0, int64)), follow, lambda: identity(assign_sub(wait, cast(1, int64))))


__all__ = [
    "CLUSTERS_VAR_NAME", "COSINE_DISTANCE", "KMC2_INIT", "KMEANS_PLUS_PLUS_INIT", "KMeans", "RANDOM_INIT",
    "SQUARED_EUCLIDEAN_DISTANCE",
]  # fmt: skip
