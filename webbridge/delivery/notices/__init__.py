"""Notices by mail about parcels: to recipients that a parcel waits, and to its sender what became of it.

`recipients` says who gets none, `parcel_mail` and `sender_mail` write, `outbox` is the queue, `sending` empties it.
"""
