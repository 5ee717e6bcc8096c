#include "ctl/file_list.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/utf8.h"
#include "ctl/output.h"
#include "torrent/metainfo_write.h"

enum { DEPTH_MAX = 256 };

/* The directories above the current one, to detect loops of symbolic links. */
struct ancestor {
    const struct ancestor *parent;
    dev_t device;
    ino_t inode;
    int depth;
};

/* Takes ownership of `path`. */
static bool add_file(struct file_list *list, char *path, const struct stat *seen) {
    if (list->count == list->capacity) {
        struct listed_file *files =
            array_grow(list->files, &list->capacity, list->count + 1, sizeof *files);
        if (files == NULL) {
            output_error("%s: out of memory", path);
            free(path);
            return false;
        }
        list->files = files;
    }
    list->files[list->count++] = (struct listed_file){
        .path = path,
        .name = list->single ? "" : path + list->base_len,
        .seen = *seen,
    };
    list->size += (uint64_t)seen->st_size;
    return true;
}

static bool read_directory(struct file_list *list, const char *path, const struct ancestor *parent);

static bool is_ancestor(const struct ancestor *parent, const struct stat *directory) {
    while (parent != NULL &&
           (parent->device != directory->st_dev || parent->inode != directory->st_ino))
        parent = parent->parent;
    return parent != NULL;
}

/* Adds the file or directory at `path`. Takes ownership of `path`. */
static bool add_path(struct file_list *list, char *path, const struct ancestor *parent) {
    struct stat link;
    struct stat seen;
    bool good = false;
    if (lstat(path, &link) != 0 || stat(path, &seen) != 0) {
        output_error("%s: %s", path, errno == ENOENT ? "dangling symbolic link" : strerror(errno));
    } else if (parent != NULL && !utf8_is_valid(bytes_of(path + list->base_len))) {
        output_error("%s: file name is not valid UTF-8", path);
    } else if (S_ISREG(seen.st_mode)) {
        list->links += S_ISLNK(link.st_mode);
        return add_file(list, path, &seen);
    } else if (!S_ISDIR(seen.st_mode)) {
        output_error("%s: not a regular file or directory", path);
    } else if (is_ancestor(parent, &seen)) {
        output_error("%s: symbolic link loop", path);
    } else {
        const struct ancestor here = {
            .parent = parent,
            .device = seen.st_dev,
            .inode = seen.st_ino,
            .depth = parent == NULL ? 1 : parent->depth + 1,
        };
        list->links += S_ISLNK(link.st_mode);
        good = here.depth <= DEPTH_MAX ? read_directory(list, path, &here)
                                       : output_error("%s: directories nested too deeply", path);
    }
    free(path);
    return good;
}

static bool is_dots(const char *name) {
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static bool add_entries(struct file_list *list, const char *path, DIR *directory,
                        const struct ancestor *parent) {
    size_t entries = 0;
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(directory);
        if (entry == NULL)
            break;
        char *inside = NULL;
        if (is_dots(entry->d_name))
            continue;
        if (asprintf(&inside, "%s/%s", path, entry->d_name) < 0)
            return output_error("%s: out of memory", path);
        if (!add_path(list, inside, parent))
            return false;
        entries++;
    }
    list->empty += entries == 0;
    return errno == 0 || output_error("%s: %s", path, strerror(errno));
}

static bool read_directory(struct file_list *list, const char *path,
                           const struct ancestor *parent) {
    DIR *directory = opendir(path);
    if (directory == NULL)
        return output_error("%s: %s", path, strerror(errno));
    const bool good = add_entries(list, path, directory, parent);
    closedir(directory);
    return good;
}

static int compare_files(const void *a, const void *b) {
    const struct listed_file *x = a;
    const struct listed_file *y = b;
    return metainfo_write_compare(bytes_of(x->name), bytes_of(y->name));
}

bool file_list_read(struct file_list *list, const char *path) {
    *list = (struct file_list){ 0 };
    struct stat seen;
    char *own = strdup(path);
    if (own == NULL)
        return output_error("%s: out of memory", path);
    size_t len = strlen(own);
    while (len > 1 && own[len - 1] == '/')
        own[--len] = '\0';
    if (stat(own, &seen) != 0) {
        free(own);
        return output_error("%s: %s", path, strerror(errno));
    }
    list->single = S_ISREG(seen.st_mode);
    list->base_len = list->single ? len : len + 1;
    if (!add_path(list, own, NULL))
        return false;
    if (list->count == 0)
        return output_error("%s: directory contains no files", path);
    if (list->size == 0)
        return output_error("%s: all files are empty", path);
    qsort(list->files, list->count, sizeof *list->files, compare_files);
    return true;
}

void file_list_free(struct file_list *list) {
    for (size_t i = 0; i < list->count; i++)
        free(list->files[i].path);
    free(list->files);
    *list = (struct file_list){ 0 };
}
