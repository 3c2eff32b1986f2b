"""The public-suffix list, from the copy that came with the library and from nowhere else.

Left alone, ``tldextract`` downloads the list at its first call and keeps it in the home folder
(R-66): a look-up of an address in a text would then open a socket.
"""

from __future__ import annotations

from functools import cache

from tldextract import TLDExtract
from tldextract.tldextract import ExtractResult


@cache
def _bundled() -> TLDExtract:
    return TLDExtract(cache_dir=None, suffix_list_urls=(), fallback_to_snapshot=True)


def split_host(text: str) -> ExtractResult:
    """Split the host of *text* into subdomain, domain and suffix, without touching the network."""
    return _bundled()(text)
