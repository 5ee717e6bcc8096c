#include "ctl/commands/commands.h"

#include <stdio.h>
#include <sys/stat.h>

#include "ctl/file_output.h"
#include "ctl/format.h"
#include "store/backup.h"

/* clang-format off */
static const struct option_spec option_source = { "database", "FILE", "database to copy (default: that of skepd here or of the service)", 'd', NULL };
static const struct option_spec option_force = { "force", NULL, "overwrite an existing file", 0, NULL };
/* clang-format on */

static enum status print_backup(const struct command_line *line, const char *path) {
    struct stat status = { .st_size = 0 };
    char size[FORMAT_NUMBER_LEN];
    char text[1024];
    (void)stat(path, &status);
    if (command_line_has(line, &option_json))
        return output_json(json_pack("{s:o, s:I}", "file", output_json_string(path), "size",
                                     (json_int_t)status.st_size));
    format_size((uint64_t)status.st_size, size);
    format_clean(bytes_of(path), text, sizeof text);
    printf("wrote %s, %s\n", text, size);
    return STATUS_GOOD;
}

static enum status run_backup(const struct command_line *line) {
    const char *path = line->arguments[0];
    const char *database = registry_client_database_path(line);
    const bool force = command_line_has(line, &option_force);
    char error[ERROR_LEN];
    if (database == NULL)
        return output_fail(STATUS_FAULT,
                           "no ./var/skep.db or /var/lib/skep/skep.db; pass --database");
    if (!file_output_check(path, force))
        return STATUS_FAULT;
    if (!backup_write(database, path, force, error))
        return output_fail(STATUS_FAULT, "%s", error);
    return print_backup(line, path);
}

const struct command backup_command = {
    .section = SECTION_TOOLS,
    .name = "backup",
    .arguments = "FILE",
    .arguments_min = 1,
    .arguments_max = 1,
    .summary = "Copy the database, also while skepd runs",
    .example = "skepctl backup /backup/skep.db --database /var/lib/skep/skep.db",
    .run = run_backup,
    .options = { &option_source, &option_force },
};
