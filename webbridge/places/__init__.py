"""The places of sessions: each place allows one connection or transfer at a time. All processes count them together."""
