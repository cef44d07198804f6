"""Mails that a service sends by itself, called notices: their queue, text and signature, the mail server, the thread.

RFC 3834, RFC 5321, RFC 5322. Each service has its own texts, and its own table for the queue.
"""
