"""What a run needs of the machine, and how to get what is missing."""

import re
import shutil
import subprocess
from pathlib import Path

_NODE_MAJOR = 20
_PEER_FILES = ("nestjs/package.json", "sql/schema.sql", "sql/seed.sql", "wrk/common.lua")


class NeedMissingError(Exception):
    """The run cannot be made on this machine; the message says what to install."""


def require_wrk() -> None:
    """Raise NeedMissingError where the load generator is not installed."""
    if shutil.which("wrk") is None:
        raise NeedMissingError("wrk is missing. Debian and Ubuntu: apt-get install wrk. macOS: brew install wrk.")


def why_no_peer(peer_dir: Path) -> str | None:
    """Say why the peer cannot be measured here; None when it can."""
    absent = [name for name in _PEER_FILES if not (peer_dir / name).is_file()]
    if absent:
        return f"no peer in {peer_dir} ({absent[0]} is not there). Name its folder in SOJOURN_PEER_DIR."
    version = node_version()
    if version is None or shutil.which("npm") is None:
        return f"Node and npm are missing. Install Node {_NODE_MAJOR} or newer (Debian 13: apt-get install nodejs npm)."
    if int(version.split(".")[0]) < _NODE_MAJOR:
        return f"Node {version} is too old for the peer. Install Node {_NODE_MAJOR} or newer."
    return None


def node_version() -> str | None:
    """Return the version of Node on the path, such as `20.20.2`."""
    node = shutil.which("node")
    if node is None:
        return None
    printed = subprocess.run([node, "--version"], capture_output=True, text=True, check=True, timeout=10).stdout
    found = re.fullmatch(r"v(\d+\.\d+\.\d+\S*)", printed.strip())
    return found[1] if found else None
