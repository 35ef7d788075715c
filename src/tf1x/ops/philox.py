"""TensorFlow's CPU random kernels as pure functions of (seed, seed2, counter).

The generator is Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
2011): a bijection from a 128-bit counter to four 32-bit words.  As TensorFlow uses it,
the key is `seed`, the upper 64 counter bits are `seed2` and the lower 64 bits number the block.
`counter` is the number of the first block a run may use: 0 for the first run of an op in a
session, then `blocks_per_run` more for each run.

Every sampler has two paths.  If no argument is a `jax.Array`, NumPy does the work at once and the
result is an `np.ndarray`; otherwise the result is traced (64-bit types must be enabled in JAX).
`seed` and `seed2` are Python ints, taken modulo 2^64, or (traced or NumPy) uint64 scalars: traced
seeds keep one compiled program for every session.

On a CPU the native kernels (tf1x/native) take the fills, if they are there: the same numbers.

How each kernel consumes the stream was settled by comparing with TensorFlow 2.21 on the CPU; see
tests/ops/test_philox.py.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial, wraps
from typing import Any

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np

from tf1x.native.random import fill

Array = Any  # np.ndarray on the eager path, jax.Array on the traced one
Namespace = Any  # the module numpy or jax.numpy
Shape = Sequence[int]
Seed = Any  # an int, np.uint64, or a traced uint64 scalar
Convert = Callable[[Array], Array]  # words [n, 4] to values [n, k]
Candidates = Callable[[Array, int], Array]  # (first blocks [n], blocks) to normals [n, k]

_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)
_MASK32 = 0xFFFFFFFF
_MASK64 = 0xFFFFFFFFFFFFFFFF

# Blocks set aside for each output by every kernel but RandomShuffle.
BLOCKS_PER_OUTPUT = 256

# Blocks that NumPy handles at a time: six uint64 work arrays stay in a 1-2 MiB level-2 cache.
_CHUNK = 16384

# A truncated normal looks at this many blocks of its group at most.  A value is rejected with
# probability 0.0455, so 16 blocks are too few with probability 1e-77 (float64: 1e-40).
_TRUNCATED_MAX_BLOCKS = 16

# TensorFlow's float32 normals call the C library's logf, sinf and cosf.  glibc (since 2.27) and
# others take these from Arm's optimized-routines (MIT licence), whose polynomials, evaluated in
# float64 and rounded once, differ from the correctly rounded value in about 1 of 100 cases.  These
# are their coefficients; the table has 1/c and log c for sixteen points c.
# fmt: off
_SIN_POLYNOMIAL = (-0.16666654943701084, 0.008332178146138854, -0.00019517298981385725)
_COS_POLYNOMIAL = (
    -0.49999999725108224, 0.041666623324344516, -0.001388676379437604, 2.4390450703564542e-05,
)
_LOG_POLYNOMIAL = (-0.25089342214237154, 0.333456765744066, -0.4999997485802103)
_LOG_TABLE = np.array([
    1.398907162146528, 1.3403141896637998, 1.286432210124115, 1.2367150214269895,
    1.1906977166711752, 1.1479821020556429, 1.1082251448272158, 1.0711297413057381,
    1.036437278977283, 1.0, 0.9492859795739057, 0.8951049428609004,
    0.8476821620351103, 0.8050314851692001, 0.7664671008843108, 0.731428603316328,
    -0.33569133332882284, -0.2929040563774074, -0.2518726580937369, -0.21245868807117255,
    -0.17453945183745634, -0.1380057072319758, -0.10275976698545139, -0.06871392447020525,
    -0.0357891387398228, 0.0, 0.05204517742929496, 0.11081431298787942,
    0.1652495223695143, 0.21687389031699977, 0.2659635028121397, 0.3127556664073557,
]).reshape(2, 16)
# fmt: on


def blocks_per_run(op: str, shape: Shape) -> int:
    """Philox blocks by which one run of `op` advances its counter.

    op: TensorFlow's op type.  shape: the shape of the op's output ([batch, samples] for
    Multinomial, the shape of the shuffled value for RandomShuffle).
    """
    if op == "RandomShuffle":
        return -(-(shape[0] - 1) // 4) if shape and math.prod(shape) > 1 and shape[0] > 1 else 0
    if op == "Multinomial":
        batch, samples = shape
        # One float64 takes two words; samples are rounded up to whole blocks first.
        return batch * (-(-samples // 4) * 4) * 2 * BLOCKS_PER_OUTPUT
    return math.prod(shape) * BLOCKS_PER_OUTPUT


# ---- The generator ------------------------------------------------------------------------------


def namespace(*args: Any) -> Namespace:
    """jax.numpy if any argument is a JAX array or tracer, else numpy."""
    return jnp if any(isinstance(arg, jax.Array) for arg in args) else np


def uint64(counter: Any) -> Any:
    """The counter as a uint64 scalar of its own namespace."""
    is_jax = isinstance(counter, jax.Array)
    return counter.astype(jnp.uint64) if is_jax else np.uint64(int(counter) & _MASK64)


def _halves(seed: Seed) -> tuple[Any, Any]:
    """(low, high) 32-bit words of a 64-bit seed."""
    bits = seed & _MASK64 if isinstance(seed, int) else uint64(seed)
    return bits & _MASK32, bits >> 32


def _round_keys(seed: Seed) -> list[tuple[Any, Any]]:
    """The key words of the ten rounds: each advances by its Weyl constant."""
    low, high = _halves(seed)
    return [((low + r * _WEYL[0]) & _MASK32, (high + r * _WEYL[1]) & _MASK32) for r in range(10)]


def generate(convert: Convert, seed: Seed, seed2: Seed, blocks: Array) -> Array:
    """The converted words of block numbers uint64 [n]: [n, k]."""
    if isinstance(blocks, jax.Array):
        return convert(_words_jax(seed, seed2, blocks))
    chunks = [
        convert(_words_numpy(seed, seed2, blocks[start : start + _CHUNK]))
        for start in range(0, max(len(blocks), 1), _CHUNK)
    ]
    return np.concatenate(chunks) if len(chunks) > 1 else chunks[0]


def _words_numpy(seed: Seed, seed2: Seed, blocks: np.ndarray) -> np.ndarray:
    """The words of block numbers uint64 [n]: uint32 [n, 4]."""
    mask, half = np.uint64(_MASK32), np.uint64(32)
    multiplier0, multiplier1 = map(np.uint64, _MULTIPLIERS)
    # All state words sit in the low halves of uint64, so that a product needs no cast.
    c0, c1 = blocks & mask, blocks >> half
    c2, c3 = (np.full_like(blocks, word) for word in _halves(seed2))
    product0, product1 = np.empty_like(blocks), np.empty_like(blocks)
    for key0, key1 in _round_keys(seed):
        np.multiply(c0, multiplier0, out=product0)
        np.multiply(c2, multiplier1, out=product1)
        np.right_shift(product1, half, out=c0)
        c0 ^= c1
        c0 ^= np.uint64(key0)
        np.right_shift(product0, half, out=c2)
        c2 ^= c3
        c2 ^= np.uint64(key1)
        np.bitwise_and(product1, mask, out=c1)
        np.bitwise_and(product0, mask, out=c3)
    return np.stack((c0, c1, c2, c3), axis=-1, dtype=np.uint32, casting="unsafe")


def _words_jax(seed: Seed, seed2: Seed, blocks: jax.Array) -> jax.Array:
    """Traced form of `_words_numpy`."""
    c0, c1 = blocks.astype(jnp.uint32), (blocks >> 32).astype(jnp.uint32)
    c2, c3 = (jnp.full_like(c0, word) for word in _halves(seed2))
    # 32-bit keys, one addition a round: XLA evaluates them for every element, so they must be cheap.
    keys = [jnp.asarray(word).astype(jnp.uint32) for word in _halves(seed)]
    for _ in range(10):
        product0 = c0.astype(jnp.uint64) * np.uint64(_MULTIPLIERS[0])
        product1 = c2.astype(jnp.uint64) * np.uint64(_MULTIPLIERS[1])
        high0, high1 = ((p >> 32).astype(jnp.uint32) for p in (product0, product1))
        c0, c1 = high1 ^ c1 ^ keys[0], product1.astype(jnp.uint32)
        c2, c3 = high0 ^ c3 ^ keys[1], product0.astype(jnp.uint32)
        keys = [key + np.uint32(weyl) for key, weyl in zip(keys, _WEYL, strict=True)]
    return jnp.stack([c0, c1, c2, c3], axis=-1)


def _consecutive(convert: Convert, seed: Seed, seed2: Seed, counter: Any, count: int) -> Array:
    """`generate` for `count` blocks from `counter` on."""
    filled = fill("words", seed, seed2, counter, (count, 4), np.uint32)
    if filled is not None:
        return convert(filled)
    blocks = namespace(counter).arange(count, dtype=np.uint64) + uint64(counter)
    return generate(convert, seed, seed2, blocks)


def words(seed: Seed, seed2: Seed, counter: Any, count: int) -> Array:
    """The words of `count` blocks from `counter` on: uint32 [count, 4]."""
    return _consecutive(lambda block: block, seed, seed2, counter, count)


def _blocks_for(count: int, per_block: int) -> int:
    """Blocks that give `count` values."""
    return -(-count // per_block)


def _reshape(values: Array, shape: Shape) -> Array:
    """The first values of an array (any shape), as `shape`."""
    return values.reshape(-1)[: math.prod(shape)].reshape(tuple(shape))


# ---- Words to numbers ---------------------------------------------------------------------------


def _pairs(block: Array) -> Array:
    """Words [..., 4] as 64-bit numbers, the low word first: uint64 [..., 2]."""
    low, high = block[..., 0::2].astype(np.uint64), block[..., 1::2].astype(np.uint64)
    return high << np.uint64(32) | low


def _fill_mantissa(bits: Array, float_type: Any) -> Array:
    """Unsigned ints to floats in [0, 1): the low bits become the mantissa of 1.m, less 1."""
    one = np.asarray(1, float_type)
    mantissa = np.asarray((1 << ml_dtypes.finfo(float_type).nmant) - 1, bits.dtype)
    bits = bits & mantissa | one.view(bits.dtype)
    return bits.view(one.dtype) - one


def _unit(block: Array, dtype: Any) -> Array:
    """Words [..., 4] to uniforms in [0, 1): [..., 4], or [..., 2] for float64."""
    dtype = np.dtype(dtype)
    if dtype == np.float64:
        # The 20 high mantissa bits come from the first word, the 32 low ones from the second.
        return _fill_mantissa(_pairs(block[..., ::-1])[..., ::-1], dtype)
    return _fill_mantissa(block if dtype == np.float32 else block.astype(np.uint16), dtype)


unit64 = partial(_unit, dtype=np.float64)


def _log32(x: Array) -> Array:
    """Natural logarithm of positive normal float32s as glibc's logf rounds it (see _LOG_TABLE)."""
    xp = namespace(x)
    bits = x.view(np.int32)
    # x = 2^exponent z with z in [0.699, 1.398): then log x = exponent log 2 + log c + log1p(r).
    offset = bits - np.int32(0x3F330000)
    exponent = (offset >> 23).astype(np.float64)
    z = (bits - (offset & np.int32(-(1 << 23)))).view(np.float32).astype(np.float64)
    inverse, log_c = (xp.take(xp.asarray(t), (offset >> 19) & 15, axis=0) for t in _LOG_TABLE)
    r = z * inverse - 1
    r2 = r * r
    cubic, square, half = _LOG_POLYNOMIAL
    tail = cubic * r2 + (square * r + half)
    return (tail * r2 + (log_c + exponent * math.log(2) + r)).astype(np.float32)


def _sin_cos32(angle: Array) -> tuple[Array, Array]:
    """Sine and cosine of float32 angles in [0, 7] as glibc's sinf and cosf round them."""
    xp = namespace(angle)
    x = angle.astype(np.float64)
    quadrant = xp.floor(x * (2 / math.pi) + 0.5)
    x = x - quadrant * (math.pi / 2)
    x2 = x * x
    x3, x4 = x * x2, x2 * x2
    s1, s2, s3 = _SIN_POLYNOMIAL
    c1, c2, c3, c4 = _COS_POLYNOMIAL
    sine = ((x + x3 * s1) + x3 * x2 * (s2 + x2 * s3)).astype(np.float32)
    cosine = ((1 + x2 * c1) + x4 * c2 + x4 * x2 * (c3 + x2 * c4)).astype(np.float32)
    turns = quadrant.astype(np.int32)
    odd = (turns & 1) != 0
    sine_sign = 1 - (turns & 2).astype(np.float32)
    cosine_sign = 1 - ((turns + 1) & 2).astype(np.float32)
    return xp.where(odd, cosine, sine) * sine_sign, xp.where(odd, sine, cosine) * cosine_sign


def _box_muller32(block: Array) -> Array:
    """Words [..., 4] to standard normals, float32 [..., 4]; every step is rounded to float32."""
    xp = namespace(block)
    uniforms = _unit(block, np.float32)
    angle = (uniforms[..., 1::2].astype(np.float64) * (2 * math.pi)).astype(np.float32)
    log = _log32(xp.maximum(uniforms[..., 0::2], np.float32(1e-7)))
    radius = xp.sqrt(np.float32(-2) * log)
    sine, cosine = _sin_cos32(angle)
    return xp.stack([sine * radius, cosine * radius], axis=-1).reshape(block.shape)


def box_muller64(block: Array) -> Array:
    """Words [n, 4] to standard normals, float64 [n, 2]."""
    xp = namespace(block)
    uniforms = unit64(block)

    def libm(function: str, x: Array) -> Array:
        # NumPy's own float64 functions (SVML on AVX-512) differ from the C library's by 1 ulp in
        # 1 of 500 values; Python's math module calls the C library, as TensorFlow does.
        if xp is np:
            return np.fromiter(map(getattr(math, function), x.tolist()), np.float64, x.size)
        return getattr(xp, function)(x)

    angle = uniforms[..., 1] * (2 * math.pi)
    radius = xp.sqrt(-2.0 * libm("log", xp.maximum(uniforms[..., 0], 1e-7)))
    return xp.stack([libm("sin", angle) * radius, libm("cos", angle) * radius], axis=-1)


def _box_muller(block: Array, dtype: Any) -> Array:
    """Words [..., 4] to normals: float64 [..., 2] if dtype is float64, else float32 [..., 4]."""
    return box_muller64(block) if np.dtype(dtype) == np.float64 else _box_muller32(block)


def _per_block(dtype: Any) -> int:
    """Values of `dtype` made from one block."""
    return 2 if np.dtype(dtype).itemsize == 8 else 4


def _filled(sample: Callable[..., Array]) -> Callable[..., Array]:
    """A sampler that leaves what there is a native kernel for to the kernel of its name."""

    @wraps(sample)
    def either(seed: Seed, seed2: Seed, counter: Any, shape: Shape, dtype: Any) -> Array:
        values = fill(sample.__name__, seed, seed2, counter, shape, dtype)
        return sample(seed, seed2, counter, shape, dtype) if values is None else values

    return either


# ---- Kernels with a fixed number of words per value ---------------------------------------------


@_filled
def uniform(seed: Seed, seed2: Seed, counter: Any, shape: Shape, dtype: Any) -> Array:
    """RandomUniform: floats in [0, 1), `shape` and `dtype` (float16, bfloat16, 32, 64)."""
    count = _blocks_for(math.prod(shape), _per_block(dtype))
    return _reshape(_consecutive(partial(_unit, dtype=dtype), seed, seed2, counter, count), shape)


def uniform_int(
    seed: Seed, seed2: Seed, counter: Any, shape: Shape, minval: Any, maxval: Any, dtype: Any
) -> Array:
    """RandomUniformInt: integers in [minval, maxval), `shape` and `dtype` (int32, int64).

    The bounds are scalars; a word (two for int64) is taken modulo their distance.
    """
    xp, dtype = namespace(counter, minval, maxval), np.dtype(dtype)
    unsigned = np.dtype(f"u{dtype.name}")
    low, high = (xp.asarray(bound, dtype=dtype).astype(unsigned) for bound in (minval, maxval))

    def convert(block: Array) -> Array:
        bits = block if dtype.itemsize == 4 else _pairs(block)
        with np.errstate(over="ignore"):
            return (bits % (high - low) + low).astype(dtype)

    count = _blocks_for(math.prod(shape), _per_block(dtype))
    return _reshape(_consecutive(convert, seed, seed2, counter, count), shape)


@_filled
def normal(seed: Seed, seed2: Seed, counter: Any, shape: Shape, dtype: Any) -> Array:
    """RandomStandardNormal: `shape` and `dtype` (float16, bfloat16, float32, float64)."""
    count = _blocks_for(math.prod(shape), _per_block(dtype))
    values = _consecutive(partial(_box_muller, dtype=dtype), seed, seed2, counter, count)
    return _reshape(values, shape).astype(dtype, copy=False)


@_filled
def truncated_normal(seed: Seed, seed2: Seed, counter: Any, shape: Shape, dtype: Any) -> Array:
    """TruncatedNormal: standard normals within (-2, 2), `shape` and `dtype` (as `normal`).

    A group (the values of one block: four, or two float64) has blocks of its own, 64 for each
    value or 128 words; it takes its first acceptable normals.
    """
    need = _per_block(dtype)
    groups = _blocks_for(math.prod(shape), need)
    stride = BLOCKS_PER_OUTPUT * need // 4
    xp = namespace(counter)
    if groups == 0:
        return xp.zeros(tuple(shape), dtype)
    first = uint64(counter) + xp.arange(groups, dtype=np.uint64) * np.uint64(stride)

    def candidates(first_blocks: Array, count: int) -> Array:
        """Normals of `count` blocks from each of first_blocks [n] on: [n, count * need]."""
        blocks = first_blocks[:, None] + xp.arange(count, dtype=np.uint64)
        convert = partial(_box_muller, dtype=dtype)
        return generate(convert, seed, seed2, blocks.reshape(-1)).reshape(
            (first_blocks.shape[0], count * need)
        )

    fill = _truncate_numpy if xp is np else _truncate_jax
    return _reshape(fill(candidates, first, need), shape).astype(dtype)


def _truncate_numpy(candidates: Candidates, first: np.ndarray, need: int) -> np.ndarray:
    """The first `need` candidates within (-2, 2) of every group: [groups, need]."""
    out = candidates(first, 1)
    pending = np.flatnonzero(~(np.abs(out) < 2).all(axis=1))
    for count in (4, _TRUNCATED_MAX_BLOCKS):
        values = candidates(first[pending], count)
        accepted = np.abs(values) < 2
        order = np.argsort(~accepted, axis=1, kind="stable")[:, :need]
        out[pending] = np.take_along_axis(values, order, axis=1)
        pending = pending[accepted.sum(axis=1) < need]
    return out


def _truncate_jax(candidates: Candidates, first: jax.Array, need: int) -> jax.Array:
    """Traced form of `_truncate_numpy`: two blocks for all groups, then the rare rest singly."""

    def take(values: jax.Array) -> tuple[jax.Array, jax.Array]:
        accepted = jnp.abs(values) < 2
        rank = jnp.cumsum(accepted, axis=1, dtype=jnp.int32)
        chosen = (accepted & (rank == slot) for slot in range(1, need + 1))
        slots = [jnp.where(slot, values, 0).sum(axis=1) for slot in chosen]
        return jnp.stack(slots, axis=1), rank[:, -1] < need

    def one_group(state: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        out, pending = state
        group = jnp.argmax(pending)
        row, _ = take(candidates(first[group][None], _TRUNCATED_MAX_BLOCKS))
        return out.at[group].set(row[0]), pending.at[group].set(False)

    start = take(candidates(first, 2))
    return jax.lax.while_loop(lambda state: state[1].any(), one_group, start)[0]


# ---- Shuffle and multinomial --------------------------------------------------------------------


def permutation(seed: Seed, seed2: Seed, counter: Any, size: int) -> Array:
    """RandomShuffle: the row order, int64 [size]; `value[permutation(...)]` is the output.

    A Fisher-Yates shuffle from the front: row i changes places with row i + (word i mod rest).
    """
    if size <= 1:
        return namespace(counter).arange(size, dtype=np.int64)
    block = words(seed, seed2, counter, _blocks_for(size - 1, 4))
    rest = np.arange(size, 1, -1, dtype=np.uint32)
    targets = block.reshape(-1)[: size - 1] % rest + np.arange(size - 1, dtype=np.uint32)
    if isinstance(targets, np.ndarray):
        order = list(range(size))
        for i, j in enumerate(targets.tolist()):
            order[i], order[j] = order[j], order[i]
        return np.array(order, np.int64)

    def swap(i: jax.Array, order: jax.Array) -> jax.Array:
        # One read and one write: with two writes XLA copies the whole array in every step.
        rows = jnp.stack([jnp.uint32(i), targets[i]])
        return order.at[rows].set(order[rows][::-1])

    identity = jnp.arange(size, dtype=jnp.uint32)
    return jax.lax.fori_loop(0, size - 1, swap, identity).astype(jnp.int64)


def multinomial(
    seed: Seed, seed2: Seed, counter: Any, logits: Array, num_samples: int, dtype: Any = np.int64
) -> Array:
    """Multinomial: class numbers, `dtype` [batch, num_samples], from logits [batch, classes].

    Row b draws its float64 uniforms right after those of row b - 1.  TensorFlow does so while one
    thread does all rows; for larger work it splits the batch by the number of cores, and a part
    that starts at row b skips b * (num_samples + 3) // 4 blocks, so that its numbers depend on
    the machine.  This is the result with intra_op_parallelism_threads=1.
    """
    xp = namespace(counter, logits)
    batch = logits.shape[0]
    if batch * num_samples == 0:
        return xp.zeros((batch, num_samples), dtype=dtype)
    uniforms = _consecutive(unit64, seed, seed2, counter, _blocks_for(batch * num_samples, 2))
    uniforms = _reshape(uniforms, (batch, num_samples))
    # Logits that are not finite have probability 0.
    finite = xp.isfinite(logits)
    top = xp.where(finite, logits, -np.inf).max(axis=1, keepdims=True).astype(np.float64)
    with np.errstate(invalid="ignore"):
        weights = xp.where(finite, xp.exp(logits.astype(np.float64) - top), 0.0)
    cumulative = xp.cumsum(weights, axis=1)
    thresholds = uniforms * cumulative[:, -1:]
    search = partial(xp.searchsorted, side="right")
    if xp is np:
        return np.stack(list(map(search, cumulative, thresholds))).astype(dtype)
    return jax.vmap(search)(cumulative, thresholds).astype(dtype)
