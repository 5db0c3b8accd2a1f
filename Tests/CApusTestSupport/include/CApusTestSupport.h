// Counting heap allocations in tests: on Linux with glibc this target replaces malloc and its family (and
// mmap) in the test program by versions that count, then do the same work. And fork, for tests of crashes.

#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// 1 when allocations are counted in this build; 0 on other systems and under sanitizers, which have their
/// own malloc.
int apus_allocations_counted(void);

/// Starts (1) or stops (0) counting on the calling thread. Starting clears the thread's count.
void apus_count_allocations_here(int on);

/// Allocations of the calling thread since it started counting.
uint64_t apus_allocations_here(void);

/// Allocations of all threads since the program started, counted always.
uint64_t apus_allocations_everywhere(void);

/// fork(), which Swift does not offer. The child has one thread and must only do little before it is killed
/// or leaves with _exit.
int apus_fork(void);

#ifdef __cplusplus
}
#endif
