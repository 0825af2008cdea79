/* SPDX-License-Identifier: Apache-2.0 */
/* What tests ask of the simulation: failures, waits, missing bridges, guests' acts. */
#define _GNU_SOURCE
#include "sim.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RULES 64

enum kind { UNUSED, FAIL, HOLD, BRIDGE };

struct rule {
    enum kind kind;
    char operation[32];
    char name[SIM_TEXT];
    int count;   /* of a FAIL: how often it still happens */
    int waiting; /* of a HOLD: how many calls are held now */
    int cut;     /* of a HOLD: let go with a failure */
};

static struct rule rules[RULES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static int fits(const struct rule *rule, enum kind kind, const char *operation,
                const char *name)
{
    return rule->kind == kind && strcmp(rule->operation, operation) == 0 &&
           (strcmp(rule->name, "*") == 0 || strcmp(rule->name, name) == 0);
}

static struct rule *find(enum kind kind, const char *operation, const char *name)
{
    for (int i = 0; i < RULES; i++)
        if (fits(&rules[i], kind, operation, name))
            return &rules[i];
    return NULL;
}

int sim_fails(const char *operation, const char *name)
{
    struct rule *rule;
    int failing = 0;

    pthread_mutex_lock(&lock);
    rule = find(FAIL, operation, name);
    if (rule) {
        failing = 1;
        if (--rule->count == 0)
            rule->kind = UNUSED;
    }
    pthread_mutex_unlock(&lock);
    return failing;
}

int sim_cut(const char *operation, const char *name)
{
    struct rule *rule;
    int cut = 0;

    pthread_mutex_lock(&lock);
    while ((rule = find(HOLD, operation, name)) && !rule->cut) {
        rule->waiting++;
        pthread_cond_broadcast(&changed);
        pthread_cond_wait(&changed, &lock);
    }
    if (rule) {
        cut = 1;
        rule->kind = UNUSED;
    }
    pthread_mutex_unlock(&lock);
    return cut;
}

void sim_waits(const char *operation, const char *name)
{
    sim_cut(operation, name);
}

int sim_bridge_missing(const char *bridge)
{
    int missing;

    pthread_mutex_lock(&lock);
    missing = find(BRIDGE, "bridge", bridge) != NULL;
    pthread_mutex_unlock(&lock);
    return missing;
}

static int add(enum kind kind, const char *operation, const char *name, int count)
{
    int added = 0;

    pthread_mutex_lock(&lock);
    for (int i = 0; i < RULES && !added; i++) {
        if (rules[i].kind != UNUSED)
            continue;
        memset(&rules[i], 0, sizeof rules[i]);
        rules[i].kind = kind;
        rules[i].count = count;
        sim_copy(rules[i].operation, sizeof rules[i].operation, operation);
        sim_copy(rules[i].name, sizeof rules[i].name, name);
        added = 1;
    }
    pthread_mutex_unlock(&lock);
    return added;
}

/* Let held calls of an operation go on; with `cut` as failures. */
static int let_go(const char *operation, int cut)
{
    int found = 0;

    pthread_mutex_lock(&lock);
    for (int i = 0; i < RULES; i++) {
        if (rules[i].kind != HOLD || strcmp(rules[i].operation, operation) != 0)
            continue;
        found = 1;
        if (cut)
            rules[i].cut = 1;
        else
            rules[i].kind = UNUSED;
    }
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    return found;
}

/* Answer once a call of the operation is held. */
static int wait_until_held(const char *operation)
{
    int held = 0, known = 1;

    pthread_mutex_lock(&lock);
    while (!held && known) {
        known = 0;
        for (int i = 0; i < RULES; i++) {
            if (rules[i].kind != HOLD || strcmp(rules[i].operation, operation) != 0)
                continue;
            known = 1;
            held |= rules[i].waiting > 0;
        }
        if (!held && known)
            pthread_cond_wait(&changed, &lock);
    }
    pthread_mutex_unlock(&lock);
    return held;
}

static int clear(void)
{
    pthread_mutex_lock(&lock);
    for (int i = 0; i < RULES; i++)
        rules[i].kind = UNUSED;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    return 1;
}

static int obey(const char *verb, const char *first, const char *second, int count)
{
    if (strcmp(verb, "fail") == 0)
        return add(FAIL, first, second, count);
    if (strcmp(verb, "hold") == 0)
        return add(HOLD, first, second, 0);
    if (strcmp(verb, "held") == 0)
        return wait_until_held(first);
    if (strcmp(verb, "release") == 0)
        return let_go(first, 0);
    if (strcmp(verb, "cut") == 0)
        return let_go(first, 1);
    if (strcmp(verb, "no-bridge") == 0)
        return add(BRIDGE, "bridge", first, 0);
    if (strcmp(verb, "clear") == 0)
        return clear();
    if (strcmp(verb, "poweroff") == 0)
        return sim_guest_ends(first, LIBXL_SHUTDOWN_REASON_POWEROFF);
    if (strcmp(verb, "reboot") == 0)
        return sim_guest_ends(first, LIBXL_SHUTDOWN_REASON_REBOOT);
    if (strcmp(verb, "crash") == 0)
        return sim_guest_ends(first, LIBXL_SHUTDOWN_REASON_CRASH);
    if (strcmp(verb, "kill") == 0)
        return sim_guest_killed(first);
    return 0;
}

char *sim_command(const char *line)
{
    char verb[32] = "", first[SIM_TEXT] = "", second[SIM_TEXT] = "*";
    int count = 1;

    sscanf(line, "%31s %255s %255s %d", verb, first, second, &count);
    return strdup(obey(verb, first, second, count) ? "ok\n" : "no\n");
}
