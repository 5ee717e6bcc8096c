/* skepctl: the operator's hand on a tracker's registry. It writes the database, and a running skepd
 * sees that within a second. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/random.h"
#include "store/registry.h"
#include "wire/metainfo.h"
#include "wire/passkey.h"

enum { PASSKEY_BYTES = 16, TIME_TEXT_LEN = 32 };

static const char help_text[] =
    "Usage: skepctl [--database FILE] COMMAND\n"
    "Changes what a tracker allows, while it runs or not.\n"
    "\n"
    "  key new LABEL          make a passkey and print it; it is stored as a digest only\n"
    "  key list               list the passkeys' labels\n"
    "  key revoke LABEL       make a passkey invalid\n"
    "  add HASH [NAME]        register a torrent by its info_hash in hexadecimal\n"
    "  add FILE.torrent       register the torrent of that file\n"
    "  remove HASH            take it off the list\n"
    "  list                   list the registered torrents\n"
    "  ban NETWORK [--for DURATION] [--reason TEXT]\n"
    "                         ban an address or a network such as 192.0.2.0/24, for 90s, 15m, 2h,\n"
    "                         7d, or for good\n"
    "  unban NETWORK          lift a ban\n"
    "  bans                   list the bans\n"
    "\n"
    "  -d, --database FILE    the tracker's database (default: ./var/skep.db if it is there, or\n"
    "                         /var/lib/skep/skep.db)\n"
    "  -h, --help             show this text and exit\n"
    "  -V, --version          show the version and exit\n";

struct command_line {
    const char *database;
    const char *reason;
    const char *duration;
    char **words; /* the command and what it takes */
    int count;
};

static int fail(const char *what, const char *detail) {
    fprintf(stderr, "skepctl: %s%s%s\n", what, detail == NULL ? "" : ": ",
            detail == NULL ? "" : detail);
    return EXIT_FAILURE;
}

static int report(struct registry *registry, bool good) {
    return good ? EXIT_SUCCESS : fail("the database refuses", registry_failure(registry));
}

static int report_removal(struct registry *registry, bool good, bool found, const char *what) {
    if (good && !found)
        return fail("there is no such entry", what);
    return report(registry, good);
}

static void time_text(int64_t unix_s, char text[static TIME_TEXT_LEN]) {
    const time_t when = (time_t)unix_s;
    struct tm parts;
    localtime_r(&when, &parts);
    strftime(text, TIME_TEXT_LEN, "%Y-%m-%d %H:%M:%S", &parts);
}

static int key_new(struct registry *registry, const struct command_line *line) {
    uint8_t secret[PASSKEY_BYTES];
    char key[2 * PASSKEY_BYTES + 1];
    if (!random_secret(secret, sizeof secret))
        return fail("the system has no randomness to give", NULL);
    hex_encode(secret, sizeof secret, key);
    const struct passkey passkey = passkey_of(bytes_of(key));
    if (!registry_add_passkey(registry, passkey.digest, line->words[0], clock_unix_s()))
        return fail("cannot make that passkey", registry_failure(registry));
    puts(key);
    return EXIT_SUCCESS;
}

static int key_revoke(struct registry *registry, const struct command_line *line) {
    bool found = false;
    const bool good = registry_remove_passkey(registry, line->words[0], &found);
    return report_removal(registry, good, found, line->words[0]);
}

static void print_key(void *context, const struct registry_row *row) {
    (void)context;
    char since[TIME_TEXT_LEN];
    time_text(row->since_s, since);
    printf("%s  %s\n", since, row->text);
}

static int key_list(struct registry *registry, const struct command_line *line) {
    (void)line;
    return report(registry, registry_visit_passkeys(registry, print_key, NULL));
}

static bool parse_hash(const char *word, uint8_t info_hash[static INFO_HASH_LEN]) {
    return hex_decode(bytes_of(word), info_hash, INFO_HASH_LEN);
}

/* The whole file, which the caller frees; NULL and errno. */
static uint8_t *read_file(const char *path, size_t *len) {
    uint8_t *data = NULL;
    struct stat status;
    FILE *file = fopen(path, "rbe");
    if (file == NULL)
        return NULL;
    if (fstat(fileno(file), &status) == 0 && status.st_size <= REGISTRY_FILE_MAX)
        data = malloc((size_t)status.st_size + 1);
    *len = data == NULL ? 0 : fread(data, 1, (size_t)status.st_size, file);
    fclose(file);
    return data;
}

static int add_metainfo(struct registry *registry, const struct metainfo *metainfo,
                        struct bytes file) {
    char name[REGISTRY_TEXT_LEN];
    const int len =
        metainfo->name.len < sizeof name ? (int)metainfo->name.len : (int)sizeof name - 1;
    snprintf(name, sizeof name, "%.*s", len, (const char *)metainfo->name.data);
    struct registry_torrent torrent = {
        .hash_count = metainfo->hash_count,
        .name = name,
        .size = metainfo->size,
        .file = file,
    };
    memcpy(torrent.info_hashes, metainfo->info_hashes, sizeof torrent.info_hashes);
    if (!registry_add_torrent(registry, &torrent, clock_unix_s()))
        return report(registry, false);
    for (size_t i = 0; i < metainfo->hash_count; i++) {
        char hash[2 * INFO_HASH_LEN + 1];
        hex_encode(metainfo->info_hashes[i], INFO_HASH_LEN, hash);
        printf("%s  %s\n", hash, name);
    }
    return EXIT_SUCCESS;
}

/* All that clients of the torrent announce: a hybrid one has two info_hashes. */
static int add_file(struct registry *registry, const char *path) {
    size_t len;
    uint8_t *data = read_file(path, &len);
    struct metainfo metainfo;
    if (data == NULL)
        return fail("this is no .torrent file and no info_hash of 40 hexadecimal digits", path);
    const struct bytes file = { .data = data, .len = len };
    const char *error = metainfo_parse(file, &metainfo);
    const int status = error == NULL ? add_metainfo(registry, &metainfo, file) : fail(path, error);
    free(data);
    return status;
}

static int add(struct registry *registry, const struct command_line *line) {
    struct registry_torrent torrent = {
        .hash_count = 1,
        .name = line->count > 1 ? line->words[1] : "",
    };
    if (!parse_hash(line->words[0], torrent.info_hashes[0]))
        return add_file(registry, line->words[0]);
    return report(registry, registry_add_torrent(registry, &torrent, clock_unix_s()));
}

static int remove_torrent(struct registry *registry, const struct command_line *line) {
    uint8_t info_hash[INFO_HASH_LEN];
    bool found = false;
    if (!parse_hash(line->words[0], info_hash))
        return fail("this is no info_hash of 40 hexadecimal digits", line->words[0]);
    const bool good = registry_remove_torrent(registry, info_hash, &found);
    return report_removal(registry, good, found, line->words[0]);
}

static void print_torrent(void *context, const struct registry_row *row) {
    (void)context;
    char hash[2 * INFO_HASH_LEN + 1];
    hex_encode(row->info_hash, INFO_HASH_LEN, hash);
    printf("%s%s%s\n", hash, row->text[0] == '\0' ? "" : "  ", row->text);
}

static int list(struct registry *registry, const struct command_line *line) {
    (void)line;
    return report(registry, registry_visit_torrents(registry, print_torrent, NULL));
}

/* "90s", "15m", "2h" or "7d" in seconds; 0 where it is none. */
static int64_t parse_duration(const char *text) {
    static const struct {
        char letter;
        int64_t seconds;
    } units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
    const size_t len = strlen(text);
    uint64_t number = 0;
    if (len < 2 ||
        !bytes_to_u64((struct bytes){ .data = (const uint8_t *)text, .len = len - 1 }, &number) ||
        number > INT32_MAX)
        return 0;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (units[i].letter == text[len - 1])
            return (int64_t)number * units[i].seconds;
    }
    return 0;
}

static int ban(struct registry *registry, const struct command_line *line) {
    struct network network;
    if (!network_parse(line->words[0], &network))
        return fail("this is no address or network", line->words[0]);
    const int64_t now_s = clock_unix_s();
    int64_t until_s = 0;
    if (line->duration != NULL) {
        const int64_t duration_s = parse_duration(line->duration);
        if (duration_s == 0)
            return fail("a duration is a number with s, m, h or d behind it", line->duration);
        until_s = now_s + duration_s;
    }
    const char *reason = line->reason == NULL ? "" : line->reason;
    return report(registry, registry_add_ban(registry, &network, reason, until_s, now_s));
}

static int unban(struct registry *registry, const struct command_line *line) {
    struct network network;
    bool found = false;
    if (!network_parse(line->words[0], &network))
        return fail("this is no address or network", line->words[0]);
    const bool good = registry_remove_ban(registry, &network, &found);
    return report_removal(registry, good, found, line->words[0]);
}

static void print_ban(void *context, const struct registry_row *row) {
    (void)context;
    char until[TIME_TEXT_LEN] = "for good";
    if (row->until_s != 0)
        time_text(row->until_s, until);
    printf("%-44s %-20s %s\n", row->text, until, row->reason);
}

static int bans(struct registry *registry, const struct command_line *line) {
    (void)line;
    return report(registry, registry_visit_bans(registry, print_ban, NULL));
}

static const struct command {
    const char *group; /* "key", or NULL */
    const char *name;
    int least; /* words behind the name */
    int most;
    int (*run)(struct registry *registry, const struct command_line *line);
} commands[] = {
    { "key", "new", 1, 1, key_new },
    { "key", "list", 0, 0, key_list },
    { "key", "revoke", 1, 1, key_revoke },
    { NULL, "add", 1, 2, add },
    { NULL, "remove", 1, 1, remove_torrent },
    { NULL, "list", 0, 0, list },
    { NULL, "ban", 1, 1, ban },
    { NULL, "unban", 1, 1, unban },
    { NULL, "bans", 0, 0, bans },
};

/* Finds the command and takes its name off the words. */
static const struct command *find_command(struct command_line *line) {
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        const struct command *command = &commands[i];
        const int words = command->group == NULL ? 1 : 2;
        if (line->count < words || strcmp(line->words[words - 1], command->name) != 0 ||
            (words == 2 && strcmp(line->words[0], command->group) != 0))
            continue;
        line->words += words;
        line->count -= words;
        return command;
    }
    return NULL;
}

static const char *default_database(void) {
    return access("./var/skep.db", F_OK) == 0 ? "./var/skep.db" : "/var/lib/skep/skep.db";
}

static int run(struct command_line *line) {
    const struct command *command = find_command(line);
    if (command == NULL)
        return fail("no such command; see skepctl --help", NULL);
    if (line->count < command->least || line->count > command->most)
        return fail("too few or too many arguments; see skepctl --help", command->name);
    const char *database = line->database == NULL ? default_database() : line->database;
    char error[REGISTRY_ERROR_LEN];
    struct registry *registry = registry_open(database, error);
    if (registry == NULL)
        return fail(error, NULL);
    const int status = command->run(registry, line);
    registry_close(registry);
    return status;
}

int main(int argc, char **argv) {
    static const struct option options[] = {
        { "database", required_argument, NULL, 'd' }, { "for", required_argument, NULL, 'f' },
        { "reason", required_argument, NULL, 'r' },   { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },        { 0 },
    };
    struct command_line line = { 0 };
    int found;
    while ((found = getopt_long(argc, argv, "d:hV", options, NULL)) != -1) {
        switch (found) {
        case 'd':
            line.database = optarg;
            break;
        case 'f':
            line.duration = optarg;
            break;
        case 'r':
            line.reason = optarg;
            break;
        case 'h':
            fputs(help_text, stdout);
            return EXIT_SUCCESS;
        case 'V':
            puts("skepctl " SKEP_VERSION);
            return EXIT_SUCCESS;
        default:
            return EXIT_FAILURE;
        }
    }
    line.words = argv + optind;
    line.count = argc - optind;
    return run(&line);
}
