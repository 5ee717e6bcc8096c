/* A cluster in virtual time: nodes with the rules of src/cluster/, an engine that loses, repeats
 * and reorders entries, and clients. At the end of a run, all nodes must agree with an oracle: of
 * each key the record with the greatest stamp ever made counts, if it is a put and not past its
 * deadline. Every 16th schedule is so long that nodes restart from rows that are older than
 * anything that the others remember.
 *
 * Not compared:
 * - peers, removals, counts and registry entries that only nodes knew which then died
 * - peers within a minute of their deadline, and peers that a registry entry has ever refused,
 *   except that they must be gone while it does
 * - removed peers, until their deadline, at a node that lost the removal or got a snapshot from
 *   such a node, or if a queue was too full to send removals
 * - an older put with a longer interval, which may outlast the newest one of another node
 * - the peer of a client that crashed, at nodes that became whole by time: they never hear of it
 * - removals, and peers of clients that left, in a LAN: a snapshot of another site lacks them
 * - an active client that is not listed until its next announce: a node that had read the whole
 *   stream sent nothing for the last one, because a newer put, with a shorter interval, was not in
 *   the stream yet, or was lost from it
 * - expired peers at a node whose clock has jumped; active clients after a jump that a node does
 *   not know of, or once the engine's clock has changed
 * - an active client that has moved within the last interval
 * - right after the faults: nodes that lack something, and records of nodes that have restarted,
 *   which cannot send again what a failover lost
 * - counts of torrents that a node has forgotten, and the true count once a database was copied
 *   (the nodes must still agree), or if a node died that counted a completion twice
 * - completions counted at several nodes that were apart for longer than completions are kept */
#ifndef SKEP_UNIT_CLUSTER_SIMULATION_H
#define SKEP_UNIT_CLUSTER_SIMULATION_H

#include <stdint.h>

/* A rule that is left out, to show that the runs notice. */
enum broken_rule {
    RULE_NONE,
    RULE_GREATER_STAMP,    /* the last one to arrive wins */
    RULE_TOMBSTONES,       /* none are kept */
    RULE_UNSENT_DEADLINE,  /* an announce that is not sent moves the deadline, too */
    RULE_ENGINE_CLOCK,     /* each node uses its own clock */
    RULE_MOVE,             /* the removal of the old address is not sent */
    RULE_KNOWN_COMPLETION, /* a completion that is known already is counted */
    RULE_TAKE_BACK,        /* a completion that another node counted first is not taken back */
    RULE_NOT_JOINED,       /* a node counts for itself before it knows its counter */
    RULE_COUNTERS_IN_SNAPSHOT,
    RULE_RESTORED_STAMP, /* restored peers count as announced at the restart */
    RULE_HOLES,          /* missing entries are not noticed */
    RULE_RESEND,         /* nothing is sent again after a failover */
    RULE_LASTING,        /* without a whole node, counters and registry are not sent */
    RULE_REGISTRY_ORDER, /* the later of two registry entries wins */
    RULE_REFRESH,        /* a peer that has not changed is never sent again */
    RULE_STARTED,        /* nor if it has started */
    RULE_WALK,           /* puts that were dropped are not sent later */
    RULE_TOMBSTONES_IN_SNAPSHOT,
    RULE_SNAPSHOT_REMOVES, /* a snapshot's tombstones remove no peer */
    RULE_UNCONFIRMED,      /* restored peers that the first snapshot lacks stay */
    RULE_WHOLE_SOURCE,     /* any node sends snapshots */
    RULE_READ_FIRST,       /* a node that was paused sweeps before it reads */
    RULE_ANSWER_COMPLETION,
    RULE_SEND_RESTORED,    /* what a node has restored it does not send */
    RULE_RETURNED,         /* nor, after it was away, what the others may have forgotten */
    RULE_ROOM,             /* a snapshot whose peers had no room counts as complete */
    RULE_SITES,            /* LAN peers of other sites are merged */
    RULE_JUMP,             /* peers expire when the clock jumps ahead */
    RULE_COPY,             /* nodes with one database keep its id */
    RULE_TELL_COMPLETIONS, /* without a whole node, completions are not sent */
    RULE_LOST_LASTING,     /* counters that did not fit into the queue are lost */
    RULE_BEFORE_START,     /* a completion counted before the start is taken back */
    RULE_GUESSED_STAMP,    /* restored peers of a node without a snapshot have a guessed stamp */
    RULE_KEPT_GUESS,       /* nor beats a record the guess in a copy of such a node */
    RULE_LATE_SNAPSHOT,    /* its first snapshot confirms none of them */
    RULE_TELL_READ,    /* a node that was away sends counters before it has read what it missed */
    RULE_OUTDATED,     /* a node that may lack changes judges announces by what it has */
    RULE_COPIED_GUESS, /* a copy's restored peers beat records */
    RULE_NEW_ID,       /* a node that takes a new id takes nothing back that it counted before */
    RULE_COUNT,
};

extern const char *const broken_rule_names[RULE_COUNT];

/* Runs one random schedule. Returns NULL if all is well, or the first difference, in a buffer that
 * the next run overwrites. */
const char *simulation_run(uint64_t seed, enum broken_rule broken);

/* Holes that the nodes of the last run found, so snapshots that they needed. */
uint32_t simulation_holes(void);

/* Clients of the last run that were excused, as a newer put was not in the stream yet. */
uint32_t simulation_excused(void);

#endif
