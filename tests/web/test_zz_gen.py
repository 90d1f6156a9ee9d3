import json
import pathlib

import pytest

from tests.web import authorisation

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.mark.parametrize("role", authorisation.ROLES)
def test_x(app, people, role):
    ids = authorisation.things(app, people)
    person = authorisation.everybody(people)[role]
    browser = authorisation.enter(app, role, person)
    u = authorisation.Untouched(app)
    out = []
    for route in authorisation.routes(app):
        r = authorisation.ask(browser, role, person, route, ids)
        if route.is_write:
            u.restore()
        out.append((route.name, route.method, route.rule, authorisation.outcome(r), r.status_code))
    pathlib.Path(f"/tmp/trust_{role}.json").write_text(json.dumps(out))
