"""Training: `data2vis train --config token --corpus FOLDER --output FOLDER`.

The output folder gets `train_options.json`, checkpoints (the last three, and the best on tables
that were not trained on), and events for TensorBoard. A training that was stopped goes on with
`--resume`, with the same batches as if it had not been.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

import tf1x as tf
from data2vis import batches
from data2vis.batches import Batch, Group
from data2vis.config import Config, ConfigError
from data2vis.model import Model
from data2vis.trained import Options

_SUMMARY_STEPS: Final = 25


class Trainer:
    """A network, the corpus, and a session."""

    def __init__(self, config: Config, folder: Path, output: Path) -> None:
        self.config = config
        self.output = output
        source, target = batches.vocabularies(folder, config)
        manifest = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
        self.options = Options(config, source, target, {"corpus_manifest_sha256": manifest})
        groups = batches.read(folder / "train.jsonl.gz", config, source, target)
        self.train, self.seen = batches.hold_out(groups)
        self.unseen = batches.read(folder / "validation.jsonl.gz", config, source, target)
        self.graph = tf.Graph()
        with self.graph.as_default():
            tf.set_random_seed(config.seed)
            self.model = Model(config, source, target, training=True)
            self.evaluated = Model(config, source, target)
            self._saver = tf.train.Saver(max_to_keep=3)
            self._best_saver = tf.train.Saver(max_to_keep=1)
            self._summaries = tf.summary.merge([
                tf.summary.scalar("train/log_perplexity", self.model.loss),
                tf.summary.scalar("train/learning_rate", self.model.learning_rate),
                tf.summary.scalar("train/gradient_norm", self.model.gradient_norm),
            ])  # fmt: skip
            self.session = tf.Session()
            self.session.run(tf.global_variables_initializer())

    def restore(self) -> int:
        """Goes on from the last checkpoint, if there is one; the number of steps done."""
        path = tf.train.latest_checkpoint(str(self.output))
        if path is not None:
            self._saver.restore(self.session, path)
            self.options = Options(
                self.config, self.options.source, self.options.target,
                Options.read(self.output).record,
            )  # fmt: skip
        return int(self.session.run(self.model.step))

    def run(self, steps: int, done: int, say: Callable[[str], object], bar: Any) -> None:
        """Trains until so many steps are done; `bar` is tqdm's."""
        self.output.mkdir(parents=True, exist_ok=True)
        writer = tf.summary.FileWriter(str(self.output), self.graph)
        started, pairs = time.perf_counter(), 0
        for step, batch in enumerate(self._endless(done), done + 1):
            if step > steps:
                break
            fetches = [self.model.loss, self.model.train_op]
            if step % _SUMMARY_STEPS == 0:
                fetches.append(self._summaries)
            loss, _, *summary = self.session.run(fetches, _feed(self.model, batch))
            pairs += batch.pairs
            if summary:
                writer.add_summary(summary[0], step)
                rate = pairs / (time.perf_counter() - started)
                _add_scalars(writer, step, {"train/pairs_per_second": rate})
                bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
            bar.update()
            if step % self.config.eval_every_n_steps == 0 or step == steps:
                say(self._evaluate(step, writer))
        writer.close()

    def _endless(self, done: int) -> Iterator[Batch]:
        """The batches of epoch after epoch, from the one that comes after `done` others."""
        number = 0
        epoch = 0
        while True:
            random = np.random.default_rng([self.config.seed, epoch])
            for batch in batches.batches(self.train, self.config, random):
                number += 1
                if number > done:
                    yield batch
            epoch += 1

    def _evaluate(self, step: int, writer: Any) -> str:
        """Log perplexities; saves a checkpoint, and a second one if it is the best so far."""
        seen = self.log_perplexity(self.seen)
        unseen = self.log_perplexity(self.unseen)
        _add_scalars(writer, step, {"eval/seen_tables": seen, "eval/unseen_tables": unseen})
        writer.flush()
        record = dict(self.options.record)
        best = unseen < record.get("log_perplexity_unseen_tables", float("inf"))
        if best:
            record |= {
                "step": step,
                "log_perplexity_seen_tables": round(seen, 4),
                "log_perplexity_unseen_tables": round(unseen, 4),
            }
        self.options = Options(self.config, self.options.source, self.options.target, record)
        self._saver.save(self.session, str(self.output / "model.ckpt"), step)
        if best:
            self._best_saver.save(
                self.session, str(self.output / "best.ckpt"), step, latest_filename="best"
            )
        self.options.write(self.output)
        mark = ", the best so far" if best else ""
        return f"step {step}: log perplexity {seen:.4f} seen tables, {unseen:.4f} unseen{mark}"

    def log_perplexity(self, groups: Iterable[Group]) -> float:
        """The mean negative log probability of a token, the ones before it given."""
        return log_perplexity(self.session, self.evaluated, list(groups), self.config)


def log_perplexity(session: Any, model: Model, groups: list[Group], config: Config) -> float:
    """The mean negative log probability (natural) of a token, the ones before it given."""
    from tqdm import tqdm

    found = [
        session.run([model.total_loss, model.tokens], _feed(model, batch))
        for batch in tqdm(batches.batches(groups, config), "evaluating", unit="", leave=False)
    ]
    return float(sum(loss for loss, _ in found) / sum(tokens for _, tokens in found))


def _feed(model: Model, batch: Batch) -> dict[Any, Any]:
    return {
        model.source: batch.source,
        model.source_lengths: batch.source_lengths,
        model.target: batch.target,
        model.target_lengths: batch.target_lengths,
    }


def _add_scalars(writer: Any, step: int, values: dict[str, float]) -> None:
    summary = tf.Summary()
    for tag, value in values.items():
        summary.value.add(tag=tag, simple_value=value)
    writer.add_summary(summary, step)


def train(
    config: Config, folder: Path, output: Path, steps: int | None = None, resume: bool = False
) -> None:
    """Trains a network on a corpus.

    Raises:
        ConfigError: the output folder has a training already and `resume` is not set, or it is of
            another configuration.
    """
    from tqdm import tqdm

    from tf1x.runtime import cache

    total = config.train_steps if steps is None else steps
    if (output / "train_options.json").exists():
        if not resume:
            raise ConfigError(f"{output} has a training: --resume goes on with it")
        if Options.read(output).config != config:
            raise ConfigError(f"{output} was trained with another configuration")
    cache.enable()
    trainer = Trainer(config, folder, output)
    done = trainer.restore() if resume else 0
    with tqdm(total=total, initial=done, unit=" steps", smoothing=0.1, mininterval=5.0) as bar:
        trainer.run(total, done, bar.write, bar)
