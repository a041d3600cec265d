"""Segments are counted as carriers count them."""

import pytest
from callmanager.messaging.segments import SmsEncoding, segments
from hypothesis import given
from hypothesis import strategies as st

GSM, UCS = SmsEncoding.GSM_7, SmsEncoding.UCS_2

# 3GPP TS 23.038 section 6.2.1, in the order of its table (column by column, without the escape), and 6.2.1.1
TABLE = (
    "@ £ $ ¥ è é ù ì ò Ç LF Ø ø CR Å å Δ _ Φ Γ Λ Ω Π Ψ Σ Θ Ξ Æ æ ß É SP ! \" # ¤ % & ' ( ) * + , - . / 0 1 2 3 4 5 6 7 8 9 : ; "
    "< = > ? ¡ A B C D E F G H I J K L M N O P Q R S T U V W X Y Z Ä Ö Ñ Ü § ¿ a b c d e f g h i j k l m n o p q r s t u v w x "
    "y z ä ö ñ ü à"
)
NAMED = {"LF": "\n", "CR": "\r", "SP": " "}
EXTENSION_TABLE = ["\f", "^", "{", "}", "\\", "[", "~", "]", "|", "€"]


def test_the_whole_basic_alphabet_costs_one_septet_a_character() -> None:
    alphabet = [NAMED.get(name, name) for name in TABLE.split()]
    assert len(set(alphabet)) == 127  # 128 places, one of which is the escape
    for character in alphabet:
        assert (segments(character).encoding, segments(character).characters) == (GSM, 1), character


@pytest.mark.parametrize("character", EXTENSION_TABLE)
def test_the_extension_costs_two_septets(character: str) -> None:
    assert (segments(character).encoding, segments(character).characters) == (GSM, 2)


@pytest.mark.parametrize("character", ["ç", "á", "`", "’", "–", "\t", "你", "я", "\u00a0", "😀", "Á", "ª"])
def test_what_is_in_neither_table_makes_the_whole_text_ucs_2(character: str) -> None:
    assert segments(f"abc{character}").encoding is UCS


@pytest.mark.parametrize(
    ("text", "encoding", "characters", "count", "left"),
    [
        ("", GSM, 0, 0, 160),
        ("a", GSM, 1, 1, 159),
        ("a" * 160, GSM, 160, 1, 0),
        ("a" * 161, GSM, 161, 2, 145),
        ("a" * 306, GSM, 306, 2, 0),
        ("a" * 307, GSM, 307, 3, 152),
        ("€" * 80, GSM, 160, 1, 0),
        ("a" + "€" * 80, GSM, 161, 2, 145),
        ("€" * 80 + "a", GSM, 161, 2, 144),  # the 77th € would have its escape alone in the last place of the first segment
        ("€" * 76 + "a" + "€" * 77, GSM, 307, 3, 151),
        ("a" * 152 + "€" + "a" * 10, GSM, 164, 2, 141),  # € goes whole into the second segment
        ("я", UCS, 1, 1, 69),
        ("я" * 70, UCS, 70, 1, 0),
        ("я" * 71, UCS, 71, 2, 63),
        ("я" * 134, UCS, 134, 2, 0),
        ("я" * 135, UCS, 135, 3, 66),
        ("😀" * 35, UCS, 70, 1, 0),
        ("😀" * 36, UCS, 72, 2, 61),  # 33 pairs fill 66 of 67 units; three go into the second segment
        ("я" * 66 + "😀" + "я" * 5, UCS, 73, 2, 60),  # the pair is not split
        ("a" * 69 + "😀", UCS, 71, 2, 63),
    ],
)
def test_texts_at_the_limits(text: str, encoding: SmsEncoding, characters: int, count: int, left: int) -> None:
    counted = segments(text)
    assert (counted.encoding, counted.characters, counted.segments, counted.left_in_segment) == (
        encoding,
        characters,
        count,
        left,
    )


@given(st.text(alphabet="ab€^я😀\n", max_size=700))
def test_the_count_agrees_with_cutting_the_encoded_text(text: str) -> None:
    """Independently: encode, then cut where a carrier may cut."""
    ucs = "я" in text or "😀" in text
    units = [2 if (one in "€^" if not ucs else one == "😀") else 1 for one in text]
    single, part = (70, 67) if ucs else (160, 153)
    if ucs:
        assert sum(units) == len(text.encode("utf-16-be")) // 2
    pieces: list[int] = []
    if sum(units) <= single:
        pieces = [sum(units)] if text else []
    else:
        rest = list(units)
        while rest:
            size = 0
            while rest and size + rest[0] <= part:
                size += rest.pop(0)
            pieces.append(size)
    counted = segments(text)
    assert counted.segments == len(pieces)
    assert counted.characters == sum(pieces)
    if len(pieces) > 1:
        assert counted.left_in_segment == part - pieces[-1]
