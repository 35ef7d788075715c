"""The shape of the code: who imports whom, how long files are, what an import costs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.processes import code

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "tf1x"
MAX_LINES = 1000

# Each part may import those before it; files of the package's own folder stand in between.
LAYERS = (
    "_version",
    "core",
    "api",
    "native",
    "ops",
    "runtime",
    "lib",
    "surface",
    "importer",
    "install",
    "inspect_file",
    "check",
    "cli",
)


def _sources() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def _imports(path: Path) -> Iterator[str]:
    """The module or module.name of everything that a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _layer(name: str) -> int:
    return LAYERS.index(name) if name in LAYERS else len(LAYERS)


def _upward() -> set[tuple[str, str]]:
    found = set()
    for path in _sources():
        file = path.relative_to(PACKAGE).as_posix()
        own = file.split("/")[0].removesuffix(".py")
        for imported in _imports(path):
            package, _, rest = imported.partition(".")
            if package == "tf1x" and rest and _layer(rest.split(".")[0]) > _layer(own):
                found.add((file, ".".join(imported.split(".")[:3])))
    return found


def test_imports_point_downward() -> None:
    """Those inside functions too."""
    assert not _upward(), "imports against the order " + " < ".join(LAYERS)


def test_core_knows_neither_jax_nor_files() -> None:
    for path in (PACKAGE / "core").rglob("*.py"):
        modules = {name.partition(".")[0] for name in _imports(path)}
        assert not modules & {"jax", "jaxlib", "absl", "matplotlib"}, path


def test_relative_imports_are_not_used() -> None:
    for path in _sources():
        for node in ast.walk(ast.parse(path.read_text())):
            assert not (isinstance(node, ast.ImportFrom) and node.level), path


def _files() -> list[Path]:
    folders = ("src", "tests", "tools", "examples", "benchmarks", "docs")
    found = [p for f in folders for p in (ROOT / f).rglob("*") if "__pycache__" not in p.parts]
    found += [p for p in ROOT.iterdir() if p.suffix in (".md", ".toml") or p.name == "Makefile"]
    return [p for p in found if p.suffix in (".py", ".md", ".toml", ".txt", "") and p.is_file()]


def test_files_are_short() -> None:
    long = {
        str(p.relative_to(ROOT)): lines
        for p in _files()
        if p.suffix == ".py" and (lines := len(p.read_text().splitlines())) > MAX_LINES
    }
    assert not long


def test_no_path_of_a_machine() -> None:
    folders = ("home", "root", "work", "Users", "mnt", "opt")
    found = []
    for path in _files():
        if any(part.startswith(".") or part == "outputs" for part in path.relative_to(ROOT).parts):
            continue
        text = path.read_text()
        found += [f"{path}: /{f}/" for f in folders for q in "\"' (`" if f"{q}/{f}/" in text]
    assert not found


ABSENT = (
    "tensorflow",
    "tf_keras",
    "keras",
    "gymnasium",
    "matplotlib",
    "sklearn",
    "pandas",
    "IPython",
)
NOT_AT_START = (
    "tensorboard",
    "google.protobuf",
    "absl",
    "matplotlib",
    "scipy",
    "tqdm",
    "PIL",
    "keras",
)


def test_import_alone(tmp_path: Path) -> None:
    """`import tf1x` needs no optional package and loads nothing heavy but JAX."""
    code(
        f"""
        import sys
        for name in {ABSENT!r}:
            sys.modules[name] = None  # importing it raises ImportError
        import tf1x as tf
        heavy = [name for name in {NOT_AT_START!r} if sys.modules.get(name)]
        assert not heavy, heavy
        with tf.Session() as session:
            assert session.run(tf.constant(1.0) + 2.0) == 3.0
        """,
        tmp_path,
    )


def test_import_sets_nothing_of_jax(tmp_path: Path) -> None:
    """The user's own JAX settings are not touched."""
    code(
        """
        import jax
        before = dict(jax.config.values)
        import tf1x
        assert dict(jax.config.values) == before
        """,
        tmp_path,
        JAX_PLATFORMS="cpu",
    )
