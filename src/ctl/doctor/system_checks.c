#include "ctl/doctor/system_checks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "ctl/format.h"
#include "store/backup.h"

enum { PATH_LEN = 4096, MIB = 1 << 20, FREE_MIN_MIB = 64 };

static const double UNKNOWN = -1;

/* Value of a metric without labels. */
static double read_metric(struct bytes metrics, const char *name) {
    const size_t len = strlen(name);
    while (metrics.len > 0) {
        const struct bytes line = bytes_split(&metrics, '\n');
        char number[FORMAT_NUMBER_LEN];
        if (line.len <= len || memcmp(line.data, name, len) != 0 || line.data[len] != ' ')
            continue;
        snprintf(number, sizeof number, "%.*s", (int)(line.len - len - 1),
                 (const char *)line.data + len + 1);
        return strtod(number, NULL);
    }
    return UNKNOWN;
}

static double read_number_file(const char *path) {
    FILE *file = fopen(path, "re");
    double number = UNKNOWN;
    if (file == NULL)
        return UNKNOWN;
    if (fscanf(file, "%lf", &number) != 1)
        number = UNKNOWN;
    fclose(file);
    return number;
}

void system_facts_read(struct system_facts *facts, struct bytes metrics) {
    struct timex clock = { .modes = 0 };
    *facts = (struct system_facts){
        .open_files = read_metric(metrics, "process_open_fds"),
        .open_files_max = read_metric(metrics, "process_max_fds"),
        .receive_buffer = read_metric(metrics, "skep_udp_receive_buffer_bytes"),
        .receive_buffer_wanted = read_metric(metrics, "skep_udp_receive_buffer_configured_bytes"),
        .conntrack_entries = read_number_file("/proc/sys/net/netfilter/nf_conntrack_count"),
        .conntrack_max = read_number_file("/proc/sys/net/netfilter/nf_conntrack_max"),
        .peers = UNKNOWN,
        .clock_unsynchronised = adjtimex(&clock) == TIME_ERROR && (clock.status & STA_UNSYNC) != 0,
    };
}

static void judge_files(const struct system_facts *facts, struct findings *findings) {
    static const char fix[] = "raise LimitNOFILE= (systemctl edit skepd) or ulimit -n";
    if (facts->open_files < 0 || facts->open_files_max < 0)
        return;
    const bool near = facts->open_files > 0.8 * facts->open_files_max;
    findings_add(findings, near ? FINDING_FAULT : FINDING_GOOD, "files", fix,
                 "skepd has %.0f of %.0f files open", facts->open_files, facts->open_files_max);
}

static void judge_receive_buffer(const struct system_facts *facts, struct findings *findings) {
    static const char fix[] =
        "sysctl net.core.rmem_max=4194304 (or udp.receive_buffer), then "
        "restart skepd";
    if (facts->receive_buffer <= 0)
        return;
    const bool small = facts->receive_buffer < facts->receive_buffer_wanted;
    findings_add(findings, small ? FINDING_WARNING : FINDING_GOOD, "buffers", fix,
                 small
                     ? "the kernel limits the UDP receive buffer to %.0f of %.0f bytes: bursts of "
                       "packets are lost"
                     : "the UDP receive buffer has %.0f of %.0f bytes",
                 facts->receive_buffer, facts->receive_buffer_wanted);
}

/* The table has an entry for each client of a UDP server. When it is full, the kernel drops the
 * packets of new clients. */
static void judge_conntrack(const struct system_facts *facts, struct findings *findings) {
    static const char fix[] =
        "exempt the UDP port from connection tracking (notrack), see skep(7), "
        "or raise net.netfilter.nf_conntrack_max";
    const double entries = facts->conntrack_entries;
    const double max = facts->conntrack_max;
    if (entries < 0 || max <= 0) {
        findings_add(findings, FINDING_GOOD, "conntrack", NULL,
                     "connection tracking is not loaded");
        return;
    }
    const bool full = entries > 0.8 * max;
    const bool many = facts->peers > 0.5 * max;
    findings_add(findings,
                 full   ? FINDING_FAULT
                 : many ? FINDING_WARNING
                        : FINDING_GOOD,
                 "conntrack", fix, "the kernel tracks %.0f of at most %.0f connections", entries,
                 max);
}

static void judge_clock(const struct system_facts *facts, struct findings *findings) {
    const bool bad = facts->clock_unsynchronised;
    findings_add(findings, bad ? FINDING_WARNING : FINDING_GOOD, "clock",
                 "enable a time service: timedatectl set-ntp true",
                 bad ? "the clock is not synchronised" : "the clock is synchronised");
}

void system_checks_judge(const struct system_facts *facts, struct findings *findings) {
    judge_files(facts, findings);
    judge_receive_buffer(facts, findings);
    judge_conntrack(facts, findings);
    judge_clock(facts, findings);
}

/* A migration may write all of a database again, and its log needs as much. */
static void check_disk(const char *database, uint64_t size, struct findings *findings) {
    char directory[PATH_LEN];
    char free_text[FORMAT_NUMBER_LEN];
    struct statvfs disk;
    const char *slash = strrchr(database, '/');
    if (slash == NULL)
        snprintf(directory, sizeof directory, ".");
    else
        snprintf(directory, sizeof directory, "%.*s", (int)(slash - database) + 1, database);
    if (statvfs(directory, &disk) != 0)
        return;
    const uint64_t available = (uint64_t)disk.f_bavail * disk.f_frsize;
    const bool low = available < (uint64_t)FREE_MIN_MIB * MIB;
    const bool tight = available / 2 < size;
    format_size(available, free_text);
    findings_add(findings,
                 low     ? FINDING_FAULT
                 : tight ? FINDING_WARNING
                         : FINDING_GOOD,
                 "disk", "free some space, or move the database (store.database)", "%s free in %s",
                 free_text, directory);
}

void system_checks_database(const char *database, struct findings *findings) {
    char error[ERROR_LEN];
    char size_text[FORMAT_NUMBER_LEN];
    struct stat status;
    if (stat(database, &status) != 0 || access(database, R_OK | W_OK) != 0) {
        findings_add(findings, FINDING_SKIPPED, "database",
                     errno == EACCES ? "run skepctl as root" : "name the file with --database",
                     "%s: %s", database, strerror(errno));
        return;
    }
    check_disk(database, (uint64_t)status.st_size, findings);
    format_size((uint64_t)status.st_size, size_text);
    if (backup_check(database, error))
        findings_add(findings, FINDING_GOOD, "database", NULL, "%s is sound (%s)", database,
                     size_text);
    else
        findings_add(findings, FINDING_FAULT, "database",
                     "restart skepd, which saves what it can; or restore a backup", "%s", error);
}
