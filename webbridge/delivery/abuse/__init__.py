"""Abuse of the notices: limits, complaints, blocks, refusals of recipients, and domains that look like others.

Phishing through a notice needs a sender whom the bridge has verified. So the sender is what is limited and blocked.
"""
