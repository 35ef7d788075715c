"""One chart in three forms: `Chart`, tokens for the network, a Vega-Lite 5 specification.

The tokens are Vega-Lite's own words in one fixed order, so that a chart has one sequence only:

    bar x sort:-y str0 y mean num0 color str1

A chart is its mark and then its encodings, in the order of `CHANNELS`. An encoding is its channel,
a sort or stack where it has one, a transform (aggregate, bin, time unit) or the type `ordinal`
where it has one, and the pointer of its column (`count` needs none). Types that follow from the
column are not written: a number is quantitative, a text nominal, a date temporal, a part of the
calendar such as `month` ordinal.

Columns are named by pointers here, `num0`, `str3`, `dt0`; `data2vis.table` maps them to names.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

SCHEMA: Final = "https://vega.github.io/schema/vega-lite/v5.20.1.json"

MARKS: Final = (
    "bar", "line", "area", "point", "circle", "tick", "rect", "boxplot", "rule", "text", "arc",
)  # fmt: skip
CHANNELS: Final = ("x", "y", "theta", "color", "size", "shape", "text", "row", "column")
AGGREGATES: Final = ("count", "distinct", "sum", "mean", "median", "min", "max")
# Spans of time, on a temporal scale, and parts of the calendar, which come round again.
SPANS: Final = ("year", "yearquarter", "yearmonth", "yearmonthdate")
CYCLES: Final = ("month", "day", "hours")
TIME_UNITS: Final = SPANS + CYCLES
SORTS: Final = ("-x", "-y")
STACKS: Final = ("normalize", "center")

KINDS: Final = ("num", "str", "dt")
# Columns of one kind that can be pointed at.
MAX_POINTERS: Final = 40
POINTERS: Final = tuple(f"{kind}{i}" for kind in KINDS for i in range(MAX_POINTERS))

PAD: Final = "<pad>"
START: Final = "<start>"
END: Final = "<end>"

# The target vocabulary; a token's id is its position. `text` is both a mark and a channel.
VOCABULARY: Final = tuple(
    dict.fromkeys(
        (PAD, START, END, *MARKS, *CHANNELS)
        + tuple(f"sort:{s}" for s in SORTS)
        + tuple(f"stack:{s}" for s in STACKS)
        + ("ordinal", "bin", *AGGREGATES, *TIME_UNITS, *POINTERS)
    )
)
IDS: Final[Mapping[str, int]] = {token: i for i, token in enumerate(VOCABULARY)}

_TYPES: Final = {"num": "quantitative", "str": "nominal", "dt": "temporal"}


class SpecError(ValueError):
    """Tokens or a specification that are no chart of this language."""


def kind_of(pointer: str) -> str:
    """`num`, `str` or `dt`."""
    return pointer.rstrip("0123456789")


@dataclass(frozen=True)
class Encoding:
    """One channel: what it shows and how."""

    channel: str
    field: str | None = None  # a pointer; None for `count`
    aggregate: str | None = None
    bin: bool = False
    time_unit: str | None = None
    ordinal: bool = False  # a number taken as ordered categories
    sort: str | None = None
    stack: str | None = None

    @property
    def type(self) -> str:
        """Vega-Lite's type of the encoding."""
        if self.aggregate is not None or self.field is None:
            return "quantitative"
        if self.ordinal or self.time_unit in CYCLES:
            return "ordinal"
        return _TYPES[kind_of(self.field)]

    @property
    def discrete(self) -> bool:
        """Whether the scale has separate values: categories, or parts of the calendar."""
        return self.type in ("nominal", "ordinal")

    @property
    def is_measure(self) -> bool:
        """Whether it shows a quantity: a number as it is, or an aggregate."""
        return self.aggregate is not None or (self.type == "quantitative" and not self.bin)

    @property
    def groups(self) -> bool:
        """Whether rows of the same value fall into one group when others are aggregated."""
        return self.discrete or self.bin or self.time_unit is not None

    def tokens(self) -> tuple[str, ...]:
        """The encoding as tokens, channel first."""
        found = [self.channel]
        if self.sort:
            found.append(f"sort:{self.sort}")
        if self.stack:
            found.append(f"stack:{self.stack}")
        if self.bin:
            found.append("bin")
        if self.ordinal:
            found.append("ordinal")
        found += [token for token in (self.aggregate, self.time_unit, self.field) if token]
        return tuple(found)

    def definition(self) -> dict[str, Any]:
        """The channel definition of Vega-Lite."""
        found: dict[str, Any] = {}
        if self.field is not None:
            found["field"] = self.field
        found["type"] = self.type
        if self.aggregate:
            found["aggregate"] = self.aggregate
        if self.bin:
            found["bin"] = True
        if self.time_unit:
            found["timeUnit"] = self.time_unit
        if self.sort:
            found["sort"] = self.sort
        if self.stack:
            found["stack"] = self.stack
        return found


_DEFINITION_KEYS = {"field", "type", "aggregate", "bin", "timeUnit", "sort", "stack"}


@dataclass(frozen=True)
class Chart:
    """A mark and its encodings, in the order of `CHANNELS`."""

    mark: str
    encodings: tuple[Encoding, ...]

    def __getitem__(self, channel: str) -> Encoding:
        return next(e for e in self.encodings if e.channel == channel)

    def get(self, channel: str) -> Encoding | None:
        """The encoding of a channel, if the chart has it."""
        return next((e for e in self.encodings if e.channel == channel), None)

    @property
    def fields(self) -> tuple[str, ...]:
        """The pointers, in the order of the channels."""
        return tuple(e.field for e in self.encodings if e.field is not None)

    @property
    def is_aggregated(self) -> bool:
        """Whether groups of rows are drawn, not single rows."""
        return any(e.aggregate for e in self.encodings)

    @property
    def view(self) -> frozenset[tuple[str | None, str | None]]:
        """Which data it shows: fields with their transforms, whatever the mark and channels."""
        return frozenset(
            (e.field, e.aggregate or e.time_unit or ("bin" if e.bin else None))
            for e in self.encodings
        )

    def tokens(self) -> tuple[str, ...]:
        """The chart as tokens, without `<start>` and `<end>`."""
        return (self.mark, *(token for e in self.encodings for token in e.tokens()))

    def ids(self) -> list[int]:
        """The ids of the tokens and of `<end>`."""
        return [*(IDS[token] for token in self.tokens()), IDS[END]]

    def spec(self) -> dict[str, Any]:
        """A Vega-Lite specification without data, its fields still pointers."""
        return {"mark": self.mark, "encoding": {e.channel: e.definition() for e in self.encodings}}

    def text(self) -> str:
        """The specification as the 2018 system's targets had it: JSON, character by character."""
        return json.dumps(self.spec(), separators=(",", ":"))

    @classmethod
    def from_tokens(cls, tokens: str | Iterable[str]) -> Chart:
        """The chart of tokens, or of a text of them; what follows `<end>` is not read."""
        words = tokens.split() if isinstance(tokens, str) else list(tokens)
        if words[:1] == [START]:
            del words[0]
        if END in words:
            del words[words.index(END) :]
        if not words or words[0] not in MARKS:
            raise SpecError(f"a chart begins with a mark, not with {words[:1]}")
        encodings = []
        position = 1
        while position < len(words):
            encoding, position = _read_encoding(words, position)
            encodings.append(encoding)
        return cls(words[0], _ordered(encodings))

    @classmethod
    def from_ids(cls, ids: Sequence[int] | npt.NDArray[np.integer[Any]]) -> Chart:
        """The chart of token ids; what follows `<end>` is not read."""
        return cls.from_tokens([VOCABULARY[i] for i in ids])

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any]) -> Chart:
        """The chart of a specification whose fields are pointers; its data is not read."""
        unknown = set(spec) - {"$schema", "data", "mark", "encoding"}
        if unknown:
            raise SpecError(f"not in the language: {', '.join(sorted(unknown))}")
        mark = spec.get("mark")
        if isinstance(mark, Mapping) and set(mark) == {"type"}:
            mark = mark["type"]
        if mark not in MARKS:
            raise SpecError(f"the mark {mark!r} is none of {', '.join(MARKS)}")
        definitions = spec.get("encoding")
        if not isinstance(definitions, Mapping) or not definitions:
            raise SpecError("a chart needs an encoding")
        return cls(mark, _ordered([_from_definition(c, d) for c, d in definitions.items()]))


def from_text(text: str) -> Chart:
    """The chart of a character-level target; a `SpecError` says what is wrong with it."""
    try:
        spec = json.loads(text)
    except json.JSONDecodeError as error:
        raise SpecError(f"not JSON: {error}") from None
    if not isinstance(spec, dict):
        raise SpecError("a specification is a JSON object")
    return Chart.from_spec(spec)


def _ordered(encodings: Sequence[Encoding]) -> tuple[Encoding, ...]:
    channels = [e.channel for e in encodings]
    if not channels:
        raise SpecError("a chart needs an encoding")
    if len(set(channels)) < len(channels):
        raise SpecError(f"a channel twice: {' '.join(channels)}")
    return tuple(sorted(encodings, key=lambda e: CHANNELS.index(e.channel)))


def _read_encoding(words: Sequence[str], start: int) -> tuple[Encoding, int]:
    channel = words[start]
    if channel not in CHANNELS:
        raise SpecError(f"{channel!r} stands where a channel must stand")
    options: dict[str, Any] = {}
    for position in range(start + 1, len(words)):
        word = words[position]
        if word in POINTERS or word == "count":
            key = "aggregate" if word == "count" else "field"
            options[key] = word
            return _checked(Encoding(channel, **options)), position + 1
        key, value = _option(word)
        if key in options:
            raise SpecError(f"{word!r} is one {key} too many for {channel}")
        options[key] = value
    raise SpecError(f"the encoding {' '.join(words[start:])!r} lacks its column")


def _option(word: str) -> tuple[str, str | bool]:
    """The attribute of `Encoding` that a token sets, and its value."""
    prefix, _, rest = word.partition(":")
    if prefix in ("sort", "stack") and rest:
        return prefix, rest
    if word in ("bin", "ordinal"):
        return word, True
    if word in AGGREGATES:
        return "aggregate", word
    if word in TIME_UNITS:
        return "time_unit", word
    raise SpecError(f"{word!r} stands where a column or a transform must stand")


def _from_definition(channel: str, definition: Any) -> Encoding:
    if channel not in CHANNELS:
        raise SpecError(f"the channel {channel!r} is none of {', '.join(CHANNELS)}")
    if not isinstance(definition, Mapping):
        raise SpecError(f"the definition of {channel} is no object")
    unknown = set(definition) - _DEFINITION_KEYS
    if unknown:
        raise SpecError(f"not in the language: {', '.join(sorted(unknown))} of {channel}")
    field, kind = definition.get("field"), definition.get("type")
    encoding = Encoding(
        channel,
        field,
        definition.get("aggregate"),
        definition.get("bin", False),
        definition.get("timeUnit"),
        kind == "ordinal" and "timeUnit" not in definition,
        definition.get("sort"),
        definition.get("stack"),
    )
    _checked(encoding)
    if kind != encoding.type:
        raise SpecError(f"the type {kind!r} of {channel} should be {encoding.type!r}")
    return encoding


def _checked(encoding: Encoding) -> Encoding:
    """Refuses what the words do not mean; which charts make sense is the grammar's to say."""
    e = encoding
    allowed = (
        (e.field, (None, *POINTERS)),
        (e.aggregate, (None, *AGGREGATES)),
        (e.bin, (False, True)),
        (e.time_unit, (None, *TIME_UNITS)),
        (e.sort, (None, *SORTS)),
        (e.stack, (None, *STACKS)),
    )
    for value, values in allowed:
        if value not in values:
            raise SpecError(f"{value!r} of {e.channel} is not in the language")
    if (e.field is None) != (e.aggregate == "count"):
        raise SpecError(f"{e.channel}: `count` goes without a column, everything else with one")
    transforms = sum((e.aggregate is not None, e.bin, e.time_unit is not None, e.ordinal))
    if transforms > 1:
        raise SpecError(f"{e.channel} has {transforms} transforms, one is the most")
    kind = kind_of(e.field) if e.field else None
    if (e.bin or e.ordinal) and kind != "num":
        raise SpecError(f"{e.channel}: only numbers are binned or ordinal, not {e.field}")
    if e.time_unit and kind != "dt":
        raise SpecError(f"{e.channel}: only dates have time units, not {e.field}")
    if e.aggregate not in (None, "count", "distinct") and kind != "num":
        raise SpecError(f"{e.channel}: {e.aggregate} is for numbers, not for {e.field}")
    return encoding
