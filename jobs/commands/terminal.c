#include "terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/stop.h"

/* Control sequences (ECMA-48; the alternate page is xterm's). */
#define OTHER_PAGE "\x1b[?1049h\x1b[?25l"
#define BACK "\x1b[?25h\x1b[?1049l"
#define HOME "\x1b[H"
#define REST_OF_LINE "\x1b[K"
#define REST_OF_PAGE "\x1b[J"

enum { ROWS_MIN = 5, COLUMNS_MIN = 20 };

struct size {
    int rows, columns;
};

static struct size size_of(bool is_tty)
{
    struct winsize window;
    struct size size = {.rows = 0, .columns = TERMINAL_WIDTH};
    if (is_tty && ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0) {
        size.columns = window.ws_col > COLUMNS_MIN ? window.ws_col : COLUMNS_MIN;
        size.rows = window.ws_row > ROWS_MIN ? window.ws_row : ROWS_MIN;
    }
    return size;
}

/* One line, without its end. */
static void put_line(const char *line, size_t len, int width)
{
    size_t most = (size_t)width;
    for (size_t i = 0; i < len && i < most; i++) {
        bool printable = line[i] >= ' ' && line[i] <= '~';
        putchar(printable ? line[i] : '?');
    }
}

/* All lines, or at most `rows` of them if that is not 0, the last one saying how many are left. */
static void put_lines(const char *text, struct size size, const char *line_end)
{
    int left = 0, row = 0;
    for (const char *c = text; *c != '\0'; c++) {
        left += *c == '\n';
    }
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        if (size.rows > 0 && row == size.rows - 1 && left > 1) {
            printf("... %d more lines%s", left, REST_OF_LINE);
            return;
        }
        put_line(text, len, size.columns);
        bool last = size.rows > 0 && row == size.rows - 1;
        fputs(last ? REST_OF_LINE : line_end, stdout);
        text += len + (text[len] == '\n');
        left--;
        row++;
    }
}

void terminal_print(const char *text)
{
    struct size size = size_of(isatty(STDOUT_FILENO) == 1);
    size.rows = 0;
    put_lines(text, size, "\n");
}

static int keep_log_off(bool is_tty)
{
    int nowhere = is_tty && isatty(STDERR_FILENO) ? open("/dev/null", O_WRONLY | O_CLOEXEC) : -1;
    if (nowhere < 0) {
        return -1;
    }
    int log = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (log >= 0) {
        (void)dup2(nowhere, STDERR_FILENO);
    }
    close(nowhere);
    return log;
}

bool terminal_begin(struct terminal *terminal)
{
    *terminal = (struct terminal){.is_tty = isatty(STDOUT_FILENO) == 1};
    terminal->log = keep_log_off(terminal->is_tty);
    terminal->signals = stop_listen(0);
    return terminal->signals >= 0;
}

void terminal_end(struct terminal *terminal)
{
    if (terminal->is_open) {
        fputs(BACK, stdout);
    } else if (terminal->line) {
        putchar('\n');
    }
    (void)fflush(stdout);
    if (terminal->signals >= 0) {
        close(terminal->signals);
    }
    if (terminal->log >= 0) {
        (void)dup2(terminal->log, STDERR_FILENO);
        close(terminal->log);
    }
    *terminal = (struct terminal){.signals = -1, .log = -1};
}

bool terminal_page(struct terminal *terminal, const char *text)
{
    struct size size = size_of(terminal->is_tty);
    if (!terminal->is_tty) {
        put_lines(text, size, "\n");
        putchar('\n');
    } else {
        fputs(terminal->is_open ? HOME : OTHER_PAGE HOME, stdout);
        terminal->is_open = true;
        put_lines(text, size, REST_OF_LINE "\n");
        fputs(REST_OF_PAGE, stdout);
    }
    return fflush(stdout) == 0;
}

bool terminal_line(struct terminal *terminal, const char *text)
{
    struct size size = size_of(terminal->is_tty);
    if (terminal->is_tty) {
        putchar('\r');
        put_line(text, strlen(text), size.columns - 1);
        fputs(REST_OF_LINE, stdout);
        terminal->line = true;
    } else {
        put_line(text, strlen(text), size.columns);
        putchar('\n');
    }
    return fflush(stdout) == 0;
}

bool terminal_wait(struct terminal *terminal, int ms)
{
    struct pollfd fd = {.fd = terminal->signals, .events = POLLIN};
    return poll(&fd, 1, ms) > 0 && stop_requested(terminal->signals);
}
