"""The pages of usage: figures, charts with tables behind them, files."""

from __future__ import annotations

import csv
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from chatapp.core import figures
from chatapp.db import now, release, session
from chatapp.models import AuditRecord
from tests.core.test_figures import ended_turn
from tests.people import People
from tests.web.pages.visitor import Visitor


@pytest.fixture
def sue(app: Flask, people: People) -> Visitor:
    """The browser of somebody who is support."""
    browser = Visitor(app, app.response_class, use_cookies=True)
    browser.sign_in(people.sue)
    return browser


def used(people: People) -> None:
    ended_turn(people.ana, now(), wait=0.4, model="big", input_tokens=1000, output_tokens=500, total_cost="2.5")
    ended_turn(people.ben, now(), wait=30, model="=cmd|'/c calc'!A1", input_tokens=10, output_tokens=5)
    ended_turn(people.ben, now() - timedelta(days=20), status="failed", error_code="internal")
    release()


def test_without_answers_the_page_says_what_will_stand_there(sue: Visitor) -> None:
    page = sue.page("/admin/usage/")
    assert "will stand here" in page.find("p", class_="empty-state").text
    assert not page.has("svg", class_="bars")


def test_the_page_tells_what_was_used(sue: Visitor, people: People) -> None:
    used(people)
    page = sue.page("/admin/usage/")
    tiles = {tile.find("dt").text: " ".join(tile.find("dd").text.split()) for tile in page.all("div", class_="tile")}
    assert tiles["Tokens"] == "1,515 1,010 in, 505 out"
    assert tiles["Cost"] == "$2.50 and 1 answers of unknown cost"
    assert tiles["Answers"] == "3 2 complete" and tiles["People"] == "2"
    assert tiles["Failed"] == "1 33% of all answers"
    assert "calc" in page.find("p", class_="hint").text
    models = page.find("div", aria_label="Table by model").find("tbody").all("tr")
    assert [row.find("a").text for row in models] == ["big", "=cmd|'/c calc'!A1", "Unknown model"]
    assert "unknown" in models[1].text


def test_every_chart_has_its_table_and_words_for_those_who_do_not_see_it(sue: Visitor, people: People) -> None:
    used(people)
    page = sue.page("/admin/usage/?span=7")
    charts = page.all("section", class_="chart")
    assert [chart.find("h2").text for chart in charts] == ["Tokens", "Cost", "Answers", "People", "Time to first text"]
    for chart in charts:
        drawing = chart.find("svg", class_="bars")
        assert drawing.attributes["role"] == "img" and drawing.attributes["aria-labelledby"]
        assert len(drawing.all("g")) == len(chart.find("tbody").all("tr")) == 7
    today = charts[0].all("g")[-1]
    assert today.find("title").text.endswith("output 505, input 1,010")
    heights = [int(bar.attributes["height"]) for bar in today.all("rect") if bar.attributes["class"] != "slot"]
    assert heights == [252, 505]  # of 2,000
    assert "over 16 s" in charts[4].text
    assert not page.all(style="")


def test_the_page_of_one_model_or_person(sue: Visitor, people: People) -> None:
    used(people)
    links = [link.attributes["href"] for link in sue.page("/admin/usage/").all("a") if link.text in ("big", "ana")]
    assert len(links) == 2
    for link in links:
        page = sue.page(link)
        assert "1,500" in page.all("div", class_="tile")[0].text
        assert page.find("p", class_="scope").has("a", href="/admin/usage/?span=30")
        assert not page.has("div", aria_label="Table by model")


@pytest.mark.parametrize("query", ["person=nonsense", "person=00000000-0000-0000-0000-000000000000"])
def test_nobody_has_no_page(sue: Visitor, query: str) -> None:
    assert sue.get(f"/admin/usage/?{query}").status_code == 404
    assert sue.get(f"/admin/usage/export.csv?table=days&{query}").status_code == 404


@pytest.mark.parametrize(
    ("table", "firsts"), [("models", ["big", "'=cmd|'/c calc'!A1", ""]), ("people", ["ana", "ben"])]
)
def test_tables_are_files_that_open_safely(sue: Visitor, people: People, table: str, firsts: list[str]) -> None:
    used(people)
    figures.catch_up()
    response = sue.get(f"/admin/usage/export.csv?table={table}")
    head, *rows = csv.reader(response.text.splitlines())
    assert response.mimetype == "text/csv" and ".csv" in response.headers["Content-Disposition"]
    assert [row[0] for row in rows] == firsts
    assert dict(zip(head, rows[0], strict=True)) | {"answers": "1", "cost in USD": "2.50000000"} == dict(
        zip(head, rows[0], strict=True)
    )


def test_days_are_a_file_and_that_is_written_down(sue: Visitor, people: People) -> None:
    used(people)
    figures.catch_up()
    response = sue.get("/admin/usage/export.csv?table=days&span=90")
    rows = list(csv.DictReader(response.text.splitlines()))
    assert len(rows) == 90 and sum(int(row["answers"]) for row in rows) == 3
    assert sue.get("/admin/usage/export.csv?table=nonsense").status_code == 404
    release()
    records = session.scalars(select(AuditRecord).where(AuditRecord.event == "usage_exported")).all()
    assert [(record.actor_id, record.details) for record in records] == [
        (people.sue.id, {"table": "days", "span": "90"})
    ]
