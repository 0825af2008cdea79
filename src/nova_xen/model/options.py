# SPDX-License-Identifier: Apache-2.0
"""The operator's choices that planning needs, free of oslo.config."""

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True)
class PlanOptions:
    """Values of the configuration file, resolved."""

    instances_path: str
    vnc_enabled: bool = True
    vnc_listen: str = "127.0.0.1"
    usb_tablet: bool = True
    use_cow_images: bool = True
    images_type: str = "default"
    pv_bootloader: str = "pvgrub"
    cpuset: str | None = None
    vif_script: str | None = None
