#include "server/tls_certificate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gnutls/x509.h>

enum { CHAIN_MAX = 16, FILE_MAX = 256 * 1024, KEY_ID_LEN = 64, LOGGED_PATH_MAX = 128 };

struct tls_certificate {
    _Atomic unsigned references;
    unsigned chain_len;
    gnutls_pcert_st chain[CHAIN_MAX];
    gnutls_privkey_t key;
};

/* Cuts the start of a long path, which is the least specific part. */
static bool file_error(const char *what, const char *path, const char *reason, char *error) {
    const size_t len = strlen(path);
    const bool cut = len > LOGGED_PATH_MAX;
    return error_set(error, "%s %s%.*s: %s", what, cut ? "..." : "", LOGGED_PATH_MAX,
                     cut ? path + len - LOGGED_PATH_MAX : path, reason);
}

static ssize_t read_up_to(int fd, uint8_t *data, size_t max) {
    size_t len = 0;
    while (len < max) {
        const ssize_t more = read(fd, data + len, max - len);
        if (more < 0)
            return -1;
        if (more == 0)
            break;
        len += (size_t)more;
    }
    return (ssize_t)len;
}

/* NULL and errno on failure; EFBIG if it has FILE_MAX bytes or more. */
static uint8_t *read_file(const char *path, size_t *len) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    uint8_t *data = malloc(FILE_MAX);
    const ssize_t got = data == NULL ? -1 : read_up_to(fd, data, FILE_MAX);
    int error = errno;
    close(fd);
    if (got >= 0 && got < FILE_MAX) {
        *len = (size_t)got;
        return data;
    }
    if (got == FILE_MAX)
        error = EFBIG;
    free(data);
    errno = error;
    return NULL;
}

/* Passes the content of the file to `import`, and erases it from memory: it may be a private key.
 */
static bool import_file(const char *what, const char *path, struct tls_certificate *certificate,
                        int (*import)(struct tls_certificate *certificate,
                                      const gnutls_datum_t *pem),
                        char *error) {
    size_t len;
    uint8_t *data = read_file(path, &len);
    if (data == NULL)
        return file_error(what, path, strerror(errno), error);
    const gnutls_datum_t pem = { .data = data, .size = (unsigned)len };
    const int result = import(certificate, &pem);
    explicit_bzero(data, len);
    free(data);
    return result >= 0 || file_error(what, path, gnutls_strerror(result), error);
}

static int import_chain(struct tls_certificate *certificate, const gnutls_datum_t *pem) {
    unsigned count = CHAIN_MAX;
    const int result =
        gnutls_pcert_list_import_x509_raw(certificate->chain, &count, pem, GNUTLS_X509_FMT_PEM, 0);
    if (result >= 0)
        certificate->chain_len = count;
    return result;
}

static int import_key(struct tls_certificate *certificate, const gnutls_datum_t *pem) {
    const int result = gnutls_privkey_init(&certificate->key);
    if (result < 0)
        return result;
    return gnutls_privkey_import_x509_raw(certificate->key, pem, GNUTLS_X509_FMT_PEM, NULL, 0);
}

static bool is_same_key(gnutls_pubkey_t one, gnutls_pubkey_t other) {
    uint8_t ids[2][KEY_ID_LEN];
    size_t lens[2] = { KEY_ID_LEN, KEY_ID_LEN };
    return gnutls_pubkey_get_key_id(one, 0, ids[0], &lens[0]) >= 0 &&
           gnutls_pubkey_get_key_id(other, 0, ids[1], &lens[1]) >= 0 && lens[0] == lens[1] &&
           memcmp(ids[0], ids[1], lens[0]) == 0;
}

static bool key_matches(const struct tls_certificate *certificate) {
    gnutls_pubkey_t public;
    if (certificate->chain_len == 0 || gnutls_pubkey_init(&public) < 0)
        return false;
    const bool matches = gnutls_pubkey_import_privkey(public, certificate->key, 0, 0) >= 0 &&
                         is_same_key(public, certificate->chain[0].pubkey);
    gnutls_pubkey_deinit(public);
    return matches;
}

static bool read_files(struct tls_certificate *certificate,
                       const struct tls_certificate_files *files, char *error) {
    if (!import_file("certificate", files->certificate, certificate, import_chain, error) ||
        !import_file("key", files->key, certificate, import_key, error))
        return false;
    return key_matches(certificate) ||
           file_error("key", files->key, "does not match the certificate", error);
}

struct tls_certificate *tls_certificate_read(const struct tls_certificate_files *files,
                                             char error[static ERROR_LEN]) {
    struct tls_certificate *certificate = calloc(1, sizeof *certificate);
    if (certificate == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    atomic_init(&certificate->references, 1);
    if (read_files(certificate, files, error))
        return certificate;
    tls_certificate_release(certificate);
    return NULL;
}

void tls_certificate_release(struct tls_certificate *certificate) {
    if (certificate == NULL || atomic_fetch_sub(&certificate->references, 1) > 1)
        return;
    for (unsigned i = 0; i < certificate->chain_len; i++)
        gnutls_pcert_deinit(&certificate->chain[i]);
    if (certificate->key != NULL)
        gnutls_privkey_deinit(certificate->key);
    free(certificate);
}

void tls_certificate_slot_init(struct tls_certificate_slot *slot) {
    pthread_mutex_init(&slot->lock, NULL);
    slot->current = NULL;
}

void tls_certificate_replace(struct tls_certificate_slot *slot,
                             struct tls_certificate *certificate) {
    pthread_mutex_lock(&slot->lock);
    struct tls_certificate *previous = slot->current;
    slot->current = certificate;
    pthread_mutex_unlock(&slot->lock);
    tls_certificate_release(previous);
}

struct tls_certificate *tls_certificate_acquire(struct tls_certificate_slot *slot) {
    pthread_mutex_lock(&slot->lock);
    struct tls_certificate *certificate = slot->current;
    if (certificate != NULL)
        atomic_fetch_add(&certificate->references, 1);
    pthread_mutex_unlock(&slot->lock);
    return certificate;
}

void tls_certificate_attach(struct tls_certificate *certificate, void *session) {
    gnutls_session_set_ptr(session, certificate);
}

int tls_certificate_retrieve(gnutls_session_t session, const gnutls_datum_t *authorities,
                             int authority_count, const gnutls_pk_algorithm_t *algorithms,
                             int algorithm_count, gnutls_pcert_st **chain, unsigned *chain_len,
                             gnutls_privkey_t *key) {
    (void)authorities;
    (void)authority_count;
    (void)algorithms;
    (void)algorithm_count;
    struct tls_certificate *certificate = gnutls_session_get_ptr(session);
    if (certificate == NULL)
        return -1;
    *chain = certificate->chain;
    *chain_len = certificate->chain_len;
    *key = certificate->key;
    return 0;
}

int64_t tls_certificate_expires_s(const struct tls_certificate *certificate) {
    gnutls_x509_crt_t own;
    if (gnutls_x509_crt_init(&own) < 0)
        return 0;
    int64_t expires_s = 0;
    if (gnutls_x509_crt_import(own, &certificate->chain[0].cert, GNUTLS_X509_FMT_DER) >= 0) {
        const time_t expires = gnutls_x509_crt_get_expiration_time(own);
        expires_s = expires > 0 ? expires : 0;
    }
    gnutls_x509_crt_deinit(own);
    return expires_s;
}

const char *tls_certificate_library_version(void) {
    return gnutls_check_version(NULL);
}
