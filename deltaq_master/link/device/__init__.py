"""One device: canopen's `RemoteNode` made safe, looks at it, and changes of it that are made whole or undone."""
