"""What every request to the server passes, and who may."""

from __future__ import annotations


def test_health_is_open_and_tells_the_version(serving) -> None:
    answer = serving().get("/health")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


def test_an_unknown_path_is_a_problem_with_its_code(serving) -> None:
    answer = serving().post("/no/such/thing")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "not_found"
