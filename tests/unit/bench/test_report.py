"""What counts as reached, and what does not count at all."""

from collections.abc import Mapping

import pytest
from bench import report
from bench.checks import Answers, CheckError, compare
from bench.load import Measurement, parse
from bench.plan import ENDPOINTS, Script, SideKey
from bench.processes import Memory, ProgramError
from bench.report import Row
from bench.turns import Cpu, Figure, Turn

_LINE = (
    'JSON {"rps":650.5,"n":1301,"p50":46.5,"p95":72.81,"p99":82.66,"status":0,"sock":0,"timeout":0,"bytes":44095963}'
)


def _measurement(rps: float, **changed: float) -> Measurement:
    return parse(_LINE).model_copy(update={"rps": rps, "p95_ms": 20.0, **changed})


def _turn(
    side: SideKey, rps: Mapping[Script, float], *, mib: float = 100, fault: str | None = None, **changed: float
) -> Turn:
    figures = {
        endpoint.script: Figure(
            measurement=_measurement(rps.get(endpoint.script, 100), **changed),
            transactions_per_request=1,
            cpu=Cpu(server_us=200_000 / rps.get(endpoint.script, 100), postgres_us=500),
            fault=fault,
        )
        for endpoint in ENDPOINTS
    }
    return Turn(side=side, figures=figures, memory=Memory(process_mib=mib, total_mib=mib + 30))


def _row(rows: list[Row], what: str) -> Row:
    return next(row for row in rows if row.what == what)


def test_reads_the_line_of_a_script() -> None:
    taken = parse("Running 6s test\n  1 threads and 32 connections\n" + _LINE + "\n")
    assert (taken.rps, taken.requests, taken.p95_ms, taken.fault) == (650.5, 1301, 72.81, None)


def test_refuses_an_output_without_it() -> None:
    with pytest.raises(ProgramError, match="unable to connect"):
        parse("unable to connect to 127.0.0.1:1 Connection refused")


@pytest.mark.parametrize(
    ("changed", "said"),
    [({"not_2xx": 3}, "3 not 2xx"), ({"socket_errors": 2}, "2 socket errors"), ({"timeouts": 1}, "1 timeouts")],
)
def test_an_answer_that_failed_is_a_fault(changed: dict[str, int], said: str) -> None:
    assert _measurement(100, **changed).fault == said


@pytest.mark.parametrize(("ours", "reached"), [(400, True), (399, False)])
def test_a_ratio_is_reached_from_its_target_on(ours: float, reached: bool) -> None:
    rows = report.rows_of([_turn("peer", {"r1": 100}), _turn("ours", {"r1": ours})], [])
    row = _row(rows, "list 20 trips")
    assert row.reached is reached
    assert row.ratio == pytest.approx(ours / 100)


def test_the_best_turn_of_each_side_counts() -> None:
    turns = [
        _turn("peer", {"w1": 90}),
        _turn("ours", {"w1": 280}),
        _turn("peer", {"w1": 100}),
        _turn("ours", {"w1": 300}),
    ]
    row = _row(report.rows_of(turns, []), "create booking")
    assert (row.peer, row.ours, row.reached) == ("100", "300", True)


def test_a_figure_with_a_fault_reaches_nothing() -> None:
    rows = report.rows_of([_turn("peer", {}), _turn("ours", {"r1": 9_000}, fault="answered without PostgreSQL")], [])
    row = _row(rows, "list 20 trips")
    assert row.reached is None
    assert "answered without PostgreSQL" in row.note


def test_a_slower_turn_without_fault_beats_a_faulty_one() -> None:
    turns = [_turn("peer", {}), _turn("ours", {"r1": 9_000}, fault="3 not 2xx"), _turn("ours", {"r1": 500})]
    assert _row(report.rows_of(turns, []), "list 20 trips").ours == "500"


@pytest.mark.parametrize(("p95", "reached"), [(49.9, True), (50.0, False)])
def test_p95_stays_below_its_limit(p95: float, reached: bool) -> None:
    rows = report.rows_of([_turn("ours", {}, p95_ms=p95)], [])
    assert [row.reached for row in rows if row.target == "p95 < 50"] == [reached] * len(ENDPOINTS)


def test_cpu_is_told_of_both_sides_and_reaches_nothing() -> None:
    turns = [_turn("peer", {"r1": 100}), _turn("ours", {"r1": 400})]
    row = next(row for row in report.rows_of(turns, []) if row.what.strip().startswith("CPU"))
    assert (row.peer, row.ours, row.ratio, row.reached) == ("2,000 + 500", "500 + 500", 2.5, None)


@pytest.mark.parametrize(("mib", "reached"), [(100, True), (101, False)])
def test_memory_is_a_third_at_most(mib: float, reached: bool) -> None:
    rows = report.rows_of([_turn("peer", {}, mib=300), _turn("ours", {}, mib=mib)], [])
    assert _row(rows, "memory, MiB").reached is reached


@pytest.mark.parametrize(("ours", "reached"), [(600, True), (599, False)])
def test_the_cached_list_keeps_up_with_bare_asgi(ours: float, reached: bool) -> None:
    rows = report.rows_of([_turn("peer", {}), _turn("ours", {"r2": ours})], [_measurement(900), _measurement(1_000)])
    assert _row(rows, "cached / bare ASGI").reached is reached


def test_without_the_peer_no_ratio_is_claimed() -> None:
    rows = report.rows_of([_turn("ours", {})], [_measurement(1_000)])
    row = _row(rows, "webhook")
    assert (row.peer, row.ratio, row.reached) == ("", None, None)


def test_uneven_turns_are_told() -> None:
    turns = [_turn("peer", {"r3": 900}), _turn("ours", {}), _turn("peer", {"r3": 700}), _turn("ours", {})]
    assert _row(report.rows_of(turns, []), "my bookings").note == "peer uneven: 900 700"


def test_sides_that_answer_differently_are_not_compared() -> None:
    peer = Answers(counts={"featured trips": 20, "total": "98.00"}, featured_body=b"", featured_type="")
    ours = Answers(counts={"featured trips": 19, "total": "98.00"}, featured_body=b"", featured_type="")
    compare(peer, peer)
    with pytest.raises(CheckError, match="featured trips: peer 20, ours 19"):
        compare(peer, ours)
