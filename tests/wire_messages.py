"""Messages of both providers as short as their protocols allow, and the logs that hold them."""

import base64
import json

from hypothesis import strategies as st


def b64(data):
    return base64.b64encode(data).decode()


def gemini_up(data, mime="audio/pcm;rate=16000"):
    return {"realtimeInput": {"audio": {"data": b64(data), "mimeType": mime}}}


def gemini_down(*chunks, mime="audio/pcm;rate=24000", **content):
    parts = [{"inlineData": {"data": b64(data), "mimeType": mime}} for data in chunks]
    turn = {"modelTurn": {"parts": parts}} if parts else {}
    return {"serverContent": {**turn, **content}}


def openai_up(data):
    return {"type": "input_audio_buffer.append", "audio": b64(data)}


def openai_down(data):
    return {"type": "response.output_audio.delta", "delta": b64(data)}


def snake(value):
    """The same message with every key in snake_case."""
    if isinstance(value, dict):
        return {"".join(f"_{c.lower()}" if c.isupper() else c for c in key): snake(v) for key, v in value.items()}
    return [snake(each) for each in value] if isinstance(value, list) else value


def line(t, direction, msg, **more):
    return {"t": t, "dir": direction, "msg": msg, **more}


def write_log(path, lines):
    path.write_text("".join(json.dumps(each) + "\n" for each in lines), encoding="utf-8")
    return path


# Any JSON that Python can parse, with the numbers that break arithmetic.
numbers = st.one_of(
    st.integers(), st.floats(), st.sampled_from([10**400, -(10**400), 2**63, 1e308, float("nan"), float("inf"), 0, -1])
)
scalars = st.one_of(
    st.none(), st.booleans(), numbers, st.text(max_size=8), st.sampled_from(["", "AAAA", "A", "\ud800"])
)
anything = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)),
)


@st.composite
def mutated(draw, valid):
    """A valid JSON value with one to three of its parts replaced by anything."""
    value = json.loads(json.dumps(draw(valid)))
    for _ in range(draw(st.integers(1, 3))):
        value = _replaced(draw, value)
    return value


def _replaced(draw, value):
    if isinstance(value, dict) and value and draw(st.booleans()):
        key = draw(st.sampled_from(sorted(value)))
        return {**value, key: _replaced(draw, value[key])}
    if isinstance(value, list) and value and draw(st.booleans()):
        at = draw(st.integers(0, len(value) - 1))
        return [*value[:at], _replaced(draw, value[at]), *value[at + 1 :]]
    return draw(anything)


STREAM = "MZ" + "0" * 32


def twilio(event, *, stream=STREAM, **body):
    """A message of Twilio's, or to Twilio; without a `stream` it names none."""
    return {"event": event, **({"streamSid": stream} if stream else {}), **body}


def twilio_start(stream=STREAM, **parameters):
    mulaw = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
    start = {"accountSid": "AC1", "callSid": "CA1", "streamSid": stream, "tracks": ["inbound"], "mediaFormat": mulaw}
    return twilio("start", stream=stream, sequenceNumber="1", start={**start, "customParameters": parameters})


def twilio_up(data, at_ms=0, *, track="inbound", stream=STREAM):
    """20 ms of the call, as Twilio sends it: all its numbers are text."""
    media = {"track": track, "chunk": "1", "timestamp": str(at_ms), "payload": b64(data)}
    return twilio("media", stream=stream, sequenceNumber="2", media=media)


def twilio_down(data, *, stream=STREAM):
    return twilio("media", stream=stream, media={"payload": b64(data)})


TWILIO_CONNECTED = {"event": "connected", "protocol": "Call", "version": "1.0.0"}
