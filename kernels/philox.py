"""TensorFlow's random numbers: Philox 4x32-10, and what turns its words into samples, written once for every device.

The functions of `SCALARS` are plain Python over NumPy scalars. They run as they stand (slowly), and `compiled_with`
compiles them for a device, so that a kernel only decides who walks the index. Every constant carries its type, because
a bare `0.5` turns float32 arithmetic into float64 under Numba, and results are cast back where it widens integers.
Compilers for CUDA fuse products with sums as they like: every product is an `fma` or a `mul_rn` here, so that a
sample has the same bits wherever it is drawn.

Sources: J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC11) for Philox; G. Box and M. Muller, "A
note on the generation of random normal deviates" (1958). Which words make which sample was found by running TensorFlow
2.21.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from fractions import Fraction
from types import FunctionType, SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

Seed = int | tuple[int, int]

INTEGERS = (np.dtype(np.int32), np.dtype(np.int64))
DEFAULT_GRAPH_SEED = 87654321

# A run reserves 256 Philox blocks for each output, so that a rejecting distribution cannot run into the next run's.
BLOCKS_PER_OUTPUT = 256
# Offsets end where block numbers would no longer fit 63 bits: the truncated normal spends 64 blocks an element.
STREAM_END, TRUNCATED_STREAM_END = 1 << 62, 1 << 56


# --- Where a sample stands in the stream ------------------------------------------------------------------------------


def lanes(dtype: DTypeLike) -> int:
    """How many elements of `dtype` one Philox block of four 32-bit words makes: 2 of 64 bits, 4 of any narrower."""
    return 2 if np.dtype(dtype).itemsize == 8 else 4


def reserved(n: int, dtype: DTypeLike, kind: str) -> int:
    """How many elements of offset one run of a random op with `n` outputs takes: run r begins at `r * reserved(...)`.

    `kind` is the name of the fill: "uniform", "bernoulli", "normal", "truncated_normal", "uniform_int" or
    "permutation".
    Raises ValueError for another one.
    """
    if kind == "permutation":  # n - 1 swaps with a word each, in whole blocks
        return -(-max(n - 1, 0) // 4) * 4
    if kind == "truncated_normal":  # a group of `lanes` outputs has 64 * lanes blocks, so 256 n blocks are 4 n outputs
        return 4 * n
    if kind in ("uniform", "normal", "uniform_int", "bernoulli"):
        return BLOCKS_PER_OUTPUT * n * lanes(dtype)
    raise ValueError(f"no random fill is called {kind!r}")


def reserved_multinomial(batch: int, num_samples: int) -> int:
    """How many elements of offset one run of `multinomial` takes: two words a draw, and room for groups of four."""
    return reserved(2 * batch * (-(-num_samples // 4) * 4), np.float64, "uniform")


def seed_words(seed: Seed) -> tuple[np.uint32, np.uint32, np.uint32, np.uint32]:
    """The key's two words (the graph seed) and the counter's two high words (the op seed).

    An int s stands for (87654321, s). Negative seeds count as their 64-bit two's complement.
    Raises TypeError for anything but one or two integers, ValueError for one that does not fit 64 bits.
    """
    pair = seed if isinstance(seed, tuple | list) else (DEFAULT_GRAPH_SEED, seed)
    try:
        graph_seed, op_seed = (operator.index(part) for part in pair)
    except (TypeError, ValueError):
        raise TypeError(f"a seed is an integer or a pair (graph seed, op seed), not {seed!r}") from None
    for part in (graph_seed, op_seed):
        if not -(1 << 63) <= part < 1 << 64:
            raise ValueError(f"a seed must fit 64 bits, but {seed!r} holds {part}")
    words = (graph_seed, graph_seed >> 32, op_seed, op_seed >> 32)
    k0, k1, c2, c3 = (np.uint32(word & 0xFFFFFFFF) for word in words)
    return k0, k1, c2, c3


# --- Products: what intrinsics.py has for compiled code, in plain Python ----------------------------------------------


def fma(a, b, c):
    """a b + c, rounded once; all float32 or all float64."""
    exact = Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c))
    if exact == 0:
        return a * b + c  # exact as well, and with the sign of its zero
    wide = np.float64(float(exact))
    if a.dtype == np.float32 and wide != exact and not wide.view(np.int64) & 1:
        # To odd: a float64 that only its own rounding put halfway between two float32 would be rounded the wrong way.
        wide = np.nextafter(wide, np.float64(np.inf if exact > wide else -np.inf))
    return a.dtype.type(wide)


def mul_rn(a, b):
    """a b, rounded before anything else is done with it."""
    return a * b


# --- Philox 4x32-10 ---------------------------------------------------------------------------------------------------

MULTIPLIER_0, MULTIPLIER_1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
WEYL_0, WEYL_1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)  # of the golden ratio and of sqrt(3) - 1
LOW_WORD, WORD_BITS = np.uint64(0xFFFFFFFF), np.uint64(32)


def philox_block(c0, c1, c2, c3, k0, k1):
    """The four uint32 words of counter (c0, c1, c2, c3) under key (k0, k1), uint64 whose lower halves count.

    The state stays in 64 bits, too: a product's upper half is one shift away, and on
    the CPU a round of eight blocks is two vector products, two shifts and two three-way exclusive ors. In 32 bits,
    the packing and unpacking made it three times slower.
    """
    for _ in range(10):
        product_0 = MULTIPLIER_0 * (c0 & LOW_WORD)
        product_1 = MULTIPLIER_1 * (c2 & LOW_WORD)
        c0, c1 = (product_1 >> WORD_BITS) ^ c1 ^ k0, product_1
        c2, c3 = (product_0 >> WORD_BITS) ^ c3 ^ k1, product_0
        k0, k1 = k0 + WEYL_0, k1 + WEYL_1
    return np.uint32(c0 & LOW_WORD), np.uint32(c1 & LOW_WORD), np.uint32(c2 & LOW_WORD), np.uint32(c3 & LOW_WORD)


def stream_block(block, k0, k1, c2, c3):
    """The words of the block numbered `block` (uint64) in the stream of a key and an op seed (c2, c3), all uint32."""
    return philox_block(block, block >> WORD_BITS, np.uint64(c2), np.uint64(c3), np.uint64(k0), np.uint64(k1))


# --- Uniform on [0, 1): as many low bits of a word as the type has in its fraction, divided by their range ------------

FRACTION_32, STEP_32 = np.uint32(0x7FFFFF), np.float32(2**-23)
FRACTION_16, STEP_16 = np.uint32(0x3FF), np.float32(2**-10)
FRACTION_BFLOAT16, STEP_BFLOAT16 = np.uint32(0x7F), np.float32(2**-7)
FRACTION_64_HIGH, STEP_64 = np.uint64(0xFFFFF), np.float64(2**-52)


def uniform_float32(word):
    """float32 multiple of 2**-23."""
    return mul_rn(np.float32(np.int32(word & FRACTION_32)), STEP_32)


def uniform_float16(word):
    """Multiple of 2**-10, exact in float16, as a float32."""
    return mul_rn(np.float32(np.int32(word & FRACTION_16)), STEP_16)


def uniform_bfloat16(word):
    """Multiple of 2**-7, exact in bfloat16, as a float32."""
    return mul_rn(np.float32(np.int32(word & FRACTION_BFLOAT16)), STEP_BFLOAT16)


def uniform_float64(first, second):
    """float64 multiple of 2**-52: twenty bits of the first word above the second one."""
    fraction = ((np.uint64(first) & FRACTION_64_HIGH) << WORD_BITS) | np.uint64(second)
    return mul_rn(np.float64(np.int64(fraction)), STEP_64)


def word_int64(first, second):
    """uint64 of two words, the first one low."""
    return (np.uint64(second) << WORD_BITS) | np.uint64(first)


# A block's samples, by distribution and dtype: each of these makes four samples of four words, or two of 64 bits.


def uniform_block_float32(w0, w1, w2, w3):
    return uniform_float32(w0), uniform_float32(w1), uniform_float32(w2), uniform_float32(w3)


def uniform_block_float16(w0, w1, w2, w3):
    return uniform_float16(w0), uniform_float16(w1), uniform_float16(w2), uniform_float16(w3)


def uniform_block_bfloat16(w0, w1, w2, w3):
    return uniform_bfloat16(w0), uniform_bfloat16(w1), uniform_bfloat16(w2), uniform_bfloat16(w3)


def uniform_block_float64(w0, w1, w2, w3):
    return uniform_float64(w0, w1), uniform_float64(w2, w3)


def word_block_int32(w0, w1, w2, w3):
    return w0, w1, w2, w3


def word_block_int64(w0, w1, w2, w3):
    return word_int64(w0, w1), word_int64(w2, w3)


# --- Logarithm, sine and cosine ---------------------------------------------------------------------------------------
# The fits are near-minimax in what follows the terms written out: of float32 by Lawson's reweighted least squares, of
# float64 by Chebyshev interpolation.

LOG_FIT_32 = tuple(
    np.float32(c)
    for c in (
        0.33333313, -0.2500001, 0.20002119, -0.16667996, 0.14219552, -0.12405588, 0.11888165, -0.11675661, 0.06746646,
    )
)  # fmt: skip
LOG_FIT_64 = tuple(
    np.float64(c)
    for c in (
        0.666666666666667, 0.39999999999899505, 0.28571428625975487, 0.2222221113479508, 0.18182889125261723,
        0.15331721600556042, 0.14616449685043406,
    )
)  # fmt: skip
SIN_FIT_32 = tuple(np.float32(c) for c in (-0.16666667, 0.008333329, -0.00019839313, 2.7181216e-06))
SIN_FIT_64 = tuple(
    np.float64(c)
    for c in (
        -0.16666666666666666, 0.008333333333330948, -0.00019841269836756774, 2.7557316101617874e-06,
        -2.505113165023518e-08, 1.5918115263265974e-10,
    )
)  # fmt: skip
COS_FIT_32 = tuple(np.float32(c) for c in (1, -0.5, 0.041666646, -0.0013887316, 2.4433157e-05))
COS_FIT_64 = tuple(
    np.float64(c)
    for c in (
        1, -0.5, 0.041666666666666664, -0.0013888888888887398, 2.480158729876456e-05, -2.7557317271145144e-07,
        2.087614614655861e-09, -1.1382623647474604e-11,
    )
)  # fmt: skip
ONE_32, HALF_32, MINUS_HALF_32 = np.float32(1), np.float32(0.5), np.float32(-0.5)
ONE_64, TWO_64, HALF_64 = np.float64(1), np.float64(2), np.float64(0.5)
SQRT_HALF_BITS_32, EXPONENT_SHIFT_32 = np.int32(0x3F3504F3), np.int32(23)
SQRT_HALF_BITS_64, EXPONENT_SHIFT_64 = np.int64(0x3FE6A09E667F3BCD), np.int64(52)
# ln 2 in two parts, the first so short that an exponent times it is exact (Cody and Waite).
LN2_HIGH_32, LN2_LOW_32 = np.float32(0.693145751953125), np.float32(1.428606765330187e-06)
LN2_HIGH_64, LN2_LOW_64 = np.float64(0.6931471803691238), np.float64(1.9082149292705877e-10)
TWO_OVER_PI_32, TWO_OVER_PI_64 = np.float32(2 / math.pi), np.float64(2 / math.pi)
# -pi/2 rounded, and what is left, rounded. An fma with the first part is exact. No float64 near a quarter turn cancels
# the second; the float32 at three quarters nearly does, and needs a third.
HALF_PI_HIGH_32, HALF_PI_LOW_32 = np.float32(-1.5707964), np.float32(4.371139e-08)
HALF_PI_LOWEST_32 = np.float32(1.7151245e-15)
HALF_PI_HIGH_64, HALF_PI_LOW_64 = np.float64(-1.5707963267948966), np.float64(-6.123233995736766e-17)


def polynomial(fit, x):
    """fit[0] + fit[1] x + fit[2] x**2 + ..., by Horner's rule."""
    value = fit[-1]
    for i in range(len(fit) - 2, -1, -1):
        value = fma(value, x, fit[i])
    return value


def log_float32(x):
    """ln x for a positive normal float32, within 0.85 ulp for every x that a draw may give it."""
    bits = np.float32(x).view(np.int32)
    # So that the fraction lies in [sqrt(1/2), sqrt(2)).
    exponent = np.int32(np.int32(bits - SQRT_HALF_BITS_32) >> EXPONENT_SHIFT_32)
    f = np.int32(bits - np.int32(exponent << EXPONENT_SHIFT_32)).view(np.float32) - ONE_32
    e = np.float32(exponent)
    square = mul_rn(f, f)
    small = fma(polynomial(LOG_FIT_32, f), mul_rn(f, square), fma(MINUS_HALF_32, square, mul_rn(e, LN2_LOW_32)))
    return fma(e, LN2_HIGH_32, f + small)


def log_float64(x):
    """ln x for a positive normal float64, within 0.8 ulp for two million draws and the ends of their range.

    With s = f / (2 + f), ln(1 + f) is 2 artanh s = f - f**2/2 + s (f**2/2 + s**2 (2/3 + 2/5 s**2 + ...)), which loses
    nothing to the rounding of the quotient (the form of fdlibm's log).
    """
    bits = np.float64(x).view(np.int64)
    exponent = (bits - SQRT_HALF_BITS_64) >> EXPONENT_SHIFT_64
    f = np.int64(bits - (exponent << EXPONENT_SHIFT_64)).view(np.float64) - ONE_64
    e = np.float64(exponent)
    s = f / (f + TWO_64)
    square = mul_rn(s, s)
    half_square = mul_rn(HALF_64, mul_rn(f, f))
    small = fma(s, fma(square, polynomial(LOG_FIT_64, square), half_square), mul_rn(e, LN2_LOW_64))
    return fma(e, LN2_HIGH_64, f - (half_square - small))


def sin_cos(quarter, r, sin_fit, cos_fit):
    """Sine and cosine of int32 quarter turns and an angle r more, |r| <= pi/4."""
    square = mul_rn(r, r)
    sine = fma(polynomial(sin_fit, square), mul_rn(square, r), r)
    cosine = polynomial(cos_fit, square)
    odd = (quarter & np.int32(1)) != np.int32(0)
    s = cosine if odd else sine
    c = sine if odd else cosine
    s = -s if (quarter & np.int32(2)) != np.int32(0) else s
    c = -c if ((quarter + np.int32(1)) & np.int32(2)) != np.int32(0) else c
    return s, c


def sin_cos_float32(angle):
    """Sine and cosine of a float32 angle in [0, 2 pi], within 1.43 ulp for every angle that a draw may give."""
    quarter = np.int32(fma(angle, TWO_OVER_PI_32, HALF_32))
    q = np.float32(quarter)
    r = fma(q, HALF_PI_LOWEST_32, fma(q, HALF_PI_LOW_32, fma(q, HALF_PI_HIGH_32, angle)))
    return sin_cos(quarter, r, SIN_FIT_32, COS_FIT_32)


def sin_cos_float64(angle):
    """Sine and cosine of a float64 angle in [0, 2 pi], within 1.45 ulp for two million draws and near quarter turns."""
    quarter = np.int32(fma(angle, TWO_OVER_PI_64, HALF_64))
    q = np.float64(quarter)
    r = fma(q, HALF_PI_LOW_64, fma(q, HALF_PI_HIGH_64, angle))
    return sin_cos(quarter, r, SIN_FIT_64, COS_FIT_64)


# --- Normal: Box and Muller -------------------------------------------------------------------------------------------

SMALLEST_32, SMALLEST_64 = np.float32(1e-7), np.float64(1e-7)  # keeps the logarithm of zero away
TWO_PI_HIGH_32, TWO_PI_LOW_32 = np.float32(6.2831855), np.float32(-1.7484555e-07)  # 2 pi rounded, and what is left
TWO_PI_64 = np.float64(2 * math.pi)
MINUS_TWO_32, MINUS_TWO_64 = np.float32(-2), np.float64(-2)
TWO_SIGMA_32, TWO_SIGMA_64 = np.float32(2), np.float64(2)


def angle_float32(u):
    """2 pi u for a float32 multiple u of 2**-23 in [0, 1), rounded once: what TensorFlow has from a float64 product."""
    return fma(u, TWO_PI_HIGH_32, mul_rn(u, TWO_PI_LOW_32))


def normal_pair_float32(first, second):
    """Two standard normal float32 from two words, within 6e-7 of the exact transform."""
    radius = np.float32(math.sqrt(mul_rn(MINUS_TWO_32, log_float32(max(uniform_float32(first), SMALLEST_32)))))
    s, c = sin_cos_float32(angle_float32(uniform_float32(second)))
    return mul_rn(s, radius), mul_rn(c, radius)


def normal_block_float32(w0, w1, w2, w3):
    """Four standard normal float32 from the words of a block."""
    z0, z1 = normal_pair_float32(w0, w1)
    z2, z3 = normal_pair_float32(w2, w3)
    return z0, z1, z2, z3


def normal_block_float64(w0, w1, w2, w3):
    """Two standard normal float64 from the words of a block."""
    log = log_float64(max(uniform_float64(w0, w1), SMALLEST_64))
    radius = np.float64(math.sqrt(mul_rn(MINUS_TWO_64, log)))
    s, c = sin_cos_float64(mul_rn(TWO_PI_64, uniform_float64(w2, w3)))
    return mul_rn(s, radius), mul_rn(c, radius)


# --- Truncated normal: the normals of a group's own blocks, in order, without those beyond two sigma ------------------

# A group is the outputs of one block (4, or 2 of float64) and owns this many blocks for each of its outputs.
BLOCKS_PER_TRUNCATED = BLOCKS_PER_OUTPUT // 4
ONE_BLOCK = np.uint64(1)


def truncated_group_float32(block, k0, k1, c2, c3):
    """Four float32 with |z| < 2, drawn from the blocks from `block` on."""
    z0 = z1 = z2 = z3 = np.float32(0)
    kept = 0
    while kept < 4:
        w0, w1, w2, w3 = stream_block(block, k0, k1, c2, c3)
        for z in normal_block_float32(w0, w1, w2, w3):
            if kept < 4 and abs(z) < TWO_SIGMA_32:
                z0, z1, z2, z3 = z1, z2, z3, z
                kept += 1
        block = np.uint64(block + ONE_BLOCK)
    return z0, z1, z2, z3


def truncated_group_float64(block, k0, k1, c2, c3):
    """Two float64 with |z| < 2, drawn from the blocks from `block` on."""
    z0 = z1 = np.float64(0)
    kept = 0
    while kept < 2:
        w0, w1, w2, w3 = stream_block(block, k0, k1, c2, c3)
        for z in normal_block_float64(w0, w1, w2, w3):
            if kept < 2 and abs(z) < TWO_SIGMA_64:
                z0, z1 = z1, z
                kept += 1
        block = np.uint64(block + ONE_BLOCK)
    return z0, z1


# --- Rounding a float32 to the 16-bit types, to nearest, ties to even -------------------------------------------------

SIGN, MAGNITUDE = np.uint32(0x80000000), np.uint32(0x7FFFFFFF)
BFLOAT16_SHIFT, BFLOAT16_TIE, BFLOAT16_KEPT = np.uint32(16), np.uint32(0x7FFF), np.uint32(0xFFFF0000)
FLOAT16_SHIFT, FLOAT16_TIE, FLOAT16_KEPT = np.uint32(13), np.uint32(0xFFF), np.uint32(0xFFFFE000)
ONE_BIT = np.uint32(1)
FLOAT16_SMALLEST_NORMAL, FLOAT16_OVERFLOW = np.float32(2**-14), np.float32(65520)
FLOAT16_REBIAS, FLOAT16_SUBNORMAL_STEPS = np.uint32((127 - 15) << 10), np.float32(2**24)
FLOAT16_SIGN_SHIFT, FLOAT16_INFINITY = np.uint32(16), np.uint32(0x7C00)
INFINITY_32 = np.float32(np.inf)


def round_to_bfloat16(x):
    """The float32 that equals bfloat16(x); x is no NaN."""
    bits = np.float32(x).view(np.uint32)
    return np.uint32((bits + BFLOAT16_TIE + ((bits >> BFLOAT16_SHIFT) & ONE_BIT)) & BFLOAT16_KEPT).view(np.float32)


def bfloat16_bits(x):
    """The bits of a float32 that bfloat16 holds exactly, as uint16."""
    return np.uint16(np.float32(x).view(np.uint32) >> BFLOAT16_SHIFT)


def round_to_float16(x):
    """The float32 that equals float16(x), subnormals and overflow included; x is no NaN."""
    size = abs(x)
    bits = np.float32(size).view(np.uint32)
    normal = np.uint32((bits + FLOAT16_TIE + ((bits >> FLOAT16_SHIFT) & ONE_BIT)) & FLOAT16_KEPT).view(np.float32)
    subnormal = (size + HALF_32) - HALF_32  # the float32 in [1/2, 1) are 2**-24 apart, as float16's subnormals are
    rounded = subnormal if size < FLOAT16_SMALLEST_NORMAL else normal
    rounded = INFINITY_32 if size >= FLOAT16_OVERFLOW else rounded
    return np.uint32(np.float32(rounded).view(np.uint32) | (np.float32(x).view(np.uint32) & SIGN)).view(np.float32)


def float16_bits(x):
    """The bits of a float32 that float16 holds exactly, as uint16."""
    bits = np.float32(x).view(np.uint32)
    size = abs(x)
    normal = ((bits & MAGNITUDE) >> FLOAT16_SHIFT) - FLOAT16_REBIAS
    steps = np.uint32(np.int32(mul_rn(min(size, FLOAT16_SMALLEST_NORMAL), FLOAT16_SUBNORMAL_STEPS)))
    finite = steps if size < FLOAT16_SMALLEST_NORMAL else normal
    return np.uint16((FLOAT16_INFINITY if size >= FLOAT16_OVERFLOW else finite) | ((bits & SIGN) >> FLOAT16_SIGN_SHIFT))


# --- A sample as it is stored: scaled and shifted, each step rounded as the two ops of a graph do ---------------------


def stored_float32(value, scale, shift):
    return mul_rn(value, scale) + shift


def stored_float64(value, scale, shift):
    return mul_rn(value, scale) + shift


def stored_float16(value, scale, shift):
    """The bits of a float16; each step is a float32 one and then rounded."""
    return float16_bits(round_to_float16(round_to_float16(mul_rn(round_to_float16(value), scale)) + shift))


def stored_bfloat16(value, scale, shift):
    """The bits of a bfloat16, likewise."""
    return bfloat16_bits(round_to_bfloat16(round_to_bfloat16(mul_rn(round_to_bfloat16(value), scale)) + shift))


def stored_int32(value, scale, shift):
    """In the wrapping arithmetic of unsigned integers, so that a range may be as wide as the type."""
    return np.uint32(value % scale + shift)


def stored_int64(value, scale, shift):
    return value % scale + shift


def chosen_float32(value, scale, shift):
    """What bernoulli stores: `scale` for a uniform sample of `shift` or more, else 0."""
    return scale if value >= shift else np.float32(0)


def chosen_float64(value, scale, shift):
    return scale if value >= shift else np.float64(0)


def chosen_float16(value, scale, shift):
    return float16_bits(chosen_float32(value, scale, shift))


def chosen_bfloat16(value, scale, shift):
    return bfloat16_bits(chosen_float32(value, scale, shift))


# --- Compiling --------------------------------------------------------------------------------------------------------

SCALARS: tuple[FunctionType, ...] = (
    philox_block,
    stream_block,
    uniform_float32,
    uniform_float16,
    uniform_bfloat16,
    uniform_float64,
    word_int64,
    uniform_block_float32,
    uniform_block_float16,
    uniform_block_bfloat16,
    uniform_block_float64,
    word_block_int32,
    word_block_int64,
    polynomial,
    log_float32,
    log_float64,
    sin_cos,
    sin_cos_float32,
    sin_cos_float64,
    angle_float32,
    normal_pair_float32,
    normal_block_float32,
    normal_block_float64,
    truncated_group_float32,
    truncated_group_float64,
    round_to_bfloat16,
    bfloat16_bits,
    round_to_float16,
    float16_bits,
    stored_float32,
    stored_float64,
    stored_float16,
    stored_bfloat16,
    stored_int32,
    stored_int64,
    chosen_float32,
    chosen_float64,
    chosen_float16,
    chosen_bfloat16,
)  # type: ignore[assignment]


class Recipe(NamedTuple):
    """Which scalar functions make the samples of a distribution in a dtype; a kernel adds who walks the index."""

    block: str  # the four words of a block -> its samples
    group: str | None  # for one that rejects: a group's first block -> the samples kept
    stored: str  # a sample, its scale and its shift -> what goes into out
    samples: int  # of a block or group
    step: int  # from one group to the next, in blocks
    sample: type  # of a sample, its scale and its shift
    bits: type  # of out as kernels see it: a dtype that Numba does not know, or whose arithmetic must wrap, is unsigned


_UNSIGNED: dict[str, type] = {"float16": np.uint16, "bfloat16": np.uint16, "int32": np.uint32, "int64": np.uint64}


def recipe(kind: str, dtype: str) -> Recipe:
    """The recipe of the fill called `kind` for the name of a dtype; the 16-bit types round samples made in float32."""
    bits: type = _UNSIGNED.get(dtype) or np.dtype(dtype).type
    sample = np.float32 if bits is np.uint16 else bits
    wide, samples = np.dtype(sample).name, lanes(sample)
    group, step = None, 1
    if kind == "truncated_normal":
        group, step = f"truncated_group_{wide}", BLOCKS_PER_TRUNCATED * samples
    if kind == "uniform_int":
        block = f"word_block_{dtype}"
    elif kind in ("uniform", "bernoulli"):
        block = f"uniform_block_{dtype}"
    else:
        block = f"normal_block_{wide}"
    stored = f"{'chosen' if kind == 'bernoulli' else 'stored'}_{dtype}"
    return Recipe(block, group, stored, samples, step, sample, bits)


def bound(template: Any, name: str, **steps: Any) -> FunctionType:
    """A copy of the function `template` in which the global names `steps` mean these values.

    The name must be its own: Numba names compiled code by a function's name and a number that only counts within a
    process, so that two functions of one name, from caches that two processes wrote, would be taken for one.
    """
    function = FunctionType(template.__code__, {**template.__globals__, **steps}, name)
    function.__qualname__ = name
    return function


def compiled_with(jit: Callable[[Any], Any], **intrinsics: Any) -> SimpleNamespace:
    """This module's scalar functions compiled by `jit`, each calling the compiled form of the others.

    `intrinsics` are `fma` and `mul_rn` as the compiler has them (intrinsics.py).
    """
    namespace = globals() | intrinsics
    for function in SCALARS:
        namespace[function.__name__] = jit(FunctionType(function.__code__, namespace, function.__name__))
    return SimpleNamespace(**{function.__name__: namespace[function.__name__] for function in SCALARS})
