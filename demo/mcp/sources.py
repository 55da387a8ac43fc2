"""The two sources that this program can be, and whom their rows belong to."""

import json
from dataclasses import dataclass
from pathlib import Path

from typing_extensions import TypedDict


class Row(TypedDict):
    """One row: its number, what it is about, how it stands and the `sub` of its owner."""

    id: str
    title: str
    state: str
    owner: str


@dataclass(frozen=True)
class Source:
    """What one process serves. `variables` begins the names of the variables that say where."""

    id: str
    name: str
    variables: str
    scopes: tuple[str, ...]

    @property
    def needed_scope(self) -> str:
        """The scope without which nothing is answered."""
        return self.scopes[0]

    def rows_of(self, sub: str) -> list[Row]:
        """Return the rows that belong to `sub`, and nobody else's."""
        file = Path(__file__).with_name(f"{self.id}.json")
        rows: list[Row] = json.loads(file.read_text(encoding="utf-8"))
        return [row for row in rows if row["owner"] == sub]


SOURCES = {
    source.id: source
    for source in (
        Source("incidents", "Team Incidents", "DEMO_MCP", ("incidents:read",)),
        # It offers more than the demo's configuration asks for.
        Source("tickets", "Service Desk", "DEMO_TICKETS", ("tickets:read", "tickets:write")),
    )
}
