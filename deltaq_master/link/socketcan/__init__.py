"""SocketCAN by sockets of our own: filters, times, error states, and frames on a lease (docs/socketcan.md)."""
