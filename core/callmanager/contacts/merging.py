"""Which entries surely mean the same person.

Two entries are one person when

1. the user said so;
2. they have the same e-mail address, unless it is a role's (info@, sales@) or three or more differently named share it;
3. they have the same direct number (no extension behind it) and similar names, and nobody with another name has it as well:
   that would be a company's main number, or a family's;
4. they have the same extension of the own PBX and similar names, or one of them has no name but its extension.

What more than eight entries share tells nothing. What the user separated stays separate, also over third entries. The result
depends on the entries alone, not on the order in which they came.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from enum import IntEnum
from itertools import combinations
from typing import TYPE_CHECKING, Final

import attrs

from callmanager.contacts import records
from callmanager.contacts.folding import words
from callmanager.contacts.slices import Slices

if TYPE_CHECKING:
    from callmanager.contacts.index import Index

Pair = tuple[str, str]
"""Two contact ids, the smaller first."""

MOST_SHARERS: Final = 8
_MOST_CANDIDATES: Final = 64
_ROLES: Final = frozenset(
    [
        "accounting",
        "accounts",
        "admin",
        "billing",
        "buero",
        "contact",
        "contacto",
        "fax",
        "help",
        "hello",
        "hr",
        "info",
        "jobs",
        "kontakt",
        "mail",
        "marketing",
        "noreply",
        "no-reply",
        "office",
        "post",
        "postmaster",
        "reception",
        "sales",
        "secretary",
        "service",
        "support",
        "team",
        "vendas",
        "ventas",
        "webmaster",
        "welcome",
    ]
)


class Strength(IntEnum):
    """How sure a link is; the surer ones are tied first where the user's separations forbid to tie all."""

    SAID = 0
    EMAIL = 1
    NUMBER = 2
    EXTENSION = 3


@attrs.frozen(kw_only=True)
class Decisions:
    """What users said about pairs of entries; each pair is in one of the sets at most."""

    together: frozenset[Pair] = frozenset()
    apart: frozenset[Pair] = frozenset()

    def decided(self, pairs: Iterable[Pair], *, together: bool) -> Decisions:
        changed = frozenset(pairs)
        if together:
            return Decisions(together=self.together | changed, apart=self.apart - changed)
        return Decisions(together=self.together - changed, apart=self.apart | changed)


def pair(one: str, other: str) -> Pair:
    return (one, other) if one < other else (other, one)


def similar(one: list[str], other: list[str]) -> bool:
    """Whether two names, as folded words in any order, can be the same person's: each word of the shorter one has a partner,
    one that is equal, an initial, or an abbreviation of at least three letters; and one partner of three letters is equal."""
    few, many = sorted((one, other), key=lambda name: (len(name), name))
    equal = any(len(word) >= 3 and word in many for word in few) or (sorted(few) == sorted(many) and bool(few))
    return equal and all(any(_partners(word, partner) for partner in many) for word in few)


def _partners(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return long.startswith(short) and (len(short) >= 3 or len(short) == 1 or short == long)


async def merged(index: Index, decisions: Decisions) -> list[list[int]]:
    """The groups of visible rows with more than one member; works in slices."""
    slices = Slices()
    links: list[tuple[Strength, int, int]] = []
    for one, other in decisions.together:
        rows = index.find(one), index.find(other)
        if rows[0] is not None and rows[1] is not None and index.visible[rows[0]] and index.visible[rows[1]]:
            links.append((Strength.SAID, rows[0], rows[1]))
    for strength, groups in (
        (Strength.EMAIL, _sharing(index, index.by_email.shared(), lambda clue: clue.emails)),
        (Strength.NUMBER, _sharing(index, index.by_number.shared(), lambda clue: clue.keys)),
        (Strength.EXTENSION, _sharing(index, index.extensions.shared(), lambda clue: (clue.extension,))),
    ):
        for value, holders in groups:
            links.extend((strength, one, other) for one, other in _linked(strength, value, holders))
            await slices.breathe()
    return await _tied(index, links, decisions.apart, slices)


Holders = list[tuple[int, list[str]]]
"""Rows with the words of their names."""


def _sharing(
    index: Index, shared: Iterator[list[int]], values: Callable[[records.Clue], Iterable[str]]
) -> Iterator[tuple[str, Holders]]:
    """What is really shared, and by whom, of what has the same key in a table; an empty one now and then, to take a breath."""
    for candidates in shared:
        rows = index.alive(dict.fromkeys(candidates)) if len(candidates) <= _MOST_CANDIDATES else []
        if len(rows) < 2:
            yield "", []
            continue
        clues = {row: records.clue(index.packed(row)) for row in rows}
        holders: dict[str, Holders] = defaultdict(list)
        for row, clue in clues.items():
            for value in dict.fromkeys(values(clue)):
                if value:
                    holders[value].append((row, _name(clue)))
        for value, those in holders.items():
            yield value, those if len(those) <= MOST_SHARERS else []


def _name(clue: records.Clue) -> list[str]:
    """The words of a name; none where only the extension stands in for it."""
    return [] if clue.name == clue.extension else words(clue.name)


def _linked(strength: Strength, value: str, holders: Holders) -> Iterator[tuple[int, int]]:
    if len(holders) < 2:
        return
    named = [name for _, name in holders if name]
    kinds = _kinds(named)
    if strength is Strength.EMAIL and (value.partition("@")[0] in _ROLES or kinds > 2):
        return
    if strength is Strength.NUMBER and (value.endswith(";") or kinds > 1 or not value.lstrip("+").isdecimal()):
        return
    for (one, one_name), (other, other_name) in combinations(holders, 2):
        alike = similar(one_name, other_name) if one_name and other_name else strength is Strength.EXTENSION
        if alike or strength is Strength.EMAIL:
            yield (one, other) if one < other else (other, one)


def _kinds(names: list[list[str]]) -> int:
    """How many different people these names are at least: names that are similar over others count as one."""
    groups: list[list[list[str]]] = []
    for name in names:
        fitting = [group for group in groups if any(similar(name, member) for member in group)]
        groups = [group for group in groups if group not in fitting]
        groups.append([name, *(member for group in fitting for member in group)])
    return len(groups)


class _Union:
    """Union-find over rows."""

    def __init__(self) -> None:
        self._parent: dict[int, int] = {}

    def root(self, row: int) -> int:
        parent = self._parent
        while (above := parent.get(row, row)) != row:
            parent[row] = row = parent.get(above, above)
        return row

    def tie(self, one: int, other: int) -> None:
        one, other = self.root(one), self.root(other)
        if one != other:
            self._parent.setdefault(one, one)
            self._parent[other] = one

    def groups(self) -> Mapping[int, list[int]]:
        found: dict[int, list[int]] = defaultdict(list)
        for row in self._parent:
            found[self.root(row)].append(row)
        return found


async def _tied(
    index: Index, links: list[tuple[Strength, int, int]], apart: Collection[Pair], slices: Slices
) -> list[list[int]]:
    union = _Union()
    for _, one, other in links:
        union.tie(one, other)
        await slices.breathe()
    torn = set()
    for one_id, other_id in apart:
        rows = index.find(one_id), index.find(other_id)
        if rows[0] is not None and rows[1] is not None and union.root(rows[0]) == union.root(rows[1]):
            torn.add(union.root(rows[0]))
    groups = union.groups()
    result = [sorted(rows) for root, rows in groups.items() if root not in torn]
    for root in torn:
        inside = [link for link in links if union.root(link[1]) == root]
        result.extend(_torn(index, inside, frozenset(apart)))
        await slices.breathe()
    return [group for group in result if len(group) > 1]


def _torn(index: Index, links: list[tuple[Strength, int, int]], apart: frozenset[Pair]) -> list[list[int]]:
    """Tie what may be tied, the surest first, without ever putting two entries into one group that the user separated."""
    ids = {row: index.contact_id(row) for _, one, other in links for row in (one, other)}
    group_of: dict[int, frozenset[int]] = {row: frozenset((row,)) for row in ids}
    for _, one, other in sorted(links, key=lambda link: (link[0], *pair(ids[link[1]], ids[link[2]]))):
        left, right = group_of[one], group_of[other]
        if left is right or any(pair(ids[a], ids[b]) in apart for a in left for b in right):
            continue
        for row in (both := left | right):
            group_of[row] = both
    return [sorted(group) for group in dict.fromkeys(group_of.values())]
