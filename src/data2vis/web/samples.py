"""The sample tables that ship: small, invented, made by `tools/data2vis_samples.py`."""

from __future__ import annotations

import csv
import random
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from data2vis.table import Table


def _folder() -> Traversable:
    return resources.files("data2vis.web") / "samples"


@cache
def listed() -> tuple[dict[str, Any], ...]:
    """Name, title, rows and columns of each."""
    found = []
    for file in sorted(_folder().iterdir(), key=lambda f: f.name):
        if file.name.endswith(".csv"):
            rows = list(csv.reader(file.read_text(encoding="utf-8").splitlines()))
            name = file.name.removesuffix(".csv")
            title = name.replace("-", " ").capitalize()
            found.append(
                {"name": name, "title": title, "rows": len(rows) - 1, "columns": len(rows[0])}
            )
    return tuple(found)


def text(name: str) -> str | None:
    """The CSV text of one; None if there is no such sample."""
    if name not in {sample["name"] for sample in listed()}:
        return None
    return (_folder() / f"{name}.csv").read_text(encoding="utf-8")


def some() -> Table:
    """One of them, by chance."""
    name = random.choice(listed())["name"]
    return Table.parse((text(name) or "").encode(), f"{name}.csv")
