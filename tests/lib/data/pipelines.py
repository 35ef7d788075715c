"""Pipelines that run the same under tf1x and TensorFlow: elements, order, node names and types."""

from __future__ import annotations

import collections
import gzip
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

X = np.arange(24, dtype=np.float32).reshape(6, 4) / 7 - 1
Pair = collections.namedtuple("Pair", ["first", "second"])


def numbers(tf: Any, n: int = 10) -> Any:
    return tf.data.Dataset.range(n)


def repeated(tf: Any, n: int) -> Any:
    """Datasets of 0, 1, 2, ... copies of a number."""
    return numbers(tf, n).flat_map(lambda x: tf.data.Dataset.from_tensors(x).repeat(x))


def capturing(tf: Any) -> Any:
    c = tf.constant(5, tf.int64)
    return numbers(tf, 4).map(lambda x: x + c)


def ragged(tf: Any, n: int = 5) -> Any:
    return numbers(tf, n).map(lambda x: tf.fill([tf.cast(x, tf.int32)], x))


def generated(tf: Any) -> Any:
    def rows() -> Any:
        for i in range(3):
            yield {"n": i, "v": [0.5] * i, "s": "abc"[:i]}

    types = {"n": tf.int32, "v": tf.float32, "s": tf.string}
    return tf.data.Dataset.from_generator(rows, types, {"n": [], "v": [None], "s": []})


def with_args(tf: Any) -> Any:
    def count(n: Any) -> Any:
        yield from range(n)

    return tf.data.Dataset.from_generator(count, tf.int64, [], args=(tf.constant(4),)).repeat(2)


def branching(tf: Any) -> Any:
    """Python's `if`, `while` and `and` on tensors, in the function and in one that it calls."""

    def halves(x: Any) -> Any:
        steps = tf.constant(0)
        while x % 2 == 0 and x > 0:
            x, steps = x // 2, steps + 1
        return x, steps

    def function(x: Any) -> Any:
        rest, steps = halves(x)
        if rest > 3:
            name = tf.constant("large")
        elif rest == 1:
            name = tf.constant("power of two")
        else:
            name = tf.constant("small")
        return rest, steps, name

    def odd(x: Any) -> Any:
        if x % 3 == 0:
            return True
        return x > 12

    return numbers(tf, 17).filter(odd).map(function)


def sparse(tf: Any) -> Any:
    return tf.SparseTensor([[0, 1], [0, 3], [2, 0]], [1.0, 2.0, 3.0], [3, 4])


ex = lambda tf: tf.data.experimental  # noqa: E731

PIPELINES: dict[str, Callable[[Any], Any]] = {
    "tensors": lambda tf: tf.data.Dataset.from_tensors({"a": X, "b": (1, "text")}),
    "control flow": branching,
    "slices": lambda tf: tf.data.Dataset.from_tensor_slices((X, [1, 2, 3, 4, 5, 6])),
    "slices of a dict": lambda tf: tf.data.Dataset.from_tensor_slices({"y": ["a", "b"], "x": [1.5, 2.5]}),
    "named tuples": lambda tf: tf.data.Dataset.from_tensor_slices(Pair(X, X[:, 0])).map(lambda p: Pair(p.second, p.first)),
    "range": lambda tf: tf.data.Dataset.range(10, 3, -2),
    "generator": generated,
    "generator with arguments": with_args,
    "map": lambda tf: tf.data.Dataset.from_tensor_slices((X, X[:, 0])).map(lambda a, b: (a * 2 + b, tf.reduce_sum(a))),
    "map to a dict": lambda tf: numbers(tf, 4).map(lambda x: {"x": x, "y": x + 1}),
    "map to a list": lambda tf: numbers(tf, 3).map(lambda x: [x, x * 2]),
    "map in parallel": lambda tf: numbers(tf, 40).map(lambda x: x * x, num_parallel_calls=4),
    "map with a capture": lambda tf: capturing(tf),
    "map with a condition": lambda tf: numbers(tf, 6).map(lambda x: tf.cond(tf.equal(x % 2, 0), lambda: x * 10, lambda: -x)),
    "map with py_func": lambda tf: numbers(tf, 4).map(lambda x: tf.py_func(lambda v: v + np.int64(3), [x], tf.int64)),
    "map with a loop": lambda tf: numbers(tf, 4).map(lambda x: tf.while_loop(lambda i: i < 20, lambda i: i + x + 1, [x])),
    "map with matmul": lambda tf: tf.data.Dataset.from_tensors(X).map(lambda x: tf.matmul(x, x, transpose_b=True)),
    "map of constants": lambda tf: numbers(tf, 2).map(lambda x: (1, 2.5, "s")),
    "random map": lambda tf: numbers(tf, 3).map(lambda x: tf.random_uniform([2], seed=3)).repeat(2),
    "random map, graph's seed": lambda tf: numbers(tf, 3).map(lambda x: tf.random_uniform([]) + tf.random_normal([])),
    "batch": lambda tf: tf.data.Dataset.from_tensor_slices((X, ["a", "b", "c", "d", "e", "f"])).batch(4),
    "batch, no remainder": lambda tf: numbers(tf).batch(4, drop_remainder=True),
    "batch of batches": lambda tf: numbers(tf, 12).batch(3).batch(2),
    "padded batch": lambda tf: ragged(tf).padded_batch(2, [None]),
    "padded batch, values": lambda tf: tf.data.Dataset.zip((ragged(tf), numbers(tf, 5))).padded_batch(2, ([6], []), padding_values=(np.int64(-1), np.int64(0))),
    "shuffle": lambda tf: numbers(tf, 50).shuffle(7, seed=4),
    "shuffle all": lambda tf: numbers(tf, 20).shuffle(100, seed=4).batch(6),
    "shuffle, graph's seed": lambda tf: numbers(tf, 20).shuffle(5),
    "shuffle each epoch": lambda tf: numbers(tf, 9).shuffle(4, seed=1).repeat(4),
    "shuffle once": lambda tf: numbers(tf, 9).shuffle(4, seed=1, reshuffle_each_iteration=False).repeat(3),
    "shuffle of epochs": lambda tf: numbers(tf, 5).repeat(4).shuffle(8, seed=2),
    "shuffle twice": lambda tf: numbers(tf, 20).shuffle(6, seed=1).map(lambda x: x + 1).shuffle(3, seed=9).repeat(2),
    "shuffle slices, batch": lambda tf: tf.data.Dataset.from_tensor_slices((X, [0, 1, 2, 3, 4, 5])).shuffle(4, seed=8).repeat(3).batch(4),
    "shuffle and repeat": lambda tf: numbers(tf, 7).apply(ex(tf).shuffle_and_repeat(5, 3, seed=6)),
    "repeat, take": lambda tf: numbers(tf, 3).repeat().take(8),
    "skip": lambda tf: tf.data.Dataset.from_tensor_slices(X).skip(4),
    "skip everything": lambda tf: numbers(tf).skip(-1),
    "take all": lambda tf: numbers(tf, 3).take(-1),
    "shard": lambda tf: numbers(tf).shard(3, 1),
    "prefetch": lambda tf: numbers(tf, 30).prefetch(4),
    "zip": lambda tf: tf.data.Dataset.zip((numbers(tf, 3), {"a": numbers(tf, 5), "b": tf.data.Dataset.from_tensor_slices(X)})),
    "zip slices": lambda tf: tf.data.Dataset.zip((tf.data.Dataset.from_tensor_slices(X), tf.data.Dataset.from_tensor_slices([1, 2, 3]))).batch(2),
    "concatenate": lambda tf: numbers(tf, 3).concatenate(tf.data.Dataset.range(7, 9)).repeat(2),
    "filter": lambda tf: numbers(tf, 20).filter(lambda x: tf.equal(x % 3, 0)),
    "filter pairs": lambda tf: tf.data.Dataset.zip((numbers(tf), numbers(tf))).filter(lambda a, b: a + b > 9),
    "flat map": lambda tf: repeated(tf, 5),
    "flat map of slices": lambda tf: tf.data.Dataset.from_tensor_slices(X).flat_map(lambda x: tf.data.Dataset.from_tensor_slices(x).map(lambda v: v * 2)),
    "interleave": lambda tf: numbers(tf, 7).interleave(lambda x: tf.data.Dataset.from_tensors(x).repeat(x), cycle_length=3, block_length=2),
    "interleave in parallel": lambda tf: numbers(tf, 7).interleave(lambda x: tf.data.Dataset.from_tensors(x).repeat(x + 1), cycle_length=3, block_length=2, num_parallel_calls=2),
    "parallel interleave": lambda tf: numbers(tf, 6).apply(ex(tf).parallel_interleave(lambda x: tf.data.Dataset.from_tensors(x).repeat(4), 2, block_length=2)),
    "window": lambda tf: numbers(tf, 11).window(3, shift=2, stride=2).flat_map(lambda w: w.batch(5)),
    "window, no remainder": lambda tf: numbers(tf).window(4, 1, 1, True).flat_map(lambda w: w.batch(4)),
    "window of pairs": lambda tf: tf.data.Dataset.zip((numbers(tf), numbers(tf))).window(3).flat_map(lambda a, b: tf.data.Dataset.zip((a.batch(3), b.skip(1).batch(3)))),
    "window, long shift": lambda tf: numbers(tf, 12).window(2, shift=5).flat_map(lambda w: w.batch(2)),
    "cache": lambda tf: numbers(tf, 8).shuffle(8, seed=3).cache().repeat(3),
    "cache of maps": lambda tf: numbers(tf, 3).map(lambda x: x * 2).cache().repeat(2),
    "enumerate": lambda tf: tf.data.Dataset.from_tensor_slices(X).enumerate(5),
    "scan": lambda tf: numbers(tf, 6).apply(ex(tf).scan(np.int64(1), lambda s, x: (s + x, s * x))),
    "scan a growing state": lambda tf: numbers(tf, 4).apply(ex(tf).scan(np.zeros(1, np.int64), lambda s, x: (tf.concat([s, [x]], 0), tf.size(s)))),
    "take while": lambda tf: numbers(tf).apply(ex(tf).take_while(lambda x: x < 4)),
    "unbatch": lambda tf: tf.data.Dataset.from_tensor_slices((X, X[:, 0])).batch(4).apply(ex(tf).unbatch()),
    "map and batch": lambda tf: numbers(tf, 11).apply(ex(tf).map_and_batch(lambda x: x * 2, 4, num_parallel_calls=3)),
    "map and batch, dropped": lambda tf: numbers(tf, 11).apply(ex(tf).map_and_batch(lambda x: x * 2, 4, 2, drop_remainder=True)),
    "group by window": lambda tf: numbers(tf, 20).apply(ex(tf).group_by_window(lambda x: x % 3, lambda k, d: d.batch(4), 4)),
    "group by reducer": lambda tf: numbers(tf, 9).apply(ex(tf).group_by_reducer(lambda x: x % 4, ex(tf).Reducer(lambda k: k * 100, lambda s, x: s + x, lambda s: s))),
    "buckets": lambda tf: ragged(tf, 12).apply(ex(tf).bucket_by_sequence_length(lambda x: tf.size(x), [3, 6], [2, 3, 2])),
    "buckets to their limits": lambda tf: ragged(tf, 6).apply(ex(tf).bucket_by_sequence_length(lambda x: tf.size(x), [4, 9], [2, 2, 2], pad_to_bucket_boundary=True)),
    "dense to sparse": lambda tf: ragged(tf, 5).apply(ex(tf).dense_to_sparse_batch(3, [None])),
    "ignore errors": lambda tf: tf.data.Dataset.from_tensor_slices([1.0, 0.0, 2.0]).map(lambda x: tf.check_numerics(1.0 / x, "bad")).apply(ex(tf).ignore_errors()),
    "choose": lambda tf: ex(tf).choose_from_datasets([numbers(tf, 3), tf.data.Dataset.range(10, 15)], numbers(tf, 2).repeat(4)),
    "counter": lambda tf: ex(tf).Counter(3, 4).take(3),
    "random": lambda tf: ex(tf).RandomDataset(seed=5).take(6),
    "options": lambda tf: numbers(tf, 3).with_options(tf.data.Options()),
    "sparse": lambda tf: tf.data.Dataset.from_tensors(sparse(tf)).map(lambda s: (s, tf.sparse_tensor_to_dense(s))),
    "sparse slices": lambda tf: tf.data.Dataset.from_tensor_slices((sparse(tf), [1, 2, 3])),
    "sparse batches": lambda tf: tf.data.Dataset.from_tensor_slices(sparse(tf)).batch(2),
    "rows of a sparse tensor": lambda tf: tf.data.Dataset.from_sparse_tensor_slices(sparse(tf)),
    "from a dataset's function": lambda tf: numbers(tf, 3).interleave(lambda i: numbers(tf, 4).shuffle(4, seed=7).map(lambda x: x + i * 10), cycle_length=2),
    "strings": lambda tf: tf.data.Dataset.from_tensor_slices(["b", "a", "", "ab"]).shuffle(4, seed=1).batch(3),
}  # fmt: skip


def write_files(folder: Path) -> None:
    """The files that the pipelines of `FILES` read."""
    lines = [b"one", b"two\r", b"", b"four " * 5]
    text = b"\n".join(lines)
    (folder / "a.txt").write_bytes(text)
    (folder / "b.txt").write_bytes(b"last line ends\n")
    (folder / "c.txt").write_bytes(b"")
    (folder / "a.txt.gz").write_bytes(gzip.compress(text * 50))
    (folder / "a.txt.z").write_bytes(zlib.compress(text * 50))
    (folder / "a.bin").write_bytes(b"HH" + bytes(range(12)) + b"F")
    (folder / "bad.csv").write_bytes(b"1,2\nx,3\n4\n\n5,6\n")
    (folder / "a.csv").write_bytes(b'x,y,z\n1,2.5,"a, ""b"""\n3,,c\n')
    for name, start in (("a", 1), ("b", 2**40)):
        rows = [f"{start + i},{i / 2},word {i},{'' if i else 7}" for i in range(3)]
        (folder / f"{name}.table").write_text("\n".join(["a,b,c,d", *rows]) + "\n")
    from tf1x.core.messages import Example
    from tf1x.core.records import RecordWriter

    for name in ("a", "b"):
        with RecordWriter(folder / f"{name}.examples") as writer:
            for i in range(3):
                example = Example()
                example.features.feature["x"].int64_list.value.append(ord(name) + i)
                example.features.feature["y"].float_list.value.extend([i, 0.5])
                writer.write(example.SerializeToString())

    for name, kind, count in (("a", "", 5), ("b", "", 3), ("c", "GZIP", 4)):
        with RecordWriter(folder / f"{name}.tfrecord", kind) as writer:
            for i in range(count):
                writer.write(f"{name}{i}".encode() * (i + 1))


def paths(folder: Path, *names: str) -> list[str]:
    return [str(folder / name) for name in names]


FILES: dict[str, Callable[[Any, Path], Any]] = {
    "text": lambda tf, d: tf.data.TextLineDataset(paths(d, "a.txt", "c.txt", "b.txt")),
    "text, one file": lambda tf, d: tf.data.TextLineDataset(str(d / "a.txt")).skip(1),
    "text, gzip": lambda tf, d: tf.data.TextLineDataset(paths(d, "a.txt.gz"), "GZIP"),
    "text, zlib": lambda tf, d: tf.data.TextLineDataset(paths(d, "a.txt.z"), compression_type="ZLIB"),
    "records": lambda tf, d: tf.data.TFRecordDataset(paths(d, "a.tfrecord", "b.tfrecord")),
    "records, gzip": lambda tf, d: tf.data.TFRecordDataset(str(d / "c.tfrecord"), "GZIP"),
    "records in parallel": lambda tf, d: tf.data.TFRecordDataset(paths(d, "a.tfrecord", "b.tfrecord"), num_parallel_reads=2),
    "records of a dataset": lambda tf, d: tf.data.TFRecordDataset(tf.data.Dataset.from_tensor_slices(paths(d, "b.tfrecord", "a.tfrecord"))),
    "records interleaved": lambda tf, d: tf.data.Dataset.from_tensor_slices(paths(d, "a.tfrecord", "b.tfrecord")).interleave(tf.data.TFRecordDataset, cycle_length=2),
    "fixed length": lambda tf, d: tf.data.FixedLengthRecordDataset([str(d / "a.bin")], 4, header_bytes=2, footer_bytes=1),
    "csv": lambda tf, d: tf.data.experimental.CsvDataset([str(d / "a.csv")], [tf.int32, [7.5], tf.string], header=True),
    "csv, bad rows": lambda tf, d: tf.data.experimental.CsvDataset(str(d / "bad.csv"), [tf.int32, tf.int32]).apply(tf.data.experimental.ignore_errors()),
    "csv, some columns": lambda tf, d: tf.data.experimental.CsvDataset(str(d / "a.csv"), [[0], [""]], header=True, select_cols=[0, 2]),
}  # fmt: skip
LISTED: dict[str, Callable[[Any, Path], Any]] = {
    "list files": lambda tf, d: tf.data.Dataset.list_files(str(d / "*.tfrecord"), seed=2),
    "list files, in order": lambda tf, d: tf.data.Dataset.list_files([str(d / "*.txt"), str(d / "*.bin")], shuffle=False),
    "batched features": lambda tf, d: tf.data.experimental.make_batched_features_dataset(str(d / "*.examples"), 2, {"x": tf.FixedLenFeature([], tf.int64), "y": tf.FixedLenFeature([2], tf.float32)}, label_key="x", num_epochs=2, shuffle_seed=4),
    "csv files": lambda tf, d: tf.data.experimental.make_csv_dataset(str(d / "*.table"), 2, label_name="b", shuffle=False, num_epochs=1),
    "csv files, some columns": lambda tf, d: tf.data.experimental.make_csv_dataset([str(d / "a.table")], 2, select_columns=["c", "a"], shuffle_seed=3, num_epochs=1),
}  # fmt: skip
