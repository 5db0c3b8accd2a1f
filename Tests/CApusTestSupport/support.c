// Tests count from the first allocation on, and mappings with them. And fork.

#define _GNU_SOURCE
#include "CApusTestSupport.h"

#include <unistd.h>

int apus_fork(void) { return fork(); }

__attribute__((constructor)) static void count_from_the_start(void) { apus_count_allocations_everywhere(1); }

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif

#if defined(__linux__) && !defined(SANITIZED)

#include <sys/mman.h>
#include <sys/syscall.h>

void *mmap(void *address, size_t length, int protection, int flags, int descriptor, off_t offset) {
  apus_note_allocation();
  return (void *)syscall(SYS_mmap, address, length, protection, flags, descriptor, offset);
}

#endif
