# SPDX-License-Identifier: Apache-2.0
"""[vnc]: options shared with Nova."""

from oslo_config import cfg

GROUP = "vnc"

vnc_opts = [
    cfg.BoolOpt("enabled", default=True, help="Give guests a screen over VNC."),
    cfg.HostAddressOpt(
        "server_listen",
        default="127.0.0.1",
        help="""
Address that VNC servers of guests listen on.

VNC is not encrypted and, without a password for the server, open to whoever
reaches this address.
""",
    ),
]
