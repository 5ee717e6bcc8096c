/* Texts of the tracker core's refusals, the same for all transports, and when to retry.
 * http_parse.c and udp_wire.c word the refusals of malformed requests. */
#ifndef SKEP_WIRE_REFUSAL_H
#define SKEP_WIRE_REFUSAL_H

#include "base/bytes.h"
#include "swarm/announce.h"

enum { REFUSAL_TEXT_LEN = 192 };

#define RETRY_NEVER UINT32_MAX

/* Text of the refusal, followed by `detail` unless that is empty. */
void refusal_text(enum announce_result result, const char *detail,
                  char text[static REFUSAL_TEXT_LEN]);

/* Minutes until a retry (BEP 31), or RETRY_NEVER if the client should stop. */
uint32_t refusal_retry_min(enum announce_result result, uint32_t interval_s);

/* Name of a result in metrics: "torrents_full". */
const char *refusal_name(enum announce_result result);

#endif
