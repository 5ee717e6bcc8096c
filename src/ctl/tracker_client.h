/* Announces and scrapes at any tracker, over HTTP, HTTPS or UDP. One thread. */
#ifndef SKEP_CTL_TRACKER_CLIENT_H
#define SKEP_CTL_TRACKER_CLIENT_H

#include "ctl/command_line.h"
#include "ctl/http_client.h"
#include "ctl/output.h"
#include "wire/tracker_reply.h"
#include "wire/tracker_url.h"

struct tracker_client_options {
    struct http_request_options http; /* its timeout and family hold for UDP, too */
    bool compact;
};

struct tracker_client;

/* A URL without a path means /announce. Afterwards, tracker_client_close. NULL if `url` is none,
 * which has been said. */
struct tracker_client *tracker_client_open(const char *url,
                                           const struct tracker_client_options *options);
void tracker_client_close(struct tracker_client *client); /* NULL is fine */

/* STATUS_GOOD and `*reply`, which may be a refusal and borrows the client's memory until its next
 * request; or STATUS_UNREACHABLE and tracker_client_failure. */
enum status tracker_client_announce(struct tracker_client *client,
                                    const struct announce_request *request, uint16_t port,
                                    struct announce_reply *reply);

/* Asks for `count` torrents, or, over HTTP, for all of them where that is 0, and calls `read` for
 * each that was told. STATUS_REFUSED where the tracker refuses. */
typedef void (*counts_reader)(void *context, const struct scrape_counts *counts);
enum status tracker_client_scrape(struct tracker_client *client,
                                  const uint8_t (*hashes)[INFO_HASH_LEN], size_t count,
                                  counts_reader read, void *context);

const char *tracker_client_failure(const struct tracker_client *client);
const char *tracker_client_address(const struct tracker_client *client); /* the tracker's */
uint64_t tracker_client_took_us(const struct tracker_client *client);    /* the last request */

/* Reads --v4, --v6, --timeout, --cacert and --insecure. False if one is invalid, which is printed.
 */
bool tracker_client_options_read(const struct command_line *line,
                                 struct tracker_client_options *options);

#endif
