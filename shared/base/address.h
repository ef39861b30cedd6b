/*
 * Which network addresses we do not connect to when somebody else has chosen them. Pure.
 *
 * Loopback, private, link-local, carrier-grade NAT, multicast, unspecified, documentation and other
 * addresses that are nobody's host on the internet (the IANA special-purpose registries for IPv4
 * and IPv6, RFC 6890), also where an IPv4 address is wrapped in an IPv6 one.
 */
#ifndef TAPEDECK_BASE_ADDRESS_H
#define TAPEDECK_BASE_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/* True for an address of a public host. Families other than IPv4 and IPv6 are never public. */
bool address_is_public(const struct sockaddr *address);

#endif
