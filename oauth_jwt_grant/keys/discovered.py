"""Published keys whose place the issuer's metadata tells."""

from __future__ import annotations

from typing import Any

from .discovery import locate_keys
from .remote import RemoteKeys
from .shared import fingerprint
from .transport import Deadline


class DiscoveredKeys(RemoteKeys):
    """The keys of an issuer that tells their URL in its metadata.

    The metadata is read anew with each fetch of the keys, from ``discovery_url`` or,
    if that is empty, from the well-known places under the issuer.
    """

    def __init__(self, *, discovery_url: str = "", **kwargs: Any) -> None:
        self._discovery_url = discovery_url
        super().__init__(**kwargs)

    def _source(self) -> str:
        return fingerprint("discovery", self._issuer, self._discovery_url)

    def _locate(self, deadline: Deadline) -> str:
        return locate_keys(self._fetcher, self._issuer, self._discovery_url, deadline)
