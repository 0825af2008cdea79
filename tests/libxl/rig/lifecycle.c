/* SPDX-License-Identifier: Apache-2.0 */
/* Domains of the simulated Xen: made, run, ended. */
#include "sim.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int boot_file_missing(uint32_t id, const char *path)
{
    if (!path || strcmp(path, "hvmloader") == 0 || access(path, R_OK) == 0)
        return 0;
    sim_blame("libxl_dom.c:510:libxl__build_dom: Domain %u:"
              "xc_dom_kernel_file failed: %s: No such file or directory", id, path);
    return 1;
}

static int refused(struct sim_domain *domain, libxl_domain_config *config)
{
    libxl_domain_build_info *build = &config->b_info;
    int pv = config->c_info.type == LIBXL_DOMAIN_TYPE_PV;
    uint64_t needed = build->target_memkb;

    if (sim_fails("create", domain->name)) {
        sim_blame("libxl_create.c:1901:domcreate_launch_dm: Domain %u:"
                  "a test asked this domain to fail", domain->id);
        return 1;
    }
    if (needed > sim_free_kib()) {
        sim_blame("libxl_dom.c:594:libxl__build_dom: Domain %u:"
                  "not enough memory: %lu KiB wanted", domain->id, needed);
        return 1;
    }
    /* libvirt fills the older fields for PV guests. */
    if (boot_file_missing(domain->id, pv ? build->u.pv.kernel : build->kernel) ||
        boot_file_missing(domain->id, pv ? build->u.pv.ramdisk : build->ramdisk))
        return 1;
    return sim_plug_all(domain, config) < 0;
}

static int needs_qemu(libxl_domain_config *config)
{
    if (config->c_info.type == LIBXL_DOMAIN_TYPE_HVM || config->num_vfbs > 0)
        return 1;
    for (int i = 0; i < config->num_disks; i++)
        if (config->disks[i].backend == LIBXL_DISK_BACKEND_QDISK)
            return 1;
    return 0;
}

static void fill(struct sim_domain *domain, libxl_domain_config *config)
{
    libxl_domain_build_info *build = &config->b_info;

    domain->uuid = config->c_info.uuid;
    domain->type = config->c_info.type;
    domain->has_qemu = needs_qemu(config);
    domain->paused = 1;
    domain->max_vcpus = build->max_vcpus;
    domain->vcpus = libxl_bitmap_count_set(&build->avail_vcpus);
    domain->memory_kib = build->target_memkb;
    domain->maximum_kib = build->max_memkb;
    domain->weight = build->sched_params.weight > 0 ? build->sched_params.weight : 256;
    domain->cap = build->sched_params.cap > 0 ? build->sched_params.cap : 0;
}

/* Xen spends a domain id on a guest that fails to start, too. */
static int build(libxl_ctx *ctx, libxl_domain_config *config, uint32_t *id,
                 const libxl_asyncprogress_how *console)
{
    struct sim_domain *domain;

    sim_waits("create", config->c_info.name);
    sim_lock();
    domain = sim_find_name(config->c_info.name);
    if (domain) {
        sim_blame("libxl_domain.c:81:libxl__domain_rename: Domain %u:"
                  "Domain with name \"%s\" already exists.",
                  sim_state()->next_id++, config->c_info.name);
        sim_unlock();
        return ERROR_INVAL;
    }
    domain = sim_add(config->c_info.name);
    if (!domain || refused(domain, config)) {
        if (domain)
            domain->used = 0;
        sim_unlock();
        return ERROR_FAIL;
    }
    fill(domain, config);
    *id = domain->id;
    sim_unlock();
    sim_record_config(ctx, config, *id);
    sim_tell_console(ctx, *id, console);
    return 0;
}

int libxl_domain_create_new(libxl_ctx *ctx, libxl_domain_config *config, uint32_t *id,
                            const libxl_asyncop_how *how,
                            const libxl_asyncprogress_how *console)
{
    return build(ctx, config, id, console);
}

int sim_build_restored(libxl_ctx *ctx, libxl_domain_config *config, uint32_t *id,
                       const libxl_asyncprogress_how *console)
{
    return build(ctx, config, id, console);
}

int libxl_domain_destroy(libxl_ctx *ctx, uint32_t id, const libxl_asyncop_how *how)
{
    struct sim_domain *domain;
    char name[SIM_TEXT] = "";
    int result = 0;

    sim_lock();
    domain = sim_find(id);
    if (domain)
        sim_copy(name, sizeof name, domain->name);
    sim_unlock();
    sim_waits("destroy", name);
    sim_lock();
    domain = sim_find(id);
    if (!domain || sim_fails("destroy", name))
        result = ERROR_FAIL;
    else
        domain->used = 0;
    sim_unlock();
    sim_log("destroy %u %s", id, name);
    return result;
}

int libxl_domain_info(libxl_ctx *ctx, libxl_dominfo *info, uint32_t id)
{
    struct sim_domain *domain;

    sim_lock();
    info->domid = id;
    domain = sim_find(id);
    if (id == 0) {
        info->running = 1;
        info->current_memkb = info->max_memkb = sim_state()->dom0_kib;
        info->vcpu_online = sim_state()->cpus;
        info->vcpu_max_id = sim_state()->cpus - 1;
    } else if (domain) {
        info->uuid = domain->uuid;
        info->running = !domain->paused && !domain->shutdown;
        info->paused = domain->paused;
        info->shutdown = domain->shutdown;
        info->shutdown_reason = domain->reason;
        info->current_memkb = domain->memory_kib;
        info->max_memkb = domain->maximum_kib;
        info->vcpu_online = domain->vcpus;
        info->vcpu_max_id = domain->max_vcpus - 1;
        info->cpu_time = sim_uptime_ns(domain);
    }
    sim_unlock();
    return id == 0 || domain ? 0 : ERROR_INVAL;
}

static int set_paused(uint32_t id, int paused, const char *operation)
{
    struct sim_domain *domain;
    int result = ERROR_FAIL;

    sim_lock();
    domain = sim_find(id);
    if (domain && !sim_fails(operation, domain->name)) {
        domain->paused = paused;
        result = 0;
    }
    sim_unlock();
    sim_log("%s %u", operation, id);
    return result;
}

int libxl_domain_pause(libxl_ctx *ctx, uint32_t id, const libxl_asyncop_how *how)
{
    return set_paused(id, 1, "pause");
}

int libxl_domain_unpause(libxl_ctx *ctx, uint32_t id, const libxl_asyncop_how *how)
{
    return set_paused(id, 0, "unpause");
}

/* Ask the guest over its control device: only one that runs can hear. */
static int ask(uint32_t id, int reason, const char *operation)
{
    struct sim_domain *domain;
    char name[SIM_TEXT] = "";
    int deaf = 1;

    sim_lock();
    domain = sim_find(id);
    if (domain) {
        sim_copy(name, sizeof name, domain->name);
        deaf = domain->paused;
    }
    sim_unlock();
    sim_log("%s %u", operation, id);
    if (deaf)
        return ERROR_FAIL;
    if (!sim_fails(operation, name)) /* a guest told to fail ignores the wish */
        sim_guest_ends(name, reason);
    return 0;
}

int libxl_domain_shutdown(libxl_ctx *ctx, uint32_t id, const libxl_asyncop_how *how)
{
    return ask(id, LIBXL_SHUTDOWN_REASON_POWEROFF, "shutdown");
}

int libxl_domain_reboot(libxl_ctx *ctx, uint32_t id, const libxl_asyncop_how *how)
{
    return ask(id, LIBXL_SHUTDOWN_REASON_REBOOT, "reboot");
}

int libxl_send_trigger(libxl_ctx *ctx, uint32_t id, libxl_trigger trigger,
                       uint32_t vcpu, const libxl_asyncop_how *how)
{
    struct sim_domain *domain;
    int hvm;

    sim_lock();
    domain = sim_find(id);
    hvm = domain && domain->type == LIBXL_DOMAIN_TYPE_HVM;
    sim_unlock();
    return hvm ? ask(id, LIBXL_SHUTDOWN_REASON_POWEROFF, "shutdown") : ERROR_FAIL;
}

int sim_guest_ends(const char *name, int reason)
{
    struct sim_domain *domain;
    uint32_t id = 0;

    sim_lock();
    domain = sim_find_name(name);
    if (domain) {
        id = domain->id;
        domain->shutdown = 1;
        domain->reason = reason;
    }
    sim_unlock();
    if (id)
        sim_tell_shutdown(id, reason);
    return id != 0;
}

int sim_guest_killed(const char *name)
{
    struct sim_domain *domain;
    uint32_t id = 0;

    sim_lock();
    domain = sim_find_name(name);
    if (domain) {
        id = domain->id;
        domain->used = 0;
    }
    sim_unlock();
    if (id)
        sim_tell_death(id);
    return id != 0;
}
