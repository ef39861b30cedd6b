/*
 * Output for somebody who watches: pages that fill the terminal (or follow each other, when stdout
 * is no terminal), or one line that changes. In between, a request to stop (SIGINT, SIGTERM) is
 * noticed.
 *
 * Log lines would break a page or a line on the same terminal, so they are not written there
 * meanwhile. A log that goes to a file or a pipe is written as usual.
 *
 * No line is wider than the terminal, or than TERMINAL_WIDTH. What is not printable is shown as
 * '?', so that nothing in a table can send commands to the terminal.
 */
#ifndef TAPEDECK_JOBS_COMMANDS_TERMINAL_H
#define TAPEDECK_JOBS_COMMANDS_TERMINAL_H

#include <stdbool.h>

enum { TERMINAL_WIDTH = 100 };

struct terminal {
    int signals; /* stop.h */
    int log;     /* stderr, while it is kept off the terminal; else -1 */
    bool is_tty;
    bool is_open; /* on the terminal's other page */
    bool line;    /* a line stands there that will be written over */
};

/* Begins to listen for a request to stop. False when that cannot be. Ends with terminal_end, which
 * gives the terminal back as it was. */
bool terminal_begin(struct terminal *terminal);
void terminal_end(struct terminal *terminal);

/* Shows a page of lines in the place of the last one; on a terminal as much as there is room for.
 * False when nobody reads it any more. */
bool terminal_page(struct terminal *terminal, const char *text);

/* Shows one line in the place of the last one; where stdout is no terminal, as a new one. */
bool terminal_line(struct terminal *terminal, const char *text);

/* Waits this long. True when somebody wants us to stop. */
bool terminal_wait(struct terminal *terminal, int ms);

/* Prints lines, each cut to its width. For those who look once. */
void terminal_print(const char *text);

#endif
