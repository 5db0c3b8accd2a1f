// The processor's instruction for CRC-32C, one word after the other: its latency of three cycles for eight bytes is
// faster than memory is read, so nothing is gained by several chains.

#include "CApusPlatform.h"

#include <string.h>

#if defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

#if defined(__x86_64__)

#define TARGET __attribute__((target("sse4.2")))
#define WORD(state, word) __builtin_ia32_crc32di(state, word)
#define BYTE(state, byte) __builtin_ia32_crc32qi(state, byte)
static int available(void) { return __builtin_cpu_supports("sse4.2"); }

#elif defined(__aarch64__)

#define TARGET __attribute__((target("crc")))
#define WORD(state, word) __builtin_arm_crc32cd((uint32_t)(state), word)
#define BYTE(state, byte) __builtin_arm_crc32cb((uint32_t)(state), byte)
static int available(void) {
#if defined(__ARM_FEATURE_CRC32)
  return 1;
#elif defined(__linux__)
  return (getauxval(AT_HWCAP) & (1ul << 7)) != 0;  // HWCAP_CRC32
#else
  return 0;
#endif
}

#endif

#if defined(TARGET)

TARGET static uint32_t advance(uint32_t state, const unsigned char *bytes, size_t count) {
  uint64_t sum = state;
  for (; count >= 8; count -= 8, bytes += 8) {
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    sum = WORD(sum, word);
  }
  while (count-- > 0) sum = BYTE((uint32_t)sum, *bytes++);
  return (uint32_t)sum;
}

int apus_crc32c(uint32_t *state, const void *bytes, size_t count) {
  if (!available()) return 0;
  *state = advance(*state, bytes, count);
  return 1;
}

#else

int apus_crc32c(uint32_t *state, const void *bytes, size_t count) {
  (void)state;
  (void)bytes;
  (void)count;
  return 0;
}

#endif
