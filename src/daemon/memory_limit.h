/* Memory limit of the cgroup of this process, as set for a container or by MemoryMax= in a systemd
 * unit. cgroups(7), version 1 and 2. */
#ifndef SKEP_DAEMON_MEMORY_LIMIT_H
#define SKEP_DAEMON_MEMORY_LIMIT_H

#include <stdint.h>

/* The smallest limit of the cgroup and those above it, in bytes; UINT64_MAX if there is none.
 * `membership` is the file /proc/self/cgroup, `root` the directory /sys/fs/cgroup. */
uint64_t memory_limit_read(const char *membership, const char *root);

/* Default of limits.memory_max_mib: half of the memory limit, at most `usual_mib`. */
uint32_t memory_limit_default_mib(uint64_t limit, uint32_t usual_mib);

#endif
