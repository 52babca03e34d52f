"""Tools that answer what may ship: rules in words, and the judge of `versioner check`."""

from contextlib import AbstractContextManager
from typing import Any

from versioner.mcp.answers import Answer, page_of
from versioner.mcp.arguments import At, Cursor, Environment, Instance, Limit, Product, Version
from versioner.mcp.scopes import rules_about, unreadable_about
from versioner.mcp.source import ReadRegistry, RegistrySource
from versioner.models.governance import UnreadableFile
from versioner.names import check_instance, check_version
from versioner.query.gate import may_ship
from versioner.query.matrix import matrix
from versioner.reporting.gate.check import answer_document, question_text
from versioner.reporting.gate.rules import rule_document
from versioner.reporting.query.status import cell_document
from versioner.rules.gate.question import Answer as GateAnswer
from versioner.rules.gate.question import Question, Verdict

__all__ = ["RuleTools"]


class RuleTools:
    """The tools about rules, and whether a version may ship."""

    def __init__(self, source: RegistrySource) -> None:
        self._source = source

    def _reading(self) -> AbstractContextManager[ReadRegistry]:
        return self._source.reading()

    def get_deployment_rules(
        self,
        product: Product = "",
        environment: Environment = "",
        limit: Limit = 50,
        cursor: Cursor = "",
    ) -> Answer:
        """Return the rules about a product, an environment or both, in words.

        `requirement` is what a rule asks for, `scope` where. Only an enabled rule refuses; a
        report-only one is a warning. `unreadable` are files with errors: while there is one, every
        question that it may be about is refused.
        """
        with self._reading() as read:
            names = _place(read, product, environment)
            page = page_of(
                rules_about(read.registry, *names), rule_document, limit=limit, cursor=cursor
            )
            files = [_file(each) for each in unreadable_about(read.registry, *names)]
            return read.answer({"rules": page.items, "unreadable": files}, page)

    def check(
        self,
        product: Product,
        version: Version,
        environment: Environment,
        instance: Instance = "",
        at: At = "",
        allow_unknown_version: bool = False,
    ) -> Answer:
        """Return whether a version may be deployed to an environment, with every rule's verdict.

        It is the answer of `versioner check`: `allowed`, the first `code` of a refusal, and
        `allowed_from`, the moment from which on time alone allows it ("" where it never does).
        """
        with self._reading() as read:
            answer, notes = _ask(
                read, Question(product, version, environment, instance, at), allow_unknown_version
            )
            found = read.answer(answer_document(answer))
            found.notes += notes
            return found

    def check_deployment_readiness(
        self, product: Product, environment: Environment, version: Version
    ) -> Answer:
        """Return whether a known version is ready for an environment: blockers, warnings, advice.

        Advice that approves, opens, unblocks or deploys is for a person: no tool here does that.
        """
        with self._reading() as read:
            answer, notes = _ask(read, Question(product, version, environment, "", ""), False)
            question = answer.question
            row = _cell(read, question)
            result = {
                "ready": answer.allowed,
                "question": question_text(question),
                "product": question.product,
                "version": question.version,
                "environment": question.environment,
                "blockers": [_blocker(each, read) for each in answer.refusals],
                "warnings": [*_warnings(answer), *_state_warnings(question, row), *notes],
                "current_state": row,
                "allowed_from": answer.allowed_from or None,
                "suggested_next_actions": _actions(answer),
            }
            return read.answer(result)


def _place(read: ReadRegistry, product: str, environment: str) -> tuple[str, str]:
    registry = read.registry
    name = registry.resolve(product).name if product else ""
    return name, str(registry.environment(environment)["name"]) if environment else ""


def _file(unreadable: UnreadableFile) -> dict[str, Any]:
    return {"path": unreadable.path, "line": unreadable.line, "message": unreadable.message}


def _ask(
    read: ReadRegistry, asked: Question, allow_unknown_version: bool
) -> tuple[GateAnswer, list[str]]:
    """Return the answer to a question whose names and moment are as they were given."""
    registry = read.registry
    check_version(asked.version)
    if asked.instance:
        check_instance(asked.instance)
    product = registry.target_of(may_ship.legal_name(asked.product, registry, "product"))
    if product in registry.deleted:
        registry.resolve(product)
    question = Question(
        product,
        asked.version,
        registry.environment_name(may_ship.legal_name(asked.environment, registry, "environment")),
        asked.instance,
        may_ship.moment_of_question(asked.at or None, read.now),
    )
    wrong = may_ship.add_question_signatures(registry, read.source, question)
    answer = may_ship.answer_of(
        registry, question, now=read.now, allow_unknown_version=allow_unknown_version
    )
    notes = [f"no signature could be checked: {wrong}"] if wrong else []
    return may_ship.with_tree(answer, read.source), notes


def _cell(read: ReadRegistry, question: Question) -> dict[str, Any] | None:
    """Return what runs at the place of a question, None for an environment that is new."""
    if question.environment not in read.registry.environments:
        return None
    if question.product not in read.registry.products:
        return None
    found = matrix(
        read.registry,
        now=read.now,
        products=[question.product],
        environments=[question.environment],
    )
    return cell_document(found.rows[0].cells[0])


def _blocker(verdict: Verdict, read: ReadRegistry) -> dict[str, Any]:
    rules = {each.name: each for each in read.registry.governance.rules}
    rule = rules.get(verdict.rule)
    return {
        "rule": verdict.rule or verdict.type,
        "title": rule.title or None if rule is not None else None,
        "why": rule.reason or None if rule is not None else None,
        "type": verdict.type,
        "code": verdict.code,
        "message": verdict.message,
        "until": verdict.until or None,
        "to_change_it": verdict.hint or None,
    }


def _warnings(answer: GateAnswer) -> list[str]:
    words = {"failed": "reports only", "exempt": "exempt: a rollback", "overridden": "overridden"}
    return [
        f"{each.rule or each.type} ({words[each.outcome]}): {each.message}"
        for each in answer.verdicts
        if each.outcome != "passed" and not each.is_refusal
    ]


def _state_warnings(question: Question, cell: dict[str, Any] | None) -> list[str]:
    if cell is None:
        return [f'the environment "{question.environment}" has no deployment of it yet']
    found = []
    if cell["version"] == question.version:
        found.append("this version runs there already")
    if cell["in_progress"]:
        found.append(f"a deployment of {cell['in_progress']['version']} is in progress there")
    if cell["failed_last"]:
        found.append(f"the last deployment there, of {cell['failed_last']['version']}, failed")
    return found


def _actions(answer: GateAnswer) -> list[str]:
    if answer.allowed:
        return ["Nothing refuses it: a pipeline may deploy it, which asks again when it starts."]
    found = [f"A person can change this: {each.hint}" for each in answer.refusals if each.hint]
    if answer.allowed_from:
        found.append(f"Wait until {answer.allowed_from}, if nothing else changes, and check again.")
    else:
        found.append("No time alone will do: something else has to change first. Check again then.")
    return list(dict.fromkeys(found))
