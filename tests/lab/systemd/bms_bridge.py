"""Battery readings as a bridge to a BMS writes them: into a named pipe that it makes, or to whoever connects.

python bms_bridge.py /run/bms/readings
python bms_bridge.py 127.0.0.1:29000
"""

from __future__ import annotations

import os
import socket
import sys
import time
from io import RawIOBase
from pathlib import Path

LINE = b'{"temperature": 24.5, "ready": true}\n'
PERIOD = 0.3

if __name__ == "__main__":
    source = sys.argv[1]
    out: RawIOBase
    if source.startswith("/"):
        path = Path(source)
        path.parent.mkdir(exist_ok=True)
        os.mkfifo(path)
        path.chmod(0o644)
        out = path.open("wb", buffering=0)
    else:
        host, _, port = source.partition(":")
        out = socket.create_server((host, int(port))).accept()[0].makefile("wb", buffering=0)
    while True:
        out.write(LINE)
        time.sleep(PERIOD)
