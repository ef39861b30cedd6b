#include "resident.h"

#include <link.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/magic.h"

/* The loader tells addresses as numbers. */
static void let_go(uintptr_t from, uintptr_t to)
{
    void *start;
    memcpy(&start, &from, sizeof start);
    if (from < to) {
        (void)madvise(start, to - from, MADV_DONTNEED);
    }
}

struct pages {
    struct magic magic;
    uintptr_t size;
};

/* Segments that were never writable hold what is in their file, and no relocations of this process'
 * own; RELRO, read-only by now, is part of a writable one. */
static int trim_object(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size;
    uintptr_t page = CHECKED(pages, context)->size;
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type == PT_LOAD && (segment->p_flags & PF_W) == 0) {
            uintptr_t from = info->dlpi_addr + segment->p_vaddr;
            let_go((from + page - 1) & ~(page - 1), (from + segment->p_memsz) & ~(page - 1));
        }
    }
    return 0;
}

void resident_trim(void)
{
    struct pages pages = {.magic = MAGIC(pages), .size = (uintptr_t)sysconf(_SC_PAGESIZE)};
    (void)dl_iterate_phdr(trim_object, &pages);
}
