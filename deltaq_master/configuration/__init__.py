"""The configuration of a device: snapshot, difference, plan, and changes that can be undone."""
