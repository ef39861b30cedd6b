#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "clients/crypto.h"
#include "clients/jwt.h"
#include "config/credentials.h"
#include "fuzz.h"
#include "scratch.h"

enum { TOKEN_TTL_S = 10 * 365 * 86400, SIGNED_MAX = 16 * 1024 * 1024 };

/* Where the recording lies; it goes when the program ends. */
static char world_dir[SCRATCH_SIZE];

static void remove_dir(void)
{
    (void)scratch_remove(world_dir);
}

static void make_recording(void)
{
    static unsigned char bytes[WORLD_FILE_SIZE] = "RIFF\xe0\x03\0\0WAVE";
    REQUIRE(scratch_make(world_dir) && atexit(remove_dir) == 0);
    REQUIRE(scratch_folder(world_dir, "7"));
    REQUIRE(scratch_file(world_dir, "7/" WORLD_SID ".wav", bytes, sizeof bytes));
}

static void set(const char *name, const char *value)
{
    REQUIRE(setenv(name, value, 1) == 0);
}

static void configure(const char *redis_url)
{
    (void)unsetenv("TAPEDECK_ENV");
    set("DATABASE_URL", "postgresql:///none?host=/nonexistent");
    set("REDIS_URL", redis_url);
    set("RECORDINGS_DIR", world_dir);
    set("PUBLIC_BASE_URL", WORLD_BASE);
    set("ALLOWED_ORIGINS", "https://a.example,https://friend.example");
    set("JWT_SECRET", WORLD_SECRET);
    set("MEDIA_SECRET", WORLD_SECRET);
    set("TWILIO_ACCOUNT_SID", WORLD_ACCOUNT);
    set("TWILIO_AUTH_TOKEN", WORLD_AUTH_TOKEN);
    set("REDIS_TIMEOUT", "200ms");
}

void fuzz_world_make(struct fuzz_world *world, const char *redis_url)
{
    char error[CONFIG_ERROR_SIZE];
    const struct jwt_claims claims = {
        .business_id = WORLD_BUSINESS, .expires = clock_wall() + TOKEN_TTL_S, .subject = "fuzzer"};
    make_recording();
    configure(redis_url);
    REQUIRE(config_load(&world->config, world_dir, error) == RESULT_OK);
    REQUIRE(credentials_load(&world->config, &world->credentials, error) == RESULT_OK);
    world->app = (struct app){
        .config = &world->config,
        .credentials = world->credentials,
        .pg = pg_new(world->config.database_url, world->config.pg_timeout),
        .redis = redis_new(redis_url, world->config.redis_timeout),
        .tokens = jwt_verifier_new(WORLD_SECRET, ""),
    };
    REQUIRE(world->app.pg != NULL && world->app.redis != NULL && world->app.tokens != NULL);
    buf_init(&world->token, JWT_MAX);
    REQUIRE(jwt_sign(&claims, WORLD_SECRET, &world->token) == RESULT_OK);
}

/* ---- the provider's signature ---- */

void fuzz_world_sign(const char *url, const char *target, const struct form *params, char *out)
{
    struct buf text;
    struct form_pair *pairs = NULL;
    unsigned char mac[CRYPTO_SHA1_SIZE];
    size_t count = params != NULL ? params->count : 0;
    buf_init(&text, SIGNED_MAX);
    buf_format(&text, "%s%s", url, target);
    if (count > 0) {
        pairs = calloc(count, sizeof *pairs);
        if (pairs == NULL) {
            abort();
        }
        memcpy(pairs, params->pairs, count * sizeof *pairs);
        qsort(pairs, count, sizeof *pairs, form_compare);
    }
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || form_compare(&pairs[i - 1], &pairs[i]) != 0) {
            buf_add(&text, pairs[i].name, pairs[i].name_len);
            buf_add(&text, pairs[i].value, pairs[i].value_len);
        }
    }
    free(pairs);
    REQUIRE(buf_ok(&text) && crypto_hmac_sha1(WORLD_AUTH_TOKEN, text.data, text.len, mac));
    crypto_base64(mac, sizeof mac, out);
    buf_free(&text);
}
