"""The files that people keep for themselves: parcels to oneself, without an end.

The bridge has the number and sizes of their chunks, and times. Their names and folders are in an index, which is
ciphertext too. A file is kept from the version of the index on that names it, so that no file is kept in no folder.
"""

from __future__ import annotations

from webbridge.delivery.kept.files import KeptFiles

__all__ = ["KeptFiles"]
