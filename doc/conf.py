# SPDX-License-Identifier: Apache-2.0
project = "nova-xen"
author = "the nova-xen authors"
copyright = author
extensions = ["oslo_config.sphinxext"]
exclude_patterns = ["build"]
html_theme = "alabaster"
highlight_language = "none"
