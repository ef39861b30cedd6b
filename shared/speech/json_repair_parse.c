#include "json_repair.h"

enum result json_repair_parse(const char *text, size_t len, size_t most, struct json **out)
{
    struct json_repair repair;
    struct buf document;
    buf_init(&document, most);
    json_repair_begin(&repair, NULL, &document);
    (void)json_repair_feed(&repair, text, len);
    enum result result = json_repair_end(&repair) == JSON_REPAIR_WHOLE
                             ? json_parse_repaired(buf_str(&document), document.len, out)
                             : RESULT_INVALID;
    buf_free(&document);
    return result;
}
