/* SPDX-License-Identifier: Apache-2.0 */
/* The socket over which tests command the simulation: a line in, a line out. */
#define _GNU_SOURCE
#include "sim.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void *talk(void *argument)
{
    int fd = (int)(intptr_t)argument;
    char line[1024];
    ssize_t length = read(fd, line, sizeof line - 1);

    if (length > 0) {
        char *answer;

        line[length] = '\0';
        answer = sim_command(line);
        if (write(fd, answer, strlen(answer)) < 0)
            sim_log("control: nobody reads the answer to %s", line);
        free(answer);
    }
    close(fd);
    return NULL;
}

static void *listen_for_tests(void *argument)
{
    int listener = (int)(intptr_t)argument, fd;

    while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        pthread_t thread;

        if (pthread_create(&thread, NULL, talk, (void *)(intptr_t)fd) == 0)
            pthread_detach(thread);
    }
    return NULL;
}

void sim_serve(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    pthread_t thread;

    sim_path(address.sun_path, sizeof address.sun_path, "control");
    unlink(address.sun_path);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 ||
        listen(listener, 8) < 0 ||
        pthread_create(&thread, NULL, listen_for_tests,
                       (void *)(intptr_t)listener) != 0)
        abort();
    pthread_detach(thread);
}
