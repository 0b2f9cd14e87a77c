"""What this device means: its report, its alarms, and the charge cycle, without a bus or a clock."""
