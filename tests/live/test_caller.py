import asyncio
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from aiohttp import web

import voicediag as vd
from voicediag import signals
from voicediag.errors import InputError, LiveError
from voicediag.live.rehearsal import Rehearsal, call, rehearse
from voicediag.spans import Span

TOLD = Rehearsal(provider="openai")


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch):
    for name in ("OPENAI_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.slow
def test_a_live_session_is_recorded_and_its_echo_named(tmp_path):
    told = Rehearsal(faults=("speaker-echo",))
    ticks = []
    held = rehearse(tmp_path, told, duration_s=12, on_tick=ticks.append)
    session = vd.load(held.folder)
    diagnosis = vd.check(session)
    assert [finding.id for finding in diagnosis.root_causes] == ["echo-leak"]
    # What the microphone heard is placed by its first message, which a busy machine sends late.
    assert diagnosis.findings[0].primary.measure["delay_ms"] == pytest.approx(120, abs=40)
    assert list(session.tracks) == ["user-sent", "agent-received", "agent-played"]
    assert session.tracks["agent-played"].span.duration_s == pytest.approx(12, abs=0.1)
    assert not held.lost
    assert ticks[-1] == pytest.approx(12)
    assert not any(b"rehearsal-key" in file.read_bytes() for file in held.folder.iterdir())


def test_a_lost_connection_is_made_again_and_the_session_goes_on(tmp_path):
    held = rehearse(tmp_path, Rehearsal(faults=("tcp-abort=2",)), duration_s=5)
    kinds = [json.loads(line) for line in (held.folder / "wire.jsonl").read_text().splitlines()]
    setups = [line["msg"]["setup"] for line in kinds if "setup" in line["msg"]]
    assert len(setups) >= 2
    assert setups[1]["sessionResumption"]["handle"].startswith("emulated-1")
    assert next((line["dir"], line["msg"]["code"]) for line in kinds if line["kind"] == "close") == ("down", 1006)
    agent = [turn.text for turn in vd.load(held.folder).turns if turn.role == "agent"]
    assert len(agent) >= 2, "the transcript survives the drop"


def test_goaway_hands_the_session_over_before_the_end(tmp_path):
    held = rehearse(tmp_path, Rehearsal(faults=("goaway=2",)), duration_s=5)
    lines = [json.loads(line) for line in (held.folder / "wire.jsonl").read_text().splitlines()]
    assert next(line["dir"] for line in lines if line["kind"] == "close") == "up"
    assert "unheeded-goaway" not in {finding.id for finding in vd.check(vd.load(held.folder)).findings}


def test_a_provider_that_never_agrees_is_given_up_and_the_recording_kept(tmp_path, monkeypatch):
    monkeypatch.setattr("voicediag.live.client.line.BACKOFF_S", (0.0, 0.0))

    async def refuses(request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.receive()
        await socket.close(code=1008, message=b"no such model")
        return socket

    held = asyncio.run(_against(refuses, lambda url: asyncio.to_thread(call, tmp_path, TOLD, url, duration_s=30)))
    assert held.lost == "the provider closed 2 connections before it agreed to a session (1008 no such model)"
    assert '"code":1008' in (held.folder / "wire.jsonl").read_text()


@pytest.mark.parametrize(
    ("status", "likely"), [(401, "the key"), (404, "the base URL or the model"), (500, "HTTP 500")]
)
def test_a_refusal_names_its_likely_cause(tmp_path, status, likely):
    async def refuses(_):
        return web.Response(status=status)

    with pytest.raises(LiveError, match=likely) as caught:
        asyncio.run(_against(refuses, lambda url: asyncio.to_thread(call, tmp_path, TOLD, url, duration_s=1)))
    assert "rehearsal-key" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_nobody_there_is_said(tmp_path):
    with pytest.raises(LiveError, match="WebSocket at http://127"):
        call(tmp_path, TOLD, "http://127.0.0.1:9", duration_s=1)


def test_without_a_key_the_provider_itself_is_not_called(tmp_path):
    with pytest.raises(InputError, match="OPENAI_API_KEY"):
        call(tmp_path, TOLD, None, duration_s=1)


@pytest.mark.parametrize(
    "told",
    [
        Rehearsal(provider="acme"),
        Rehearsal(faults=("ecko",)),
        Rehearsal(faults=("goaway",), provider="openai"),
        Rehearsal(wav=Path("no-such.wav")),
    ],
    ids=["provider", "fault", "fault of the other", "file"],
)
def test_what_nobody_knows_is_refused(tmp_path, told):
    with pytest.raises(InputError):
        rehearse(tmp_path, told, duration_s=1)


def test_a_user_from_a_file_is_what_is_sent(tmp_path):
    tone = signals.sine(frequency_hz=440, duration_s=2, rate_hz=44_100, peak=0.3)
    soundfile.write(tmp_path / "user.wav", tone, 44_100)
    held = rehearse(tmp_path, Rehearsal(provider="openai", wav=tmp_path / "user.wav"), duration_s=2)
    sent = vd.load(held.folder).tracks["user-sent"]
    heard = sent.read(Span(0.5, 1.5))
    assert sent.rate_hz == 24_000
    # A sine's RMS is its peak over the root of two; in 1 s a tone of 440 Hz rises through zero 440 times.
    assert float(np.sqrt(np.mean(heard**2))) == pytest.approx(0.3 / 2**0.5, rel=0.01)
    assert np.count_nonzero((heard[:-1] < 0) & (heard[1:] >= 0)) == pytest.approx(440, abs=1)


async def _against(handler, do):
    """Do something while a server of one handler stands at every path."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return await do(f"http://127.0.0.1:{runner.addresses[0][1]}")
    finally:
        await runner.cleanup()
