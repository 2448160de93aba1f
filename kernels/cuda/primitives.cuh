// The hardware, named: every line of PTX that the kernels use is here, and nothing else is.
//
// With CUDA_ON_CPU defined, the tests' host header has given the same names already, and this file is empty. Fragment
// layouts are those of the PTX ISA, "Matrix multiply-accumulate operation using mma instruction"; of a warp's lane,
// g = lane / 4 and t = lane % 4. What a whole warp does together is volatile, so that no compiler moves it into a branch.
#pragma once
#ifndef CUDA_ON_CPU

typedef unsigned int u32;
typedef unsigned short u16;

#define DEVICE __device__ __forceinline__
#define DYNAMIC_SHARED(name) extern __shared__ __align__(128) unsigned char name[]

DEVICE u32 shared_address(const void* p) { return static_cast<u32>(__cvta_generic_to_shared(p)); }

// Starts to copy BYTES (4, 8 or 16, and both addresses multiples of that) from global to shared memory, or zeros where
// `present` is false; `source` is not read then. Before sm_80 the copy is done at once.
template <int BYTES>
DEVICE void cp_async(void* destination, const void* source, bool present) {
  static_assert(BYTES == 4 || BYTES == 8 || BYTES == 16, "cp.async copies 4, 8 or 16 bytes");
#if __CUDA_ARCH__ >= 800
  const int read = present ? BYTES : 0;
  if constexpr (BYTES == 16)  // .cg: past L1, which has nothing to give to data that shared memory will hold
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;\n" ::"r"(shared_address(destination)), "l"(source),
                 "r"(read) : "memory");
  else
    asm volatile("cp.async.ca.shared.global [%0], [%1], %2, %3;\n" ::"r"(shared_address(destination)), "l"(source),
                 "n"(BYTES), "r"(read) : "memory");
#else
#pragma unroll
  for (int i = 0; i < BYTES / 4; ++i)
    static_cast<u32*>(destination)[i] = present ? static_cast<const u32*>(source)[i] : 0u;
#endif
}

// Closes the group of copies that this thread started since the last one.
DEVICE void cp_async_commit() {
#if __CUDA_ARCH__ >= 800
  asm volatile("cp.async.commit_group;\n" ::: "memory");
#endif
}

// Waits until no more than the PENDING latest groups of this thread's copies are under way.
template <int PENDING>
DEVICE void cp_async_wait() {
#if __CUDA_ARCH__ >= 800
  asm volatile("cp.async.wait_group %0;\n" ::"n"(PENDING) : "memory");
#endif
}

// x rounded to TF32's 11 significant bits, to nearest and ties away from zero; the 13 bits below are zero.
DEVICE u32 to_tf32(float x) {
  u32 bits;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(x));
  return bits;
}

DEVICE float f16_to_float(u16 bits) {
  float x;
  asm("cvt.f32.f16 %0, %1;" : "=f"(x) : "h"(bits));
  return x;
}

// To nearest, ties to even; beyond the largest float16: infinity.
DEVICE u16 float_to_f16(float x) {
  u16 bits;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(x));
  return bits;
}

// d[16, 8] += a[16, 8] b[8, 8] of TF32, by a warp. A lane holds
//   a: {(g, t), (g + 8, t), (g, t + 4), (g + 8, t + 4)}    as (row, k)
//   b: {(t, g), (t + 4, g)}                                 as (k, column)
//   d: {(g, 2t), (g, 2t + 1), (g + 8, 2t), (g + 8, 2t + 1)} as (row, column)
DEVICE void mma_tf32_16x8x8(float (&d)[4], const u32 (&a)[4], const u32 (&b)[2]) {
  asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 "
      "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};\n"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

// d[16, 8] += a[16, 16] b[16, 8] of float16, by a warp. d as above; a register holds two neighbours in k, the lower
// one in its lower half:
//   a: {(g, 2t..), (g + 8, 2t..), (g, 2t + 8..), (g + 8, 2t + 8..)} as (row, k)
//   b: {(2t.., g), (2t + 8.., g)}                                   as (k, column)
DEVICE void mma_f16_16x8x16(float (&d)[4], const u32 (&a)[4], const u32 (&b)[2]) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
      "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};\n"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

// As mma_f16_16x8x16, of bfloat16.
DEVICE void mma_bf16_16x8x16(float (&d)[4], const u32 (&a)[4], const u32 (&b)[2]) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
      "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};\n"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

// d[8, 8] += a[8, 4] b[4, 8] of float64, by a warp. A lane holds a: (g, t), b: (t, g), d: {(g, 2t), (g, 2t + 1)}.
DEVICE void mma_f64_8x8x4(double (&d)[2], const double (&a)[1], const double (&b)[1]) {
  asm volatile("mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64 {%0, %1}, {%2}, {%3}, {%0, %1};\n"
      : "+d"(d[0]), "+d"(d[1])
      : "d"(a[0]), "d"(b[0]));
}

// Loads COUNT (2 or 4) 8 x 8 matrices of 16-bit elements from shared memory, by a warp. Lane 8 i + r gives the address
// of row r of matrix i: eight elements, 16-byte aligned (with two matrices the addresses of lanes 16 to 31 are not
// read). Register i then holds elements (g, 2t) and (g, 2t + 1) of matrix i, the first in its lower half; or, with
// TRANSPOSED, elements (2t, g) and (2t + 1, g).
template <int COUNT, bool TRANSPOSED>
DEVICE void ldmatrix(u32 (&d)[COUNT], const void* row) {
  static_assert(COUNT == 2 || COUNT == 4, "ldmatrix loads two or four matrices here");
  const u32 address = shared_address(row);
  if constexpr (COUNT == 4 && TRANSPOSED)
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];\n"
                 : "=r"(d[0]), "=r"(d[1]), "=r"(d[2]), "=r"(d[3]) : "r"(address) : "memory");
  else if constexpr (COUNT == 4)
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];\n"
                 : "=r"(d[0]), "=r"(d[1]), "=r"(d[2]), "=r"(d[3]) : "r"(address) : "memory");
  else if constexpr (TRANSPOSED)
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];\n"
                 : "=r"(d[0]), "=r"(d[1]) : "r"(address) : "memory");
  else
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0, %1}, [%2];\n"
                 : "=r"(d[0]), "=r"(d[1]) : "r"(address) : "memory");
}

// A barrier of the block that tells every thread whether `condition` holds for any.
DEVICE bool any_in_block(bool condition) { return __syncthreads_or(condition); }

#endif  // CUDA_ON_CPU
