"""Where it is remembered what accounts have left and how their calls fare."""
