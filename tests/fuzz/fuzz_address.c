/* Addresses that are nobody's host on the internet, also wrapped in another family's. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/address.h"
#include "fuzz.h"

static bool is_public4(const unsigned char *a)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    memcpy(&in.sin_addr, a, 4);
    return address_is_public((const struct sockaddr *)&in);
}

static bool is_public6(const unsigned char *a)
{
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    memcpy(&in6.sin6_addr, a, 16);
    return address_is_public((const struct sockaddr *)&in6);
}

/* What no reader of the registries would dispute. */
static bool is_private4(const unsigned char *a)
{
    return a[0] == 0 || a[0] == 10 || a[0] == 127 || a[0] >= 224 ||
           (a[0] == 100 && (a[1] & 0xc0) == 64) || (a[0] == 169 && a[1] == 254) ||
           (a[0] == 172 && (a[1] & 0xf0) == 16) || (a[0] == 192 && a[1] == 168);
}

static bool is_private6(const unsigned char *a)
{
    const struct in6_addr *in6 = (const void *)a;
    return IN6_IS_ADDR_LOOPBACK(in6) || IN6_IS_ADDR_UNSPECIFIED(in6) ||
           IN6_IS_ADDR_LINKLOCAL(in6) || IN6_IS_ADDR_MULTICAST(in6) || (a[0] & 0xfe) == 0xfc;
}

static void check_wrapped(const char *prefix, const unsigned char *a, size_t at)
{
    struct in6_addr in6;
    REQUIRE(inet_pton(AF_INET6, prefix, &in6) == 1);
    memcpy(in6.s6_addr + at, a, 4);
    REQUIRE(!is_private4(a) || !is_public6(in6.s6_addr));
    if (strcmp(prefix, "::ffff:0:0") == 0) {
        REQUIRE(is_public6(in6.s6_addr) == is_public4(a));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _Alignas(struct in6_addr) unsigned char a[16] = {0};
    const struct sockaddr local = {.sa_family = AF_UNIX};
    if (size > 0) {
        memcpy(a, data, size < sizeof a ? size : sizeof a);
    }
    REQUIRE(!is_private4(a) || !is_public4(a));
    REQUIRE(!is_private6(a) || !is_public6(a));
    check_wrapped("::ffff:0:0", a, 12);
    check_wrapped("::", a, 12);
    check_wrapped("64:ff9b::", a, 12);
    check_wrapped("2002::", a, 2);
    REQUIRE(!address_is_public(&local));
    return 0;
}
