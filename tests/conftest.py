"""What holds for every test: a terminal of one width, whoever runs them and wherever."""

import os

os.environ["COLUMNS"] = "200"
for name in ("FORCE_COLOR", "NO_COLOR", "TERM", "TTY_COMPATIBLE"):
    os.environ.pop(name, None)
