// Reserving disk space ahead of a long write, so that a full disk shows at its start.

#define _GNU_SOURCE
#include "CApusPlatform.h"

#include <errno.h>
#include <fcntl.h>

int apus_reserve(int descriptor, int64_t bytes) {
#if defined(__linux__)
  // Not posix_fallocate: where the file system cannot reserve, that one writes every block.
  for (;;) {
    if (fallocate(descriptor, FALLOC_FL_KEEP_SIZE, 0, bytes) == 0) return 0;
    if (errno == EINTR) continue;
    return errno == ENOSPC || errno == EFBIG || errno == EDQUOT ? errno : 0;
  }
#else
  (void)descriptor;
  (void)bytes;
  return 0;
#endif
}
