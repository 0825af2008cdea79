/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A simulated Xen under Debian's own libvirtd and libxl.
 *
 * The library is preloaded into libvirtd. It answers the calls of libxl that would
 * reach the hypervisor, xenstore or a device model; libxl's configuration, JSON and
 * memory handling stay the real ones.
 *
 * What Xen knows lives in a mapped file, so that it survives a killed libvirtd as
 * guests do.
 */
#ifndef SIM_H
#define SIM_H

#include <libxl.h>
#include <libxl_event.h>
#include <libxl_utils.h>
#include <stdint.h>

#define SIM_DOMAINS 64
#define SIM_DEVICES 32
#define SIM_TEXT 256

/* What libxl needs beside a guest's own memory, and Xen for itself. */
#define SIM_GUEST_OVERHEAD_KIB 1024
#define SIM_XEN_OVERHEAD_KIB (43 * 1024)

struct sim_disk {
    char vdev[32];
    char path[SIM_TEXT];
    int backend;
    int began_empty; /* a CD drive that had no medium when its guest started */
};

struct sim_nic {
    uint8_t mac[6];
    char bridge[64];
    int devid;
};

struct sim_domain {
    int used;
    uint32_t id;
    char name[SIM_TEXT];
    libxl_uuid uuid;
    int type;
    int has_qemu; /* a QEMU serves it: decided when it starts, for good */
    int paused;
    int pause_when_suspended; /* asked by a test, as libxl_program.py does it */
    int shutdown;
    int reason;
    uint64_t memory_kib;
    uint64_t maximum_kib;
    int vcpus;
    int max_vcpus;
    int weight;
    int cap;
    int64_t started_ns;
    int disk_count;
    struct sim_disk disks[SIM_DEVICES];
    int nic_count;
    struct sim_nic nics[SIM_DEVICES];
};

struct sim_state {
    uint32_t ready;
    uint32_t next_id;
    uint64_t total_kib;
    uint64_t dom0_kib;
    int cpus;
    struct sim_domain domains[SIM_DOMAINS];
};

/* state.c: all of these take the one lock, except where said. */
struct sim_state *sim_state(void);
void sim_lock(void);
void sim_unlock(void);
struct sim_domain *sim_find(uint32_t id);            /* with the lock held */
struct sim_domain *sim_find_name(const char *name);  /* with the lock held */
struct sim_domain *sim_add(const char *name);        /* with the lock held */
uint64_t sim_free_kib(void);                         /* with the lock held */
uint64_t sim_uptime_ns(const struct sim_domain *domain);
const char *sim_path(char *buffer, size_t size, const char *name);
void sim_copy(char *target, size_t size, const char *text);

/* log.c */
void sim_log(const char *format, ...) __attribute__((format(printf, 1, 2)));
void sim_blame(const char *format, ...) __attribute__((format(printf, 1, 2)));
void sim_record_config(libxl_ctx *ctx, libxl_domain_config *config, uint32_t id);

/* events.c */
void sim_tell_shutdown(uint32_t id, int reason);
void sim_tell_death(uint32_t id);
void sim_tell_console(libxl_ctx *ctx, uint32_t id, const libxl_asyncprogress_how *how);

/* faults.c: what a test asked to fail or to wait. */
int sim_fails(const char *operation, const char *name);
void sim_waits(const char *operation, const char *name);
int sim_cut(const char *operation, const char *name);
int sim_bridge_missing(const char *bridge);
char *sim_command(const char *line); /* the answer, to be freed */

/* devices.c */
int sim_disk_has_backend(const libxl_device_disk *disk);
void sim_disk_choose_backend(libxl_device_disk *disk);
int sim_plug_all(struct sim_domain *domain, libxl_domain_config *config);

/* lifecycle.c */
int sim_guest_ends(const char *name, int reason);
int sim_guest_killed(const char *name);

/* control.c */
void sim_serve(void);

#endif
