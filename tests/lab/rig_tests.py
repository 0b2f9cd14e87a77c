"""Which tests of tests/rig do not run on SocketCAN, and why; and the sample that runs every time."""

from __future__ import annotations

from typing import Final

CHILD: Final = "starts a program that has the simulator in it"
OTHER: Final = "is about another interface, and opens it itself"
SIMULATED: Final = "is about the simulated bus itself, or reaches into it"
VIRTUAL: Final = "on a virtual clock or on files, without a bus"

LEFT_OUT: Final = {
    "test_cli_config.py::test_no_charger_code_for_another_device": CHILD,
    "test_cli_doctor.py::test_a_silent_device_is_said": SIMULATED,
    "test_cli_doctor.py::test_it_says_so_to_programs": SIMULATED,
    "test_cli_doctor.py::test_what_this_way_to_the_bus_can_do": SIMULATED,
    "test_cli_door.py": VIRTUAL,
    "test_cli_monitor.py::test_a_bus_that_is_lost_for_good_ends_it": SIMULATED,
    "test_cli_pdo_dump.py::test_any_device_and_no_code_of_the_charger": CHILD,
    "test_cli_pdo_remap.py::test_no_charger_code_is_needed_for_another_device": CHILD,
    "test_cli_pdo_verify.py::test_a_device_that_is_no_charger_needs_no_line_of_its_code": CHILD,
    "test_cli_record.py::test_a_recorded_scan_of_any_device_does_without_the_charger": CHILD,
    "test_cli_record.py::test_what_was_written_survives_sigkill": CHILD,
    "test_cli_report.py": VIRTUAL,
    "test_cli_scan.py::test_a_bus_that_is_lost_leaves_the_objects": SIMULATED,
    "test_cli_scan.py::test_a_bus_that_is_lost_leaves_the_search": SIMULATED,
    "test_cli_scan.py::test_a_bus_that_is_lost_leaves_what_was_found": SIMULATED,
    "test_cli_scan.py::test_no_charger_code_is_needed_for_another_device": CHILD,
    "test_cli_screen.py::test_a_charge_to_its_end": CHILD,
    "test_cli_screen.py::test_a_pause_ends_the_charge_and_the_screen_comes_back": CHILD,
    "test_cli_screen.py::test_a_terminal_that_goes_away_ends_the_charge_and_the_program": CHILD,
    "test_cli_screen.py::test_lines_where_no_screen_is_wanted_or_possible": CHILD,
    "test_cli_screen.py::test_monitor_sends_nothing_and_ends_at_once": CHILD,
    "test_cli_screen.py::test_q_ends_a_charge_in_the_safe_order_and_once_more_shortens_nothing": CHILD,
    "test_cli_screen.py::test_textual_is_imported_for_a_screen_alone": CHILD,
    "test_cli_sim.py": SIMULATED,
    "test_configuration_crash.py": OTHER,
    "test_endings.py": VIRTUAL,
    "test_frozen.py": VIRTUAL,
    "test_pdo_tools.py::test_another_device_needs_no_code_of_the_charger": CHILD,
    "test_pdo_tools.py::test_it_runs_from_anywhere_without_the_command": CHILD,
    "test_report_browser.py": VIRTUAL,
    "test_starting.py": VIRTUAL,
    "test_switches.py": VIRTUAL,
    "test_ways.py": OTHER,
}
"""A file, or file::test, or file::test[row], of tests/rig: why it is left out."""

SAMPLE: Final = (
    "tests/rig/test_master.py::test_it_charges_to_complete_and_the_wire_shows_the_safe_order",
    "tests/rig/test_master.py::test_after_a_boot_the_remote_node_has_the_devices_own_maps",
    "tests/rig/test_master.py::test_a_ten_line_script_with_plain_canopen_reads_volts",
    "tests/rig/test_cli_charge.py::test_a_signal_ends_it_in_the_safe_order[SIGINT]",
    "tests/rig/test_cli_bad_input.py::test_a_foreign_heartbeat_after_ours",
    "tests/rig/test_cli_scan.py::test_active_is_reads_alone",
    "tests/rig/test_cli_scan.py::test_127_node_ids",
    "tests/rig/test_cli_pdo_dump.py::test_every_slot_of_the_notes_is_at_its_true_place",
    "tests/rig/test_cli_pdo_remap.py::test_a_failure_is_undone_and_said[write-abort-at:4]",
    "tests/rig/test_cli_config.py::test_a_failed_apply_is_undone_and_says_so",
    "tests/rig/test_configure.py::test_values_are_written_together_when_the_block_is_left",
)
"""Tests that `tests/lab/run` runs beside its own: one of each kind of job."""
