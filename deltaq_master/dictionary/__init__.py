"""What a device has: EDS and DCF files (CiA 306), and the PDO mapping model with its codec."""
