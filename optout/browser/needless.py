"""What a settings page is not in need of, and what its loads would be waited for: never asked for at all.

Images and web fonts are left out by the browser's own settings (`launch.py`); here are films, sounds and the usual
measuring services of third parties. Hosts by their whole names: BiDi's patterns know no wildcards.
"""

from __future__ import annotations

from typing import Any

TRACKERS = (
    "www.google-analytics.com",
    "ssl.google-analytics.com",
    "region1.google-analytics.com",
    "www.googletagmanager.com",
    "www.googleadservices.com",
    "pagead2.googlesyndication.com",
    "stats.g.doubleclick.net",
    "googleads.g.doubleclick.net",
    "securepubads.g.doubleclick.net",
    "ad.doubleclick.net",
    "bat.bing.com",
    "connect.facebook.net",
    "analytics.tiktok.com",
    "static.ads-twitter.com",
    "static.hotjar.com",
    "script.hotjar.com",
    "sb.scorecardresearch.com",
    "dpm.demdex.net",
)
MEDIA = (".mp4", ".m4a", ".m4v", ".mp3", ".webm", ".ogg", ".m3u8")


def url_patterns() -> list[dict[str, Any]]:
    """The trackers as BiDi's URL patterns."""
    return [{"type": "pattern", "hostname": host} for host in TRACKERS]


def blocked_urls(patterns: list[dict[str, Any]]) -> list[str]:
    """The same in Chromium's words, and films and sounds, which BiDi cannot name."""
    hosts = [f"*://{one['hostname']}{port}/*" for one in patterns for port in ("", ":*")]
    return hosts + [f"*://*/*{ending}" for ending in MEDIA]
