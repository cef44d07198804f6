"""Files on disk: read up to a bound, locked, and written completely or not at all.

POSIX advisory locks and atomic renames.
"""
