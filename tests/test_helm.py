"""The Helm chart, rendered by Helm itself: what Kubernetes would be told."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from chatapp.config import Settings
from tests.servers import ROOT, missing
from tests.test_deploy import is_setting

CHART = ROOT / "deploy/helm/chatapp"
Json = dict[str, Any]


@pytest.fixture(scope="module")
def helm() -> Any:
    try:
        from helm_python import chart
    except ImportError:
        missing("Helm's renderer", "(pip install) helm-python-sdk")
    return chart


def rendered(helm: Any, **values: Any) -> dict[str, Json]:
    """The objects by their kind."""
    with helm.Chart.load(CHART) as chart:
        texts = chart.render(values, name="site", namespace="chat").values()
    documents = [yaml.safe_load(text) for text in texts]
    return {document["kind"]: document for document in documents if document}


def pods(objects: dict[str, Json]) -> list[Json]:
    return [objects[kind]["spec"]["template"]["spec"] for kind in ("Deployment", "Job")]


def test_helm_finds_nothing_to_complain_of(helm: Any) -> None:
    report = helm.lint(CHART, strict=True)
    assert report["errors"] == []
    assert [message["error"] for message in report["messages"]] == ["icon is recommended"]


def test_the_site_is_two_replicas_with_probes_that_wait_for_their_answers(helm: Any) -> None:
    objects = rendered(helm)
    assert set(objects) == {"Deployment", "Job", "PersistentVolumeClaim", "PodDisruptionBudget", "Service"}
    spec = objects["Deployment"]["spec"]
    assert spec["replicas"] == 2
    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    pod, [container] = spec["template"]["spec"], spec["template"]["spec"]["containers"]
    paths = {name: container[f"{name}Probe"]["httpGet"]["path"] for name in ("liveness", "readiness", "startup")}
    assert paths == {"liveness": "/healthz", "readiness": "/readyz", "startup": "/healthz"}
    assert pod["terminationGracePeriodSeconds"] >= Settings().shutdown_grace + 15
    assert objects["PodDisruptionBudget"]["spec"]["maxUnavailable"] == 1
    labels = spec["template"]["metadata"]["labels"].items()
    selectors = [spec["selector"]["matchLabels"], objects["Service"]["spec"]["selector"]]
    selectors.append(objects["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"])
    assert all(selector.items() <= labels for selector in selectors)
    migration = objects["Job"]["spec"]["template"]["metadata"]["labels"].items()
    assert not any(selector.items() <= migration for selector in selectors), "the migration would be sent requests"


def test_nothing_runs_as_root_or_writes_to_its_image(helm: Any) -> None:
    for pod in pods(rendered(helm)):
        assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"] == 10001
        assert pod["automountServiceAccountToken"] is False
        [container] = pod["containers"]
        allowed = container["securityContext"]
        assert allowed == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        mounted = {mount["name"] for mount in container["volumeMounts"]}
        assert mounted == {volume["name"] for volume in pod["volumes"]}


def test_settings_exist_and_secrets_come_from_files(helm: Any) -> None:
    compose = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())["services"]["one"]["environment"]
    for pod in pods(rendered(helm)):
        given = {entry["name"]: entry["value"] for entry in pod["containers"][0]["env"]}
        assert all(map(is_setting, given))
        assert set(compose) <= set(given)
        [mount] = [m for m in pod["containers"][0]["volumeMounts"] if m["name"] == "secrets"]
        files = [value for name, value in given.items() if name.endswith("_FILE")]
        assert len(files) == 3 and all(value.startswith(f"{mount['mountPath']}/") for value in files)


def test_the_database_is_migrated_before_anything_else(helm: Any) -> None:
    job = rendered(helm)["Job"]
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert job["spec"]["template"]["spec"]["containers"][0]["command"] == ["flask", "--app", "wsgi", "db", "upgrade"]


def test_what_an_operator_may_choose(helm: Any) -> None:
    objects = rendered(
        helm,
        settings={"SHUTDOWN_GRACE": "60", "CURRENCY": "USD"},
        files={"existingClaim": "shared"},
        ingress={"enabled": True, "host": "chat.corp.example", "tlsSecret": "tls", "className": "nginx"},
        image={"repository": "registry.corp.example/chatapp", "tag": "1.2"},
    )
    assert "PersistentVolumeClaim" not in objects
    pod = objects["Deployment"]["spec"]["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] == 80
    assert pod["containers"][0]["image"] == "registry.corp.example/chatapp:1.2"
    assert {"name": "files", "persistentVolumeClaim": {"claimName": "shared"}} in pod["volumes"]
    ingress = objects["Ingress"]["spec"]
    assert ingress["tls"] == [{"hosts": ["chat.corp.example"], "secretName": "tls"}]


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"settings": {"SECRET_KEY": "x"}}, "/settings"),
        ({"settings": {"WORKERS": 2}}, "/settings/WORKERS"),
        ({"replicas": 0}, "/replicas"),
        ({"secret": {"name": ""}}, "/secret/name"),
    ],
    ids=["a secret among settings", "a number", "no replicas", "no secret"],
)
def test_values_that_cannot_work_are_refused(helm: Any, wrong: Json, place: str) -> None:
    with helm.Chart.load(CHART) as chart, pytest.raises(Exception, match=f"at '{place}'"):
        chart.validate_schema(wrong)
