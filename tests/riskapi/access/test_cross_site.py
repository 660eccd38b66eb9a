"""Requests of other sites' pages are told apart by what browsers say of them."""

import pytest

from riskapi.access.cross_site import refuse_cross_site
from riskapi.errors import CrossSiteError


def request(method="POST", scheme="https", **headers):
    """A request as ASGI hands it over."""
    names = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    return {"method": method, "scheme": scheme, "headers": list(({b"host": b"risk.example"} | names).items())}


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "same-origin", "origin": "https://risk.example"},
        {"origin": "https://risk.example"},
    ],
)
def test_own_pages_may_change_things(headers):
    """The browser says that the page is this service's own, one way or the other."""
    refuse_cross_site(request(**headers))


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "none"},
        {"origin": "https://evil.example"},
        {"origin": "https://risk.example.evil.example"},
        {"origin": "https://risk.example:8443"},
        {"origin": "null"},
        {"sec_fetch_site": "same-origin", "origin": "https://evil.example"},
        {"sec_fetch_site": "cross-site", "origin": "https://risk.example"},
    ],
)
def test_d4_other_pages_change_nothing(method, headers):
    """Whatever is not shown to be this service's own page is refused; silence too."""
    with pytest.raises(CrossSiteError):
        refuse_cross_site(request(method, **headers))


def test_reading_is_no_change():
    """A link from elsewhere opens a page."""
    refuse_cross_site(request("GET", sec_fetch_site="cross-site"))


def test_silence_is_enough_where_no_cookie_counts():
    """Signing in works for programs; another site's page cannot do it for somebody."""
    refuse_cross_site(request(), unless_told=True)
    with pytest.raises(CrossSiteError):
        refuse_cross_site(request(origin="https://evil.example"), unless_told=True)
