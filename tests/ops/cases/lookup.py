"""Cases of ops/lookup.py: programs that fill a table and use it in one run."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import tf1x as tf
from tests.ops.cases.case import Case, Const
from tests.ops.cases.strings import words
from tf1x.ops import lookup

_WORDS, _NUMBERS = Const([b"one", b"two", b"ten"]), Const(np.int64([1, 2, 10]))
_ASKED = words(b"two", b"three", b"one")


def _find(table: Any, asked: Any, default: Any, *before: Any, size: bool = True) -> list[Any]:
    with tf.control_dependencies(before):
        found = lookup.LookupTableFindV2(table, asked, default)
        return [found, lookup.LookupTableSizeV2(table)] if size else [found]


def _static(fill: Callable[..., Any]) -> Callable[..., Any]:
    def program(keys: Any, values: Any, asked: Any) -> list[Any]:
        types = {"key_dtype": keys.dtype, "value_dtype": values.dtype}
        table = lookup.HashTableV2(shared_name="words", **types)
        return _find(table, asked, tf.constant(-1, values.dtype), fill(table, keys, values))

    return program


def _export(keys: Any, values: Any) -> list[Any]:
    table = lookup.HashTableV2(key_dtype="string", value_dtype="int64")
    with tf.control_dependencies([lookup.LookupTableImportV2(table, keys, values)]):
        found = lookup.LookupTableExportV2(table, Tkeys="string", Tvalues="int64")
    return [tf.nn.top_k(tf.cast(found[1], tf.float32), 3)[0], tf.size(found[0])]


def _mutable(keys: Any, values: Any, asked: Any) -> list[Any]:
    table = lookup.MutableHashTableV2(key_dtype=keys.dtype, value_dtype=values.dtype)
    insert = lookup.LookupTableInsertV2(table, keys, values)
    with tf.control_dependencies([insert]):
        remove = lookup.LookupTableRemoveV2(table, keys[:1])
    default = tf.constant(7, values.dtype)
    return _find(table, asked, default, remove)


def _of_tensors(keys: Any, values: Any, asked: Any) -> list[Any]:
    table = lookup.MutableHashTableOfTensorsV2(
        key_dtype=keys.dtype, value_dtype=values.dtype, value_shape=[2]
    )
    insert = lookup.LookupTableInsertV2(table, keys, values)
    return _find(table, asked, tf.constant([-1.0, 0.0], values.dtype), insert)


def _dense(keys: Any, values: Any, asked: Any) -> list[Any]:
    empty = tf.fill(tf.shape(keys)[1:], tf.constant(-1, tf.int64))
    table = lookup.MutableDenseHashTableV2(
        empty, empty - 1, value_dtype=values.dtype, value_shape=values.shape[1:]
    )
    insert = lookup.LookupTableInsertV2(table, keys, values)
    with tf.control_dependencies([insert]):
        remove = lookup.LookupTableRemoveV2(table, keys[1:2])
    default = tf.zeros(values.shape[1:], values.dtype)
    return _find(table, asked, default, remove)


def _from_file(lines: Any, asked: Any, **attrs: Any) -> list[Any]:
    path = Path(tempfile.gettempdir()) / f"tf1x_lookup_case_{os.getpid()}.txt"
    path.write_bytes(lines.op.attrs["value"].item())
    table = lookup.HashTableV2(key_dtype=asked.dtype, value_dtype="int64")
    fill = lookup.InitializeTableFromTextFileV2(table, str(path), **attrs)
    return _find(table, asked, tf.constant(-1, tf.int64), fill)


def _rows(op: str) -> list[Case]:
    values = np.float32([[1, 2], [3, 4], [5, 6]])
    keys = Const(np.int64([3, 1, 2]))
    dense = op == "MutableDenseHashTableV2"
    asked = np.int64([2, 9, 1]) if dense else np.int64([[2, 9], [1, 3]])
    program = _dense if dense else _of_tensors
    return [
        Case(op, (keys, Const(values), asked), dtypes=("float32",), program=program, grad=False)
    ]


_INITIALIZE = _static(lookup.InitializeTableV2)
_IMPORT = _static(lookup.LookupTableImportV2)
_USE = (_WORDS, _NUMBERS, _ASKED)
_TEXT = Const(b"one 5\ntwo 6\nten 7\n")

CASES = [
    Case("HashTableV2", _USE, program=_INITIALIZE),
    Case("InitializeTableV2", _USE, program=_INITIALIZE),
    Case(
        "InitializeTableV2",
        (_NUMBERS, Const(np.float32([0.5, 1.5, 2.5])), np.int64([[2], [3]])),
        program=_INITIALIZE,
        grad=False,
        note="numbers",
        dtypes=("float32",),
    ),
    Case("LookupTableImportV2", _USE, program=_IMPORT),
    Case("LookupTableFindV2", _USE, program=_IMPORT),
    Case("LookupTableSizeV2", _USE, program=_IMPORT),
    Case("LookupTableExportV2", _USE[:2], program=_export, data_dependent=True),
    *(
        Case(op, _USE, program=_mutable)
        for op in ("MutableHashTableV2", "LookupTableInsertV2", "LookupTableRemoveV2")
    ),
    *_rows("MutableHashTableOfTensorsV2"),
    *_rows("MutableDenseHashTableV2"),
    Case(
        "MutableDenseHashTableV2",
        (Const(np.int64([[1, 2], [3, 4]])), Const(np.int64([5, 6])), np.int64([[3, 4], [1, 2]])),
        program=_dense,
        note="vectors",
    ),
    Case(
        "InitializeTableFromTextFileV2",
        (_TEXT, words(b"two 6", b"x")),
        {"key_index": -2, "value_index": -1},
        program=_from_file,
    ),
    Case(
        "InitializeTableFromTextFileV2",
        (_TEXT, words(b"two", b"ten")),
        {"key_index": 0, "value_index": 1, "delimiter": " ", "vocab_size": 2},
        program=_from_file,
        note="columns",
    ),
]
