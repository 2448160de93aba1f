"""How a forest grows from batches of examples, in NumPy: Colthurst, Sculley, Hendry, Nado, "TensorForest" (2016)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..tree_tables import LEAF, check_features, leaves_of, refused


class Forest(NamedTuple):
    """All trees in one table of nodes, which the roots begin, and what fertile leaves know of the splits they weigh.

    A full tree has no fertile leaves.
    """

    children: np.ndarray  # int32 [nodes]: the left child, which the right one follows; LEAF
    features: np.ndarray  # int32 [nodes]
    thresholds: np.ndarray  # float32 [nodes]
    trees: np.ndarray  # int32 [nodes]: the tree that a node belongs to
    counts: np.ndarray  # float32 [nodes, classes]: a leaf's examples, those of the split it comes from included
    leaves: np.ndarray  # int32 [fertile]: the nodes of fertile leaves
    drawn: np.ndarray  # int32 [fertile]: how many candidate splits a leaf has so far
    split_features: np.ndarray  # int32 [fertile, splits]
    split_thresholds: np.ndarray  # float32 [fertile, splits]
    left: np.ndarray  # float32 [fertile, splits, classes]: examples that a candidate would send left
    totals: np.ndarray  # float32 [fertile, classes]: examples since all candidates were there


class Rules(NamedTuple):
    """How a forest is to grow."""

    trees: int
    classes: int
    inputs: int  # features of an example
    splits: int  # candidates of a leaf
    split_after: int  # examples that a leaf weighs its candidates by
    max_nodes: int  # a tree with as many nodes grows no more
    features: np.ndarray  # int [trees, features]: the columns that each tree may split by
    goes_left: np.ufunc  # np.less_equal or np.less

    def planted(self) -> Forest:
        """A forest of roots alone."""
        n = self.trees
        return Forest(
            np.full(n, LEAF, np.int32), np.zeros(n, np.int32), np.zeros(n, np.float32), np.arange(n, dtype=np.int32),
            np.zeros((n, self.classes), np.float32), *self._fertile(np.arange(n if self.max_nodes > 1 else 0)),
        )  # fmt: skip

    def _fertile(self, leaves: np.ndarray) -> list[np.ndarray]:
        """The last six parts of a forest, for leaves that have seen nothing yet."""
        n = len(leaves)
        return [
            leaves.astype(np.int32), np.zeros(n, np.int32), np.zeros((n, self.splits), np.int32),
            np.zeros((n, self.splits), np.float32), np.zeros((n, self.splits, self.classes), np.float32),
            np.zeros((n, self.classes), np.float32),
        ]  # fmt: skip

    def check(self, forest: Forest, x: np.ndarray) -> None:
        """Raises InvalidArgumentError for examples of other features, and for a forest that grew by other rules."""
        check_features(x, self.inputs, "by params.num_features")
        found = int(forest.trees.max()) + 1, forest.counts.shape[1], forest.split_features.shape[1]
        if found != (self.trees, self.classes, self.splits):
            raise refused(
                "The forest has grown by other hyperparameters: its num_trees, num_classes and num_splits_to_consider "
                f"are {found}, not {(self.trees, self.classes, self.splits)}"
            )

    def leaves_of(self, forest: Forest, x: np.ndarray) -> np.ndarray:
        """The leaf of each example in each tree: [examples, trees]."""
        table = forest.children, forest.features, forest.thresholds
        return leaves_of(x, np.arange(self.trees), *table, self.goes_left)

    def probabilities(self, forest: Forest, x: np.ndarray) -> np.ndarray:
        """What each tree says, float32 [examples, trees, classes]: the shares of the classes in the example's leaf.

        All zero where a leaf has seen nothing.
        """
        counts = forest.counts[self.leaves_of(forest, x)]
        return counts / np.maximum(counts.sum(2, keepdims=True), np.finfo(np.float32).tiny)

    def usage(self, forest: Forest) -> np.ndarray:
        """How many nodes split by each feature: float32 [inputs]."""
        inner = forest.children != LEAF
        return np.bincount(forest.features[inner], minlength=self.inputs).astype(np.float32)

    def grown(
        self,
        forest: Forest,
        x: np.ndarray,
        labels: np.ndarray,
        weights: np.ndarray,
        taken: np.ndarray,
        draws: np.ndarray,
    ) -> Forest:
        """The forest after a batch: examples are counted, candidates drawn and weighed, ripe leaves split.

        Args:
            forest: where to begin; its arrays may be overwritten.
            x: float32 [examples, features].
            labels: [examples], integers from 0.
            weights: float32 [examples], for how many examples each one stands.
            taken: bool [examples, trees], which trees see an example.
            draws: numbers in [0, 1) [examples, trees], the choice of a feature where an example makes a candidate.
        """
        rows, trees = np.nonzero(taken)
        nodes = self.leaves_of(forest, x)[rows, trees]
        np.add.at(forest.counts, (nodes, labels[rows]), weights[rows])
        place = np.full(len(forest.children), -1)
        place[forest.leaves] = np.arange(len(forest.leaves))
        fertile = np.flatnonzero(place[nodes] >= 0)
        rows, trees, slots = rows[fertile], trees[fertile], place[nodes[fertile]]
        number = forest.drawn[slots] + _ranks(slots)
        weighs = number >= self.splits
        self._draw(forest, x, draws, slots[~weighs], number[~weighs], rows[~weighs], trees[~weighs])
        self._weigh(forest, x, labels, weights, slots[weighs], rows[weighs])
        return self._split(forest)

    def _draw(
        self, forest: Forest, x: np.ndarray, draws: np.ndarray, slots: np.ndarray, number: np.ndarray,
        rows: np.ndarray, trees: np.ndarray,
    ) -> None:  # fmt: skip
        """Examples make candidates: a feature by chance, and the example's own value of it as the threshold."""
        choices = self.features.shape[1]
        chosen = self.features[trees, (draws[rows, trees].astype(np.float64) * choices).astype(np.intp)]
        forest.split_features[slots, number] = chosen
        forest.split_thresholds[slots, number] = x[rows, chosen]
        np.add.at(forest.drawn, slots, 1)

    def _weigh(
        self, forest: Forest, x: np.ndarray, labels: np.ndarray, weights: np.ndarray, slots: np.ndarray,
        rows: np.ndarray,
    ) -> None:  # fmt: skip
        """Count what each candidate of its leaf would do with an example."""
        np.add.at(forest.totals, (slots, labels[rows]), weights[rows])
        left = self.goes_left(x[rows[:, None], forest.split_features[slots]], forest.split_thresholds[slots])
        example, split = np.nonzero(left)
        places = (slots[example] * self.splits + split) * self.classes + labels[rows[example]]
        np.add.at(forest.left.reshape(-1), places, weights[rows[example]])

    def _split(self, forest: Forest) -> Forest:
        """Split the leaves that have seen enough, of more than one class, as long as their tree is not full."""
        seen = forest.totals.sum(1)
        ripe = np.flatnonzero((seen >= self.split_after) & ((forest.totals > 0).sum(1) > 1))
        ripe = ripe[np.argsort(forest.leaves[ripe])]
        best, useful = _best(forest.left[ripe], forest.totals[ripe])
        for part in (forest.drawn, forest.totals, forest.left):
            part[ripe[~useful]] = 0  # such a leaf draws anew
        ripe, best = ripe[useful], best[useful]
        sizes = np.bincount(forest.trees, minlength=self.trees)
        tree = forest.trees[forest.leaves[ripe]]
        fits = sizes[tree] + 2 * _ranks(tree) < self.max_nodes
        ripe, best, tree = ripe[fits], best[fits], tree[fits]
        if not ripe.size:
            return forest
        parents = forest.leaves[ripe]
        forest.children[parents] = len(forest.children) + 2 * np.arange(len(ripe))
        forest.features[parents] = forest.split_features[ripe, best]
        forest.thresholds[parents] = forest.split_thresholds[ripe, best]
        left = forest.left[ripe, best]
        counts = np.stack([left, forest.totals[ripe] - left], 1).reshape(-1, self.classes)
        new = 2 * len(ripe)
        born = Forest(
            np.full(new, LEAF, np.int32), np.zeros(new, np.int32), np.zeros(new, np.float32), np.repeat(tree, 2),
            counts, *self._fertile(len(forest.children) + np.arange(new)),
        )  # fmt: skip
        keeps = np.ones(len(forest.leaves), bool)
        keeps[ripe] = False
        return self._joined(forest, keeps, born)

    def _joined(self, forest: Forest, keeps: np.ndarray, born: Forest) -> Forest:
        """The forest with new nodes, with the fertile leaves it keeps and the new ones, but for those of full trees."""
        nodes = [np.concatenate([old, new]) for old, new in zip(forest[:5], born[:5], strict=True)]
        room = np.bincount(nodes[3], minlength=self.trees) < self.max_nodes
        keeps &= room[forest.trees[forest.leaves]]
        fertile = room[born.trees]
        slots = [np.concatenate([old[keeps], new[fertile]]) for old, new in zip(forest[5:], born[5:], strict=True)]
        return Forest(*nodes, *slots)


def _ranks(groups: np.ndarray) -> np.ndarray:
    """For each item how many before it are of its group."""
    order = np.argsort(groups, kind="stable")
    ordered = groups[order]
    ranks = np.empty(len(groups), np.intp)
    ranks[order] = np.arange(len(groups)) - np.searchsorted(ordered, ordered)
    return ranks


def _best(left: np.ndarray, totals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(The candidate that leaves the least impurity, the first of equals; whether any sends examples both ways)."""
    right = totals[:, None] - left
    scores = weighted_gini(left) + weighted_gini(right)
    scores[(left.sum(2) <= 0) | (right.sum(2) <= 0)] = np.inf
    return scores.argmin(1), np.isfinite(scores).any(1)


def weighted_gini(counts: np.ndarray) -> np.ndarray:
    """n (1 - Σ p²) over the last axis: Gini's impurity of n examples, with p = (counts + 1) / (n + classes)."""
    counts = counts.astype(np.float64)
    n = counts.sum(-1)
    return n * (1 - ((counts + 1) ** 2).sum(-1) / (n + counts.shape[-1]) ** 2)
