// The replacements of malloc and its family. A definition in the program comes before the C library's for
// every library it loads, so Swift's own allocations pass through here, too.

#define _GNU_SOURCE
#include "CAllocationCounter.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif

#if defined(__linux__) && !defined(SANITIZED)
#include <features.h>
#if defined(__GLIBC__)
#define COUNTED 1
#endif
#endif

#ifdef COUNTED

#include <errno.h>
#include <stdatomic.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *pointer, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

// Read by every allocation and hardly ever written: threads that allocate much would otherwise take turns at one counter.
static _Atomic int counting_everywhere;
static _Atomic uint64_t everywhere;
static __thread int counting;
static __thread uint64_t here;

void apus_note_allocation(void) {
  if (atomic_load_explicit(&counting_everywhere, memory_order_relaxed))
    atomic_fetch_add_explicit(&everywhere, 1, memory_order_relaxed);
  if (counting) here++;
}

void *malloc(size_t size) {
  apus_note_allocation();
  return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
  apus_note_allocation();
  return __libc_calloc(number, size);
}

void *realloc(void *pointer, size_t size) {
  apus_note_allocation();
  return __libc_realloc(pointer, size);
}

void *memalign(size_t alignment, size_t size) {
  apus_note_allocation();
  return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  apus_note_allocation();
  return __libc_memalign(alignment, size);
}

int posix_memalign(void **result, size_t alignment, size_t size) {
  apus_note_allocation();
  if (alignment < sizeof(void *) || (alignment & (alignment - 1)) != 0) return EINVAL;
  void *memory = __libc_memalign(alignment, size);
  if (!memory) return ENOMEM;
  *result = memory;
  return 0;
}

int apus_allocations_counted(void) { return 1; }

void apus_count_allocations_here(int on) {
  if (on) here = 0;
  counting = on;
}

uint64_t apus_allocations_here(void) { return here; }

void apus_count_allocations_everywhere(int on) { atomic_store(&counting_everywhere, on); }

uint64_t apus_allocations_everywhere(void) { return atomic_load(&everywhere); }

#else

int apus_allocations_counted(void) { return 0; }
void apus_note_allocation(void) {}
void apus_count_allocations_here(int on) { (void)on; }
void apus_count_allocations_everywhere(int on) { (void)on; }
uint64_t apus_allocations_here(void) { return 0; }
uint64_t apus_allocations_everywhere(void) { return 0; }

#endif
