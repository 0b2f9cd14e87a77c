"""A bus: opened, listened to through one gate, and closed; what it can do, and what its errors mean."""
