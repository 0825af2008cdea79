/* SPDX-License-Identifier: Apache-2.0 */
/* Events of libxl: a guest shut down, a domain died, a console is there. */
#include "sim.h"

#include <stdlib.h>

static const libxl_event_hooks *hooks;
static void *hooks_user;

void libxl_event_register_callbacks(libxl_ctx *ctx, const libxl_event_hooks *given,
                                    void *user)
{
    hooks = given;
    hooks_user = user;
}

void libxl_event_free(libxl_ctx *ctx, libxl_event *event) { free(event); }

static libxl_event *made(uint32_t id, libxl_event_type type)
{
    libxl_event *event = calloc(1, sizeof *event);

    event->domid = id;
    event->type = type;
    return event;
}

void sim_tell_shutdown(uint32_t id, int reason)
{
    libxl_event *event = made(id, LIBXL_EVENT_TYPE_DOMAIN_SHUTDOWN);

    event->u.domain_shutdown.shutdown_reason = reason;
    if (hooks)
        hooks->event_occurs(hooks_user, event);
    else
        free(event);
}

void sim_tell_death(uint32_t id)
{
    libxl_event *event = made(id, LIBXL_EVENT_TYPE_DOMAIN_DEATH);

    if (hooks)
        hooks->event_occurs(hooks_user, event);
    else
        free(event);
}

void sim_tell_console(libxl_ctx *ctx, uint32_t id, const libxl_asyncprogress_how *how)
{
    if (how && how->callback)
        how->callback(ctx, made(id, LIBXL_EVENT_TYPE_DOMAIN_CREATE_CONSOLE_AVAILABLE),
                      how->for_callback);
}

int libxl_evenable_domain_death(libxl_ctx *ctx, uint32_t id, libxl_ev_user user,
                                libxl_evgen_domain_death **watch)
{
    struct sim_domain *domain;
    int ended = 0, reason = 0;

    sim_lock();
    domain = sim_find(id);
    if (domain && domain->shutdown) {
        ended = domain->reason != LIBXL_SHUTDOWN_REASON_SUSPEND;
        reason = domain->reason;
    }
    sim_unlock();
    *watch = calloc(1, 1);
    /* A guest that ended while nobody watched is told of at once. */
    if (ended)
        sim_tell_shutdown(id, reason);
    return 0;
}

void libxl_evdisable_domain_death(libxl_ctx *ctx, libxl_evgen_domain_death *watch)
{
    free(watch);
}
