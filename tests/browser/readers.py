"""Three reviewers of the desk, and what they do on the page of a case."""

RATIONALE = "Page 2 was exchanged, as UV light shows."
READERS = {"amina": "Amina Yusuf", "peter": "Peter Otieno", "grace": "Grace Njeri"}


def open_score(page, view="no_concern"):
    """Note an own view, and have the score shown."""
    page.check(f"#view-{view}")
    page.get_by_role("button", name="Note my view").click()
    page.get_by_role("button", name="Show score").click()


def fill_in(page, code="forged_document", view="look_closer"):
    """Fill in what ends a reading."""
    for field in page.locator("#reading fieldset").all():
        if "may be left out" not in field.inner_text():
            field.locator("input").first.check()
    page.check(f"#reading input[name=view][value={view}]")
    page.select_option("#outcome_code", code)
    page.select_option("#evidence_type", "document_examination")
    page.select_option("#decided_by_role", "forensic_examiner")
    page.fill("#rationale", RATIONALE)


def closed_views(page):
    """Nothing ran that was not the page's own, and nothing was refused by its policy."""
    return page.evaluate("[fired, violations]") == [[], []]
