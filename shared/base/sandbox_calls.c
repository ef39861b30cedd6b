#include "sandbox_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sanitizer.h"

/* Little-endian and 64 bits wide: an argument's low half is where it begins. */
#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__) && defined(__AARCH64EL__)
#define ARCH AUDIT_ARCH_AARCH64
#endif

#ifdef ARCH

enum { PROGRAM_MAX = 512, X32_BIT = 0x40000000 };

/* Newer than some headers; the same on every architecture. */
enum { CLONE3 = 435, OPENAT2 = 437, MOUNT_SETATTR = 442, MEMFD_SECRET = 447, FCHMODAT2 = 452 };

struct program {
    struct sock_filter code[PROGRAM_MAX];
    unsigned short count; /* over PROGRAM_MAX: it did not fit */
};

/* A call is refused when these bits of this argument have this value. */
struct condition {
    uint32_t call, argument, mask, value;
};

/* ---- what is refused ---- */

/* Memory that was written to is never run: libraries are mapped, and nothing else is code. */
static const struct condition SERVER_CONDITIONS[] = {
    {__NR_mmap, 2, PROT_WRITE | PROT_EXEC, PROT_WRITE | PROT_EXEC},
    {__NR_mprotect, 2, PROT_EXEC, PROT_EXEC},
#if !SANITIZER_IS_THERE
    {__NR_clone, 0, CLONE_THREAD, 0},
    {__NR_openat, 2, O_WRONLY, O_WRONLY},
    {__NR_openat, 2, O_RDWR, O_RDWR},
    {__NR_openat, 2, O_CREAT, O_CREAT},
    {__NR_openat, 2, O_TRUNC, O_TRUNC},
#ifdef __NR_open
    {__NR_open, 1, O_WRONLY, O_WRONLY},
    {__NR_open, 1, O_RDWR, O_RDWR},
    {__NR_open, 1, O_CREAT, O_CREAT},
    {__NR_open, 1, O_TRUNC, O_TRUNC},
#endif
#endif
};

static const struct condition DECODER_CONDITIONS[] = {
    {__NR_mmap, 2, PROT_EXEC, PROT_EXEC},
    {__NR_mprotect, 2, PROT_EXEC, PROT_EXEC},
};

/* Their arguments lie in memory, where a filter cannot look. To the C library an old kernel has no
 * such calls: it takes clone and openat then. */
static const uint32_t UNKNOWN[] = {CLONE3, OPENAT2};

/* What a server of ours never does. libpq, libcurl, TLS and the C library's name services use other
 * calls with each of their releases, so that a list of what they may do would end with one. */
static const uint32_t REFUSED[] = {
    __NR_execve,
    __NR_execveat,
#if !SANITIZER_IS_THERE
    __NR_ptrace,
#endif
    /* other processes */
    __NR_process_vm_readv,
    __NR_process_vm_writev,
    __NR_kill,
    __NR_tkill,
    __NR_rt_sigqueueinfo,
    __NR_rt_tgsigqueueinfo,
    __NR_pidfd_send_signal,
    __NR_pidfd_getfd,
    __NR_kcmp,
    __NR_listen,
    __NR_shmat,
    /* files; where there is no Landlock this is all that keeps them as they are */
    __NR_unlinkat,
    __NR_mkdirat,
    __NR_renameat,
    __NR_renameat2,
    __NR_linkat,
    __NR_symlinkat,
    __NR_mknodat,
    __NR_truncate,
    __NR_fchmod,
    __NR_fchmodat,
    FCHMODAT2,
    __NR_fchown,
    __NR_fchownat,
    __NR_setxattr,
    __NR_lsetxattr,
    __NR_fsetxattr,
    __NR_memfd_create,
    MEMFD_SECRET,
    __NR_open_by_handle_at,
    /* the kernel */
    __NR_mount,
    __NR_umount2,
    __NR_pivot_root,
    __NR_chroot,
    __NR_open_tree,
    __NR_move_mount,
    __NR_fsopen,
    __NR_fspick,
    MOUNT_SETATTR,
    __NR_unshare,
    __NR_setns,
    __NR_personality,
    __NR_bpf,
    __NR_perf_event_open,
    __NR_userfaultfd,
    __NR_io_uring_setup,
    __NR_io_uring_enter,
    __NR_io_uring_register,
    __NR_add_key,
    __NR_request_key,
    __NR_keyctl,
    __NR_kexec_load,
    __NR_init_module,
    __NR_finit_module,
#ifdef __NR_fork /* what newer architectures have left out */
    __NR_fork,
    __NR_vfork,
    __NR_creat,
    __NR_unlink,
    __NR_rmdir,
    __NR_mkdir,
    __NR_rename,
    __NR_link,
    __NR_symlink,
    __NR_mknod,
    __NR_chmod,
    __NR_chown,
    __NR_lchown,
#endif
};

/* All that reading, decoding and writing take, and what the C library does when memory is short or
 * a check of its own fails. */
static const uint32_t DECODING[] = {
    __NR_read,           __NR_readv,        __NR_pread64,         __NR_write,
    __NR_writev,         __NR_lseek,        __NR_newfstatat,      __NR_fstat,
    __NR_fsync,          __NR_fcntl,        __NR_close,           __NR_brk,
    __NR_mmap,           __NR_mremap,       __NR_munmap,          __NR_mprotect,
    __NR_madvise,        __NR_futex,        __NR_getrandom,       __NR_clock_gettime,
    __NR_getpid,         __NR_gettid,       __NR_tgkill,          __NR_rt_sigaction,
    __NR_rt_sigprocmask, __NR_rt_sigreturn, __NR_restart_syscall, __NR_exit,
    __NR_exit_group,
};

/* ---- the program ---- */

#define COUNT(list) (sizeof(list) / sizeof *(list))
#define REFUSE(error) (SECCOMP_RET_ERRNO | (error))
#define DATA(field) ((uint32_t)offsetof(struct seccomp_data, field))

static void add(struct program *program, uint16_t code, uint32_t k, size_t yes, size_t no)
{
    if (program->count < PROGRAM_MAX) {
        program->code[program->count] =
            (struct sock_filter){.code = code, .jt = (uint8_t)yes, .jf = (uint8_t)no, .k = k};
    }
    program->count++;
}

static void load(struct program *program, uint32_t offset)
{
    add(program, BPF_LD | BPF_W | BPF_ABS, offset, 0, 0);
}

/* Jumps say how many steps are left out. */
static void jump_if_equal(struct program *program, uint32_t value, size_t yes, size_t no)
{
    add(program, BPF_JMP | BPF_JEQ | BPF_K, value, yes, no);
}

static void answer(struct program *program, uint32_t what)
{
    add(program, BPF_RET | BPF_K, what, 0, 0);
}

/* Calls by another architecture's numbers: nobody here makes them. */
static void begin(struct program *program)
{
    load(program, DATA(arch));
    jump_if_equal(program, ARCH, 1, 0);
    answer(program, SECCOMP_RET_KILL_PROCESS);
    load(program, DATA(nr));
#if defined(__x86_64__)
    add(program, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
    answer(program, SECCOMP_RET_KILL_PROCESS);
#endif
}

static void refuse_if(struct program *program, const struct condition *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        jump_if_equal(program, list[i].call, 0, 5);
        load(program, DATA(args) + list[i].argument * (uint32_t)sizeof(uint64_t));
        add(program, BPF_ALU | BPF_AND | BPF_K, list[i].mask, 0, 0);
        jump_if_equal(program, list[i].value, 0, 1);
        answer(program, REFUSE(EPERM));
        load(program, DATA(nr));
    }
}

/* Families that hardly anybody uses are where the kernel's own faults are found. */
static void refuse_odd_sockets(struct program *program)
{
    jump_if_equal(program, __NR_socket, 0, 6);
    load(program, DATA(args));
    jump_if_equal(program, AF_UNIX, 3, 0);
    jump_if_equal(program, AF_INET, 2, 0);
    jump_if_equal(program, AF_INET6, 1, 0);
    answer(program, REFUSE(EAFNOSUPPORT));
    load(program, DATA(nr));
}

static void answer_each(struct program *program, const uint32_t *list, size_t count, uint32_t what)
{
    for (size_t i = 0; i < count; i++) {
        jump_if_equal(program, list[i], 0, 1);
        answer(program, what);
    }
}

/* A sanitizer's own calls are in no list of ours: under one, a decoder is kept as a server is. */
static void write_program(struct program *program, bool decoder)
{
    bool lists_all = decoder && !SANITIZER_IS_THERE;
    begin(program);
    if (lists_all) {
        refuse_if(program, DECODER_CONDITIONS, COUNT(DECODER_CONDITIONS));
        answer_each(program, DECODING, COUNT(DECODING), SECCOMP_RET_ALLOW);
    } else {
        static const uint32_t NET[] = {__NR_socket, __NR_connect, __NR_accept, __NR_accept4};
        answer_each(program, NET, decoder ? COUNT(NET) : 0, REFUSE(EPERM));
        refuse_if(program, SERVER_CONDITIONS, COUNT(SERVER_CONDITIONS));
        refuse_odd_sockets(program);
        answer_each(program, UNKNOWN, COUNT(UNKNOWN), REFUSE(ENOSYS));
        answer_each(program, REFUSED, COUNT(REFUSED), REFUSE(EPERM));
    }
    answer(program, lists_all ? REFUSE(EPERM) : SECCOMP_RET_ALLOW);
}

/* ---- the kernel ---- */

/* A kernel before 5.16 turns speculation down for whoever has a filter, and all that it does takes
 * longer, unless it is told that there is no need: we run no code from outside. */
bool sandbox_calls_refuse(bool decoder)
{
    struct program program = {.count = 0};
    write_program(&program, decoder);
    const struct sock_fprog filter = {.len = program.count, .filter = program.code};
    if (program.count > PROGRAM_MAX) {
        return false;
    }
    return syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW,
                   &filter) == 0 ||
           syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) == 0;
}

bool sandbox_calls_known(void)
{
    const uint32_t action = SECCOMP_RET_KILL_PROCESS;
    return syscall(__NR_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

#else /* the numbers of calls are another architecture's: it does without */

bool sandbox_calls_refuse(bool decoder)
{
    (void)decoder;
    return false;
}

bool sandbox_calls_known(void)
{
    return false;
}

#endif
