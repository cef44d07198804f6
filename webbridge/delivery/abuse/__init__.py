"""Abuse of the notices: limits, complaints, blocks, refusals of recipients, and look-alike domains.

Only a sender that the bridge has verified can use notices for phishing. So senders are limited and blocked.
"""
