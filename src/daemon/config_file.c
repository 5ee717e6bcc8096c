#include "daemon/config_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libconfig.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/utf8.h"
#include "daemon/settings.h"
#include "wire/tracker_url.h"

enum { FILE_LEN_MAX = 1 << 20, PLACE_LEN = CONFIG_PATH_LEN + 16, WORD_LEN = 1024 };

#define VALUE_NAME "value" /* of a setting on the command line */

/* State while a file is read. */
struct file_reader {
    struct config *config;
    const char *path;
    struct config_errors *errors;
};

/* Sets `field` and returns NULL, or returns the invalid part of `value`: the list element or the
 * value itself, so that the error names its line. */
typedef config_setting_t *(*value_reader)(config_setting_t *value, const struct setting *setting,
                                          void *field);

static config_setting_t *read_bool(config_setting_t *value, const struct setting *setting,
                                   void *field) {
    if (config_setting_type(value) != CONFIG_TYPE_BOOL)
        return value;
    settings_set_number(setting, field, (uint32_t)config_setting_get_bool(value));
    return NULL;
}

static config_setting_t *read_number(config_setting_t *value, const struct setting *setting,
                                     void *field) {
    int type = config_setting_type(value);
    if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64)
        return value;
    long long number = config_setting_get_int64(value);
    if (number < setting->min || number > setting->max)
        return value;
    settings_set_number(setting, field, (uint32_t)number);
    return NULL;
}

static config_setting_t *read_text(config_setting_t *value, const struct setting *setting,
                                   void *field) {
    const char *text = config_setting_get_string(value);
    if (!text || strlen(text) >= setting->size)
        return value;
    memset(field, 0, setting->size);
    memcpy(field, text, strlen(text));
    return NULL;
}

/* Copies a string without white space around it; empty if the value is none or too long. */
static void copy_word(const config_setting_t *value, char word[static WORD_LEN]) {
    const char *text = config_setting_get_string(value);
    const struct bytes trimmed = utf8_trim(bytes_of(text == NULL ? "" : text));
    utf8_copy(trimmed.len < WORD_LEN ? trimmed : (struct bytes){ 0 }, word, WORD_LEN);
}

static config_setting_t *read_choice(config_setting_t *value, const struct setting *setting,
                                     void *field) {
    char name[WORD_LEN];
    copy_word(value, name);
    for (uint32_t i = 0; setting->choices[i] != NULL; i++) {
        if (strcasecmp(name, setting->choices[i]) == 0) {
            settings_set_number(setting, field, i);
            return NULL;
        }
    }
    return value;
}

static bool is_list(const config_setting_t *value) {
    return config_setting_is_array(value) || config_setting_is_list(value);
}

/* A single value is a list of one. */
static size_t list_length(const config_setting_t *value) {
    return is_list(value) ? (size_t)config_setting_length(value) : 1;
}

static config_setting_t *list_at(config_setting_t *value, size_t i) {
    return is_list(value) ? config_setting_get_elem(value, (unsigned)i) : value;
}

static config_setting_t *read_networks(config_setting_t *value, const struct setting *setting,
                                       void *field) {
    (void)setting;
    struct networks networks = { 0 };
    for (size_t i = 0; i < list_length(value); i++) {
        config_setting_t *element = list_at(value, i);
        const char *text = config_setting_get_string(element);
        if (!text || i == NETWORKS_MAX || !network_parse(text, &networks.list[i]))
            return element;
        networks.count++;
    }
    *(struct networks *)field = networks;
    return NULL;
}

static bool is_any_address(config_setting_t *value) {
    char text[WORD_LEN] = "";
    if (list_length(value) == 1)
        copy_word(list_at(value, 0), text);
    return strcmp(text, "*") == 0;
}

static config_setting_t *read_listen(config_setting_t *value, const struct setting *setting,
                                     void *field) {
    (void)setting;
    struct listen_addresses listen = { 0 };
    if (list_length(value) == 0)
        return value;
    size_t count = is_any_address(value) ? 0 : list_length(value);
    for (size_t i = 0; i < count; i++) {
        config_setting_t *element = list_at(value, i);
        char text[WORD_LEN];
        copy_word(element, text);
        if (i == LISTEN_MAX || !endpoint_parse_address(text, &listen.list[i]))
            return element;
        listen.count++;
    }
    *(struct listen_addresses *)field = listen;
    return NULL;
}

static config_setting_t *read_external(config_setting_t *value, const struct setting *setting,
                                       void *field) {
    (void)setting;
    struct endpoint addresses[2] = { 0 };
    for (size_t i = 0; i < list_length(value); i++) {
        config_setting_t *element = list_at(value, i);
        char text[WORD_LEN];
        struct endpoint address;
        copy_word(element, text);
        if (!endpoint_parse_address(text, &address))
            return element;
        struct endpoint *same_family = &addresses[address.family == FAMILY_V6];
        if (same_family->family != FAMILY_NONE)
            return element;
        *same_family = address;
    }
    memcpy(field, addresses, sizeof addresses);
    return NULL;
}

static config_setting_t *read_clients(config_setting_t *value, const struct setting *setting,
                                      void *field) {
    (void)setting;
    struct client_prefixes prefixes = { 0 };
    for (size_t i = 0; i < list_length(value); i++) {
        config_setting_t *element = list_at(value, i);
        const char *text = config_setting_get_string(element);
        if (!text || i == CLIENT_PREFIXES_MAX || !*text || strlen(text) > PEER_ID_LEN)
            return element;
        prefixes.list[i].len = (uint8_t)strlen(text);
        memcpy(prefixes.list[i].text, text, strlen(text));
        prefixes.count++;
    }
    *(struct client_prefixes *)field = prefixes;
    return NULL;
}

static bool is_hostname(const char *text) {
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    return *text != '\0' && strlen(text) < HOSTNAME_LEN && text[strspn(text, letters)] == '\0';
}

static config_setting_t *read_hostnames(config_setting_t *value, const struct setting *setting,
                                        void *field) {
    (void)setting;
    struct hostnames names = { 0 };
    for (size_t i = 0; i < list_length(value); i++) {
        config_setting_t *element = list_at(value, i);
        char text[WORD_LEN];
        copy_word(element, text);
        if (i == HOSTNAMES_CONFIGURED_MAX || !is_hostname(text))
            return element;
        memcpy(names.list[names.count++], text, strlen(text));
    }
    *(struct hostnames *)field = names;
    return NULL;
}

/* A token (RFC 9110, section 5.6.2). */
static bool is_header_name(const char *text) {
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~";
    return text[strspn(text, letters)] == '\0';
}

static config_setting_t *read_header_name(config_setting_t *value, const struct setting *setting,
                                          void *field) {
    const char *text = config_setting_get_string(value);
    return text != NULL && is_header_name(text) ? read_text(value, setting, field) : value;
}

/* Adds /announce to a URL without a path. A passkey is put before the last part of the path. */
static bool copy_announce_url(const char *text, char url[static ANNOUNCE_URL_CONFIGURED_LEN]) {
    struct tracker_url parsed;
    if (tracker_url_parse(bytes_of(text), &parsed) != NULL || parsed.family != FAMILY_NONE ||
        strpbrk(text, "?#\"\\<>") != NULL)
        return false;
    size_t len = parsed.whole.len;
    for (; parsed.target.len > 0 && text[len - 1] == '/'; parsed.target.len--)
        len--;
    const bool bare = parsed.target.len == 0;
    const int written = snprintf(url, ANNOUNCE_URL_CONFIGURED_LEN, "%.*s%s", (int)len, text,
                                 bare ? "/announce" : "");
    return written < ANNOUNCE_URL_CONFIGURED_LEN &&
           strncmp(strrchr(url, '/'), "/announce", strlen("/announce")) == 0;
}

static config_setting_t *read_urls(config_setting_t *value, const struct setting *setting,
                                   void *field) {
    (void)setting;
    struct configured_urls urls = { 0 };
    for (size_t i = 0; i < list_length(value); i++) {
        config_setting_t *element = list_at(value, i);
        char text[WORD_LEN];
        copy_word(element, text);
        if (i == ANNOUNCE_URLS_CONFIGURED_MAX || !copy_announce_url(text, urls.list[i]))
            return element;
        urls.count++;
    }
    *(struct configured_urls *)field = urls;
    return NULL;
}

static config_setting_t *read_engines(config_setting_t *value, const struct setting *setting,
                                      void *field) {
    (void)setting;
    struct engine_urls engines = { 0 };
    for (size_t i = 0; i < list_length(value); i++) {
        config_setting_t *element = list_at(value, i);
        char text[WORD_LEN];
        copy_word(element, text);
        if (i == ENGINES_MAX || engine_url_parse(bytes_of(text), &engines.list[i]) != NULL)
            return element;
        engines.count++;
    }
    *(struct engine_urls *)field = engines;
    return NULL;
}

static config_setting_t *read_bootstrap(config_setting_t *value, const struct setting *setting,
                                        void *field) {
    (void)setting;
    struct dht_bootstrap bootstrap = { 0 };
    for (size_t i = 0; i < list_length(value); i++) {
        config_setting_t *element = list_at(value, i);
        char text[WORD_LEN];
        copy_word(element, text);
        if (i == DHT_BOOTSTRAP_NAMES_MAX || !dht_bootstrap_valid(text))
            return element;
        memcpy(bootstrap.list[bootstrap.count++], text, strlen(text));
    }
    *(struct dht_bootstrap *)field = bootstrap;
    return NULL;
}

static const struct {
    value_reader read;
    const char *expected; /* NULL: depends on the table's range, choices or size */
} KINDS[SETTING_KINDS] = {
    [SETTING_BOOL] = { read_bool, "true or false" },
    [SETTING_NUMBER] = { read_number, NULL },
    [SETTING_TEXT] = { read_text, NULL },
    [SETTING_HEADER] = { read_header_name, "a header name such as \"X-Real-IP\"" },
    [SETTING_CHOICE] = { read_choice, NULL },
    [SETTING_NETWORKS] = { read_networks, "a list of up to 32 networks such as \"10.0.0.0/8\"" },
    [SETTING_LISTEN] = { read_listen, "\"*\" or a list of up to 8 IP addresses" },
    [SETTING_CLIENTS] = { read_clients, "a list of up to 32 strings such as \"-qB4\"" },
    [SETTING_HOSTNAMES] = { read_hostnames, "a list of up to 31 names such as \"tracker.lan\"" },
    [SETTING_URLS] = { read_urls,
                       "a list of up to 8 URLs such as \"https://tracker.example/announce\"" },
    [SETTING_ENGINES] = { read_engines,
                          "a list of up to 8 URLs such as "
                          "\"redis://127.0.0.1:6379/0\" or "
                          "\"unix:///run/redis/redis.sock\"" },
    [SETTING_BOOTSTRAP] = { read_bootstrap,
                            "a list of up to 8 nodes such as \"dht.example.org:6970\"" },
    [SETTING_EXTERNAL] = { read_external, "an IPv4 address, an IPv6 address or a list of both" },
};

_Static_assert(NETWORKS_MAX == 32 && LISTEN_MAX == 8 && HOSTNAMES_CONFIGURED_MAX == 31 &&
                   ANNOUNCE_URLS_CONFIGURED_MAX == 8 && ENGINES_MAX == 8 &&
                   DHT_BOOTSTRAP_NAMES_MAX == 8,
               "the texts above contain these limits");

/* "error", "warning", "info" or "debug" */
static void describe_choices(const char *const *choices, struct writer *w) {
    for (size_t i = 0; choices[i] != NULL; i++) {
        if (i > 0)
            writer_put_text(w, choices[i + 1] == NULL ? " or " : ", ");
        writer_put_text(w, "\"");
        writer_put_text(w, choices[i]);
        writer_put_text(w, "\"");
    }
}

static void describe_expected(const struct setting *setting, char text[static ERROR_LEN]) {
    struct writer w = writer_on((uint8_t *)text, ERROR_LEN - 1);
    if (setting->kind == SETTING_CHOICE)
        describe_choices(setting->choices, &w);
    else if (setting->kind == SETTING_NUMBER)
        w.len =
            (size_t)snprintf(text, ERROR_LEN, "a number from %u to %u", setting->min, setting->max);
    else if (setting->kind == SETTING_TEXT)
        w.len =
            (size_t)snprintf(text, ERROR_LEN, "a string of at most %zu bytes", setting->size - 1);
    else
        writer_put_text(&w, KINDS[setting->kind].expected);
    text[w.len] = '\0';
}

/* `name` is the setting or option, `given` the wrong part of its value if that is text. */
static bool refuse_value(struct config_errors *errors, const char *place, const char *name,
                         const struct setting *setting, const char *given) {
    char expected[ERROR_LEN];
    describe_expected(setting, expected);
    if (given == NULL)
        return config_errors_add(errors, "%s%s must be %s", place, name, expected);
    if (setting->kind == SETTING_ENGINES) { /* which may contain a password */
        struct engine_url url;
        const char *reason = engine_url_parse(bytes_of(given), &url);
        return config_errors_add(errors, "%s%s must be %s%s%s", place, name, expected,
                                 reason == NULL ? "" : ": ", reason == NULL ? "" : reason);
    }
    return config_errors_add(errors, "%s%s must be %s, not \"%.60s\"", place, name, expected,
                             given);
}

/* "FILE:LINE: " */
static void describe_place(const struct file_reader *reader, const config_setting_t *at,
                           char place[static PLACE_LEN]) {
    snprintf(place, PLACE_LEN, "%s:%u: ", reader->path, config_setting_source_line(at));
}

static bool refuse_unknown_name(const struct file_reader *reader, const config_setting_t *at,
                                const char *name) {
    char place[PLACE_LEN];
    char error[ERROR_LEN];
    describe_place(reader, at, place);
    settings_describe_unknown(name, error);
    return config_errors_add(reader->errors, "%s%s", place, error);
}

static const config_setting_t *read_value(struct config *config, const struct setting *setting,
                                          config_setting_t *value) {
    char *field = (char *)config + setting->offset;
    return KINDS[setting->kind].read(value, setting, field);
}

static bool read_setting(const struct file_reader *reader, const struct setting *setting,
                         config_setting_t *value) {
    char place[PLACE_LEN];
    const config_setting_t *wrong = read_value(reader->config, setting, value);
    if (wrong == NULL)
        return true;
    describe_place(reader, wrong, place);
    return refuse_value(reader->errors, place, setting->name, setting,
                        setting->kind == SETTING_NUMBER ? NULL : config_setting_get_string(wrong));
}

static bool read_group(const struct file_reader *reader, config_setting_t *group,
                       const char *group_name);

static bool refuse_non_group(const struct file_reader *reader, const config_setting_t *at,
                             const char *name) {
    char place[PLACE_LEN];
    describe_place(reader, at, place);
    return config_errors_add(reader->errors, "%s%s must be a group: %s = { ... }", place, name,
                             name);
}

static bool read_member(const struct file_reader *reader, config_setting_t *member,
                        const char *name) {
    const struct setting *setting = settings_find(name);
    if (setting)
        return read_setting(reader, setting, member);
    if (!settings_have_group(name))
        return refuse_unknown_name(reader, member, name);
    if (!config_setting_is_group(member))
        return refuse_non_group(reader, member, name);
    return read_group(reader, member, name);
}

/* The name of the outermost group is empty. */
static bool read_group(const struct file_reader *reader, config_setting_t *group,
                       const char *group_name) {
    bool good = true;
    for (unsigned i = 0; i < (unsigned)config_setting_length(group); i++) {
        config_setting_t *member = config_setting_get_elem(group, i);
        char name[SETTING_NAME_LEN];
        snprintf(name, sizeof name, "%s%s%s", group_name, *group_name ? "." : "",
                 config_setting_name(member));
        good = read_member(reader, member, name) && good;
    }
    return good;
}

/* libconfig requires a newline after a comment. Elsewhere, adding one would move the line number of
 * an error at the end of the file. `text` has space for it. */
static void end_last_comment(char *text) {
    const char *last_newline = strrchr(text, '\n');
    if (strpbrk(last_newline != NULL ? last_newline : text, "#/") != NULL)
        memcpy(text + strlen(text), "\n", sizeof "\n");
}

/* Returns the file's contents as a string, which the caller frees, or NULL with errno set. Accepts
 * regular files only: libconfig exits the process on a read error, and a pipe would block. */
static char *read_config_text(const char *path) {
    char *text = NULL;
    struct stat status;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return NULL;
    if (fstat(fd, &status) != 0)
        goto out;
    if (!S_ISREG(status.st_mode)) {
        errno = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
        goto out;
    }
    if (status.st_size > FILE_LEN_MAX) {
        errno = EFBIG;
        goto out;
    }
    text = calloc(1, (size_t)status.st_size + 2);
    const ssize_t len = text == NULL ? -1 : read(fd, text, (size_t)status.st_size);
    if (len >= 0) {
        end_last_comment(text);
    } else {
        free(text);
        text = NULL;
    }
out:;
    const int saved = errno;
    close(fd);
    errno = saved;
    return text;
}

/* Returns the line of the first @include, or 0. libconfig would open that file itself, and exit the
 * process on a read error. */
static unsigned find_include(const char *text) {
    unsigned line = 1;
    for (const char *start = text; start != NULL; line++) {
        if (strncmp(start + strspn(start, " \t"), "@include", 8) == 0)
            return line;
        start = strchr(start, '\n');
        start = start == NULL ? NULL : start + 1;
    }
    return 0;
}

static bool parse_text(config_t *parsed, const char *text, const struct file_reader *reader) {
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    if (strncmp(text, byte_order_mark, strlen(byte_order_mark)) == 0)
        text += strlen(byte_order_mark);
    if (utf8_is_utf16(bytes_of(text)))
        return config_errors_add(reader->errors, "%s: the file is UTF-16; save it as UTF-8",
                                 reader->path);
    const unsigned include = find_include(text);
    if (include > 0)
        return config_errors_add(reader->errors, "%s:%u: @include is not supported", reader->path,
                                 include);
    return config_read_string(parsed, text) ||
           config_errors_add(reader->errors, "%s:%d: %s", reader->path, config_error_line(parsed),
                             config_error_text(parsed));
}

bool config_file_read(struct config *config, const char *path, struct config_errors *errors) {
    const struct file_reader reader = { .config = config, .path = path, .errors = errors };
    char *text = read_config_text(path);
    if (text == NULL)
        return config_errors_add(errors, "%s: %s", path, strerror(errno));
    config_t parsed;
    config_init(&parsed);
    const bool good =
        parse_text(&parsed, text, &reader) && read_group(&reader, config_root_setting(&parsed), "");
    config_destroy(&parsed);
    free(text);
    return good;
}

static void add_string(config_setting_t *parent, const char *name, const char *text, size_t len) {
    char *copy = strndup(text, len);
    config_setting_t *added = config_setting_add(parent, name, CONFIG_TYPE_STRING);
    if (copy != NULL && added != NULL)
        config_setting_set_string(added, copy);
    free(copy);
}

/* Elements are separated by commas; the empty text is an empty list. */
static void add_list(config_setting_t *root, const char *text) {
    config_setting_t *list = config_setting_add(root, VALUE_NAME, CONFIG_TYPE_LIST);
    for (bool more = *text != '\0' && list != NULL; more;) {
        text += strspn(text, " ");
        const size_t len = strcspn(text, ",");
        add_string(list, NULL, text, len);
        more = text[len] == ',';
        text += len + more;
    }
}

/* `text` as in the file, such as [ "a", "b" ]. */
static bool add_parsed(config_t *parsed, const char *text) {
    char *assignment = NULL;
    if (asprintf(&assignment, VALUE_NAME " = %s;\n", text) < 0)
        return false;
    const bool good = config_read_string(parsed, assignment) &&
                      config_setting_length(config_root_setting(parsed)) == 1;
    free(assignment);
    return good;
}

/* Text that does not fit the kind becomes a string, which the kind's reader refuses. */
static void add_value(config_t *parsed, enum setting_kind kind, const char *text) {
    config_setting_t *root = config_root_setting(parsed);
    uint64_t number;
    const bool is_true = strcmp(text, "true") == 0;
    if (kind == SETTING_NUMBER && bytes_to_u64(bytes_of(text), &number) && number <= INT64_MAX)
        config_setting_set_int64(config_setting_add(root, VALUE_NAME, CONFIG_TYPE_INT64),
                                 (long long)number);
    else if (kind == SETTING_BOOL && (is_true || strcmp(text, "false") == 0))
        config_setting_set_bool(config_setting_add(root, VALUE_NAME, CONFIG_TYPE_BOOL), is_true);
    else if (kind >= SETTING_NETWORKS)
        add_list(root, text);
    else
        add_string(root, VALUE_NAME, text, strlen(text));
}

bool config_file_set(struct config *config, const char *option, const struct setting *setting,
                     const char *text, struct config_errors *errors) {
    config_t parsed;
    config_init(&parsed);
    if (text[0] == '\0' || strchr("[(\"", text[0]) == NULL || !add_parsed(&parsed, text)) {
        config_destroy(&parsed);
        config_init(&parsed);
        add_value(&parsed, setting->kind, text);
    }
    config_setting_t *value = config_lookup(&parsed, VALUE_NAME);
    const bool good = value != NULL && read_value(config, setting, value) == NULL;
    config_destroy(&parsed);
    return good || refuse_value(errors, "", option, setting, text);
}
