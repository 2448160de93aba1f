// The ways to multiply a warp's fragments. Each has the same shape:
//
//   ROWS x COLUMNS x DEPTH   what a pair of fragments covers
//   Left, Right              a lane's part of the two fragments; `load` reads them from a panel
//   multiply                 sums[j] += the product of a left fragment and the j-th right one, for neighbouring columns
//   VALUES                   a lane's part of the sums: value e is row g + 8 * (e / 2), column 2 * t + e % 2, with
//                            g = lane / 4 and t = lane % 4, as the PTX ISA lays out the accumulators of every mma used
//   FINITE                   whether results are right for finite operands only (product.cu then mends the others)
#pragma once
#include "operands.cuh"

DEVICE int lane_group() { return threadIdx.x % 32 / 4; }
DEVICE int lane_in_group() { return threadIdx.x % 4; }

// Fused multiply-adds, one k after the other: a sequential sum. For devices without tensor cores of the type, for sums
// of a few terms, and for operands that are not finite.
template <class T>
struct Fma {
  static constexpr int ROWS = 16, COLUMNS = 8, DEPTH = 1, VALUES = 4;
  static constexpr bool FINITE = false;
  struct Left { Sum<T> x[2]; };
  struct Right { Sum<T> x[2]; };
  template <class P> static DEVICE void load(Left& f, const T* panel, int row, int k) {
#pragma unroll
    for (int e = 0; e < 2; ++e) f.x[e] = widened(panel[P::at(row + lane_group() + 8 * e, k)]);
  }
  template <class P> static DEVICE void load(Right& f, const T* panel, int column, int k) {
#pragma unroll
    for (int e = 0; e < 2; ++e) f.x[e] = widened(panel[P::at(column + 2 * lane_in_group() + e, k)]);
  }
  template <int N> static DEVICE void multiply(Sum<T> (&sums)[N][VALUES], const Left& a, const Right (&b)[N]) {
#pragma unroll
    for (int j = 0; j < N; ++j)
#pragma unroll
      for (int e = 0; e < VALUES; ++e) sums[j][e] = fma(a.x[e / 2], b[j].x[e % 2], sums[j][e]);
  }
};

// Where a lane's elements of 32-bit fragments are: the layouts of mma_tf32_16x8x8.
template <class P> DEVICE float left_32(const float* panel, int row, int k, int e) {
  return panel[P::at(row + lane_group() + 8 * (e % 2), k + lane_in_group() + 4 * (e / 2))];
}
template <class P> DEVICE float right_32(const float* panel, int column, int k, int e) {
  return panel[P::at(column + lane_group(), k + lane_in_group() + 4 * e)];
}

// TF32 tensor cores: operands rounded to 11 significant bits.
struct Tf32 {
  static constexpr int ROWS = 16, COLUMNS = 8, DEPTH = 8, VALUES = 4;
  static constexpr bool FINITE = false;
  struct Left { u32 x[4]; };
  struct Right { u32 x[2]; };
  template <class P> static DEVICE void load(Left& f, const float* panel, int row, int k) {
#pragma unroll
    for (int e = 0; e < 4; ++e) f.x[e] = to_tf32(left_32<P>(panel, row, k, e));
  }
  template <class P> static DEVICE void load(Right& f, const float* panel, int column, int k) {
#pragma unroll
    for (int e = 0; e < 2; ++e) f.x[e] = to_tf32(right_32<P>(panel, column, k, e));
  }
  template <int N> static DEVICE void multiply(float (&sums)[N][VALUES], const Left& a, const Right (&b)[N]) {
#pragma unroll
    for (int j = 0; j < N; ++j) mma_tf32_16x8x8(sums[j], a.x, b[j].x);
  }
};

// float32 on TF32 tensor cores ("3xTF32"): x = high + low, each TF32, and three of the four products. What is left out,
// low * low, is below 2**-22 of the product. Tensor cores truncate as they accumulate, which over a long k costs as
// much as TF32 itself, so only eight terms are summed there, the small ones first, and float32 adds do the rest.
// TF32's range is float32's, so below 2**-100 or so the low halves lose bits to underflow, and the accuracy with them.
struct SplitTf32 {
  static constexpr int ROWS = 16, COLUMNS = 8, DEPTH = 8, VALUES = 4;
  static constexpr bool FINITE = true;  // inf - inf makes a NaN of an infinite operand, and rounding up may overflow
  struct Left { u32 high[4], low[4]; };
  struct Right { u32 high[2], low[2]; };
  static DEVICE void split(float x, u32& high, u32& low) {
    high = to_tf32(x);
    low = to_tf32(x - __uint_as_float(high));
  }
  template <class P> static DEVICE void load(Left& f, const float* panel, int row, int k) {
#pragma unroll
    for (int e = 0; e < 4; ++e) split(left_32<P>(panel, row, k, e), f.high[e], f.low[e]);
  }
  template <class P> static DEVICE void load(Right& f, const float* panel, int column, int k) {
#pragma unroll
    for (int e = 0; e < 2; ++e) split(right_32<P>(panel, column, k, e), f.high[e], f.low[e]);
  }
  template <int N> static DEVICE void multiply(float (&sums)[N][VALUES], const Left& a, const Right (&b)[N]) {
    float terms[N][VALUES] = {};
#pragma unroll
    for (int j = 0; j < N; ++j) mma_tf32_16x8x8(terms[j], a.low, b[j].high);
#pragma unroll
    for (int j = 0; j < N; ++j) mma_tf32_16x8x8(terms[j], a.high, b[j].low);
#pragma unroll
    for (int j = 0; j < N; ++j) mma_tf32_16x8x8(terms[j], a.high, b[j].high);
#pragma unroll
    for (int j = 0; j < N; ++j)
#pragma unroll
      for (int e = 0; e < VALUES; ++e) sums[j][e] += terms[j][e];
  }
};

// float16 and bfloat16 tensor cores, with float32 sums.
template <class T>
struct Half {
  static constexpr int ROWS = 16, COLUMNS = 8, DEPTH = 16, VALUES = 4;
  static constexpr bool FINITE = false;
  struct Left { u32 x[4]; };
  struct Right { u32 x[2]; };
  template <class P> static DEVICE void load(Left& f, const T* panel, int row, int k) {
    // Matrices 0 to 3: rows 0 and 8 at k, then both at k + 8. A line of the panel is a row or a k.
    const int lane = threadIdx.x % 32, line = lane % 8, down = lane / 8 % 2 * 8, along = lane / 16 * 8;
    const int r = row + down + (P::ALONG ? line : 0), s = k + along + (P::ALONG ? 0 : line);
    ldmatrix<4, !P::ALONG>(f.x, panel + P::at(r, s));
  }
  template <class P> static DEVICE void load(Right& f, const T* panel, int column, int k) {
    const int line = threadIdx.x % 8, along = threadIdx.x % 16 / 8 * 8;  // matrices 0 and 1: k and k + 8
    const int c = column + (P::ALONG ? line : 0), s = k + along + (P::ALONG ? 0 : line);
    ldmatrix<2, !P::ALONG>(f.x, panel + P::at(c, s));
  }
  static DEVICE void mma(float (&d)[4], const u32 (&a)[4], const u32 (&b)[2], f16) { mma_f16_16x8x16(d, a, b); }
  static DEVICE void mma(float (&d)[4], const u32 (&a)[4], const u32 (&b)[2], bf16) { mma_bf16_16x8x16(d, a, b); }
  template <int N> static DEVICE void multiply(float (&sums)[N][VALUES], const Left& a, const Right (&b)[N]) {
#pragma unroll
    for (int j = 0; j < N; ++j) mma(sums[j], a.x, b[j].x, T{});
  }
};

// float64 tensor cores.
struct Mma64 {
  static constexpr int ROWS = 8, COLUMNS = 8, DEPTH = 4, VALUES = 2;
  static constexpr bool FINITE = false;
  struct Left { double x[1]; };
  struct Right { double x[1]; };
  template <class P> static DEVICE void load(Left& f, const double* panel, int row, int k) {
    f.x[0] = panel[P::at(row + lane_group(), k + lane_in_group())];
  }
  template <class P> static DEVICE void load(Right& f, const double* panel, int column, int k) {
    f.x[0] = panel[P::at(column + lane_group(), k + lane_in_group())];
  }
  template <int N> static DEVICE void multiply(double (&sums)[N][VALUES], const Left& a, const Right (&b)[N]) {
#pragma unroll
    for (int j = 0; j < N; ++j) mma_f64_8x8x4(sums[j], a.x, b[j].x);
  }
};
