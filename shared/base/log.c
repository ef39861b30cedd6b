#include "log.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

_Static_assert(LOG_LINE_MAX <= PIPE_BUF, "a line is written to a pipe in one piece (POSIX, write)");

/* How much snprintf wrote, when it was given `room` bytes and wanted `wanted`. */
static size_t written(int wanted, size_t room)
{
    if (wanted < 0) {
        return 0;
    }
    return (size_t)wanted < room ? (size_t)wanted : room - 1;
}

static void blank_controls(char *line, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)line[i];
        if (byte < ' ' || byte == 0x7f) {
            line[i] = ' ';
        }
    }
}

/* journald and web servers put the time before what they are sent; a file that a shell opened
 * (cron's >>drain.log) has nobody who does. */
static size_t add_time(char *line, size_t room)
{
    struct stat st;
    char now[CLOCK_ISO_SIZE];
    if (fstat(STDERR_FILENO, &st) != 0 || !S_ISREG(st.st_mode)) {
        return 0;
    }
    return written(snprintf(line, room, "%s ", clock_iso(time(NULL), now)), room);
}

static void write_line(const char *line, size_t len)
{
    ssize_t sent = 0;
    do {
        sent = write(STDERR_FILENO, line, len);
    } while (sent < 0 && errno == EINTR);
}

void log_event(const char *event, const char *format, ...)
{
    int saved_errno = errno; /* logging an error must not change it */
    char line[LOG_LINE_MAX];
    size_t len = add_time(line, sizeof line);
    len += written(snprintf(line + len, sizeof line - len, "%s ", event), sizeof line - len);
    va_list args;
    va_start(args, format);
    len += written(vsnprintf(line + len, sizeof line - len, format, args), sizeof line - len);
    va_end(args);
    blank_controls(line, len);
    while (len > 0 && line[len - 1] == ' ') {
        len--;
    }
    line[len++] = '\n'; /* over the NUL, if the line was cut */
    write_line(line, len);
    errno = saved_errno;
}
