"""From nothing to a scored traveller: simulate, train, propose, approve, score; every step is a public command."""

import json
import os
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
from rich.console import Console

from models.signing import load_key, public_text
from riskapi.demo.people import PEOPLE, UNIT, make_accounts
from riskapi.demo.programs import Programs, free_port
from riskapi.demo.show import show_answer
from riskapi.errors import ServiceError

RISKS = ("document_fraud", "migrant_smuggling", "trafficking_protection")
CROSSINGS = 240_000
SEED = 1
SERVICE_PORT, MLFLOW_PORT = 8000, 5000
TIME_ZONE = "Africa/Nairobi"
TRAVELLER = Path(__file__).with_name("traveller.json")
_OURS = ("RISKAPI_", "TRAINING_", "MLFLOW_", "RISK_API_KEY")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Part:
    """A named principal of the demo and what its key may do."""

    name: str
    kind: str
    scopes: tuple[str, ...]
    unit: str = UNIT

    @property
    def file(self) -> str:
        """Name of the file with its key."""
        return self.name.lower().replace(" ", "-")


GATEWAY = Part("Border gateway NBO", "system", ("score", "audience:enforcement", "decisions:read"))
PROTECTION = Part("Protection desk NBO", "system", ("score", "audience:protection", "decisions:read"))
SCIENTIST = Part("Wanjiru Kamau", "person", ("models:read", "models:propose"))
APPROVER = Part("Abdi Hassan", "person", ("models:read", "models:approve"))
ADMIN = Part("Installation", "person", ("accounts:manage",))
CONFIRMER = Part("Oversight", "person", ("accounts:confirm",))
CAST = (GATEWAY, PROTECTION, SCIENTIST, APPROVER, ADMIN, CONFIRMER)


class Demo:
    """One run of the demo, with everything it makes in one folder.

    Args:
        console: where it shows what it does.
        root: folder of everything it makes; what an earlier run left there is removed.
        crossings: how many to simulate.
    """

    def __init__(self, console: Console, root: Path, crossings: int = CROSSINGS) -> None:
        self._console = console
        self._root = root
        self._crossings = crossings
        self._service = f"http://127.0.0.1:{free_port(SERVICE_PORT)}"
        self._mlflow = f"http://127.0.0.1:{free_port(MLFLOW_PORT)}"

    def run(self, *, once: bool) -> None:
        """Play the demo.

        Args:
            once: stop after showing, and check that the printed curl line works, instead of serving until Ctrl-C.

        Raises:
            ServiceError: where a step fails, with the last lines of its log.
        """
        shutil.rmtree(self._root, ignore_errors=True)
        self._root.mkdir(parents=True)
        with Programs(self._console, self._root / "logs", self._environment()) as programs:
            self._simulate(programs)
            mlflow_answers = self._train(programs)
            self._open_service(programs)
            self._go_live(programs)
            mlflow_answers()
            programs.run("MLflow follows what was decided", "training", "follow", TRAINING_API_KEY=self._key(SCIENTIST))
            curl = self._show()
            if once:
                self._check(curl)
            else:
                self._console.print("Running until Ctrl-C.", style="bold")
                programs.wait()

    def _environment(self) -> Mapping[str, str]:
        """The user's environment without settings of ours, which would lead out of the demo's folder."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        return inherited | {
            "PYTHONUNBUFFERED": "1",
            "TRAINING_TRACKING_URI": f"sqlite:///{self._root / 'mlflow.db'}",
            "TRAINING_ARTIFACTS": str(self._root / "mlartifacts"),
            "TRAINING_SIGNING_KEY": str(self._root / "signing_key.pem"),
            "TRAINING_RUNS": str(self._root / "runs"),
            "TRAINING_SERVICE_URL": self._service,
        }

    def _simulate(self, programs: Programs) -> None:
        crossings, folder = str(self._crossings), str(self._root / "data")
        programs.run(
            f"Simulating {self._crossings:,} border crossings",
            *("training", "simulate", "--crossings", crossings, "--seed", str(SEED), "--out", folder),
        )

    def _train(self, programs: Programs) -> Callable[[], None]:
        """Train all models; MLflow's pages start meanwhile.

        Returns:
            What waits until they answer.
        """
        cases = str(self._root / "data" / "feed" / "cases.parquet")
        for risk in RISKS:
            config = f"training/configs/{risk}.toml"
            programs.run(f"Training a model of {risk}", "training", "run", config, "--cases", cases)
        store = ("--backend-store-uri", programs.environment["TRAINING_TRACKING_URI"])
        address = ("--host", "127.0.0.1", "--port", self._mlflow.rpartition(":")[2], "--workers", "1")
        return programs.start("Starting the MLflow pages", self._mlflow, "mlflow", "ui", *store, *address)

    def _open_service(self, programs: Programs) -> None:
        settings = self._root / "riskapi.env"
        signer = public_text(load_key(self._root / "signing_key.pem"))
        programs.run("Making the service's secret", "riskapi", "init", str(settings), "--signer", signer)
        programs.environment |= read_settings(settings)
        programs.environment["RISKAPI_PORT"] = self._service.rpartition(":")[2]
        programs.environment["RISKAPI_TIME_ZONE"] = TIME_ZONE
        programs.environment["RISKAPI_MLFLOW_URL"] = self._mlflow
        folder = self._root / "keys"
        folder.mkdir(mode=0o700)
        for part in CAST:
            scopes = [word for scope in part.scopes for word in ("--scope", scope)] + ["--unit", part.unit]
            printed = programs.run(
                f"Making a key for {part.name}", "riskapi", "keys", "create", part.name, "--kind", part.kind, *scopes
            )
            key = next(line for line in printed.splitlines() if line.startswith("rk_"))
            path = folder / part.file
            path.touch(mode=0o600)
            path.write_text(key)
        programs.start("Starting the service", f"{self._service}/health/live", "riskapi", "serve")()

    def _go_live(self, programs: Programs) -> None:
        rationale = "Demo: card and gates were read, the data is simulated."
        for risk in RISKS:
            run = max((self._root / "runs").glob(f"{risk.replace('_', '-')}-*"), key=lambda path: path.stat().st_mtime)
            printed = programs.run(
                f"{SCIENTIST.name} proposes the model of {risk}",
                *("training", "propose", str(run)),
                TRAINING_API_KEY=self._key(SCIENTIST),
            )
            digest = _DIGEST.search(printed)
            if digest is None:
                raise ServiceError(
                    f"No digest was printed when {risk} was proposed; the logs are in {self._root / 'logs'}."
                )
            programs.run(
                f"{APPROVER.name} approves it",
                *("riskapi", "approve", digest[0], "--rationale", rationale),
                *(word for gate in self._inconclusive(digest[0]) for word in ("--accept-inconclusive", gate)),
                RISK_API_KEY=self._key(APPROVER),
            )

    def _inconclusive(self, digest: str) -> list[str]:
        """Names of the gates for which the data say neither yes nor no: the approver answers for them by name."""
        with self._client(APPROVER) as client:
            gates = client.get(f"/v1/proposals/{digest}").json()["gates"]["gates"]
        return [gate["name"] for gate in gates if gate["verdict"] == "inconclusive"]

    def _show(self) -> str:
        """Score the sample for both desks, and say what to try next.

        Returns:
            The curl line that was printed.
        """
        sample = self._root / "traveller.json"
        shutil.copyfile(TRAVELLER, sample)
        self._wait_for_models()
        for part in (GATEWAY, PROTECTION):
            with self._client(part) as client:
                answer = client.post(
                    "/v1/scores", content=sample.read_bytes(), headers={"Content-Type": "application/json"}
                )
            if answer.is_error:
                raise ServiceError(f"Scoring for {part.name}: {answer.status_code} {answer.text}")
            show_answer(self._console, part.name, answer.json(), self._bands())
        key = shlex.quote(str(self._root / "keys" / GATEWAY.file))
        curl = (
            f'curl -sS {self._service}/v1/scores -H "Authorization: Bearer $(cat {key})" '
            f"-H 'Content-Type: application/json' --data @{shlex.quote(str(sample))}"
        )
        self._console.rule("[bold]Try it", align="left")
        self._console.print(curl, highlight=False, markup=False, soft_wrap=True)
        pages = (("Console", f"{self._service}/console"), ("API", f"{self._service}/docs"), ("MLflow", self._mlflow))
        for title, address in pages:
            self._console.print(f"{title:8}{address}", highlight=False, soft_wrap=True)
        self._show_people()
        self._console.print("All data is simulated. Keys, logs, runs and the store:", str(self._root), soft_wrap=True)
        return curl

    def _show_people(self) -> None:
        """Make the accounts of the console, and say how to sign in as each."""
        with self._client(ADMIN) as admin, self._client(CONFIRMER) as confirmer:
            password = make_accounts(admin, confirmer)
        path = self._root / "keys" / "console-password"
        path.touch(mode=0o600)
        path.write_text(password)
        self._console.print(f"Sign in to the console by the password [bold]{password}[/] as", highlight=False)
        for person in PEOPLE:
            role = person.role.value.replace("_", " ")
            self._console.print(f"  {person.login:10}{person.name}, {role}", highlight=False)

    def _check(self, curl: str) -> None:
        """Run the printed line in a shell and look at what comes back."""
        done = subprocess.run(["bash", "-c", curl], capture_output=True, text=True, timeout=30, check=False)  # noqa: S603, S607 - the line that was printed, as a user would run it
        risks = json.loads(done.stdout).get("risks") if done.returncode == 0 else None
        if not risks or not all(risk["reasons_for"] for risk in risks):
            raise ServiceError(f"The printed curl line failed: {done.stderr or done.stdout}")
        self._console.print(f"[green]✓[/] The curl line works: {len(risks)} risks with reasons.", highlight=False)

    def _wait_for_models(self) -> None:
        """Wait until the service has seen the approvals, which it looks for every second."""
        with httpx.Client(base_url=self._service, trust_env=False) as client:
            for _ in range(100):
                if len(client.get("/health/ready").json()["models"]) == len(RISKS):
                    return
                time.sleep(0.1)
        raise ServiceError(f"The service does not take up the approved models; the logs are in {self._root / 'logs'}.")

    def _bands(self) -> dict[str, list[str]]:
        """Names of the bands of each risk, highest first."""
        with self._client(APPROVER) as client:
            return {risk: [band["name"] for band in client.get(f"/v1/models/{risk}").json()["bands"]] for risk in RISKS}

    def _client(self, part: Part) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self._key(part)}"}
        return httpx.Client(base_url=self._service, headers=headers, timeout=30.0, trust_env=False)

    def _key(self, part: Part) -> str:
        return (self._root / "keys" / part.file).read_text()


def read_settings(path: Path) -> dict[str, str]:
    """Read the settings file that ``init`` writes: ``NAME=value`` lines and comments."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)
