"""The loop that checks is the loop that sends: one thread for all machines of a bus, and what it lives on."""
