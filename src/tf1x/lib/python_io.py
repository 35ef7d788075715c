"""Record files from Python (`tf.python_io`): writing, and iterating over the records of one."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

from tf1x.core import records
from tf1x.core.errors import FailedPreconditionError


class TFRecordCompressionType:
    """How a record file is compressed."""

    NONE = 0
    ZLIB = 1
    GZIP = 2


class TFRecordOptions:
    """How to read or write a record file.

    Args:
        compression_type: "", "GZIP", "ZLIB", a `TFRecordCompressionType`, or other options.
        window_bits, compression_level, mem_level, compression_strategy: zlib's; for writing.
        flush_mode, input_buffer_size, output_buffer_size, compression_method: accepted; without
            effect.

    Raises:
        ValueError: there is no such compression.
    """

    compression_type_map = {
        TFRecordCompressionType.NONE: "",
        TFRecordCompressionType.ZLIB: "ZLIB",
        TFRecordCompressionType.GZIP: "GZIP",
    }

    def __init__(
        self,
        compression_type: Any = None,
        flush_mode: int | None = None,
        input_buffer_size: int | None = None,
        output_buffer_size: int | None = None,
        window_bits: int | None = None,
        compression_level: int | None = None,
        compression_method: int | None = None,
        mem_level: int | None = None,
        compression_strategy: int | None = None,
    ) -> None:
        self.get_compression_type_string(compression_type)
        self.compression_type = compression_type
        self.flush_mode = flush_mode
        self.input_buffer_size = input_buffer_size
        self.output_buffer_size = output_buffer_size
        self.window_bits = window_bits
        self.compression_level = compression_level
        self.compression_method = compression_method
        self.mem_level = mem_level
        self.compression_strategy = compression_strategy

    @classmethod
    def get_compression_type_string(cls, options: Any) -> str:
        """ "", "GZIP" or "ZLIB" for options, a compression's number or name, or None.

        Raises:
            ValueError: it is none of those.
        """
        if isinstance(options, TFRecordOptions):
            return cls.get_compression_type_string(options.compression_type)
        if not options:
            return ""
        return records.check_compression(cls.compression_type_map.get(options, options))


class TFRecordWriter:
    """Writes a record file; a context manager.

    Args:
        options: `TFRecordOptions`, or the compression alone.

    Raises:
        NotFoundError (and kin): the file cannot be made.
    """

    def __init__(self, path: Any, options: Any = None) -> None:
        compression = TFRecordOptions.get_compression_type_string(options)
        tuned = options if isinstance(options, TFRecordOptions) else TFRecordOptions()
        settings = {
            "level": tuned.compression_level,
            "window_bits": tuned.window_bits,
            "mem_level": tuned.mem_level,
            "strategy": tuned.compression_strategy,
        }
        given = {name: value for name, value in settings.items() if value is not None}
        try:
            self._writer = records.RecordWriter(path, compression, **given)
        except zlib.error as error:
            raise FailedPreconditionError(None, None, f"zlib: {error}") from error

    def write(self, record: Any) -> None:
        """Append a record: bytes, or text as UTF-8.

        Raises:
            TypeError: it is something else.
            FailedPreconditionError: the writer is closed.
        """
        if isinstance(record, str):
            record = record.encode()
        if not isinstance(record, (bytes, bytearray, memoryview)):
            raise TypeError(f"write(): a record is bytes, got {type(record).__name__}: {record!r}")
        self._writer.write(bytes(record))

    def flush(self) -> None:
        """Hand what was written to the operating system."""
        self._writer.flush()

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        self._writer.close()

    def __enter__(self) -> TFRecordWriter:
        return self

    def __exit__(self, *exc_info: Any) -> None:
        self.close()


def tf_record_iterator(path: Any, options: Any = None) -> Iterator[bytes]:
    """The records of a file, one after the other.

    Args:
        options: `TFRecordOptions`, or the compression alone.

    Raises:
        NotFoundError (and kin): the file cannot be read.
        DataLossError: it is damaged; the message names the file and the offset.
    """
    return records.read_records(path, TFRecordOptions.get_compression_type_string(options))
