/* Client of any tracker over HTTP, HTTPS or UDP. One thread. */
#ifndef SKEP_CTL_TRACKER_CLIENT_H
#define SKEP_CTL_TRACKER_CLIENT_H

#include "ctl/command_line.h"
#include "ctl/http_client.h"
#include "ctl/output.h"
#include "wire/tracker_reply.h"
#include "wire/tracker_url.h"

struct tracker_client_options {
    struct http_request_options http; /* timeout and family also apply to UDP */
    bool compact;
};

struct tracker_client;

/* A client for an announce URL; a URL without a path gets /announce. NULL if the URL is invalid,
 * after printing the error. */
struct tracker_client *tracker_client_open(const char *url,
                                           const struct tracker_client_options *options);
void tracker_client_close(struct tracker_client *client); /* NULL is ignored */

/* Sends an announce. STATUS_GOOD and `*reply`, which may be a refusal and borrows memory of the
 * client until its next request; otherwise the reason is in tracker_client_failure. */
enum status tracker_client_announce(struct tracker_client *client,
                                    const struct announce_request *request, uint16_t port,
                                    struct announce_reply *reply);

/* Sends scrapes for `count` torrents, or over HTTP for all torrents if it is 0. Calls `read` for
 * each one in the response. STATUS_REFUSED: rejected; the reason is in tracker_client_failure. */
typedef void (*counts_reader)(void *context, const struct scrape_counts *counts);
enum status tracker_client_scrape(struct tracker_client *client,
                                  const uint8_t (*hashes)[INFO_HASH_LEN], size_t count,
                                  counts_reader read, void *context);

/* Reason of the last failure. */
const char *tracker_client_failure(const struct tracker_client *client);

/* IP address of the tracker, and the duration of the last request. */
const char *tracker_client_address(const struct tracker_client *client);
uint64_t tracker_client_took_us(const struct tracker_client *client);

/* When the certificate of the last HTTPS response expires, in Unix time; 0: unknown. */
int64_t tracker_client_certificate_expires_s(const struct tracker_client *client);

/* JSON of a count in a reply: null for REPLY_UNKNOWN. */
json_t *tracker_client_count_json(int64_t count);

/* Reads --v4, --v6, --timeout, --cacert and --insecure. Returns false and prints the error if one
 * is invalid. */
bool tracker_client_options_read(const struct command_line *line,
                                 struct tracker_client_options *options);

#endif
