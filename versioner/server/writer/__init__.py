"""Write to the registry for many callers at once: shared commits, one move of the branch."""

from versioner.server.writer.queue import RegistryWriter, WriterBusy
from versioner.server.writer.waiting import result_of
from versioner.server.writer.writes import Author, EventWrite, GateAnswer, Judged, Landed

__all__ = [
    "Author",
    "EventWrite",
    "GateAnswer",
    "Judged",
    "Landed",
    "RegistryWriter",
    "WriterBusy",
    "result_of",
]
