#include "own_folder.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *own_folder(char path[PATH_MAX])
{
    /* In a bundle /proc/self/exe is the loader: the script that started it says where we are. */
    const char *said = getenv("TAPEDECK_FOLDER");
    if (said != NULL && said[0] == '/' && strlen(said) < PATH_MAX) {
        return memcpy(path, said, strlen(said) + 1);
    }
    ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);
    if (n <= 0) {
        return ".";
    }
    path[n] = '\0';
    return dirname(path);
}
