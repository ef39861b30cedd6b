/*
 * A file with secrets: only its owner may read it, and that is we, or root.
 */
#ifndef TAPEDECK_BASE_PRIVATE_FILE_H
#define TAPEDECK_BASE_PRIVATE_FILE_H

#include <sys/stat.h>

#include "result.h"

/* Opens a private file for reading; `*st` is that of the file that is open, since the name may lead
 * elsewhere a moment later. A FIFO in its place does not hold us up. RESULT_NOT_FOUND;
 * RESULT_DENIED: others may read it, it is no file, or we may not read it. The caller closes *fd.
 */
enum result private_file_open(const char *path, int *fd, struct stat *st);

#endif
