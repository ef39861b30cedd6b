#include "version.h"

#ifndef VERSION /* the Makefile says it; tools that look at the source alone do not */
#define VERSION "unknown"
#endif

const char TAPEDECK_VERSION[] = VERSION;
