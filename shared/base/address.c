#include "address.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct block4 {
    uint32_t network; /* host byte order */
    unsigned bits;
};

static const struct block4 CLOSED4[] = {
    {0x00000000, 8},  /* 0.0.0.0/8: this network */
    {0x0a000000, 8},  /* 10.0.0.0/8: private */
    {0x64400000, 10}, /* 100.64.0.0/10: carrier-grade NAT */
    {0x7f000000, 8},  /* 127.0.0.0/8: loopback */
    {0xa9fe0000, 16}, /* 169.254.0.0/16: link-local, cloud metadata */
    {0xac100000, 12}, /* 172.16.0.0/12: private */
    {0xc0000000, 24}, /* 192.0.0.0/24: protocol assignments */
    {0xc0000200, 24}, /* 192.0.2.0/24: documentation */
    {0xc0586300, 24}, /* 192.88.99.0/24: 6to4 relays */
    {0xc0a80000, 16}, /* 192.168.0.0/16: private */
    {0xc6120000, 15}, /* 198.18.0.0/15: benchmarks */
    {0xc6336400, 24}, /* 198.51.100.0/24: documentation */
    {0xcb007100, 24}, /* 203.0.113.0/24: documentation */
    {0xe0000000, 4},  /* 224.0.0.0/4: multicast */
    {0xf0000000, 4},  /* 240.0.0.0/4: reserved, broadcast */
};

static bool is_public4(uint32_t host)
{
    for (size_t i = 0; i < sizeof CLOSED4 / sizeof *CLOSED4; i++) {
        uint32_t mask = UINT32_MAX << (32 - CLOSED4[i].bits);
        if ((host & mask) == CLOSED4[i].network) {
            return false;
        }
    }
    return true;
}

static uint32_t word_at(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
           (uint32_t)bytes[3];
}

/* Only 2000::/3 is handed out at all; within it some blocks are not hosts, and 6to4 and Teredo
 * carry an IPv4 address of their own. NAT64's 64:ff9b::/96 and the mapped ::ffff:0:0/96 lie outside
 * and speak for the IPv4 address at their end. */
static bool is_public6(const unsigned char *a)
{
    static const unsigned char MAPPED[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    static const unsigned char NAT64[12] = {0, 0x64, 0xff, 0x9b};
    if (memcmp(a, MAPPED, sizeof MAPPED) == 0 || memcmp(a, NAT64, sizeof NAT64) == 0) {
        return is_public4(word_at(a + 12));
    }
    if ((a[0] & 0xe0) != 0x20) {
        return false;
    }
    uint32_t first = word_at(a);
    if (first >> 16 == 0x2002) {
        return is_public4(word_at(a + 2));
    }
    bool protocol = (first & 0xfffffe00) == 0x20010000; /* 2001::/23, Teredo among them */
    bool documentation = first == 0x20010db8 || (first & 0xfffff000) == 0x3fff0000;
    return !protocol && !documentation;
}

bool address_is_public(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        return is_public4(ntohl(in.sin_addr.s_addr));
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof in6);
        return is_public6(in6.sin6_addr.s6_addr);
    }
    return false;
}
