"""Who is on the bus, and which objects a device has: passive first, then by paced reads."""
