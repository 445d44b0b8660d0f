"""The session folder, ``NAME.vds/``: what the recorder writes and everything else reads.

``session.json`` names the tracks and their clocks, ``wire.jsonl`` holds one message a line with the sound cut out,
``playback.jsonl`` what the player did, and each track is a file of its own: FLAC once the session is closed, WAV or
raw PCM while it is live. A folder whose writer was killed is read as far as it goes; what is missing is a problem of
the recording, not an error.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from itertools import chain
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, cast

from voicediag.errors import FormatError, InputError
from voicediag.formats.audio_file import ChannelSource, open_sound
from voicediag.formats.pcm import BYTES_A_FRAME, open_raw
from voicediag.formats.wire_log import WireFile, WireLoader
from voicediag.session import (
    AudioSource,
    Clock,
    PlaybackEvent,
    Session,
    SessionBuilder,
    Track,
    TrackName,
    WireEvent,
    seconds,
    track_name,
)
from voicediag.session.layout import Layout, PlacedSource

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SCHEMA = "voicediag.session/1"
MANIFEST = "session.json"
RAW_ENDINGS = frozenset({".pcm", ".raw"})
BLOCK_S = 10.0


def sniff(path: Path) -> bool:
    """Whether a path is a session folder."""
    return path.is_dir() and ((path / MANIFEST).exists() or path.suffix == ".vds")


def read(path: Path) -> Session:
    """Return the session of a folder.

    Raises
    ------
    FormatError
        Where the folder has no manifest that can be read, or none of its tracks can.
    """
    manifest = _manifest(path)
    builder = SessionBuilder(path.name)
    keep = ("provider", "model", "created", "notes", "redactions")
    builder.describe({key: manifest.get(key) for key in keep})
    if manifest.get("closed") is not True:
        builder.problem(MANIFEST, "the session was never closed: its recorder was killed or is still running")
    playback = _playback(path / "playback.jsonl", builder)
    wire = path / "wire.jsonl"
    _lay_out_playback(builder, playback, manifest)
    if wire.exists():
        WireLoader(builder).load(wire)
    for entry in _entries(manifest):
        _add_track(builder, path, entry, _clock(manifest, entry.get("name")))
    if not builder.tracks:
        raise FormatError(path, expected="at least one track", got="; ".join(p.what for p in builder.problems))
    return builder.build(wire=WireFile(wire) if wire.exists() else (), playback=playback)


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
    for track in session.tracks.values():
        _write_flac(_as_streamed(track), draft / f"{track.name}.flac")
    _write_lines(draft / "wire.jsonl", (_wire_line(event) for event in session.wire))
    _write_lines(draft / "playback.jsonl", (_bare(asdict(event)) for event in session.playback))
    if truth is not None:
        (draft / "truth.json").write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")
    (draft / MANIFEST).write_text(json.dumps(_manifest_of(session), indent=1) + "\n", encoding="utf-8")
    draft.rename(path)


def _manifest(path: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FormatError(path, expected=f"a {MANIFEST}", got="none", likely="not a session folder") from None
    except (OSError, ValueError) as error:
        raise FormatError(path / MANIFEST, expected="JSON", got=str(error)) from error
    schema = manifest.get("schema") if isinstance(manifest, dict) else None
    if schema != SCHEMA:
        likely = "written by a newer voicediag" if str(schema).startswith("voicediag.session/") else None
        raise FormatError(path / MANIFEST, expected=f"schema {SCHEMA}", got=repr(schema), likely=likely)
    return cast("dict[str, Any]", manifest)


def _entries(manifest: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    tracks = manifest.get("tracks")
    return (entry for entry in tracks if isinstance(entry, dict)) if isinstance(tracks, list) else ()


def _clock(manifest: Mapping[str, Any], name: object) -> Clock:
    clocks = manifest.get("clocks")
    said = clocks.get(name) if isinstance(clocks, dict) else None
    if not isinstance(said, dict):
        return Clock()
    numbers = {key: float(said[key]) for key in ("offset_s", "drift_ppm") if isinstance(said.get(key), int | float)}
    return Clock(**numbers, learnt_from=str(said.get("learnt_from", "declared")))


def _add_track(builder: SessionBuilder, folder: Path, entry: Mapping[str, Any], clock: Clock) -> None:
    """Add one track of the manifest; what is wrong with it becomes a problem."""
    file = str(entry.get("file"))
    try:
        name = track_name(str(entry.get("name")))
        if PurePath(file).name != file:
            raise InputError(expected="a file inside the folder", got=repr(file))  # noqa: TRY301 - one way out
        source, encoding, problem = _open(folder / file, entry)
        if problem:
            builder.problem(file, problem)
        layout = _layout(builder, name) if clock.learnt_from == "wire" else None
        placed = PlacedSource(source, layout) if layout else source
        builder.add_track(Track(name=name, source=placed, clock=clock, encoding=encoding, provenance=file))
    except (InputError, OSError) as error:
        builder.problem(file, str(error))


def _layout(builder: SessionBuilder, name: TrackName) -> Layout | None:
    return builder.uplink if name.startswith("user") else builder.downlink


def _open(path: Path, entry: Mapping[str, Any]) -> tuple[AudioSource, str, str | None]:
    """Return a track's source, its encoding and what is wrong with the file."""
    if path.suffix in RAW_ENDINGS:
        rate_hz, encoding = entry.get("rate_hz"), str(entry.get("encoding"))
        if not isinstance(rate_hz, int) or rate_hz <= 0 or encoding not in BYTES_A_FRAME:
            raise InputError(expected="raw PCM with rate_hz and encoding", got=f"{rate_hz!r}, {encoding!r}")
        return open_raw(path, rate_hz=rate_hz, encoding=encoding), encoding, None
    file = open_sound(path)
    return ChannelSource(file, 0), file.encoding, file.problem


def _playback(path: Path, builder: SessionBuilder) -> tuple[PlaybackEvent, ...]:
    """Return what the player did, line by line."""
    if not path.exists():
        return ()
    events: list[PlaybackEvent] = []
    for number, text in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        try:
            line = json.loads(text)
            fields = {key: int(line[key]) for key in ("t_ns", "frame", "frames")}
            events.append(PlaybackEvent(event=line["event"], **fields))
        except (ValueError, KeyError, TypeError, RecursionError):
            builder.problem(f"{path.name}:{number}", f"expected a playback event, got {text[:40]!r}")
    return tuple(events)


def _lay_out_playback(
    builder: SessionBuilder, playback: Iterable[PlaybackEvent], manifest: Mapping[str, Any]
) -> None:
    """Let the player's own log, where there is one, say where received frames were heard."""
    rates = {entry.get("name"): entry.get("rate_hz") for entry in _entries(manifest)}
    rate_hz = rates.get("agent-received")
    played = sorted((e for e in playback if e.event == "played"), key=lambda e: (e.t_ns, e.frame))
    if not played or not isinstance(rate_hz, int):
        return
    layout = Layout(rate_hz)
    for event in played:
        layout.taken = event.frame
        layout.put(round(seconds(event.t_ns) * rate_hz), event.frames)
    layout.taken = 0
    builder.downlink = layout


def _as_streamed(track: Track) -> AudioSource:
    """Return the sound as it passed, without the silence that a layout puts between its pieces."""
    return track.source.stream if isinstance(track.source, PlacedSource) else track.source


def _write_flac(source: AudioSource, path: Path) -> None:
    """Write FLAC in blocks; sound that was never more than 16 bits deep comes back bit for bit."""
    import soundfile  # noqa: PLC0415

    size = round(BLOCK_S * source.rate_hz)
    with soundfile.SoundFile(path, "w", source.rate_hz, 1, "PCM_16") as file:
        for start in range(0, source.frames, size):
            file.write(source.read(start, size))


def _write_lines(path: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    """Write one JSON object a line; no file where there is no line."""
    waiting = iter(lines)
    if (line := next(waiting, None)) is None:
        return
    with path.open("w", encoding="utf-8") as file:
        for each in chain((line,), waiting):
            file.write(json.dumps(each, ensure_ascii=False, separators=(",", ":")) + "\n")


def _wire_line(event: WireEvent) -> Mapping[str, Any]:
    line = {
        "t_ns": event.t_ns,
        "wall_ns": event.wall_ns,
        "dir": event.direction,
        "seq": event.sequence,
        "kind": event.kind,
        "msg": event.message,
        "audio": asdict(event.audio) if event.audio else None,
    }
    return _bare(line)


def _bare(line: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in line.items() if value is not None}


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
        "redactions": told.get("redactions", []),
        "notes": told.get("notes", ""),
    }
