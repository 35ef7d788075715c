"""Connectionist temporal classification: the loss and the two decoders.

The ops run between the compiled segments, on concrete values: the number of labels changes with
every batch, so a program compiled for it would be compiled again and again. The loss pads the
labels to a power of two and compiles for that. Notation and equations: Graves, "Supervised
sequence labelling with recurrent neural networks" (2012), chapter 7; a target of U labels stands
as 2U + 1 states, blanks around the labels.
"""

from __future__ import annotations

import heapq
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tf1x.core.dtypes import float32, float64
from tf1x.core.errors import FailedPreconditionError, InvalidArgumentError
from tf1x.core.opdef import op
from tf1x.core.operation import Operation, Tensor
from tf1x.ops import array, math
from tf1x.ops.array_guards import PreventGradient
from tf1x.ops.shape_rules import dims, merge_dim, with_rank

_TYPES = ((float32, float64), float32)


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


# -- the loss ------------------------------------------------------------------------------------


def _loss_shapes(op: Operation) -> Any:
    time, batch, classes = with_rank(dims(op), 3)
    merge_dim(with_rank(dims(op, 1), 2)[0], with_rank(dims(op, 2), 1)[0])
    batch = merge_dim(batch, with_rank(dims(op, 3), 1)[0])
    return [(batch,), (time, batch, classes)]


def _loss_gradient(op: Operation, grad_loss: Tensor, _: Any) -> list[Any]:
    gradient = PreventGradient(
        op.outputs[1],
        message="Currently there is no way to take the second derivative of ctc_loss due to the "
        "fused implementation's interaction with tf.gradients()",
    )
    return [math.Mul(array.expand_dims(grad_loss, -1), gradient, name="mul"), None, None, None]


@op(
    "inputs: T, labels_indices: int64, labels_values: int32, sequence_length: int32"
    " -> loss: T, gradient: T",
    T=_TYPES,
    shape=_loss_shapes,
    grad=_loss_gradient,
    host=True,
)
def CTCLoss(
    inputs: Any,
    labels_indices: Any,
    labels_values: Any,
    sequence_length: Any,
    *,
    preprocess_collapse_repeated: bool = False,
    ctc_merge_repeated: bool = True,
    ignore_longer_outputs_than_inputs: bool = False,
) -> Any:
    """-log p(labels | softmax(inputs)) of each sequence, and its gradient; see `tf.nn.ctc_loss`."""
    time, batch, classes = inputs.shape
    given = _label_lists(labels_indices, labels_values, batch)
    _check_lengths(sequence_length, time)
    targets = [
        _target(labels, b, classes, preprocess_collapse_repeated) for b, labels in enumerate(given)
    ]
    used = np.ones(batch, bool)
    for b, labels in enumerate(given):
        missing = len(labels) > sequence_length[b]
        if missing and not ignore_longer_outputs_than_inputs:
            raise _invalid(
                f"Not enough time for target transition sequence (required: {len(labels)}, "
                f"available: {sequence_length[b]}){b}You can turn this error into a warning by "
                "using the flag ignore_longer_outputs_than_inputs"
            )
        used[b] = not missing and sequence_length[b] > 0
    longest = max(map(len, targets), default=0)
    padded = np.full((batch, 1 << max(longest - 1, 0).bit_length()), classes - 1, np.int32)
    for b, target in enumerate(targets):
        padded[b, : len(target)] = target
    counts = np.array(list(map(len, targets)), np.int32)
    loss, gradient = _loss_and_gradient(
        inputs, padded, counts, sequence_length, used, ctc_merge_repeated
    )
    return np.asarray(loss), np.asarray(gradient)


def _label_lists(indices: Any, values: Any, batch: int) -> list[list[int]]:
    """The labels of each sequence from their sparse form.

    Raises:
        InvalidArgumentError: the places are not in order or out of range, or a sequence has none.
    """
    if batch == 0:
        raise _invalid("batch_size must not be 0")
    width = int(indices[:, 1].max(initial=-1)) + 1
    found: list[list[int]] = [[] for _ in range(batch)]
    previous = (-1, -1)
    for i, ((b, t), value) in enumerate(zip(indices.tolist(), values.tolist(), strict=True)):
        where = f"label SparseTensor is not valid: indices[{i}] = [{b},{t}] is"
        if not (0 <= b < batch and 0 <= t < width):
            raise _invalid(f"{where} out of bounds: need 0 <= index < [{batch},{width}]")
        if (b, t) <= previous:
            raise _invalid(f"{where} {'repeated' if (b, t) == previous else 'out of order'}")
        previous = (b, t)
        found[b].append(value)
    for b, labels in enumerate(found):
        if not labels:
            raise _invalid(f"Labels length is zero in batch {b}")
    return found


def _check_lengths(sequence_length: Any, time: int) -> None:
    for b, length in enumerate(sequence_length.tolist()):
        if length > time:
            raise _invalid(f"sequence_length({b}) <= {time}")
        if length < 0:
            raise _invalid(f"seq_len({b}) < 0")


def _target(labels: list[int], b: int, classes: int, collapse: bool) -> list[int]:
    """The labels without nulls at the end (classes - 1 and above) and, if wished, repetitions."""
    if collapse:
        labels = [x for i, x in enumerate(labels) if i == 0 or x != labels[i - 1]]
    target = [x for x in labels if x < classes - 1]
    if labels[: len(target)] != target:
        raise _invalid(
            "Saw a non-null label (index >= num_classes - 1) following a null label, "
            f"batch: {b} num_classes: {classes} labels: {','.join(map(str, labels))}"
        )
    if any(x < 0 for x in target):
        raise _invalid(
            f"All labels must be nonnegative integers, batch: {b} labels: {','.join(map(str, target))}"
        )
    return target


@partial(jax.jit, static_argnames="merge")
def _loss_and_gradient(
    inputs: Any, labels: Any, counts: Any, lengths: Any, used: Any, merge: bool
) -> tuple[Any, Any]:
    """Forward-backward over all sequences at once.

    Args:
        inputs: [time, batch, classes].
        labels: [batch, most labels], of which `counts` [batch] count.
        lengths: steps of each sequence [batch].
        used: sequences whose loss is wanted; that of the others is 0.
        merge: whether a label may last for several steps, as in CTC proper.
    """
    time, batch, classes = inputs.shape
    blank = classes - 1
    states = jnp.full((batch, 2 * labels.shape[1] + 1), blank, jnp.int32).at[:, 1::2].set(labels)
    is_label = states != blank
    # As TensorFlow does: the probabilities first, so that what underflows is impossible.
    probabilities = jnp.exp(inputs - inputs.max(axis=-1, keepdims=True))
    probabilities /= probabilities.sum(axis=-1, keepdims=True)
    of_states = jnp.take_along_axis(jnp.log(probabilities), states[None], axis=2)
    zero = -jnp.inf
    stays = (~is_label) | merge
    skips = is_label.at[:, :2].set(False)
    if merge:
        skips = skips.at[:, 2:].set(skips[:, 2:] & (states[:, 2:] != states[:, :-2]))

    def shifted(x: Any, by: int) -> Any:
        """`x` moved by `by` states, towards later ones where positive."""
        moved = jnp.roll(x, by, axis=1)
        return moved.at[:, :by].set(zero) if by > 0 else moved.at[:, by:].set(zero)

    def total(stay: Any, step: Any, skip: Any) -> Any:
        return jnp.logaddexp(jnp.logaddexp(stay, step), skip)

    def forward(alpha: Any, emitted: Any) -> tuple[Any, Any]:
        skip = jnp.where(skips, shifted(alpha, 2), zero)
        alpha = total(jnp.where(stays, alpha, zero), shifted(alpha, 1), skip) + emitted
        return alpha, alpha

    place = jnp.arange(states.shape[1])
    first = jnp.where(place < 2, of_states[0], zero)
    _, alphas = jax.lax.scan(forward, first, of_states[1:])
    alphas = jnp.concatenate([first[None], alphas])

    last = 2 * counts[:, None]
    final = jnp.where((place <= last) & (place >= last - 1), 0.0, zero).astype(inputs.dtype)

    def backward(beta: Any, step: tuple[Any, Any]) -> tuple[Any, Any]:
        t, emitted = step  # what is emitted at t + 1
        ahead = beta + emitted
        skip = shifted(jnp.where(skips, ahead, zero), -2)
        beta = total(jnp.where(stays, ahead, zero), shifted(ahead, -1), skip)
        beta = jnp.where((t == lengths - 1)[:, None], final, beta)
        return beta, beta

    nothing = jnp.full_like(final, zero)
    later = jnp.concatenate([of_states[1:], jnp.zeros_like(of_states[:1])])
    _, betas = jax.lax.scan(backward, nothing, (jnp.arange(time), later), reverse=True)

    log_p = jax.nn.logsumexp(alphas[0] + betas[0], axis=1)
    posterior = jnp.exp(alphas + betas - jnp.where(log_p == zero, 0.0, log_p)[:, None])
    rows, steps = jnp.arange(batch)[None, :, None], jnp.arange(time)[:, None, None]
    gradient = probabilities.at[steps, rows, states[None]].add(-posterior)
    active = used & (steps[..., 0] < lengths)
    return jnp.where(used, -log_p, 0.0), jnp.where(active[..., None], gradient, 0.0)


# -- decoders ------------------------------------------------------------------------------------


def _decoded_shapes(op: Operation) -> Any:
    _, batch, _ = with_rank(dims(op), 3)
    batch = merge_dim(batch, with_rank(dims(op, 1), 1)[0])
    paths = op.attrs.get("top_paths", 1)
    return [*[(None, 2)] * paths, *[(None,)] * paths, *[(2,)] * paths, (batch, paths)]


def _check_decodable(inputs: Any, sequence_length: Any) -> None:
    if 0 in inputs.shape:
        raise _invalid("inputs must not be empty")
    for b, length in enumerate(sequence_length.tolist()):
        if length > inputs.shape[0]:
            raise FailedPreconditionError(None, None, f"sequence_length({b}) <= {inputs.shape[0]}")


def _as_sparse(sequences: list[list[int]]) -> tuple[Any, Any, Any]:
    """Indices, values and shape of a sparse matrix whose rows are `sequences`."""
    places = [(b, t) for b, labels in enumerate(sequences) for t in range(len(labels))]
    values = [label for labels in sequences for label in labels]
    shape = [len(sequences), max(map(len, sequences))]
    return (
        np.array(places, np.int64).reshape(-1, 2),
        np.array(values, np.int64),
        np.array(shape, np.int64),
    )


@op(
    "inputs: T, sequence_length: int32 -> decoded_indices: int64, decoded_values: int64,"
    " decoded_shape: int64, log_probability: T",
    T=_TYPES,
    shape=_decoded_shapes,
    grad=None,
    host=True,
)
def CTCGreedyDecoder(
    inputs: Any, sequence_length: Any, *, merge_repeated: bool = False, blank_index: int = -1
) -> Any:
    """The most likely class of each step, without blanks; see `tf.nn.ctc_greedy_decoder`."""
    _check_decodable(inputs, sequence_length)
    time, _, classes = inputs.shape
    blank = blank_index + classes if blank_index < 0 else blank_index
    if not 0 <= blank < classes:
        raise _invalid(
            f"blank_index expected to be between {-classes} and {classes - 1} but was {blank_index}"
        )
    best = inputs.argmax(axis=2)
    inside = np.arange(time)[:, None] < sequence_length
    kept = inside & (best != blank)
    if merge_repeated:
        kept[1:] &= best[1:] != best[:-1]
    sequences = [row[keep].tolist() for row, keep in zip(best.T, kept.T, strict=True)]
    score = -np.where(inside, inputs.max(axis=2), 0).sum(axis=0, dtype=inputs.dtype)
    return *_as_sparse(sequences), score[:, None]


class _Beams:
    """The most likely label prefixes of one sequence, best first.

    Prefixes are numbered; 0 is the empty one. A beam has two probabilities (logarithms): that its
    last step was a blank, and that it was its last label.
    """

    def __init__(self, width: int, dtype: Any) -> None:
        self.width = width
        self.parents, self.labels = [-1], [-1]
        self._numbers: dict[tuple[int, int], int] = {}
        self.beams = np.zeros(1, np.int64)
        self.blank = np.zeros(1, dtype)
        self.label = np.full(1, -np.inf, dtype)
        self.total = self.blank

    def step(self, log_probabilities: Any) -> None:
        """Take one step of the sequence: [classes], the last of which is the blank."""
        emitted = log_probabilities[:-1]
        last = np.array([self.labels[n] for n in self.beams.tolist()])
        # A new prefix ends with another label or, after a blank, with the same one.
        growing = self.total[:, None] + emitted
        empty = last < 0
        repeats = np.flatnonzero(~empty)
        growing[repeats, last[repeats]] = self.blank[repeats] + emitted[last[repeats]]
        label = np.where(empty, -np.inf, self.label + emitted[last])
        positions = {n: i for i, n in enumerate(self.beams.tolist())}
        children: dict[tuple[int, int], int] = {}
        for i, number in enumerate(self.beams.tolist()):
            parent = positions.get(self.parents[number])
            if parent is not None:  # what grows into a beam that is there adds to it
                place = parent, self.labels[number]
                label[i] = np.logaddexp(label[i], growing[place])
                children[place] = i
        blank = self.total + log_probabilities[-1]
        total = np.logaddexp(blank, label)
        kept = self._compete(total, growing, children)
        old = np.array([max(i, 0) for _, i, _, _ in kept])
        new = np.array([i < 0 for _, i, _, _ in kept])
        numbers = self.beams.tolist()
        self.beams = np.array(
            [numbers[i] if i >= 0 else self._number(numbers[row], c) for _, i, row, c in kept]
        )
        self.total = np.array([value for value, *_ in kept], total.dtype)
        self.blank = np.where(new, -np.inf, blank[old])
        self.label = np.where(new, self.total, label[old])

    def _compete(
        self, total: Any, growing: Any, children: dict[tuple[int, int], int]
    ) -> list[tuple[float, int, int, int]]:
        """The best of the beams and of the prefixes that grow from them, best first.

        Each is (log-probability, its position among the beams or below 0, the beam it grows from,
        its last label). The order of events is TensorFlow's, since it matters in one case: a beam
        that was pushed out, and is then looked at as a child of another, does not grow any more.
        """
        heap = [(value, i, -1, -1) for i, value in enumerate(total.tolist())]
        heapq.heapify(heap)
        least = heap[0][0] if len(heap) == self.width else -np.inf
        events = {*zip(*map(np.ndarray.tolist, np.nonzero(growing > least)), strict=True)}
        old_totals, values = self.total.tolist(), growing.tolist()
        out: set[int] = set()
        row, grows, fresh = -1, False, -1
        for beam, label in sorted({*events, *children}):
            if beam != row:
                row, grows = beam, len(heap) < self.width or old_totals[beam] > heap[0][0]
            child = children.get((beam, label))
            if not grows:
                continue
            if child is not None:
                if child in out:
                    old_totals[child] = -np.inf
            elif len(heap) < self.width:
                heapq.heappush(heap, (values[beam][label], fresh, beam, label))
                fresh -= 1
            elif values[beam][label] > heap[0][0]:
                out.add(heapq.heapreplace(heap, (values[beam][label], fresh, beam, label))[1])
                fresh -= 1
        return sorted(heap, reverse=True)

    def _number(self, parent: int, label: int) -> int:
        if (parent, label) not in self._numbers:
            self._numbers[parent, label] = len(self.parents)
            self.parents.append(parent)
            self.labels.append(label)
        return self._numbers[parent, label]

    def best(self, count: int, merge_repeated: bool) -> tuple[list[list[int]], Any]:
        """The labels of the `count` best beams and their log-probabilities."""
        if count > len(self.beams):
            raise _invalid("Less leaves in the beam search than requested.")
        paths = []
        for number in self.beams[:count].tolist():
            path: list[int] = []
            while number:
                if not (merge_repeated and path and path[-1] == self.labels[number]):
                    path.append(self.labels[number])
                number = self.parents[number]
            paths.append(path[::-1])
        return paths, self.total[:count]


@op(
    "inputs: T, sequence_length: int32 -> decoded_indices: top_paths*int64,"
    " decoded_values: top_paths*int64, decoded_shape: top_paths*int64, log_probability: T",
    T=_TYPES,
    shape=_decoded_shapes,
    grad=None,
    host=True,
)
def CTCBeamSearchDecoder(
    inputs: Any,
    sequence_length: Any,
    *,
    beam_width: int,
    top_paths: int,
    merge_repeated: bool = True,
) -> Any:
    """The most likely label sequences; see `tf.nn.ctc_beam_search_decoder`."""
    _check_decodable(inputs, sequence_length)
    if top_paths > beam_width:
        raise _invalid("requested more paths than the beam width.")
    top = inputs.max(axis=2, keepdims=True)
    steps = inputs - top - np.log(np.exp(inputs - top).sum(axis=2, keepdims=True))
    paths: list[list[list[int]]] = []
    scores = []
    for b, length in enumerate(sequence_length.tolist()):
        beams = _Beams(beam_width, inputs.dtype)
        for t in range(length):
            beams.step(steps[t, b])
        found, score = beams.best(top_paths, merge_repeated)
        paths.append(found)
        scores.append(score)
    sparse = [_as_sparse([found[path] for found in paths]) for path in range(top_paths)]
    indices, values, shapes = (list(part) for part in zip(*sparse, strict=True))
    return indices, values, shapes, np.stack(scores).astype(inputs.dtype)
