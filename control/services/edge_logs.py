"""DIR/logs/edges: what edges have sent of their logs, a directory for each; processor/receipts.py reads them."""

from __future__ import annotations

import os
import re
from pathlib import Path

from nginx import contract


class EdgeLogs:
    def __init__(self, logs: Path):
        self._root = contract.edge_logs(logs)

    def put(self, edge: str, piece: str, body: str) -> bool:
        """Put a piece that Nginx has spooled in the place of one of its name; False where there is none."""
        if not re.fullmatch(contract.EDGE_NAME, edge) or not re.fullmatch(contract.EDGE_LOG, piece):
            return False
        place = self._root / edge
        place.mkdir(mode=0o700, exist_ok=True)
        try:
            os.replace(self._root / contract.EDGE_INCOMING / os.path.basename(body), place / piece)
        except OSError:
            return False
        return True
