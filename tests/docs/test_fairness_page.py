"""The page on fairness names every setting with its default."""

import re
from pathlib import Path

from training.fairness_config import FairnessConfig, MitigationConfig

PAGE = (Path(__file__).parents[2] / "docs" / "fairness.md").read_text()
ROW = re.compile(r"^\| (`[^|]+`) \| ([^|]+) \| [^|]+ \|$", re.MULTILINE)


def told() -> dict[str, str]:
    """Name of a setting -> its default, as the page has it."""
    found = {}
    for names, default in ROW.findall(PAGE.split("## Settings")[1]):
        own = re.findall(r"`(\w+)`", names)
        values = default.split(", ") if len(own) > 1 else [default]
        found |= dict(zip(own, values, strict=True))
    return found


def test_every_setting_is_told_with_its_default():
    """No more and no fewer than the code has."""
    defaults = {
        name: field.get_default(call_default_factory=True)
        for kind in (FairnessConfig, MitigationConfig)
        for name, field in kind.model_fields.items()
        if name != "mitigation"
    }
    page = told()
    assert set(page) == set(defaults)
    for name, value in defaults.items():
        if value is None or value in ((), {}):
            assert "`" not in page[name] or name == "capacity"
            continue
        texts = value if isinstance(value, tuple) else (str(value).lower() if isinstance(value, bool) else str(value),)
        assert re.findall(r"`([^`]+)`", page[name]) == list(texts)
