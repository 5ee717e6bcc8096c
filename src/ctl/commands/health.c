#include "ctl/commands/commands.h"

#include <stdio.h>

#include "ctl/api_client.h"

static enum status run_health(const struct command_line *line) {
    struct api_client *client = api_client_open(line);
    if (client == NULL)
        return STATUS_FAULT;
    struct bytes text;
    enum status status = api_client_get_text(client, "/health", &text);
    if (status != STATUS_GOOD)
        status = api_client_fail(client, status);
    else if (command_line_has(line, &option_json))
        status = output_json(json_pack("{s:b}", "healthy", true));
    else
        puts("healthy");
    api_client_close(client);
    return status;
}

const struct command health_command = {
    .section = SECTION_MONITORING,
    .name = "health",
    .arguments = "",
    .summary = "Check that skepd answers, for health checks",
    .example = "skepctl health --url http://192.168.1.10:6969",
    .run = run_health,
};
