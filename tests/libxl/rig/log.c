/* SPDX-License-Identifier: Apache-2.0 */
/* What the simulation did, for tests to read; and libxl's own log of failures. */
#define _GNU_SOURCE
#include "sim.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static xentoollog_logger *logger;

int libxl_ctx_alloc(libxl_ctx **ctx, int version, unsigned flags, xentoollog_logger *lg)
{
    int (*real)(libxl_ctx **, int, unsigned, xentoollog_logger *) =
        dlsym(RTLD_NEXT, "libxl_ctx_alloc");

    logger = lg;
    sim_serve();
    return real(ctx, version, flags, lg);
}

void sim_log(const char *format, ...)
{
    char path[4096];
    FILE *file = fopen(sim_path(path, sizeof path, "operations.log"), "a");
    va_list arguments;

    if (!file)
        return;
    va_start(arguments, format);
    vfprintf(file, format, arguments);
    va_end(arguments);
    fputc('\n', file);
    fclose(file);
}

void sim_blame(const char *format, ...)
{
    char text[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    sim_log("error %s", text);
    if (logger)
        xtl_log(logger, XTL_ERROR, -1, "libxl", "%s", text);
}

void sim_record_config(libxl_ctx *ctx, libxl_domain_config *config, uint32_t id)
{
    char name[512], path[4096];
    char *json = libxl_domain_config_to_json(ctx, config);
    FILE *file;

    snprintf(name, sizeof name, "created-%u-%s.json", id, config->c_info.name);
    file = fopen(sim_path(path, sizeof path, name), "w");
    if (file && json)
        fputs(json, file);
    if (file)
        fclose(file);
    free(json);
    sim_log("create %u %s", id, config->c_info.name);
}
