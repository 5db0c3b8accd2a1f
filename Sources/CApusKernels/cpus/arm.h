// Which instructions this Arm processor has.

#pragma once

#if defined(__linux__)

#include <sys/auxv.h>

enum { HWCAP_DOT_PRODUCT = 1 << 20, HWCAP2_INT8_MATRIX = 1 << 13 };

static inline int arm_has_dotprod(void) { return (getauxval(AT_HWCAP) & HWCAP_DOT_PRODUCT) != 0; }

static inline int arm_has_i8mm(void) { return (getauxval(AT_HWCAP2) & HWCAP2_INT8_MATRIX) != 0; }

#elif defined(__APPLE__)

#include <sys/sysctl.h>

// Every Apple processor that runs macOS has it.
static inline int arm_has_dotprod(void) { return 1; }

// From the second generation on.
static inline int arm_has_i8mm(void) {
  int value = 0;
  size_t size = sizeof value;
  return sysctlbyname("hw.optional.arm.FEAT_I8MM", &value, &size, 0, 0) == 0 && value != 0;
}

#else

static inline int arm_has_dotprod(void) { return 0; }
static inline int arm_has_i8mm(void) { return 0; }

#endif
