"""`python -m deltaq_master` is the command `deltaq`."""

import sys

from deltaq_master.cli import main

sys.exit(main())
