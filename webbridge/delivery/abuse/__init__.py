"""Abuse of the notices: limits, complaints, blocks, refusals of recipients, and domains that look like others.

Phishing through a notice needs a sender that the bridge has verified. So senders are limited and blocked.
"""
