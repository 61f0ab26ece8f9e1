"""`made_once`: a part that is made when first needed, and once, whichever threads ask for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

Made = TypeVar("Made")


class made_once(Generic[Made]):  # noqa: N801  (a decorator, as `cached_property` is)
    """`functools.cached_property` behind the object's lock `_making`: from Python 3.12 on that one has none, and two
    threads would load a model twice.
    """

    def __init__(self, make: Callable[[Any], Made]) -> None:
        self._make, self._name = make, make.__name__
        self.__doc__ = make.__doc__

    def __get__(self, holder: Any, kind: type[Any] | None = None) -> Made:
        if holder is None:
            raise AttributeError(f"{self._name} is a part of an object, not of its class")
        with holder._making:
            if self._name not in vars(holder):
                vars(holder)[self._name] = self._make(holder)
            made: Made = vars(holder)[self._name]
            return made
