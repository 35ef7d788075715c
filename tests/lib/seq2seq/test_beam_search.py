"""`BeamSearchDecoder` against a search in plain Python; following beams back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x
from tests.lib.seq2seq import reference as ref
from tests.lib.seq2seq.programs import build, numbers, run

s2s = tf1x.contrib.seq2seq
WIDTH, SYMBOLS, UNITS, END = 3, 7, 5, 2
STARTS = [1, 3]
STATES = numbers(len(STARTS), UNITS, seed=9)
MEMORY = numbers(len(STARTS), 4, UNITS, seed=4)
LENGTHS = np.int32([4, 3])
NAMES = ("kernel", "bias")


def _decode(cell: Any, state: Any, **options: Any) -> Any:
    steps = options.pop("maximum_iterations", 6)
    time_major = options.pop("output_time_major", False)
    table = tf1x.get_variable("embedding", [SYMBOLS, 4])
    decoder = s2s.BeamSearchDecoder(
        cell, table, STARTS, END, state, WIDTH, tf1x.layers.Dense(SYMBOLS), **options
    )
    outputs, state, lengths = s2s.dynamic_decode(
        decoder, output_time_major=time_major, maximum_iterations=steps
    )
    return outputs, state, lengths


def _plain(**options: Any) -> Any:
    state = s2s.tile_batch(tf1x.constant(STATES), WIDTH)
    return _decode(tf1x.nn.rnn_cell.BasicRNNCell(UNITS), state, **options)


def _attentive(**options: Any) -> Any:
    memory, lengths = s2s.tile_batch((tf1x.constant(MEMORY), tf1x.constant(LENGTHS)), WIDTH)
    mechanism = s2s.LuongAttention(UNITS, memory, lengths)
    cell = s2s.AttentionWrapper(
        tf1x.nn.rnn_cell.BasicRNNCell(UNITS), mechanism, alignment_history=True
    )
    state = cell.zero_state(len(STARTS) * WIDTH, tf1x.float32)
    state = state.clone(cell_state=s2s.tile_batch(tf1x.constant(STATES), WIDTH))
    return _decode(cell, state, **options)


def _search(w: dict[str, Any], batch: int, steps: int = 6, **options: Any) -> Any:
    """The same search in Python."""
    attentive = "memory_layer/kernel" in w
    prefix = "decoder/attention_wrapper/" if attentive else "decoder/"
    cell = ref.rnn_cell(*(w[f"{prefix}basic_rnn_cell/{n}"] for n in NAMES))
    dense = [w[f"decoder/dense/{n}"] for n in NAMES]
    memory = MEMORY[batch] * (np.arange(4) < LENGTHS[batch])[:, None]

    def step(symbol: int, state: Any) -> tuple[Any, Any]:
        h, attention, where = state
        x = w["embedding"][symbol]
        if not attentive:
            h = cell(x[None], h)
            return (h @ dense[0] + dense[1])[0], (h, None, None)
        h = cell(np.concatenate([x, attention])[None], h)
        scores = ref.luong(h, (memory @ w["memory_layer/kernel"])[None])
        history = ref.softmax(ref.masked(scores, LENGTHS[batch : batch + 1]))[0]
        attention = history @ memory
        return attention @ dense[0] + dense[1], (h, attention, [*where, history])

    covered = (lambda state: state[2][-1]) if options.get("coverage_penalty") else None
    search = ref.BeamSearch(step, WIDTH, END, covered=covered, **options)
    return search.run(STARTS[batch], (STATES[batch : batch + 1], np.zeros(UNITS), []), steps)


def _check(found: Any, w: dict[str, Any], **options: Any) -> None:
    outputs, state, _ = found
    steps = outputs.predicted_ids.shape[1]
    for batch in range(len(STARTS)):
        beams, scores = _search(w, batch, steps, **options)
        for i, beam in enumerate(beams):
            ids = beam["ids"] + [END] * (steps - len(beam["ids"]))
            np.testing.assert_array_equal(outputs.predicted_ids[batch, :, i], ids)
            np.testing.assert_allclose(state.log_probs[batch, i], beam["logp"], rtol=1e-4)
            assert state.lengths[batch, i] == beam["length"]
            assert state.finished[batch, i] == beam["done"]
        last = len(scores) - 1
        np.testing.assert_allclose(
            outputs.beam_search_decoder_output.scores[batch, last], scores[last], rtol=1e-4
        )


@pytest.mark.parametrize("length_penalty", [0.0, 0.6, 1.5])
def test_search(length_penalty: float) -> None:
    found, w = run(lambda: _plain(length_penalty_weight=length_penalty))
    _check(found, w, length_penalty=length_penalty)


def test_weights_as_tensors() -> None:
    found, w = run(lambda: _plain(length_penalty_weight=tf1x.placeholder(tf1x.float32, [], "p")),
                   {"p": 0.8})  # fmt: skip
    _check(found, w, length_penalty=0.8)


@pytest.mark.parametrize("coverage", [0.0, 0.7])
def test_attention(coverage: float) -> None:
    found, w = run(lambda: _attentive(length_penalty_weight=0.5, coverage_penalty_weight=coverage))
    _check(found, w, length_penalty=0.5, coverage_penalty=coverage)


def test_order_of_alignments() -> None:
    (outputs, state, _), _ = run(lambda: _attentive(length_penalty_weight=0.5))
    ids, unordered = run(_unordered)[0]
    np.testing.assert_array_equal(ids, outputs.predicted_ids)
    parents = outputs.beam_search_decoder_output.parent_ids.transpose(1, 0, 2)
    own = np.broadcast_to(np.arange(WIDTH, dtype=np.int32), parents.shape)
    lengths = state.lengths.max(1)
    sources = _followed(own, parents, lengths, WIDTH + 1)
    inside = np.arange(len(parents))[:, None, None] < state.lengths
    sources = np.where(inside, sources, own)
    unordered = unordered.reshape(*parents.shape, 4)
    wanted = np.take_along_axis(unordered, sources[..., None], 2)
    ordered = state.cell_state.alignment_history
    np.testing.assert_allclose(ordered.reshape(wanted.shape), wanted, atol=1e-6)


def _unordered() -> Any:
    outputs, state, _ = _attentive(length_penalty_weight=0.5, reorder_tensor_arrays=False)
    return outputs.predicted_ids, state.cell_state.alignment_history.stack()


def test_until_all_have_ended() -> None:
    """Without a limit; the end token becomes ever more probable."""

    def program() -> Any:
        cell = _Impatient()
        table = tf1x.constant(np.eye(SYMBOLS, dtype=np.float32))
        state = tf1x.zeros([len(STARTS) * WIDTH, 1])
        decoder = s2s.BeamSearchDecoder(cell, table, STARTS, END, state, WIDTH)
        return s2s.dynamic_decode(decoder)

    (outputs, state, lengths), _ = run(program)
    assert state.finished.all()
    assert (outputs.predicted_ids[:, -1] == END).all()
    assert outputs.predicted_ids.shape[1] == state.lengths.max()
    assert lengths.shape == (len(STARTS), WIDTH)


class _Impatient(tf1x.nn.rnn_cell.RNNCell):  # type: ignore[misc]
    state_size = 1
    output_size = SYMBOLS

    def call(self, inputs: Any, state: Any) -> Any:
        more = tf1x.one_hot(END, SYMBOLS) * state * 0.3
        preferred = tf1x.constant(np.linspace(0.5, 0.0, SYMBOLS, dtype=np.float32))
        return inputs + more + preferred, state + 1.0


def test_time_major_and_shapes() -> None:
    _, (outputs, state, _) = build(lambda: _plain(output_time_major=True))
    assert outputs.predicted_ids.shape.as_list() == [None, len(STARTS), WIDTH]
    assert state.log_probs.shape.as_list() == [len(STARTS), WIDTH]
    (first, _, _), _ = run(lambda: _plain(output_time_major=True))
    (second, _, _), _ = run(_plain)
    np.testing.assert_array_equal(first.predicted_ids.transpose(1, 0, 2), second.predicted_ids)


def test_several_layers_and_fed_batch() -> None:
    """A state of several parts; a batch size that is known in the run only."""

    def program(width: int) -> Any:
        starts = tf1x.placeholder(tf1x.int32, [None], "starts")
        cell = tf1x.nn.rnn_cell.MultiRNNCell([tf1x.nn.rnn_cell.BasicLSTMCell(4) for _ in range(2)])
        state = cell.zero_state(tf1x.size(starts) * width, tf1x.float32)
        table = tf1x.get_variable("embedding", [SYMBOLS, 4])
        decoder = s2s.BeamSearchDecoder(
            cell, lambda ids: tf1x.nn.embedding_lookup(table, ids), starts, END, state, width,
            tf1x.layers.Dense(SYMBOLS),
        )  # fmt: skip
        return s2s.dynamic_decode(decoder, maximum_iterations=8)[0].predicted_ids

    both, _ = run(lambda: program(3), {"starts": [1, 4]})
    alone, _ = run(lambda: program(3), {"starts": [4]})
    np.testing.assert_array_equal(both[1:, : alone.shape[1]], alone)
    greedy, _ = run(lambda: program(1), {"starts": [1, 4]})
    assert greedy.shape[2] == 1


def test_wrong_arguments() -> None:
    cell = tf1x.nn.rnn_cell.BasicRNNCell(UNITS)
    with tf1x.Graph().as_default():
        table, state = tf1x.zeros([SYMBOLS, 4]), tf1x.zeros([WIDTH * 2, UNITS])
        for error, match, arguments in (
            (TypeError, "not an RNNCell", (object(), table, STARTS, END, state, WIDTH)),
            (TypeError, "output_layer", (cell, table, STARTS, END, state, WIDTH, object())),
            (ValueError, "start_tokens", (cell, table, [[1]], END, state, WIDTH)),
            (ValueError, "end_token", (cell, table, STARTS, [END], state, WIDTH)),
            (ValueError, "zero_state", (cell, table, STARTS, END, state[:5], WIDTH)),
        ):
            with pytest.raises(error, match=match):
                s2s.BeamSearchDecoder(*arguments)
        decoder = s2s.BeamSearchDecoder(
            cell, table, STARTS, END, state, WIDTH, coverage_penalty_weight=0.5
        )
        with pytest.raises(ValueError, match="no cell is attentional"):
            decoder.initialize()


# -- following beams back ------------------------------------------------------------------------


def _followed(ids: Any, parents: Any, lengths: Any, end: int) -> Any:
    """Beam by beam."""
    steps, batch, width = ids.shape
    found = np.full_like(ids, end)
    for b in range(batch):
        last = min(steps, lengths[b])
        for k in range(width):
            beam = k
            for t in range(last - 1, -1, -1):
                found[t, b, k] = ids[t, b, beam]
                beam = parents[t, b, beam]
            ended = False
            for t in range(last):
                if ended:
                    found[t, b, k] = end
                ended = ended or found[t, b, k] == end
    return found


@pytest.mark.parametrize("fed", [False, True], ids=["constant", "fed"])
@pytest.mark.parametrize("lengths", [[5, 5], [3, 5], [0, 9]])
def test_gather_tree(lengths: list[int], fed: bool) -> None:
    random = np.random.RandomState(2)
    ids = random.randint(0, 9, (5, 2, 3)).astype(np.int32)
    parents = random.randint(0, 3, (5, 2, 3)).astype(np.int32)
    parents[0] = -1  # the first step has none

    def program() -> Any:
        if not fed:
            return s2s.gather_tree(ids, parents, lengths, 8)
        inputs = [tf1x.placeholder(tf1x.int32, [None, None, None], n) for n in ("ids", "parents")]
        # Beside a float op the whole is compiled.
        found = s2s.gather_tree(*inputs, lengths, end_token=8)
        return found, tf1x.sqrt(tf1x.cast(inputs[0], tf1x.float32))

    found, _ = run(program, {"ids": ids, "parents": parents} if fed else None)
    np.testing.assert_array_equal(found[0] if fed else found, _followed(ids, parents, lengths, 8))


def test_no_such_parent() -> None:
    ids = np.zeros((2, 1, 2), np.int32)
    with pytest.raises(tf1x.errors.InvalidArgumentError, match="invalid parent"):
        run(lambda: s2s.gather_tree(ids, ids + 2, [2], 9))


def test_gather_tree_from_array() -> None:
    parents = np.int32([[[0, 0, 0]], [[0, 1, 1]], [[2, 1, 2]], [[-1, -1, -1]]])
    values = np.arange(12, dtype=np.float32).reshape(4, 1, 3)
    found, _ = run(lambda: s2s.gather_tree_from_array(values, parents, np.int32([[3, 3, 3]])))
    np.testing.assert_array_equal(found, [[[1, 1, 1]], [[5, 4, 5]], [[6, 7, 8]], [[9, 10, 11]]])
    merged, _ = run(
        lambda: s2s.gather_tree_from_array(values.reshape(4, 3, 1), parents, np.int32([[3, 3, 3]]))
    )
    np.testing.assert_array_equal(merged, found.reshape(4, 3, 1))


def test_tile_batch() -> None:
    (tiled, (scalars,)), _ = run(
        lambda: s2s.tile_batch((tf1x.constant([[1, 2], [3, 4]]), (tf1x.constant([5, 6]),)), 2)
    )
    np.testing.assert_array_equal(tiled, [[1, 2], [1, 2], [3, 4], [3, 4]])
    np.testing.assert_array_equal(scalars, [5, 5, 6, 6])
    with tf1x.Graph().as_default(), pytest.raises(ValueError, match="known rank"):
        s2s.tile_batch(tf1x.constant(1), 2)
