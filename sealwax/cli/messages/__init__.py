"""The operations on messages that the verbs call, in memory or in streams."""
