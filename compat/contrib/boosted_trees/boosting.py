"""How boosted trees are learnt from batches, in NumPy: Friedman (2001), and Chen and Guestrin, "XGBoost" (2016)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..tree_tables import LEAF, check_features, class_numbers, leaves_of, refused

_CENTERED = 0.01  # biases that moved by less, all together, are found
_LIGHTEST = 1e-12  # second derivatives of a node that are more than what rounding leaves
_ROUNDING = 1e-9  # gains that differ by less of their size are equal, whatever the order of their sums


class Ensemble(NamedTuple):
    """All trees in one table of nodes, each tree from its root on, and what the next layer is to be grown from."""

    children: np.ndarray  # int32 [nodes]: the left child, which the right one follows; LEAF
    features: np.ndarray  # int32 [nodes]
    thresholds: np.ndarray  # float32 [nodes]: an example goes left that has no more
    values: np.ndarray  # float32 [nodes, outputs]: what a leaf adds to the logits, but for the learning rate
    gains: np.ndarray  # float32 [nodes]: what a split gained
    roots: np.ndarray  # int32 [trees]
    bias: np.ndarray  # float32 [outputs]
    layers: np.ndarray  # int64 []: of the last tree, while it grows; 0 where the next layer begins a tree
    attempts: np.ndarray  # int64 []: trees begun
    centered: np.ndarray  # bool []: the bias is found
    waiting_x: np.ndarray  # float32 [waiting, features]: examples for the next layer
    waiting_labels: np.ndarray  # int64 [waiting]

    @property
    def finished(self) -> int:
        """How many trees grow no more."""
        return len(self.roots) - bool(self.layers)


class _Splits(NamedTuple):
    """The best split of each of some leaves."""

    leaves: np.ndarray  # int [leaves]: nodes
    gains: np.ndarray  # float64 [leaves]: -inf where there is none
    features: np.ndarray  # int [leaves]
    thresholds: np.ndarray  # float32 [leaves]
    weights: np.ndarray  # float64 [leaves, 2, columns]: what the left and right children add

    def of(self, chosen: np.ndarray) -> _Splits:
        return _Splits(*[part[chosen] for part in self])


class Learner(NamedTuple):
    """How an ensemble is to be learnt."""

    classes: int
    features: int
    learning_rate: float
    l1: float
    l2: float
    complexity: float  # what a split costs
    min_weight: float  # a node's second derivatives must exceed it
    max_depth: int
    tree_per_class: bool
    layer_by_layer: bool
    prune_at_once: bool
    center_bias: bool
    examples_per_layer: int | Callable[[int], int]
    features_per_tree: float
    features_per_level: float

    @property
    def outputs(self) -> int:
        """Logits of an example: one for two classes."""
        return self.classes if self.classes > 2 else 1

    def planted(self) -> Ensemble:
        """An ensemble without trees."""
        return Ensemble(
            children=np.zeros(0, np.int32),
            features=np.zeros(0, np.int32),
            thresholds=np.zeros(0, np.float32),
            values=np.zeros((0, self.outputs), np.float32),
            gains=np.zeros(0, np.float32),
            roots=np.zeros(0, np.int32),
            bias=np.zeros(self.outputs, np.float32),
            layers=np.zeros((), np.int64),
            attempts=np.zeros((), np.int64),
            centered=np.array(not self.center_bias),
            waiting_x=np.zeros((0, self.features), np.float32),
            waiting_labels=np.zeros(0, np.int64),
        )

    def logits(self, ensemble: Ensemble, x: np.ndarray) -> np.ndarray:
        """What the trees say of examples [examples, features]: float32 [examples, outputs].

        A tree that still grows says something if it does so layer by layer.
        """
        trees = len(ensemble.roots) if self.layer_by_layer else ensemble.finished
        total = np.tile(ensemble.bias.astype(np.float64), (len(x), 1))
        for root in ensemble.roots[:trees]:
            total += self.learning_rate * ensemble.values[_leaves(ensemble, x, root)].astype(np.float64)
        return total.astype(np.float32)

    def learnt(self, ensemble: Ensemble, x: np.ndarray, labels: np.ndarray) -> Ensemble:
        """The ensemble after a batch: one more layer once enough examples have come for it.

        Raises InvalidArgumentError for a batch that does not fit, before anything changes.
        """
        self.check(ensemble, x)
        labels = class_numbers(labels, len(x), self.classes, "n_classes")
        x = np.concatenate([ensemble.waiting_x, x])
        labels = np.concatenate([ensemble.waiting_labels, labels])
        wanted = self.examples_per_layer
        if len(x) < (wanted(int(ensemble.layers)) if callable(wanted) else wanted):
            return ensemble._replace(waiting_x=x, waiting_labels=labels)
        ensemble = ensemble._replace(waiting_x=x[:0], waiting_labels=labels[:0])
        gradients, hessians = self._derivatives(self.logits(ensemble, x).astype(np.float64), labels)
        if not ensemble.centered:
            return self._centered(ensemble, gradients.sum(0), hessians.sum(0))
        return self._grown(ensemble, x, gradients, hessians)

    def check(self, ensemble: Ensemble, x: np.ndarray) -> None:
        """Raises InvalidArgumentError where an ensemble was learnt for other features or classes."""
        check_features(x, ensemble.waiting_x.shape[1], "as those learnt from")
        outputs = len(ensemble.bias)
        if outputs != self.outputs:
            raise refused(f"n_classes is {self.classes}, but the trees were learnt for {max(outputs, 2)} classes")

    def _derivatives(self, logits: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """First and second derivatives of the mean cross entropy by each logit, each [examples, outputs]."""
        if self.outputs == 1:
            shares = (1 + np.tanh(logits / 2)) / 2
            wanted = labels[:, None]
        else:
            shares = np.exp(logits - logits.max(1, keepdims=True))
            shares /= shares.sum(1, keepdims=True)
            wanted = np.eye(self.classes)[labels]
        return (shares - wanted) / len(labels), shares * (1 - shares) / len(labels)

    def _centered(self, ensemble: Ensemble, gradient: np.ndarray, hessian: np.ndarray) -> Ensemble:
        """A step of Newton's for the bias."""
        step = np.divide(-gradient, hessian, out=np.zeros_like(gradient), where=hessian > 0)
        bias = (ensemble.bias + step).astype(np.float32)
        return ensemble._replace(bias=bias, centered=np.array(np.abs(step).sum() <= _CENTERED))

    # -- a layer ----------------------------------------------------------------------------------------------------

    def _grown(self, ensemble: Ensemble, x: np.ndarray, gradients: np.ndarray, hessians: np.ndarray) -> Ensemble:
        """The ensemble with one more layer; a tree for which there is no split any more is finished."""
        if not ensemble.layers:
            ensemble = _with_nodes(ensemble, np.zeros((1, self.outputs)))._replace(
                roots=np.append(ensemble.roots, np.int32(len(ensemble.children))), attempts=ensemble.attempts + 1
            )
        columns = slice(None)
        if self.tree_per_class and self.outputs > 1:
            column = (int(ensemble.attempts) - 1) % self.outputs
            columns = slice(column, column + 1)
        nodes = _leaves(ensemble, x, ensemble.roots[-1])
        splits = self._best_splits(x, nodes, gradients[:, columns], hessians[:, columns], self._active(ensemble))
        splits = splits.of(splits.gains >= (0 if self.prune_at_once else np.finfo(np.float64).min))
        layers = int(ensemble.layers) + bool(splits.leaves.size)
        ensemble = self._split(ensemble, splits, columns)._replace(layers=np.array(layers))
        if splits.leaves.size and layers < self.max_depth:
            return ensemble
        return self._finished(ensemble)

    def _active(self, ensemble: Ensemble) -> np.ndarray:
        """The features that this layer may split by, drawn anew for each tree or layer: the same in every run."""
        tree, layer = int(ensemble.attempts), int(ensemble.layers)
        drawn = [
            np.random.default_rng(seed).random(self.features) < fraction
            for seed, fraction in (([tree], self.features_per_tree), ([tree, layer + 1], self.features_per_level))
        ]
        return np.flatnonzero(drawn[0] & drawn[1])

    def _best_splits(
        self, x: np.ndarray, nodes: np.ndarray, gradients: np.ndarray, hessians: np.ndarray, features: np.ndarray
    ) -> _Splits:
        """For each node the split of the most gain, of all between two examples' values: Chen and Guestrin's (7).

        Of equal ones it is that of the last feature, there the one with the least threshold. The sums on the left of
        a split are those of the examples before it, in the order of node and value.
        """
        leaves, at = np.unique(nodes, return_inverse=True)
        columns = gradients.shape[1]
        stats = np.concatenate([gradients, hessians], 1)
        totals = np.zeros((len(leaves), 2 * columns))
        np.add.at(totals, at, stats)
        before = totals.cumsum(0) - totals
        own_gain = self._weighed(totals)[0] + self.complexity
        best = _Splits(
            leaves, np.full(len(leaves), -np.inf), np.zeros(len(leaves), np.intp),
            np.zeros(len(leaves), np.float32), np.zeros((len(leaves), 2, columns)),
        )  # fmt: skip
        for feature in features:
            values = x[:, feature]
            order = np.lexsort((values, at))
            cuts = np.flatnonzero((at[order[1:]] == at[order[:-1]]) & (values[order[1:]] > values[order[:-1]]))
            if not cuts.size:
                continue
            leaf = at[order[cuts]]
            left = stats[order].cumsum(0)[cuts] - before[leaf]
            gain, weights, present = self._weighed(np.stack([left, totals[leaf] - left], 1))
            rounding = _ROUNDING * (gain.sum(1) + own_gain[leaf])
            gain = np.where(present.all(1), gain.sum(1) - own_gain[leaf], -np.inf)
            most = best.gains.copy()
            np.maximum.at(most, leaf, gain)
            high = np.flatnonzero((gain >= most[leaf] - rounding) & (gain > -np.inf))
            winners, places = np.unique(leaf[high], return_index=True)
            taken = high[places]
            best.gains[winners], best.features[winners] = gain[taken], feature
            best.thresholds[winners] = values[order[cuts[taken]]]
            best.weights[winners] = weights[taken]
        return best

    def _weighed(self, stats: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(Gain, weights, whether it may be a node) for sums of derivatives [..., 2 columns]: first ones, then second.

        The weights [..., columns] are -g / (h + l2), after l1 has brought g nearer to zero; the gain is -g · weights.
        """
        gradients, hessians = np.split(stats, 2, -1)
        gradients = np.sign(gradients) * np.maximum(np.abs(gradients) - self.l1, 0)
        under = hessians + self.l2
        weights = np.divide(-gradients, under, out=np.zeros_like(gradients), where=under > 0)
        return (-gradients * weights).sum(-1), weights, np.sqrt((hessians**2).sum(-1)) > max(self.min_weight, _LIGHTEST)

    def _split(self, ensemble: Ensemble, splits: _Splits, columns: slice) -> Ensemble:
        values = np.zeros((len(splits.leaves), 2, self.outputs))
        values[:, :, columns] = splits.weights
        if self.layer_by_layer:  # the derivatives were those at the leaf's value
            values += ensemble.values[splits.leaves][:, None]
        first = len(ensemble.children)
        ensemble = _with_nodes(ensemble, values.reshape(-1, self.outputs))
        ensemble.children[splits.leaves] = first + 2 * np.arange(len(splits.leaves))
        ensemble.features[splits.leaves] = splits.features
        ensemble.thresholds[splits.leaves] = splits.thresholds
        ensemble.gains[splits.leaves] = splits.gains
        return ensemble

    def _finished(self, ensemble: Ensemble) -> Ensemble:
        """The last tree grows no more: splits that lost are taken back, leaves first; a tree without any goes too."""
        root, children = int(ensemble.roots[-1]), ensemble.children.copy()
        for node in range(len(children) - 1, root - 1, -1):
            child = children[node]
            if child != LEAF and ensemble.gains[node] < 0 and (children[child : child + 2] == LEAF).all():
                children[node] = LEAF
        ensemble = ensemble._replace(children=children, layers=np.array(0))
        if children[root] != LEAF:
            return ensemble
        nodes = {name: getattr(ensemble, name)[:root] for name in Ensemble._fields[:5]}
        return ensemble._replace(roots=ensemble.roots[:-1], **nodes)


def _leaves(ensemble: Ensemble, x: np.ndarray, root: np.integer) -> np.ndarray:
    """The leaf of each example in one tree."""
    table = ensemble.children, ensemble.features, ensemble.thresholds
    return leaves_of(x, np.array([root]), *table)[:, 0]


def _with_nodes(ensemble: Ensemble, values: np.ndarray) -> Ensemble:
    """The ensemble with more leaves, in memory of its own."""
    more = [np.full(len(values), LEAF), np.zeros(len(values)), np.zeros(len(values)), values, np.zeros(len(values))]
    nodes = [np.concatenate([old, new.astype(old.dtype)]) for old, new in zip(ensemble[:5], more, strict=True)]
    return Ensemble(*[*nodes, *ensemble[5:]])
