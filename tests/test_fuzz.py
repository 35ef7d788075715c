"""Damaged files give clear errors; `python tools/fuzz.py` does this 10,000 times."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


def _tool() -> ModuleType:
    path = Path(__file__).parents[1] / "tools" / "fuzz.py"
    spec = importlib.util.spec_from_file_location("fuzz", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["fuzz"] = module  # its dataclass looks itself up
    spec.loader.exec_module(module)
    return module


FUZZ = _tool()


@pytest.mark.parametrize("name", list(FUZZ.FORMATS))
def test_damaged_files_give_clear_errors(name: str) -> None:
    outcomes = FUZZ.fuzz(name, mutations=100, seed=1)
    assert outcomes.total() == 100
    assert outcomes.total() > outcomes["read"]
