"""Make the sample registry again, by the tool itself: `python tests/sample/make_sample.py`.

Three months of builds and deployments of seven products, with drift, a failure, a rollback, one
in progress, a void and a renamed product. Every command below is one that a user could type.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


@dataclass
class Product:
    name: str
    description: str
    settings: dict[str, str]
    # Version and the day of its build; it travels to an environment that many hours later.
    releases: list[tuple[str, str, str]]
    skip: dict[str, tuple[str, ...]] = field(default_factory=dict)


TRAVEL = {"development": 0.2, "test": 5, "staging": 26, "production": 75}

PRODUCTS = [
    Product(
        "user-service",
        "Accounts, sign-in and sessions for every other product.",
        {
            "title": "User service",
            "extra_metadata.team": "identity",
            "extra_metadata.owner": "identity-team",
            "extra_metadata.repository": "acme/user-service",
            "extra_metadata.tech_stack": '["Python", "PostgreSQL"]',
            "extra_metadata.tier": "1",
            "links": '[{"title": "Runbook", "url": "https://docs.example.com/user-service"}]',
        },
        [
            ("1.2.0", "2026-09-07", "Sessions survive a restart."),
            ("1.2.1", "2026-09-21", "Fixes the time zone of the audit log."),
            ("1.3.0", "2026-10-05", "Sign-in by passkey."),
            ("1.3.1", "2026-10-19", "Passkeys on older phones."),
            ("1.4.0", "2026-11-02", "Password rules follow the new policy."),
            ("1.5.0", "2026-11-18", "Accounts can be merged."),
        ],
        {"1.5.0": ("production",)},
    ),
    Product(
        "payment-api",
        "Takes payments and refunds; talks to the card networks.",
        {
            "title": "Payment API",
            "extra_metadata.team": "payments",
            "extra_metadata.owner": "payments-team",
            "extra_metadata.repository": "acme/payment-api",
            "extra_metadata.tech_stack": '["Go", "PostgreSQL"]',
            "extra_metadata.pci": "true",
            "depends_on": "user-service",
        },
        [
            ("2.8.0", "2026-09-09", "Refunds in part."),
            ("2.8.1", "2026-09-30", "Retries a card network that is slow to answer."),
            ("2.9.0", "2026-10-14", "Payments by bank transfer."),
            ("2.10.0", "2026-11-04", "Limits by country."),
            ("2.10.1", "2026-11-16", "Limits apply to refunds too."),
        ],
        # 2.10.0 failed in production, see below.
        {"2.10.0": ("production",)},
    ),
    Product(
        "web-frontend",
        "The shop as customers see it.",
        {
            "title": "Web frontend",
            "extra_metadata.team": "storefront",
            "extra_metadata.owner": "storefront-team",
            "extra_metadata.repository": "acme/web-frontend",
            "extra_metadata.tech_stack": '["TypeScript"]',
            "depends_on": "user-service,payment-api,search-indexer",
        },
        [
            ("2026.9.1", "2026-09-02", "A faster start page."),
            ("2026.9.2", "2026-09-16", "Filters keep their place."),
            ("2026.10.1", "2026-10-01", "Dark colours."),
            ("2026.10.2", "2026-10-20", "Bank transfer at the checkout."),
            ("2026.11.1", "2026-11-05", "The basket is shared between devices."),
            ("2026.11.2", "2026-11-17", "Larger pictures."),
        ],
        {"2026.11.2": ("production",)},
    ),
    Product(
        "notification-service",
        "E-mail, text messages and push, with one queue for all.",
        {
            "title": "Notification service",
            "extra_metadata.team": "identity",
            "extra_metadata.owner": "identity-team",
            "extra_metadata.repository": "acme/notification-service",
            "extra_metadata.tech_stack": '["Python", "Redis"]',
            "depends_on": "user-service",
        },
        [
            ("0.14.0", "2026-09-10", "Quiet hours."),
            ("0.15.0", "2026-10-08", "Templates by language."),
            ("0.15.1", "2026-11-10", "One message where there were two."),
        ],
        {"0.15.1": ("staging", "production")},
    ),
    Product(
        "search-indexer",
        "Keeps the search index in step with the catalogue.",
        {
            "title": "Search indexer",
            "extra_metadata.team": "storefront",
            "extra_metadata.owner": "storefront-team",
            "extra_metadata.repository": "acme/search-indexer",
            "extra_metadata.tech_stack": '["Rust"]',
        },
        [
            ("5.1.0", "2026-09-03", "Half the memory."),
            ("5.2.0", "2026-10-22", "Synonyms."),
        ],
        # By way of an abort, see below.
        {"5.2.0": ("production",)},
    ),
    Product(
        "batch-reports",
        "Nightly figures for finance and support.",
        {
            "extra_metadata.team": "data",
            "extra_metadata.owner": "data-team",
            "extra_metadata.repository": "acme/reporting-jobs",
            "extra_metadata.tech_stack": '["Python"]',
            "depends_on": "payment-api",
        },
        [
            ("41", "2026-09-14", "Refunds have a column of their own."),
            ("42", "2026-10-12", "Half an hour faster."),
            ("43", "2026-11-12", "Figures by country."),
        ],
        {"43": ("production",)},
    ),
    Product(
        "legacy-importer",
        "Reads orders from the old shop, until the last of its partners has moved.",
        {
            "title": "Legacy importer",
            "lifecycle": "deprecated",
            "extra_metadata.team": "data",
            "extra_metadata.owner": "data-team",
            "extra_metadata.tech_stack": "Perl",
        },
        [("3.9.7", "2026-09-01", "Time-outs are longer.")],
        {"3.9.7": ("development", "test")},
    ),
]

BY_HAND = {
    "registry.yaml": """\
# yaml-language-server: $schema=../schemas/registry.schema.json
# The sample: an imaginary shop. `versioner init` starts a registry of your own.
schema_version: 1
title: "Acme shop"
description: "What runs where at an imaginary shop."
# Logins are recorded; e-mail addresses and names are not.
people: "login"
""",
    "environments/production.yaml": """\
# yaml-language-server: $schema=../../schemas/environment.schema.json
name: "production"
description: "What customers use, in two regions."
# A release goes out region by region and may take weeks: no "no result" before that.
stale_after: "60d"
metadata:
  region: "eu-central, eu-west"
""",
}


class Registry:
    """Run the tool in a new repository, the events in the order in which they happened."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.events: list[tuple[datetime, list[str]]] = []

    def run(self, *arguments: str) -> str:
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("GITHUB_", "CI", "VERSIONER_"))
        }
        done = subprocess.run(
            [sys.executable, "-m", "versioner", *arguments],
            cwd=self.top,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    def at(self, when: datetime, *arguments: str) -> None:
        self.events.append((when, list(arguments)))

    def play(self) -> None:
        for when, arguments in sorted(self.events, key=lambda event: event[0]):
            self.run(*arguments, f"--completed-at={when:%Y-%m-%dT%H:%M:%SZ}")


def main() -> None:
    """Make the sample in a temporary repository, then put it in place of the project's."""
    with tempfile.TemporaryDirectory() as folder:
        registry = Registry(Path(folder) / "sample")
        registry.top.mkdir()
        registry.run("init", ".", "--title", "Acme shop")
        for name, text in BY_HAND.items():
            (registry.top / "registry" / name).write_text(text, encoding="utf-8")
        subprocess.run(["git", "commit", "-qam", "Describe"], cwd=registry.top, check=True)
        for product in PRODUCTS:
            add_product(registry, product)
        add_incidents(registry)
        registry.play()
        finish(registry)
        registry.run("validate")
        shutil.rmtree(PROJECT / "registry", ignore_errors=True)
        shutil.copytree(registry.top / "registry", PROJECT / "registry")


def add_product(registry: Registry, product: Product) -> None:
    settings = [
        f"--set={key}={value}" for key, value in product.settings.items() if key != "depends_on"
    ]
    registry.run("product", "create", product.name, "--description", product.description, *settings)
    for number, (version, day, notes) in enumerate(product.releases, 100):
        built = moment(product.name, version, day)
        run = [
            "--product",
            product.name,
            "--version",
            version,
            "--scm-sha",
            sha(product.name, version),
            "--scm-repository",
            product.settings.get("extra_metadata.repository", ""),
            "--scm-branch",
            "main",
            "--source-system",
            "github",
            "--build-number",
            str(number),
            "--invoke-id",
            str(7_000_000 + number * 37 + len(product.name)),
        ]
        registry.at(built, "track", "build", *run, "--notes", notes, "--built-by", "build-bot")
        for environment, hours in TRAVEL.items():
            if environment not in product.skip.get(version, ()):
                when = built + timedelta(hours=hours, minutes=len(version))
                by = "release-bot" if environment == "production" else "deploy-bot"
                registry.at(
                    when,
                    "track",
                    "deployment",
                    *run,
                    "--environment",
                    environment,
                    "--deployed-by",
                    by,
                )


def add_incidents(registry: Registry) -> None:
    """Add what does not go by plan."""

    def deployment(
        when: str, product: str, version: str, environment: str, status: str, *more: str
    ) -> None:
        registry.at(
            datetime.fromisoformat(when),
            "track",
            "deployment",
            "--product",
            product,
            "--version",
            version,
            "--environment",
            environment,
            "--status",
            status,
            "--deployed-by",
            "release-bot",
            *more,
        )

    # A failure in production; the older version kept running.
    deployment(
        "2026-11-06T09:02:11Z",
        "payment-api",
        "2.10.0",
        "production",
        "started",
        "--invoke-id",
        "7103801",
    )
    deployment(
        "2026-11-06T09:09:48Z",
        "payment-api",
        "2.10.0",
        "production",
        "failed",
        "--invoke-id",
        "7103801",
        "--reason",
        "The migration ran into a lock.",
    )
    # A rollback the day after the release.
    deployment(
        "2026-11-09T08:20:05Z",
        "web-frontend",
        "2026.10.2",
        "production",
        "completed",
        "--reason",
        "The basket lost items on older browsers.",
    )
    # A region at a time: not finished yet.
    deployment(
        "2026-11-22T09:30:00Z",
        "user-service",
        "1.5.0",
        "production",
        "started",
        "--invoke-id",
        "7105199",
        "--extra-metadata",
        json.dumps({"region": "eu-central"}),
    )
    # Aborted by hand, then done.
    deployment(
        "2026-10-26T14:00:40Z",
        "search-indexer",
        "5.2.0",
        "production",
        "aborted",
        "--reason",
        "Wrong index version in the configuration.",
    )
    deployment("2026-10-26T15:12:02Z", "search-indexer", "5.2.0", "production", "completed")
    # A mistake, voided in finish().
    deployment(
        "2026-11-19T16:45:30Z",
        "notification-service",
        "0.15.1",
        "production",
        "completed",
        "--event-id",
        "sample-wrong-environment",
    )


def finish(registry: Registry) -> None:
    for product in PRODUCTS:
        if "depends_on" in product.settings:
            registry.run(
                "product",
                "edit",
                product.name,
                "--set",
                f"depends_on={product.settings['depends_on']}",
            )
    registry.run(
        "deployment",
        "void",
        "sample-wrong-environment",
        "--reason",
        "Went to staging; the pipeline named the wrong environment.",
    )
    registry.run("product", "rename", "batch-reports", "reporting-jobs")
    registry.run("product", "edit", "reporting-jobs", "--set", "title=Reporting jobs")
    registry.run(
        "environment",
        "edit",
        "staging",
        "--set",
        "description=The last stop before production, with a copy of its data.",
    )


def moment(product: str, version: str, day: str) -> datetime:
    # Some time of the working day, the same at each run.
    digest = hashlib.sha256(f"{product} {version}".encode()).digest()
    start = datetime.fromisoformat(f"{day}T08:00:00").replace(tzinfo=UTC)
    return start + timedelta(minutes=digest[0] * 2, seconds=digest[1] % 60)


def sha(product: str, version: str) -> str:
    return hashlib.sha1(f"{product} {version}".encode(), usedforsecurity=False).hexdigest()


if __name__ == "__main__":
    main()
