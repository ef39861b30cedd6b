#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/magic.h"
#include "base/text.h"
#include "clients/s3_request.h"

static struct config store(const char *endpoint, enum s3_style style)
{
    return (struct config){.s3_endpoint = endpoint,
                           .s3_bucket = "tapes",
                           .s3_region = "us-east-1",
                           .s3_access_key = "AK/1",
                           .s3_secret_key = "secret",
                           .s3_style = style};
}

static void assert_address(const char *endpoint, enum s3_style style, const char *scheme,
                           const char *host, const char *path)
{
    struct config config = store(endpoint, style);
    struct s3_address address;
    assert_int_equal(s3_address(&config, "1/CA.wav", &address), RESULT_OK);
    assert_string_equal(address.scheme, scheme);
    assert_string_equal(address.host, host);
    assert_string_equal(address.path, path);
}

/* As browsers and curl write the Host header, which is what is signed. */
static void test_where_an_object_is(void **state)
{
    (void)state;
    assert_address("https://s3.example", S3_STYLE_PATH, "https://", "s3.example",
                   "/tapes/1/CA.wav");
    assert_address("https://s3.example", S3_STYLE_VIRTUAL, "https://", "tapes.s3.example",
                   "/1/CA.wav");
    assert_address("http://S3.Example:9000", S3_STYLE_PATH, "http://", "s3.example:9000",
                   "/tapes/1/CA.wav");
    assert_address("https://s3.example:443", S3_STYLE_VIRTUAL, "https://", "tapes.s3.example",
                   "/1/CA.wav");
    assert_address("http://s3.example:80", S3_STYLE_PATH, "http://", "s3.example",
                   "/tapes/1/CA.wav");
    assert_address("http://s3.example:443", S3_STYLE_PATH, "http://", "s3.example:443",
                   "/tapes/1/CA.wav");
}

static void test_an_endpoint_that_is_too_long(void **state)
{
    char endpoint[S3_HOST_SIZE + 16];
    struct s3_address address;
    (void)state;
    memset(endpoint, 'a', sizeof endpoint);
    memcpy(endpoint, "https://", 8);
    endpoint[sizeof endpoint - 1] = '\0';
    struct config config = store(endpoint, S3_STYLE_PATH);
    assert_int_equal(s3_address(&config, "", &address), RESULT_TOO_BIG);
}

static void test_a_links_query(void **state)
{
    struct config config = store("https://s3.example", S3_STYLE_PATH);
    struct s3 *s3 = s3_new(&config);
    char url[S3_URL_SIZE];
    struct s3_link link = {.key = "1/CA.wav",
                           .content_type = "audio/wav",
                           .disposition = "a b\"~",
                           .now = 1369353600, /* 2013-05-24T00:00:00Z */
                           .ttl_s = 1000000};
    (void)state;
    assert_int_equal(s3_link(s3, &link, url), RESULT_OK);
    static const char WANTED[] =
        "https://s3.example/tapes/1/CA.wav?X-Amz-Algorithm=AWS4-HMAC-SHA256"
        "&X-Amz-Credential=AK%2F1%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
        "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=604800&X-Amz-SignedHeaders=host"
        "&response-content-disposition=a%20b%22~&response-content-type=audio%2Fwav"
        "&X-Amz-Signature=";
    assert_memory_equal(url, WANTED, sizeof WANTED - 1);
    assert_int_equal(strlen(url), sizeof WANTED - 1 + 64);
    s3_free(s3);
}

static void test_an_uploads_id(void **state)
{
    char id[16];
    (void)state;
    assert_true(s3_read_upload_id("<a><UploadId>2~S_z.-</UploadId></a>", id, sizeof id));
    assert_string_equal(id, "2~S_z.-");
    assert_true(s3_read_upload_id("<UploadId>a/b+c=</UploadId>", id, sizeof id));
    assert_string_equal(id, "a%2Fb%2Bc%3D");
    assert_true(s3_read_upload_id("<UploadId>1234567890123</UploadId>", id, sizeof id));
    assert_false(s3_read_upload_id("<UploadId>12345678901234</UploadId>", id, sizeof id));
    assert_false(s3_read_upload_id("<UploadId></UploadId>", id, sizeof id));
    assert_false(s3_read_upload_id("<UploadId>a&amp;</UploadId>", id, sizeof id));
    assert_false(s3_read_upload_id("<UploadId>a", id, sizeof id));
    assert_false(s3_read_upload_id("", id, sizeof id));
}

/* ---- lists ---- */

#define LIST(truncated, inside)                                                                    \
    "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"x\"><EncodingType>url</EncodingType>"        \
    "<IsTruncated>" truncated "</IsTruncated>" inside "</ListBucketResult>"
#define OBJECT(key, size, modified)                                                                \
    "<Contents><Key>" key "</Key><LastModified>" modified "</LastModified><ETag>&quot;0&quot;"     \
    "</ETag><Size>" size "</Size><StorageClass>STANDARD</StorageClass></Contents>"
#define MODIFIED "1970-01-02T00:00:01.000Z"
#define GOOD(key) OBJECT(key, "12", MODIFIED)

struct seen {
    struct magic magic;
    size_t count;
    struct s3_listed last;
};

static void note_object(void *context, const struct s3_listed *one)
{
    struct seen *seen = CHECKED(seen, context);
    seen->count++;
    seen->last = *one;
}

static bool read_list(const char *body, struct s3_place *place, struct seen *seen)
{
    *seen = (struct seen){.magic = MAGIC(seen)};
    return s3_read_list(body, place, note_object, seen);
}

static void assert_key(const char *listed, const char *key, const char *after)
{
    char body[8192];
    struct s3_place place = {.after = ""};
    struct seen seen;
    (void)snprintf(body, sizeof body, LIST("false", OBJECT("%s", "12", MODIFIED)), listed);
    assert_true(read_list(body, &place, &seen));
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.last.key, key);
    assert_string_equal(place.after, after);
}

static void test_a_list(void **state)
{
    struct s3_place place = {.after = "0"};
    struct seen seen;
    (void)state;
    assert_true(
        read_list(LIST("true", GOOD("1/a") OBJECT("1/b.wav", "9223372036854775807", MODIFIED)),
                  &place, &seen));
    assert_int_equal(seen.count, 2);
    assert_string_equal(seen.last.key, "1/b.wav");
    assert_true(seen.last.size == INT64_MAX && seen.last.modified == 86401);
    assert_string_equal(place.after, "1%2Fb.wav");
    assert_false(place.ended);
    assert_true(read_list(LIST("false", ""), &place, &seen));
    assert_int_equal(seen.count, 0);
    assert_string_equal(place.after, "1%2Fb.wav");
    assert_true(place.ended);
}

/* Stores escape in ways of their own; a place has one. */
static void test_keys_in_a_list(void **state)
{
    char longest[128 + 1], escaped[3 * 128 + 1];
    (void)state;
    assert_key("1/CA.wav", "1/CA.wav", "1%2FCA.wav");
    assert_key("1%2FCA.wav", "1/CA.wav", "1%2FCA.wav");
    assert_key("a+b%2bc", "", "a%20b%2Bc");
    assert_key("%D7%90", "", "%D7%90");
    assert_key("&amp;&lt;&gt;&apos;&quot;&#39;&#34;&#x9;&#xA;&#xD;", "",
               "%26%3C%3E%27%22%27%22%09%0A%0D");
    assert_key("\xd7\x90", "", "%D7%90");
    memset(longest, 'a', sizeof longest);
    longest[127] = '\0';
    assert_key(longest, longest, longest);
    longest[127] = 'a';
    longest[128] = '\0';
    (void)snprintf(escaped, sizeof escaped, "%s", longest);
    assert_key(longest, "", escaped);
}

static void test_keys_that_nobody_escaped(void **state)
{
    struct s3_place place = {.after = ""};
    struct seen seen;
    (void)state;
    assert_true(read_list(
        "<ListBucketResult><IsTruncated>false</IsTruncated>" GOOD("a+b%2b") "</ListBucketResult>",
        &place, &seen));
    assert_string_equal(place.after, "a%2Bb%252b");
}

static void test_what_is_no_list(void **state)
{
    static const char *const BAD[] = {
        "",
        "<Error><Code>NoSuchBucket</Code></Error>",
        "<ListBucketResult><IsTruncated>false</IsTruncated>",
        LIST("perhaps", GOOD("a")),
        LIST("true", ""),
        LIST("true", GOOD("0")), /* no further than before */
        LIST("false", GOOD("a") "<Contents><Key>b</Key>"),
        LIST("false", GOOD("a") "<Contents></Contents>"),
        LIST("false", GOOD("")),
        LIST("false", GOOD("a&b")),
        LIST("false", GOOD("a&nbsp;b")),
        LIST("false", GOOD("a&am")),
        LIST("false", GOOD("&#0;")),
        LIST("false", GOOD("%")),
        LIST("false", GOOD("%4")),
        LIST("false", GOOD("%4x")),
        LIST("false", GOOD("a%00b")),
        LIST("false", OBJECT("a", "-1", MODIFIED)),
        LIST("false", OBJECT("a", "9223372036854775808", MODIFIED)),
        LIST("false", OBJECT("a", "", MODIFIED)),
        LIST("false", OBJECT("a", "1", "")),
        LIST("false", OBJECT("a", "1", "1970-01-02T25:00:00.000Z")),
        LIST("false", OBJECT("a", "1", "1970-01-02T00:00:00")),
        LIST("false", OBJECT("a", "1", "02 Jan 1970 00:00:00 GMT")),
    };
    (void)state;
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        struct s3_place place = {.after = "0"};
        struct seen seen;
        assert_false(read_list(BAD[i], &place, &seen));
        assert_int_equal(seen.count, 0);
        assert_string_equal(place.after, "0");
    }
}

static void test_a_list_that_is_too_long(void **state)
{
    struct s3_place place = {.after = ""};
    struct seen seen;
    struct buf body;
    (void)state;
    for (int over = 0; over < 2; over++) {
        buf_init(&body, 1 << 20);
        buf_text(&body, "<ListBucketResult><IsTruncated>false</IsTruncated>");
        for (int i = 0; i < S3_LIST_PAGE + over; i++) {
            buf_text(&body, GOOD("a"));
        }
        buf_text(&body, "</ListBucketResult>");
        assert_int_equal(read_list(buf_str(&body), &place, &seen), over == 0);
        buf_free(&body);
    }
}

/* Amazon, "Deriving the signing key": the example's key and date. */
static void test_hmac_with_bytes_for_a_key(void **state)
{
    unsigned char day[CRYPTO_SHA256_SIZE], region[CRYPTO_SHA256_SIZE], service[CRYPTO_SHA256_SIZE],
        key[CRYPTO_SHA256_SIZE];
    char hex[CRYPTO_SHA256_HEX];
    (void)state;
    assert_true(
        crypto_hmac_sha256("AWS4wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830", 8, day));
    assert_true(crypto_hmac_sha256_with(day, sizeof day, "us-east-1", 9, region));
    assert_true(crypto_hmac_sha256_with(region, sizeof region, "iam", 3, service));
    assert_true(crypto_hmac_sha256_with(service, sizeof service, "aws4_request", 12, key));
    text_hex(key, sizeof key, hex);
    assert_string_equal(hex, "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
}

static void test_digests_piece_by_piece(void **state)
{
    unsigned char md5[CRYPTO_MD5_SIZE], sha256[CRYPTO_SHA256_SIZE];
    char hex[CRYPTO_SHA256_HEX];
    struct crypto_digest *one = crypto_digest_new(CRYPTO_MD5);
    struct crypto_digest *other = crypto_digest_new(CRYPTO_SHA256);
    (void)state;
    for (int round = 0; round < 2; round++) { /* it begins anew after its end */
        assert_true(crypto_digest_add(one, "message ", 8) && crypto_digest_add(one, "digest", 6));
        assert_true(crypto_digest_end(one, md5));
        text_hex(md5, sizeof md5, hex);
        assert_string_equal(hex, "f96b697d7cb7938d525a2f31aaf161d0"); /* RFC 1321, A.5 */
    }
    assert_true(crypto_digest_end(other, sha256));
    text_hex(sha256, sizeof sha256, hex);
    assert_string_equal(hex, S3_EMPTY_SHA256);
    crypto_digest_free(one);
    crypto_digest_free(other);
    crypto_digest_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_where_an_object_is),
        cmocka_unit_test(test_an_endpoint_that_is_too_long),
        cmocka_unit_test(test_a_links_query),
        cmocka_unit_test(test_an_uploads_id),
        cmocka_unit_test(test_a_list),
        cmocka_unit_test(test_keys_in_a_list),
        cmocka_unit_test(test_keys_that_nobody_escaped),
        cmocka_unit_test(test_what_is_no_list),
        cmocka_unit_test(test_a_list_that_is_too_long),
        cmocka_unit_test(test_hmac_with_bytes_for_a_key),
        cmocka_unit_test(test_digests_piece_by_piece),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
