// Which instructions this Arm processor has.

#pragma once

#if defined(__linux__)

#include <sys/auxv.h>

enum { HWCAP_DOT_PRODUCT = 1 << 20 };

static inline int arm_has_dotprod(void) { return (getauxval(AT_HWCAP) & HWCAP_DOT_PRODUCT) != 0; }

#elif defined(__APPLE__)

// Every Apple processor that runs macOS has it.
static inline int arm_has_dotprod(void) { return 1; }

#else

static inline int arm_has_dotprod(void) { return 0; }

#endif
