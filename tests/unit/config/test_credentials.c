#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "accounts_world.h"
#include "base/buf.h"
#include "base/clock.h"
#include "config/credentials.h"

#define THIRD "ACfedcba9876543210fedcba9876543210"
#define DUBLIN "https://api.dublin.ie1.twilio.com"

enum { LINE_SIZE = 128, MOST = 1000, STRANGER = 54321 };

static void assert_credential(const struct world *world, const char *account, const char *user,
                              const char *password, const char *token)
{
    struct credential got = credentials_of(world->credentials, account);
    assert_string_equal(got.user, user);
    assert_string_equal(got.password, password);
    assert_null(got.other_password);
    assert_string_equal(got.api_base, BASE);
    assert_string_equal(got.tokens[0], token);
    assert_null(got.tokens[1]);
    assert_null(got.shared_keys[0].name);
}

static void assert_ours(const struct world *world, const char *account)
{
    assert_credential(world, account, OURS, "our own token", "our own token");
}

/* ---- whose ---- */

static void test_no_file_is_needed(void **state)
{
    struct world *world = *state;
    world->config.twilio_accounts_file = "";
    assert_int_equal(load(world), RESULT_OK);
    assert_ours(world, OURS);
    assert_ours(world, SECOND);
    assert_ours(world, NULL);
}

static void test_each_account_has_its_own(void **state)
{
    struct world *world = *state;
    assert_int_equal(load_text(world, SECOND "=" TOKEN "\n" THIRD "=t3\n"), RESULT_OK);
    assert_credential(world, SECOND, SECOND, TOKEN, TOKEN);
    assert_credential(world, THIRD, THIRD, "t3", "t3");
    assert_ours(world, OURS);
}

/* A subaccount has none of its own, and neither has what is no account at all. */
static void test_all_others_have_the_configured_ones(void **state)
{
    struct world *world = *state;
    static const char *const others[] = {
        "AC00000000000000000000000000000002",
        "AC0123456789ABCDEF0123456789ABCDEF",  /* SECOND in capitals is another name */
        "AC0123456789abcdef0123456789abcde",   /* less of it */
        "AC0123456789abcdef0123456789abcdef0", /* more of it */
        (" " SECOND),
        "",
        "CA0123456789abcdef0123456789abcdef",
    };
    assert_int_equal(load_text(world, SECOND "=" TOKEN "\n"), RESULT_OK);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_ours(world, others[i]);
    }
    assert_ours(world, NULL);
}

/* So the configured account's token can be changed without a restart, for its subaccounts, too. */
static void test_the_file_goes_before_what_is_configured(void **state)
{
    struct world *world = *state;
    world->config.twilio_api_key = "SK1";
    world->config.twilio_api_secret = "the key's secret";
    assert_int_equal(load_text(world, OURS "=t1\n" THIRD "=t3\n"), RESULT_OK);
    assert_credential(world, OURS, OURS, "t1", "t1");
    assert_credential(world, SECOND, OURS, "t1", "t1");
    assert_credential(world, THIRD, THIRD, "t3", "t3");
    assert_true(credentials_agree(world->credentials, OURS, SECOND));
    assert_false(credentials_agree(world->credentials, OURS, THIRD));
    assert_true(credentials_are_several(world->credentials));
    assert_int_equal(load_text(world, OURS "=t1\n"), RESULT_OK);
    assert_false(credentials_are_several(world->credentials));
}

static void assert_two(const struct credential *got, const char *first, const char *second)
{
    assert_string_equal(got->tokens[0], first);
    assert_string_equal(got->tokens[1], second);
}

static void test_two_tokens_while_one_is_changed(void **state)
{
    struct world *world = *state;
    world->config.twilio_auth_token_previous = "our old token";
    assert_int_equal(load_text(world, SECOND "=new,old\n" THIRD "=new,old SK3:its:secret\n"),
                     RESULT_OK);
    struct credential got = credentials_of(world->credentials, SECOND);
    assert_two(&got, "new", "old");
    assert_string_equal(got.password, "new");
    assert_string_equal(got.other_password, "old");
    got = credentials_of(world->credentials, THIRD); /* whose key goes to the API, and no token */
    assert_two(&got, "new", "old");
    assert_string_equal(got.user, "SK3");
    assert_string_equal(got.password, "its:secret");
    assert_null(got.other_password);
    got = credentials_of(world->credentials, OURS);
    assert_two(&got, "our own token", "our old token");
    assert_string_equal(got.password, "our own token");
    assert_string_equal(got.other_password, "our old token");
}

static void test_an_accounts_own_host(void **state)
{
    struct world *world = *state;
    assert_int_equal(load_text(world, SECOND "=t2 " DUBLIN "/\n" THIRD "=t3\n"), RESULT_OK);
    assert_string_equal(credentials_of(world->credentials, SECOND).api_base, DUBLIN);
    assert_string_equal(credentials_of(world->credentials, THIRD).api_base, BASE);
    assert_string_equal(credentials_of(world->credentials, OURS).api_base, BASE);
    assert_string_equal(credentials_of(world->credentials, NULL).api_base, BASE);
}

static void test_who_vouches_for_whom(void **state)
{
    struct world *world = *state;
    static const char SUB[] = "AC00000000000000000000000000000002";
    assert_int_equal(load_text(world, SECOND "=" TOKEN "\n" THIRD "=" TOKEN "\n"), RESULT_OK);
    assert_true(credentials_are_several(world->credentials));
    assert_true(credentials_agree(world->credentials, SECOND, SECOND));
    assert_true(credentials_agree(world->credentials, OURS, SUB));
    assert_false(credentials_agree(world->credentials, SECOND, THIRD));
    assert_false(credentials_agree(world->credentials, SECOND, OURS));
    assert_false(credentials_agree(world->credentials, SUB, THIRD));
    assert_int_equal(load_text(world, "# nobody\n"), RESULT_OK);
    assert_false(credentials_are_several(world->credentials));
    assert_true(credentials_agree(world->credentials, SECOND, OURS));
}

/* An API key fetches the configured account's media, checks no webhook, and is not lent to those
 * who have a token of their own. */
static void test_an_api_key_is_the_configured_accounts(void **state)
{
    struct world *world = *state;
    world->config.twilio_api_key = "SK1";
    world->config.twilio_api_secret = "the key's secret";
    assert_int_equal(load_text(world, SECOND "=" TOKEN "\n"), RESULT_OK);
    assert_credential(world, OURS, "SK1", "the key's secret", "our own token");
    assert_credential(world, THIRD, "SK1", "the key's secret", "our own token");
    assert_credential(world, SECOND, SECOND, TOKEN, TOKEN);
}

/* ---- who may read it ---- */

static void test_modes(void **state)
{
    struct world *world = *state;
    static const char TEXT[] = SECOND "=" TOKEN "\n";
    static const mode_t good[] = {0600, 0400, 0700},
                        bad[] = {0640, 0604, 0620, 0602, 0610, 0601, 0660, 0644, 0666, 0777};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        write_accounts(world, TEXT, sizeof TEXT - 1, good[i]);
        assert_int_equal(load(world), RESULT_OK);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_accounts(world, TEXT, sizeof TEXT - 1, bad[i]);
        assert_int_equal(load(world), RESULT_INVALID);
        assert_non_null(strstr(world->error, "0600"));
    }
}

static void test_a_strangers_file(void **state)
{
    struct world *world = *state;
    if (geteuid() != 0) {
        skip(); /* only root can give a file away */
    }
    write_accounts(world, SECOND "=" TOKEN "\n", strlen(SECOND "=" TOKEN "\n"), 0600);
    assert_int_equal(chown(world->path, STRANGER, STRANGER), 0);
    assert_int_equal(load(world), RESULT_INVALID);
    assert_int_equal(chown(world->path, geteuid(), STRANGER), 0);
    assert_int_equal(load(world), RESULT_OK); /* a group that may do nothing is nobody */
}

static void test_what_is_no_file(void **state)
{
    struct world *world = *state;
    assert_int_equal(load(world), RESULT_INVALID); /* not there */
    assert_int_equal(mkdir(world->path, 0700), 0);
    assert_int_equal(load(world), RESULT_INVALID);
    assert_int_equal(rmdir(world->path), 0);
    assert_int_equal(mkfifo(world->path, 0600), 0); /* must not be waited for */
    assert_int_equal(load(world), RESULT_INVALID);
    assert_int_equal(unlink(world->path), 0);
    assert_int_equal(symlink("nowhere", world->path), 0);
    assert_int_equal(load(world), RESULT_INVALID);
}

/* What a link points to is what counts. */
static void test_a_link(void **state)
{
    struct world *world = *state;
    char target[2 * SCRATCH_SIZE];
    static const char TEXT[] = SECOND "=" TOKEN "\n";
    assert_true(scratch_file(world->dir, "target", TEXT, sizeof TEXT - 1));
    assert_int_equal(symlink("target", world->path), 0);
    scratch_path(world->dir, "target", target);
    assert_int_equal(chmod(target, 0600), 0);
    assert_int_equal(load(world), RESULT_OK);
    assert_int_equal(chmod(target, 0640), 0);
    assert_int_equal(load(world), RESULT_INVALID);
}

/* ---- what stands in it ---- */

static void test_lines(void **state)
{
    struct world *world = *state;
    static const char *const good[] = {
        SECOND "=" TOKEN,
        "\n# accounts\n\n  " SECOND " = " TOKEN "\t\r\n",
        "export " SECOND "=" TOKEN "\n",
        SECOND "=\"" TOKEN "\"\n",
        SECOND "='" TOKEN "'\n",
        THIRD "=x=y\n" SECOND "=" TOKEN "\n",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(load_text(world, good[i]), RESULT_OK);
        assert_credential(world, SECOND, SECOND, TOKEN, TOKEN);
    }
    assert_credential(world, THIRD, THIRD, "x=y", "x=y");
}

static void test_an_empty_file(void **state)
{
    struct world *world = *state;
    assert_int_equal(load_text(world, ""), RESULT_OK);
    assert_ours(world, SECOND);
    assert_int_equal(load_text(world, "# none yet\n"), RESULT_OK);
    assert_ours(world, SECOND);
}

static void test_malformed_lines(void **state)
{
    struct world *world = *state;
    static const char *const bad[] = {
        SECOND "\n",
        SECOND " " TOKEN "\n",
        SECOND ":" TOKEN "\n",
        SECOND "=\n",
        SECOND "=''\n",
        "=" TOKEN "\n",
        "TWILIO_AUTH_TOKEN=" TOKEN "\n",
        "SK0123456789abcdef0123456789abcdef=" TOKEN "\n",
        "ac0123456789abcdef0123456789abcdef=" TOKEN "\n",
        "AC0123456789abcdef0123456789abcde=" TOKEN "\n",
        "AC0123456789abcdef0123456789abcdef0=" TOKEN "\n",
        "AC0123456789abcdef0123456789abcdeg=" TOKEN "\n",
        SECOND "=t1 t2\n",
        THIRD "=t3\n" TOKEN "\n", /* one good line does not make up for a bad one */
        TOKEN "\n" THIRD "=t3\n",
        "\xef\xbb\xbf" SECOND "=" TOKEN "\n", /* a byte order mark */
        /* Twice: which of the two is meant would be a guess. */
        SECOND "=" TOKEN "\n" SECOND "=another\n",
        SECOND "=" TOKEN "\n" THIRD "=t3\n" SECOND "=" TOKEN "\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        enum result result = load_text(world, bad[i]);
        if (result != RESULT_INVALID) {
            print_error("case %zu: %s\n", i, bad[i]);
        }
        assert_int_equal(result, RESULT_INVALID);
    }
}

static void test_a_nul_hides_nothing(void **state)
{
    struct world *world = *state;
    static const char TEXT[] = SECOND "=" TOKEN "\n\0" THIRD "=t3\n";
    write_accounts(world, TEXT, sizeof TEXT - 1, 0600);
    assert_int_equal(load(world), RESULT_INVALID);
}

/* As many as it says, each with a token of Twilio's length; and not one more. */
static void test_how_many(void **state)
{
    struct world *world = *state;
    struct buf text;
    buf_init(&text, (size_t)(MOST + 1) * LINE_SIZE);
    for (int i = 0; i < MOST; i++) {
        buf_format(&text, "AC%032d=%032d\n", i, i + MOST);
    }
    assert_true(buf_ok(&text));
    write_accounts(world, buf_str(&text), text.len, 0600);
    assert_int_equal(load(world), RESULT_OK);
    assert_credential(world, "AC00000000000000000000000000000999",
                      "AC00000000000000000000000000000999", "00000000000000000000000000001999",
                      "00000000000000000000000000001999");
    buf_format(&text, SECOND "=" TOKEN "\n");
    write_accounts(world, buf_str(&text), text.len, 0600);
    assert_int_equal(load(world), RESULT_INVALID);
    buf_free(&text);
}

static void test_a_file_without_end(void **state)
{
    struct world *world = *state;
    enum { MUCH = 4 * 1024 * 1024 };
    char *text = malloc(MUCH);
    assert_non_null(text);
    memset(text, '#', MUCH);
    write_accounts(world, text, MUCH, 0600);
    free(text);
    assert_int_equal(load(world), RESULT_INVALID);
}

static void test_nothing_to_free(void **state)
{
    (void)state;
    credentials_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(test_no_file_is_needed),
        world_test(test_each_account_has_its_own),
        world_test(test_all_others_have_the_configured_ones),
        world_test(test_the_file_goes_before_what_is_configured),
        world_test(test_two_tokens_while_one_is_changed),
        world_test(test_an_accounts_own_host),
        world_test(test_who_vouches_for_whom),
        world_test(test_an_api_key_is_the_configured_accounts),
        world_test(test_modes),
        world_test(test_a_strangers_file),
        world_test(test_what_is_no_file),
        world_test(test_a_link),
        world_test(test_lines),
        world_test(test_an_empty_file),
        world_test(test_malformed_lines),
        world_test(test_a_nul_hides_nothing),
        world_test(test_how_many),
        world_test(test_a_file_without_end),
        cmocka_unit_test(test_nothing_to_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
