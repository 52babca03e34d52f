"""May this version ship? One pure judge for the command line, pipelines, replay and pages.

    answer = evaluate(registry, Question(product, version, environment, instance, at))
    answer.allowed, answer.code, answer.allowed_from, answer.verdicts, answer.unreadable

`registry` is what `registry.load.load_registry` returns, also for a test's dictionary of paths and
bytes (`git.snapshot.MemorySnapshot`), or a registry from the index. No clock and no git are read:
the same registry and question give the same answer anywhere. `question.py` has the types.
"""

from versioner.rules.gate.evaluate import evaluate
from versioner.rules.gate.question import CODES, Answer, Question, Verdict

__all__ = ["CODES", "Answer", "Question", "Verdict", "evaluate"]
