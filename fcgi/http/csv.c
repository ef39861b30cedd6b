#include "csv.h"

#include <string.h>

static void begin_cell(struct buf *out)
{
    const char *text = buf_str(out);
    if (out->len > 0 && text[out->len - 1] != '\n') {
        buf_text(out, ",");
    }
}

/* OWASP, "CSV Injection": what these begin with, a spreadsheet may compute. */
static bool may_be_formula(char first)
{
    return first != '\0' && strchr("=+-@\t\r\n", first) != NULL;
}

void csv_text(struct buf *out, const char *text)
{
    begin_cell(out);
    if (text == NULL || text[0] == '\0') {
        buf_text(out, "\"\"");
        return;
    }
    buf_text(out, may_be_formula(text[0]) ? "\"'" : "\"");
    for (const char *c = text; *c != '\0'; c++) {
        buf_text(out, *c == '"' ? "\"" : "");
        buf_add(out, c, 1);
    }
    buf_text(out, "\"");
}

void csv_int(struct buf *out, int64_t number)
{
    begin_cell(out);
    buf_format(out, "%lld", (long long)number);
}

void csv_time(struct buf *out, const char *iso)
{
    enum { DAY = 10, SECOND = 19 };
    if (iso == NULL || strlen(iso) < SECOND) {
        csv_text(out, iso);
        return;
    }
    begin_cell(out);
    buf_add(out, iso, DAY);
    buf_text(out, " ");
    buf_add(out, iso + DAY + 1, SECOND - DAY - 1);
}

void csv_end(struct buf *out)
{
    buf_text(out, "\r\n");
}
