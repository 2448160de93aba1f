"""Every golden program under scopeflow, held against what TensorFlow answered (tests/golden/make_golden.py)."""

import ast
import importlib.util
import warnings

import numpy as np
import pytest
from golden import cases, record
from golden.cases import Case, fingerprint, golden, load_cases, registry

import scopeflow as tf

CASES = load_cases()
RECORDED = {module: record.load(module) for module in CASES}
REGENERATE = "run tests/golden/make_golden.py {module} under TensorFlow (its docstring says how)"


EVERY_CASE = [pytest.param(case, id=f"{module}.{case.key}") for module, found in CASES.items() for case in found]


@pytest.mark.parametrize("case", EVERY_CASE)
def test_answers_what_tensorflow_answered(case: Case):
    check(case)


@pytest.mark.usefixtures("stand_in_cupy")
@pytest.mark.parametrize("case", EVERY_CASE)
def test_answers_the_same_with_two_memories(case: Case):
    """The same programs where arrays lie on a device and the host's do not mix with them."""
    check(case)


def check(case: Case) -> None:
    answers, fingerprints, _ = RECORDED[case.module]
    regenerate = REGENERATE.format(module=case.module)
    assert case.key in answers, f"nothing is recorded for this case: {regenerate}"
    assert fingerprints[case.name] == fingerprint(case), f"the case changed since it was recorded: {regenerate}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # old spellings are asked for on purpose
        got = {name: record.plain(value) for name, value in case.run(tf).items()}
    lines = record.differences(got, answers[case.key], case.rtol, case.atol)
    assert not lines, "\n".join(lines)


@pytest.mark.parametrize("module", CASES)
def test_nothing_is_recorded_that_no_case_asks_for(module: str):
    answers, _, made_by = RECORDED[module]
    assert made_by.startswith("tensorflow "), REGENERATE.format(module=module)
    assert answers.keys() <= {case.key for case in CASES[module]}, REGENERATE.format(module=module)
    assert len({case.key for case in CASES[module]}) == len(CASES[module]), "two cases of one name"


def test_the_data_stay_small():
    assert sum(path.stat().st_size for path in record.DATA.glob("*")) < 2_000_000


WANT = {"a": np.array([1.0, 2.0, np.nan, np.inf], np.float32), "n": np.array([1, 2]), "t": ["x:0", "y:0"]}


@pytest.mark.parametrize(
    "spoilt",
    [
        {"a": np.array([1.0, 2.001, np.nan, np.inf], np.float32)},
        {"a": np.array([1.0, np.nan, np.nan, np.inf], np.float32)},
        {"a": np.array([1.0, 2.0, 3.0, np.inf], np.float32)},
        {"a": np.array([1.0, 2.0, np.nan, -np.inf], np.float32)},
        {"a": np.array([1.0, 2.0, np.nan, 1e30], np.float32)},
        {"a": np.array([1.0, 2.0, np.nan, np.inf])},
        {"a": np.array([[1.0, 2.0, np.nan, np.inf]], np.float32)},
        {"a": [1.0, 2.0]},
        {"n": np.array([1, 3])},
        {"n": np.array([1, 2], np.int32)},
        {"t": ["x:0", "y_1:0"]},
        {"t": ["x:0"]},
        {"more": 1},
    ],
    ids=str,
)
def test_the_comparison_sees_what_is_wrong(spoilt: dict):
    assert not record.differences(WANT, WANT, 1e-5, 1e-5)
    assert record.differences(WANT | spoilt, WANT, 1e-5, 1e-5)


def test_the_comparison_sees_what_is_missing():
    assert record.differences({"a": WANT["a"], "n": WANT["n"]}, WANT, 0.0, 0.0)


def test_data_are_read_back_as_they_were_written(tmp_path, monkeypatch):
    import ml_dtypes

    monkeypatch.setattr(record, "DATA", tmp_path)
    answers = {
        "case": WANT | {"half": np.array([[0.5, 1.5]], ml_dtypes.bfloat16), "none": np.zeros((0, 3), np.float32)},
        "case[row]": {"scalar": np.asarray(np.float64(3.5)), "b": np.array([True, False]), "text": "said", "count": 3},
    }
    record.save("some", "0.0", answers, {"case": "f1"})
    got, fingerprints, made_by = record.load("some")
    assert made_by == "tensorflow 0.0" and fingerprints == {"case": "f1"}
    for key, values in answers.items():
        assert not record.differences(got[key], values, 0.0, 0.0)


PROGRAM = """
from ..cases import golden
from ..helpers import said

TABLE = {"a": 1}
OTHER = {"b": 2}
CLOSE = {"rtol": 1e-6, "reason": "because"}

def helper(x):
    return TABLE[x]

@golden(rows={n: n for n in OTHER}, **CLOSE)
def program(tf, row):
    return {"x": helper(row)}

def unused(x):
    return said(x)
"""


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        ('{"a": 1}', '{"a": 3}', True),
        ("return TABLE[x]", "return TABLE[x] + 1", True),
        ('{"b": 2}', '{"b": 2, "c": 3}', True),
        ("for n in OTHER", "for n in sorted(OTHER)", True),
        ('{"x": helper(row)}', '{"y": helper(row)}', True),
        ("1e-6", "1e-3", False),
        ("return said(x)", "return said(x, x)", False),
    ],
    ids=str,
)
def test_a_fingerprint_follows_what_a_program_uses_and_nothing_else(monkeypatch, old, new, changes):
    """A table, a helper, the rows or the program itself; not its tolerance, nor what it never names."""
    assert old in PROGRAM
    prints = []
    for text in (PROGRAM, PROGRAM.replace(old, new)):
        made = cases.definitions_in(text, "golden.programs.x")
        monkeypatch.setattr(cases, "definitions", lambda module, made=made: made if module.endswith(".x") else {})
        prints.append(fingerprint(Case("x", "program", "", lambda tf: {}, 0.0, 0.0, "")))
    assert (prints[0] != prints[1]) == changes


def test_a_tolerance_without_a_reason_is_refused():
    with pytest.raises(ValueError, match="reason"):
        golden(rtol=1e-3)
    assert registry.keys() == CASES.keys()


@pytest.mark.parametrize("module", CASES)
def test_programs_import_no_tensorflow_nor_this_package(module: str):
    """What a program needs of TensorFlow comes in through its argument."""
    spec = importlib.util.find_spec(f"golden.programs.{module}")
    with open(spec.origin, encoding="utf-8") as file:
        tree = ast.parse(file.read())
    allowed = {"numpy", "collections", "gzip", "inspect", "itertools", "os", "tempfile", "types", "zlib"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert {alias.name.partition(".")[0] for alias in node.names} <= allowed
        elif isinstance(node, ast.ImportFrom) and not node.level:
            assert str(node.module).partition(".")[0] in allowed
