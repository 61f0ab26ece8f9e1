"""The invented world of the samples: every figure and name that a document and a question share stands here, once.

Never draws, writes or words anything. Companies, people, places and ships are invented. Money is in
millions of euros unless a name says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FinancialYear:
    """One year of accounts (EUR m). Totals are derived, so that no document can disagree with another."""

    year: int
    passenger_fares: float
    vehicle_fares: float
    freight: float
    onboard_sales: float
    other_income: float
    crew: float
    fuel: float
    maintenance: float
    port_dues: float
    other_costs: float
    depreciation: float
    net_finance: float
    tax: float
    dividend_paid: float
    vessels: float
    port_facilities: float
    under_construction: float
    intangibles: float
    inventories: float
    receivables: float
    cash: float
    borrowings_long: float
    borrowings_short: float
    leases: float
    deferred_tax: float
    payables: float
    provisions: float
    employees: int
    dividend_cents: float

    @property
    def revenue(self) -> float:
        return round(
            self.passenger_fares + self.vehicle_fares + self.freight + self.onboard_sales + self.other_income, 1
        )

    @property
    def operating_costs(self) -> float:
        return round(self.crew + self.fuel + self.maintenance + self.port_dues + self.other_costs, 1)

    @property
    def ebitda(self) -> float:
        return round(self.revenue - self.operating_costs, 1)

    @property
    def operating_profit(self) -> float:
        return round(self.ebitda - self.depreciation, 1)

    @property
    def profit_before_tax(self) -> float:
        return round(self.operating_profit - self.net_finance, 1)

    @property
    def profit(self) -> float:
        return round(self.profit_before_tax - self.tax, 1)

    @property
    def fixed_assets(self) -> float:
        return round(self.vessels + self.port_facilities + self.under_construction + self.intangibles, 1)

    @property
    def current_assets(self) -> float:
        return round(self.inventories + self.receivables + self.cash, 1)

    @property
    def total_assets(self) -> float:
        return round(self.fixed_assets + self.current_assets, 1)

    @property
    def long_liabilities(self) -> float:
        return round(self.borrowings_long + self.leases + self.deferred_tax, 1)

    @property
    def short_liabilities(self) -> float:
        return round(self.borrowings_short + self.payables + self.provisions, 1)

    @property
    def equity(self) -> float:
        return round(self.total_assets - self.long_liabilities - self.short_liabilities, 1)

    @property
    def net_debt(self) -> float:
        return round(self.borrowings_long + self.borrowings_short + self.leases - self.cash, 1)


@dataclass(frozen=True, slots=True)
class CashFlow:
    """The cash flow statement that follows from two years' accounts (EUR m)."""

    this: FinancialYear
    last: FinancialYear

    @property
    def investing(self) -> float:
        return -round(self.this.fixed_assets - self.last.fixed_assets + self.this.depreciation, 1)

    @property
    def new_borrowings(self) -> float:
        now = self.this.borrowings_long + self.this.borrowings_short
        return round(now - self.last.borrowings_long - self.last.borrowings_short, 1)

    @property
    def leases(self) -> float:
        return round(self.this.leases - self.last.leases, 1)

    @property
    def financing(self) -> float:
        return round(self.new_borrowings + self.leases - self.this.dividend_paid, 1)

    @property
    def change(self) -> float:
        return round(self.this.cash - self.last.cash, 1)

    @property
    def operating(self) -> float:
        return round(self.change - self.investing - self.financing, 1)


HALDEN = {
    2025: FinancialYear(
        year=2025, passenger_fares=78.4, vehicle_fares=64.9, freight=41.7, onboard_sales=22.6, other_income=4.2,
        crew=61.2, fuel=38.9, maintenance=24.7, port_dues=17.3, other_costs=19.8, depreciation=21.4, net_finance=6.1,
        tax=4.9, dividend_paid=4.8, vessels=318.6, port_facilities=46.3, under_construction=27.5, intangibles=5.1,
        inventories=6.4, receivables=18.9, cash=33.7, borrowings_long=168.4, borrowings_short=15.8, leases=21.7,
        deferred_tax=14.2, payables=29.6, provisions=7.3, employees=1362,
        dividend_cents=15.5,
    ),
    2024: FinancialYear(
        year=2024, passenger_fares=74.1, vehicle_fares=61.3, freight=38.2, onboard_sales=20.9, other_income=3.9,
        crew=57.8, fuel=41.6, maintenance=22.9, port_dues=16.1, other_costs=18.6, depreciation=19.8, net_finance=5.4,
        tax=3.6, dividend_paid=4.0, vessels=305.2, port_facilities=44.8, under_construction=9.6, intangibles=5.6,
        inventories=6.9, receivables=17.2, cash=29.8, borrowings_long=147.3, borrowings_short=14.1, leases=22.9,
        deferred_tax=13.5, payables=27.4, provisions=7.1, employees=1318,
        dividend_cents=12.0,
    ),
    2023: FinancialYear(
        year=2023, passenger_fares=70.2, vehicle_fares=58.8, freight=36.5, onboard_sales=19.4, other_income=3.6,
        crew=55.1, fuel=40.2, maintenance=21.8, port_dues=15.7, other_costs=17.9, depreciation=18.9, net_finance=5.0,
        tax=3.1, dividend_paid=3.6, vessels=311.4, port_facilities=43.1, under_construction=0.0, intangibles=6.0,
        inventories=7.2, receivables=16.5, cash=21.3, borrowings_long=141.7, borrowings_short=13.9, leases=24.0,
        deferred_tax=12.8, payables=26.2, provisions=8.7, employees=1284,
        dividend_cents=10.0,
    ),
}  # fmt: skip

BRANNOCH = {
    2025: FinancialYear(
        year=2025, passenger_fares=9.3, vehicle_fares=21.6, freight=118.7, onboard_sales=3.1, other_income=6.8,
        crew=44.5, fuel=33.4, maintenance=16.2, port_dues=14.9, other_costs=13.7, depreciation=14.6, net_finance=4.7,
        tax=3.4, dividend_paid=3.0, vessels=201.8, port_facilities=58.2, under_construction=0.0, intangibles=2.9,
        inventories=4.6, receivables=22.3, cash=18.5, borrowings_long=108.6, borrowings_short=10.4, leases=16.9,
        deferred_tax=8.8, payables=24.1, provisions=4.2, employees=874,
        dividend_cents=8.4,
    ),
    2024: FinancialYear(
        year=2024, passenger_fares=10.1, vehicle_fares=20.4, freight=121.9, onboard_sales=3.3, other_income=6.2,
        crew=43.1, fuel=36.8, maintenance=15.5, port_dues=14.3, other_costs=13.2, depreciation=14.1, net_finance=4.9,
        tax=4.1, dividend_paid=3.0, vessels=207.5, port_facilities=55.4, under_construction=0.0, intangibles=3.2,
        inventories=4.9, receivables=21.7, cash=14.2, borrowings_long=118.3, borrowings_short=10.1, leases=17.8,
        deferred_tax=8.5, payables=23.6, provisions=4.4, employees=891,
        dividend_cents=8.4,
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Route:
    """A year of traffic on one route of Halden Ferry Lines. `on_time`: per cent within ten minutes."""

    code: str
    ports: str
    crossings: int
    passengers: int
    cars: int
    freight_units: int
    on_time: float
    passengers_2024: int
    on_time_2024: float


ROUTES = (
    Route("R1", "Port Halden – Skarne", 8412, 1104620, 298340, 21460, 96.1, 1061904, 95.4),
    Route("R2", "Port Halden – Vangsund", 6204, 842175, 214908, 18733, 95.2, 815330, 94.9),
    Route("R3", "Skarne – Ostrey", 5118, 401236, 122417, 6904, 94.7, 388012, 93.1),
    Route("R4", "Ostrey – Mell", 4386, 268904, 81250, 3812, 93.4, 262447, 91.6),
    Route("R5", "Vangsund – Tolm", 3652, 236481, 70116, 5207, 95.8, 221390, 95.0),
    Route("R6", "Tolm – Brisay", 2904, 152337, 41903, 2116, 92.6, 149871, 92.2),
    Route("R7", "Mell – Little Orrin", 2548, 97412, 18226, 604, 90.3, 99806, 91.7),
    Route("R8", "Port Halden – Eldwick", 3120, 318450, 96731, 9418, 96.8, 296112, 96.0),
    Route("R9", "Eldwick – Stenmouth", 2190, 141906, 38512, 4027, 94.1, 136054, 93.8),
    Route("R10", "Skarne – Carrowness", 1826, 83274, 22640, 1180, 91.9, 80119, 90.5),
    Route("R11", "Stenmouth – Hesting", 1460, 61528, 15077, 942, 93.0, 60233, 92.8),
    Route("R12", "Port Halden – Fairhaven Point", 912, 129683, 12405, 0, 97.4, 118942, 96.7),
)
SEASONS = (0.178, 0.262, 0.361)  # shares of the first three quarters; the fourth takes the rest
ON_TIME_SWING = (-1.3, 0.4, 1.1, -0.2)  # points by quarter; they add up to nothing


@dataclass(frozen=True, slots=True)
class Quarter:
    """A route's traffic in one quarter; the four quarters add up to the route's year."""

    route: Route
    quarter: int
    crossings: int
    passengers: int
    cars: int
    freight_units: int
    on_time: float


def quarters(route: Route) -> tuple[Quarter, ...]:
    """The year of `route`, split by season (the summer route sails in the second and third quarter only)."""
    shares = (0.0, 0.404, 0.596) if route.code == "R12" else SEASONS

    def part(total: int, number: int) -> int:
        first_three = [round(total * share) for share in shares]
        return [*first_three, total - sum(first_three)][number]

    rows = [
        Quarter(
            route,
            number + 1,
            crossings=part(route.crossings, number),
            passengers=part(route.passengers, number),
            cars=part(route.cars, number),
            freight_units=part(route.freight_units, number),
            on_time=round(route.on_time + ON_TIME_SWING[number], 1),
        )
        for number in range(4)
    ]
    return tuple(row for row in rows if row.crossings)


@dataclass(frozen=True, slots=True)
class Vessel:
    """A ship of Halden Ferry Lines as of 31 December 2025."""

    name: str
    built: int
    yard: str
    passengers: int
    cars: int
    knots: float
    propulsion: str
    route: str


FLEET = (
    Vessel("MV Halden Star", 2019, "Tarn Shipbuilders", 980, 246, 21.5, "Diesel-electric", "R1"),
    Vessel("MV Skarne Light", 2021, "Tarn Shipbuilders", 940, 238, 21.0, "Hybrid, 4.1 MWh", "R1"),
    Vessel("MV Aldis", 2008, "Korvald Verft", 720, 188, 19.5, "Diesel", "R1, relief"),
    Vessel("MV Vangsund Queen", 2016, "Tarn Shipbuilders", 860, 221, 20.5, "Diesel-electric", "R2"),
    Vessel("MV Tessaly", 2012, "Orrin Yard", 690, 176, 19.0, "Diesel", "R2"),
    Vessel("MV Ostrey Maid", 2014, "Korvald Verft", 540, 132, 17.5, "Diesel", "R3"),
    Vessel("MV Corran Bell", 2023, "Tarn Shipbuilders", 560, 138, 17.0, "Hybrid, 2.8 MWh", "R3"),
    Vessel("MV Mellfjord", 2005, "Korvald Verft", 410, 94, 16.0, "Diesel", "R4"),
    Vessel("MV Kittiwake", 2017, "Orrin Yard", 430, 98, 16.5, "Diesel-electric", "R4"),
    Vessel("MV Tolm Trader", 2011, "Orrin Yard", 380, 90, 16.0, "Diesel", "R5"),
    Vessel("MV Fulmar", 2018, "Orrin Yard", 400, 96, 16.5, "Diesel-electric", "R5"),
    Vessel("MV Brisay Rose", 2003, "Hesting Dock", 260, 58, 14.5, "Diesel", "R6"),
    Vessel("MV Little Orrin", 1998, "Hesting Dock", 150, 24, 12.0, "Diesel", "R7"),
    Vessel("MV Eldwick Castle", 2015, "Korvald Verft", 620, 154, 18.5, "Diesel-electric", "R8"),
    Vessel("MV Sandling", 2009, "Orrin Yard", 330, 82, 15.5, "Diesel", "R9"),
    Vessel("MV Carrow Head", 2006, "Hesting Dock", 240, 52, 14.0, "Diesel", "R10"),
    Vessel("MV Stenmouth Pilot", 2001, "Hesting Dock", 190, 40, 13.0, "Diesel", "R11"),
    Vessel("MV Summer Tern", 2022, "Tarn Shipbuilders", 310, 30, 24.0, "Battery, 3.6 MWh", "R12"),
)

SHORE_POWER = {  # per cent of calls on shore power, first half of 2025
    "Port Halden": 83, "Skarne": 71, "Vangsund": 64, "Eldwick": 47, "Ostrey": 22, "Tolm": 9,
}  # fmt: skip
CARBON = {  # grams of CO2 for each passenger-kilometre
    "2019": 118, "2020": 121, "2021": 112, "2022": 104, "2023": 97, "2024": 89, "H1 2025": 81,
}  # fmt: skip
CARBON_TARGET = 55  # for 2030

EMISSIONS = (  # of Halden's own ships: what, unit, 2025, 2024, 2023
    ("Marine gas oil", "tonnes", 39600, 42600, 43900),
    ("Electricity from shore", "MWh", 11840, 7960, 4310),
    ("Carbon dioxide from ships", "tonnes", 126960, 136580, 140740),
    ("Nitrogen oxides", "tonnes", 1734, 1942, 2051),
    ("Sulphur oxides", "tonnes", 71, 83, 88),
    ("Waste landed", "tonnes", 2140, 2265, 2310),
    ("of which recycled", "per cent", 68, 61, 57),
    ("Oil spills into the sea", "litres", 14, 0, 220),
)
PROJECTS = (  # what the capital spending of 2025 went into; the last line is what remains
    ("First electric ferry, instalments", 17.9),
    ("Winter dockings of five ships", 12.6),
    ("Engines of MV Vangsund Queen", 6.3),
    ("Charging tower at Vangsund", 4.8),
    ("Automatic mooring, three berths", 3.2),
    ("Booking system", 2.4),
    ("Galley of MV Halden Star", 1.7),
)

PROGRAMME = {  # who leads what in the fleet renewal programme (stands only in the deck's picture)
    "Programme director": "Ilse Marquardt",
    "Vessel delivery": "Henrik Solvang",
    "Shore power": "Dana Okafor",
    "Crew training": "Piotr Zielak",
    "Digital ticketing": "Noor Haddad",
}
CHARGING = (  # the overnight charge, step by step (only in the deck's picture)
    ("Moor and confirm", "Bridge reports fast alongside"),
    ("Connect tower arm", "about 4 minutes"),
    ("Insulation test", "90 seconds, fails safe"),
    ("Charge at 6.6 MW", "cable cooled, crew ashore"),
    ("Stop at 92 %", "battery room logged"),
    ("Release and depart", "arm parked before ramp up"),
)


@dataclass(frozen=True, slots=True)
class Minutes:
    """The board meeting of which only a scan exists."""

    date: str = "14 May 2025"
    hull: str = "417"
    price: str = "46.2 million"
    votes_for: str = "six"
    votes_against: str = "one"
    dissenter: str = "Mr Oskar Wendt"
    contractor: str = "Dunmore Marine Works"
    repair_cost: str = "184,500"
    excess: str = "60,000"
    berth: str = "Berth 3"
    next_meeting: str = "17 September 2025"
    harbour_master: str = "Captain Joan Petrie"
    depth: str = "5.4 metres"
    survey_date: str = "28 April 2025"


FENDERS = (  # units 1 to 9 of the berth: bolts missing, rubber, verdict (only on the scanned sheet)
    ("none", "sound", "keep"),
    ("7 of 8", "torn", "replace"),
    ("5 of 8", "torn", "replace"),
    ("8 of 8", "lost", "replace"),
    ("3 of 8", "split", "replace"),
    ("none", "worn", "keep, watch"),
    ("1 of 8", "sound", "keep"),
    ("none", "sound", "keep"),
    ("none", "worn", "keep, watch"),
)


@dataclass(frozen=True, slots=True)
class Notice:
    """The photographed notice at the Mell terminal."""

    route: str = "R7"
    start: str = "27 October 2025"
    end: str = "28 March 2026"
    first_boat: str = "07:20"
    last_boat: str = "18:45"
    phone: str = "0555 014 772"
    no_sailing: str = "25 December and 1 January"


@dataclass(frozen=True, slots=True)
class Claim:
    """The filled damage claim form; its values stand in form fields only."""

    reference: str = "DC-2025-0873"
    claimant: str = "Marta Ilvesson"
    booking: str = "HFL-7Q4-2281"
    vessel: str = "MV Skarne Light"
    sailed: str = "9 August 2025"
    registration: str = "KX 48 RTO"
    deck: str = "Car deck 3, lane 5"
    amount: str = "1,385.40"
    repairer: str = "Bodywerk Sandgate"
    damage: str = "Rear bumper and left tail lamp crushed by a shifting trailer during unloading."
    witness: str = "Deck officer L. Tamm"


MINUTES, NOTICE, CLAIM = Minutes(), Notice(), Claim()


def total(field: str) -> int:
    """The sum of a field over all routes."""
    return sum(getattr(route, field) for route in ROUTES)
