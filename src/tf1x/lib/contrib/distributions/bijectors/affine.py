"""Affine maps of vectors."""

from __future__ import annotations

from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.operation import Tensor
from tf1x.lib.contrib.distributions import scales
from tf1x.lib.contrib.distributions.bijectors.base import Bijector
from tf1x.ops import array, elementary, math


class AffineLinearOperator(Bijector):
    """y = scale x + shift, where `scale` is a LinearOperator.

    Args:
        shift, scale: either may be None.
        adjoint: use the adjoint of `scale`.
    """

    def __init__(
        self,
        shift: Any = None,
        scale: Any = None,
        adjoint: bool = False,
        validate_args: bool = False,
        name: str = "affine_linear_operator",
    ) -> None:
        with scopes.name_scope(f"{name}/init", None, [shift]):
            like = None if scale is None else scale.dtype
            if shift is not None:
                shift = convert.to_tensor(shift, preferred_dtype=like, name="shift")
        self.shift, self.scale, self.adjoint = shift, scale, adjoint
        parents = ([] if shift is None else [shift]) + (
            [] if scale is None else list(scale.graph_parents)
        )
        super().__init__(parents, True, validate_args, forward_min_event_ndims=1, name=name)

    def _forward(self, x: Tensor) -> Tensor:
        y = x if self.scale is None else self.scale.matvec(x, adjoint=self.adjoint)
        return y if self.shift is None else y + self.shift

    def _inverse(self, y: Tensor) -> Tensor:
        x = y if self.shift is None else y - self.shift
        return x if self.scale is None else self.scale.solvevec(x, adjoint=self.adjoint)

    def _forward_log_det_jacobian(self, x: Tensor) -> Tensor:
        if self.scale is None:
            return convert.constant(0.0, x.dtype.base_dtype)
        return self.scale.log_abs_determinant()


class Affine(AffineLinearOperator):
    """y = scale x + shift, where `scale` is the sum of the matrices that are given.

    Args:
        scale_identity_multiplier: a multiple of the identity.
        scale_diag: a diagonal.
        scale_tril: a lower triangular matrix.
        scale_perturb_factor: [k, r], V in V diag(d) V^T, of low rank.
        scale_perturb_diag: [r], d (ones by default).
    """

    def __init__(
        self,
        shift: Any = None,
        scale_identity_multiplier: Any = None,
        scale_diag: Any = None,
        scale_tril: Any = None,
        scale_perturb_factor: Any = None,
        scale_perturb_diag: Any = None,
        validate_args: bool = False,
        name: str = "affine",
        dtype: Any = None,
    ) -> None:
        with scopes.name_scope(f"{name}/init", None):
            self._multiplier = None
            scale = None
            if scale_diag is None and scale_tril is None and scale_perturb_factor is None:
                if scale_identity_multiplier is not None:
                    self._multiplier = convert.to_tensor(
                        scale_identity_multiplier, dtype, name="scale_identity_multiplier"
                    )
            else:
                scale = scales.operator(
                    shift,
                    scale_diag,
                    scale_tril,
                    scale_identity_multiplier,
                    scale_perturb_factor,
                    scale_perturb_diag,
                    validate_args,
                    dtype,
                )
        super().__init__(shift, scale, validate_args=validate_args, name=name)

    # A multiple of the identity needs no matrix, nor the size of the vectors.

    def _forward(self, x: Tensor) -> Tensor:
        return super()._forward(x if self._multiplier is None else x * self._columns())

    def _inverse(self, y: Tensor) -> Tensor:
        if self._multiplier is None:
            return super()._inverse(y)
        return (y if self.shift is None else y - self.shift) / self._columns()

    def _columns(self) -> Tensor:
        assert self._multiplier is not None
        return self._multiplier[..., None]

    def _forward_log_det_jacobian(self, x: Tensor) -> Tensor:
        if self._multiplier is None:
            return super()._forward_log_det_jacobian(x)
        size = math.cast(array.shape(x)[-1], x.dtype)
        return size * elementary.Log(math.Abs(self._multiplier))
