#include "env_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *trimmed(char *text)
{
    text += strspn(text, " \t");
    size_t len = strlen(text);
    while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL) {
        text[--len] = '\0';
    }
    return text;
}

static char *unquoted(char *text)
{
    size_t len = strlen(text);
    if (len >= 2 && (text[0] == '"' || text[0] == '\'') && text[len - 1] == text[0]) {
        text[len - 1] = '\0';
        return text + 1;
    }
    return text;
}

static enum result read_line(char *line, env_file_visitor *visit, void *context)
{
    static const char EXPORT[] = "export ";
    line = trimmed(line);
    if (line[0] == '\0' || line[0] == '#') {
        return RESULT_OK;
    }
    if (strncmp(line, EXPORT, sizeof EXPORT - 1) == 0) {
        line = trimmed(line + sizeof EXPORT - 1);
    }
    char *equals = strchr(line, '=');
    if (equals == NULL) {
        return visit(context, NULL, line);
    }
    *equals = '\0';
    return visit(context, trimmed(line), unquoted(trimmed(equals + 1)));
}

static enum result slurp(FILE *file, struct buf *storage)
{
    char chunk[4096];
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, file)) > 0 && buf_ok(storage);) {
        buf_add(storage, chunk, n);
    }
    /* Behind a NUL the rest would be passed over in silence. */
    if (ferror(file) != 0 || memchr(buf_str(storage), '\0', storage->len) != NULL) {
        return RESULT_FAILED;
    }
    return buf_ok(storage) ? RESULT_OK : RESULT_TOO_BIG;
}

enum result env_file_read_open(int fd, struct buf *storage, env_file_visitor *visit, void *context)
{
    FILE *file = fdopen(fd, "r");
    if (file == NULL) {
        close(fd);
        return RESULT_FAILED;
    }
    enum result result = slurp(file, storage);
    fclose(file);
    char *rest = storage->data;
    while (result == RESULT_OK && rest != NULL) {
        result = read_line(strsep(&rest, "\n"), visit, context);
    }
    return result;
}

enum result env_file_read(const char *path, struct buf *storage, env_file_visitor *visit,
                          void *context)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? RESULT_NOT_FOUND : RESULT_FAILED;
    }
    struct stat st;
    if (fstat(fd, &st) != 0 || (S_ISREG(st.st_mode) && (st.st_mode & S_IRWXO) != 0)) {
        close(fd);
        return RESULT_DENIED;
    }
    return env_file_read_open(fd, storage, visit, context);
}
