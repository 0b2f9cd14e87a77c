"""The other end: a simulated pack and charger, a hypothesis with sources; see docs/simulator.md."""
