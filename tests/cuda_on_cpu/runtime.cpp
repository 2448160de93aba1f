// A CUDA device on one CPU thread: a block's threads are fibers that switch where a GPU's threads wait for each other.
#include "runtime.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#if !defined(__x86_64__) && !defined(PORTABLE_SWITCH)
#define PORTABLE_SWITCH
#endif
#ifdef PORTABLE_SWITCH
#include <ucontext.h>
#endif

namespace cuda_on_cpu {

constexpr unsigned WARP = 32;
constexpr size_t PAGE = 4096, STACK = 128 << 10, SHARED = 256 << 10;

// --- The state of the block that runs ---------------------------------------------------------------------------------

struct Copy { unsigned char* to; const unsigned char* from; int bytes, read; };

struct Fiber : Thread {
#ifdef PORTABLE_SWITCH
    ucontext_t context;
#else
    void* stack_pointer;
#endif
    std::vector<Copy> copies;       // issued and not awaited
    std::vector<size_t> committed;  // how many of them each group in flight ends with
};

struct Warp {
    unsigned alive, runnable, met, at_barrier;  // masks of lanes
    const char* operation;
    void* arguments[WARP];
};

Thread* thread;
Index block_index, block_size, grid_size;
unsigned char* dynamic_shared;

static std::vector<Fiber> fibers;
static std::vector<Warp> warps;
static Fiber launcher_fiber;
static unsigned alive, at_barrier, barriers_passed;
static bool condition_at[2];  // of this barrier and the last one, which not all threads may have left
static const Order* order;
static Kernel kernel;
static const void* call;
static char* message;
static uint64_t random_state;
static unsigned char *static_shared, *static_shared_end;
static unsigned char* shared_end;
static unsigned char* stacks;
static size_t stack_count;

static Fiber& current() { return *static_cast<Fiber*>(thread); }

static unsigned draw() {  // xorshift64
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return unsigned(random_state >> 32);
}

static bool chance_of_one_in(unsigned n) { return order->shuffled && draw() % n == 0; }

// --- Switching --------------------------------------------------------------------------------------------------------

#ifdef PORTABLE_SWITCH
static void switch_fiber(Fiber& from, Fiber& to) { swapcontext(&from.context, &to.context); }
#else
// Saves what the System V ABI asks a callee to save, and the stack pointer: 10 ns, where swapcontext takes 200.
extern "C" __attribute__((naked, noinline)) void cuda_on_cpu_switch(void** saved, void* next) {
    asm("push %rbp\n push %rbx\n push %r12\n push %r13\n push %r14\n push %r15\n mov %rsp, (%rdi)\n"
        "mov %rsi, %rsp\n pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbx\n pop %rbp\n ret");
}
static void switch_fiber(Fiber& from, Fiber& to) { cuda_on_cpu_switch(&from.stack_pointer, to.stack_pointer); }
#endif

static void go_to(Fiber& to) {
    Fiber& from = current();
    if (&from == &to) return;
    thread = &to;
    switch_fiber(from, to);
}

void fail(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(message, MESSAGE_BYTES, format, arguments);
    va_end(arguments);
    length = std::min<int>(length, MESSAGE_BYTES - 1);
    const Index& t = thread->index;
    snprintf(message + length, MESSAGE_BYTES - length, " [block (%u, %u, %u), thread (%u, %u, %u)]", block_index.x,
             block_index.y, block_index.z, t.x, t.y, t.z);
    go_to(launcher_fiber);
    abort();
}

static unsigned pick_lane(unsigned runnable) {
    if (order->shuffled) {
        unsigned upper = runnable & (~0u << draw() % WARP);
        if (upper) runnable = upper;
    }
    return __builtin_ctz(runnable);
}

[[noreturn]] static void fail_deadlocked() {
    for (const Warp& warp : warps)
        if (warp.met)
            fail("deadlock: only lanes %08x of a warp whose live lanes are %08x reached %s", warp.met, warp.alive,
                 warp.operation);
    fail("deadlock: %u of %u threads reached __syncthreads", at_barrier, alive);
}

static void yield() {  // to some fiber that can run: the same warp's first, now and then another's if shuffled
    unsigned count = warps.size(), w = thread->warp;
    if (!warps[w].runnable || chance_of_one_in(8)) {
        if (order->shuffled) w = draw() % count;
        unsigned tried = 0;
        for (; tried < count && !warps[w].runnable; ++tried) w = (w + 1) % count;
        if (tried == count) {
            if (!alive) go_to(launcher_fiber);
            fail_deadlocked();
        }
    }
    go_to(fibers[w * WARP + pick_lane(warps[w].runnable)]);
}

bool barrier(bool condition) {
    Warp& warp = warps[thread->warp];
    bool& for_any = condition_at[barriers_passed % 2];
    for_any |= condition;
    unsigned lane = 1u << thread->lane;
    warp.runnable &= ~lane;
    warp.at_barrier |= lane;
    if (++at_barrier == alive) {
        at_barrier = 0;
        condition_at[++barriers_passed % 2] = false;
        for (Warp& each : warps) {
            each.runnable |= each.at_barrier;
            each.at_barrier = 0;
        }
    }
    yield();
    return for_any;
}

void meet(const char* operation, unsigned mask, void* argument, void (*combine)(void* const*)) {
    Warp& warp = warps[thread->warp];
    unsigned lane = 1u << thread->lane;
    if (mask != warp.alive) fail("%s: the mask %08x is not the warp's live lanes, %08x", operation, mask, warp.alive);
    if (warp.met && strcmp(warp.operation, operation))
        fail("divergence: lanes of one warp meet in %s and in %s", warp.operation, operation);
    warp.operation = operation;
    warp.arguments[thread->lane] = argument;
    warp.met |= lane;
    if (warp.met != warp.alive) {
        warp.runnable &= ~lane;
        yield();
    } else {
        if (combine) combine(warp.arguments);
        warp.met = 0;
        warp.runnable = warp.alive;
        if (chance_of_one_in(4)) yield();
    }
}

// --- Copies in flight -------------------------------------------------------------------------------------------------

void copy_async(void* to, const void* from, int bytes, int read) {
    auto* target = static_cast<unsigned char*>(to);
    auto source = reinterpret_cast<uintptr_t>(from);
    if (bytes != 4 && bytes != 8 && bytes != 16) fail("cp.async of %d bytes; it knows 4, 8 and 16", bytes);
    if (read < 0 || read > bytes) fail("cp.async of %d bytes reads %d", bytes, read);
    if (reinterpret_cast<uintptr_t>(to) % bytes) fail("cp.async of %d bytes to the misaligned address %p", bytes, to);
    if (source % bytes) fail("cp.async of %d bytes from the misaligned address %p", bytes, from);
    if (target < dynamic_shared || target + bytes > dynamic_shared + order->shared_bytes)
        fail("cp.async to %td bytes past the begin of %u bytes of shared memory", target - dynamic_shared,
             order->shared_bytes);
    bool inside = read == 0;
    for (int i = 0; i < order->range_count; ++i)
        inside |= order->ranges[i].begin <= source && source + read <= order->ranges[i].end;
    if (!inside) fail("cp.async of %d bytes from outside every array", read);
    memset(to, 0xff, bytes);
    current().copies.push_back({target, static_cast<const unsigned char*>(from), bytes, read});
}

void commit_copies() {
    current().committed.push_back(current().copies.size());
    if (chance_of_one_in(8)) yield();
}

void await_copies(unsigned groups_in_flight) {
    std::vector<Copy>& copies = current().copies;
    std::vector<size_t>& committed = current().committed;
    if (committed.size() <= groups_in_flight) return;
    size_t landed = committed.size() - groups_in_flight, count = committed[landed - 1];
    for (size_t i = 0; i < count; ++i) {
        memcpy(copies[i].to, copies[i].from, copies[i].read);
        memset(copies[i].to + copies[i].read, 0, copies[i].bytes - copies[i].read);
    }
    copies.erase(copies.begin(), copies.begin() + count);
    committed.erase(committed.begin(), committed.begin() + landed);
    for (size_t& end : committed) end -= count;
}

// --- Tensor cores -----------------------------------------------------------------------------------------------------
// Fragments by the PTX ISA: group = lane / 4, member = lane % 4. Sums are formed as on the hardware: the products are
// exact, a few of them are added to the accumulator at once, and the sum is cut, not rounded, to float32.

template <class Element> struct Fragments { Element* d; const void *a, *b; };

static float cut_to_float(double x) {
    float nearest = float(x);
    if (std::isinf(nearest) || !(std::fabs(double(nearest)) > std::fabs(x))) return nearest;
    return std::nextafterf(nearest, 0);
}

static float bits_to_float(uint32_t bits) {
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

static float tf32_to_float(uint32_t bits) { return bits_to_float(bits & 0xffffe000u); }  // the low 13 bits are ignored
static float bf16_to_float(uint32_t bits) { return bits_to_float(bits << 16); }
float f16_to_float(uint32_t bits) {
    uint32_t sign = (bits & 0x8000) << 16, exponent = bits >> 10 & 31, fraction = bits & 1023;
    if (exponent == 31) return bits_to_float(sign | 0x7f800000 | fraction << 13);
    if (exponent) return bits_to_float(sign | (exponent + 112) << 23 | fraction << 13);
    float value = std::ldexp(float(fraction), -24);
    return sign ? -value : value;
}

uint32_t float_to_f16(float x) {
    uint32_t bits;
    memcpy(&bits, &x, 4);
    uint32_t sign = bits >> 16 & 0x8000;
    if (std::isnan(x)) return 0x7fff;
    double magnitude = std::fabs(double(x));
    if (magnitude >= 65520) return sign | 0x7c00;  // halfway from the largest float16 to the next power of two
    int exponent = magnitude < 0x1p-14 ? -14 : std::ilogb(magnitude);
    // In units of the last place; rint rounds ties to even. What it carries into the exponent is where it should be.
    auto units = uint32_t(std::rint(std::ldexp(magnitude, 10 - exponent)));
    return sign | (uint32_t(exponent + 14) * 1024 + units);
}

template <int K, int AT_ONCE>
static void multiply_16x8(void* const* lanes, const float (&a)[16][K], const float (&b)[K][8]) {
    for (unsigned lane = 0; lane < WARP; ++lane)
        for (int i = 0; i < 4; ++i) {
            unsigned row = lane / 4 + i / 2 * 8, column = lane % 4 * 2 + i % 2;
            float& d = static_cast<Fragments<float>*>(lanes[lane])->d[i];
            for (int first = 0; first < K; first += AT_ONCE) {
                double sum = d;
                for (int k = first; k < first + AT_ONCE; ++k) sum += double(a[row][k]) * b[k][column];
                d = cut_to_float(sum);
            }
        }
}

static void multiply_tf32(void* const* lanes) {
    float a[16][8], b[8][8];
    for (unsigned lane = 0; lane < WARP; ++lane) {
        auto* words = static_cast<Fragments<float>*>(lanes[lane]);
        unsigned group = lane / 4, member = lane % 4;
        for (int i = 0; i < 4; ++i)
            a[group + i % 2 * 8][member + i / 2 * 4] = tf32_to_float(static_cast<const uint32_t*>(words->a)[i]);
        for (int i = 0; i < 2; ++i) b[member + i * 4][group] = tf32_to_float(static_cast<const uint32_t*>(words->b)[i]);
    }
    multiply_16x8<8, 4>(lanes, a, b);
}

template <float (*TO_FLOAT)(uint32_t)> static void multiply_16_bits(void* const* lanes) {
    float a[16][16], b[16][8];
    for (unsigned lane = 0; lane < WARP; ++lane) {
        auto* words = static_cast<Fragments<float>*>(lanes[lane]);
        unsigned group = lane / 4, member = lane % 4;
        for (int i = 0; i < 8; ++i) {  // two elements a word, the lower one first
            uint32_t word = static_cast<const uint32_t*>(words->a)[i / 2];
            a[group + i / 2 % 2 * 8][member * 2 + i % 2 + i / 4 * 8] = TO_FLOAT(word >> i % 2 * 16 & 0xffff);
        }
        for (int i = 0; i < 4; ++i) {
            uint32_t word = static_cast<const uint32_t*>(words->b)[i / 2];
            b[member * 2 + i % 2 + i / 2 * 8][group] = TO_FLOAT(word >> i % 2 * 16 & 0xffff);
        }
    }
    multiply_16x8<16, 8>(lanes, a, b);
}

static void multiply_f64(void* const* lanes) {  // rounded as a chain of fused multiply-adds
    double a[8][4], b[4][8];
    for (unsigned lane = 0; lane < WARP; ++lane) {
        auto* words = static_cast<Fragments<double>*>(lanes[lane]);
        a[lane / 4][lane % 4] = *static_cast<const double*>(words->a);
        b[lane % 4][lane / 4] = *static_cast<const double*>(words->b);
    }
    for (unsigned lane = 0; lane < WARP; ++lane)
        for (int i = 0; i < 2; ++i) {
            double& d = static_cast<Fragments<double>*>(lanes[lane])->d[i];
            for (int k = 0; k < 4; ++k) d = std::fma(a[lane / 4][k], b[k][lane % 4 * 2 + i], d);
        }
}

template <class Element>
static void multiply(const char* name, Element* d, const void* a, const void* b, void (*combine)(void* const*)) {
    Fragments<Element> fragments{d, a, b};
    meet(name, ~0u, &fragments, combine);
}

void mma_m16n8k8_tf32(float* d, const uint32_t* a, const uint32_t* b) {
    multiply("mma.m16n8k8.tf32", d, a, b, multiply_tf32);
}
void mma_m16n8k16_f16(float* d, const uint32_t* a, const uint32_t* b) {
    multiply("mma.m16n8k16.f16", d, a, b, multiply_16_bits<f16_to_float>);
}
void mma_m16n8k16_bf16(float* d, const uint32_t* a, const uint32_t* b) {
    multiply("mma.m16n8k16.bf16", d, a, b, multiply_16_bits<bf16_to_float>);
}
void mma_m8n8k4_f64(double* d, const double* a, const double* b) { multiply("mma.m8n8k4.f64", d, a, b, multiply_f64); }

struct Rows { uint32_t* d; const unsigned char* row; unsigned count; bool transposed; };

static void load_rows(void* const* lanes) {
    auto of = [&](unsigned lane) -> Rows& { return *static_cast<Rows*>(lanes[lane]); };
    auto element = [&](unsigned matrix, unsigned row, unsigned column) {
        uint16_t bits;
        memcpy(&bits, of(matrix * 8 + row).row + column * 2, 2);
        return uint32_t(bits);
    };
    for (unsigned lane = 0; lane < WARP; ++lane)
        for (unsigned i = 0; i < of(lane).count; ++i) {
            unsigned group = lane / 4, first = lane % 4 * 2;
            of(lane).d[i] = of(lane).transposed ? element(i, first, group) | element(i, first + 1, group) << 16
                                                : element(i, group, first) | element(i, group, first + 1) << 16;
        }
}

void load_matrices(uint32_t* d, const void* row, unsigned count, bool transposed) {
    Rows rows{d, static_cast<const unsigned char*>(row), count, transposed};
    if (thread->lane < 8 * count) {
        if (reinterpret_cast<uintptr_t>(row) % 16) fail("ldmatrix from the misaligned address %p", row);
        if (rows.row < dynamic_shared || rows.row + 16 > dynamic_shared + order->shared_bytes)
            fail("ldmatrix %td bytes past the begin of %u bytes of shared memory", rows.row - dynamic_shared,
                 order->shared_bytes);
    }
    meet("ldmatrix", ~0u, &rows, load_rows);
}

// --- Running a grid ---------------------------------------------------------------------------------------------------

static void run_thread() {
    kernel(call);
    Warp& warp = warps[thread->warp];
    warp.alive &= ~(1u << thread->lane);
    warp.runnable &= ~(1u << thread->lane);
    warp.arguments[thread->lane] = nullptr;
    --alive;
    if (at_barrier) fail("a thread returned while others wait at __syncthreads");
    if (warp.met) fail("a lane returned while its warp waits in %s", warp.operation);
    yield();
    abort();
}

static void prepare_fiber(Fiber& fiber, unsigned char* stack_end) {
#ifdef PORTABLE_SWITCH
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = stack_end - STACK + PAGE;
    fiber.context.uc_stack.ss_size = STACK - PAGE;
    makecontext(&fiber.context, run_thread, 0);
#else
    void** top = reinterpret_cast<void**>(stack_end);
    *--top = nullptr;  // where run_thread would return to; it also aligns the stack as after a call
    *--top = reinterpret_cast<void*>(run_thread);
    for (int registers = 0; registers < 6; ++registers) *--top = nullptr;
    fiber.stack_pointer = top;
#endif
}

static unsigned char* reserve(size_t bytes) {
    void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) abort();
    return static_cast<unsigned char*>(memory);
}

static void prepare_memory(size_t thread_count) {
    if (!shared_end) {
        shared_end = reserve(SHARED + PAGE) + SHARED;
        mprotect(shared_end, PAGE, PROT_NONE);
    }
    if (stack_count < thread_count) {
        if (stacks) munmap(stacks, stack_count * STACK);
        stacks = reserve(thread_count * STACK);
        stack_count = thread_count;
        for (size_t i = 0; i < thread_count; ++i) mprotect(stacks + i * STACK, PAGE, PROT_NONE);
    }
}

static void run_block() {
    size_t count = fibers.size();
    memset(dynamic_shared, 0xff, shared_end - dynamic_shared);
    memset(static_shared, 0xff, static_shared_end - static_shared);
    alive = count;
    at_barrier = 0;
    condition_at[0] = condition_at[1] = false;
    for (size_t w = 0; w < warps.size(); ++w) {
        size_t lanes = std::min<size_t>(WARP, count - w * WARP);
        warps[w] = {};
        warps[w].alive = warps[w].runnable = lanes == WARP ? ~0u : (1u << lanes) - 1;
    }
    for (size_t i = 0; i < count; ++i) {
        Fiber& fiber = fibers[i];
        unsigned n = i;
        fiber.index = {n % block_size.x, n / block_size.x % block_size.y, n / block_size.x / block_size.y};
        fiber.lane = n % WARP;
        fiber.warp = n / WARP;
        fiber.copies.clear();
        fiber.committed.clear();
        prepare_fiber(fiber, stacks + (i + 1) * STACK);
    }
    thread = &launcher_fiber;
    go_to(fibers[order->shuffled ? draw() % count : 0]);
}

static void on_fault(int signal_number, siginfo_t* info, void*) {
    if (!order || thread == &launcher_fiber) {  // not a kernel's fault
        if (signal_number != SIGVTALRM) signal(signal_number, SIG_DFL);
        return;
    }
    if (signal_number == SIGVTALRM) fail("the grid does not end: it has computed for %d seconds", order->seconds);
    if (signal_number == SIGILL) fail("misaligned access, or an index outside a fixed-size array");
    auto address = reinterpret_cast<uintptr_t>(info->si_addr);
    for (int i = 0; i < order->range_count; ++i) {
        const Range& range = order->ranges[i];
        if (address >= range.end && address - range.end < PAGE)
            fail("memory fault %zu bytes past the end of an array of %zu bytes", size_t(address - range.end),
                 size_t(range.end - range.begin));
        if (address < range.begin && range.begin - address <= PAGE)
            fail("memory fault %zu bytes before an array of %zu bytes", size_t(range.begin - address),
                 size_t(range.end - range.begin));
    }
    fail("memory fault at %p", info->si_addr);
}

namespace {
// Faults, and grids that do not end, are caught on a stack of their own while a grid runs, and left to others (Python's faulthandler) before and after.
class FaultsCaught {
    static constexpr int COUNT = 4, SIGNALS[COUNT] = {SIGSEGV, SIGBUS, SIGILL, SIGVTALRM};
    struct sigaction before[COUNT];
    stack_t stack_before;
    std::vector<char> stack = std::vector<char>(64 << 10);

  public:
    static void wake_after(int seconds) {  // and each second from then on; 0: not at all
        itimerval timer{{seconds ? 1 : 0, 0}, {seconds, 0}};
        setitimer(ITIMER_VIRTUAL, &timer, nullptr);
    }
    FaultsCaught() {
        stack_t own{};
        own.ss_sp = stack.data();
        own.ss_size = stack.size();
        sigaltstack(&own, &stack_before);
        struct sigaction action {};
        action.sa_sigaction = on_fault;
        action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
        for (int i = 0; i < COUNT; ++i) sigaction(SIGNALS[i], &action, &before[i]);
        wake_after(order->seconds);
    }
    ~FaultsCaught() {
        wake_after(0);
        for (int i = 0; i < COUNT; ++i) sigaction(SIGNALS[i], &before[i], nullptr);
        sigaltstack(&stack_before, nullptr);
    }
};
}  // namespace

int run(const Order& given, Kernel kernel_given, const void* call_given, unsigned char* begin, unsigned char* end,
        char* message_given) {
    static_shared = begin;
    static_shared_end = end;
    order = &given;
    kernel = kernel_given;
    call = call_given;
    message = message_given;
    message[0] = 0;
    grid_size = {given.grid[0], given.grid[1], given.grid[2]};
    block_size = {given.block[0], given.block[1], given.block[2]};
    size_t threads = size_t(block_size.x) * block_size.y * block_size.z;
    fibers.resize(threads);
    warps.resize((threads + WARP - 1) / WARP);
    prepare_memory(threads);
    dynamic_shared = shared_end - (given.shared_bytes + 15) / 16 * 16;
    {
        FaultsCaught caught;
        const size_t blocks = size_t(grid_size.x) * grid_size.y * grid_size.z;
        for (size_t i = 0; i < blocks && !message[0]; ++i) {
            const size_t n = given.shuffled ? blocks - 1 - i : i;  // no block may count on an earlier one
            block_index = {unsigned(n % grid_size.x), unsigned(n / grid_size.x % grid_size.y),
                           unsigned(n / grid_size.x / grid_size.y)};
            random_state = (given.seed + 1) * 0x9e3779b97f4a7c15u ^ (n + 1) * 0xbf58476d1ce4e5b9u;
            random_state |= 1;
            run_block();
        }
    }
    order = nullptr;
    return message[0] != 0;
}

}  // namespace cuda_on_cpu
