/* A VFS for SQLite that fails on demand: the n-th write, sync, truncation or open, and from then
 * on either none or all of them. Stands before the system's own VFS. One thread. */
#ifndef SKEP_UNIT_FAULT_VFS_H
#define SKEP_UNIT_FAULT_VFS_H

#include <stdbool.h>
#include <stdint.h>

/* Makes it the default VFS of this process. */
void fault_vfs_install(void);

/* Fails the `nth` operation from now (1 is the next; 0: none). If `for_ever`, all later ones fail,
 * too, until the next call. */
void fault_vfs_arm(uint32_t nth, bool for_ever);

/* Whether an operation has failed since the last call of fault_vfs_arm. */
bool fault_vfs_failed(void);

#endif
