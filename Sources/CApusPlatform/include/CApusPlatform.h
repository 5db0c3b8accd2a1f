// What Swift cannot say itself: waiting on a word of memory, the pause hint of a spin loop, the processor a
// thread is on, reserving disk space, the environment, the handler of SIGBUS, the instruction for checksums, and the
// processor's counters. Nothing here knows about models or kernels.

#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Sleeps while `*word` equals `expected`, until `apus_wake_all` on the same word; may return early.
void apus_wait_while(const void *word, uint32_t expected);

/// Wakes every thread that sleeps on `word`.
void apus_wake_all(const void *word);

/// Tells the processor that the caller spins on a location another thread will write.
static inline void apus_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb" ::: "memory");
#endif
}

/// The processor the calling thread is on at this moment, or -1 where the system does not say. A few ns.
int32_t apus_processor(void);

/// The variables of this process's environment, ended by a null pointer.
char **apus_environment(void);

/// Names the range of a mapped file for the handler of SIGBUS. The path is copied. Returns a slot for
/// `apus_forget_mapping`, or -1 when all slots are taken (the handler then cannot name the file).
int apus_name_mapping(const void *start, size_t bytes, const char *path);

/// Releases a slot of `apus_name_mapping`; -1 is ignored.
void apus_forget_mapping(int slot);

/// Installs a handler that turns SIGBUS inside a named mapping into one line on stderr and exit code 1.
/// Any other SIGBUS goes to the handler that was installed before. Returns 0, or the errno of `sigaction`.
int apus_install_bus_handler(void);

/// Reserves disk space for the first `bytes` bytes of an open file without changing its size. Returns 0, also
/// where the file system cannot reserve, or an errno such as ENOSPC.
int apus_reserve(int descriptor, int64_t bytes);

/// Takes `count` bytes into a CRC-32C by the processor's own instruction. Returns 0, and does nothing, where it has none.
int apus_crc32c(uint32_t *state, const void *bytes, size_t count);

/// The processor's own clock, in ticks of unknown length; 0 where it has none that runs faster than the system's.
static inline uint64_t apus_ticks(void) {
#if defined(__x86_64__)
  return __builtin_ia32_rdtsc();
#else
  return 0;
#endif
}

/// What a processor counts.
enum {
  APUS_COUNTER_CYCLES,
  APUS_COUNTER_INSTRUCTIONS,
  APUS_COUNTER_CACHE_MISSES,
  APUS_COUNTER_BRANCH_MISSES,
};

/// Starts to count an event of one thread of this process, outside of the kernel. Returns a descriptor, or a negative
/// errno; -ENOSYS where the system has no such call.
int apus_counter_open(int event, int32_t thread);

/// Reads a counter: the count, and how long it was wanted and how long it really ran, for counters that took turns.
/// Returns 0 or an errno.
int apus_counter_read(int descriptor, uint64_t values[3]);

#ifdef __cplusplus
}
#endif
