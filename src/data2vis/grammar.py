"""Which token may follow: the grammar of valid charts over the columns of one table.

Every sequence that `Grammar` allows decodes to a chart that is valid Vega-Lite, draws something,
names only columns that there are, each once, and fits marks, channels and transforms to their
kinds; and every prefix that it allows can be finished. Constrained decoding masks the network's
logits with it:

    grammar = Grammar(profile)
    walk = grammar.start
    while not walk.done:
        walk = grammar.advance(walk, choose(logits, grammar.mask(walk)))
    chart = Chart.from_ids(walk.ids)

Columns fall into few classes (a number with or without negative values, a text with few or many
values, a date by what varies), encodings into few roles. The states, in which the roles of what is
written are kept, know no table and are shared; a table adds how many unused columns of each class
there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from data2vis.spec import (
    CHANNELS,
    CYCLES,
    END,
    IDS,
    MARKS,
    POINTERS,
    SORTS,
    SPANS,
    STACKS,
    START,
    VOCABULARY,
    SpecError,
)
from data2vis.table import SOME, Column, Profile

MAX_ENCODINGS: Final = 5

Mask = npt.NDArray[np.bool_]


class Role(NamedTuple):
    """What an encoding is to the chart, whichever column it shows.

    The kinds: Q number, T date, A aggregate, B bin, U span of time, C part of the calendar,
    D categories, O ordered categories, K texts too many to be categories.
    """

    kind: str
    level: str = ""  # one value, or few, some or many categories
    signed: bool = False
    summative: bool = False  # parts that make a whole when stacked
    is_count: bool = False
    sparse: bool = False  # most categories come once: groups would be single rows
    sort: bool = False
    stack: bool = False

    @property
    def discrete(self) -> bool:
        """Whether its scale has separate values."""
        return self.kind in "DOC"


class State(NamedTuple):
    """The roles that a chart has so far."""

    mark: str
    x: Role | None = None
    y: Role | None = None
    theta: Role | None = None
    color: Role | None = None
    size: Role | None = None
    shape: Role | None = None
    text: Role | None = None
    row: Role | None = None
    column: Role | None = None

    @property
    def roles(self) -> list[Role]:
        return [role for role in self[1:] if isinstance(role, Role)]

    @property
    def last(self) -> int:
        """The position of the last channel that is used; -1 if none is."""
        return max((i for i, role in enumerate(self[1:]) if role is not None), default=-1)


def _pairs(*patterns: str) -> frozenset[str]:
    """Kinds of x and y: `d` is any category, `c` one without time units, `g` and `G` any group."""
    sets = {"c": "DO", "d": "DOC", "g": "DOCB", "G": "DOCBU"}
    return frozenset(
        x + y for p in patterns for x in sets.get(p[0], p[0]) for y in sets.get(p[1], p[1])
    )


_TREND: Final = _pairs("TQ", "UA", "OA", "CA", "BA")
_TRENDS: Final = ("line", "area")
_DOTS: Final = _pairs("QQ", "TQ", "dQ", "Qd", "Td", "Q-", "GA", "Ad", "AA", "dd", "BB")
# What a mark can have on x and y.
_POSITIONS: Final[Mapping[str, frozenset[str]]] = {
    "bar": _pairs("GA", "Ag", "A-"),
    "line": _TREND,
    "area": _TREND,
    "point": _DOTS,
    "circle": _DOTS,
    "tick": _pairs("Q-", "T-", "-Q", "Qd", "Td", "dQ"),
    "rect": _pairs("Gg"),
    # Not by time units, nor facets: there Vega-Lite forgets to escape names such as `it's`.
    "boxplot": _pairs("Q-", "-Q", "cQ", "Qc"),
    "rule": _pairs("A-", "-A", "Q-", "T-", "-Q"),
    "text": _pairs("QQ", "TQ", "Qd", "dQ", "dd", "AA", "dA", "Ad"),
    "arc": _pairs("--"),
}
_BEGINNINGS: Final = {mark: {pair[0] for pair in pairs} for mark, pairs in _POSITIONS.items()}
# The kinds that other channels can show.
_CHANNEL_KINDS: Final[Mapping[tuple[str, str], str]] = {
    **{(mark, "color"): "DOC" for mark in MARKS},
    ("bar", "color"): "DOCA",
    ("boxplot", "color"): "DO",
    ("point", "color"): "DOCQA",
    ("circle", "color"): "DOCQA",
    ("rect", "color"): "A",
    ("point", "size"): "QA",
    ("circle", "size"): "QA",
    ("point", "shape"): "D",
    ("text", "text"): "DKQA",
    ("arc", "theta"): "A",
    **{(mark, side): "DO" for mark in MARKS if mark != "arc" for side in ("row", "column")},
}


def _may_extend(state: State, channel: str, role: Role) -> bool:
    """Whether an encoding fits those before it; what is still lacking may come."""
    roles = state.roles
    if role.is_count and any(r.is_count for r in roles):
        return False
    kinds = {r.kind for r in roles} | {role.kind}
    if "A" in kinds and kinds & set("QTK"):
        return False  # single rows and groups do not mix
    if channel == "x":
        return True
    if channel == "y":
        if state.mark in _TRENDS and state.x is not None and state.x.level == "one":
            return False  # a single value is no trend
        if state.x is not None and state.x.sort and role.kind != "A":
            return False
        if role.sort and (state.x is None or state.x.kind != "A"):
            return False
        return _pair(state.x, role) in _POSITIONS[state.mark]
    if _pair(state.x, state.y) not in _POSITIONS[state.mark]:
        return False
    if channel == "color":
        return _may_color(state, role)
    if channel == "size":
        return not role.signed
    if channel == "theta":
        return role.summative
    if channel == "shape":
        return role.level == "few"
    if channel == "text":
        return True
    # A facet: of one kind only, and beside the axis that it continues.
    other = state.row if channel == "column" else state.column
    axis = state.x if channel == "column" else state.y
    return role.level == "few" and not role.sparse and other is None and axis is not None


def _may_color(state: State, role: Role) -> bool:
    if not role.discrete:
        return not (state.mark == "bar" and _is_stacked(state))
    if role.level == "many" or (role.sparse and state.mark in (*_TRENDS, "boxplot")):
        return False
    if state.mark in ("bar", "area"):  # these stack, and only parts of a whole can be stacked
        measure = _measure(state)
        return measure is not None and measure.summative
    return True


def _pair(x: Role | None, y: Role | None) -> str:
    return (x.kind if x else "-") + (y.kind if y else "-")


def _measure(state: State) -> Role | None:
    return next((r for r in (state.x, state.y) if r is not None and r.kind == "A"), None)


def _is_stacked(state: State) -> bool:
    return any(r is not None and r.stack for r in (state.x, state.y))


@cache
def _is_complete(state: State) -> bool:
    """Whether the chart may end here."""
    if not state.roles or _pair(state.x, state.y) not in _POSITIONS[state.mark]:
        return False
    x, y, color = state.x, state.y, state.color
    if x is not None and x.sort and (y is None or y.kind != "A"):
        return False
    if _is_stacked(state) and (color is None or not color.discrete):
        return False
    if state.mark == "arc":
        return state.theta is not None and color is not None
    if state.mark == "text":
        return _text_is_complete(state)
    drawn = {r.kind for r in (color, state.size, state.text) if r is not None}
    grouped = any(r is not None and r.discrete for r in (color, state.shape))
    if x is not None and x.kind == "A" and y is not None and y.kind == "A":
        return grouped  # else a single point
    if x is not None and y is not None and x.kind in "DOCBU" and y.kind in "DOCB":
        return "A" in drawn
    return True


def _text_is_complete(state: State) -> bool:
    if state.text is None:
        return False
    pair = _pair(state.x, state.y)
    if pair == "AA":
        return state.text.kind == "D"
    if "Q" in pair or "A" in pair:
        return True
    return state.text.kind == "A"


class _Form(NamedTuple):
    """A way to write an encoding: its tokens up to the column, for the columns of some classes."""

    channel: str
    prefix: tuple[str, ...]
    classes: int  # bits; 0: none, it is `count`
    role: Role


# The classes of columns. Of numbers: level, and `-` with values below zero, else `0` with a zero
# (their minimum is no bar to be seen), `z` with many zeros (nor is their median);
# of texts: level, `!` if most values come once; of dates: what varies.
_CLASSES: Final = (
    "num:zero",
    *(f"num:{level}{sign}" for level in ("one", "few", "some", "more") for sign in "+-0z"),
    *(f"num:{level}!{sign}" for level in ("few", "some") for sign in "+-0z"),
    *(f"str:{level}{sparse}" for level in ("few", "some", "many", "more") for sparse in ("", "!")),
    *("dt:" + "".join(u for i, u in enumerate("YMDH") if bits >> i & 1) for bits in range(16)),
)
_BIT: Final = {name: i for i, name in enumerate(_CLASSES)}
_MANY_ZEROS: Final = 0.25
_AVERAGES: Final = ("mean", "max", "median", "min")


def class_of(column: Column) -> str:
    """The class of a column; those of one class are interchangeable to the grammar."""
    if column.kind == "dt":
        return f"dt:{column.units}"
    sparse = "!" if column.is_sparse else ""
    if column.kind == "str":
        return f"str:{column.level}{sparse}"
    if column.distinct == 1 and column.minimum == 0:
        return "num:zero"
    sign = "-" if column.is_signed else "0" if column.zeros else "+"
    if sign == "0" and column.zeros > _MANY_ZEROS:
        sign = "z"
    if column.distinct == 1:
        return f"num:one{sign}"
    return f"num:{column.level}{sparse}{sign}" if column.distinct <= SOME else f"num:more{sign}"


def _roles(name: str) -> Iterable[tuple[tuple[str, ...], Role]]:
    """The transforms of a class of columns, and the role that each gives."""
    kind, _, rest = name.partition(":")
    level = rest.rstrip("+-0z!")
    if kind == "str":
        sparse = rest.endswith("!")
        yield (), Role("K") if level == "more" else Role("D", level, sparse=sparse)
        if level != "few":
            yield ("distinct",), Role("A")
    elif kind == "num":
        yield from _number_roles(level, rest[-1], "!" in rest)
    else:
        constant = "" if rest else "one"
        yield (), Role("T", constant)
        for unit in SPANS + CYCLES:
            if set(_VARIES[unit]) <= set(rest) or (unit == "year" and not rest):
                levels = {"day": "few", "month": "some", "hours": "some"}
                role = Role("C", levels[unit]) if unit in CYCLES else Role("U", constant)
                yield (unit,), role


def _number_roles(level: str, sign: str, sparse: bool) -> Iterable[tuple[tuple[str, ...], Role]]:
    if level in ("zero", "one"):
        yield ("ordinal",), Role("O", "one")
    elif level in ("few", "some"):
        yield ("ordinal",), Role("O", level, sparse=sparse)
    if level == "zero":
        return
    signed = sign == "-"
    if level != "one":
        yield (), Role("Q", signed=signed)
    yield ("sum",), Role("A", signed=signed, summative=not signed)
    for average in {"0": ("mean", "max", "median"), "z": ("mean", "max")}.get(sign, _AVERAGES):
        yield (average,), Role("A", signed=signed)
    if level in ("some", "more"):
        yield ("bin",), Role("B")


_VARIES: Final = {
    "year": "Y",
    "yearquarter": "YM",
    "yearmonth": "M",
    "yearmonthdate": "D",
    "month": "M",
    "day": "D",
    "hours": "H",
}


def _forms() -> tuple[_Form, ...]:
    """All ways to write an encoding."""
    classes: dict[tuple[str, tuple[str, ...], Role], int] = {}
    for name in _CLASSES:
        for prefix, role in _roles(name):
            for channel in CHANNELS:
                for options, changed in _options(channel, role):
                    key = (channel, options + prefix, changed)
                    classes[key] = classes.get(key, 0) | 1 << _BIT[name]
    count = Role("A", summative=True, is_count=True)
    counts = [
        _Form(channel, options, 0, role)
        for channel in CHANNELS
        for options, role in _options(channel, count)
    ]
    return (*(_Form(c, p, bits, role) for (c, p, role), bits in classes.items()), *counts)


def _options(channel: str, role: Role) -> Iterable[tuple[tuple[str, ...], Role]]:
    """A role as it is, sorted by the other axis, and stacked."""
    yield (), role
    if channel in ("x", "y") and role.kind == "D":
        yield (f"sort:{SORTS[channel == 'x']}",), role._replace(sort=True)
    if channel in ("x", "y") and role.summative:
        for stack in STACKS:
            yield (f"stack:{stack}",), role._replace(stack=True)


def _suits(form: _Form, mark: str) -> bool:
    """Whether a mark has the channel, for that kind of role."""
    kind, channel = form.role.kind, form.channel
    if form.role.stack and mark != "area" and (mark != "bar" or "stack:center" in form.prefix):
        return False
    if channel == "x":
        return kind in _BEGINNINGS[mark]
    if channel == "y":
        return any(pair[1] == kind for pair in _POSITIONS[mark])
    return kind in _CHANNEL_KINDS.get((mark, channel), "")


_FORMS: Final = {mark: [f for f in _forms() if _suits(f, mark)] for mark in MARKS}
_CHANNEL_INDEX: Final = {channel: i for i, channel in enumerate(CHANNELS)}


@cache
def _next_forms(state: State) -> tuple[tuple[_Form, State, bool], ...]:
    """The encodings that fit a state, the states after them, and whether those are complete."""
    if len(state.roles) >= MAX_ENCODINGS:
        return ()
    last = state.last
    found = []
    for form in _FORMS[state.mark]:
        if _CHANNEL_INDEX[form.channel] > last and _may_extend(state, form.channel, form.role):
            after = State(**{**state._asdict(), form.channel: form.role})
            found.append((form, after, _is_complete(after)))
    return tuple(found)


Remaining = tuple[int, ...]  # unused columns by class, as many as one chart can use


def _without(remaining: Remaining, bit: int) -> Remaining:
    return (*remaining[:bit], remaining[bit] - 1, *remaining[bit + 1 :])


@lru_cache(maxsize=1 << 16)
def _available(remaining: Remaining) -> int:
    return sum(1 << bit for bit, count in enumerate(remaining) if count)


def _bits(value: int) -> Iterable[int]:
    while value:
        low = value & -value
        yield low.bit_length() - 1
        value ^= low


@lru_cache(maxsize=1 << 18)
def _can_end(state: State, remaining: Remaining) -> bool:
    """Whether the chart is complete or can become so with the columns left."""
    if _is_complete(state):
        return True
    available = _available(remaining)
    forms = _next_forms(state)
    if any(done and (not f.classes or f.classes & available) for f, _, done in forms):
        return True
    return any(_usable(form, after, False, remaining, available) for form, after, _ in forms)


def _usable(form: _Form, after: State, done: bool, remaining: Remaining, available: int) -> int:
    """The classes (for `count`: 1) with which an encoding leads to a chart that can end."""
    if not form.classes:
        return int(done or _can_end(after, remaining))
    classes = form.classes & available
    if done:
        return classes
    return sum(1 << b for b in _bits(classes) if _can_end(after, _without(remaining, b)))


class _Menu(NamedTuple):
    """What may come after a beginning of an encoding: words, and columns of some classes."""

    words: tuple[int, ...]
    classes: int


@lru_cache(maxsize=1 << 16)
def _menus(state: State, remaining: Remaining) -> Mapping[tuple[str, ...], _Menu]:
    """For each beginning of an encoding, what may come next."""
    available = _available(remaining)
    words: dict[tuple[str, ...], set[int]] = {(): {IDS[END]} if _is_complete(state) else set()}
    classes: dict[tuple[str, ...], int] = {}
    for form, after, done in _next_forms(state):
        usable = _usable(form, after, done, remaining, available)
        if not usable:
            continue
        path = (form.channel, *form.prefix)
        if form.classes:
            classes[path] = classes.get(path, 0) | usable
        else:
            words.setdefault(path, set()).add(IDS["count"])
        for length, word in enumerate(path):
            words.setdefault(path[:length], set()).add(IDS[word])
    return {
        path: _Menu(tuple(sorted(words.get(path, ()))), classes.get(path, 0))
        for path in words.keys() | classes.keys()
    }


@lru_cache(maxsize=1 << 16)
def _after(state: State, path: tuple[str, ...], bit: int | None) -> State | None:
    """The state after an encoding; `bit` is the class of its column, None for `count`."""
    for form, after, _ in _next_forms(state):
        if (form.channel, *form.prefix) == path and (
            form.classes >> bit & 1 if bit is not None else not form.classes
        ):
            return after
    return None


class Walk(NamedTuple):
    """A prefix of a chart's tokens, read by the grammar."""

    ids: tuple[int, ...] = ()
    state: State | None = None
    path: tuple[str, ...] = ()  # the tokens of the encoding that is being written
    used: tuple[int, ...] = ()  # ids of the pointers that are taken
    remaining: Remaining = ()
    done: bool = False


_POINTER_IDS: Final = {IDS[p] for p in POINTERS}
_COUNT: Final = IDS["count"]
_END: Final = IDS[END]


class Grammar:
    """The automaton of the charts of one table; see the module's text."""

    def __init__(self, profile: Profile) -> None:
        counts = [0] * len(_CLASSES)
        self._class: dict[int, int] = {}
        for column in profile.usable:
            bit = _BIT[class_of(column)]
            self._class[IDS[str(column.pointer)]] = bit
            counts[bit] += 1
        remaining = tuple(min(count, MAX_ENCODINGS) for count in counts)
        self._counts = tuple(counts)
        self._marks = np.zeros(len(VOCABULARY), np.bool_)
        for mark in MARKS:
            self._marks[IDS[mark]] = _can_end(State(mark), remaining)
        self._masks: dict[tuple[State, tuple[str, ...], Remaining], Mask] = {}
        self.start = Walk(remaining=remaining)

    def mask(self, walk: Walk) -> Mask:
        """Which tokens may come next, as a vector over the vocabulary; not to be written to."""
        if walk.state is None:
            return self._marks
        key = (walk.state, walk.path, walk.remaining)
        mask = self._masks.get(key)
        if mask is None:
            mask = self._masks[key] = self._build(*key, done=walk.done)
        if walk.used:
            mask = mask.copy()
            mask[list(walk.used)] = False
        return mask

    def masks(self, walks: Sequence[Walk]) -> Mask:
        """The masks of several walks, one row each; a finished one may only be padded by END."""
        return np.stack([_ONLY_END if walk.done else self.mask(walk) for walk in walks])

    def _build(self, state: State, path: tuple[str, ...], remaining: Remaining, done: bool) -> Mask:
        mask = np.zeros(len(VOCABULARY), np.bool_)
        menu = None if done else _menus(state, remaining).get(path)
        if menu is not None:
            mask[list(menu.words)] = True
            if menu.classes:
                mask[[i for i, bit in self._class.items() if menu.classes >> bit & 1]] = True
        return mask

    def advance(self, walk: Walk, token: int) -> Walk:
        """The walk with one more token; a `SpecError` if the grammar does not allow it."""
        if walk.done or not self.mask(walk)[token]:
            words = [VOCABULARY[i] for i in walk.ids]
            raise SpecError(f"{VOCABULARY[token]!r} cannot follow {' '.join(words)!r}")
        return self._step(walk, int(token))

    def _step(self, walk: Walk, token: int) -> Walk:
        ids = (*walk.ids, token)
        if walk.state is None:
            return walk._replace(ids=ids, state=State(VOCABULARY[token]))
        if token == _END:
            return walk._replace(ids=ids, done=True)
        if token == _COUNT:
            return walk._replace(ids=ids, state=_after(walk.state, walk.path, None), path=())
        if token not in _POINTER_IDS:
            return walk._replace(ids=ids, path=(*walk.path, VOCABULARY[token]))
        bit = self._class[token]
        used = (*walk.used, token)
        taken = sum(self._class[i] == bit for i in used)
        remaining = (
            *walk.remaining[:bit],
            min(self._counts[bit] - taken, MAX_ENCODINGS),
            *walk.remaining[bit + 1 :],
        )
        state = _after(walk.state, walk.path, bit)
        return Walk(ids, state, (), used, remaining)

    def read(self, tokens: str | Iterable[str | int]) -> Walk:
        """The walk along tokens, a text of them, or ids; with or without `<start>`."""
        walk = self.start
        for token in tokens.split() if isinstance(tokens, str) else tokens:
            if token not in (START, IDS[START]):
                walk = self.advance(walk, IDS[token] if isinstance(token, str) else token)
        return walk

    def accepts(self, tokens: str | Iterable[str | int]) -> bool:
        """Whether the tokens, `<end>` among them or not, are a whole valid chart."""
        try:
            walk = self.read(tokens)
        except (SpecError, KeyError, IndexError):
            return False
        return walk.done or bool(self.mask(walk)[_END])


_ONLY_END: Final[Mask] = np.arange(len(VOCABULARY)) == _END


def allowed(prefix: str | Iterable[str], profile: Profile) -> set[str]:
    """The tokens that may follow a prefix, for reading and tests; decoding uses `Grammar`."""
    grammar = Grammar(profile)
    walk = grammar.read(prefix)
    return set() if walk.done else {VOCABULARY[i] for i in np.flatnonzero(grammar.mask(walk))}


def random_walk(
    grammar: Grammar,
    random: np.random.Generator,
    weights: npt.NDArray[np.floating[Any]] | None = None,
) -> Walk:
    """A chart drawn token by token, each by its weight (all the same if none are given)."""
    walk = grammar.start
    while not walk.done:
        tokens = np.flatnonzero(grammar.mask(walk))
        if weights is None:
            position = int(random.random() * len(tokens))
        else:
            ends = np.cumsum(weights[tokens])
            position = int(np.searchsorted(ends, random.random() * ends[-1], side="right"))
        walk = grammar._step(walk, int(tokens[position]))
    return walk
