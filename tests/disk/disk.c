/* A disk that remembers, a disk that refuses, and a clock that is set: preloaded into the real daemon.
 *
 * Below the folder DISK_DIR every write, truncation, sync and change of a name is written to the file DISK_LOG, in the order in which
 * it was done. The file DISK_CONTROL says what is to fail and by how much the clock is off; it is shared and can be changed meanwhile.
 * The log lies outside the folder. Calls that are not here (mmap, fallocate, io_uring) would be missed: whoever reads the log compares
 * what it says with the folder. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { WRITES = 1, SYNCS = 2, READS = 4, OPENS = 8 };

struct control {
    int64_t which;      /* of the above, added up; 0: nothing fails */
    int64_t error;      /* errno */
    int64_t after;      /* so many such calls succeed before */
    int64_t times;      /* so many fail then; -1: all of them */
    int64_t clock;      /* seconds that the clock is ahead */
    int64_t failed;     /* how many have failed so far */
    int64_t late;       /* milliseconds before a call that fails does so */
};

struct head {
    uint32_t magic;
    uint16_t path, other;
    uint64_t what, inode, offset, length;
};

static const char *folder;
static size_t folder_length;
static int log_file = -1;
static volatile struct control *control;

__attribute__((constructor)) static void begin(void) {
    folder = getenv("DISK_DIR");
    const char *log = getenv("DISK_LOG"), *said = getenv("DISK_CONTROL");
    if (!folder || !log || !said) return;
    folder_length = strlen(folder);
    log_file = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    int shared = (int)syscall(SYS_openat, AT_FDCWD, said, O_RDWR | O_CLOEXEC);
    void *page = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, shared, 0);
    if (log_file < 0 || shared < 0 || page == MAP_FAILED) abort();
    control = page;
}

static int inside(const char *path) {
    return folder && path && strncmp(path, folder, folder_length) == 0 &&
           (path[folder_length] == '/' || path[folder_length] == 0);
}

/* Where an open file lies; 0 where that is elsewhere. */
static int place(int file, char path[4096]) {
    if (!folder || file == log_file) return 0;
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, 4095);
    if (length < 0) return 0;
    path[length] = 0;
    return inside(path);
}

/* A path as it was given, whole. */
static int whole(const char *given, char path[4096]) {
    if (!folder || !given) return 0;
    if (given[0] == '/') {
        if (strlen(given) > 4095) return 0;
        strcpy(path, given);
    } else {
        if (!getcwd(path, 2048) || strlen(given) > 2000) return 0;
        strcat(path, "/");
        strcat(path, given);
    }
    return inside(path);
}

static uint64_t inode_of(int file) {
    struct stat about;
    return fstat(file, &about) == 0 ? about.st_ino : 0;
}

static void tell(char what, uint64_t inode, const char *path, const char *other, uint64_t offset, const void *data,
                 size_t length) {
    size_t first = path ? strlen(path) : 0, second = other ? strlen(other) : 0, bytes = data ? length : 0;
    struct head head = {0x4b534944, (uint16_t)first, (uint16_t)second, (uint64_t)what, inode, offset, bytes ? bytes : length};
    struct iovec parts[] = {{&head, sizeof head}, {(void *)path, first}, {(void *)other, second}, {(void *)data, bytes}};
    int before = errno;
    if (syscall(SYS_writev, log_file, parts, 4) != (ssize_t)(sizeof head + first + second + bytes)) abort();
    errno = before;
}

/* Whether this call is to fail. */
static int fails(int which) {
    if (!control || !(control->which & which)) return 0;
    if (control->after > 0) { __sync_fetch_and_sub(&control->after, 1); return 0; }
    if (control->times == 0) return 0;
    if (control->times > 0) __sync_fetch_and_sub(&control->times, 1);
    __sync_fetch_and_add(&control->failed, 1);
    if (control->late > 0) usleep((useconds_t)control->late * 1000);
    errno = (int)control->error;
    return 1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t pwrite64(int file, const void *data, size_t length, off64_t offset) {
    static ssize_t (*real)(int, const void *, size_t, off64_t);
    if (!real) real = REAL(pwrite64);
    char path[4096];
    if (!place(file, path)) return real(file, data, length, offset);
    if (fails(WRITES)) return -1;
    ssize_t done = real(file, data, length, offset);
    if (done > 0) tell('W', inode_of(file), path, NULL, (uint64_t)offset, data, (size_t)done);
    return done;
}

ssize_t pwrite(int file, const void *data, size_t length, off_t offset) { return pwrite64(file, data, length, offset); }

ssize_t write(int file, const void *data, size_t length) {
    static ssize_t (*real)(int, const void *, size_t);
    if (!real) real = REAL(write);
    char path[4096];
    if (!place(file, path)) return real(file, data, length);
    if (fails(WRITES)) return -1;
    ssize_t done = real(file, data, length);
    off64_t end = lseek64(file, 0, SEEK_CUR);
    if (done > 0) tell('W', inode_of(file), path, NULL, (uint64_t)(end - done), data, (size_t)done);
    return done;
}

ssize_t writev(int file, const struct iovec *parts, int count) {
    static ssize_t (*real)(int, const struct iovec *, int);
    if (!real) real = REAL(writev);
    char path[4096];
    if (!place(file, path)) return real(file, parts, count);
    /* The first part alone: the caller goes on with the others. */
    return count > 0 ? write(file, parts[0].iov_base, parts[0].iov_len) : 0;
}

int ftruncate64(int file, off64_t length) {
    static int (*real)(int, off64_t);
    if (!real) real = REAL(ftruncate64);
    char path[4096];
    if (!place(file, path)) return real(file, length);
    if (fails(WRITES)) return -1;
    int done = real(file, length);
    if (done == 0) tell('T', inode_of(file), path, NULL, 0, NULL, (size_t)length);
    return done;
}

int ftruncate(int file, off_t length) { return ftruncate64(file, length); }

static int synced(int file, int (*real)(int)) {
    char path[4096];
    if (!place(file, path)) return real(file);
    if (fails(SYNCS)) return -1;
    tell('B', inode_of(file), path, NULL, 0, NULL, 0);
    int done = real(file);
    if (done == 0) tell('E', inode_of(file), path, NULL, 0, NULL, 0);
    return done;
}

int fsync(int file) {
    static int (*real)(int);
    if (!real) real = REAL(fsync);
    return synced(file, real);
}

int fdatasync(int file) {
    static int (*real)(int);
    if (!real) real = REAL(fdatasync);
    return synced(file, real);
}

ssize_t pread64(int file, void *data, size_t length, off64_t offset) {
    static ssize_t (*real)(int, void *, size_t, off64_t);
    if (!real) real = REAL(pread64);
    char path[4096];
    if (place(file, path) && fails(READS)) return -1;
    return real(file, data, length, offset);
}

ssize_t pread(int file, void *data, size_t length, off_t offset) { return pread64(file, data, length, offset); }

ssize_t read(int file, void *data, size_t length) {
    static ssize_t (*real)(int, void *, size_t);
    if (!real) real = REAL(read);
    char path[4096];
    if (place(file, path) && fails(READS)) return -1;
    return real(file, data, length);
}

int open64(const char *given, int flags, ...) {
    static int (*real)(const char *, int, ...);
    if (!real) real = REAL(open64);
    mode_t mode = 0;
    if (flags & (O_CREAT | O_TMPFILE)) {
        va_list more;
        va_start(more, flags);
        mode = va_arg(more, mode_t);
        va_end(more);
    }
    char path[4096];
    if (!whole(given, path)) return real(given, flags, mode);
    if (fails(OPENS)) return -1;
    struct stat about;
    int there = stat(path, &about) == 0;
    int file = real(given, flags, mode);
    if (file >= 0 && (flags & O_CREAT) && !there) tell('C', inode_of(file), path, NULL, 0, NULL, 0);
    if (file >= 0 && (flags & O_TRUNC) && there) tell('T', inode_of(file), path, NULL, 0, NULL, 0);
    return file;
}

int open(const char *given, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
    va_end(more);
    return open64(given, flags, mode);
}

static int named(char what, int done, const char *one, const char *other) {
    char first[4096], second[4096] = "";
    int in = whole(one, first), also = other ? whole(other, second) : in;
    if (done == 0 && (in || also)) tell(what, 0, first, other ? second : NULL, 0, NULL, 0);
    return done;
}

int rename(const char *from, const char *to) {
    static int (*real)(const char *, const char *);
    if (!real) real = REAL(rename);
    return named('R', real(from, to), from, to);
}

int link(const char *from, const char *to) {
    static int (*real)(const char *, const char *);
    if (!real) real = REAL(link);
    return named('L', real(from, to), from, to);
}

int linkat(int at, const char *from, int there, const char *to, int flags) {
    static int (*real)(int, const char *, int, const char *, int);
    if (!real) real = REAL(linkat);
    return named('L', real(at, from, there, to, flags), from, to);
}

int unlink(const char *path) {
    static int (*real)(const char *);
    if (!real) real = REAL(unlink);
    return named('U', real(path), path, NULL);
}

int mkdir(const char *path, mode_t mode) {
    static int (*real)(const char *, mode_t);
    if (!real) real = REAL(mkdir);
    return named('D', real(path, mode), path, NULL);
}

int clock_gettime(clockid_t which, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = REAL(clock_gettime);
    int done = real(which, now);
    if (done == 0 && which == CLOCK_REALTIME && control) now->tv_sec += control->clock;
    return done;
}
