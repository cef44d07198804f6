"""Options that verbs share: each group of them makes one value."""
