"""The room where what was recorded is made again: the same machines, the same events, the same times."""
