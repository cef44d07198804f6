"""The commands of an operator, as far as bridge and key server share them: settings, the server's process, checks."""
