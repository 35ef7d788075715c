"""What is wrong with a specification, for the one who is writing it: places and messages.

JSON Schema's own verdict on Vega-Lite is seldom of use: nearly everything is a choice of many
forms, and the verdict that none fits names none. Here the form that was meant is taken: by the keys
that the specification has, and among the others the one whose error lies deepest.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from data2vis.evaluate import validator
from data2vis.table import fields

_MOST: Final = 20
_SHOWN_VALUES: Final = 14
# Keys that say of which kind a specification is, and its definition in the schema.
_KINDS: Final = {
    "layer": "TopLevelLayerSpec",
    "concat": "TopLevelConcatSpec",
    "hconcat": "TopLevelHConcatSpec",
    "vconcat": "TopLevelVConcatSpec",
    "repeat": "TopLevelRepeatSpec",
    "spec": "TopLevelFacetSpec",
}


def problems(
    spec: Mapping[str, Any], columns: Collection[str] | None = None
) -> list[dict[str, str]]:
    """Where and what: against the schema of Vega-Lite 5, and fields that are none of `columns`."""
    found: dict[tuple[str, str], None] = {}
    definition = next((name for key, name in _KINDS.items() if key in spec), "TopLevelUnitSpec")
    bare = {**spec, "data": {"values": []}}
    checker = validator().evolve(schema={"$ref": f"#/definitions/{definition}"})
    for error in checker.iter_errors(bare):
        for place, message in _explained(error):
            found[place, message] = None
    if not found and columns is not None and _is_plain(spec):
        for name in fields(spec):
            if name not in columns:
                message = f"the table has no column {name!r}{_closest(name, columns)}"
                found["", message] = None
    return [{"path": place, "message": message} for place, message in list(found)[:_MOST]]


def _is_plain(spec: Mapping[str, Any]) -> bool:
    """Whether its fields must be columns: transforms may make others."""
    return "transform" not in spec and "mark" in spec


def _explained(error: Any) -> Iterable[tuple[str, str]]:
    leaves = list(_leaves(error))
    deepest = max(len(leaf.absolute_path) for leaf in leaves)
    leaves = [leaf for leaf in leaves if len(leaf.absolute_path) == deepest]
    place = ".".join(map(str, leaves[0].absolute_path))
    extra = [leaf for leaf in leaves if leaf.validator == "additionalProperties"]
    if extra:
        # Of several forms, the one that has the fewest strangers was meant.
        best = min(extra, key=lambda leaf: len(_strangers(leaf)))
        for key in _strangers(best):
            close = _closest(key, best.schema.get("properties", {}))
            yield place, f"{key!r} does not belong here{close}"
        return
    value = leaves[0].instance
    values = list(dict.fromkeys(v for leaf in leaves for v in _values(leaf)))
    allowed = list(map(json.dumps, values[:_SHOWN_VALUES])) + ["…"] * (len(values) > _SHOWN_VALUES)
    allowed += dict.fromkeys(
        f"{'an' if kind[0] in 'aio' else 'a'} {kind}" for leaf in leaves for kind in _kinds(leaf)
    )
    if allowed:
        close = _closest(value, [v for v in values if isinstance(v, str)])
        what = "none of" if len(allowed) > 1 else "not"
        yield place, f"{_short(value)} is {what} {', '.join(allowed)}{close}"
        return
    yield place, leaves[0].message[:300]


def _leaves(error: Any) -> Iterable[Any]:
    if not error.context:
        yield error
    for inner in error.context or ():
        yield from _leaves(inner)


def _strangers(error: Any) -> list[str]:
    known = error.schema.get("properties", {})
    return [key for key in error.instance if key not in known]


def _values(error: Any) -> list[Any]:
    if error.validator == "enum":
        return list(error.validator_value)
    return [error.validator_value] if error.validator == "const" else []


def _kinds(error: Any) -> list[str]:
    if error.validator != "type":
        return []
    kinds = error.validator_value
    return list(kinds) if isinstance(kinds, list) else [str(kinds)]


def _closest(given: Any, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(given, list(known), 1) if isinstance(given, str) else []
    return f"; did you mean {close[0]!r}?" if close else ""


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}…"
