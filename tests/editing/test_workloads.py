"""What runs is read from the outputs of the tools in their real shapes, and nothing is guessed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from versioner.editing.workloads import read
from versioner.editing.workloads.read import read_workloads
from versioner.editing.workloads.workload import Workload
from versioner.errors import InvalidInput

OUTPUTS = Path(__file__).parent / "outputs"
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"


def digest(letter: str) -> str:
    return "sha256:" + letter * 64


def output(name: str) -> bytes:
    return (OUTPUTS / name).read_bytes()


def running(data: bytes) -> list[tuple[str, str, str]]:
    """Return where, which image and with which digest everything runs."""
    return [
        (each.name, each.image, ",".join(each.digests))
        for each in read_workloads(data)[1]
        if each.running
    ]


def as_bytes(*documents: Any) -> bytes:
    return "\n".join(json.dumps(each) for each in documents).encode()


# ---- kubernetes --------------------------------------------------------------------------


def test_pods_say_what_runs_with_the_digest_that_runs():
    assert running(output("kubectl-steady.json")) == [
        ("prod/pod/shop-7d9c5b8f6d-abcde", "ghcr.io/acme/shop:1.2", digest("a")),
        ("prod/pod/shop-7d9c5b8f6d-abcde", "docker.io/istio/proxyv2:1.20.1", digest("e")),
        ("prod/pod/shop-7d9c5b8f6d-fghij", "ghcr.io/acme/shop:1.2", digest("a")),
        ("prod/pod/shop-7d9c5b8f6d-fghij", "docker.io/istio/proxyv2:1.20.1", digest("e")),
        ("prod/pod/ledger-0", "registry.acme.io:5000/payments/ledger:2.0.1", digest("c")),
        (
            "kube-system/pod/node-agent-x1",
            "quay.io/acme/node-agent@" + digest("b"),
            digest("b"),
        ),
        # The id that a node gives to an image is no digest of a registry.
        (
            "kube-system/pod/coredns-5d78c9869d-2x4zl",
            "registry.k8s.io/coredns/coredns:v1.11.1",
            "",
        ),
    ]


def test_beside_pods_a_controller_says_only_what_is_wanted():
    found = read_workloads(output("kubectl-steady.json"))[1]
    wanted = [(each.name, each.image) for each in found if not each.running]
    assert wanted == [
        ("prod/deployment/shop", "ghcr.io/acme/shop:1.2"),
        ("prod/statefulset/ledger", "registry.acme.io:5000/payments/ledger:2.0.1"),
        ("kube-system/daemonset/node-agent", "quay.io/acme/node-agent@" + digest("b")),
        ("prod/deployment/worker", "ghcr.io/acme/worker:1.0"),
    ]


def test_in_a_rollout_old_and_new_pods_run_but_none_that_ends_or_waits():
    images = [image for _, image, _ in running(output("kubectl-rollout.json"))]
    assert images == ["ghcr.io/acme/shop:1.2", "ghcr.io/acme/shop:1.3"]


def without_pods(name: str) -> dict[str, Any]:
    document = json.loads(output(name))
    document["items"] = [each for each in document["items"] if each["kind"] != "Pod"]
    return document  # type: ignore[no-any-return]


def test_without_pods_a_controller_runs_what_is_ready_and_a_rollout_is_told():
    steady = read_workloads(as_bytes(without_pods("kubectl-steady.json")))[1]
    assert [(each.name.rpartition("/")[2], each.running, each.partly) for each in steady] == [
        ("shop", True, False),
        ("ledger", True, False),
        ("node-agent", True, False),
        ("worker", False, False),
    ]
    (shop,) = read_workloads(as_bytes(without_pods("kubectl-rollout.json")))[1]
    assert (shop.running, shop.partly) == (True, True)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"updatedReplicas": 1}, (True, True)),
        ({"updatedReplicas": 0}, (True, True)),
        ({"readyReplicas": 0}, (False, False)),
        ({"observedGeneration": 6}, (True, True)),
        ({"observedGeneration": "6"}, (True, False)),
        ({"currentRevision": "a", "updateRevision": "b"}, (True, True)),
        ({"readyReplicas": "two"}, (False, False)),
    ],
    ids=str,
)
def test_the_status_of_a_controller_is_read(change: dict[str, Any], expected: tuple[bool, bool]):
    item = without_pods("kubectl-steady.json")["items"][0]
    item["status"] |= change
    (shop,) = read_workloads(as_bytes(item))[1]
    assert (shop.running, shop.partly) == expected


def test_a_replica_set_of_a_deployment_is_no_workload_and_a_deployment_of_an_operator_is_one():
    item = without_pods("kubectl-steady.json")["items"][0]
    item["metadata"]["ownerReferences"] = [{"kind": "Shop", "name": "shop"}]
    replica_set = {**item, "kind": "ReplicaSet"}
    found = read_workloads(
        as_bytes({"kind": "List", "apiVersion": "v1", "items": [item, replica_set]})
    )
    assert [each.name for each in found[1]] == ["prod/deployment/shop"]


def test_a_sidecar_among_the_init_containers_runs_and_another_init_container_does_not():
    pod = json.loads(output("kubectl-steady.json"))["items"][6]
    pod["spec"]["initContainers"] = [
        {"name": "log", "image": "acme/log:1", "restartPolicy": "Always"},
        {"name": "migrate", "image": "acme/migrate:1"},
    ]
    pod["status"]["initContainerStatuses"] = [
        {"name": "log", "state": {"running": {}}},
        {"name": "migrate", "state": {"terminated": {"exitCode": 0}}},
    ]
    images = [image for _, image, _ in running(as_bytes(pod))]
    assert images == ["registry.acme.io:5000/payments/ledger:2.0.1", "acme/log:1"]


def test_the_list_of_one_kind_may_leave_out_the_kind_of_its_items():
    items = [
        {key: value for key, value in each.items() if key not in ("kind", "apiVersion")}
        for each in json.loads(output("kubectl-rollout.json"))["items"]
        if each["kind"] == "Pod"
    ]
    document = {"kind": "PodList", "apiVersion": "v1", "items": items}
    assert len(running(as_bytes(document))) == 2


def test_lists_of_several_commands_may_follow_each_other():
    data = output("kubectl-steady.json") + b"\n" + output("kubectl-rollout.json")
    assert len(running(data)) == 9


# ---- docker ------------------------------------------------------------------------------


def test_docker_ps_lists_a_container_a_line():
    format_, found = read_workloads(output("docker-ps.jsonl"))
    assert format_ == "docker"
    assert [(each.name, each.image, each.running) for each in found] == [
        ("acme-shop-1", "ghcr.io/acme/shop:1.2", True),
        ("acme-web-1", "web", True),
        ("acme-ledger-1", "localhost:5000/ledger@" + digest("c"), True),
        ("acme-worker-1", "ghcr.io/acme/worker:1.0", False),
        ("acme-db-1", "postgres:16.1", True),
    ]
    assert found[2].digests == (digest("c"),)


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        ({"Status": "Up 5 hours"}, True),
        ({"Status": "Up 5 hours (Paused)"}, False),
        ({"Status": "Exited (1) 2 days ago"}, False),
        ({"State": "restarting", "Status": "Restarting (1) 5 seconds ago"}, False),
        ({"State": "Running", "Names": ["web"]}, True),
        ({"Mode": "replicated", "Replicas": "2/3"}, True),
        ({"Mode": "replicated", "Replicas": "0/2"}, False),
    ],
    ids=str,
)
def test_containers_of_older_docker_and_of_podman_are_read(container: Any, expected: bool):
    (found,) = read_workloads(json.dumps([{"ID": "1", "Image": "web:1", **container}]).encode())[1]
    assert found.running is expected
    assert found.name == ("web" if "Names" in container else "1")


def test_docker_inspect_has_the_name_of_the_image_in_the_configuration():
    container = {"Id": "4edf", "Name": "/web-1", "Image": digest("a"), "Config": {"Image": "web:1"}}
    states = [{**container, "State": {"Status": word}} for word in ("running", "exited")]
    found = read_workloads(as_bytes(states))[1]
    assert [(each.name, each.image, each.running) for each in found] == [
        ("web-1", "web:1", True),
        ("web-1", "web:1", False),
    ]


# ---- ECS ---------------------------------------------------------------------------------


def test_services_of_ecs_lead_to_images_by_their_task_definitions():
    assert read_workloads(output("ecs-services.json"))[0] == "ecs"
    assert running(output("ecs-services.json")) == [
        ("shop", f"{ECR}/shop:1.2", ""),
        ("ledger", f"{ECR}/payments/ledger:2.1.0", ""),
        ("ledger", f"{ECR}/payments/ledger:2.0.1", ""),
    ]


def test_tasks_of_ecs_say_what_runs_without_those_of_no_service():
    assert running(output("ecs-tasks.json")) == [("shop", f"{ECR}/shop:1.2", digest("a"))]


def test_a_task_definition_that_is_missing_is_named_with_the_command_that_gives_it():
    first = json.JSONDecoder().raw_decode(output("ecs-services.json").decode())[0]
    with pytest.raises(InvalidInput, match='the service "shop" runs shop:42') as caught:
        read_workloads(as_bytes(first))
    assert "aws ecs describe-task-definition --task-definition shop:42" in caught.value.hint


# ---- rows --------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_rows_name_product_version_and_artifact(delimiter: str):
    lines = [
        "Product,version,artifact",
        "shop,1.2,",
        f"web,,{digest('a')}",
        "",
        "worker,,",
        '"x",2,',
    ]
    data = "\r\n".join(lines).replace(",", delimiter).encode("utf-8-sig")
    assert read_workloads(data) == (
        "csv",
        [
            Workload("line 2", product="shop", version="1.2"),
            Workload("line 3", product="web", digests=(digest("a"),)),
            Workload("line 5", product="worker", running=False),
            Workload("line 6", product="x", version="2"),
        ],
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("product,verison\nshop,1", 'the table has an unknown column "verison"'),
        ("product,version,version\nshop,1,2", "the table has a column twice"),
        ("product,version\nshop", "line 2: the row has 1 values, the first line has 2 columns"),
        ("product,version\n,1.0", "line 2: the row has no product"),
        ("product,version\nshop,a b", "line 2: 'a b' is not a legal version"),
        ("product,artifact\nshop,latest", 'line 2: the artifact "latest" has no digest'),
        ('product,version\nshop,"1', ""),
    ],
)
def test_a_row_that_is_not_valid_is_refused_by_its_line(text: str, message: str):
    if not message:
        assert read_workloads(text.encode())[1][0].version == "1"
        return
    with pytest.raises(InvalidInput) as caught:
        read_workloads(text.encode())
    assert caught.value.message.replace('"a b"', "'a b'").startswith(message)
    assert caught.value.hint


# ---- hostile input -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "message", "hint"),
    [
        (b"", "the input is empty", "kubectl get"),
        (b" \n\n", "the input is empty", "kubectl get"),
        (b"apiVersion: v1\nitems: []\n", "the input is YAML", "-o json"),
        (
            b"NAMESPACE   NAME   READY\n",
            "the input is the text table of a command, not JSON",
            "-o json",
        ),
        (
            b"CONTAINER ID   IMAGE\n",
            "the input is the text table of a command, not JSON",
            "--format json",
        ),
        (b"hello", "the format of the input is unknown", "docker ps"),
        (b"{}", "the format of the input is unknown", "docker ps"),
        (b"[]", "the input is an empty list", "docker ps"),
        (b"[1]", "the input has JSON values that are not objects", "docker ps"),
        (
            b'{"kind": "List", "apiVersion": "v1", "items": [{',
            "the JSON is incomplete",
            "again",
        ),
        (b'{"kind": "Li', "the JSON is incomplete", "again"),
        (b'{"kind": "List"', "the JSON is incomplete", "again"),
        (b'{"kind": x, "apiVersion": "v1"}', "the input is not JSON", "as it is"),
        (b'{"kind": "List", "apiVersion": "v1", "items": {}}', '"items" of the list is not', "as"),
        (b'{"kind": "List", "apiVersion": "v1", "items": [1]}', '"items" of the list is not', "as"),
        (b"[" * 100_000, "the JSON is nested too deeply", "as it is"),
        (b"\x1f\x8b\x08\x00", "the input is not UTF-8", "uncompressed"),
        (b'{"a": ' + b"9" * 5000 + b"}", "the input has a number that is too long", "as it is"),
        (b'{"\x1b[31m": 1}', "the input is not JSON", "as it is"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_an_input_that_cannot_be_read_is_refused_with_a_remedy(
    data: bytes, message: str, hint: str
):
    with pytest.raises(InvalidInput) as caught:
        read_workloads(data)
    assert caught.value.message.startswith(message)
    assert hint in caught.value.hint
    assert "\x1b" not in caught.value.message


def test_two_formats_in_one_input_are_refused():
    with pytest.raises(InvalidInput, match="the input is in the format docker, not kubernetes"):
        read_workloads(output("kubectl-steady.json") + output("docker-ps.jsonl"))
    with pytest.raises(InvalidInput, match="the input is in the format kubernetes, not docker"):
        read_workloads(output("kubectl-steady.json"), "docker")
    with pytest.raises(InvalidInput, match="the input is not in the format ecs"):
        read_workloads(b'{"a": 1}', "ecs")


def test_an_input_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(read, "MOST_BYTES", 1024 * 1024)
    with pytest.raises(InvalidInput, match="more than 1 MiB") as caught:
        read_workloads(b" " * (1024 * 1024 + 1))
    assert "--instance" in caught.value.hint


def test_what_powershell_redirects_is_read():
    text = output("docker-ps.jsonl").decode()
    assert read_workloads(text.encode("utf-16"))[0] == "docker"


@pytest.mark.parametrize("hole", [None, 1, "x", [], {}, [None]])
def test_a_hole_anywhere_in_an_output_never_ends_in_a_traceback(hole: Any):
    for name in ("kubectl-steady.json", "kubectl-rollout.json", "ecs-tasks.json"):
        text = output(name).decode()
        keys = {key for key in ("metadata", "spec", "status", "containers", "containerStatuses",
                "state", "ownerReferences", "image", "imageID", "name", "template", "deployments",
                "tasks", "services", "taskDefinition", "items", "group", "phase", "kind")
                if f'"{key}"' in text}  # fmt: skip
        decoder, at = json.JSONDecoder(), 0
        documents = []
        while at < len(text.rstrip()):
            value, at = decoder.raw_decode(text, at)
            documents.append(value)
            at += 1
        for key in keys:
            broken = [_with_hole(each, key, hole) for each in documents]
            try:
                read_workloads(as_bytes(*broken))
            except InvalidInput as error:
                assert error.hint


def _with_hole(value: Any, key: str, hole: Any) -> Any:
    if isinstance(value, dict):
        return {k: hole if k == key else _with_hole(v, key, hole) for k, v in value.items()}
    return [_with_hole(each, key, hole) for each in value] if isinstance(value, list) else value
