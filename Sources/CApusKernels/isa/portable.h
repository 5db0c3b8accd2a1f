// Plain C: runs everywhere, and defines what the other instruction sets compute.

#pragma once

#define NO_VECTOR_FMA
#include "generic.h"

// Tiles as small as they come: this table is for checking, not for speed.
#define F32_TOKENS 1
#define F32_UNROLL 1
#define F32_PANELS 1
#define I8_TOKENS 1
#define I8_PANELS 1
#define F32_PANELS_ONE 1
#define VECTOR_BITS 0
#define ATTENTION_ROWS 1
#define ATTENTION_FEW 1
#define ATTENTION_GROUPS 1
#define ATTENTION_GROUPS_FEW 1
#define ATTENTION_COLUMNS 1
#define ATTENTION_COLUMNS_FEW 1
#define PEAK_CHAINS 4
