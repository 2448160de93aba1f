// Adds up the splits of a product, always in the same order: out[i] = activation(sum over s of partial[s, i] + bias).
//
// Chosen by macros: ELEMENT and ACTIVATION (elements.cuh).
#include "elements.cuh"

using Element = ELEMENT;
using Total = Sum<Element>;

extern "C" __global__ void __launch_bounds__(256)
reduce(const Total* partial, const Element* bias, Element* out, long long size, int splits, int channels, int accumulate) {
  const long long step = static_cast<long long>(gridDim.x) * blockDim.x;
  for (long long i = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x; i < size; i += step) {
    Total value = partial[i];
    for (int s = 1; s < splits; ++s) value += partial[s * size + i];
    if (bias) value += widened(bias[i % channels]);
    if (accumulate) value += widened(out[i]);
    out[i] = Narrowed<Element>::from(ACTIVATION::of(value));
  }
}
