/* Why a download does not start, in plain words, as far as the tracker can tell from who is there.
 * Pure; any thread. */
#ifndef SKEP_WEB_VIEWS_DIAGNOSIS_H
#define SKEP_WEB_VIEWS_DIAGNOSIS_H

#include "probe/prober.h"
#include "swarm/swarm_snapshot.h"

enum { DIAGNOSES_MAX = 8, DIAGNOSIS_TEXT_LEN = 512 };

struct diagnosed_peer {
    const struct peer_stats *figures;
    enum reach reach;
};

/* What is known of a torrent. */
struct diagnosis_case {
    const struct diagnosed_peer *peers; /* as many as were looked at, seeders first */
    size_t peer_count;
    struct torrent_stats figures;
    bool allowed;                /* whether the mode of access lets it be tracked */
    struct endpoint external_v4; /* how the outside sees our LAN; FAMILY_NONE: unknown */
    struct endpoint external_v6;
    struct endpoint gateway; /* the router of this machine; FAMILY_NONE: unknown */
};

struct diagnosis {
    const char *code; /* "no_seeder" and so on, for programs */
    char text[DIAGNOSIS_TEXT_LEN];
};

/* Writes what is wrong to `list`, the worst first, and returns how many there are; 0: nothing that
 * shows from here. */
size_t diagnose(const struct diagnosis_case *of, struct diagnosis list[static DIAGNOSES_MAX]);

#endif
