"""Who is on a bus, what they are, and which objects they have: by listening first, by SDO reads alone if asked."""
