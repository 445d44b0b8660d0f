"""Chunks of real speech that were cut out or changed places, in one track alone."""

import numpy as np
import pytest
import soundfile
from scenes import RECORDINGS

from voicediag.detect import starved_playback
from voicediag.detect.cuts import FEW_S, put_together
from voicediag.detect.examination import Examination
from voicediag.session import ArraySource, Session, Track

RATE_HZ = 24_000
CHUNK = 960


def said(length_s=20):
    """Return an agent's voice, phrases between digital silence."""
    files = sorted((RECORDINGS / "clean").glob("[bcdh]*.vds/agent-received.flac"))
    return np.concatenate([soundfile.read(file, dtype="float32")[0] for file in files])[: length_s * RATE_HZ]


def played(sound):
    return Track(name="agent-played", source=ArraySource(sound.astype(np.float32), RATE_HZ))


def told(sound):
    return starved_playback.DETECTOR.examine(
        Examination(Session(source="test", tracks={"agent-played": played(sound)}))
    )


def loudest(sound, count):
    """Return frames in the middle of the loudest tenths of a second, a second apart, in order."""
    step = RATE_HZ // 10
    level = np.square(sound[: sound.size // step * step]).reshape(-1, step).mean(axis=1)
    chosen = []
    for place in np.argsort(level)[::-1].tolist():
        if 5 < place < level.size - 5 and all(abs(place - other) >= 10 for other in chosen):
            chosen.append(place)
    return [place * step + step // 2 for place in sorted(chosen[:count])]


def without(sound, places):
    return np.delete(sound, np.concatenate([np.arange(place, place + CHUNK) for place in places]))


def test_chunks_that_are_missing_leave_seams_where_they_were():
    places = loudest(said(), 12)
    (finding,) = told(without(said(), places)).findings
    seams_s = [(place - CHUNK * number) / RATE_HZ for number, place in enumerate(places)]
    assert finding.primary.measure["seams"] == len(finding.where) >= 3
    assert all(min(abs(span.start_s - at_s) for at_s in seams_s) < 1e-3 for span in finding.where)
    assert "seams at which sound is missing" in finding.summary


def test_one_seam_is_a_click_and_whole_speech_has_none():
    assert told(said()).is_clear
    assert told(without(said(), loudest(said(), 1))).is_clear


def test_chunks_that_changed_places_are_told_with_both():
    heard = said()
    places = loudest(heard, 12)
    for place in places:
        heard[place : place + 2 * CHUNK] = np.roll(heard[place : place + 2 * CHUNK], CHUNK)
    (finding,) = told(heard).findings
    pairs = [place.measure for place in finding.supporting if place.measure["kind"] == "swapped"]
    assert len(pairs) == finding.primary.measure["swapped"] >= 3
    assert [pair["length_ms"] for pair in pairs] == pytest.approx([80] * len(pairs), abs=0.1)
    assert all(min(abs(pair["start_s"] - place / RATE_HZ) for place in places) < 1e-3 for pair in pairs)


def test_seams_far_from_each_other_are_clicks():
    cut = without(said(), loudest(said(), 12))
    seams = [place.span.start_s for place in put_together(played(cut)) if place.kind == "seam"]
    at = round((seams[0] + 0.5) * RATE_HZ)
    one = np.concatenate((cut[:at], np.zeros(round((FEW_S.value + 20) * RATE_HZ), np.float32)))
    assert put_together(played(np.tile(one, 3))) == ()


def test_a_coder_that_breaks_every_join_cut_nothing_out():
    pieces = said()[: 480 * CHUNK].reshape(-1, CHUNK)
    turned = pieces * np.where(np.arange(len(pieces)) % 2, 1, -1)[:, None]
    assert put_together(played(turned.ravel())) == ()
