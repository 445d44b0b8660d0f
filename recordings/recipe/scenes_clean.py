"""clean: nothing is wrong, though some of it looks as if it were. First the twins of faulty scenes, then hard cases."""

from __future__ import annotations

from recipe.places import BEDROOM, CAR, KITCHEN, OFFICE
from recipe.script import Agent, Scene, User

GEMINI, OPENAI = "gemini-live", "openai-realtime"

HELPDESK = Scene(
    folder="clean",
    name="helpdesk",
    notes="A caller reports a broken telephone system.",
    instructions="You answer the telephone of a help desk.",
    speech_db=-15,
    floor_db=-62,
    seed=21,
    first_s=4.2,
    lines=(
        Agent(text="Help desk, what can I do for you?", wait_s=1.0, prompted=True),
        User(say=("allison/something-terribly-wrong",), heard="Something is terribly wrong."),
        Agent(text="Please tell me more.", wait_s=1.2),
        User(say=("allison/tt-weasels",), heard="Weasels have eaten our phone system."),
        Agent(text="I will open a ticket for you.", wait_s=1.2),
    ),
)
READING_COACH = Scene(
    folder="clean",
    name="reading-coach",
    notes="Someone reads a novel aloud to a tutor.",
    instructions="You are a reading tutor. Ask for one sentence after the other.",
    place=BEDROOM,
    seed=22,
    lines=(
        Agent(text="Please read the first sentence.", wait_s=1.0, prompted=True),
        User(say=("librivox/0880",), heard="He was not an ill-disposed young man."),
        Agent(text="Very good. Please go on."),
        User(
            say=("librivox/0890",),
            heard="Unless to be rather cold-hearted and rather selfish is to be ill-disposed.",
        ),
        Agent(text="Well read."),
    ),
)
CARDS = Scene(
    folder="clean",
    name="cards",
    notes="A player calls cards to a dealer.",
    provider=OPENAI,
    instructions="You are the dealer. Confirm each card.",
    voice="flite-rms",
    seed=23,
    lines=(
        Agent(text="Your first card, please.", wait_s=1.0, prompted=True),
        User(say=("cards/001",), heard="Ten of clubs."),
        Agent(text="Ten. And the others?", wait_s=1.2),
        User(say=("cards/005",), heard="Eight of spades, four of clubs, seven of hearts."),
        Agent(text="Thank you, that is a full hand.", wait_s=1.2),
    ),
)
DIRECTORY = Scene(
    folder="clean",
    name="directory",
    notes="A caller dictates a telephone number.",
    provider=OPENAI,
    instructions="Take down the caller's number and read it back.",
    speech_db=-16,
    seed=24,
    lines=(
        User(say=("allison/hello",), heard="Hello."),
        Agent(text="Hello! Which number should I call?"),
        User(
            say=("allison/vm-num-i-have", "allison/is", *(f"allison/digits/{digit}" for digit in (3, 7, 4))),
            heard="The number I have is 3 7 4.",
        ),
        Agent(text="Calling three seven four."),
        User(say=("allison/number-not-answering",), heard="The number is not answering."),
        Agent(text="I will try later."),
    ),
)
LIBRARY = Scene(
    folder="clean",
    name="library",
    notes="A speakerphone with an echo canceller that works.",
    provider=OPENAI,
    voice="flite-slt",
    seed=25,
    lines=(
        Agent(text="Good morning, you have reached the town library.", wait_s=1.0, prompted=True),
        User(say=("allison/vm-sorry",), heard="I'm sorry, I did not understand your response."),
        Agent(text="This is the library. Which book are you looking for?"),
        User(say=("allison/please-try-again",), heard="Please try again."),
        Agent(text="Which book, please?"),
    ),
)
PARCEL = Scene(
    folder="clean",
    name="parcel",
    notes="Caller and agent talk at the same time; the caller wears headphones.",
    options={"realtimeInputConfig": {"activityHandling": "NO_INTERRUPTION"}},
    seed=26,
    lines=(
        User(say=("allison/hello",), heard="Hello."),
        Agent(text="Your parcel left the depot this morning, and should be there before six."),
        User(say=("allison/one-moment-please",), heard="One moment, please.", during_s=1.3),
        Agent(text="Of course. I can also leave it with a neighbour, if you like.", wait_s=1.1),
        User(say=("allison/queue-thankyou",), heard="Thank you for your patience.", during_s=1.6),
        Agent(text="You are welcome.", wait_s=1.1),
    ),
)
DRIVE = Scene(
    folder="clean",
    name="drive",
    notes="A driver and a navigator, in a car.",
    place=CAR,
    noise="street",
    floor_db=-52,
    speech_db=-22,
    seed=27,
    lines=(
        User(say=("sphinx/goforward",), heard="Go forward ten meters."),
        Agent(text="Going forward. Then turn left into Mill Lane."),
        User(say=("sphinx/something",), heard="Go somewhere and do something."),
        Agent(text="The museum opens at nine. Shall I take you there?"),
    ),
)
COOKING = Scene(
    folder="clean",
    name="cooking",
    notes="A cooking assistant on a tablet, with headphones.",
    instructions="You are a cooking assistant. When the cook says hello, read the first step.",
    place=KITCHEN,
    speech_db=-25,
    floor_db=-62,
    seed=11,
    lines=(
        User(say=("allison/hello",), heard="Hello."),
        Agent(text="Mince two cloves of garlic, then warm some oil."),
        User(say=("allison/one-moment-please",), heard="One moment, please."),
        Agent(text="Yes, mince two cloves of garlic very finely, please."),
        User(say=("allison/auth-thankyou",), heard="Thank you."),
        Agent(text="Right, slice one large onion."),
    ),
)
HOTEL = Scene(
    folder="clean",
    name="hotel",
    notes="A guest asks about a room.",
    provider=OPENAI,
    voice="flite-rms",
    options={"interrupt_response": False},
    seed=28,
    lines=(
        User(say=("allison/hello",), heard="Hello."),
        Agent(text="Your room is ready from three o'clock."),
        User(say=("allison/auth-thankyou",), heard="Thank you."),
        Agent(text="Will you need parking?"),
        User(say=("allison/vm-no",), heard="No."),
        Agent(text="Very well, see you at three."),
    ),
)
TWINS = (HELPDESK, READING_COACH, CARDS, DIRECTORY, LIBRARY, PARCEL, DRIVE, COOKING, HOTEL)

TWO_VOICES = Scene(
    folder="clean",
    name="two-voices",
    notes="Two people at one microphone.",
    seed=31,
    lines=(
        Agent(text="Who plays first?", wait_s=1.0, prompted=True),
        User(say=("allison/one-moment-please",), heard="One moment, please."),
        User(say=("cards/002",), heard="Four, queen of clubs.", after_s=0.5),
        Agent(text="The queen. Your turn."),
    ),
)
NOISY_KITCHEN = Scene(
    folder="clean",
    name="noisy-kitchen",
    notes="An extractor hood and dishes; headphones.",
    place=KITCHEN,
    noise="kitchen",
    floor_db=-47,
    speech_db=-22,
    seed=32,
    lines=(
        User(say=("allison/hello",), heard="Hello."),
        Agent(text="Set the timer for how long?"),
        User(say=("allison/digits/20", "allison/queue-minutes"), heard="20 minutes."),
        Agent(text="Twenty minutes. Anything else?"),
    ),
)
NOISY_STREET = Scene(
    folder="clean",
    name="noisy-street",
    notes="A caller beside a road.",
    provider=OPENAI,
    voice="flite-slt",
    noise="street",
    floor_db=-44,
    speech_db=-21,
    seed=33,
    lines=(
        User(say=("allison/hello",), heard="Hello."),
        Agent(text="Where should the taxi go?"),
        User(say=("allison/please-try-call-later",), heard="Please try your call again later."),
        Agent(text="I will, goodbye."),
    ),
)
QUOTING = Scene(
    folder="clean",
    name="quoting",
    notes="A learner repeats the agent word for word, through headphones: the words come back, no echo does.",
    instructions="Say a sentence; the learner repeats it.",
    seed=34,
    lines=(
        Agent(text="Weasels have eaten our phone system.", wait_s=1.0, prompted=True),
        User(say=("allison/tt-weasels",), heard="Weasels have eaten our phone system."),
        Agent(text="I'm sorry, I did not understand your response."),
        User(say=("allison/vm-sorry",), heard="I'm sorry, I did not understand your response."),
        Agent(text="Very good."),
    ),
)
BARGE_IN = Scene(
    folder="clean",
    name="barge-in",
    notes="The caller interrupts, twice, through a headset; the player is flushed.",
    place=OFFICE,
    seed=35,
    lines=(
        User(say=("allison/hello",), heard="Hello."),
        Agent(text="Welcome. We are open from nine in the morning until eight in the evening."),
        User(say=("allison/one-moment-please",), heard="One moment, please.", during_s=1.9, barges_in=True),
        Agent(text="Certainly. May I tell you about our offers of this week?"),
        User(
            say=("allison/please-try-call-later",),
            heard="Please try your call again later.",
            during_s=2.2,
            barges_in=True,
        ),
        Agent(text="I will."),
    ),
)
SOFT_SPEECH = Scene(
    folder="clean",
    name="soft-speech",
    notes="A quiet talker in an ordinary room: the speech is soft, the noise floor is not.",
    place=BEDROOM,
    speech_db=-36,
    floor_db=-64,
    seed=36,
    lines=(
        User(say=("librivox/0930",), heard="He might even have been made amiable himself."),
        Agent(text="Do you think so?"),
    ),
)
LONG_PAUSES = Scene(
    folder="clean",
    name="long-pauses",
    notes="A caller who thinks between the digits, and is silent for long.",
    provider=OPENAI,
    options={"silence_duration_ms": 500},
    seed=37,
    lines=(
        Agent(text="Your code, please.", wait_s=1.0, prompted=True),
        User(say=("allison/digits/4", "allison/digits/2"), heard="4 2.", after_s=3.0),
        Agent(text="And the rest?"),
        User(say=("allison/digits/7",), heard="7.", after_s=3.6),
        Agent(text="Thank you."),
    ),
)
SCENES = (*TWINS, TWO_VOICES, NOISY_KITCHEN, NOISY_STREET, QUOTING, BARGE_IN, SOFT_SPEECH, LONG_PAUSES)
