"""From a scene to a session folder with its truth."""

from __future__ import annotations

import itertools
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from recipe import accidents, browsing, gemini, losses, openai, sound, stage, voices
from recipe.stage import AGENT_HZ, DIALECTS, Heard, Reply, Staged
from recipe.wire_damages import OnTheWire
from voicediag.formats import session_folder
from voicediag.session import ArraySource, Clock, PlaybackEvent, Session, Track, TrackName, WireEvent
from voicediag.signals import Injected
from voicediag.spans import Span, SpanSet

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from recipe.messages import Message
    from recipe.script import Scene
    from recipe.sound import Samples

TRUTH_SCHEMA = "voicediag.truth/1"
CREATED = "2026-11-20T10:00:00Z"
CREATED_NS = 1_795_168_800_000_000_000
MODELS = {"gemini-live": gemini, "openai-realtime": openai}
PLAYED_S = 0.1
FLUSH_S = 0.008
STALLED_S = 0.5
LICENCE = "CC BY-SA 3.0"

Truth = dict[str, Any]


def produce(scene: Scene, folder: Path) -> None:
    """Write a scene's session folder, which must not exist."""
    staged = stage.stage(scene)
    came, model_fault = _damaged(scene.model_damage, stage.received(staged), AGENT_HZ, _in_stream(staged))
    speaker = sound.drifted(stage.played(staged, came), scene.player_ppm or 0.0)
    user_hz = DIALECTS[scene.provider].user_hz
    captured = sound.as_16_bit(stage.microphone(scene, staged, speaker))
    sent, user_fault = _damaged(scene.damage, captured, user_hz, staged)
    if scene.sent_hz:
        sent = sound.as_16_bit(sound.resampled(sent, user_hz, scene.sent_hz))
    sounds: dict[TrackName, tuple[Samples, int]] = {
        "user-sent": (sent, user_hz),
        "agent-received": (came, AGENT_HZ),
        "agent-played": (speaker, AGENT_HZ),
    }
    if not staged.replies:
        sounds = {"user-sent": sounds["user-sent"]}
    if scene.taps_microphone:
        sounds["user-captured"] = (captured, user_hz)
    if scene.only_received and scene.player_ppm is None:
        del sounds["agent-played"]
    passed = _on_the_wire(scene, staged, sent.size)
    if frames := _passed_frames(passed, "user-sent"):
        sounds["user-sent"] = (sent[:frames], user_hz)
    else:
        del sounds["user-sent"]
    if scene.granted is not None:
        sounds, passed = {"user-captured": (sent, user_hz)}, OnTheWire(messages=[])
    tap: TrackName = "user-captured" if scene.granted is not None else "user-sent"
    faults = [
        *_planted(scene, tap, user_fault, sent, user_hz),
        *_misdeclared(scene, staged, user_hz),
        *_planted(scene, "agent-received", _on_the_clock(staged, model_fault), came, AGENT_HZ),
        *_echoes(scene, staged, user_fault),
        *_killed(scene, staged),
        *_of_the_wire(scene, staged, passed),
        *_unflushed(staged),
        *_stalled(staged),
        *_starved(staged),
        *_drifting(scene, staged),
        *_haunted(staged),
    ]
    session_folder.write(
        _session(scene, staged, sounds, passed.messages), folder, truth=_truth(scene, staged, faults, user_fault)
    )
    if scene.killed_s is not None:
        accidents.kill(folder, after_s=scene.killed_s)


def _damaged(damage: Any, samples: Samples, rate_hz: int, staged: Staged) -> tuple[Samples, Injected | None]:
    if damage is None:
        return samples, None
    injected: Injected = damage(samples, rate_hz, staged.moments)
    return sound.as_16_bit(injected.samples), injected


def _in_stream(staged: Staged) -> Staged:
    """Return the agent's turns where they lie in the received stream, which has no pauses."""
    turns: list[Any] = [
        Reply(text=r.text, samples=r.samples, first_s=0, play_frame=r.frame, played=r.samples.size)
        for r in staged.replies
    ]
    return Staged(turns=turns, duration_s=sum(r.samples.size for r in staged.replies) / AGENT_HZ)


def _on_the_clock(staged: Staged, injected: Injected | None) -> Injected | None:
    """Return a fault of the received stream with its spans where they were played."""
    if injected is None:
        return None
    spans = []
    for reply in staged.replies:
        own = Span(reply.frame / AGENT_HZ, (reply.frame + reply.played) / AGENT_HZ)
        spans += [both.shifted(reply.play_s - own.start_s) for span in injected.spans if (both := span.overlap(own))]
    return Injected(samples=injected.samples, spans=tuple(spans), sizes=injected.sizes)


def _planted(
    scene: Scene, track: TrackName, injected: Injected | None, samples: Samples, rate_hz: int
) -> Iterator[Truth]:
    if injected is None:
        return
    sizes = {name: round(value, 6) for name, value in injected.sizes.items()}
    if "gain_db" in sizes and sizes["gain_db"] < 0:
        inside = injected.spans[0]
        part = samples[round(inside.start_s * rate_hz) : round(inside.end_s * rate_hz)]
        sizes["rms"] = round(10 ** (sound.active_level_db(part, rate_hz) / 20), 4)
    yield {"id": scene.folder, "track": track, "spans": _pairs(injected.spans), "sizes": sizes}


def _misdeclared(scene: Scene, staged: Staged, declared_hz: int) -> Iterator[Truth]:
    if scene.sent_hz:
        sizes = {"ratio": scene.sent_hz / declared_hz, "declared_hz": declared_hz, "actual_hz": scene.sent_hz}
        yield {"id": "wrong-rate", "track": "user-sent", "spans": [[0.0, round(staged.duration_s, 3)]], "sizes": sizes}


def _killed(scene: Scene, staged: Staged) -> Iterator[Truth]:
    if scene.killed_s is not None:
        lost_s = round(staged.duration_s - scene.killed_s, 3)
        spans = [[scene.killed_s, round(staged.duration_s, 3)]]
        yield {"id": "damaged-recording", "track": "user-sent", "spans": spans, "sizes": {"lost_s": lost_s}}


def _of_the_wire(scene: Scene, staged: Staged, passed: OnTheWire) -> Iterator[Truth]:
    if passed.spans:
        track = passed.track or ("agent-received" if staged.replies and not staged.pauses else "user-sent")
        sizes = passed.sizes or {}
        yield {"id": scene.folder, "track": track, "spans": _pairs(passed.spans), "sizes": sizes}
        for symptom in passed.brings:
            yield {"id": symptom, "track": track, "spans": _pairs(passed.spans), "sizes": {}}


def _unflushed(staged: Staged) -> Iterator[Truth]:
    stale = [(reply.stop_s or 0.0, reply.stale / AGENT_HZ) for reply in staged.replies if reply.stale]
    if stale:
        spans = [Span(stop_s, stop_s + late_s) for stop_s, late_s in stale]
        sizes = {"stale_ms": round(max(late_s for _, late_s in stale) * 1_000, 1), "interruptions": len(stale)}
        yield {"id": "unflushed-playback", "track": "agent-played", "spans": _pairs(spans), "sizes": sizes}


def _stalled(staged: Staged) -> Iterator[Truth]:
    spans = [Span(*stall) for reply in staged.replies for stall in reply.stalls]
    # What a cushion is for is no fault of the pace.
    if any(span.duration_s > STALLED_S for span in spans):
        sizes = {"stalls": len(spans), "longest_s": round(max(span.duration_s for span in spans), 4)}
        yield {"id": "bad-pacing", "track": "agent-received", "spans": _pairs(spans), "sizes": sizes}


def _starved(staged: Staged) -> Iterator[Truth]:
    gaps = [
        Span((place - frames) / AGENT_HZ, place / AGENT_HZ)
        for reply in staged.replies
        for before, frames in reply.gaps
        for place in (reply.place_of(before),)
    ]
    seams = [reply.place_of(seam) / AGENT_HZ for reply in staged.replies for seam in reply.seams]
    if gaps or seams:
        sizes = {"gaps": len(gaps), "gap_total_s": round(sum(gap.duration_s for gap in gaps), 4), "never": len(seams)}
        track = "agent-received" if seams else "agent-played"
        spans = [*gaps, *(Span(at_s, at_s) for at_s in seams)]
        yield {"id": "starved-playback", "track": track, "spans": _pairs(sorted(spans)), "sizes": sizes}


def _drifting(scene: Scene, staged: Staged) -> Iterator[Truth]:
    if scene.player_ppm:
        spans = [[0.0, round(staged.duration_s, 3)]]
        yield {
            "id": "clock-drift",
            "track": "agent-played",
            "spans": spans,
            "sizes": {"drift_ppm": scene.player_ppm},
        }


def _haunted(staged: Staged) -> Iterator[Truth]:
    if staged.ghosts:
        spans = _pairs(staged.ghosts)
        yield {"id": "false-start", "track": "user-sent", "spans": spans, "sizes": {"starts": len(spans)}}


def _echoes(scene: Scene, staged: Staged, fault: Injected | None) -> Iterator[Truth]:
    if scene.path is None:
        return
    delay_s = scene.path.delay_ms / 1_000
    spans = losses.lies_at((span.shifted(delay_s) for span in staged.moments.agent), fault)
    sizes = {"delay_ms": scene.path.delay_ms, "erl_db": scene.path.erl_db, "drift_ppm": 0.0, "wander_ms": 0.0}
    yield {"id": "echo-leak", "track": "user-sent", "spans": _pairs(SpanSet(spans)), "sizes": sizes}
    if scene.folder == "self-hearing-loop":
        yield _loop(staged, delay_s)
    # One provider tells of each start, the other of interruptions only.
    told = [
        Span(turn.start_s, turn.end_s)
        for turn in staged.turns
        if isinstance(turn, Heard) and turn.echo and (scene.provider == "openai-realtime" or turn.over_agent)
    ]
    if told:
        sizes = {"starts": len(told)}
        yield {"id": "false-start", "track": "user-sent", "spans": _pairs(told), "sizes": sizes}


def _loop(staged: Staged, delay_s: float) -> Truth:
    """Return the turns that are echoes and were answered."""
    spans, words = [], 0
    for before, turn, after in zip(staged.turns, staged.turns[1:], staged.turns[2:], strict=False):
        if isinstance(before, Reply) and not isinstance(turn, Reply) and isinstance(after, Reply):
            if abs(turn.start_s - before.play_s - delay_s) > 1e-6:
                continue
            spans.append(Span(turn.start_s, turn.end_s))
            words += len(turn.text.split())
    sizes = {"turns": len(spans), "words": words, "lag_s": delay_s}
    return {"id": "self-hearing-loop", "track": "user-sent", "spans": _pairs(spans), "sizes": sizes}


def _truth(scene: Scene, staged: Staged, faults: list[Truth], fault: Injected | None) -> Truth:
    leaks = scene.path is not None and fault is None
    roots = [] if scene.folder == "clean" else ["echo-leak" if leaks else scene.folder]
    moments = staged.moments
    return {
        "schema": TRUTH_SCHEMA,
        "faults": faults,
        "root_causes": roots,
        "twin": scene.twin,
        "speech": {"user": _pairs(losses.lies_at(moments.user, fault)), "agent": _pairs(moments.agent)},
        "made_from": voices.credits_for(scene.clips, (scene.voice,) if staged.replies else ()),
        "licence": LICENCE,
    }


def _is_laid_out(scene: Scene, name: TrackName) -> bool:
    """Whether only the wire knows where a track's chunks lie: sound of another rate does not lie end to end."""
    return name == "user-sent" and scene.sent_hz is not None


def _session(
    scene: Scene, staged: Staged, sounds: Mapping[TrackName, tuple[Samples, int]], messages: Iterable[Message]
) -> Session:
    tracks = {
        name: Track(
            name=name,
            source=ArraySource(samples, rate_hz),
            clock=Clock(learnt_from="wire" if name == "agent-received" or _is_laid_out(scene, name) else "recipe"),
            encoding="flac",
        )
        for name, (samples, rate_hz) in sounds.items()
    }
    captured = tracks.get("user-captured")
    return Session(
        source=f"{scene.name}.vds",
        tracks=tracks,
        wire=tuple(_numbered(messages)),
        playback=tuple(_playback(staged)),
        capture=browsing.captured(scene.granted, captured.frames, captured.rate_hz, scene.seed)
        if captured and scene.granted is not None
        else None,
        provenance={
            "created": CREATED,
            "provider": scene.provider if scene.granted is None else None,
            "model": MODELS[scene.provider].MODEL if scene.granted is None else None,
            "redactions": [],
            "notes": f"{scene.notes} Made by recordings/make.py; {LICENCE}, credits in truth.json.",
        },
    )


def _on_the_wire(scene: Scene, staged: Staged, sent_frames: int) -> OnTheWire:
    """Return the messages in order of passing, after whatever goes wrong with them."""
    messages = _messages(scene, staged, sent_frames)
    passed = scene.wire_damage(messages, staged.moments) if scene.wire_damage else OnTheWire(messages=messages)
    return replace(passed, messages=sorted(passed.messages, key=lambda message: message.at_s))


def _passed_frames(passed: OnTheWire, track: TrackName) -> int:
    """Return how much of a track went over the wire before the connection ended."""
    sounds = [message.audio for message in passed.messages if message.audio and message.audio.track == track]
    return max((sound.frame + sound.frames for sound in sounds), default=0)


def _messages(scene: Scene, staged: Staged, sent_frames: int) -> list[Message]:
    dialect, model = DIALECTS[scene.provider], MODELS[scene.provider]
    rate_hz = scene.sent_hz or dialect.user_hz
    size = round(dialect.up_s * rate_hz)
    sent_frames = 0 if scene.only_received else sent_frames
    jitter_s = np.random.default_rng(scene.seed).uniform(0.001, 0.006, size=sent_frames // size + 1)
    up = (
        model.chunk_up((frame + size) / rate_hz + jitter_s[frame // size], frame, min(size, sent_frames - frame))
        for frame in range(0, sent_frames, size)
    )
    every = chain(model.opening(scene), up, model.conversation(staged))
    return sorted((m for m in every if m.at_s <= staged.duration_s + 0.01), key=lambda message: message.at_s)


def _numbered(messages: Iterable[Message]) -> Iterator[WireEvent]:
    for number, message in enumerate(messages):
        t_ns = round(message.at_s * 1e9)
        body = dict(message.body)
        if "type" in body and not message.up and not message.kind:
            body = {"type": body.pop("type"), "event_id": f"event_{number}", **body}
        yield WireEvent(
            t_ns=t_ns,
            wall_ns=CREATED_NS + t_ns,
            direction="up" if message.up else "down",
            sequence=number,
            kind=message.kind or body.get("type", next(iter(body))),
            message=body,
            audio=message.audio,
        )


def _playback(staged: Staged) -> Iterator[PlaybackEvent]:
    """Yield what the player did, in order: it plays in callbacks of 100 ms and is flushed where it is interrupted."""
    size = round(PLAYED_S * AGENT_HZ)
    events = []
    for reply in staged.replies:
        for at_s, frame, frames in reply.chunks:
            events.append((round(at_s * 1e9), "queued", reply.frame + frame, frames))
        for frame in range(0, reply.played, size):
            events += _callback(reply, frame, min(frame + size, reply.played))
        rest = reply.samples.size - reply.played
        # Who has played all of it has nothing left to flush.
        if reply.stop_s is not None and (rest or not reply.stale):
            events.append((round((reply.flush_s + FLUSH_S) * 1e9), "flushed", reply.frame + reply.played, rest))
    for t_ns, event, frame, frames in sorted(events):
        yield PlaybackEvent(t_ns=t_ns, event=event, frame=frame, frames=frames)


def _callback(reply: Reply, start: int, end: int) -> Iterator[tuple[int, str, int, int]]:
    """Yield what the player did in a callback; one that runs dry says so and goes on where it was."""
    edges = [start, *(before for before, _ in reply.gaps if start < before < end), end]
    for first, last in itertools.pairwise(edges):
        yield round(reply.place_of(first) / AGENT_HZ * 1e9), "played", reply.frame + first, last - first
    for before, frames in reply.gaps:
        if start <= before < end:
            dry_ns = round((reply.place_of(before) - frames) / AGENT_HZ * 1e9)
            yield dry_ns, "underrun", reply.frame + before, frames


def _pairs(spans: Iterable[Span]) -> list[list[float]]:
    return [[round(span.start_s, 4), round(span.end_s, 4)] for span in spans]
