"""Notices by mail, which a service sends on its own: their queue, the mail, its signature, the mail server, the thread.

RFC 3834, RFC 5321, RFC 5322. Each service has its own words, and its own table for the queue.
"""
