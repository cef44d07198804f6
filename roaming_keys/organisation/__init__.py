"""Organisations at the key server: people who administer accounts, and officers who recover encryption keys together.

The keys of one person that only encrypt are copied under a key of their own, which is split among the officers of the
person's organisation. Keys that may sign are never copied, so that nobody can sign as that person.

Client and server find this package by the entry points `roaming_keys.client`, `roaming_keys.server`, `sealwax.keys` and
`sealwax.roam`, and run without it.
"""
