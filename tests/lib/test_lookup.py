"""Lookup tables, against TensorFlow where it has them."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tf1x as tf
from tests.ops import both

_WORDS = ["one", "two", "ten"]
_ASKED = ["two", "three", "one"]


@pytest.fixture
def vocabulary(tmp_path: Path) -> str:
    path = tmp_path / "vocabulary.txt"
    path.write_text("one\t5\ntwo\t6\nten\t7\n")
    return str(path)


def _run(t: Any, program: Any) -> tuple[list[tuple[str, str]], list[Any]]:
    """Nodes and values of what `program(t)` gives, once the tables have been filled."""
    graph = t.Graph()
    with graph.as_default():
        fetches = program(t)
        nodes = [(op.name, op.type) for op in graph.get_operations()]
        with t.Session(graph=graph) as session:
            session.run(t.tables_initializer())
            return nodes, session.run(fetches)


def _static(t: Any) -> list[Any]:
    init = t.lookup.KeyValueTensorInitializer(_WORDS, np.int64([1, 2, 10]))
    table = t.lookup.StaticHashTable(init, -1, name="numbers")
    return [table.lookup(t.constant(_ASKED)), table.size(), table[t.constant("ten")]]


def _file(t: Any, path: str) -> list[Any]:
    init = t.lookup.TextFileInitializer(path, t.string, 0, t.int64, 1, delimiter="\t")
    table = t.lookup.StaticHashTable(init, -1)
    return [table.lookup(t.constant([["two"], ["x"]])), table.size()]


def _vocabulary(t: Any) -> list[Any]:
    init = t.lookup.KeyValueTensorInitializer(_WORDS, np.int64([0, 1, 2]))
    table = t.lookup.StaticVocabularyTable(init, 4)
    return [table.lookup(t.constant([*_ASKED, "four"])), table.size()]


def _sparse(t: Any) -> list[Any]:
    init = t.lookup.KeyValueTensorInitializer(np.int64([3, 4]), ["c", "d"])
    table = t.lookup.StaticHashTable(init, "?")
    keys = t.SparseTensor(np.int64([[0, 1], [2, 0]]), t.constant([4, 9], t.int64), [3, 2])
    found = table.lookup(keys)
    return [found.indices, found.values, found.dense_shape]


def _lookup_ops(t: Any) -> Any:
    """The functions of tf.contrib.lookup, of which TensorFlow 2 has kept these in private."""
    if t is tf:
        return t.contrib.lookup
    from tensorflow.python.ops import lookup_ops

    return lookup_ops


def _index_table(t: Any) -> list[Any]:
    table = _lookup_ops(t).index_table_from_tensor(_WORDS, num_oov_buckets=2)
    return [table.lookup(t.constant(_ASKED)), table.size()]


def _index_table_strong(t: Any) -> list[Any]:
    ops = _lookup_ops(t)
    spec = ops.StrongHashSpec([1, 7])
    table = ops.index_table_from_tensor(
        np.int64([5, 6]), num_oov_buckets=9, hasher_spec=spec, dtype=t.int32, name="ids"
    )
    return [table.lookup(t.constant([6, 7, 8, 9]))]


def _string_table(t: Any) -> list[Any]:
    table = _lookup_ops(t).index_to_string_table_from_tensor(_WORDS, default_value="no")
    return [table.lookup(t.constant([2, 0, 5], t.int64))]


_PROGRAMS = {
    "static": _static,
    "vocabulary": _vocabulary,
    "sparse": _sparse,
    "index table": _index_table,
    "index table of ints": _index_table_strong,
    "string table": _string_table,
}


def _assert_same(program: Any) -> None:
    from tests.oracle import tf1

    our_nodes, ours = _run(tf, program)
    their_nodes, theirs = _run(tf1, program)
    assert our_nodes == their_nodes
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", _PROGRAMS)
def test_the_same_as_tensorflow(name: str) -> None:
    _assert_same(_PROGRAMS[name])


def test_tables_from_files(vocabulary: str) -> None:
    _assert_same(lambda t: _file(t, vocabulary))
    _assert_same(
        lambda t: [
            _lookup_ops(t)
            .index_table_from_file(vocabulary, num_oov_buckets=1)
            .lookup(t.constant(["two\t6", "x"]))
        ]
    )
    _assert_same(
        lambda t: [
            _lookup_ops(t)
            .index_to_string_table_from_file(vocabulary, vocab_size=3)
            .lookup(t.constant([1, 7], t.int64))
        ]
    )


def test_tables_that_change() -> None:
    from tests.oracle import tf1

    def program(t: Any) -> list[Any]:
        ours = t is tf
        make = t.contrib.lookup.MutableHashTable if ours else t.lookup.experimental.MutableHashTable
        dense = t.lookup.experimental.DenseHashTable
        table = make(t.string, t.int64, -1)
        insert = table.insert(_WORDS, np.int64([1, 2, 3]))
        vectors = dense(t.int64, t.float32, [0.0, 0.0], empty_key=-1, deleted_key=-2)
        fill = vectors.insert(np.int64([4, 5]), [[1.0, 2.0], [3.0, 4.0]])
        with t.control_dependencies([insert, fill]):
            remove = table.remove(t.constant(["one"]))
        with t.control_dependencies([remove]):
            return [
                table.lookup(t.constant(_ASKED)),
                table.size(),
                vectors.lookup(np.int64([5, 6])),
                vectors.size(),
            ]

    both.assert_same(program)
    assert both.run(tf, program)[0] == both.run(tf1, program)[0]


def test_old_functions_of_contrib() -> None:
    ids = tf.contrib.lookup.string_to_index(tf.constant(_ASKED), tf.constant(_WORDS))
    back = tf.contrib.lookup.index_to_string(ids, tf.constant(_WORDS), default_value="none")
    table = tf.contrib.lookup.HashTable(
        tf.contrib.lookup.KeyValueTensorInitializer(_WORDS, [1, 2, 3]), 0
    )
    with tf.Session() as session:
        session.run(tf.initialize_all_tables())
        table.init.run()
        assert session.run(ids).tolist() == [1, -1, 0]
        assert session.run(back).tolist() == [b"two", b"none", b"one"]
        assert session.run(table.lookup(tf.constant("ten"))) == 3


def test_a_table_must_be_initialized() -> None:
    table = tf.contrib.lookup.index_table_from_tensor(_WORDS)
    found = table.lookup(tf.constant(_ASKED))
    with tf.Session() as session:
        with pytest.raises(tf.errors.FailedPreconditionError, match="Table not initialized"):
            session.run(found)
        session.run(tf.tables_initializer())
        session.run(tf.tables_initializer())  # the same entries again do no harm
        assert session.run(found).tolist() == [1, -1, 0]
    with tf.Session() as session, pytest.raises(tf.errors.FailedPreconditionError):
        session.run(found)  # each session has tables of its own


def _fill(keys: Any, values: Any, **types: Any) -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        init = tf.lookup.KeyValueTensorInitializer(keys, values, **types)
        tf.lookup.StaticHashTable(init, -1)
        session.run(tf.tables_initializer())


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    _fill(["a", "a"], np.int64([1, 1]))
    with pytest.raises(tf.errors.FailedPreconditionError, match="different value for same key"):
        _fill(["a", "a"], np.int64([1, 2]))
    with pytest.raises(tf.errors.InvalidArgumentError):
        _fill(["a", "b"], np.int64([1]))
    table = tf.contrib.lookup.index_table_from_tensor(_WORDS)
    with pytest.raises(TypeError, match="Dtype of argument `keys`"):
        table.lookup(tf.constant([1]))
    for content, error in (
        ("a\n\nb\n", tf.errors.InvalidArgumentError),
        ("a\n", tf.errors.InvalidArgumentError),
        (None, tf.errors.NotFoundError),
    ):
        path = tmp_path / "words.txt"
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_text(content)
        with tf.Graph().as_default(), tf.Session() as session:
            tf.contrib.lookup.index_table_from_file(str(path), vocab_size=2)
            with pytest.raises(error):
                session.run(tf.tables_initializer())


def test_a_saver_keeps_a_table_that_changes(tmp_path: Path) -> None:
    def build() -> Any:
        tf.Variable(1.0, name="v")
        return tf.contrib.lookup.MutableHashTable(tf.string, tf.int64, -1, name="counts")

    with tf.Graph().as_default(), tf.Session() as session:
        table = build()
        session.run(tf.global_variables_initializer())
        session.run(table.insert(_WORDS, np.int64([1, 2, 3])))
        path = tf.train.Saver().save(session, str(tmp_path / "model"))
    with tf.Graph().as_default(), tf.Session() as session:
        table = build()
        tf.train.Saver().restore(session, path)
        assert session.run(table.lookup(tf.constant(_ASKED))).tolist() == [2, -1, 1]


def test_threads_may_share_a_table() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        table = tf.contrib.lookup.MutableHashTable(tf.int64, tf.int64, -1)
        keys = tf.placeholder(tf.int64, [None])
        insert, size = table.insert(keys, keys * 2), table.size()

        def work(start: int) -> None:
            for i in range(20):
                session.run(insert, {keys: [start + i]})

        threads = [threading.Thread(target=work, args=(100 * n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert session.run(size) == 80
