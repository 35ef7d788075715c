"""Protos in files, binary and text: `tf.train.write_graph`, and reading for the other modules."""

from __future__ import annotations

import os
from typing import Any, TypeVar

from tf1x.core.files import local_path, raising, replacing
from tf1x.core.graph import Graph

M = TypeVar("M")


@raising
def write_graph(graph_or_graph_def: Any, logdir: Any, name: str, as_text: bool = True) -> str:
    """Write a graph (or any proto) to `logdir/name`; returns the path (`tf.train.write_graph`).

    Args:
        as_text: protobuf's text form rather than the binary one.
    """
    proto = graph_or_graph_def
    if isinstance(proto, Graph):
        proto = proto.as_graph_def()
    folder = local_path(logdir)
    if folder:
        os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, name)
    write_proto(proto, path, as_text)
    return path


def write_proto(proto: Any, path: str, as_text: bool = False) -> None:
    """Write a message to a file, which is replaced as a whole."""
    if as_text:
        from google.protobuf import text_format

        data = text_format.MessageToString(proto).encode()
    else:
        data = proto.SerializeToString(deterministic=True)
    with replacing(path) as file:
        file.write(data)


def read_proto(path: Any, message: type[M], as_text: bool | None = None) -> M:
    """The message in a file.

    Args:
        message: its class.
        as_text: whether it is in text form; None: whichever it is.

    Raises:
        OSError: there is no such file, or it holds no such message.
    """
    path = local_path(path)
    if not os.path.exists(path):
        raise OSError(f"File {path} does not exist.")
    with open(path, "rb") as file:
        return parse(file.read(), message, path, as_text)


def parse(data: bytes, message: type[M], path: str, as_text: bool | None = None) -> M:
    """The message in the bytes of a file; see `read_proto`."""
    from google.protobuf import text_format
    from google.protobuf.message import DecodeError

    made: Any = message()
    if not as_text:
        try:
            made.ParseFromString(data)
            return made  # type: ignore[no-any-return]
        except DecodeError as error:
            if as_text is False:
                raise OSError(f"Cannot parse file {path}: {error}.") from error
    try:
        return text_format.Merge(data.decode(), message())
    except (text_format.ParseError, UnicodeDecodeError) as error:
        raise OSError(
            f"Cannot parse file {path}: it is no {made.DESCRIPTOR.name}, neither in binary nor in "
            f"text form ({error})."
        ) from error
