# SPDX-License-Identifier: MIT
"""What axe-core finds in a page that keeps people from using it."""

import json
from pathlib import Path

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"


def assert_accessible(chromium):
    """Nothing that axe calls serious or critical."""
    chromium.evaluate(AXE.read_text(encoding="utf-8") + ";0")
    found = chromium.evaluate("axe.run().then(({ violations }) => violations)")
    assert [(each["id"], [node["target"] for node in each["nodes"]]) for each in found
            if each["impact"] in ("serious", "critical")] == [], json.dumps(found, indent=1)
