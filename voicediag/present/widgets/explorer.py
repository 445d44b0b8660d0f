"""The session explorer as a notebook's widget: the kernel keeps the samples and hands out those that are asked for.

An answer is bounded, however much is asked for: ten seconds of one track, or one picture. Sound goes as WAV, as loud as
it is.
"""

from __future__ import annotations

import html
import io
import math
from typing import TYPE_CHECKING, Any, Final

import anywidget
import numpy as np
import traitlets

from voicediag.errors import InputError
from voicediag.measure.envelope import linear
from voicediag.measure.spectrogram import spectrogram
from voicediag.present import page
from voicediag.present.widgets import timeline
from voicediag.session import track_name
from voicediag.spans import Span

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from voicediag.detect.finding import Finding
    from voicediag.measure.envelope import Envelope
    from voicediag.session import Session, Track, TrackName

LONGEST_HEARD_S: Final = 10.0
# A picture of more takes seconds to compute, and shows less than the waveform does.
LONGEST_SEEN_S: Final = 300.0
MOST_COLUMNS, ROWS = 2_000, 128
LOWEST_DB: Final = -100.0
STILL_COLUMNS, STILL_HEIGHT = 720, 60


class Explorer(anywidget.AnyWidget):
    """A session to look at, zoom into and hear.

    Parameters
    ----------
    session : Session
    findings : sequence of Finding
    envelopes : mapping, optional
        Of every track; read from the session where nobody has them.
    """

    _esm = timeline.script("notebook")
    _css = page.style() + timeline.style()
    about = traitlets.Dict().tag(sync=True)
    envelopes = traitlets.Bytes().tag(sync=True)

    def __init__(
        self,
        session: Session,
        findings: Sequence[Finding] = (),
        envelopes: Mapping[TrackName, Envelope] | None = None,
    ) -> None:
        drawn = envelopes or timeline.envelopes(session)
        super().__init__(about=timeline.about(session, findings, drawn), envelopes=timeline.packed(drawn))
        self._session = session
        self._still = still(drawn)
        self.on_msg(lambda _, message, __: self._asked(message))

    def _asked(self, message: object) -> None:
        if isinstance(message, dict):
            answer, content = answered(self._session, message)
            self.send({**answer, "id": message.get("id")}, buffers=[content] if content else None)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """Return the widget, and a still picture for whoever shows no widgets."""
        shown = super()._repr_mimebundle_(**kwargs)
        bundle, metadata = shown if isinstance(shown, tuple) else (shown, {})
        return {**(bundle or {}), "text/html": self._still}, metadata


def answered(session: Session, message: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
    """Return the answer to a message of the widget, and the bytes that go with it."""
    try:
        track = session.tracks[track_name(str(message.get("track")))]
        begin_s, end_s = float(message["from"]), float(message["to"])
        columns = int(message.get("columns", 0))
    except (InputError, KeyError, TypeError, ValueError, OverflowError):
        return {"why": "That is no track and no span of this session."}, b""
    if not (math.isfinite(begin_s) and math.isfinite(end_s) and 0 <= begin_s < end_s <= session.duration_s + 1):
        return {"why": "That is no span of this session."}, b""
    if message.get("ask") == "sound":
        return {}, wav(track, Span(begin_s, min(end_s, begin_s + LONGEST_HEARD_S)))
    if end_s - begin_s > LONGEST_SEEN_S:
        return {"why": f"Zoom in to {LONGEST_SEEN_S / 60:.0f} minutes or less for a spectrogram."}, b""
    return picture(track, Span(begin_s, end_s), columns=max(1, min(columns, MOST_COLUMNS)))


def wav(track: Track, span: Span) -> bytes:
    """Return a span of a track as WAV of 16 bits, as loud as it is."""
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, np.clip(track.read(span), -1.0, 1.0), track.rate_hz, format="WAV", subtype="PCM_16")
    return file.getvalue()


def picture(track: Track, span: Span, *, columns: int) -> tuple[dict[str, Any], bytes]:
    """Return a spectrogram as bytes from `LOWEST_DB` to full scale, the highest frequency first, and its size."""
    levels = spectrogram(track.read(span), rate_hz=track.rate_hz, columns=columns, rows=ROWS)
    shares = np.clip(1 - levels / LOWEST_DB, 0, 1)
    tones = np.rint(255 * shares[::-1]).astype(np.uint8)
    return {"columns": tones.shape[1], "rows": tones.shape[0]}, tones.tobytes()


def still(envelopes: Mapping[TrackName, Envelope]) -> str:
    """Return the waveforms as one small SVG: the tracks below each other, full scale at the edges."""
    rows = []
    for place, (name, envelope) in enumerate(envelopes.items()):
        thin, middle = envelope.thinned(most=STILL_COLUMNS), STILL_HEIGHT * (place + 0.6)
        tops, bottoms = (middle - 0.45 * STILL_HEIGHT * linear(codes) for codes in (thin.high, thin.low))
        path = "".join(
            f"M{x} {top:.1f}V{max(bottom, top + 0.5):.1f}"
            for x, (top, bottom) in enumerate(zip(tops.tolist(), bottoms.tolist(), strict=True))
        )
        rows.append(f'<text x="0" y="{STILL_HEIGHT * place + 10}">{html.escape(name)}</text><path d="{path}"/>')
    size = f'viewBox="0 0 {STILL_COLUMNS} {STILL_HEIGHT * max(1, len(rows)) + 10}"'
    style = 'style="max-width:60rem;font:10px sans-serif;fill:currentColor;stroke:none"'
    drawn = "".join(rows).replace("<path", '<path stroke="currentColor" fill="none"')
    told = f'role="img" aria-label="{len(rows)} tracks"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {told} {size} {style}>{drawn}</svg>'
