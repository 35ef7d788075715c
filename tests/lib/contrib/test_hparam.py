"""`tf.contrib.training.HParams`."""

from __future__ import annotations

from typing import Any

import pytest

import tf1x

HParams = tf1x.contrib.training.HParams


def _hparams() -> Any:
    return HParams(rate=0.1, steps=10, name="a", flag=True, layers=[1, 2], nothing=None)


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("", {}),
        ("rate=1", {"rate": 1.0}),
        ("rate=1e-3,steps=-5", {"rate": 1e-3, "steps": -5}),
        ("name=some words/here:x", {"name": "some words/here:x"}),
        ("flag=false", {"flag": False}),
        ("flag=1, steps = 3", {"flag": True, "steps": 3}),
        ("layers=[3,4,5],steps=2", {"layers": [3, 4, 5], "steps": 2}),
        ("layers=7", {"layers": [7]}),
        ("layers[1]=9", {"layers": [1, 9]}),
        ("nothing=x", {"nothing": "x"}),
    ],
)
def test_parse(text: str, changed: dict[str, Any]) -> None:
    hparams = _hparams()
    assert hparams.parse(text) is hparams
    assert hparams.values() == {**_hparams().values(), **changed}
    assert type(hparams.rate) is float


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("unknown=1", "Unknown hyperparameter"),
        ("steps=1.5", "as int"),
        ("flag=maybe", "boolean"),
        ("steps=1,steps=2", "Multiple assignments"),
        ("steps[0]=1", "element"),
        ("steps=[1,2]", "no list"),
        ("steps", "Malformed"),
        ("=3", "Malformed"),
    ],
)
def test_parse_of_nonsense(text: str, message: str) -> None:
    hparams = _hparams()
    with pytest.raises(ValueError, match=message):
        hparams.parse(text)


def test_setting() -> None:
    hparams = _hparams()
    hparams.set_hparam("rate", 2)
    assert hparams.rate == 2.0
    hparams.rate = 0.5  # an attribute like any other
    assert hparams.get("rate") == 0.5
    hparams.override_from_dict({"steps": 4, "layers": [5]})
    assert (hparams.steps, hparams.layers) == (4, [5])
    for name, value in (
        ("steps", 1.5),
        ("steps", "3"),
        ("steps", True),
        ("name", 3),
        ("layers", 3),
    ):
        with pytest.raises(ValueError, match=name):
            hparams.set_hparam(name, value)
    with pytest.raises(KeyError, match="There are: rate"):
        hparams.set_hparam("other", 1)


def test_adding_and_removing() -> None:
    hparams = _hparams()
    hparams.add_hparam("extra", (1.0, 2.0))
    assert hparams.extra == [1.0, 2.0]
    for name, value in (("rate", 1), ("parse", 1), ("empty", [])):
        with pytest.raises(ValueError, match=name):
            hparams.add_hparam(name, value)
    hparams.del_hparam("extra")
    assert "extra" not in hparams
    assert hparams.get("extra", 3) == 3


def test_json_and_text() -> None:
    hparams = HParams(a=1, b=[2.0], c="x")
    assert hparams.to_json() == '{"a": 1, "b": [2.0], "c": "x"}'
    assert HParams(a=0, b=[0.0], c="").parse_json(hparams.to_json()).values() == hparams.values()
    assert str(hparams) == "[('a', 1), ('b', [2.0]), ('c', 'x')]"
