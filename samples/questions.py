"""Questions about the samples, with answers and evidence taken from the facts.

Names documents and evidence; which page that is, `gold` finds out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from samples.facts import (
    BRANNOCH,
    CARBON,
    CARBON_TARGET,
    CHARGING,
    CLAIM,
    EMISSIONS,
    FENDERS,
    FLEET,
    HALDEN,
    MINUTES,
    NOTICE,
    PROGRAMME,
    PROJECTS,
    ROUTES,
    SHORE_POWER,
    CashFlow,
    quarters,
)

REPORT, EARLIER, OTHER = (
    "halden-annual-report-2025.pdf",
    "halden-annual-report-2024.pdf",
    "brannoch-annual-review-2025.pdf",
)
DECK, SCAN, PHOTO, FORM = (
    "halden-fleet-renewal-deck.pdf",
    "halden-board-minutes-2025-05.pdf",
    "mell-winter-notice.jpg",
    "damage-claim-form.pdf",
)


@dataclass(frozen=True, slots=True)
class Source:
    """A page, named by its document and by what it shows."""

    document: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A question; without sources it has no answer in the samples."""

    id: str
    kind: str
    question: str
    answers: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    demo: bool = False


def _source(document: str, *evidence: str) -> tuple[Source, ...]:
    return (Source(document, evidence),)


def _text() -> Iterable[Question]:
    def ask(number: int, question: str, answers: tuple[str, ...], *evidence: str, demo: bool = False) -> Question:
        return Question(f"text-{number}", "text", question, answers, _source(REPORT, *evidence), demo)

    yield ask(
        1,
        "For how many days was the service between Vangsund and Tolm interrupted in 2025?",
        ("nineteen days", "19 days", "19"),
        "the service between Vangsund and Tolm was suspended for nineteen days",
        demo=True,
    )
    yield ask(
        2, "How many Islander Passes did residents buy by the end of 2025?", ("23,600",), "23,600 passes had been sold"
    )
    yield ask(
        3,
        "Why will the first electric ship for a year-round route arrive late?",
        ("The battery modules failed a vibration test", "battery modules failed a vibration test"),
        "the battery modules had failed a vibration test",
    )
    yield ask(
        4,
        "Which bank leads the lenders of the ferry company's green term loan?",
        ("Nordhavn Sparbank",),
        "four banks led by Nordhavn Sparbank",
    )
    yield ask(
        5, "How many harbour porpoises did the university's observers see in 2025?", ("417",), "counted 417 animals"
    )
    yield ask(
        6,
        "Who reviewed the work of the board from outside?",
        ("Pemberley Associates",),
        "An outside reviewer, Pemberley Associates",
    )


def _tables() -> Iterable[Question]:
    def ask(number: int, question: str, answer: str, *evidence: str, demo: bool = False) -> Question:
        return Question(f"table-{number}", "table", question, (answer,), _source(REPORT, *evidence, answer), demo)

    route = ROUTES[5]
    cell = f"{quarters(route)[2].passengers:,}"
    yield ask(
        1,
        f"How many passengers travelled on the {route.ports} route in the third quarter of 2025?",
        cell,
        route.ports,
        demo=True,
    )
    ship = FLEET[-1]
    yield ask(2, f"How fast does the {ship.name} sail, in knots?", f"{ship.knots:.1f}", ship.name, ship.propulsion)
    project, cost = PROJECTS[4]
    yield ask(3, "What did automatic mooring cost in 2025, in millions of euros?", f"{cost:.1f}", project)
    yield ask(
        4,
        "How high were Halden's trade and other receivables at the end of 2025?",
        f"{HALDEN[2025].receivables:.1f}",
        "Trade and other receivables",
    )
    what, _, _, _, litres = EMISSIONS[-1]
    yield ask(5, "How many litres of oil got into the sea from Halden's ships in 2023?", str(litres), what)
    yield ask(
        6,
        "How much cash did Halden's operations bring in during 2025?",
        f"{CashFlow(HALDEN[2025], HALDEN[2024]).operating:.1f}",
        "Cash from operations",
    )
    oldest = min(FLEET, key=lambda vessel: vessel.built)
    yield Question(
        "table-7",
        "table",
        "Which yard built the oldest ship of the fleet, and in what year was she built?",
        (f"{oldest.yard}, {oldest.built}",),
        _source(REPORT, oldest.name, oldest.yard, str(oldest.built)),
    )


def _scans() -> Iterable[Question]:
    def ask(number: int, question: str, answers: tuple[str, ...], *evidence: str, demo: bool = False) -> Question:
        return Question(f"scan-{number}", "scan", question, answers, _source(SCAN, *evidence), demo)

    m = MINUTES
    yield ask(
        1,
        "Who will replace the fenders at Ostrey, and at what price?",
        (f"{m.contractor}, {m.repair_cost} euros",),
        m.contractor,
        f"{m.repair_cost} euros",
        demo=True,
    )
    yield ask(
        2,
        "Which director was against ordering the second electric ferry?",
        (m.dissenter, m.dissenter[3:]),
        f"{m.dissenter} asked that his vote against be recorded",
    )
    yield ask(3, "How deep is the water along Berth 3 at Ostrey at the lowest tide?", (m.depth,), m.depth)
    yield ask(
        4,
        "How many bolts did the divers find missing on fender unit 4?",
        (FENDERS[3][0],),
        "Bolts missing",
        FENDERS[3][0],
    )
    yield ask(5, f"What is the price of hull {m.hull}?", (f"{m.price} euros",), f"The price is {m.price} euros")


def _pictures() -> Iterable[Question]:
    def ask(id: str, question: str, answers: tuple[str, ...], *evidence: str, demo: bool = False) -> Question:
        return Question(id, id.split("-")[0], question, answers, _source(DECK, *evidence), demo)

    share = str(SHORE_POWER["Eldwick"])
    bars, line, euro = (
        "Calls on shore power by port",
        "Grams of CO2 for each passenger-kilometre",
        "Where one euro of revenue",
    )
    yield ask(
        "chart-1",
        "What percentage of ship calls at Eldwick used shore power in the first half of 2025?",
        (f"{share} %", share),
        bars,
        "Eldwick",
        share,
        demo=True,
    )
    yield ask(
        "chart-2",
        "How many grams of CO2 did a passenger-kilometre cause in 2020?",
        (str(CARBON["2020"]),),
        line,
        str(CARBON["2020"]),
    )
    yield ask(
        "chart-3",
        "What carbon target per passenger-kilometre has the company set for 2030?",
        (f"{CARBON_TARGET} g",),
        f"Target for 2030: {CARBON_TARGET} g",
    )
    dues = f"{100 * HALDEN[2024].port_dues / HALDEN[2024].revenue:.1f}"
    yield ask(
        "chart-4", "How many cents of every euro earned in 2024 went to port dues?", (dues,), euro, "Port dues", dues
    )
    yield ask(
        "diagram-1",
        "Who is in charge of crew training in the fleet renewal programme?",
        (PROGRAMME["Crew training"],),
        "Crew training",
        PROGRAMME["Crew training"],
    )
    yield ask(
        "diagram-2",
        "Who directs the fleet renewal programme as a whole?",
        (PROGRAMME["Programme director"],),
        "Programme director",
        PROGRAMME["Programme director"],
    )
    yield ask(
        "diagram-3",
        "When a ship charges overnight, how long does the insulation test last?",
        ("90 seconds",),
        CHARGING[2][0],
        CHARGING[2][1],
    )


def _photo_and_form() -> Iterable[Question]:
    n, c = NOTICE, CLAIM
    yield Question(
        "photo-1",
        "photo",
        "When does the last boat leave Little Orrin in winter?",
        (n.last_boat,),
        _source(PHOTO, f"Last boat from Little Orrin: {n.last_boat}"),
        True,
    )
    yield Question(
        "photo-2",
        "photo",
        "What number do I ring to reach the ticket office at Mell?",
        (n.phone,),
        _source(PHOTO, n.phone),
    )
    yield Question(
        "form-1",
        "form",
        f"How much money does {c.claimant} ask for the damage to her car?",
        (f"{c.amount} euros", c.amount),
        _source(FORM, c.claimant, c.amount),
        True,
    )
    yield Question(
        "form-2",
        "form",
        f"Who witnessed the damage on the {c.vessel}?",
        (c.witness, "L. Tamm"),
        _source(FORM, c.vessel, c.witness),
    )
    yield Question(
        "form-3",
        "form",
        "Which garage wrote the estimate for the damage claim?",
        (c.repairer,),
        _source(FORM, c.repairer),
    )


def _two_documents() -> Iterable[Question]:
    halden, brannoch = "312,000 euros", "187,000 euros"
    yield Question(
        "two-1",
        "two_documents",
        "What were the auditors of Halden Ferry Lines and of Brannoch Coastal Shipping paid for 2025?",
        (f"Halden {halden}, Brannoch {brannoch}",),
        (Source(REPORT, (f"Their fee was {halden} for the audit",)), Source(OTHER, (f"were paid {brannoch}",))),
        True,
    )
    route = ROUTES[7]
    now, before = f"{route.passengers:,}", f"{route.passengers_2024:,}"
    yield Question(
        "two-2",
        "two_documents",
        f"By how many passengers did the {route.ports} route grow from 2024 to 2025?",
        (f"{route.passengers - route.passengers_2024:,}",),
        (Source(REPORT, (route.ports, now)), Source(EARLIER, (route.ports, before))),
    )
    yield Question(
        "two-3",
        "two_documents",
        "How many passengers may hull 417 carry, and how many does the MV Corran Bell carry today?",
        (f"420 and {FLEET[6].passengers}",),
        (
            Source(SCAN, ("for 420 passengers and 96 cars",)),
            Source(REPORT, (FLEET[6].name, f"{FLEET[6].passengers}", FLEET[6].propulsion)),
        ),
    )


def _lookalikes() -> Iterable[Question]:
    def ask(number: int, question: str, answer: str, document: str, *evidence: str) -> Question:
        return Question(f"lookalike-{number}", "lookalike", question, (answer,), _source(document, *evidence))

    fuel = f"{HALDEN[2023].fuel:.1f}"
    yield ask(1, "What did Halden Ferry Lines spend on fuel in 2023?", fuel, EARLIER, "Fuel", f"({fuel})")
    yield ask(
        2,
        "What was the chief executive of Halden Ferry Lines paid for 2024?",
        "451,000 euros",
        EARLIER,
        "pay was 451,000 euros",
    )
    yield ask(
        3,
        "How many passengers answered Halden's survey in the autumn of 2024?",
        "8,730",
        EARLIER,
        "8,730 passengers replied",
    )
    fares = f"{BRANNOCH[2025].vehicle_fares:.1f}"
    yield ask(
        4, "What did Brannoch Coastal Shipping earn from vehicle fares in 2025?", fares, OTHER, "Vehicle fares", fares
    )
    yield ask(
        5, "Who chairs the board of Brannoch Coastal Shipping?", "Dame Isobel Farran", OTHER, "Dame Isobel Farran"
    )
    yield ask(
        6,
        "How many crossings did the strike of deck crews cost in October 2024?",
        "96",
        EARLIER,
        "led to 96 cancelled crossings",
    )


def _unanswerable() -> Iterable[Question]:
    asked = (
        ("What credit rating has Moody's given to Halden Ferry Lines?", True),
        ("What did Halden Ferry Lines spend on fuel in 2021?", False),
        ("How many passengers did Brannoch Coastal Shipping carry in 2025?", False),
        (f"On what date was claim {CLAIM.reference} paid out?", False),
        ("When does the first boat leave Mell on the summer timetable?", False),
        ("Who will succeed Tomas Brekkhus as chief executive?", False),
    )
    for number, (question, demo) in enumerate(asked, start=1):
        yield Question(f"unanswerable-{number}", "unanswerable", question, demo=demo)


def questions() -> tuple[Question, ...]:
    """All questions, by kind."""
    kinds = (_text, _tables, _scans, _pictures, _photo_and_form, _two_documents, _lookalikes, _unanswerable)
    return tuple(question for kind in kinds for question in kind())
