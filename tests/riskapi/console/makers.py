"""Persons who sit in front of the console, and what their browsers send."""

import re

from riskapi.access.matrix import Role
from riskapi.access.principal import Principal, PrincipalKind
from riskapi.services import Services
from tests.riskapi.makers import TestClient

PASSWORD = "the ferry was late on tuesday"
ORIGIN = "https://testserver"
ADMINS = [Principal(name, PrincipalKind.PERSON, "2" * 16, frozenset({Role.ADMIN})) for name in ("Ada", "Omar")]
_TOKEN = re.compile(r'name="form_token" value="([0-9a-f]+)"')


def make_person(services: Services, login: str, *roles: Role, units: tuple[str, ...] = ("",), name: str = "") -> None:
    """Make an account with confirmed roles and a password of its own."""
    once, grant = services.accounts.create(ADMINS[0], login, name or login.title(), roles, units)
    services.accounts.confirm(ADMINS[1], grant.grant_id)
    services.sessions.replace_password(services.sessions.verified(login, once), once, PASSWORD)


class Browser:
    """What a person does with pages: opens them, fills in forms."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.cookies: dict[str, str] = {}

    def open(self, path: str, **headers: str):
        """Ask for a page."""
        answer = self.client.get(path, headers=self._headers() | headers, follow_redirects=False)
        self._keep(answer)
        return answer

    def send(self, path: str, page: str = "/console", token: str | None = None, origin: str | None = ORIGIN, **fields):
        """Fill in a form of a page and send it; what is ``None`` is left out."""
        token = self.token(page) if token is None else token
        headers = self._headers() | ({} if origin is None else {"Origin": origin})
        answer = self.client.post(path, data={"form_token": token} | fields, headers=headers, follow_redirects=False)
        self._keep(answer)
        return answer

    def token(self, page: str = "/console") -> str:
        """The token of the forms of a page."""
        return _TOKEN.search(self.open(page).text)[1]

    def sign_in(self, login: str, password: str = PASSWORD, **fields: str):
        """Sign in."""
        return self.send("/console/sign-in", "/console/sign-in", login=login, password=password, **fields)

    def _headers(self) -> dict[str, str]:
        self.client.cookies.clear()
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {"Cookie": cookie} if cookie else {}

    def _keep(self, answer) -> None:
        for name, value in answer.cookies.items():
            self.cookies[name] = value
        if "Max-Age=0" in answer.headers.get("set-cookie", ""):
            self.cookies.pop(answer.headers["set-cookie"].partition("=")[0], None)
