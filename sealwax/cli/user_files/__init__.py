"""Files that the command keeps for its user: contacts, decisions about trust."""
