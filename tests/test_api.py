"""The public names: their list, how they are published and how the tree is built."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import pytest

import tf1x as tf
from tf1x import api

GOLDEN = Path(__file__).with_name("public_surface.txt")


def test_the_public_names() -> None:
    """A name that appears or goes is a decision: `make docs` rewrites the list."""
    wanted = set(GOLDEN.read_text().split())
    names = set(api.names())
    assert (sorted(names - wanted), sorted(wanted - names)) == ([], []), (
        "(new, gone) public names; `make docs` (python tools/public_surface.py) rewrites the list"
    )


def test_every_lazy_name_resolves() -> None:
    for name in api.names():
        item: object = tf
        for part in name.split("."):
            item = getattr(item, part)  # raises where a name's module lacks it


def test_a_namespace_shows_all_its_names() -> None:
    """As a module does: programs look for the classes in it."""
    names = vars(tf.contrib.rnn)
    assert {"RNNCell", "LSTMCell", "GRUCell", "static_rnn"} <= names.keys()
    assert names.keys() >= set(dir(tf.contrib.rnn))
    found: dict[str, object] = {}
    exec("from tf1x.contrib.rnn import *", found)
    assert found["GRUCell"] is tf.contrib.rnn.GRUCell


def test_every_public_function_has_a_docstring() -> None:
    bare = [
        name for name, item in api.symbols().items()
        if callable(item) and getattr(item, "__module__", "").startswith("tf1x") and not item.__doc__
    ]  # fmt: skip
    assert not bare


def test_private_paths_are_not_public_names() -> None:
    """`tensorflow.python...` is served by importer/private_paths.py; contrib had no other paths."""
    assert not [name for name in api.names() if name.partition(".")[0] in ("python", "core")]


def test_a_name_is_taken_once() -> None:
    with pytest.raises(ValueError, match=r"tf\.placeholder is exported twice"):
        api.define(object(), "placeholder")


def test_a_symbol_cannot_be_a_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "_symbols", {"a": 1, "a.b": 2})
    with pytest.raises(ValueError, match=r"also modules: a$"):
        api.build("some_tree", types.ModuleType("some_tree"))
    for name in [n for n in sys.modules if n.startswith("some_tree")]:
        del sys.modules[name]


def test_renamed_arguments() -> None:
    @api.renamed(keep_dims="keepdims")
    def function(x: int, keepdims: bool = False) -> tuple[int, bool]:
        return x, keepdims

    assert function(1, keep_dims=True) == function(1, True) == (1, True)
    with pytest.raises(TypeError, match="not both"):
        function(1, keepdims=True, keep_dims=True)


def test_unknown_symbols_are_cheap_to_ask_for_and_say_where() -> None:
    assert not hasattr(tf, "no_such_name")
    assert getattr(tf.nn, "no_such_name", 3) == 3
    with pytest.raises(AttributeError) as caught:
        tf.nn.no_such_name  # noqa: B018
    lines = str(caught.value).splitlines()
    assert lines[0] == "tf1x has no tf.nn.no_such_name."
    assert __file__ in lines[1]
    assert lines[2].strip().startswith("tf.nn.no_such_name")


def test_namespaces_list_their_names() -> None:
    assert {"relu", "softmax"} <= set(dir(tf.nn))
    assert {"nn", "placeholder", "app"} <= api.children("")
    assert tf.compat.v1 is tf
