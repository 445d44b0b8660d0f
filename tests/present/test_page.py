"""The page stands alone, says what is wrong, and lets no one else's text become HTML."""

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from voicediag.detect.finding import clear, unjudged
from voicediag.diagnose import Diagnosis
from voicediag.present import page

EVIL = "<script>alert"
VOID = {"meta", "br", "link", "img", "input", "hr"}


class Read(HTMLParser):
    """What a browser would see: elements, their attributes, the text of each, and whether the tags balance."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.open, self.scripts, self.data = [], [], [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            (self.data if self.elements[-1][1].get("type") == "application/json" else self.scripts).append(data)

    def values(self, *names):
        return [value for _, attrs in self.elements for name, value in attrs.items() if name in names]

    def all(self, tag, css=""):
        return [
            attrs
            for name, attrs in self.elements
            if name == tag and css in ["", *(attrs.get("class") or "").split(" ")]
        ]


@pytest.fixture
def html(diagnosis):
    return page.render(diagnosis)


def text_of(html):
    """The words of a page, without its styles, scripts, pictures and tags."""
    html = re.sub(r"<(style|script|svg).*?</\1>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).strip()


class TestStandsAlone:
    def test_it_is_well_formed(self, html):
        assert Read(html).open == []

    def test_it_fetches_nothing(self, html):
        places = Read(html).values("src", "href", "xlink:href", "srcset", "data", "poster", "action")
        assert places
        assert [place for place in places if not place.startswith(("data:audio/", "#"))] == []
        assert "@import" not in html
        assert not re.search(r"url\((?!#)", html)

    def test_its_policy_allows_only_its_own_scripts(self, html):
        read = Read(html)
        policy = next(attrs["content"] for tag, attrs in read.elements if tag == "meta" and "http-equiv" in attrs)
        assert policy.startswith("default-src 'none'")
        digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in read.scripts]
        assert "script-src " + " ".join(f"'sha256-{digest}'" for digest in digests) + ";" in policy
        assert (len(read.scripts), len(read.data)) == (2, 1)
        assert len(read.all("script")) == 3

    def test_its_ids_are_unique_and_its_links_lead_somewhere(self, html):
        read = Read(html)
        ids = read.values("id")
        assert len(ids) == len(set(ids))
        assert {place[1:] for place in read.values("href", "xlink:href") if place.startswith("#")} <= set(ids)
        assert {"echo-leak", "self-hearing-loop"} <= set(ids)

    def test_it_is_small(self, html):
        assert len(html) < 2_000_000


class TestOtherPeoplesText:
    @pytest.mark.parametrize("shown", ["render", "fragment"])
    def test_it_stays_text(self, diagnosis, shown):
        html = getattr(page, shown)(diagnosis)
        assert EVIL not in html
        # Path, transcript, encoding, provenance, clock, provider, evidence in words, summary and the unjudged reason.
        assert html.count("&lt;script&gt;alert") >= 9

    def test_in_a_session_and_a_finding_too(self, two_voices, loop):
        for html in (page.session_card(two_voices), page.finding_card(two_voices, loop), page.finding_card(None, loop)):
            assert EVIL not in html
            assert "&lt;script&gt;alert" in html


class TestSays:
    def test_what_is_wrong_in_one_sentence_first(self, html, echo):
        heading = re.search(r"<h1>(.*?)</h1>", html).group(1)
        assert heading == echo.summary.replace("'", "&#39;")
        assert text_of(html).index("Root cause: echo-leak") < text_of(html).index("comes back")

    def test_the_number_its_limit_and_its_source(self, html):
        words = text_of(html)
        assert "delay 120 ms" in words
        assert "limit 46 dB ERL 3GPP TS 26.131, echo loss" in words
        assert "limit 3 words house rule: &lt;three&gt; &amp; no less" in words
        assert "drift" not in words

    def test_the_number_that_the_limit_is_about(self, html):
        assert re.search(r'class="vd-held"><dt>ERL</dt><dd>12.0 dB<', html)
        assert re.search(r'class="vd-held"><dt>matched words</dt><dd>3<', html)

    def test_what_to_do(self, html):
        assert "Do Let one audio engine own both." in text_of(html)
        assert "Do Stop the echo." in text_of(html)

    def test_symptoms_below_their_cause(self, html):
        words = text_of(html)
        assert "It explains self-hearing-loop" in words
        assert "Symptom of echo-leak" in words
        assert len(Read(html).all("div", "vd-symptoms")) == 1

    def test_how_much_more_evidence_there_is(self, html):
        assert "And 2 more pieces of evidence" in text_of(html)

    def test_what_was_not_judged_before_any_picture(self, html):
        assert html.index("no speech to judge") < html.index("<svg")

    def test_what_is_clear_with_its_bound(self, html):
        assert "clipped-audio below 5 places" in text_of(html)

    def test_the_meters_a_column_a_track(self, html):
        words = text_of(html)
        assert "RMS \N{MINUS SIGN}30.2 dBFS \N{MINUS SIGN}18.0 dBFS" in words
        assert "DC – –" in words
        assert "wraps – 0" in words

    def test_every_picture_in_words(self, html):
        pictures = Read(html).all("div", "vd-canvas")
        assert len(pictures) == 5
        assert all(attrs["role"] == "img" and attrs["aria-label"] for attrs in pictures)

    def test_two_tracks_beside_each_other_and_alone(self, html):
        read = Read(html)
        assert len(read.all("div", "vd-player")) == 4
        assert len(read.all("audio")) == 8
        assert {"0:-1 1:1", "0:0 1:0", "0:0", "1:0"} <= set(read.values("data-hear"))


class TestNothingFound:
    def shown(self, session, *verdicts):
        return text_of(page.render(Diagnosis(session=session, verdicts=verdicts, findings=())))

    def test_nothing(self, two_voices):
        words = self.shown(two_voices, clear("echo-leak"))
        assert "Clear Nothing found." in words
        assert "Not judged" not in words

    def test_nothing_but_not_all_was_looked_for(self, two_voices):
        words = self.shown(two_voices, clear("echo-leak"), unjudged("silent-track", "no track lasts 1 s"))
        assert "Nothing found, but 1 of 2 faults could not be judged." in words
        assert "silent-track no track lasts 1 s" in words

    def test_nothing_could_be_judged(self, two_voices):
        words = self.shown(replace(two_voices, tracks={}, turns=()), unjudged("silent-track", "no track"))
        assert "Nothing could be judged." in words


def test_findings_of_one_id_have_their_own_places(diagnosis, echo):
    twice = replace(diagnosis, findings=(echo, replace(echo, summary="Once more.")))
    html = page.render(twice)
    assert {"echo-leak", "echo-leak-2"} <= set(Read(html).values("id"))
    assert "2 root causes, to be settled in this order: echo-leak." in text_of(html)


def test_a_finding_alone_says_what_it_is_a_symptom_of(diagnosis):
    cause, symptom = diagnosis.findings
    assert "Symptom of echo-leak" in text_of(page.finding_card(None, symptom))
    assert "Symptom of" not in text_of(page.finding_card(None, cause))


def test_evidence_of_a_track_that_is_gone_is_still_told(echo, two_voices):
    html = page.finding_card(replace(two_voices, tracks={}), echo)
    assert "limit 46 dB ERL" in text_of(html)
    assert not Read(html).all("audio")


@pytest.mark.parametrize("card", ["fragment", "session_card"])
def test_a_fragment_has_no_shell_and_only_its_own_classes(card, diagnosis):
    html = getattr(page, card)(diagnosis if card == "fragment" else diagnosis.session)
    read = Read(html)
    assert not {"html", "head", "body", "h3"} & {tag for tag, _ in read.elements}
    assert all(name.startswith("vd-") or name == "vd" for value in read.values("class") for name in value.split())
    css = re.sub(r"/\*.*?\*/", "", re.search(r"<style>(.*?)</style>", html, re.DOTALL).group(1), flags=re.DOTALL)
    selectors = [one for rule in re.findall(r"([^{}]+)\{", css) for one in rule.split(",")]
    assert all(".vd" in one for one in selectors if "@media" not in one)
