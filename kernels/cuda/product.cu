// Matrix products and the three products of a convolution: one main loop over tiles of k.
//
// A block computes a BM x BN tile of out for one part of the problem (a matrix of a batch, a group of channels) and one
// split of k. STAGES - 1 tiles of both operands are on their way to shared memory while the warps, WM x WN each,
// multiply the one that is there. Shapes are written N batch, H W C the image and its channels, KH KW the filter,
// P Q O the output and its channels, G groups; rows, columns and depth are the M, N and K of the product.
//
// Chosen by macros (dispatch.py lists them): ELEMENT, ARITHMETIC (arithmetic.cuh), PROBLEM (below), the tile BM BN BK
// WM WN STAGES, BLOCKS_PER_PROCESSOR, the elements copied or stored at once VECTOR_LEFT VECTOR_RIGHT VECTOR_OUT,
// ACTIVATION (elements.cuh), and SPLIT (whether `out` is the workspace of a product that several blocks share).
#include "arithmetic.cuh"

using Element = ELEMENT;
using Arithmetic = ARITHMETIC;
using Total = Sum<Element>;
constexpr int THREADS = (BM / WM) * (BN / WN) * 32;
static_assert(BM % WM == 0 && BN % WN == 0 && WM % Arithmetic::ROWS == 0 && WN % Arithmetic::COLUMNS == 0 &&
              BK % Arithmetic::DEPTH == 0, "tiles must divide evenly");

template <Order ORDER> using LeftDense = Dense<Element, ORDER, BM, BK, VECTOR_LEFT, THREADS>;
template <Order ORDER> using RightDense = Dense<Element, ORDER, BN, BK, VECTOR_RIGHT, THREADS>;
using LeftPatches = Patches<Element, BM, BK, VECTOR_LEFT, THREADS>;
using LeftPatchesTransposed = PatchesTransposed<Element, BM, BK, VECTOR_LEFT, THREADS>;
using RightFilter = FilterTransposed<Element, BN, BK, VECTOR_RIGHT, THREADS>;

// ---- The problems: where the operands of a part are, and where its results go ----------------------------------------

struct MatmulShape {
  long long left_pitch, right_pitch;               // elements from one line in memory to the next
  long long left_step[3], right_step[3];           // from one matrix to the next, for three batch dimensions
  int batch[3];
  int rows, columns, depth;
};

template <Order LEFT, Order RIGHT>
struct Matmul {
  using Shape = MatmulShape;
  using Left = LeftDense<LEFT>;
  using Right = RightDense<RIGHT>;
  const Shape& at;
  long long left_start, right_start, start;
  int rows, columns, depth;
  DEVICE Matmul(const Shape& shape, int part)
      : at(shape), left_start(0), right_start(0), start(static_cast<long long>(part) * shape.rows * shape.columns),
        rows(shape.rows), columns(shape.columns), depth(shape.depth) {
#pragma unroll
    for (int d = 2; d >= 0; --d) {
      const int index = part % at.batch[d];
      part /= at.batch[d];
      left_start += index * at.left_step[d];
      right_start += index * at.right_step[d];
    }
  }
  DEVICE Left left(const Element* a, int row0) const { return {a + left_start, at.left_pitch, row0, rows, depth}; }
  DEVICE Right right(const Element* b, int column0) const {
    return {b + right_start, at.right_pitch, column0, columns, depth};
  }
  DEVICE int first_channel() const { return 0; }  // of the bias
  DEVICE long long offset(int row) const { return start + static_cast<long long>(row) * columns; }
};

struct ConvolutionShape {
  int N, H, W, C, KH, KW, P, Q, O, G;
  Divisor by_C, by_O, by_KW, by_P, by_Q;  // by_C and by_O: the channels of one group
  int stride_h, stride_w, dilation_h, dilation_w, top, left;  // top and left: the padding before
  int period_h, period_w;  // stride / gcd(stride, dilation): how far apart the taps are that meet one residue of rows
};

// y[(n, p, q), o] = sum over (i, j, c) of x[n, p * stride + i * dilation - top, .., c] * w[i, j, c, o]
struct Convolution {
  using Shape = ConvolutionShape;
  using Left = LeftPatches;
  using Right = RightDense<ACROSS_K>;
  const Shape& at;
  int group, channels, rows, columns, depth;
  DEVICE Convolution(const Shape& s, int part)
      : at(s), group(part), channels(s.C / s.G), rows(s.N * s.P * s.Q), columns(s.O / s.G), depth(s.KH * s.KW * channels) {}
  DEVICE Left left(const Element* x, int row0) const {
    return {{x + group * channels, at.H, at.W, at.C, at.by_C, at.by_P, at.by_Q, at.by_KW, at.stride_h, at.stride_w, -at.top,
             -at.left, at.dilation_h, at.dilation_w}, row0, rows, depth};
  }
  DEVICE Right right(const Element* w, int column0) const {
    return {w + group * columns, at.O, column0, columns, depth};
  }
  DEVICE int first_channel() const { return group * columns; }
  DEVICE long long offset(int row) const { return static_cast<long long>(row) * at.O + group * columns; }
};

// dw[(i, j, c), o] = sum over (n, p, q) of x[n, p * stride + i * dilation - top, .., c] * dy[n, p, q, o]
struct FilterGradient {
  using Shape = ConvolutionShape;
  using Left = LeftPatchesTransposed;
  using Right = RightDense<ACROSS_K>;
  const Shape& at;
  int group, channels, rows, columns, depth;
  DEVICE FilterGradient(const Shape& s, int part)
      : at(s), group(part), channels(s.C / s.G), rows(s.KH * s.KW * channels), columns(s.O / s.G), depth(s.N * s.P * s.Q) {}
  DEVICE Left left(const Element* x, int row0) const {
    return {{x + group * channels, at.H, at.W, at.C, at.by_C, at.by_P, at.by_Q, at.by_KW, at.stride_h, at.stride_w, -at.top,
             -at.left, at.dilation_h, at.dilation_w}, row0, rows, depth};
  }
  DEVICE Right right(const Element* dy, int column0) const {
    return {dy + group * columns, at.O, column0, columns, depth};
  }
  DEVICE int first_channel() const { return 0; }
  DEVICE long long offset(int row) const { return static_cast<long long>(row) * at.O + group * columns; }
};

// One dimension of an input gradient, for the rows h = first, first + stride, ..: they meet the taps i = tap,
// tap + period, .. only, in the rows (first + u * stride + before - i * dilation) / stride of dy, without remainder.
struct Residue {
  int count, tap, taps, origin, step;  // of rows; first tap; of taps; row of dy for u = 0 and that tap; to the next tap
  DEVICE Residue(int first, int size, int window, int stride, int dilation, int before, int period) {
    count = first < size ? (size - first + stride - 1) / stride : 0;
    tap = 0;
    while (tap < window && (first + before - tap * dilation) % stride != 0) ++tap;
    taps = tap < window ? (window - 1 - tap) / period + 1 : 0;
    origin = (first + before - tap * dilation) / stride;
    step = -(dilation * period / stride);
  }
};

// dx[(n, h, w), c] = sum over (i, j, o) of dy[n, (h + top - i * dilation) / stride, .., o] * w[i, j, c, o], where that
// divides: a product of its own for each residue of h and w modulo the stride, so that no tap is multiplied by zero but
// at the edges of dy (where an infinite filter hence gives NaN, as it does in the forward product's padding).
struct InputGradient {
  using Shape = ConvolutionShape;
  using Left = LeftPatches;
  using Right = RightFilter;
  const Shape& at;
  int group, first_h, first_w;
  Residue in_h, in_w;
  int channels, rows, columns, depth;
  Divisor by_width, by_height, by_taps;
  DEVICE InputGradient(const Shape& s, int part)
      : at(s), group(part % s.G), first_h(part / s.G / min(s.stride_w, s.W)),
        first_w(part / s.G % min(s.stride_w, s.W)),
        in_h(first_h, s.H, s.KH, s.stride_h, s.dilation_h, s.top, s.period_h),
        in_w(first_w, s.W, s.KW, s.stride_w, s.dilation_w, s.left, s.period_w),
        channels(s.O / s.G), rows(s.N * in_h.count * in_w.count), columns(s.C / s.G),
        depth(in_h.taps * in_w.taps * channels), by_width(divisor_of(in_w.count)), by_height(divisor_of(in_h.count)),
        by_taps(divisor_of(in_w.taps)) {}
  DEVICE Left left(const Element* dy, int row0) const {
    return {{dy + group * channels, at.P, at.Q, at.O, at.by_O, by_height, by_width, by_taps, 1, 1, in_h.origin,
             in_w.origin, in_h.step, in_w.step}, row0, rows, depth};
  }
  DEVICE Right right(const Element* w, int column0) const {
    return {w + group * channels, at.by_O, by_taps, at.KW, at.O, in_h.tap, in_w.tap, at.period_h, at.period_w,
            column0, columns, depth};
  }
  DEVICE int first_channel() const { return 0; }
  DEVICE long long offset(int row) const {
    const int line = by_width.quotient(row), n = by_height.quotient(line);
    const int h = first_h + by_height.remainder(line, n) * at.stride_h;
    const int w = first_w + by_width.remainder(row, line) * at.stride_w;
    return static_cast<long long>((n * at.H + h) * at.W + w) * at.C + group * columns;
  }
};

using Problem = PROBLEM;

// ---- The main loop ----------------------------------------------------------------------------------------------------

using Left = Problem::Left;
using Right = Problem::Right;
constexpr int STAGE = Left::panel::SIZE + Right::panel::SIZE;  // elements of shared memory

template <class A> using Sums = Total[WM / A::ROWS][WN / A::COLUMNS][A::VALUES];

DEVICE int warp_row() { return threadIdx.x / 32 / (BN / WN) * WM; }
DEVICE int warp_column() { return threadIdx.x / 32 % (BN / WN) * WN; }

// sums += this warp's part of the product of two panels.
template <class A>
DEVICE void multiply_panels(const Element* left, const Element* right, Sums<A>& sums) {
#pragma unroll
  for (int k = 0; k < BK; k += A::DEPTH) {
    typename A::Right b[WN / A::COLUMNS];
#pragma unroll
    for (int j = 0; j < WN / A::COLUMNS; ++j)
      A::template load<typename Right::panel>(b[j], right, warp_column() + j * A::COLUMNS, k);
#pragma unroll
    for (int i = 0; i < WM / A::ROWS; ++i) {
      typename A::Left a;
      A::template load<typename Left::panel>(a, left, warp_row() + i * A::ROWS, k);
      A::multiply(sums[i], a, b);
    }
  }
}

// sums = the product over the tiles begin <= tile < end of k. `shared` holds STAGES stages of both panels.
template <class A>
DEVICE void multiply_tiles(Element* shared, const Left& left, const Right& right, int begin, int end, Sums<A>& sums) {
#pragma unroll
  for (int i = 0; i < WM / A::ROWS; ++i)
#pragma unroll
    for (int j = 0; j < WN / A::COLUMNS; ++j)
#pragma unroll
      for (int e = 0; e < A::VALUES; ++e) sums[i][j][e] = Total(0);
#pragma unroll
  for (int s = 0; s < STAGES - 1; ++s) {
    if (begin + s < end) {
      left.issue(shared + s * STAGE, begin + s);
      right.issue(shared + s * STAGE + Left::panel::SIZE, begin + s);
    }
    cp_async_commit();
  }
  int reading = 0, writing = STAGES - 1;
  for (int tile = begin; tile < end; ++tile) {
    cp_async_wait<STAGES - 2>();
    __syncthreads();  // the stage to read has come for every thread, and every thread has done with the one to write
    if (tile + STAGES - 1 < end) {
      left.issue(shared + writing * STAGE, tile + STAGES - 1);
      right.issue(shared + writing * STAGE + Left::panel::SIZE, tile + STAGES - 1);
    }
    cp_async_commit();  // empty at the end, so that the count of groups goes on
    multiply_panels<A>(shared + reading * STAGE, shared + reading * STAGE + Left::panel::SIZE, sums);
    reading = reading + 1 == STAGES ? 0 : reading + 1;
    writing = writing + 1 == STAGES ? 0 : writing + 1;
  }
}

template <class A>
DEVICE bool all_finite(const Sums<A>& sums) {
  bool finite = true;
#pragma unroll
  for (int i = 0; i < WM / A::ROWS; ++i)
#pragma unroll
    for (int j = 0; j < WN / A::COLUMNS; ++j)
#pragma unroll
      for (int e = 0; e < A::VALUES; ++e) finite = finite && fabs(sums[i][j][e]) <= 3.402823466e38f;
  return finite;
}

// Where an arithmetic is right for finite numbers only and a sum of the block is inf or NaN, all are computed again as
// IEEE float32 has it. The main loop pays nothing for it.
template <class A>
DEVICE void mend_tiles(Element* shared, const Left& left, const Right& right, int begin, int end, Sums<A>& sums) {
  if constexpr (A::FINITE)
    if (any_in_block(!all_finite<A>(sums))) multiply_tiles<Fma<Element>>(shared, left, right, begin, end, sums);
}

// ---- The results ------------------------------------------------------------------------------------------------------

#if SPLIT
using Stored = Total;
#else
using Stored = Element;
#endif

template <class T, int COUNT> struct alignas(sizeof(T) * COUNT) Neighbours { T x[COUNT]; };

// out[at ..] = the activation of sum + bias, or the bare sum where reduce.cu adds up the splits. `columns` are there.
DEVICE void store(Stored* out, const Total (&sum)[2], const Element* bias, bool accumulate, int columns) {
  Neighbours<Stored, 2> result;
#pragma unroll
  for (int e = 0; e < 2; ++e) {
    if (e >= columns) break;
#if SPLIT
    result.x[e] = sum[e];
#else
    Total value = sum[e];
    if (bias) value += widened(bias[e]);
    if (accumulate) value += widened(out[e]);
    result.x[e] = Narrowed<Stored>::from(ACTIVATION::of(value));
#endif
  }
  if (VECTOR_OUT == 2) {
    *reinterpret_cast<Neighbours<Stored, 2>*>(out) = result;
  } else {
#pragma unroll
    for (int e = 0; e < 2; ++e)
      if (e < columns) out[e] = result.x[e];
  }
}

template <class A>
DEVICE void store_tile(const Problem& problem, const Sums<A>& sums, const Element* bias, Stored* out, bool accumulate,
                       int row0, int column0) {
#pragma unroll
  for (int i = 0; i < WM / A::ROWS; ++i)
#pragma unroll
    for (int h = 0; h < A::VALUES; h += 2) {
      const int row = row0 + warp_row() + i * A::ROWS + lane_group() + 4 * h;
      if (row >= problem.rows) continue;
      Stored* line = out + problem.offset(row);
#pragma unroll
      for (int j = 0; j < WN / A::COLUMNS; ++j) {
        const int column = column0 + warp_column() + j * A::COLUMNS + 2 * lane_in_group();
        const Total pair[2] = {sums[i][j][h], sums[i][j][h + 1]};
        if (column < problem.columns)
          store(line + column, pair, bias ? bias + problem.first_channel() + column : nullptr, accumulate,
                problem.columns - column);
      }
    }
}

// ---- The kernel -------------------------------------------------------------------------------------------------------

struct Schedule {
  long long split_step;   // elements of the workspace from one split to the next
  int row_tiles, column_tiles, splits, accumulate;
};

constexpr int TILES_DOWN = 8;  // blocks near in time share rows and columns, so that L2 serves them

extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS_PER_PROCESSOR)
product(const Element* a, const Element* b, const Element* bias, Stored* out,
        const __grid_constant__ Problem::Shape shape, const __grid_constant__ Schedule schedule) {
  DYNAMIC_SHARED(dynamic);
  Element* shared = reinterpret_cast<Element*>(dynamic);
  const int tiles = schedule.row_tiles * schedule.column_tiles;
  const int tile = blockIdx.x % tiles, split = blockIdx.x / tiles % schedule.splits;
  const Problem problem(shape, blockIdx.x / tiles / schedule.splits);

  const int band = tile / (TILES_DOWN * schedule.column_tiles), in_band = tile % (TILES_DOWN * schedule.column_tiles);
  const int band_height = min(TILES_DOWN, schedule.row_tiles - band * TILES_DOWN);
  const int row0 = (band * TILES_DOWN + in_band % band_height) * BM, column0 = in_band / band_height * BN;
  if (row0 >= problem.rows) return;  // a residue class may have fewer rows than the largest, which sets the grid

  const Left left = problem.left(a, row0);
  const Right right = problem.right(b, column0);
  const int depth_tiles = (problem.depth + BK - 1) / BK, per_split = (depth_tiles + schedule.splits - 1) / schedule.splits;
  const int begin = min(split * per_split, depth_tiles), end = min(begin + per_split, depth_tiles);
  out += split * schedule.split_step;

  Sums<Arithmetic> sums;
  multiply_tiles<Arithmetic>(shared, left, right, begin, end, sums);
  mend_tiles<Arithmetic>(shared, left, right, begin, end, sums);
  store_tile<Arithmetic>(problem, sums, bias, out, schedule.accumulate, row0, column0);
}
