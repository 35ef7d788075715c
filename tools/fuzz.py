"""Damage files at random and read them: each must give its content or a clear error.

    python tools/fuzz.py [FORMAT ...] [--mutations 10000] [--seed 0]

No crash, no hang (a read may take TIME seconds), no memory without bound (MEMORY bytes more than
before), no other exception than TensorFlow's errors. A format is one row of FORMATS: how a sample
is made, and how it is read.
"""

from __future__ import annotations

import argparse
import functools
import random
import resource
import shutil
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

TIME = 10
MEMORY = 1 << 30


@dataclass(frozen=True)
class Format:
    """A kind of file.

    Attributes:
        make: writes a sample into an empty folder.
        read: reads all of what `make` wrote.
        mutate: damages one of the files; by default bytes anywhere in it.
    """

    make: Callable[[Path], None]
    read: Callable[[Path], Any]
    mutate: Callable[[random.Random, Path], None] | None = None


# -- damage --------------------------------------------------------------------------------------

_EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def damaged(rng: random.Random, data: bytes) -> bytes:
    """`data` with one to four things changed."""
    found = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        place = rng.randrange(len(found) + 1)
        kind = rng.randrange(6)
        if kind == 0 and place < len(found):
            found[place] ^= 1 << rng.randrange(8)
        elif kind == 1 and place < len(found):
            found[place] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
        elif kind == 2:
            value = rng.choice(_EXTREMES).to_bytes(
                rng.choice((4, 8)), rng.choice(("little", "big"))
            )
            found[place : place + len(value)] = value
        elif kind == 3:
            del found[place : place + rng.choice((1, 2, 7, 64, len(found)))]
        elif kind == 4:
            found[place:place] = rng.randbytes(rng.choice((1, 2, 7, 64)))
        else:
            start = rng.randrange(len(found) + 1)
            found[place:place] = found[start : start + rng.choice((1, 4, 16, 64))]
    return bytes(found)


def anywhere(rng: random.Random, folder: Path) -> None:
    """Damage one of the files of a sample."""
    path = rng.choice(sorted(p for p in folder.rglob("*") if p.is_file()))
    path.write_bytes(damaged(rng, path.read_bytes()))


# -- checkpoints ---------------------------------------------------------------------------------


def _tensors() -> dict[str, np.ndarray[Any, Any]]:
    text = np.array([b"a", b"", b"some text"], object)
    return {
        "conv/kernel": np.arange(60, dtype=np.float32).reshape(3, 4, 5),
        "conv/kernel/Adam": np.ones((3, 4, 5), np.float32),
        "empty": np.zeros((0, 3), np.int64),
        "step": np.array(7, np.int64),
        "text": text,
    }


def _make_bundle(folder: Path) -> None:
    from tf1x.core.checkpoints.bundle_writer import BundleWriter
    from tf1x.core.checkpoints.slices import parse_spec

    with BundleWriter(str(folder / "model")) as writer:
        for name, value in _tensors().items():
            writer.add(name, value)
        for start in (0, 2):
            shape, part = parse_spec(f"4 3 {start},2:-")
            writer.add_slice("parts", shape, part, np.full((2, 3), start, np.float32))


def _make_v1(folder: Path) -> None:
    from tf1x.core.checkpoints.v1 import write_v1

    write_v1(str(folder / "model"), [(n, v, None, None) for n, v in _tensors().items()])


def _read_checkpoint(folder: Path) -> None:
    from tf1x.core.checkpoints.reading import open_checkpoint

    with open_checkpoint(str(folder / "model")) as reader:
        reader.debug_string()
        for name in reader.names():
            reader.shape(name)
            reader.read(name)


def _inside_table(rng: random.Random, folder: Path) -> None:
    """Damage keys and values of a table, and write it with the right checksums."""
    from tf1x.core.checkpoints.sstable import Table, write_table

    path = next(p for p in (folder / "model.index", folder / "model") if p.exists())
    table = Table(str(path))
    items = list(table.items())
    table.close()
    place = rng.randrange(len(items))
    key, value = items[place]
    if rng.randrange(4):
        items[place] = key, damaged(rng, value)
    else:
        items[place] = damaged(rng, key), value
    with path.open("wb") as file:
        write_table(file, items)


# -- graphs --------------------------------------------------------------------------------------


def _build_graph(tf: Any) -> None:
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    w = tf.get_variable("w", [3, 3])
    y = tf.cond(tf.reduce_sum(x) > 0, lambda: tf.matmul(x, w), lambda: tf.nn.relu(x))
    _, z = tf.while_loop(lambda i, _: i < 3, lambda i, a: (i + 1, a * 2.0), [0, y])
    tf.split(z[:, 1:], 2, axis=1)
    tf.add_to_collection("number", 3)
    loss = tf.reduce_mean(tf.square(z))
    tf.train.AdamOptimizer().minimize(loss, name="train")


def _make_meta_graph(folder: Path) -> None:
    import tf1x as tf

    with tf.Graph().as_default():
        _build_graph(tf)
        tf.train.export_meta_graph(str(folder / "graph.meta"))


def _make_graph_text(folder: Path) -> None:
    import tf1x as tf

    with tf.Graph().as_default() as graph:
        _build_graph(tf)
        tf.train.write_graph(graph, str(folder), "graph.pbtxt")


def _make_saved_model(folder: Path) -> None:
    import tf1x as tf

    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 3], name="x")
        y = tf.matmul(x, tf.get_variable("w", [3, 2]))
        session.run(tf.global_variables_initializer())
        tf.saved_model.simple_save(session, str(folder / "model"), {"x": x}, {"y": y})


def _inside_graph(rng: random.Random, folder: Path) -> None:
    """Change nodes, keeping the message one that can be parsed."""
    from google.protobuf.message import DecodeError
    from tensorboard.compat.proto.meta_graph_pb2 import MetaGraphDef

    path = folder / "graph.meta"
    meta = MetaGraphDef.FromString(path.read_bytes())
    nodes = meta.graph_def.node
    for _ in range(rng.choice((1, 1, 2, 4))):
        node, other = rng.choice(nodes), rng.choice(nodes)
        kind = rng.randrange(6)
        if kind == 0 and node.input:
            place = rng.randrange(len(node.input))
            node.input[place] = rng.choice(
                (other.name, f"{other.name}:{rng.randrange(9)}", "", "^")
            )
        elif kind == 1:
            node.op = other.op
        elif kind == 2:
            node.name = other.name
        elif kind == 3 and node.attr:
            del node.attr[rng.choice(sorted(node.attr))]
        elif kind == 4:
            node.input.extend([other.name] * rng.choice((1, 3)))
        elif node.attr:
            attr = node.attr[rng.choice(sorted(node.attr))]
            try:
                attr.ParseFromString(damaged(rng, attr.SerializeToString()))
            except DecodeError:
                attr.i = rng.choice((-1, 1 << 31, -(1 << 63), (1 << 63) - 1))
    path.write_bytes(meta.SerializeToString())


@contextmanager
def _as_tensorflow() -> Iterator[None]:
    """Graphs are refused with Python's errors too, as TensorFlow does: they become one of ours."""
    import tf1x

    try:
        yield
    except (OSError, ValueError, KeyError) as error:
        if type(error) not in (OSError, ValueError, KeyError):
            raise
        raise tf1x.errors.InvalidArgumentError(None, None, str(error)) from error


def _read_meta_graph(folder: Path) -> None:
    import tf1x as tf

    with _as_tensorflow(), tf.Graph().as_default():
        tf.train.import_meta_graph(str(folder / "graph.meta"))


def _read_graph_text(folder: Path) -> None:
    import tf1x as tf
    from tf1x.lib.graph_io import read_proto

    with _as_tensorflow(), tf.Graph().as_default():
        graph_def = read_proto(str(folder / "graph.pbtxt"), tf.GraphDef, as_text=True)
        tf.import_graph_def(graph_def, name="")


def _read_saved_model(folder: Path) -> None:
    import tf1x as tf

    with _as_tensorflow(), tf.Graph().as_default(), tf.Session() as session:
        meta = tf.saved_model.loader.load(session, ["serve"], str(folder / "model"))
        meta.signature_def["serving_default"].outputs["y"]


# -- images --------------------------------------------------------------------------------------


def _image(kind: str) -> Callable[[Path], None]:
    """How a small image of a kind is made."""

    def make(folder: Path) -> None:
        from PIL import Image

        from tf1x.ops import image_png

        y, x = np.mgrid[:20, :25]
        pixels = np.stack([x * 9, y * 12, x * y], axis=-1).astype(np.uint8)
        path = folder / "image"
        if kind == "PNG16":
            path.write_bytes(image_png.encode(pixels.astype(np.uint16) * 257))
        elif kind == "GIF":
            frames = [Image.fromarray(pixels + i).quantize(30) for i in range(3)]
            frames[0].save(path, "GIF", save_all=True, append_images=frames[1:], transparency=3)
        else:
            Image.fromarray(pixels).save(path, kind)

    return make


def _read_image(folder: Path) -> None:
    from tf1x.core.dtypes import uint8, uint16
    from tf1x.ops.image_codecs import DecodeImage, DecodeJpeg

    contents = np.array((folder / "image").read_bytes(), object)
    for dtype in (uint8, uint16):
        DecodeImage.opdef.lower(contents, dtype=dtype)
    if contents.item().startswith(b"\xff\xd8\xff"):
        DecodeJpeg.opdef.lower(contents, channels=1, ratio=4, try_recover_truncated=True)


def _inside_png(rng: random.Random, folder: Path) -> None:
    """Damage the content of chunks, and write them with the right checksums."""
    from tf1x.ops.image_png import _chunk, _chunks

    path = folder / "image"
    data = path.read_bytes()
    chunks = list(_chunks(data))
    place = rng.randrange(len(chunks))
    chunks[place] = chunks[place][0], damaged(rng, chunks[place][1])
    path.write_bytes(data[:8] + b"".join(_chunk(*chunk) for chunk in chunks))


# -- records, events, messages, lines ------------------------------------------------------------


def _features() -> Any:
    from tf1x.core import messages as m

    values = {
        "a": m.Feature(int64_list=m.Int64List(value=[1, -2])),
        "b": m.Feature(float_list=m.FloatList(value=[0.5])),
        "s": m.Feature(bytes_list=m.BytesList(value=[b"x", b"yz"])),
    }
    return m.Features(feature=values)


def _strings(kind: str) -> list[bytes]:
    """Serialized messages, or lines."""
    from tensorboard.compat.proto.event_pb2 import Event

    from tf1x.core import messages as m

    if kind == "csv":
        return [b'12,3.5e2,"a,""b"', b"-7,,text", b'3,nan,"\r\n"']
    if kind == "events":
        event = Event(wall_time=1.5, step=7)
        event.summary.value.add(tag="loss", simple_value=0.5)
        event.summary.value.add(tag="w").histo.bucket.extend([1.0, 2.0])
        return [Event(file_version="brain.Event:2").SerializeToString(), event.SerializeToString()]
    if kind == "examples":
        return [m.Example(features=_features()).SerializeToString()] * 3
    sequence = m.SequenceExample(context=_features())
    for value in _features().feature.values():
        sequence.feature_lists.feature_list["l"].feature.add().CopyFrom(value)
    for name in ("d", "v"):
        for value in (3, 4):
            feature = sequence.feature_lists.feature_list[name].feature.add()
            feature.int64_list.value.append(value)
    return [sequence.SerializeToString()] * 2


def _make_records(kind: str, compression: str = "") -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        from tf1x.core.records import RecordWriter

        with RecordWriter(folder / "file", compression) as writer:
            for data in _strings(kind):
                writer.write(data)

    return make


def _inside_record(rng: random.Random, folder: Path) -> None:
    """Damage one record, and write all with the right checksums."""
    from tf1x.core.records import RecordWriter, read_records

    records = list(read_records(folder / "file"))
    place = rng.randrange(len(records))
    records[place] = damaged(rng, records[place])
    with RecordWriter(folder / "file") as writer:
        for record in records:
            writer.write(record)


def _read_records(compression: str = "") -> Callable[[Path], None]:
    def read(folder: Path) -> None:
        from tf1x.core.records import read_records

        for _ in read_records(folder / "file", compression):
            pass

    return read


def _read_events(folder: Path) -> None:
    import tf1x as tf

    for _ in tf.train.summary_iterator(folder / "file"):
        pass


@functools.cache
def _parser(kind: str) -> Callable[[list[bytes]], Any]:
    """What parses a batch of strings, in a session of its own."""
    import tf1x as tf

    graph = tf.Graph()
    with graph.as_default():
        text = tf.placeholder(tf.string, [None])
        context = {
            "a": tf.FixedLenFeature([2], tf.int64),
            "b": tf.FixedLenFeature([], tf.float32, 9.0),
            "s": tf.VarLenFeature(tf.string),
        }
        fetches: Any
        if kind == "csv":
            fetches = tf.decode_csv(text, [[0], [0.0], [""]])
        elif kind == "examples":
            blocks = {"more": tf.FixedLenSequenceFeature([], tf.float32, allow_missing=True)}
            fetches = tf.parse_example(text, {**context, **blocks})
        else:
            lists = {
                "d": tf.FixedLenSequenceFeature([1], tf.int64),
                "v": tf.VarLenFeature(tf.int64),
            }
            fetches = tf.io.parse_sequence_example(text, context, lists)
    session = tf.Session(graph=graph)
    return lambda data: session.run(fetches, {text: np.array(data, object)})


def _read_strings(kind: str) -> Callable[[Path], None]:
    def read(folder: Path) -> None:
        from tf1x.core.records import read_records

        _parser(kind)(list(read_records(folder / "file")))

    return read


# -- the table of formats ------------------------------------------------------------------------

FORMATS: dict[str, Format] = {
    "checkpoint": Format(_make_bundle, _read_checkpoint),
    "checkpoint-index": Format(_make_bundle, _read_checkpoint, _inside_table),
    "checkpoint-v1": Format(_make_v1, _read_checkpoint),
    "meta-graph": Format(_make_meta_graph, _read_meta_graph),
    "meta-graph-nodes": Format(_make_meta_graph, _read_meta_graph, _inside_graph),
    "graph-text": Format(_make_graph_text, _read_graph_text),
    "saved-model": Format(_make_saved_model, _read_saved_model),
    "checkpoint-v1-table": Format(_make_v1, _read_checkpoint, _inside_table),
    "records": Format(_make_records("examples"), _read_records()),
    "records-gzip": Format(_make_records("examples", "GZIP"), _read_records("GZIP")),
    "records-zlib": Format(_make_records("examples", "ZLIB"), _read_records("ZLIB")),
    "events": Format(_make_records("events"), _read_events),
    "events-messages": Format(_make_records("events"), _read_events, _inside_record),
    **{
        kind: Format(_make_records(kind), _read_strings(kind), _inside_record)
        for kind in ("examples", "sequence-examples", "csv")
    },
    "bmp": Format(_image("BMP"), _read_image),
    "gif": Format(_image("GIF"), _read_image),
    "jpeg": Format(_image("JPEG"), _read_image),
    "png": Format(_image("PNG"), _read_image),
    "png-chunks": Format(_image("PNG"), _read_image, _inside_png),
    "png-16-bits": Format(_image("PNG16"), _read_image, _inside_png),
}

# -- running -------------------------------------------------------------------------------------


@contextmanager
def limited() -> Iterator[None]:
    """No more than TIME seconds and MEMORY bytes beyond what the process has."""

    def stop(*_: Any) -> None:
        raise AssertionError(f"reading takes more than {TIME} seconds")

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    old_limits = resource.getrlimit(resource.RLIMIT_AS)
    old_handler = signal.signal(signal.SIGALRM, stop)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY, old_limits[1]))
    signal.alarm(TIME)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, old_handler)
        resource.setrlimit(resource.RLIMIT_AS, old_limits)


def fuzz(name: str, mutations: int, seed: int = 0) -> Counter[str]:
    """Read so many damaged samples of a format; how often each error came, "read" for none.

    Raises:
        AssertionError: a read ended in another way; the message has format, number and seed.
    """
    import tf1x

    form = FORMATS[name]
    outcomes: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as root:
        sample = Path(root, "sample")
        sample.mkdir()
        form.make(sample)
        form.read(sample)
        for number in range(mutations):
            rng = random.Random(f"{seed}/{name}/{number}")
            folder = Path(root, "damaged")
            shutil.copytree(sample, folder)
            (form.mutate or anywhere)(rng, folder)
            try:
                with limited():
                    form.read(folder)
                outcomes["read"] += 1
            except tf1x.errors.OpError as error:
                if not str(error):
                    raise AssertionError(f"{name} {number}: an error without a message") from error
                outcomes[type(error).__name__] += 1
            except BaseException as error:
                where = f"{name}, mutation {number}, seed {seed}"
                raise AssertionError(f"{where}: {traceback.format_exc()}") from error
            shutil.rmtree(folder)
    return outcomes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("formats", nargs="*", default=list(FORMATS), help=", ".join(FORMATS))
    parser.add_argument("--mutations", type=int, default=10_000, help="in all")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    each = -(-args.mutations // len(args.formats))
    for name in args.formats:
        outcomes = fuzz(name, each, args.seed)
        print(f"{name}: {each} mutations, {dict(outcomes.most_common())}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
