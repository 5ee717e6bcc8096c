#include "store/fault_vfs.h"

#include <sqlite3.h>
#include <string.h>

#include "support.h"

/* SQLite's own file object follows in the same allocation. */
struct fault_file {
    sqlite3_file base;
    sqlite3_file *real;
};

static sqlite3_vfs *real_vfs;
static sqlite3_vfs vfs;
static uint32_t operations_left;
static bool fails_for_ever;
static bool failed;

void fault_vfs_arm(uint32_t nth, bool for_ever) {
    operations_left = nth;
    fails_for_ever = for_ever;
    failed = false;
}

bool fault_vfs_failed(void) {
    return failed;
}

static bool fails_now(void) {
    if (failed && fails_for_ever)
        return true;
    if (operations_left == 0 || --operations_left > 0)
        return false;
    failed = true;
    return true;
}

static sqlite3_file *real_of(sqlite3_file *file) {
    return ((struct fault_file *)file)->real;
}

static int close_file(sqlite3_file *file) {
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int read_file(sqlite3_file *file, void *data, int len, sqlite3_int64 at) {
    return real_of(file)->pMethods->xRead(real_of(file), data, len, at);
}

/* A failing write may have written half of its data. */
static int write_file(sqlite3_file *file, const void *data, int len, sqlite3_int64 at) {
    if (!fails_now())
        return real_of(file)->pMethods->xWrite(real_of(file), data, len, at);
    (void)real_of(file)->pMethods->xWrite(real_of(file), data, len / 2, at);
    return len % 3 == 0 ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

static int truncate_file(sqlite3_file *file, sqlite3_int64 len) {
    return fails_now() ? SQLITE_IOERR_TRUNCATE
                       : real_of(file)->pMethods->xTruncate(real_of(file), len);
}

static int sync_file(sqlite3_file *file, int flags) {
    return fails_now() ? SQLITE_IOERR_FSYNC : real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *len) {
    return real_of(file)->pMethods->xFileSize(real_of(file), len);
}

static int lock_file(sqlite3_file *file, int level) {
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int unlock_file(sqlite3_file *file, int level) {
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int check_reserved_lock(sqlite3_file *file, int *result) {
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), result);
}

static int control_file(sqlite3_file *file, int operation, void *argument) {
    return real_of(file)->pMethods->xFileControl(real_of(file), operation, argument);
}

static int sector_size(sqlite3_file *file) {
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int device_characteristics(sqlite3_file *file) {
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int map_shared(sqlite3_file *file, int page, int len, int extend, void volatile **memory) {
    return real_of(file)->pMethods->xShmMap(real_of(file), page, len, extend, memory);
}

static int lock_shared(sqlite3_file *file, int offset, int count, int flags) {
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}

static void shared_barrier(sqlite3_file *file) {
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int unmap_shared(sqlite3_file *file, int remove) {
    return real_of(file)->pMethods->xShmUnmap(real_of(file), remove);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = file_size,
    .xLock = lock_file,
    .xUnlock = unlock_file,
    .xCheckReservedLock = check_reserved_lock,
    .xFileControl = control_file,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = device_characteristics,
    .xShmMap = map_shared,
    .xShmLock = lock_shared,
    .xShmBarrier = shared_barrier,
    .xShmUnmap = unmap_shared,
};

static int open_file(sqlite3_vfs *self, const char *name, sqlite3_file *file, int flags,
                     int *out_flags) {
    struct fault_file *fault = (struct fault_file *)file;
    (void)self;
    fault->base.pMethods = NULL;
    fault->real = (sqlite3_file *)(fault + 1);
    if (fails_now())
        return SQLITE_CANTOPEN;
    const int result = real_vfs->xOpen(real_vfs, name, fault->real, flags, out_flags);
    if (fault->real->pMethods != NULL)
        fault->base.pMethods = &methods;
    return result;
}

void fault_vfs_install(void) {
    if (real_vfs != NULL)
        return;
    real_vfs = sqlite3_vfs_find(NULL);
    REQUIRE(real_vfs != NULL);
    vfs = *real_vfs;
    vfs.pNext = NULL;
    vfs.zName = "fault";
    vfs.szOsFile = (int)sizeof(struct fault_file) + real_vfs->szOsFile;
    vfs.xOpen = open_file;
    REQUIRE(sqlite3_vfs_register(&vfs, 1) == SQLITE_OK);
}
