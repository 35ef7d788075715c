"""Bijectors of single numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.core import convert, scopes
from tf1x.core.operation import Tensor
from tf1x.lib.contrib.distributions.bijectors.base import ElementwiseBijector
from tf1x.lib.distributions.util import softplus_inverse
from tf1x.ops import array, checks, elementary, math, nn
from tf1x.ops.grouping import with_dependencies
from tf1x.ops.math_functions import sigmoid
from tf1x.ops.special_math import Xlog1py, Xlogy


class Identity(ElementwiseBijector):
    """y = x."""

    def __init__(
        self, validate_args: bool = False, name: str = "identity", event_ndims: int | None = None
    ) -> None:
        super().__init__(validate_args, name, event_ndims, is_constant_jacobian=True)

    def _forward(self, x: Tensor) -> Tensor:
        return x

    def _inverse(self, y: Tensor) -> Tensor:
        return y

    def _forward_log_det_jacobian(self, x: Tensor) -> Tensor:
        return convert.constant(0.0, x.dtype)


class PowerTransform(ElementwiseBijector):
    """y = (1 + c x)^(1 / c), and exp(x) for a power c of 0."""

    def __init__(
        self,
        power: float = 0.0,
        validate_args: bool = False,
        name: str = "power_transform",
        event_ndims: int | None = None,
    ) -> None:
        if power < 0:
            raise ValueError("`power` must be a non-negative TF constant.")
        self.power = power
        super().__init__(validate_args, name, event_ndims)

    def _forward(self, x: Tensor) -> Tensor:
        if self.power == 0:
            return elementary.Exp(x)
        if self.validate_args:
            message = "Forward transformation input must be at least -1 / power."
            x = _checked(checks.assert_non_negative(1.0 + x * self.power, message=message), x)
        return (1.0 + x * self.power) ** (1.0 / self.power)

    def _inverse(self, y: Tensor) -> Tensor:
        y = _positive(y, "Inverse transformation input", self.validate_args)
        if self.power == 0:
            return elementary.Log(y)
        return (y**self.power - 1.0) / self.power

    def _inverse_log_det_jacobian(self, y: Tensor) -> Tensor:
        y = _positive(y, "Inverse transformation input", self.validate_args)
        return (self.power - 1.0) * elementary.Log(y)

    def _forward_log_det_jacobian(self, x: Tensor) -> Tensor:
        if self.power == 0:
            return x
        return (1.0 / self.power - 1.0) * elementary.Log1p(x * self.power)


def _checked(condition: Any, x: Tensor) -> Tensor:
    return with_dependencies([condition], x)


def _positive(x: Any, what: str, wanted: bool) -> Any:
    if not wanted:
        return x
    return _checked(checks.assert_positive(x, message=f"{what} must be greater than 0."), x)


class Exp(PowerTransform):
    """y = exp(x)."""

    def __init__(
        self, validate_args: bool = False, name: str = "exp", event_ndims: int | None = None
    ) -> None:
        super().__init__(0.0, validate_args, name, event_ndims)


class Sigmoid(ElementwiseBijector):
    """y = 1 / (1 + exp(-x))."""

    def _forward(self, x: Tensor) -> Tensor:
        return sigmoid(x)

    def _inverse(self, y: Tensor) -> Tensor:
        return elementary.Log(y) - elementary.Log1p(-y)

    def _inverse_log_det_jacobian(self, y: Tensor) -> Tensor:
        return -elementary.Log(y) - elementary.Log1p(-y)

    def _forward_log_det_jacobian(self, x: Tensor) -> Tensor:
        return -nn.Softplus(-x) - nn.Softplus(x)


class Tanh(ElementwiseBijector):
    """y = tanh(x)."""

    def _forward(self, x: Tensor) -> Tensor:
        return elementary.Tanh(x)

    def _inverse(self, y: Tensor) -> Tensor:
        return elementary.Atanh(y)

    def _forward_log_det_jacobian(self, x: Tensor) -> Tensor:
        # log(1 - tanh(x)^2), without the loss of digits far from 0.
        return 2.0 * (np.log(2.0) - x - nn.Softplus(-2.0 * x))


class Softsign(ElementwiseBijector):
    """y = x / (1 + |x|)."""

    def _forward(self, x: Tensor) -> Tensor:
        return x / (1.0 + math.Abs(x))

    def _inverse(self, y: Tensor) -> Tensor:
        return y / (1.0 - math.Abs(y))

    def _forward_log_det_jacobian(self, x: Tensor) -> Tensor:
        return -2.0 * elementary.Log1p(math.Abs(x))

    def _inverse_log_det_jacobian(self, y: Tensor) -> Tensor:
        return -2.0 * elementary.Log1p(-math.Abs(y))


class Square(ElementwiseBijector):
    """y = x^2, for positive x."""

    def _forward(self, x: Tensor) -> Tensor:
        return elementary.Square(_positive(x, "All elements", self.validate_args))

    def _inverse(self, y: Tensor) -> Tensor:
        return elementary.Sqrt(_positive(y, "All elements", self.validate_args))

    def _forward_log_det_jacobian(self, x: Tensor) -> Tensor:
        x = _positive(x, "All elements", self.validate_args)
        return np.log(2.0) + elementary.Log(x)


class Softplus(ElementwiseBijector):
    """y = c log(1 + exp(x / c)), where c is the `hinge_softness` (1 by default)."""

    def __init__(
        self,
        hinge_softness: Any = None,
        validate_args: bool = False,
        name: str = "softplus",
        event_ndims: int | None = None,
    ) -> None:
        with scopes.name_scope(f"{name}/init", None, [hinge_softness]):
            self._softness = None
            if hinge_softness is not None:
                self._softness = convert.to_tensor(hinge_softness, name="hinge_softness")
        super().__init__(validate_args, name, event_ndims)

    @property
    def hinge_softness(self) -> Tensor | None:
        """c, or None for 1."""
        return self._softness

    def _scaled(self, x: Tensor) -> Tensor:
        return x if self._softness is None else x / math.cast(self._softness, x.dtype)

    def _forward(self, x: Tensor) -> Tensor:
        y = nn.Softplus(self._scaled(x))
        return y if self._softness is None else math.cast(self._softness, x.dtype) * y

    def _inverse(self, y: Tensor) -> Tensor:
        x = softplus_inverse(self._scaled(y))
        return x if self._softness is None else math.cast(self._softness, y.dtype) * x

    def _inverse_log_det_jacobian(self, y: Tensor) -> Tensor:
        return -elementary.Log(-elementary.Expm1(-self._scaled(y)))

    def _forward_log_det_jacobian(self, x: Tensor) -> Tensor:
        return -nn.Softplus(-self._scaled(x))


class AffineScalar(ElementwiseBijector):
    """y = scale x + shift."""

    def __init__(
        self,
        shift: Any = None,
        scale: Any = None,
        validate_args: bool = False,
        name: str = "affine_scalar",
    ) -> None:
        with scopes.name_scope(f"{name}/init", None, [shift, scale]):
            self.scale = None if scale is None else convert.to_tensor(scale, name="scale")
            like = None if self.scale is None else self.scale.dtype
            self.shift = None
            if shift is not None:
                self.shift = convert.to_tensor(shift, preferred_dtype=like, name="shift")
            if validate_args and self.scale is not None:
                nonzero = checks.assert_none_equal(self.scale, array.zeros_like(self.scale))
                self.scale = with_dependencies([nonzero], self.scale)
        super().__init__(validate_args, name, is_constant_jacobian=True)

    def _forward(self, x: Tensor) -> Tensor:
        y = x if self.scale is None else x * self.scale
        return y if self.shift is None else y + self.shift

    def _inverse(self, y: Tensor) -> Tensor:
        x = y if self.shift is None else y - self.shift
        return x if self.scale is None else x / self.scale

    def _forward_log_det_jacobian(self, x: Tensor) -> Tensor:
        if self.scale is None:
            return convert.constant(0.0, x.dtype)
        return elementary.Log(math.Abs(self.scale))


class Gumbel(ElementwiseBijector):
    """y = exp(-exp(-(x - loc) / scale)), the distribution function of Gumbel's."""

    def __init__(
        self,
        loc: Any = 0.0,
        scale: Any = 1.0,
        validate_args: bool = False,
        name: str = "gumbel",
        event_ndims: int | None = None,
    ) -> None:
        with scopes.name_scope(f"{name}/init", None, [loc, scale]):
            self.loc = convert.to_tensor(loc, name="loc")
            self.scale = convert.to_tensor(scale, name="scale")
            self.scale = _positive(self.scale, "Argument scale", validate_args)
        super().__init__(validate_args, name, event_ndims)

    def _forward(self, x: Tensor) -> Tensor:
        return elementary.Exp(-elementary.Exp(-(x - self.loc) / self.scale))

    def _inverse(self, y: Tensor) -> Tensor:
        return self.loc - self.scale * elementary.Log(-elementary.Log(y))

    def _inverse_log_det_jacobian(self, y: Tensor) -> Tensor:
        return elementary.Log(self.scale / (-elementary.Log(y) * y))

    def _forward_log_det_jacobian(self, x: Tensor) -> Tensor:
        z = (x - self.loc) / self.scale
        return -z - elementary.Exp(-z) - elementary.Log(self.scale)


class Weibull(ElementwiseBijector):
    """y = 1 - exp(-(x / scale)^concentration), the distribution function of Weibull's, x >= 0."""

    def __init__(
        self,
        scale: Any = 1.0,
        concentration: Any = 1.0,
        validate_args: bool = False,
        name: str = "weibull",
        event_ndims: int | None = None,
    ) -> None:
        with scopes.name_scope(f"{name}/init", None, [scale, concentration]):
            self.scale = convert.to_tensor(scale, name="scale")
            self.concentration = convert.to_tensor(concentration, name="concentration")
            self.scale = _positive(self.scale, "Argument scale", validate_args)
            self.concentration = _positive(
                self.concentration, "Argument concentration", validate_args
            )
        super().__init__(validate_args, name, event_ndims)

    def _forward(self, x: Tensor) -> Tensor:
        return -elementary.Expm1(-((x / self.scale) ** self.concentration))

    def _inverse(self, y: Tensor) -> Tensor:
        return self.scale * (-elementary.Log1p(-y)) ** (1.0 / self.concentration)

    def _inverse_log_det_jacobian(self, y: Tensor) -> Tensor:
        return (
            -elementary.Log1p(-y)
            + (1.0 / self.concentration - 1.0) * elementary.Log(-elementary.Log1p(-y))
            + elementary.Log(self.scale / self.concentration)
        )

    def _forward_log_det_jacobian(self, x: Tensor) -> Tensor:
        z = x / self.scale
        return (
            -(z**self.concentration)
            + Xlogy(self.concentration - 1.0, z)
            + elementary.Log(self.concentration / self.scale)
        )


class Kumaraswamy(ElementwiseBijector):
    """y = (1 - (1 - x)^(1 / concentration0))^(1 / concentration1), the quantile function."""

    def __init__(
        self,
        concentration1: Any = None,
        concentration0: Any = None,
        validate_args: bool = False,
        name: str = "kumaraswamy",
    ) -> None:
        with scopes.name_scope(f"{name}/init", None, [concentration1, concentration0]):
            self.concentration1, self.concentration0 = (
                _positive(convert.to_tensor(v, name=n), "Concentration parameter", validate_args)
                for v, n in (
                    (concentration1, "concentration1"),
                    (concentration0, "concentration0"),
                )
            )
        super().__init__(validate_args, name)

    def _forward(self, x: Tensor) -> Tensor:
        rest = elementary.Exp(elementary.Log1p(-x) / self.concentration0)
        return elementary.Exp(elementary.Log1p(-rest) / self.concentration1)

    def _inverse(self, y: Tensor) -> Tensor:
        power = elementary.Exp(Xlogy(self.concentration1, y))
        return -elementary.Expm1(Xlog1py(self.concentration0, -power))

    def _inverse_log_det_jacobian(self, y: Tensor) -> Tensor:
        return (
            elementary.Log(self.concentration1)
            + elementary.Log(self.concentration0)
            + Xlogy(self.concentration1 - 1.0, y)
            + Xlog1py(self.concentration0 - 1.0, -(y**self.concentration1))
        )


class SinhArcsinh(ElementwiseBijector):
    """y = sinh((arcsinh(x) + skewness) tailweight)."""

    def __init__(
        self,
        skewness: Any = None,
        tailweight: Any = None,
        validate_args: bool = False,
        name: str = "sinh_arcsinh",
        event_ndims: int | None = None,
    ) -> None:
        with scopes.name_scope(f"{name}/init", None, [skewness, tailweight]):
            weight = 1.0 if tailweight is None else tailweight
            self.tailweight = convert.to_tensor(weight, name="tailweight")
            self.skewness = convert.to_tensor(
                0.0 if skewness is None else skewness, self.tailweight.dtype, name="skewness"
            )
            self.tailweight = _positive(self.tailweight, "Argument tailweight", validate_args)
        super().__init__(validate_args, name, event_ndims)

    def _forward(self, x: Tensor) -> Tensor:
        return elementary.Sinh((elementary.Asinh(x) + self.skewness) * self.tailweight)

    def _inverse(self, y: Tensor) -> Tensor:
        return elementary.Sinh(elementary.Asinh(y) / self.tailweight - self.skewness)

    def _inverse_log_det_jacobian(self, y: Tensor) -> Tensor:
        inner = elementary.Asinh(y) / self.tailweight - self.skewness
        return (
            elementary.Log(elementary.Cosh(inner))
            - 0.5 * elementary.Log(1.0 + elementary.Square(y))
            - elementary.Log(self.tailweight)
        )

    def _forward_log_det_jacobian(self, x: Tensor) -> Tensor:
        inner = (elementary.Asinh(x) + self.skewness) * self.tailweight
        return (
            elementary.Log(elementary.Cosh(inner))
            - 0.5 * elementary.Log(1.0 + elementary.Square(x))
            + elementary.Log(self.tailweight)
        )
