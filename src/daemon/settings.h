/* The table of all settings: name, kind, default, range, whether a reload applies it, and its field
 * in struct config. To add a setting, add the field to its module's options, a row to the table and
 * an entry to conf/skepd.conf; tests compare the file with the table. Pure; any thread. */
#ifndef SKEP_DAEMON_SETTINGS_H
#define SKEP_DAEMON_SETTINGS_H

#include "base/edit_distance.h"
#include "daemon/config.h"

enum setting_kind {
    SETTING_BOOL,
    SETTING_NUMBER, /* a uint16_t or uint32_t */
    SETTING_TEXT,   /* an array of char */
    SETTING_HEADER, /* the same: name of an HTTP header */
    SETTING_CHOICE, /* an enum */
    SETTING_NETWORKS,
    SETTING_LISTEN,
    SETTING_CLIENTS,   /* a struct client_prefixes */
    SETTING_HOSTNAMES, /* a struct hostnames */
    SETTING_URLS,      /* a struct configured_urls */
    SETTING_ENGINES,   /* a struct engine_urls */
    SETTING_BOOTSTRAP, /* a struct dht_bootstrap */
    SETTING_EXTERNAL,  /* two struct endpoint: IPv4, IPv6 */
};

enum {
    SETTING_KINDS = SETTING_EXTERNAL + 1,
    SETTING_NAME_LEN = EDIT_DISTANCE_LEN,
    SETTINGS_PENDING_LEN = 1024,
};

/* Texts and lists are empty by default, except for networks. */
struct setting {
    const char *name; /* with its group: "http.port" */
    enum setting_kind kind;
    size_t offset; /* of its field in struct config */
    size_t size;
    uint32_t default_value; /* of a number, a bool or an enum */
    uint32_t min;           /* range of a number */
    uint32_t max;
    const char *const *default_networks; /* NULL-terminated; NULL: none */
    const char *const *choices;          /* names of the enum's values from 0; NULL-terminated */
    bool secret;                         /* not printed */
    bool reload; /* a reload applies it; otherwise a change requires a restart */
};

/* The setting at `index` in the table; NULL past its end. */
const struct setting *settings_at(size_t index);

/* A config in which every setting has its default, and everything else is zero. */
struct config settings_defaults(void);

/* Sets `field` of a number, a bool or an enum. */
void settings_set_number(const struct setting *setting, void *field, uint32_t value);

/* Copies the settings that a reload applies from `loaded` to `running`. Writes the names of the
 * others that differ, separated by commas, to `pending`: they require a restart. */
void settings_reload(struct config *running, const struct config *loaded,
                     char pending[static SETTINGS_PENDING_LEN]);

/* Returns NULL if there is no setting of that name. */
const struct setting *settings_find(const char *name);

/* True if there are settings in a group of that name. */
bool settings_have_group(const char *name);

/* Reports an unknown setting or group `name`: its new name if it was renamed, else the most similar
 * name. Always returns false. */
bool settings_describe_unknown(const char *name, char error[static ERROR_LEN]);

#endif
