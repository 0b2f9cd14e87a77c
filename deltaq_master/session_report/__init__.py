"""The room where a recording or a log becomes a report: a page, pictures of its curves, tables, and a seal."""
