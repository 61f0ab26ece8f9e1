"""Who computes: one thread of the process at a time, whichever library it searches.

The models, their tokenizers and what a search remembers are for one thread, and the thread counts of the linear algebra
underneath, which a search sets and restores, are the process's. Waiting for an endpoint to answer is not computing.
"""

from __future__ import annotations

import threading

COMPUTING = threading.RLock()
"""Held while pages are searched and while quotations are chosen."""
