"""Certificates of mail users from the operator's folder, LDAP directories and the DNS, returned without any check.

Nothing is logged, because the addresses that are looked up show who writes to whom.
"""

from __future__ import annotations

from sealwax.lookups.search import Directories, SearchResult, search
from sealwax.service import Gate
from webbridge.certificates.files import CertificateFolder
from webbridge.config import BridgeConfig

MAX_SEARCHES = 8
"""The concurrent searches in one process. Each may wait for a slow directory, and LDAP needs a separate process."""
RETRY_SECONDS = 2
_REFUSAL = "Too many people look for certificates at the moment. Try again in a moment."


class PeopleDirectory:
    """The directories of the operator. `running` limits the concurrent searches."""

    def __init__(self, config: BridgeConfig) -> None:
        self.folder = CertificateFolder(config.directory_folder)
        self.running = Gate(MAX_SEARCHES, refusal=_REFUSAL, retry_seconds=RETRY_SECONDS)
        self._ldap = config.directory_ldap
        self._name_servers = config.directory_name_servers

    def search(self, address: str) -> SearchResult:
        """Return the certificates for an address from all configured directories, within SEARCH_SECONDS.

        Raises TryLater while too many searches run.
        """
        directories = Directories(folder=self.folder.find, ldap=self._ldap, name_servers=self._name_servers)
        with self.running.one():
            return search(address, directories)
