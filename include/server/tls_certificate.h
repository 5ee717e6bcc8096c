/* TLS certificates and their keys. The only module that uses GnuTLS. A certificate does not change
 * after it is read. It is reference-counted: a connection keeps the certificate it began
 * with, even if a reload has replaced it since. */
#ifndef SKEP_SERVER_TLS_CERTIFICATE_H
#define SKEP_SERVER_TLS_CERTIFICATE_H

#include "base/error.h"

#include <gnutls/abstract.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum { TLS_CERTIFICATE_PATH_LEN = 1024 };

/* Protocol versions and ciphers, as a GnuTLS priority string: TLS 1.2 and later. */
#define TLS_CERTIFICATE_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

/* PEM files. */
struct tls_certificate_files {
    char certificate[TLS_CERTIFICATE_PATH_LEN]; /* the server's own first, then its issuers */
    char key[TLS_CERTIFICATE_PATH_LEN];
};

struct tls_certificate;

/* Reads and checks both files. The caller releases the result. NULL and one line in `error`, with
 * the path, if a file cannot be used or the key does not match the certificate. */
struct tls_certificate *tls_certificate_read(const struct tls_certificate_files *files,
                                             char error[static ERROR_LEN]);

/* Expiry of the server's own certificate, in seconds since 1970; 0 if unknown. */
int64_t tls_certificate_expires_s(const struct tls_certificate *certificate);

/* Drops a reference. NULL is ignored. Any thread. */
void tls_certificate_release(struct tls_certificate *certificate);

/* The certificate for new connections. */
struct tls_certificate_slot {
    pthread_mutex_t lock;
    struct tls_certificate *current;
};

void tls_certificate_slot_init(struct tls_certificate_slot *slot);

/* Stores `certificate`, which may be NULL, with the caller's reference, and releases the previous
 * one. Any thread. */
void tls_certificate_replace(struct tls_certificate_slot *slot,
                             struct tls_certificate *certificate);

/* The current certificate with a new reference, which the caller releases; or NULL. Any thread. */
struct tls_certificate *tls_certificate_acquire(struct tls_certificate_slot *slot);

/* Sets the certificate of `session`, a gnutls_session_t that borrows it. Uses the session's
 * pointer, which libmicrohttpd needs only for pre-shared keys. */
void tls_certificate_attach(struct tls_certificate *certificate, void *session);

/* Returns the attached certificate to GnuTLS (a gnutls_certificate_retrieve_function2). */
int tls_certificate_retrieve(gnutls_session_t session, const gnutls_datum_t *authorities,
                             int authority_count, const gnutls_pk_algorithm_t *algorithms,
                             int algorithm_count, gnutls_pcert_st **chain, unsigned *chain_len,
                             gnutls_privkey_t *key);

/* Version of the GnuTLS library in use, such as "3.7.9". */
const char *tls_certificate_library_version(void);

#endif
