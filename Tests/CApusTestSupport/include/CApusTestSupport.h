// What tests need of the system beyond Swift: the counter of allocations, here of mmap, too, and fork for tests of crashes.

#pragma once

#include "CAllocationCounter.h"

#ifdef __cplusplus
extern "C" {
#endif

/// fork(), which Swift does not offer. The child has one thread and must only do little before it is killed
/// or leaves with _exit.
int apus_fork(void);

#ifdef __cplusplus
}
#endif
