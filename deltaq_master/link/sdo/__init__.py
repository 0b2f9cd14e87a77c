"""SDO transfers (CiA 301): one strict channel to a server, and the jobs that make many of them."""
