/* SPDX-License-Identifier: Apache-2.0 */
/* Memory, processors, weight, console and user data of simulated domains. */
#define _GNU_SOURCE
#include "sim.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int libxl_domain_setmaxmem(libxl_ctx *ctx, uint32_t id, uint64_t kib)
{
    struct sim_domain *domain;

    sim_lock();
    domain = sim_find(id);
    if (domain)
        domain->maximum_kib = kib;
    sim_unlock();
    return domain ? 0 : ERROR_FAIL;
}

int libxl_set_memory_target(libxl_ctx *ctx, uint32_t id, int64_t kib, int relative,
                            int enforce)
{
    struct sim_domain *domain;

    sim_lock();
    domain = sim_find(id);
    if (domain)
        domain->memory_kib = kib;
    sim_unlock();
    sim_log("memory %u %ld", id, (long)kib);
    return domain ? 0 : ERROR_FAIL;
}

int libxl_set_vcpuonline(libxl_ctx *ctx, uint32_t id, libxl_bitmap *map,
                         const libxl_asyncop_how *how)
{
    struct sim_domain *domain;

    sim_lock();
    domain = sim_find(id);
    if (domain)
        domain->vcpus = libxl_bitmap_count_set(map);
    sim_unlock();
    return domain ? 0 : ERROR_FAIL;
}

int libxl_set_vcpuaffinity(libxl_ctx *ctx, uint32_t id, uint32_t vcpu,
                           const libxl_bitmap *hard, const libxl_bitmap *soft)
{
    sim_log("pin %u %u", id, vcpu);
    return 0;
}

libxl_vcpuinfo *libxl_list_vcpu(libxl_ctx *ctx, uint32_t id, int *count, int *cpus)
{
    struct sim_domain *domain;
    libxl_vcpuinfo *list;
    uint64_t each = 0;

    sim_lock();
    domain = sim_find(id);
    *cpus = sim_state()->cpus;
    *count = domain ? domain->max_vcpus : *cpus;
    if (domain)
        each = sim_uptime_ns(domain) / domain->max_vcpus;
    sim_unlock();
    list = calloc(*count, sizeof *list);
    for (int i = 0; i < *count; i++) {
        list[i].vcpuid = i;
        list[i].online = list[i].running = 1;
        list[i].vcpu_time = each;
        libxl_bitmap_init(&list[i].cpumap);
        libxl_cpu_bitmap_alloc(ctx, &list[i].cpumap, *cpus);
        libxl_bitmap_set_any(&list[i].cpumap);
    }
    return list;
}

int libxl_domain_sched_params_get(libxl_ctx *ctx, uint32_t id,
                                  libxl_domain_sched_params *params)
{
    struct sim_domain *domain;

    sim_lock();
    domain = sim_find(id);
    params->sched = LIBXL_SCHEDULER_CREDIT2;
    params->weight = domain ? domain->weight : 256;
    params->cap = domain ? domain->cap : 0;
    sim_unlock();
    return 0;
}

int libxl_domain_sched_params_set(libxl_ctx *ctx, uint32_t id,
                                  const libxl_domain_sched_params *params)
{
    struct sim_domain *domain;

    sim_lock();
    domain = sim_find(id);
    if (domain) {
        domain->weight = params->weight;
        domain->cap = params->cap;
    }
    sim_unlock();
    return domain ? 0 : ERROR_FAIL;
}

/* A terminal that greets, so that an opened console has something to read. */
int libxl_console_get_tty(libxl_ctx *ctx, uint32_t id, int number,
                          libxl_console_type type, char **path)
{
    static int masters[SIM_DOMAINS * 4];
    static int next;
    char greeting[64];
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    int length = snprintf(greeting, sizeof greeting, "simulated domain %u\r\n", id);

    if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
        return ERROR_FAIL;
    *path = strdup(ptsname(master));
    if (write(master, greeting, length) != length)
        return ERROR_FAIL;
    if (masters[next])
        close(masters[next]);
    masters[next] = master;
    next = (next + 1) % (SIM_DOMAINS * 4);
    return 0;
}

static void userdata_path(char *path, size_t size, uint32_t id, const char *kind)
{
    char name[128];

    snprintf(name, sizeof name, "userdata-%u-%s", id, kind);
    sim_path(path, size, name);
}

int libxl_userdata_store(libxl_ctx *ctx, uint32_t id, const char *kind,
                         const uint8_t *data, int length)
{
    char path[4096];
    FILE *file;
    int stored;

    userdata_path(path, sizeof path, id, kind);
    file = fopen(path, "w");
    if (!file)
        return ERROR_FAIL;
    stored = (int)fwrite(data, 1, length, file);
    return fclose(file) == 0 && stored == length ? 0 : ERROR_FAIL;
}

int libxl_userdata_retrieve(libxl_ctx *ctx, uint32_t id, const char *kind,
                            uint8_t **data, int *length)
{
    char path[4096];
    struct stat status;
    FILE *file;

    userdata_path(path, sizeof path, id, kind);
    /* libxl takes missing data for empty data; Domain-0 has none. */
    *data = NULL;
    *length = 0;
    if (stat(path, &status) < 0 || !(file = fopen(path, "r")))
        return 0;
    *data = malloc(status.st_size);
    *length = (int)fread(*data, 1, status.st_size, file);
    fclose(file);
    return 0;
}
