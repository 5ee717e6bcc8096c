/* The words for a refusal, the same on every wire, and when to try again. */
#ifndef SKEP_WIRE_REFUSAL_H
#define SKEP_WIRE_REFUSAL_H

#include "base/bytes.h"
#include "swarm/announce.h"

enum { REFUSAL_TEXT_LEN = 192 };

#define RETRY_NEVER UINT32_MAX

/* A short English sentence with `detail`, which may be empty, behind it. */
void refusal_text(enum announce_result result, const char *detail,
                  char text[static REFUSAL_TEXT_LEN]);

/* Minutes until another try makes sense (BEP 31), or RETRY_NEVER where the client should stop. */
uint32_t refusal_retry_min(enum announce_result result, uint32_t interval_s);

/* The name of a result, for figures: "torrents_full". */
const char *refusal_name(enum announce_result result);

#endif
