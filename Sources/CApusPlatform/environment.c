// The environment that children inherit: Swift sees the variable as shared mutable state.

#include "CApusPlatform.h"

#if defined(__APPLE__)
#include <crt_externs.h>

char **apus_environment(void) { return *_NSGetEnviron(); }
#else
extern char **environ;

char **apus_environment(void) { return environ; }
#endif
