"""What to do with decoded sequences, by the names of the 2018 tasks.

`DecodeText` prints the best sequence of each input, `DumpAttention` writes where the network
looked (a PNG for each input and `attention_scores.npz`), `DumpBeams` every step of the search.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from data2vis import source
from data2vis.config import ConfigError
from data2vis.decode import Beams, Decoder, Group, Hypothesis
from data2vis.evaluate import VEGA_LITE
from data2vis.grammar import Grammar
from data2vis.spec import SCHEMA
from data2vis.table import Table


@dataclass(frozen=True)
class Decoded:
    """An input and what was found for it."""

    name: str
    source: tuple[int, ...]
    hypotheses: list[Hypothesis]  # the best first
    beams: Beams


class Task(Protocol):
    """What is done with each input, and at the end."""

    def take(self, decoded: Decoded, decoder: Decoder) -> None:
        """An input was decoded."""

    def end(self) -> None:
        """There are no more."""


def decode(decoder: Decoder, table: Table, beam_width: int, raw: bool = False) -> Decoded:
    """The best sequences for a table; `raw` is the network alone.

    A network of characters reads the table's first row, as in 2018.

    Raises:
        ConfigError: a network of characters is to keep to the grammar, which is one of tokens.
    """
    options = decoder.trained.options
    beams = Beams()
    if options.config.level == "character":
        if not raw:
            raise ConfigError("the grammar is one of tokens: decode characters with --raw")
        ids = options.source.ids(table.row_text(0))
    else:
        ids = source.ids(table.profile)
    ids = ids[: options.config["source.max_seq_len"]]
    if raw:
        found = decoder.raw(ids, beam_width, beams)
    else:
        group = Group(Grammar(table.profile), beam_width)
        found = decoder.search(ids, [group], beams)[0][:beam_width]
    return Decoded(table.name, tuple(ids), found, beams)


class DecodeText:
    """Prints the text of the best sequence of each input, a line each."""

    def __init__(self, say: Callable[[str], object] = print) -> None:
        self._say = say

    def take(self, decoded: Decoded, decoder: Decoder) -> None:
        """Prints a line."""
        self._say(decoder.trained.options.target.text(decoded.hypotheses[0].ids))

    def end(self) -> None:
        """Nothing is left to do."""


class DumpAttention:
    """Writes `00000.png` and so on, and all scores [target tokens, source tokens] as `arr_0`..."""

    def __init__(self, folder: Path, plots: bool = True) -> None:
        self._folder = folder
        self._plots = plots
        self._scores: list[npt.NDArray[np.float32]] = []
        folder.mkdir(parents=True, exist_ok=True)

    def take(self, decoded: Decoded, decoder: Decoder) -> None:
        """Draws the best sequence's scores."""
        options = decoder.trained.options
        ids = decoded.hypotheses[0].ids
        scores = decoder.attention(decoded.source, ids)
        if not scores.size:
            raise ConfigError("this network has no attention")
        if self._plots:
            import vl_convert

            rows = [options.target.tokens[i] for i in ids]
            columns = [options.source.tokens[i] for i in decoded.source]
            picture = vl_convert.vegalite_to_png(attention_chart(scores, rows, columns), VEGA_LITE)
            (self._folder / f"{len(self._scores):05}.png").write_bytes(picture)
        self._scores.append(scores)

    def end(self) -> None:
        """Writes the scores."""
        np.savez(self._folder / "attention_scores.npz", *self._scores)


def attention_chart(
    scores: npt.NDArray[np.float32], rows: Sequence[str], columns: Sequence[str]
) -> dict[str, Any]:
    """A Vega-Lite heat map: how much each target token (a row) looked at each source token."""

    def axis(title: str, tokens: Sequence[str]) -> dict[str, Any]:
        # Positions, not tokens, are the values: a token may come more than once.
        return {
            "field": title,
            "type": "ordinal",
            "axis": {
                "labelExpr": f"{json.dumps(list(tokens))}[datum.value]",
                "labelOverlap": False,
            },
        }

    cells = [
        {"target": i, "source": j, "attention": round(float(score), 4)}
        for i, row in enumerate(scores)
        for j, score in enumerate(row)
    ]
    return {
        "$schema": SCHEMA,
        "data": {"values": cells},
        "mark": "rect",
        "width": {"step": 14},
        "height": {"step": 14},
        "encoding": {
            "x": axis("source", columns),
            "y": axis("target", rows),
            "color": {
                "field": "attention",
                "type": "quantitative",
                "scale": {"scheme": "blues", "domain": [0, 1]},
            },
        },
    }


_ARRAYS: Final = ("predicted_ids", "beam_parent_ids", "log_probs")


class DumpBeams:
    """Writes the steps of all searches to a file, `.npz` or `.json`.

    Of each input the token ids that were kept in each step, which of the step before they went on
    from, and their log probabilities: [steps, beams] each. Steps that kept fewer are filled up
    with the id -1. The JSON has tokens in place of ids.
    """

    def __init__(self, file: Path) -> None:
        if file.suffix not in (".npz", ".json"):
            raise ConfigError(f"{file}: beams are written as .npz or .json")
        self._file = file
        self._inputs: list[dict[str, Any]] = []

    def take(self, decoded: Decoded, decoder: Decoder) -> None:
        """Notes the steps."""
        tokens = decoder.trained.options.target.tokens
        found: dict[str, Any] = {name: _stacked(getattr(decoded.beams, name)) for name in _ARRAYS}
        if self._file.suffix == ".json":
            found["tokens"] = [
                [tokens[i] if i >= 0 else None for i in row] for row in found["predicted_ids"]
            ]
            found = {"name": decoded.name, **{k: _listed(v) for k, v in found.items()}}
        self._inputs.append(found)

    def end(self) -> None:
        """Writes the file."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        if self._file.suffix == ".json":
            self._file.write_text(json.dumps(self._inputs) + "\n", encoding="utf-8")
            return
        arrays = {f"{name}_{i}": x[name] for i, x in enumerate(self._inputs) for name in _ARRAYS}
        np.savez(self._file, **arrays)


def _stacked(rows: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    width = max((len(row) for row in rows), default=0)
    dtype = rows[0].dtype if rows else np.int32
    found = np.full([len(rows), width], -1, dtype)
    for i, row in enumerate(rows):
        found[i, : len(row)] = row
    return found


def _listed(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value
