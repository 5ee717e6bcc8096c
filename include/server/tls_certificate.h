/* TLS: the certificate that the server shows, and the key to it. The only module that knows GnuTLS.
 * A certificate is read once and never changes; it is freed when the last connection that was shown
 * it has let go of it, however often a newer one has taken its place since. */
#ifndef SKEP_SERVER_TLS_CERTIFICATE_H
#define SKEP_SERVER_TLS_CERTIFICATE_H

#include "base/error.h"

#include <gnutls/abstract.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum { TLS_CERTIFICATE_PATH_LEN = 1024 };

/* What connections may speak, in GnuTLS's language: TLS 1.2 and up. */
#define TLS_CERTIFICATE_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

/* PEM files. */
struct tls_certificate_files {
    char certificate[TLS_CERTIFICATE_PATH_LEN]; /* the server's own first, then those that signed it
                                                 */
    char key[TLS_CERTIFICATE_PATH_LEN];
};

struct tls_certificate;

/* The caller's to release. NULL and one line in `error`, with the file in question, if either file
 * cannot be used or the key is another certificate's. */
struct tls_certificate *tls_certificate_read(const struct tls_certificate_files *files,
                                             char error[static ERROR_LEN]);

/* When the server's own expires, in seconds since 1970; 0 where it does not say so. */
int64_t tls_certificate_expires_s(const struct tls_certificate *certificate);

/* Any thread. NULL is fine. */
void tls_certificate_release(struct tls_certificate *certificate);

/* Where new connections find the certificate of the day. */
struct tls_certificate_slot {
    pthread_mutex_t lock;
    struct tls_certificate *current;
};

void tls_certificate_place_init(struct tls_certificate_slot *place);

/* Takes `certificate`, which may be NULL, over from the caller, and releases the one before. Any
 * thread. */
void tls_certificate_replace(struct tls_certificate_slot *place,
                             struct tls_certificate *certificate);

/* The one that is there, or NULL; the caller's to release. Any thread. */
struct tls_certificate *tls_certificate_take(struct tls_certificate_slot *place);

/* Lets `session`, a gnutls_session_t that borrows it, show this certificate. Replaces the session's
 * pointer, which libmicrohttpd uses for pre-shared keys only. */
void tls_certificate_attach(struct tls_certificate *certificate, void *session);

/* GnuTLS asks this for the certificate that was attached (gnutls_certificate_retrieve_function2).
 */
int tls_certificate_show(gnutls_session_t session, const gnutls_datum_t *authorities,
                         int authority_count, const gnutls_pk_algorithm_t *algorithms,
                         int algorithm_count, gnutls_pcert_st **chain, unsigned *chain_len,
                         gnutls_privkey_t *key);

/* Of GnuTLS, as it runs; "3.7.9". */
const char *tls_certificate_library_version(void);

#endif
