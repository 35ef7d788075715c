"""Record files: both ways with TensorFlow, damaged ones, and hostile ones."""

from __future__ import annotations

import random
import resource
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.oracle import tf1
from tf1x.core import records
from tf1x.core.errors import DataLossError, FailedPreconditionError, OpError
from tf1x.core.records import RecordReader, RecordWriter, masked_crc, read_records

RECORDS = [b"", b"a", b"\0" * 500, bytes(range(256)) * 700, b"end"]
_OFFSETS = [0, 16, 33, 549, 179765]  # where they start


def _written(path: Path, compression: str = "") -> Path:
    with RecordWriter(path, compression) as writer:
        for record in RECORDS:
            writer.write(record)
    return path


@pytest.mark.parametrize("compression", records.COMPRESSIONS)
def test_both_ways_with_tensorflow(tmp_path: Path, compression: str) -> None:
    ours, theirs = _written(tmp_path / "ours", compression), tmp_path / "theirs"
    options = tf1.python_io.TFRecordOptions(compression)
    with tf1.python_io.TFRecordWriter(str(theirs), options) as writer:
        for record in RECORDS:
            writer.write(record)
    assert list(tf1.python_io.tf_record_iterator(str(ours), options)) == RECORDS
    assert list(read_records(theirs, compression)) == RECORDS
    assert list(read_records(f"file://{ours}", compression)) == RECORDS
    if not compression:
        assert ours.read_bytes() == theirs.read_bytes()


def test_offsets(tmp_path: Path) -> None:
    reader = RecordReader(_written(tmp_path / "file"))
    assert [reader.offset for _ in iter(lambda: next(reader, None), None)][:-1] == _OFFSETS[1:]


@pytest.mark.parametrize("compression", ["", "GZIP"])
def test_appending(tmp_path: Path, compression: str) -> None:
    path = _written(tmp_path / "file", compression)
    with RecordWriter(path, compression, append=True) as writer:
        writer.write(b"more")
    assert list(read_records(path, compression)) == [*RECORDS, b"more"]


def test_what_is_flushed_can_be_read(tmp_path: Path) -> None:
    for compression in records.COMPRESSIONS:
        writer = RecordWriter(tmp_path / "file", compression)
        writer.write(b"x" * 100)
        writer.flush()
        assert list(read_records(tmp_path / "file", compression)) == [b"x" * 100]
        writer.close()
        writer.close()
        with pytest.raises(FailedPreconditionError, match="closed"):
            writer.write(b"")


def _header(length: int) -> bytes:
    data = struct.pack("<Q", length)
    return data + struct.pack("<I", masked_crc(data))


def _flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :]


# what is done to the file, how many records come before the error, the error's text
DAMAGED: dict[str, tuple[Callable[[bytes], bytes], int, str]] = {
    "length": (lambda d: _flipped(d, 33), 2, "corrupted record at 33"),
    "length's checksum": (lambda d: _flipped(d, 42), 2, "corrupted record at 33"),
    "data": (lambda d: _flipped(d, 60), 2, "corrupted record at 45"),
    "checksum": (lambda d: _flipped(d, 547), 2, "corrupted record at 45"),
    "first": (lambda d: _flipped(d, 0), 0, r"corrupted record at 0 \(Is this even a TFRecord file\?\)"),
    "cut in a checksum": (lambda d: d[:548], 2, "truncated record at 33"),
    "cut in the data": (lambda d: d[:100], 2, "truncated record at 33"),
    "cut in a header": (lambda d: d[:40], 2, "truncated record at 33"),
    "no record file": (lambda d: b"sepal_length,sepal_width\n1,2\n", 0, "TFRecord file"),
    "endless": (lambda d: d[:549] + _header(1 << 62) + d, 3, "truncated record at 549"),
    "too long": (lambda d: d[:549] + _header((1 << 64) - 1), 3, "truncated record at 549"),
}  # fmt: skip


@pytest.mark.parametrize("compression", records.COMPRESSIONS)
@pytest.mark.parametrize("what", DAMAGED)
def test_damaged_files(tmp_path: Path, what: str, compression: str) -> None:
    damage, before, text = DAMAGED[what]
    path = tmp_path / "file"
    data = damage(_written(path).read_bytes())
    if compression:
        packer = zlib.compressobj(wbits=31 if compression == "GZIP" else 15)
        data = packer.compress(data) + packer.flush()
    path.write_bytes(data)
    reader = read_records(path, compression)
    for record in RECORDS[:before]:
        assert next(reader) == record
    with pytest.raises(DataLossError, match=f"{path}: .*{text}"):
        next(reader)
    assert next(reader, None) is None


def test_damaged_compression(tmp_path: Path) -> None:
    path = _written(tmp_path / "file", "GZIP")
    path.write_bytes(_flipped(path.read_bytes(), 60))
    with pytest.raises(DataLossError, match=f"{path}: "):
        list(read_records(path, "GZIP"))
    with pytest.raises(DataLossError, match="inflate"):
        list(read_records(_written(path), "ZLIB"))


def test_a_bomb_takes_no_memory(tmp_path: Path) -> None:
    """A record that claims a terabyte in a compressed file of zeros is not allocated at once."""
    packer = zlib.compressobj()
    data = packer.compress(_header(1 << 40) + bytes(1 << 24)) + packer.flush()
    (tmp_path / "file").write_bytes(data)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DataLossError, match="truncated record at 0"):
        list(read_records(tmp_path / "file", "ZLIB"))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 << 10  # KiB


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    for path, error in ((tmp_path / "none", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(OpError, match=error):
            read_records(path)
        with pytest.raises(OpError, match=error):
            RecordWriter(path / "none" if path != tmp_path else path)
    with pytest.raises(ValueError, match='compression_type: "BZIP"'):
        read_records(tmp_path / "none", "BZIP")


@pytest.mark.parametrize("compression", records.COMPRESSIONS)
def test_mutations_give_data_loss_or_records(tmp_path: Path, compression: str) -> None:
    dice, path = random.Random(1), tmp_path / "file"
    whole = _written(path, compression).read_bytes()
    for _ in range(100):
        data = bytearray(whole)
        for _ in range(dice.randint(1, 3)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        path.write_bytes(data[: dice.randrange(len(data))] if dice.random() < 0.3 else data)
        try:
            found = list(read_records(path, compression))
        except DataLossError:
            continue
        assert found == RECORDS[: len(found)]
