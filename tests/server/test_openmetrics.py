"""`/metrics`, judged by the parser of prometheus_client."""

from __future__ import annotations

from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tests.server.conftest import bearer, token_for
from versioner.recorder.archive import made_recorder


def test_the_server_adds_its_numbers_to_those_of_the_site(serving, settings) -> None:
    token = token_for(settings, "read")
    with serving() as client:
        site = client.app.state.services.site
        assert site.wait_until_built(client.app.state.services.reader.tip, 60)
        assert client.get("/no/such/page", headers=bearer(token)).status_code == 404
        client.request("BREW", "/", headers=bearer(token))
        answer = client.get("/metrics", headers=bearer(token))
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("application/openmetrics-text;")
        registry = client.get("/metrics.txt", headers=bearer(token)).text
        # The tool of jobs is open, the registry is not.
        assert client.get("/versioner.pyz").content == made_recorder().data
        assert client.get("/versioner.pyz.sha256").content == made_recorder().checksum()
        assert client.get("/metrics.txt").status_code == 401
    assert answer.text.startswith(registry.removesuffix("# EOF\n"))
    families = {each.name: each for each in text_string_to_metric_families(answer.text)}
    requests = {
        (each.labels["method"], each.labels["status"]): each.value
        for each in families["versioner_server_requests"].samples
    }
    assert requests["GET", "404"] == 1
    assert {method for method, _ in requests} <= {"GET", "other"}
    assert families["versioner_server_site_behind"].samples[0].value == 0


def test_only_who_may_read_all_may_scrape(serving, settings) -> None:
    client = serving()
    assert client.get("/metrics").status_code == 401
    limited = token_for(settings, "read", products=["shop"])
    assert client.get("/metrics", headers=bearer(limited)).status_code == 403
    # Before the first build there are the numbers of the server alone.
    open_ = serving(public_read=True).get("/metrics")
    assert open_.status_code == 200
    names = {each.name for each in text_string_to_metric_families(open_.text)}
    assert names
    assert all(name.startswith("versioner_server_") for name in names)
