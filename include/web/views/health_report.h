/* How a running skepd is, for the API: what of the configuration its users should know, and in
 * plain words what is wrong or soon will be. */
#ifndef SKEP_WEB_VIEWS_HEALTH_REPORT_H
#define SKEP_WEB_VIEWS_HEALTH_REPORT_H

#include <stdatomic.h>

#include "daemon/config.h"
#include "store/change_writer.h"
#include "web/api/api.h"

/* Where it is read off. What is NULL has nothing to say. Starts out as zeros. */
struct health_report {
    const struct tracker *tracker;
    const struct change_writer *change_writer;
    const struct udp_server *udp;
    const struct http_counters *http;
    _Atomic uint32_t torrents_max; /* the bounds that were set */
    _Atomic uint32_t peers_max;
    _Atomic uint32_t memory_max_mib;
    _Atomic bool store_off;
    _Atomic bool certificate_refused; /* at the last reload */
};

/* Takes the settings over. One thread at a time, as the next. */
void health_report_apply(struct health_report *report, const struct config *config);

/* Whether the certificate could be read again. */
void health_report_set_certificate(struct health_report *report, bool good);

/* `context` is a struct health_report. Any thread. */
void health_report_fill(void *context, struct api_condition *told);

struct api_settings health_report_settings(const struct config *config);

#endif
