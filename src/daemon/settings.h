/* The table of all settings: how each is called in the file, what it may be, and which field of
 * struct config holds it. A new setting is a line in this table, one in config_defaults and one in
 * conf/skepd.conf. Pure; any thread. */
#ifndef SKEP_DAEMON_SETTINGS_H
#define SKEP_DAEMON_SETTINGS_H

#include "base/bytes.h"
#include "daemon/config.h"

enum setting_kind {
    SETTING_BOOL,
    SETTING_NUMBER, /* a uint16_t or uint32_t */
    SETTING_TEXT,   /* an array of char */
    SETTING_LOG_LEVEL,
    SETTING_NETWORKS,
    SETTING_LISTEN,
    SETTING_ACCESS_MODE,
    SETTING_CLIENTS,   /* a struct client_prefixes */
    SETTING_HOSTNAMES, /* a struct hostnames */
    SETTING_EXTERNAL,  /* both external addresses of struct tracker_options */
};

enum { SETTING_KINDS = SETTING_EXTERNAL + 1, SETTING_NAME_LEN = 64 };

struct setting {
    const char *name; /* with its group: "http.port" */
    enum setting_kind kind;
    size_t offset; /* of its field in struct config */
    size_t size;
    uint32_t min; /* a number's range */
    uint32_t max;
    const char *summary; /* what it is, in a line */
};

/* The setting at `index` in the table; NULL past its end. */
const struct setting *settings_at(size_t index);

/* NULL where there is none of that name. */
const struct setting *settings_find(const char *name);

/* Whether there are settings in a group of that name. */
bool settings_have_group(const char *name);

/* The setting or group that someone may have meant by `name`; empty where none comes near. */
struct bytes settings_nearest(const char *name);

#endif
