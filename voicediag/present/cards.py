"""What a page shows of each finding: its evidence, with pictures and sound as far as there is room for them.

A page of thirty findings is read by somebody in a hurry and sent by mail: pictures and clips are shared out so that
every finding has its first piece of evidence before any has its second.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from voicediag.present import clips, phrases, plots

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicediag.detect.finding import Evidence, Finding
    from voicediag.present.clips import Clip
    from voicediag.present.plots import Picture
    from voicediag.session import Session

MOST_EVIDENCE = 3
# Of a whole page. The timeline shows the rest, and half a megabyte of clips is a lot of evidence.
MOST_PICTURES, MOST_HEARD = 10, 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One piece of evidence with its picture and its sound, as far as there are a session and room for them."""

    evidence: Evidence
    picture: Picture | None
    clips: tuple[Clip, ...]

    @property
    def tracks(self) -> tuple[Clip, ...]:
        """The honest clips: one a track."""
        return tuple(clip for clip in self.clips if not clip.boost_db)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One finding with its evidence, and below it the cards of its symptoms."""

    finding: Finding
    anchor: str
    shown: tuple[Shown, ...]
    more: int
    symptoms: tuple[Card, ...] = ()


def tree(session: Session, findings: Sequence[Finding]) -> tuple[Card, ...]:
    """Return the root causes' cards, each with those of its symptoms."""
    cards = each(session, findings)
    roots = [card for card in cards if card.finding.explained_by is None]
    first = {card.finding.id: card.anchor for card in reversed(roots)}
    return tuple(
        replace(
            root, symptoms=tuple(card for card in cards if first.get(card.finding.explained_by or "") == root.anchor)
        )
        for root in roots
    )


def each(session: Session | None, findings: Sequence[Finding]) -> tuple[Card, ...]:
    """Return a card for each finding; without a session there are neither pictures nor sound."""
    tracks = session.tracks if session else {}
    pieces = sorted(
        (rank, place)
        for place, finding in enumerate(findings)
        for rank, piece in enumerate(finding.evidence[:MOST_EVIDENCE])
        if piece.track in tracks
    )
    heard, seen = pieces[:MOST_HEARD], set(pieces[:MOST_PICTURES])
    level = clips.COMPRESSION if len(heard) <= MOST_PICTURES else clips.MANY_COMPRESSION
    # Encoders leave the interpreter to those who draw.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        sounds = {
            (rank, place): pool.submit(clips.around, session, findings[place].evidence[rank], compression=level)
            for rank, place in heard
            if session
        }
        shown = {
            (rank, place): Shown(
                evidence=piece,
                picture=_picture(session, finding, piece) if (rank, place) in seen else None,
                clips=sounds[rank, place].result() if (rank, place) in sounds else (),
            )
            for place, finding in enumerate(findings)
            for rank, piece in enumerate(finding.evidence[:MOST_EVIDENCE])
        }
    return tuple(
        Card(
            finding=finding,
            anchor=anchor,
            shown=tuple(one for (_, of), one in shown.items() if of == place),
            more=max(0, len(finding.evidence) - MOST_EVIDENCE),
        )
        for place, (finding, anchor) in enumerate(zip(findings, phrases.anchors(tuple(findings)), strict=True))
    )


def _picture(session: Session | None, finding: Finding, piece: Evidence) -> Picture | None:
    return plots.evidence(session, piece, where=finding.where) if session else None
