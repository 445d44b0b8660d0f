"""What a conversation shows: against levels, echoes and times that were planted."""

import tracemalloc

import numpy as np
import pytest

from voicediag import signals
from voicediag.cost.prices import price_list
from voicediag.monitor import Monitor
from voicediag.protocols.events import Fact, TurnTaking, Used, Words
from voicediag.session.usage import Tally, Tokens

RATE_HZ = 16_000
STEP = RATE_HZ // 5
MODEL = "gemini-3.8-live"


def pcm(samples):
    return np.clip(np.rint(samples * 32_768), -32_768, 32_767).astype("<i2").tobytes()


def watched(mic, played):
    monitor = Monitor(RATE_HZ, MODEL)
    for at in range(0, mic.size, STEP):
        monitor.sound(pcm(mic[at : at + STEP]), pcm(played[at : at + STEP]))
    return monitor


def silence(seconds):
    return np.zeros(round(seconds * RATE_HZ))


def speech(seconds, level_db=-20.0, seed=1):
    return signals.speech_like(duration_s=seconds, rate_hz=RATE_HZ, level_db=level_db, seed=seed).samples


def noise(seconds, level_db=-60.0):
    return signals.noise(duration_s=seconds, rate_hz=RATE_HZ, level_db=level_db, seed=9)


def test_levels_are_those_of_theory():
    tone = 0.2 * np.sin(2 * np.pi * 500 * np.arange(2 * RATE_HZ) / RATE_HZ)
    state = watched(tone, np.zeros_like(tone)).state()
    # A sine's RMS lies 3.01 dB below its peak.
    assert state["mic"]["peak_dbfs"] == pytest.approx(20 * np.log10(0.2), abs=0.01)
    assert state["mic"]["rms_dbfs"] == pytest.approx(20 * np.log10(0.2) - 3.01, abs=0.01)
    assert state["speaker"] == {
        "rms_dbfs": None, "peak_dbfs": None, "clipped": 0, "speech_dbov": None, "floor_dbfs": None,
    }  # fmt: skip
    assert state["at_s"] == 2.0


def test_speech_and_floor_are_measured_where_the_loudspeaker_is_silent():
    mic = noise(12)
    mic[: 5 * RATE_HZ] += speech(5)
    played = silence(12)
    # An echo as loud as full scale is no speech of the user's.
    played[6 * RATE_HZ : 11 * RATE_HZ] = speech(5, level_db=-10, seed=2)
    # It comes back 0.3 s later, after its last word too.
    mic[round(6.3 * RATE_HZ) :] += played[6 * RATE_HZ : round(11.7 * RATE_HZ)]
    state = watched(mic, played).state()["mic"]
    assert state["speech_dbov"] == pytest.approx(-20, abs=1)
    assert state["floor_dbfs"] == pytest.approx(-60, abs=1.5)


def test_what_is_clipped_is_counted():
    loud = np.clip(3 * np.sin(2 * np.pi * 200 * np.arange(2 * RATE_HZ) / RATE_HZ), -1, 1)
    assert watched(loud, silence(2)).state()["mic"]["clipped"] > RATE_HZ
    assert watched(loud / 2, silence(2)).state()["speaker"]["clipped"] == 0


def test_the_light_is_grey_then_tells_delay_and_loss():
    played = speech(8)
    mic = noise(8, -75)
    late, loss_db = round(0.12 * RATE_HZ), 14.0
    mic[late:] += played[:-late] * 10 ** (-loss_db / 20)
    assert watched(mic[:RATE_HZ], played[:RATE_HZ]).state()["echo"]["verdict"] == "unjudged"
    echo = watched(mic, played).state()["echo"]
    assert echo["verdict"] == "echo"
    assert echo["delay_ms"] == pytest.approx(120, abs=1)
    assert echo["erl_db"] == pytest.approx(loss_db, abs=0.5)
    assert watched(noise(8, -75), played).state()["echo"]["verdict"] == "clear"


def test_the_strip_tells_who_sounded_when_and_how_long_the_answer_took():
    tone = np.sin(2 * np.pi * 300 * np.arange(RATE_HZ) / RATE_HZ)
    mic, played = noise(6), silence(6)
    mic[RATE_HZ : 2 * RATE_HZ] += 0.1 * tone
    played[round(2.8 * RATE_HZ) : round(3.8 * RATE_HZ)] = 0.1 * tone
    # The echo of the answer is no question.
    mic[round(2.9 * RATE_HZ) : round(3.9 * RATE_HZ)] += 0.02 * tone
    played[5 * RATE_HZ :] = 0.1 * tone
    monitor = watched(mic, played)
    monitor.marked(1.5)
    monitor.meant(TurnTaking(kind="interrupted"), 3.5)
    state = monitor.state()
    assert state["lanes"]["mic"][0] == pytest.approx([1.0, 2.0], abs=0.03)
    assert np.array(state["lanes"]["agent"]) == pytest.approx(np.array([[2.8, 3.8], [5.0, 6.0]]), abs=0.03)
    assert np.array(state["waits"]) == pytest.approx(np.array([[2.0, 2.8]]), abs=0.03)
    assert state["marks"] == [[1.5, "mark"], [3.5, "interrupted"]]


def test_captions_are_lines_of_each_side():
    monitor = Monitor(RATE_HZ, MODEL)
    for event in (
        Words(role="user", text="And how "),
        Words(role="user", text="finely?"),
        Words(role="agent", text="Very finely, "),
        Words(role="agent", text="then"),
        TurnTaking(kind="interrupted"),
        Words(role="user", text="Stop."),
        Fact(kind="error", name="rate_limit", said="too fast"),
    ):
        monitor.meant(event, 1.0)
    lines = [(line["role"], line["text"], line["cut"]) for line in monitor.state()["captions"]]
    assert lines == [
        ("user", "And how finely?", False),
        ("agent", "Very finely, then", True),
        ("user", "Stop.", False),
        ("note", "error: too fast", False),
    ]


def test_the_cost_so_far_is_the_sum_at_the_price_list():
    monitor = Monitor(RATE_HZ, MODEL)
    assert monitor.state()["cost"]["usd"] is None
    tally = Tally(asked=Tokens(audio=1_000), answered=Tokens(audio=500))
    for _ in range(2):
        monitor.meant(Used(kind="response", counted="turn", tally=tally), 1.0)
        monitor.meant(TurnTaking(kind="turn-complete"), 1.0)
    price = price_list().of(MODEL)
    once = (1_000 * price.asked["audio"] + 500 * price.answered["audio"]) / 1_000_000
    cost = monitor.state()["cost"]
    assert cost["usd"] == pytest.approx(2 * once)
    assert (cost["whole"], cost["tokens"], cost["date"]) == (True, 3_000, price_list().date)


def test_its_memory_does_not_grow():
    monitor, sound = Monitor(RATE_HZ, MODEL), pcm(speech(10))

    def ten_seconds():
        monitor.sound(sound, sound)
        for number in range(50):
            monitor.meant(Words(role="agent", text=f"word {number} "), 0.0)
        monitor.meant(TurnTaking(kind="turn-complete"), 0.0)
        monitor.state()

    tracemalloc.start()
    try:
        for _ in range(3):
            ten_seconds()
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(5):
            ten_seconds()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Less than the sound of one second of those fifty.
    assert after - before < 4 * RATE_HZ
