"""Candidate samplers: a few classes drawn from many, for losses over large vocabularies.

They give the numbers of TensorFlow's CPU kernels, which draw classes one after the other from
the op's Philox stream and, if they are to be unique, drop those drawn before. Each run sets aside
512 blocks of the stream for each class wanted, whatever it uses.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tf1x.core import random_seed
from tf1x.core.errors import InvalidArgumentError, NotFoundError
from tf1x.core.opdef import op
from tf1x.core.operation import Operation
from tf1x.native import candidates as native
from tf1x.ops import philox, xp
from tf1x.ops.shape_rules import dims, merge_dim, with_rank

_BLOCKS_PER_SAMPLE = 512
_FIRST_CHUNK = 16
_INT32_MAX = 2**31 - 1

# (first block, count) to the classes int64 [count] that the stream gives from there on.
Draw = Callable[[Any, int], Any]

_SEEDS: dict[str, tuple[str, Any]] = {"seed": ("int", 0), "seed2": ("int", 0)}
_SIGNATURE = (
    "true_classes: int64 -> sampled_candidates: int64, true_expected_count: float32,"
    " sampled_expected_count: float32"
)


def _sampled_shapes(op: Operation) -> Any:
    rows, columns = with_rank(dims(op), 2)
    count = op.attrs["num_sampled"]
    return [(count,), (rows, merge_dim(columns, op.attrs["num_true"])), (count,)]


_SAMPLER: dict[str, Any] = {"shape": _sampled_shapes, "grad": None, "stateful": True}


def _check(
    true_classes: Any, num_true: int, num_sampled: int, unique: bool, range_max: int
) -> None:
    if np.ndim(true_classes) != 2:
        raise InvalidArgumentError(None, None, "true_classes must be a matrix")
    if true_classes.shape[1] != num_true:
        raise InvalidArgumentError(
            None,
            None,
            f"true_classes must have num_true columns, expected: {true_classes.shape[1]} was: {num_true}",
        )
    if range_max <= 0:
        raise InvalidArgumentError(None, None, "range_max must be positive")
    if unique and num_sampled > range_max:
        raise InvalidArgumentError(None, None, "Sampler's range is too small.")
    inside = (true_classes >= 0) & (true_classes < range_max)

    def message() -> str:
        outside = np.asarray(true_classes)[~np.asarray(inside)][0]
        return f"`true_candidate` out of range [0, {range_max}), received {outside}"

    xp.check(inside, InvalidArgumentError, message)


def _expected_count(probability: Any, num_sampled: int, tries: Any) -> Any:
    """How often a class of that probability is expected among the samples (float32).

    Of unique samples it is the probability that it is there after `tries` draws.
    """
    power = -xp.expm1(xp.asarray(tries, np.float32) * xp.log1p(-probability))
    return xp.where(tries == num_sampled, probability * np.float32(num_sampled), power)


# -- samplers whose draws take a fixed part of the stream -----------------------------------------


# So many are compared with each other in less time than it takes to sort them.
_FEW = 512


def _first_seen(values: Any) -> Any:
    """Which elements of a vector are not equal to an earlier one."""
    if values.size <= _FEW:
        earlier = np.tri(values.size, k=-1, dtype=bool)
        return ~jnp.any(earlier & (values[:, None] == values), axis=1)
    order = jnp.argsort(values, stable=True)
    ordered = values[order]
    first = jnp.concatenate([jnp.ones(1, bool), ordered[1:] != ordered[:-1]])
    return jnp.zeros(values.shape, bool).at[order].set(first)


def _different(draw: Draw, start: Any, count: int) -> tuple[Any, Any]:
    """The first `count` different classes of a stream, and the number of draws it took."""
    chunk = max(_FIRST_CHUNK, 2 * count)
    chunk_blocks = np.uint64(chunk // 2)  # two words a draw

    def step(state: tuple[Any, ...]) -> tuple[Any, ...]:
        classes, found, tries, block = state
        drawn = draw(block, chunk)
        new = _first_seen(jnp.concatenate([classes, drawn]))[count:]
        number = found + jnp.cumsum(new)
        wanted = new & (number <= count)
        classes = classes.at[jnp.where(wanted, number - 1, count)].set(drawn, mode="drop")
        # The draws count up to the one that fills the last place.
        used = jnp.where(number[-1] >= count, jnp.argmax(number >= count) + 1, chunk)
        return classes, number[-1], tries + used, block + chunk_blocks

    zero = jnp.zeros((), np.int64)
    begin = (jnp.full((count,), -1, np.int64), zero, zero, jnp.asarray(start, np.uint64))
    classes, _, tries, _ = jax.lax.while_loop(lambda state: state[1] < count, step, begin)
    return classes, tries


def _sampler(
    name: str, draw: Callable[..., Any], probability: Callable[[Any, int], Any], doc: str
) -> Any:
    """Declare a sampler over [0, range_max).

    Args:
        draw: (seed, seed2, first block, count, range_max) to classes; two words a draw.
        probability: (classes, range_max) to their float32 probabilities.
    """

    def lower(
        true_classes: Any,
        *,
        num_true: int,
        num_sampled: int,
        unique: bool,
        range_max: int,
        counter: Any,
    ) -> Any:
        _check(true_classes, num_true, num_sampled, unique, range_max)
        start = counter.take(_BLOCKS_PER_SAMPLE * num_sampled)

        def classes_from(block: Any, count: int) -> Any:
            return draw(*counter.key, block, count, range_max)

        if unique:
            by_kernel = native.different(name, *counter.key, start, num_sampled, range_max)
            sampled, tries = by_kernel or _different(classes_from, start, num_sampled)
        else:
            sampled, tries = classes_from(start, num_sampled), num_sampled
        counts = [
            _expected_count(probability(classes, range_max), num_sampled, tries)
            for classes in (true_classes, sampled)
        ]
        return sampled, *counts

    lower.__doc__ = doc
    return op(_SIGNATURE, type=name, attrs=_SEEDS, needs_jax=True, **_SAMPLER)(lower)


def _draw_log_uniform(seed: Any, seed2: Any, block: Any, count: int, range_max: int) -> Any:
    uniforms = philox.uniform(seed, seed2, block, (count,), np.float64)
    return (xp.exp(uniforms * math.log1p(range_max)).astype(np.int64) - 1) % range_max


def _log_uniform_probability(classes: Any, range_max: int) -> Any:
    ratio = (classes + 2.0) / (classes + 1.0)
    return (xp.log(ratio) / math.log1p(range_max)).astype(np.float32)


def _draw_uniform(seed: Any, seed2: Any, block: Any, count: int, range_max: int) -> Any:
    # TensorFlow draws anew below 2^64 mod range_max, which happens once in 2^64 / range_max draws.
    return philox.uniform_int(
        seed, seed2, block, (count,), np.int64(0), np.int64(range_max), np.int64
    )


def _uniform_probability(classes: Any, range_max: int) -> Any:
    return xp.full(np.shape(classes), np.float32(1 / range_max), np.float32)


LogUniformCandidateSampler = _sampler(
    "LogUniformCandidateSampler",
    _draw_log_uniform,
    _log_uniform_probability,
    "Classes k with probability log((k + 2) / (k + 1)) / log(range_max + 1).",
)
UniformCandidateSampler = _sampler(
    "UniformCandidateSampler", _draw_uniform, _uniform_probability, "Classes, all equally likely."
)


@op(_SIGNATURE, attrs=_SEEDS, exact=True, **_SAMPLER)
def AllCandidateSampler(true_classes: Any, *, num_true: int, num_sampled: int, unique: bool) -> Any:
    """All classes below `num_sampled`, with expected counts of 1."""
    _check(true_classes, num_true, num_sampled, unique, num_sampled)
    ones = xp.ones((num_sampled,), np.float32)
    return np.arange(num_sampled), xp.ones(true_classes.shape, np.float32), ones


# -- samplers whose draws reject words, so that they go one by one -------------------------------


def _words(seed: Any, seed2: Any, start: Any) -> Iterator[int]:
    """The 32-bit words of a stream."""
    blocks = _FIRST_CHUNK
    while True:
        yield from philox.words(seed, seed2, start, blocks).reshape(-1).tolist()
        start, blocks = start + np.uint64(blocks), 2 * blocks


def _below(words: Iterator[int], limit: int) -> int:
    """A uniform int below `limit`, without the bias of a remainder."""
    if limit & (limit - 1) == 0:
        return next(words) & (limit - 1)
    biased = 2**32 % limit
    return next(word for word in words if word >= biased) % limit


def _one_by_one(
    true_classes: Any,
    num_sampled: int,
    unique: bool,
    draw: Callable[[], int],
    probability: Callable[[Any], Any],
) -> Any:
    """A sampler's outputs from a function that draws one class."""
    drawn: list[int] = []
    seen: set[int] = set()
    tries = 0
    while len(drawn) < num_sampled:
        tries += 1
        chosen = draw()
        if not unique or chosen not in seen:
            seen.add(chosen)
            drawn.append(chosen)
    classes = np.array(drawn, np.int64)
    counts = (
        _expected_count(probability(c), num_sampled, np.int64(tries))
        for c in (true_classes, classes)
    )
    return classes, *counts


def _learned_unigram(name: str) -> Any:
    def lower(
        true_classes: Any,
        *,
        num_true: int,
        num_sampled: int,
        unique: bool,
        range_max: int,
        counter: Any,
        session: Any,
        op: Operation,
    ) -> Any:
        _check(true_classes, num_true, num_sampled, unique, range_max)
        if range_max >= _INT32_MAX:
            raise InvalidArgumentError(
                None, None, f"range_max must be less than {_INT32_MAX}, got {range_max}"
            )
        start = counter.take(_BLOCKS_PER_SAMPLE * num_sampled)
        words = _words(*counter.key, start)
        resources, key = session._state.resources, f"{name}/{op.name}"
        weights = resources.setdefault(key, np.ones(range_max, np.int64))
        ends = np.cumsum(weights)
        total = int(ends[-1])
        outputs = _one_by_one(
            true_classes,
            num_sampled,
            unique,
            lambda: int(np.searchsorted(ends, _below(words, total), side="right")),
            lambda classes: weights[classes].astype(np.float32) / np.float32(total),
        )
        seen = true_classes.reshape(-1)[: max(0, _INT32_MAX - total)]
        np.add.at(weights, seen, 1)
        return outputs

    lower.__doc__ = (
        "Classes, each as likely as it was often among `true_classes` in this session (plus one)."
    )
    return op(_SIGNATURE, type=name, attrs=_SEEDS, host=True, **_SAMPLER)(lower)


LearnedUnigramCandidateSampler = _learned_unigram("LearnedUnigramCandidateSampler")
ThreadUnsafeUnigramCandidateSampler = _learned_unigram("ThreadUnsafeUnigramCandidateSampler")


def _running_sum(values: np.ndarray[Any, Any]) -> Any:
    """The sum taken from first to last, each step rounded, as TensorFlow's loop does."""
    return np.cumsum(values)[-1]


class _Alias:
    """Walker's alias method: class i of weight w_i, in a constant time a draw.

    Each class has a place of size 1, of which it keeps `keep[i]`; the rest is `other[i]`'s. Which
    two classes share a place follows from the order in which TensorFlow pairs them.
    """

    def __init__(self, weights: np.ndarray[Any, Any]) -> None:
        self.probabilities = weights / _running_sum(weights)
        share = weights * np.float32(len(weights)) / _running_sum(weights.astype(np.float64))
        left = share.tolist()
        low = np.flatnonzero(share < 1).tolist()
        high = np.flatnonzero(share >= 1).tolist()
        other = list(range(len(left)))
        while low and high:
            small, large = low.pop(), high.pop()
            other[small] = large
            left[large] -= 1.0 - left[small]
            (low if left[large] < 1.0 else high).append(large)
        for rest in (*low, *high):  # 1 but for rounding
            left[rest], other[rest] = 1.0, rest
        self.keep = np.array(left, np.float32).tolist()
        self.other = other

    def draw(self, words: Iterator[int]) -> int:
        fraction = (next(words) & 0x7FFFFF) * 2.0**-23
        place = _below(words, len(self.keep))
        return place if fraction < self.keep[place] else self.other[place]


def _file_weights(path: str) -> list[float]:
    """The last of the comma-separated fields of each line."""
    try:
        with open(path, encoding="utf-8") as file:
            return [float(line.rstrip("\n").rpartition(",")[2]) for line in file]
    except FileNotFoundError:
        raise NotFoundError(None, None, f"{path}; No such file or directory") from None


def _fixed_weights(
    range_max: int,
    weights: list[float],
    distortion: float,
    num_reserved_ids: int,
    num_shards: int,
    shard: int,
) -> np.ndarray[Any, Any]:
    distorted = np.power(np.array(weights, np.float32), np.float32(distortion))
    reserved = len(range(num_reserved_ids)[shard::num_shards])
    # Numbers go on from the reserved ids of this shard, not from all of them.
    first = (shard - reserved) % num_shards
    own = np.concatenate([np.zeros(reserved, np.float32), distorted[first::num_shards]])
    if len(own) != range_max:
        raise InvalidArgumentError(
            None, None, f"range is {range_max} must be equal to weights size  {len(own)}"
        )
    return own


@op(_SIGNATURE, attrs=_SEEDS, host=True, **_SAMPLER)
def FixedUnigramCandidateSampler(
    true_classes: Any,
    *,
    num_true: int,
    num_sampled: int,
    unique: bool,
    range_max: int,
    vocab_file: str = "",
    distortion: float = 1.0,
    num_reserved_ids: int = 0,
    num_shards: int = 1,
    shard: int = 0,
    unigrams: list[float] = (),  # type: ignore[assignment]
    counter: Any,
    session: Any,
    op: Operation,
) -> Any:
    """Classes with probabilities proportional to given weights to the power `distortion`.

    The weights are `unigrams`, or the last fields of the lines of `vocab_file`; those of the
    first `num_reserved_ids` classes are 0. With several shards only every `num_shards`-th class
    from `shard` on is left, and they are numbered from 0.
    """
    if bool(vocab_file) == bool(unigrams):
        raise InvalidArgumentError(
            None,
            None,
            "Must only provide one of vocab_file and unigrams."
            if vocab_file
            else "Must provide either vocab_file or unigrams.",
        )
    resources, key = session._state.resources, f"FixedUnigramCandidateSampler/{op.name}"
    if key not in resources:
        weights = _file_weights(vocab_file) if vocab_file else list(unigrams)
        resources[key] = _Alias(
            _fixed_weights(range_max, weights, distortion, num_reserved_ids, num_shards, shard)
        )
    sampler = resources[key]
    _check(true_classes, num_true, num_sampled, unique, range_max)
    words = _words(*counter.key, counter.take(_BLOCKS_PER_SAMPLE * num_sampled))
    return _one_by_one(
        true_classes,
        num_sampled,
        unique,
        lambda: sampler.draw(words),
        lambda classes: sampler.probabilities[classes],
    )


# -- accidental hits -----------------------------------------------------------------------------


def _hits_shape(op: Operation) -> Any:
    rows, columns = with_rank(dims(op), 2)
    columns = merge_dim(columns, op.attrs["num_true"])
    with_rank(dims(op, 1), 1)
    count = None
    if op.attrs["_one_for_each"] and rows is not None and columns is not None:
        count = rows * columns
    return [(count,)] * 3


@op(
    "true_classes: int64, sampled_candidates: int64 -> indices: int32, ids: int64, weights: float32",
    shape=_hits_shape,
    grad=None,
    attrs=_SEEDS,
)
def ComputeAccidentalHits(
    true_classes: Any, sampled_candidates: Any, *, num_true: int, _one_for_each: bool = False
) -> Any:
    """Where sampled classes are among the true ones.

    Returns:
        For each true class that was sampled: its row, its position among the samples, and
        -FLT_MAX. With `_one_for_each`, which `sampled_softmax_loss` sets so that the number of
        rows does not depend on the data, there is one for each true class: those that were not
        sampled repeat another hit of their row or, where it has none, are position 0 with
        weight 0. Scattered over zeros both give the same.
    """
    if np.ndim(true_classes) != 2 or true_classes.shape[1] != num_true:
        raise InvalidArgumentError(
            None, None, "true_candidates must be a batch_size * num_true matrix"
        )
    lowest = -np.finfo(np.float32).max
    if not _one_for_each:
        true, sampled = xp.static(true_classes), xp.static(sampled_candidates)
        positions = {int(c): i for i, c in enumerate(sampled)}
        found = [
            (i, positions[c]) for i, row in enumerate(true.tolist()) for c in row if c in positions
        ]
        hits = np.array(found, np.int64).reshape(-1, 2)
        return hits[:, 0].astype(np.int32), hits[:, 1], np.full(len(hits), lowest, np.float32)
    equal = true_classes[:, :, None] == sampled_candidates
    # Of equal samples the last counts.
    positions = np.arange(sampled_candidates.shape[0], dtype=np.int32)
    last = xp.max(xp.where(equal, positions, np.int32(-1)), axis=2)
    hit = last >= 0
    substitute = xp.max(xp.where(hit, last, 0), axis=1, keepdims=True)
    ids = xp.where(hit, last, substitute).astype(np.int64)
    weights = xp.where(xp.any(hit, axis=1, keepdims=True), np.float32(lowest), np.float32(0))
    indices = np.repeat(np.arange(true_classes.shape[0], dtype=np.int32), num_true)
    return indices, ids.reshape(-1), xp.broadcast_to(weights, hit.shape).reshape(-1)


# -- the public functions ------------------------------------------------------------------------


def _seeds(seed: int | None) -> dict[str, int]:
    first, second = random_seed.get_seed(seed)
    return {"seed": first or 0, "seed2": second or 0}


def _public(node: Callable[..., Any], name: str, distribution: str) -> Callable[..., Any]:
    def sampler(
        true_classes: Any,
        num_true: int,
        num_sampled: int,
        unique: bool,
        range_max: int,
        seed: int | None = None,
        name: str | None = None,
    ) -> Any:
        return node(
            true_classes, num_true, num_sampled, unique, range_max, **_seeds(seed), name=name
        )

    sampler.__name__ = sampler.__qualname__ = name
    sampler.__doc__ = f"""Draw classes from 0 to `range_max` - 1, {distribution}.

    Args:
        true_classes: int64 [batch, num_true].
        num_sampled: how many to draw.
        unique: draw again what was drawn before.

    Returns:
        A named tuple: sampled_candidates, int64 [num_sampled]; true_expected_count, float32
        [batch, num_true]; sampled_expected_count, float32 [num_sampled]: how often each class is
        expected among the samples.

    Raises (when run):
        InvalidArgumentError: a true class is out of range, or `num_sampled` unique classes are
            more than there are.
    """
    return sampler


log_uniform_candidate_sampler = _public(
    LogUniformCandidateSampler,
    "log_uniform_candidate_sampler",
    "low numbers (frequent words) more often, with probability log((k + 2) / (k + 1)) / log(range_max + 1)",
)
uniform_candidate_sampler = _public(
    UniformCandidateSampler, "uniform_candidate_sampler", "all equally likely"
)
learned_unigram_candidate_sampler = _public(
    LearnedUnigramCandidateSampler,
    "learned_unigram_candidate_sampler",
    "each as often as it was among the true classes of earlier runs",
)


def fixed_unigram_candidate_sampler(
    true_classes: Any,
    num_true: int,
    num_sampled: int,
    unique: bool,
    range_max: int,
    vocab_file: str = "",
    distortion: float = 1.0,
    num_reserved_ids: int = 0,
    num_shards: int = 1,
    shard: int = 0,
    unigrams: Any = (),
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Draw classes from 0 to `range_max` - 1 with probabilities proportional to given weights.

    Args:
        vocab_file: a file with a line for each class, of which the last comma-separated field is
            its weight; or
        unigrams: the weights.
        distortion: the power to which the weights are raised (0.75 in word2vec).
        num_reserved_ids: so many classes of weight 0 stand before these.
        num_shards, shard: leave only every `num_shards`-th class from `shard` on.

    Other arguments, results and errors are those of `tf.nn.uniform_candidate_sampler`.
    """
    return FixedUnigramCandidateSampler(
        true_classes,
        num_true,
        num_sampled,
        unique,
        range_max,
        vocab_file=vocab_file,
        distortion=distortion,
        num_reserved_ids=num_reserved_ids,
        num_shards=num_shards,
        shard=shard,
        unigrams=list(unigrams),
        **_seeds(seed),
        name=name,
    )


def all_candidate_sampler(
    true_classes: Any,
    num_true: int,
    num_sampled: int,
    unique: bool,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """All classes from 0 to `num_sampled` - 1; the results are as those of the other samplers."""
    return AllCandidateSampler(
        true_classes, num_true, num_sampled, unique, **_seeds(seed), name=name
    )


def compute_accidental_hits(
    true_classes: Any,
    sampled_candidates: Any,
    num_true: int,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Where sampled classes are among the true ones.

    Args:
        true_classes: int64 [batch, num_true].
        sampled_candidates: int64 [num_sampled], all different.

    Returns:
        A named tuple of vectors, with an element for each hit: indices (int32, the row of
        `true_classes`), ids (int64, the position among the samples), weights (float32, -FLT_MAX).
    """
    return ComputeAccidentalHits(
        true_classes, sampled_candidates, num_true, **_seeds(seed), name=name
    )
