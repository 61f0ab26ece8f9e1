"""The three annual reports: Halden Ferry Lines 2025 in full, its 2024 report, and another company's 2025 review.

Puts the facts into tables and into the prose of `text/`; decides no figure.
"""

from __future__ import annotations

from pathlib import Path

import pymupdf

from samples import facts
from samples.facts import BRANNOCH, FLEET, HALDEN, ROUTES, FinancialYear, Route
from samples.layout import A4, NAVY, TEAL, Booklet, Sample, Table, labels, write

_TEXT = Path(__file__).parent / "text"


def _mean_on_time(year: int) -> float:
    def share(route: Route) -> float:
        return route.on_time if year == 2025 else route.on_time_2024

    return sum(share(route) * route.crossings for route in ROUTES) / facts.total("crossings")


def _prose(name: str, this: FinancialYear, last: FinancialYear) -> str:
    return (
        (_TEXT / name)
        .read_text(encoding="utf-8")
        .format(
            y=this,
            p=last,
            r={route.code: route for route in ROUTES},
            tot_m=int(facts.total("passengers") / 1e5) / 10,
            tot24_m=facts.total("passengers_2024") / 1e6,
            growth=100 * (this.revenue / last.revenue - 1),
            on_time=_mean_on_time(2025),
            on_time_last=_mean_on_time(2024),
            debt_ratio=this.net_debt / this.ebitda,
            wages=this.crew * 0.8,
            tax_rate=100 * this.tax / this.profit_before_tax,
            tax_rate_last=100 * last.tax / last.profit_before_tax,
        )
    )


def _money(value: float) -> str:
    return f"({-value:.1f})" if value < 0 else (f"{value:.1f}" if value else "–")


def _pairs(this: FinancialYear, last: FinancialYear, lines: tuple[tuple[str, str, int], ...]) -> list[tuple[str, ...]]:
    """(words, field, sign) → a row of this and last year; a row without a field is a subheading."""
    return [
        (words, *(_money(sign * getattr(year, field)) if field else "" for year in (this, last)))
        for words, field, sign in lines
    ]


def income_statement(this: FinancialYear, last: FinancialYear, ruled: bool = False) -> Table:
    """The income statement of two years."""
    lines = (
        ("Passenger fares", "passenger_fares", 1),
        ("Vehicle fares", "vehicle_fares", 1),
        ("Freight", "freight", 1),
        ("Onboard sales", "onboard_sales", 1),
        ("Other income", "other_income", 1),
        ("=Revenue", "revenue", 1),
        ("Crew and staff", "crew", -1),
        ("Fuel", "fuel", -1),
        ("Maintenance and dry-docking", "maintenance", -1),
        ("Port dues", "port_dues", -1),
        ("Other operating costs", "other_costs", -1),
        ("=EBITDA", "ebitda", 1),
        ("Depreciation", "depreciation", -1),
        ("=Operating profit", "operating_profit", 1),
        ("Net finance cost", "net_finance", -1),
        ("=Profit before tax", "profit_before_tax", 1),
        ("Tax", "tax", -1),
        ("=Profit for the year", "profit", 1),
    )
    header = ("EUR million, year to 31 December", str(this.year), str(last.year))
    return Table(
        "Income statement", header, _pairs(this, last, lines), (6, 1.4, 1.4), ruled=ruled, size=9.0,
        note="EBITDA is profit before interest, tax and depreciation. Costs are shown in brackets.",
    )  # fmt: skip


def balance_sheet(this: FinancialYear, last: FinancialYear) -> Table:
    """The balance sheet of two years, without ruling lines."""
    lines = (
        ("#Assets", "", 1),
        ("Ships", "vessels", 1),
        ("Port facilities and equipment", "port_facilities", 1),
        ("Ships under construction", "under_construction", 1),
        ("Intangible assets", "intangibles", 1),
        ("=Non-current assets", "fixed_assets", 1),
        ("Inventories", "inventories", 1),
        ("Trade and other receivables", "receivables", 1),
        ("Cash and cash equivalents", "cash", 1),
        ("=Current assets", "current_assets", 1),
        ("=Total assets", "total_assets", 1),
        ("#Equity and liabilities", "", 1),
        ("=Equity", "equity", 1),
        ("Borrowings due after one year", "borrowings_long", 1),
        ("Lease liabilities", "leases", 1),
        ("Deferred tax", "deferred_tax", 1),
        ("=Non-current liabilities", "long_liabilities", 1),
        ("Borrowings due within one year", "borrowings_short", 1),
        ("Trade and other payables", "payables", 1),
        ("Provisions", "provisions", 1),
        ("=Current liabilities", "short_liabilities", 1),
        ("=Total equity and liabilities", "total_assets", 1),
    )
    header = ("EUR million at 31 December", str(this.year), str(last.year))
    return Table(
        "Balance sheet", header, _pairs(this, last, lines), (6, 1.4, 1.4), ruled=False, size=9.0,
        note="The notes on the following pages are part of these accounts." if this.year == 2025 else "",
    )  # fmt: skip


def _cash_flow() -> Table:
    flow = facts.CashFlow(HALDEN[2025], HALDEN[2024]), facts.CashFlow(HALDEN[2024], HALDEN[2023])
    lines = (
        ("=Cash from operations", "operating"),
        ("Spent on ships and port facilities", "investing"),
        ("New borrowings less repayments", "new_borrowings"),
        ("Lease payments", "leases"),
    )
    rows = [(words, *(_money(getattr(year, field)) for year in flow)) for words, field in lines]
    rows.append(("Dividends paid", *(_money(-year.this.dividend_paid) for year in flow)))
    rows.append(("=Change in cash", *(_money(year.change) for year in flow)))
    rows.append(("Cash at the start of the year", *(_money(year.last.cash) for year in flow)))
    rows.append(("=Cash at the end of the year", *(_money(year.this.cash) for year in flow)))
    header = ("EUR million, year to 31 December", "2025", "2024")
    return Table("Cash flow statement", header, rows, (6, 1.4, 1.4), ruled=False, size=9.0)


def _key_figures(years: tuple[FinancialYear, ...]) -> Table:
    rows = [
        ("Revenue, EUR m", *(f"{year.revenue:.1f}" for year in years)),
        ("EBITDA, EUR m", *(f"{year.ebitda:.1f}" for year in years)),
        ("EBITDA margin, %", *(f"{100 * year.ebitda / year.revenue:.1f}" for year in years)),
        ("Profit for the year, EUR m", *(f"{year.profit:.1f}" for year in years)),
        ("Equity ratio, %", *(f"{100 * year.equity / year.total_assets:.1f}" for year in years)),
        ("Net debt, EUR m", *(f"{year.net_debt:.1f}" for year in years)),
        ("Dividend a share, cents", *(f"{year.dividend_cents:.1f}" for year in years)),
        ("Employees at year end", *(f"{year.employees:,}" for year in years)),
    ]
    return Table("Key figures", ("", *(str(year.year) for year in years)), rows, (4, *([1.3] * len(years))), size=9.0)


def _traffic_by_quarter() -> Table:
    rows: list[tuple[str, ...]] = []
    for route in ROUTES:
        for part in facts.quarters(route):
            rows.append((
                route.code, route.ports, f"Q{part.quarter}", f"{part.crossings:,}", f"{part.passengers:,}",
                f"{part.cars:,}", f"{part.freight_units:,}" if part.freight_units else "–", f"{part.on_time:.1f}",
            ))  # fmt: skip
        rows.append((
            f"={route.code}", f"{route.ports}", "Year", f"{route.crossings:,}", f"{route.passengers:,}",
            f"{route.cars:,}", f"{route.freight_units:,}" if route.freight_units else "–", f"{route.on_time:.1f}",
        ))  # fmt: skip
    sums = [f"{facts.total(field):,}" for field in ("crossings", "passengers", "cars", "freight_units")]
    rows.append(("=All", "All routes", "Year", *sums, f"{_mean_on_time(2025):.1f}"))
    header = ("Code", "Route", "Period", "Crossings", "Passengers", "Cars", "Freight units", "On time, %")
    return Table(
        "Traffic by route and quarter, 2025", header, rows, (0.9, 3.9, 1, 1.4, 1.5, 1.3, 1.7, 1.5),
        left=frozenset({0, 1, 2}), size=8.2,
        note="On time: departures within ten minutes of the timetable. R12 sails from April to September only.",
    )  # fmt: skip


def _fleet() -> Table:
    rows = [
        (v.name, str(v.built), v.yard, f"{v.passengers}", f"{v.cars}", f"{v.knots:.1f}", v.propulsion, v.route)
        for v in FLEET
    ]
    header = ("Ship", "Built", "Yard", "Passengers", "Cars", "Knots", "Propulsion", "Route")
    return Table(
        "Fleet register at 31 December 2025", header, rows, (2.8, 0.9, 2.4, 1.6, 0.9, 1, 2.3, 1.3),
        left=frozenset({0, 2, 6, 7}),
        note="Cars: in passenger-car units of 4.75 metres. Knots: service speed, loaded, in calm water.",
    )  # fmt: skip


def _environment() -> Table:
    rows = [(what, unit, *(f"{value:,}" for value in values)) for what, unit, *values in facts.EMISSIONS]
    header = ("Own ships, all routes", "Unit", "2025", "2024", "2023")
    return Table("Environmental data", header, rows, (4, 1.6, 1.5, 1.5, 1.5), left=frozenset({0, 1}), size=9.0)


def _projects() -> Table:
    spent = -facts.CashFlow(HALDEN[2025], HALDEN[2024]).investing
    rest = spent - sum(cost for _, cost in facts.PROJECTS)
    rows = [*facts.PROJECTS, ("Other", rest), ("=Spent on ships and port facilities", spent)]
    cells = [(what, f"{cost:.1f}", f"{100 * cost / spent:.0f}") for what, cost in rows]
    header = ("Project", "EUR million", "Share, %")
    return Table("Capital spending by project, 2025", header, cells, (6, 1.6, 1.4), size=9.0)


def _cover(book: Booklet, company: str, title: str, line: str, colour: tuple[float, float, float]) -> None:
    page = book.page(A4)
    page.draw_rect(pymupdf.Rect(0, 0, 595, 500), color=None, fill=colour)
    for step, height in enumerate((18, 30, 24, 36)):  # waves
        base, shape = 500 - 14 * step, page.new_shape()
        shade = tuple(min(1.0, part + 0.09 * (step + 1)) for part in colour)
        for start in range(-240, 595, 240):
            left = start + 60 * step
            shape.draw_bezier((left, base), (left + 60, base - height), (left + 180, base + height), (left + 240, base))
        shape.finish(color=shade, width=3, closePath=False)
        shape.commit()
    write(page, 56, 120, company, 15, "helv", color=(1, 1, 1))
    write(page, 56, 190, title.rsplit(" ", 1)[0], 40, "hebo", color=(1, 1, 1))
    write(page, 56, 240, title.rsplit(" ", 1)[1], 40, "hebo", color=(1, 1, 1))
    write(page, 56, 560, line, 12, "tiit", color=colour)


def annual_2025() -> Sample:
    """The full report: front matter i–iii, then pages 1 to the end."""
    this, last, front = HALDEN[2025], HALDEN[2024], 3
    book = Booklet()
    _cover(book, "Halden Ferry Lines plc", "Annual Report 2025", "Twelve routes, eleven islands, one timetable.", NAVY)
    book.page(A4)
    book.flow((_TEXT / "about_2025.html").read_text(encoding="utf-8"), columns=1)
    book.table(_key_figures((this, last, HALDEN[2023])))
    book.flow(
        _prose("annual_2025.html", this, last),
        footnote="1 Burned on own ships; chartered launches and lorries on the quays add about 240 tonnes.",
        footnote_at="39,600 tonnes",
    )
    book.page(A4)
    book.chapter("Traffic, fleet and environment")
    book.table(_traffic_by_quarter())
    book.table(_fleet())
    book.table(_projects())
    book.table(_environment())
    book.page(A4)
    book.chapter("Financial statements")
    book.table(income_statement(this, last))
    book.table(_cash_flow())
    book.page(A4)
    book.table(balance_sheet(this, last))
    book.flow(_prose("notes_2025.html", this, last))
    printed = labels(book.pdf.page_count, front)
    book.contents(1, printed)
    book.furniture("Halden Ferry Lines plc · Annual Report 2025", printed)
    data = book.finish("Annual Report 2025", "Halden Ferry Lines plc", "Annual report and accounts", front)
    return Sample("halden-annual-report-2025.pdf", data)


def annual_2024() -> Sample:
    """The year before: shorter, the same shape, other numbers, no roman pages."""
    this, last = HALDEN[2024], HALDEN[2023]
    book = Booklet()
    _cover(book, "Halden Ferry Lines plc", "Annual Report 2024", "Ready for what the sea brings.", TEAL)
    book.flow(_prose("annual_2024.html", this, last))
    rows = [(r.code, r.ports, f"{r.passengers_2024:,}", f"{r.on_time_2024:.1f}") for r in ROUTES]
    rows.append(("=All", "All routes", f"{facts.total('passengers_2024'):,}", f"{_mean_on_time(2024):.1f}"))
    header = ("Code", "Route", "Passengers", "On time, %")
    book.table(Table("Passengers by route, 2024", header, rows, (1, 5, 2, 1.6), left=frozenset({0, 1})))
    book.page(A4)
    book.chapter("Financial statements")
    book.table(income_statement(this, last))
    book.page(A4)
    book.table(balance_sheet(this, last))
    printed = labels(book.pdf.page_count, 0)
    book.furniture("Halden Ferry Lines plc · Annual Report 2024", printed)
    data = book.finish("Annual Report 2024", "Halden Ferry Lines plc", "Annual report and accounts")
    return Sample("halden-annual-report-2024.pdf", data)


def brannoch_2025() -> Sample:
    """Another company in the same waters."""
    this, last = BRANNOCH[2025], BRANNOCH[2024]
    book, colour = Booklet(), (0.42, 0.17, 0.14)
    _cover(book, "Brannoch Coastal Shipping plc", "Annual Review 2025", "What islands need, what islands make.", colour)
    book.flow(_prose("brannoch_2025.html", this, last))
    book.table(_key_figures((this, last)))
    book.page(A4)
    book.chapter("Accounts in short")
    book.table(income_statement(this, last, ruled=True))
    printed = labels(book.pdf.page_count, 0)
    book.furniture("Brannoch Coastal Shipping plc · Annual Review 2025", printed)
    data = book.finish("Annual Review 2025", "Brannoch Coastal Shipping plc", "Annual review", outline=False)
    return Sample("brannoch-annual-review-2025.pdf", data)
