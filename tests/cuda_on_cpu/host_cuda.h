// CUDA C++ for a C++ compiler: the language's words, its built-in functions, and the twins of primitives.cuh.
#pragma once
#define CUDA_ON_CPU
#include <stdio.h>  // C's headers only: C++'s take longer to read than a kernel takes to compile
#include <string.h>

#include "runtime.h"

// --- The language -----------------------------------------------------------------------------------------------------

#define __global__
#define __device__
#define __host__
#define __constant__
#define __grid_constant__
#define __forceinline__ inline
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(...)
#define __align__(bytes) alignas(bytes)
#define __shared__ static __attribute__((section("cuda_shared")))

#define threadIdx (cuda_on_cpu::thread->index)
#define blockIdx (cuda_on_cpu::block_index)
#define blockDim (cuda_on_cpu::block_size)
#define gridDim (cuda_on_cpu::grid_size)

struct alignas(8) int2 { int x, y; };
struct alignas(16) int4 { int x, y, z, w; };
struct alignas(8) uint2 { unsigned x, y; };
struct alignas(16) uint4 { unsigned x, y, z, w; };
struct alignas(8) float2 { float x, y; };
struct alignas(16) float4 { float x, y, z, w; };
struct alignas(16) double2 { double x, y; };
static inline uint2 make_uint2(unsigned x, unsigned y) { return {x, y}; }
static inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }
static inline float2 make_float2(float x, float y) { return {x, y}; }
static inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
static inline double2 make_double2(double x, double y) { return {x, y}; }

// --- Built-in functions -----------------------------------------------------------------------------------------------

template <class To, class From> static inline To same_bits(From from) {
    static_assert(sizeof(To) == sizeof(From));
    To to;
    memcpy(&to, &from, sizeof to);
    return to;
}
static inline float __uint_as_float(unsigned bits) { return same_bits<float>(bits); }
static inline float __int_as_float(int bits) { return same_bits<float>(bits); }
static inline unsigned __float_as_uint(float x) { return same_bits<unsigned>(x); }
static inline int __float_as_int(float x) { return same_bits<int>(x); }
static inline double __longlong_as_double(long long bits) { return same_bits<double>(bits); }
static inline long long __double_as_longlong(double x) { return same_bits<long long>(x); }
// CUDA overloads these for float; their names are C's, so they are declared as C's and overloaded here.
#define OVERLOADED(NAME)                                                    \
    extern "C" double NAME(double) noexcept;                                \
    static inline float NAME(float x) { return __builtin_##NAME##f(x); }    \
    static inline float NAME##f(float x) { return __builtin_##NAME##f(x); }
OVERLOADED(exp)
OVERLOADED(expm1)
OVERLOADED(tanh)
OVERLOADED(fabs)
OVERLOADED(sqrt)
extern "C" double fma(double a, double b, double c) noexcept;
static inline float fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
static inline float fmaf(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
static inline float __fmaf_rn(float a, float b, float c) { return fma(a, b, c); }
static inline unsigned __umulhi(unsigned a, unsigned b) { return unsigned((unsigned long long)a * b >> 32); }
template <class T> static inline T __ldg(const T* p) { return *p; }
template <class T> static inline T min(T a, T b) { return b < a ? b : a; }
template <class T> static inline T max(T a, T b) { return a < b ? b : a; }

static inline void __syncthreads() { cuda_on_cpu::barrier(); }
static inline int __syncthreads_or(int condition) { return cuda_on_cpu::barrier(condition); }
static inline void __syncwarp(unsigned mask = ~0u) { cuda_on_cpu::meet("__syncwarp", mask, nullptr, nullptr); }

// Each lane offers a value and takes that of another lane.
template <class T> struct Exchange { T offered, taken; unsigned source; };
template <class T> static T exchange(const char* name, unsigned mask, T value, unsigned source) {
    Exchange<T> mine{value, value, source};
    cuda_on_cpu::meet(name, mask, &mine, [](void* const* lanes) {
        for (int lane = 0; lane < 32; ++lane) {
            auto* one = static_cast<Exchange<T>*>(lanes[lane]);
            if (!one) continue;
            if (!lanes[one->source]) cuda_on_cpu::fail("lane %d takes the value of lane %u, which is not there", lane, one->source);
            one->taken = static_cast<Exchange<T>*>(lanes[one->source])->offered;
        }
    });
    return mine.taken;
}
static inline unsigned lane_index() { return cuda_on_cpu::thread->lane; }
template <class T> static T __shfl_sync(unsigned mask, T value, int source) {
    return exchange("__shfl_sync", mask, value, source & 31);
}
template <class T> static T __shfl_xor_sync(unsigned mask, T value, int bits) {
    return exchange("__shfl_xor_sync", mask, value, lane_index() ^ bits);
}
template <class T> static T __shfl_down_sync(unsigned mask, T value, unsigned by) {
    unsigned source = lane_index() + by;
    return exchange("__shfl_down_sync", mask, value, source < 32 ? source : lane_index());
}

// --- Twins of primitives.cuh ------------------------------------------------------------------------------------------

typedef unsigned int u32;
typedef unsigned short u16;

#define DEVICE inline
#define DYNAMIC_SHARED(name) unsigned char* const name = cuda_on_cpu::dynamic_shared

template <int BYTES> DEVICE void cp_async(void* destination, const void* source, bool present) {
    cuda_on_cpu::copy_async(destination, source, BYTES, present ? BYTES : 0);
}
DEVICE void cp_async_commit() { cuda_on_cpu::commit_copies(); }
template <int PENDING> DEVICE void cp_async_wait() { cuda_on_cpu::await_copies(PENDING); }

DEVICE u32 to_tf32(float x) {
    u32 bits = __float_as_uint(x);
    if ((bits & 0x7f800000u) == 0x7f800000u) return bits & 0x7fffffu ? 0x7fffffffu : bits;
    return (bits + 0x1000u) & 0xffffe000u;
}
DEVICE float f16_to_float(u16 bits) { return cuda_on_cpu::f16_to_float(bits); }
DEVICE u16 float_to_f16(float x) { return u16(cuda_on_cpu::float_to_f16(x)); }

DEVICE void mma_tf32_16x8x8(float (&d)[4], const u32 (&a)[4], const u32 (&b)[2]) {
    cuda_on_cpu::mma_m16n8k8_tf32(d, a, b);
}
DEVICE void mma_f16_16x8x16(float (&d)[4], const u32 (&a)[4], const u32 (&b)[2]) {
    cuda_on_cpu::mma_m16n8k16_f16(d, a, b);
}
DEVICE void mma_bf16_16x8x16(float (&d)[4], const u32 (&a)[4], const u32 (&b)[2]) {
    cuda_on_cpu::mma_m16n8k16_bf16(d, a, b);
}
DEVICE void mma_f64_8x8x4(double (&d)[2], const double (&a)[1], const double (&b)[1]) {
    cuda_on_cpu::mma_m8n8k4_f64(d, a, b);
}
template <int COUNT, bool TRANSPOSED> DEVICE void ldmatrix(u32 (&d)[COUNT], const void* row) {
    cuda_on_cpu::load_matrices(d, row, COUNT, TRANSPOSED);
}
DEVICE bool any_in_block(bool condition) { return __syncthreads_or(condition); }

// --- How the launcher calls a kernel ----------------------------------------------------------------------------------

// Where the linker put the __shared__ variables of this library, if it has any.
extern "C" __attribute__((weak, visibility("hidden"))) unsigned char __start_cuda_shared[], __stop_cuda_shared[];

namespace cuda_on_cpu {

template <size_t... I> struct Numbers {};
template <size_t N, size_t... I> struct Count : Count<N - 1, N - 1, I...> {};
template <size_t... I> struct Count<0, I...> { using Below = Numbers<I...>; };

template <class... Parameters, size_t... I>
int launch(void (*kernel)(Parameters...), Numbers<I...>, const Order& order, void* const* arguments,
           const unsigned* sizes, unsigned count, char* message) {
    static constexpr size_t EXPECTED[] = {sizeof(Parameters)..., 0};
    if (count != sizeof...(Parameters)) {
        snprintf(message, MESSAGE_BYTES, "the kernel takes %zu arguments, not %u", sizeof...(Parameters), count);
        return 1;
    }
    for (unsigned i = 0; i < count; ++i)
        if (sizes[i] != EXPECTED[i]) {
            snprintf(message, MESSAGE_BYTES, "argument %u has %u bytes; the kernel expects %zu", i, sizes[i], EXPECTED[i]);
            return 1;
        }
    struct Call { void (*kernel)(Parameters...); void* const* arguments; } call{kernel, arguments};
    auto enter = [](const void* given) {
        auto& call = *static_cast<const Call*>(given);
        call.kernel(*static_cast<Parameters*>(call.arguments[I])...);
    };
    return run(order, enter, &call, __start_cuda_shared, __stop_cuda_shared, message);
}

template <class... Parameters>
int launch(void (*kernel)(Parameters...), const Order& order, void* const* arguments, const unsigned* sizes,
           unsigned count, char* message) {
    return launch(kernel, typename Count<sizeof...(Parameters)>::Below{}, order, arguments, sizes, count, message);
}

}  // namespace cuda_on_cpu

#define LAUNCHABLE(KERNEL)                                                                                    \
    extern "C" __attribute__((visibility("default"))) int launch_##KERNEL(                                    \
        const cuda_on_cpu::Order* order, void* const* arguments, const unsigned* sizes, unsigned count,       \
        char* message) {                                                                                      \
        return cuda_on_cpu::launch(KERNEL, *order, arguments, sizes, count, message);                         \
    }
