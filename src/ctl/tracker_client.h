/* Sends announces and scrapes to any tracker, over HTTP, HTTPS or UDP. One thread. */
#ifndef SKEP_CTL_TRACKER_CLIENT_H
#define SKEP_CTL_TRACKER_CLIENT_H

#include "ctl/command_line.h"
#include "ctl/http_client.h"
#include "ctl/output.h"
#include "wire/tracker_reply.h"
#include "wire/tracker_url.h"

struct tracker_client_options {
    struct http_request_options http; /* timeout and family are also used for UDP */
    bool compact;
};

struct tracker_client;

/* Opens a client. A URL without path means /announce. Call tracker_client_close afterwards. NULL if
 * `url` is invalid, which is printed. */
struct tracker_client *tracker_client_open(const char *url,
                                           const struct tracker_client_options *options);
void tracker_client_close(struct tracker_client *client); /* NULL is ignored */

/* STATUS_GOOD and `*reply`, which may be a refusal and borrows the client's memory until its next
 * request; or STATUS_UNREACHABLE, with the reason in tracker_client_failure. */
enum status tracker_client_announce(struct tracker_client *client,
                                    const struct announce_request *request, uint16_t port,
                                    struct announce_reply *reply);

/* Scrapes `count` torrents, or, over HTTP, all of them if it is 0. Calls `read` for each one in the
 * response. STATUS_REFUSED if the tracker refuses. */
typedef void (*counts_reader)(void *context, const struct scrape_counts *counts);
enum status tracker_client_scrape(struct tracker_client *client,
                                  const uint8_t (*hashes)[INFO_HASH_LEN], size_t count,
                                  counts_reader read, void *context);

const char *tracker_client_failure(const struct tracker_client *client);
const char *
tracker_client_address(const struct tracker_client *client); /* address of the tracker */
uint64_t
tracker_client_took_us(const struct tracker_client *client); /* duration of the last request */

/* Reads --v4, --v6, --timeout, --cacert and --insecure. False if one is invalid, which is printed.
 */
bool tracker_client_options_read(const struct command_line *line,
                                 struct tracker_client_options *options);

#endif
