// Waiting on a word: futex on Linux, os_sync_wait_on_address on Apple systems, a short sleep elsewhere.

#define _GNU_SOURCE
#include "CApusPlatform.h"

#if defined(__linux__)

#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

void apus_wait_while(const void *word, uint32_t expected) {
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, NULL, NULL, 0);
}

void apus_wake_all(const void *word) {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

#elif defined(__APPLE__)

#include <os/os_sync_wait_on_address.h>

void apus_wait_while(const void *word, uint32_t expected) {
  os_sync_wait_on_address((void *)word, expected, sizeof(uint32_t), OS_SYNC_WAIT_ON_ADDRESS_NONE);
}

void apus_wake_all(const void *word) {
  os_sync_wake_by_address_all((void *)word, sizeof(uint32_t), OS_SYNC_WAKE_BY_ADDRESS_NONE);
}

#else

#include <time.h>

void apus_wait_while(const void *word, uint32_t expected) {
  (void)word;
  (void)expected;
  struct timespec pause = {0, 50000};
  nanosleep(&pause, NULL);
}

void apus_wake_all(const void *word) { (void)word; }

#endif
