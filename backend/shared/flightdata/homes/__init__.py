"""The two homes: each makes a set of backends from the settings. `wiring` chooses, for all ports or port by port."""
