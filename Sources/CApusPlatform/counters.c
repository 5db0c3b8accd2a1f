// Hardware counters: perf_event_open on Linux, nothing elsewhere.

#define _GNU_SOURCE
#include "CApusPlatform.h"

#include <errno.h>

#if defined(__linux__)

#include <linux/perf_event.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const uint64_t events[] = {
    [APUS_COUNTER_CYCLES] = PERF_COUNT_HW_CPU_CYCLES,
    [APUS_COUNTER_INSTRUCTIONS] = PERF_COUNT_HW_INSTRUCTIONS,
    [APUS_COUNTER_CACHE_MISSES] = PERF_COUNT_HW_CACHE_MISSES,
    [APUS_COUNTER_BRANCH_MISSES] = PERF_COUNT_HW_BRANCH_MISSES,
};

int apus_counter_open(int event, int32_t thread) {
  struct perf_event_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.type = PERF_TYPE_HARDWARE;
  attributes.size = sizeof attributes;
  attributes.config = events[event];
  attributes.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
  // What a program without privileges may count at the usual setting.
  attributes.exclude_kernel = 1;
  attributes.exclude_hv = 1;
  long descriptor = syscall(SYS_perf_event_open, &attributes, thread, -1, -1, PERF_FLAG_FD_CLOEXEC);
  return descriptor < 0 ? -errno : (int)descriptor;
}

int apus_counter_read(int descriptor, uint64_t values[3]) {
  ssize_t count = read(descriptor, values, 3 * sizeof values[0]);
  return count == 3 * sizeof values[0] ? 0 : count < 0 ? errno : EIO;
}

#else

int apus_counter_open(int event, int32_t thread) {
  (void)event;
  (void)thread;
  return -ENOSYS;
}

int apus_counter_read(int descriptor, uint64_t values[3]) {
  (void)descriptor;
  (void)values;
  return ENOSYS;
}

#endif
