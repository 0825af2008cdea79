/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of simulated domains as a stream: to a file, to another host and back. */
#include "sim.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CHUNK 4096
#define CHUNKS 64

/* The last words of a whole stream: without them it was cut. */
static const char trailer[] = "end of the simulated memory";

int sim_build_restored(libxl_ctx *ctx, libxl_domain_config *config, uint32_t *id,
                       const libxl_asyncprogress_how *console);

static int write_all(int fd, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, data, length);

        if (written <= 0)
            return -1;
        data += written;
        length -= written;
    }
    return 0;
}

/* libvirt hands over what it got from accept(); libxl makes it wait. */
static void make_blocking(int fd)
{
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
}

static int send_memory(int fd, const char *name)
{
    char chunk[CHUNK];

    make_blocking(fd);
    memset(chunk, 'm', sizeof chunk);
    for (int i = 0; i < CHUNKS / 2; i++)
        if (write_all(fd, chunk, sizeof chunk) < 0)
            return -1;
    if (sim_cut("copy", name) || sim_fails("copy", name))
        return -1;
    for (int i = 0; i < CHUNKS / 2; i++)
        if (write_all(fd, chunk, sizeof chunk) < 0)
            return -1;
    return write_all(fd, trailer, sizeof trailer);
}

/* Debian's Xen has no shadow paging: a PV guest's dirty pages cannot be logged. */
static int cannot_log_dirty(const struct sim_domain *domain, int flags)
{
    if (!(flags & LIBXL_SUSPEND_LIVE) || domain->type != LIBXL_DOMAIN_TYPE_PV)
        return 0;
    sim_blame("xc: Failed to enable logdirty: 95: Domain %u:", domain->id);
    return 1;
}

/* Let a domain stand still; 0 when it is gone. */
static int stand_still(uint32_t id)
{
    struct sim_domain *domain;

    sim_lock();
    domain = sim_find(id);
    if (domain) {
        domain->shutdown = 1;
        domain->reason = LIBXL_SHUTDOWN_REASON_SUSPEND;
        domain->paused |= domain->pause_when_suspended;
        domain->pause_when_suspended = 0;
    }
    sim_unlock();
    return domain != NULL;
}

/* Without LIVE it stands still from the first byte, and so it stays when that fails. */
int libxl_domain_suspend(libxl_ctx *ctx, uint32_t id, int fd, int flags,
                         const libxl_asyncop_how *how)
{
    struct sim_domain *domain;
    char name[SIM_TEXT] = "";
    int live = flags & LIBXL_SUSPEND_LIVE, refused;

    sim_lock();
    domain = sim_find(id);
    refused = !domain || cannot_log_dirty(domain, flags);
    if (domain)
        sim_copy(name, sizeof name, domain->name);
    sim_unlock();
    if (refused || (!live && !stand_still(id)) || send_memory(fd, name) < 0)
        return ERROR_FAIL;
    return !live || stand_still(id) ? 0 : ERROR_FAIL;
}

int libxl_domain_suspend_only(libxl_ctx *ctx, uint32_t id, const libxl_asyncop_how *how)
{
    return 0;
}

int libxl_domain_resume(libxl_ctx *ctx, uint32_t id, int fast,
                        const libxl_asyncop_how *how)
{
    struct sim_domain *domain;
    int suspended;

    sim_lock();
    domain = sim_find(id);
    suspended = domain && domain->shutdown;
    if (suspended)
        domain->shutdown = domain->reason = 0;
    sim_unlock();
    return suspended ? 0 : ERROR_FAIL;
}

static int is_whole(int fd)
{
    char data[CHUNK + sizeof trailer];
    size_t kept = 0;
    ssize_t length;

    make_blocking(fd);
    while ((length = read(fd, data + kept, CHUNK)) > 0) {
        kept += length;
        if (kept > sizeof trailer) {
            memmove(data, data + kept - sizeof trailer, sizeof trailer);
            kept = sizeof trailer;
        }
        if (kept == sizeof trailer && memcmp(data, trailer, kept) == 0)
            return 1;
    }
    return 0;
}

int libxl_domain_create_restore(libxl_ctx *ctx, libxl_domain_config *config,
                                uint32_t *id, int fd, int send_back_fd,
                                const libxl_domain_restore_params *params,
                                const libxl_asyncop_how *how,
                                const libxl_asyncprogress_how *console)
{
    if (!is_whole(fd)) {
        sim_blame("xc: Failed to read Record Header from stream (0 = Success)");
        return ERROR_FAIL;
    }
    return sim_build_restored(ctx, config, id, console);
}

int libxl_domain_core_dump(libxl_ctx *ctx, uint32_t id, const char *path,
                           const libxl_asyncop_how *how)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    int result = fd >= 0 && write_all(fd, trailer, sizeof trailer) == 0;
    struct sim_domain *domain;

    sim_lock();
    domain = sim_find(id);
    result = result && domain && !sim_fails("dump", domain->name) &&
             ftruncate(fd, domain->memory_kib * 1024) == 0;
    sim_unlock();
    if (fd >= 0)
        close(fd);
    return result ? 0 : ERROR_FAIL;
}

int libxl_retrieve_domain_configuration(libxl_ctx *ctx, uint32_t id,
                                        libxl_domain_config *config,
                                        const libxl_asyncop_how *how)
{
    return ERROR_FAIL;
}
