"""A day's work by the bridge at each mail server that can be started here."""
