"""What is said of names that a checkpoint does not have."""

import pytest

from scopeflow.train.checkpoint.reader import explaining_prefix, missing_message, nearest

FILE = [f"{scope}/{name}" for scope in ("conv1", "conv2", "dense") for name in ("biases", "weights")]


@pytest.mark.parametrize(
    ("missing", "there", "prefix"),
    [
        (["w"], ["model/w"], ("", "model/")),
        (["a/w", "a/b"], ["model/a/w", "model/a/b", "other/a/w"], ("", "model/")),
        (["a/w", "a/b"], ["x/a/w", "y/a/b"], None),
        (["model/a/w", "model/a/b"], ["a/w", "a/b"], ("model/", "")),
        (["x/model/w"], ["w"], ("x/model/", "")),
        (["net/a/w", "net/b"], ["model/a/w", "model/b", "b"], ("net/", "model/")),
        (["net/a/w", "net/b"], ["deep/model/a/w", "deep/model/b"], ("net/", "deep/model/")),
        (["conv3/biases"], FILE, None),  # that another scope has biases explains nothing
        (["conv3/biases", "dense/w"], FILE, None),
        (["w"], [], None),
        (["w"], ["aw", "w/x"], None),
    ],
    ids=str,
)
def test_one_prefix_is_named_where_it_explains_every_name(missing, there, prefix):
    assert explaining_prefix(missing, there) == prefix
    assert explaining_prefix(missing[::-1], there[::-1]) == prefix


def test_the_nearest_names_are_those_spelt_alike_and_those_that_end_alike():
    assert nearest("conv1/weight", FILE)[0] == "conv1/weights"
    found = nearest("a_long_scope_of_another_name/weights", FILE)
    assert sorted(found) == ["conv1/weights", "conv2/weights", "dense/weights"]
    assert nearest("qqq", FILE) == []


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        (["qqq"], "Key qqq not found in checkpoint m."),
        (
            ["conv1/weight"],
            "Key conv1/weight not found in checkpoint m. "
            "The nearest names there are conv1/weights, conv2/weights, dense/weights.",
        ),
        (
            ["net/conv1/weights", "net/conv1/biases"],
            "Key net/conv1/weights not found in checkpoint m; nor are net/conv1/biases. "
            'Without "net/" in front, all are there: '
            'tf.train.init_from_checkpoint(..., {"/": "net/"}) reads them so.',
        ),
        (
            list("qrstuvw"),
            "Key q not found in checkpoint m; nor are r, s, t, u and 2 more.",
        ),
        (list("qrstu"), "Key q not found in checkpoint m; nor are r, s, t, u."),
    ],
    ids=str,
)
def test_the_message_names_what_is_missing_and_what_is_like_it(missing, message):
    assert missing_message(missing, FILE, "m") == message
