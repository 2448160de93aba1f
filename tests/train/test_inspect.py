"""`python -m scopeflow inspect` shows what is in a checkpoint, compares two, and renames."""

import json
import subprocess
import sys

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import scopeflow as tf
from scopeflow.__main__ import main
from scopeflow.train import inspect
from scopeflow.train.checkpoint.formats import create_checkpoint
from scopeflow.train.inspect import Rule, differences, renamed, rules_of, statistics

TENSORS = {
    "model/conv1/weights": np.arange(6, dtype=np.float32).reshape(2, 3),
    "model/conv1/weights/Adam": np.zeros([2, 3], np.float32),
    "model/conv1/[odd]": np.array([True, False]),
    "model/names": np.array([b"a", b"bc"], object),
    "half": np.array([1, np.nan, np.inf, -np.inf], ml_dtypes.bfloat16),
    "step": np.array(7),
}


def write(path, tensors, format="tensorflow"):
    with create_checkpoint(str(path), format) as writer:
        for name, array in tensors.items():
            writer.add(name, array)
        writer.finish()
    return str(path)


@pytest.fixture
def path(tmp_path):
    return write(tmp_path / "m", TENSORS)


def run(capsys, *arguments):
    """(exit status, what was printed, what went to stderr)"""
    status = main(["inspect", *map(str, arguments)])
    return status, *capsys.readouterr()


def rows(text):
    """The table's rows, each a list of words."""
    return [line.split() for line in text.splitlines() if line.strip()]


# -- what is there ----------------------------------------------------------------------------------------------------


def test_the_tree_has_shapes_dtypes_bytes_and_the_sum_of_each_scope(path, capsys):
    status, out, err = run(capsys, path)
    assert (status, err) == (0, "")
    table = rows(out)
    assert table[0] == [f"{path}:", "6", "tensors"]
    assert table[1] == ["tensor", "shape", "dtype", "bytes"]
    assert table[3:] == [
        ["half", "[4]", "bfloat16", "8"],
        ["model", "4", "tensors", "59"],
        ["├─", "conv1", "3", "tensors", "50"],
        ["│", "├─", "[odd]", "[2]", "bool", "2"],
        ["│", "└─", "weights", "[2,", "3]", "float32", "24"],
        ["│", "└─", "Adam", "[2,", "3]", "float32", "24"],
        ["└─", "names", "[2]", "string", "9"],  # two lengths, their checksum, the letters
        ["step", "[]", "int64", "8"],
        ["sum", "75"],
    ]


def test_statistics_are_those_of_the_finite_values(path, capsys):
    table = rows(run(capsys, path, "--stats")[1])
    assert table[1][4:] == ["min", "max", "mean", "std", "NaN", "inf"]
    by_name = {next((w for w in row if w[0] not in "├└│─"), ""): row for row in table}
    assert by_name["weights"][-6:] == ["0", "5", "2.5", "1.70783", "0", "0"]
    assert by_name["half"][-6:] == ["1", "1", "1", "0", "1", "2"]
    assert by_name["[odd]"][-6:] == ["0", "1", "0.5", "0.5", "0", "0"]
    assert by_name["names"][-2:] == ["string", "9"]


def test_json_says_the_same(path, capsys):
    status, out, _ = run(capsys, path, "--json", "--stats")
    told = json.loads(out, parse_constant=pytest.fail)  # NaN is no JSON
    assert status == 0 and told["path"] == path and told["bytes"] == 75
    assert told["scopes"] == {"model": 59, "model/conv1": 50, "model/conv1/weights": 24}
    assert told["tensors"]["step"] == {
        "shape": [], "dtype": "int64", "bytes": 8,
        "stats": {"min": 7, "max": 7, "mean": 7.0, "std": 0.0, "nan": 0, "inf": 0},
    }  # fmt: skip
    assert told["tensors"]["model/names"]["stats"] is None
    assert "stats" not in json.loads(run(capsys, path, "--json")[1])["tensors"]["step"]


def test_a_folder_stands_for_its_newest_checkpoint_of_whatever_format(tmp_path, capsys):
    path = write(tmp_path / "m.npz", {"a": np.ones(2)}, "npz")
    tf.train.update_checkpoint_state(tmp_path, path)
    assert rows(run(capsys, tmp_path)[1])[0] == [f"{path}:", "1", "tensor"]


@pytest.mark.parametrize("name", ["gone", ""])
def test_what_is_no_checkpoint_is_told_in_a_line_and_the_status_is_2(tmp_path, capsys, name):
    status, out, err = run(capsys, tmp_path / name)
    assert (status, out) == (2, "")
    assert err.startswith("scopeflow inspect: ") and str(tmp_path) in err and err.count("\n") == 1


def test_the_command_as_a_user_runs_it(path, tmp_path):
    command = [sys.executable, "-W", "error", "-m", "scopeflow", "inspect", path]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "model/" not in done.stdout and "conv1" in done.stdout


@given(
    hnp.arrays(np.float64, st.integers(1, 60), elements=st.floats(-1e6, 1e6) | st.sampled_from([np.nan, np.inf])),
    st.integers(1, 20),
)
@settings(deadline=None)
def test_statistics_in_chunks_are_those_of_the_whole(array, chunk):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(inspect, "_CHUNK", chunk)
        found = statistics(array)
    finite = array[np.isfinite(array)]
    assert (found.nan, found.inf) == (np.isnan(array).sum(), np.isinf(array).sum())
    if finite.size:
        assert (found.min, found.max) == (finite.min(), finite.max())
        scale = np.abs(finite).max()
        assert not abs(found.mean - finite.mean()) > 1e-12 * scale
        assert not abs(found.std - finite.std()) > 1e-7 * scale
    else:
        assert (found.min, found.max, found.mean, found.std) == (None,) * 4


def test_large_integers_keep_every_digit():
    array = np.array([2**63 - 1, -(2**63) + 1])
    assert (statistics(array).min, statistics(array).max) == (-(2**63) + 1, 2**63 - 1)
    assert statistics(np.zeros([0, 3])) == inspect.Statistics()
    assert statistics(np.ones(2, np.complex64)) is None


# -- how two differ ---------------------------------------------------------------------------------------------------


def test_a_checkpoint_does_not_differ_from_itself_in_another_format(path, tmp_path, capsys):
    numbers = {name: array for name, array in TENSORS.items() if array.dtype != object}
    other = write(tmp_path / "n.npz", numbers, "npz")
    same = write(tmp_path / "n", numbers)
    status, out, _ = run(capsys, same, "--diff", other)
    assert (status, out) == (0, "5 tensors the same, 0 different\n")


def test_each_difference_is_told(path, tmp_path, capsys):
    changed = dict(TENSORS)
    changed["model/conv1/weights"] = TENSORS["model/conv1/weights"] + np.float32([[0, 0, 0.5], [0, 0, -2]])
    changed["model/conv1/[odd]"] = np.array([True, True])
    changed["model/names"] = np.array([b"a", b"b"], object)
    changed["half"] = np.array([1, np.nan, np.inf, np.inf], ml_dtypes.bfloat16)
    changed["step"] = np.array(7, np.int32)
    changed["new"] = changed.pop("model/conv1/weights/Adam")
    other = write(tmp_path / "n", changed)
    with tf.train.load_checkpoint(path) as here, tf.train.load_checkpoint(other) as there:
        found = dict(differences(here, there))
    assert found == {
        "half": "1 of 4 values differ, by inf at most",
        "model/conv1/[odd]": "1 of 2 values differ",
        "model/conv1/weights": "2 of 6 values differ, by 2 at most",
        "model/conv1/weights/Adam": f"only in {path}",
        "model/names": "1 of 2 values differ",
        "new": f"only in {other}",
        "step": "int64 [] is int32 [] there",
    }
    status, out, _ = run(capsys, path, "--diff", other, "--json")
    assert status == 1
    assert json.loads(out) == {"path": path, "other": other, "same": 0, "different": found}
    status, out, _ = run(capsys, path, "--diff", other)
    assert status == 1 and out.endswith("0 tensors the same, 7 different\n")
    assert ["model/conv1/[odd]", "1", "of", "2", "values", "differ"] in rows(out)


def test_a_zero_and_a_negative_zero_differ_and_a_nan_is_the_same_as_itself(tmp_path):
    one = write(tmp_path / "a", {"x": np.array([0.0, np.nan])})
    other = write(tmp_path / "b", {"x": np.array([-0.0, np.nan])})
    with tf.train.load_checkpoint(one) as here, tf.train.load_checkpoint(other) as there:
        assert dict(differences(here, there)) == {"x": "1 of 2 values differ, by 0 at most"}
        assert dict(differences(here, here)) == {}


# -- one renamed ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "name", "becomes"),
    [
        ("a/", "b/", "a/w", "b/w"),
        ("a/", "b/c/", "a/a/w", "b/c/a/w"),
        ("a/", "b/", "xa/w", None),
        ("a/", "b/", "a", None),
        ("/", "b/", "w", "b/w"),
        ("a/", "/", "a/w", "w"),
        ("a/", "-", "a/w", ""),
        (".*/Adam(_1)?", "-", "a/w/Adam_1", ""),
        (".*/Adam(_1)?", "-", "a/w/Adam_2", None),
        (r"(.*)/weights", r"\1/kernel", "a/weights", "a/kernel"),
        (r"(.*)/weights", r"\1/kernel", "a/weights/Adam", None),
        ("w", "v", "w", "v"),
    ],
)
def test_a_rule_renames_a_scope_or_what_a_pattern_matches_as_a_whole(old, new, name, becomes):
    assert Rule(old, new).applied(name) == becomes


def test_the_first_rule_that_fits_counts():
    rules = rules_of(["# from the old model", "", "a/b/ c/   # first", "a/ d/", "c/ e/"])
    assert renamed(["a/b/w", "a/w", "c/v", "x"], rules) == {"a/b/w": "c/w", "a/w": "d/w", "c/v": "e/v", "x": "x"}


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["a/"], "line 1: a rule has two words, an old name and a new one, not 1"),
        (["", "a b c"], "line 2: a rule has two words, an old name and a new one, not 3"),
        (["a/ b"], "line 1: a/ and b: a scope, which ends in '/', becomes a scope"),
        (["a b/"], "line 1: a and b/: a scope, which ends in '/', becomes a scope"),
        (["(a b"], "line 1: (a is no regular expression: "),
    ],
)
def test_a_line_that_is_no_rule_is_refused_by_its_number(lines, said):
    with pytest.raises(ValueError) as raised:
        rules_of(lines)
    assert str(raised.value).startswith(said)


def test_two_tensors_of_one_name_are_refused():
    with pytest.raises(ValueError, match="a/w and b/w would both be called c/w"):
        renamed(["a/w", "b/w"], rules_of(["a/ c/", "b/ c/"]))


@pytest.mark.parametrize("output", ["new", "new.npz", "new.safetensors"])
def test_a_renamed_checkpoint_is_written_whole(tmp_path, capsys, output):
    path = write(tmp_path / "m", {name: array for name, array in TENSORS.items() if array.dtype != object})
    rules = tmp_path / "rules"
    rules.write_text("model/conv1/weights/Adam -\nmodel/ net/\nhalf other/half\n")
    status, out, _ = run(capsys, path, "--map", rules, "--output", tmp_path / output)
    assert status == 0
    assert out == f"wrote {tmp_path / output}: 4 tensors, 3 renamed, 1 left out\n"
    names = {"net/conv1/weights": "model/conv1/weights", "net/conv1/[odd]": "model/conv1/[odd]", "other/half": "half"}
    with tf.train.load_checkpoint(tmp_path / output) as reader:
        assert reader.keys() == sorted([*names, "step"])
        for new, old in names.items():
            assert reader.read(new).dtype == TENSORS[old].dtype
            assert reader.read(new).tobytes() == TENSORS[old].tobytes()


def test_parts_stay_parts_under_a_new_name(tmp_path, capsys, graph):
    tf.get_variable("a/p", [4, 2], partitioner=tf.fixed_size_partitioner(2))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        path = tf.train.Saver().save(session, str(tmp_path / "m"))
    (tmp_path / "rules").write_text("a/ b/")
    assert run(capsys, path, "--map", tmp_path / "rules", "--output", tmp_path / "n")[0] == 0
    with tf.train.load_checkpoint(path) as old, tf.train.load_checkpoint(tmp_path / "n") as new:
        assert new.entry("b/p").slices == old.entry("a/p").slices and len(old.entry("a/p").slices) == 2
        np.testing.assert_array_equal(new.read("b/p"), old.read("a/p"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--map", "rules"], "--map and --output go together"),
        (["--output", "new"], "--map and --output go together"),
        (["--map", "rules", "--output", "m"], "is the checkpoint itself"),
        (["--map", "gone", "--output", "new"], "No such file or directory"),
        (["--map", "rules", "--output", "new.npz"], "An .npz file cannot hold model/names, which is of dtype string."),
    ],
)
def test_a_renaming_that_cannot_be_leaves_everything_as_it_was(path, tmp_path, capsys, arguments, said):
    (tmp_path / "rules").write_text("a/ b/")
    before = sorted(p.name for p in tmp_path.iterdir())
    given = [str(tmp_path / word) if not word.startswith("-") else word for word in arguments]
    status, out, err = run(capsys, path, *given)
    assert (status, out) == (2, "") and said in err
    assert sorted(p.name for p in tmp_path.iterdir()) == before


def test_the_live_graph_has_the_same_tree(graph):
    with tf.variable_scope("conv1"):
        tf.get_variable("weights", [5, 5, 1, 32])
    table = tf.scopes.tree()
    assert [str(cell) for cell in table.columns[0].cells] == ["conv1", "└─ weights", "sum"]
