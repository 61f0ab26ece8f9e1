"""What long work tells whoever watches it. Owns the protocol and the silent watcher; draws nothing.

Indexing calls it from one thread. The watcher must be quick and must never raise.
"""

from __future__ import annotations

from typing import Literal, Protocol

Stage = Literal["parse", "embed", "store"]
"""A page is parsed (text, boxes, OCR), embedded (text and page vectors), then stored: durable from then on."""


class Progress(Protocol):
    """Watches pages go through the stages."""

    def start(self, total_pages: int) -> None:
        """So many pages are to be read, as far as is known; called again when that number changes."""

    def advance(self, stage: Stage, pages: int) -> None:
        """`pages` more pages have left `stage`."""

    def finish(self) -> None:
        """Nothing more will come, because all is done or because it failed."""


class NoProgress:
    """Watches nothing."""

    def start(self, total_pages: int) -> None:
        pass

    def advance(self, stage: Stage, pages: int) -> None:
        pass

    def finish(self) -> None:
        pass
