/* What a store answers: an upload's id that is found is safe in a query, and fits. */
#include <string.h>

#include "clients/s3_request.h"
#include "fuzz.h"

static bool is_hex(char c)
{
    return c != '\0' && strchr("0123456789ABCDEF", c) != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz;
    char id[32];
    fuzz_begin(&fuzz, data, size);
    const char *body = fuzz_rest_text(&fuzz);
    if (s3_read_upload_id(body, id, sizeof id)) {
        REQUIRE(strstr(body, "<UploadId>") != NULL);
        REQUIRE(id[0] != '\0' && memchr(id, '\0', sizeof id) != NULL);
        for (const char *c = id; *c != '\0'; c++) {
            REQUIRE(s3_is_unreserved(*c) || (*c == '%' && is_hex(c[1]) && is_hex(c[2])));
        }
    }
    fuzz_end(&fuzz);
    return 0;
}
