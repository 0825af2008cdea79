/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated host: its being a dom0, its processors and its memory. */
#define _GNU_SOURCE
#include "sim.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xenctrl.h>
#include <xenstore.h>

#define PAGE_KIB 4

static int handle;

/* libvirt takes a host with xenstored's device for a dom0. */
int access(const char *path, int mode)
{
    int (*real)(const char *, int) = dlsym(RTLD_NEXT, "access");

    return strcmp(path, "/dev/xen/xenstored") == 0 ? 0 : real(path, mode);
}

struct xs_handle *xs_open(unsigned long flags) { return (void *)&handle; }
struct xs_handle *xs_daemon_open(void) { return (void *)&handle; }
struct xs_handle *xs_daemon_open_readonly(void) { return (void *)&handle; }
void xs_close(struct xs_handle *xs) {}
void xs_daemon_close(struct xs_handle *xs) {}

void *xs_read(struct xs_handle *xs, xs_transaction_t t, const char *path,
              unsigned int *length)
{
    errno = ENOENT;
    return NULL;
}

xc_interface *xc_interface_open(xentoollog_logger *a, xentoollog_logger *b,
                                unsigned flags)
{
    return (void *)&handle;
}

int xc_interface_close(xc_interface *xc) { return 0; }

const libxl_version_info *libxl_get_version_info(libxl_ctx *ctx)
{
    /* libvirt cuts the capabilities into pieces where they stand. */
    static const char words[] =
        "xen-3.0-x86_64 hvm-3.0-x86_32 hvm-3.0-x86_32p hvm-3.0-x86_64 ";
    static char capabilities[sizeof words];
    static libxl_version_info info = {
        .xen_version_major = 4,
        .xen_version_minor = 17,
        .xen_version_extra = ".7",
        .compiler = "", .compile_by = "", .compile_domain = "", .compile_date = "",
        .capabilities = capabilities,
        .changeset = "",
        .virt_start = 0xffff800000000000ULL,
        .pagesize = PAGE_KIB * 1024,
        .commandline = "dom0_mem=512M,max:512M",
        .build_id = "",
    };

    memcpy(capabilities, words, sizeof words);
    return &info;
}

int libxl_get_physinfo(libxl_ctx *ctx, libxl_physinfo *info)
{
    struct sim_state *state = sim_state();

    sim_lock();
    info->threads_per_core = 1;
    info->cores_per_socket = state->cpus;
    info->max_cpu_id = state->cpus - 1;
    info->nr_cpus = state->cpus;
    info->cpu_khz = 2596130;
    info->total_pages = state->total_kib / PAGE_KIB;
    info->free_pages = sim_free_kib() / PAGE_KIB;
    info->nr_nodes = 1;
    /* Words libvirt can put a name to: a plain x86_64 of Intel's Westmere times. */
    info->hw_cap[0] = 0x1fcbfbff;
    info->hw_cap[1] = 0x82982203;
    info->hw_cap[2] = 0x28100800;
    info->hw_cap[3] = 0x00000001;
    /* As Debian's Xen: no shadow paging, so no log of a PV guest's dirty pages. */
    info->cap_pv = info->cap_hvm = info->cap_hap = 1;
    info->cap_gnttab_v1 = info->cap_gnttab_v2 = 1;
    sim_unlock();
    return 0;
}

int libxl_get_free_memory(libxl_ctx *ctx, uint64_t *kib)
{
    sim_lock();
    *kib = sim_free_kib();
    sim_unlock();
    return 0;
}

int libxl_get_max_cpus(libxl_ctx *ctx) { return sim_state()->cpus; }
int libxl_get_max_nodes(libxl_ctx *ctx) { return 1; }
int libxl_get_scheduler(libxl_ctx *ctx) { return LIBXL_SCHEDULER_CREDIT2; }

libxl_numainfo *libxl_get_numainfo(libxl_ctx *ctx, int *count)
{
    libxl_numainfo *node = calloc(1, sizeof *node);

    sim_lock();
    node->size = sim_state()->total_kib * 1024;
    node->free = sim_free_kib() * 1024;
    sim_unlock();
    node->num_dists = 1;
    node->dists = calloc(1, sizeof *node->dists);
    node->dists[0] = 10;
    *count = 1;
    return node;
}

libxl_cputopology *libxl_get_cpu_topology(libxl_ctx *ctx, int *count)
{
    int cpus = sim_state()->cpus;
    libxl_cputopology *topology = calloc(cpus, sizeof *topology);

    for (int i = 0; i < cpus; i++)
        topology[i].core = i;
    *count = cpus;
    return topology;
}

int libxl_domain_need_memory(libxl_ctx *ctx, libxl_domain_config *config,
                             uint32_t id, uint64_t *kib)
{
    *kib = config->b_info.target_memkb + SIM_GUEST_OVERHEAD_KIB;
    return 0;
}

int libxl_wait_for_memory_target(libxl_ctx *ctx, uint32_t id, int seconds)
{
    return 0;
}

int libxl_domain_get_nodeaffinity(libxl_ctx *ctx, uint32_t id, libxl_bitmap *map)
{
    libxl_bitmap_set(map, 0);
    return 0;
}
