// Counting heap allocations: on Linux with glibc this target replaces malloc and its family in the program that it is
// linked into by versions that count, then do the same work. Programs only: a library must not do that to others.

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

/// Starts (1) or stops (0) counting on all threads.
void apus_count_allocations_everywhere(int on);

/// Allocations of all threads while they were counted.
uint64_t apus_allocations_everywhere(void);

/// Counts an allocation that was made in another way.
void apus_note_allocation(void);

#ifdef __cplusplus
}
#endif
