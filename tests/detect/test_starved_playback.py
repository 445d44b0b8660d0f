"""An agent's voice that stops: planted in when its chunks came, in the player's log and in its sound."""

import io
import itertools
import json

import numpy as np
import pytest
import soundfile
from scenes import RATE_HZ, RECORDINGS, agent_voice, session_of, voice

import voicediag as vd
from voicediag import signals
from voicediag.detect import starved_playback
from voicediag.detect.examination import Examination
from voicediag.detect.playback import CUSHION, MOST_JOINS
from voicediag.session import ArraySource, Chunks, PlaybackEvent, Session, Track
from voicediag.spans import Span

FOLDER = RECORDINGS / "starved-playback"
CHUNK_S, NS = 0.04, 10**9
CHUNK = round(CHUNK_S * RATE_HZ)
# Speech-like sound of 20 s: one answer, the second chunk of which comes when the first has been played.
SOUND = agent_voice(1)
COUNT = SOUND.size // CHUNK


def chunks(at_s, *, answers=None, ended=True):
    firsts = np.arange(len(at_s)) * CHUNK
    return Chunks(
        rate_hz=RATE_HZ,
        at_s=np.asarray(at_s, np.float64),
        firsts=firsts,
        ends=firsts + CHUNK,
        answers=np.zeros(len(at_s), np.int64) if answers is None else np.asarray(answers, np.int64),
        ended=ended,
    )


def paced(count=COUNT):
    return 1.0 + np.arange(count) * CHUNK_S


def real_voice():
    """Return a minute of a synthesised voice at 24 kHz, in chunks of 40 ms, shape (chunks, frames)."""
    files = sorted((RECORDINGS / "clean").glob("[bcdh]*.vds/agent-received.flac"))
    sound = np.concatenate([soundfile.read(file, dtype="float32")[0] for file in files])
    return sound[: sound.size // 960 * 960].reshape(-1, 960)


def streamed(pieces, at_s):
    """Return what is said of pieces of 24 kHz that came at these times."""
    firsts = np.arange(len(pieces)) * 960
    came = Chunks(
        rate_hz=24_000,
        at_s=at_s,
        firsts=firsts,
        ends=firsts + 960,
        answers=np.zeros(len(pieces), np.int64),
        ended=True,
    )
    source = ArraySource(np.ascontiguousarray(pieces.ravel(), np.float32), 24_000)
    track = Track(name="agent-received", source=source)
    session = Session(source="test", tracks={"agent-received": track}, chunks=came)
    return starved_playback.DETECTOR.examine(Examination(session))


def in_speech(number=0):
    """A chunk that begins amid speech: the sound is loud on both sides of it."""
    level = np.sqrt(np.mean(SOUND[: COUNT * CHUNK].reshape(COUNT, CHUNK) ** 2, axis=1))
    loud = (level[1:] > 0.05) & (level[:-1] > 0.05)
    return int(np.flatnonzero(loud)[number]) + 1


def stalled(at_s, chunk, for_s):
    late = at_s.copy()
    late[chunk:] = np.maximum(late[chunk:], at_s[chunk] + for_s)
    return late


def examined(came, sound=SOUND, *, playback=(), **tracks):
    session = session_of({"agent-received": sound} | tracks, chunks=came, playback=tuple(playback))
    return starved_playback.DETECTOR.examine(Examination(session))


def plays(at_s, chunk, count):
    return [
        PlaybackEvent(t_ns=round((at_s + n * CHUNK_S) * NS), event="played", frame=(chunk + n) * CHUNK, frames=CHUNK)
        for n in range(count)
    ]


def test_a_stall_that_ends_in_a_burst_is_late_and_told_with_its_cushion():
    first = in_speech()
    (finding,) = examined(chunks(stalled(paced(), first, 0.4))).findings
    measure = finding.primary.measure
    assert (measure["gaps"], measure["late"], measure["never"], measure["duplicated"]) == (1, 1, 0, 0)
    # A player that waits 100 ms before it begins has waited as much already.
    assert measure["gap_total_s"] == pytest.approx(0.3)
    assert measure["cushion_ms"] == 400
    assert measure["covered"] == 1
    assert finding.where.hull.end_s == pytest.approx(1.0 + first * CHUNK_S + 0.4)


def test_a_stall_that_no_conversation_bears_asks_for_no_cushion():
    (finding,) = examined(chunks(stalled(paced(), in_speech(), 0.9))).findings
    measure = finding.primary.measure
    assert (measure["cushion_ms"], measure["covered"], measure["covers_all_ms"]) == (None, 0, 900)
    assert "400 ms, the longest, covers 0 of the 1" in finding.remedy


def test_the_cushion_covers_nine_gaps_of_ten():
    at_s, answers = [], []
    for answer in range(10):
        part = paced(40) + 20 * answer
        at_s += stalled(part, 12, 0.2 if answer else 0.9).tolist()
        answers += [answer] * 40
    tone = (0.2 * np.sin(2 * np.pi * 300 * np.arange(len(at_s) * CHUNK) / RATE_HZ)).astype(np.float32)
    measure = examined(chunks(at_s, answers=answers), tone).findings[0].primary.measure
    assert measure["gaps"] == 10
    assert (measure["cushion_ms"], measure["covered"]) == (200, 9)


def test_what_a_usual_cushion_hides_is_clear():
    random = np.random.default_rng(1)
    jittered = paced() + random.uniform(0, 0.09, COUNT)
    assert examined(chunks(np.maximum.accumulate(jittered))).is_clear


def test_a_pause_between_two_answers_is_no_gap():
    first = in_speech()
    answers = (np.arange(COUNT) >= first).astype(int)
    assert examined(chunks(paced() + 3.0 * answers, answers=answers)).is_clear


def between_sentences(stall_s):
    # A sentence dies away within a tenth of a second, and the next begins as softly.
    sound, first, fifth = SOUND.copy(), 100, RATE_HZ // 5
    fade = np.clip(np.abs(np.arange(-2 * fifth, 2 * fifth)) / (RATE_HZ / 10) - 2, 0, 1) ** 2
    sound[first * CHUNK - 2 * fifth : first * CHUNK + 2 * fifth] *= fade.astype(np.float32)
    return examined(chunks(stalled(paced(), first, stall_s)), sound)


def test_a_short_stall_between_two_sentences_is_no_gap():
    verdict = between_sentences(0.8)
    assert verdict.is_clear
    assert "but for pauses that grew by less than 1 s" in verdict.bound


def test_an_answer_that_stops_for_longer_than_any_pause_is_starved():
    (finding,) = between_sentences(2.0).findings
    assert finding.primary.measure["gap_total_s"] == pytest.approx(2.0 - CUSHION.value, abs=0.02)


@pytest.mark.parametrize("speed", [1.0, 3.0])
def test_chunks_that_never_came_are_told_from_late_ones(speed):
    pieces = real_voice()
    lost = np.arange(7, len(pieces) - 1, 10)
    kept = np.delete(np.arange(len(pieces)), lost)
    (finding,) = streamed(pieces[kept], 1.0 + kept * CHUNK_S / speed).findings
    measure = finding.primary.measure
    assert measure["late"] == 0
    assert lost.size / 3 <= measure["never"] <= lost.size
    assert measure["cushion_ms"] is None
    assert "never came" in finding.summary


def test_whole_speech_has_lost_nothing():
    pieces = real_voice()
    assert "sound goes on at" in streamed(pieces, 1.0 + np.arange(len(pieces)) * CHUNK_S).bound


def test_a_coder_that_breaks_every_join_lost_nothing():
    pieces = real_voice() * np.where(np.arange(len(real_voice())) % 2, 1, -1)[:, None]
    assert streamed(pieces, 1.0 + np.arange(len(pieces)) * CHUNK_S).is_clear


def test_a_player_that_does_not_play_what_has_come_is_told():
    first = in_speech()
    events = [*plays(1.1, 0, first), *plays(1.1 + first * CHUNK_S + 0.3, first, 100)]
    (finding,) = examined(chunks(paced()), playback=events).findings
    measure = finding.primary.measure
    assert (measure["gaps"], measure["stalled"], measure["late"]) == (1, 1, 0)
    assert measure["gap_total_s"] == pytest.approx(0.3)
    assert "queue" in finding.remedy


def test_a_player_that_never_ran_dry_clears_late_chunks():
    late = chunks(stalled(paced(), in_speech(), 0.6))
    assert "never ran dry" in examined(late, playback=plays(1.7, 0, COUNT)).bound


def test_a_player_that_had_to_wait_is_late():
    first = in_speech()
    events = [*plays(1.1, 0, first), *plays(1.0 + first * CHUNK_S + 0.6, first, 100)]
    measure = examined(chunks(stalled(paced(), first, 0.6)), playback=events).findings[0].primary.measure
    assert (measure["late"], measure["stalled"]) == (1, 0)
    assert measure["gap_total_s"] == pytest.approx(0.5)


def test_frames_that_are_passed_over_or_played_twice_are_told():
    first = in_speech()
    skipping = [*plays(1.1, 0, first), *plays(1.1 + first * CHUNK_S, first + 1, 100)]
    again = [*plays(1.1, 0, first + 1), *plays(1.14 + first * CHUNK_S, first, 100)]
    assert examined(chunks(paced()), playback=skipping).findings[0].primary.measure["never"] == 1
    assert examined(chunks(paced()), playback=again).findings[0].primary.measure["duplicated"] == 1
    flushed = PlaybackEvent(
        t_ns=round((1.1 + first * CHUNK_S) * NS), event="flushed", frame=first * CHUNK, frames=CHUNK
    )
    assert examined(chunks(paced()), playback=[*skipping, flushed]).is_clear


def test_gaps_of_a_track_alone_are_counted():
    planted = signals.zero_frames(SOUND, rate_hz=RATE_HZ, within=Span(0, 20), per_second=2, seed=3)
    (finding,) = examined(None, planted.samples).findings
    measure = finding.primary.measure
    assert measure["late"] is None
    assert measure["gaps"] == pytest.approx(len(planted.spans), rel=0.25)
    assert "does not tell late from lost" in finding.remedy


def trimmed(phrase, rate_hz):
    """Return a phrase from its first step of 10 ms above -40 dBFS to its last, as players of clips do."""
    step = rate_hz // 100
    level = np.sqrt(np.mean(phrase[: phrase.size // step * step].reshape(-1, step) ** 2, axis=1))
    loud = np.flatnonzero(level > 0.01)
    return phrase[loud[0] * step : (loud[-1] + 1) * step]


def test_phrases_that_were_joined_with_zeros_are_no_gaps():
    pieces = []
    for folder in sorted((RECORDINGS / "clean").glob("*.vds")):
        session = vd.load(folder)
        track = session.tracks.get("agent-played")
        if track is None:
            continue
        cuts_s = [mark.at_s for mark in session.marks if mark.kind == "interrupted"]
        for span in json.loads((folder / "truth.json").read_text())["speech"]["agent"]:
            if any(abs(span[1] - cut_s) < 0.2 for cut_s in cuts_s):
                continue  # It breaks off in mid-word.
            pieces += [trimmed(track.read(Span(*span)), track.rate_hz), np.zeros(round(0.15 * 24_000), np.float32)]
    track = Track(name="agent-received", source=ArraySource(np.concatenate(pieces), 24_000))
    session = Session(source="test", tracks={"agent-received": track})
    assert len(pieces) > 80
    assert starved_playback.DETECTOR.examine(Examination(session)).is_clear


@pytest.mark.parametrize("lost", [False, True], ids=["late", "lost"])
def test_two_taps_tell_late_from_lost_without_a_log(lost):
    came = real_voice().ravel()
    level = np.sqrt(np.mean(came.reshape(-1, 480) ** 2, axis=1))
    # 14 gaps of 60 ms, and one of 180 ms, each amid loud speech and half a second or more from the next.
    places = [9_600]
    for number in np.flatnonzero(level > 0.06).tolist():
        if number * 480 - places[-1] > 12_000 and len(places) <= 15:
            places.append(number * 480)
    places, sizes = places[1:], [4_320, *[1_440] * 14]
    pieces, last = [], 0
    for at, size in zip(places, sizes, strict=True):
        pieces += [came[last:at], np.zeros(size, np.float32)]
        last = at + size if lost else at
    played = np.concatenate([np.zeros(2_400, np.float32), *pieces, came[last:]])
    tracks = {
        name: Track(name=name, source=ArraySource(sound, 24_000))
        for name, sound in (("agent-received", came), ("agent-played", played))
    }
    session = Session(source="test", tracks=tracks)
    (finding,) = starved_playback.DETECTOR.examine(Examination(session)).findings
    measure = finding.primary.measure
    kind, other = ("never", "late") if lost else ("late", "never")
    assert measure["gaps"] >= 0.8 * len(places)
    assert measure[kind] >= 0.6 * len(places)
    # One stop consonant of these voices passes for a gap where there are many.
    assert measure[other] <= 1
    assert measure["cushion_ms"] == (None if lost else 60)


@pytest.mark.parametrize("kind", ["zeros", "held", "filled"])
def test_gaps_of_a_track_alone_are_told_with_their_kind_and_span(kind):
    came, random = real_voice().ravel()[: 40 * 24_000], np.random.default_rng(6)
    level = np.sqrt(np.mean(came.reshape(-1, 480) ** 2, axis=1))
    places = [0]
    for number in np.flatnonzero(level > 0.06).tolist():
        if number * 480 - places[-1] > 48_000 and len(places) <= 6:
            places.append(number * 480 + 100)
    # 250 ms: longer than any that a run of equal samples was ever taken for.
    size, pieces, spans, last, at = 6_000, [], [], 0, 0
    for place in places[1:]:
        hiss = 0.002 * random.standard_normal(size)
        gap = {"zeros": np.zeros(size), "held": np.full(size, came[place - 1]), "filled": hiss}[kind]
        pieces += [came[last:place], gap.astype(np.float32)]
        at, last = at + place - last, place
        spans.append((at / 24_000, (at + size) / 24_000))
        at += size
    track = Track(name="agent-played", source=ArraySource(np.concatenate([*pieces, came[last:]]), 24_000))
    session = Session(source="test", tracks={"agent-played": track})
    (finding,) = starved_playback.DETECTOR.examine(Examination(session)).findings
    measure = finding.primary.measure
    assert len(spans) - 1 <= measure["gaps"] <= len(spans)
    assert measure[kind] == measure["gaps"]
    assert measure["late"] is None
    for place in finding.supporting:
        start_s = place.measure["start_s"]
        assert place.measure["kind"] == kind
        assert place.measure["length_ms"] == pytest.approx(250, abs=8)
        assert min(abs(start_s - span[0]) for span in spans) < 0.003


@pytest.mark.parametrize("count", [0, 1, 4])
def test_chunks_played_twice_before_a_codec_are_told_where_there_are_several(count):
    came = real_voice().ravel()[: 20 * 24_000]
    level = np.sqrt(np.mean(came.reshape(-1, 2_400) ** 2, axis=1))
    loud = np.flatnonzero((level[:-1] > 0.05) & (level[1:] > 0.05))[::8][:count] * 2_400
    pieces = [piece for at in loud for piece in (at, at + 2_400)]
    ends = [0, *pieces, came.size]
    # Each chunk of 100 ms is heard, and heard again.
    parts = [came[low:high] for low, high in itertools.pairwise(ends)]
    sound = np.concatenate([np.tile(part, 1 + number % 2) for number, part in enumerate(parts)])
    file = io.BytesIO()
    soundfile.write(file, sound, 24_000, format="WAV", subtype="ULAW")
    file.seek(0)
    track = Track(name="agent-played", source=ArraySource(soundfile.read(file, dtype="float32")[0], 24_000))
    verdict = starved_playback.DETECTOR.examine(Examination(Session(source="test", tracks={"agent-played": track})))
    if count < 2:
        assert verdict.is_clear
        return
    (finding,) = verdict.findings
    assert finding.primary.measure["duplicated"] == count
    assert finding.primary.measure["gaps"] == 0
    starts_s = [(at + 2_400 * (number + 1)) / 24_000 for number, at in enumerate(loud)]
    assert [place.measure["start_s"] for place in finding.supporting] == pytest.approx(starts_s, abs=0.006)
    assert [place.measure["length_ms"] for place in finding.supporting] == pytest.approx([100] * count, abs=0.1)


def test_the_first_tap_with_gaps_is_named():
    planted = signals.repeat_frames(SOUND, rate_hz=RATE_HZ, within=Span(0, 20), per_second=2, seed=3).samples
    assert examined(None, SOUND, **{"agent-played": planted}).findings[0].primary.track == "agent-played"
    assert examined(None, planted, **{"agent-played": planted}).findings[0].primary.track == "agent-received"


def test_a_wire_without_ends_of_turns_leaves_only_the_sound():
    bound = examined(chunks(stalled(paced(), in_speech(), 0.6), ended=False)).bound
    assert "no wire log says when it came" in bound


def test_many_joins_are_looked_at_in_part():
    count = 4 * MOST_JOINS
    tone = (0.2 * np.sin(2 * np.pi * 301 * np.arange(count * CHUNK // 4) / RATE_HZ)).astype(np.float32)
    firsts = np.arange(count) * (CHUNK // 4)
    came = Chunks(
        rate_hz=RATE_HZ,
        at_s=1.0 + firsts / RATE_HZ,
        firsts=firsts,
        ends=firsts + CHUNK // 4,
        answers=np.zeros(count, np.int64),
        ended=True,
    )
    bound = examined(came, tone).bound
    assert f"of {MOST_JOINS - 1} joins" in bound or f"of {MOST_JOINS} joins" in bound


@pytest.mark.parametrize(
    ("tracks", "reason"),
    [
        ({"user-sent": voice(1)}, "no track of the agent"),
        ({"agent-received": np.zeros(RATE_HZ, np.float32)}, "agent-received is silent"),
    ],
)
def test_what_is_not_there_is_unjudged(tracks, reason):
    verdict = starved_playback.DETECTOR.examine(Examination(session_of(tracks)))
    assert reason in verdict.reason


@pytest.mark.parametrize("name", ["bad-pacing/late-burst", "starved-playback/player-halts"])
def test_recorded_gaps_are_found_with_their_sizes(name):
    planted = json.loads((RECORDINGS / f"{name}.vds" / "truth.json").read_text())["faults"][-1]
    finding = vd.check(vd.load(RECORDINGS / f"{name}.vds")).findings[-1]
    measure, sizes = finding.primary.measure, planted["sizes"]
    assert measure["gaps"] == sizes["gaps"]
    assert measure["gap_total_s"] == pytest.approx(sizes["gap_total_s"], abs=0.02)
    assert [(span.start_s, span.end_s) for span in finding.where] == [
        pytest.approx(span, abs=0.03) for span in planted["spans"]
    ]
    kind = "late" if name == "bad-pacing/late-burst" else "stalled"
    assert measure[kind] == sizes["gaps"]


def test_recorded_losses_are_found_where_they_are():
    planted = json.loads((FOLDER / "dropped-chunks.vds" / "truth.json").read_text())["faults"][0]
    (finding,) = vd.check(vd.load(FOLDER / "dropped-chunks.vds")).findings
    assert planted["sizes"]["never"] / 3 <= finding.primary.measure["never"] <= planted["sizes"]["never"]
    assert finding.primary.measure["late"] == 0
    for span in finding.where:
        assert any(span.start_s <= at_s <= span.end_s for at_s, _ in planted["spans"])
