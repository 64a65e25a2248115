"""Published keys; their URL comes from the issuer's metadata."""

from __future__ import annotations

from typing import Any

from .discovery import fetch_metadata, keys_url
from .remote import RemoteKeys
from .transport import Deadline


class DiscoveredKeys(RemoteKeys):
    """The keys of an issuer that publishes their URL in its metadata.

    The metadata is read again with each fetch of the keys, from ``discovery_url`` or,
    if that is empty, from the well-known places under the issuer.
    """

    def __init__(self, *, discovery_url: str = "", **kwargs: Any) -> None:
        self._discovery_url = discovery_url
        super().__init__(**kwargs)

    def _place(self) -> tuple[str, str]:
        return "discovery", self._discovery_url

    def _locate(self, deadline: Deadline) -> str:
        document = fetch_metadata(self._fetcher, self._issuer, self._discovery_url, deadline)
        return keys_url(document, self._issuer)
