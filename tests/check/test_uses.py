"""What `tf1x check` finds in a program's text: dotted paths and their lines."""

from __future__ import annotations

import ast
import textwrap

import pytest

from tf1x.check.uses import Reader, Use


def uses(source: str) -> list[Use]:
    tree = ast.parse(textwrap.dedent(source))
    return Reader([tree]).read(tree).uses


CASES = {
    "import as": ("import tensorflow as tf\ntf.nn.relu(1)", ["tensorflow:1", "tensorflow.nn.relu:2"]),
    "import below": (
        "import tensorflow.contrib.slim\ntensorflow.contrib.slim.conv2d",
        ["tensorflow.contrib.slim:1", "tensorflow.contrib.slim.conv2d:2"],
    ),
    "from import": (
        "from tensorflow.contrib import rnn as r, layers\nr.LSTMCell(2)\nlayers.l2_regularizer",
        [
            "tensorflow.contrib.rnn:1",
            "tensorflow.contrib.layers:1",
            "tensorflow.contrib.rnn.LSTMCell:2",
            "tensorflow.contrib.layers.l2_regularizer:3",
        ],
    ),
    "alias of an attribute": (
        "import tensorflow as tf\nslim, l = tf.contrib.slim, tf.layers\nslim.conv2d\nl.dense",
        ["tensorflow:1", "tensorflow.contrib.slim:2", "tensorflow.layers:2",
         "tensorflow.contrib.slim.conv2d:3", "tensorflow.layers.dense:4"],
    ),
    "alias seen in a function that is defined above it": (
        "import tensorflow as tf\ndef f():\n    return L.dense\nL = tf.layers",
        ["tensorflow:1", "tensorflow.layers:4", "tensorflow.layers.dense:3"],
    ),
    "a name that became something else": (
        "import tensorflow as tf\ntf = 3\ntf.real", ["tensorflow:1"],
    ),
    "a parameter hides the module": (
        "import tensorflow as tf\ndef f(tf):\n    return tf.nothing\ng = lambda tf: tf.nothing",
        ["tensorflow:1"],
    ),
    "local import": (
        "def f():\n    import tensorflow as tf\n    tf.a\ntf.b", ["tensorflow:2", "tensorflow.a:3"],
    ),
    "instances": (
        "import tensorflow as tf\ns = tf.train.Saver()\ns.save(1)\ntf.train.Saver().restore",
        ["tensorflow:1", "tensorflow.train.Saver:2", "tensorflow.train.Saver.().save:3",
         "tensorflow.train.Saver.().restore:4", "tensorflow.train.Saver:4"],
    ),
    "what getattr looks up is not guessed": (
        "import tensorflow as tf\ngetattr(tf, 'name')(1)", ["tensorflow:1"],
    ),
    "a name of its own module, set by the program": (
        "import tensorflow as tf\ntf.model = 1\ntf.model.fit", ["tensorflow:1"],
    ),
    "relative imports and classes": (
        "from . import tensorflow as tf\ntf.a\nclass A:\n    import tensorflow as t\n    x = t.b\n"
        "    def f(self):\n        t.c",
        ["tensorflow:4", "tensorflow.b:5"],
    ),
    "star": (
        "from tensorflow.contrib.rnn import *\nLSTMCell(2)\nlen([])\nx = 1\nprint(x)",
        ["tensorflow.contrib.rnn:1", "tensorflow.contrib.rnn.LSTMCell:2"],
    ),
    "comprehensions": (
        "import tensorflow as tf\n[tf.a for tf.b in tf.c]\n[tf.d for tf in range(3)]",
        ["tensorflow:1", "tensorflow.c:2", "tensorflow.a:2"],
    ),
    "decorators, defaults, bases": (
        "import tensorflow as tf\n@tf.a\ndef f(x=tf.b): pass\nclass C(tf.c, metaclass=tf.d): pass",
        ["tensorflow:1", "tensorflow.a:2", "tensorflow.b:3", "tensorflow.c:4", "tensorflow.d:4"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_paths_and_lines(case: str) -> None:
    source, expected = CASES[case]
    assert [f"{u.paths[0]}:{u.line}" for u in uses(source) if len(u.paths) == 1] == expected


def test_alternatives_keywords_and_guards() -> None:
    found = uses(
        """
        import tensorflow as tf
        try:
            from tensorflow.contrib import old as cells
        except ImportError:
            from tensorflow.contrib import new as cells
        cells.Cell(2, a=1, **more)
        if tf.__version__ > "1.4":
            tf.later
        if hasattr(tf, "perhaps"):
            tf.perhaps
        try:
            tf.tried
        except ValueError:
            tf.sure
        """
    )
    by_name = {u.paths[0].rpartition(".")[2]: u for u in found}
    assert by_name["old"].guarded
    assert by_name["new"].guarded
    cell = by_name["Cell"]
    assert cell.paths == ("tensorflow.contrib.old.Cell", "tensorflow.contrib.new.Cell")
    assert cell.keywords == ("a",)
    assert not cell.guarded
    assert by_name["later"].guarded
    assert by_name["perhaps"].guarded
    assert not by_name["tried"].guarded
    assert not by_name["sure"].guarded
