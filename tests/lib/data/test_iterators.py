"""Iterators of all kinds, their errors and their threads."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tf1x
from tests.lib.data.pipelines import PIPELINES
from tests.oracle import tf1
from tests.processes import code
from tf1x.ops import dataset_map
from tf1x.ops.dataset_value import Context


def drained(tf: Any, session: Any, tensor: Any, feeds: Any = None) -> list[Any]:
    """Values until the end; the end's message last."""
    found = []
    while True:
        try:
            found.append(np.asarray(session.run(tensor, feeds)).tolist())
        except tf.errors.OutOfRangeError as error:
            return [*found, "End of sequence" in error.message]


def one_shot(tf: Any, session: Any) -> Any:
    dataset = tf.data.Dataset.from_tensor_slices([3, 1, 2]).map(lambda x: x * 2)
    get_next = dataset.make_one_shot_iterator().get_next()
    return [drained(tf, session, get_next), drained(tf, session, get_next)]


def initialised(tf: Any, session: Any) -> Any:
    n = tf.placeholder(tf.int64, [])
    iterator = tf.data.Dataset.range(n).map(lambda x: x + n).make_initializable_iterator()
    get_next = iterator.get_next()
    found = []
    for value in (2, 3):
        session.run(iterator.initializer, {n: value})
        found.append(drained(tf, session, get_next))
    session.run(iterator.initializer, {n: 5})
    found.append(session.run([get_next, get_next]))
    session.run(iterator.initializer, {n: 1})
    return [*found, drained(tf, session, get_next)]


def reinitialised(tf: Any, session: Any) -> Any:
    train, test = tf.data.Dataset.range(3), tf.data.Dataset.range(10, 12)
    iterator = tf.data.Iterator.from_structure(train.output_types, train.output_shapes)
    get_next = iterator.get_next()
    found = []
    for dataset in (train, test, train):
        session.run(iterator.make_initializer(dataset))
        found.append(drained(tf, session, get_next))
    return found


def fed(tf: Any, session: Any) -> Any:
    train = tf.data.Dataset.range(3).repeat().make_one_shot_iterator()
    test = tf.data.Dataset.range(10, 12).make_initializable_iterator()
    handle = tf.placeholder(tf.string, [])
    iterator = tf.data.Iterator.from_string_handle(handle, tf.int64, [])
    get_next = iterator.get_next() + 1
    handles = session.run([train.string_handle(), test.string_handle()])
    found = []
    for _ in range(2):
        found.append([session.run(get_next, {handle: handles[0]}) for _ in range(4)])
        session.run(test.initializer)
        found.append(drained(tf, session, get_next, {handle: handles[1]}))
    return found


def trained(tf: Any, session: Any) -> Any:
    x = np.linspace(-1, 1, 32).astype(np.float32)
    data = tf.data.Dataset.from_tensor_slices((x, 3 * x + 1)).shuffle(32, seed=1).repeat().batch(8)
    inputs, targets = data.make_one_shot_iterator().get_next()
    w, b = tf.Variable(0.0), tf.Variable(0.0)
    loss = tf.reduce_mean(tf.square(w * inputs + b - targets))
    step = tf.train.GradientDescentOptimizer(0.2).minimize(loss)
    session.run(tf.global_variables_initializer())
    losses = [session.run([loss, step])[0] for _ in range(30)]
    return [np.round(losses, 4).tolist(), np.round(session.run([w, b]), 4).tolist()]


def optional(tf: Any, session: Any) -> Any:
    iterator = tf.data.Dataset.range(2).make_initializable_iterator()
    found = tf.data.experimental.get_next_as_optional(iterator)
    there, value = found.has_value(), found.get_value()
    session.run(iterator.initializer)
    return [session.run([there, value]), session.run([there, value]), session.run(there)]


def reduced(tf: Any, session: Any) -> Any:
    total = tf.data.Dataset.range(5).reduce(np.int64(0), lambda s, x: s + x)
    pair = tf.data.Dataset.range(4).reduce((0.0, 1), lambda s, x: (s[0] + 0.5, s[1] * 2))
    single = tf.data.experimental.get_single_element(tf.data.Dataset.range(9).batch(9))
    return [session.run(total), session.run(pair), session.run(single).tolist()]


def two_iterators(tf: Any, session: Any) -> Any:
    data = tf.data.Dataset.range(3)
    a, b = data.make_one_shot_iterator().get_next(), data.make_one_shot_iterator().get_next()
    return [session.run([a, b]), session.run(a), session.run([a, b])]


def beside_variables(tf: Any, session: Any) -> Any:
    """A function that reads a variable."""
    v = tf.get_variable("v", initializer=np.int64(5), use_resource=True)
    iterator = tf.data.Dataset.range(3).map(lambda x: x * v).make_initializable_iterator()
    get_next = iterator.get_next()
    session.run(v.initializer)
    session.run(iterator.initializer)
    return drained(tf, session, get_next)


PROGRAMS = [
    one_shot,
    initialised,
    reinitialised,
    fed,
    trained,
    optional,
    reduced,
    two_iterators,
    beside_variables,
]


@pytest.mark.parametrize("program", PROGRAMS)
def test_program(program: Callable[..., Any], monkeypatch: Any) -> None:
    monkeypatch.setenv("TF1X_SEEDS", "tf2")
    found = []
    for tf in (tf1, tf1x):
        with tf.Graph().as_default(), tf.Session() as session:
            found.append(program(tf, session))
    assert str(found[1]) == str(found[0])


def test_one_shot_graph_is_like_tensorflows() -> None:
    def nodes(tf: Any) -> Any:
        with tf.Graph().as_default() as graph:
            dataset = tf.data.Dataset.from_tensor_slices([[1.0], [2.0]]).map(lambda x: x + 1)
            iterator = dataset.batch(2).make_one_shot_iterator()
            iterator.get_next()
            structure = tf.data.Iterator.from_structure(dataset.output_types, dataset.output_shapes)
            structure.make_initializer(dataset)
            tf.data.Iterator.from_string_handle(iterator.string_handle(), tf.float32).get_next("n")
            return [(op.name, op.type) for op in graph.get_operations()]

    assert nodes(tf1x) == nodes(tf1)


EXCHANGED = [
    "slices of a dict",
    "map in parallel",
    "map with a condition",
    "random map",
    "padded batch",
    "shuffle each epoch",
    "interleave in parallel",
    "window",
    "scan",
    "group by window",
    "parallel interleave",
    "sparse batches",
]


@pytest.mark.parametrize("name", EXCHANGED)
def test_graphs_cross(name: str, monkeypatch: Any) -> None:
    """Each engine runs the graph that the other built."""
    monkeypatch.setenv("TF1X_SEEDS", "tf2")
    found = []
    for builder in (tf1, tf1x):
        with builder.Graph().as_default() as graph:
            builder.set_random_seed(3)
            PIPELINES[name](builder).make_initializable_iterator().get_next()
            definition = graph.as_graph_def().SerializeToString()
        for runner in (tf1, tf1x):
            proto = runner.GraphDef()
            proto.ParseFromString(definition)
            with runner.Graph().as_default() as graph, runner.Session() as session:
                runner.import_graph_def(proto, name="")
                get_next = graph.get_operation_by_name("IteratorGetNext").outputs
                tensors = [t for t in get_next if t.dtype is not runner.variant]
                session.run("MakeIterator")
                found.append([[np.asarray(x).tolist() for x in session.run(tensors)] for _ in range(2)])  # fmt: skip
    assert found[1:] == found[:1] * 3


# -- errors --------------------------------------------------------------------------------------


def _run(tf: Any, build: Callable[[Any], Any]) -> Any:
    with tf.Graph().as_default(), tf.Session() as session:
        iterator = build(tf).make_initializable_iterator()
        get_next = iterator.get_next()
        session.run(iterator.initializer)
        return [session.run(get_next) for _ in range(3)]


def _generated(value: Any, types: Any, shapes: Any = None) -> Callable[[Any], Any]:
    def build(tf: Any) -> Any:
        return tf.data.Dataset.from_generator(lambda: iter([value]), getattr(tf, types), shapes)

    return build


def _raising() -> Any:
    yield 1
    raise ValueError("of the user")


FAILING: dict[str, tuple[Callable[[Any], Any], str]] = {
    "end": (lambda tf: tf.data.Dataset.range(2), "OutOfRangeError"),
    "batch of shapes": (
        lambda tf: tf.data.Dataset.range(4).map(lambda x: tf.fill([x], 1)).batch(2),
        "InvalidArgumentError",
    ),
    "batch of nothing": (lambda tf: tf.data.Dataset.range(4).batch(0), "InvalidArgumentError"),
    "shuffle of nothing": (lambda tf: tf.data.Dataset.range(4).shuffle(0), "InvalidArgumentError"),
    "pad too far": (
        lambda tf: tf.data.Dataset.range(4, 6).map(lambda x: tf.fill([x], x)).padded_batch(2, [2]),
        "DataLossError",
    ),
    "map": (
        lambda tf: tf.data.Dataset.range(4).map(lambda x: tf.gather([1, 2], x)),
        "InvalidArgumentError",
    ),
    "map in parallel": (
        lambda tf: tf.data.Dataset.range(4).map(lambda x: tf.gather([1, 2], x), 3).prefetch(2),
        "InvalidArgumentError",
    ),
    "an assertion that nothing waits for": (
        lambda tf: tf.data.Dataset.range(4).map(lambda x: (tf.Assert(x < 1, [x]), x)[1]),
        "InvalidArgumentError",
    ),
    "shard": (lambda tf: tf.data.Dataset.range(4).shard(2, 3), "InvalidArgumentError"),
    "no such file": (lambda tf: tf.data.TextLineDataset("/no/such/file"), "NotFoundError"),
    "generator": (lambda tf: tf.data.Dataset.from_generator(_raising, tf.int32), "InvalidArgumentError"),
    "generated type": (_generated("text", "int32"), "InvalidArgumentError"),
    "generated shape": (_generated([1, 2], "int32", [3]), "InvalidArgumentError"),
    "generated structure": (lambda tf: tf.data.Dataset.from_generator(lambda: iter([1]), (tf.int32, tf.int32)), "InvalidArgumentError"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAILING)
def test_errors(name: str) -> None:
    build, expected = FAILING[name]
    for tf in (tf1, tf1x):
        with pytest.raises(getattr(tf.errors, expected)):
            _run(tf, build)


def test_map_error_names_the_users_line() -> None:
    with pytest.raises(tf1x.errors.InvalidArgumentError) as raised:
        _run(tf1x, lambda tf: tf.data.Dataset.range(4).map(lambda x: tf.gather([1, 2], x)))
    assert Path(__file__).name in str(raised.value)
    assert "tf.gather([1, 2], x)" in str(raised.value)


def test_control_flow_that_is_not_converted() -> None:
    @tf1x.autograph.experimental.do_not_convert
    def function(x: Any) -> Any:
        return x + 1 if x > 2 else x

    with pytest.raises(TypeError, match="AutoGraph did not convert this line") as raised:
        tf1x.data.Dataset.range(4).map(function)
    assert Path(__file__).name in str(raised.value)


STATIC: dict[str, tuple[Callable[[Any], Any], type[Exception]]] = {
    "sizes": (lambda tf: tf.data.Dataset.from_tensor_slices(([1], [1, 2])), ValueError),
    "a scalar": (lambda tf: tf.data.Dataset.from_tensor_slices(1), ValueError),
    "zip of a list": (lambda tf: tf.data.Dataset.zip([tf.data.Dataset.range(1)]), TypeError),
    "flat map": (
        lambda tf: tf.data.Dataset.range(1).flat_map(lambda x: x),
        (TypeError, AttributeError),
    ),
    "filter": (lambda tf: tf.data.Dataset.range(1).filter(lambda x: x), ValueError),
    "concatenate": (
        lambda tf: tf.data.Dataset.range(1).concatenate(tf.data.Dataset.from_tensors(1.0)),
        TypeError,
    ),
    "apply": (lambda tf: tf.data.Dataset.range(1).apply(lambda d: 1), TypeError),
    "placeholder": (
        lambda tf: tf.data.Dataset.from_tensors(
            tf.placeholder(tf.float32)
        ).make_one_shot_iterator(),
        ValueError,
    ),
    "structure": (
        lambda tf: tf.data.Iterator.from_structure(tf.int64, []).make_initializer(
            tf.data.Dataset.from_tensors(1.0)
        ),
        TypeError,
    ),
}


@pytest.mark.parametrize("name", STATIC)
def test_misuse(name: str) -> None:
    build, expected = STATIC[name]
    for tf in (tf1, tf1x):
        with tf.Graph().as_default(), pytest.raises(expected):
            build(tf)


def test_not_initialised() -> None:
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        get_next = tf1x.data.Dataset.range(3).make_initializable_iterator().get_next()
        with pytest.raises(tf1x.errors.FailedPreconditionError, match="not been initialized"):
            session.run(get_next)


def test_goes_on_after_an_error() -> None:
    """A failed element is lost, the next ones are not."""
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        dataset = tf1x.data.Dataset.range(5).map(lambda x: 12 // (x - 2), num_parallel_calls=2)
        get_next = dataset.make_one_shot_iterator().get_next()
        found: list[Any] = []
        for _ in range(5):
            try:
                found.append(int(session.run(get_next)))
            except tf1x.errors.InvalidArgumentError:
                found.append("error")
    assert found == [-6, -12, "error", 12, 6]


def test_elements_belong_to_the_program() -> None:
    """What a run gives can be changed without changing the dataset."""
    values = np.arange(6.0).reshape(3, 2)
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        for dataset in (
            tf1x.data.Dataset.from_tensor_slices(values),
            tf1x.data.Dataset.from_tensors(values[0]),
            tf1x.data.Dataset.from_tensor_slices(values).map(lambda x: x).cache(),
            tf1x.data.Dataset.from_tensor_slices(values)
            .batch(1)
            .apply(tf1x.data.experimental.unbatch()),
        ):
            get_next = dataset.repeat(2).make_one_shot_iterator().get_next()
            first = session.run(get_next)
            first[:] = -1
            assert (session.run(get_next) >= 0).all()
    assert values.min() == 0


# -- threads -------------------------------------------------------------------------------------


def _workers() -> int:
    return sum(t.name.startswith("tf1x-data") for t in threading.enumerate())


@pytest.fixture(params=["by who asks", "by threads"])
def any_caller(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Functions of elements are called by who asks for them, or by threads from the first one."""
    slow = 0 if request.param == "by threads" else 10**9
    monkeypatch.setattr(dataset_map, "_SLOW_CALLS", slow)
    return str(request.param)


@pytest.mark.parametrize("limit", ["none is quick", "all are quick"])
def test_slow_functions_are_given_to_threads(limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset_map, "_QUICK_SECONDS", 0.0 if limit == "none is quick" else 1e9)
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        dataset = tf1x.data.Dataset.range(60).map(lambda x: x * 2, num_parallel_calls=3)
        get_next = dataset.make_one_shot_iterator().get_next()
        assert [int(session.run(get_next)) for _ in range(40)] == list(range(0, 80, 2))
        assert bool(_workers()) == (limit == "none is quick")


def _settled() -> int:
    """The number of our threads, once those that are ending have ended."""
    for _ in range(200):
        if not _workers():
            return 0
        time.sleep(0.02)
    return _workers()


def _threaded() -> Any:
    dataset = tf1x.data.Dataset.range(10**9).map(lambda x: x + 1, num_parallel_calls=3)
    return dataset.interleave(
        lambda x: tf1x.data.Dataset.from_tensors(x).repeat(5), 2, num_parallel_calls=2
    ).prefetch(3)


def test_threads_end_with_the_session() -> None:
    Context.cancel_all()
    assert not _settled()
    with tf1x.Graph().as_default():
        iterator = _threaded().make_initializable_iterator()
        get_next = iterator.get_next()
        with tf1x.Session() as session:
            for _ in range(3):  # a new start ends the threads of the last
                session.run(iterator.initializer)
                assert [int(session.run(get_next)) for _ in range(3)] == [1, 2, 1]
                assert 0 < _workers() <= 8
        assert not _settled()


@pytest.mark.usefixtures("any_caller")
def test_threads_end_with_the_data() -> None:
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        dataset = tf1x.data.Dataset.range(4).map(lambda x: x, num_parallel_calls=2).prefetch(1)
        get_next = dataset.take(3).repeat(2).make_one_shot_iterator().get_next()
        assert len(drained(tf1x, session, get_next)) == 7
        assert not _settled()


def test_threads_end_with_a_forgotten_session() -> None:
    with tf1x.Graph().as_default():
        get_next = tf1x.data.Dataset.range(10**9).prefetch(2).make_one_shot_iterator().get_next()
        session = tf1x.Session()
        session.run(get_next)
        assert _workers()
        del session
        gc.collect()
        assert not _settled()


@pytest.mark.usefixtures("any_caller")
def test_sessions_that_stop_anywhere() -> None:
    """The same elements each time, and no thread left, wherever a session ends."""
    with tf1x.Graph().as_default():
        dataset = tf1x.data.Dataset.range(20).map(lambda x: x + 1, num_parallel_calls=4)
        dataset = dataset.interleave(
            lambda x: tf1x.data.Dataset.from_tensors(x).repeat(2), 3, num_parallel_calls=2
        )
        iterator = dataset.batch(7).prefetch(2).make_initializable_iterator()
        get_next = iterator.get_next()
        with tf1x.Session() as session:
            session.run(iterator.initializer)
            whole = drained(tf1x, session, get_next)
        for count in range(30):
            with tf1x.Session() as session:
                for _ in range(2):
                    session.run(iterator.initializer)
                    steps = min(count % 8, len(whole) - 1)
                    found = [session.run(get_next).tolist() for _ in range(steps)]
                    assert found == whole[: len(found)]
    assert not _settled()


@pytest.mark.usefixtures("any_caller")
def test_several_threads_share_an_iterator() -> None:
    """Each element goes to one of them."""
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        dataset = tf1x.data.Dataset.range(60).map(lambda x: x, num_parallel_calls=2).batch(3)
        get_next = dataset.make_one_shot_iterator().get_next()
        found: list[int] = []

        def take() -> None:
            for batch in drained(tf1x, session, get_next)[:-1]:
                found.extend(batch)

        threads = [threading.Thread(target=take) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert sorted(found) == list(range(60))


def test_names_of_contrib() -> None:
    """A program of TensorFlow 1.4 to 1.12."""
    data = tf1x.contrib.data
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        dataset = data.Dataset.range(12).apply(data.shuffle_and_repeat(12, 2, seed=1))
        dataset = dataset.apply(data.map_and_batch(lambda x: x * 2, 5, num_parallel_batches=2))
        found = drained(tf1x, session, dataset.make_one_shot_iterator().get_next())
        windows = data.Dataset.range(5).apply(data.sliding_window_batch(3, stride=2))
        slid = drained(tf1x, session, windows.make_one_shot_iterator().get_next())
        pairs = data.sample_from_datasets(
            [data.Dataset.range(3), data.Dataset.range(10, 13)], seed=2
        )
        drawn = drained(tf1x, session, pairs.make_one_shot_iterator().get_next())
        even = data.Dataset.range(40).apply(
            data.rejection_resample(lambda x: tf1x.cast(x % 4 > 0, tf1x.int32), [0.5, 0.5], seed=3)
        )
        kept = session.run(data.get_single_element(even.batch(40)))[0]
    assert [len(batch) for batch in found[:-1]] == [5, 5, 5, 5, 4]
    assert sorted(x for batch in found[:-1] for x in batch) == sorted([*range(0, 24, 2)] * 2)
    assert slid == [[0, 1, 2], [2, 3, 4], True]
    assert sorted(drawn[:-1]) == [0, 1, 2, 10, 11, 12]
    assert 0.3 < np.mean(kept) < 0.8


def test_closing_wakes_who_waits() -> None:
    stop = threading.Event()

    def slow() -> Any:
        yield 1
        stop.wait(20)

    with tf1x.Graph().as_default():
        dataset = tf1x.data.Dataset.from_generator(slow, tf1x.int32, []).prefetch(1)
        get_next = dataset.make_one_shot_iterator().get_next()
        session = tf1x.Session()
        session.run(get_next)
        errors: list[Any] = []

        def wait() -> None:
            try:
                session.run(get_next)
            except tf1x.errors.OpError as error:
                errors.append(error)

        waiting = threading.Thread(target=wait)
        waiting.start()
        time.sleep(0.1)
        threading.Timer(0.3, stop.set).start()
        session.close()
        waiting.join(5)
        assert [type(e).__name__ for e in errors] == ["CancelledError"]


def test_no_hang_at_exit(tmp_path: Path) -> None:
    """A program that ends with threads at work, its session open."""
    code(
        """
        import tf1x as tf
        d = tf.data.Dataset.range(10**9).map(lambda x: x * 2, num_parallel_calls=4).prefetch(4)
        get_next = d.make_one_shot_iterator().get_next()
        session = tf.Session()
        assert [session.run(get_next) for _ in range(3)] == [0, 2, 4]
        """,
        tmp_path,
    )


def test_cache_in_a_file(tmp_path: Path) -> None:
    """The second program reads what the first one kept."""
    path = str(tmp_path / "kept")
    for start in (0, 100):
        with tf1x.Graph().as_default(), tf1x.Session() as session:
            words = tf1x.data.Dataset.from_tensor_slices(["a", "b"]).repeat(2)
            data = tf1x.data.Dataset.zip((tf1x.data.Dataset.range(start, start + 3), words))
            get_next = data.cache(path).repeat(2).make_one_shot_iterator().get_next()
            found = [session.run(get_next) for _ in range(6)]
    assert [int(a) for a, _ in found] == [0, 1, 2] * 2
    assert [b for _, b in found] == [b"a", b"b", b"a"] * 2
