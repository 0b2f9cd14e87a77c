"""What a device maps, against its EDS, a profile or a DBC: findings with evidence, and reports of them."""
