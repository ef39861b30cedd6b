/*
 * The folder that this program lies in: its settings and the programs beside it are there.
 */
#ifndef TAPEDECK_BASE_OWN_FOLDER_H
#define TAPEDECK_BASE_OWN_FOLDER_H

#include <limits.h>

/* Returns `path`, or a folder that is as good as none. */
const char *own_folder(char path[PATH_MAX]);

#endif
