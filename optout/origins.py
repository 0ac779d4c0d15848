"""Origins of services: scheme, host and port, compared as browsers compare them."""

from __future__ import annotations

from urllib.parse import urlsplit

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
DEFAULT_PORTS = {"https": 443, "http": 80}


def origin_parts(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port of an address, the port filled in where it is the scheme's own.

    Raises `ValueError` for what is no address of a host.
    """
    parts = urlsplit(url)
    if not parts.scheme or not parts.hostname:
        raise ValueError(f"no origin: {url}")
    return parts.scheme.lower(), parts.hostname.lower(), parts.port or DEFAULT_PORTS.get(parts.scheme.lower())


def is_same_origin(one: str, other: str) -> bool:
    """Whether both addresses have the same scheme, host and port; never true for what is no address."""
    try:
        return origin_parts(one) == origin_parts(other)
    except ValueError:
        return False


def is_loopback(url: str) -> bool:
    """Whether the address is this machine's own."""
    try:
        return origin_parts(url)[1] in LOOPBACK_HOSTS
    except ValueError:
        return False


def normal_origin(url: str) -> str:
    """The origin in its one spelling: lower case, without the scheme's own port. Raises `ValueError`."""
    scheme, host, port = origin_parts(url)
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}" if port in (None, DEFAULT_PORTS.get(scheme)) else f"{scheme}://{shown}:{port}"
