// The model that ships inside the program: a whole GGUF file, made by `make model`.

#ifndef APUS_DEFAULT_MODEL_H
#define APUS_DEFAULT_MODEL_H

#include <stddef.h>

// The file's bytes, on a cache line's boundary; they live as long as the program.
const void *apus_default_model(void);

// How many.
size_t apus_default_model_size(void);

#endif
