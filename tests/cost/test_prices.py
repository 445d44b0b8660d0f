"""The price list: what is in it is complete, and what it makes of a tally is what a hand makes of it."""

import datetime as dt
from dataclasses import replace

import pytest

from voicediag.cost import PriceList, price_list
from voicediag.session import Tally, Tokens

LIST = price_list()


def test_it_has_a_date_and_each_price_a_source():
    assert dt.date.fromisoformat(LIST.date) >= dt.date(2026, 11, 21)
    assert all(price.source for price in LIST.prices)
    assert all(note.source for note in LIST.idle.values())


@pytest.mark.parametrize("price", LIST.prices, ids=lambda price: price.models[0])
def test_a_price_counts_tokens_or_time_and_is_plausible(price):
    assert bool(price.asked and price.answered) != (price.minute is not None)
    rates = [*price.asked.values(), *price.cached.values(), *price.answered.values()]
    assert all(0 < rate < 200 for rate in rates)
    assert all(price.cached[name] < price.asked[name] for name in price.cached)


@pytest.mark.parametrize(
    ("model", "first"),
    [
        ("gpt-realtime-2.1", "gpt-realtime-2.1"),
        ("gpt-realtime-2.1-2026-08-01", "gpt-realtime-2.1"),
        ("gpt-realtime-2.1-mini", "gpt-realtime-2.1-mini"),
        ("models/gemini-3.8-live", "gemini-3.8-live"),
        ("gemini-2.5-flash-native-audio-preview-12-2025", "gemini-2.5-flash-native-audio-*"),
    ],
)
def test_a_model_is_found_by_its_name(model, first):
    assert LIST.of(model).models[0] == first


@pytest.mark.parametrize("model", ["", "gpt-realtime", "gpt-realtime-2.1-nano", "gpt-4o-realtime-preview", "*", "[a"])
def test_a_model_without_a_price_has_none(model):
    assert LIST.of(model) is None


def of(model, **counts):
    return LIST.of(model).of(Tally(**counts))


def test_what_was_cached_costs_its_own_price_and_is_not_counted_twice():
    asked, cached, answered = Tokens(text=1_000, audio=2_000), Tokens(text=400, audio=500), Tokens(text=50, audio=300)
    # (600 * 4 + 1,500 * 32 + 400 * 0.40 + 500 * 0.40 + 50 * 24 + 300 * 64) / 10^6
    by_hand = 0.071160
    assert of("gpt-realtime-2.1", asked=asked, cached=cached, answered=answered) == pytest.approx(by_hand)


def test_a_minute_costs_a_minute():
    assert of("gpt-live-1", seconds=90.0) == pytest.approx(0.075)


@pytest.mark.parametrize(
    ("model", "counts"),
    [
        ("gemini-3.8-live", {"asked": Tokens(image=1)}),
        ("gemini-3.8-live", {"asked": Tokens(audio=5), "cached": Tokens(audio=1)}),
        ("gpt-4o-mini-transcribe", {"answered": Tokens(audio=1)}),
        ("gpt-realtime-2.1", {"seconds": 1.0}),
        ("gpt-live-1", {"asked": Tokens(text=1)}),
        ("gpt-realtime-2.1", {"unattributed": 5}),
    ],
)
def test_what_has_no_price_has_no_cost(model, counts):
    assert of(model, **counts) is None


def test_nothing_costs_nothing():
    assert of("gpt-realtime-2.1") == 0


def test_what_is_not_attributed_costs_at_most_the_dearest():
    assert LIST.of("gemini-3.8-live").most_for(1_000_000) == 12.0
    assert replace(LIST.of("gpt-live-1"), minute=None).most_for(1) is None


def test_another_list_may_be_used():
    assert PriceList(date="2030-01-01", prices=(), idle={}).of("gpt-realtime-2.1") is None
