"""The demonstration: all servers on one machine, with no data kept. It is not for real mail."""
