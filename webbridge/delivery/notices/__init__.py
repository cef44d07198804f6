"""Notices by mail about parcels. They announce a parcel to its recipients, and report to its sender what became of it.

`recipients` decides who gets no notice. `parcel_mail` and `sender_mail` write mails, `outbox` is their queue, and
`sending` sends the mails of the queue.
"""
