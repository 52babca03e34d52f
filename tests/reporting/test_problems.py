from __future__ import annotations

import json
import re

from tests.builders import product, registry
from versioner.models import Problem
from versioner.query.compare.registries import changes_between
from versioner.reporting.changes import change_markdown, change_text
from versioner.reporting.ci_annotations import problems_github, problems_gitlab
from versioner.reporting.problems import (
    problem_text,
    problems_json,
    problems_text,
    step_summary,
    verdict,
)
from versioner.reporting.text import TextLayout

PATH = "registry/products/shop/product.yaml"
PAGE = TextLayout()


def problem(number: int = 1, severity: str = "error", **parts: str) -> Problem:
    told = {"path": PATH, "code": "value", "message": f"wrong {number}", "hint": "mend it", **parts}
    return Problem(line=number, column=7, severity=severity, **told)


# What a terminal, a runner or a page could be made to obey.
HOSTILE = "a\n::error::b\x1b[2J##vso[task]\u202e</pre><script>`x`\udc80"


def test_a_problem_reads_as_editors_expect_it() -> None:
    assert problem_text(PAGE, problem()) == f"{PATH}:1:7: error[value]: wrong 1\n  hint: mend it"


def test_a_problem_of_a_whole_file_leads_to_its_beginning() -> None:
    whole = Problem(PATH, 0, 0, "missing", "not there")
    assert problem_text(PAGE, whole) == f"{PATH}:1:1: error[missing]: not there"


def test_colours_are_painted_only_where_the_page_has_them() -> None:
    painted = problem_text(TextLayout(colour=True), problem())
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == problem_text(PAGE, problem())
    assert "\x1b[31merror\x1b[0m" in painted


def test_text_cannot_drive_a_terminal_or_a_log_reader() -> None:
    text = problems_text(PAGE, [problem(path=HOSTILE, message=HOSTILE, hint=HOSTILE)])
    assert len(text.split("\n")) == 2
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e\ud800-\udfff]|::error |##vso\\[", text)


def test_json_is_an_array_of_the_seven_keys() -> None:
    found = json.loads(problems_json([problem(message=HOSTILE), Problem(PATH, 0, 0, "x", "y")]))
    keys = ["path", "line", "column", "code", "severity", "message", "hint"]
    assert [list(each) for each in found] == [keys, keys]
    assert found[0]["message"] == HOSTILE
    assert (found[1]["line"], found[1]["hint"]) == (0, None)
    assert json.loads(problems_json([])) == []


def test_annotations_stop_at_ten_of_each_severity_and_say_how_many_more() -> None:
    problems = [problem(number) for number in range(1, 26)]
    problems += [problem(number, "warning") for number in range(1, 12)]
    lines = problems_github(problems).split("\n")
    assert [line.partition(" ")[0] for line in lines] == [
        *["::error"] * 10,
        "::notice::and",
        *["::warning"] * 10,
        "::notice::and",
    ]
    assert "and 15 more errors" in lines[10]
    assert "and 1 more warning:" in lines[-1]


def test_exactly_ten_annotations_are_all_there_are() -> None:
    lines = problems_github([problem(number) for number in range(1, 11)]).split("\n")
    assert len(lines) == 10
    assert lines[0] == (f"::error file={PATH},line=1,col=7::[value] wrong 1%0Ahint: mend it")


def test_an_annotation_is_one_command_whatever_the_problem_says() -> None:
    text = problems_github([problem(path="a,b:c%\n", message=HOSTILE, hint=HOSTILE)])
    assert "\n" not in text
    assert text.count("::error") == 1
    assert "file=a%2Cb%3Ac%25\\u000a,line=1" in text


def test_the_step_summary_holds_every_problem_and_no_markup_of_theirs() -> None:
    problems = [problem(number, message=HOSTILE) for number in range(1, 26)]
    text = step_summary(PAGE, problems, "- a change", "25 errors")
    assert text.startswith("### Registry: 25 errors\n")
    assert "- a change" in text
    assert text.count("error[value]") == 25
    assert text.count("</pre>") == 1
    assert "<script>" not in text


def test_a_step_summary_too_large_for_github_is_cut_and_counted() -> None:
    text = step_summary(PAGE, [problem(message="<" * 1000)] * 2000, "", "many")
    assert len(text.encode()) < 1024 * 1024
    shown = text.count("error[value]")
    assert 0 < shown < 2000
    assert f"and {2000 - shown} more" in text


def test_gitlab_gets_a_code_quality_report() -> None:
    (error, warning) = json.loads(
        problems_gitlab([problem(3), problem(0, "warning", code="clock")])
    )
    assert error["location"] == {"path": PATH, "lines": {"begin": 3}}
    assert (error["check_name"], error["severity"]) == ("value", "major")
    assert error["description"] == "wrong 3 (mend it)"
    assert (warning["severity"], warning["location"]["lines"]["begin"]) == ("minor", 1)


def test_fingerprints_stay_when_lines_move_and_never_meet() -> None:
    def fingerprints(*problems: Problem) -> list[str]:
        return [each["fingerprint"] for each in json.loads(problems_gitlab(problems))]

    same = {"message": "wrong"}
    assert fingerprints(problem(3, **same)) == fingerprints(problem(9, **same))
    twice = fingerprints(problem(3, **same), problem(4, **same), problem(5, **same, code="x"))
    assert len(set(twice)) == 3


def test_the_verdict_counts() -> None:
    mixed = [problem(), problem(2), problem(1, "warning")]
    assert verdict(1, 93309, mixed, paths=False) == "1 product, 93,309 events: 2 errors, 1 warning"
    assert verdict(2, 1, [], paths=True) == "2 products, 1 event: no errors in these paths"


def test_a_change_is_told_product_by_product() -> None:
    old = registry(product("shop", title="Shop"), product("old"))
    new = registry(product("shop", title="The shop", extra_metadata={"n": 1}), product("new"))
    assert change_text(changes_between(old, new)) == "\n".join(
        [
            "This change:",
            "  new: added",
            "  old: removed",
            "  shop: changed",
            '    title: "Shop" → "The shop"',
            "    extra_metadata.n: 1 added",
        ]
    )
    assert "has no effect on the content of the registry" in change_text(changes_between(old, old))


def test_a_change_s_text_and_markdown_obey_no_data() -> None:
    new = registry(product("shop", description=HOSTILE, extra_metadata={"[a](b)": "*x*"}))
    change = changes_between(registry(product("shop")), new)
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e\ud800-\udfff]", change_text(change))
    markdown = change_markdown(change)
    assert "<script>" not in markdown
    assert not re.search(r"[\[\]*`]", markdown)
