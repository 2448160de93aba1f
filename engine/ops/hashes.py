"""Hashes of strings to 64 bits, as TensorFlow's hash buckets have them.

Numbers are Python's, cut to 64 bits where a step needs it.
"""

from __future__ import annotations

import struct

_ALL = 0xFFFFFFFFFFFFFFFF


def _word(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 8], "little")


def _half(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")


def _right(value: int, by: int) -> int:
    """Rotated towards the low bits."""
    value &= _ALL
    return (value >> by | value << 64 - by) & _ALL


def murmur64(data: bytes, seed: int = 0xDECAFCAFFE) -> int:
    """MurmurHash64A, by Austin Appleby (https://github.com/aappleby/smhasher); the seed is TensorFlow's."""
    times, shift = 0xC6A4A7935BD1E995, 47
    found = seed ^ len(data) * times & _ALL
    whole = len(data) // 8 * 8
    for (word,) in struct.iter_unpack("<Q", data[:whole]):
        word = word * times & _ALL
        word = (word ^ word >> shift) * times & _ALL
        found = (found ^ word) * times & _ALL
    if whole < len(data):
        found = (found ^ _word(data, whole)) * times & _ALL
    found = (found ^ found >> shift) * times & _ALL
    return found ^ found >> shift


def siphash(data: bytes, key: tuple[int, int]) -> int:
    """SipHash-2-4, by Jean-Philippe Aumasson and Daniel J. Bernstein (https://www.aumasson.jp/siphash/siphash.pdf)."""
    low, high = key[0] & _ALL, key[1] & _ALL
    state = [low ^ 0x736F6D6570736575, high ^ 0x646F72616E646F6D, low ^ 0x6C7967656E657261, high ^ 0x7465646279746573]
    last = len(data) // 8 * 8
    words = [*(word for (word,) in struct.iter_unpack("<Q", data[:last])), _word(data, last) | (len(data) & 255) << 56]
    for word in words:
        state[3] ^= word
        _rounds(state, 2)
        state[0] ^= word
    state[2] ^= 0xFF
    _rounds(state, 4)
    return state[0] ^ state[1] ^ state[2] ^ state[3]


def _rounds(state: list[int], count: int) -> None:
    a, b, c, d = state
    for _ in range(count):
        a, c = (a + b) & _ALL, (c + d) & _ALL
        b, d = _right(b, 51) ^ a, _right(d, 48) ^ c
        a = _right(a, 32)
        a, c = (a + d) & _ALL, (c + b) & _ALL
        b, d = _right(b, 47) ^ c, _right(d, 43) ^ a
        c = _right(c, 32)
    state[:] = a, b, c, d


# -- FarmHash's Fingerprint64, by Geoff Pike (https://github.com/google/farmhash): a way for each range of lengths ---

_K0, _K1, _K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F


def farm64(data: bytes) -> int:
    """FarmHash's Fingerprint64."""
    size = len(data)
    if size <= 16:
        return _short(data)
    if size <= 32:
        return _medium(data)
    return _long(data) if size <= 64 else _very_long(data)


def _shifted(value: int) -> int:
    value &= _ALL
    return value ^ value >> 47


def _mixed(u: int, v: int, times: int) -> int:
    """Two words made one."""
    first = _shifted((u ^ v) * times)
    return _shifted((v ^ first) * times) * times & _ALL


def _short(data: bytes) -> int:
    size = len(data)
    times = _K2 + 2 * size
    if size >= 8:
        first, last = _word(data, 0) + _K2, _word(data, size - 8)
        return _mixed(_right(last, 37) * times + first & _ALL, (_right(first, 25) + last) * times & _ALL, times)
    if size >= 4:
        return _mixed(size + (_half(data, 0) << 3), _half(data, size - 4), times)
    if size:
        return _shifted((data[0] + (data[size >> 1] << 8)) * _K2 ^ (size + (data[-1] << 2)) * _K0) * _K2 & _ALL
    return _K2


def _medium(data: bytes) -> int:
    size = len(data)
    times = _K2 + 2 * size
    a, b = _word(data, 0) * _K1, _word(data, 8)
    c, d = _word(data, size - 8) * times, _word(data, size - 16) * _K2
    return _mixed(_right(a + b, 43) + _right(c, 30) + d & _ALL, a + _right(b + _K2, 18) + c & _ALL, times)


def _long(data: bytes) -> int:
    size = len(data)
    times = _K2 + 2 * size
    a, b = _word(data, 0) * _K2, _word(data, 8)
    c, d = _word(data, size - 8) * times, _word(data, size - 16) * _K2
    y = _right(a + b, 43) + _right(c, 30) + d & _ALL
    z = _mixed(y, a + _right(b + _K2, 18) + c & _ALL, times)
    e, f = _word(data, 16) * times, _word(data, 24)
    g, h = (y + _word(data, size - 32)) * times, (z + _word(data, size - 24)) * times
    return _mixed(_right(e + f, 43) + _right(g, 30) + h & _ALL, e + _right(f + a, 18) + g & _ALL, times)


def _pair(data: bytes, at: int, a: int, b: int) -> tuple[int, int]:
    """Four words and two seeds made two."""
    w, x, y, z = struct.unpack_from("<4Q", data, at)
    a += w
    b = _right(b + a + z, 21)
    total = a + x + y
    return total + z & _ALL, b + _right(total, 44) + a & _ALL


def _very_long(data: bytes) -> int:
    size = len(data)
    x, y = 81, 81 * _K1 + 113 & _ALL
    z = _shifted(y * _K2 + 113) * _K2 & _ALL
    v = w = (0, 0)
    x = x * _K2 + _word(data, 0) & _ALL
    over = (size - 1) % 64  # beyond the last whole block, less one
    for at in range(0, size - 1 - over, 64):
        x, y, z, v, w = _block(data, at, x, y, z, v, w, _K1, 1)
    times = _K1 + ((z & 0xFF) << 1)
    w = (w[0] + over, w[1])
    v = (v[0] + w[0], v[1])
    w = (w[0] + v[0], w[1])
    x, y, z, v, w = _block(data, size - 64, x, y, z, v, w, times, 9)
    first = _mixed(v[0], w[0], times) + _shifted(y) * _K0 + z & _ALL
    return _mixed(first, _mixed(v[1], w[1], times) + x & _ALL, times)


_Words = tuple[int, int]


def _block(
    data: bytes, at: int, x: int, y: int, z: int, v: _Words, w: _Words, times: int, weight: int
) -> tuple[int, int, int, _Words, _Words]:
    """The state after 64 more bytes."""
    x = _right(x + y + v[0] + _word(data, at + 8), 37) * times & _ALL
    y = _right(y + v[1] + _word(data, at + 48), 42) * times & _ALL
    x ^= w[1] * weight & _ALL
    y += v[0] * weight + _word(data, at + 40)
    z = _right(z + w[0], 33) * times & _ALL
    v = _pair(data, at, v[1] * times, x + w[0])
    w = _pair(data, at + 32, z + w[1], y + _word(data, at + 16))
    return z, y & _ALL, x, v, w
