"""The index of a registry: its folded facts as rows in the git directory, kept up to date.

    with open_index(repository, snapshot) as index:
        index.head              # the Registry without products, and the problems of its files
        index.product_names     # in order
        index.product(name)     # a ProductRecord, each part of which is read when it is used
        index.registry()        # a Registry of such records, for all queries, reports and pages
        index.cells(...)        # what runs where, without any deployment's history
        index.deployments(DeploymentFilter(...), limit=20)   # streamed, the latest first
        index.count_deployments(DeploymentFilter(...))
        index.find_ids(prefix)  # events by the beginning of their ids
        index.find_source(digits)   # versions by digest or commit
        index.problems()

A question about some products passes `products=[...]` to `open_index`, which then looks at their
directories only. A question to a past revision passes `past=True`. What was returned must be read
inside the `with` block: records, cells and iterators read rows when they are used.

The index is brought up to date product by product, by the tree id of a product's directory.
Deleting its files costs time only. `session.py` opens it, `store.py` has the file and its lock,
`seal.py` notices damage, `update.py` compares and writes, `schema.py` has the tables.
"""

from versioner.registry.index.answers import (
    CellStep,
    DeploymentFilter,
    FoundEvent,
    FoundSource,
    IndexCounts,
)
from versioner.registry.index.queries import RegistryIndex
from versioner.registry.index.session import index_store, open_index

__all__ = [
    "CellStep",
    "DeploymentFilter",
    "FoundEvent",
    "FoundSource",
    "IndexCounts",
    "RegistryIndex",
    "index_store",
    "open_index",
]
