// Element types: what arrays hold, what sums are kept in, and what is done to a sum before it is stored.
#pragma once
#include "primitives.cuh"

struct f16 { u16 bits; };
struct bf16 { u16 bits; };

// The type in which products of elements T are summed.
template <class T> struct SumOf { using type = float; };
template <> struct SumOf<double> { using type = double; };
template <class T> using Sum = typename SumOf<T>::type;

DEVICE float widened(float x) { return x; }
DEVICE double widened(double x) { return x; }
DEVICE float widened(f16 x) { return f16_to_float(x.bits); }
DEVICE float widened(bf16 x) { return __uint_as_float(static_cast<u32>(x.bits) << 16); }

template <class T> struct Narrowed;
template <> struct Narrowed<float> { static DEVICE float from(float x) { return x; } };
template <> struct Narrowed<double> { static DEVICE double from(double x) { return x; } };
template <> struct Narrowed<f16> { static DEVICE f16 from(float x) { return {float_to_f16(x)}; } };
template <> struct Narrowed<bf16> {
  static DEVICE bf16 from(float x) {  // to nearest, ties to even; the carry may reach infinity, as it should
    const u32 bits = __float_as_uint(x);
    if (x != x) return {static_cast<u16>(bits >> 16 | 0x40u)};  // stays a NaN whatever its lower bits were
    return {static_cast<u16>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16)};
  }
};

// Activations, of a float or double; each lets NaN pass.
struct Identity {
  template <class S> static DEVICE S of(S x) { return x; }
};
struct Relu {
  template <class S> static DEVICE S of(S x) { return x < S(0) ? S(0) : x; }
};
struct Relu6 {
  template <class S> static DEVICE S of(S x) { return x < S(0) ? S(0) : x > S(6) ? S(6) : x; }
};
struct LeakyRelu {  // the slope is tf.nn.leaky_relu's
  template <class S> static DEVICE S of(S x) { return x < S(0) ? S(0.2) * x : x; }
};
struct Elu {
  static DEVICE float of(float x) { return x < 0.f ? expm1f(x) : x; }
  static DEVICE double of(double x) { return x < 0. ? expm1(x) : x; }
};
struct Tanh {
  static DEVICE float of(float x) { return tanhf(x); }
  static DEVICE double of(double x) { return tanh(x); }
};
struct Sigmoid {
  static DEVICE float of(float x) { return 1.f / (1.f + expf(-x)); }
  static DEVICE double of(double x) { return 1. / (1. + exp(-x)); }
};

// Division of 0 <= n < 2**31 by a divisor d that is known only when the kernel runs, by a multiplication:
// shift = ceil(log2(d)), multiplier = ceil(2**(31 + shift) / d). From Granlund and Montgomery, "Division by invariant
// integers using multiplication", 1994. dense.py fills it in, so that it stays in the kernel's constant memory.
struct Divisor {
  int divisor;
  u32 multiplier, shift;
  DEVICE int quotient(int n) const {
    return shift ? static_cast<int>(__umulhi(static_cast<u32>(n), multiplier) >> (shift - 1)) : n;
  }
  DEVICE int remainder(int n, int quotient) const { return n - quotient * divisor; }
};

DEVICE Divisor divisor_of(int d) {
  Divisor by = {d < 1 ? 1 : d, 0u, 0u};
  while ((1u << by.shift) < static_cast<u32>(by.divisor)) ++by.shift;
  if (by.shift) by.multiplier = static_cast<u32>(((1ull << (31 + by.shift)) + by.divisor - 1) / by.divisor);
  return by;
}
