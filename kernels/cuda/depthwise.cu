// Depthwise convolution and its gradients, directly: each channel c of C has M filters of its own, and makes the output
// channels c * M to c * M + M - 1. Few products per element read, so these are bound by memory and tensor cores would
// gain nothing. Neighbouring threads take neighbouring channels, which are neighbours in memory.
//
// Chosen by macros: ELEMENT and ACTIVATION (elements.cuh).
#include "elements.cuh"

using Element = ELEMENT;
using Total = Sum<Element>;

struct DepthwiseShape {
  int N, H, W, C, KH, KW, P, Q, M;
  int stride_h, stride_w, dilation_h, dilation_w, top, left;
};

DEVICE long long first_index() { return static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x; }
DEVICE long long index_step() { return static_cast<long long>(gridDim.x) * blockDim.x; }

// y[n, p, q, c * M + m] = sum over (i, j) of x[n, p * stride + i * dilation - top, .., c] * w[i, j, c, m]
extern "C" __global__ void __launch_bounds__(256)
depthwise(const Element* x, const Element* w, const Element* bias, Element* y, const __grid_constant__ DepthwiseShape at) {
  const int channels = at.C * at.M;
  const long long size = static_cast<long long>(at.N) * at.P * at.Q * channels;
  for (long long index = first_index(); index < size; index += index_step()) {
    const int channel = index % channels, c = channel / at.M, pixel = index / channels;
    const int q = pixel % at.Q, p = pixel / at.Q % at.P, n = pixel / at.Q / at.P;
    Total sum = 0;
    for (int i = 0; i < at.KH; ++i) {
      const int h = p * at.stride_h + i * at.dilation_h - at.top;
      if (h < 0 || h >= at.H) continue;
      for (int j = 0; j < at.KW; ++j) {
        const int v = q * at.stride_w + j * at.dilation_w - at.left;
        if (v < 0 || v >= at.W) continue;
        const long long cell = static_cast<long long>(n * at.H + h) * at.W + v;
        sum = fma(widened(x[cell * at.C + c]), widened(w[static_cast<long long>(i * at.KW + j) * channels + channel]), sum);
      }
    }
    if (bias) sum += widened(bias[channel]);
    y[index] = Narrowed<Element>::from(ACTIVATION::of(sum));
  }
}

// dx[n, h, w, c] = sum over (i, j, m) of dy[n, (h + top - i * dilation) / stride, .., c * M + m] * w[i, j, c, m]
extern "C" __global__ void __launch_bounds__(256)
depthwise_input_grad(const Element* w, const Element* dy, Element* dx, const __grid_constant__ DepthwiseShape at) {
  const int channels = at.C * at.M;
  const long long size = static_cast<long long>(at.N) * at.H * at.W * at.C;
  for (long long index = first_index(); index < size; index += index_step()) {
    const int c = index % at.C, cell = index / at.C;
    const int v = cell % at.W, h = cell / at.W % at.H, n = cell / at.W / at.H;
    Total sum = 0;
    for (int i = 0; i < at.KH; ++i) {
      const int down = h + at.top - i * at.dilation_h, p = down / at.stride_h;
      if (down < 0 || down % at.stride_h != 0 || p >= at.P) continue;
      for (int j = 0; j < at.KW; ++j) {
        const int right = v + at.left - j * at.dilation_w, q = right / at.stride_w;
        if (right < 0 || right % at.stride_w != 0 || q >= at.Q) continue;
        const Element* y = dy + (static_cast<long long>(n * at.P + p) * at.Q + q) * channels + c * at.M;
        const Element* filter = w + static_cast<long long>(i * at.KW + j) * channels + c * at.M;
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
  const int pixels = at.N * at.P * at.Q, per_split = (pixels + splits - 1) / splits;
  const int begin = min(split * per_split, pixels), end = min(begin + per_split, pixels);

  Total sum = 0;
  if (channel < channels)
    for (int pixel = begin + lane; pixel < end; pixel += 8) {
      const int q = pixel % at.Q, p = pixel / at.Q % at.P, n = pixel / at.Q / at.P;
      const int h = p * at.stride_h + i * at.dilation_h - at.top, v = q * at.stride_w + j * at.dilation_w - at.left;
      if (h < 0 || h >= at.H || v < 0 || v >= at.W) continue;
      const long long cell = static_cast<long long>(n * at.H + h) * at.W + v;
      sum = fma(widened(x[cell * at.C + channel / at.M]), widened(dy[static_cast<long long>(pixel) * channels + channel]), sum);
    }
  sums[lane][threadIdx.x % 32] = sum;
  __syncthreads();
  if (lane == 0 && channel < channels) {
    for (int k = 1; k < 8; ++k) sum += sums[k][threadIdx.x];
    partial[(static_cast<long long>(split) * taps + tap) * channels + channel] = sum;
  }
}
