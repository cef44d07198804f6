"""RecipientInfo: the content-encryption key (CEK), encrypted for each recipient. Each kind has a module.

RFC 5652 section 6.2, RFC 9629 (KEM).
"""
