"""A cost in words: one line that says what it counts, rows, and notes with their sources."""

from dataclasses import replace

import pytest

from voicediag.cost import Cost, bill
from voicediag.present import bills, page
from voicediag.session import Session, Tally, Tokens, Usage

EVIL = "<i>model</i>"


def cost(*usage, provider="openai-realtime"):
    return bill(Session(source="x", tracks={}, usage=usage, provenance={"provider": provider}))


def used(model="gpt-realtime-2.1", kind="response", **tally):
    return Usage(at_s=2.0, kind=kind, model=model, tally=Tally(**tally))


ASKED = {"asked": Tokens(audio=10_000)}


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (Cost(), None),
        (cost(used(**ASKED)), "$0.3200 for 1 response of gpt-realtime-2.1 (prices of 2026-11-21)"),
        (
            cost(used(**ASKED), used(**ASKED), used(EVIL, "transcription", seconds=3.0)),
            f"at least $0.6400 for 2 responses of gpt-realtime-2.1, 1 transcription of {EVIL}; "  # noqa: ISC004
            f"no price for {EVIL} (prices of 2026-11-21)",
        ),
        (
            cost(used(EVIL, **ASKED)),
            f"no known price for 1 response of {EVIL}; no price for {EVIL} (prices of 2026-11-21)",
        ),
        (cost(used(asked=Tokens(text=1))), "under $0.0001 for 1 response of gpt-realtime-2.1 (prices of 2026-11-21)"),
    ],
)
def test_one_line_says_what_it_counts(known, said):
    assert bills.line(known) == said


def test_a_model_has_a_row_and_each_response_one():
    known = cost(used(**ASKED), used(answered=Tokens(text=5, audio=1_000)))
    assert bills.rows(known) == [
        ("gpt-realtime-2.1, response", ["2", "10,000 audio", "–", "5 text, 1,000 audio", "–", "$0.3841"])
    ]
    assert [cells[-1] for _, cells in bills.turn_rows(known)] == ["$0.3200", "$0.0641"]


def test_what_is_third_hand_is_called_so():
    told = bills.notes(cost(used("gemini-3.8-live", unattributed=9, **ASKED), provider="gemini-live"))
    assert "third-hand" in told[0]
    assert any("not attributed" in note and "$0.0301" in note for note in told)
    assert any("Silence that is sent counts" in note for note in told)


def test_the_page_shows_it_and_escapes_names(diagnosis):
    html = page.render(replace(diagnosis, cost=cost(used(EVIL, **ASKED))))
    assert "What it cost" in html
    assert EVIL not in html
    assert "What it cost" not in page.render(diagnosis)
