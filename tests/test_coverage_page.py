"""docs/coverage.md says what is there of TensorFlow, and what it says is so."""

import importlib.util
import re

import pytest
from house import ROOT

import scopeflow as tf
from scopeflow.compat.absent import IN_PART, INSTEAD, instead_of


@pytest.fixture(scope="module")
def coverage():
    spec = importlib.util.spec_from_file_location("make_coverage", ROOT / "docs" / "make_coverage.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_as_the_script_writes_it(coverage):
    assert coverage.PAGE.read_text() == coverage.page(), "run docs/make_coverage.py: names have changed"


def test_every_name_stands_on_the_page_once_in_its_namespace(coverage):
    text = coverage.PAGE.read_text().partition("\n## tf\n")
    sections = re.split(r"^## tf\.?(.*)$", "\n## tf\n" + text[2], flags=re.MULTILINE)
    listed = {path or "tf": body for path, body in zip(sections[1::2], sections[2::2], strict=True)}
    for path, names in coverage.tensorflows_names().items():
        marks = re.findall(r"`(\w+)`(?! (?:raises|raise|and|does|,))", re.sub(r" differs: .*", "", listed[path]))
        assert sorted(marks) == sorted(names)


def test_names_that_differ_are_there_and_known_to_tensorflow(coverage):
    known = {coverage.full(path, name) for path, names in coverage.tensorflows_names().items() for name in names}
    for name in coverage.DIFFERS:
        assert name in known and coverage.is_there(name), name


@pytest.mark.parametrize("name", INSTEAD)
def test_names_that_are_absent_on_purpose_are_absent_and_say_what_to_use(coverage, name):
    if name.startswith("compat."):  # tf.compat is a folder of the package
        return
    assert not coverage.is_there(name)
    with pytest.raises(AttributeError) as caught:
        eval(f"tf.{name}", {"tf": tf})
    reached = str(caught.value).split(";")[0].removeprefix("scopeflow has no tf.")
    assert instead_of(reached) in str(caught.value)


@pytest.mark.parametrize("name", IN_PART)
def test_namespaces_that_are_there_in_part_say_which_part_and_what_to_use_for_the_rest(coverage, name):
    assert coverage.is_there(name) and not coverage.is_there(f"{name}.Nothing")
    with pytest.raises(AttributeError) as caught:
        eval(f"tf.{name}.Nothing", {"tf": tf})
    assert IN_PART[name] in str(caught.value)


def test_what_an_advice_recommends_is_there(coverage):
    for sentence in INSTEAD.values():
        assert all(coverage.is_there(name) for name in re.findall(r"tf\.([\w.]*\w)", sentence)), sentence
