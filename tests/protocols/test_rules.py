"""What every rule of every provider has: an id of its own, a source, and its row on the fault's page."""

from pathlib import Path

import pytest

from voicediag.protocols import PROVIDERS, handshake, lint_of

PAGES = Path(__file__).resolve().parents[2] / "docs" / "faults"
RULES = {rule.id: rule for rule in (*handshake.RULES, handshake.REFUSED)} | {
    rule.id: rule for provider in PROVIDERS if (lint := lint_of(provider.provider)) for rule in lint.rules
}


def test_no_two_rules_share_an_id():
    for provider in PROVIDERS:
        ids = [rule.id for rule in lint_of(provider.provider).rules]
        assert len(ids) == len(set(ids))


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_a_rule_stands_on_the_page_of_its_fault_and_says_where_it_comes_from(rule):
    page = (PAGES / f"{rule.fault}.md").read_text(encoding="utf-8")
    assert f"`{rule.id}`" in page or rule.fault == "silent-connect"
    assert rule.source
    assert rule.remedy.endswith(".")
    assert not rule.consequence.endswith(".")


def test_of_another_provider_no_rules_are_known():
    assert lint_of("somebody-else") is None
