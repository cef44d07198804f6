"""People who sign in with their mail password: the sessions, and the counters that stop guessing."""
