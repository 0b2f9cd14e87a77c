"""Recording: a log that other tools open, and beside it what was decided, as JSON lines; and reading both."""
