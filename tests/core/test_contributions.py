from callmanager.api import PanelBadge


def test_a_badge_tells_its_watchers_each_other_number_once():
    badge = PanelBadge()
    seen: list[int] = []
    undo = badge.watch(seen.append)
    for count in (3, 3, -2, 0, 5):
        badge.set(count)
    undo()
    undo()
    badge.set(9)
    assert seen == [3, 0, 5]
    assert badge.count == 9


def test_a_badge_begins_with_what_it_was_made_with():
    assert (PanelBadge(4).count, PanelBadge(-1).count) == (4, 0)
