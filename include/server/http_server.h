/* HTTP and HTTPS, by libmicrohttpd: the only layer that knows it. Routes announce and scrape to the
 * tracker and everything else to the web handler. Threads of its own,
 * each with an epoll set. */
#ifndef SKEP_SERVER_HTTP_SERVER_H
#define SKEP_SERVER_HTTP_SERVER_H

#include "base/error.h"
#include "server/http_counters.h"
#include "server/listen.h"
#include "server/tls_certificate.h"
#include "server/web_handler.h"
#include "swarm/tracker.h"

/* HTTPS answers on the same addresses, with the same bounds, as HTTP. */
struct https_options {
    uint16_t port; /* 0: no HTTPS */
    struct tls_certificate_files files;
};

struct http_server_options {
    struct listen_addresses listen;
    struct listen_sockets inherited; /* where there are any, none is opened */
    uint16_t port;
    uint32_t threads;                     /* 0: one for each core */
    uint32_t connections_max;             /* open at a time */
    uint32_t connections_per_address_max; /* or of an IPv6 /64; 0: as many as there may be at all */
    uint32_t idle_timeout_s;              /* a silent connection is closed after that */
    uint32_t request_timeout_s;           /* ... and one whose request is not there whole */
    uint32_t header_max;                  /* bytes of a request's line and headers */
    uint32_t scrape_max;                  /* info_hashes in one scrape */
    uint32_t uploads_max;                 /* bytes of all bodies together */
    bool full_scrape; /* whether a scrape without info_hash answers for every torrent */
    struct https_options https;
    struct networks trusted_proxies; /* who is believed about whose request it passes on */
};

struct http_server;

/* Starts to serve, and takes inherited sockets over; they are for HTTP. `tracker`, `counters` and
 * what `web` needs must outlive the server. NULL and one line in `error` if an address cannot be
 * had or the certificate cannot be used. */
struct http_server *http_server_start(const struct http_server_options *options,
                                      struct tracker *tracker, const struct web_handler *web,
                                      struct http_counters *counters, char error[static ERROR_LEN]);

/* Takes over what can change while running: `connections_per_address_max`, `scrape_max`,
 * `full_scrape`, `uploads_max` and `trusted_proxies`. Any thread. */
void http_server_apply(struct http_server *server, const struct http_server_options *options);

/* Reads certificate and key again, and shows them to connections to come. True where there is no
 * HTTPS. False and one line in `error` if they cannot be used: the ones before stay. Any thread. */
bool http_server_renew_certificate(struct http_server *server,
                                   const struct http_server_options *options,
                                   char error[static ERROR_LEN]);

/* Closes all connections and frees the ports. NULL is fine. */
void http_server_stop(struct http_server *server);

/* Of libmicrohttpd, as it runs; "0.9.75". */
const char *http_server_library_version(void);

#endif
