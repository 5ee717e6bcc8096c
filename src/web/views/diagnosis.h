/* Likely reasons why the download of a torrent does not start, derived from its peers. Pure; any
 * thread. */
#ifndef SKEP_WEB_VIEWS_DIAGNOSIS_H
#define SKEP_WEB_VIEWS_DIAGNOSIS_H

#include "probe/prober.h"
#include "swarm/swarm_snapshot.h"

enum { DIAGNOSES_MAX = 8, DIAGNOSIS_TEXT_LEN = 512 };

struct diagnosed_peer {
    const struct peer_stats *stats;
    enum reach reach;
};

struct diagnosis_input {
    const struct diagnosed_peer *peers; /* seeders first; may be only a part of all peers */
    size_t peer_count;
    struct torrent_stats stats;
    bool allowed;                /* whether the access mode allows the torrent */
    struct endpoint external_v4; /* public address of our LAN; FAMILY_NONE: unknown */
    struct endpoint external_v6;
    struct endpoint gateway; /* router of this machine; FAMILY_NONE: unknown */
};

struct diagnosis {
    const char *code; /* constant, for programs: "no_seeder" */
    char text[DIAGNOSIS_TEXT_LEN];
};

/* Writes the problems found to `list`, the most serious first, and returns their number. */
size_t diagnose(const struct diagnosis_input *input, struct diagnosis list[static DIAGNOSES_MAX]);

#endif
