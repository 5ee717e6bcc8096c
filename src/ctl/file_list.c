#include "ctl/file_list.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "ctl/output.h"
#include "torrent/metainfo_write.h"

enum { DEPTH_MAX = 256 };

/* Parent directories of the one being read, to detect symbolic link loops. */
struct above {
    const struct above *parent;
    dev_t device;
    ino_t inode;
    int depth;
};

static bool refuse(const char *path, const char *why) {
    output_fail(STATUS_FAULT, path, why);
    return false;
}

/* Takes ownership of `path`. */
static bool add_file(struct file_list *list, char *path, const struct stat *seen) {
    if (list->count == list->capacity) {
        const size_t capacity = 2 * list->capacity + 64;
        struct listed_file *files = realloc(list->files, capacity * sizeof *files);
        if (files == NULL) {
            refuse(path, "out of memory");
            free(path);
            return false;
        }
        list->files = files;
        list->capacity = capacity;
    }
    list->files[list->count++] = (struct listed_file){
        .path = path,
        .name = list->single ? "" : path + list->base_len,
        .seen = *seen,
    };
    list->size += (uint64_t)seen->st_size;
    return true;
}

static bool read_folder(struct file_list *list, const char *path, const struct above *above);

static bool leads_back(const struct above *above, const struct stat *folder) {
    while (above != NULL && (above->device != folder->st_dev || above->inode != folder->st_ino))
        above = above->parent;
    return above != NULL;
}

/* Adds the file or directory at `path`; takes ownership of `path`. */
static bool add_path(struct file_list *list, char *path, const struct above *above) {
    struct stat link;
    struct stat seen;
    bool good = false;
    if (lstat(path, &link) != 0 || stat(path, &seen) != 0) {
        refuse(path, errno == ENOENT ? "dangling symbolic link" : strerror(errno));
    } else if (above != NULL && !utf8_is_valid(bytes_of(path + list->base_len))) {
        refuse(path, "file name is not valid UTF-8");
    } else if (S_ISREG(seen.st_mode)) {
        list->links += S_ISLNK(link.st_mode);
        return add_file(list, path, &seen);
    } else if (!S_ISDIR(seen.st_mode)) {
        refuse(path, "not a regular file or directory");
    } else if (leads_back(above, &seen)) {
        refuse(path, "symbolic link loop");
    } else {
        const struct above here = {
            .parent = above,
            .device = seen.st_dev,
            .inode = seen.st_ino,
            .depth = above == NULL ? 1 : above->depth + 1,
        };
        list->links += S_ISLNK(link.st_mode);
        good = here.depth <= DEPTH_MAX ? read_folder(list, path, &here)
                                       : refuse(path, "directories nested too deeply");
    }
    free(path);
    return good;
}

static bool is_dots(const char *name) {
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static bool add_entries(struct file_list *list, const char *path, DIR *folder,
                        const struct above *above) {
    size_t entries = 0;
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(folder);
        if (entry == NULL)
            break;
        char *inside = NULL;
        if (is_dots(entry->d_name))
            continue;
        if (asprintf(&inside, "%s/%s", path, entry->d_name) < 0)
            return refuse(path, "out of memory");
        if (!add_path(list, inside, above))
            return false;
        entries++;
    }
    list->empty += entries == 0;
    return errno == 0 || refuse(path, strerror(errno));
}

static bool read_folder(struct file_list *list, const char *path, const struct above *above) {
    DIR *folder = opendir(path);
    if (folder == NULL)
        return refuse(path, strerror(errno));
    const bool good = add_entries(list, path, folder, above);
    closedir(folder);
    return good;
}

static int compare(const void *a, const void *b) {
    const struct listed_file *x = a;
    const struct listed_file *y = b;
    return metainfo_write_compare(bytes_of(x->name), bytes_of(y->name));
}

bool file_list_read(struct file_list *list, const char *path) {
    *list = (struct file_list){ 0 };
    struct stat seen;
    char *own = strdup(path);
    if (own == NULL)
        return refuse(path, "out of memory");
    size_t len = strlen(own);
    while (len > 1 && own[len - 1] == '/')
        own[--len] = '\0';
    if (stat(own, &seen) != 0) {
        free(own);
        return refuse(path, strerror(errno));
    }
    list->single = S_ISREG(seen.st_mode);
    list->base_len = list->single ? len : len + 1;
    if (!add_path(list, own, NULL))
        return false;
    if (list->count == 0)
        return refuse(path, "directory contains no files");
    if (list->size == 0)
        return refuse(path, "file is empty");
    qsort(list->files, list->count, sizeof *list->files, compare);
    return true;
}

void file_list_free(struct file_list *list) {
    for (size_t i = 0; i < list->count; i++)
        free(list->files[i].path);
    free(list->files);
    *list = (struct file_list){ 0 };
}
