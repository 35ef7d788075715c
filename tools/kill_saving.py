"""Kill a process that saves checkpoints, again and again: what is on the disk must be whole.

    python tools/kill_saving.py [--times 200] [--folder DIR]

A child process trains a little model and saves it, in turn under one name and under ever new ones
(the last three are kept). It is killed (SIGKILL) at a random moment; then the latest checkpoint
that `tf.train.latest_checkpoint` names, and the one that is written in place, must have all
variables with the numbers of one step, not older than the last save that was reported done.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import tempfile
import time
from pathlib import Path

import numpy as np

import tf1x as tf

SIZE = 50_000


def build() -> tuple[tf.train.Saver, tf.Tensor]:
    """Three variables that always have one number, that of the step."""
    variables = [
        tf.get_variable(name, [SIZE], initializer=tf.zeros_initializer()) for name in "abc"
    ]
    step = tf.group(*[v.assign_add(tf.ones([SIZE])) for v in variables])
    return tf.train.Saver(max_to_keep=3), step


def save_for_ever(folder: str, report: int) -> None:
    """The child: each finished save is a line in the pipe `report`."""
    with tf.Graph().as_default():
        saver, step = build()
        in_place = tf.train.Saver(max_to_keep=1)
        with tf.Session() as session:
            latest = tf.train.latest_checkpoint(folder)
            if latest:
                saver.restore(session, latest)
            else:
                session.run(tf.global_variables_initializer())
            while True:
                session.run(step)
                number = int(session.run("a:0")[0])
                saver.save(session, f"{folder}/model", number, write_meta_graph=False)
                in_place.save(
                    session, f"{folder}/best", latest_filename="best_state", write_meta_graph=False
                )
                os.write(report, b"%d\n" % number)


def number_of(prefix: str) -> int:
    """The step of a checkpoint, which must be that of all of its numbers."""
    reader = tf.train.NewCheckpointReader(prefix)
    values = {float(x) for name in "abc" for x in np.unique(reader.get_tensor(name))}
    assert len(values) == 1, f"{prefix} mixes the steps {sorted(values)}"
    return int(values.pop())


def kill_once(folder: str, wait: float) -> tuple[int, int]:
    """Start a child, kill it; returns the steps of the latest checkpoint and of the last save."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            save_for_ever(folder, writing)
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading, "rb") as lines:
        done = int(lines.readline() or 0)  # once it saves
        assert done, "the child does not save"
        time.sleep(wait)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        done = [done, *(int(line) for line in lines if line.endswith(b"\n"))][-1]
    latest = tf.train.latest_checkpoint(folder)
    assert latest is not None
    number = number_of(latest)
    assert number >= done, f"step {done} was saved, but the latest checkpoint has {number}"
    in_place = number_of(f"{folder}/best")
    assert in_place >= done, f"step {done} was saved, but the one in place has {in_place}"
    for path in Path(folder).glob("*.tempstate*"):
        path.unlink()
    return number, done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--folder", help="by default a temporary one, which is deleted")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or temporary
        ahead = 0
        for _ in range(args.times):
            number, done = kill_once(folder, rng.uniform(0, 0.05))
            ahead += number > done
    print(f"killed {args.times} times: always whole; {ahead} times after a save, before its report")


if __name__ == "__main__":
    main()
