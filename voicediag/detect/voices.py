"""At what rate a voice was made, as far as the voice itself says: the witness that `wrong_rate` asks where none counts.

Pitch, formants and tempo rise together where sound is played too fast. Where the provider wrote down what its agent
said, the words a second are a second witness: they know nothing of pitch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from voicediag.detect.finding import Limit
from voicediag.measure import syllables, voice_rate
from voicediag.spans import Span, SpanSet

if TYPE_CHECKING:
    from voicediag.detect.examination import Examination
    from voicediag.measure.voice_rate import VoiceRate
    from voicediag.session import Samples, Track, TrackName

# At which microphones, files, models and telephones make sound; a voice does not tell a rate from its neighbour.
RATES_HZ: Final = (8_000, 11_025, 16_000, 24_000, 32_000, 48_000)
NEIGHBOURS_HZ: Final = {24_000: 22_050, 48_000: 44_100}
LEAST_SPEED = Limit(
    1.45, "times", "benchmarks/voice_rate: a person may be up to 1.4 times as high and quick as another"
)
LEAST_SPEECH = Limit(3.0, "s of speech", "benchmarks/voice_rate: from 3 s on 0 of 498 looks were false")
MOST_SPEECH = Limit(30.0, "s of speech", "house rule: more tells hardly more, and three hours must not take longer")
LEAST_LEVEL = Limit(-50.0, "dBFS", "as of silent-track: what lies lower is hiss and no voice")
FAR = Limit(
    0.6, "nats a stretch", "benchmarks/voice_rate: of 498 looks at voices as they were made the furthest was 0.52"
)
FAR_OF_USERS = Limit(
    1.1, "nats a stretch", "benchmarks/voice_rate: none of 177 looks at voices on the edge of the human range"
)
SAFE = Limit(-1.0, "nats a stretch", "benchmarks/voice_rate: of voices at 1.5 times their rate 1 in 50 came as low")
VOICE = Limit(1.75, "nats a stretch", "benchmarks/voice_rate: noises, music and animals had up to 1.53")
SURE = Limit(
    3.0, "nats a stretch", "benchmarks/voice_rate: no noise was so far from its declared rate; the furthest 1.65"
)
PACE = Limit(5.1, "syllables a second", "40 synthetic voices in English: half within 12 % of it, all within 37 %")
NEARER = Limit(0.3, "octaves", "house rule: 1.7 standard deviations of how voices differ in pace (0.17 octaves)")
LEAST_SYLLABLES: Final = 25
LEAST_TURN_S: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a voice says of its rate.

    Attributes
    ----------
    track : Track
    rate : VoiceRate
    syllables_per_s : float or None
        Of the agent's English, where its words are known.
    spans : SpanSet
        The speech that was listened to, on the session clock.
    """

    track: Track
    rate: VoiceRate
    syllables_per_s: float | None
    spans: SpanSet

    @property
    def speed(self) -> float:
        """By how much the voice is too fast if it was made at the likeliest other rate."""
        return self.track.rate_hz / self.rate.actual_hz

    @property
    def far(self) -> Limit:
        """From which margin on a voice is at another rate: users may be children, a provider's voices seldom are."""
        return FAR if self.track.role == "agent" else FAR_OF_USERS

    @property
    def made(self) -> str:
        """The likeliest rate in words, with the neighbour that sounds the same."""
        beside = NEIGHBOURS_HZ.get(self.rate.actual_hz)
        return f"{self.rate.actual_hz:,}" + (f" (or {beside:,})" if beside else "") + " Hz"

    @property
    def nearer(self) -> float:
        """By how many octaves the words' pace is nearer to the other rate than to the declared one; 0: unknown."""
        if self.syllables_per_s is None:
            return 0.0
        pace = float(np.log2(self.syllables_per_s / PACE.value))
        return abs(pace) - abs(pace - float(np.log2(self.speed)))

    @property
    def is_wrong(self) -> bool:
        """Whether the voice was made at another rate: the voice says so, or voice and words do together."""
        margin, nearer = self.rate.margin_nats, self.nearer
        alone = margin >= self.far.value and nearer > -NEARER.value
        # What was spoken in this time is what counts: of a voice that is three times too fast a second holds three.
        enough = self.rate.speech_s * max(1.0, self.speed) >= LEAST_SPEECH.value and self.rate.stretches > 0
        return enough and self._is_voice and (alone or (margin > SAFE.value and nearer >= NEARER.value))

    @property
    def is_right(self) -> bool:
        """Whether the voice was made at the declared rate, or one near it."""
        margin = self.rate.margin_nats
        together = margin < self.far.value and self.nearer <= -NEARER.value
        return self._enough and self._is_voice and (margin <= SAFE.value or together)

    @property
    def reason(self) -> str:
        """Why it is neither."""
        name, speech_s = self.track.name, self.rate.speech_s
        if not self._enough:
            return f"{name} has {speech_s:.1f} s of speech, and {LEAST_SPEECH.value:g} s tell a voice's rate"
        if not self._is_voice:
            return f"what sounds in {name} is hardly like a voice at any rate"
        if self.rate.margin_nats >= self.far.value:
            return (
                f"the voice of {name} sounds {in_words(self.speed)}, and its words come at an ordinary pace of "
                f"{self.syllables_per_s:.1f} syllables a second"
            )
        return f"the voice of {name} is as likely made at {self.made} as an unusual one at its declared rate"

    @property
    def bound(self) -> str:
        """What was seen where nothing is wrong."""
        return (
            f"{self.rate.speech_s:.0f} s of speech in {self.track.name} sound as a voice does at "
            f"{self.track.rate_hz:,} Hz, give or take a factor of {LEAST_SPEED.value - 0.05:.1f}"
        )

    @property
    def _is_voice(self) -> bool:
        return self.rate.likeness_nats >= VOICE.value or abs(self.rate.margin_nats) >= SURE.value

    @property
    def _enough(self) -> bool:
        return self.rate.speech_s >= LEAST_SPEECH.value and self.rate.stretches > 0


def told(exam: Examination, name: TrackName) -> Told | None:
    """Return what the voice of a track says; None where nobody speaks in it."""
    track, level_db = exam.session.tracks[name], exam.reading(name).active.active_speech_dbov
    others = others_hz(track.rate_hz)
    if level_db is None or level_db < LEAST_LEVEL.value or not others:
        return None
    spans = _spread(_speech(exam, track), MOST_SPEECH.value)
    if not spans:
        return None
    from threadpoolctl import threadpool_limits

    # Its products are small: threads would wait for each other longer than they work.
    with threadpool_limits(limits=1, user_api="blas"):
        rate = voice_rate.listen(_sound(track, spans), track.rate_hz, others)
    return Told(
        track=track,
        rate=rate,
        syllables_per_s=_syllables_per_s(exam, track) if track.name == "agent-received" else None,
        spans=spans,
    )


def others_hz(declared_hz: int) -> list[int]:
    """Return the known rates that a voice can tell from the declared one."""
    return [hz for hz in RATES_HZ if max(hz, declared_hz) >= LEAST_SPEED.value * min(hz, declared_hz)]


def in_words(speed: float) -> str:
    """Return a speed in words."""
    return f"{speed:.2f} times too fast and too high" if speed > 1 else f"{1 / speed:.2f} times too slow and too deep"


def _speech(exam: Examination, track: Track) -> SpanSet:
    """Return where a track's own voice speaks: of a user without the agent's echo."""
    if track.role == "agent":
        return exam.speech(track.name)
    user = exam.voices[0] if track is exam.session.heard else exam.foreground(track.name)
    return (user or SpanSet()) & SpanSet((track.span,))


def _spread(spans: SpanSet, most_s: float) -> SpanSet:
    """Return every n-th span, so that what is kept lasts about `most_s` and comes from all of the session."""
    kept = list(spans)
    every = max(1, int(spans.total_s // most_s))
    out: list[Span] = []
    left_s = most_s
    for span in kept[::every]:
        if left_s <= 0:
            break
        out.append(Span(span.start_s, min(span.end_s, span.start_s + left_s)))
        left_s -= out[-1].duration_s
    return SpanSet(out)


def _sound(track: Track, spans: SpanSet) -> Samples:
    return np.concatenate([track.read(span) for span in spans])


def _syllables_per_s(exam: Examination, track: Track) -> float | None:
    """Return how fast the agent speaks its English, of half of its turns faster; None where too little is known.

    The words of an answer that was interrupted are more than its sound, so that no mean would do.
    """
    speech, paces, said = exam.speech(track.name), [], 0
    for turn in exam.session.turns:
        spoken_s = (speech & SpanSet((turn.span,))).total_s
        if turn.role != "agent" or turn.learnt_from != "audio" or spoken_s < LEAST_TURN_S:
            continue
        if count := syllables.count(turn.text):
            paces.append(count / spoken_s)
            said += count
    return float(np.median(paces)) if said >= LEAST_SYLLABLES else None
