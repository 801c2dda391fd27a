"""An editor that knows the JSON Schema and `spn check` agree on the conformance suite wherever a schema can tell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from spn.api import schema
from spn.text.nodes import Mapping, Node, Scalar, Sequence
from spn.text.problems import Problems
from spn.text.source import Source
from spn.text.yaml import read
from tests.conformance.test_conformance import INVALID, VALID, expected, name

VALIDATOR = jsonschema.Draft202012Validator(schema())

OF_FORM = {
    "bad-name", "missing-key", "missing-value", "no-kind", "no-window", "two-kinds", "two-windows", "unknown-key", "unknown-version",
    "wrong-key", "wrong-kind", "wrong-length", "wrong-value", "wrong-window",
}  # fmt: skip
"""The codes of what a schema can tell."""


def plain(node: Node) -> Any:
    match node:
        case Scalar():
            return node.text if node.quoted else node.value
        case Sequence():
            return [plain(item) for item in node.items]
        case Mapping():
            return {key.text: plain(value) for key, value in node.entries}


def data(path: Path) -> Any:
    """What an editor sees; None if it is not even YAML."""
    text = path.read_bytes().decode("utf-8", errors="replace")
    node = read(Source(path.name, text), Problems())
    return None if node is None else plain(node)


def test_the_file_that_the_models_name_is_this_schema():
    models = Path(__file__).parents[2] / "models"
    assert json.loads((models / "model.schema.json").read_text()) == schema()
    for model in models.rglob("*.yaml"):
        up = "../" * (len(model.relative_to(models).parts) - 1)
        assert model.read_text().startswith(f"# yaml-language-server: $schema={up}model.schema.json\n")
        assert [error.message for error in VALIDATOR.iter_errors(data(model))] == []


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("path", VALID, ids=name)
def test_a_valid_file_and_its_net_meet_the_schema(path):
    for each in (path, path.with_suffix(".net.json")):
        assert [error.message for error in VALIDATOR.iter_errors(data(each))] == []


@pytest.mark.parametrize("path", INVALID, ids=name)
def test_the_schema_finds_what_is_wrong_with_the_form_and_nothing_else(path):
    read_as = data(path)
    own = {code for file, _, _, _, code in expected(path) if file == path.name}
    if read_as is not None:
        assert VALIDATOR.is_valid(read_as) == (not own & OF_FORM)
