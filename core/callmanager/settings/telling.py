"""Tells what is wrong with the settings files: one problem for the site's, one for the user's, each with every mistake."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from callmanager.settings.mistakes import Mistake, by_place

if TYPE_CHECKING:
    from callmanager.problems import ProblemBoard
    from callmanager.settings.files import FileContent
    from callmanager.settings.layers import Source

SETTINGS_PROBLEM: Final = "settings"
SITE_PROBLEM: Final = "site-file"
FILE_PROBLEM: Final = "settings-file"


class MistakeBoard:
    """Mistakes by file and matter. What is noted about a matter replaces what was noted about it before."""

    def __init__(self, problems: ProblemBoard) -> None:
        self._problems = problems
        self._noted: dict[Source, dict[str, tuple[Mistake, ...]]] = {"site": {}, "user": {}}
        self._damage: tuple[Mistake, ...] = ()
        self._site_unusable = False

    def all(self) -> tuple[Mistake, ...]:
        """The site's first, each file's by its lines."""
        return (*self._of("site"), *self._damage, *self._of("user"))

    def note(self, source: Source, about: str, mistakes: tuple[Mistake, ...]) -> None:
        noted = self._noted[source]
        if noted.get(about, ()) == mistakes:
            return
        noted[about] = mistakes
        self._tell(source)

    def forget(self, about: str) -> None:
        """Nothing is known of this matter any more, in either file."""
        self.note("site", about, ())
        self.note("user", about, ())

    def note_damaged_site(self, damage: Mistake) -> None:
        self._site_unusable = True
        self.note("site", "file", (damage,))

    def note_damaged_user(self, content: FileContent) -> None:
        """The user's file could not be used when it was read."""
        if content.damage is None:
            return
        if content.unreadable:
            text = "Your settings file can't be read, so the defaults are used."
            hint = "Correct its permissions, or close the program that holds it, then start again."
        else:
            text = "Your settings file was damaged, so the defaults are used."
            where = f" It was set aside as {content.set_aside}." if content.set_aside else ""
            hint = f"Enter your settings again.{where}"
        self._tell_damage(content.damage, text=text, hint=hint)

    def note_damaged_since(self, file: str, *, set_aside: Path) -> None:
        """The user's file was found damaged when it was to be saved, and was written anew with everything that was known."""
        damage = Mistake(file=file, text="it was damaged while the program ran")
        text = "Your settings file was damaged, and was written again."
        self._tell_damage(damage, text=text, hint=f"Comments that were in it are in {set_aside}.")

    def _of(self, source: Source) -> tuple[Mistake, ...]:
        return by_place(mistake for mistakes in self._noted[source].values() for mistake in mistakes)

    def _tell(self, source: Source) -> None:
        problem_id = SITE_PROBLEM if source == "site" else SETTINGS_PROBLEM
        details = "\n".join(str(mistake) for mistake in self._of(source))
        if not details:
            self._problems.clear(problem_id)
        elif source == "site":
            verdict = "can't be used" if self._site_unusable else "has mistakes"
            self._problems.raise_problem(
                problem_id,
                f"The settings file of your administrator {verdict}.",
                hint="Tell your administrator; everything else works.",
                details=details,
            )
        else:
            self._problems.raise_problem(
                problem_id,
                "Some settings can't be used; the defaults stand in for them.",
                hint="Correct them in Settings, or in the file.",
                details=details,
            )

    def _tell_damage(self, damage: Mistake, *, text: str, hint: str) -> None:
        self._damage = (damage,)
        self._problems.raise_problem(FILE_PROBLEM, text, hint=hint, details=str(damage))
