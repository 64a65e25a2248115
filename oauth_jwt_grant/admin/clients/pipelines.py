"""Jobs of build systems that get a token, as files to copy.

No value of the site stands in a script: scripts read them from the environment, where YAML's quotation
marks hold them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from django.utils.translation import gettext as _

from ...models import TrustedIssuer
from ...service_accounts import is_service_account
from .programs import (
    Terms,
    curl_example,
    external_account_example,
    google_example,
    python_example,
    terms_of,
)


def client_examples(issuer: TrustedIssuer, token_url: str) -> list[tuple[str, str]]:
    """Programs for the clients of ``issuer``: what each is for, and its text."""
    terms = terms_of(issuer, token_url)
    programs = [("curl", curl_example(terms)), ("Python", python_example(terms))]
    if is_service_account(issuer):
        name = issuer.issuer.partition("@")[0]
        programs.insert(0, (_("Python, with the key file"), google_example(issuer, terms, f"{name}.json")))
    credentials = external_account_example(issuer, token_url)
    if credentials is not None:
        programs.append((_("Credential file for Google's libraries (external_account)"), credentials))
    pipelines = {"github-actions": ("GitHub Actions", _github), "gitlab-ci": ("GitLab CI", _gitlab)}
    if terms.preset is not None and terms.preset.key in pipelines:
        name, write = pipelines[terms.preset.key]
        programs.append((name, "\n".join(write(terms))))
    return programs


def _github(terms: Terms) -> Iterator[str]:
    yield from (
        "on: workflow_dispatch",
        "permissions:",
        "  id-token: write",
        "jobs:",
        "  call-api:",
        "    runs-on: ubuntu-latest",
        "    steps:",
        "      - name: Get an access token",
        "        shell: bash",
        "        env:",
    )
    for name, value in {**_values(terms), "AUDIENCE": terms.audience}.items():
        # GitHub evaluates an expression wherever it stands, also in quotation marks.
        literal = value.replace("${{", "${{ '${{' }}")
        yield f"          {name}: {_yaml(literal)}"
    if terms.names_client:
        yield "          CLIENT_ID: ${{ vars.CLIENT_ID }}"
        yield "          CLIENT_SECRET: ${{ secrets.CLIENT_SECRET }}"
    yield "        run: |"
    script = (
        'ASSERTION=$(curl -sS --fail-with-body -G "$ACTIONS_ID_TOKEN_REQUEST_URL" \\',
        '  --data-urlencode "audience=$AUDIENCE" \\',
        '  -H "Authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" | jq -er .value)',
        *_token_request(terms),
        'ACCESS_TOKEN=$(jq -er .access_token <<< "$ANSWER")',
        'echo "::add-mask::$ACCESS_TOKEN"',
        'echo "ACCESS_TOKEN=$ACCESS_TOKEN" >> "$GITHUB_ENV"',
    )
    yield from (f"          {line}" for line in script)


def _gitlab(terms: Terms) -> Iterator[str]:
    if terms.names_client:
        yield "# CLIENT_ID and CLIENT_SECRET: variables of the project, the second one masked"
    yield from ("call-api:", "  id_tokens:", "    ASSERTION:")
    # GitLab expands variables here.
    yield f"      aud: {_yaml(terms.audience.replace('$', '$$'))}"
    yield "  variables:"
    for name, value in _values(terms).items():
        yield from (f"    {name}:", f"      value: {_yaml(value)}", "      expand: false")
    yield from ("  script:", "    - |")
    yield from (f"      {line}" for line in _token_request(terms))
    yield "      # $ANSWER is JSON with the member access_token"


def _values(terms: Terms) -> dict[str, str]:
    return {"TOKEN_URL": terms.token_url, **({"SCOPE": terms.scope} if terms.scope else {})}


def _token_request(terms: Terms) -> list[str]:
    options = [
        'ANSWER=$(curl -sS --fail-with-body "$TOKEN_URL"',
        *(f"--data-urlencode {name}={value}" for name, value in terms.constants.items()),
        f'--data-urlencode "{terms.door.parameter}=$ASSERTION"',
        *(['--data-urlencode "scope=$SCOPE"'] if terms.scope else []),
        *(['--user "$CLIENT_ID:$CLIENT_SECRET"'] if terms.names_client else []),
    ]
    return (" \\\n  ".join(options) + ")").splitlines()


def _yaml(text: str) -> str:
    """``text`` in YAML's quotation marks (YAML 1.2 section 5.7), on one line and all of it visible."""
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(char if char.isprintable() else f"\\U{ord(char):08x}" for char in quoted)
