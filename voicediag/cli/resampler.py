"""``voicediag resampler``: what a resampler does to voice."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voicediag.cli.judging import Html
from voicediag.cli.shared import CLEAR, FINDINGS, AsJson, app, input_errors, print_json, print_rich, refuse

if TYPE_CHECKING:
    from voicediag.resampling import Report
    from voicediag.resampling.stems import Stems

Target = Annotated[
    str | None,
    typer.Argument(
        help="FILE.py:NAME, MODULE:NAME, 'cmd:sox {in} -r {rate_out} {out}', browser:... or what came back."
    ),
]
From = Annotated[int, typer.Option("--from", help="The rate that goes in, in Hz.")]
To = Annotated[int, typer.Option("--to", help="The rate that comes out, in Hz.")]
Whole = Annotated[bool, typer.Option("--whole", help="It is used on whole recordings only, never chunk by chunk.")]
Type = Annotated[
    str | None, typer.Option(help="What it takes: float64, float32, int16, bytes, bytearray; else it is tried.")
]
PlanFile = Annotated[Path | None, typer.Option("--plan", help="Write the test signal to this WAV file.")]
All = Annotated[bool, typer.Option("--all", help="Every one that is installed, between eight pairs of rates.")]
StemsFolder = Annotated[
    Path | None, typer.Option(help="Write a voice through it into this folder, and what was added and cut by itself.")
]
Voice = Annotated[Path | None, typer.Option(help="A voice to try it on: PESQ, STOI, and the stems of it.")]
Png = Annotated[Path | None, typer.Option(help="Also draw the pictures into this file.")]


@app.command()
def resampler(
    target: Target = None,
    rate_in: From = 24_000,
    rate_out: To = 16_000,
    whole: Whole = False,
    sample_type: Type = None,
    plan: PlanFile = None,
    stems: StemsFolder = None,
    voice: Voice = None,
    every: All = False,
    as_json: AsJson = False,
    html: Html = None,
    png: Png = None,
) -> None:
    """Grade anything that resamples, A to F, for voice: aliases, loss, noise, chunks, delay, drift, wrapping.

    TARGET is a function of the samples, a class or object with `push` or the like, a function that makes one, a
    command, or the name of one that is installed, such as soxr-hq-stream. A function is also called anew for each
    chunk, as apps do; --whole leaves that out.

    browser:AudioBufferSourceNode and browser:decodeAudioData are what a page in Chromium does, and browser:AudioContext
    what it makes of its microphone; they need the extra [browser].

    For what cannot be called, a phone or another browser: --plan plan.wav without a TARGET writes the test signal, and
    the recording of what came back is the TARGET then; its delay, its level and its clock need not be known.

    --all takes no TARGET and prints a leaderboard in two minutes or so.

    Exits 0 when it will do for voice (A to D), 1 when it will not (F), 2 when it cannot be judged.

    Example: `voicediag resampler my_audio.py:downsample --from 24000 --to 16000 --html card.html`
    """
    from voicediag.present import resampler_card, resampler_voice
    from voicediag.resampling import speech

    if every:
        _print_board(as_json=as_json)
        return
    if plan and not target:
        _write_plan(plan, rate_in, rate_out, as_json=as_json)
        return
    if not target:
        refuse("expected a TARGET, or --plan plan.wav", "neither")
    with input_errors():
        report = _report(target, rate_in, rate_out, live=not whole, sample_type=sample_type)
    through = _through(target, report, voice) if stems or voice else None
    told = _stems(through, stems) if through and stems else {}
    spoken = speech.heard(through, live=report.live) if through and voice else {}
    if as_json:
        more = {"speech": resampler_voice.structured(spoken)} if spoken else {}
        print_json(resampler_card.structured(report) | told | more)
    else:
        print_rich(resampler_card.text(report))
        for each in told.values():
            print(f"\nWhat was added is louder than the voice for {each['louder_s']} s: {', '.join(each['files'])}")
        print("".join(f"\n{line}" for line in resampler_voice.lines(spoken)), end="\n" if spoken else "")
    for path in _written(report, html=html, png=png):
        if not as_json:
            print(f"\nWritten: {path}")
    sys.exit(CLEAR if report.passes else FINDINGS)


def _report(target: str, rate_in: int, rate_out: int, *, live: bool, sample_type: str | None) -> Report:
    """Return the report on what was named."""
    from voicediag.resampling import evaluate, in_browser, returned
    from voicediag.resampling.arguments import Rates
    from voicediag.resampling.browser_page import BROWSER
    from voicediag.resampling.commands import named

    if Path(target).is_file():
        return returned.judged_file(Path(target), rate_in, rate_out)
    if target.startswith(BROWSER):
        return in_browser(target.removeprefix(BROWSER), rate_in, rate_out)
    found = named(target, Rates(in_hz=rate_in, out_hz=rate_out))
    # What is judged may print, which would end up in the JSON.
    with redirect_stdout(sys.stderr):
        return evaluate(found, rate_in, rate_out, live=live, sample_type=sample_type, name=target)


def _print_board(*, as_json: bool) -> None:
    """Print the leaderboard; on a terminal the error stream says how far it is."""
    from voicediag.present import resampler_board
    from voicediag.resampling.leaderboard import lacking, leaderboard

    places = []
    with redirect_stdout(sys.stderr):
        for place in leaderboard():
            places.append(place)
            if sys.stderr.isatty():
                told = f"{place.name} {place.rates.in_hz} to {place.rates.out_hz} Hz: {place.report.grade}"
                print(f"{told:<78}", end="\r", file=sys.stderr)
    if as_json:
        print_json(resampler_board.structured(places, lacking()))
    else:
        print_rich(resampler_board.text(places, lacking()))


def _through(target: str, report: Report, voice: Path | None) -> Stems:
    """Return a voice through what was named, taken apart."""
    from voicediag.resampling.arguments import Rates
    from voicediag.resampling.commands import named
    from voicediag.resampling.stems import stems
    from voicediag.resampling.target import target_of
    from voicediag.signals import speech_like

    rates = Rates(in_hz=report.plan.rate_in_hz, out_hz=report.plan.rate_out_hz)
    with input_errors(), redirect_stdout(sys.stderr):
        if Path(target).is_file():
            refuse("expected something that can be called, with --stems or --voice", "a recording")
        sound = speech_like(duration_s=4.0, rate_hz=rates.in_hz, seed=1).samples
        if voice:
            sound = _voice(voice, rates.in_hz)
        ready = replace(target_of(named(target, rates), rates), sample_type=report.sample_type, scale=report.scale)
        return stems(ready, sound.astype("float64"))


def _stems(found: Stems, folder: Path) -> dict[str, Any]:
    """Write what a voice was taken apart into, and return what is in it."""
    import soundfile

    from voicediag.resampling.stems import FRAME_S

    folder.mkdir(parents=True, exist_ok=True)
    files = {folder / f"{name}.wav": samples for name, samples in found.sounds.items()}
    for path, samples in files.items():
        soundfile.write(path, samples, found.rate_hz)
    told = {"files": [str(path) for path in files], "louder_s": round(len(found.louder_s) * FRAME_S, 2)}
    return {"stems": {**told, "worst_db": round(found.worst_db, 1), "at_s": [round(at, 2) for at in found.louder_s]}}


def _voice(path: Path, rate_hz: int) -> Any:
    """Return the first channel of a file at the rate that goes in."""
    import soundfile

    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, OSError) as error:
        refuse("expected a sound file with --voice", str(error))
    if rate != rate_hz:
        refuse(f"expected a voice at {rate_hz} Hz", f"{rate} Hz in {path}")
    return samples[:, 0]


def _write_plan(path: Path, rate_in: int, rate_out: int, *, as_json: bool) -> None:
    """Write the test signal and say what to do with it."""
    from voicediag.resampling import returned

    with input_errors():
        seconds = returned.write_plan(path, rate_in, rate_out)
    if as_json:
        print_json({"schema": "voicediag.resampler-plan/1", "plan": str(path), "duration_s": round(seconds, 3)})
    else:
        print(
            f"Written: {path}, {seconds:.1f} s. Send it through what resamples, record what comes back at "
            f"{rate_out} Hz, then: voicediag resampler RETURNED.wav --from {rate_in} --to {rate_out}"
        )


def _written(report: Report, *, html: Path | None, png: Path | None) -> list[Path]:
    """Write what was asked for and return where it is."""
    if png:
        from voicediag.present import plots

        png.write_bytes(plots.resampler(report).png())
    if html:
        from voicediag.present import page

        html.write_text(page.resampler_page(report), encoding="utf-8")
    return [path for path in (png, html) if path]
