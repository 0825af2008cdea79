/* SPDX-License-Identifier: Apache-2.0 */
/* What the simulated Xen knows, in a mapped file that outlives libvirtd. */
#include "sim.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct sim_state *state;

static uint64_t setting(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

const char *sim_path(char *buffer, size_t size, const char *name)
{
    const char *folder = getenv("XENSIM_DIR");
    snprintf(buffer, size, "%s/%s", folder ? folder : ".", name);
    return buffer;
}

void sim_copy(char *target, size_t size, const char *text)
{
    snprintf(target, size, "%s", text ? text : "");
}

static void fresh(void)
{
    state->total_kib = setting("XENSIM_MEMORY_MIB", 4095) * 1024;
    state->dom0_kib = setting("XENSIM_DOM0_MIB", 512) * 1024;
    state->cpus = setting("XENSIM_CPUS", 4);
    state->next_id = 1;
    state->ready = 1;
}

static void map_state(void)
{
    char path[4096];
    int fd = open(sim_path(path, sizeof path, "xen.state"), O_RDWR | O_CREAT, 0600);

    if (fd < 0 || ftruncate(fd, sizeof *state) < 0)
        abort();
    state = mmap(NULL, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (state == MAP_FAILED)
        abort();
    if (!state->ready)
        fresh();
}

struct sim_state *sim_state(void)
{
    pthread_once(&once, map_state);
    return state;
}

void sim_lock(void)
{
    sim_state();
    pthread_mutex_lock(&lock);
}

void sim_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

struct sim_domain *sim_find(uint32_t id)
{
    for (int i = 0; i < SIM_DOMAINS; i++)
        if (state->domains[i].used && state->domains[i].id == id)
            return &state->domains[i];
    return NULL;
}

struct sim_domain *sim_find_name(const char *name)
{
    for (int i = 0; i < SIM_DOMAINS; i++)
        if (state->domains[i].used && strcmp(state->domains[i].name, name) == 0)
            return &state->domains[i];
    return NULL;
}

struct sim_domain *sim_add(const char *name)
{
    for (int i = 0; i < SIM_DOMAINS; i++) {
        struct sim_domain *domain = &state->domains[i];
        struct timespec now;

        if (domain->used)
            continue;
        memset(domain, 0, sizeof *domain);
        clock_gettime(CLOCK_MONOTONIC, &now);
        domain->started_ns = now.tv_sec * 1000000000LL + now.tv_nsec;
        domain->used = 1;
        domain->id = state->next_id++;
        sim_copy(domain->name, sizeof domain->name, name);
        return domain;
    }
    return NULL;
}

uint64_t sim_free_kib(void)
{
    uint64_t used = SIM_XEN_OVERHEAD_KIB + state->dom0_kib;

    for (int i = 0; i < SIM_DOMAINS; i++)
        if (state->domains[i].used)
            used += state->domains[i].memory_kib + SIM_GUEST_OVERHEAD_KIB;
    return used < state->total_kib ? state->total_kib - used : 0;
}

uint64_t sim_uptime_ns(const struct sim_domain *domain)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec - domain->started_ns;
}
