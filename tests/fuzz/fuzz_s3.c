/* What a store answers: an upload's id that is found is safe in a query, and fits; so is the place
 * where a list ended, and whoever reads the list sees keys that are plain. */
#include <string.h>

#include "base/magic.h"
#include "clients/s3_request.h"
#include "fuzz.h"

static bool is_hex(char c)
{
    return c != '\0' && strchr("0123456789ABCDEF", c) != NULL;
}

static void check_query(const char *text, size_t size)
{
    REQUIRE(memchr(text, '\0', size) != NULL);
    for (const char *c = text; *c != '\0'; c++) {
        REQUIRE(s3_is_unreserved(*c) || (*c == '%' && is_hex(c[1]) && is_hex(c[2])));
    }
}

struct seen {
    struct magic magic;
    size_t count;
};

static void check_object(void *context, const struct s3_listed *one)
{
    struct seen *seen = CHECKED(seen, context);
    REQUIRE(++seen->count <= S3_LIST_PAGE && one->size >= 0);
    REQUIRE(memchr(one->key, '\0', sizeof one->key) != NULL);
    for (const char *c = one->key; *c != '\0'; c++) {
        REQUIRE(s3_is_unreserved(*c) || *c == '/');
    }
}

static void check_list(const char *body)
{
    struct s3_place place = {.after = "1"};
    struct seen seen = {.magic = MAGIC(seen)};
    if (s3_read_list(body, &place, check_object, &seen)) {
        check_query(place.after, sizeof place.after);
        REQUIRE(place.ended || (seen.count > 0 && strcmp(place.after, "1") != 0));
    } else {
        REQUIRE(seen.count == 0 && strcmp(place.after, "1") == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz;
    char id[32];
    fuzz_begin(&fuzz, data, size);
    const char *body = fuzz_rest_text(&fuzz);
    if (s3_read_upload_id(body, id, sizeof id)) {
        REQUIRE(strstr(body, "<UploadId>") != NULL);
        REQUIRE(id[0] != '\0');
        check_query(id, sizeof id);
    }
    check_list(body);
    fuzz_end(&fuzz);
    return 0;
}
