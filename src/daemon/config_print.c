#include "daemon/config_print.h"

#include <string.h>

#include "daemon/settings.h"

static void print_text(FILE *file, const char *text, size_t len) {
    fputc('"', file);
    for (size_t i = 0; i < len; i++) {
        const unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\')
            fprintf(file, "\\%c", c);
        else if (c < ' ' || c == 0x7f)
            fprintf(file, "\\x%02x", c);
        else
            fputc(c, file);
    }
    fputc('"', file);
}

static void print_string(FILE *file, const char *text) {
    print_text(file, text, strlen(text));
}

static void print_number(FILE *file, const struct setting *setting, const void *field) {
    const uint32_t number =
        setting->size == sizeof(uint16_t) ? *(const uint16_t *)field : *(const uint32_t *)field;
    fprintf(file, "%u", number);
}

/* Called before each element of a list. */
static void print_separator(FILE *file, size_t position) {
    fputs(position > 0 ? ", " : " ", file);
}

static void print_networks(FILE *file, const struct networks *networks) {
    for (size_t i = 0; i < networks->count; i++) {
        char text[NETWORK_TEXT_LEN];
        network_text(&networks->list[i], text);
        print_separator(file, i);
        print_string(file, text);
    }
}

static void print_addresses(FILE *file, const struct endpoint *list, size_t count) {
    size_t printed = 0;
    for (size_t i = 0; i < count; i++) {
        char text[ENDPOINT_TEXT_LEN];
        if (list[i].family == FAMILY_NONE)
            continue;
        endpoint_address_text(&list[i], text);
        print_separator(file, printed++);
        print_string(file, text);
    }
}

static void print_clients(FILE *file, const struct client_prefixes *prefixes) {
    for (size_t i = 0; i < prefixes->count; i++) {
        print_separator(file, i);
        print_text(file, (const char *)prefixes->list[i].text, prefixes->list[i].len);
    }
}

static void print_hostnames(FILE *file, const struct hostnames *names) {
    for (size_t i = 0; i < names->count; i++) {
        print_separator(file, i);
        print_string(file, names->list[i]);
    }
}

static void print_urls(FILE *file, const struct configured_urls *urls) {
    for (size_t i = 0; i < urls->count; i++) {
        print_separator(file, i);
        print_string(file, urls->list[i]);
    }
}

/* Without passwords. */
static void print_engines(FILE *file, const struct engine_urls *engines) {
    for (size_t i = 0; i < engines->count; i++) {
        char text[ENGINE_URL_TEXT_LEN];
        engine_url_text(&engines->list[i], text);
        print_separator(file, i);
        print_string(file, text);
    }
}

static void print_bootstrap(FILE *file, const struct dht_bootstrap *bootstrap) {
    for (size_t i = 0; i < bootstrap->count; i++) {
        print_separator(file, i);
        print_string(file, bootstrap->list[i]);
    }
}

static void print_list(FILE *file, enum setting_kind kind, const void *field) {
    const struct listen_addresses *listen = field;
    fputc('[', file);
    if (kind == SETTING_NETWORKS)
        print_networks(file, field);
    else if (kind == SETTING_CLIENTS)
        print_clients(file, field);
    else if (kind == SETTING_HOSTNAMES)
        print_hostnames(file, field);
    else if (kind == SETTING_URLS)
        print_urls(file, field);
    else if (kind == SETTING_ENGINES)
        print_engines(file, field);
    else if (kind == SETTING_BOOTSTRAP)
        print_bootstrap(file, field);
    else if (kind == SETTING_EXTERNAL)
        print_addresses(file, field, 2);
    else if (listen->count == 0)
        fputs(" \"*\"", file);
    else
        print_addresses(file, listen->list, listen->count);
    fputs(" ]", file);
}

static void print_value(FILE *file, const struct config *config, const struct setting *setting) {
    const void *field = (const char *)config + setting->offset;
    if (setting->kind == SETTING_BOOL)
        fputs(*(const bool *)field ? "true" : "false", file);
    else if (setting->kind == SETTING_NUMBER)
        print_number(file, setting, field);
    else if (setting->kind == SETTING_CHOICE)
        print_string(file, setting->choices[*(const uint32_t *)field]);
    else if (setting->kind >= SETTING_NETWORKS)
        print_list(file, setting->kind, field);
    else if (setting->secret && *(const char *)field != '\0')
        print_string(file, config->admin_token_file[0] == '\0' ? "********" : "");
    else
        print_string(file, field);
}

void config_print(const struct config *config, FILE *file) {
    char group[SETTING_NAME_LEN] = "";
    for (size_t i = 0; settings_at(i) != NULL; i++) {
        const struct setting *setting = settings_at(i);
        const char *dot = strchr(setting->name, '.');
        const int group_len = dot == NULL ? 0 : (int)(dot - setting->name);
        char new_group[SETTING_NAME_LEN];
        snprintf(new_group, sizeof new_group, "%.*s", group_len, setting->name);
        if (strcmp(group, new_group) != 0) {
            fprintf(file, "%s%s = {\n", group[0] == '\0' ? "" : "};\n", new_group);
            memcpy(group, new_group, sizeof group);
        }
        fprintf(file, "%s%s = ", dot == NULL ? "" : "    ", dot == NULL ? setting->name : dot + 1);
        print_value(file, config, setting);
        fputs(";\n", file);
    }
    fputs("};\n", file);
}
