"""Syllables from spelling, against what a dictionary says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicediag.measure import syllables

# As Merriam-Webster divides them.
DIVIDED = """
ta·ble peo·ple want·ed asked box·es makes ar·e·a qui·et sci·ence vid·e·o ra·di·o ac·tu·al·ly ques·tion
sta·tion beau·ti·ful or·der ar·rive ap·point·ment kitch·en but·ter ser·vice change air·port be·cause are there
be·ing do·ing go·ing u·su·al sit·u·a·tion mil·lion pre·vi·ous se·ri·ous need·ed called be·fore plac·es ap·ple
so·ci·e·ty va·ri·e·ty friend spe·cial
"""


def test_most_words_are_divided_as_in_a_dictionary():
    right = sum(syllables.of_word(word.replace("·", "")) == word.count("·") + 1 for word in DIVIDED.split())
    assert right / len(DIVIDED.split()) >= 0.9


def test_a_sentence_is_counted():
    assert syllables.count("The next train to the airport leaves from platform four.") == 12


@pytest.mark.parametrize(
    "text",
    [
        "",
        "...",
        "Der nächste Zug zum Flughafen fährt um Viertel nach neun von Gleis vier.",
        "El próximo tren al aeropuerto sale a las nueve y cuarto del andén cuatro.",
        "Le prochain train pour l'aéroport part à neuf heures et quart de la voie quatre.",
        "Il prossimo treno per l'aeroporto parte alle nove e un quarto dal binario quattro.",
        "次の電車は九時十五分に出ます。",
        "The next train leaves at 9:15 from platform 4.",
    ],
)
def test_other_languages_and_figures_are_not_counted(text):
    assert syllables.count(text) is None


@given(st.text())
def test_any_text_is_taken(text):
    count = syllables.count(text)
    assert count is None or count > 0
