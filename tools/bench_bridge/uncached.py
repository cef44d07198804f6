"""`python -m tools.bench_bridge.uncached`: `sealwax`, whose bridge keeps no rows of lists for later requests."""

from __future__ import annotations

from sealwax.cli import main
from webbridge.gateway.pool import ConnectionPool

if __name__ == "__main__":
    defaults = ConnectionPool.__init__.__kwdefaults__
    assert defaults is not None
    defaults["cache_bytes"] = 0
    main()
