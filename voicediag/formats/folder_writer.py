"""Writes a session as a closed folder; `session_folder` reads it back."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from itertools import chain
from typing import TYPE_CHECKING, Any

from voicediag.errors import InputError
from voicediag.formats import wire_line
from voicediag.session.layout import PlacedSource

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from voicediag.session import AudioSource, Session, Track

SCHEMA = "voicediag.session/1"
MANIFEST, WIRE, PLAYBACK, TRUTH = "session.json", "wire.jsonl", "playback.jsonl", "truth.json"
CAPTURE = "capture.jsonl"
BLOCK_S = 10.0
# What was stored with at most 16 bits a sample fits into 16 again; "flac" is what a manifest of ours says.
_SIXTEEN_BITS = frozenset({"pcm_16", "pcm_s8", "pcm_u8", "mulaw", "alaw", "ulaw", "flac"})

# JSON leaves these bare, and whoever splits the file into lines with Python would split there too.
_LINE_ENDS = {code: f"\\u{code:04x}" for code in (0x85, 0x2028, 0x2029)}


def write(session: Session, path: Path, *, truth: Mapping[str, Any] | None = None) -> None:
    """Write a session as a closed folder.

    Parameters
    ----------
    path : Path
        Must not exist; it appears whole or not at all.
    truth : mapping, optional
        The planted faults, for generated sessions.

    Raises
    ------
    InputError
        Where `path` exists.
    """
    if path.exists():
        raise InputError(expected="a new folder", got=f"{path}, which exists", likely="an earlier run left it")
    draft = path.with_name(f".{path.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        _write(session, draft, truth)
        draft.rename(path)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _write(session: Session, folder: Path, truth: Mapping[str, Any] | None) -> None:
    for track in session.tracks.values():
        _write_flac(track, folder / f"{track.name}.flac")
    _write_lines(folder / WIRE, map(wire_line.line_of, session.wire))
    _write_lines(folder / PLAYBACK, map(asdict, session.playback))
    _write_lines(folder / CAPTURE, session.capture.lines() if session.capture else ())
    if truth is not None:
        _write_json(folder / TRUTH, truth)
    _write_json(folder / MANIFEST, _manifest_of(session))


def _write_flac(track: Track, path: Path) -> None:
    """Write FLAC in blocks; sound that is at most 24 bits deep comes back bit for bit."""
    import soundfile

    source = _as_streamed(track)
    size = round(BLOCK_S * source.rate_hz)
    depth = "PCM_16" if track.encoding in _SIXTEEN_BITS else "PCM_24"
    with soundfile.SoundFile(path, "w", source.rate_hz, 1, depth) as file:
        for start in range(0, source.frames, size):
            file.write(source.read(start, size))


def _as_streamed(track: Track) -> AudioSource:
    """Return the sound as it passed, without the silence that a layout puts between its pieces."""
    return track.source.stream if isinstance(track.source, PlacedSource) else track.source


def _write_lines(path: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    """Write one JSON object a line; no file where there is no line."""
    waiting = iter(lines)
    if (line := next(waiting, None)) is None:
        return
    # A transcript may hold half of a surrogate pair, which UTF-8 cannot say; its JSON escape can.
    with path.open("w", encoding="utf-8", errors="backslashreplace") as file:
        for each in chain((line,), waiting):
            file.write(line_text(each))


def line_text(line: Mapping[str, Any]) -> str:
    """Return an object as one line of JSON, its end included."""
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")).translate(_LINE_ENDS) + "\n"


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


def _manifest_of(session: Session) -> Mapping[str, Any]:
    tracks = [
        {"name": t.name, "rate_hz": t.rate_hz, "channels": 1, "encoding": "flac", "file": f"{t.name}.flac"}
        for t in session.tracks.values()
    ]
    told = session.provenance
    return {
        "schema": SCHEMA,
        "created": told.get("created"),
        "provider": told.get("provider"),
        "model": told.get("model"),
        "closed": True,
        "tracks": tracks,
        "clocks": {track.name: asdict(track.clock) for track in session.tracks.values()},
        "problems": [asdict(problem) for problem in session.problems],
        "redactions": told.get("redactions", []),
        "notes": told.get("notes", ""),
    }
