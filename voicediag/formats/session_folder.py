"""The session folder, ``NAME.vds/``: what the recorder writes and everything else reads.

``session.json`` names the tracks and their clocks, ``wire.jsonl`` holds one message a line with the sound cut out,
``playback.jsonl`` what the player did, and each track is a file of its own: FLAC once the session is closed, WAV or
raw PCM while it is live. A folder whose writer was killed is read as far as it goes; what is missing is a problem of
the recording, not an error.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from voicediag.errors import FormatError, InputError
from voicediag.formats import capture_log, playback_log, wire_line
from voicediag.formats.folder_writer import CAPTURE, MANIFEST, PLAYBACK, SCHEMA, WIRE, write
from voicediag.formats.pcm import open_raw
from voicediag.formats.sound_file import ChannelSource, open_sound
from voicediag.formats.wire_file import WireFile
from voicediag.formats.wire_log import WireLoader
from voicediag.protocols.events import BYTES_A_FRAME
from voicediag.session import Clock, Session, SessionBuilder, Track, TrackName, track_name
from voicediag.session.layout import PlacedSource
from voicediag.session.source import FASTEST_HZ, SLOWEST_HZ

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from voicediag.session import AudioSource

__all__ = ["MANIFEST", "SCHEMA", "read", "sniff", "write"]

ENDING = ".vds"
RAW_ENDINGS = frozenset({".pcm", ".raw"})
# Where the wire says when each chunk passed, it lays the track out; a second of it that no message names is amiss.
UNNAMED_S = 1.0
NEVER_CLOSED = "the session was never closed: its recorder was killed or is still running"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """A track's file and what the manifest says of it."""

    name: TrackName
    file: str
    source: AudioSource
    encoding: str
    clock: Clock


def sniff(path: Path) -> bool:
    """Whether a path is a session folder."""
    return path.is_dir() and ((path / MANIFEST).exists() or path.suffix == ENDING)


def read(path: Path) -> Session:
    """Return the session of a folder.

    Raises
    ------
    FormatError
        Where the folder has no manifest that can be read, none of its tracks can, or it has neither track nor log.
    """
    manifest = _manifest(path)
    builder = SessionBuilder(path.name)
    _describe(builder, manifest)
    opened = _tracks(builder, path, manifest)
    if not opened and not _is_soundless(path, manifest):
        got = "; ".join(problem.what for problem in builder.problems) or "none"
        raise FormatError(path, expected="at least one track, or messages without sound", got=got)
    sources = {name: track.source for name, track in opened.items()}
    playback = playback_log.read(path / PLAYBACK, builder)
    if received := sources.get("agent-received"):
        builder.downlink = playback_log.layout(playback, received)
    wire = WireFile(path / WIRE, in_folder=True) if (path / WIRE).is_file() else None
    if wire:
        WireLoader(builder, sources).load(wire)
    for track in opened.values():
        builder.add_track(_placed(builder, track))
    capture = capture_log.read(path / CAPTURE, builder)
    return builder.build(wire=wire or (), playback=playback, capture=capture)


def _is_soundless(path: Path, manifest: Mapping[str, Any]) -> bool:
    """Whether no sound ever passed: a connection that was refused leaves its messages alone."""
    if manifest.get("tracks") != [] or not (path / WIRE).is_file():
        return False
    loader = WireLoader(SessionBuilder(path.name))
    loader.load(WireFile(path / WIRE, in_folder=True))
    return not loader.cut_out and not loader.streams and bool(loader.builder.build().marks)


def _manifest(path: Path) -> dict[str, Any]:
    place = path / MANIFEST
    if not place.is_file():
        raise FormatError(path, expected=f"a {MANIFEST}", got="none", likely="not a session folder")
    try:
        fits = place.stat().st_size <= wire_line.LONGEST_LINE
        manifest = wire_line.json_object(place.read_text(encoding="utf-8-sig") if fits else None)
    except (OSError, ValueError) as error:
        raise FormatError(place, expected="JSON", got=str(error)) from error
    except InputError as error:
        raise FormatError(place, expected=error.expected, got=error.got, likely=error.likely) from error
    schema = manifest.get("schema")
    if schema != SCHEMA:
        newer = isinstance(schema, str) and schema.startswith("voicediag.session/")
        likely = "written by a newer voicediag" if newer else None
        got = json.dumps(schema)[: wire_line.SHOWN]
        raise FormatError(place, expected=f"schema {SCHEMA}", got=got, likely=likely)
    return manifest


def _describe(builder: SessionBuilder, manifest: Mapping[str, Any]) -> None:
    """Tell the builder what the manifest says of the recording as a whole."""
    texts = {key: manifest.get(key) for key in ("provider", "model", "created", "notes")}
    builder.describe({key: text for key, text in texts.items() if isinstance(text, str)})
    if isinstance(redactions := manifest.get("redactions"), list):
        builder.describe({"redactions": redactions})
    if manifest.get("closed") is not True:
        builder.problem(MANIFEST, NEVER_CLOSED)
    for known in _objects(manifest.get("problems")):
        builder.problem(str(known.get("where")), str(known.get("what")))


def _tracks(builder: SessionBuilder, folder: Path, manifest: Mapping[str, Any]) -> dict[TrackName, _Opened]:
    """Open every track of the manifest; what is wrong with one becomes a problem."""
    opened: dict[TrackName, _Opened] = {}
    clocks = manifest.get("clocks")
    for entry in _objects(manifest.get("tracks")):
        file = str(entry.get("file"))
        try:
            name = track_name(str(entry.get("name")))
            if name in opened:
                raise InputError(expected="one track of a name", got=f"{name} twice")  # noqa: TRY301 - one way out
            clock = _clock(builder, clocks.get(name) if isinstance(clocks, dict) else None)
            source, encoding = _source(builder, folder, entry)
            opened[name] = _Opened(name=name, file=file, source=source, encoding=encoding, clock=clock)
        except (InputError, OSError, ValueError) as error:
            builder.problem(file, str(error))
    return opened


def _source(builder: SessionBuilder, folder: Path, entry: Mapping[str, Any]) -> tuple[AudioSource, str]:
    """Return a track's sound and how it is stored.

    Raises
    ------
    InputError, OSError, ValueError
        Where there is none to be read.
    """
    file, rate_hz, encoding = str(entry.get("file")), entry.get("rate_hz"), str(entry.get("encoding"))
    path = folder / file
    if PurePath(file).name != file or not path.is_file():
        raise InputError(expected="a file inside the folder", got=repr(file), likely="it was not copied with the rest")
    if path.suffix in RAW_ENDINGS:
        if not isinstance(rate_hz, int) or not SLOWEST_HZ <= rate_hz <= FASTEST_HZ or encoding not in BYTES_A_FRAME:
            raise InputError(expected="raw PCM with rate_hz and encoding", got=f"{rate_hz!r}, {encoding!r}")
        return open_raw(path, rate_hz=rate_hz, encoding=encoding), encoding
    sound = open_sound(path)
    if sound.problem:
        builder.problem(file, sound.problem)
    if sound.channels != 1:
        builder.problem(file, f"expected one channel, got {sound.channels}; only the first is read")
    if rate_hz not in (sound.rate_hz, None):
        builder.problem(file, f"{MANIFEST} says {str(rate_hz)[: wire_line.SHOWN]} Hz and the file {sound.rate_hz} Hz")
    return ChannelSource(sound, 0), sound.encoding


def _clock(builder: SessionBuilder, said: object) -> Clock:
    if not isinstance(said, dict):
        return Clock()
    learnt_from = str(said.get("learnt_from", "declared"))
    try:
        return Clock(
            offset_s=float(said.get("offset_s", 0)), drift_ppm=float(said.get("drift_ppm", 0)), learnt_from=learnt_from
        )
    except (InputError, TypeError, ValueError, OverflowError) as error:
        builder.problem(MANIFEST, f"a clock: {error}")
        return Clock(learnt_from=learnt_from)


def _placed(builder: SessionBuilder, track: _Opened) -> Track:
    """Return a track, laid out by the wire where its clock says that only the wire knows."""
    source = track.source
    if track.clock.learnt_from == "wire":
        layout = builder.layout_of(track.name)
        if layout is None or not layout.begins:
            builder.problem(track.file, "no message says when its frames passed: they are laid end to end from 0 s")
        else:
            named = layout.taken if track.name.startswith("user") else builder.received
            if (unnamed := source.frames - named) > UNNAMED_S * source.rate_hz:
                builder.problem(track.file, f"no message names its last {unnamed} frames; they are left out")
            source = PlacedSource(source, layout)
    return Track(name=track.name, source=source, clock=track.clock, encoding=track.encoding, provenance=track.file)


def _objects(value: object) -> Iterator[Mapping[str, Any]]:
    """Yield the objects of a list; anything else yields nothing."""
    if isinstance(value, list):
        yield from (entry for entry in value if isinstance(entry, dict))
