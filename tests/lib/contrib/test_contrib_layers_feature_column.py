"""The feature columns of TensorFlow 1.0: names as they were, values as tf.feature_column's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x as tf

L = tf.contrib.layers
fc = tf.feature_column


def _features() -> dict[str, Any]:
    places = [[0, 0], [0, 1], [1, 0]]
    return {
        "w": tf.SparseTensor(places, ["a", "zz", "b"], [2, 2]),
        "i": tf.SparseTensor(places, np.int64([1, 3, 2]), [2, 2]),
        "wt": tf.SparseTensor(places, np.float32([0.5, 2, 3]), [2, 2]),
        "r": tf.constant([[0.5], [2.0]]),
        "v": tf.constant([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
    }


def _pairs() -> dict[str, tuple[Any, Any]]:
    """Columns of both kinds that mean the same."""
    w = L.sparse_column_with_hash_bucket("w", 7)
    i = L.sparse_column_with_integerized_feature("i", 4)
    r = L.real_valued_column("r")
    b = L.bucketized_column(r, [0.0, 1.0, 1.0])
    new_i = fc.categorical_column_with_identity("i", 4)
    new_b = fc.bucketized_column(fc.numeric_column("r"), [0.0, 1.0])
    key = L.SPARSE_FEATURE_CROSS_DEFAULT_HASH_KEY
    return {
        "r": (r, fc.numeric_column("r")),
        "v": (
            L.real_valued_column("v", dimension=3, normalizer=lambda x: x / 2),
            fc.numeric_column("v", shape=3, normalizer_fn=lambda x: x / 2),
        ),
        "bucketized": (b, new_b),
        "hashed": (w, fc.categorical_column_with_hash_bucket("w", 7)),
        "keys": (
            L.sparse_column_with_keys("w", ["b", "a"]),
            fc.categorical_column_with_vocabulary_list("w", ["b", "a"]),
        ),
        "integerized": (i, new_i),
        "weighted": (
            L.weighted_sparse_column(i, "wt"), fc.weighted_categorical_column(new_i, "wt")
        ),
        "crossed": (
            L.crossed_column([w, b], 11, hash_key=key), fc.crossed_column([new_b, "w"], 11)
        ),
    }  # fmt: skip


DENSE = ("r", "v", "bucketized")
SPARSE = ("hashed", "keys", "integerized", "weighted", "crossed")


def _filled(session: Any) -> list[str]:
    """Give the variables values; their names."""
    session.run([tf.global_variables_initializer(), tf.tables_initializer()])
    for variable in tf.global_variables():
        value = np.random.RandomState(1).randn(*variable.shape.as_list())
        variable.load(value.astype(np.float32), session)
    return [v.op.name for v in tf.global_variables()]


@pytest.mark.parametrize("name", [*DENSE, *SPARSE])
def test_linear_models(name: str) -> None:
    found = []
    for kind in (0, 1):
        with tf.Graph().as_default(), tf.Session() as session:
            column = _pairs()[name][kind]
            if kind == 0:
                sums, variables, bias = L.weighted_sum_from_feature_columns(
                    _features(), [column], 2, scope="linear"
                )
                names = _filled(session)
                last = "weight" if name in ("r", "v") else "weights"
                assert names == [f"linear/{column.name}/{last}", "linear/bias_weight"]
                assert [v.op.name for v in variables[column]] == names[:1]
                assert bias.op.name == names[1]
            else:
                sums = fc.linear_model(_features(), [column], units=2)
                _filled(session)
            found.append(session.run(sums))
    np.testing.assert_allclose(found[0], found[1], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", [*DENSE, *SPARSE])
def test_input_layers(name: str) -> None:
    found = []
    for kind in (0, 1):
        with tf.Graph().as_default(), tf.Session() as session:
            column = _pairs()[name][kind]
            module, build = (L, L.input_from_feature_columns) if kind == 0 else (fc, fc.input_layer)
            columns = [column]
            if name in SPARSE:
                hot = L.one_hot_column if kind == 0 else fc.indicator_column
                columns = [module.embedding_column(column, 3), hot(column)]
            net = build(_features(), columns)
            names = _filled(session)
            if kind == 0 and name in SPARSE:
                assert names == [f"input_from_feature_columns/{column.name}_embedding/weights"]
            found.append(session.run(net))
    np.testing.assert_allclose(found[0], found[1], rtol=1e-5, atol=1e-6)


def test_shared_embeddings_and_joint_weights() -> None:
    columns = [L.sparse_column_with_hash_bucket(key, 5) for key in ("w", "w2")]
    with tf.Graph().as_default(), tf.Session() as session:
        features = _features()
        features["w2"] = features["w"]
        net = L.input_from_feature_columns(features, L.shared_embedding_columns(columns, 2))
        sums, _, _ = L.joint_weighted_sum_from_feature_columns(features, columns, 1, scope="joint")
        assert _filled(session) == [
            "input_from_feature_columns/w_embedding/w_w2_shared_embedding",
            "joint/weights",
            "joint/bias_weight",
        ]
        first, second = np.hsplit(session.run(net), 2)
        np.testing.assert_array_equal(first, second)
        assert session.run(sums).shape == (2, 1)


def test_columns_of_the_data() -> None:
    (column,) = L.infer_real_valued_columns(tf.ones([5, 2, 3]))
    assert (column.name, column.dimension) == ("", 6)
    (column,) = tf.contrib.learn.infer_real_valued_columns_from_input(np.ones([5, 4]))
    assert (column.name, column.dimension, column.dtype) == ("", 4, tf.float64)
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.ones([5, 4])
        L.weighted_sum_from_feature_columns({"": x}, [column], 1, scope="linear")
        assert "linear//weight" in _filled(session)
    with pytest.raises(ValueError, match="Non integer or non floating"):
        L.infer_real_valued_columns({"x": tf.constant(["a"])})


def test_parsing() -> None:
    pairs = _pairs()
    columns = [pairs["crossed"][0], pairs["v"][0], pairs["weighted"][0]]
    assert L.create_feature_spec_for_parsing(columns) == {
        "i": tf.VarLenFeature(tf.int64),
        "r": tf.FixedLenFeature([1], tf.float32),
        "v": tf.FixedLenFeature([3], tf.float32),
        "w": tf.VarLenFeature(tf.string),
        "wt": tf.VarLenFeature(tf.float32),
    }
    example = tf.train.Example()
    example.features.feature["r"].float_list.value.append(0.5)
    with tf.Graph().as_default(), tf.Session() as session:
        column = pairs["bucketized"][0]
        parsed = L.parse_feature_columns_from_examples([example.SerializeToString()], [column])
        assert session.run(parsed[column]).tolist() == [[1]]


ERRORS = {
    "sparse in a network": (
        lambda: L.input_from_feature_columns(_features(), [_pairs()["hashed"][0]]),
        "Please use embedding_column",
    ),
    "twice": (
        lambda: L.check_feature_columns([L.real_valued_column("a")] * 2),
        "Duplicate feature column key",
    ),
    "dimension": (lambda: L.real_valued_column("a", dimension=0), "greater than 0"),
    "default": (lambda: L.real_valued_column("a", 2, [1.0]), "length of default_value"),
    "boundaries": (lambda: L.bucketized_column(L.real_valued_column("a"), [2, 1]), "sorted"),
    "crossed": (lambda: L.crossed_column([_pairs()["hashed"][0]], 5), "at least 2 elements"),
    "combiner": (lambda: L.sparse_column_with_keys("a", ["b"], combiner="max"), "Combiner"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    call, message = ERRORS[name]
    with tf.Graph().as_default(), pytest.raises(ValueError, match=message):
        call()
