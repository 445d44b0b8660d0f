"""Let other people's apps be dialled by the emulated Twilio: a call in which the caller breaks in and presses a key."""

import asyncio
import contextlib
import json
from pathlib import Path

import numpy as np

from voicediag.formats import session_folder
from voicediag.live.emulator.caller import LINE_HZ, Caller, Say
from voicediag.live.emulator.twilio_dialling import call

CALLER = Caller(says=(Say(over_s=1.0), Say(keys="7", wait_s=0.2)))
TONE_HZ = 440
# What a resampler may keep to itself.
HELD_S = 0.2
# The amplitude of the app's greeting, and what G.711 may make of it.
PEAK, WITHIN = 8_000 / 32_768, 0.02


async def talk(command: list[str], folder: Path) -> dict[str, object]:
    """Return what became of a call to an app whose first line says where to dial, and whose last what it heard."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        url = (await asyncio.wait_for(process.stdout.readline(), 30)).decode().strip()
        told = await call(url, CALLER, out=folder)
        out, err = await asyncio.wait_for(process.communicate(), 10)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    if process.returncode:
        return {"failed": err.decode()[-400:]}
    sound = await asyncio.to_thread(recorded, folder)
    return {"call": told, "heard": json.loads(out), "sound": sound, "audio_bytes": sound.size}


def recorded(folder: Path) -> np.ndarray:
    """Return the app's sound, as the relay recorded it."""
    (made,) = folder.glob("*.vds")
    stream = session_folder.read(made).tracks["agent-received"].source.stream
    return stream.read(0, stream.frames)


def wrong(told: dict[str, object]) -> list[str]:
    """Return in what the call differs from what must come of it."""
    made, heard, sound = told["call"], told["heard"], told["sound"][LINE_HZ // 10 :][:LINE_HZ]
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(sound.size)))
    checks = {
        "rules kept": made.slips == {} and made.ended == "hung-up",
        "the greeting cleared once, and its mark back": (made.clears, made.marks) == (1, 1)
        and heard["events"].count("mark") == 1,
        "the caller heard to its end": abs(heard["heard_s"] - made.sent_s) < HELD_S,
        "the key heard": heard["keys"] == "7",
        "begun and ended": heard["events"][:2] == ["connected", "start"] and heard["events"][-1] == "stop",
        "a tone of 440 Hz": abs(np.argmax(spectrum) - TONE_HZ) <= 1,
        "at its level": abs(np.sqrt(2 * np.mean(sound**2)) - PEAK) < WITHIN * PEAK,
    }
    return [f"not {what}" for what, right in checks.items() if not right]
