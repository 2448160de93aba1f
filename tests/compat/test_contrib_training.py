"""tf.contrib.training.HParams."""

import json

import numpy as np
import pytest

import scopeflow as tf

HParams = tf.contrib.training.HParams


def made(**more):
    return HParams(rate=0.5, layers=3, name="net", fast=False, sizes=[1, 2, 3], **more)


def test_values_are_attributes_and_told_together():
    h = made()
    assert (h.rate, h.layers, h.name, h.fast, h.sizes) == (0.5, 3, "net", False, [1, 2, 3])
    assert h.values() == {"rate": 0.5, "layers": 3, "name": "net", "fast": False, "sizes": [1, 2, 3]}
    assert "rate" in h and "other" not in h
    assert h.get("layers") == 3 and h.get("other") is None and h.get("other", 7) == 7


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("", {}),
        ("rate=0.25", {"rate": 0.25}),
        ("rate=1e-3,layers=5", {"rate": 0.001, "layers": 5}),
        ("rate=2", {"rate": 2.0}),
        (" layers = -7 , name=other net", {"layers": -7, "name": "other net"}),
        ("name=", {"name": ""}),
        ("fast=true", {"fast": True}),
        ("fast=1,layers=1", {"fast": True, "layers": 1}),
        ("fast=False", {"fast": False}),
        ("sizes=[4,5]", {"sizes": [4, 5]}),
        ("sizes=[4],rate=1.5", {"sizes": [4], "rate": 1.5}),
        ("sizes[1]=9", {"sizes": [1, 9, 3]}),
        ("sizes[0]=8,sizes[2]=7,layers=2", {"sizes": [8, 2, 7], "layers": 2}),
        ("sizes=4", {"sizes": [4]}),
    ],
)
def test_a_text_sets_what_it_names(text, changed):
    h = made()
    assert h.parse(text) is h
    assert h.values() == {**made().values(), **changed}
    assert all(type(h.get(name)) is type(made().get(name)) for name in h.values())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("other=1", "Unknown hyperparameter type for other"),
        ("layers=1.5", "Could not parse hparam 'layers' of type 'int' with value '1.5'"),
        ("rate=fast", "Could not parse hparam 'rate'"),
        ("fast=yes", "Could not parse hparam 'fast'"),
        ("layers=[1,2]", "Must not pass a list for single-valued parameter: layers"),
        ("layers[0]=1", "Could not parse hparam 'layers'"),
        ("sizes[3]=1", "it has 3 values"),
        ("layers", "Malformed hyperparameter value: layers"),
        ("layers=1,layers=2", "Multiple assignments to variable 'layers'"),
        ("sizes=[1,x]", "Could not parse hparam 'sizes'"),
    ],
)
def test_a_text_that_does_not_fit_is_refused_and_changes_nothing(text, message):
    h = made()
    with pytest.raises(ValueError, match=message):
        h.parse(text)
    assert h.values() == made().values()


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("rate", 2, None), ("rate", np.float32(0.5), None), ("layers", np.int64(4), None), ("name", "x", None),
        ("fast", True, None), ("sizes", (4, 5), None), ("sizes", [], None),
        ("rate", "2", ValueError), ("rate", True, ValueError), ("layers", 1.0, ValueError),
        ("layers", True, ValueError),
        ("name", 1, ValueError), ("fast", 1, ValueError), ("sizes", 4, ValueError), ("layers", [4], ValueError),
        ("sizes", [1.5], ValueError), ("other", 1, KeyError),
    ],
)  # fmt: skip
def test_a_value_keeps_its_type(name, value, error):
    h = made()
    if error:
        with pytest.raises(error):
            h.set_hparam(name, value)
        assert h.values() == made().values()
    else:
        h.override_from_dict({name: value})
        kept = made().get(name)
        assert h.get(name) == (list(value) if isinstance(kept, list) else value) and type(h.get(name)) is type(kept)


def test_values_go_through_json():
    h = made(call=len)
    assert json.loads(h.to_json()) == made().values()
    assert h.parse_json('{"rate": 3, "sizes": [7]}').values() == {**made(call=len).values(), "rate": 3.0, "sizes": [7]}


def test_one_can_be_added_and_taken_away():
    h = made()
    h.add_hparam("extra", "yes")
    assert h.parse("extra=no").extra == "no"
    h.del_hparam("extra")
    assert "extra" not in h and not hasattr(h, "extra")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [("rate", 1.0, "is reserved: rate"), ("values", 1, "is reserved"), ("empty", [], "cannot be empty: empty")],
)
def test_a_name_that_is_taken_and_an_empty_list_are_refused(name, value, message):
    with pytest.raises(ValueError, match=message):
        made().add_hparam(name, value)
