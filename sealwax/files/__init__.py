"""Files on disk: read up to a size limit, locked, and written completely or not at all.

The locks are POSIX advisory locks. A file is replaced by an atomic rename.
"""
