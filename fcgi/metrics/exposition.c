#include "exposition.h"

enum { LABELS_MAX = 2 };

void exposition_family(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_format(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void add_value(struct buf *out, const char *value)
{
    for (const char *c = value; *c != '\0'; c++) {
        switch (*c) {
        case '\\': buf_text(out, "\\\\"); break;
        case '"': buf_text(out, "\\\""); break;
        case '\n': buf_text(out, "\\n"); break;
        default: buf_add(out, c, 1);
        }
    }
}

static void begin(struct buf *out, const char *name, const char *ending,
                  const struct exposition_label *labels)
{
    buf_format(out, "%s%s", name, ending);
    for (int i = 0; labels != NULL && i < LABELS_MAX && labels[i].name != NULL; i++) {
        buf_format(out, "%s%s=\"", i == 0 ? "{" : ",", labels[i].name);
        add_value(out, labels[i].value);
        buf_text(out, "\"");
    }
    buf_text(out, labels != NULL && labels[0].name != NULL ? "} " : " ");
}

void exposition_sample(struct buf *out, const char *name, const char *ending,
                       const struct exposition_label labels[2], int64_t value)
{
    begin(out, name, ending, labels);
    buf_format(out, "%lld\n", (long long)value);
}

void exposition_seconds(struct buf *out, const char *name, const char *ending,
                        const struct exposition_label labels[2], int64_t us)
{
    begin(out, name, ending, labels);
    if (us < 0) {
        buf_text(out, "+Inf\n");
    } else {
        buf_format(out, "%lld.%06lld\n", (long long)(us / 1000000), (long long)(us % 1000000));
    }
}
