#include "apus_kernels.h"
const struct apus_cpu *apus_cpu_at(int index) { (void)index; return 0; }
