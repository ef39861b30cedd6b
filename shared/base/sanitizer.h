/*
 * Whether this was compiled with a sanitizer: that one needs terabytes of addresses, and at its
 * end threads, ptrace(2) and files of its own, which the program itself goes without.
 */
#ifndef TAPEDECK_BASE_SANITIZER_H
#define TAPEDECK_BASE_SANITIZER_H

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZER_IS_THERE 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZER_IS_THERE 1
#elif !defined(SANITIZER_IS_THERE)
#define SANITIZER_IS_THERE 0
#endif

#endif
