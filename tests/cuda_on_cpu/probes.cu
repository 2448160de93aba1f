// Small kernels that ask the machine itself: how it lays out fragments, and whether it notices what is wrong.
#include "elements.cuh"

// --- One warp, one operation: registers come from and go to arrays [32 lanes][registers] ------------------------------

template <int D, int A, int B, class Sum, class Register>
DEVICE void probe_mma(void (*multiply)(Sum (&)[D], const Register (&)[A], const Register (&)[B]), Sum* d,
                      const Register* a, const Register* b) {
  Sum dd[D];
  Register aa[A], bb[B];
  for (int i = 0; i < D; ++i) dd[i] = d[threadIdx.x * D + i];
  for (int i = 0; i < A; ++i) aa[i] = a[threadIdx.x * A + i];
  for (int i = 0; i < B; ++i) bb[i] = b[threadIdx.x * B + i];
  multiply(dd, aa, bb);
  for (int i = 0; i < D; ++i) d[threadIdx.x * D + i] = dd[i];
}
extern "C" __global__ void mma_tf32(float* d, const u32* a, const u32* b) { probe_mma(mma_tf32_16x8x8, d, a, b); }
extern "C" __global__ void mma_f16(float* d, const u32* a, const u32* b) { probe_mma(mma_f16_16x8x16, d, a, b); }
extern "C" __global__ void mma_bf16(float* d, const u32* a, const u32* b) { probe_mma(mma_bf16_16x8x16, d, a, b); }
extern "C" __global__ void mma_f64(double* d, const double* a, const double* b) { probe_mma(mma_f64_8x8x4, d, a, b); }

// rows[32][8] of 16-bit elements are put into shared memory, and loaded `skew` bytes from there.
template <int COUNT, bool TRANSPOSED> DEVICE void probe_ldmatrix(u32* d, const u16* rows, int skew) {
  DYNAMIC_SHARED(shared);
  u16* mine = reinterpret_cast<u16*>(shared) + threadIdx.x * 8;
  for (int i = 0; i < 8; ++i) mine[i] = rows[threadIdx.x * 8 + i];
  __syncwarp();
  u32 registers[COUNT];
  ldmatrix<COUNT, TRANSPOSED>(registers, reinterpret_cast<unsigned char*>(mine) + skew);
  for (int i = 0; i < COUNT; ++i) d[threadIdx.x * COUNT + i] = registers[i];
}
extern "C" __global__ void ldmatrix_2(u32* d, const u16* rows, int skew) { probe_ldmatrix<2, false>(d, rows, skew); }
extern "C" __global__ void ldmatrix_4(u32* d, const u16* rows, int skew) { probe_ldmatrix<4, false>(d, rows, skew); }
extern "C" __global__ void ldmatrix_2t(u32* d, const u16* rows, int skew) { probe_ldmatrix<2, true>(d, rows, skew); }
extern "C" __global__ void ldmatrix_4t(u32* d, const u16* rows, int skew) { probe_ldmatrix<4, true>(d, rows, skew); }

extern "C" __global__ void convert(const float* x, int count, u32* tf32, u16* f16, float* back) {
  for (int i = threadIdx.x; i < count; i += blockDim.x) {
    tf32[i] = to_tf32(x[i]);
    f16[i] = float_to_f16(x[i]);
    back[i] = f16_to_float(f16[i]);
  }
}

extern "C" __global__ void narrow(const float* x, int count, f16* halves, bf16* brains, float* back) {
  for (int i = threadIdx.x; i < count; i += blockDim.x) {
    halves[i] = Narrowed<f16>::from(x[i]);
    brains[i] = Narrowed<bf16>::from(x[i]);
    back[i] = widened(brains[i]);
  }
}

extern "C" __global__ void divide(const int* n, const int* d, int count, int* quotients, int* remainders, Divisor* by) {
  for (int i = threadIdx.x; i < count; i += blockDim.x) {
    by[i] = divisor_of(d[i]);
    quotients[i] = by[i].quotient(n[i]);
    remainders[i] = by[i].remainder(n[i], quotients[i]);
  }
}

// --- Copies -----------------------------------------------------------------------------------------------------------

// Sends words[0], words[1], ... each in a group of its own, waits until PENDING groups are under way, and gives what
// shared memory holds then, where 7s were before. The odd ones are not present where `gaps`.
template <int PENDING> DEVICE void probe_groups(const u32* words, u32* seen, int count, bool gaps) {
  DYNAMIC_SHARED(shared);
  u32* memory = reinterpret_cast<u32*>(shared);
  for (int i = 0; i < count; ++i) memory[i] = 7;
  for (int i = 0; i < count; ++i) {
    cp_async<4>(memory + i, words + i, !(gaps && i % 2));
    cp_async_commit();
  }
  cp_async_wait<PENDING>();
  for (int i = 0; i < count; ++i) seen[i] = memory[i];
}
extern "C" __global__ void groups_all(const u32* words, u32* seen, int count, int gaps) {
  probe_groups<0>(words, seen, count, gaps != 0);
}
extern "C" __global__ void groups_but_2(const u32* words, u32* seen, int count, int gaps) {
  probe_groups<2>(words, seen, count, gaps != 0);
}

// A copy of 16 bytes from words + from to shared memory + to, in words.
extern "C" __global__ void copy_16(const u32* words, u32* seen, int from, int to, int present) {
  DYNAMIC_SHARED(shared);
  cp_async<16>(shared + 4 * to, words + from, present != 0);
  cp_async_commit();
  cp_async_wait<0>();
  for (int i = 0; i < 4; ++i) seen[i] = reinterpret_cast<u32*>(shared)[to + i];
}

// --- Plain accesses ---------------------------------------------------------------------------------------------------

extern "C" __global__ void read_at(const float* x, float* y, int at) { y[0] = x[at]; }
extern "C" __global__ void write_at(float* y, int at) { y[at] = 1.0f; }
extern "C" __global__ void read_vector_at(const float* x, float4* y, int at) {
  *y = *reinterpret_cast<const float4*>(x + at);
}
extern "C" __global__ void read_register(float* y, int at) {
  float registers[4] = {1.0f, 2.0f, 3.0f, 4.0f};
  registers[y != nullptr ? at : 0] += 1.0f;
  y[0] = registers[at & 3];
}
extern "C" __global__ void read_shared(u32* seen, int at, int write) {
  DYNAMIC_SHARED(shared);
  seen[blockIdx.x] = reinterpret_cast<u32*>(shared)[at];
  if (write) reinterpret_cast<u32*>(shared)[at] = 1;
}

extern "C" __global__ void read_static_shared(u32* seen, int at, int write) {
  __shared__ u32 memory[8];
  __shared__ u32 more[4];
  seen[blockIdx.x] = at < 8 ? memory[at] : more[at - 8];
  if (write) (at < 8 ? memory[at] : more[at - 8]) = 1;
}

// --- Threads together -------------------------------------------------------------------------------------------------

extern "C" __global__ void diverge(float* y) {
  float x = threadIdx.x;
  if (threadIdx.x == 5) x = __shfl_xor_sync(0xffffffffu, x, 1);
  else __syncwarp();
  y[threadIdx.x] = x;
}
extern "C" __global__ void half_a_mask(float* y) { y[threadIdx.x] = __shfl_xor_sync(0xffffu, 1.0f, 1); }
extern "C" __global__ void lane_stays_away(float* y) {
  if (threadIdx.x != 7) __syncwarp();
  else __syncthreads();
  y[threadIdx.x] = 1.0f;
}
extern "C" __global__ void return_early(float* y) {
  if (threadIdx.x == 40) return;
  __syncthreads();
  y[threadIdx.x] = 1.0f;
}
extern "C" __global__ void return_from_warp(float* y) {
  if (threadIdx.x == 4) return;
  y[threadIdx.x] = __shfl_xor_sync(0xffffffffu, 1.0f, 1);
}
extern "C" __global__ void barrier_for_some(float* y) {
  if (threadIdx.x < 32) __syncthreads();
  __syncwarp();
  if (threadIdx.x < 32) __syncthreads();
  y[threadIdx.x] = 1.0f;
}

extern "C" __global__ void never_end(volatile float* y) {
  while (y[0] == 0.0f) {
  }
}

// The second warp reads what the first has written; with no barrier, whether it does is a matter of luck.
template <bool SAFE> DEVICE void probe_race(float* y) {
  DYNAMIC_SHARED(shared);
  float* memory = reinterpret_cast<float*>(shared);
  if (threadIdx.x < 32) memory[threadIdx.x] = threadIdx.x;
  if (SAFE) __syncthreads();
  else __syncwarp();
  if (threadIdx.x >= 32) y[threadIdx.x - 32] = memory[threadIdx.x - 32];
}
extern "C" __global__ void race(float* y) { probe_race<false>(y); }
extern "C" __global__ void no_race(float* y) { probe_race<true>(y); }

// A race within a warp: each lane reads its neighbour's word, and lockstep is nothing to count on.
extern "C" __global__ void race_in_warp(float* y, int safe) {
  DYNAMIC_SHARED(shared);
  float* memory = reinterpret_cast<float*>(shared);
  __syncwarp();
  memory[threadIdx.x] = threadIdx.x;
  if (safe) __syncwarp();
  y[threadIdx.x] = memory[threadIdx.x > 0 ? threadIdx.x - 1 : 0];
}

// A buffer that is filled again while slower warps may still read it; `safe` has them wait.
extern "C" __global__ void refill(const float* x, float* y, int rounds, int safe) {
  DYNAMIC_SHARED(shared);
  float* memory = reinterpret_cast<float*>(shared);
  float sum = 0.0f;
  for (int i = 0; i < rounds; ++i) {
    cp_async<4>(memory + threadIdx.x, x + i * blockDim.x + threadIdx.x, true);
    cp_async_commit();
    cp_async_wait<0>();
    __syncthreads();
    sum += memory[blockDim.x - 1 - threadIdx.x];
    if (safe) __syncthreads();
  }
  y[threadIdx.x] = sum;
}

// Sums of a block by shuffles, in a warp and then over warps; `any` asks again and again whether some x is i.
extern "C" __global__ void block_sums(const float* x, float* sums, int* any, int count, int questions) {
  DYNAMIC_SHARED(shared);
  float* of_warp = reinterpret_cast<float*>(shared);
  float sum = 0.0f;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += gridDim.x * blockDim.x) sum += x[i];
  for (int by = 16; by; by /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, by);
  if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = sum;
  __syncthreads();
  float total = threadIdx.x < blockDim.x / 32 ? of_warp[threadIdx.x] : 0.0f;
  for (int by = 16; by; by /= 2) total += __shfl_down_sync(0xffffffffu, total, by);
  if (threadIdx.x == 0) sums[blockIdx.x] = total;
  __syncthreads();
  for (int i = 0; i < questions; ++i) {
    bool answer = any_in_block(static_cast<int>(threadIdx.x) < count && x[threadIdx.x] == i);
    if (threadIdx.x == blockDim.x - 1) any[i] = answer;
  }
}
