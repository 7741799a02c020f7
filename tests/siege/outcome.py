"""What an attack has tried, and what held."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Outcome:
    """The result of one attack.

    Attributes:
        attack: What was done, in one sentence.
        tried: How often.
        failures: What did not hold, each in one line.
    """

    attack: str
    tried: int = 0
    failures: list[str] = field(default_factory=list)

    def note(self, held: bool, failure: str) -> None:  # noqa: FBT001 - the condition is what the caller checks
        """Count one attempt; *failure* describes it if it did not hold."""
        self.tried += 1
        if not held:
            self.failures.append(failure)

    @property
    def row(self) -> str:
        """The outcome as a row of a table: attack, tried, held."""
        return f"| {self.attack} | {self.tried} | {self.tried - len(self.failures)} |"
