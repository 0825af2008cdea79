/* SPDX-License-Identifier: Apache-2.0 */
/* Disks, network and PCI devices of simulated domains. */
#include "sim.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The names libxl can give a number: xvd, hd and sd with letters, or dNpN. */
static int has_number(const char *vdev)
{
    static const char *const prefixes[] = { "xvd", "hd", "sd" };
    int disk, partition, used;

    for (int i = 0; i < 3; i++) {
        size_t length = strlen(prefixes[i]);

        if (strncmp(vdev, prefixes[i], length) == 0 && islower(vdev[length]))
            return 1;
    }
    return sscanf(vdev, "d%ip%i%n", &disk, &partition, &used) >= 2 && !vdev[used];
}

void sim_disk_choose_backend(libxl_device_disk *disk)
{
    if (disk->backend == LIBXL_DISK_BACKEND_UNKNOWN)
        disk->backend = disk->format == LIBXL_DISK_FORMAT_RAW
            ? LIBXL_DISK_BACKEND_PHY : LIBXL_DISK_BACKEND_QDISK;
}

int sim_disk_has_backend(const libxl_device_disk *disk)
{
    return disk->backend != LIBXL_DISK_BACKEND_TAP && has_number(disk->vdev);
}

static int plug_disk(struct sim_domain *domain, libxl_device_disk *disk)
{
    struct sim_disk *kept;

    if (!sim_disk_has_backend(disk)) {
        sim_blame("libxl_device.c:475:libxl__device_disk_set_backend: Domain %u:"
                  "no suitable backend for disk %s", domain->id, disk->vdev);
        return -1;
    }
    if (domain->disk_count == SIM_DEVICES)
        return -1;
    sim_disk_choose_backend(disk);
    kept = &domain->disks[domain->disk_count++];
    sim_copy(kept->vdev, sizeof kept->vdev, disk->vdev);
    sim_copy(kept->path, sizeof kept->path, disk->pdev_path);
    kept->backend = disk->backend;
    kept->began_empty = disk->is_cdrom && !disk->pdev_path;
    return 0;
}

static int plug_nic(struct sim_domain *domain, libxl_device_nic *nic)
{
    struct sim_nic *kept;

    if (nic->bridge && sim_bridge_missing(nic->bridge)) {
        sim_blame("libxl_exec.c:117:libxl_report_child_exitstatus: "
                  "/etc/xen/scripts/vif-bridge online [-1] exited with error "
                  "status 1: Could not find bridge device %s", nic->bridge);
        return -1;
    }
    if (domain->nic_count == SIM_DEVICES)
        return -1;
    if (nic->devid < 0)
        nic->devid = domain->nic_count;
    kept = &domain->nics[domain->nic_count++];
    memcpy(kept->mac, nic->mac, sizeof kept->mac);
    sim_copy(kept->bridge, sizeof kept->bridge, nic->bridge);
    kept->devid = nic->devid;
    return 0;
}

int sim_plug_all(struct sim_domain *domain, libxl_domain_config *config)
{
    for (int i = 0; i < config->num_disks; i++)
        if (plug_disk(domain, &config->disks[i]) < 0)
            return -1;
    for (int i = 0; i < config->num_nics; i++)
        if (plug_nic(domain, &config->nics[i]) < 0)
            return -1;
    return 0;
}

/* A guest that started without QEMU never gets one. */
static int lacks_qemu(const struct sim_domain *domain, const libxl_device_disk *disk)
{
    if (disk->backend != LIBXL_DISK_BACKEND_QDISK || domain->has_qemu)
        return 0;
    sim_blame("libxl_device.c:1486:device_addrm_aocomplete: unable to add device");
    return 1;
}

int libxl_device_disk_add(libxl_ctx *ctx, uint32_t id, libxl_device_disk *disk,
                          const libxl_asyncop_how *how)
{
    struct sim_domain *domain;
    char name[SIM_TEXT] = "";
    int result = ERROR_FAIL;

    sim_lock();
    domain = sim_find(id);
    if (domain)
        sim_copy(name, sizeof name, domain->name);
    if (domain && !sim_fails("attach-disk", domain->name) &&
        !lacks_qemu(domain, disk) && plug_disk(domain, disk) == 0)
        result = 0;
    sim_unlock();
    sim_log("attach-disk %u %s %s", id, disk->vdev, disk->pdev_path);
    sim_waits("attach-disk", name);
    return result;
}

/* Without its image QEMU never made the disk, and libxl waits in vain. */
static int unplug_disk(struct sim_domain *domain, const char *vdev)
{
    for (int i = 0; i < domain->disk_count; i++) {
        struct sim_disk *disk = &domain->disks[i];

        if (strcmp(disk->vdev, vdev) != 0)
            continue;
        if (disk->backend == LIBXL_DISK_BACKEND_QDISK && access(disk->path, F_OK) < 0)
            return -1;
        *disk = domain->disks[--domain->disk_count];
        return 0;
    }
    return -1;
}

int libxl_device_disk_remove(libxl_ctx *ctx, uint32_t id, libxl_device_disk *disk,
                             const libxl_asyncop_how *how)
{
    struct sim_domain *domain;
    int result = ERROR_FAIL;

    sim_lock();
    domain = sim_find(id);
    if (domain && !sim_fails("detach-disk", domain->name) &&
        unplug_disk(domain, disk->vdev) == 0)
        result = 0;
    sim_unlock();
    sim_log("detach-disk %u %s", id, disk->vdev);
    return result;
}

libxl_device_disk *libxl_device_disk_list(libxl_ctx *ctx, uint32_t id, int *count)
{
    struct sim_domain *domain;
    libxl_device_disk *disks = NULL;

    sim_lock();
    domain = sim_find(id);
    *count = domain ? domain->disk_count : 0;
    if (*count)
        disks = calloc(*count, sizeof *disks);
    for (int i = 0; i < *count; i++) {
        libxl_device_disk_init(&disks[i]);
        disks[i].vdev = strdup(domain->disks[i].vdev);
        disks[i].backend = domain->disks[i].backend;
    }
    sim_unlock();
    return disks;
}

/* QEMU dies of a medium for a drive that began without one. */
int libxl_cdrom_insert(libxl_ctx *ctx, uint32_t id, libxl_device_disk *disk,
                       const libxl_asyncop_how *how)
{
    struct sim_domain *domain;
    int result = ERROR_FAIL;

    sim_lock();
    domain = sim_find(id);
    for (int i = 0; domain && i < domain->disk_count; i++) {
        struct sim_disk *kept = &domain->disks[i];

        if (strcmp(kept->vdev, disk->vdev) != 0 || kept->began_empty)
            continue;
        sim_copy(kept->path, sizeof kept->path, disk->pdev_path);
        result = 0;
    }
    sim_unlock();
    sim_log("cdrom %u %s", id, disk->pdev_path ? disk->pdev_path : "");
    if (result)
        sim_blame("libxl_qmp.c:1438:qmp_ev_fd_callback: Domain %u:"
                  "Error happened with the QMP connection to QEMU", id);
    return result;
}

int libxl_device_nic_add(libxl_ctx *ctx, uint32_t id, libxl_device_nic *nic,
                         const libxl_asyncop_how *how)
{
    struct sim_domain *domain;
    int result = ERROR_FAIL;

    sim_lock();
    domain = sim_find(id);
    if (domain && !sim_fails("attach-nic", domain->name) && plug_nic(domain, nic) == 0)
        result = 0;
    sim_unlock();
    sim_log("attach-nic %u %s", id, nic->bridge ? nic->bridge : "");
    return result;
}

static struct sim_nic *find_nic(struct sim_domain *domain, const uint8_t *mac)
{
    for (int i = 0; domain && i < domain->nic_count; i++)
        if (memcmp(domain->nics[i].mac, mac, 6) == 0)
            return &domain->nics[i];
    return NULL;
}

int libxl_mac_to_device_nic(libxl_ctx *ctx, uint32_t id, const char *text,
                            libxl_device_nic *nic)
{
    unsigned part[6];
    struct sim_nic *found = NULL;

    libxl_device_nic_init(nic);
    if (sscanf(text, "%x:%x:%x:%x:%x:%x", &part[0], &part[1], &part[2], &part[3],
               &part[4], &part[5]) != 6)
        return ERROR_INVAL;
    for (int i = 0; i < 6; i++)
        nic->mac[i] = part[i];
    sim_lock();
    found = find_nic(sim_find(id), nic->mac);
    if (found)
        nic->devid = found->devid;
    sim_unlock();
    return found ? 0 : ERROR_INVAL;
}

int libxl_device_nic_remove(libxl_ctx *ctx, uint32_t id, libxl_device_nic *nic,
                            const libxl_asyncop_how *how)
{
    struct sim_domain *domain;
    struct sim_nic *found;

    sim_lock();
    domain = sim_find(id);
    found = find_nic(domain, nic->mac);
    if (found)
        *found = domain->nics[--domain->nic_count];
    sim_unlock();
    sim_log("detach-nic %u", id);
    return found ? 0 : ERROR_FAIL;
}

int libxl_device_pci_add(libxl_ctx *ctx, uint32_t id, libxl_device_pci *pci,
                         const libxl_asyncop_how *how)
{
    sim_log("attach-pci %u %04x:%02x:%02x.%x", id, pci->domain, pci->bus, pci->dev,
            pci->func);
    return 0;
}

int libxl_device_pci_remove(libxl_ctx *ctx, uint32_t id, libxl_device_pci *pci,
                            const libxl_asyncop_how *how)
{
    sim_log("detach-pci %u %04x:%02x:%02x.%x", id, pci->domain, pci->bus, pci->dev,
            pci->func);
    return 0;
}

libxl_device_channel *libxl_device_channel_list(libxl_ctx *ctx, uint32_t id, int *count)
{
    *count = 0;
    return NULL;
}

libxl_device_usbdev *libxl_device_usbdev_list(libxl_ctx *ctx, uint32_t id, int *count)
{
    *count = 0;
    return NULL;
}
