"""Files that the command stores for its user, such as contacts and decisions about trust."""
