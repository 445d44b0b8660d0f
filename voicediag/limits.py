"""A threshold that says where it comes from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limit:
    """A threshold that says where it comes from.

    Parameters
    ----------
    value : float
    unit : str
        ``dBFS``, ``ms``, ``words`` ...
    source : str
        A standard's clause, a paper, or the committed benchmark that fitted it.
    """

    value: float
    unit: str
    source: str
