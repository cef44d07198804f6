"""Files with other people's certificates: PEM, DER, .p7b, LDIF (RFC 2849) and vCard (RFC 2426, 6350), read and written.

A certificate that is imported from such a file is stored, but not trusted.
"""
