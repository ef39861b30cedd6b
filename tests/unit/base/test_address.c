#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/address.h"
#include "twilio/media.h"

enum { TEXT_SIZE = 96 };

struct address_case {
    const char *text;
    bool is_public;
};

/* Each address lies in memory of just its size, so that the sanitizer sees a step too far. */
static bool is_public4(const char *text)
{
    struct sockaddr_in *in = calloc(1, sizeof *in);
    assert_non_null(in);
    in->sin_family = AF_INET;
    in->sin_port = htons(443);
    assert_int_equal(inet_pton(AF_INET, text, &in->sin_addr), 1);
    bool answer = address_is_public((const struct sockaddr *)in);
    free(in);
    return answer;
}

static bool is_public6_scoped(const char *text, uint32_t scope)
{
    struct sockaddr_in6 *in6 = calloc(1, sizeof *in6);
    assert_non_null(in6);
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(443);
    in6->sin6_flowinfo = htonl(0x12345);
    in6->sin6_scope_id = scope;
    assert_int_equal(inet_pton(AF_INET6, text, &in6->sin6_addr), 1);
    bool answer = address_is_public((const struct sockaddr *)in6);
    free(in6);
    return answer;
}

static bool is_public6(const char *text)
{
    return is_public6_scoped(text, 0);
}

static void expect(const char *text, bool got, bool wanted)
{
    if (got != wanted) {
        print_error("%s is %s\n", text, got ? "public" : "not public");
    }
    assert_int_equal(got, wanted);
}

/* ---- IPv4 ---- */

/* Each block's first and last address, and those on either side (IANA, "IPv4 Special-Purpose
 * Address Registry"; RFC 5771 for multicast). */
static const struct address_case CASES4[] = {
    {"0.0.0.0", false},         {"0.0.0.1", false},         {"0.255.255.255", false},
    {"1.0.0.0", true},          {"9.255.255.255", true},    {"10.0.0.0", false},
    {"10.1.2.3", false},        {"10.255.255.255", false},  {"11.0.0.0", true},
    {"100.63.255.255", true},   {"100.64.0.0", false},      {"100.100.100.200", false},
    {"100.127.255.255", false}, {"100.128.0.0", true},      {"126.255.255.255", true},
    {"127.0.0.0", false},       {"127.0.0.1", false},       {"127.0.0.53", false},
    {"127.255.255.255", false}, {"128.0.0.0", true},        {"169.253.255.255", true},
    {"169.254.0.0", false},     {"169.254.169.254", false}, {"169.254.255.255", false},
    {"169.255.0.0", true},      {"172.15.255.255", true},   {"172.16.0.0", false},
    {"172.17.0.1", false},      {"172.31.255.255", false},  {"172.32.0.0", true},
    {"191.255.255.255", true},  {"192.0.0.0", false},       {"192.0.0.170", false},
    {"192.0.0.255", false},     {"192.0.1.0", true},        {"192.0.1.255", true},
    {"192.0.2.0", false},       {"192.0.2.255", false},     {"192.0.3.0", true},
    {"192.88.98.255", true},    {"192.88.99.0", false},     {"192.88.99.255", false},
    {"192.88.100.0", true},     {"192.167.255.255", true},  {"192.168.0.0", false},
    {"192.168.1.1", false},     {"192.168.255.255", false}, {"192.169.0.0", true},
    {"198.17.255.255", true},   {"198.18.0.0", false},      {"198.19.255.255", false},
    {"198.20.0.0", true},       {"198.51.99.255", true},    {"198.51.100.0", false},
    {"198.51.100.255", false},  {"198.51.101.0", true},     {"203.0.112.255", true},
    {"203.0.113.0", false},     {"203.0.113.255", false},   {"203.0.114.0", true},
    {"223.255.255.255", true},  {"224.0.0.0", false},       {"224.0.0.1", false},
    {"239.255.255.250", false}, {"239.255.255.255", false}, {"240.0.0.0", false},
    {"254.255.255.255", false}, {"255.255.255.254", false}, {"255.255.255.255", false},
    {"8.8.8.8", true},          {"54.172.60.0", true}, /* one of Twilio's */
};

enum { COUNT4 = sizeof CASES4 / sizeof *CASES4 };

static void test_ipv4_blocks_and_their_edges(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT4; i++) {
        expect(CASES4[i].text, is_public4(CASES4[i].text), CASES4[i].is_public);
    }
}

/* ---- IPv4 in IPv6 ---- */

/* What carries an IPv4 address speaks for that one: by its mapped form (RFC 4291), through NAT64
 * (RFC 6052), and by 6to4 (RFC 3056). */
static void test_wrapped_addresses_are_what_they_carry(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT4; i++) {
        unsigned char b[4];
        char text[TEXT_SIZE];
        assert_int_equal(inet_pton(AF_INET, CASES4[i].text, b), 1);
        (void)snprintf(text, sizeof text, "::ffff:%s", CASES4[i].text);
        expect(text, is_public6(text), CASES4[i].is_public);
        (void)snprintf(text, sizeof text, "64:ff9b::%s", CASES4[i].text);
        expect(text, is_public6(text), CASES4[i].is_public);
        (void)snprintf(text, sizeof text, "2002:%x:%x:1:2:3:4:5", b[0] << 8 | b[1],
                       b[2] << 8 | b[3]);
        expect(text, is_public6(text), CASES4[i].is_public);
    }
}

/* Near misses of the forms above, other wrappings, and Teredo, whose client hides in its last
 * bytes: none is anybody's host, whatever they carry. */
static void test_other_wrappings_are_closed(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "::8.8.8.8",                    /* compatible, deprecated (RFC 4291, 2.5.5.1) */
        "::127.0.0.1",                  /* the same */
        "::ffff:0:8.8.8.8",             /* translated (RFC 2765) */
        "::fffe:8.8.8.8",               /* nearly mapped */
        "::1:ffff:8.8.8.8",             /* nearly mapped */
        "0:0:0:0:1:ffff:808:808",       /* nearly mapped */
        "1::ffff:8.8.8.8",              /* nearly mapped */
        "64:ff9b:1::8.8.8.8",           /* NAT64 for local use (RFC 8215) */
        "64:ff9b::1:0:0:8.8.8.8",       /* nearly NAT64 */
        "64:ff9a::8.8.8.8",             /* nearly NAT64 */
        "64:ff9c::8.8.8.8",             /* nearly NAT64 */
        "65:ff9b::8.8.8.8",             /* nearly NAT64 */
        "2001:0:808:808:0:0:f7f7:f7f7", /* Teredo: server and client 8.8.8.8 */
        "2001:0:808:808:0:0:80ff:fffe", /* Teredo: client 127.0.0.1 */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        expect(cases[i], is_public6(cases[i]), false);
    }
}

/* ---- IPv6 ---- */

/* IANA, "IPv6 Special-Purpose Address Registry" and "Internet Protocol Version 6 Address Space". */
static void test_ipv6_blocks_and_their_edges(void **state)
{
    (void)state;
    static const struct address_case cases[] = {
        {"::", false},
        {"::1", false},
        {"::2", false},
        {"100::", false}, /* discard */
        {"100::ffff:ffff:ffff:ffff", false},
        {"1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false},
        {"2000::", true},
        {"2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true},
        {"2001::", false}, /* 2001::/23: protocols, Teredo and ORCHID among them */
        {"2001:2::", false},
        {"2001:10::", false},
        {"2001:2f:ffff::", false},
        {"2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", false},
        {"2001:200::", true},
        {"2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", true},
        {"2001:db8::", false},
        {"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", false},
        {"2001:db9::", true},
        {"2001:4860:4860::8888", true},
        {"2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true},
        {"2003::", true}, /* behind 6to4 */
        {"2600:1f18::1", true},
        {"3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true},
        {"3fff::", false}, /* 3fff::/20: documentation (RFC 9637) */
        {"3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", false},
        {"3fff:1000::", true},
        {"3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true},
        {"4000::", false},
        {"5f00::1", false},
        {"fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false},
        {"fc00::", false},
        {"fd00:ec2::254", false}, /* cloud metadata */
        {"fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false},
        {"fe80::", false},
        {"fe80::1", false},
        {"febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false},
        {"fec0::1", false},
        {"ff00::", false},
        {"ff02::1", false},
        {"ff0e::1", false},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        expect(cases[i].text, is_public6(cases[i].text), cases[i].is_public);
    }
}

static void test_a_scope_changes_nothing(void **state)
{
    (void)state;
    static const uint32_t scopes[] = {1, 2, UINT32_MAX};
    for (size_t i = 0; i < sizeof scopes / sizeof *scopes; i++) {
        assert_false(is_public6_scoped("fe80::1", scopes[i]));
        assert_false(is_public6_scoped("::1", scopes[i]));
        assert_false(is_public6_scoped("::ffff:127.0.0.1", scopes[i]));
        assert_false(is_public6_scoped("ff02::1", scopes[i]));
        assert_true(is_public6_scoped("2001:4860:4860::8888", scopes[i]));
    }
}

/* ---- neither ---- */

static void test_other_families_are_never_public(void **state)
{
    (void)state;
    static const sa_family_t families[] = {AF_UNSPEC,        AF_UNIX,        4,         6,
                                           16 /* netlink */, 40 /* vsock */, UINT16_MAX};
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        struct sockaddr_storage storage;
        memset(&storage, 8, sizeof storage); /* 8.8.8.8, if it were read as an address */
        storage.ss_family = families[i];
        assert_false(address_is_public((const struct sockaddr *)&storage));
    }
}

/* ---- whose name is held to it ---- */

static void test_which_base_is_twilios_own(void **state)
{
    (void)state;
    static const struct {
        const char *base;
        bool twilio;
    } cases[] = {
        {"https://api.twilio.com", true},
        {"https://api.twilio.com:8443", true},
        {"https://api.twilio.com/base", true},
        {"http://api.twilio.com", true},
        {"https://API.Twilio.COM", true},
        {"https://api.dublin.ie1.twilio.com", true},
        {"http://127.0.0.1:8080", false},
        {"https://proxy.example", false},
        {"https://proxy.example/api.twilio.com", false},
        {"https://proxy.example:443/x.twilio.com", false},
        {"https://api.twilio.com.evil.example", false},
        {"https://apitwilio.com", false},
        {"https://eviltwilio.com", false},
        {"https://.twilio.com", false},
        {"https://twilio.com", false},
        {"https://", false},
        {"", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        expect(cases[i].base, media_base_is_twilio(cases[i].base), cases[i].twilio);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ipv4_blocks_and_their_edges),
        cmocka_unit_test(test_wrapped_addresses_are_what_they_carry),
        cmocka_unit_test(test_other_wrappings_are_closed),
        cmocka_unit_test(test_ipv6_blocks_and_their_edges),
        cmocka_unit_test(test_a_scope_changes_nothing),
        cmocka_unit_test(test_other_families_are_never_public),
        cmocka_unit_test(test_which_base_is_twilios_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
