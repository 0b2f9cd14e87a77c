"""How CANopen talks (CiA 301, 302), without a bus, a clock or a thread: time and frames are arguments."""
