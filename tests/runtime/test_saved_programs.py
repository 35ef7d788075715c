"""Programs on the disk: found again, told apart, and never in the way."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import jax
import numpy as np
import pytest

import tf1x as tf
from tests.processes import python
from tf1x.runtime import precision, saved_programs
from tf1x.runtime.compile import Compiled

X = np.linspace(-1, 1, 60, dtype=np.float32).reshape(10, 6)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Iterator[Path]:
    saved_programs.keep_in(tmp_path / "programs")
    yield tmp_path / "programs"
    saved_programs.keep_in(None)


def run(program: Callable[[], Any], runs: int = 3, feed: Any = None) -> Any:
    """What the program's fetches are in some runs, in a graph and session of its own."""
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(3)
        fetches = program()
        session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        return [session.run(fetches, feed) for _ in range(runs)]


def not_traced() -> Any:
    return mock.patch.object(Compiled, "_trace", side_effect=AssertionError("it is traced"))


def network(optimizer: Any = None, rate: float = 0.5, hidden: int = 5) -> Any:
    hidden_layer = tf.layers.dense(X, hidden, tf.nn.tanh)
    hidden_layer = tf.nn.dropout(hidden_layer, keep_prob=rate)
    loss = tf.reduce_mean(tf.square(tf.layers.dense(hidden_layer, 1)))
    return [(optimizer or tf.train.AdamOptimizer(0.1)).minimize(loss), loss]


def embedding() -> Any:
    """Sparse updates, whose old rows a failed run puts back."""
    table = tf.get_variable("table", [50, 4])
    rows = tf.nn.embedding_lookup(table, [3, 7, 3])
    loss = tf.losses.sparse_softmax_cross_entropy([1, 2, 0], rows)
    return [tf.train.AdagradOptimizer(0.1).minimize(loss), loss, table]


def loop() -> Any:
    """A loop with more steps than there is room for at first, and its gradient."""
    start = tf.get_variable("start", initializer=np.float32(1.0))
    most = tf.cast(start * 30.0, tf.int32)
    _, total = tf.while_loop(
        lambda i, _: i < most, lambda i, x: (i + 1, x + start * start), [0, start]
    )
    return [total, tf.gradients(total, start)[0]]


def branches() -> Any:
    x = tf.get_variable("x", initializer=np.float32(2.0))
    y = tf.cond(x > 0, lambda: tf.random_uniform([3], seed=5) * x, lambda: tf.zeros([3]))
    return [y, tf.gradients(y, x)[0]]


def recurrent() -> Any:
    inputs = tf.placeholder_with_default(np.ones([4, 7, 3], np.float32), [None, None, 3])
    outputs, _ = tf.nn.dynamic_rnn(
        tf.nn.rnn_cell.LSTMCell(5), inputs, dtype=tf.float32, sequence_length=[2, 7, 5, 1]
    )
    return [tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_sum(outputs)), outputs]


def static_and_constant() -> Any:
    """An output that is known beforehand, and a constant that the program takes as an input."""
    table = tf.constant(np.arange(5000, dtype=np.float32))
    return [tf.shape(table), tf.reduce_sum(table * 2.0), tf.random_normal([2], seed=1)]


PROGRAMS = [network, embedding, loop, branches, recurrent, static_and_constant]


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_second_run_traces_nothing(program: Callable[[], Any], folder: Path) -> None:
    saved_programs.keep_in(None)
    expected = run(program)
    saved_programs.keep_in(folder)
    _same(run(program), expected)
    assert list(folder.iterdir())
    with not_traced():
        _same(run(program), expected)


def _same(found: Any, expected: Any) -> None:
    jax.tree.map(np.testing.assert_array_equal, found, expected)


def scaled(factor: float = 2.0, seed: int = 1, name: str = "x", **options: Any) -> Any:
    x = tf.get_variable(name, initializer=np.full(options.get("size", 3), 1.5, np.float32))
    y = tf.random_uniform(tf.shape(x), seed=seed) if "random" in options else x
    return tf.matmul([x * factor], [y], transpose_b=True)


@pytest.mark.parametrize(
    "other",
    [
        {"factor": 3.0},
        {"name": "y"},
        {"size": 4},
        {"random": True},
    ],
    ids=str,
)
def test_other_programs_are_told_apart(other: dict[str, Any], folder: Path) -> None:
    run(scaled)
    assert len(list(folder.iterdir())) == 1
    found = run(lambda: scaled(**other))
    assert len(list(folder.iterdir())) == 2
    saved_programs.keep_in(None)
    _same(found, run(lambda: scaled(**other)))


def test_names_of_ops_and_seeds_do_not_matter(folder: Path) -> None:
    def named(name: str, seed: int) -> Any:
        with tf.name_scope(name):
            return tf.random_uniform([3], seed=seed) * tf.constant(2.0)

    first = run(lambda: named("one", 1))
    with not_traced():
        second = run(lambda: named("another", 2))
    assert len(list(folder.iterdir())) == 1
    saved_programs.keep_in(None)
    _same(second, run(lambda: named("another", 2)))
    assert not np.array_equal(first, second)


def test_settings_matter(folder: Path) -> None:
    def product() -> Any:
        return tf.matmul(X, tf.get_variable("w", initializer=X.T + 0.001))

    exact = run(product)
    precision.set_products(precision.Products.REDUCED)
    try:
        assert not np.array_equal(run(product), exact)
    finally:
        precision.set_products(precision.Products.EXACT)
    with jax.default_matmul_precision("highest"):
        run(product)
    assert len(list(folder.iterdir())) == 3


def test_a_failed_check_of_a_saved_program(folder: Path) -> None:
    """The error names the op and line, and the variables are as before."""

    def program() -> Any:
        x = tf.get_variable("x", initializer=np.float32(4.0))
        bad = tf.check_numerics(tf.log(x - 4.0), "a logarithm", name="checked")
        with tf.control_dependencies([x.assign_add(2.0)]):
            return tf.group(bad)

    for guard in (mock.MagicMock(), not_traced()):
        with guard, tf.Graph().as_default(), tf.Session() as session:
            fetches = program()
            session.run(tf.global_variables_initializer())
            with pytest.raises(tf.errors.InvalidArgumentError, match=r"a logarithm[^$]*checked"):
                session.run(fetches)
            assert session.run("x:0") == 4.0
    assert len(list(folder.iterdir())) == 1


def test_what_has_no_fingerprint_is_compiled_as_before(folder: Path) -> None:
    """A seed that is drawn for the session, within a function, stands in the program."""

    def program() -> Any:
        return tf.map_fn(lambda x: x + tf.random_uniform([]), tf.zeros([3]))

    with tf.Graph().as_default(), tf.Session() as session:
        fetches = program()
        assert not np.array_equal(session.run(fetches), session.run(fetches))
    assert not list(folder.iterdir())


@pytest.mark.parametrize("damage", [b"", b"no program", None], ids=["empty", "other", "cut"])
def test_a_damaged_file_is_made_anew(damage: bytes | None, folder: Path) -> None:
    expected = run(network)
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes()[:-100] if damage is None else damage)
    _same(run(network), expected)
    with not_traced():
        _same(run(network), expected)


def test_what_was_not_used_for_long_goes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(network)
    (old,) = folder.iterdir()
    run(embedding)
    (new,) = set(folder.iterdir()) - {old}
    os.utime(old, (0, 0))
    monkeypatch.setattr(saved_programs, "_MAX_BYTES", new.stat().st_size)
    saved_programs.keep_in(folder)
    run(embedding)
    assert set(folder.iterdir()) == {old, new}  # nothing has been saved
    run(loop)
    assert not old.exists()
    assert new.exists()


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    saved_programs.keep_in(tmp_path / "file" / "programs")
    assert np.isfinite(run(network)[0][1])


SCRIPT = """
import tensorflow as tf
import jax
jax.monitoring.register_event_duration_secs_listener(
    lambda event, seconds, **_: print(event) if "trace" in event or "compile_time" in event else None
)
x = tf.placeholder(tf.float32, [3])
w = tf.Variable(2.0)
loss = tf.reduce_sum(tf.sin(x) * w)
train = tf.train.AdamOptimizer(0.1).minimize(loss)
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    for _ in range(3):
        print(session.run([train, loss], {x: [1, 2, 3]})[1])
"""


def test_processes_share_programs(tmp_path: Path) -> None:
    """Beside JAX's cache, which must not hand out what it cannot save (see saved_programs.py)."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)

    def printed(cache: str) -> list[str]:
        done = python("-m", "tf1x", "run", str(script), cwd=tmp_path, TF1X_CACHE=cache)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    expected = [line for line in printed("off") if not line.startswith("/jax")]
    first, second, third = (printed(str(tmp_path / "cache")) for _ in range(3))
    assert [line for line in first if not line.startswith("/jax")] == expected
    assert len(first) > len(expected)
    assert second == third == expected
