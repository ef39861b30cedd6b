/*
 * A value of the configuration that is a list.
 */
#ifndef TAPEDECK_CONFIG_CONFIG_LIST_H
#define TAPEDECK_CONFIG_CONFIG_LIST_H

#include <stddef.h>
#include <stdint.h>

enum { CONFIG_LIST_MAX = 8 };

struct config_list {
    int64_t items[CONFIG_LIST_MAX];
    size_t count;
};

#endif
