"""Files written by released versions open, and say what they said.

`tests/data/messages/v1.sqlite3` was written by the first version: three conversations, one of them opted out, one draft, a
message in each state. It is never written anew; a new migration gets a new file beside it.
"""

import shutil
from pathlib import Path

import pytest
from callmanager.api import ConversationKey, Delivery, UserError
from callmanager.messaging.outbox import TOO_OLD

DATA = Path(__file__).parents[2] / "data" / "messages"
OWN = "+15550100000"


@pytest.mark.parametrize("name", ["v1.sqlite3"])
async def test_a_file_of_an_earlier_release_opens_with_everything_in_it(bench, name: str) -> None:
    shutil.copyfile(DATA / name, bench.file)
    bench.clock.advance(40 * 86400)
    await bench.start()
    ann = await bench.service.thread(ConversationKey(own=OWN, peer="+12025550123"))
    assert [(one.text, one.delivery, one.unread) for one in ann.messages] == [
        ("Hello\nAnn", Delivery.DELIVERED, False),
        ("Hi! Café at noon? 👩‍👧", None, True),
        ("refused", Delivery.FAILED, False),
        ("lost", Delivery.UNCERTAIN, False),
        ("on its way", Delivery.UNCERTAIN, False),  # it was being sent when that run ended
        ("still waiting", Delivery.FAILED, False),
    ]
    assert ann.messages[5].reason == TOO_OLD
    assert ann.messages[1].attachments[0].url == "https://media.example.com/a.png"
    assert bench.service.unread == 2
    assert (await bench.service.conversation(ConversationKey(own=OWN, peer="+12025550125"))).draft == "half a thought"
    with pytest.raises(UserError, match="no more messages"):
        await bench.service.send(OWN, "+12025550124", "hello")
    (found,) = await bench.service.search("cafe")
    assert found.message == ann.messages[1]
    repeated = bench.incoming("Hi again", remote_id="in-ann")
    await bench.transport.come_in(repeated)
    assert bench.told_received == []
