"""Parcels through a bridge's delivery service: the client that encrypts, sends, lists and opens them.

The service gets ciphertext and a signed, encrypted manifest only (`smime_core.parcels`). The client uses HTTP with
JSON, tus 1.0 for uploads, and ranges for downloads.
"""
