// Depthwise convolution and its gradients, directly: each channel c of C has M filters of its own, and makes the output
// channels c * M to c * M + M - 1. Few products per element read, so these are bound by memory and tensor cores would
// gain nothing. Neighbouring threads take neighbouring channels, which are neighbours in memory. Arrays have less than
// 2**31 elements, so that all indices are divided in 32 bits.
//
// Chosen by macros: ELEMENT and ACTIVATION (elements.cuh).
#include "elements.cuh"

using Element = ELEMENT;
using Total = Sum<Element>;

struct DepthwiseShape {
  int N, H, W, C, KH, KW, P, Q, M;
  Divisor by_H, by_W, by_C, by_P, by_Q, by_M, by_CM;
  int stride_h, stride_w, dilation_h, dilation_w, top, left;
};

DEVICE u32 first_index() { return blockIdx.x * blockDim.x + threadIdx.x; }
DEVICE u32 index_step() { return gridDim.x * blockDim.x; }

// A cell (n, row, column) of an image batch, and what is at it.
struct Cell {
  int n, row, column, channel;
  DEVICE Cell(int index, const Divisor& channels, const Divisor& width, const Divisor& height) {
    const int cell = channels.quotient(index), line = width.quotient(cell);
    channel = channels.remainder(index, cell);
    column = width.remainder(cell, line);
    n = height.quotient(line);
    row = height.remainder(line, n);
  }
};

// y[n, p, q, c * M + m] = sum over (i, j) of x[n, p * stride + i * dilation - top, .., c] * w[i, j, c, m]
extern "C" __global__ void __launch_bounds__(256)
depthwise(const Element* x, const Element* w, const Element* bias, Element* y, const __grid_constant__ DepthwiseShape at) {
  const int channels = at.C * at.M;
  const u32 size = at.N * at.P * at.Q * channels;
  for (u32 index = first_index(); index < size; index += index_step()) {
    const Cell y_cell(index, at.by_CM, at.by_Q, at.by_P);
    const int c = at.by_M.quotient(y_cell.channel);
    Total sum = 0;
    for (int i = 0; i < at.KH; ++i) {
      const int h = y_cell.row * at.stride_h + i * at.dilation_h - at.top;
      if (h < 0 || h >= at.H) continue;
      for (int j = 0; j < at.KW; ++j) {
        const int v = y_cell.column * at.stride_w + j * at.dilation_w - at.left;
        if (v < 0 || v >= at.W) continue;
        const Element from_x = x[((y_cell.n * at.H + h) * at.W + v) * at.C + c];
        sum = fma(widened(from_x), widened(w[(i * at.KW + j) * channels + y_cell.channel]), sum);
      }
    }
    if (bias) sum += widened(bias[y_cell.channel]);
    y[index] = Narrowed<Element>::from(ACTIVATION::of(sum));
  }
}

// dx[n, h, w, c] = sum over (i, j, m) of dy[n, (h + top - i * dilation) / stride, .., c * M + m] * w[i, j, c, m]
extern "C" __global__ void __launch_bounds__(256)
depthwise_input_grad(const Element* w, const Element* dy, Element* dx, const __grid_constant__ DepthwiseShape at) {
  const int channels = at.C * at.M;
  const u32 size = at.N * at.H * at.W * at.C;
  for (u32 index = first_index(); index < size; index += index_step()) {
    const Cell x_cell(index, at.by_C, at.by_W, at.by_H);
    Total sum = 0;
    for (int i = 0; i < at.KH; ++i) {
      const int down = x_cell.row + at.top - i * at.dilation_h, p = down / at.stride_h;
      if (down < 0 || down % at.stride_h != 0 || p >= at.P) continue;
      for (int j = 0; j < at.KW; ++j) {
        const int right = x_cell.column + at.left - j * at.dilation_w, q = right / at.stride_w;
        if (right < 0 || right % at.stride_w != 0 || q >= at.Q) continue;
        const Element* y = dy + ((x_cell.n * at.P + p) * at.Q + q) * channels + x_cell.channel * at.M;
        const Element* filter = w + (i * at.KW + j) * channels + x_cell.channel * at.M;
        for (int m = 0; m < at.M; ++m) sum = fma(widened(y[m]), widened(filter[m]), sum);
      }
    }
    dx[index] = Narrowed<Element>::from(sum);
  }
}

// partial[s, i, j, c * M + m] = sum over the pixels (n, p, q) of split s of x[n, p * stride + .., .., c] * dy[n, p, q, ..];
// reduce.cu adds up the splits. A block takes 32 channels of one tap and split, with 8 threads for each channel.
extern "C" __global__ void __launch_bounds__(256)
depthwise_filter_grad(const Element* x, const Element* dy, Total* partial, int splits,
                      const __grid_constant__ DepthwiseShape at) {
  __shared__ Total sums[8][32];
  const int channels = at.C * at.M, strips = (channels + 31) / 32, taps = at.KH * at.KW;
  const int strip = blockIdx.x % strips, tap = blockIdx.x / strips % taps, split = blockIdx.x / strips / taps;
  const int i = tap / at.KW, j = tap % at.KW, channel = strip * 32 + threadIdx.x % 32, lane = threadIdx.x / 32;
  const int c = at.by_M.quotient(channel);
  const int pixels = at.N * at.P * at.Q, per_split = (pixels + splits - 1) / splits;
  const int begin = min(split * per_split, pixels), end = min(begin + per_split, pixels);

  Total sum = 0;
  if (channel < channels)
    for (int pixel = begin + lane; pixel < end; pixel += 8) {
      const int line = at.by_Q.quotient(pixel), n = at.by_P.quotient(line);
      const int h = at.by_P.remainder(line, n) * at.stride_h + i * at.dilation_h - at.top;
      const int v = at.by_Q.remainder(pixel, line) * at.stride_w + j * at.dilation_w - at.left;
      if (h < 0 || h >= at.H || v < 0 || v >= at.W) continue;
      sum = fma(widened(x[((n * at.H + h) * at.W + v) * at.C + c]), widened(dy[pixel * channels + channel]), sum);
    }
  sums[lane][threadIdx.x % 32] = sum;
  __syncthreads();
  if (lane == 0 && channel < channels) {
    for (int k = 1; k < 8; ++k) sum += sums[k][threadIdx.x];
    partial[(static_cast<long long>(split) * taps + tap) * channels + channel] = sum;
  }
}
