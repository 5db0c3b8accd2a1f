#include "CApusTestSupport.h"
