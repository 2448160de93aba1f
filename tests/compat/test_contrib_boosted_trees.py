"""tf.contrib.boosted_trees against trees grown by trying every split, scikit-learn's, and on digits."""

import itertools

import numpy as np
import pytest
from digits_for_trees import digits

import scopeflow as tf
from scopeflow.compat.contrib.boosted_trees.boosting import Learner
from scopeflow.compat.stand_in import make_module

estimator = tf.contrib.boosted_trees.estimator_batch.estimator
learner_pb2 = tf.contrib.boosted_trees.proto.learner_pb2
Classifier, LearnerConfig = estimator.GradientBoostedDecisionTreeClassifier, learner_pb2.LearnerConfig


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as made:
        yield made


# -- every split tried ----------------------------------------------------------------------------------------------


class Slow:
    """Boosted trees in plain loops: leaves are lists of examples' tests, splits are tried one by one."""

    def __init__(self, learner):
        self.learner = learner
        self.trees = []  # dicts: {"value", "gain", "split": (feature, threshold, left, right)}
        self.layers = self.begun = 0

    def leaf(self, tree, row):
        while "split" in tree:
            feature, threshold, left, right = tree["split"]
            tree = left if row[feature] <= threshold else right
        return tree

    def logits(self, row):
        counted = self.trees[:-1] if self.layers and not self.learner.layer_by_layer else self.trees
        return sum((self.learner.learning_rate * self.leaf(t, row)["value"] for t in counted), np.zeros(self.outputs))

    @property
    def outputs(self):
        return 1 if self.learner.classes == 2 else self.learner.classes

    def derivatives(self, row, label):
        logits = self.logits(row)
        if self.outputs == 1:
            p, wanted = 1 / (1 + np.exp(-logits)), np.array([label])
        else:
            p, wanted = np.exp(logits) / np.exp(logits).sum(), np.eye(self.outputs)[label]
        return p - wanted, p * (1 - p)

    def node(self, examples, columns):
        """(Gain, weight) of a node, None where there may be none."""
        g, h = (sum((e[i][columns] for e in examples), np.zeros(len(columns))) for i in (1, 2))
        if not np.sqrt((h**2).sum()) > max(self.learner.min_weight, 1e-12):  # where p is 0 or 1
            return None
        g = np.where(g > self.learner.l1, g - self.learner.l1, np.where(g < -self.learner.l1, g + self.learner.l1, 0))
        weight = -g / (h + self.learner.l2)
        return (g**2 / (h + self.learner.l2)).sum(), weight

    def layer(self, x, labels):
        if not self.layers:
            self.begun += 1
            self.trees.append({"value": np.zeros(self.outputs), "gain": 0})
        tree = self.trees[-1]
        columns = list(range(self.outputs))
        if self.learner.tree_per_class and self.outputs > 1:
            columns = [(self.begun - 1) % self.outputs]
        by_leaf = {}
        for row, label in zip(x, labels, strict=True):
            g, h = self.derivatives(row, label)
            leaf = self.leaf(tree, row)
            by_leaf.setdefault(id(leaf), (leaf, []))[1].append((row, g / len(x), h / len(x)))
        grew = False
        for leaf, examples in by_leaf.values():
            best = None
            for feature in reversed(range(x.shape[1])):  # of equal ones the last feature's counts
                for threshold in sorted({row[feature] for row, _, _ in examples})[:-1]:
                    left = [e for e in examples if e[0][feature] <= threshold]
                    right = [e for e in examples if e[0][feature] > threshold]
                    a, b = self.node(left, columns), self.node(right, columns)
                    if a is None or b is None:
                        continue
                    gain = a[0] + b[0] - self.node(examples, columns)[0] - self.learner.complexity
                    if best is None or gain > best[0] + 1e-8:
                        best = gain, feature, threshold, a[1], b[1]
            if best is None or (self.learner.prune_at_once and best[0] < 0):
                continue
            grew = True
            children = []
            for weight in best[3:]:
                value = leaf["value"].copy() if self.learner.layer_by_layer else np.zeros(self.outputs)
                value[columns] += weight
                children.append({"value": value, "gain": 0})
            leaf["gain"], leaf["split"] = best[0], (best[1], best[2], *children)
        self.layers += grew
        if not grew or self.layers == self.learner.max_depth:
            self.prune(tree)
            self.layers = 0
            if "split" not in tree:
                self.trees.pop()

    def prune(self, node):
        if "split" in node:
            children = node["split"][2:]
            for child in children:
                self.prune(child)
            if node["gain"] < 0 and not any("split" in child for child in children):
                del node["split"]


def told(ensemble, node):
    """A tree of a table of nodes, as nested tuples."""
    left = ensemble.children[node]
    if left == -1:
        return tuple(ensemble.values[node].tolist())
    split = int(ensemble.features[node]), float(ensemble.thresholds[node])
    return *split, told(ensemble, left), told(ensemble, left + 1)


def slow_told(node):
    if "split" not in node:
        return tuple(node["value"].tolist())
    feature, threshold, left, right = node["split"]
    return int(feature), float(threshold), slow_told(left), slow_told(right)


def alike(a, b):
    """Raise AssertionError where two trees split differently or their leaves differ by more than rounding."""
    assert len(a) == len(b)
    for one, other in zip(a, b, strict=True):
        if isinstance(one, tuple):
            alike(one, other)
        else:
            assert one == pytest.approx(other, rel=2e-5, abs=1e-6)


def learner(**more):
    given = {
        "classes": 3, "features": 4, "learning_rate": 0.5, "l1": 0.0, "l2": 0.001, "complexity": 0.0, "min_weight": 0.0,
        "max_depth": 3, "tree_per_class": False, "layer_by_layer": True, "prune_at_once": False, "center_bias": False,
        "examples_per_layer": 1, "features_per_tree": 1.0, "features_per_level": 1.0,
    }  # fmt: skip
    return Learner(**{**given, **more})


CASES = {
    "one tree for all classes": learner(),
    "two classes": learner(classes=2),
    "a tree for each class": learner(tree_per_class=True, max_depth=2),
    "whole trees": learner(layer_by_layer=False),
    "whole trees for each class": learner(layer_by_layer=False, tree_per_class=True, max_depth=2),
    "l1": learner(l1=0.02),
    "l2": learner(l2=0.2),
    "what splits cost, afterwards": learner(complexity=0.02, l2=0.01),
    "what splits cost, at once": learner(complexity=0.02, l2=0.01, prune_at_once=True),
    "no split is worth it": learner(complexity=10.0),
    "heavy nodes": learner(min_weight=0.05),
    "stumps": learner(max_depth=1),
    "deep": learner(max_depth=9, l2=0.01),
}


@pytest.mark.parametrize("case", CASES)
def test_trees_grow_as_those_for_which_every_split_is_tried(case):
    one, slow = CASES[case], Slow(CASES[case])
    generator = np.random.RandomState(3)
    ensemble = one.planted()
    pruned = 0
    for _ in range(10):
        labels = generator.randint(0, one.classes, 40)
        x = np.round(generator.rand(40, 4) * 6 + np.outer(labels, [2, 0, -1, 0])).astype(np.float32)
        x[:, 3] = 1  # there is nothing to split by
        ensemble = one.learnt(ensemble, x, labels)
        slow.layer(x, labels)
        assert (int(ensemble.layers), int(ensemble.attempts)) == (slow.layers, slow.begun)
        assert len(ensemble.roots) == len(slow.trees)
        for root, tree in zip(ensemble.roots, slow.trees, strict=True):
            alike(told(ensemble, root), slow_told(tree))
        np.testing.assert_allclose(one.logits(ensemble, x), [slow.logits(row) for row in x], rtol=1e-4, atol=1e-5)
        pruned += len(ensemble.children) > sum(count(told(ensemble, root)) for root in ensemble.roots)
    finished = 0 if case == "no split is worth it" else slow.begun - bool(slow.layers)
    assert slow.begun > 1 and ensemble.finished == finished
    if "what splits cost" in case:
        assert bool(pruned) == ("afterwards" in case)


def count(tree):
    return 1 + sum(count(child) for child in tree[2:]) if isinstance(tree[-1], tuple) else 1


def test_a_layer_worked_out_by_hand():
    # Labels 0 0 1 1 at 1 2 3 4: all logits are 0, so p = 1/2, g = ±1/2 and h = 1/4, over 4 examples 1/8 and 1/16.
    # Between 2 and 3: G = ±1/4, H = 1/8, weights ∓2, gain 2 (1/16) / (1/8) = 1; between 1 and 2 (1/8)²/(1/16) +
    # (-1/8)²/(3/16) = 1/3. With l2 = 1/8 the weights are ∓1; and with l1 = 1/8 too, ∓1/2.
    x, y = np.array([[1], [2], [3], [4]], np.float32), np.array([0, 0, 1, 1])
    for l1, l2, weight, gain in ((0, 0, 2, 1), (0, 0.125, 1, 0.5), (0.125, 0.125, 0.5, 0.125)):
        one = learner(classes=2, features=1, max_depth=1, l1=l1, l2=l2)
        ensemble = one.learnt(one.planted(), x, y)
        assert told(ensemble, 0) == (0, 2.0, (-weight,), (weight,))
        assert ensemble.gains.tolist() == [gain, 0, 0]
        assert one.logits(ensemble, x).ravel().tolist() == [-weight / 2] * 2 + [weight / 2] * 2


def test_whole_trees_of_two_classes_are_scikit_learns():
    from sklearn.ensemble import HistGradientBoostingClassifier

    generator = np.random.RandomState(4)
    x = np.round(generator.rand(600, 5), 2).astype(np.float32)
    y = (x[:, 0] + x[:, 1] * x[:, 2] + generator.rand(600) / 2 > 0.95).astype(int)
    even = np.concatenate([np.flatnonzero(y == c)[: min(y.sum(), 600 - y.sum())] for c in (0, 1)])
    x, y = x[even], y[even]  # so both begin from logits of zero
    n = len(y)
    theirs = HistGradientBoostingClassifier(
        learning_rate=0.3, max_iter=6, max_depth=3, max_leaf_nodes=None, min_samples_leaf=1, l2_regularization=0.5,
        early_stopping=False,
    ).fit(x, y)  # fmt: skip
    ours = learner(
        classes=2, features=5, learning_rate=0.3, l2=0.5 / n, max_depth=3, layer_by_layer=False, prune_at_once=True
    )
    ensemble = ours.planted()
    for _ in range(18):
        ensemble = ours.learnt(ensemble, x, y)
    assert ensemble.finished == 6
    np.testing.assert_allclose(ours.logits(ensemble, x).ravel(), theirs.decision_function(x), rtol=1e-4, atol=1e-4)


def test_a_bias_is_found_first():
    one = learner(classes=3, features=1, center_bias=True)
    x, y = np.zeros((10, 1), np.float32), np.array([0] * 6 + [1] * 3 + [2])
    ensemble, steps = one.planted(), 0
    while not ensemble.centered:
        ensemble, steps = one.learnt(ensemble, x, y), steps + 1
        assert steps < 50 and len(ensemble.roots) == 0
    logits = one.logits(ensemble, x)[0]
    np.testing.assert_allclose(np.exp(logits) / np.exp(logits).sum(), [0.6, 0.3, 0.1], atol=5e-3)
    assert steps > 1
    assert int(one.learnt(ensemble, x, y).attempts) == 1, "trees come next"


@pytest.mark.parametrize("wanted", [25, lambda layer: 25 if layer else 15])
def test_examples_wait_until_there_are_enough_for_a_layer(wanted):
    one = learner(examples_per_layer=wanted, max_depth=2)
    generator = np.random.RandomState(1)
    x, y = generator.rand(60, 4).astype(np.float32), generator.randint(0, 3, 60)
    ensemble, layers, waiting = one.planted(), [], []
    for start in range(0, 60, 10):
        ensemble = one.learnt(ensemble, x[start : start + 10], y[start : start + 10])
        layers.append(int(ensemble.layers) + 2 * ensemble.finished)
        waiting.append(len(ensemble.waiting_x))
    if callable(wanted):
        assert (layers, waiting) == ([0, 1, 1, 1, 2, 2], [10, 0, 10, 20, 0, 10])
        np.testing.assert_array_equal(ensemble.waiting_x, x[50:])
    else:
        assert (layers, waiting) == ([0, 0, 1, 1, 1, 2], [10, 20, 0, 10, 20, 0])
    whole = learner(max_depth=2).learnt(one.planted(), *((x[:20], y[:20]) if callable(wanted) else (x[:30], y[:30])))
    first = slice(0, len(whole.children))
    np.testing.assert_array_equal(ensemble.features[first][:1], whole.features[:1])
    np.testing.assert_array_equal(ensemble.thresholds[first][:1], whole.thresholds[:1])


def test_features_are_drawn_for_trees_or_layers():
    generator = np.random.RandomState(1)
    x, y = generator.rand(300, 40).astype(np.float32), generator.randint(0, 3, 300)
    used = {}
    for name in ("features_per_tree", "features_per_level"):
        one = learner(features=40, max_depth=3, **{name: 0.3})
        ensemble = one.planted()
        by_layer = []
        for _ in range(6):
            first = len(ensemble.children)
            ensemble = one.learnt(ensemble, x, y)
            inner = (ensemble.children != -1) & (ensemble.children >= first)
            by_layer.append(set(ensemble.features[inner].tolist()))
        used[name] = by_layer
        np.testing.assert_array_equal(ensemble.features, again(one, x, y, 6).features)
    trees = [set().union(*used["features_per_tree"][i : i + 3]) for i in (0, 3)]
    assert all(3 <= len(tree) <= 20 for tree in trees) and trees[0] != trees[1]
    assert len(set().union(*used["features_per_level"])) > 8


def again(one, x, y, layers):
    ensemble = one.planted()
    for _ in range(layers):
        ensemble = one.learnt(ensemble, x, y)
    return ensemble


def test_examples_without_a_number_go_right():
    one = learner(classes=2, features=1, max_depth=1, l2=0.0)
    x = np.array([[1], [2], [np.nan], [np.nan]], np.float32)
    ensemble = one.learnt(one.planted(), x, np.array([0, 0, 1, 1]))
    logits = one.logits(ensemble, x).ravel()
    assert told(ensemble, 0)[:2] == (0, 1.0) and logits[0] < 0 and len(set(logits[1:])) == 1


# -- the estimator --------------------------------------------------------------------------------------------------


def config(**more):
    made = LearnerConfig()
    made.learning_rate_tuner.fixed.learning_rate = 0.3
    made.regularization.l2 = 0.001
    made.constraints.max_tree_depth = 4
    for name, value in more.items():
        setattr(made, name, value)
    return made


def classifier(folder, seed=1, trees=5, **more):
    given = {"n_classes": 10, "examples_per_layer": 600, "num_trees": trees, "center_bias": False, **more}
    return Classifier(config(), model_dir=str(folder), config=tf.contrib.learn.RunConfig(tf_random_seed=seed), **given)


def inputs(part, **more):
    x, y = digits()[part]
    given = {"batch_size": 512, "num_epochs": None, "shuffle": True} if part == 0 else {"shuffle": False}
    return tf.estimator.inputs.numpy_input_fn({"images": x}, y, **{**given, **more})


def test_digits_are_learnt(tmp_path):
    model = classifier(tmp_path, trees=8)
    assert model.fit(input_fn=inputs(0), max_steps=10000) is model
    found = model.evaluate(input_fn=inputs(1))
    # With four seeds 0.92 to 0.935, and a loss of 0.235 to 0.26; by chance 0.1 and 2.3. A quarter of the features gets
    # to 0.7, layers that replace what the tree said before instead of adding to it to a loss of 0.4.
    assert found["accuracy"] >= 0.91, found
    assert found["loss"] <= 0.3 and found.keys() == {"accuracy", "loss", "global_step"}
    assert found["global_step"] == 64, "eight trees of four layers, each from two batches"
    examples = list(model.predict(input_fn=inputs(1)))
    assert len(examples) == 497
    right = [example["classes"] == label for example, label in zip(examples, digits()[1][1], strict=True)]
    assert np.mean(right) == pytest.approx(found["accuracy"], abs=1e-6)
    logits = np.array([example["logits"] for example in examples])
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    np.testing.assert_allclose([example["probabilities"] for example in examples], shares, rtol=1e-4, atol=1e-6)
    picked = shares[np.arange(497), digits()[1][1]]
    sizes = np.array([128, 128, 128, 113])
    losses = [-np.log(part).mean() for part in np.split(picked, sizes.cumsum()[:-1])]
    assert found["loss"] == pytest.approx(np.mean(losses), rel=1e-4)


def answers(model):
    return model.predict(x=digits()[1][0], as_iterable=False)["logits"]


def test_equal_seeds_give_equal_trees_and_others_do_not(tmp_path):
    got = [
        answers(classifier(tmp_path / name, seed, trees=2).fit(input_fn=inputs(0)))
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    ]
    np.testing.assert_array_equal(got[0], got[1])
    assert (got[0] != got[2]).any()


def test_training_goes_on_where_it_ended(tmp_path):
    x, y = digits()[0]

    def in_order(rows):
        return tf.estimator.inputs.numpy_input_fn({"a": x[rows]}, y[rows], batch_size=100, shuffle=False)

    parts = classifier(tmp_path / "parts", trees=None)
    for start in (0, 300, 700):
        parts.train(in_order(slice(start, {0: 300, 300: 700, 700: 1300}[start])))
    whole = classifier(tmp_path / "whole", trees=None).train(in_order(slice(0, 1300)))
    np.testing.assert_array_equal(answers(parts), answers(whole))
    assert len(parts.get_variable_value("gbdt/waiting_x")) == 100, "300 and 400 examples made a layer of 600"
    np.testing.assert_array_equal(answers(classifier(tmp_path / "whole", trees=None)), answers(whole))


def test_training_ends_with_the_trees_steps_or_input(tmp_path):
    model = classifier(tmp_path, trees=2)
    step = lambda: int(model.get_variable_value("global_step"))  # noqa: E731
    assert (model.fit(input_fn=inputs(0), steps=3), step())[1] == 3
    assert (model.fit(input_fn=inputs(0), max_steps=5), step())[1] == 5
    assert (model.fit(input_fn=inputs(0), max_steps=4), step())[1] == 5
    assert (model.train(inputs(0, num_epochs=1, batch_size=1300)), step())[1] == 6
    before = model.get_variable_value("gbdt/roots")
    model.fit(input_fn=inputs(0))
    assert len(before) == 1 and len(model.get_variable_value("gbdt/roots")) == 2
    ended, found = step(), answers(model)
    model.fit(input_fn=inputs(0))
    assert step() == ended, "there are all trees already"
    np.testing.assert_array_equal(answers(model), found)


def test_training_ends_where_no_tree_gains_anything(tmp_path):
    made = config()
    made.regularization.tree_complexity, made.pruning_mode = 100, LearnerConfig.PRE_PRUNE
    model = Classifier(made, 100, n_classes=10, num_trees=3, model_dir=str(tmp_path), center_bias=False)
    model.fit(input_fn=inputs(0))
    assert (model.get_variable_value("gbdt/attempts"), len(model.get_variable_value("gbdt/roots"))) == (7, 0)


def test_two_classes_have_one_logit(tmp_path):
    (x, y), (other_x, other_y) = digits()
    made = LearnerConfig()
    model = Classifier(made, 600, num_trees=6, model_dir=str(tmp_path))
    assert made.num_classes == 2
    model.fit(x, y % 2, batch_size=600, steps=60)
    found = model.evaluate(other_x, other_y % 2)
    assert found["accuracy"] >= 0.85 and found["auc"] >= 0.93, found
    got = next(model.predict(other_x, outputs=["probabilities", "logistic", "logits"]))
    assert got.keys() == {"probabilities", "logistic", "logits"} and got["logits"].shape == (1,)
    second = 1 / (1 + np.exp(-got["logits"][0]))
    np.testing.assert_allclose(got["probabilities"], [1 - second, second], rtol=1e-5)
    np.testing.assert_allclose(got["logistic"], [second], rtol=1e-5)


def test_features_of_several_names_stand_side_by_side(tmp_path):
    x, y = digits()[0]
    together, apart = classifier(tmp_path / "a", trees=1), classifier(tmp_path / "b", trees=1)
    together.fit(x, y, batch_size=650)
    named = {"c": x[:, 20:], "a": x[:, :10], "b": x[:, 10:20]}
    apart.fit(input_fn=tf.estimator.inputs.numpy_input_fn(named, y, 650, None, True))
    for name in ("children", "features", "thresholds", "values"):
        np.testing.assert_array_equal(*(m.get_variable_value(f"gbdt/{name}") for m in (together, apart)))


def test_predictions_come_as_they_are_asked_for(tmp_path):
    model = classifier(tmp_path, trees=1).fit(input_fn=inputs(0))
    every = model.predict(input_fn=inputs(1), as_iterable=False)
    assert every["probabilities"].shape == (497, 10) and every["classes"].dtype == np.int64
    batches = list(model.predict(input_fn=inputs(1, batch_size=200), outputs=["classes"], iterate_batches=True))
    assert [len(batch["classes"]) for batch in batches] == [200, 200, 97] and [*batches[0]] == ["classes"]
    graph = tf.get_default_graph()
    endless = model.predict(input_fn=inputs(1, num_epochs=None))
    first = list(itertools.islice(endless, 600))
    assert tf.get_default_graph() is graph, "a prediction that waits leaves the program's graph alone"
    np.testing.assert_array_equal(first[497]["logits"], every["logits"][0])
    endless.close()
    with pytest.raises(ValueError, match=r"Expected outputs among \['classes', 'logits', 'probabilities'\], not"):
        next(model.predict(x=digits()[1][0], outputs=["class"]))


def test_an_evaluation_is_as_long_as_it_is_told_to_be_and_leaves_summaries(tmp_path):
    model = classifier(tmp_path, trees=1).fit(input_fn=inputs(0))
    found = model.evaluate(input_fn=inputs(1, num_epochs=None, batch_size=100), steps=2, name="short")
    x, y = digits()[1]
    right = model.predict(x[:200], as_iterable=False)["classes"] == y[:200]
    assert found["accuracy"] == pytest.approx(right.mean(), abs=1e-6)
    (events,) = (tmp_path / "eval_short").iterdir()
    told = [value for event in tf.train.summary_iterator(str(events)) for value in event.summary.value]
    assert {value.tag: value.simple_value for value in told} == pytest.approx(found)


def test_queues_and_functions_of_features_are_inputs(tmp_path):
    x, y = digits()[0]

    def input_fn():
        images, labels = tf.train.shuffle_batch([x, y], 256, 1024, 512, num_threads=2, enqueue_many=True)
        return {"images": images}, labels

    def halved(features, labels):
        return {"half": features["images"][:, :32]}, labels

    model = classifier(tmp_path, trees=1, feature_engineering_fn=halved).fit(input_fn=input_fn)
    assert model.get_variable_value("gbdt/waiting_x").shape[1] == 32
    assert model.evaluate(input_fn=input_fn, steps=2)["accuracy"] > 0.5


@pytest.mark.usefixtures("stand_in_cupy")
def test_trees_grow_with_two_memories(tmp_path):
    with tf.device("/gpu:0"):
        found = answers(classifier(tmp_path / "device", trees=1).fit(input_fn=inputs(0)))
    with tf.device("/cpu:0"):
        np.testing.assert_array_equal(found, answers(classifier(tmp_path / "host", trees=1).fit(input_fn=inputs(0))))


# -- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("features", "labels", "kind", "said"),
    [
        (np.zeros((4, 3)), np.zeros(4, int), ValueError, "Unsupported dense feature .* with dtype"),
        ({}, np.zeros(4, int), ValueError, "Features dictionary must be specified"),
        (np.zeros((4, 3), np.float32), None, ValueError, "There must be labels to train by"),
        (np.zeros((4, 3, 2), np.float32), np.zeros(4, int), ValueError, r"must be of shape \[\?, columns\]"),
        (np.zeros((4, 3), np.float32), np.full(4, 10), tf.errors.InvalidArgumentError, "10"),
        (
            np.zeros((4, 3), np.float32),
            np.full(4, 0.5),
            tf.errors.InvalidArgumentError,
            r"Got label 0.5, but classes are 0 to 9\. Is n_classes set",
        ),
        (np.zeros((4, 3), np.float32), np.zeros(3, int), Exception, "3"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(tmp_path, features, labels, kind, said):
    def input_fn():
        return features if isinstance(features, dict) else tf.constant(features), labels

    with pytest.raises(kind, match=said):
        classifier(tmp_path).fit(input_fn=input_fn, steps=1)


def test_sparse_features_are_refused(tmp_path):
    def input_fn():
        return {"a": tf.SparseTensor([[0, 0]], [1.0], [2, 3])}, tf.constant([0, 1])

    with pytest.raises(NotImplementedError, match="Feature 'a': sparse features are not there"):
        classifier(tmp_path).fit(input_fn=input_fn)


def test_other_features_than_those_learnt_from_are_refused(tmp_path):
    model = classifier(tmp_path, trees=1).fit(input_fn=inputs(0))
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"\[\?, 64\], as those learnt from, not \[2, 63\]"):
        next(model.predict(x=np.zeros((2, 63))))
    with pytest.raises(tf.errors.InvalidArgumentError, match="n_classes is 3, but the trees were learnt for 10"):
        next(classifier(tmp_path, n_classes=3).predict(x=np.zeros((2, 64))))


def test_a_model_must_be_trained_before_it_is_asked(tmp_path):
    model = classifier(tmp_path)
    for call in (lambda: model.evaluate(input_fn=inputs(1)), lambda: model.predict(input_fn=inputs(1))):
        with pytest.raises(estimator.NotFittedError, match=f"Couldn't find trained model at {tmp_path}"):
            call()


def test_arguments_that_contradict_each_other_are_refused(tmp_path):
    model, x = classifier(tmp_path), digits()[0][0]
    for call, said in (
        (lambda: model.fit(x, input_fn=inputs(0)), "Can not provide both input_fn and x or y"),
        (lambda: model.fit(input_fn=inputs(0), batch_size=3), "Can not provide both input_fn and batch_size"),
        (lambda: model.fit(), "Either x or input_fn must be provided"),
        (lambda: model.fit(input_fn=inputs(0), steps=1, max_steps=1), "Can not provide both steps and max_steps"),
        (lambda: model.fit(input_fn=inputs(0), steps=0), "Must specify steps > 0, given: 0"),
        (lambda: classifier(tmp_path, n_classes=1), "Number of classes must be >=2"),
        (lambda: Classifier(config(num_classes=3), 10, n_classes=4), r"\(3\) doesn't match learner_config \(4\)"),
        (lambda: Classifier(None, 10), "learner_config must be specified"),
        (lambda: Classifier(config(), 10, config={}), "config must be an instance of RunConfig, but provided {}"),
        (
            lambda: Classifier(config(), 10, model_dir="a", config=tf.estimator.RunConfig(model_dir="b")),
            "In constructor: 'a', in RunConfig: 'b'",
        ),
    ):
        with pytest.raises(ValueError, match=said):
            call()
    with pytest.raises(ValueError, match="There must be labels to evaluate by"):
        classifier(tmp_path, trees=1).fit(input_fn=inputs(0), steps=1).evaluate(x)


def with_dropout(made):
    made.learning_rate_tuner.dropout.learning_rate = 0.1


def with_averaging(made):
    made.averaging_config.average_last_n_trees = 3


def with_few_columns(made):
    made.constraints.max_number_of_unique_feature_columns = 3


def with_line_search(made):
    made.learning_rate_tuner.line_search.num_steps = 3


def with_full_hessian(made):
    made.multi_class_strategy = LearnerConfig.FULL_HESSIAN


def with_a_negative_penalty(made):
    made.regularization.l2 = -1


def with_an_unknown_mode(made):
    made.growing_mode = 7


@pytest.mark.parametrize(
    ("change", "kind", "said"),
    [
        (with_dropout, NotImplementedError, r"LearnerConfig\.learning_rate_tuner\.dropout is not there"),
        (with_averaging, NotImplementedError, r"LearnerConfig\.averaging_config is not there"),
        (with_few_columns, NotImplementedError, "max_number_of_unique_feature_columns is not there"),
        (with_full_hessian, NotImplementedError, "multi_class_strategy=FULL_HESSIAN is not there"),
        (with_line_search, ValueError, "Line search learning rate is not yet supported"),
        (with_a_negative_penalty, ValueError, "must not be negative"),
        (with_an_unknown_mode, ValueError, "growing_mode is none of its values: 7"),
    ],
)
def test_a_learner_config_that_cannot_be_honoured_is_refused(change, kind, said):
    made = LearnerConfig()
    change(made)
    with pytest.raises(kind, match=said):
        Classifier(made, 100, n_classes=3)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("feature_columns", ["a"]), ("weight_column_name", "w"), ("label_keys", ["a", "b"]), ("num_quantiles", 50),
        ("logits_modifier_function", len), ("output_leaf_index", True), ("override_global_step_value", 3),
    ],
)  # fmt: skip
def test_an_option_that_is_not_here_is_refused(name, value):
    with pytest.raises(NotImplementedError, match=f"{name}="):
        Classifier(LearnerConfig(), 100, **{name: value})


# -- messages, and where things are found ---------------------------------------------------------------------------


def test_a_learner_config_has_the_wire_format_of_tensorflows():
    made = LearnerConfig(num_classes=10)
    made.regularization.l2 = 1.0
    made.learning_rate_tuner.fixed.learning_rate = 0.5
    made.constraints.max_tree_depth = 4
    made.growing_mode = LearnerConfig.LAYER_BY_LAYER
    made.multi_class_strategy = LearnerConfig.DIAGONAL_HESSIAN
    wanted = "080a2205150000803f2a02080432070a050d0000003f48025003"
    assert made.SerializeToString().hex() == wanted
    assert LearnerConfig.FromString(bytes.fromhex(wanted)) == made
    assert "growing_mode: LAYER_BY_LAYER" in str(made)
    made.feature_fraction_per_tree = 0.5
    made.feature_fraction_per_level = 0.25
    assert made.WhichOneof("feature_fraction") == "feature_fraction_per_level"
    assert (LearnerConfig.PRE_PRUNE, LearnerConfig.WHOLE_TREE, LearnerConfig.TREE_PER_CLASS) == (1, 1, 1)
    with pytest.raises(AttributeError, match='no "max_depth" field'):
        made.constraints.max_depth = 3


def test_the_modules_are_found_where_programs_import_them_from():
    inner = make_module("tensorflow.contrib.boosted_trees.estimator_batch.estimator")
    assert inner.GradientBoostedDecisionTreeClassifier is Classifier
    assert make_module("tensorflow.contrib.boosted_trees.proto.learner_pb2").LearnerConfig is LearnerConfig
    assert make_module("tensorflow.contrib.learn").RunConfig is tf.contrib.learn.RunConfig
    assert make_module("tensorflow.estimator").RunConfig is tf.estimator.RunConfig
