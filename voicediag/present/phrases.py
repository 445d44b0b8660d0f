"""Words for people: numbers with their units, what is wrong in one sentence, what could not be judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from voicediag.detect.finding import Evidence, Finding, Measure
    from voicediag.diagnose import Diagnosis
    from voicediag.session import Session

# A key's last part, and how the unit is written.
UNITS: Final[Mapping[str, str]] = {
    "s": "s",
    "ms": "ms",
    "hz": "Hz",
    "db": "dB",
    "dbfs": "dBFS",
    "dbov": "dBov",
    "dbtp": "dBTP",
    "lufs": "LUFS",
    "ppm": "ppm",
    "sigmas": "σ",
}
ACRONYMS: Final[Mapping[str, str]] = {"rms": "RMS", "snr": "SNR", "erl": "ERL", "dc": "DC", "vad": "VAD"}
UNKNOWN = "–"
LEVELS = frozenset({"dB", "dBFS", "dBov", "dBTP", "LUFS"})
# As many as a line or two have room for; the explorer and the JSON have all.
MOST_MARKED = 20
# A direct offset or a share below this is rounding.
NOTHING = 1e-5


def headline(diagnosis: Diagnosis) -> str:
    """Return what is wrong in one sentence."""
    roots = diagnosis.root_causes
    if len(roots) == 1:
        return roots[0].summary
    if roots:
        names = list(dict.fromkeys(root.id for root in roots))
        return f"{len(roots)} root causes, to be settled in this order: {', '.join(names)}."
    if not diagnosis.unjudged:
        return "Nothing found."
    if not diagnosis.clear:
        return "Nothing could be judged."
    asked = len(diagnosis.verdicts)
    return f"Nothing found, but {len(diagnosis.unjudged)} of {asked} faults could not be judged."


def verdict(diagnosis: Diagnosis) -> str:
    """Return the word over the headline."""
    roots = diagnosis.root_causes
    if len(roots) == 1:
        return f"Root cause: {roots[0].id}"
    if roots:
        return "Root causes"
    return "Not judged" if diagnosis.unjudged else "Clear"


def measures(measure: Measure) -> list[tuple[str, str, str]]:
    """Return the numbers that were measured as (key, name, value with its unit); what is unknown is left out."""
    return [(key, *_named(key, value)) for key, value in measure.items() if isinstance(value, int | float)]


def told(measure: Measure) -> list[tuple[str, str]]:
    """Return what was found in words as (name, text)."""
    return [(key.replace("_", " "), value) for key, value in measure.items() if isinstance(value, str)]


def meter_rows(meters: Mapping[str, Measure]) -> list[tuple[str, list[str]]]:
    """Return the meters as rows of a name and one value a track."""
    keys = dict.fromkeys(key for values in meters.values() for key in values)
    return [(_named(key, None)[0], [_named(key, values.get(key))[1] for values in meters.values()]) for key in keys]


def held_against_limit(evidence: Evidence) -> str | None:
    """Return the key of the number that the limit speaks of, told by its unit; None where that is not plain."""
    unit = set(evidence.limit.unit.lower().split())
    numbers = [key for key, value in evidence.measure.items() if isinstance(value, int | float)]
    shared = {key: len(unit & set(key.split("_"))) for key in numbers}
    most = max(shared.values(), default=0)
    best = [key for key, count in shared.items() if count == most]
    return best[0] if most and len(best) == 1 else None


def quantity(value: float, *, unit: str = "") -> str:
    """Return a number with no more digits than it is worth: a tenth of a dB is all that a level has."""
    size = abs(value)
    if unit in LEVELS or (10 <= size < 1_000 and not float(value).is_integer()):
        text = f"{value:.1f}"
    elif float(value).is_integer() or size < NOTHING:
        text = f"{round(value):,}"
    else:
        text = f"{value:,.0f}" if size >= 1_000 else f"{value:.3g}"
    return text.replace("-", "\N{MINUS SIGN}" if text.strip("-0.,") else "", 1)


def clock(seconds: float) -> str:
    """Return a time on the session clock: 4.25 s below a minute, 1:05.3 and 1:02:05.3 above."""
    minutes, rest = divmod(round(seconds, 2), 60)
    if not minutes:
        return f"{rest:.2f} s"
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02}:{rest:04.1f}" if hours else f"{minutes}:{rest:04.1f}"


def marked(session: Session) -> str:
    """Return the moments that the user marked, each with what was written beside it; empty where there are none."""
    told = [f"{clock(flag.at_s)}{f' “{flag.text}”' if flag.text else ''}" for flag in session.flags]
    more = f" and {len(told) - MOST_MARKED} more" if len(told) > MOST_MARKED else ""
    return f"{', '.join(told[:MOST_MARKED])}{more}"


def place(evidence: Evidence) -> str:
    """Return where a piece of evidence is."""
    beside = f" beside {evidence.against}" if evidence.against else ""
    return f"{evidence.track}{beside}, {clock(evidence.span.start_s)} to {clock(evidence.span.end_s)}"


def anchors(findings: tuple[Finding, ...]) -> list[str]:
    """Return a name for each finding that is its own in the page: its id, numbered from the second of that id on."""
    seen: dict[str, int] = {}
    names = []
    for finding in findings:
        seen[finding.id] = seen.get(finding.id, 0) + 1
        names.append(finding.id if seen[finding.id] == 1 else f"{finding.id}-{seen[finding.id]}")
    return names


def _named(key: str, value: object) -> tuple[str, str]:
    """Return a key as words, and its value with the unit that ends the key."""
    *words, last = key.split("_")
    unit = UNITS.get(last, "") if words else ""
    name = " ".join(ACRONYMS.get(word, word) for word in (words if unit else (*words, last)))
    if value is None:
        return name, UNKNOWN
    shown = quantity(value, unit=unit) if isinstance(value, int | float) else str(value)
    return name, f"{shown} {unit}".rstrip()
