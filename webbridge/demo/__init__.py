"""The demonstration: everything on one machine, forgotten at its end. Nothing in here is for real mail."""
