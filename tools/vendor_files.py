"""Fetches what Data2Vis's page ships of others, with the licences, from the npm registry: Vega, Inter.

    python tools/vendor_files.py

Needs npm. The versions are written here; the folder gets the minified builds, `versions.json`
(versions and hashes) and `LICENSES.txt`: of every package whose code is in one of the builds, as
their source maps tell.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

# Vega-Lite is that of altair 5 and of the specifications' $schema; the others are its companions.
PACKAGES = {
    "vega": "5.33.1",
    "vega-lite": "5.20.1",
    "vega-embed": "6.29.0",
    "@fontsource-variable/inter": "5.3.0",
}
_FONT = "files/inter-latin-wght-normal.woff2"
TARGET = Path(__file__).parents[1] / "src" / "data2vis" / "web" / "static" / "vendor"
# Packages of Vega's own repository are published without its licence, which is Vega-Lite's.
_SAME_LICENSE_AS_VEGA_LITE = re.compile(r"vega(-.*)?")


def bundled(build: Path) -> set[str]:
    """The packages whose code is in a build."""
    sources = json.loads(build.with_name(f"{build.name}.map").read_text())["sources"]
    found = set()
    for source in sources:
        package = re.search(r".*node_modules/((?:@[^/]+/)?[^/]+)", source)
        sibling = re.match(r"(?:\.\./)+(?:packages/)?(vega-[^/]+)/", source)
        if match := package or sibling:
            found.add(match[1])
    return found


def license_text(modules: Path, package: str) -> str:
    """The licence that a package comes with."""
    folder = modules / package
    files = sorted(p for p in folder.iterdir() if re.match(r"(?i)licen[cs]e|copying", p.name))
    if not files and _SAME_LICENSE_AS_VEGA_LITE.fullmatch(package):
        files = [modules / "vega-lite" / "LICENSE"]
    if not files:
        raise SystemExit(f"{package} comes without a licence")
    return files[0].read_text(encoding="utf-8").strip()


def main() -> None:
    """Writes the folder."""
    TARGET.mkdir(parents=True, exist_ok=True)
    versions, packages = {}, set(PACKAGES)
    with tempfile.TemporaryDirectory() as name:
        modules = Path(name) / "node_modules"
        wanted = [f"{package}@{version}" for package, version in PACKAGES.items()]
        (Path(name) / "package.json").write_text("{}")
        subprocess.run(
            ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", *wanted],
            cwd=name, check=True,
        )  # fmt: skip
        for package, version in PACKAGES.items():
            build = modules / package / "build" / f"{package}.min.js"
            if package.startswith("@fontsource"):
                build = modules / package / _FONT
            else:
                packages |= bundled(build)
            shutil.copyfile(build, TARGET / build.name)
            digest = hashlib.sha256(build.read_bytes()).hexdigest()
            versions[package] = {"file": build.name, "version": version, "sha256": digest}
        parts = []
        for package in sorted(p for p in packages if (modules / p).is_dir()):
            record = json.loads((modules / package / "package.json").read_text())
            title = f"{package} ({record['license']})"
            parts.append(f"{title}\n{'=' * len(title)}\n\n{license_text(modules, package)}\n")
    (TARGET / "versions.json").write_text(json.dumps(versions, indent=1) + "\n")
    (TARGET / "LICENSES.txt").write_text("\n\n".join(parts), encoding="utf-8")
    print(f"{TARGET}: {len(parts)} packages")


if __name__ == "__main__":
    main()
