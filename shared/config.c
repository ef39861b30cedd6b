#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

enum { VALUE_MAX = 4096, FILE_MAX = 64 * 1024 };

enum type {
    TYPE_TEXT,
    TYPE_URL,     /* http or https; a slash at its end is dropped */
    TYPE_PATH,    /* absolute; carried in an X-Sendfile header */
    TYPE_SECRET,  /* at least `min` bytes */
    TYPE_ACCOUNT, /* AC… */
    TYPE_FLAG,
    TYPE_COUNT,
    TYPE_DURATION,
    TYPE_DURATIONS,
    TYPE_CHOICE,  /* the index into `choices` */
    TYPE_CHOICES, /* a list of them */
};

struct row {
    const char *name;
    enum type type;
    size_t offset;
    const char *preset;
    int64_t min, max; /* of counts and bytes as such, of durations in milliseconds */
    const char *choices;
    const char *meaning;
    bool masked;
};

#define AT(field) offsetof(struct config, field)

static const int64_t SECOND = 1000;
static const int64_t DAY = 86400 * 1000LL;

#define DURATION(name, field, preset, meaning)                                                     \
    {                                                                                              \
        name, TYPE_DURATION, AT(field), preset, 1, 366 * 86400 * 1000LL, NULL, meaning, false      \
    }
#define COUNT(name, field, preset, min, max, meaning)                                              \
    {                                                                                              \
        name, TYPE_COUNT, AT(field), preset, min, max, NULL, meaning, false                        \
    }
#define TEXT(name, field, type, preset, min, meaning, masked)                                      \
    {                                                                                              \
        name, type, AT(field), preset, min, VALUE_MAX, NULL, meaning, masked                       \
    }

static const struct row TABLE[] = {
    TEXT("DATABASE_URL", database_url, TYPE_TEXT, "", 0, "PostgreSQL, as libpq reads it", true),
    TEXT("REDIS_URL", redis_url, TYPE_TEXT, "", 0,
         "redis://[[user]:password@]host[:port][/db] or unix:///path[?db=n]", true),
    TEXT("RECORDINGS_DIR", recordings_dir, TYPE_PATH, "", 0, "where finished recordings live",
         false),
    TEXT("PUBLIC_BASE_URL", public_base_url, TYPE_URL, "", 0,
         "our own address, as Twilio and browsers know it", false),
    TEXT("ALLOWED_ORIGINS", allowed_origins, TYPE_TEXT, "", 0,
         "origins of other sites whose pages may call us, comma-separated", false),
    TEXT("JWT_SECRET", jwt_secret, TYPE_SECRET, "", 32, "signs session tokens (HS256)", true),
    TEXT("MEDIA_SECRET", media_secret, TYPE_SECRET, "", 32, "signs play links", true),
    TEXT("ACCEL_PREFIX", accel_prefix, TYPE_TEXT, "/_recordings", 1,
         "nginx's internal location for RECORDINGS_DIR", false),
    TEXT("TWILIO_ACCOUNT_SID", twilio_account_sid, TYPE_ACCOUNT, "", 0, "the Twilio account",
         false),
    TEXT("TWILIO_AUTH_TOKEN", twilio_auth_token, TYPE_TEXT, "", 0,
         "checks webhooks, and fetches media where there is no API key", true),
    TEXT("TWILIO_API_KEY", twilio_api_key, TYPE_TEXT, "", 0, "fetches media, if set", false),
    TEXT("TWILIO_API_SECRET", twilio_api_secret, TYPE_TEXT, "", 0, "belongs to TWILIO_API_KEY",
         true),
    TEXT("TWILIO_API_BASE", twilio_api_base, TYPE_URL, "https://api.twilio.com", 0,
         "where the provider's API is", false),
    TEXT("OPENAI_API_KEY", openai_api_key, TYPE_TEXT, "", 0, "for transcripts and summaries", true),
    {"ENABLE_SCHEDULERS", TYPE_FLAG, AT(enable_schedulers), "true", 0, 1, NULL,
     "false: the timer jobs exit quietly", false},
    {"SENDFILE", TYPE_CHOICE, AT(sendfile), "off", 0, 0, "off,x-sendfile,x-accel-redirect",
     "how finished files reach the web server", false},
    DURATION("PLAY_LINK_TTL", play_link_ttl, "1h", "how long a play link works"),
    DURATION("CONNECT_TIMEOUT", connect_timeout, "10s", "to connect to the provider"),
    DURATION("STALL_TIMEOUT", stall_timeout, "30s", "no byte arriving"),
    DURATION("TRANSFER_TIMEOUT", transfer_timeout, "10min", "one whole transfer"),
    {"RECORDING_FORMATS", TYPE_CHOICES, AT(recording_formats), "wav2,wav,mp3,asis", 1, 4,
     "wav2,wav,mp3,asis", "formats to ask for, in this order", false},
    COUNT("RUN_ATTEMPTS", run_attempts, "3", 1, 20, "attempts a run"),
    {"RETRY_DELAYS", TYPE_DURATIONS, AT(retry_delays), "5s,30s,120s", 1, 86400 * 1000LL, NULL,
     "between attempts; the last one repeats", false},
    DURATION("NOT_READY_WINDOW", not_ready_window, "10min",
             "how long after the callback a 404 means: not yet"),
    COUNT("BREAKER_FAILURES", breaker_failures, "3", 1, 100,
          "failed attempts within BREAKER_RESET that open the breaker"),
    DURATION("BREAKER_RESET", breaker_reset, "1h", "how long the breaker stays open"),
    DURATION("RECOVERY_WINDOW", recovery_window, "10min", "how long a recovery counts"),
    DURATION("STALE_AFTER", stale_after, "5min",
             "running without heartbeat; a part file without owner"),
    DURATION("LOCK_TIMEOUT", lock_timeout, "45s", "waiting for a part file another writer holds"),
    COUNT("MIN_RECORDING_BYTES", min_recording_bytes, "1001", 1, 1 << 30,
          "the smallest file that can be a recording"),
    COUNT("MAX_RECORDING_BYTES", max_recording_bytes, "4294967296", 1001, 1LL << 40,
          "the largest file that will be stored"),
    DURATION("RETRY_AFTER", retry_after, "2s", "what clients are told"),
    DURATION("RETRY_AFTER_RECOVERY", retry_after_recovery, "5s", "the same after a recovery"),
    COUNT("SLOTS_PER_BUSINESS", slots_per_business, "3", 1, 100, "downloads at once, a business"),
    COUNT("LATER_SLOTS", later_slots, "2", 1, 100,
          "of these, how many may serve downloads nobody waits for"),
    DURATION("INFLIGHT_TTL", inflight_ttl, "120s", "a lease that nobody renews"),
    DURATION("QUEUED_TTL", queued_ttl, "20min", "a line that nobody touches"),
    DURATION("RUNNER_GRACE", runner_grace, "60s",
             "how long a run may wait, with no runner seen, before we say so"),
    DURATION("RUNNER_LINGER", runner_linger, "55s", "how long `drain` waits for more work"),
    COUNT("RUNNER_TRANSFERS", runner_transfers, "200", 1, 2000, "transfers at once, a runner"),
    DURATION("PG_TIMEOUT", pg_timeout, "5s", "one statement"),
    DURATION("REDIS_TIMEOUT", redis_timeout, "1s", "one command"),
};

enum { ROWS = sizeof TABLE / sizeof *TABLE };

/* ---- parsing one value ---- */

static bool parse_duration(const char *text, size_t len, int64_t max, int64_t *out)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } UNITS[] = {{"", 1000},     {"ms", 1},      {"s", 1000},
                 {"min", 60000}, {"h", 3600000}, {"d", 86400000}};
    size_t digits = 0;
    while (digits < len && text[digits] >= '0' && text[digits] <= '9') {
        digits++;
    }
    int64_t number;
    if (!text_int_n(text, digits, 0, max, &number)) {
        return false;
    }
    for (size_t i = 0; i < sizeof UNITS / sizeof *UNITS; i++) {
        if (strlen(UNITS[i].unit) == len - digits &&
            memcmp(text + digits, UNITS[i].unit, len - digits) == 0) {
            *out = number * UNITS[i].ms;
            return number <= max / UNITS[i].ms;
        }
    }
    return false;
}

bool config_duration(const char *text, int64_t *ms)
{
    return parse_duration(text, strlen(text), 366 * DAY, ms);
}

static bool parse_choice(const char *choices, const char *text, size_t len, int64_t *out)
{
    int64_t index = 0;
    for (const char *at = choices; at != NULL; index++) {
        size_t word = strcspn(at, ",");
        if (word == len && memcmp(at, text, len) == 0) {
            *out = index;
            return true;
        }
        at = at[word] == ',' ? at + word + 1 : NULL;
    }
    return false;
}

static bool parse_item(const struct row *row, const char *text, size_t len, int64_t *out)
{
    if (row->type == TYPE_DURATION || row->type == TYPE_DURATIONS) {
        return parse_duration(text, len, row->max, out) && *out >= row->min;
    }
    if (row->type == TYPE_COUNT) {
        return text_int_n(text, len, row->min, row->max, out);
    }
    return parse_choice(row->choices, text, len, out);
}

static bool parse_list(const struct row *row, const char *text, struct config_list *list)
{
    size_t most = row->type == TYPE_CHOICES ? (size_t)row->max : CONFIG_LIST_MAX;
    list->count = 0;
    for (const char *at = text; at != NULL;) {
        size_t word = strcspn(at, ",");
        if (list->count == most || !parse_item(row, at, word, &list->items[list->count])) {
            return false;
        }
        list->count++;
        at = at[word] == ',' ? at + word + 1 : NULL;
    }
    return true;
}

static bool parse_flag(const char *text, bool *out)
{
    bool yes = text_same(text, "true") || text_same(text, "yes") || strcmp(text, "1") == 0;
    bool no = text_same(text, "false") || text_same(text, "no") || strcmp(text, "0") == 0;
    *out = yes;
    return yes || no;
}

/* The path travels in a header that lighttpd and nginx percent-decode. */
static bool path_is_safe(const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f || *c == '%') {
            return false;
        }
    }
    return text[0] == '/' && strstr(text, "/../") == NULL;
}

static bool url_is_safe(const char *text)
{
    size_t scheme = strncmp(text, "https://", 8) == 0  ? 8
                    : strncmp(text, "http://", 7) == 0 ? 7
                                                       : 0;
    for (const char *c = text; *c != '\0'; c++) {
        if ((unsigned char)*c <= ' ' || *c == 0x7f || *c == '?' || *c == '#' || *c == '"') {
            return false;
        }
    }
    return scheme > 0 && text[scheme] != '\0' && text[scheme] != '/';
}

static bool text_is_valid(const struct row *row, const char *text)
{
    if (text[0] == '\0') {
        return row->preset[0] == '\0';
    }
    switch (row->type) {
    case TYPE_URL: return url_is_safe(text);
    case TYPE_PATH: return path_is_safe(text);
    case TYPE_ACCOUNT: return text_is_sid(text, "AC");
    default: return strlen(text) >= (size_t)row->min;
    }
}

static bool store_text(const struct row *row, const char *text, char **field)
{
    if (!text_is_valid(row, text)) {
        return false;
    }
    char *copy = strdup(text);
    if (copy == NULL) {
        return false;
    }
    size_t len = strlen(copy);
    while ((row->type == TYPE_URL || row->type == TYPE_PATH) && len > 1 && copy[len - 1] == '/') {
        copy[--len] = '\0';
    }
    free(*field);
    *field = copy;
    return true;
}

static bool store(struct config *config, const struct row *row, const char *text)
{
    void *field = (char *)config + row->offset;
    switch (row->type) {
    case TYPE_FLAG: return parse_flag(text, field);
    case TYPE_COUNT:
    case TYPE_DURATION:
    case TYPE_CHOICE: return parse_item(row, text, strlen(text), field);
    case TYPE_DURATIONS:
    case TYPE_CHOICES: return parse_list(row, text, field);
    default: return store_text(row, text, field);
    }
}

/* ---- where values come from ---- */

static int find_row(const char *name, size_t len)
{
    for (int i = 0; i < ROWS; i++) {
        if (strlen(TABLE[i].name) == len && memcmp(TABLE[i].name, name, len) == 0) {
            return i;
        }
    }
    return -1;
}

static char *trimmed(char *text)
{
    while (*text == ' ' || *text == '\t') {
        text++;
    }
    size_t len = strlen(text);
    while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL) {
        text[--len] = '\0';
    }
    return text;
}

static char *unquoted(char *text)
{
    size_t len = strlen(text);
    if (len >= 2 && (text[0] == '"' || text[0] == '\'') && text[len - 1] == text[0]) {
        text[len - 1] = '\0';
        return text + 1;
    }
    return text;
}

static enum result invalid(char *error, const char *where, const char *name, const char *why)
{
    char safe[64];
    (void)snprintf(error, CONFIG_ERROR_SIZE, "configuration: %s%s: %s",
                   text_for_log(name, safe, sizeof safe), where, why);
    return RESULT_INVALID;
}

/* One line of the env file; `values` gets pointers into it. */
static enum result read_line(char *line, const char *values[], char *error)
{
    line = trimmed(line);
    if (line[0] == '\0' || line[0] == '#') {
        return RESULT_OK;
    }
    if (strncmp(line, "export ", 7) == 0) {
        line = trimmed(line + 7);
    }
    char *equals = strchr(line, '=');
    if (equals == NULL) {
        return invalid(error, " in the env file", line, "is not NAME=value");
    }
    *equals = '\0';
    int row = find_row(trimmed(line), strlen(trimmed(line)));
    if (row < 0) {
        return invalid(error, " in the env file", line, "is not a known name");
    }
    if (values[row] != NULL) {
        return invalid(error, " in the env file", line, "is set twice");
    }
    values[row] = unquoted(trimmed(equals + 1));
    return RESULT_OK;
}

/* Reads the whole file into `text`; a file that need not exist may be missing. */
static enum result read_file(const char *path, bool required, struct buf *text, char *error)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        if (errno == ENOENT && !required) {
            return RESULT_OK;
        }
        return invalid(error, "", "TAPEDECK_ENV", "the env file cannot be read");
    }
    char chunk[4096];
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, file)) > 0 && buf_ok(text);) {
        buf_add(text, chunk, n);
    }
    fclose(file);
    return buf_ok(text) ? RESULT_OK
                        : invalid(error, "", "TAPEDECK_ENV", "the env file is over 64 KiB");
}

static enum result read_lines(struct buf *text, const char *values[], char *error)
{
    char *rest = text->data;
    for (char *line; rest != NULL && (line = strsep(&rest, "\n")) != NULL;) {
        enum result result = read_line(line, values, error);
        if (result != RESULT_OK) {
            return result;
        }
    }
    return RESULT_OK;
}

static enum result read_env_file(const char *binary_dir, struct buf *text, const char *values[],
                                 char *error)
{
    const char *named = getenv("TAPEDECK_ENV");
    bool required = named != NULL && named[0] != '\0';
    char path[4096];
    int n = snprintf(path, sizeof path, "%s%s", required ? named : binary_dir,
                     required ? "" : "/tapedeck.env");
    if (n < 0 || (size_t)n >= sizeof path) {
        return invalid(error, "", "TAPEDECK_ENV", "the path is too long");
    }
    enum result result = read_file(path, required, text, error);
    return result == RESULT_OK ? read_lines(text, values, error) : result;
}

static enum result check_together(const struct config *config, char *error)
{
    if ((config->twilio_api_key[0] == '\0') != (config->twilio_api_secret[0] == '\0')) {
        return invalid(error, "", "TWILIO_API_KEY", "and TWILIO_API_SECRET go together");
    }
    if (config->accel_prefix[0] != '/') {
        return invalid(error, "", "ACCEL_PREFIX", "must begin with a slash");
    }
    if (config->inflight_ttl < 2 * SECOND || config->queued_ttl > DAY) {
        return invalid(error, "", "INFLIGHT_TTL", "must be at least 2s, and QUEUED_TTL at most 1d");
    }
    return RESULT_OK;
}

enum result config_load(struct config *config, const char *binary_dir, char *error)
{
    const char *values[ROWS] = {NULL};
    struct buf text;
    buf_init(&text, FILE_MAX);
    *config = (struct config){0};
    enum result result = read_env_file(binary_dir, &text, values, error);
    for (size_t i = 0; i < ROWS && result == RESULT_OK; i++) {
        const char *from_env = getenv(TABLE[i].name);
        const char *value = from_env != NULL ? from_env : values[i];
        if (value == NULL || (value[0] == '\0' && TABLE[i].type > TYPE_ACCOUNT)) {
            value = TABLE[i].preset;
        }
        if (strlen(value) > VALUE_MAX || !store(config, &TABLE[i], value)) {
            char why[160];
            (void)snprintf(why, sizeof why, "this value is not valid; it means: %s",
                           TABLE[i].meaning);
            result = invalid(error, "", TABLE[i].name, why);
        }
    }
    if (result == RESULT_OK) {
        result = check_together(config, error);
    }
    buf_free(&text);
    if (result != RESULT_OK) {
        config_free(config);
    }
    return result;
}

void config_free(struct config *config)
{
    for (size_t i = 0; config != NULL && i < ROWS; i++) {
        if (TABLE[i].type <= TYPE_ACCOUNT) {
            char **field = (void *)((char *)config + TABLE[i].offset);
            free(*field);
            *field = NULL;
        }
    }
}

const char *config_missing(const struct config *config, const char *const *names)
{
    for (; *names != NULL; names++) {
        int row = find_row(*names, strlen(*names));
        if (row < 0) {
            abort();
        }
        const char *const *field = (const void *)((const char *)config + TABLE[row].offset);
        if (TABLE[row].type <= TYPE_ACCOUNT && (*field)[0] == '\0') {
            return *names;
        }
    }
    return NULL;
}

/* ---- printing ---- */

static void print_text(const struct row *row, const char *text, FILE *out)
{
    bool hidden = row->masked && text[0] != '\0';
    fputs(hidden ? "********" : text, out);
}

static void print_duration(int64_t ms, FILE *out)
{
    bool whole = ms % SECOND == 0;
    fprintf(out, "%lld%s", (long long)(whole ? ms / SECOND : ms), whole ? "s" : "ms");
}

static void print_choice(const char *choices, int64_t index, FILE *out)
{
    for (; index > 0; index--) {
        choices += strcspn(choices, ",") + 1;
    }
    fprintf(out, "%.*s", (int)strcspn(choices, ","), choices);
}

static void print_item(const struct row *row, int64_t value, FILE *out)
{
    switch (row->type) {
    case TYPE_DURATION:
    case TYPE_DURATIONS: print_duration(value, out); break;
    case TYPE_CHOICE:
    case TYPE_CHOICES: print_choice(row->choices, value, out); break;
    default: fprintf(out, "%lld", (long long)value); break;
    }
}

static void print_value(const struct config *config, const struct row *row, FILE *out)
{
    const void *field = (const char *)config + row->offset;
    const struct config_list *list = field;
    switch (row->type) {
    case TYPE_FLAG: fputs(*(const bool *)field ? "true" : "false", out); break;
    case TYPE_DURATIONS:
    case TYPE_CHOICES:
        for (size_t i = 0; i < list->count; i++) {
            fputs(i > 0 ? "," : "", out);
            print_item(row, list->items[i], out);
        }
        break;
    case TYPE_COUNT:
    case TYPE_DURATION:
    case TYPE_CHOICE: print_item(row, *(const int64_t *)field, out); break;
    default: print_text(row, *(const char *const *)field, out); break;
    }
}

void config_print(const struct config *config, FILE *out)
{
    for (size_t i = 0; i < ROWS; i++) {
        fprintf(out, "# %s\n%s=", TABLE[i].meaning, TABLE[i].name);
        print_value(config, &TABLE[i], out);
        fputc('\n', out);
    }
}

void config_print_names(FILE *out)
{
    for (size_t i = 0; i < ROWS; i++) {
        fprintf(out, "%s\n", TABLE[i].name);
    }
}
