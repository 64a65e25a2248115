"""The versions in the manual's tables: those that are pinned, and those that are installed."""

from __future__ import annotations

import importlib.metadata
import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from oauth_jwt_grant.assertion import Door

from .conftest import PAGE, section
from .programs import NODE_MODULES, is_pinned
from .sent import SENT

ROOT = Path(__file__).parent.parent.parent
MATRIX = "Which client at which door"

#: The packages of a row, by the beginning; ``debian:`` has no pin but the release, and ``vendor:`` none:
#: it is run where it is there.
ROWS = {
    "[google-auth](#google-auth)": ["google-auth"],
    "[gcloud-aio-auth]": ["gcloud-aio-auth"],
    "[Authlib]": ["authlib"],
    "[oauthlib with requests-oauthlib]": ["oauthlib", "requests-oauthlib"],
    "[msal]": ["msal"],
    "[azure-identity]": ["azure-identity"],
    "[google-cloud-storage]": ["google-cloud-storage"],
    "[requests_oauth2client]": ["requests-oauth2client"],
    "[Box SDK](#box-sdk)": ["boxsdk"],
    "[DocuSign SDK](#docusign-sdk)": ["docusign-esign"],
    "[MCP Python SDK]": ["mcp"],
    "[Okta Client SDK]": ["okta-client-python"],
    "simple-salesforce": ["simple-salesforce"],
    "[google-auth-library](#google-auth-library-nodejs)": ["npm:google-auth-library", "npm:gtoken"],
    "[openid-client]": ["npm:openid-client"],
    "[oauth4webapi]": ["npm:oauth4webapi"],
    "[jsforce]": ["npm:jsforce"],
    "[msal-node]": ["npm:@azure/msal-node"],
    "google-oauth-jwt": ["npm:google-oauth-jwt"],
    "[MCP TypeScript SDK]": ["npm:@modelcontextprotocol/client"],
    "[Box SDK](#box-sdk-nodejs)": ["npm:box-node-sdk"],
    "[DocuSign SDK](#docusign-sdk-nodejs)": ["npm:docusign-esign"],
    "[xssec]": ["npm:@sap/xssec"],
    "[client-oauth2]": ["npm:client-oauth2"],
    "[salesforce-jwt-bearer-token-flow]": ["npm:salesforce-jwt-bearer-token-flow"],
    "Salesforce CLI": ["npm:@salesforce/core"],
    "[httr]": ["debian:r-cran-httr"],
    "[gcloud]": ["vendor:google-cloud-cli"],
    "[confluent-kafka]": ["confluent-kafka"],
    "[curl and openssl]": ["debian:curl", "debian:openssl"],
    "[oauth2/google, oauth2/jwt]": ["debian:golang-golang-x-oauth2-google-dev"],
    "[googleauth]": ["debian:ruby-googleauth", "debian:ruby-signet"],
    "[google-auth-library](#google-auth-library-java)": ["debian:libgoogle-auth-java"],
    "[rclone]": ["debian:rclone"],
    "[restic]": ["debian:restic"],
    "oauth2 (Ruby)": ["debian:ruby-oauth2"],
}
TESTED = [
    (package, version)
    for beginning, packages in ROWS.items()
    for package, version in zip(
        packages,
        re.search(rf"^\| {re.escape(beginning)}[^|]*\| ([^|]*) \|", PAGE, re.M)[1].split(", "),
        strict=True,
    )
]
BY_KIND = {
    kind: [(package.rpartition(":")[2], version) for package, version in TESTED if re.match(kind, package)]
    for kind in ("npm:", "debian:", "vendor:", "(?!npm:|debian:|vendor:)")
}
NPM, DEBIAN, _, PYTHON = BY_KIND.values()


def test_every_row_is_held():
    rows = re.findall(r"^\| .* \| [\d., ]+ \|.*$", PAGE.replace(section(MATRIX), ""), re.M)
    unknown = [row for row in rows if not any(row.startswith(f"| {beginning}") for beginning in ROWS)]
    assert (unknown, len(rows)) == ([], len(ROWS))


def test_the_matrix_of_doors_is_what_the_programs_do():
    """A cell names the program, and the versions are those of the first table."""
    named = {}
    for client, version, *cells in re.findall(
        r"^\| (.+?) \| ([\d.]+) \| (.*?) ?\| (.*?) ?\|$", section(MATRIX), re.M
    ):
        name, _, language = client.partition(" (")
        (of_client,) = re.findall(
            rf"^\| \[{re.escape(name)}(?:,|\]).*?\| ([\d.]+)[ ,]", row_of(name, language), re.M
        )
        assert version == of_client, client
        for door, cell in zip((Door.SUBJECT_TOKEN, Door.CLIENT_ASSERTION), cells, strict=True):
            named |= dict.fromkeys(re.findall(r"\(#(.+?)\)", cell), door)
    facts = {anchor_of(title.rstrip(" 0123456789")): sent.door for title, sent in SENT.items()}
    assert named == {anchor: door for anchor, door in facts.items() if door is not Door.AUTHORIZATION_GRANT}


def row_of(name: str, language: str) -> str:
    """The row of a client in the first table; two languages may have clients of one name."""
    (row,) = (
        line
        for line in PAGE.partition("\n## ")[0].splitlines()
        if re.match(rf"\| \[{re.escape(name)}[,\]]", line) and (not language or f"({language}" in line)
    )
    return row


def anchor_of(title: str) -> str:
    """The anchor of a heading."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def test_versions_of_the_dependency_group():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    pins = [line.split("==") for line in project["dependency-groups"]["clients"] if "==" in line]
    assert sorted(map(tuple, pins)) == sorted(PYTHON)


def test_versions_of_package_json():
    pins = json.loads((ROOT / "tests/clients/package.json").read_text())["dependencies"]
    tools = {"@jsforce/jsforce-node", "gaxios", "jose"}
    assert {name: pin for name, pin in pins.items() if name not in tools} == dict(NPM)


@pytest.mark.skipif(
    not is_pinned("python"), reason="not on this cell: the clients are not those of the group"
)
@pytest.mark.parametrize(("package", "version"), PYTHON)
def test_installed_python_packages(package, version):
    assert importlib.metadata.version(package) == version


@pytest.mark.skipif(not NODE_MODULES, reason="not on this cell: no Node.js packages")
@pytest.mark.parametrize(("package", "version"), NPM)
def test_installed_node_packages(package, version):
    assert json.loads((Path(NODE_MODULES) / package / "package.json").read_text())["version"] == version


@pytest.mark.skipif(not is_pinned("sh"), reason="not on this cell: the versions are those of Debian 12")
@pytest.mark.parametrize(("package", "version"), DEBIAN)
def test_installed_debian_packages(package, version, needs):
    done = subprocess.run(
        [str(shutil.which("dpkg-query")), "-W", "-f", "${Version}", package],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        needs(Path("/usr/share/doc") / package)
    assert re.match(rf"(\d+:)?{re.escape(version)}\b", done.stdout), done.stdout
