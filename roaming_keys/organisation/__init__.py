"""Organisations at the key server: staff who administer accounts, and officers who recover encryption keys together.

A person's keys that only encrypt are copied under a separate key, which is split among the officers of the person's
organisation. Keys that may sign are never copied, so nobody else can sign as that person.

The key server and its client find this package through the entry points `roaming_keys.client`, `roaming_keys.server`,
`sealwax.keys` and `sealwax.roam`, and run without it.
"""
