"""What the mock upstream knows."""

import json
import urllib.request


def upstream_statistics(upstream):
    url = f"http://127.0.0.1:{upstream.port}/stats"
    with urllib.request.urlopen(url, timeout=10) as response:
        return json.load(response)
