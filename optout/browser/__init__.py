"""Browsers and grid sessions, tabs, network quiet, page recognition."""
