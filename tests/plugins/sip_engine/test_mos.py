"""The E-model against values of ITU-T G.107 and its companions."""

import pytest
from callmanager_sip_engine.mos import delay_impairment, equipment_impairment, estimate_mos, opinion_of_rating


@pytest.mark.parametrize(
    ("rating", "opinion"),
    # G.107 annex B, table B.1: user satisfaction by R
    [(100, 4.5), (90, 4.34), (80, 4.03), (70, 3.60), (60, 3.10), (50, 2.58), (0, 1.0), (-5, 1.0), (120, 4.5)],
)
def test_ratings_become_opinions_as_in_g107_annex_b(rating, opinion):
    assert opinion_of_rating(rating) == pytest.approx(opinion, abs=0.01)


@pytest.mark.parametrize(("delay", "impairment"), [(0, 0), (100, 2.4), (177.3, 4.26), (300, 20.7)])
def test_delay_hurts_slowly_up_to_177_ms_and_quickly_after(delay, impairment):
    assert delay_impairment(delay) == pytest.approx(impairment, abs=0.05)


@pytest.mark.parametrize(("loss", "impairment"), [(0, 0), (1, 3.64), (5, 15.8), (25.1, 47.5)])
def test_loss_of_g711_with_concealment_as_in_g113_appendix_i(loss, impairment):
    assert equipment_impairment(0, 25.1, loss) == pytest.approx(impairment, abs=0.05)


@pytest.mark.parametrize("codec", ["PCMU", "PCMA", "G722", "pcmu"])
def test_a_clean_call_on_a_good_codec_is_excellent(codec):
    assert 4.3 <= estimate_mos(codec=codec, loss_percent=0, jitter_ms=0, round_trip_ms=20) <= 4.45


@pytest.mark.parametrize(
    ("worse", "better"),
    [
        ({"loss_percent": 5.0}, {"loss_percent": 1.0}),
        ({"jitter_ms": 120.0}, {"jitter_ms": 5.0}),
        ({"round_trip_ms": 900.0}, {"round_trip_ms": 30.0}),
        ({"codec": "GSM"}, {"codec": "PCMU"}),
        ({"codec": "nobody knows it"}, {"codec": "PCMU"}),
    ],
)
def test_what_is_worse_is_rated_worse(worse, better):
    usual = {"codec": "PCMU", "loss_percent": 0.0, "jitter_ms": 2.0, "round_trip_ms": None}
    assert estimate_mos(**(usual | worse)) < estimate_mos(**(usual | better))


@pytest.mark.parametrize("loss", [-3.0, 100.0, 1000.0])
def test_nonsense_from_the_network_stays_on_the_scale(loss):
    assert 1.0 <= estimate_mos(codec="", loss_percent=loss, jitter_ms=-1, round_trip_ms=-1) <= 4.5
