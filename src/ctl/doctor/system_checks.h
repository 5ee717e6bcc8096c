/* Checks of the machine on which skepd runs. */
#ifndef SKEP_CTL_DOCTOR_SYSTEM_CHECKS_H
#define SKEP_CTL_DOCTOR_SYSTEM_CHECKS_H

#include "ctl/doctor/findings.h"

/* Measured values; a negative one is unknown. */
struct system_facts {
    double open_files;
    double open_files_max;
    double receive_buffer;        /* bytes, of a UDP socket */
    double receive_buffer_wanted; /* as configured */
    double conntrack_entries;     /* of the kernel's connection tracking; unknown: not loaded */
    double conntrack_max;
    double peers;
    bool clock_unsynchronised;
};

/* Reads the facts about skepd from its metrics, the others from the kernel. */
void system_facts_read(struct system_facts *facts, struct bytes metrics);

/* Adds a finding for each fact. Pure, except for the output. */
void system_checks_judge(const struct system_facts *facts, struct findings *findings);

/* Checks the database file and the free space beside it. */
void system_checks_database(const char *database, struct findings *findings);

#endif
