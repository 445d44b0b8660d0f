"""The emulated Twilio, message by message, on a clock that the test holds."""

import base64

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from telephone import QUIET, STREAM, Call, ring, tone
from wire_messages import anything, mutated, twilio, twilio_down

from voicediag.errors import InputError
from voicediag.formats.pcm import decode
from voicediag.live.emulator.agenda import Abort, Close
from voicediag.live.emulator.caller import Caller, Say, clips_of, read
from voicediag.live.emulator.clips import encoded
from voicediag.live.emulator.faults import Faults
from voicediag.live.emulator.twilio import TwilioCall
from voicediag.live.emulator.twilio_agent import SCENARIO, TwilioAgent
from voicediag.live.emulator.twilio_dialling import address_of, signature

SECOND = encoded(tone(1.0), "mulaw")


def down(sound):
    return twilio_down(sound, stream=STREAM)


def mark(name):
    return twilio("mark", stream=STREAM, mark={"name": name})


def marks(call):
    return [(at_s, message["mark"]["name"]) for at_s, message in call.came("mark")]


def heard(call):
    """What the caller's line sent, from the first frame on."""
    frames = [base64.b64decode(message["media"]["payload"]) for _, message in call.came("media")]
    return decode(b"".join(frames), "mulaw")


def test_a_call_begins_and_goes_on_as_the_documentation_shows():
    call = ring(caller=Caller(says=QUIET.says, parameters={"tenant": "a"})).until(1.0)
    ((_, connected),) = call.came("connected")
    assert connected == {"event": "connected", "protocol": "Call", "version": "1.0.0"}
    ((_, start),) = call.came("start")
    assert (start["sequenceNumber"], start["streamSid"]) == ("1", STREAM)
    assert set(start["start"]) == {
        "accountSid", "callSid", "streamSid", "tracks", "customParameters", "mediaFormat",
    }  # fmt: skip
    assert start["start"]["mediaFormat"] == {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
    assert start["start"]["customParameters"] == {"tenant": "a"}
    media = call.came("media")
    # A frame every 20 ms, on absolute moments, and numbers that are text.
    assert [at_s for at_s, _ in media] == pytest.approx([0.02 * number for number in range(1, 51)])
    assert [message["sequenceNumber"] for _, message in media] == [str(number) for number in range(2, 52)]
    assert [message["media"]["timestamp"] for _, message in media] == [str(20 * number) for number in range(50)]
    assert {len(base64.b64decode(message["media"]["payload"])) for _, message in media} == {160}


def test_a_mark_comes_back_when_the_sound_before_it_was_played():
    call = ring().until(1.0)
    call.send(mark("nothing before"))
    for name in ("one", "two"):
        call.send(down(SECOND))
        call.send(mark(name))
    call.until(4.0)
    assert marks(call) == [
        (1.0, "nothing before"),
        (pytest.approx(2.0, abs=0.021), "one"),
        (pytest.approx(3.0, abs=0.021), "two"),
    ]


def test_a_clear_empties_the_buffer_and_sends_every_mark_back_at_once():
    call = ring("speaker-echo").until(1.0)
    call.send(down(SECOND * 5))
    call.send(mark("far away"))
    call.until(2.0)
    call.send(twilio("clear", stream=STREAM))
    assert marks(call) == [(2.0, "far away")]
    call.until(4.0)
    # What was played until then is heard, and nothing after it: 0.16 s of the echo, and the tick that played last.
    loud = np.flatnonzero(np.abs(heard(call)) > 0.01) / 8_000
    assert loud.min() == pytest.approx(1.16, abs=0.021)
    assert loud.max() == pytest.approx(2.16, abs=0.021)


@pytest.mark.parametrize("stray", [twilio("clear", stream="MZ9"), twilio("clear", stream="")])
def test_a_clear_that_names_another_stream_clears_nothing_and_is_counted(stray):
    call = ring().until(1.0)
    call.send(down(SECOND))
    call.send(stray)
    call.send(mark("end"))
    call.until(3.0)
    assert marks(call) == [(pytest.approx(2.0, abs=0.021), "end")]
    assert call.twilio.clears == 0
    assert call.twilio.slips.total() == 1


def test_what_twilio_does_not_take_is_not_played():
    call = ring("speaker-echo").until(1.0)
    for _ in range(50):
        call.send(twilio_down(SECOND, stream="MZ9"))
    call.until(3.0)
    assert np.abs(heard(call)).max() < 0.01
    assert call.twilio.slips == {"wrong-stream-sid": 50}


@pytest.mark.parametrize("delay_ms", [0, 160, 500])
def test_the_echo_is_as_late_and_as_weak_as_it_says(delay_ms):
    call = ring(f"speaker-echo={delay_ms / 1000}").until(0.99)
    call.send(down(SECOND))
    call.until(4.0)
    sent = heard(call)
    played = decode(SECOND, "mulaw")
    # Played in the ticks that begin at 1.00 s.
    begin = 8_000 + delay_ms * 8
    back = sent[begin : begin + 8_000]
    erl_db = 10 * np.log10(np.sum(played**2) / np.sum(back**2))
    assert erl_db == pytest.approx(14.0, abs=0.1)
    assert np.corrcoef(played, back)[0, 1] > 0.999
    assert np.abs(sent[: begin - 1]).max() < 0.001


def test_lost_packets_leave_holes_in_the_timestamps_and_none_in_the_numbers():
    call = ring("lost-packets").until(20.0)
    media = [message for _, message in call.came("media")]
    times = np.array([int(message["media"]["timestamp"]) for message in media])
    lost = np.setdiff1d(np.arange(0, 20_000, 20), times)
    # One in fifty of a thousand, drawn by lot: 20, give or take three standard deviations of 4.4.
    assert 7 <= lost.size <= 33
    assert [int(message["media"]["chunk"]) for message in media] == list(range(1, len(media) + 1))


def test_bursty_frames_lose_nothing():
    call = ring("bursty-frames=0.2").until(2.01)
    media = call.came("media")
    assert [message["media"]["timestamp"] for _, message in media] == [str(20 * number) for number in range(100)]
    assert sorted({at_s for at_s, _ in media}) == pytest.approx([0.2 * number for number in range(1, 11)])


def test_late_marks_come_back_late():
    call = ring("late-marks=0.5").until(1.0)
    call.send(down(SECOND))
    call.send(mark("end"))
    assert marks(call.until(4.0)) == [(pytest.approx(2.5, abs=0.021), "end")]


def test_the_line_breaks_without_a_word():
    call = ring("tcp-abort=1.5").until(9.0)
    assert call.ends == [Abort()]
    assert call.now_s == pytest.approx(1.5)
    assert not call.came("stop")


def test_keys_are_pressed_one_after_the_other():
    caller = Caller(says=(Say(keys="12#", wait_s=0.0),), room_dbfs=-120.0)
    call = ring(caller=caller, clips=clips_of(caller)).until(30.0)
    assert [message["dtmf"] for _, message in call.came("dtmf")] == [
        {"track": "inbound_track", "digit": digit} for digit in "12#"
    ]
    assert call.ends == [Close(code=1000, reason="")]
    assert call.came("stop")[-1][1]["stop"] == {"accountSid": f"AC{0:032x}", "callSid": f"CA{1:032x}"}


def demo(*faults):
    """The demo's caller and the demo's app."""
    from voicediag.live.emulator import clips
    from voicediag.live.emulator.service import Script

    script = Script(scenario=SCENARIO, clips=clips.clips_of(SCENARIO), faults=Faults({}))
    caller = Caller()
    return ring(*faults, caller=caller, clips=clips_of(caller), app=TwilioAgent(script)).until(60.0)


def test_the_demo_is_a_whole_call_in_which_the_caller_breaks_in_once():
    call = demo()
    assert call.ends == [Close(code=1000, reason="")]
    assert call.twilio.slips == {}
    assert call.twilio.clears == 1
    # A greeting and four answers; each mark came back, that of the interrupted answer was sent or hushed with it.
    assert 4 <= call.twilio.marks == len(call.came("mark"))
    assert call.twilio.line.received > 3 * 8_000


@pytest.mark.parametrize("fault", ["speaker-echo", "lost-packets", "bursty-frames", "late-marks"])
def test_the_demo_comes_to_its_end_with_every_fault(fault):
    assert demo(fault).ends == [Close(code=1000, reason="")]


KNOWN = st.sampled_from([down(SECOND[:160]), mark("m"), twilio("clear", stream=STREAM)])


@settings(max_examples=50)
@given(st.lists(st.one_of(st.dictionaries(st.text(max_size=6), anything), mutated(KNOWN)), max_size=4))
def test_no_app_breaks_the_line(messages):
    call = Call(TwilioCall(QUIET, (tone(0.1),), Faults({})))
    for number, message in enumerate(messages):
        if isinstance(message, dict):
            call.until(0.1 * number)
            call.send(message)
    call.until(1.0)
    assert len(call.came("media")) == 50


def test_a_caller_is_read_from_a_file(tmp_path):
    import soundfile

    soundfile.write(tmp_path / "hello.wav", np.zeros(4_800, np.float32), 48_000)
    path = tmp_path / "caller.json"
    path.write_text(
        '{"schema": "voicediag.caller/1", "parameters": {"tenant": "a"}, "faults": ["speaker-echo"], '
        '"says": [{"clip": "hello.wav", "over_s": 1.5}, {"keys": "1#"}]}'
    )
    caller = read(path)
    assert caller.says[0].over_s == 1.5
    assert caller.parameters == {"tenant": "a"}
    assert [clip.size for clip in clips_of(caller)] == [800, 0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "voicediag.caller/1"),
        ('{"schema": "voicediag.scenario/1"}', "voicediag.caller/1"),
        ('{"schema": "voicediag.caller/1", "replies": []}', "keys of a caller"),
        ('{"schema": "voicediag.caller/1", "says": {}}', "a list of says"),
        ('{"schema": "voicediag.caller/1", "says": [{"over_s": "soon"}]}', "over_s of 0 to 60 s"),
        ('{"schema": "voicediag.caller/1", "says": [{"keys": "1x"}]}', "keys of 0-9"),
    ],
)
def test_a_file_that_holds_no_caller_is_refused(tmp_path, text, said):
    (tmp_path / "caller.json").write_text(text)
    with pytest.raises(InputError, match=said):
        read(tmp_path / "caller.json")


def test_only_this_machine_is_dialled_until_a_host_is_allowed():
    assert address_of("ws://127.0.0.1:5050/media")
    assert address_of("wss://app.example/media", {"app.example"})
    for app in ("ws://app.example/media", "http://127.0.0.1:5050", "", "ws://"):
        with pytest.raises(InputError):
            address_of(app)


def test_a_request_is_signed_as_twilios_page_on_security_shows():
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    # The page's own example: the fields of a POST, sorted, follow the URL; a WebSocket's request has none.
    fields = "CallSidCA1234567890ABCDECaller+14158675309Digits1234From+14158675309To+18005551212"
    assert signature(url + fields, "12345") == "RSOYDt4T1cUTdK1PDd93/VVr8B8="
