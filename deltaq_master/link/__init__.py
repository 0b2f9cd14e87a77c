"""The wire: the only place that knows python-can, canopen, threads and the clock."""
