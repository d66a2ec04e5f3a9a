"""What a figure of the bench is to be, and by how much it is that; used by the pages."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Budget:
    """A figure that may be so high at most, or must be so high at least; `form` spells it."""

    what: str
    limit: float
    at_most: bool
    form: str

    @property
    def said(self) -> str:
        return f"{'≤' if self.at_most else '≥'} {self.form.format(self.limit)}"

    def judged(self, figure: float) -> str:
        """Whether it is held, and how many times the figure is better or worse than it must be."""
        good, bad = (self.limit, figure) if self.at_most else (figure, self.limit)
        if good >= bad:
            return f"met, {good / bad:.1f} × as good" if bad else "met"
        return f"missed, {bad / good:.1f} × worse" if good else "missed, nothing came"
