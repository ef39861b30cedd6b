/* One setting of each type: what is taken is within its bounds, and printed it reads the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/config_value.h"
#include "fuzz.h"

#define AT(field) offsetof(struct config, field)

enum { YEAR_DAYS = 366 };

static const int64_t YEAR_MS = YEAR_DAYS * INT64_C(86400000);

static const struct config_row ROWS[] = {
    {"A", TYPE_DURATION, AT(stall_timeout), "1s", 1, YEAR_DAYS *INT64_C(86400000), NULL, "", 0},
    {"B", TYPE_COUNT, AT(run_attempts), "3", 1, 20, NULL, "", false},
    {"C", TYPE_COUNT, AT(run_attempts), "3", INT64_MIN, INT64_MAX, NULL, "", false},
    {"D", TYPE_CHOICE, AT(sendfile), "a", 0, 0, "off,x-sendfile,x-accel-redirect", "", false},
    {"E", TYPE_CHOICES, AT(recording_formats), "a", 1, 4, "wav2,wav,mp3,asis", "", false},
    {"F", TYPE_DURATIONS, AT(retry_delays), "5s", 1, INT64_C(86400000), NULL, "", false},
    {"G", TYPE_FLAG, AT(enable_schedulers), "true", 0, 1, NULL, "", false},
    {"H", TYPE_TEXT, AT(database_url), "", 0, CONFIG_VALUE_MAX, NULL, "", false},
    {"I", TYPE_URL, AT(public_base_url), "", 0, CONFIG_VALUE_MAX, NULL, "", false},
    {"M", TYPE_ENDPOINT, AT(transcribe_url), "", 0, CONFIG_VALUE_MAX, NULL, "", false},
    {"J", TYPE_PATH, AT(recordings_dir), "", 0, CONFIG_VALUE_MAX, NULL, "", false},
    {"K", TYPE_SECRET, AT(jwt_secret), "", 32, CONFIG_VALUE_MAX, NULL, "", false},
    {"L", TYPE_ACCOUNT, AT(twilio_account_sid), "", 0, CONFIG_VALUE_MAX, NULL, "", false},
};

static char *print(const struct config *config, const struct config_row *row)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) {
        abort();
    }
    config_value_print(config, row, out);
    (void)fclose(out);
    return text;
}

static void check_text(const struct config_row *row, const char *value)
{
    size_t len = strlen(value);
    if (len == 0) {
        return;
    }
    if (row->type == TYPE_SECRET) {
        REQUIRE(len >= 32);
    }
    if (row->type == TYPE_PATH) {
        REQUIRE(value[0] == '/' && strpbrk(value, "%\r\n") == NULL);
    }
    if (row->type == TYPE_URL) {
        REQUIRE(strncmp(value, "http", 4) == 0 && strpbrk(value, " \r\n?#\"") == NULL);
    }
    if (row->type == TYPE_ENDPOINT) {
        REQUIRE(strncmp(value, "http", 4) == 0 && strpbrk(value, " \r\n#\"") == NULL);
    }
    if (row->type == TYPE_URL || row->type == TYPE_PATH) {
        REQUIRE(len == 1 || value[len - 1] != '/');
    }
}

static void check_number(const struct config_row *row, int64_t value)
{
    if (row->type == TYPE_COUNT || row->type == TYPE_DURATION) {
        REQUIRE(value >= row->min && value <= row->max);
    }
    if (row->type == TYPE_CHOICE) {
        REQUIRE(value >= 0 && value <= SENDFILE_X_ACCEL_REDIRECT);
    }
}

static void check_list(const struct config_row *row, const struct config_list *list)
{
    REQUIRE(list->count >= 1 && list->count <= CONFIG_LIST_MAX);
    for (size_t i = 0; i < list->count; i++) {
        REQUIRE(list->items[i] >= 0);
        REQUIRE(list->items[i] <= (row->type == TYPE_CHOICES ? 3 : YEAR_MS));
    }
}

static void check(const struct config *config, const struct config_row *row)
{
    const void *field = (const char *)config + row->offset;
    switch (row->type) {
    case TYPE_COUNT:
    case TYPE_DURATION:
    case TYPE_CHOICE: check_number(row, *(const int64_t *)field); break;
    case TYPE_DURATIONS:
    case TYPE_CHOICES: check_list(row, field); break;
    case TYPE_FLAG: break;
    default: check_text(row, *(const char *const *)field); break;
    }
}

static void forget(struct config *config, const struct config_row *row)
{
    if (config_value_is_text(row->type)) {
        char **field = (void *)((char *)config + row->offset);
        free(*field);
        *field = NULL;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz;
    struct config config = {0}, again = {0};
    int64_t ms;
    fuzz_begin(&fuzz, data, size);
    const struct config_row *row = &ROWS[(fuzz_byte(&fuzz) & 0x0f) % (sizeof ROWS / sizeof *ROWS)];
    const char *text = fuzz_rest_text(&fuzz);
    if (config_value_set(&config, row, text)) {
        check(&config, row);
        char *printed = print(&config, row);
        REQUIRE(config_value_set(&again, row, printed));
        char *twice = print(&again, row);
        REQUIRE(strcmp(printed, twice) == 0);
        free(printed);
        free(twice);
    }
    if (config_duration(text, &ms)) {
        REQUIRE(ms >= 0 && ms <= YEAR_MS);
    }
    forget(&config, row);
    forget(&again, row);
    fuzz_end(&fuzz);
    return 0;
}
