"""One engine in one process: builds a program, then times a round at every line on standard input.

python -m benchmarks.worker ENGINE PROGRAM   (ENGINE is tf1x, tensorflow or bare)
"""

import json
import sys
import time


def engine(name):
    if name == "tensorflow":
        from tools import oracle

        return oracle.install()
    import tf1x

    return tf1x


def bare_step(step):
    """The compiled function below a tf1x step, called with the same device arguments."""
    import gc

    import jax

    from tf1x.runtime.execute import Executor

    step()
    executor = [e for e in gc.get_objects() if isinstance(e, Executor)][-1]
    device_step = executor._only
    compiled = next(iter(device_step.compiled.values()))
    function = jax.jit(compiled.function)
    inputs = [jax.numpy.zeros(a.shape, a.dtype) for a in _shapes(executor, compiled)]
    with jax.enable_x64(True):
        arguments = compiled.arguments(executor._state, inputs)

    def run():
        with jax.enable_x64(True):
            jax.block_until_ready(function(*arguments))

    return run


def _shapes(executor, compiled):
    key = next(k for k, c in executor._only.compiled.items() if c is compiled)
    import jax

    tensors = executor._only.segment.inputs
    return [jax.ShapeDtypeStruct(s, t.dtype.as_numpy_dtype) for s, t in zip(key, tensors)]


def main():
    name, program = sys.argv[1:]
    from benchmarks import programs

    step = getattr(programs, program)(engine(name))
    if name == "bare":
        step = bare_step(step)
    rounds = programs.STEPS[program]
    for _ in range(max(20, rounds // 10)):
        step()
    print("ready", flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        for _ in range(rounds):
            step()
        print(json.dumps((time.perf_counter() - start) / rounds), flush=True)


if __name__ == "__main__":
    main()
