"""The operations of the verbs on messages, in memory or in streams."""
