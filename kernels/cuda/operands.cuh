// How a block's tiles of the two operands come from global into shared memory.
//
// Every product of this family is out[row, column] = sum over k of left[row, k] * right[k, column]. An operand's tile has
// `ROWS` of its own index (rows of the left, columns of the right operand) and DEPTH of k. A panel is such a tile in
// shared memory: lines of neighbours in memory, along k or across it, as the operand lies in global memory. A loader
// knows where an operand's elements are; `issue(panel, tile)` starts the copies of the tile at k = tile * DEPTH, with
// zeros for what lies outside. Loaders keep no state, so any tile may be asked for at any time.
#pragma once
#include "elements.cuh"

enum Order { ALONG_K, ACROSS_K };  // the direction in which an operand's neighbours in memory lie

template <class T, Order ORDER, int ROWS_, int DEPTH>
struct Panel {
  static constexpr int ROWS = ROWS_;
  static constexpr bool ALONG = ORDER == ALONG_K;
  static constexpr int LINES = ALONG ? ROWS : DEPTH, LENGTH = ALONG ? DEPTH : ROWS;
  // Lines are padded so that a warp reads a fragment without bank conflicts: neighbouring lines begin 4 banks apart
  // (ALONG_K: 8 lines of 4 words; 16-bit: of 16 bytes) or 8 banks apart (ACROSS_K, 32-bit: 4 lines of 8 words).
  static constexpr int PADDING = (sizeof(T) == 2 || (sizeof(T) == 4 && ALONG) ? 16 : 32) / sizeof(T);
  static constexpr int PITCH = LENGTH + PADDING, SIZE = LINES * PITCH;
  static DEVICE int at(int row, int k) { return ALONG ? row * PITCH + k : k * PITCH + row; }
};

// Which parts of a panel this thread copies: VECTOR neighbours of each of COUNT lines.
template <class PANEL, int VECTOR, int THREADS>
struct Share {
  static constexpr int PER_LINE = PANEL::LENGTH / VECTOR, STEP = THREADS / PER_LINE;
  static constexpr int COUNT = (PANEL::LINES + STEP - 1) / STEP;
  static_assert(PANEL::LENGTH % VECTOR == 0 && THREADS % PER_LINE == 0, "threads must divide evenly among a panel's lines");
  int line0, start;
  DEVICE Share() : line0(threadIdx.x / PER_LINE), start(threadIdx.x % PER_LINE * VECTOR) {}
  DEVICE int line(int i) const { return line0 + i * STEP; }
  DEVICE bool has(int i) const { return PANEL::LINES % STEP == 0 || line(i) < PANEL::LINES; }
};

template <int VECTOR, class T>
DEVICE void copy(T* destination, const T* source, bool present) {
  if constexpr (VECTOR * sizeof(T) >= 4)
    cp_async<VECTOR * sizeof(T)>(destination, source, present);
  else  // a single 16-bit element: there is no such cp.async
    *destination = present ? *source : T{0};
}

// A matrix in memory whose lines (rows if ALONG_K, else ks) are `pitch` elements apart.
template <class T, Order ORDER, int ROWS, int DEPTH, int VECTOR, int THREADS>
struct Dense {
  using panel = Panel<T, ORDER, ROWS, DEPTH>;
  Share<panel, VECTOR, THREADS> share;
  const T* origin;
  long long pitch;
  int row0, rows, depth;
  DEVICE Dense(const T* origin_, long long pitch_, int row0_, int rows_, int depth_)
      : origin(origin_), pitch(pitch_), row0(row0_), rows(rows_), depth(depth_) {}
  DEVICE void issue(T* to, int tile) const {
#pragma unroll
    for (int i = 0; i < share.COUNT; ++i) {
      const int line = share.line(i);
      const int row = row0 + (panel::ALONG ? line : share.start), k = tile * DEPTH + (panel::ALONG ? share.start : line);
      const bool present = row < rows && k < depth;
      const long long offset = panel::ALONG ? row * pitch + k : k * pitch + row;
      if (share.has(i)) copy<VECTOR>(to + line * panel::PITCH + share.start, present ? origin + offset : origin, present);
    }
  }
};

// Which cells of an NHWC image a convolution's pixels and taps meet in: pixel (u, v) of image n and tap (i, j) meet at
// row u * stride_h + origin_h + i * step_h and column v * stride_w + origin_w + j * step_w, or outside, in zeros.
template <class T>
struct Meeting {
  const T* image;
  int height, width;                // of the image
  int pitch;                        // elements from one cell to the next
  Divisor channels;                 // those of a cell that are used
  Divisor pixels_h, pixels_w;       // per image
  Divisor taps_w;
  int stride_h, stride_w, origin_h, origin_w, step_h, step_w;
};

// left[pixel, (tap, channel)]: the image as an implicit matrix of patches, ALONG_K.
template <class T, int ROWS, int DEPTH, int VECTOR, int THREADS>
struct Patches {
  using panel = Panel<T, ALONG_K, ROWS, DEPTH>;
  Share<panel, VECTOR, THREADS> share;
  const Meeting<T> at;
  int depth;
  int h[Share<panel, VECTOR, THREADS>::COUNT], w[Share<panel, VECTOR, THREADS>::COUNT];
  int cell[Share<panel, VECTOR, THREADS>::COUNT];  // (n * height + h) * width + w
  DEVICE Patches(const Meeting<T>& at_, int row0, int rows, int depth_)
      : at(at_), depth(depth_) {
#pragma unroll
    for (int i = 0; i < share.COUNT; ++i) {
      const int pixel = row0 + share.line(i);
      const int line = at.pixels_w.quotient(pixel), n = at.pixels_h.quotient(line);
      const bool exists = pixel < rows;
      h[i] = exists ? at.pixels_h.remainder(line, n) * at.stride_h + at.origin_h : -(1 << 30);  // far above every image
      w[i] = at.pixels_w.remainder(pixel, line) * at.stride_w + at.origin_w;
      cell[i] = exists ? (n * at.height + h[i]) * at.width + w[i] : 0;
    }
  }
  DEVICE void issue(T* to, int tile) const {
    const int k = tile * DEPTH + share.start, tap = at.channels.quotient(k), channel = at.channels.remainder(k, tap);
    const int i_tap = at.taps_w.quotient(tap), j_tap = at.taps_w.remainder(tap, i_tap);
    const int down = i_tap * at.step_h, right = j_tap * at.step_w, shift = down * at.width + right;
#pragma unroll
    for (int i = 0; i < share.COUNT; ++i) {
      const bool present = k < depth && static_cast<u32>(h[i] + down) < static_cast<u32>(at.height) &&
                           static_cast<u32>(w[i] + right) < static_cast<u32>(at.width);
      const long long offset = static_cast<long long>(cell[i] + shift) * at.pitch + channel;
      if (share.has(i))
        copy<VECTOR>(to + share.line(i) * panel::PITCH + share.start, present ? at.image + offset : at.image, present);
    }
  }
};

// left[(tap, channel), pixel]: the same matrix transposed, ACROSS_K, as the filter's gradient sums over pixels.
template <class T, int ROWS, int DEPTH, int VECTOR, int THREADS>
struct PatchesTransposed {
  using panel = Panel<T, ACROSS_K, ROWS, DEPTH>;
  Share<panel, VECTOR, THREADS> share;
  const Meeting<T> at;
  int depth, down, right, channel;
  bool exists;
  DEVICE PatchesTransposed(const Meeting<T>& at_, int row0, int rows, int depth_)
      : at(at_), depth(depth_) {
    const int row = row0 + share.start, tap = at.channels.quotient(row), i_tap = at.taps_w.quotient(tap);
    channel = at.channels.remainder(row, tap);
    down = i_tap * at.step_h + at.origin_h;
    right = at.taps_w.remainder(tap, i_tap) * at.step_w + at.origin_w;
    exists = row < rows;
  }
  DEVICE void issue(T* to, int tile) const {
#pragma unroll
    for (int i = 0; i < share.COUNT; ++i) {
      const int pixel = tile * DEPTH + share.line(i);
      const int line = at.pixels_w.quotient(pixel), n = at.pixels_h.quotient(line);
      const int h = at.pixels_h.remainder(line, n) * at.stride_h + down;
      const int w = at.pixels_w.remainder(pixel, line) * at.stride_w + right;
      const bool present = exists && pixel < depth && static_cast<u32>(h) < static_cast<u32>(at.height) &&
                           static_cast<u32>(w) < static_cast<u32>(at.width);
      const long long offset = static_cast<long long>((n * at.height + h) * at.width + w) * at.pitch + channel;
      if (share.has(i))
        copy<VECTOR>(to + share.line(i) * panel::PITCH + share.start, present ? at.image + offset : at.image, present);
    }
  }
};

// right[(tap, output channel), input channel] of a filter [KH, KW, C, O], of the taps first + i * period only: ALONG_K.
template <class T, int ROWS, int DEPTH, int VECTOR, int THREADS>
struct FilterTransposed {
  using panel = Panel<T, ALONG_K, ROWS, DEPTH>;
  Share<panel, VECTOR, THREADS> share;
  const T* filter;
  const Divisor by_channels, by_taps;
  int width, pitch;  // taps in a row of the whole filter; elements from one input channel to the next
  int first_h, first_w, period_h, period_w;
  int row0, rows, depth;
  DEVICE FilterTransposed(const T* filter_, const Divisor& channels, const Divisor& taps_w, int width_, int pitch_, int first_h_, int first_w_,
                          int period_h_, int period_w_, int row0_, int rows_, int depth_)
      : filter(filter_), by_channels(channels), by_taps(taps_w), width(width_), pitch(pitch_), first_h(first_h_),
        first_w(first_w_), period_h(period_h_), period_w(period_w_), row0(row0_), rows(rows_), depth(depth_) {}
  DEVICE void issue(T* to, int tile) const {
    const int k = tile * DEPTH + share.start, tap = by_channels.quotient(k), channel = by_channels.remainder(k, tap);
    const int i_tap = by_taps.quotient(tap), j_tap = by_taps.remainder(tap, i_tap);
    const int cell = (first_h + i_tap * period_h) * width + first_w + j_tap * period_w;
#pragma unroll
    for (int i = 0; i < share.COUNT; ++i) {
      const int row = row0 + share.line(i);
      const bool present = row < rows && k < depth;
      const long long offset = (static_cast<long long>(cell) * rows + row) * pitch + channel;
      if (share.has(i))
        copy<VECTOR>(to + share.line(i) * panel::PITCH + share.start, present ? filter + offset : filter, present);
    }
  }
};
