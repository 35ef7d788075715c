"""A trained network: options, vocabularies and weights in a folder, and a session that has them.

The folder that `data2vis train` writes has `train_options.json` and checkpoints; the one that
ships has `weights.npz`, the same weights as 16-bit floats.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any, Final

import numpy as np

import tf1x as tf
from data2vis import config as configs
from data2vis.config import Config, ConfigError
from data2vis.model import Model
from data2vis.vocabulary import SOURCE, TARGET, Vocabulary

OPTIONS: Final = "train_options.json"
WEIGHTS: Final = "weights.npz"
# Written beside exported weights; the configuration stands there, too.
_RECIPE: Final = (
    "data2vis corpus CORPUS; data2vis train --corpus CORPUS --output OUT; data2vis export OUT"
)


@dataclass(frozen=True)
class Options:
    """What `train_options.json` says."""

    config: Config
    source: Vocabulary
    target: Vocabulary
    record: Mapping[str, Any]  # the corpus and how the training went

    @classmethod
    def read(cls, folder: Path) -> Options:
        """Those of a folder."""
        path = folder / OPTIONS
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            record = content.pop("record", {})
            characters = content.pop("characters", None)
        except FileNotFoundError:
            raise ConfigError(f"{folder} has no {OPTIONS}: no network was trained there") from None
        except (ValueError, AttributeError) as error:
            raise ConfigError(f"{path}: {error}") from None
        config = configs.from_mapping(content, str(path))
        if config.level == "token":
            return cls(config, SOURCE, TARGET, record)
        if not isinstance(characters, dict) or set(characters) != {"source", "target"}:
            raise ConfigError(f"{path} lacks the vocabularies of its characters")
        source, target = (Vocabulary(tuple(characters[k]), "") for k in ("source", "target"))
        return cls(config, source, target, record)

    def write(self, folder: Path) -> None:
        """Writes `train_options.json`."""
        more: dict[str, Any] = {"record": dict(self.record)}
        if self.config.level == "character":
            more["characters"] = {"source": self.source.tokens, "target": self.target.tokens}
        content = {**self.config.to_json(), **more}
        temporary = folder / f"{OPTIONS}.tmp"
        temporary.write_text(
            json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        temporary.replace(folder / OPTIONS)


class Trained:
    """A network with its weights, ready to run: `model`, `session`, `options`, `graph`."""

    def __init__(self, checkpoint: str | Path | None = None) -> None:
        """`checkpoint` is a folder (its best checkpoint is taken), the prefix of a checkpoint in
        one, or None for the weights that ship."""
        folder, weights = _located(checkpoint)
        self.options = Options.read(folder)
        self.graph = tf.Graph()
        with self.graph.as_default():
            self.model = Model(self.options.config, self.options.source, self.options.target)
            self.session = tf.Session()
            if weights.suffix == ".npz":
                self._assign(weights)
            else:
                tf.train.Saver(tf.trainable_variables()).restore(self.session, str(weights))

    def _assign(self, path: Path) -> None:
        with np.load(path) as arrays:
            for variable in tf.trainable_variables():
                variable.load(arrays[variable.op.name].astype(np.float32), self.session)

    def export(self, folder: Path) -> None:
        """Writes the weights as 16-bit floats and the options: a folder that can ship."""
        with self.graph.as_default():
            values = self.session.run({v.op.name: v for v in tf.trainable_variables()})
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / f"tmp-{WEIGHTS}"
        np.savez_compressed(temporary, **{k: v.astype(np.float16) for k, v in values.items()})
        temporary.replace(folder / WEIGHTS)
        record = {**self.options.record, "recipe": _RECIPE}
        replace(self.options, record=record).write(folder)


def shipped() -> Path:
    """The folder of the weights that ship with the package."""
    return Path(str(resources.files("data2vis") / "weights"))


def _located(checkpoint: str | Path | None) -> tuple[Path, Path]:
    """The folder with the options, and the weights in it."""
    path = shipped() if checkpoint is None else Path(checkpoint)
    if not path.is_dir():
        if not path.with_name(f"{path.name}.index").exists() and path.suffix != ".npz":
            raise ConfigError(f"{path} is neither a folder nor a checkpoint")
        return path.parent, path
    if (path / WEIGHTS).exists():
        return path, path / WEIGHTS
    for name in ("best", "checkpoint"):
        found = tf.train.latest_checkpoint(str(path), name)
        if found is not None:
            return path, Path(found)
    raise ConfigError(f"{path} has no checkpoint")
