"""Cases of ops/nn.py."""

from __future__ import annotations

import numpy as np

from tests.ops.cases.case import Case, Const, floats, ints

_KINKS = np.float32([-30.0, -6.0, -0.5, 0.0, 0.5, 6.0, 7.0, 30.0])
_ACTIVATIONS = ("Relu", "Relu6", "Elu", "Selu", "Softplus", "Softsign")
_LOGITS = floats(4, 5, seed=1) * 3
_PROBABILITIES = np.float32(np.random.RandomState(2).dirichlet(np.ones(5), 4))
_ONE_HOT = np.eye(5, dtype=np.float32)[[1, 0, 4, 2]]
_TIES = np.float32([[1.0, 3.0, 3.0, 0.0], [2.0, 2.0, 2.0, 2.0]])
_ORDERED = np.random.RandomState(3).permutation(24).reshape(2, 3, 4).astype(np.float32)

CASES = [
    *(Case(op, (_KINKS,), note="kinks") for op in _ACTIVATIONS),
    *(Case(op, (floats(2, 3),)) for op in _ACTIVATIONS),
    Case("Relu", (ints(2, 3),), note="int32"),
    Case("Relu6", (ints(2, 3, high=12),), note="int32"),
    Case("Relu", (floats(0, 3),), note="empty"),
    Case("LeakyRelu", (_KINKS,)),
    Case("LeakyRelu", (floats(2, 3),), {"alpha": 0.5}, note="alpha"),
    Case("Softmax", (_LOGITS,)),
    Case("Softmax", (floats(2, 3, 4) * 100,), note="large"),
    Case("Softmax", (floats(5),), note="vector"),
    Case("LogSoftmax", (_LOGITS,)),
    Case("LogSoftmax", (floats(2, 3, 4) * 100,), note="large"),
    Case("BiasAdd", (floats(2, 3), floats(3, seed=1))),
    Case("BiasAdd", (floats(2, 3, 4, 5), floats(5, seed=1)), note="images"),
    Case("BiasAdd", (floats(2, 3, 4, 5), floats(3, seed=1)), {"data_format": "NCHW"}, note="NCHW"),
    Case(
        "BiasAdd", (floats(2, 3, 4, 2, 2), floats(3, seed=1)), {"data_format": "NCHW"}, note="NCDHW"
    ),
    Case("BiasAdd", (ints(2, 3), ints(3, seed=1)), note="int32"),
    Case("BiasAddV1", (floats(2, 4, 3), floats(3, seed=1))),
    Case("SoftmaxCrossEntropyWithLogits", (_LOGITS, _PROBABILITIES)),
    Case("SoftmaxCrossEntropyWithLogits", (_LOGITS * 50, _ONE_HOT), note="one-hot-large"),
    Case(
        "SoftmaxCrossEntropyWithLogits", (_LOGITS, _PROBABILITIES[:1]), note="broadcast", grad=False
    ),
    Case("SparseSoftmaxCrossEntropyWithLogits", (_LOGITS, np.int64([1, 0, 4, 2]))),
    Case(
        "SparseSoftmaxCrossEntropyWithLogits",
        (_LOGITS * 50, np.int32([1, 0, 4, 2])),
        note="int32-large",
    ),
    Case("L2Loss", (floats(2, 3),)),
    Case("L2Loss", (floats(),), note="scalar"),
    Case("L2Loss", (floats(0),), note="empty"),
    Case("InTopK", (_LOGITS, ints(4, low=0, high=5)), {"k": 2}, dtypes=("float32",)),
    Case("InTopKV2", (_LOGITS, ints(4, low=0, high=5), np.int32(2)), dtypes=("float32",)),
    Case(
        "InTopKV2", (_TIES, np.int64([1, 3]), np.int64(1)), dtypes=("float32",), note="ties-int64"
    ),
    Case(
        "InTopKV2",
        (
            np.float32([[1, 2], [np.inf, 1], [np.nan, 1], [3, 4]]),
            np.int32([0, 1, 1, 7]),
            np.int32(2),
        ),
        dtypes=("float32",),
        note="not-finite",
    ),
    Case(
        "TopK",
        (_ORDERED,),
        {"k": 2},
        oracle=False,
        why="TensorFlow runs it in graphs older than version 7 only",
    ),
    Case("TopKV2", (_ORDERED, Const(np.int32(3)))),
    Case("TopKV2", (_TIES, Const(np.int32(3))), note="ties"),
    Case("TopKV2", (floats(5), Const(np.int32(0))), note="none"),
    Case("TopKV2", (ints(3, 4), Const(np.int32(2))), {"index_type": "int64"}, note="int32-index64"),
    Case("NthElement", (_ORDERED, Const(np.int32(1)))),
    Case("NthElement", (_ORDERED, Const(np.int32(1))), {"reverse": True}, note="reverse"),
    Case("NthElement", (_TIES, Const(np.int32(2))), note="ties"),
]
