"""Incidents and whom they belong to."""

import json
from pathlib import Path

from typing_extensions import TypedDict

_ROWS = Path(__file__).with_name("rows.json")


class Incident(TypedDict):
    """One row: its number, what happened, how it stands and the `sub` of its owner."""

    id: str
    title: str
    state: str
    owner: str


def rows_of(sub: str) -> list[Incident]:
    """Return the incidents that belong to `sub`, and nobody else's."""
    rows: list[Incident] = json.loads(_ROWS.read_text(encoding="utf-8"))
    return [row for row in rows if row["owner"] == sub]
