"""The browser did to the microphone what nobody asked it to, or left out what was asked for.

A constraint that is no demand is a wish: browsers and their systems answer it with echo cancellation, noise suppression
or gain control as they see fit, and say so only to whoever asks the track. What is then measured of the user's sound is
the browser's work: an echo that is gone, a level that is not the microphone's, a noise floor of nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from voicediag.detect.detector import Detector
from voicediag.detect.examination import Examination
from voicediag.detect.finding import Cause, Evidence, Finding, Limit, Severity, Verdict, clear, found, unjudged
from voicediag.detect.precision import PRECISION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from voicediag.session import Session, Track

ID = "browser-processing"
AS_ASKED = Limit(
    0,
    "settings",
    "W3C Media Capture and Streams: a setting that is not `exact` is a wish that a browser need not grant",
)
NARROWEST = Limit(16_000, "Hz", "Gemini Live takes 16 kHz and OpenAI Realtime 24; a headset's call mode gives 8")
SWITCHES: Final = {
    "echoCancellation": "echo cancellation",
    "noiseSuppression": "noise suppression",
    "autoGainControl": "gain control",
}
NUMBERS: Final = {"sampleRate": "Hz", "channelCount": "channels"}
# What of the recording is no longer the microphone's.
TAKES: Final = {
    "echoCancellation": "an echo that is not there may have been taken off",
    "noiseSuppression": "soft sounds and the noise floor are the suppressor's",
    "autoGainControl": "its level is no measure of the microphone",
}
REMEDY_UNASKED = (
    "Read what was granted, track.getSettings(), and tell the user of what differs. Ask again with {exact: false}, "
    "which fails where the browser will not; if it does, another browser or device is needed. Look for modes of the "
    "system (voice isolation, a headset's call mode) and for a second page or call that holds the same microphone."
)
REMEDY_LACKING = (
    "Read what was granted, track.getSettings(): this device or browser lacks what the app relies on. Ask with "
    "{exact: true} to learn of it at once, and have those users wear headphones or cancel the echo in the app."
)
REMEDY_NARROW = (
    "The device gives a telephone's band. A Bluetooth headset does so while its microphone is open: take another "
    "input, or expect worse transcripts."
)


@dataclass(frozen=True, slots=True)
class _Granted:
    """What a page asked for and what it was granted; `unsaid` is what the browser does not tell."""

    unasked: tuple[str, ...]
    lacking: tuple[str, ...]
    numbers: tuple[tuple[str, float, float], ...]
    unsaid: tuple[str, ...]
    rate_hz: float | None

    @property
    def is_narrow(self) -> bool:
        """Whether the device gives less than either provider takes."""
        return self.rate_hz is not None and self.rate_hz < NARROWEST.value


def examine(exam: Examination) -> Verdict:
    """Answer with the settings that differ from what was asked for."""
    session = exam.session
    log = session.capture
    begun = log.first("begin") if log else {}
    if not begun:
        return unjudged(ID, "no recorder in a browser noted what it was granted")
    track = session.first("user-captured", "user-sent")
    if track is None:
        return unjudged(ID, "the session has no track of the user")
    granted = _compared(begun.get("asked"), begun.get("granted"))
    if granted.unasked or granted.lacking or granted.numbers or granted.is_narrow:
        return found(_finding(granted, track))
    if granted.unsaid:
        return unjudged(ID, f"the browser does not say whether {_joined(granted.unsaid, last='or')} is on")
    return clear(ID, bound="the browser's own word: what it does without telling is not seen")


def suppresses_noise(session: Session) -> bool:
    """Whether a suppressor took the room from under the user's voice, asked for or not."""
    granted = session.capture.first("begin").get("granted") if session.capture else None
    return isinstance(granted, dict) and _is_on(granted.get("noiseSuppression")) is True


def _compared(asked: object, given: object) -> _Granted:
    asked, given = (told if isinstance(told, dict) else {} for told in (asked, given))
    states = {name: (_is_on(asked.get(name)), _is_on(given.get(name))) for name in SWITCHES}
    rate_hz = given.get("sampleRate")
    return _Granted(
        unasked=tuple(name for name, state in states.items() if state == (False, True)),
        lacking=tuple(name for name, state in states.items() if state == (True, False)),
        numbers=tuple(
            (name, asked[name], given[name])
            for name in NUMBERS
            if _is_number(asked.get(name)) and _is_number(given.get(name)) and asked[name] != given[name]
        ),
        unsaid=tuple(SWITCHES[name] for name, (wish, is_on) in states.items() if is_on is None or wish is None),
        rate_hz=rate_hz if _is_number(rate_hz) else None,
    )


def _is_on(value: object) -> bool | None:
    """Return whether a setting is on; a kind of canceller is named by a word."""
    if isinstance(value, bool):
        return value
    return True if isinstance(value, str) and value else None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _finding(granted: _Granted, track: Track) -> Finding:
    heard = bool(granted.unasked or granted.lacking)
    only_narrow = granted.is_narrow and not heard and not granted.numbers
    return Finding(
        id=ID,
        cause=Cause.FORMAT,
        severity=Severity.MEDIUM if heard or granted.is_narrow else Severity.LOW,
        confidence=PRECISION[ID],
        summary=f"{_said(granted, track)}.",
        remedy=REMEDY_UNASKED if granted.unasked else REMEDY_LACKING if granted.lacking else REMEDY_NARROW,
        primary=Evidence(
            track=track.name,
            span=track.span,
            measure=_measure(granted),
            limit=NARROWEST if only_narrow else AS_ASKED,
        ),
        # A canceller that was asked for and does not run leaves the echo that it is for.
        explains=frozenset({"echo-leak"} if "echoCancellation" in granted.lacking else ()),
    )


def _said(granted: _Granted, track: Track) -> str:
    parts = []
    if granted.unasked:
        takes = "; ".join(TAKES[name] for name in granted.unasked)
        named = _joined([SWITCHES[name] for name in granted.unasked])
        parts.append(f"the browser put {named} on {track.name} unasked: {takes}")
    if granted.lacking:
        named = _joined([SWITCHES[name] for name in granted.lacking])
        parts.append(f"the browser gives {track.name} no {named}, though it was asked for")
    parts += [
        f"{given:g} {NUMBERS[name]} were granted where {asked:g} were asked for"
        for name, asked, given in granted.numbers
    ]
    if granted.is_narrow:
        parts.append(
            f"the device gives {granted.rate_hz:g} Hz, less than the {NARROWEST.value:g} that are asked of speech"
        )
    said = "; ".join(parts)
    return said[0].upper() + said[1:]


def _measure(granted: _Granted) -> Mapping[str, Any]:
    wanted = {name: (asked, given) for name, asked, given in granted.numbers}
    rates, channels = wanted.get("sampleRate"), wanted.get("channelCount")
    return {
        "settings": len(granted.unasked) + len(granted.lacking) + len(granted.numbers),
        "unasked": _joined([SWITCHES[name] for name in granted.unasked]) or None,
        "lacking": _joined([SWITCHES[name] for name in granted.lacking]) or None,
        "asked_hz": rates[0] if rates else None,
        "granted_hz": granted.rate_hz,
        "asked_channels": channels[0] if channels else None,
        "granted_channels": channels[1] if channels else None,
    }


def _joined(words: tuple[str, ...] | list[str], *, last: str = "and") -> str:
    return f" {last} ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


DETECTOR = Detector(
    id=ID, cause=Cause.FORMAT, question="Does the browser leave the microphone as it was asked to?", examine=examine
)
