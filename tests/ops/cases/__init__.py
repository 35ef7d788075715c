"""The case table: every op of the registry with its inputs, one file a family as in src/tf1x/ops.

Each module has a list `CASES`. Every suite reads `all_cases()`.
"""

from __future__ import annotations

import importlib
import pkgutil

from tests.ops.cases.case import Case


def all_cases() -> list[Case]:
    """The rows of all families, in order of file and line."""
    found: list[Case] = []
    for module in pkgutil.iter_modules(__path__):
        if module.name != "case":
            found += importlib.import_module(f"{__name__}.{module.name}").CASES
    return found
