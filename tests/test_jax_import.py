"""JAX is imported without a look at every installed package."""

import subprocess
import sys

SCRIPT = """
from importlib import metadata
every, read_text, found = metadata.distributions, metadata.PathDistribution.read_text, set()

def noting(self, name):
    found.add(self._path.name)
    return read_text(self, name)

metadata.PathDistribution.read_text = noting
import tf1x
assert metadata.distributions is every
print(*sorted(found))
"""


def test_only_its_kin_are_read() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], check=True, capture_output=True, text=True
    )
    assert all(name.startswith("jax") for name in done.stdout.split()), done.stdout
