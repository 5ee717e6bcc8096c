#include <stdio.h>

#include "ctl/commands/commands.h"
#include "ctl/completion_scripts.h"

static enum status run_completion(const struct command_line *line) {
    const char *shell = line->arguments[0];
    const struct completion_script *script = completion_scripts;
    while (script->shell != NULL && strcmp(script->shell, shell) != 0)
        script++;
    if (script->shell == NULL)
        return output_fail(STATUS_FAULT, "no completion for \"%s\"; use bash, zsh or fish", shell);
    if (command_line_has(line, &option_json))
        return output_json(json_pack("{s:s, s:s}", "shell", shell, "script", script->text));
    fputs(script->text, stdout);
    return STATUS_GOOD;
}

const struct command completion_command = {
    .section = SECTION_TOOLS,
    .name = "completion",
    .arguments = "SHELL",
    .arguments_min = 1,
    .arguments_max = 1,
    .values = VALUES_SHELLS,
    .summary = "Print the completion script for bash, zsh or fish",
    .example = "skepctl completion bash >~/.local/share/bash-completion/completions/skepctl",
    .run = run_completion,
};
