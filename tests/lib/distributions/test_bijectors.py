"""tf.contrib.distributions.bijectors: inverses, Jacobians by finite differences, shapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tf1x as tf

b = tf.contrib.distributions.bijectors
F = np.float64
VECTOR = np.array([[0.3, -0.5, 1.2], [-1.0, 0.4, 0.2]])
UNIT = np.array([[0.3, 0.5, 0.9], [0.1, 0.4, 0.7]])
TRIL = np.array([[1.0, 0, 0], [0.5, 2.0, 0], [-0.3, 0.4, 0.7]])
DIAG = np.array([0.5, 2.0, 1.5])


def _upright(x: np.ndarray) -> np.ndarray:
    return np.exp(x) / np.exp(x).sum(-1, keepdims=True)


# name -> (the bijector, values, what they become)
NUMBERS: dict[str, tuple[Callable[[], Any], np.ndarray, Callable[[Any], Any]]] = {
    "Identity": (lambda: b.Identity(), VECTOR, lambda x: x),
    "Exp": (lambda: b.Exp(), VECTOR, np.exp),
    "PowerTransform": (lambda: b.PowerTransform(0.5), UNIT, lambda x: (1 + x / 2) ** 2),
    "Sigmoid": (lambda: b.Sigmoid(), VECTOR, lambda x: 1 / (1 + np.exp(-x))),
    "Tanh": (lambda: b.Tanh(), VECTOR, np.tanh),
    "Softsign": (lambda: b.Softsign(), VECTOR, lambda x: x / (1 + np.abs(x))),
    "Square": (lambda: b.Square(), UNIT, np.square),
    "Softplus": (lambda: b.Softplus(), VECTOR, lambda x: np.log1p(np.exp(x))),
    "Softplus-soft": (
        lambda: b.Softplus(hinge_softness=F(2.0)),
        VECTOR,
        lambda x: 2 * np.log1p(np.exp(x / 2)),
    ),
    "AffineScalar": (lambda: b.AffineScalar(F(1.0), F(-2.0)), VECTOR, lambda x: 1 - 2 * x),
    "Gumbel": (lambda: b.Gumbel(F(0.5), F(2.0)), VECTOR, lambda x: np.exp(-np.exp(-(x - 0.5) / 2))),
    "Weibull": (lambda: b.Weibull(F(2.0), F(1.5)), UNIT, lambda x: 1 - np.exp(-((x / 2) ** 1.5))),
    "Kumaraswamy": (
        lambda: b.Kumaraswamy(F(2.0), F(3.0)),
        UNIT,
        lambda x: (1 - (1 - x) ** (1 / 3)) ** (1 / 2),
    ),
    "SinhArcsinh": (
        lambda: b.SinhArcsinh(F(0.5), F(1.5)),
        VECTOR,
        lambda x: np.sinh((np.arcsinh(x) + 0.5) * 1.5),
    ),
    "Invert": (lambda: b.Invert(b.Exp()), UNIT, np.log),
    "Chain": (
        lambda: b.Chain([b.Exp(), b.AffineScalar(F(1.0), F(2.0))]),
        VECTOR,
        lambda x: np.exp(1 + 2 * x),
    ),
    "Chain-empty": (lambda: b.Chain(), VECTOR, lambda x: x),
    "Inline": (
        lambda: b.Inline(
            forward_fn=lambda x: 3.0 * x,
            inverse_fn=lambda y: y / 3.0,
            inverse_log_det_jacobian_fn=lambda y: -tf.log(3.0 * tf.ones_like(y)),
            forward_min_event_ndims=0,
        ),
        VECTOR,
        lambda x: 3 * x,
    ),
}
VECTORS: dict[str, tuple[Callable[[], Any], np.ndarray, Callable[[Any], Any]]] = {
    "Affine-multiple": (
        lambda: b.Affine(DIAG, scale_identity_multiplier=F(2.0)),
        VECTOR,
        lambda x: 2 * x + DIAG,
    ),
    "Affine-shift": (lambda: b.Affine(DIAG), VECTOR, lambda x: x + DIAG),
    "Affine-diag": (lambda: b.Affine(scale_diag=DIAG), VECTOR, lambda x: x * DIAG),
    "Affine-tril": (
        lambda: b.Affine(DIAG, F(0.5), scale_tril=TRIL),
        VECTOR,
        lambda x: x @ (TRIL + 0.5 * np.eye(3)).T + DIAG,
    ),
    "Affine-low-rank": (
        lambda: b.Affine(scale_diag=DIAG, scale_perturb_factor=TRIL[:, :1]),
        VECTOR,
        lambda x: x @ (np.diag(DIAG) + TRIL[:, :1] @ TRIL[:, :1].T),
    ),
    "Permute": (lambda: b.Permute([2, 0, 1]), VECTOR, lambda x: x[..., [2, 0, 1]]),
    "SoftmaxCentered": (
        lambda: b.SoftmaxCentered(),
        VECTOR,
        lambda x: _upright(np.concatenate([x, 0 * x[..., :1]], -1)),
    ),
    "Ordered": (
        lambda: b.Ordered(),
        np.sort(VECTOR, -1),
        lambda x: np.concatenate([x[..., :1], np.log(np.diff(x))], -1),
    ),
    "Reshape": (lambda: b.Reshape([3, 1], [3]), VECTOR, lambda x: x[..., None]),
    "FillTriangular": (
        lambda: b.FillTriangular(),
        VECTOR,
        lambda x: np.stack([np.array([[v[2], 0], [v[1], v[0]]]) for v in x]),
    ),
    "ScaleTriL": (
        lambda: b.ScaleTriL(diag_shift=None, diag_bijector=b.Exp()),
        VECTOR,
        lambda x: np.stack([np.array([[np.exp(v[2]), 0], [v[1], np.exp(v[0])]]) for v in x]),
    ),
    "Chain-of-vectors": (
        lambda: b.Chain([b.Exp(), b.Affine(scale_diag=DIAG), b.Sigmoid()]),
        VECTOR,
        lambda x: np.exp(DIAG / (1 + np.exp(-x))),
    ),
}


def values(fetches: Any) -> Any:
    with tf.Session() as session:
        return session.run(fetches)


@pytest.fixture(autouse=True)
def _fresh() -> None:
    tf.reset_default_graph()


@pytest.mark.parametrize("name", [*NUMBERS, *VECTORS])
def test_forward_and_inverse(name: str) -> None:
    build, x, function = {**NUMBERS, **VECTORS}[name]
    made = build()
    y = function(x)
    forward, back, again = values(
        [made.forward(x), build().inverse(y), made.inverse(made.forward(x))]
    )
    np.testing.assert_allclose(forward, y, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(back, x, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(again, x, rtol=1e-9)
    kept = tf.constant(x)
    assert made.inverse(made.forward(kept)) is kept or isinstance(made, b.Chain)
    event = len(x.shape) - 1
    shapes = made.forward_event_shape(x.shape[event:]), made.inverse_event_shape(y.shape[event:])
    assert shapes[0].as_list() == list(y.shape[event:])
    assert shapes[1].as_list() == list(x.shape[event:])
    found = [
        made.forward_event_shape_tensor(x.shape[event:]),
        made.inverse_event_shape_tensor(y.shape[event:]),
    ]
    assert [s.tolist() for s in values(found)] == [s.as_list() for s in shapes]


@pytest.mark.parametrize("name", NUMBERS)
def test_derivatives(name: str) -> None:
    build, x, function = NUMBERS[name]
    slope = np.log(np.abs((function(x + 1e-6) - function(x - 1e-6)) / 2e-6))
    y = function(x)
    found = values(
        [
            build().forward_log_det_jacobian(x, 0) + np.zeros_like(x),
            -build().inverse_log_det_jacobian(y, 0) + np.zeros_like(x),
            build().forward_log_det_jacobian(x, event_ndims=1),
            -build().inverse_log_det_jacobian(y, event_ndims=2),
        ]
    )
    np.testing.assert_allclose(found[0], slope, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(found[1], slope, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(found[2], slope.sum(1), rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(found[3], slope.sum(), rtol=1e-6, atol=1e-8)


def _free(y: np.ndarray) -> np.ndarray:
    """As many coordinates of one event as are free."""
    if y.ndim == 2 and y.shape == (2, 2):
        return y[np.tril_indices(2)]
    return y.reshape(-1)[:3]


@pytest.mark.parametrize("name", VECTORS)
def test_jacobians(name: str) -> None:
    build, x, function = VECTORS[name]
    wanted = []
    for row in x:
        columns = [
            (_free(function((row + m)[None])[0]) - _free(function((row - m)[None])[0])) / 2e-6
            for m in 1e-6 * np.eye(3)
        ]
        wanted.append(np.linalg.slogdet(np.stack(columns, 1))[1])
    y = function(x)
    ranks = 1, y.ndim - 1
    forward, inverse = values(
        [
            build().forward_log_det_jacobian(x, ranks[0]) + np.zeros(2),
            -build().inverse_log_det_jacobian(y, ranks[1]) + np.zeros(2),
        ]
    )
    np.testing.assert_allclose(forward, wanted, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(inverse, wanted, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", ["CholeskyOuterProduct", "MatrixInverseTriL", "TransformDiagonal"])
def test_bijectors_of_matrices(name: str) -> None:
    made = b.TransformDiagonal(b.Softplus()) if name == "TransformDiagonal" else getattr(b, name)()
    lower = np.tril_indices(3)

    def function(entries: np.ndarray) -> np.ndarray:
        x = np.zeros((3, 3))
        x[lower] = entries
        if name == "CholeskyOuterProduct":
            return x @ x.T
        if name == "MatrixInverseTriL":
            return np.linalg.inv(x)
        return x - np.diag(np.diag(x)) + np.diag(np.log1p(np.exp(np.diag(x))))

    entries = TRIL[lower]
    columns = [
        (function(entries + m) - function(entries - m))[lower] / 2e-6 for m in 1e-6 * np.eye(6)
    ]
    wanted = np.linalg.slogdet(np.stack(columns, 1))[1]
    y = function(entries)
    x = np.stack([TRIL, TRIL])
    found = values(
        [
            made.forward(x)[0],
            made.inverse(np.stack([y, y]))[1],
            made.forward_log_det_jacobian(x, 2)[0],
            -made.inverse_log_det_jacobian(y, 2),
        ]
    )
    np.testing.assert_allclose(found[0], y, atol=1e-12)
    np.testing.assert_allclose(found[1], TRIL, atol=1e-12)
    np.testing.assert_allclose(found[2:], [wanted] * 2, rtol=1e-6)


def test_shapes_that_are_found() -> None:
    made = b.Reshape([-1, 2])
    x = np.arange(12.0).reshape(3, 4)
    assert values(made.forward(x)).tolist() == x.reshape(3, 2, 2).tolist()
    assert made.forward_event_shape([4]).as_list() == [2, 2]
    assert values(made.forward_event_shape_tensor([4])).tolist() == [2, 2]
    assert made.inverse_event_shape([2, 2]).as_list() == [4]
    with pytest.raises(ValueError, match="mismatch"):
        b.Reshape([2, 2], [3])
    with pytest.raises(ValueError, match="Permutation"):
        b.Permute([0, 0, 1])


def test_ranks_of_events_as_they_used_to_be_given() -> None:
    """Constructors had them before TensorFlow 1.7."""
    y = np.exp(VECTOR)
    new, old, least = values(
        [
            b.Exp().inverse_log_det_jacobian(y, 1),
            b.Exp(event_ndims=1).inverse_log_det_jacobian(y),
            b.Exp().inverse_log_det_jacobian(y),
        ]
    )
    np.testing.assert_allclose(new, -VECTOR.sum(1))
    np.testing.assert_allclose(old, new)
    np.testing.assert_allclose(least, -VECTOR)
    b.SoftmaxCentered(event_ndims=1)
    with pytest.raises(ValueError, match="must be 1"):
        b.SoftmaxCentered(event_ndims=0)
    with pytest.raises(ValueError, match="must be larger"):
        b.SoftmaxCentered().inverse_log_det_jacobian(y, 0)


def test_own_bijectors() -> None:
    class Cube(b.Bijector):
        def __init__(self) -> None:
            super().__init__(forward_min_event_ndims=0, validate_args=True)

        def _forward(self, x: Any) -> Any:
            return x**3.0

        def _inverse(self, y: Any) -> Any:
            return y ** (1.0 / 3.0)

        def _forward_log_det_jacobian(self, x: Any) -> Any:
            return tf.log(3.0 * x * x)

    made = Cube()
    assert made.name == "cube"
    log_det = values(made.inverse_log_det_jacobian(np.array([8.0, 27.0]), 1))
    np.testing.assert_allclose(log_det, -np.log(12.0) - np.log(27.0))
    with pytest.raises(NotImplementedError):
        b.Inline(forward_fn=tf.exp, forward_min_event_ndims=0).inverse(1.0)
    with pytest.raises(ValueError, match="at least one"):
        b.Inline(forward_fn=tf.exp)


def test_checked_arguments() -> None:
    for build in (
        lambda: b.Exp(validate_args=True).inverse(-1.0),
        lambda: b.Square(validate_args=True).forward(-1.0),
        lambda: b.AffineScalar(scale=0.0, validate_args=True).forward(1.0),
        lambda: b.Weibull(-1.0, validate_args=True).forward(1.0),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError):
            values(build())
