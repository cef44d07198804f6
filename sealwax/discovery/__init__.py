"""Discovery: the service that signs and publishes the list of a domain's servers, and the native client of the list.

`smime_core.own_content` builds and reads the signed list, which is called the document. docs/discovery_protocol.md
describes the protocol.
"""
