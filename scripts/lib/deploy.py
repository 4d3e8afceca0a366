"""What scripts/check-deploy looks for in compose files and Kubernetes manifests beyond their form: that they are safe to copy.

deploy.py compose   --binary PATH JSON…              the model that "docker compose config --format json" has made
deploy.py manifests --binary PATH YAML…              manifests as kustomize has rendered them
deploy.py page      --binary PATH MARKDOWN…          manifests, commands and variables in pages
deploy.py script    --binary PATH SCRIPT             what deploy/deploy.sh says of exit codes
"""

import argparse
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import yaml

Json = dict[str, Any]

OPERATOR_SCHEMAS = Path(__file__).with_name("operator_schemas.json")
# Their images have nothing that could ask; deploy/compose/observability.yml says so as well.
WITHOUT_HEALTHCHECK = {"collector", "tempo"}
# They end by themselves.
ONE_SHOT = {"migrate", "broken", "address"}
OWN_IMAGE = "migrascope:dev"


class Program:
    """What the binary itself says about its commands and variables."""

    def __init__(self, path: str) -> None:
        self.path = path
        texts = [self.run("--help")] + [self.run(command, "--help") for command in ("up", "serve", "status", "health", "exec")]
        self.variables = set(re.findall(r"\[env:\s+(\w+)\]", " ".join(" ".join(texts).split())))
        self.variables |= {"DATABASE_URL"} | {name for name in ("AUTO_MIGRATE", "APP_ENV", "NODE_ENV") if name in texts[-1]}

    def run(self, *words: str) -> str:
        return subprocess.run([self.path, *words], capture_output=True, text=True, check=True).stdout

    def objection(self, words: list[str]) -> str | None:
        """Why these words are no command; nothing is carried out, since --help comes before everything."""
        ours = words[: words.index("--")] if "--" in words else words  # the rest is an application's, and must not be run
        if ours[0] == "exec" and words[-1] in {"exec", "--"}:
            return "exec needs an application" if len(words) > 1 else None
        run = subprocess.run([self.path, *ours, "--help"], capture_output=True, text=True)
        return run.stderr.strip().splitlines()[0] if run.returncode else None


def known_otel(name: str) -> bool:
    page = Path("docs/telemetry.md").read_text()
    return f"`{name}`" in page or name in {"POD_NAME", "POD_UID", "POD_NAMESPACE", "NODE_NAME", "CONTAINER_NAME"}


def variable_problems(where: str, names: Iterable[str], program: Program) -> Iterator[str]:
    for name in names:
        if name not in program.variables and not known_otel(name):
            yield f"{where}: migrascope knows no variable {name}"


def pinned(image: str) -> bool:
    tag = image.rpartition("/")[2].partition(":")[2]
    return image == OWN_IMAGE or bool(re.match(r"v?\d+\.\d+", tag))


# --- compose --------------------------------------------------------------------------------------------------------


def compose_problems(model: Json, program: Program) -> Iterator[str]:
    services: dict[str, Json] = model["services"]
    for name, service in services.items():
        where = f"compose service {name}"
        if not pinned(service["image"]):
            yield f"{where}: {service['image']} is not pinned to a version"
        if "healthcheck" not in service and name not in WITHOUT_HEALTHCHECK | ONE_SHOT:
            yield f"{where}: no health check"
        for port in service.get("ports", []):
            if port.get("host_ip") != "127.0.0.1":
                yield f"{where}: port {port.get('published')} is open to the network"
        for volume in service.get("volumes", []):
            if volume["type"] == "bind" and not Path(volume["source"]).exists():
                yield f"{where}: {volume['source']} does not exist"
        for needed, how in (service.get("depends_on") or {}).items():
            if how["condition"] == "service_healthy" and "healthcheck" not in services[needed]:
                yield f"{where}: waits for {needed} to be healthy, which has no health check"
        if service["image"] == OWN_IMAGE:
            yield from own_service_problems(where, service, program)
    yield from configuration_problems(set(services))
    if services["shop"]["depends_on"]["migrate"]["condition"] != "service_completed_successfully":
        yield "compose: the application does not wait until migrate has succeeded"
    if services["migrate"]["depends_on"]["shop-db"]["condition"] != "service_healthy":
        yield "compose: migrate does not wait for its database"


def configuration_problems(services: set[str]) -> Iterator[str]:
    """No program here can check the files of the Collector, Tempo and Grafana; what they name must exist at least."""
    for file in sorted(Path("deploy/compose").rglob("*.yml")):
        text = "\n".join(line for line in file.read_text().splitlines() if not line.lstrip().startswith("#"))
        yaml.safe_load(text)
        for host in re.findall(r"(?:https?://|targets: \[\")([\w.-]+):\d+", text):
            if host not in services | {"127.0.0.1", "0.0.0.0"}:
                yield f"{file}: there is no service {host}"
        uids = re.findall(r"^ *uid: (\w+)$", text, re.MULTILINE)
        for uid in re.findall(r"datasourceUid: (\w+)", text):
            if uid not in uids:
                yield f"{file}: there is no data source {uid}"
    collector: Json = yaml.safe_load(Path("deploy/compose/collector.yml").read_text())
    for name, pipeline in collector["service"]["pipelines"].items():
        for kind, parts in pipeline.items():
            for part in parts:
                if part not in collector[kind]:
                    yield f"deploy/compose/collector.yml: pipeline {name}: {kind} has no {part}"


def own_service_problems(where: str, service: Json, program: Program) -> Iterator[str]:
    if not service.get("read_only") or service.get("cap_drop") != ["ALL"]:
        yield f"{where}: may write its root file system, or has capabilities"
    yield from variable_problems(where, service["environment"], program)
    if objection := program.objection(service["command"]):
        yield f"{where}: {objection}"


# --- Kubernetes -----------------------------------------------------------------------------------------------------


def manifest_problems(where: str, manifest: Json, program: Program) -> Iterator[str]:
    name = f"{where}: {manifest.get('kind')}/{manifest.get('metadata', {}).get('name')}"
    yield from form_problems(name, manifest)
    if manifest.get("kind") == "ConfigMap":
        yield from variable_problems(name, manifest["data"], program)
    if manifest.get("kind") in {"Job", "Deployment"}:
        yield from workload_problems(name, manifest["spec"], program)


def hook_problems(manifests: list[Json]) -> Iterator[str]:
    """Patches that meet nothing are no mistake to kustomize; the Job and what it needs must all be hooks, the Job last."""
    waves: dict[str, int] = {}
    for manifest in manifests:
        annotations: Json = manifest["metadata"].get("annotations", {})
        if annotations.get("argocd.argoproj.io/hook") == "PreSync":
            waves[manifest["kind"]] = int(annotations.get("argocd.argoproj.io/sync-wave", "0"))
    needed = {"ServiceAccount", "ConfigMap"}
    if waves.keys() != needed | {"Job"} or max(waves[kind] for kind in needed) >= waves["Job"]:
        yield f"argocd: the Job, its account and its settings must be hooks in this order, and are: {waves}"


def waiting_problems(manifests: list[Json]) -> Iterator[str]:
    """The application waits for the Job, and for as long as the Job may take."""
    job = next(manifest for manifest in manifests if manifest["kind"] == "Job")["spec"]
    shop = next(manifest for manifest in manifests if manifest["metadata"]["name"] == "shop")["spec"]
    waiting = [container for container in shop["template"]["spec"].get("initContainers", []) if container["args"][0] == "wait"]
    if not waiting:
        yield "job: the application's pods do not wait for their schema"
    for container in waiting:
        minutes = re.search(r"--timeout (\d+)min$", " ".join(container["args"]))
        if not minutes or int(minutes[1]) * 60 < job["activeDeadlineSeconds"]:
            yield "job: the pods wait a shorter time than the Job may take"
        if container["image"] != job["template"]["spec"]["containers"][0]["image"]:
            yield "job: the pods wait for what another image has"
    if shop["progressDeadlineSeconds"] < job["activeDeadlineSeconds"]:
        yield "job: the rollout counts as failed before the Job does"


def form_problems(name: str, manifest: Json) -> Iterator[str]:
    """By the schemas of Kubernetes; by ours for the two kinds of the Prometheus operator. An unknown kind is a problem."""
    schemas: Json = json.loads(OPERATOR_SCHEMAS.read_text())
    try:
        if manifest.get("kind") in schemas:
            jsonschema.validate(manifest, schemas[manifest["kind"]])
        else:
            kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)
    except kubernetes_validate.SchemaNotFoundError as problem:
        yield f"{name}: {problem.message}"
    except (kubernetes_validate.ValidationError, jsonschema.ValidationError) as problem:
        yield f"{name}: {'/'.join(str(step) for step in problem.path)}: {problem.message}"


def workload_problems(name: str, spec: Json, program: Program) -> Iterator[str]:
    pod: Json = spec["template"]["spec"]
    if not pod.get("securityContext", {}).get("runAsNonRoot"):
        yield f"{name}: may run as root"
    if pod.get("automountServiceAccountToken") is not False:
        yield f"{name}: has a token of the cluster"
    containers = pod.get("initContainers", []) + pod["containers"]
    mounted = {volume["name"] for volume in pod.get("volumes", [])}
    for container in containers:
        where = f"{name}, container {container['name']}"
        context: Json = container.get("securityContext", {})
        if not context.get("readOnlyRootFilesystem") or context.get("allowPrivilegeEscalation") is not False:
            yield f"{where}: may write its root file system, or gain rights"
        if context.get("capabilities", {}).get("drop") != ["ALL"]:
            yield f"{where}: has capabilities"
        if not pinned(container["image"]):
            yield f"{where}: {container['image']} is not pinned to a version"
        for mount in container.get("volumeMounts", []):
            if mount["name"] not in mounted:
                yield f"{where}: there is no volume {mount['name']}"
        command: list[str] = container.get("command", [])
        before = command and Path(command[0]).name == "migrascope"  # it becomes the application afterwards
        if "migrations" in container["image"] or before:
            yield from variable_problems(where, (variable["name"] for variable in container.get("env", [])), program)
            if objection := program.objection(command[1:] + container["args"]):
                yield f"{where}: {objection}"
        words: list[str] = command[1:] + container.get("args", [])
        lenient = "--allow-missing" in words or {"name": "MIGRASCOPE_ALLOW_MISSING", "value": "true"} in container.get("env", [])
        if words[:1] == ["up"] and pod.get("restartPolicy", "Always") == "Always" and not lenient:
            yield f"{where}: a pod of the release before could not start with a newer schema"
        if before and "livenessProbe" in container and "startupProbe" not in container:
            yield f"{where}: its liveness probe would kill it while it migrates"
    yield from failure_policy_problems(name, spec)


def exit_codes() -> set[int]:
    return {int(code) for code in re.findall(r"^\| (\d+) \|", Path("docs/cli.md").read_text(), re.MULTILINE)}


def failure_policy_problems(name: str, spec: Json) -> Iterator[str]:
    codes = exit_codes()
    names = {container["name"] for container in spec["template"]["spec"]["containers"]}
    for rule in spec.get("podFailurePolicy", {}).get("rules", []):
        exits: Json = rule.get("onExitCodes", {})
        # The API server insists on this and on what follows, and no schema says so.
        if spec["template"]["spec"].get("restartPolicy") != "Never":
            yield f"{name}: a podFailurePolicy needs restartPolicy Never"
        if unknown := set(exits.get("values", [])) - codes:
            yield f"{name}: docs/cli.md has no exit code {sorted(unknown)}"
        if exits.get("values", []) != sorted(set(exits.get("values", []))):
            yield f"{name}: exit codes of a rule must be in order, and each once"
        if exits and exits.get("containerName") not in names:
            yield f"{name}: there is no container {exits.get('containerName')}"


# --- a page ---------------------------------------------------------------------------------------------------------


def page_problems(page: Path, program: Program) -> Iterator[str]:
    for text in re.findall(r"`(migrascope [^`\n]+)`", page.read_text()):
        yield from command_problems(page, text, program)
    for language, text in re.findall(r"^ *```(\w+)\n(.*?)^ *```$", page.read_text(), re.MULTILINE | re.DOTALL):
        if language == "yaml":
            for document in yaml.safe_load_all(text):
                if isinstance(document, dict) and "apiVersion" in document:
                    yield from form_problems(page.name, document)
                elif isinstance(document, dict):
                    yield from service_problems(page, document.get("services", {}), program)
        if language == "console":  # what was typed, and not what came back
            text = "\n".join(re.findall(r"^\$ (.*(?:\\\n.*)*)$", text, re.MULTILINE))
        if language in {"sh", "yaml", "toml", "console", "dockerfile"}:
            yield from command_problems(page, text, program)
    told_to_hooks = set(re.findall(r"`(MIGRASCOPE_\w+)`", Path("docs/hooks.md").read_text()))
    for name in sorted(set(re.findall(r"\bMIGRASCOPE_[A-Z_]+\b", page.read_text()))):
        if name not in program.variables | told_to_hooks | {"MIGRASCOPE_GRAFANA_TOKEN", "MIGRASCOPE_SAFE_DIRECTORY"}:
            yield f"{page.name}: migrascope knows no variable {name}"
    yield from link_problems(page)


def link_problems(page: Path) -> Iterator[str]:
    for target, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]+))?\)", page.read_text()):
        file = page.parent / target if target else page
        if not file.exists():
            yield f"{page.name}: there is no {target}"
        elif anchor and anchor not in anchors(file):
            yield f"{page.name}: {file.name} has no heading {anchor}"


def anchors(page: Path) -> set[str]:
    """As GitHub makes them from headings."""
    text = re.sub(r"^ *```.*?^ *```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def service_problems(page: Path, services: Json, program: Program) -> Iterator[str]:
    for name, service in services.items():
        before: list[str] = service.get("entrypoint", [])
        if "migrations" in service["image"] or before[:1] == ["migrascope"]:
            where = f"{page.name}, service {name}"
            ours = [variable for variable in service["environment"] if variable.startswith("MIGRASCOPE_")]
            yield from variable_problems(where, ours, program)
            if objection := program.objection(before[1:] + service["command"]):
                yield f"{where}: {objection}"


def command_problems(page: Path, text: str, program: Program) -> Iterator[str]:
    for line in re.sub(r"\\\n\s*", " ", text).splitlines():
        if found := re.search(r"(?:^|[\s\"'])migrascope ([a-z]+\b(?:\s'[^']*'|\s\"[^\"]*\"|[^|&;#)\]\"'])*)", line):
            if objection := program.objection(shlex.split(found[1])):
                yield f"{page.name}: {found[0].strip()}: {objection}"


def script_problems(script: Path) -> Iterator[str]:
    """deploy/deploy.sh has a word for each exit code that migrascope has."""
    cases = re.search(r"^advise\(\).*?^}", script.read_text(), re.MULTILINE | re.DOTALL)
    told = {int(code) for codes in re.findall(r"^    ([\d |]+)\)", cases[0] if cases else "", re.MULTILINE) for code in codes.split("|")}
    if differing := told ^ (exit_codes() - {0}):
        yield f"{script}: its exit codes are not those of docs/cli.md: {sorted(differing)}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["compose", "manifests", "page", "script"])
    parser.add_argument("--binary", required=True)
    parser.add_argument("files", nargs="+", type=Path)
    arguments = parser.parse_args()
    program = Program(arguments.binary)
    problems: list[str] = []
    seen: list[Json] = []
    for file in arguments.files:
        if arguments.what == "compose":
            problems += compose_problems(json.loads(file.read_text()), program)
        elif arguments.what == "page":
            problems += page_problems(file, program)
        elif arguments.what == "script":
            problems += script_problems(file)
        else:
            manifests = list(yaml.safe_load_all(file.read_text()))
            for manifest in manifests:
                if manifest in seen:  # overlays share a base
                    continue
                seen.append(manifest)
                problems += manifest_problems(file.stem, manifest, program)
            if file.stem == "job":
                problems += waiting_problems(manifests)
            if file.stem == "argocd":
                problems += hook_problems(manifests)
    print("\n".join(problems), file=sys.stderr, end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
