"""Signing in with the mail password: the sessions, and the counters against the guessing of passwords."""
