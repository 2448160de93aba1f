"""tf.contrib.tensor_forest against a forest that grows one example at a time, and on digits."""

import random

import numpy as np
import pytest
from digits_for_trees import digits

import scopeflow as tf
from scopeflow.compat import resources
from scopeflow.compat.contrib.tensor_forest.growing import Forest, Rules, weighted_gini
from scopeflow.compat.stand_in import make_module

tensor_forest = tf.contrib.tensor_forest.tensor_forest
ForestHParams, RandomForestGraphs = tensor_forest.ForestHParams, tensor_forest.RandomForestGraphs


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as made:
        yield made


# -- one example at a time ------------------------------------------------------------------------------------------


class SlowNode:
    def __init__(self, counts):
        self.counts = np.array(counts, float)
        self.split = None  # (feature, threshold, left, right)
        self.candidates = []  # [feature, threshold, counts on the left]
        self.totals = np.zeros(len(counts))


def slow_impurity(counts):
    p = (counts + 1) / (counts + 1).sum()
    return counts.sum() * (1 - (p**2).sum())


class SlowTree:
    """A tree as the paper tells it, in plain loops."""

    def __init__(self, rules, features):
        self.rules, self.features = rules, features
        self.nodes = [SlowNode(np.zeros(rules.classes))]  # in the order of their making

    def leaf(self, row):
        node = self.nodes[0]
        while node.split:
            feature, threshold, left, right = node.split
            goes = row[feature] < threshold if self.rules.goes_left is np.less else row[feature] <= threshold
            node = left if goes else right
        return node

    def batch(self, rows, labels, weights, draws):
        arrived = [self.leaf(row) for row in rows]
        full = len(self.nodes) >= self.rules.max_nodes
        for row, label, weight, draw, leaf in zip(rows, labels, weights, draws, arrived, strict=True):
            leaf.counts[label] += weight
            if full:
                continue
            if len(leaf.candidates) < self.rules.splits:
                feature = self.features[int(draw * len(self.features))]
                leaf.candidates.append([feature, row[feature], np.zeros(self.rules.classes)])
                continue
            leaf.totals[label] += weight
            for feature, threshold, counts in leaf.candidates:
                if row[feature] < threshold or (row[feature] == threshold and self.rules.goes_left is not np.less):
                    counts[label] += weight
        for leaf in [node for node in self.nodes if not node.split]:
            if leaf.totals.sum() >= self.rules.split_after and (leaf.totals > 0).sum() > 1:
                self.split(leaf)

    def split(self, leaf):
        best = None
        for feature, threshold, left in leaf.candidates:
            right = leaf.totals - left
            score = slow_impurity(left) + slow_impurity(right)
            if left.sum() > 0 and right.sum() > 0 and (best is None or score < best[0]):
                best = score, feature, threshold, left, right
        if best is None:
            leaf.candidates, leaf.totals = [], np.zeros(self.rules.classes)
        elif len(self.nodes) < self.rules.max_nodes:
            children = SlowNode(best[3]), SlowNode(best[4])
            self.nodes += children
            leaf.split = best[1], best[2], *children


def tree_of(forest, number):
    """A tree of a table of nodes, as nested tuples."""

    def told(node):
        left = forest.children[node]
        if left == -1:
            return tuple(forest.counts[node].tolist())
        return int(forest.features[node]), float(forest.thresholds[node]), told(left), told(left + 1)

    return told(number)


def slow_tree_of(node):
    if not node.split:
        return tuple(node.counts.tolist())
    feature, threshold, left, right = node.split
    return int(feature), float(threshold), slow_tree_of(left), slow_tree_of(right)


def rules(**more):
    given = {
        "trees": 3,
        "classes": 3,
        "inputs": 4,
        "splits": 5,
        "split_after": 20,
        "max_nodes": 60,
        "goes_left": np.less_equal,
    }
    given.update(more)
    given.setdefault("features", np.tile(np.arange(4), (given["trees"], 1)))
    return Rules(**given)


CASES = {
    "as it is": rules(),
    "few nodes, an even limit": rules(max_nodes=8),
    "few nodes, an odd limit": rules(max_nodes=9),
    "less": rules(goes_left=np.less),
    "many candidates": rules(splits=40, split_after=3),
    "one candidate": rules(splits=1, split_after=2),
    "columns of its own": rules(features=np.array([[3, 0], [1, 1], [2, 3]])),
    "one tree, one class": rules(trees=1, classes=1),
}


@pytest.mark.parametrize("weighed", [False, True], ids=["alike", "weighed and bagged"])
@pytest.mark.parametrize("case", CASES)
def test_a_forest_grows_as_one_that_takes_its_examples_one_by_one(case, weighed):
    rule = CASES[case]
    generator = np.random.RandomState(7)
    forest, slow = rule.planted(), [SlowTree(rule, columns) for columns in rule.features]
    for size in (40, 1, 0, 90, 200, 64, 150):
        labels = generator.randint(0, rule.classes, size)
        x = np.round(generator.rand(size, 4) * 8 + labels[:, None] % 2 * [3, 0, 1, 0]).astype(np.float32)
        draws = generator.rand(size, rule.trees).astype(np.float32)
        weights = generator.randint(1, 4, size).astype(np.float32) if weighed else np.ones(size, np.float32)
        taken = generator.rand(size, rule.trees) < (0.7 if weighed else 2)
        forest = rule.grown(forest, x, labels, weights, taken, draws)
        for number, tree in enumerate(slow):
            seen = taken[:, number]
            tree.batch(x[seen], labels[seen], weights[seen], draws[seen, number])
            assert tree_of(forest, number) == slow_tree_of(tree.nodes[0])
    sizes = [len(tree.nodes) for tree in slow]
    assert np.bincount(forest.trees).tolist() == sizes
    assert rule.classes == 1 or min(sizes) >= 5, "the trees are too small to show anything"


def test_a_split_worked_out_by_hand():
    # Two candidates at 1 and 3. Then 0 and 1 are of class 0, 2 and 4 of class 1; with p = (n + 1) / (N + 2):
    #   at 1: (2, 0) | (0, 2): 2 (1 - 10/16) + 2 (1 - 10/16) = 1.5
    #   at 3: (2, 1) | (0, 1): 3 (1 - 13/25) + 1 (1 - 5/9) = 1.884
    assert weighted_gini(np.array([[2, 0], [2, 1], [0, 1], [0, 0]])).tolist() == pytest.approx([0.75, 1.44, 4 / 9, 0])
    hparams = ForestHParams(num_classes=2, num_features=1, num_trees=1, num_splits_to_consider=2, split_after_samples=4)
    x, y = tf.placeholder(tf.float32, [None, 1]), tf.placeholder(tf.int32, [None])
    forest = RandomForestGraphs(hparams.fill())
    train, loss, (shares, _, _) = forest.training_graph(x, y), forest.training_loss(x, y), forest.inference_graph(x)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(shares, {x: [[5]]}).tolist() == [[0, 0]]
        session.run(train, {x: [[1], [3]], y: [0, 1]})
        assert session.run([shares, loss], {x: [[5]]})[0].tolist() == [[0.5, 0.5]]
        session.run(train, {x: [[0], [1], [2]], y: [0, 0, 1]})
        assert session.run(loss) == -1
        session.run(train, {x: [[4]], y: [1]})
        assert session.run(loss) == -3
        # what made the candidates is not counted in the children
        assert session.run(shares, {x: [[1], [1.001]]}).tolist() == [[1, 0], [0, 1]]
        session.run(train, {x: [[7], [7], [7]], y: [0, 0, 1]})
        assert session.run(shares, {x: [[0], [9]]}).tolist() == pytest.approx(np.array([[1, 0], [0.4, 0.6]]))
        assert session.run(forest.feature_importances()).tolist() == [1]


# -- graphs ---------------------------------------------------------------------------------------------------------


class Digits:
    """A forest for digits, in the default graph."""

    def __init__(self, **hparams):
        given = {"num_classes": 10, "num_features": 64, "num_trees": 10, "max_nodes": 400, **hparams}
        self.x, self.y = tf.placeholder(tf.float32, [None, 64]), tf.placeholder(tf.int32, [None])
        self.forest = RandomForestGraphs(ForestHParams(**given).fill())
        self.train = self.forest.training_graph(self.x, self.y)
        self.loss = self.forest.training_loss(self.x, self.y)
        self.shares, self.paths, self.variance = self.forest.inference_graph(self.x)

    def learn(self, session, steps, seed=1):
        (x, y), _ = digits()
        generator = np.random.RandomState(seed)
        for _ in range(steps):
            rows = generator.randint(0, len(x), 512)
            session.run(self.train, {self.x: x[rows], self.y: y[rows]})

    def asked(self, session):
        return session.run(self.shares, {self.x: digits()[1][0]})


def trained(steps=20, graph_seed=None, **hparams):
    with tf.Graph().as_default(), tf.Session() as session:
        if graph_seed is not None:
            tf.set_random_seed(graph_seed)
        made = Digits(**hparams)
        session.run(tf.global_variables_initializer())
        made.learn(session, steps)
        return made.asked(session), session.run(made.loss)


def test_digits_are_learnt():
    shares, loss = trained(150, graph_seed=3)
    right = (shares.argmax(1) == digits()[1][1]).mean()
    # 0.93 to 0.95 with four seeds; 0.9 to 0.905 where the first useful candidate is taken instead of the best, at most
    # 0.75 with the worst; by chance 0.1
    assert right >= 0.92, right
    assert loss < -300
    np.testing.assert_allclose(shares.sum(1), 1, rtol=1e-5)


def test_equal_seeds_give_equal_forests_and_others_do_not():
    first, _ = trained(graph_seed=3)
    np.testing.assert_array_equal(first, trained(graph_seed=3)[0])
    assert (first != trained(graph_seed=4)[0]).any()
    own, _ = trained(base_random_seed=5)
    np.testing.assert_array_equal(own, trained(base_random_seed=5)[0])
    assert (own != trained(base_random_seed=6)[0]).any()
    assert (trained()[0] != trained()[0]).any(), "without seeds it is up to chance"


def test_trees_and_their_candidates_differ_from_each_other(graph):
    made = Digits()
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        made.learn(session, 5)
        parts = dict(zip(["children", "features"], session.run(made.forest.variables.parts[:2]), strict=True))
    assert (parts["children"][:10] != -1).all(), "all roots have split"
    assert len(set(parts["features"][:10])) > 4


@pytest.mark.parametrize(("limit", "largest"), [(100, 101), (101, 101), (1, 1), (2, 3)])
def test_a_tree_stops_at_its_limit_and_goes_on_counting(limit, largest):
    made = Digits(max_nodes=limit, num_trees=2)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        made.learn(session, 60)
        assert session.run(made.loss) == -largest
        forest = session.run(made.forest.variables.parts)
        assert len(forest[5]) == 0, "no leaf is fertile"
        before = forest[4].sum()
        made.learn(session, 1)
        assert session.run(made.forest.variables.parts[4]).sum() == before + 2 * 512


def test_an_average_size_and_a_variance_are_told():
    made = Digits(num_trees=3)
    size, validation = made.forest.average_size(), made.forest.validation_loss(made.x, made.y)
    assert made.shares.shape.as_list() == [None, 10] and made.paths.shape.as_list() == [0, 3]
    x = digits()[1][0]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        made.learn(session, 10)
        forest = Forest(*session.run(made.forest.variables.parts))
        assert session.run(size) == pytest.approx(len(forest.children) / 3)
        assert session.run(validation) == -session.run(size) and session.run(made.paths).shape == (0, 3)
        shares, variance = session.run([made.shares, made.variance], {made.x: x})
    every = np.empty((3, len(x), 10))
    for tree in range(3):
        for row, share in zip(x, every[tree], strict=True):
            node = tree
            while forest.children[node] != -1:
                node = forest.children[node] + (row[forest.features[node]] > forest.thresholds[node])
            share[:] = forest.counts[node] / forest.counts[node].sum()
    np.testing.assert_allclose(shares, every.mean(0), rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(variance, every.var(0), rtol=1e-4, atol=1e-6)


def test_features_that_split_are_counted():
    made = Digits(num_trees=4)
    importances = made.forest.feature_importances()
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        made.learn(session, 20)
        children, features = session.run(made.forest.variables.parts[:2])
        told = session.run(importances)
    wanted = np.bincount(features[children != -1], minlength=64) / (children != -1).sum()
    np.testing.assert_allclose(told, wanted, rtol=1e-6)
    assert (told > 0).sum() > 10


def test_a_part_of_the_features_is_each_trees_own():
    random.seed(2)
    made = Digits(num_trees=2, feature_bagging_fraction=0.25)
    chosen = [set(columns) for columns in made.forest.params.bagged_features]
    assert [len(columns) for columns in chosen] == [16, 16] and chosen[0] != chosen[1]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        made.learn(session, 20)
        children, features, _, trees = session.run(made.forest.variables.parts[:4])
    for tree in (0, 1):
        used = set(features[(children != -1) & (trees == tree)].tolist())
        assert len(used) > 5 and used <= chosen[tree]


def test_a_part_of_the_examples_goes_into_each_tree():
    made = Digits(num_trees=2, bagging_fraction=0.25, max_nodes=1)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        made.learn(session, 20)
        counts = session.run(made.forest.variables.parts[4]).sum(1)
    wanted = 20 * 512 / 4  # its standard deviation is 44
    assert (np.abs(counts - wanted) < 5 * 44).all() and counts[0] != counts[1]


def test_weights_stand_for_repeated_examples():
    (x, y), _ = digits()
    rows = np.arange(200)
    weights = np.random.RandomState(1).randint(0, 3, 200)
    forests = []
    for repeated in (False, True):
        with tf.Graph().as_default(), tf.Session() as session:
            made = Digits(num_trees=2, max_nodes=1)
            given = np.repeat(rows, weights) if repeated else rows
            more = {} if repeated else {"input_weights": tf.constant(weights)}
            train = made.forest.training_graph(made.x, made.y, **more)
            session.run(tf.global_variables_initializer())
            session.run(train, {made.x: x[given], made.y: y[given]})
            forests.append(session.run(made.forest.variables.parts[4]))
    np.testing.assert_array_equal(*forests)
    assert forests[0].sum() == 2 * weights.sum()


def test_columns_of_a_dict_stand_side_by_side_by_name():
    hparams = ForestHParams(num_classes=2, num_features=3, num_trees=1, num_splits_to_consider=1).fill()
    forest = RandomForestGraphs(hparams)
    parts = {"b": tf.constant([[5], [6]]), "a": tf.constant([[1.0, 2.0], [3.0, 4.0]], tf.float64)}
    train = forest.training_graph(parts, {"y": tf.constant([[0], [1]])})
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(train)
        *_, drawn, features, thresholds, _, totals = session.run(forest.variables.parts)
    assert drawn.tolist() == [1] and thresholds[0, 0] == [1, 2, 5][features[0, 0]] and totals.tolist() == [[0, 1]]


# -- state ----------------------------------------------------------------------------------------------------------


def test_a_forest_is_restored_and_grows_on(tmp_path):
    path = str(tmp_path / "forest")
    made = Digits(base_random_seed=2)
    saver = tf.train.Saver(random_streams=True)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        made.learn(session, 10)
        saver.save(session, path)
        early = made.asked(session)
        made.learn(session, 10, seed=2)
        late = made.asked(session)
    with tf.Session() as session:
        saver.restore(session, path)
        np.testing.assert_array_equal(made.asked(session), early)
        made.learn(session, 10, seed=2)
        np.testing.assert_array_equal(made.asked(session), late)
    assert (early != late).any()
    with tf.Graph().as_default(), tf.Session() as session:  # another process would build it anew
        again = Digits(base_random_seed=2)
        tf.train.Saver().restore(session, path)
        np.testing.assert_array_equal(again.asked(session), early)


@pytest.mark.parametrize(
    ("other", "found"),
    [({"num_trees": 4}, "not (4, 10, 8)"), ({"num_classes": 11}, "not (3, 11, 8)"),
     ({"num_splits_to_consider": 9}, "not (3, 10, 9)")],
)  # fmt: skip
def test_a_forest_of_other_hyperparameters_is_refused(tmp_path, other, found):
    given = {"num_trees": 3, "num_splits_to_consider": 8}
    Digits(**given)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        tf.train.Saver().save(session, str(tmp_path / "forest"))
    with tf.Graph().as_default(), tf.Session() as session:
        made = Digits(**{**given, **other})
        tf.train.Saver().restore(session, str(tmp_path / "forest"))
        for ask in (made.asked, lambda session: made.learn(session, 1)):
            with pytest.raises(tf.errors.InvalidArgumentError, match="grown by other hyperparameters") as caught:
                ask(session)
            assert f"are (3, 10, 8), {found}" in str(caught.value)


def test_two_sessions_have_forests_of_their_own():
    made = Digits(num_trees=2)
    with tf.Session() as one, tf.Session() as other:
        for session in (one, other):
            session.run(tf.global_variables_initializer())
        made.learn(one, 5)
        assert one.run(made.loss) < -1 == other.run(made.loss)


@pytest.mark.parametrize("way", ["variables", "resources", "both"])
def test_either_initializer_makes_a_forest(way):
    made = Digits(num_trees=2)
    shared = resources.shared_resources()
    inits = {"variables": tf.global_variables_initializer(), "resources": resources.initialize_resources(shared)}
    missing = resources.report_uninitialized_resources()
    with tf.Session() as session:
        assert len(session.run(missing)) == len(shared) == 1
        session.run(tf.group(*inits.values()) if way == "both" else inits[way])
        assert session.run(missing).tolist() == []
        made.learn(session, 1)
    assert tf.trainable_variables() == [] and len(tf.global_variables()) == 11
    assert all(variable.op.name.startswith("tensor_forest/") for variable in tf.global_variables())


def test_a_second_forest_shares_what_the_first_knows_where_it_is_told_to(graph):
    first = Digits(num_trees=2)
    with pytest.raises(ValueError, match="already exists"):
        RandomForestGraphs(first.forest.params)
    given = RandomForestGraphs(first.forest.params, variables=first.forest.variables, training=False)
    with tf.variable_scope(tf.get_variable_scope(), reuse=True):
        reused = RandomForestGraphs(first.forest.params)
    assert all(a is b is c for a, b, c in zip(
        first.forest.variables.parts, given.variables.parts, reused.variables.parts, strict=True
    ))  # fmt: skip
    assert len(resources.shared_resources()) == 1
    with tf.variable_scope("other"):
        other = RandomForestGraphs(first.forest.params)
    assert other.variables.parts[0].op.name == "other/tensor_forest/children"


@pytest.mark.usefixtures("stand_in_cupy")
def test_a_forest_grows_with_two_memories():
    on_host = trained(10, base_random_seed=1)
    with tf.Graph().as_default(), tf.Session() as session, tf.device("/gpu:0"):
        made = Digits(base_random_seed=1)
        session.run(tf.global_variables_initializer())
        made.learn(session, 10)
        np.testing.assert_array_equal(made.asked(session), on_host[0])


# -- what is refused ------------------------------------------------------------------------------------------------

X, Y = np.zeros((4, 64), np.float32), np.zeros(4, np.int32)


@pytest.mark.parametrize(
    ("feed", "said"),
    [
        ({"x": X[:3]}, r"Labels must be of shape \[3\], as there are so many examples, not \[4\]"),
        ({"y": Y + 10}, r"Got label 10, but classes are 0 to 9\. Is params\.num_classes set correctly\?"),
        ({"y": Y - 1}, "Got label -1"),
        ({"y": Y + 0.5}, "Got label 0.5"),
        ({"y": Y + np.nan}, "Got label nan"),
        (
            {"y": Y[:, None] + np.zeros((1, 2))},
            r"Labels must be of shape \[4\], as there are so many examples, not \[4, 2\]",
        ),
        ({"x": X[:, :63]}, r"Examples must be of shape \[\?, 64\], by params\.num_features, not \[4, 63\]"),
        ({"x": X[0]}, "Examples must be of shape"),
        ({"w": -np.ones(4)}, r"input_weights must be of shape \[4\] and not negative"),
        ({"w": np.full(4, np.nan)}, "and not negative"),
        ({"w": np.ones(3)}, "input_weights must be of shape"),
    ],
)
def test_a_batch_that_does_not_fit_is_refused_before_anything_changes(feed, said):
    x, y, w = (tf.placeholder(tf.float32) for _ in "xyw")
    hparams = ForestHParams(num_classes=10, num_features=64, num_trees=2, split_after_samples=1)
    forest = RandomForestGraphs(hparams.fill())
    train = forest.training_graph(x, y, input_weights=w)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        fits = {x: X, y: Y, w: np.ones(4)}
        session.run(train, fits)
        before = session.run(forest.variables.parts)
        with pytest.raises(tf.errors.InvalidArgumentError, match=said):
            session.run(train, {**fits, **{{"x": x, "y": y, "w": w}[name]: value for name, value in feed.items()}})
        for old, new in zip(before, session.run(forest.variables.parts), strict=True):
            np.testing.assert_array_equal(old, new)
        session.run(train, fits)


def test_inference_refuses_examples_of_other_features():
    x = tf.placeholder(tf.float32)
    shares = RandomForestGraphs(ForestHParams(num_classes=2, num_features=3).fill()).inference_graph(x)[0]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"\[\?, 3\], by params.num_features, not \[1, 2\]"):
            session.run(shares, {x: [[1, 2]]})


def test_an_uninitialized_forest_says_so():
    made = Digits(num_trees=1)
    with tf.Session() as session, pytest.raises(tf.errors.FailedPreconditionError, match="uninitialized value tensor_"):
        made.learn(session, 1)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("regression", True), ("split_finish_name", "hoeffding"), ("split_pruning_name", "half"),
        ("collate_examples", True), ("initialize_average_splits", True), ("inference_tree_paths", True),
        ("param_file", "params.pbtxt"),
    ],
)  # fmt: skip
def test_a_hyperparameter_that_is_not_here_is_refused(name, value):
    hparams = ForestHParams(num_classes=2, num_features=3, **{name: value}).fill()
    with pytest.raises(NotImplementedError, match=rf"ForestHParams\.{name}="):
        RandomForestGraphs(hparams)


@pytest.mark.parametrize(
    ("hparams", "kind", "said"),
    [
        ({"split_name": "more"}, ValueError, "split_name must be one of less_or_equal, less, not 'more'"),
        ({"model_name": "none"}, ValueError, "model_name must be one of all_dense"),
        ({"num_trees": 0}, ValueError, "at least one feature, class, tree and node"),
        ({"feature_bagging_fraction": 0.1}, ValueError, "at least one feature"),
        ({"split_after_samples": "linear"}, ValueError, "invalid literal"),
    ],
)
def test_nonsense_is_refused(hparams, kind, said):
    with pytest.raises(kind, match=said):
        RandomForestGraphs(ForestHParams(**{"num_classes": 2, "num_features": 3, **hparams}).fill())


def test_arguments_that_are_not_here_are_refused():
    hparams = ForestHParams(num_classes=2, num_features=3)
    with pytest.raises(ValueError, match=r"give ForestHParams\(…\)\.fill\(\)"):
        RandomForestGraphs(hparams)
    hparams.fill()
    for name in ("tree_configs", "tree_stats", "device_assigner", "tree_variables_class", "tree_graphs"):
        with pytest.raises(NotImplementedError, match=name):
            RandomForestGraphs(hparams, **{name: [1]})
    forest = RandomForestGraphs(hparams)
    x, y = tf.zeros([2, 3]), tf.zeros([2], tf.int32)
    with pytest.raises(NotImplementedError, match="num_trainers"):
        forest.training_graph(x, y, num_trainers=2)
    with pytest.raises(ValueError, match=r"\[\?, 3\], by num_features: \(2, 4\)"):
        forest.training_graph(tf.zeros([2, 4]), y)
    with pytest.raises(ValueError, match="input_labels must be given"):
        forest.training_graph(x, None)
    with pytest.raises(ValueError, match="input_data must be given"):
        forest.training_graph({}, y)
    with pytest.raises(NotImplementedError, match="sparse"):
        forest.inference_graph(tf.SparseTensor([[0, 0]], [1.0], [2, 3]))


def test_hyperparameters_are_filled_as_tensorflow_fills_them():
    hparams = ForestHParams(num_classes=10, num_features=784, num_trees=10, max_nodes=1000, note="kept")
    assert hparams.fill() is hparams and hparams.values()["note"] == "kept"
    assert (hparams.num_splits_to_consider, hparams.split_after_samples, hparams.base_random_seed) == (28, 250, 0)
    assert (hparams.regression, hparams.bagged_features, hparams.bagged_num_features) == (False, None, 784)
    sizes = {features: ForestHParams(num_classes=2, num_features=features).fill() for features in (9, 144, 4000000)}
    assert [filled.num_splits_to_consider for filled in sizes.values()] == [10, 12, 1000]
    assert ForestHParams(num_classes=2, num_features=9, num_splits_to_consider=3).fill().num_splits_to_consider == 3
    for missing in ("num_classes", "num_features"):
        given = {"num_classes": 2, "num_features": 2}
        del given[missing]
        with pytest.raises(AttributeError, match=f"'ForestHParams' object has no attribute '{missing}'"):
            ForestHParams(**given).fill()


def test_the_module_is_found_where_programs_import_it_from():
    inner = make_module("tensorflow.contrib.tensor_forest.python.tensor_forest")
    assert inner.ForestHParams is ForestHParams and inner.RandomForestGraphs is RandomForestGraphs
