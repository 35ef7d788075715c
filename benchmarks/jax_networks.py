"""The networks of the GPU benchmark written directly in JAX: what a user would write by hand."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax, random

# What the worker asks for: products in bfloat16.
OPTIONS = set()


def _operand(x):
    return x.astype(jnp.bfloat16) if "bf16" in OPTIONS else x


def _product(x, w):
    return jnp.matmul(_operand(x), _operand(w)).astype(jnp.float32)


def _convolved(x, w):
    numbers = ("NHWC", "HWIO", "NHWC")
    found = lax.conv_general_dilated(
        _operand(x), _operand(w), (1, 1), "SAME", dimension_numbers=numbers
    )
    return found.astype(jnp.float32)


def _pooled(x):
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "SAME")


def _dropped(x, key, keep):
    return jnp.where(random.bernoulli(key, keep, x.shape), x / keep, 0)


def _cross_entropy(logits, labels):
    rows = jax.nn.log_softmax(logits)
    return -jnp.mean(jnp.take_along_axis(rows, labels[:, None], 1))


def _normal(key, shape):
    return random.normal(key, shape) / np.sqrt(np.prod(shape[:-1]))


# -- optimizers: (parameters, state, gradients) -> (parameters, state) ---------------------------


def _descent(rate):
    def update(params, state, grads):
        return jax.tree.map(lambda p, g: p - rate * g, params, grads), state

    return lambda params: (), update


def _momentum(rate, decay):
    def update(params, state, grads):
        state = jax.tree.map(lambda m, g: decay * m + g, state, grads)
        return jax.tree.map(lambda p, m: p - rate * m, params, state), state

    return lambda params: jax.tree.map(jnp.zeros_like, params), update


def _adam(rate, beta1=0.9, beta2=0.999, epsilon=1e-8):
    def update(params, state, grads):
        count, mean, square = state
        count += 1
        mean = jax.tree.map(lambda m, g: beta1 * m + (1 - beta1) * g, mean, grads)
        square = jax.tree.map(lambda v, g: beta2 * v + (1 - beta2) * g * g, square, grads)
        scale = rate * jnp.sqrt(1 - beta2**count) / (1 - beta1**count)
        new = jax.tree.map(lambda p, m, v: p - scale * m / (jnp.sqrt(v) + epsilon), params, mean, square)  # fmt: skip
        return new, (count, mean, square)

    def start(params):
        zeros = jax.tree.map(jnp.zeros_like, params)
        return jnp.zeros(()), zeros, jax.tree.map(jnp.copy, zeros)

    return start, update


def _training(loss, params, optimizer, batch):
    """A step, fed with NumPy arrays as a training loop feeds it.

    `loss(params, key, *batch)` gives the loss and what else changes, a part of the parameters.
    """
    start, update = optimizer

    @functools.partial(jax.jit, donate_argnums=(0, 1, 2))
    def step(params, state, key, *batch):
        key, use = random.split(key)
        graded = jax.value_and_grad(loss, has_aux=True)
        (value, changed), grads = graded(params, use, *batch)
        params, state = update(params, state, grads)
        return {**params, **changed}, state, key, value

    held = [params, start(params), random.key(0)]

    def run():
        *held[:], value = step(*held, *batch)
        return float(value)

    return run


# -- networks ----------------------------------------------------------------------------------


def mlp(batch):
    keys = random.split(random.key(1), 3)
    sizes = (784, 2048), (2048, 2048), (2048, 10)
    params = {f"w{i}": _normal(k, s) for i, (k, s) in enumerate(zip(keys, sizes, strict=True))}
    params |= {f"b{i}": jnp.zeros(s[1]) for i, s in enumerate(sizes)}

    def loss(params, key, x, y):
        for i in range(3):
            x = _product(x, params[f"w{i}"]) + params[f"b{i}"]
            x = jax.nn.relu(x) if i < 2 else x
        return _cross_entropy(x, y), {}

    rng = np.random.RandomState(0)
    data = rng.rand(batch, 784).astype(np.float32), rng.randint(0, 10, batch)
    return _training(loss, params, _adam(0.001), data)


def cnn(batch):
    keys = iter(random.split(random.key(1), 5))
    params, channels = {}, 1
    for i, size in enumerate((32, 64, 128)):
        params[f"conv{i}"] = _normal(next(keys), (3, 3, channels, size))
        channels = size
    for i, (n, m) in enumerate(((2048, 625), (625, 10))):
        params[f"w{i}"], params[f"b{i}"] = _normal(next(keys), (n, m)), jnp.zeros(m)

    def loss(params, key, x, y, keep):
        keys = random.split(key, 4)
        x = x.reshape(-1, 28, 28, 1)
        for i in range(3):
            x = _dropped(_pooled(jax.nn.relu(_convolved(x, params[f"conv{i}"]))), keys[i], keep)
        x = x.reshape(-1, 2048)
        x = _dropped(jax.nn.relu(_product(x, params["w0"]) + params["b0"]), keys[3], keep)
        return _cross_entropy(_product(x, params["w1"]) + params["b1"], y), {}

    rng = np.random.RandomState(0)
    data = rng.rand(batch, 784).astype(np.float32), rng.randint(0, 10, batch), np.float32(0.7)
    return _training(loss, params, _adam(0.001), data)


def resnet_block(batch):
    keys = random.split(random.key(1), 2)
    params = {}
    for i, key in enumerate(keys):
        params |= {f"conv{i}": _normal(key, (3, 3, 64, 64))}
        params |= {f"{name}{i}": jnp.zeros(64) for name in ("offset", "mean")}
        params |= {f"{name}{i}": jnp.ones(64) for name in ("scale", "variance")}

    def loss(params, key, x):
        layer, changed = x, {}
        for i in range(2):
            layer = _convolved(layer, params[f"conv{i}"])
            mean, variance = layer.mean((0, 1, 2)), layer.var((0, 1, 2))
            for name, value in ((f"mean{i}", mean), (f"variance{i}", variance)):
                changed[name] = 0.99 * params[name] + 0.01 * lax.stop_gradient(value)
            layer = (layer - mean) * lax.rsqrt(variance + 0.001)
            layer = layer * params[f"scale{i}"] + params[f"offset{i}"]
            layer = jax.nn.relu(layer) if i == 0 else layer
        return jnp.mean(jnp.square(jax.nn.relu(layer + x))), changed

    data = (np.random.RandomState(0).randn(batch, 32, 32, 64).astype(np.float32),)
    return _training(loss, params, _momentum(0.1, 0.9), data)


def lstm(batch, units=512):
    keys = random.split(random.key(1), 2)
    params = {f"w{i}": _normal(key, (2 * units, 4 * units)) for i, key in enumerate(keys)}
    params |= {f"b{i}": jnp.zeros(4 * units) for i in range(2)}

    def layer(x, w, b):
        """Of `x` [time, batch, units]: the products with the inputs of all steps at once."""
        inputs = _product(x, w[:units]) + b

        def step(state, row):
            c, h = state
            i, j, f, o = jnp.split(row + _product(h, w[units:]), 4, 1)
            c = c * jax.nn.sigmoid(f + 1) + jax.nn.sigmoid(i) * jnp.tanh(j)
            h = jnp.tanh(c) * jax.nn.sigmoid(o)
            return (c, h), h

        zeros = jnp.zeros((x.shape[1], units))
        return lax.scan(step, (zeros, zeros), inputs)[1]

    def loss(params, key, x):
        x = x.transpose(1, 0, 2)
        for i in range(2):
            x = layer(x, params[f"w{i}"], params[f"b{i}"])
        return jnp.mean(jnp.square(x)), {}

    data = (np.random.RandomState(0).randn(batch, 64, 512).astype(np.float32),)
    return _training(loss, params, _descent(0.1), data)
