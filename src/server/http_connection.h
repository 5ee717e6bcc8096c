/* Connections of the HTTP server: the callbacks of libmicrohttpd, from accept to close. Each takes
 * the server's struct http_connections as its context. Any thread of libmicrohttpd. */
#ifndef SKEP_SERVER_HTTP_CONNECTION_H
#define SKEP_SERVER_HTTP_CONNECTION_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "server/http_tracker.h"
#include "server/http_wait.h"
#include "server/request_timeouts.h"
#include "server/tls_certificate.h"
#include "swarm/address_counts.h"

/* Shared by all connections. */
struct http_connections {
    struct http_context context;
    struct full_scrapes full_scrapes;
    struct http_counters *counters;
    struct http_waits waits;
    _Atomic bool has_proxies; /* false: none are trusted, and the lock is not taken */
    pthread_mutex_t lock;     /* guards `proxies` */
    struct proxies proxies;
    struct request_timeouts *timeouts;
    struct address_counts *address_counts; /* of connections */
    _Atomic uint32_t per_address_max;
    struct tls_certificate_slot certificate; /* empty without HTTPS */
};

/* Replaces the proxies. Any thread. */
void http_connections_trust(struct http_connections *connections, const struct proxies *proxies);

/* MHD_NO rejects the connection: its address has `per_address_max`. Threads that accept at the same
 * time may exceed the limit by one each. */
enum MHD_Result http_connection_accept(void *connections, const struct sockaddr *address,
                                       socklen_t len);

/* A connection begins or ends. */
void http_connection_notify(void *connections, struct MHD_Connection *connection,
                            void **socket_context, enum MHD_ConnectionNotificationCode code);

/* The request line was read; `url` is still encoded. Returns the context of the request. */
void *http_connection_read_url(void *connections, const char *url,
                               struct MHD_Connection *connection);

/* The headers were read, a part of the body arrived, or the request is complete. */
enum MHD_Result http_connection_handle(void *connections, struct MHD_Connection *connection,
                                       const char *url, const char *method, const char *version,
                                       const char *upload_data, size_t *upload_data_size,
                                       void **request_context);

/* The response was sent. */
void http_connection_complete(void *connections, struct MHD_Connection *connection,
                              void **request_context, enum MHD_RequestTerminationCode code);

#endif
