"""The parts of an operator's commands that all services share: settings, the process of a service, checks."""
