"""Hashes of strings: FarmHash's Fingerprint64, SipHash-2-4 and TensorFlow's old Hash64, bit by bit.

After FarmHash (Geoff Pike, MIT licence) and SipHash (Aumasson and Bernstein, 2012).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tf1x.core.opdef import op
from tf1x.core.operation import Operation
from tf1x.ops.shape_rules import unchanged
from tf1x.ops.strings import flat, invalid

_MASK = (1 << 64) - 1
_K0, _K1, _K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F


def _word(s: bytes, start: int, size: int = 8) -> int:
    return int.from_bytes(s[start : start + size], "little")


def _rotated(x: int, by: int) -> int:
    x &= _MASK
    return (x >> by | x << (64 - by)) & _MASK


def _mixed(x: int) -> int:
    x &= _MASK
    return x ^ x >> 47


def _pair(u: int, v: int, factor: int) -> int:
    a = _mixed((u ^ v) * factor)
    return _mixed((v ^ a) * factor) * factor & _MASK


def _short(s: bytes) -> int:
    n = len(s)
    factor = _K2 + n * 2
    if n >= 8:
        a, b = _word(s, 0) + _K2, _word(s, n - 8)
        c = _rotated(b, 37) * factor + a
        d = (_rotated(a, 25) + b) * factor
        return _pair(c & _MASK, d & _MASK, factor)
    if n >= 4:
        return _pair(n + (_word(s, 0, 4) << 3), _word(s, n - 4, 4), factor)
    if n:
        y, z = s[0] + (s[n >> 1] << 8), n + (s[n - 1] << 2)
        return _mixed(y * _K2 & _MASK ^ z * _K0 & _MASK) * _K2 & _MASK
    return _K2


def _medium(s: bytes) -> int:
    """17 to 64 bytes."""
    n = len(s)
    factor = _K2 + n * 2
    a = _word(s, 0) * (_K1 if n <= 32 else _K2)
    b, c, d = _word(s, 8), _word(s, n - 8) * factor, _word(s, n - 16) * _K2
    y = (_rotated(a + b, 43) + _rotated(c, 30) + d) & _MASK
    z = _pair(y, (a + _rotated(b + _K2, 18) + c) & _MASK, factor)
    if n <= 32:
        return z
    e, f = _word(s, 16) * factor, _word(s, 24)
    g, h = (y + _word(s, n - 32)) * factor, (z + _word(s, n - 24)) * factor
    return _pair(
        (_rotated(e + f, 43) + _rotated(g, 30) + h) & _MASK,
        (e + _rotated(f + a, 18) + g) & _MASK,
        factor,
    )


def _weak(s: bytes, start: int, a: int, b: int) -> tuple[int, int]:
    w, x, y, z = (_word(s, start + i) for i in (0, 8, 16, 24))
    a = (a + w) & _MASK
    b = _rotated(b + a + z, 21)
    c = a
    a = (a + x + y) & _MASK
    return (a + z) & _MASK, (b + _rotated(a, 44) + c) & _MASK


def fingerprint64(s: bytes) -> int:
    """FarmHash's Fingerprint64."""
    n = len(s)
    if n <= 16:
        return _short(s)
    if n <= 64:
        return _medium(s)
    x, y = 81, (81 * _K1 + 113) & _MASK
    z = _mixed(y * _K2 + 113) * _K2 & _MASK
    v = w = (0, 0)
    x = (x * _K2 + _word(s, 0)) & _MASK
    last = (n - 1) // 64 * 64
    starts = [*range(0, last, 64), n - 64]
    for start in starts:
        final = start == starts[-1]
        factor, nine = (_K1 + ((z & 0xFF) << 1), 9) if final else (_K1, 1)
        if final:
            w = (w[0] + ((n - 1) & 63)) & _MASK, w[1]
            v = (v[0] + w[0]) & _MASK, v[1]
            w = (w[0] + v[0]) & _MASK, w[1]
        x = _rotated(x + y + v[0] + _word(s, start + 8), 37) * factor & _MASK
        y = _rotated(y + v[1] + _word(s, start + 48), 42) * factor & _MASK
        x ^= w[1] * nine & _MASK
        y = (y + v[0] * nine + _word(s, start + 40)) & _MASK
        z = _rotated(z + w[0], 33) * factor & _MASK
        v = _weak(s, start, v[1] * factor & _MASK, (x + w[0]) & _MASK)
        w = _weak(s, start + 32, (z + w[1]) & _MASK, (y + _word(s, start + 16)) & _MASK)
        x, z = z, x
    return _pair(
        (_pair(v[0], w[0], factor) + _mixed(y) * _K0 + z) & _MASK,
        (_pair(v[1], w[1], factor) + x) & _MASK,
        factor,
    )


def siphash(s: bytes, key: tuple[int, int]) -> int:
    """SipHash-2-4 with a key of two 64-bit words."""
    k0, k1 = (k & _MASK for k in key)
    a, b = k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D
    c, d = k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573

    def rounds(count: int) -> None:
        nonlocal a, b, c, d
        for _ in range(count):
            a, c = (a + b) & _MASK, (c + d) & _MASK
            b, d = _rotated(b, 51) ^ a, _rotated(d, 48) ^ c
            a = _rotated(a, 32)
            a, c = (a + d) & _MASK, (c + b) & _MASK
            d, b = _rotated(d, 43) ^ a, _rotated(b, 47) ^ c
            c = _rotated(c, 32)

    whole = len(s) // 8 * 8
    words = [_word(s, i) for i in range(0, whole, 8)]
    for word in [*words, _word(s, whole) | (len(s) & 255) << 56]:
        d ^= word
        rounds(2)
        a ^= word
    c ^= 255
    rounds(4)
    return a ^ b ^ c ^ d


def hash64(s: bytes) -> int:
    """TensorFlow's Hash64, in the manner of MurmurHash."""
    factor = 0xC6A4A7935BD1E995
    h = 0xDECAFCAFFE ^ len(s) * factor & _MASK
    whole = len(s) // 8 * 8
    for i in range(0, whole, 8):
        k = _mixed(_word(s, i) * factor) * factor & _MASK
        h = (h ^ k) * factor & _MASK
    if len(s) > whole:
        h = (h ^ _word(s, whole)) * factor & _MASK
    return _mixed(_mixed(h) * factor)


def _buckets(strings: Any, count: int, of: Callable[[bytes], int]) -> np.ndarray:
    found = [of(s) % count for s in flat(strings)]
    return np.array(found, np.int64).reshape(np.shape(strings))


def _bucketed(op: Operation) -> Any:
    count = op.attrs["num_buckets"]
    if count < 1:
        raise ValueError(f"Value for attr 'num_buckets' of {count} must be at least minimum 1")
    return unchanged(op)


@op("string_tensor: string -> output: int64", shape=_bucketed, grad=None, host=True)
def StringToHashBucket(string_tensor: Any, *, num_buckets: int) -> Any:
    """For each string a number in [0, num_buckets), by TensorFlow's own hash."""
    return _buckets(string_tensor, num_buckets, hash64)


@op("input: string -> output: int64", shape=_bucketed, grad=None, host=True)
def StringToHashBucketFast(input: Any, *, num_buckets: int) -> Any:
    """For each string a number in [0, num_buckets), by FarmHash's Fingerprint64."""
    return _buckets(input, num_buckets, fingerprint64)


@op("input: string -> output: int64", shape=_bucketed, grad=None, host=True)
def StringToHashBucketStrong(input: Any, *, num_buckets: int, key: list[int]) -> Any:
    """For each string a number in [0, num_buckets), by SipHash with a key of two ints."""
    if len(key) != 2:
        raise invalid(f"Key must have 2 elements, got {len(key)}")
    return _buckets(input, num_buckets, lambda s: siphash(s, (key[0], key[1])))
