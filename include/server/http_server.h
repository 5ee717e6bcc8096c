/* HTTP and HTTPS server: listening sockets and threads. Passes announces and scrapes to the tracker
 * and all other requests to the web handler. libmicrohttpd, which only server/ uses, runs the
 * threads, each with its own epoll set. */
#ifndef SKEP_SERVER_HTTP_SERVER_H
#define SKEP_SERVER_HTTP_SERVER_H

#include "base/error.h"
#include "server/http_counters.h"
#include "server/listen.h"
#include "server/refused_families.h"
#include "server/tls_certificate.h"
#include "server/web_handler.h"
#include "swarm/tracker.h"
#include "wire/forwarded.h"

/* HTTPS uses the addresses and limits of HTTP. */
struct https_options {
    uint16_t port; /* 0: no HTTPS */
    struct tls_certificate_files files;
};

struct http_server_options {
    struct listen_addresses listen;
    struct listen_sockets inherited; /* if not empty, used in place of `listen`; HTTP only */
    uint16_t port;
    uint32_t threads;                     /* 0: one per core */
    uint32_t connections_max;             /* open at the same time; 0: the next one */
    uint32_t connections_auto;            /* as many as the limit of open files allows */
    uint32_t connections_per_address_max; /* see address_scope; 0: unlimited */
    uint32_t idle_timeout_s;              /* without data on a connection */
    uint32_t request_timeout_s;           /* for a complete request */
    uint32_t header_max;                  /* bytes of request line and headers */
    uint32_t scrape_max;                  /* info_hashes in one scrape */
    uint32_t uploads_max;                 /* bytes of all request bodies together */
    bool full_scrape;                     /* allows a scrape without info_hash, of all torrents */
    struct https_options https;
    struct proxies proxies;
};

/* The limit that applies: the lower one. */
static inline uint32_t http_server_connections_max(const struct http_server_options *options) {
    const uint32_t max = options->connections_max;
    return max > 0 && max < options->connections_auto ? max : options->connections_auto;
}

/* File descriptors needed beyond `connections_max`: while a connection is being closed to make
 * room, the new one is already open. */
uint32_t http_server_reserve(uint32_t connections_max);

struct http_server;

/* Starts the server. Owns the inherited sockets from then on. `tracker`, `counters`,
 * `malformed`, which counts malformed announces, and the context of `web` must outlive the server.
 * NULL and one line in `error` if it cannot listen on an address, or the certificate cannot be
 * used. */
struct http_server *http_server_start(const struct http_server_options *options,
                                      struct tracker *tracker, const struct web_handler *web,
                                      struct http_counters *counters,
                                      struct refused_families *malformed,
                                      char error[static ERROR_LEN]);

/* Applies the options that may change at run time: `connections_per_address_max`, `scrape_max`,
 * `full_scrape`, `uploads_max` and `proxies`. Any thread. */
void http_server_apply(struct http_server *server, const struct http_server_options *options);

/* Reads certificate and key again, for new connections. True if there is no HTTPS. False and one
 * line in `error` if they cannot be used; the current ones are kept. Any thread. */
bool http_server_renew_certificate(struct http_server *server,
                                   const struct http_server_options *options,
                                   char error[static ERROR_LEN]);

/* Closes all connections and sockets. NULL is ignored. */
void http_server_stop(struct http_server *server);

/* Version of the libmicrohttpd library in use, such as "0.9.75". */
const char *http_server_library_version(void);

#endif
