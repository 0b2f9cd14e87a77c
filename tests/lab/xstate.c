/*
 * Lets User Mode Linux run on processors with AMX (Intel since 2023).
 *
 * Kernels of UML before 6.13 keep 2696 bytes of a process's extended registers. The host takes them back (ptrace
 * PTRACE_SETREGSET, NT_X86_XSTATE) in one piece or not at all, and with AMX the piece is 11008 bytes: the guest
 * panics at its first process with "ptrace set fp regs failed, errno = 14". Here the rest is filled in with what the
 * process has already. The rest is AMX tiles, which nothing in the guest uses.
 *
 *     cc -O2 -shared -fPIC -o xstate.so xstate.c && LD_PRELOAD=./xstate.so linux.uml ...
 */
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static char whole[1 << 16];

long ptrace(enum __ptrace_request request, ...)
{
    va_list list;
    va_start(list, request);
    pid_t process = va_arg(list, pid_t);
    void *address = va_arg(list, void *);
    void *data = va_arg(list, void *);
    va_end(list);

    if (request == PTRACE_PEEKTEXT || request == PTRACE_PEEKDATA || request == PTRACE_PEEKUSER) {
        /* The system call stores the word that the library's function returns. */
        long word;
        if (syscall(SYS_ptrace, request, process, address, &word) < 0)
            return -1;
        errno = 0;
        return word;
    }
    if (request == PTRACE_SETREGSET && (long)address == NT_X86_XSTATE) {
        const struct iovec *given = data;
        struct iovec present = {whole, sizeof whole};
        if (syscall(SYS_ptrace, PTRACE_GETREGSET, process, address, &present) < 0)
            return -1;
        if (present.iov_len > given->iov_len) {
            memcpy(whole, given->iov_base, given->iov_len);
            return syscall(SYS_ptrace, request, process, address, &present);
        }
    }
    return syscall(SYS_ptrace, request, process, address, data);
}
