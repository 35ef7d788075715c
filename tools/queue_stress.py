"""Runs the queue programs of tests/lib/train/queue_programs.py many times in one process.

    python tools/queue_stress.py [--runs 500] [--programs used_up closed_queue ...]

Run number i uses 1 to 8 threads in turn. Ends with status 1 at the first program that ends in
another way than it should, leaves a thread behind, or takes longer than a minute.
"""

from __future__ import annotations

import argparse
import collections
import faulthandler
import os
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from tests.lib.train import queue_programs


def main() -> int:
    import tf1x as tf

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--programs", nargs="*", default=list(queue_programs.PROGRAMS))
    args = parser.parse_args()
    tf.logging.set_verbosity(tf.logging.FATAL)
    took: collections.Counter[str] = collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        queue_programs.write_files(folder)
        for i in range(args.runs):
            name = args.programs[i % len(args.programs)]
            threads = 1 + i // len(args.programs) % 8
            faulthandler.dump_traceback_later(60, exit=True)
            start = time.monotonic()
            try:
                result, expected = queue_programs.run(tf, name, folder, threads)
            except AssertionError as error:
                result, expected = error, None
            faulthandler.cancel_dump_traceback_later()
            took[name] += time.monotonic() - start  # type: ignore[assignment]
            if result != expected:
                print(f"run {i}, {name} with {threads} threads: {result}, expected {expected}")
                return 1
    print(f"{args.runs} runs, 1 to 8 threads, all as expected; no thread left")
    for name, seconds in took.items():
        print(f"  {name:16} {seconds:6.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
