"""A bus that comes up by itself, and services that watch or charge on it, by systemd.

`request.py` says what is asked, `machine.py` what the computer is, `plan.py` decides, `bus_units.py` and
`program_unit.py` write texts; all of these are pure. `carrying.py` does it, `looking.py` finds the facts.
"""
