"""`tf.string_split` and the other functions of strings that are more than one op's endpoint."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.api import export, renamed
from tf1x.core import convert, scopes
from tf1x.core.dtypes import float32, int32, string
from tf1x.core.errors import UnsupportedError
from tf1x.core.operation import Tensor
from tf1x.core.sparse_tensor import SparseTensor
from tf1x.ops import array, strings, strings_hash, strings_numbers, strings_regex


def _sparse(found: Any) -> SparseTensor:
    return SparseTensor(found[0], found[1], found[2])


def _check_kind(result_type: str) -> None:
    if result_type == "RaggedTensor":
        raise UnsupportedError(
            "Ragged tensors are not supported: ask for result_type='SparseTensor'."
        )
    if result_type != "SparseTensor":
        raise ValueError("result_type must be 'RaggedTensor' or 'SparseTensor'.")


@export("string_split")
@renamed(delimiter="sep")
def string_split(
    source: Any,
    sep: Any = None,
    skip_empty: bool = True,
    result_type: str = "SparseTensor",
    name: str | None = None,
) -> SparseTensor:
    """The parts of each string of a vector, as a SparseTensor [strings, most parts].

    Args:
        sep: every character of it separates (a space by default); "" splits into bytes.
        skip_empty: leave out empty parts.
    """
    _check_kind(result_type)
    with scopes.name_scope(name, "StringSplit", [source]):
        marks = convert.to_tensor(" " if sep is None else sep, string)
        values = convert.to_tensor(source, string)
        return _sparse(strings.StringSplit(values, marks, skip_empty=skip_empty))


@export("strings.split")
@renamed(source="input")
def string_split_v2(
    input: Any = None,
    sep: Any = None,
    maxsplit: int = -1,
    result_type: str = "SparseTensor",
    name: str | None = None,
) -> SparseTensor:
    """The parts of each string of a vector, split as Python's `split` does, as a SparseTensor.

    Args:
        sep: what separates, as a whole; by default any white space.
        maxsplit: split at most so often (-1: everywhere).
    """
    _check_kind(result_type)
    with scopes.name_scope(name, "StringSplit", [input]):
        values = convert.to_tensor(input, string, name="input")
        if values.shape.ndims == 0:
            values = array.expand_dims(values, 0)
        mark = convert.to_tensor("" if sep is None else sep, string)
        return _sparse(strings.StringSplitV2(values, mark, maxsplit=maxsplit))


@export("string_join", "strings.join")
def string_join(inputs: Any, separator: str = "", name: str | None = None) -> Tensor:
    """Tensors of strings joined element by element; scalars stand for all elements."""
    result: Tensor = strings.StringJoin(list(inputs), separator=separator, name=name)
    return result


@export("reduce_join", "strings.reduce_join")
@renamed(keep_dims="keepdims", reduction_indices="axis")
def reduce_join(
    inputs: Any,
    axis: Any = None,
    keepdims: bool | None = None,
    separator: str = "",
    name: str | None = None,
) -> Tensor:
    """Strings joined over dimensions, first over the first of `axis` (by default all, the last first)."""
    with scopes.name_scope(None, "ReduceJoin", [inputs, axis]):
        values = convert.to_tensor(inputs)
        if axis is None and values.shape.ndims is not None:
            axis = array.constant(np.arange(values.shape.ndims - 1, -1, -1), dtype=int32)
        elif axis is None:
            axis = array.range_(array.rank(values) - 1, -1, -1)
        result: Tensor = strings.ReduceJoin(
            values, axis, keep_dims=bool(keepdims), separator=separator, name=name
        )
        return result


def _is_text(value: Any) -> bool:
    return isinstance(value, (str, bytes))


@export("regex_replace", "strings.regex_replace")
def regex_replace(
    input: Any, pattern: Any, rewrite: Any, replace_global: bool = True, name: str | None = None
) -> Tensor:
    """Strings with the matches of a regular expression replaced.

    Args:
        pattern: in RE2's language.
        rewrite: in which \\1 to \\9 stand for the groups, \\0 for the match.
        replace_global: replace all matches rather than the first.

    Raises (when run):
        InvalidArgumentError: the pattern is malformed.
        UnsupportedError: it uses what Python's `re` lacks.
    """
    static = _is_text(pattern) and _is_text(rewrite)
    node = strings_regex.StaticRegexReplace if static else strings_regex.RegexReplace
    given = {"pattern": pattern, "rewrite": rewrite, "replace_global": replace_global}
    result: Tensor = node(input, **given, name=name)
    return result


@export("strings.regex_full_match")
def regex_full_match(input: Any, pattern: Any, name: str | None = None) -> Tensor:
    """Whether a regular expression (RE2's) matches the whole of each string."""
    static = _is_text(pattern)
    node = strings_regex.StaticRegexFullMatch if static else strings_regex.RegexFullMatch
    result: Tensor = node(input, pattern=pattern, name=name)
    return result


@export("strings.length")
def string_length(input: Any, name: str | None = None, unit: str = "BYTE") -> Tensor:
    """The number of bytes of each string, or of characters with unit="UTF8_CHAR"."""
    result: Tensor = strings.StringLength(input, unit=unit, name=name)
    return result


@export("substr", "strings.substr")
def substr(input: Any, pos: Any, len: Any, name: str | None = None, unit: str = "BYTE") -> Tensor:
    """Of each string `len` bytes from `pos` on; see `strings.Substr`."""
    result: Tensor = strings.Substr(input, pos, len, unit=unit, name=name)
    return result


@export("string_to_number", "strings.to_number")
@renamed(input="string_tensor")
def string_to_number(
    string_tensor: Any = None, out_type: Any = float32, name: str | None = None
) -> Tensor:
    """Strings as numbers: float32, float64, int32 or int64."""
    result: Tensor = strings_numbers.StringToNumber(string_tensor, out_type=out_type, name=name)
    return result


@export("string_to_hash_bucket", "strings.to_hash_bucket")
@renamed(input="string_tensor")
def string_to_hash_bucket(
    string_tensor: Any = None, num_buckets: Any = None, name: str | None = None
) -> Tensor:
    """For each string a number in [0, num_buckets), by TensorFlow's own hash."""
    result: Tensor = strings_hash.StringToHashBucket(
        string_tensor, num_buckets=num_buckets, name=name
    )
    return result


@export("strings.unsorted_segment_join")
def unsorted_segment_join(
    inputs: Any, segment_ids: Any, num_segments: Any, separator: str = "", name: str | None = None
) -> Tensor:
    """The strings with the same segment id joined, in order."""
    result: Tensor = strings.UnsortedSegmentJoin(
        inputs, segment_ids, num_segments, separator=separator, name=name
    )
    return result
