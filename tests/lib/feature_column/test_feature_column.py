"""Feature columns in tf1x and in TensorFlow: the same nodes, variables, values and errors."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tf1x
from tests.lib.compare import assert_close, nodes
from tests.oracle import tf1

FEATURES = {
    "price": np.float32([[1.5], [2.0], [-3.0]]),
    "size": np.float32([[1, 2], [3, 4], [5, 6]]),
    "word": np.array(["a", "b", ""], object),
    "pair": np.array([["a", "zzz"], ["c", ""], ["", ""]], object),
    "code": np.int64([[0], [7], [-1]]),
    "many": np.int64([[0, 3, 3], [2, -1, -1], [-1, -1, -1]]),
    "weight": np.float32([[0.5, 2.0, 1.0], [3.0, 0.0, 0.0], [0.0, 0.0, 0.0]]),
    "small": np.int32([4, 5, 6]),
}


def _vocabulary() -> str:
    path = os.path.join(tempfile.gettempdir(), "tf1x_feature_column_vocabulary.txt")
    if not os.path.exists(path):
        with tempfile.NamedTemporaryFile("w", delete=False) as file:
            file.write("a\nb\nc\n")
        os.replace(file.name, path)  # another worker may be reading it
    return path


def _ones(tf: Any) -> Any:
    return tf.ones_initializer()


Columns = Callable[[Any, Any], list[Any]]

DENSE: dict[str, Columns] = {
    "numeric": lambda tf, fc: [fc.numeric_column("price"), fc.numeric_column("size", shape=2)],
    "normalized": lambda tf, fc: [
        fc.numeric_column("size", shape=[2], normalizer_fn=lambda x: (x - 3.0) / 2.0)
    ],
    "integers": lambda tf, fc: [fc.numeric_column("small", dtype=tf.int32)],
    "bucketized": lambda tf, fc: [
        fc.bucketized_column(fc.numeric_column("size", shape=(2,)), [0.0, 2.0, 4.5])
    ],
    "indicator": lambda tf, fc: [
        fc.indicator_column(fc.categorical_column_with_vocabulary_list("pair", ["a", "b", "c"])),
        fc.indicator_column(fc.categorical_column_with_identity("many", 4)),
    ],
    "weighted indicator": lambda tf, fc: [
        fc.indicator_column(
            fc.weighted_categorical_column(
                fc.categorical_column_with_identity("many", 4), "weight"
            )
        )
    ],
    "embedding": lambda tf, fc: [
        fc.embedding_column(fc.categorical_column_with_hash_bucket("pair", 10), 3),
        fc.embedding_column(
            fc.categorical_column_with_identity("many", 4), 2, combiner="sqrtn", max_norm=0.5
        ),
        fc.embedding_column(
            fc.categorical_column_with_vocabulary_file("word", _vocabulary(), num_oov_buckets=2),
            2, combiner="sum",
        ),
    ],
    "weighted embedding": lambda tf, fc: [
        fc.embedding_column(
            fc.weighted_categorical_column(
                fc.categorical_column_with_identity("many", 4), "weight"
            ), 3,
        )
    ],
    "shared embedding": lambda tf, fc: fc.shared_embedding_columns(
        [
            fc.categorical_column_with_hash_bucket("pair", 5),
            fc.categorical_column_with_hash_bucket("word", 5),
        ], 2,
    ),
    "of a cross": lambda tf, fc: [
        fc.indicator_column(
            fc.crossed_column(
                ["word", "pair", fc.bucketized_column(fc.numeric_column("price"), [0.0, 1.8])], 7
            )
        )
    ],
}  # fmt: skip

LINEAR: dict[str, Columns] = {
    **{name: DENSE[name] for name in ("numeric", "bucketized", "embedding")},
    "hashed": lambda tf, fc: [
        fc.categorical_column_with_hash_bucket("pair", 10),
        fc.categorical_column_with_hash_bucket("code", 5, dtype=tf.int64),
    ],
    "vocabularies": lambda tf, fc: [
        fc.categorical_column_with_vocabulary_list("word", ["b", "a"], default_value=1),
        fc.categorical_column_with_vocabulary_list("code", [7, 0, 3], num_oov_buckets=2),
        fc.categorical_column_with_vocabulary_file("pair", _vocabulary(), 2),
    ],
    "identity": lambda tf, fc: [
        fc.categorical_column_with_identity("code", 3, default_value=2),
        fc.categorical_column_with_identity("small", 7, default_value=0),
    ],
    "weighted": lambda tf, fc: [
        fc.weighted_categorical_column(fc.categorical_column_with_identity("many", 4), "weight")
    ],
    "crossed": lambda tf, fc: [
        fc.crossed_column(["word", "pair"], 10),
        fc.crossed_column(
            [fc.crossed_column(["word", "code"], 9), fc.categorical_column_with_identity("many", 4)],
            20, hash_key=5,
        ),
    ],
}  # fmt: skip


def _features(tf: Any) -> dict[str, Any]:
    return {
        key: tf.placeholder(
            tf.string if value.dtype == object else value.dtype.name,
            [None, *value.shape[1:]], name=f"fed_{key}",
        )
        for key, value in FEATURES.items()
    }  # fmt: skip


def _program(kind: str, columns: Columns, **options: Any) -> Callable[[Any], Any]:
    def program(tf: Any) -> Any:
        features = _features(tf)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            function = getattr(tf.feature_column, kind)
            return features, function(features, columns(tf, tf.feature_column), **options)

    return program


def _values(tf: Any, program: Callable[[Any], Any]) -> list[Any]:
    """The output, with weights by their position, and the variables by name."""
    with tf.Graph().as_default(), tf.Session() as session:
        features, output = program(tf)
        session.run([tf.global_variables_initializer(), tf.tables_initializer()])
        for i, variable in enumerate(tf.global_variables()):
            shape = variable.shape.as_list()
            session.run(variable.assign(np.random.RandomState(i).randn(*shape)))
        feeds = {tensor: FEATURES[key] for key, tensor in features.items()}
        names = [(v.name, v.shape.as_list()) for v in tf.global_variables()]
        sets = [
            [v.name for v in tf.get_collection(key)]
            for key in ("trainable_variables", "model_variables")
        ]
        return [session.run(output, feeds), names, sets]


CASES = [
    *(pytest.param("input_layer", columns, {}, id=f"input-{name}") for name, columns in DENSE.items()),
    *(
        pytest.param("linear_model", columns, {}, id=f"linear-{name}")
        for name, columns in LINEAR.items()
    ),
    pytest.param("linear_model", LINEAR["hashed"], {"units": 3, "sparse_combiner": "mean"}, id="units"),
    pytest.param("input_layer", DENSE["embedding"], {"trainable": False}, id="frozen"),
    pytest.param("input_layer", DENSE["embedding"], {"weight_collections": ["mine"]}, id="collections"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "columns", "options"), CASES)
def test_equals_tensorflow(kind: str, columns: Columns, options: dict[str, Any]) -> None:
    program = _program(kind, columns, **options)
    ours, theirs = _values(tf1x, program), _values(tf1, program)
    assert ours[1:] == theirs[1:]
    assert_close(ours[0], theirs[0])
    ours, theirs = (_names(tf, program) for tf in (tf1x, tf1))
    assert ours == theirs


def _names(tf: Any, program: Callable[[Any], Any]) -> list[tuple[str, str]]:
    """Names and types of all nodes; shared names of tables are random."""
    return [node[:2] for node in nodes(tf, program)]


def _sparse(tf: Any, values: list[Any], indices: list[list[int]], shape: list[int]) -> Any:
    return tf.SparseTensor(indices, values, shape)


def test_make_parse_example_spec_equals_tensorflow() -> None:
    for name, columns in {**DENSE, **LINEAR}.items():
        specs = [
            tf.feature_column.make_parse_example_spec(columns(tf, tf.feature_column))
            for tf in (tf1x, tf1)
        ]
        ours, theirs = ({k: _described(v) for k, v in spec.items()} for spec in specs)
        assert ours == theirs, name


def _described(feature: Any) -> tuple[Any, ...]:
    values = feature._asdict()
    return (type(feature).__name__, values.pop("dtype").name, *values.items())


ERRORS: dict[str, Callable[[Any, Any], Any]] = {
    "no feature": lambda tf, fc: fc.input_layer({"x": tf.ones([2, 1])}, [fc.numeric_column("y")]),
    "rank 0": lambda tf, fc: fc.input_layer({"x": tf.ones([])}, [fc.numeric_column("x")]),
    "not dense": lambda tf, fc: fc.input_layer(
        {"x": tf.ones([2, 1])}, [fc.categorical_column_with_identity("x", 3)]
    ),
    "no columns": lambda tf, fc: fc.input_layer({}, []),
    "a dict": lambda tf, fc: fc.linear_model({}, {"x": 1}),
    "no column": lambda tf, fc: fc.linear_model({}, ["x"]),
    "twice": lambda tf, fc: fc.linear_model({}, [fc.numeric_column("x"), fc.numeric_column("x")]),
    "batches": lambda tf, fc: fc.input_layer(
        {"x": tf.ones([2, 1]), "y": tf.ones([3, 1])}, [fc.numeric_column("x"), fc.numeric_column("y")]
    ),
    "sparse number": lambda tf, fc: fc.input_layer(
        {"x": _sparse(tf, [1.0], [[0, 0]], [1, 1])}, [fc.numeric_column("x")]
    ),
    "wrong type": lambda tf, fc: fc.linear_model(
        {"x": tf.ones([2, 1])}, [fc.categorical_column_with_hash_bucket("x", 3)]
    ),
    "not integer": lambda tf, fc: fc.linear_model(
        {"x": tf.ones([2, 1])}, [fc.categorical_column_with_identity("x", 3)]
    ),
    "key": lambda tf, fc: fc.numeric_column(3),
    "shape": lambda tf, fc: fc.numeric_column("x", shape=[0]),
    "shape type": lambda tf, fc: fc.numeric_column("x", shape=[1.5]),
    "dtype": lambda tf, fc: fc.numeric_column("x", dtype=tf.string),
    "default shape": lambda tf, fc: fc.numeric_column("x", 2, default_value=[1.0]),
    "default type": lambda tf, fc: fc.numeric_column("x", default_value="a"),
    "normalizer": lambda tf, fc: fc.numeric_column("x", normalizer_fn=3),
    "boundaries": lambda tf, fc: fc.bucketized_column(fc.numeric_column("x"), [2, 1]),
    "no boundaries": lambda tf, fc: fc.bucketized_column(fc.numeric_column("x"), []),
    "bucket size": lambda tf, fc: fc.categorical_column_with_hash_bucket("x", 0),
    "no vocabulary": lambda tf, fc: fc.categorical_column_with_vocabulary_list("x", []),
    "double word": lambda tf, fc: fc.categorical_column_with_vocabulary_list("x", ["a", "a"]),
    "word type": lambda tf, fc: fc.categorical_column_with_vocabulary_list("x", ["a"], dtype=tf.int64),
    "both defaults": lambda tf, fc: fc.categorical_column_with_vocabulary_list(
        "x", ["a"], default_value=0, num_oov_buckets=1
    ),
    "no file": lambda tf, fc: fc.categorical_column_with_vocabulary_file("x", "/nonexistent"),
    "identity": lambda tf, fc: fc.categorical_column_with_identity("x", 0),
    "identity default": lambda tf, fc: fc.categorical_column_with_identity("x", 2, 2),
    "dimension": lambda tf, fc: fc.embedding_column(fc.categorical_column_with_identity("x", 2), 0),
    "initializer": lambda tf, fc: fc.embedding_column(
        fc.categorical_column_with_identity("x", 2), 1, initializer=1
    ),
    "checkpoint": lambda tf, fc: fc.embedding_column(
        fc.categorical_column_with_identity("x", 2), 1, ckpt_to_load_from="a"
    ),
    "one key": lambda tf, fc: fc.crossed_column(["a"], 3),
    "weight type": lambda tf, fc: fc.weighted_categorical_column(
        fc.categorical_column_with_identity("x", 2), "w", dtype=tf.string
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_errors_equal_tensorflow(name: str) -> None:
    found = []
    for tf in (tf1x, tf1):
        with tf.Graph().as_default(), pytest.raises((TypeError, ValueError)) as caught:
            ERRORS[name](tf, tf.feature_column)
        found.append((caught.type, str(caught.value)[:40]))
    assert found[0] == found[1]


def test_an_id_out_of_range_is_an_error_when_run() -> None:
    fc = tf1x.feature_column
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        logits = fc.linear_model(
            {"x": tf1x.constant([[5]], tf1x.int64)}, [fc.categorical_column_with_identity("x", 3)]
        )
        session.run(tf1x.global_variables_initializer())
        with pytest.raises(tf1x.errors.InvalidArgumentError):
            session.run(logits)


# -- sequences -------------------------------------------------------------------------------------


def _sequences(tf: Any) -> dict[str, Any]:
    places = [[0, 0], [0, 1], [1, 0]]
    return {
        "ids": _sparse(tf, np.int64([2, 0, 1]), places, [2, 2]),
        "words": _sparse(tf, ["a", "b", "c"], places, [2, 2]),
        "sizes": _sparse(tf, np.float32([1, 2, 3, 4]), [[0, 0], [0, 1], [0, 2], [0, 3]], [2, 4]),
    }


SEQUENCES: dict[str, Columns] = {
    "numeric": lambda tf, fc: [fc.sequence_numeric_column("sizes", shape=2, default_value=9.0)],
    "indicator": lambda tf, fc: [
        fc.indicator_column(fc.sequence_categorical_column_with_identity("ids", 3))
    ],
    "embedding": lambda tf, fc: [
        fc.embedding_column(
            fc.sequence_categorical_column_with_vocabulary_list("words", ["b", "a"]), 2
        ),
        fc.embedding_column(fc.sequence_categorical_column_with_hash_bucket("words2", 3), 2),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", SEQUENCES)
def test_sequence_input_layer(name: str) -> None:
    """TensorFlow 2.21 has the columns, but the layer only in Keras: `SequenceFeatures`."""
    found = []
    for tf in (tf1x, tf1):
        with tf.Graph().as_default(), tf.Session() as session, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            features = _sequences(tf)
            features["words2"] = features["words"]
            columns = SEQUENCES[name](tf, tf.feature_column)
            if tf is tf1:
                layer = tf.keras.experimental.SequenceFeatures(columns)
                output = layer(features)
            else:
                output = tf.contrib.feature_column.sequence_input_layer(features, columns)
            session.run([tf.global_variables_initializer(), tf.tables_initializer()])
            for i, variable in enumerate(tf.global_variables()):
                value = np.random.RandomState(i).randn(*variable.shape.as_list())
                variable.load(value.astype(np.float32), session)
            found.append(session.run(output))
    assert_close(*found)


def test_context_is_joined_to_each_step() -> None:
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        context, sequence = tf1x.constant([[1.0], [2.0]]), tf1x.zeros([2, 3, 2])
        joined = tf1x.contrib.feature_column.concatenate_context_input(context, sequence)
        expected = np.zeros([2, 3, 3], np.float32)
        expected[:, :, 2] = [[1] * 3, [2] * 3]
        np.testing.assert_array_equal(session.run(joined), expected)
        with pytest.raises(ValueError, match="sequence_input must have rank 3"):
            tf1x.contrib.feature_column.concatenate_context_input(context, context)
