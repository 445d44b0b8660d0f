"""What a resampler did to a voice, in a line or two, or as the key ``speech`` of ``voicediag.resampler/1``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from voicediag.present.as_json import rounded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicediag.resampling.speech import SpeechQuality

NAMES = {"whole": "The voice in one piece", "chunks": "The voice in chunks of 20 ms"}


def structured(heard: dict[str, SpeechQuality]) -> dict[str, Any]:
    """Return the figures by how the voice was resampled."""
    return {
        name: {
            **rounded({"pesq_wb": one.pesq_wb, "stoi": one.stoi}),
            **rounded({"log_spectral_distance_db": one.log_spectral_distance_db}),
            "blind_above_hz": one.blind_above_hz,
            "unsaid": list(one.unsaid),
        }
        for name, one in heard.items()
    }


def lines(heard: dict[str, SpeechQuality]) -> Iterator[str]:
    """Yield what people read."""
    for name, one in heard.items():
        figures = (
            "" if one.pesq_wb is None else f"PESQ-WB {one.pesq_wb:.2f} of 4.64",
            "" if one.stoi is None else f"STOI {one.stoi:.3f}",
            f"log-spectral distance {one.log_spectral_distance_db:.1f} dB",
        )
        yield f"{NAMES[name]}, beside soxr VHQ: {', '.join(filter(None, figures))}."
    every = list(heard.values())
    yield from (f"{reason}." for reason in dict.fromkeys(reason for one in every for reason in one.unsaid))
    if any(one.blind_above_hz for one in every):
        yield "PESQ and STOI hear nothing above 8 kHz, where this output goes on; the distance does."
