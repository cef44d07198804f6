"""The part of the key server for organisations: their staff, copies, cases and routes.

The key server finds this package through an entry point (`roaming_keys.server`).
"""
