"""Rewrite tests/public_surface.txt, the list of tf1x's public names: `make docs`."""

from pathlib import Path

import tf1x  # noqa: F401  loads every name
from tf1x import api

TARGET = Path(__file__).resolve().parents[1] / "tests" / "public_surface.txt"

if __name__ == "__main__":
    TARGET.write_text("\n".join(api.names()) + "\n")
    print(f"{len(api.names())} names in {TARGET}")
