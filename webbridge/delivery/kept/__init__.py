"""The files that people keep for themselves: parcels to oneself, without an end.

The bridge knows only the number and sizes of the files' chunks, and times. Their names and folders are in an index,
which is ciphertext too. A file counts as kept from the version of the index that names it, so every kept file is in a
folder.
"""

from __future__ import annotations

from webbridge.delivery.kept.files import KeptFiles

__all__ = ["KeptFiles"]
