// #embed is C23's; clang reads it in C of any year.

#include "default_model.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static _Alignas(64) const unsigned char bytes[] = {
#embed "apus-5m.gguf"
};

const void *apus_default_model(void) { return bytes; }

size_t apus_default_model_size(void) { return sizeof bytes; }
