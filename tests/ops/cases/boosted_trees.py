"""Cases of ops/boosted_trees.py: ensembles that are made, grown and asked in one run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import tf1x as tf
from tests.ops.cases.case import Case, Const, floats, ints
from tf1x.core import tree_messages
from tf1x.ops import boosted_trees as trees

_PLAIN: dict[str, Any] = {
    "grad": False,
    "dtypes": ("float32",),
    "data_dependent": True,
    "oracle": False,
    "why": "TensorFlow 2.21 declares the op and has no kernel for it",
}


def _message(ensemble: dict[str, Any]) -> bytes:
    return tree_messages.TreeEnsemble(**ensemble).SerializeToString()


def _leaf(*values: float) -> dict[str, Any]:
    return {"leaf": {"scalar": values[0]} if len(values) == 1 else {"vector": {"value": values}}}


def _split(feature: int, threshold: int, left: int, gain: float = 1.0, **more: Any) -> Any:
    kind = more.pop("kind", "bucketized_split")
    at = "value" if kind == "categorical_split" else "threshold"
    split = {"feature_id": feature, at: threshold, "left_id": left, "right_id": left + 1}
    metadata: dict[str, Any] = {"gain": gain}
    if "was" in more:
        metadata["original_leaf"] = {"scalar": more.pop("was")}
    return {kind: {**split, **more}, "metadata": metadata}


_FIRST = {
    "nodes": [
        _split(0, 2, 1, 0.7, was=0.25),
        _split(1, 1, 3, -0.2, was=0.5),
        _leaf(-0.5),
        _leaf(0.75),
        _leaf(-1.25),
    ]
}
_SECOND = {"nodes": [_split(1, 2, 1, 0.3), _leaf(0.125), _leaf(2.0)]}
_TWO = {
    "trees": [_FIRST, _SECOND],
    "tree_weights": [1.0, 0.5],
    "tree_metadata": [
        {"num_layers_grown": 2, "is_finalized": True},
        {"num_layers_grown": 1},
    ],
    "growing_metadata": {
        "num_trees_attempted": 2,
        "num_layers_attempted": 3,
        "last_layer_node_start": 1,
        "last_layer_node_end": 3,
    },
}
_PRUNED = {
    **_TWO,
    "tree_metadata": [
        {
            "num_layers_grown": 2,
            "is_finalized": True,
            "post_pruned_nodes_meta": [
                {"new_node_id": node, "logit_change": [change]}
                for node, change in ((0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (1, 0.25), (1, -0.5))
            ],
        },
        {"num_layers_grown": 1},
    ],
}
_VECTORS = {
    "trees": [
        {
            "nodes": [
                _split(0, 2, 1, dimension_id=1, kind="categorical_split"),
                _leaf(1, 2),
                _split(1, 1, 3),
                _leaf(3, 4),
                _leaf(5, -6),
            ]
        }
    ],
    "tree_weights": [0.5],
    "tree_metadata": [{"num_layers_grown": 2}],
}

_BATCH = 12
_FEATURES = [ints(_BATCH, seed=seed, low=0, high=5) for seed in (1, 2)]
_WIDE = [ints(_BATCH, 2, seed=seed, low=0, high=4) for seed in (3, 4)]


def _made(ensemble: dict[str, Any], stamp: int = 3) -> Any:
    """A handle, and the op that makes its ensemble."""
    handle = trees.BoostedTreesEnsembleResourceHandleOp(shared_name="trees")
    return handle, trees.BoostedTreesCreateEnsemble(handle, np.int64(stamp), _message(ensemble))


def _told(handle: Any, after: Any) -> list[Any]:
    """Everything that the ensemble tells of itself."""
    with tf.control_dependencies([after]):
        states = trees.BoostedTreesGetEnsembleStates(handle)
        stamp, serialized = trees.BoostedTreesSerializeEnsemble(handle)
    return [*states, stamp, serialized]


def _predict(ensemble: dict[str, Any], width: int = 1) -> Callable[..., Any]:
    def program(*features: Any) -> Any:
        handle, made = _made(ensemble)
        with tf.control_dependencies([made]):
            logits = trees.BoostedTreesPredict(handle, list(features), logits_dimension=width)
        return [logits, *_told(handle, made)]

    return program


def _continue(ensemble: dict[str, Any], width: int = 1) -> Callable[..., Any]:
    def program(tree_ids: Any, node_ids: Any, *features: Any) -> Any:
        handle, made = _made(ensemble)
        with tf.control_dependencies([made]):
            return list(
                trees.BoostedTreesTrainingPredict(
                    handle, tree_ids, node_ids, list(features), logits_dimension=width
                )
            )

    return program


def _explain(*features: Any) -> Any:
    handle, made = _made(_TWO)
    with tf.control_dependencies([made]):
        return trees.BoostedTreesExampleDebugOutputs(handle, list(features), logits_dimension=1)


def _restore(serialized: Any) -> Any:
    handle, made = _made({})
    with tf.control_dependencies([made]):
        put = trees.BoostedTreesDeserializeEnsemble(handle, np.int64(9), serialized)
    with tf.control_dependencies([put]):
        there = trees.IsBoostedTreesEnsembleInitialized(handle)
    return [there, *_told(handle, put)]


def _center(gradients: Any, hessians: Any, ensemble: dict[str, Any], **options: Any) -> Any:
    handle, made = _made(ensemble)
    found = []
    for _ in range(3):
        with tf.control_dependencies([made]):
            goes_on = trees.BoostedTreesCenterBias(handle, gradients, hessians, **options)
        made = goes_on.op
        found.append(goes_on)
    return [*found, *_told(handle, made)]


# Two features offer splits of the nodes 1 and 2 of the first layer.
_LAYER = {
    "trees": [{"nodes": [_split(0, 2, 1, 0.7), _leaf(0.5), _leaf(-0.25)]}],
    "tree_weights": [1.0],
    "tree_metadata": [{"num_layers_grown": 1}],
    "growing_metadata": {
        "num_trees_attempted": 1,
        "num_layers_attempted": 1,
        "last_layer_node_start": 1,
        "last_layer_node_end": 3,
    },
}
_OFFERS = (
    [np.int32([1, 2]), np.int32([1])],
    [np.float32([0.5, -0.25]), np.float32([0.5])],
    [np.int32([3, 1]), np.int32([2])],
    [floats(2, 1, seed=1), floats(1, 1, seed=2)],
    [floats(2, 1, seed=3), floats(1, 1, seed=4)],
)


def _grow(ensemble: dict[str, Any], depth: int, pruning: int) -> Callable[..., Any]:
    def program(*flat: Any) -> Any:
        lists = [list(flat[i : i + 2]) for i in range(0, len(flat), 2)]
        handle, made = _made(ensemble)
        with tf.control_dependencies([made]):
            grown = trees.BoostedTreesUpdateEnsemble(
                handle, np.int32([8, 4]), *lists, max_depth=depth, learning_rate=0.1,
                pruning_mode=pruning,
            )  # fmt: skip
        return _told(handle, grown)

    return program


def _grow_v2(pruning: int, width: int) -> Callable[..., Any]:
    def program(*flat: Any) -> Any:
        lists = [list(flat[i : i + 2]) for i in range(0, len(flat), 2)]
        handle, made = _made({})
        with tf.control_dependencies([made]):
            grown = trees.BoostedTreesUpdateEnsembleV2(
                handle, *lists, max_depth=2, learning_rate=0.5, pruning_mode=pruning,
                logits_dimension=width,
            )  # fmt: skip
        return _told(handle, grown)

    return program


def _offers_v2(width: int) -> list[Any]:
    kinds = ([b"EQUALITY_DEFAULT_RIGHT"], [b"INEQUALITY_DEFAULT_RIGHT"])
    lists = (
        [np.int32([4]), np.int32([2])],
        [np.int32([1]), np.int32([0])],
        [np.int32([0]), np.int32([0])],
        [np.float32([0.75]), np.float32([0.5])],
        [np.int32([3]), np.int32([2])],
        [floats(1, width, seed=1), floats(1, width, seed=2)],
        [floats(1, width, seed=3), floats(1, width, seed=4)],
        [Const(np.array(kind, object)) for kind in kinds],
    )
    return [array for pair in lists for array in pair]


def _flat(lists: Any) -> list[Any]:
    return [array for pair in lists for array in pair]


_DONE = [
    Case(
        "BoostedTreesUpdateEnsemble",
        _flat(_OFFERS),
        program=_grow(ensemble, depth, pruning),
        note=f"{name} depth {depth} pruning {pruning}",
        **_PLAIN,
    )
    for name, ensemble in (("layer", _LAYER),)
    for depth in (2, 3)
    for pruning in (0, 1, 2)
]

CASES = [
    *(
        Case(op, _FEATURES, program=_predict(_TWO), **_PLAIN)
        for op in (
            "BoostedTreesEnsembleResourceHandleOp",
            "BoostedTreesCreateEnsemble",
            "BoostedTreesGetEnsembleStates",
            "BoostedTreesSerializeEnsemble",
            "BoostedTreesPredict",
        )
    ),
    Case("BoostedTreesPredict", _FEATURES, program=_predict({}), note="empty", **_PLAIN),
    Case("BoostedTreesPredict", _WIDE, program=_predict(_VECTORS, 2), note="vectors", **_PLAIN),
    *(
        Case(
            "BoostedTreesTrainingPredict",
            (np.int32([0, 1] * 6), nodes, *_FEATURES),
            program=_continue(ensemble),
            note=note,
            **_PLAIN,
        )
        for note, ensemble, nodes in (
            ("", _TWO, ints(_BATCH, seed=5, low=-1, high=3)),
            ("pruned", _PRUNED, np.int32([5, 0, 6, 1, 2, -1] * 2)),
        )
    ),
    Case(
        "BoostedTreesTrainingPredict",
        (np.int32([0] * 12), np.int32([-1] * 12), *_FEATURES),
        program=_continue({}),
        note="empty",
        **_PLAIN,
    ),
    Case(
        "BoostedTreesTrainingPredict",
        (np.int32([0] * 12), np.int32([-1, 2] * 6), *_WIDE),
        program=_continue(_VECTORS, 2),
        note="vectors",
        **_PLAIN,
    ),
    Case("BoostedTreesExampleDebugOutputs", _FEATURES, program=_explain, **_PLAIN),
    *(
        Case(op, (Const(_message(_TWO)),), program=_restore, **_PLAIN)
        for op in ("BoostedTreesDeserializeEnsemble", "IsBoostedTreesEnsembleInitialized")
    ),
    *(
        Case(
            "BoostedTreesCenterBias",
            (np.float32([[0.3]]), np.float32([[0.2]])),
            {"ensemble": ensemble, "l1": l1, "l2": 0.1},
            program=_center,
            note=f"{note} l1 {l1}",
            **_PLAIN,
        )
        for note, ensemble in (
            ("empty", {}),
            ("biased", {"trees": [{"nodes": [_leaf(0.5)]}], "tree_weights": [1.0],
                        "tree_metadata": [{}]}),
        )
        for l1 in (0.0, 0.1)
    ),
    *_DONE,
    *(
        Case(
            "BoostedTreesUpdateEnsembleV2",
            _offers_v2(width),
            program=_grow_v2(0, width),
            note=f"width {width}",
            **_PLAIN,
        )
        for width in (1, 2)
    ),
]  # fmt: skip
