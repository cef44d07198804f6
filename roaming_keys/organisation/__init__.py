"""Organisations at the key server: people who administer accounts, and officers who recover encryption keys together.

The keys of one person that only encrypt are copied under a key of their own, which is split among the officers of the
person's organisation. Keys that may sign are never copied, so that nobody can sign as that person.

`shares`, `policy`, `copies`, `messages` and `owner` are the clients' side, without I/O. `staff` to `views` are the
server's, `client` and `commands` those of the command.
"""
