// What a kernel compiled for the CPU asks of the machine it believes to run on; runtime.cpp is that machine.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace cuda_on_cpu {

struct Index { unsigned x = 1, y = 1, z = 1; };
struct Thread { Index index; unsigned lane, warp; };

extern Thread* thread;                          // the one that runs
extern Index block_index, block_size, grid_size;
extern unsigned char* dynamic_shared;           // all NaN when a block begins, and followed by a guard page

// Gives up the launch: the message, with block and thread, is what the launcher raises.
[[noreturn]] void fail(const char* format, ...) __attribute__((format(printf, 1, 2)));

bool barrier(bool condition = false);  // __syncthreads; true if the condition holds for any thread: __syncthreads_or

// All lanes of a warp meet, each with an argument; the last one runs combine over the 32 of them, then all go on.
// Lanes that meet in different operations have diverged, and a mask that is not the warp's live lanes is an error.
void meet(const char* operation, unsigned mask, void* argument, void (*combine)(void* const* arguments));

// cp.async: `to` holds NaN from now until the copy is awaited; only then are `read` bytes copied and the rest zeroed.
void copy_async(void* to, const void* from, int bytes, int read);
void commit_copies();
void await_copies(unsigned groups_in_flight);

// ldmatrix: `row` is the address that this lane gives, d its `count` registers.
void load_matrices(uint32_t* d, const void* row, unsigned count, bool transposed);

// D += A B for one warp by the fragment layouts of the PTX ISA, section "Matrix Fragments for mma".
void mma_m16n8k8_tf32(float* d, const uint32_t* a, const uint32_t* b);
void mma_m16n8k16_f16(float* d, const uint32_t* a, const uint32_t* b);
void mma_m16n8k16_bf16(float* d, const uint32_t* a, const uint32_t* b);
void mma_m8n8k4_f64(double* d, const double* a, const double* b);
float f16_to_float(uint32_t bits);
uint32_t float_to_f16(float x);  // to nearest, ties to even

// A launch as launcher.py describes it.
struct Range { uintptr_t begin, end; };
struct Order {
    unsigned grid[3], block[3], shared_bytes;
    int shuffled;              // threads run in random order, drawn from seed; otherwise warp after warp
    int seconds;               // of CPU time, after which a grid is taken never to end
    uint64_t seed;
    const Range* ranges;       // the memory of the array arguments: all that a kernel may touch
    int range_count;
};

enum { MESSAGE_BYTES = 512 };
using Kernel = void (*)(const void* call);
// Runs the kernel for every thread; what lies between `begin` and `end` is static shared memory. 0, or 1 with a message.
int run(const Order& order, Kernel kernel, const void* call, unsigned char* begin, unsigned char* end, char* message);

}  // namespace cuda_on_cpu
