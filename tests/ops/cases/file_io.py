"""Cases of ops/file_io.py."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.ops.cases.case import Case, Const
from tests.ops.cases.parsing import strings

_FOLDER = tempfile.TemporaryDirectory()
_ROOT = Path(_FOLDER.name)
for _name in ("a.txt", "b.txt", "c.csv"):
    (_ROOT / _name).write_bytes(_name.encode())


def _path(name: str) -> bytes:
    return str(_ROOT / name).encode()


CASES = [
    Case("ReadFile", (Const(_path("a.txt")),)),
    Case("WriteFile", (Const(_path("new/d.bin")), Const(b"\0data"))),
    Case("MatchingFiles", (Const(_path("*.txt")),), data_dependent=True),
    Case(
        "MatchingFiles",
        (strings(_path("?.csv"), _path("*.c*"), _path("none*")),),
        data_dependent=True,
        note="several",
    ),
]
