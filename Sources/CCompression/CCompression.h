// zlib and zstd as Swift sees them. Only Reading/Decompressor.swift imports this, and only with the package trait
// Compression.

#pragma once

#include <zlib.h>
#include <zstd.h>

// inflateInit2 is a macro, which Swift does not see.
static inline int apus_inflate_init(z_stream *stream, int window_bits) {
  return inflateInit2(stream, window_bits);
}
