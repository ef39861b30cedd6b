#include "redis_tls.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { HOST_SIZE = 256 };

struct redis_tls {
    SSL *ssl;
    int64_t timeout_ms;
};

/* Whether OpenSSL, which `returned` this, is to be asked again: what it waits for is there. */
static bool go_on(const SSL *ssl, int returned, int64_t deadline)
{
    int error = SSL_get_error(ssl, returned);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
        return false;
    }
    int64_t left = deadline - clock_monotonic_ms();
    struct pollfd fd = {.fd = SSL_get_fd(ssl),
                        .events = error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT};
    return left > 0 && poll(&fd, 1, (int)left) != 0;
}

/* ---- beginning ---- */

static bool trust(SSL_CTX *context, const char *ca_file)
{
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
           (ca_file[0] != '\0' ? SSL_CTX_load_verify_locations(context, ca_file, NULL)
                               : SSL_CTX_set_default_verify_paths(context)) == 1;
}

/* An address is looked for among the certificate's addresses, and is no name to ask for (SNI). */
static bool expect(SSL *ssl, const char *host)
{
    char name[HOST_SIZE];
    unsigned char address[sizeof(struct in6_addr)];
    int n = snprintf(name, sizeof name, "%s", host);
    if (n <= 0 || (size_t)n >= sizeof name) {
        return false;
    }
    if (inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1) {
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
    }
    return SSL_set_tlsext_host_name(ssl, name) == 1 && SSL_set1_host(ssl, name) == 1;
}

/* A plain Redis takes our first words for the beginning of a line, and waits for its end. */
static void explain(const SSL *ssl, char *why)
{
    unsigned long error = ERR_peek_error();
    const char *reason = ERR_reason_error_string(error);
    long verified = SSL_get_verify_result(ssl);
    bool other = ERR_GET_LIB(error) == ERR_LIB_SSL &&
                 (ERR_GET_REASON(error) == SSL_R_WRONG_VERSION_NUMBER ||
                  ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING);
    if (verified != X509_V_OK) {
        (void)snprintf(why, REDIS_WHY_SIZE, "its certificate is not valid: %s",
                       X509_verify_cert_error_string(verified));
    } else if (reason == NULL || other) {
        (void)snprintf(why, REDIS_WHY_SIZE, "it does not begin TLS, as rediss:// asks");
    } else {
        (void)snprintf(why, REDIS_WHY_SIZE, "TLS fails: %s", reason);
    }
}

static bool shake_hands(SSL *ssl, int64_t deadline)
{
    int done;
    do {
        ERR_clear_error();
        done = SSL_connect(ssl);
    } while (go_on(ssl, done, deadline));
    return done == 1;
}

/* The authorities are read anew each time: they may change while we run, and connecting is rare. */
static SSL *make_ssl(const char *ca_file, char *why)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = NULL;
    if (context != NULL && trust(context, ca_file)) {
        ssl = SSL_new(context);
    } else {
        (void)snprintf(why, REDIS_WHY_SIZE, "no certificate can be read from %s",
                       ca_file[0] != '\0' ? "its ssl_ca_certs" : "the system's authorities");
    }
    SSL_CTX_free(context);
    return ssl;
}

/* They have done their work; those that the system trusts take some 700 kB. */
static void forget_authorities(SSL *ssl)
{
    X509_STORE *nobody = X509_STORE_new();
    if (nobody != NULL) {
        SSL_CTX_set_cert_store(SSL_get_SSL_CTX(ssl), nobody);
    }
}

struct redis_tls *redis_tls_open(int fd, const char *host, const char *ca_file, int64_t timeout_ms,
                                 char why[static REDIS_WHY_SIZE])
{
    bool good = false;
    struct redis_tls *tls = calloc(1, sizeof *tls);
    int flags = fcntl(fd, F_GETFL);
    if (tls == NULL || flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) {
        goto out;
    }
    tls->timeout_ms = timeout_ms;
    tls->ssl = make_ssl(ca_file, why);
    if (tls->ssl == NULL || !expect(tls->ssl, host) || SSL_set_fd(tls->ssl, fd) != 1) {
        goto out;
    }
    good = shake_hands(tls->ssl, clock_monotonic_ms() + timeout_ms);
    if (good) {
        forget_authorities(tls->ssl);
    } else {
        explain(tls->ssl, why);
    }
out:
    if (!good) {
        redis_tls_free(tls);
        ERR_clear_error();
        return NULL;
    }
    return tls;
}

void redis_tls_free(struct redis_tls *tls)
{
    if (tls != NULL) {
        SSL_free(tls->ssl);
        free(tls);
    }
}

/* ---- bytes ---- */

/* Without partial writes it is all or nothing. */
bool redis_tls_send(struct redis_tls *tls, const char *bytes, size_t len)
{
    int64_t deadline = clock_monotonic_ms() + tls->timeout_ms;
    size_t sent;
    int done;
    do {
        ERR_clear_error();
        done = SSL_write_ex(tls->ssl, bytes, len, &sent);
    } while (go_on(tls->ssl, done, deadline));
    return done == 1;
}

enum result redis_tls_receive(struct redis_tls *tls, bool wait, char bytes[static REDIS_TLS_PIECE],
                              size_t *len)
{
    int64_t deadline = wait ? clock_monotonic_ms() + tls->timeout_ms : 0;
    int done;
    do {
        ERR_clear_error();
        done = SSL_read_ex(tls->ssl, bytes, REDIS_TLS_PIECE, len);
    } while (go_on(tls->ssl, done, deadline));
    if (done == 1) {
        return RESULT_OK;
    }
    bool silent = SSL_get_error(tls->ssl, done) == SSL_ERROR_WANT_READ;
    return silent && !wait ? RESULT_NOT_FOUND : RESULT_UNAVAILABLE;
}
