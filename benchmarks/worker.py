"""One engine in one process: builds a program, then times a round at every line on standard input.

At the end of the input it prints its peak memory in MiB.

python -m benchmarks.worker ENGINE PROGRAM

ENGINE is tf1x, tensorflow, torch or bare; for a program of the GPU benchmark (gpu:NAME) tf1x, jax or
torch, with +bf16 for products in bfloat16 and torch+compile for torch.compile.
"""

import json
import resource
import sys
import time


def engine(name):
    if name == "tensorflow":
        from tools import oracle

        return oracle.install()
    import tf1x

    return tf1x


def bare_step(step):
    """The compiled function below a tf1x step, called with arguments on the device."""
    import gc

    import jax

    from tf1x.runtime.execute import Executor

    step()
    executors = [e for e in gc.get_objects() if isinstance(e, Executor) and e._only]
    executor = next(e for e in executors if e._only.compiled)
    segment = executor._only.segment
    signature, compiled = next(iter(executor._only.compiled.items()))
    with jax.enable_x64(True):
        inputs = [
            jax.numpy.zeros(shape, tensor.dtype.as_numpy_dtype)
            for shape, tensor in zip(signature, segment.inputs)
        ]
        variables = compiled.arguments(executor._state, inputs)[len(inputs) :]
    # Every step gives the variables to the next; their new values come after the outputs.
    assert set(segment.reads) == set(compiled.writes)
    places = [len(segment.outputs) + compiled.writes.index(key) for key in segment.reads]

    def call():
        results = compiled.function(*inputs, *variables)
        variables[:] = [results[i] for i in places]
        results[-1].block_until_ready()

    def run():
        if compiled.is_wide:
            with jax.enable_x64(True):
                call()
        else:
            call()

    return run


def gpu_step(name, options, program):
    """A step of a program of the GPU benchmark."""
    from benchmarks import gpu_networks

    batch = gpu_networks.BATCHES[program]
    if name == "tf1x":
        if "bf16" in options:
            from tf1x.runtime.precision import Products, set_products

            set_products(Products.REDUCED)
        return getattr(gpu_networks, program)(engine(name), batch)
    if name == "jax":
        from benchmarks import jax_networks as module
    else:
        from benchmarks import torch_networks as module

        module.on_gpu()
    module.OPTIONS.update(options)
    return getattr(module, program)(batch)


def main():
    name, program = sys.argv[1:]
    if program.startswith("gpu:"):
        from benchmarks.gpu_networks import STEPS

        program = program.removeprefix("gpu:")
        name, *options = name.split("+")
        serve(gpu_step(name, options, program), STEPS[program], 3)
        return
    from benchmarks import data2vis, networks, pipelines, programs

    module = next(m for m in (data2vis, networks, pipelines, programs) if program in m.STEPS)
    if name == "torch":
        from benchmarks import torch_networks

        step = getattr(torch_networks, program)()
    else:
        step = getattr(module, program)(engine(name))
    if name == "bare":
        step = bare_step(step)
    rounds = module.STEPS[program]
    serve(step, rounds, max(20 if module is programs else 2, rounds // 10))


def serve(step, rounds, warm_up):
    """Time `rounds` steps at every line of the input."""
    for _ in range(warm_up):
        step()
    print("ready", flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        for _ in range(rounds):
            step()
        print(json.dumps((time.perf_counter() - start) / rounds), flush=True)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)  # KiB on Linux


if __name__ == "__main__":
    main()
