"""Checkpoint files: the same bytes as TensorFlow's, read and written; damage; killed writers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import tf1x as tf
from tests.oracle import tf1
from tests.processes import python
from tf1x.core.checkpoints import bundle_writer
from tf1x.core.checkpoints.bundle import PENDING, BundleReader
from tf1x.core.checkpoints.bundle_writer import BundleWriter, merge_bundles
from tf1x.core.checkpoints.reading import missing, open_checkpoint
from tf1x.core.checkpoints.slices import TensorSlice, covering, parse_spec
from tf1x.core.checkpoints.v1 import V1Reader, write_v1

_TYPES = (
    *("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16"),
    *("uint32", "uint64", "bool", "complex64", "complex128", ml_dtypes.bfloat16),
)
_NOT_V1 = ("uint32", "uint64", "bfloat16")  # TensorFlow does not save them in that format


def _tensors() -> dict[str, Any]:
    """A matrix, a scalar and an empty tensor of each type."""
    random = np.random.RandomState(0)
    found: dict[str, Any] = {}
    for dtype in _TYPES:
        name = np.dtype(dtype).name
        found[f"matrix/{name}"] = random.randint(0, 2, (3, 4)).astype(dtype)
        found[f"scalar/{name}"] = np.array(1).astype(dtype)
        found[f"empty/{name}"] = np.zeros((0, 3), dtype)
    found["text/vector"] = np.array([b"abc", b"", b"x" * 300], object)
    found["text/scalar"] = np.array(b"hello", object)
    found["text/empty"] = np.zeros((0, 2), object)
    found["large"] = random.rand(600, 700).astype(np.float32)
    return found


def _many() -> dict[str, Any]:
    """So many that the index has several blocks."""
    return {f"{i:04d}/{'kernel' * 22}": np.float32(i) for i in range(2000)}


_PARTS = [
    ("p", "4 3 0,2:-", np.arange(6.0).reshape(2, 3)),
    ("p", "4 3 2,2:0,1", np.arange(2.0).reshape(2, 1)),
    ("p", "4 3 2,2:1,2", np.arange(4.0).reshape(2, 2)),
    ("whole", "3 3 -:-", np.eye(3)),
    ("far", "300 20000 200,100:16384,2", np.ones((100, 2))),
    ("a/\x7f/b", "", np.float64(1)),
]


def _save_in_tensorflow(path: Path, names: list[str], specs: list[str], values: list[Any]) -> None:
    with tf1.Graph().as_default(), tf1.Session() as session:
        tensors = [tf1.constant(v) for v in values]
        session.run(
            tf1.raw_ops.SaveV2(
                prefix=str(path), tensor_names=names, shape_and_slices=specs, tensors=tensors
            )
        )


def _files(prefix: Path) -> list[bytes]:
    return [Path(f"{prefix}{end}").read_bytes() for end in (".index", ".data-00000-of-00001")]


@pytest.mark.parametrize("make", [_tensors, _many])
def test_bundles_are_those_of_tensorflow(make: Any, tmp_path: Path) -> None:
    tensors = make()
    _save_in_tensorflow(
        tmp_path / "theirs", list(tensors), [""] * len(tensors), [*tensors.values()]
    )
    with BundleWriter(str(tmp_path / "ours")) as writer:
        for name, value in tensors.items():
            writer.add(name, value)
    assert _files(tmp_path / "ours") == _files(tmp_path / "theirs")
    with BundleReader(str(tmp_path / "theirs")) as reader:
        assert reader.names() == sorted(tensors)
        for name, value in tensors.items():
            _assert_same(reader.read(name), value)


def _assert_same(found: Any, value: Any) -> None:
    assert (found.dtype, found.shape) == (np.asarray(value).dtype, np.shape(value))
    np.testing.assert_array_equal(found, value)


def test_parts_are_those_of_tensorflow(tmp_path: Path) -> None:
    names, specs, values = (list(column) for column in zip(*_PARTS, strict=True))
    _save_in_tensorflow(tmp_path / "theirs", names, specs, values)
    with BundleWriter(str(tmp_path / "ours")) as writer:
        for name, spec, value in _PARTS:
            if spec:
                writer.add_slice(name, *parse_spec(spec), value)
            else:
                writer.add(name, value)
    assert _files(tmp_path / "ours") == _files(tmp_path / "theirs")
    with BundleReader(str(tmp_path / "ours")) as reader:
        whole = np.concatenate([_PARTS[0][2], np.hstack([_PARTS[1][2], _PARTS[2][2]])])
        np.testing.assert_array_equal(reader.read("p"), whole)
        part = TensorSlice(((1, 2), (1, 2)))
        np.testing.assert_array_equal(reader.read("p", part), whole[1:3, 1:3])
        assert reader.shape("p") == (4, 3)
        with pytest.raises(tf.errors.InvalidArgumentError, match="sufficient slices"):
            reader.read("far")
        theirs = tf1.train.NewCheckpointReader(str(tmp_path / "theirs"))
        assert reader.debug_string().encode("utf-8", "surrogateescape") == theirs.debug_string()


def test_v1_files_are_those_of_tensorflow(tmp_path: Path) -> None:
    for i, (name, value) in enumerate(_tensors().items()):
        if np.asarray(value).dtype.name in _NOT_V1 or name == "large":
            continue
        theirs, ours = tmp_path / f"theirs-{i}", tmp_path / f"ours-{i}"
        with tf1.Graph().as_default(), tf1.Session() as session:
            tensor = tf1.constant(value)
            session.run(tf1.raw_ops.Save(filename=str(theirs), tensor_names=[name], data=[tensor]))
        write_v1(str(ours), [(name, value, None, None)])
        assert ours.read_bytes() == theirs.read_bytes(), name
        with open_checkpoint(str(theirs)) as reader:
            _assert_same(reader.read(name), value)


def test_v1_shards_and_parts(tmp_path: Path) -> None:
    names, specs, values = (list(column) for column in zip(*_PARTS[:4], strict=True))
    for shard, chosen in enumerate((slice(0, 2), slice(2, 4))):
        with tf1.Graph().as_default(), tf1.Session() as session:
            session.run(
                tf1.raw_ops.SaveSlices(
                    filename=str(tmp_path / f"m-0000{shard}-of-00002"),
                    tensor_names=names[chosen],
                    shapes_and_slices=specs[chosen],
                    data=[tf1.constant(v) for v in values[chosen]],
                )
            )
    with V1Reader(str(tmp_path / "m-?????-of-00002")) as reader:
        assert reader.names() == ["p", "whole"]
        assert reader.read("p")[2:].tolist() == [[0, 0, 1], [1, 2, 3]]
        assert reader.read("p", TensorSlice(((3, 1), (0, 2)))).tolist() == [[1, 2]]


def test_merged_shards_are_those_of_tensorflow(tmp_path: Path) -> None:
    for place in ("theirs", "ours"):
        for shard in range(2):
            with BundleWriter(str(tmp_path / place / "temp" / f"part-{shard}")) as writer:
                writer.add(f"v{shard}", np.full(3, shard))
                writer.add_slice("p", *parse_spec(f"4 3 {2 * shard},2:-"), np.full((2, 3), shard))
    parts = {
        place: [str(tmp_path / place / "temp" / f"part-{i}") for i in range(2)]
        for place in ("theirs", "ours")
    }
    merge_bundles(parts["ours"], str(tmp_path / "ours" / "all"))
    with tf1.Graph().as_default(), tf1.Session() as session:
        session.run(
            tf1.raw_ops.MergeV2Checkpoints(
                checkpoint_prefixes=parts["theirs"],
                destination_prefix=str(tmp_path / "theirs" / "all"),
            )
        )
    files = [
        {p.name: p.read_bytes() for p in (tmp_path / place).iterdir()}
        for place in ("ours", "theirs")
    ]
    assert files[0] == files[1]
    assert sorted(files[0]) == [
        "all.data-00000-of-00002", "all.data-00001-of-00002", "all.index",
    ]  # fmt: skip
    assert BundleReader(str(tmp_path / "ours" / "all")).read("p")[:, 0].tolist() == [0, 0, 1, 1]


def test_covering() -> None:
    stored = [((0, 2), (0, 3)), ((2, 4), (0, 3))]
    assert covering(((1, 3), (0, 2)), stored) == [(0, ((1, 2), (0, 2))), (1, ((2, 3), (0, 2)))]
    assert covering(((1, 5), (0, 2)), stored) is None
    assert covering(((1, 1), (0, 2)), stored) == []
    assert covering((), [()]) == [(0, ())]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("rubbish", "Need least two elements"),
        ("x 0,2", "Non numerical dimension"),
        ("3 0;2", "Expected a pair of numbers"),
        ("3 0,-2", "Expected a pair of numbers"),
    ],
)
def test_malformed_specifications(spec: str, message: str) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        parse_spec(spec)


def test_writing_refuses(tmp_path: Path) -> None:
    prefix = str(tmp_path / "model")
    with pytest.raises(tf.errors.InvalidArgumentError, match="Adding duplicate key: a"), BundleWriter(prefix) as w:  # fmt: skip
        w.add("a", np.ones(2))
        w.add("a", np.ones(2))
    with pytest.raises(tf.errors.InvalidArgumentError, match="several types or shapes"), BundleWriter(prefix) as w:  # fmt: skip
        w.add_slice("a", *parse_spec("4 0,2"), np.ones(2))
        w.add_slice("a", *parse_spec("5 2,2"), np.ones(2))
    assert not list(tmp_path.iterdir())


# -- damage ----------------------------------------------------------------------------------------


def test_damage_is_named_with_file_and_offset(tmp_path: Path) -> None:
    prefix = tmp_path / "model"
    with BundleWriter(str(prefix)) as writer:
        writer.add("v", np.arange(4.0))
        writer.add("text", np.array([b"ab", b"c"], object))
    index, data = Path(f"{prefix}.index"), Path(f"{prefix}.data-00000-of-00001")
    whole = index.read_bytes(), data.read_bytes()

    def error(new_index: bytes, new_data: bytes, name: str = "v") -> str:
        index.write_bytes(new_index)
        data.write_bytes(new_data)
        with pytest.raises(tf.errors.DataLossError) as caught:
            BundleReader(str(prefix)).read(name)
        return str(caught.value)

    flipped = bytes([whole[1][0] ^ 1]) + whole[1][1:]
    assert "model.data-00000-of-00001: tensor 'v' at offset 0: Checksum" in error(whole[0], flipped)
    cut = error(whole[0], whole[1][:-1], "text")
    assert "tensor 'text' at offset 32: the file ends before it does" in cut
    wrong = whole[1][:-1] + b"x"
    assert "tensor 'text' at offset 32: Checksum" in error(whole[0], wrong, "text")
    assert "model.index: file is too short" in error(b"abc", whole[1])
    assert "not an sstable (bad magic number) at offset" in error(whole[0][:-1] + b"x", whole[1])
    damaged = whole[0][:10] + b"\xff" + whole[0][11:]
    assert "model.index: block checksum mismatch at offset 0" in error(damaged, whole[1])
    index.write_bytes(whole[0])
    data.unlink()
    with pytest.raises(tf.errors.NotFoundError, match=r"model\.data-00000-of-00001"):
        BundleReader(str(prefix)).read("v")


def test_missing_names_are_listed_with_close_ones(tmp_path: Path) -> None:
    with BundleWriter(str(tmp_path / "m")) as writer:
        for name in ("conv1/kernel", "conv1/bias", "dense/kernel", "global_step"):
            writer.add(name, np.zeros(1))
    with BundleReader(str(tmp_path / "m")) as reader:
        text = str(missing(reader, ["net/conv1/kernel", "zzz"]))
    first, *rest = text.splitlines()
    assert first == "Key net/conv1/kernel not found in checkpoint"
    assert "  net/conv1/kernel; close to it: conv1/kernel, dense/kernel" in rest
    assert "  zzz" in rest


# -- killed writers --------------------------------------------------------------------------------


def _write(prefix: str, value: int) -> None:
    with BundleWriter(prefix) as writer:
        for name in ("a", "b"):
            writer.add(name, np.full(1000, value))


def _value(prefix: str) -> int:
    """The number of a checkpoint, which must be whole."""
    with open_checkpoint(prefix) as reader:
        values = {int(x) for name in ("a", "b") for x in reader.read(name)}
    assert len(values) == 1
    return values.pop()


class Killed(BaseException):
    pass


def test_a_writer_that_stops_at_any_step_leaves_a_whole_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each rename in turn is the last thing that the process does; one name, written again."""
    prefix = str(tmp_path / "model")
    replace = os.replace
    seen = []
    for steps in range(6):
        _write(prefix, 1)
        left = [steps]

        def step(source: str, target: str, left: list[int] = left) -> None:
            if not left[0]:
                raise Killed
            left[0] -= 1
            replace(source, target)

        with monkeypatch.context() as patch:
            patch.setattr(bundle_writer.os, "replace", step)
            patch.setattr(bundle_writer, "_remove", lambda path: None)
            try:
                _write(prefix, 2)
            except Killed:
                seen.append(_value(prefix))
            else:
                assert _value(prefix) == 2
        _write(prefix, 3)  # the next one cleans up
        assert _value(prefix) == 3
        assert not list(tmp_path.glob(f"*{PENDING}"))
    assert seen == [1, 1, 2, 2]


def test_killed_processes_leave_whole_checkpoints(tmp_path: Path) -> None:
    """kill -9 of a program that saves with `tf.train.Saver`; the whole run is 200 times."""
    tool = Path(__file__).parents[2] / "tools" / "kill_saving.py"
    done = python(str(tool), "--times", "3", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("killed 3 times: always whole")
