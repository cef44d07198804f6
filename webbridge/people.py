"""Certificates of people from the operator's folder, LDAP directories and the DNS: handed out, never believed.

Nothing is logged, since what is looked up says who writes to whom.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from smime_core.lookups.ldap import LdapDirectory
from smime_core.lookups.search import Directories, SearchResult, search
from smime_core.lookups.smimea import NameServer
from webbridge.certificates import CertificateFolder
from webbridge.errors import ApiError

MAX_SEARCHES = 8
"""At the same time, in one process: each may wait for a slow directory, and LDAP takes a process of its own."""
RETRY_SECONDS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleDirectory:
    """What the operator configured; `running` counts down the searches that may still begin."""

    folder: CertificateFolder
    ldap: tuple[LdapDirectory, ...]
    name_servers: tuple[NameServer, ...]
    running: threading.BoundedSemaphore

    @classmethod
    def of(
        cls, folder: CertificateFolder, ldap: tuple[LdapDirectory, ...], name_servers: tuple[NameServer, ...]
    ) -> PeopleDirectory:
        """A directory with no search running."""
        running = threading.BoundedSemaphore(MAX_SEARCHES)
        return cls(folder=folder, ldap=ldap, name_servers=name_servers, running=running)

    def search(self, address: str) -> SearchResult:
        """All that the configured places have for an address, within SEARCH_SECONDS.

        Raises ApiError 429 while too many searches run.
        """
        directories = Directories(folder=self.folder.find, ldap=self.ldap, name_servers=self.name_servers)
        if not self.running.acquire(blocking=False):
            text = "Too many people look for certificates at the moment."
            raise ApiError(429, "try-later", text, retry_after_seconds=RETRY_SECONDS)
        try:
            return search(address, directories)
        finally:
            self.running.release()
