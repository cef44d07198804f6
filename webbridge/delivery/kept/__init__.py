"""The files that people keep for themselves. Each is a parcel to oneself that never expires.

The bridge knows only times, and the number and sizes of the files' chunks. The names and folders of the files are in an
index, which is encrypted too. A file counts as kept once a version of the index names it, so every kept file has a name
and a folder.
"""

from __future__ import annotations

from webbridge.delivery.kept.files import KeptFiles

__all__ = ["KeptFiles"]
